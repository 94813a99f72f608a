//! Checks that nothing is lost except an incomplete line, and that nothing is duplicated.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use agent_baton_core::agent::Agent;

use super::import::ImportedConversation;
use super::message::MAX_TEXT;
use super::{Appended, ConversationDir, Message, Role};
use crate::fixtures::*;
use crate::{Store, StoreError};

fn message(n: u64, role: Role, text: &str) -> Message {
    Message {
        session: id("s"),
        n,
        hook: 7,
        at: stamp(n),
        process: process(1),
        digest: format!("{n:032}"),
        role,
        text: text.to_owned(),
        original_bytes: None,
    }
    .within_limits()
}

fn three() -> Vec<Message> {
    vec![
        message(1000, Role::Prompt, "first {\"sum\":\"0123456789abcdef\", \"é\""),
        message(2000, Role::Answer, "second\nof two lines"),
        message(3000, Role::Prompt, "third"),
    ]
}

fn lines(messages: &[Message]) -> Vec<u8> {
    messages.iter().map(|message| message.to_line().unwrap()).collect::<String>().into_bytes()
}

/// Returns a world with a session that has this log.
fn with_log(bytes: &[u8]) -> World {
    let world = world();
    drop(lock(&world.store));
    world.store.create_message_log(&id("s")).unwrap();
    fs::write(file(&world.store, "log.jsonl"), bytes).unwrap();
    world
}

fn file(store: &Store, name: &str) -> PathBuf {
    store.path().join("conversations/s").join(name)
}

fn compact_conversation(store: &Store) -> usize {
    lock(store).compact_conversation(&id("s"), &stamp(9)).unwrap().saved
}

fn kept(store: &Store) -> Vec<Message> {
    store.conversation(&id("s")).unwrap().messages
}

/// Reads this log, compacts it and reads it again. The messages must be the same each time.
fn check(what: &str, log: &[u8], expected: &[Message]) {
    let world = with_log(log);
    let store = &world.store;
    assert_eq!(kept(store), expected, "{what}: before the fold");
    assert_eq!(compact_conversation(store), expected.len(), "{what}");
    assert!(!file(store, "compacting.jsonl").exists(), "{what}: a log stays for ever");
    assert_eq!(fs::read(file(store, "log.jsonl")).unwrap(), b"", "{what}");
    assert_eq!(kept(store), expected, "{what}: after the fold");
    let next = message(50_000, Role::Answer, "next");
    store.append_message(&next, true).unwrap();
    assert_eq!(compact_conversation(store), 1, "{what}");
    assert_eq!(kept(store), [expected, &[next]].concat(), "{what}: after the next");
    assert_eq!(compact_conversation(store), 0, "{what}");
}

#[test]
fn a_log_cut_at_every_byte_loses_the_torn_line_alone() {
    let all = three();
    let log = lines(&all);
    for cut in 0..=log.len() {
        // A line is complete once its last brace is there.
        let original_bytes = (0..=all.len()).rev().find(|n| cut + 1 >= lines(&all[..*n]).len()).unwrap();
        let mut torn = log[..cut].to_vec();
        check(&format!("cut at {cut}"), &torn, &all[..original_bytes]);
        // The next writer appends after the incomplete line.
        let next = message(60_000, Role::Prompt, "next");
        torn.extend_from_slice(lines(std::slice::from_ref(&next)).strip_prefix(b"\n").unwrap());
        check(&format!("cut at {cut}, and joined"), &torn, &[&all[..original_bytes], &[next]].concat());
    }
}

