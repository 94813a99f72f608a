//! The progress log of a run, for a user who reads it with `less`. It has the form of ralphex's progress logs.
//!
//! A log has a header, then headings with lines below them, then a footer. Every line with text from a program or a
//! user begins with the time in brackets, so it cannot look like a heading or a footer. The store decides where a log
//! is and writes it. Its content follows from the run's record. If a call dies between the commit and the log, the next
//! call adds what is missing.

pub mod entry;
pub mod follow;
pub mod heading;
pub mod line;
pub mod read;
pub mod section;
