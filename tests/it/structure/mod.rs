//! Tests the structure of the source tree: the dependencies of crates, the imports between files, and names.

mod agent_names;
mod crates;
mod dependencies;
mod error_messages;
mod import_circles;
pub mod rust_source;
mod started_programs;
mod test_files;
mod vocabulary;