#[test]
fn a_byte_that_is_wrong_costs_its_line_alone() {
    let all = three();
    let log = lines(&all);
    let line = |at: usize| (0..all.len()).find(|n| at < lines(&all[..=*n]).len()).unwrap();
    for (at, byte) in (0..log.len()).flat_map(|at| [(at, 0), (at, b'\n'), (at, b'"'), (at, b'x')]) {
        let mut wrong = log.clone();
        wrong[at] = byte;
        let found = with_log(&wrong);
        let found = kept(&found.store);
        let hit = line(at);
        let others: Vec<_> = all.iter().enumerate().filter(|(n, _)| *n != hit).map(|(_, other)| other).collect();
        assert!(others.iter().all(|other| found.contains(other)), "{byte} at {at}: {found:?}");
        assert!(found.iter().all(|message| all.contains(message)), "{byte} at {at} made a message: {found:?}");
        assert!(found.len() <= all.len(), "{byte} at {at}");
    }
}

#[test]
fn logs_as_they_were_found_spliced() {
    let all = three();
    let [one, two, three] = [0, 1, 2].map(|n| lines(&all[n..=n]));
    let bare = |line: &[u8]| line.trim_ascii().to_vec();
    let foreign = lines(&[Message { session: id("t"), ..message(1500, Role::Prompt, "not yours") }]);
    let nul = vec![0; 4096];
    let cases: Vec<(&str, Vec<u8>, &[usize])> = vec![
        ("nothing", Vec::new(), &[]),
        ("blank lines", b"\n  \n\r\n".to_vec(), &[]),
        ("original_bytes", [one.clone(), two.clone(), three.clone()].concat(), &[0, 1, 2]),
        ("no line break between", [bare(&one), bare(&two), bare(&three)].concat(), &[0, 1, 2]),
        ("carriage returns", [bare(&one), b"\r\n".to_vec(), bare(&two), b"\r\n".to_vec()].concat(), &[0, 1]),
        ("NULs before a line", [nul.clone(), one.clone(), two.clone()].concat(), &[0, 1]),
        ("NULs in place of a line", [one.clone(), nul.clone(), bare(&three)].concat(), &[0, 2]),
        ("NULs inside a line", [&one[..90], &nul, &one[90..], &two].concat(), &[1]),
        ("a line inside another", [&one[..90], &bare(&two), &one[90..], &three].concat(), &[1, 2]),
        (
            "one line's head with another's tail",
            [&one[..one.len() - 20], &two[two.len() - 20..], &three].concat(),
            &[2],
        ),
        ("text that is no JSON", [one.clone(), b"not json\n".to_vec(), two.clone()].concat(), &[0, 1]),
        ("JSON that is no object", [one.clone(), b"7\n[1,2]\nnull\n\"x\"\n".to_vec(), two.clone()].concat(), &[0, 1]),
        ("another program's line", [one.clone(), b"{\"t\":1,\"msg\":{}}\n".to_vec(), two.clone()].concat(), &[0, 1]),
        ("another session's line", [one.clone(), foreign.clone(), two.clone()].concat(), &[0, 1]),
        ("bytes that are no UTF-8", [one.clone(), vec![0xff, 0xfe, b'\n'], two.clone()].concat(), &[0, 1]),
        ("twice the same", [one.clone(), two.clone(), one.clone(), two.clone()].concat(), &[0, 1]),
    ];
    for (what, log, expected) in cases {
        check(what, &log, &expected.iter().map(|n| all[*n].clone()).collect::<Vec<_>>());
    }
}

#[test]
fn a_repetition_stays_and_a_replay_adds_nothing() {
    let said = |n: u64, hook: u32| Message { hook, digest: "same".into(), ..message(n, Role::Prompt, "go on") };
    // A user typed the prompt twice. The second hook started long after the first message was recorded.
    let twice = [said(1000, 7), said(9000, 8)];
    check("a repetition", &lines(&twice), &twice);
    // Two hooks handled the same event at the same time.
    let delivered = [said(1000, 7), said(1010, 8)];
    check("two deliveries", &lines(&delivered), &delivered[..1]);

    let world = with_log(&lines(&twice));
    assert_eq!(compact_conversation(&world.store), 2);
    fs::write(file(&world.store, "log.jsonl"), lines(&twice)).unwrap();
    assert_eq!(compact_conversation(&world.store), 0, "a replay");
    // The session has continued since.
    world.store.append_message(&message(20_000, Role::Answer, "later"), false).unwrap();
    compact_conversation(&world.store);
    fs::write(file(&world.store, "compacting.jsonl"), lines(&twice)).unwrap();
    assert_eq!(compact_conversation(&world.store), 0, "what a fold was cut off at is saved already");
    assert_eq!(kept(&world.store).len(), 3);
}

