//! A conversation from another machine goes where the agent looks for it, and no text of the other machine becomes a path.

use std::path::Path;

use agent_baton_core::agent::Agent;

use crate::{MovedConversation, PlaceError, spec, unpack_transcript};

const ID: &str = "01a22194-e272-71e0-9e25-7fb989fd112d";

fn check(agent: Agent, directory: &str, transcript: Option<&str>, content: &str, expected: Option<&str>) {
    let home = tempfile::tempdir().unwrap();
    let moved = MovedConversation {
        session: &ID.parse().unwrap(),
        directory: Path::new(directory),
        transcript,
        content: content.as_bytes(),
    };
    let found = spec(agent).transcript_place(home.path(), moved);
    assert_eq!(found.as_deref().ok(), expected.map(Path::new), "{transcript:?} {content}");
}

#[test]
fn claude_looks_in_the_folder_of_the_directory() {
    let expected = format!("projects/-home-me-my-app/{ID}.jsonl");
    check(Agent::Claude, "/home/me/my.app", Some("/x/../y.jsonl"), "", Some(&expected));
    let long = format!("/{}", "x".repeat(300));
    check(Agent::Claude, &long, None, "", None);
    let home = tempfile::tempdir().unwrap();
    let folder = format!("-{}-1a2b3c", "x".repeat(199));
    std::fs::create_dir_all(home.path().join("projects").join(&folder)).unwrap();
    let session = ID.parse().unwrap();
    let moved = MovedConversation { session: &session, directory: Path::new(&long), transcript: None, content: b"" };
    let found = spec(Agent::Claude).transcript_place(home.path(), moved).unwrap();
    assert_eq!(found, Path::new("projects").join(folder).join(format!("{ID}.jsonl")));
}

#[test]
fn codex_looks_by_the_time_at_which_the_thread_began() {
    let place = format!("sessions/2026/11/28/rollout-2026-11-28T09-55-35-{ID}.jsonl");
    let named = |time: &str, ending: &str| format!("/a/.codex/sessions/2026/11/28/rollout-{time}-{ID}.jsonl{ending}");
    let check = |transcript: Option<&str>, content: &str, expected: Option<&str>| {
        check(Agent::Codex, "/w", transcript, content, expected);
    };
    check(Some(&named("2026-11-28T09-55-35", "")), "", Some(&place));
    check(Some(&named("2026-11-28T09-55-35", ".zst")), "", Some(&place));
    let first = r#"{"timestamp":"2026-11-28T09:55:35.221Z","type":"session_meta"}"#;
    check(None, first, Some(&place));
    for other in ["2026-11-28T09-55-3", "2026-11-28T09-55-355", "../../../../x", "2026/11-28T09-55-35"] {
        check(Some(&named(other, "")), first, Some(&place));
        check(Some(&named(other, "")), "", None);
    }
    for content in ["", "{", "{}", r#"{"timestamp":7}"#, r#"{"timestamp":"../../../../../../../../x"}"#] {
        check(None, content, None);
    }
}

#[test]
fn what_is_not_packed_is_not_unpacked() {
    assert!(unpack_transcript(b"{}", 10).is_err());
    // An empty frame, as `zstd` writes it.
    let empty = [0x28, 0xb5, 0x2f, 0xfd, 0x24, 0x00, 0x01, 0x00, 0x00, 0x99, 0xe9, 0xd8, 0x51];
    assert_eq!(unpack_transcript(&empty, 0).unwrap(), b"");
}

#[test]
fn the_errors_name_what_is_missing() {
    let error = PlaceError::LongPath { directory: "/w".into() };
    assert!(error.to_string().contains("/w"));
    assert!(PlaceError::NoTime.to_string().contains("when the conversation began"));
}
