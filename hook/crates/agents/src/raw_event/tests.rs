use std::fs::File;
use std::io::Write;
use std::os::fd::OwnedFd;

use super::*;

/// Short enough to fail quickly, and long enough for a busy machine to read data that is already there.
const SOON: ReadLimits = ReadLimits { bytes: 4096, time: Duration::from_millis(80) };

/// Returns a pipe into which `pieces` were written, with the writing end, so that it stays open.
fn pipe(pieces: &[&[u8]]) -> (OwnedFd, File) {
    let (reader, writer) = nix::unistd::pipe().unwrap();
    let mut writer = File::from(writer);
    for piece in pieces {
        writer.write_all(piece).unwrap();
    }
    (reader, writer)
}

fn word(error: &RawEventError) -> &'static str {
    match error {
        RawEventError::Empty => "empty",
        RawEventError::NotObject => "not_object",
        RawEventError::TooLarge { .. } => "too_large",
        RawEventError::TooDeep { .. } => "too_deep",
        RawEventError::Incomplete { .. } => "incomplete",
        RawEventError::TimedOut { .. } => "timed_out",
        RawEventError::Read(_) => "read",
    }
}

fn check(input: &[u8], open: bool, expected: Result<&str, &str>) {
    let (reader, writer) = pipe(&[input]);
    let writer = open.then_some(writer);
    let found = RawEvent::read(&reader, SOON);
    drop(writer);
    let found = found.as_ref().map(RawEvent::text).map_err(word);
    assert_eq!(found, expected, "{:?}", String::from_utf8_lossy(input));
}

#[test]
fn the_first_object_ends_the_reading() {
    // Stdin stays open in each case, so that reading to the end would hang.
    for (input, expected) in [
        (r"{}", r"{}"),
        ("{}\n", r"{}"),
        (" \t\r\n{}", " \t\r\n{}"),
        (r#"{"a":1}{"b":2}"#, r#"{"a":1}"#),
        (r#"{"a":1} trailing words"#, r#"{"a":1}"#),
        (r#"{"a":"}"}"#, r#"{"a":"}"}"#),
        (r#"{"a":"\"}"}"#, r#"{"a":"\"}"}"#),
        (r#"{"a":"\\"}x"#, r#"{"a":"\\"}"#),
        (r#"{"a":[{"b":{}}]}]"#, r#"{"a":[{"b":{}}]}"#),
        (r#"{"a":"\ud800"}"#, r#"{"a":"\ud800"}"#),
    ] {
        check(input.as_bytes(), true, Ok(expected));
    }
}

/// What is no UTF-8 spoils the string in which it stands, and no other one.
#[test]
fn bytes_that_are_no_text_become_half_a_surrogate_pair() {
    for (input, expected) in [
        (b"{\"a\":\"\xff\"}".as_slice(), r#"{"a":"\ud800"}"#),
        (b"{\"a\":\"x\xf0\x9fy\",\"b\":\"\xc3\xa9\"}", r#"{"a":"x\ud800y","b":"\u00e9"}"#),
        // After a backslash it ends no string either.
        (b"{\"a\":\"\\\xff\"}", r#"{"a":"\\ud800"}"#),
    ] {
        check(input, true, Ok(expected.replace(r"\u00e9", "é").as_str()));
    }
}

#[test]
fn what_is_no_event_is_refused() {
    let deep = "{\"a\":".to_owned() + &"[".repeat(100_000);
    let long = format!(r#"{{"a":"{}"}}"#, "x".repeat(5000));
    let endless = format!(r#"{{"a":"{}"#, "x".repeat(5000));
    for (input, open, error) in [
        (b"".as_slice(), false, "empty"),
        (b"  \n", false, "empty"),
        (b"", true, "timed_out"),
        (b"{\"a\":", true, "timed_out"),
        (b"{\"a\":", false, "incomplete"),
        (b"{\"a\":\"}", false, "incomplete"),
        (b"[]", true, "not_object"),
        (b"null", true, "not_object"),
        (b"}", true, "not_object"),
        (b"\xef\xbb\xbf{}", true, "not_object"),
        (&deep.as_bytes()[..60_000], true, "too_deep"),
        (long.as_bytes(), true, "too_large"),
        (endless.as_bytes(), true, "too_large"),
    ] {
        check(input, open, Err(error));
    }
}

#[test]
fn an_object_that_comes_in_pieces_is_put_together() {
    let text = r#"{"prompt":"a \"quoted\" {brace}","list":[1,{"x":"\\"}]}"#;
    for size in 1..text.len() {
        let mut scanner = Scanner::default();
        let mut end = None;
        for (index, piece) in text.as_bytes().chunks(size).enumerate() {
            assert_eq!(end, None, "ended early with pieces of {size}");
            end = scanner.feed(piece).unwrap().map(|at| index * size + at);
        }
        assert_eq!(end, Some(text.len()), "pieces of {size}");
    }
}

#[test]
fn an_object_written_late_is_waited_for() {
    let (reader, mut writer) = pipe(&[b"{\"a\":"]);
    let late = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(30));
        writer.write_all(b"1}").unwrap();
        writer
    });
    let found = RawEvent::read(&reader, ReadLimits { bytes: 100, time: Duration::from_secs(30) }).unwrap();
    assert_eq!(found.text(), r#"{"a":1}"#);
    late.join().unwrap();
}

#[test]
fn files_and_the_null_device_are_read_too() {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"{\"a\":1}\n").unwrap();
    std::io::Seek::rewind(&mut file).unwrap();
    assert_eq!(RawEvent::read(&file, ReadLimits::default()).unwrap().text(), r#"{"a":1}"#);
    let null = File::open("/dev/null").unwrap();
    assert_eq!(word(&RawEvent::read(&null, ReadLimits::default()).unwrap_err()), "empty");
}

#[test]
fn the_digest_is_of_the_object_alone() {
    let digest_of = |input: &[u8]| RawEvent::read(&pipe(&[input]).0, SOON).unwrap().digest();
    assert_eq!(digest_of(b"{}"), "44136fa355b3678a1146ad16f7e8649e");
    assert_eq!(digest_of(b"\n{}\n"), digest_of(b"{}"));
    assert_ne!(digest_of(b"{ }"), digest_of(b"{}"));
}
