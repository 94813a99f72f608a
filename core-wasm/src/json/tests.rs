//! Compares this reader and writer with serde_json: both must read and write the same bytes.

use serde::{Deserialize, Serialize};

use super::{JsonError, from_slice, to_vec};

/// A struct with every kind of type that the protocol uses.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Sample {
    flag: bool,
    small: u32,
    large: u64,
    text: String,
    maybe: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    absent: Option<u64>,
    list: Vec<Kind>,
    newtype: Wrapped,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Unit,
    Newtype(Box<Wrapped>),
    Fields { name: String, number: Option<u32> },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Wrapped(u64);

fn sample(text: &str) -> Sample {
    Sample {
        flag: true,
        small: u32::MAX,
        large: u64::MAX,
        text: text.to_owned(),
        maybe: Some(String::new()),
        absent: None,
        list: vec![
            Kind::Unit,
            Kind::Newtype(Box::new(Wrapped(0))),
            Kind::Fields { name: text.to_owned(), number: Some(10) },
            Kind::Fields { name: text.to_owned(), number: None },
        ],
        newtype: Wrapped(1_000_000_007),
    }
}

#[test]
fn what_is_written_is_what_serde_json_writes_and_reads_back() {
    let control: String = (0..0x20_u8).map(char::from).collect();
    for text in ["", "plain", "\"quoted\" and \\", control.as_str(), "\x7f/", "é 漢 🦀 \u{2028}"] {
        let sample = sample(text);
        let written = to_vec(&sample).unwrap();
        assert_eq!(String::from_utf8(written.clone()).unwrap(), serde_json::to_string(&sample).unwrap());
        assert_eq!(from_slice::<Sample>(&written), Ok(sample));
    }
}

#[test]
fn strings_are_read_as_serde_json_reads_them() {
    let cases = [
        r#""""#,
        r#""a\"b\\c\/d\be\ff\ng\rh\ti""#,
        r#""\u0041\u00e9\u6F22""#,
        r#""\ud83e\udd80 crab""#,
        r#""\ud83e""#,
        r#""\ud83ex""#,
        r#""\ud83e\u0041""#,
        r#""\udd80""#,
        r#""\u12""#,
        r#""\u12g4""#,
        r#""\u+123""#,
        r#""\x""#,
        r#""\"#,
        r#""open"#,
        "\"line\nbreak\"",
        "\"tab\tbreak\"",
        "\"\0\"",
        "\"é\"",
    ];
    for json in cases {
        agree::<String>(json.as_bytes());
    }
    agree::<String>(b"\"\xff\"");
}

#[test]
fn numbers_are_read_as_serde_json_reads_them() {
    let cases = [
        "0",
        "7",
        " 42 ",
        "4294967295",
        "4294967296",
        "18446744073709551615",
        "18446744073709551616",
        "00",
        "01",
        "-0",
        "-1",
        "+1",
        "1.0",
        "1e3",
        "1E3",
        "1.",
        "0x10",
        "1 2",
        "",
        "-",
        "null",
        "\"1\"",
    ];
    for json in cases {
        agree::<u32>(json.as_bytes());
        agree::<u64>(json.as_bytes());
        agree::<Option<u64>>(json.as_bytes());
        agree::<Wrapped>(json.as_bytes());
    }
}

