//! Random histories, each a script of the world: whatever fails can be put into tables/ as it is printed.

pub mod model;
mod script;

pub use script::script;
