//! Finds the terminal pane of a process.

use agent_baton_core::pane::Pane;

use super::environment::Environment;
use super::process_stat::ProcessStat;

/// The maximum length of a tmux socket path, which the kernel limits.
const MAX_SOCKET_PATH_BYTES: usize = 108;

/// The maximum length of a zellij session name, in bytes.
const MAX_SESSION_NAME_BYTES: usize = 128;

/// The maximum number of digits in a pane's number.
const MAX_PANE_DIGITS: usize = 10;

/// Returns the pane of a process according to its environment: tmux first, then zellij, then its terminal.
#[must_use]
pub fn find_pane(environment: &dyn Environment, process: &ProcessStat) -> Pane {
    tmux(environment)
        .or_else(|| zellij(environment))
        .or_else(|| process.tty_name().map(|tty| Pane::Tty { tty }))
        .unwrap_or(Pane::Unknown)
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

    fn check(variables: &[(&str, &str)], tty: u32, expected: &str) {
        let process = ProcessStat { pid: 1, comm: "claude".to_owned(), ended: false, parent: 0, tty, start: 1 };
        let found = match find_pane(&variables, &process) {
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
