//! `baton hook`: what it reads, what it writes, and when it does nothing.

mod accounts;
mod bad_input;
mod bad_state;
mod captured_payloads;
mod captured_scenarios;
mod disable;
mod duplicate_events;
mod first_event;
mod limits;
mod standard_streams;
mod system_calls;
mod time_limit;
mod unknown_payloads;
