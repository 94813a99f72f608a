//! Reads and writes JSON for the protocol's types through serde, without floats, value trees or error messages.
//!
//! serde_json reads and writes the same bytes. It also generates a second reader for each struct (from an array) and a
//! message for each error. Together these made up half of core.wasm. Every event pays for the size of core.wasm,
//! because the host reads a table with one row for each function before it calls the first one.

mod reader;
#[cfg(test)]
mod tests;
mod writer;

pub use reader::from_slice;
pub use writer::to_vec;

/// The bytes are not JSON of the expected type, or the value has a type that the protocol does not use.
///
/// The error has no position and no message, because only a program sees it, and every message would add code to
/// core.wasm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonError;

impl std::fmt::Display for JsonError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not JSON of the protocol")
    }
}

impl std::error::Error for JsonError {}

impl serde::ser::Error for JsonError {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }
}

// serde's default versions of these methods format a message and pass it to `custom`.
impl serde::de::Error for JsonError {
    fn custom<T: std::fmt::Display>(_: T) -> Self {
        Self
    }

    fn invalid_type(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn invalid_value(_: serde::de::Unexpected<'_>, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn invalid_length(_: usize, _: &dyn serde::de::Expected) -> Self {
        Self
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn unknown_field(_: &str, _: &'static [&'static str]) -> Self {
        Self
    }

    fn missing_field(_: &'static str) -> Self {
        Self
    }

    fn duplicate_field(_: &'static str) -> Self {
        Self
    }
}
