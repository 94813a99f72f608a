//! A JSON writer. It writes the same bytes as serde_json.

use serde::Serialize;
use serde::ser::{Impossible, SerializeSeq, SerializeStruct, SerializeStructVariant};

use super::JsonError;

/// Writes one value, without white space.
///
/// # Errors
/// Returns [`JsonError`] if the value contains a type that the protocol does not use, such as a float or a map.
pub fn to_vec<T: Serialize>(value: &T) -> Result<Vec<u8>, JsonError> {
    let mut writer = Writer(Vec::new());
    value.serialize(&mut writer)?;
    Ok(writer.0)
}

struct Writer(Vec<u8>);

impl Writer {
    #[inline(never)]
    fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    #[inline(never)]
    fn string(&mut self, text: &str) {
        self.bytes(b"\"");
        for part in text.as_bytes().split_inclusive(|byte| needs_escape(*byte)) {
            match part.split_last() {
                Some((last, before)) if needs_escape(*last) => {
                    self.bytes(before);
                    self.escape(*last);
                }
                _ => self.bytes(part),
            }
        }
        self.bytes(b"\"");
    }

    fn escape(&mut self, byte: u8) {
        let short = match byte {
            b'"' | b'\\' => byte,
            0x08 => b'b',
            0x0c => b'f',
            b'\n' => b'n',
            b'\r' => b'r',
            b'\t' => b't',
            _ => {
                let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
                return self.bytes(&[b'\\', b'u', b'0', b'0', digit(byte >> 4), digit(byte & 15)]);
            }
        };
        self.bytes(&[b'\\', short]);
    }

    #[inline(never)]
    fn number(&mut self, mut number: u64) {
        // The largest number has this many digits.
        let mut digits = [b'0'; 20];
        for digit in digits.iter_mut().rev() {
            *digit += (number % 10) as u8;
            number /= 10;
        }
        let start = digits.iter().position(|digit| *digit != b'0').unwrap_or(digits.len() - 1);
        self.bytes(digits.get(start..).unwrap_or_default());
    }

    #[inline(never)]
    fn comma(&mut self, is_first: &mut bool) {
        if !std::mem::take(is_first) {
            self.bytes(b",");
        }
    }

    #[inline(never)]
    fn key(&mut self, is_first: &mut bool, key: &str) {
        self.comma(is_first);
        self.string(key);
        self.bytes(b":");
    }
}

const fn needs_escape(byte: u8) -> bool {
    matches!(byte, b'"' | b'\\' | 0..0x20)
}

/// Defines methods that refuse the types that the protocol does not use.
macro_rules! refuse {
    ($($method:ident($($argument:ty),*) -> $ok:ty;)+) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$ok, JsonError> { Err(JsonError) })+
    };
}

impl<'w> serde::Serializer for &'w mut Writer {
    type Ok = ();
    type Error = JsonError;
    type SerializeSeq = Open<'w>;
    type SerializeStruct = Open<'w>;
    type SerializeStructVariant = Open<'w>;
    type SerializeTuple = Impossible<(), JsonError>;
    type SerializeTupleStruct = Impossible<(), JsonError>;
    type SerializeTupleVariant = Impossible<(), JsonError>;
    type SerializeMap = Impossible<(), JsonError>;

    fn serialize_bool(self, value: bool) -> Result<(), JsonError> {
        self.bytes(if value { b"true" } else { b"false" });
        Ok(())
    }

    fn serialize_u32(self, value: u32) -> Result<(), JsonError> {
        self.serialize_u64(u64::from(value))
    }

    fn serialize_u64(self, value: u64) -> Result<(), JsonError> {
        self.number(value);
        Ok(())
    }

    fn serialize_str(self, value: &str) -> Result<(), JsonError> {
        self.string(value);
        Ok(())
    }

    fn serialize_none(self) -> Result<(), JsonError> {
        self.bytes(b"null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), JsonError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), JsonError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), JsonError> {
        self.bytes(b"{");
        self.key(&mut true, variant);
        value.serialize(&mut *self)?;
        self.bytes(b"}");
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Open<'w>, JsonError> {
        self.bytes(b"[");
        Ok(Open { writer: self, is_first: true, close: b"]" })
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Open<'w>, JsonError> {
        self.bytes(b"{");
        Ok(Open { writer: self, is_first: true, close: b"}" })
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Open<'w>, JsonError> {
        self.bytes(b"{");
        self.key(&mut true, variant);
        self.bytes(b"{");
        Ok(Open { writer: self, is_first: true, close: b"}}" })
    }

    refuse! {
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_map(Option<usize>) -> Self::SerializeMap;
    }
}

/// An open array or object, to which entries are written.
struct Open<'w> {
    writer: &'w mut Writer,
    is_first: bool,
    close: &'static [u8],
}

impl SerializeSeq for Open<'_> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), JsonError> {
        self.writer.comma(&mut self.is_first);
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), JsonError> {
        self.writer.bytes(self.close);
        Ok(())
    }
}

impl SerializeStruct for Open<'_> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), JsonError> {
        self.writer.key(&mut self.is_first, key);
        value.serialize(&mut *self.writer)
    }

    fn end(self) -> Result<(), JsonError> {
        self.writer.bytes(self.close);
        Ok(())
    }
}

impl SerializeStructVariant for Open<'_> {
    type Ok = ();
    type Error = JsonError;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), JsonError> {
        SerializeStruct::serialize_field(self, key, value)
    }

    fn end(self) -> Result<(), JsonError> {
        self.writer.bytes(self.close);
        Ok(())
    }
}
