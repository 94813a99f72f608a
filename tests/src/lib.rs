//! The harness of the black-box tests. It runs the built program below fake agents, and reads what the program left
//! in its state directory.

pub mod account;
pub mod capture;
pub mod clock;
pub mod conversation;
pub mod effort;
pub mod fake_agent;
pub mod fault_injection;
pub mod history;
pub mod installation;
pub mod model;
pub mod mount;
pub mod mutation;
pub mod namespaces;
pub mod other_machine;
pub mod process;
pub mod program;
pub mod project;
pub mod replay;
pub mod reply;
pub mod rng;
pub mod scenario;
pub mod scratch;
mod signals;
pub mod skip;
pub mod state;
pub mod temporary;
pub mod terminal;
pub mod trace;
pub mod view;
pub mod view_server;
pub mod window;

pub use installation::Installation;
pub use project::Project;
pub use scratch::Scratch;
pub use skip::skip;
pub use window::Window;
