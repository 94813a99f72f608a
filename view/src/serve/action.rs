//! What a client asks to be done, and the command of `baton` that does it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The maximum length of an id, in bytes.
const MAX_ID_BYTES: usize = 256;

/// An action: a command of baton about one item.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    /// What to do.
    action: ActionName,
    /// The id of the item.
    id: String,
    /// The name to give, for the action `name`.
    name: Option<String>,
    /// What to type, for the action `answer`: one line, or one key of a dialog.
    text: Option<String>,
}

/// What can be done.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum ActionName {
    /// Go to the pane.
    Go,
    /// Resume a session in a new window of tmux.
    Resume,
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
    /// Move a run to the only live session of its project.
    Adopt,
    /// Leave a session out until it goes on.
    Dismiss,
    /// Answer an agent that waits, in its pane. The user's configuration has to allow it.
    Answer,
}

/// The answer to an action that was done.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Done {
    /// What the command printed.
    pub(super) output: String,
}

impl Action {
    /// Returns the id of the item.
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Returns whether the command is run in the project of the run.
    pub(super) const fn needs_project(&self) -> bool {
        matches!(self.action, ActionName::Adopt)
    }

    /// Returns the arguments of the command.
    ///
    /// # Errors
    /// Returns what is wrong with the action.
    pub(super) fn command(self) -> Result<Vec<String>, &'static str> {
        if !is_id(&self.id) {
            return Err("this is not an id");
        }
        let words: &[&str] = match self.action {
            ActionName::Go => &["go"],
            ActionName::Resume => &["resume", "--tmux"],
            ActionName::Pause => &["run", "pause"],
            ActionName::Continue => &["run", "continue"],
            ActionName::Cancel => &["run", "cancel"],
            ActionName::Pin => &["session", "pin"],
            ActionName::Unpin => &["session", "pin", "--off"],
            ActionName::Name => &["session", "name"],
            ActionName::Adopt => &["run", "adopt"],
            ActionName::Dismiss => &["session", "dismiss"],
            ActionName::Answer => &["answer"],
        };
        let mut args: Vec<String> = words.iter().copied().chain(["--", &self.id]).map(str::to_owned).collect();
        match self.action {
            ActionName::Name => args.push(self.name.ok_or("a name is missing")?),
            ActionName::Answer => args.push(self.text.ok_or("a text is missing")?),
            _ => {}
        }
        Ok(args)
    }
}

/// Returns whether a text can be an id. It is an argument of a command.
pub(super) fn is_id(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    !text.is_empty() && text.len() <= MAX_ID_BYTES && text.bytes().all(is_part)
}
