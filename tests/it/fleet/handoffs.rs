//! A session goes to another machine, and comes back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use agent_baton_core::agent::Agent;
use agent_baton_tests::account::Account;
use agent_baton_tests::conversation::words;
use agent_baton_tests::scratch::Output;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Window, skip};
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::json;

use super::{owned, owner, resume};

/// Returns the transcript of session s1 on a machine.
fn transcript(machine: &Machine) -> PathBuf {
    let sessions = machine.scratch.state().sessions();
    let session = sessions.iter().find(|kept| kept.record.id.as_str() == "s1").unwrap();
    session.record.transcript.clone().unwrap().into()
}

/// Where the agents of the tests say that their transcript is.
fn agents_transcript(machine: &Machine) -> PathBuf {
    machine.scratch.home().join("work/s1.jsonl")
}

fn append(path: &Path, text: &str) {
    let before = fs::read_to_string(path).unwrap_or_default();
    fs::write(path, format!("{before}{}\n", json!({"type": "user", "text": text}))).unwrap();
}

fn done(output: Output) -> String {
    assert_eq!(output.code, Some(0), "{output:?}");
    output.stdout + &output.stderr
}

fn keep_messages(machine: &Machine) {
    let path = machine.scratch.home().join(".config/baton/config.toml");
    let before = fs::read_to_string(&path).unwrap();
    fs::write(path, format!("messages = \"all\"\n{before}")).unwrap();
}

#[test]
fn a_session_that_comes_back_again_and_again_is_whole_and_nothing_is_there_again() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    [&a, &b].into_iter().for_each(keep_messages);
    let mut said = vec!["prompt: words".to_owned()];
    let mut lines = String::new();
    let mut turn = |window: &mut Window<'_>, machine: &Machine, text: &str| {
        window.turn("s1", text, "answered");
        said.extend([format!("prompt: {text}"), "answer: answered".to_owned()]);
        append(&agents_transcript(machine), text);
        lines.push_str(text);
        assert_eq!(words(&machine.scratch, "s1"), said, "{text}");
        let saved = fs::read_to_string(machine.scratch.state_dir().join("conversations/s1/saved.jsonl"));
        let saved = saved.unwrap_or_default();
        let saved: Vec<&str> = saved.lines().filter(|line| !line.is_empty()).collect();
        let distinct: std::collections::BTreeSet<&str> = saved.iter().copied().collect();
        assert_eq!(distinct.len(), saved.len(), "{saved:?}");
    };
    let mut window = owner(&a);
    turn(&mut window, &a, "on the first machine");
    drop(window);
    let mut fence = 1;
    for (from, to, text) in [(&a, &b, "there"), (&b, &a, "back"), (&a, &b, "there again"), (&b, &a, "and back again")] {
        done(from.baton(["handoff", "s1"]));
        let told = done(to.baton(["pickup", "s1"]));
        assert!(told.contains("with 1 run") && told.contains("resume"), "{told}");
        let moved = fs::read(transcript(to)).unwrap();
        assert_eq!(moved, fs::read(agents_transcript(from)).unwrap(), "{text}");
        // The agents of the tests have their transcripts in another place.
        fs::write(agents_transcript(to), moved).unwrap();
        let mut window = Window::open(&to.scratch, Agent::Claude, "%2");
        let told = resume(&mut window);
        fence += 2;
        assert_eq!(owned(to, &window), (fence, true), "{text}: {told}");
        let refused = from.baton(["run", "verify", "demo", "--fence", &(fence - 1).to_string()]);
        assert_eq!(refused.code, Some(3), "{refused:?}");
        turn(&mut window, to, text);
    }
    let row = fleet.sql("select count(*) over (), fence, status, jsonb_array_length(record->'history') from baton.run");
    assert_eq!(row.trim(), format!("1|{fence}|active|{}", fence - 1));
    for machine in [&a, &b] {
        machine.witness();
        let state = machine.scratch.state();
        assert_eq!(state.sessions().len(), 1);
        assert_eq!(machine.run().fence.0, fence);
        state.check_records();
    }
}

