//! What the variables prove with which processes were started. The process in question has pid 9.

use agent_baton_core::agent::Agent;
use agent_baton_core::fixtures;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::HostId;
use agent_baton_core::timestamp::Timestamp;

use crate::{AgentInspector, PaneError};
use baton_system::lock_table::LockTable;
use baton_system::process_stat::ProcessStat;
use baton_system::{CurrentProcess, ProcessLookup, System, SystemError, fake_system};

type Variables = &'static [(&'static str, &'static str)];

/// Processes as data: name, pid, parent, and the variables of each.
struct Processes(Vec<(&'static str, u32, u32, Variables)>);

impl System for Processes {
    fn current_process(&self) -> Result<CurrentProcess, SystemError> {
        Ok(fake_system::current_process())
    }
    fn now(&self, _: &HostId) -> Timestamp {
        fixtures::stamp(0)
    }
    fn process(&self, pid: u32) -> ProcessLookup {
        let Some((name, _, parent, _)) = self.0.iter().find(|it| it.1 == pid) else { return ProcessLookup::Gone };
        let ProcessLookup::Found(agent) = fake_system::agent(pid, false) else { return ProcessLookup::Gone };
        let start = if pid == 9 { agent.start } else { 1 };
        ProcessLookup::Found(ProcessStat { comm: (*name).to_owned(), parent: *parent, start, ..agent })
    }
    fn pids(&self) -> Option<Vec<u32>> {
        None
    }
    fn arguments(&self, _: u32) -> Option<Vec<Vec<u8>>> {
        None
    }
    fn program_file(&self, _: u32) -> Option<String> {
        None
    }
    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        let variables = self.0.iter().find(|it| it.1 == pid)?.3;
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    }
    fn children(&self, _: u32) -> Option<Vec<u32>> {
        None
    }
    fn reads_terminal(&self, _: u32) -> Option<bool> {
        None
    }
    fn lock_table(&self) -> Option<LockTable> {
        None
    }
}

const IN_A: Variables = &[("TMUX", "/run/a,1,0"), ("TMUX_PANE", "%1")];
const IN_B: Variables = &[("TMUX", "/run/b,1,0"), ("TMUX_PANE", "%1")];
const NOWHERE: Variables = &[];

#[test]
fn a_pane_is_proved_by_the_process_and_each_agent_above_it() {
    let in_a = Pane::Tmux { server: "/run/a".into(), pane: "%1".into() };
    let in_zellij = Pane::Zellij { session: "work".into(), pane: "1".into() };
    let zellij: Variables = &[("ZELLIJ_SESSION_NAME", "work"), ("ZELLIJ_PANE_ID", "1")];
    for (what, processes, pane, expected) in [
        ("its own", vec![("claude", 9, 1, IN_A)], &in_a, "ok"),
        ("a shell above it", vec![("sh", 8, 1, NOWHERE), ("claude", 9, 8, IN_A)], &in_a, "ok"),
        ("in an agent of the same", vec![("codex", 8, 1, IN_A), ("claude", 9, 8, IN_A)], &in_a, "ok"),
        ("another server", vec![("claude", 9, 1, IN_B)], &in_a, "9"),
        ("none", vec![("claude", 9, 1, NOWHERE)], &in_a, "9"),
        ("zellij", vec![("claude", 9, 1, zellij)], &in_zellij, "ok"),
        ("another multiplexer", vec![("claude", 9, 1, IN_A)], &in_zellij, "9"),
        ("a tool of an agent elsewhere", vec![("codex", 8, 1, IN_B), ("sh", 9, 8, IN_A)], &in_a, "8"),
        (
            "deep in an agent elsewhere",
            vec![("claude", 6, 1, NOWHERE), ("sh", 7, 6, IN_A), ("sh", 8, 7, IN_A), ("claude", 9, 8, IN_A)],
            &in_a,
            "6",
        ),
        ("gone", vec![], &in_a, "ended"),
        ("a terminal alone", vec![], &Pane::Unknown, "ok"),
    ] {
        let (system, here, none) = (Processes(processes), fake_system::current_process(), [].as_slice());
        let found = match AgentInspector::new(&system, &none, &here).check_pane(&fixtures::process(9), pane) {
            Ok(()) => "ok".to_owned(),
            Err(PaneError::Ended { .. }) => "ended".to_owned(),
            Err(PaneError::Unexamined { .. }) => "unexamined".to_owned(),
            Err(PaneError::OnlyHooks { pid, .. }) => pid.to_string(),
        };
        assert_eq!(found, expected, "{what}");
    }
}

#[test]
fn a_profile_is_proved_by_the_process_and_each_agent_above_it() {
    let mine: Variables = &[("CLAUDE_CONFIG_DIR", "/mine")];
    let other: Variables = &[("CLAUDE_CONFIG_DIR", "/other"), ("CODEX_HOME", "/mine")];
    for (what, processes, expected) in [
        ("its own", vec![("claude", 9, 1, mine)], Some("/mine")),
        ("the default", vec![("claude", 9, 1, NOWHERE)], None),
        ("another agent's", vec![("claude", 9, 1, &[("CODEX_HOME", "/mine")] as Variables)], None),
        ("no path", vec![("claude", 9, 1, &[("CLAUDE_CONFIG_DIR", "mine")])], None),
        ("a shell above it", vec![("sh", 8, 1, NOWHERE), ("claude", 9, 8, mine)], Some("/mine")),
        ("in an agent of the same", vec![("claude", 8, 1, mine), ("claude", 9, 8, mine)], Some("/mine")),
        ("a tool of an agent", vec![("claude", 8, 1, NOWHERE), ("claude", 9, 8, mine)], None),
        ("a tool of another agent", vec![("codex", 7, 1, other), ("sh", 8, 7, mine), ("claude", 9, 8, mine)], None),
    ] {
        let (system, here, none) = (Processes(processes), fake_system::current_process(), [].as_slice());
        let ProcessLookup::Found(stat) = system.process(9) else { panic!("{what}") };
        let found = AgentInspector::new(&system, &none, &here).proved_home(Agent::Claude, &stat);
        assert_eq!(found.as_deref(), expected, "{what}");
    }
}
