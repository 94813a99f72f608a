//! A real PostgreSQL for the tests, and a proxy that makes its network fail.

mod binaries;
mod certificates;
pub mod fleet;
mod keeper;
mod messages;
mod proxy;
mod server;

pub use certificates::{Certificates, Validity};
pub use proxy::{Fault, Proxy};
pub use server::{Postgres, TestDatabase};
