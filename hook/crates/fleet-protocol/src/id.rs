//! Random ids.

use serde::{Deserialize, Serialize};

/// How many characters a random id has: 128 bits in hexadecimal digits.
const DIGITS: usize = 32;

/// Why a text is not a random id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenError;

impl std::fmt::Display for TokenError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a random id has {DIGITS} hexadecimal digits")
    }
}

impl std::error::Error for TokenError {}

macro_rules! random_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Returns the id that consists of these random bits.
            #[must_use]
            pub fn from_bits(bits: u128) -> Self {
                Self(format!("{bits:032x}"))
            }

            /// Returns the id as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = TokenError;
            fn try_from(text: String) -> Result<Self, TokenError> {
                let is_hex = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
                if text.len() == DIGITS && is_hex { Ok(Self(text)) } else { Err(TokenError) }
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }
    };
}

random_id! {
    /// What a machine shows to prove that it is not a copy of itself. The witness replaces it at each contact.
    Token
}

random_id! {
    /// The id of one attempt to commit.
    CommitId
}
