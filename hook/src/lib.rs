//! baton.
