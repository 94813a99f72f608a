//! The harness itself.

mod fake_agent;
