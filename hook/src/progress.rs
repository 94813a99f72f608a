//! The progress log of a run, for a person who reads it with `less`, in the form that ralphex gave such logs.

pub mod read;
