//! Finds the terminal pane of a process.

use std::path::Path;

use agent_baton_core::pane::Pane;

use super::environment::Environment;
use super::process_stat::ProcessStat;
use super::{ProcessLookup, System};

/// The maximum length of a tmux socket path, which the kernel limits.
const MAX_SOCKET_PATH_BYTES: usize = 108;

/// The maximum length of a zellij session name, in bytes.
const MAX_SESSION_NAME_BYTES: usize = 128;

/// The maximum number of digits in a pane's number.
const MAX_PANE_DIGITS: usize = 10;

/// Returns the pane of a process: the one that its environment names, if that can be so, otherwise its terminal.
///
/// A variable is inherited by everything that is started from a pane: a background worker, an editor, a process that
/// outlives its tmux server. So the pane's terminal is compared with the terminal of the process.
#[must_use]
pub fn find_pane(system: &dyn System, environment: &dyn Environment, process: &ProcessStat) -> Pane {
    match inherited_pane(environment, process) {
        Pane::Tmux { server, pane } => match tmux_pane_terminal(system, environment, &server, &pane) {
            PaneTerminal::Is(tty) if tty != process.tty => terminal(process),
            PaneTerminal::Missing => terminal(process),
            PaneTerminal::Is(_) | PaneTerminal::Unknown => Pane::Tmux { server, pane },
        },
        Pane::Zellij { .. } if process.tty == 0 => Pane::Unknown,
        pane => pane,
    }
}

/// Returns the pane that the environment of a process names, tmux before zellij, otherwise its terminal. It reads nothing.
#[must_use]
pub fn inherited_pane(environment: &dyn Environment, process: &ProcessStat) -> Pane {
    tmux(environment).or_else(|| zellij(environment)).unwrap_or_else(|| terminal(process))
}

fn terminal(process: &ProcessStat) -> Pane {
    process.tty_name().map_or(Pane::Unknown, |tty| Pane::Tty { tty })
}

/// What `/proc` shows of the terminal of a pane.
enum PaneTerminal {
    /// Its number, as in [`ProcessStat::tty`].
    Is(u32),
    /// There is no such pane.
    Missing,
    /// It cannot be told.
    Unknown,
}

/// Looks for the pane among the children of the tmux server whose pid `TMUX` holds. No event may start tmux to ask it.
fn tmux_pane_terminal(system: &dyn System, environment: &dyn Environment, socket: &str, pane: &str) -> PaneTerminal {
    let Some(server) = environment.get("TMUX").and_then(|value| value.split(',').nth(1)?.parse().ok()) else {
        return PaneTerminal::Unknown;
    };
    match system.process(server) {
        ProcessLookup::Found(stat) if stat.comm.starts_with("tmux") => {}
        // The socket may serve a new server, with new panes of the same numbers.
        ProcessLookup::Gone if Path::new(socket).exists() => return PaneTerminal::Missing,
        ProcessLookup::Found(_) | ProcessLookup::Gone | ProcessLookup::Unreadable => return PaneTerminal::Unknown,
    }
    let Some(children) = system.children(server) else { return PaneTerminal::Unknown };
    let mut found = PaneTerminal::Missing;
    for child in children {
        match (system.variable(child, "TMUX_PANE"), system.process(child)) {
            (Some(of_child), ProcessLookup::Found(stat)) if of_child == pane => return PaneTerminal::Is(stat.tty),
            (Some(_), _) => {}
            // A job of the server, or a program whose environment cannot be read: this may be the pane.
            (None, _) => found = PaneTerminal::Unknown,
        }
    }
    found
}

fn tmux(environment: &dyn Environment) -> Option<Pane> {
    let pane = environment.get("TMUX_PANE")?;
    let server = environment.get("TMUX")?.split(',').next()?.to_owned();
    let known = is_number(pane.strip_prefix('%')?) && server.starts_with('/') && server.len() <= MAX_SOCKET_PATH_BYTES;
    known.then_some(Pane::Tmux { server, pane })
}

fn zellij(environment: &dyn Environment) -> Option<Pane> {
    let session = environment.get("ZELLIJ_SESSION_NAME")?;
    let pane = environment.get("ZELLIJ_PANE_ID")?;
    (is_number(&pane) && session.len() <= MAX_SESSION_NAME_BYTES).then_some(Pane::Zellij { session, pane })
}

fn is_number(text: &str) -> bool {
    (1..=MAX_PANE_DIGITS).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::process_stat;

    fn check(variables: &[(&str, &str)], tty: u32, expected: &str) {
        let process = process_stat::fixture(1, "claude", tty);
        let found = match inherited_pane(&variables, &process) {
            Pane::Tmux { server, pane } => format!("tmux {server} {pane}"),
            Pane::Zellij { session, pane } => format!("zellij {session} {pane}"),
            Pane::Tty { tty } => tty,
            Pane::Unknown => "unknown".to_owned(),
        };
        assert_eq!(found, expected, "{variables:?}");
    }

    #[test]
    fn panes_come_from_the_multiplexer_else_the_terminal() {
        const TMUX: (&str, &str) = ("TMUX", "/run/tmux/tmux-0/a,16238,0");
        const ZELLIJ: [(&str, &str); 2] = [("ZELLIJ_SESSION_NAME", "work"), ("ZELLIJ_PANE_ID", "3")];
        check(&[TMUX, ("TMUX_PANE", "%0")], 34_816, "tmux /run/tmux/tmux-0/a %0");
        check(&[TMUX, ("TMUX_PANE", "%12"), ZELLIJ[0], ZELLIJ[1]], 0, "tmux /run/tmux/tmux-0/a %12");
        check(&ZELLIJ, 34_816, "zellij work 3");
        check(&[], 34_819, "pts/3");
        check(&[], 0, "unknown");
        // A malformed variable is ignored and does not hide a valid one.
        check(&[TMUX], 34_819, "pts/3");
        check(&[("TMUX_PANE", "%0")], 34_819, "pts/3");
        check(&[TMUX, ("TMUX_PANE", "0")], 34_819, "pts/3");
        check(&[TMUX, ("TMUX_PANE", "%")], 34_819, "pts/3");
        check(&[TMUX, ("TMUX_PANE", "%0;kill-server")], 34_819, "pts/3");
        check(&[TMUX, ("TMUX_PANE", "%12345678901")], 34_819, "pts/3");
        check(&[("TMUX", ""), ("TMUX_PANE", "%0")], 34_819, "pts/3");
        check(&[("TMUX", "socket,1,0"), ("TMUX_PANE", "%0")], 34_819, "pts/3");
        check(&[ZELLIJ[0], ("ZELLIJ_PANE_ID", "x")], 0, "unknown");
        let long = format!("/{}", "x".repeat(5000));
        check(&[("TMUX", &long), ("TMUX_PANE", "%0")], 0, "unknown");
    }
}
