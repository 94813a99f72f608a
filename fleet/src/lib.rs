//! The PostgreSQL client of baton's fleet. `baton` starts it as a program and talks to it over two pipes.

pub mod address;
mod both;
mod commit;
mod connection;
mod database;
mod error;
mod feed;
mod handoff;
mod lines;
mod membership;
mod password_file;
mod pause;
mod program;
mod protection;
mod recovery;
mod renewal;
mod resolver;
mod round;
mod row_write;
mod rows;
mod schema;
mod schema_check;
mod service;
mod service_file;
mod settings_file;
mod standing;
mod stored_row;
mod tls;
mod url;

pub use error::chain;
pub use program::{ProgramError, run};
pub use service::Service;
