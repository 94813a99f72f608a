//! Exports a session to another machine in one file, which contains nothing of any other session.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use agent_baton_core::agent::Agent;
use agent_baton_tests::conversation::{keep, words};
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

/// Creates two sessions of one project with messages, one of which owns a run.
fn with_two(scratch: &Scratch) {
    keep(scratch, "all");
    let mut first = Window::open(scratch, Agent::Claude, "%1");
    assert_no_output(&first.hook("SessionStart", "s1", &json!({})));
    first.turn("s1", "one", "first");
    assert_no_output(&first.hook("PreCompact", "s1", &json!({"trigger": "manual"})));
    fs::write(scratch.home().join("work/s1.jsonl"), "{\"type\":\"summary\"}\n").unwrap();
    let mut second = Window::open(scratch, Agent::Claude, "%1");
    assert_no_output(&second.hook("SessionStart", "other-session", &json!({})));
    second.turn("other-session", "a-secret-prompt", "a-secret-answer");
    let started = second.baton("other-session", &["run", "start", "a-secret-run"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    second.process.kill();
    // Now the first session is offered the run of the second.
    let offered = first.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert!(offered.stdout.contains("a-secret-run"), "{offered:?}");
    assert_no_output(&first.hook("SessionEnd", "s1", &json!({})));
}

/// Exports s1 and returns the path of the file.
fn export(scratch: &Scratch, more: &[&str]) -> PathBuf {
    let out = scratch.root().join("export.tar.gz");
    drop(fs::remove_file(&out));
    let mut args = vec!["session", "export", "s1", "--out", out.to_str().unwrap()];
    args.extend(more);
    let output = scratch.baton(args).run();
    assert_eq!(output.code, Some(0), "{output:?}");
    out
}

/// Returns each file that `tar` unpacks, by name.
fn unpacked(scratch: &Scratch, archive: &PathBuf) -> Vec<(String, String)> {
    let dir = scratch.root().join("unpacked");
    fs::create_dir_all(&dir).unwrap();
    assert!(Command::new("tar").arg("-xzf").arg(archive).current_dir(&dir).status().unwrap().success());
    let at = dir.join("baton-session-s1");
    let mut names: Vec<PathBuf> = ["", "chunks"]
        .iter()
        .flat_map(|below| fs::read_dir(at.join(below)).into_iter().flatten())
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_file())
        .collect();
    names.sort();
    let text = |path: &PathBuf| fs::read_to_string(path).unwrap();
    names.iter().map(|path| (path.strip_prefix(&at).unwrap().to_str().unwrap().to_owned(), text(path))).collect()
}

#[test]
fn an_export_holds_one_session_and_nothing_of_another() {
    let scratch = Scratch::new();
    with_two(&scratch);
    let archive = export(&scratch, &["--with-transcript"]);
    let bytes = fs::read(&archive).unwrap();
    assert_eq!(fs::read(export(&scratch, &["--with-transcript"])).unwrap(), bytes, "the same state, the same bytes");
    let files = unpacked(&scratch, &archive);
    let names: Vec<_> = files.iter().map(|(name, _)| name.as_str()).collect();
    let expected =
        ["chunks/chunk-1.md", "decisions.jsonl", "export.json", "messages.jsonl", "session.json", "transcript.jsonl"];
    assert_eq!(names, expected);
    for (name, text) in &files {
        for foreign in ["a-secret", "other-session"] {
            assert!(!text.contains(foreign), "{name} holds {foreign}: {text}");
        }
    }
    let text = |name: &str| &files.iter().find(|(found, _)| found == name).unwrap().1;
    assert_eq!(text("messages.jsonl").lines().count(), 2);
    assert!(text("decisions.jsonl").lines().count() >= 3, "{}", text("decisions.jsonl"));
    let record: Value = serde_json::from_str(text("session.json")).unwrap();
    assert_eq!((&record["id"], &record["ended"]["reason"]), (&json!("s1"), &json!("ended")));
    let without = unpacked(&scratch, &export(&scratch, &[])).into_iter().map(|(name, _)| name);
    assert!(without.count() == 6, "unpacked over the first");
    let listed = Command::new("tar").arg("-tzf").arg(&archive).output().unwrap();
    assert!(!String::from_utf8(listed.stdout).unwrap().contains("transcript"), "only on request");
}

#[test]
fn an_existing_file_is_not_written_over() {
    let scratch = Scratch::new();
    with_two(&scratch);
    let archive = export(&scratch, &[]);
    fs::write(&archive, "mine").unwrap();
    let again = scratch.baton(["session", "export", "s1", "--out", archive.to_str().unwrap()]).run();
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stderr.contains("already exists and was not changed"), "{again:?}");
    assert_eq!(fs::read(&archive).unwrap(), b"mine");
    let nowhere = scratch.root().join("nowhere/b.tar.gz");
    let failed = scratch.baton(["session", "export", "s1", "--out", nowhere.to_str().unwrap()]).run();
    assert!(failed.stderr.contains("cannot write") && failed.code == Some(1), "{failed:?}");
    let unknown = scratch.baton(["session", "export", "nothing"]).run();
    assert_eq!(unknown.code, Some(4), "{unknown:?}");
}

