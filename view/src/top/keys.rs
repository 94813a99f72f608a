//! The keys, as the help lists them. `ui.rs` says what each does.

/// How many lines a page is, for the keys that scroll by pages.
pub(super) const PAGE: isize = 10;

/// The keys of the list, and what they do.
pub(super) const KEYS: &[(&str, &str)] = &[
    ("up down j k", "select"),
    ("Tab S-Tab", "next or previous section"),
    ("Enter", "go to the pane"),
    ("l right i", "everything about it"),
    ("o", "follow its log"),
    ("/", "filter by a word"),
    ("s", "search all sessions"),
    ("w", "answer in its pane"),
    ("d", "dismiss till it goes on"),
    ("r a", "resume, adopt a run"),
    ("p c", "pause a run, continue it"),
    ("x", "cancel a run (asks first)"),
    ("n *", "name, pin a session"),
    ("y", "copy the id"),
    ("Esc h", "back"),
    ("q Ctrl-Z", "quit, suspend"),
];
