//! A run that drives its agent: what the record keeps of it, and what is seen when the agent wants to stop.

use serde::{Deserialize, Serialize};

use crate::id::RunId;

/// After how many iterations without a prompt of a user a loop stops whose pane nobody knows: Codex's daemon goes on when its
/// window is closed.
pub const UNATTENDED: u32 = 50;

/// What a loop is started with. Its definition (prompt, phrase, command) is not in it: that stands in a file of its own, which no audit
/// repeats.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoopLimits {
    /// Digest of the file that holds the definition.
    pub definition: String,
    /// How long it may go on from its start, in milliseconds.
    pub max_ms: Option<u64>,
    /// How often in a row the last message, or the project, may be as before; 0: always.
    pub patience: u32,
}

/// The part of a run's record that makes it a loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loop {
    /// What it was started with.
    pub limits: LoopLimits,
    /// Digest of the id of the turn that runs.
    pub turn: Option<String>,
    /// Whether a turn was begun that no Stop ended.
    pub open: bool,
    /// How many Stops of this turn were answered with the prompt.
    pub blocks: u32,
    /// Iterations since a user's last prompt.
    pub unattended: u32,
    /// Digest of the last message.
    pub message: Option<String>,
    /// How often in a row it was as before.
    pub same_message: u32,
    /// Digest of the project's files; none where it is not known, which is never "unchanged".
    pub project: Option<String>,
    /// How often in a row they were as before.
    pub same_project: u32,
}

impl Loop {
    /// A loop that did not go round yet.
    #[must_use]
    pub const fn new(limits: LoopLimits) -> Self {
        Self {
            limits,
            turn: None,
            open: false,
            blocks: 0,
            unattended: 0,
            message: None,
            same_message: 0,
            project: None,
            same_project: 0,
        }
    }

    /// Counts how often in a row the last message and the project are as before.
    pub fn count_repeats(&mut self, facts: &StopFacts) {
        count(&mut self.message, &mut self.same_message, facts.message.as_ref());
        count(&mut self.project, &mut self.same_project, facts.project.as_ref());
    }

    /// Whether the message or the project was as before too often in a row.
    #[must_use]
    pub fn has_stalled(&self) -> bool {
        let patience = self.limits.patience;
        patience > 0 && self.same_message.max(self.same_project) >= patience
    }

    /// The turn is over, or another process goes on: what was counted within it begins anew.
    pub fn reset_turn(&mut self) {
        self.turn = None;
        self.open = false;
        self.blocks = 0;
    }

    /// A user looked after it: what counts the time without one begins anew.
    pub fn attended(&mut self) {
        self.unattended = 0;
        self.message = None;
        self.same_message = 0;
        self.project = None;
        self.same_project = 0;
    }
}

fn count(before: &mut Option<String>, times: &mut u32, now: Option<&String>) {
    *times = if now.is_some() && before.as_ref() == now { times.saturating_add(1) } else { 0 };
    *before = now.cloned();
}

/// What was seen when the owner of a loop wanted to stop: facts, read before the lock was taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StopFacts {
    /// The run whose definition was used.
    pub run: RunId,
    /// Digest of that definition.
    pub definition: String,
    /// Digest of the agent's last message.
    pub message: Option<String>,
    /// Whether the phrase that ends the loop is in it; none where there is no such phrase.
    pub phrase: Option<bool>,
    /// What the command gave that says whether the work is done; none where there is no such command.
    pub check: Option<Check>,
    /// Digest of the project's files; none where they are too many to look at.
    pub project: Option<String>,
    /// Whether this turn went on by a hook's word before (`stop_hook_active`).
    pub again: bool,
    /// How many Stops in a row the client lets a hook block.
    pub cap: Option<u32>,
}

/// What the command gave that says whether the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// It ended with status 0.
    Passed,
    /// It ended otherwise, or not in time.
    Failed,
    /// It was not run: the phrase was not said.
    NotRun,
    /// It was not run: no user of this account approved it.
    Refused,
}

impl StopFacts {
    /// Whether everything that the loop waits for has come.
    #[must_use]
    pub fn is_done(&self) -> bool {
        (self.phrase.is_some() || self.check.is_some())
            && self.phrase != Some(false)
            && matches!(self.check, None | Some(Check::Passed))
    }
}
