//! An export is read back unchanged, and no other file is accepted as one.

use std::io::Read;
use std::process::{Command, Stdio};

use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use tar::{Builder, EntryType, Header};

use crate::loops::definition::LoopDefinition;

use super::{ExportError, SessionExport, Transcript, without_delivery_state};
use baton_store::fixtures::{id, process, session, stamp};
use baton_store::{Message, Role};

fn export() -> SessionExport {
    let message = |n: u64, text: &str| Message {
        session: id("s1"),
        n,
        hook: 7,
        at: stamp(n),
        process: process(1),
        digest: format!("{n:032}"),
        role: Role::Prompt,
        text: text.to_owned(),
        original_bytes: None,
    };
    SessionExport {
        session: without_delivery_state(session("s1", 1)),
        messages: vec![message(1000, "one"), message(2000, "two\n\u{1f600}")],
        chunks: vec![(2, "two".into()), (10, "ten".into())],
        decisions: String::new(),
        transcript: Some(Transcript { bytes: vec![0xff, 0, 1], compressed: true }),
        loops: vec![(
            id("r1"),
            LoopDefinition { prompt: "Go on.".into(), until: None, done_when: None, directory: "/w".into() },
        )],
    }
}

fn written(export: &SessionExport) -> Vec<u8> {
    let mut bytes = Vec::new();
    export.write(&mut bytes).unwrap();
    bytes
}

/// Returns the files of the archive, by name.
fn unpacked(bytes: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut archive = tar::Archive::new(GzDecoder::new(bytes));
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut bytes = Vec::new();
        entry.read_to_end(&mut bytes).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), bytes)
    });
    entries.collect()
}

fn packed(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    with(files, |_| {})
}

/// Packs these files, and whatever `more` adds.
fn with(files: &[(String, Vec<u8>)], more: impl FnOnce(&mut Builder<GzEncoder<Vec<u8>>>)) -> Vec<u8> {
    let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (name, bytes) in files {
        raw(&mut builder, name, EntryType::Regular, bytes);
    }
    more(&mut builder);
    builder.into_inner().unwrap().finish().unwrap()
}

/// Appends an entry with any name, even one that the tar crate would refuse.
fn raw(builder: &mut Builder<GzEncoder<Vec<u8>>>, name: &str, kind: EntryType, bytes: &[u8]) {
    let mut header = Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(kind);
    header.set_size(bytes.len() as u64);
    header.set_mode(0o600);
    if kind == EntryType::Symlink {
        header.set_link_name("/etc/passwd").unwrap();
    }
    header.set_cksum();
    builder.append(&header, bytes).unwrap();
}

#[test]
fn an_export_comes_back_and_is_always_the_same() {
    let export = export();
    let bytes = written(&export);
    assert_eq!(SessionExport::read(&bytes[..]).unwrap(), export);
    assert_eq!(written(&export), bytes);
    let long = SessionExport { session: session(&"x".repeat(128), 1), messages: Vec::new(), ..export };
    assert_eq!(SessionExport::read(&written(&long)[..]).unwrap().session, long.session);
}

#[test]
fn ordinary_tools_open_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("b.tar.gz");
    std::fs::write(&file, written(&export())).unwrap();
    let tar = Command::new("tar").arg("-xzf").arg(&file).current_dir(dir.path()).stdin(Stdio::null()).status().unwrap();
    assert!(tar.success());
    let at = dir.path().join("baton-session-s1");
    assert_eq!(std::fs::read_to_string(at.join("chunks/chunk-10.md")).unwrap(), "ten");
    assert_eq!(std::fs::read_to_string(at.join("messages.jsonl")).unwrap().lines().count(), 2);
    let record: serde_json::Value = serde_json::from_slice(&std::fs::read(at.join("session.json")).unwrap()).unwrap();
    assert_eq!(record["id"], "s1");
}

#[test]
fn an_export_that_is_cut_or_damaged_is_refused() {
    let bytes = written(&export());
    for cut in 0..bytes.len() {
        assert!(SessionExport::read(&bytes[..cut]).is_err(), "cut at {cut}");
    }
    for at in 10..bytes.len() {
        let mut wrong = bytes.clone();
        wrong[at] ^= 0x10;
        // The last byte of the compressed data has bits that no reader uses.
        let harmless = |read| read == export();
        assert!(
            SessionExport::read(&wrong[..]).is_ok_and(harmless) || SessionExport::read(&wrong[..]).is_err(),
            "at {at}"
        );
    }
}

