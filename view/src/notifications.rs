//! What has begun to wait for the user: each beginning is told once.

use std::collections::{HashMap, HashSet};

use agent_baton_core::timestamp::Timestamp;
use baton_status::{Item, Section};

use crate::picture::Picture;

/// How many beginnings of what no longer waits are remembered.
const MAX_PAST: usize = 10_000;

/// Why an item waits: its key and its status.
type Wait = (String, String);

/// Which waits are known.
#[derive(Debug, Default)]
pub struct Waits {
    /// What waited when it was last looked.
    present: HashSet<Wait>,
    /// Since when each wait was, also of what no longer waits: a state that vanishes and comes back is no news.
    since: HashMap<Wait, Option<Timestamp>>,
}

impl Waits {
    /// Starts with what waits already. That is no news.
    #[must_use]
    pub fn new(picture: &Picture) -> Self {
        let mut waits = Self::default();
        waits.begun(picture);
        waits
    }

    /// Returns what has begun to wait since the last call. The same item waits anew if it waits for another reason, or if it
    /// did something else in between.
    pub fn begun<'a>(&mut self, picture: &'a Picture) -> Vec<&'a Item> {
        let new: Vec<&Item> = waiting(picture).filter(|item| self.is_new(item)).collect();
        self.present = waiting(picture).map(wait).collect();
        if self.since.len() > MAX_PAST {
            self.since.retain(|wait, _| self.present.contains(wait));
        }
        self.since.extend(waiting(picture).map(|item| (wait(item), item.since.clone())));
        new
    }

    fn is_new(&self, item: &Item) -> bool {
        let wait = wait(item);
        let is_known = || self.since.get(&wait).is_some_and(|since| since.is_some() && *since == item.since);
        !self.present.contains(&wait) && !is_known()
    }
}

/// Returns one line about an item that waits.
#[must_use]
pub fn sentence(item: &Item) -> String {
    let name = item.name.as_deref().or(item.title.as_deref()).unwrap_or(&item.id);
    let agent = item.agent.as_deref().unwrap_or("baton");
    let place = item.pane.as_ref().map(|pane| format!(" in {pane}")).unwrap_or_default();
    baton_display::strip_control_chars(&format!("{agent}: {} ({name}{place})", item.status))
}

fn waiting(picture: &Picture) -> impl Iterator<Item = &Item> {
    picture.items.iter().filter(|item| item.section == Section::Waiting)
}

fn wait(item: &Item) -> Wait {
    (item.key.clone(), item.status.clone())
}
