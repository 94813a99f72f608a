//! Which process gets what is typed. A process is its pid, parent, group, terminal and foreground group.

use agent_baton_core::fixtures;
use agent_baton_core::pane::Pane;
use agent_baton_core::timestamp::Timestamp;

use super::*;
use crate::lock_table::LockTable;
use crate::process_stat;
use crate::{CurrentProcess, SystemError};

const TTY: u32 = 34_819;
const OTHER_TTY: u32 = 34_820;

/// Processes as data: name, pid, parent, group, terminal, foreground group, and whether each reads the terminal.
struct Processes(Vec<(&'static str, u32, u32, u32, u32, u32, bool)>);

impl System for Processes {
    fn current_process(&self) -> Result<CurrentProcess, SystemError> {
        Ok(crate::fake_system::current_process())
    }
    fn now(&self, _: &HostId) -> Timestamp {
        fixtures::stamp(0)
    }
    fn process(&self, pid: u32) -> ProcessLookup {
        let Some((name, _, parent, group, tty, foreground, _)) = self.0.iter().find(|it| it.1 == pid) else {
            return ProcessLookup::Gone;
        };
        let start = fixtures::process(pid).start;
        let own = process_stat::fixture(pid, name, *tty);
        let start = if pid == 9 { start } else { 1 };
        ProcessLookup::Found(ProcessStat {
            parent: *parent,
            group: *group,
            foreground: Some(*foreground),
            start,
            ..own
        })
    }
    fn pids(&self) -> Option<Vec<u32>> {
        Some(self.0.iter().map(|it| it.1).collect())
    }
    fn arguments(&self, _: u32) -> Option<Vec<Vec<u8>>> {
        None
    }
    fn program_file(&self, _: u32) -> Option<String> {
        None
    }
    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        let value = match name {
            "ZELLIJ_PANE_ID" => "3",
            _ => "work",
        };
        (pid == 8).then(|| value.to_owned())
    }
    fn children(&self, _: u32) -> Option<Vec<u32>> {
        None
    }
    fn reads_terminal(&self, pid: u32) -> Option<bool> {
        self.0.iter().find(|it| it.1 == pid).map(|it| it.6)
    }
    fn lock_table(&self) -> Option<LockTable> {
        None
    }
}

/// Returns `ok`, or the word of the error, for the agent with pid 9.
fn check(processes: Vec<(&'static str, u32, u32, u32, u32, u32, bool)>, pane: &str) -> &'static str {
    let pane = match pane.split_once(' ') {
        Some((session, pane)) => Pane::Zellij { session: session.to_owned(), pane: pane.to_owned() },
        None => Pane::Tty { tty: pane.to_owned() },
    };
    match check_foreground(&Processes(processes), &fixtures::place(), &fixtures::process(9), &pane) {
        Ok(()) => "ok",
        Err(ForegroundError::Ended { .. }) => "ended",
        Err(ForegroundError::Unreadable { .. }) => "unreadable",
        Err(ForegroundError::Background { .. }) => "background",
        Err(ForegroundError::Child { .. }) => "child",
        Err(ForegroundError::OtherTerminal { .. }) => "other terminal",
        Err(ForegroundError::NoMultiplexer { .. }) => "no multiplexer",
        Err(ForegroundError::Multiplexer(_)) => "multiplexer",
    }
}

#[test]
fn only_a_process_that_alone_reads_the_pane_gets_the_text() {
    let server = ("zellij", 7, 1, 7, 0, 0, false);
    let shell = ("bash", 8, 7, 8, TTY, 9, true);
    let agent = ("claude", 9, 8, 9, TTY, 9, true);
    for (what, processes, pane, expected) in [
        ("it is alone", vec![server, shell, agent], "work 3", "ok"),
        ("it is gone", vec![server, shell], "work 3", "ended"),
        ("it is stopped", vec![server, shell, ("claude", 9, 8, 9, TTY, 8, true)], "work 3", "background"),
        ("an editor", vec![server, shell, agent, ("vim", 10, 9, 9, TTY, 9, true)], "work 3", "child"),
        ("a server of tools", vec![server, shell, agent, ("node", 10, 9, 9, TTY, 9, false)], "work 3", "ok"),
        ("a tool in its own group", vec![server, shell, agent, ("sh", 10, 9, 10, TTY, 9, true)], "work 3", "ok"),
        (
            "a launcher in its group",
            vec![server, shell, ("node", 6, 8, 6, TTY, 6, true), ("claude", 9, 6, 6, TTY, 6, true)],
            "work 3",
            "ok",
        ),
        ("another pane", vec![server, shell, agent], "work 4", "other terminal"),
        ("another session", vec![server, shell, agent], "home 3", "other terminal"),
        ("no zellij above", vec![("sshd", 7, 1, 7, 0, 0, false), shell, agent], "work 3", "other terminal"),
        (
            "a terminal within the pane",
            vec![server, shell, ("script", 6, 8, 6, TTY, 6, true), ("claude", 9, 6, 9, OTHER_TTY, 9, true)],
            "work 3",
            "other terminal",
        ),
        ("no terminal", vec![server, ("claude", 9, 7, 9, 0, 9, true)], "work 3", "no multiplexer"),
        ("a terminal alone", vec![shell, agent], "pts/3", "no multiplexer"),
        (
            "a terminal alone that an editor reads",
            vec![agent, ("vim", 10, 9, 9, TTY, 9, true)],
            "pts/3",
            "no multiplexer",
        ),
    ] {
        assert_eq!(check(processes, pane), expected, "{what}");
    }
}
