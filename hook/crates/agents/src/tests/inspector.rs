use std::fs;

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::{LockState, ProcessState};
use agent_baton_core::session::{Launch, Session};
use agent_baton_core::timestamp::Timestamp;
use fs2::FileExt;

use super::raw;
use super::tree::Tree;
use crate::*;
use baton_system::{CurrentSystem, ProcessLookup, System};

const TMUX: [(&str, &str); 2] = [("TMUX", "/run/tmux/a,1,0"), ("TMUX_PANE", "%3")];

fn tmux_pane() -> Pane {
    Pane::Tmux { server: "/run/tmux/a".to_owned(), pane: "%3".to_owned() }
}

/// Checks the pane of a Codex event before and after `enrich_event`, for a process without a terminal.
fn check_pane(names: &[&str], expected: &Pane) {
    let tree = Tree::start(names);
    let mut stat = tree.stat(0);
    stat.tty = 0;
    let (here, variables) = (tree.here(), TMUX.as_slice());
    let inspector = AgentInspector::new(&CurrentSystem, &variables, &here);
    let raw = raw(r#"{"hook_event_name":"Stop","session_id":"s1"}"#);
    let said = spec(Agent::Codex).parse(&raw).unwrap();
    let mut event = inspector.build_event(Agent::Codex, &raw, said, Some(&stat));
    assert_eq!(event.pane, Pane::Unknown, "{names:?}, at first");
    inspector.enrich_event(&mut event, Some(&stat));
    assert_eq!(event.pane, *expected, "{names:?}");
    stat.tty = 34_816;
    let said = spec(Agent::Codex).parse(&raw).unwrap();
    assert_eq!(
        inspector.build_event(Agent::Codex, &raw, said, Some(&stat)).pane,
        tmux_pane(),
        "{names:?}, with a terminal"
    );
}

#[test]
fn a_daemon_has_the_pane_of_another() {
    check_pane(&["codex", "sh"], &tmux_pane());
    check_pane(&["codex", "app-server"], &Pane::Unknown);
}

#[test]
fn an_event_gets_its_project_its_context_and_its_lock() {
    let home = tempfile::tempdir().unwrap();
    let base = fs::canonicalize(home.path()).unwrap();
    let at = |path: &str| base.join(path).to_str().unwrap().to_owned();
    fs::create_dir_all(base.join("repo/.git")).unwrap();
    fs::create_dir_all(base.join("repo/src")).unwrap();
    fs::create_dir_all(base.join("thread-writer-locks")).unwrap();
    fs::write(base.join("repo/.git/HEAD"), "ref: x").unwrap();
    fs::write(base.join("t.jsonl"), "{}").unwrap();
    let lock = fs::File::create(base.join("thread-writer-locks/s1.lock")).unwrap();
    let (here, codex_home) = (CurrentSystem.current_process().unwrap(), at(""));
    let variables = [("CODEX_HOME", codex_home.as_str())];
    let variables = variables.as_slice();
    let ProcessLookup::Found(own) = CurrentSystem.process(std::process::id()) else { panic!() };
    let text = format!(
        r#"{{"hook_event_name":"SessionStart","session_id":"s1","cwd":"{}","transcript_path":"{}"}}"#,
        at("repo/src"),
        at("t.jsonl")
    );
    let raw = raw(&text);
    let enriched = |held: bool| {
        if held {
            FileExt::lock_exclusive(&lock).unwrap();
        }
        let inspector = AgentInspector::new(&CurrentSystem, &variables, &here);
        let said = spec(Agent::Codex).parse(&raw).unwrap();
        let mut event = inspector.build_event(Agent::Codex, &raw, said, Some(&own));
        assert_eq!((event.project.as_ref(), event.has_context, event.lock.as_ref()), (None, false, None));
        assert_eq!((event.hook_start_ms, event.digest.as_str()), (here.start_ms, raw.digest().as_str()));
        inspector.enrich_event(&mut event, Some(&own));
        event
    };
    let event = enriched(false);
    assert_eq!((event.project, event.has_context, event.lock), (Some(at("repo")), true, None));
    assert_eq!(enriched(true).lock, Some(at("thread-writer-locks/s1.lock")));
}

fn session(agent: Agent, launch: Launch) -> Session {
    let stamp = Timestamp { unix_ms: 0, boot: String::new(), boot_ms: 0 };
    Session { revision: 1, launches: vec![launch], ..Session::new(agent, "s1".parse().unwrap(), &stamp) }
}

#[test]
fn a_probe_shows_the_process_its_file_and_its_lock() {
    let tree = Tree::start(&["claude", "sh"]);
    let here = tree.here();
    let process = baton_system::identity(&tree.stat(0), &here.place);
    fs::create_dir(tree.dir.path().join("sessions")).unwrap();
    let file = format!(r#"{{"pid":{},"sessionId":"other","procStart":"{}"}}"#, process.pid, process.start);
    fs::write(tree.dir.path().join(format!("sessions/{}.json", process.pid)), file).unwrap();
    let lock = tree.dir.path().join("s1.lock").to_str().unwrap().to_owned();
    fs::write(&lock, "").unwrap();
    let variables = [("CLAUDE_CONFIG_DIR", tree.dir.path().to_str().unwrap())];
    let variables = variables.as_slice();
    let inspector = AgentInspector::new(&CurrentSystem, &variables, &here);

    let check = |agent, change: &dyn Fn(&mut Launch), expected: (ProcessState, Option<&str>, LockState)| {
        let started = Timestamp { unix_ms: 0, boot: String::new(), boot_ms: 0 };
        let mut launch = Launch {
            process: process.clone(),
            pane: Pane::Unknown,
            source: None,
            started,
            ended: None,
            lock: None,
            program: None,
            home: None,
            iteration_of: None,
        };
        change(&mut launch);
        let session = session(agent, launch);
        let probe = inspector.probe(&session, &session.launches[0]);
        assert_eq!((&probe.session, &probe.process), (&session.id, &session.launches[0].process));
        assert_eq!((probe.state, probe.shows.as_ref().map(SessionId::as_str), probe.lock), expected, "{session:?}");
    };
    let (claude, codex) = (Agent::Claude, Agent::Codex);
    check(claude, &|_| {}, (ProcessState::Running, Some("other"), LockState::None));
    check(claude, &|launch| launch.process.start += 1, (ProcessState::Reused, None, LockState::None));
    check(claude, &|launch| launch.process.boot.clear(), (ProcessState::Unreadable, None, LockState::None));
    check(codex, &|_| {}, (ProcessState::Running, None, LockState::None));
    check(codex, &|launch| launch.lock = Some(lock.clone()), (ProcessState::Running, None, LockState::Released));
    let elsewhere = |launch: &mut Launch| {
        launch.lock = Some(lock.clone());
        launch.process.machine.clear();
    };
    check(codex, &elsewhere, (ProcessState::Unreadable, None, LockState::Unreadable));
}
