//! The rules, one file for each decision table. `decide.rs` states their order.

pub mod adopt;
pub mod cancel;
pub mod context;
pub mod duplicate_event;
pub mod fleet_owner;
pub mod last_turn;
pub mod launch;
pub mod liveness;
pub mod loops;
pub mod notifications;
pub mod offer;
pub mod owner_commands;
pub mod ownership;
pub mod pause;
pub mod project_move;
pub mod refresh;
pub mod release;
pub mod start;
pub mod supersede;
pub mod supervised_run;
pub mod transition;
