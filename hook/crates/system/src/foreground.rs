//! Proves that what is typed into a pane reaches a certain process, and no other.

use agent_baton_core::pane::Pane;
use agent_baton_core::process::{HostId, Process, ProcessState};

use super::ancestry::{MAX_COMMAND_ANCESTORS, ancestors_from};
use super::multiplexer::{MultiplexerError, Tmux};
use super::process_stat::ProcessStat;
use super::process_state::process_state;
use super::{ProcessLookup, System};

/// Why it is not proved.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum ForegroundError {
    /// The process is gone, or its pid belongs to another one.
    #[error("pid {pid} has ended")]
    Ended { pid: u32 },
    /// It cannot be looked at.
    #[error("baton cannot look at pid {pid}, so it cannot tell what would read the text")]
    Unreadable { pid: u32 },
    /// It is in the background, or it is stopped: a shell or another program reads the terminal.
    #[error("pid {pid} is not in the foreground of its terminal: {foreground} is")]
    Background { pid: u32, foreground: String },
    /// It started a program that reads its terminal, such as an editor.
    #[error("pid {child} ({name}) may read the terminal of pid {pid}")]
    Child { pid: u32, child: u32, name: String },
    /// The pane that was recorded is another terminal by now.
    #[error("pid {pid} is on {own}, and the pane is {pane}")]
    OtherTerminal { pid: u32, own: String, pane: String },
    /// Nothing can type into its pane.
    #[error("no terminal multiplexer that baton can type into manages the pane of pid {pid}")]
    NoMultiplexer { pid: u32 },
    /// The multiplexer does not answer.
    #[error(transparent)]
    Multiplexer(#[from] MultiplexerError),
}

/// Checks that this very process is in the foreground of its terminal, that the pane is that terminal, and that nothing
/// else reads from it.
///
/// # Errors
/// Returns a [`ForegroundError`] if it is not so, or if it cannot be proved.
pub fn check_foreground(
    system: &dyn System,
    here: &HostId,
    process: &Process,
    pane: &Pane,
) -> Result<(), ForegroundError> {
    let pid = process.pid;
    if matches!(pane, Pane::Tty { .. } | Pane::Unknown) {
        return Err(ForegroundError::NoMultiplexer { pid });
    }
    match process_state(process, here, |pid| system.process(pid)) {
        ProcessState::Running => {}
        ProcessState::Gone | ProcessState::Reused | ProcessState::Zombie => return Err(ForegroundError::Ended { pid }),
        ProcessState::Unreadable => return Err(ForegroundError::Unreadable { pid }),
    }
    let stat = match system.process(pid) {
        ProcessLookup::Found(stat) if stat.start == process.start => stat,
        ProcessLookup::Found(_) | ProcessLookup::Gone => return Err(ForegroundError::Ended { pid }),
        ProcessLookup::Unreadable => return Err(ForegroundError::Unreadable { pid }),
    };
    let own = stat.tty_name().ok_or(ForegroundError::NoMultiplexer { pid })?;
    check_group(system, &stat)?;
    let terminal = match pane {
        Pane::Tmux { server, pane } => Tmux::with_socket(server).terminal(pane)?,
        Pane::Zellij { session, pane } if is_zellij_pane(system, &stat, session, pane) => own.clone(),
        Pane::Zellij { .. } => "not provably that terminal".to_owned(),
        Pane::Tty { .. } | Pane::Unknown => return Err(ForegroundError::NoMultiplexer { pid }),
    };
    if terminal == own { Ok(()) } else { Err(ForegroundError::OtherTerminal { pid, own, pane: terminal }) }
}

/// Checks that the group of a process is in the foreground, and that no other process of the group reads the terminal
/// but those that started it.
fn check_group(system: &dyn System, stat: &ProcessStat) -> Result<(), ForegroundError> {
    let pid = stat.pid;
    if stat.foreground != Some(stat.group) {
        let name = |pid| match system.process(pid) {
            ProcessLookup::Found(other) => format!("pid {pid} ({})", other.comm),
            ProcessLookup::Gone | ProcessLookup::Unreadable => format!("pid {pid}"),
        };
        let foreground = stat.foreground.map_or_else(|| "nothing".to_owned(), name);
        return Err(ForegroundError::Background { pid, foreground });
    }
    let pids = system.pids().ok_or(ForegroundError::Unreadable { pid })?;
    let above: Vec<u32> =
        ancestors_from(system, stat.parent, stat.start, MAX_COMMAND_ANCESTORS).map(|above| above.pid).collect();
    for other in pids.into_iter().filter(|other| *other != pid && !above.contains(other)) {
        let ProcessLookup::Found(other) = system.process(other) else { continue };
        let may_read = other.group == stat.group && !other.ended && system.reads_terminal(other.pid) != Some(false);
        if may_read {
            return Err(ForegroundError::Child { pid, child: other.pid, name: other.comm });
        }
    }
    Ok(())
}

/// Returns whether a process runs in a pane of zellij, which has no command that names a pane's terminal. The process
/// that zellij started in the pane has the number of the pane and the terminal.
fn is_zellij_pane(system: &dyn System, stat: &ProcessStat, session: &str, pane: &str) -> bool {
    let mut first = stat.clone();
    for above in ancestors_from(system, stat.parent, stat.start, MAX_COMMAND_ANCESTORS) {
        if above.tty != stat.tty {
            let has = |name: &str, value: &str| system.variable(first.pid, name).as_deref() == Some(value);
            return above.comm.starts_with("zellij")
                && has("ZELLIJ_PANE_ID", pane)
                && has("ZELLIJ_SESSION_NAME", session);
        }
        first = above;
    }
    false
}

#[cfg(test)]
mod tests;
