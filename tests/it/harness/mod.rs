//! Tests of the harness itself.

mod fake_agent;
