//! The progress log of a run, for a user who reads it with `less`, in the form that ralphex gave such logs.
//!
//! A header, then headings and lines below them, then a footer. Every line that a program or a user had a hand in begins with the
//! time, in brackets: none can look like a heading or a footer. The store decides where a log stands and writes it; what is due in it
//! follows from the run's record, so that a call that dies between the commit and the log is made good by the next.

pub mod entry;
pub mod follow;
pub mod heading;
pub mod line;
pub mod read;