#[test]
fn nothing_but_an_exports_own_files_is_taken() {
    let files = unpacked(&written(&export()));
    let link = |kind| move |builder: &mut Builder<_>| raw(builder, "baton-session-s1/transcript.jsonl", kind, b"");
    let named = |name: &'static str| move |builder: &mut Builder<_>| raw(builder, name, EntryType::Regular, b"x");
    let foreign = [
        ("a symbolic link", with(&files, link(EntryType::Symlink))),
        ("a hard link", with(&files, link(EntryType::Link))),
        ("a device", with(&files, link(EntryType::Char))),
        ("a pipe", with(&files, link(EntryType::Fifo))),
        ("a directory", with(&files, link(EntryType::Directory))),
        ("a way up", with(&files, named("baton-session-s1/../../x"))),
        ("a way up alone", with(&files, named("../x"))),
        ("an absolute path", with(&files, named("/etc/x"))),
        ("another directory", with(&files, named("baton-session-s2/session.json"))),
        ("a chunk with a way up", with(&files, named("baton-session-s1/chunks/../x.md"))),
        ("a chunk without a number", with(&files, named("baton-session-s1/chunks/chunk-x.md"))),
        ("a chunk with a zero before", with(&files, named("baton-session-s1/chunks/chunk-03.md"))),
        ("a loop with a way up", with(&files, named("baton-session-s1/loops/../x.json"))),
        ("a loop without a run", with(&files, named("baton-session-s1/loops/.json"))),
        ("no directory", with(&files, named("x"))),
        ("another file", with(&files, named("baton-session-s1/log.jsonl"))),
    ];
    for (what, bytes) in foreign {
        let error = SessionExport::read(&bytes[..]).unwrap_err();
        assert!(matches!(error, ExportError::UnexpectedEntry(_)), "{what}: {error}");
    }
    let twice = SessionExport::read(&with(&files, named("baton-session-s1/chunks/chunk-2.md"))[..]).unwrap_err();
    assert!(matches!(twice, ExportError::DuplicateEntry(_)), "{twice}");
}

#[test]
fn its_parts_must_belong_together() {
    let good = unpacked(&written(&export()));
    let change = |name: &str, from: &str, to: &str| {
        let mut files = good.clone();
        let file = files.iter_mut().find(|(path, _)| path.ends_with(name)).unwrap();
        let text = String::from_utf8(file.1.clone()).unwrap();
        assert!(text.contains(from), "{name}: {from}");
        file.1 = text.replace(from, to).into_bytes();
        SessionExport::read(&packed(&files)[..]).unwrap_err()
    };
    let without = |name: &str| {
        let files: Vec<_> = good.iter().filter(|(path, _)| !path.ends_with(name)).cloned().collect();
        SessionExport::read(&packed(&files)[..]).unwrap_err()
    };
    assert!(matches!(change("export.json", "\"format\": 1", "\"format\": 2"), ExportError::Format(2)));
    for (name, from, to) in [
        ("export.json", "\"s1\"", "\"s2\""),
        ("export.json", "\"s1\"", "\"../s1\""),
        ("session.json", "\"s1\"", "\"s2\""),
        ("session.json", "\"claude\"", "\"another\""),
        ("messages.jsonl", "one", "changed"),
        ("messages.jsonl", "\"s1\"", "\"s2\""),
    ] {
        assert!(matches!(change(name, from, to), ExportError::InvalidPart { .. }), "{name}: {from}");
    }
    for name in ["export.json", "session.json", "messages.jsonl", "decisions.jsonl"] {
        assert!(matches!(without(name), ExportError::Missing(_)), "{name}");
    }
    for bytes in [&b""[..], b"x", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"] {
        assert!(SessionExport::read(bytes).is_err());
    }
}

#[test]
fn a_part_that_is_too_large_is_not_read() {
    let files = unpacked(&written(&export()));
    let large = with(&files, |builder| {
        let mut header = Header::new_gnu();
        header.set_path("baton-session-s1/transcript.jsonl").unwrap();
        header.set_size(super::MAX_TRANSCRIPT_BYTES + 1);
        header.set_cksum();
        builder.append(&header, &b""[..]).unwrap();
    });
    assert!(matches!(SessionExport::read(&large[..]).unwrap_err(), ExportError::TooLarge { .. }));
}
