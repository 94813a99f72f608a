//! The background work of an agent, as a loop waits for it.
//!
//! An agent that stops may only pause: a task that it started in the background, or a prompt that it scheduled, brings the next turn.
//! But a task may never end, as a server that was started for a test. So a loop waits for each task a limited number of Stops and a
//! limited time.

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// How many Stops a loop waits for one task.
pub const MAX_STOPS_FOR_TASK: u32 = 10;

/// For how long a loop waits for one task, in milliseconds: an hour.
pub const MAX_WAIT_MS: u64 = 60 * 60 * 1000;

/// How many Stops in a row a loop waits, for whatever tasks: one that schedules itself anew each time is a new task each time.
pub const MAX_STOPS_IN_A_ROW: u32 = 50;

/// The most tasks that are told apart.
pub const MAX_TASKS: usize = 64;

/// A task that ran at the newest Stop.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackgroundTask {
    /// Digest of the agent's id of it.
    pub id: String,
    /// When it was first seen.
    pub since: Timestamp,
    /// How many Stops the loop waited for it.
    pub stops: u32,
    /// Whether the loop no longer waits for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ignored: bool,
}

/// What a loop knows of the background work of its agent.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BackgroundWork {
    /// The tasks that ran at the newest Stop.
    pub tasks: Vec<BackgroundTask>,
    /// Since when the loop waits for them; none where it does not.
    pub waits_since: Option<Timestamp>,
    /// How many Stops in a row it waited.
    pub stops: u32,
}

impl BackgroundWork {
    /// Whether nothing is known, as of a loop whose agent has no such work.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.tasks.is_empty() && self.waits_since.is_none() && self.stops == 0
    }

    /// Notes what runs at a Stop. Tasks that are gone are forgotten.
    pub fn observe(&mut self, ids: &[String], now: &Timestamp) {
        let before = std::mem::take(&mut self.tasks);
        for id in ids.iter().take(MAX_TASKS) {
            let known = before.iter().find(|task| task.id == *id).cloned();
            self.tasks.push(known.unwrap_or_else(|| BackgroundTask {
                id: id.clone(),
                since: now.clone(),
                stops: 0,
                ignored: false,
            }));
        }
    }

    /// Whether a task runs that the loop still waits for.
    #[must_use]
    pub fn holds_up(&self, now: &Timestamp) -> bool {
        let is_awaited = |task: &BackgroundTask| {
            !task.ignored && task.stops < MAX_STOPS_FOR_TASK && task.since.age_ms(now) < MAX_WAIT_MS
        };
        self.stops < MAX_STOPS_IN_A_ROW && self.tasks.iter().any(is_awaited)
    }

    /// Whether a task runs that no Stop was spent on yet.
    #[must_use]
    pub fn has_new_task(&self) -> bool {
        self.tasks.iter().any(|task| task.stops == 0)
    }

    /// The loop waits at this Stop.
    pub fn wait(&mut self, now: &Timestamp) {
        self.stops = self.stops.saturating_add(1);
        self.waits_since.get_or_insert_with(|| now.clone());
        for task in &mut self.tasks {
            task.stops = task.stops.saturating_add(1);
        }
    }

    /// The turn goes on, or another begins.
    pub fn go_on(&mut self) {
        (self.waits_since, self.stops) = (None, 0);
    }

    /// The loop waits no longer for what runs now. Returns whether it did for any of it.
    pub fn ignore_all(&mut self) -> bool {
        self.go_on();
        let mut any = false;
        for task in &mut self.tasks {
            any |= !task.ignored;
            task.ignored = true;
        }
        any
    }
}
