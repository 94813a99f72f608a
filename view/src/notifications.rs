//! What has begun to wait for the user: each beginning is told once.

use std::collections::HashSet;

use baton_status::{Item, Section};

use crate::picture::Picture;

/// Which waits are known.
#[derive(Debug, Default)]
pub struct Waits {
    /// The key and the cause of each item that waited when it was last looked.
    known: HashSet<(String, String)>,
}

impl Waits {
    /// Starts with what waits already. That is no news.
    #[must_use]
    pub fn new(picture: &Picture) -> Self {
        Self { known: waiting(picture).map(identity).collect() }
    }

    /// Returns what has begun to wait since the last call. The same item waits anew if it waits for another reason, or if it
    /// did something else in between.
    pub fn begun<'a>(&mut self, picture: &'a Picture) -> Vec<&'a Item> {
        let new = waiting(picture).filter(|item| !self.known.contains(&identity(item))).collect();
        self.known = waiting(picture).map(identity).collect();
        new
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

fn identity(item: &Item) -> (String, String) {
    (item.key.clone(), item.status.clone())
}
