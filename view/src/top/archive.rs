//! The sessions of all time, as a search lists them page by page.

use baton_status::{Item, ItemKind, Section};
use serde::Deserialize;

use super::command::Command;

/// How many sessions one page has.
const PAGE: usize = 100;

/// A search, and what it has found so far.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Archive {
    /// What the sessions must contain. Nothing stands for all of them.
    pub(super) text: String,
    /// What was found, most recently opened first.
    pub(super) items: Vec<Item>,
    /// Whether a page is being read.
    pub(super) is_reading: bool,
    /// Where the next page begins, if there is one.
    next: Option<String>,
    /// What was selected before the first search.
    pub(super) selected_before: Option<String>,
}

/// One page of a search.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Query {
    text: String,
    cursor: Option<String>,
}

/// The fields of `baton session list --json` that are shown.
#[derive(Debug, Deserialize)]
struct Page {
    sessions: Vec<Session>,
    next: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Session {
    id: String,
    agent: String,
    name: Option<String>,
    status: String,
    waiting_for: Option<String>,
    project: Option<String>,
    pinned: bool,
    opened_at: String,
}

impl Archive {
    /// Begins a search, and returns its first page.
    pub(super) fn search(text: &str, selected_before: Option<String>) -> (Self, Query) {
        let text = text.trim().to_owned();
        let query = Query { text: text.clone(), cursor: None };
        (Self { text, is_reading: true, selected_before, ..Self::default() }, query)
    }

    /// Returns the next page, if there is one and none is being read.
    pub(super) fn next_page(&mut self) -> Option<Query> {
        if self.is_reading {
            return None;
        }
        let cursor = self.next.take()?;
        self.is_reading = true;
        Some(Query { text: self.text.clone(), cursor: Some(cursor) })
    }

    /// Adds a page, as `baton` printed it. Instead of a page there may be what it said.
    ///
    /// # Errors
    /// Returns a sentence for the user if there is no page.
    pub(super) fn add(&mut self, printed: Result<String, String>) -> Result<(), String> {
        self.is_reading = false;
        let page: Page = serde_json::from_str(&printed?).map_err(|error| format!("baton session list: {error}"))?;
        self.items.extend(page.sessions.into_iter().map(Session::item));
        self.next = page.next;
        Ok(())
    }

    /// Returns whether more can be read.
    pub(super) const fn has_more(&self) -> bool {
        self.next.is_some()
    }
}

impl Query {
    /// Returns whether a search still waits for this page.
    pub(super) fn is_of(&self, archive: &Archive) -> bool {
        archive.is_reading && archive.text == self.text && self.cursor.is_some() != archive.items.is_empty()
    }

    /// Returns the command that prints the page.
    pub(super) fn command(&self) -> Command {
        let mut args = vec!["session".to_owned(), "list".to_owned(), "--json".to_owned(), format!("--limit={PAGE}")];
        args.extend((!self.text.is_empty()).then(|| format!("--text={}", self.text)));
        args.extend(self.cursor.as_ref().map(|cursor| format!("--cursor={cursor}")));
        Command { args, directory: None }
    }
}

impl Session {
    fn item(self) -> Item {
        let clean = |text: String| baton_display::strip_control_chars(&text);
        Item {
            // The same word as in the list of what waits.
            status: clean(self.waiting_for.unwrap_or(self.status)),
            agent: Some(clean(self.agent)),
            since: baton_display::parse_rfc3339(&self.opened_at),
            project: self.project.map(clean),
            name: self.name.map(clean),
            pinned: self.pinned,
            ..Item::new(Section::Found, ItemKind::Session, &self.id)
        }
    }
}
