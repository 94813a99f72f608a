//! Random histories, each a script of the world: whatever fails can be put into tables/ as it is printed.

#![allow(dead_code, reason = "each test program uses its part of it")]

mod chance;
pub mod model;
mod script;

pub use script::script;
