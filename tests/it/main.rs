//! The black-box tests, in one program. Each folder is a subject.

mod advice;
mod cli;
mod docs;
mod fleet;
mod harness;
mod hook;
mod install;
mod loops;
mod ownership;
mod projects;
mod sessions;
mod slow;
mod structure;
