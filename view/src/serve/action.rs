//! What a client asks to be done, and the command of `baton` that does it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::verb::Verb;

/// The maximum length of an id, in bytes.
const MAX_ID_BYTES: usize = 256;

/// An action: a command of baton about one item.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Action {
    /// What to do.
    action: Verb,
    /// The id of the item.
    id: String,
    /// The name to give, for the action `name`.
    name: Option<String>,
    /// What to type, for the action `answer`: one line, or one key of a dialog.
    text: Option<String>,
    /// For the action `answer`: since when the session waits, as the picture has it. If it waits for something else by now, the
    /// answer is refused.
    asked: Option<String>,
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
        self.action.needs_project()
    }

    /// Returns the arguments of the command.
    ///
    /// # Errors
    /// Returns what is wrong with the action.
    pub(super) fn command(self) -> Result<Vec<String>, &'static str> {
        if !is_id(&self.id) {
            return Err("this is not an id");
        }
        let typed = match self.action {
            Verb::Name => Some(self.name.ok_or("a name is missing")?),
            Verb::Answer => Some(self.text.ok_or("a text is missing")?),
            _ => None,
        };
        Ok(self.action.args(&self.id, typed.as_deref(), self.asked.as_deref()))
    }
}

/// Returns whether a text can be an id. It is an argument of a command.
pub(super) fn is_id(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':');
    !text.is_empty() && text.len() <= MAX_ID_BYTES && text.bytes().all(is_part)
}