#[test]
fn on_another_machine_it_is_an_archived_session() {
    let (here, there) = (Scratch::new(), Scratch::new());
    with_two(&here);
    let archive = export(&here, &["--with-transcript"]);
    let brought = there.baton(["session", "import", archive.to_str().unwrap()]).run();
    assert_eq!((brought.code, brought.stderr.as_str()), (Some(0), ""), "{brought:?}");
    let state = there.state();
    state.check_records();
    let sessions = state.sessions();
    assert_eq!(sessions.len(), 1);
    assert!(sessions[0].archived && sessions[0].record.ended.is_some() && !sessions[0].record.messages);
    assert_eq!(words(&there, "s1"), words(&here, "s1"));
    let shown = there.baton(["session", "show", "s1", "--json"]).run().json();
    assert_eq!((&shown["archived"], &shown["conversation"]["messages"]), (&json!(true), &json!(2)));
    assert_eq!(shown["conversation"]["chunks"][0]["topics"], "[\"one\"]");
    assert_eq!(fs::read_to_string(shown["transcript"].as_str().unwrap()).unwrap(), "{\"type\":\"summary\"}\n");
    // The session has a record now, so the import is refused and changes nothing.
    let before = there.state();
    let again = there.baton(["session", "import", archive.to_str().unwrap()]).run();
    assert_eq!(again.code, Some(3), "{again:?}");
    assert!(again.stderr.contains("baton session delete s1"), "{again:?}");
    let kept = |state: agent_baton_tests::state::State| {
        state.files.into_iter().filter(|(path, _)| path.as_os_str() != "lock").collect::<Vec<_>>()
    };
    assert_eq!(kept(there.state()), kept(before));
    // The session is exported again from there, with the decisions of both machines.
    let onward = there.root().join("onward.tar.gz");
    let output = there.baton(["session", "export", "s1", "--out", onward.to_str().unwrap()]).run();
    assert_eq!(output.code, Some(0), "{output:?}");
    let third = Scratch::new();
    let brought = third.baton(["session", "import", onward.to_str().unwrap()]).run();
    assert_eq!(brought.code, Some(0), "{brought:?}");
    assert_eq!(words(&third, "s1"), words(&here, "s1"));
}

/// The advice of a refused import works: a user restores what a user deleted.
#[test]
fn an_import_takes_the_place_of_a_session_that_was_deleted() {
    let scratch = Scratch::new();
    with_two(&scratch);
    let archive = export(&scratch, &[]);
    let said = words(&scratch, "s1");
    let import = || scratch.baton(["session", "import", archive.to_str().unwrap()]).run();
    let refused = import();
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("baton session delete s1"), "{refused:?}");
    assert_eq!(scratch.baton(["session", "delete", "s1"]).run().code, Some(0));
    let brought = import();
    assert_eq!((brought.code, brought.stderr.as_str()), (Some(0), ""), "{brought:?}");
    scratch.state().check_records();
    let shown = scratch.baton(["session", "show", "s1", "--json"]).run().json();
    assert_eq!((&shown["archived"], &shown["conversation"]["messages"]), (&json!(true), &json!(2)));
    assert_eq!(words(&scratch, "s1"), said);
    assert!(!scratch.state_dir().join("trash/sessions/s1.json").exists());
    assert_eq!(import().code, Some(3), "it is known again");
}

#[test]
fn what_is_no_export_leaves_nothing() {
    let scratch = Scratch::new();
    let file = scratch.root().join("b.tar.gz");
    for bytes in [&b""[..], b"text", b"\x1f\x8b"] {
        fs::write(&file, bytes).unwrap();
        let output = scratch.baton(["session", "import", file.to_str().unwrap()]).run();
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""), "{output:?}");
        assert!(scratch.state().files.is_empty());
    }
}

/// The files of an interrupted import belong to no session. They go to the quarantine, with a warning.
#[test]
fn what_stands_there_without_a_record_is_quarantined() {
    let (here, there) = (Scratch::new(), Scratch::new());
    with_two(&here);
    let archive = export(&here, &[]);
    let left = there.state_dir().join("conversations/s1");
    fs::create_dir_all(&left).unwrap();
    for dir in [there.state_dir(), there.state_dir().join("conversations")] {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    }
    fs::write(left.join("saved.jsonl"), "left").unwrap();
    let brought = there.baton(["session", "import", archive.to_str().unwrap()]).run();
    assert_eq!(brought.code, Some(0), "{brought:?}");
    assert!(brought.stderr.contains("it was moved to"), "{brought:?}");
    assert_eq!(words(&there, "s1"), words(&here, "s1"));
}
