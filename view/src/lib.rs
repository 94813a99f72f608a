//! The live view: one feed, shown in the terminal and in a browser.
//!
//! A [`Picture`] is what every face shows at one moment. A [`Source`] reads it. The [`watcher`] reads it again whenever
//! something changes, and gives it to the [`Feed`], which tells its subscribers.
//!
//! May touch: what it reads through the crates that it uses, and a socket of this machine. It writes only caches; a record
//! is changed by a command of `baton`.

mod baton;
mod changes;
mod conversation;
mod decisions;
mod event_id;
mod feed;
mod fleet_reading;
mod logs;
pub mod notifications;
mod picture;
mod serve;
mod source;
mod state_source;
mod top;
mod verb;
pub mod watcher;
mod watches;

pub use baton::{Baton, BatonError};
pub use changes::{Change, apply, changes};
pub use event_id::EventId;
pub use feed::{Event, Feed, Pending, RingLimits, Subscription};
pub use picture::{Count, Picture};
pub use serve::{Serve, ServeError};
pub use source::{Source, SourceError};
pub use state_source::StateSource;
pub use top::{Top, TopError, ending_signals};