#[test]
fn what_no_field_takes_is_skipped_as_serde_json_skips_it() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Known {
        a: u32,
    }
    let cases = [
        "null",
        "true",
        "falsy",
        "nul",
        "\"\\u0041\"",
        "\"\\q\"",
        "[]",
        "[1,[2,{\"x\":[]}]]",
        "[1,]",
        "[,1]",
        "[1 2]",
        "{}",
        "{\"x\":1,}",
        "{\"x\" 1}",
        "{x:1}",
        "{1:2}",
        "0",
        "-0",
        "01",
        "-01",
        "-",
        "1.5",
        "1.",
        ".5",
        "1e5",
        "1E-5",
        "1e",
        "1e+",
        "-12.25e+10",
        "1e999999",
        "[{]}",
        "",
    ];
    for value in cases {
        agree::<Known>(format!(r#"{{"unknown":{value},"a":1}}"#).as_bytes());
        agree::<Known>(format!(r#"{{"a":1,"unknown":{value}}}"#).as_bytes());
    }
    for json in
        [r#"{"a":1,"a":1}"#, r#"{"b":1}"#, "{}", r#"{"a":1}}"#, r#"{"a":1} x"#, r#"{"a":1"#, "{\"a\"\t:\r\n1 }\n"]
    {
        agree::<Known>(json.as_bytes());
    }
}

/// serde_json skips values of any depth, because it uses a heap-allocated stack.
#[test]
fn what_no_field_takes_may_be_nested_but_not_without_end() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Nothing {}
    for (levels, expected) in
        [(1, Ok(Nothing {})), (128, Ok(Nothing {})), (129, Err(JsonError)), (100_000, Err(JsonError))]
    {
        for (open, close) in [("[", "]"), ("{\"x\":", "}")] {
            let json = format!(r#"{{"x":{}1{}}}"#, open.repeat(levels), close.repeat(levels));
            assert_eq!(from_slice(json.as_bytes()), expected, "{levels} levels of {open}");
        }
    }
}

#[test]
fn variants_are_read_as_serde_json_reads_them() {
    let cases = [
        r#""unit""#,
        r#""newtype""#,
        r#""fields""#,
        r#""other""#,
        r#"{"newtype":3}"#,
        r#"{"newtype":3,"newtype":3}"#,
        r#"{"newtype":3"#,
        r#"{"fields":{"name":"n","number":1}}"#,
        r#"{"fields":{"number":1}}"#,
        r#"{"fields":{"name":"n"}}"#,
        r#"{"other":1}"#,
        "{}",
        "null",
        "3",
        "[]",
    ];
    for json in cases {
        agree::<Kind>(json.as_bytes());
        agree::<Vec<Kind>>(format!("[{json}]").as_bytes());
    }
}

/// serde_json also accepts a struct as an array and a unit as an object. No client of the protocol sends these.
#[test]
fn forms_that_only_serde_json_reads_are_refused() {
    assert_eq!(from_slice::<Kind>(br#"{"unit":null}"#), Err(JsonError));
    assert_eq!(from_slice::<Kind>(br#"{"fields":["n",1]}"#), Err(JsonError));
}

#[test]
fn damaged_bytes_are_read_or_refused_as_by_serde_json() {
    let whole = serde_json::to_vec(&sample("a \"b\" \\ \u{1} é 🦀")).unwrap();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut read, mut refused) = (0, 0);
    for _ in 0..5_000 {
        let mut bytes = whole.clone();
        for _ in 0..=next(2) {
            let at = next(bytes.len());
            match next(4) {
                0 => bytes[at] = br#"{}[]",:\0189tfnu -.eE"#[next(21)],
                1 => bytes[at] = next(256) as u8,
                2 => drop(bytes.remove(at)),
                _ => bytes.insert(at, br#"{}[]",:\0189tfnu -.eE"#[next(21)]),
            }
        }
        if agree::<Sample>(&bytes) { read += 1 } else { refused += 1 }
    }
    assert!(read > 500 && refused > 500, "{read} read, {refused} refused: the damage is of one kind");
}

/// Asserts that both readers return the same value or both refuse, and returns whether they accept.
fn agree<T: serde::de::DeserializeOwned + PartialEq + std::fmt::Debug>(json: &[u8]) -> bool {
    let expected = serde_json::from_slice::<T>(json);
    let read = from_slice::<T>(json);
    assert_eq!(read.as_ref().ok(), expected.as_ref().ok(), "{:?}: {expected:?}", String::from_utf8_lossy(json));
    read.is_ok()
}
