//! What a user sees: the help and output of every command, and the commands that report or configure.

mod config;
mod damaged_files;
mod demo;
mod doctor;
mod doctor_fleet;
mod explain;
mod no_sockets;
mod progress;
mod schemas;
mod snapshots;
mod view_api;
