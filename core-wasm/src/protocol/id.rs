//! The ids that name records. Every id is safe as a file name, because its constructor checks it. No other code checks
//! again.

use serde::{Deserialize, Serialize};

/// The maximum length of an id in bytes.
pub const MAX_ID: usize = 128;

/// The pattern of a session id: an ASCII letter or digit, followed by letters, digits, dots, dashes and underscores.
pub const ID_PATTERN: &str = "^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$";

/// Why a text is not a valid id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdError {
    /// The text is empty.
    Empty,
    /// The text is longer than [`MAX_ID`] bytes.
    TooLong,
    /// The text contains a character that ids cannot have, or starts with a dot, dash or underscore.
    Character,
}

impl std::fmt::Display for IdError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => f.write_str("is empty"),
            Self::TooLong => write!(f, "is longer than {MAX_ID} characters"),
            Self::Character => f.write_str("contains a character other than letters, digits, . _ -"),
        }
    }
}

impl std::error::Error for IdError {}

fn check(text: &str) -> Result<(), IdError> {
    let mut bytes = text.bytes();
    match bytes.next() {
        None => return Err(IdError::Empty),
        Some(first) if !first.is_ascii_alphanumeric() => return Err(IdError::Character),
        Some(_) => {}
    }
    if text.len() > MAX_ID {
        return Err(IdError::TooLong);
    }
    if bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-')) {
        Ok(())
    } else {
        Err(IdError::Character)
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(#[cfg_attr(feature = "schema", schemars(regex(pattern = ID_PATTERN)))] String);

        impl $name {
            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                check(&text).map(|()| Self(text))
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::try_from(text.to_owned())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id! {
    /// The id of a conversation: the agent's own `session_id`, which is Codex's thread id.
    SessionId
}

id! {
    /// The id of a run, which baton generates when the run starts.
    RunId
}

id! {
    /// The id of a fleet, which its database was given when it was set up.
    FleetId
}

id! {
    /// The id of one state directory in a fleet, which it gets when it joins.
    MachineId
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_file_names_or_nothing() {
        let long = "a".repeat(MAX_ID + 1);
        let cases = [
            ("a3693d61-7345-43a6-b9fa-90722ef9cd41", None),
            ("r1", None),
            ("", Some(IdError::Empty)),
            (".", Some(IdError::Character)),
            ("..", Some(IdError::Character)),
            (".hidden", Some(IdError::Character)),
            ("-flag", Some(IdError::Character)),
            ("a/b", Some(IdError::Character)),
            ("a\0b", Some(IdError::Character)),
            ("é", Some(IdError::Character)),
            (long.as_str(), Some(IdError::TooLong)),
        ];
        for (text, error) in cases {
            assert_eq!(text.parse::<SessionId>().err(), error, "{text:?}");
        }
    }
}
