//! A JSON reader.
//!
//! Small functions are marked `#[inline(never)]`. A copy in the reader of every type would double the size of
//! core.wasm.

use std::borrow::Cow;

use serde::de::{DeserializeOwned, DeserializeSeed, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::JsonError;

/// The maximum depth of a value that is skipped because no field takes it. The protocol's own types have a fixed depth.
const MAX_SKIPPED_DEPTH: u8 = 128;

/// Reads one value. White space may surround it, but nothing else may follow.
///
/// # Errors
/// Returns [`JsonError`] if the bytes are not JSON of type `T`.
pub fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonError> {
    let mut reader = Reader { rest: std::str::from_utf8(bytes).map_err(|_| JsonError)? };
    let value = T::deserialize(&mut reader)?;
    if reader.peek().is_none() { Ok(value) } else { Err(JsonError) }
}

/// The bytes that are still to be read.
struct Reader<'de> {
    rest: &'de str,
}

impl<'de> Reader<'de> {
    /// Skips white space and returns the byte after it.
    #[inline(never)]
    fn peek(&mut self) -> Option<u8> {
        self.rest = self.rest.trim_start_matches([' ', '\n', '\r', '\t']);
        self.rest.as_bytes().first().copied()
    }

    /// Consumes `byte` if it comes next, and returns whether it did.
    #[inline(never)]
    fn take(&mut self, byte: u8) -> bool {
        let comes_next = self.peek() == Some(byte);
        if comes_next {
            self.rest = self.rest.get(1..).unwrap_or_default();
        }
        comes_next
    }

    /// Consumes a byte that must come next.
    #[inline(never)]
    fn consume(&mut self, byte: u8) -> Result<(), JsonError> {
        if self.take(byte) { Ok(()) } else { Err(JsonError) }
    }

    /// Consumes `literal` (`null`, `true` or `false`) if it comes next, and returns whether it did.
    #[inline(never)]
    fn take_literal(&mut self, literal: &str) -> bool {
        self.peek();
        let rest = self.rest.strip_prefix(literal);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    /// Consumes the comma before the next entry and returns whether there is one. `is_first` is true until the first
    /// entry.
    #[inline(never)]
    fn has_next(&mut self, is_first: &mut bool, close: u8) -> Result<bool, JsonError> {
        if self.peek() == Some(close) {
            return Ok(false);
        }
        if !std::mem::take(is_first) {
            self.consume(b',')?;
        }
        Ok(true)
    }

    /// Consumes a sequence of decimal digits.
    #[inline(never)]
    fn digits(&mut self) -> Result<&'de str, JsonError> {
        let end = self.rest.bytes().position(|byte| !byte.is_ascii_digit()).unwrap_or(self.rest.len());
        let (digits, rest) = self.rest.split_at_checked(end).ok_or(JsonError)?;
        self.rest = rest;
        if digits.is_empty() { Err(JsonError) } else { Ok(digits) }
    }

    /// Consumes an unsigned integer without a leading zero.
    #[inline(never)]
    fn number(&mut self) -> Result<u64, JsonError> {
        self.peek();
        let digits = self.digits()?;
        if digits.len() > 1 && digits.starts_with('0') || self.rest.starts_with(['.', 'e', 'E']) {
            return Err(JsonError);
        }
        let mut number = 0_u64;
        for digit in digits.bytes() {
            number = number.checked_mul(10).and_then(|n| n.checked_add(u64::from(digit - b'0'))).ok_or(JsonError)?;
        }
        Ok(number)
    }

