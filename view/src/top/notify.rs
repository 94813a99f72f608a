//! Tells the user of something by the desktop, or else by the terminal. The bell rings in both cases.

use std::time::Duration;

use baton_fs::child::run_with_timeout;
use baton_fs::program;

/// How long the desktop may take.
const TIMEOUT: Duration = Duration::from_secs(5);

/// The bell.
pub(super) const BELL: &str = "\x07";

/// Shows a notification on the desktop. Returns whether there is one that took it.
pub(super) fn notify_desktop(text: &str) -> bool {
    let Ok(mut command) = program::command("notify-send") else { return false };
    // A desktop shows markup.
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    command.args(["--app-name=baton", "--", "baton", &text]);
    let ended = run_with_timeout(&mut command, TIMEOUT, 0);
    ended.is_ok_and(|ended| ended.is_some_and(|output| output.status.success()))
}

/// Which control sequence a terminal knows. Several know both, and would show two notifications.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sequence {
    /// That of iTerm2, which most know.
    Osc9,
    /// That of rxvt, with a title.
    Osc777,
}

impl Sequence {
    /// Returns the sequence that the terminal with these variables knows.
    pub(super) fn of(term: &str, is_vte: bool) -> Self {
        let is_like = |name: &str| term == name || term.starts_with(&format!("{name}-"));
        if is_vte || is_like("rxvt") || is_like("foot") { Self::Osc777 } else { Self::Osc9 }
    }

    /// Returns the control sequence that shows a text.
    pub(super) fn show(self, text: &str, is_in_tmux: bool) -> String {
        // A semicolon would end the title, or be a command of its own.
        let text = text.replace(';', ",");
        let sequence = match self {
            Self::Osc9 => format!("\x1b]9;{text}\x07"),
            Self::Osc777 => format!("\x1b]777;notify;baton;{text}\x07"),
        };
        // tmux hands on to the terminal what is wrapped so, if its option allow-passthrough says so.
        if is_in_tmux { format!("\x1bPtmux;{}\x1b\\", sequence.replace('\x1b', "\x1b\x1b")) } else { sequence }
    }
}

#[cfg(test)]
mod tests {
    use super::Sequence;

    #[test]
    fn a_terminal_gets_the_one_sequence_that_it_knows() {
        for (term, is_vte, is_in_tmux, expected) in [
            ("xterm-256color", false, false, "\x1b]9;a, b\x07"),
            ("xterm-kitty", false, false, "\x1b]9;a, b\x07"),
            ("xterm-256color", true, false, "\x1b]777;notify;baton;a, b\x07"),
            ("rxvt-unicode-256color", false, false, "\x1b]777;notify;baton;a, b\x07"),
            ("foot", false, false, "\x1b]777;notify;baton;a, b\x07"),
            ("footsteps", false, false, "\x1b]9;a, b\x07"),
            ("tmux-256color", false, true, "\x1bPtmux;\x1b\x1b]9;a, b\x07\x1b\\"),
        ] {
            assert_eq!(Sequence::of(term, is_vte).show("a; b", is_in_tmux), expected, "{term}");
        }
    }
}
