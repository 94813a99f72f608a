//! baton: gives every long piece of coding-agent work exactly one owner.

pub mod agents;
pub mod event;
pub mod machine;
pub mod reply;