    /// Consumes a string. The result is borrowed if the string has no escapes.
    #[inline(never)]
    fn string(&mut self) -> Result<Cow<'de, str>, JsonError> {
        self.consume(b'"')?;
        let mut text = Cow::Borrowed("");
        loop {
            let is_special = |byte| matches!(byte, b'"' | b'\\' | 0..0x20);
            let end = self.rest.bytes().position(is_special).ok_or(JsonError)?;
            let (part, rest) = self.rest.split_at_checked(end).ok_or(JsonError)?;
            let (special, rest) = rest.split_at_checked(1).ok_or(JsonError)?;
            self.rest = rest;
            text += part;
            match special {
                "\"" => return Ok(text),
                "\\" => text.to_mut().push(self.escaped()?),
                _ => return Err(JsonError),
            }
        }
    }

    /// Consumes the rest of an escape, after the backslash.
    fn escaped(&mut self) -> Result<char, JsonError> {
        let (mark, rest) = self.rest.split_at_checked(1).ok_or(JsonError)?;
        self.rest = rest;
        Ok(match mark {
            "\"" => '"',
            "\\" => '\\',
            "/" => '/',
            "b" => '\x08',
            "f" => '\x0c',
            "n" => '\n',
            "r" => '\r',
            "t" => '\t',
            "u" => return self.escaped_char(),
            _ => return Err(JsonError),
        })
    }

    /// Consumes the four digits after `\u`, and a second such escape if the first is the high half of a surrogate pair.
    fn escaped_char(&mut self) -> Result<char, JsonError> {
        let unit = self.utf16_unit()?;
        if !(0xD800..0xDC00).contains(&unit) {
            return char::from_u32(unit).ok_or(JsonError);
        }
        self.rest = self.rest.strip_prefix("\\u").ok_or(JsonError)?;
        let low = self.utf16_unit()?.checked_sub(0xDC00).filter(|low| *low < 0x400).ok_or(JsonError)?;
        char::from_u32(0x1_0000 + ((unit - 0xD800) << 10) + low).ok_or(JsonError)
    }

    #[inline(never)]
    fn utf16_unit(&mut self) -> Result<u32, JsonError> {
        let (digits, rest) = self.rest.split_at_checked(4).ok_or(JsonError)?;
        self.rest = rest;
        digits.chars().try_fold(0, |unit, digit| Some(unit << 4 | digit.to_digit(16)?)).ok_or(JsonError)
    }

    /// Skips one value of any type, nested at most `depth` levels deep.
    #[inline(never)]
    fn skip(&mut self, depth: u8) -> Result<(), JsonError> {
        match self.peek() {
            Some(b'"') => self.string().map(drop),
            Some(b'{') => self.skip_entries(b'{', b'}', depth),
            Some(b'[') => self.skip_entries(b'[', b']', depth),
            _ if self.take_literal("null") || self.take_literal("true") || self.take_literal("false") => Ok(()),
            _ => self.skip_number(),
        }
    }

    fn skip_entries(&mut self, open: u8, close: u8, depth: u8) -> Result<(), JsonError> {
        let depth = depth.checked_sub(1).ok_or(JsonError)?;
        self.consume(open)?;
        let mut is_first = true;
        while self.has_next(&mut is_first, close)? {
            if open == b'{' {
                self.string()?;
                self.consume(b':')?;
            }
            self.skip(depth)?;
        }
        self.consume(close)
    }

    fn skip_number(&mut self) -> Result<(), JsonError> {
        self.rest = self.rest.strip_prefix('-').unwrap_or(self.rest);
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return Err(JsonError);
        }
        if let Some(rest) = self.rest.strip_prefix('.') {
            self.rest = rest;
            self.digits()?;
        }
        if let Some(rest) = self.rest.strip_prefix(['e', 'E']) {
            self.rest = rest.strip_prefix(['+', '-']).unwrap_or(rest);
            self.digits()?;
        }
        Ok(())
    }
}

impl<'de> serde::Deserializer<'de> for &mut Reader<'de> {
    type Error = JsonError;

    /// No type of the protocol accepts an arbitrary value.
    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, JsonError> {
        Err(JsonError)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        let value = self.take_literal("true");
        if value || self.take_literal("false") { visitor.visit_bool(value) } else { Err(JsonError) }
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_u64(self.number()?)
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_string(self.string()?.into_owned())
    }

    /// Reads the name of a field or of a variant.
    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_str(&self.string()?)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        if self.take_literal("null") { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, JsonError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.consume(b'[')?;
        let value = visitor.visit_seq(Entries { reader: self, is_first: true })?;
        self.consume(b']')?;
        Ok(value)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        self.consume(b'{')?;
        let value = visitor.visit_map(Entries { reader: self, is_first: true })?;
        self.consume(b'}')?;
        Ok(value)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        if self.peek() == Some(b'"') {
            return visitor.visit_enum(Variant { reader: self, is_unit: true });
        }
        self.consume(b'{')?;
        let value = visitor.visit_enum(Variant { reader: self, is_unit: false })?;
        self.consume(b'}')?;
        Ok(value)
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, JsonError> {
        self.skip(MAX_SKIPPED_DEPTH)?;
        visitor.visit_unit()
    }

    forward_to_deserialize_any! {
        i8 i16 i32 i64 u8 u16 f32 f64 char str bytes byte_buf unit unit_struct tuple tuple_struct map
    }
}

/// The entries of an array or of an object.
struct Entries<'r, 'de> {
    reader: &'r mut Reader<'de>,
    is_first: bool,
}

impl<'de> SeqAccess<'de> for Entries<'_, 'de> {
    type Error = JsonError;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, JsonError> {
        if !self.reader.has_next(&mut self.is_first, b']')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }
}

impl<'de> MapAccess<'de> for Entries<'_, 'de> {
    type Error = JsonError;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, JsonError> {
        if !self.reader.has_next(&mut self.is_first, b'}')? {
            return Ok(None);
        }
        seed.deserialize(&mut *self.reader).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, JsonError> {
        self.reader.consume(b':')?;
        seed.deserialize(&mut *self.reader)
    }
}

/// An enum variant: its name, or an object with its name and its content.
struct Variant<'r, 'de> {
    reader: &'r mut Reader<'de>,
    is_unit: bool,
}

impl<'de> EnumAccess<'de> for Variant<'_, 'de> {
    type Error = JsonError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), JsonError> {
        let name = seed.deserialize(&mut *self.reader)?;
        if !self.is_unit {
            self.reader.consume(b':')?;
        }
        Ok((name, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_, 'de> {
    type Error = JsonError;

    fn unit_variant(self) -> Result<(), JsonError> {
        if self.is_unit { Ok(()) } else { Err(JsonError) }
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, JsonError> {
        if self.is_unit { Err(JsonError) } else { seed.deserialize(self.reader) }
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, JsonError> {
        if self.is_unit {
            Err(JsonError)
        } else {
            serde::Deserializer::deserialize_struct(self.reader, "", fields, visitor)
        }
    }

    /// No variant of the protocol is a tuple.
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, _: V) -> Result<V::Value, JsonError> {
        Err(JsonError)
    }
}
