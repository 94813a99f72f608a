//! Random histories. Each is a script of the world, so you can copy a failing one into tables/ as it is printed.

pub mod model;
mod script;

pub use script::script;
