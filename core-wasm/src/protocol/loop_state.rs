//! A run that drives its agent: the loop's part of the record, and the facts that are read when the agent wants to
//! stop.

use serde::{Deserialize, Serialize};

use crate::background_work::BackgroundWork;
use crate::id::RunId;

/// The number of iterations without a user's prompt after which a loop in an unknown pane ends. Codex's daemon keeps
/// running after its window is closed, so the user may not know about the loop.
pub const UNATTENDED: u32 = 50;

/// The limits with which a loop is started.
///
/// The definition (prompt, phrase and command) is not part of it. It has a file of its own, so that the audit does not
/// repeat it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LoopLimits {
    /// The digest of the file that contains the definition.
    pub definition: String,
    /// The maximum time since the start, in milliseconds.
    pub max_ms: Option<u64>,
    /// How many times in a row the last message, or the project, may stay the same. 0 means no limit.
    pub patience: u32,
}

/// The part of a run's record that makes it a loop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Loop {
    /// The limits with which it was started.
    pub limits: LoopLimits,
    /// The digest of the id of the current turn.
    pub turn: Option<String>,
    /// Whether a turn has begun that no Stop has ended.
    pub open: bool,
    /// How many Stops of this turn were answered with the prompt.
    pub blocks: u32,
    /// The number of iterations since the user's last prompt.
    pub unattended: u32,
    /// The digest of the last message.
    pub message: Option<String>,
    /// How many times in a row the message was the same.
    pub same_message: u32,
    /// The digest of the project's files, or `None` if it is unknown. Unknown never counts as unchanged.
    pub project: Option<String>,
    /// How many times in a row the project's files were the same.
    pub same_project: u32,
    /// The background work of its agent.
    #[serde(default, skip_serializing_if = "BackgroundWork::is_none")]
    pub background_work: BackgroundWork,
}

impl Loop {
    /// Returns a loop before its first iteration.
    #[must_use]
    pub fn new(limits: LoopLimits) -> Self {
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
            background_work: BackgroundWork::default(),
        }
    }

    /// Counts how many times in a row the last message and the project stayed the same.
    pub fn count_repeats(&mut self, facts: &StopFacts) {
        count(&mut self.message, &mut self.same_message, facts.message.as_ref());
        count(&mut self.project, &mut self.same_project, facts.project.as_ref());
    }

    /// Returns whether the message or the project stayed the same too many times in a row.
    #[must_use]
    pub fn has_stalled(&self) -> bool {
        let patience = self.limits.patience;
        patience > 0 && self.same_message.max(self.same_project) >= patience
    }

    /// Resets the counters of the current turn, because the turn has ended or another process continues the loop.
    pub fn reset_turn(&mut self) {
        self.turn = None;
        self.open = false;
        self.blocks = 0;
        self.background_work.go_on();
    }

    /// Resets the count of unattended iterations, because a user was there.
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

/// The facts that are read when the owner of a loop wants to stop, before the lock is taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct StopFacts {
    /// The run whose definition was used.
    pub run: RunId,
    /// The digest of that definition.
    pub definition: String,
    /// The digest of the agent's last message.
    pub message: Option<String>,
    /// Whether the message contains the phrase that ends the loop, or `None` if the loop has no such phrase.
    pub phrase: Option<bool>,
    /// The result of the command that checks whether the work is done, or `None` if the loop has no such command.
    pub check: Option<Check>,
    /// The digest of the project's files, or `None` if there are too many to read.
    pub project: Option<String>,
    /// Whether a hook already continued this turn (`stop_hook_active`).
    pub again: bool,
    /// How many Stops in a row the client lets a hook block.
    pub cap: Option<u32>,
}

/// The result of the command that checks whether the work is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// It exited with status 0.
    Passed,
    /// It exited with another status, or timed out.
    Failed,
    /// It was not run, because the message lacks the phrase.
    NotRun,
    /// It was not run, because the user of this account has not approved it.
    Refused,
}

impl StopFacts {
    /// Returns whether every condition that ends the loop is met.
    #[must_use]
    pub fn is_done(&self) -> bool {
        (self.phrase.is_some() || self.check.is_some())
            && self.phrase != Some(false)
            && matches!(self.check, None | Some(Check::Passed))
    }
}
