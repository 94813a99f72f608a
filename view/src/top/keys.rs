//! The keys, as the help lists them. `ui.rs` says what each does.

/// How many lines a page is, for the keys that scroll by pages.
pub(super) const PAGE: isize = 10;

/// The keys, and what they do. A test plays each of them, and each other key too.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("up down j k", "select"),
    ("Home End g G", "first, last"),
    ("PgUp PgDn", "ten up, ten down"),
    ("Tab S-Tab", "next or previous section"),
    ("Enter", "go to the pane"),
    ("l right i", "everything about it"),
    ("o", "follow its log"),
    ("/", "filter by a word"),
    ("s", "search all sessions"),
    ("w d", "answer, dismiss"),
    ("r a", "resume, adopt a run"),
    ("p c x", "pause, continue, cancel"),
    ("n *", "name, pin a session"),
    ("y", "copy the id"),
    ("Esc h left", "back"),
    ("? q Ctrl-Z", "keys, quit, suspend"),
];
