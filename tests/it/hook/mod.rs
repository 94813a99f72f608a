//! `baton hook`: what it reads, what it writes, and when it does nothing.

mod bad_input;
mod bad_state;
mod captured_payloads;
mod captured_scenarios;
mod disable;
mod duplicate_events;
mod first_event;
mod standard_streams;
mod unknown_payloads;
