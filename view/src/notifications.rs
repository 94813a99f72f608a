//! What has begun to wait for the user: each beginning is told once.

use std::collections::HashMap;

use agent_baton_core::timestamp::Timestamp;
use baton_status::{Item, ItemKind, Section};

use crate::picture::Picture;

/// From how many waits on those that are over are forgotten.
const MAX_PAST: usize = 10_000;

/// Why an item waits: its key and its status.
type Wait = (String, String);

/// Which waits are known.
#[derive(Debug, Default)]
pub struct Waits(HashMap<Wait, Known>);

/// What is known of a wait, also of one that is over: a state that vanishes and comes back is no news.
#[derive(Debug)]
struct Known {
    since: Option<Timestamp>,
    /// Whether it was in the last picture.
    is_present: bool,
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
        let new: Vec<&Item> = waiting(picture).filter(|item| self.has_begun(item)).collect();
        self.0.values_mut().for_each(|known| known.is_present = false);
        let present = |item: &Item| (wait(item), Known { since: item.since.clone(), is_present: true });
        self.0.extend(waiting(picture).map(present));
        if self.0.len() > MAX_PAST {
            self.0.retain(|_, known| known.is_present);
        }
        new
    }

    /// What a session did in between may have been too short for a picture. The time of a run that waits moves if somebody
    /// writes to it.
    fn has_begun(&self, item: &Item) -> bool {
        let is_anew =
            |known: &Known| known.since != item.since && (item.kind == ItemKind::Session || !known.is_present);
        self.0.get(&wait(item)).is_none_or(is_anew)
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
