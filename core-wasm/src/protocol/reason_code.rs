//! Enums of reason codes. A code has a word, which records and the audit store, and a sentence for a user.

/// Defines an enum of reason codes. The doc comment of a variant is its sentence.
#[macro_export]
macro_rules! reason_codes {
    ($(#[$attribute:meta])* $codes:ident { $($(#[doc = $doc:literal])+ $name:ident = $word:literal,)+ }) => {
        $(#[$attribute])*
        #[derive(
            Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, ::serde::Serialize, ::serde::Deserialize,
        )]
        pub enum $codes {
            $($(#[doc = $doc])+ #[serde(rename = $word)] $name,)+
        }

        impl $codes {
            /// Every code.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// Returns the code as it is printed and stored.
            #[must_use]
            pub const fn word(self) -> &'static str {
                match self { $(Self::$name => $word,)+ }
            }

            /// Returns what the code means, as a sentence for a user.
            #[must_use]
            pub const fn sentence(self) -> &'static str {
                match self { $(Self::$name => concat!($($doc,)+).trim_ascii(),)+ }
            }

            /// Returns the code with this word.
            #[must_use]
            pub fn from_word(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.word() == word)
            }
        }
    };
}