#[test]
fn without_a_log_nothing_is_written() {
    let world = world();
    drop(lock(&world.store));
    assert_eq!(world.store.append_message(&message(1, Role::Prompt, "late"), true).unwrap(), Appended::NoLog);
    assert!(!world.store.path().join("conversations").exists());
    assert_eq!(compact_conversation(&world.store), 0);
    assert_eq!(kept(&world.store), []);
}

#[test]
fn files_are_for_the_user_alone() {
    let world = with_log(&lines(&three()));
    compact_conversation(&world.store);
    lock(&world.store).write_chunk(&id("s"), Agent::Claude).unwrap();
    let mode = |name: &str| fs::metadata(file(&world.store, name)).unwrap().permissions().mode() & 0o777;
    assert_eq!(["log.jsonl", "saved.jsonl", "chunk-1.md"].map(mode), [0o600; 3]);
    assert_eq!(mode("."), 0o700);
}

#[test]
fn a_long_text_is_cut_between_characters() {
    let text = "é".repeat(MAX_TEXT);
    let long = message(1, Role::Answer, &text);
    assert_eq!((long.text.len(), long.original_bytes), (MAX_TEXT, Some(2 * MAX_TEXT as u64)));
    check("a long text", &lines(std::slice::from_ref(&long)), std::slice::from_ref(&long));
}

#[test]
fn a_log_that_is_no_file_is_an_error_and_stays() {
    let world = world();
    drop(lock(&world.store));
    fs::create_dir_all(file(&world.store, "log.jsonl")).unwrap();
    assert!(matches!(world.store.append_message(&message(1, Role::Prompt, "x"), false), Err(StoreError::Io { .. })));
    assert!(lock(&world.store).compact_conversation(&id("s"), &stamp(9)).is_err());
    assert!(file(&world.store, "log.jsonl").is_dir());
}

/// Writers append without a lock, so a compaction may come between any two of their steps.
#[test]
fn folds_and_appends_side_by_side() {
    const EACH: u64 = 200;
    let world = with_log(b"");
    let (clock, over) = (AtomicU64::new(1000), AtomicBool::new(false));
    std::thread::scope(|scope| {
        let writers: Vec<_> = (1..=4)
            .map(|hook| {
                let (store, clock) = (&world.store, &clock);
                scope.spawn(move || {
                    for _ in 0..EACH {
                        let n = clock.fetch_add(1000, Ordering::Relaxed);
                        let said = Message { hook, ..message(n, Role::Prompt, "words") };
                        while store.append_message(&said, false).unwrap() == Appended::NoLog {}
                    }
                })
            })
            .collect();
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                compact_conversation(&world.store);
            }
        });
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        over.store(true, Ordering::Relaxed);
    });
    compact_conversation(&world.store);
    let mut numbers: Vec<u64> = kept(&world.store).iter().map(|message| message.n).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=4 * EACH).map(|n| n * 1000).collect::<Vec<_>>());
}

