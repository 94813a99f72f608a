//! Values of clients that keep to no schema: each field counts on its own.
//!
//! A string may hold half of a surrogate pair, which is legal JSON and no UTF-8. A field may have another type in the next version.
//! Neither may cost the fields beside it.

use std::fmt;
use std::ops::Deref;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// A value of whatever type. `None` if it has another type than is looked for, or if it is a `String` that cannot be decoded.
pub(super) fn lenient<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Option<T>, D::Error> {
    let value = <&'de RawValue>::deserialize(from)?;
    Ok(serde_json::from_str(value.get()).ok())
}

/// A field read by [`lenient`]. A struct of such fields has `#[serde(default)]`: a field may be missing.
#[derive(Debug)]
pub(super) struct Lenient<T>(pub(super) Option<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        lenient(from).map(Self)
    }
}

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Deref for Lenient<T> {
    type Target = Option<T>;

    fn deref(&self) -> &Option<T> {
        &self.0
    }
}

/// Like [`lenient`], of a flag: false where it is none.
pub(super) fn lenient_flag<'de, D: Deserializer<'de>>(from: D) -> Result<bool, D::Error> {
    Ok(lenient(from)? == Some(true))
}

/// Like [`lenient`], of a list: entries of another type are left out. Empty if it is no list.
pub(super) fn lenient_list<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<Vec<T>, D::Error> {
    let entries: Vec<&RawValue> = lenient(from)?.unwrap_or_default();
    Ok(entries.into_iter().filter_map(|entry| serde_json::from_str(entry.get()).ok()).collect())
}

/// A string. Half of a surrogate pair, which is legal JSON and no UTF-8, becomes a replacement character.
#[derive(Debug)]
pub(super) struct LenientString(pub(super) String);

impl<'de> Deserialize<'de> for LenientString {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = LenientString;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<LenientString, E> {
                Ok(LenientString(text.to_owned()))
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<LenientString, E> {
                Ok(LenientString(String::from_utf8_lossy(bytes).into_owned()))
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

impl LenientString {
    /// The text.
    pub(super) fn into_string(self) -> String {
        self.0
    }
}
