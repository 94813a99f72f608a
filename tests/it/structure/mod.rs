//! The structure of the source tree: what the crates may depend on, how files import each other, and how things are named.

mod crates;
mod dependencies;
mod import_circles;
mod rust_source;
mod test_files;
mod vocabulary;
