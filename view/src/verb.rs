//! What both faces can do to an item: one of baton's own commands. The view itself writes nothing.

use schemars::JsonSchema;
use serde::Deserialize;

/// What can be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verb {
    /// Go to the pane.
    Go,
    /// Resume a session in a new window of tmux.
    Resume,
    /// Resume a session where there is no tmux: it says how.
    #[serde(skip)]
    ResumeHere,
    /// Pause a run.
    Pause,
    /// Continue a run.
    Continue,
    /// Cancel a run for good.
    Cancel,
    /// Pin a session.
    Pin,
    /// Unpin a session.
    Unpin,
    /// Name a session.
    Name,
    /// Remove the name of a session.
    #[serde(skip)]
    Unname,
    /// Move a run to the only live session of its project.
    Adopt,
    /// Leave a session out until it goes on.
    Dismiss,
    /// Answer an agent that waits, in its pane. The user's configuration has to allow it.
    Answer,
}

impl Verb {
    /// Returns the arguments of the command. The id, and the text that a user typed for `Name` or `Answer`, stand behind `--`, so
    /// neither can be taken for an option. `asked` is since when the session waits for the answer, as the user saw it.
    pub(crate) fn args(self, id: &str, typed: Option<&str>, asked: Option<&str>) -> Vec<String> {
        let words: &[&str] = match self {
            Self::Go => &["go"],
            Self::Resume => &["resume", "--tmux"],
            Self::ResumeHere => &["resume"],
            Self::Pause => &["run", "pause"],
            Self::Continue => &["run", "continue"],
            Self::Cancel => &["run", "cancel"],
            Self::Pin => &["session", "pin"],
            Self::Unpin => &["session", "pin", "--off"],
            Self::Name => &["session", "name"],
            Self::Unname => &["session", "name", "--clear"],
            Self::Adopt => &["run", "adopt"],
            Self::Dismiss => &["session", "dismiss"],
            Self::Answer => &["answer"],
        };
        let asked = asked.filter(|_| self == Self::Answer).map(|asked| format!("--asked={asked}"));
        words.iter().copied().chain(asked.as_deref()).chain(["--", id]).chain(typed).map(str::to_owned).collect()
    }

    /// Returns whether the command has to run in the project of the item: a run is adopted by the session of the project that the
    /// command runs in. No other command runs in a directory that a repository fills.
    pub(crate) const fn needs_project(self) -> bool {
        matches!(self, Self::Adopt)
    }
}
