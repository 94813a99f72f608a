//! What a view shows at one moment.

use std::collections::HashSet;

use baton_status::{Item, MachineView};
use schemars::JsonSchema;
use serde::Serialize;

use crate::event_id::EventId;

/// What every face shows at one moment. It holds instants and no ages, so it stays the same while nothing changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Picture {
    /// The event that led to it.
    pub id: EventId,
    /// What could not be read. If it was the state, the items are what was known before.
    pub problem: Option<String>,
    /// How many of what there are, as `baton status --line` counts them.
    pub counts: Vec<Count>,
    /// The items, in the order in which they are shown. Each key is there once.
    pub items: Vec<Item>,
    /// The machines of the fleet, this one included. Empty without a fleet.
    pub machines: Vec<MachineView>,
}

/// A count that is not 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Count {
    /// How many.
    pub count: usize,
    /// Of what.
    pub word: String,
}

impl Picture {
    /// Creates the picture of a position of the audit. Its feed gives it the rest of its id. Long texts are shortened. Of
    /// several items with one key, the first stays.
    #[must_use]
    pub fn new(audit: u64, counts: Vec<Count>, mut items: Vec<Item>) -> Self {
        let mut seen = HashSet::new();
        items.iter_mut().for_each(Item::shorten);
        items.retain(|item| seen.insert(item.key.clone()));
        Self { id: EventId { audit, number: 0, feed: 0 }, problem: None, counts, items, machines: Vec::new() }
    }
}