#[test]
fn the_command_of_a_loop_that_moved_needs_the_approval_of_this_machines_user_again() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let (Some(account_a), Some(account_b)) = (Account::new(&a.scratch), Account::new(&b.scratch)) else { return };
    let mut window = Window::open(&a.scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    let typed = account_a
        .types("run start demo --fleet --loop --prompt 'Do the next part.' --session s1 --done-when 'echo tried >> tries; false'");
    assert_eq!(typed.code, Some(0), "{typed:?}");
    append(&agents_transcript(&a), "one");
    drop(window);
    done(a.baton(["handoff", "s1"]));
    let approved = b.scratch.home().join(".local/share/baton/approved");
    let approvals = || fs::read_dir(&approved).map_or(0, Iterator::count);
    let stops = |expected: bool, message: &str| {
        fs::copy(transcript(&b), agents_transcript(&b)).unwrap();
        let window = Window::open(&b.scratch, Agent::Claude, "%2");
        let call = |window: &mut Window<'_>, event: &str, fields: serde_json::Value| {
            let run = window.call("s1", window.payload(event, "s1", &fields).to_string());
            let ended = window.process.run(account_b.of(run));
            assert_eq!(ended.code, Some(0), "{ended:?}");
            ended.stdout
        };
        let mut window = window;
        call(&mut window, "SessionStart", json!({"source": "resume", "message": message}));
        call(&mut window, "UserPromptSubmit", json!({"prompt": message}));
        let told = call(&mut window, "Stop", json!({"last_assistant_message": message, "stop_hook_active": false}));
        assert_eq!(told.contains("\"block\""), expected, "{told}");
        assert_eq!(b.scratch.home().join("work/tries").exists(), expected, "{told}");
        told
    };
    // A "no" and an end of the input approve nothing.
    for answer in ["n\n", ""] {
        let typed = account_b.answers("pickup s1", answer);
        assert_eq!(typed.code, Some(0), "{typed:?}");
        assert!(typed.stdout.contains("echo tried >> tries; false"), "the user sees the command: {typed:?}");
        assert!(typed.stdout.contains("you have not approved"), "{typed:?}");
        assert_eq!(approvals(), 0);
    }
    let told = stops(false, "without approval");
    assert!(told.contains("paused"), "{told}");
    let typed = account_b.answers("run continue demo", "");
    assert!(typed.code.is_some(), "{typed:?}");
    done(b.baton(["handoff", "s1"]));
    done(a.baton(["pickup", "s1"]));
    done(a.baton(["handoff", "s1"]));
    let typed = account_b.answers("pickup s1", "y\n");
    assert_eq!(typed.code, Some(0), "{typed:?}");
    assert_eq!(approvals(), 1, "{typed:?}");
    // A second pickup has nothing to ask.
    let again = account_b.answers("pickup s1", "");
    assert!(again.code == Some(0) && !again.stdout.contains("Approve"), "{again:?}");
}

#[test]
fn a_pickup_starts_the_agent_in_tmux() {
    let Some(fleet) = Fleet::new() else { return };
    if !Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success()) {
        return skip("tmux is not there");
    }
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    drop(owner(&a));
    append(&agents_transcript(&a), "one");
    done(a.baton(["handoff", "s1"]));
    let root = b.scratch.root();
    let (scripts, log) = (root.join("scripts"), root.join("started"));
    fs::create_dir(&scripts).unwrap();
    let script = format!("#!/bin/sh\necho \"$@\" in \"$PWD\" >> {}\nexec sleep 1000\n", log.display());
    fs::write(scripts.join("claude"), script).unwrap();
    fs::set_permissions(scripts.join("claude"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", scripts.display());
    let pick_up = |words: &[&str]| {
        let call = b.scratch.baton(words.iter().copied());
        call.env("PATH", &path).env("TMUX_TMPDIR", root).run()
    };
    let told = done(pick_up(&["pickup", "s1", "--tmux"]));
    assert!(told.contains("session s1 is resumed in pane"), "{told}");
    let begun = std::time::Instant::now();
    while !log.exists() {
        assert!(begun.elapsed().as_secs() < 60, "{told}");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    let started = fs::read_to_string(&log).unwrap();
    assert_eq!(started, format!("--resume s1 in {}\n", b.scratch.home().join("work").display()));
    // It is open already, so no second agent is started.
    let again = pick_up(&["pickup", "s1", "--tmux"]);
    assert_eq!(again.code, Some(3), "{again:?}");
    assert_eq!(fs::read_to_string(&log).unwrap(), started);
    let directory = root.join(format!("tmux-{}", nix::unistd::geteuid()));
    for socket in fs::read_dir(directory).unwrap().flatten() {
        let ended = Command::new("tmux").arg("-S").arg(socket.path()).arg("kill-server").status().unwrap();
        assert!(ended.success());
    }
}

#[test]
fn the_first_contact_after_a_reboot_replaces_the_token() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    drop(owner(&a));
    append(&agents_transcript(&a), "one");
    for (machine, words) in [(&a, "handoff s1"), (&b, "pickup s1"), (&a, "handoff s1 --cancel")] {
        machine.edit_fleet_file("membership.json", |membership| membership["boot"] = json!("the boot before"));
        let before = machine.fleet_file("membership.json")["token"].clone();
        // The last one is refused, because the other machine has the session.
        let ended = machine.baton(words.split(' '));
        assert!(matches!(ended.code, Some(0 | 3)), "{words}: {ended:?}");
        let membership = machine.fleet_file("membership.json");
        assert!(membership["boot"] != "the boot before" && membership["token"] != before, "{words}: {membership}");
        assert!(membership.get("next_token").is_none(), "{words}");
        machine.witness();
    }
}