#[test]
fn chunks_are_numbered_on_and_hold_what_is_new() {
    let world = with_log(&lines(&three()));
    let (store, s) = (&world.store, id("s"));
    let write = || lock(store).write_chunk(&s, Agent::Codex).unwrap();
    let first = fs::read_to_string(write().unwrap()).unwrap();
    assert!(first.starts_with("---\nchunk: 1\nsession: s\nagent: codex\n"), "{first}");
    assert!(
        first.contains("\nmessages: 3\n") && first.contains("## Answer") && first.contains("of two lines"),
        "{first}"
    );
    assert_eq!(write(), None, "nothing was said since");
    // Gaps are not filled, and files with other names are ignored.
    for name in ["chunk-12.md", "chunk-03.md", "chunk--1.md", "chunk-.md", "chunk-2.txt", "other-chunk-99.md"] {
        fs::write(file(store, name), "x").unwrap();
    }
    store.append_message(&message(9000, Role::Prompt, "\n  more of it\nand more"), false).unwrap();
    assert_eq!(write().unwrap(), file(store, "chunk-13.md"));
    let chunks = store.chunks(&s).unwrap();
    assert_eq!(chunks.iter().map(|chunk| chunk.number).collect::<Vec<_>>(), [1, 12, 13]);
    assert_eq!(chunks[1].topics, None);
    // The twelfth chunk does not say where it ended, so the thirteenth contains everything. Repeating messages is
    // better than losing them.
    assert_eq!(
        chunks[2].topics.as_deref(),
        Some(r#"["first {\"sum\":\"0123456789abcdef\", \"é\"","third","more of it"]"#)
    );
    store.append_message(&message(12_000, Role::Prompt, "the end"), false).unwrap();
    write().unwrap();
    assert_eq!(store.chunks(&s).unwrap()[3].topics.as_deref(), Some(r#"["the end"]"#));
}

/// The agent waits for a chunk to be written, so that must not take longer with every chunk.
#[test]
fn of_the_chunks_there_are_the_newest_alone_is_looked_at_and_its_head_alone() {
    let world = with_log(&lines(&three()));
    let (store, s) = (&world.store, id("s"));
    let write = || lock(store).write_chunk(&s, Agent::Codex).unwrap();
    let long = |path: &PathBuf| fs::File::options().write(true).open(path).unwrap().set_len(1 << 30).unwrap();
    let first = write().unwrap();
    long(&first);
    assert_eq!(write(), None, "its head says what it holds");
    store.append_message(&message(9000, Role::Prompt, "more"), false).unwrap();
    let second = write().unwrap();
    assert!(fs::read_to_string(second).unwrap().contains("\nmessages: 1\n"));
    fs::remove_file(&first).unwrap();
    fs::create_dir(&first).unwrap();
    store.append_message(&message(9001, Role::Prompt, "and more"), false).unwrap();
    assert_eq!(write(), Some(file(store, "chunk-3.md")));
}

#[test]
fn a_chunk_can_be_read_in_a_terminal_and_its_headings_are_its_own() {
    let world = with_log(b"");
    let text = "# Mine\n\tcode\u{1b}[2J\r\n## Answer, 2026-01-01T00:00:00Z\n\u{202e}x";
    world.store.append_message(&message(1, Role::Prompt, text), false).unwrap();
    let path = lock(&world.store).write_chunk(&id("s"), Agent::Claude).unwrap().unwrap();
    let chunk = fs::read_to_string(path).unwrap();
    let body = chunk.split_once("Z\n\n").unwrap().1;
    assert_eq!(body, "# Mine\n\tcode\u{fffd}[2J\n\\## Answer, 2026-01-01T00:00:00Z\n\u{fffd}x\n");
    assert_eq!(
        world.store.conversation(&id("s")).unwrap().messages[0].text,
        text,
        "what was said stays as it was said"
    );
}

#[test]
fn topics_stand_in_the_front_matter_alone() {
    let world = with_log(b"");
    let deep = format!("---\n{}topics: late\n---\n", "k: v\n".repeat(25));
    let cases = [
        ("topics: no\n---\nx: 1\n---\ntopics: no\n", None),
        (deep.as_str(), None),
        ("---\ntopics:   \n---\n", None),
        ("---\nx: 1\n---\ntopics: no\n", None),
        ("---\ntopics: a, b\n---\n", Some("a, b")),
        ("", None),
    ];
    for (number, (text, _)) in cases.iter().enumerate() {
        fs::write(file(&world.store, &format!("chunk-{}.md", number + 1)), text).unwrap();
    }
    let found = world.store.chunks(&id("s")).unwrap();
    let topics: Vec<_> = found.iter().map(|chunk| chunk.topics.as_deref()).collect();
    assert_eq!(topics, cases.map(|(_, topics)| topics));
}

/// Merges what another machine had into this conversation, again and again, and returns what is kept then.
fn merged(world: &World, messages: &[Message], chunks: &[(u32, String)], decisions: &str) -> Vec<Message> {
    let brought = ImportedConversation { messages, chunks, decisions, transcript: None };
    lock(&world.store).merge_conversation(&id("s"), brought, &stamp(9)).unwrap();
    let once = world.store.conversation(&id("s")).unwrap();
    lock(&world.store).merge_conversation(&id("s"), brought, &stamp(9)).unwrap();
    let again = world.store.conversation(&id("s")).unwrap();
    assert_eq!(once.messages, again.messages, "a repetition changes nothing");
    again.messages
}

#[test]
fn what_another_machine_had_is_added_once_and_nothing_is_removed() {
    let all = three();
    let by_number = |mut messages: Vec<Message>| {
        messages.sort_by_key(|message| message.n);
        messages
    };
    for own in 0..=all.len() {
        for from in 0..=all.len() {
            for saved in [false, true] {
                let what = format!("{own} here, from {from} there, saved: {saved}");
                let world = with_log(&lines(&all[..own]));
                if saved {
                    compact_conversation(&world.store);
                }
                let expected: Vec<Message> =
                    all.iter().enumerate().filter(|(at, _)| *at < own || *at >= from).map(|it| it.1.clone()).collect();
                assert_eq!(by_number(merged(&world, &all[from..], &[], "")), expected, "{what}");
                // What is said here next is kept, too.
                let next = message(50_000, Role::Answer, "next");
                world.store.append_message(&next, true).unwrap();
                compact_conversation(&world.store);
                assert_eq!(by_number(kept(&world.store)), [&expected[..], &[next]].concat(), "{what}");
            }
        }
    }
}

#[test]
fn a_torn_line_does_not_damage_what_is_added() {
    let all = three();
    for cut in 1..40 {
        let world = with_log(b"");
        let saved = lines(&all[..2]);
        fs::write(file(&world.store, "saved.jsonl"), &saved[..saved.len() - cut]).unwrap();
        let kept = merged(&world, &all[2..], &[], "");
        let texts: Vec<&str> = kept.iter().map(|message| message.text.as_str()).collect();
        assert!(texts.ends_with(&["third"]) && texts[0] == all[0].text, "{cut}: {texts:?}");
    }
}

#[test]
fn own_chunks_stay_and_decisions_are_added_once() {
    let world = with_log(b"");
    let chunk = |number: u32| fs::read_to_string(ConversationDir::of(&world.store, &id("s")).chunk(number)).ok();
    let chunks =
        |texts: &[(u32, &str)]| texts.iter().map(|(number, text)| (*number, (*text).to_owned())).collect::<Vec<_>>();
    merged(&world, &[], &chunks(&[(1, "one")]), "first\nsecond\n");
    merged(&world, &[], &chunks(&[(1, "another"), (2, "two")]), "second\nthird");
    assert_eq!((chunk(1).as_deref(), chunk(2).as_deref(), chunk(3)), (Some("one"), Some("two"), None));
    assert_eq!(world.store.imported_decisions(&id("s")).unwrap(), "first\nsecond\nthird\n");
    let names = fs::read_dir(world.store.path().join("conversations/s")).unwrap();
    let temporary = names.flatten().filter(|entry| entry.file_name().to_string_lossy().contains("temp")).count();
    assert_eq!(temporary, 0);
}
