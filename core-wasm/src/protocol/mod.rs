//! The contents of records, requests and decisions, as plain data.

pub mod agent;
pub mod background_work;
pub mod decision;
pub mod event;
pub mod fence;
pub mod fleet;
pub mod id;
pub mod liveness;
pub mod loop_state;
pub mod pane;
pub mod process;
pub mod reason;
mod reason_code;
pub mod request;
pub mod run;
pub mod session;
pub mod supervisor_claim;
pub mod timestamp;
