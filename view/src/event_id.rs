//! The id of an event of a feed.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

/// The id of an event. As text it is three numbers with dashes between them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, JsonSchema)]
#[schemars(with = "String")]
pub struct EventId {
    /// The newest line of the audit when the state was read. All of it is in the picture, and maybe more.
    pub audit: u64,
    /// The number of the event in its feed, without gaps. Several events can have one position in the audit, because
    /// heartbeats, processes and transcripts leave no line there.
    pub number: u64,
    /// The feed. A feed that was started again knows nothing of the events of the one before.
    pub feed: u64,
}

/// The text is not the id of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the id of an event is three numbers with dashes between them, such as 41-7-d3a5")]
pub struct EventIdError;

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{:x}", self.audit, self.number, self.feed)
    }
}

impl FromStr for EventId {
    type Err = EventIdError;
    fn from_str(text: &str) -> Result<Self, EventIdError> {
        let mut parts = text.split('-');
        let mut next = || parts.next().ok_or(EventIdError);
        let (audit, number, feed) = (next()?, next()?, next()?);
        if parts.next().is_some() {
            return Err(EventIdError);
        }
        Ok(Self {
            audit: audit.parse().map_err(|_| EventIdError)?,
            number: number.parse().map_err(|_| EventIdError)?,
            feed: u64::from_str_radix(feed, 16).map_err(|_| EventIdError)?,
        })
    }
}

impl Serialize for EventId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_is_written() {
        let id = EventId { audit: 41, number: 7, feed: 0xd3a5 };
        assert_eq!(id.to_string(), "41-7-d3a5");
        assert_eq!("41-7-d3a5".parse(), Ok(id));
        for text in ["", "41", "41-7", "41-7-d3a5-1", "a-7-d3a5", "41--d3a5", "41-7-x", "99999999999999999999-7-1"] {
            assert_eq!(text.parse::<EventId>(), Err(EventIdError), "{text}");
        }
    }
}
