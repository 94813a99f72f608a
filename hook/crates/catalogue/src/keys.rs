//! The keys of the catalogue: what each record is found by.

use std::collections::BTreeSet;

use agent_baton_core::agent::Agent;
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;
use baton_fs::hash::sha256_hex;
use baton_store::last_opened;
use serde::{Deserialize, Serialize};

/// The longest beginning of a word that is kept, in bytes. A key of the database has at most 511.
const MAX_WORD_BYTES: usize = 40;

/// The maximum number of words of one record.
const MAX_WORDS: usize = 64;

/// Separates a value from what follows it. No word and no id contains it.
const END: u8 = 0;

/// A kind of record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A session, live or archived, by the time when it was last opened.
    Session,
    /// A run, live or archived, by the time when it was created.
    Run,
    /// An archived session, by the time of its end.
    Archived,
    /// A session in the trash, by the time when it was moved there.
    Trashed,
}

/// What to find records by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By<'a> {
    /// Every record.
    All,
    /// Every record that lists show unless they are asked for all.
    Shown,
    /// Sessions that have not ended, and unfinished runs.
    Open,
    /// Pinned sessions.
    Pinned,
    /// A worktree root.
    Project(&'a str),
    /// An agent.
    Agent(Agent),
    /// A name.
    Name(&'a str),
}

/// What the catalogue knows of a record.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) struct Facts {
    /// The time that the kind says, in milliseconds since 1970.
    pub(crate) at: u64,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    hidden: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    open: bool,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pinned: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    project: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    agent: Option<Agent>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    words: BTreeSet<String>,
}

impl Facts {
    pub(crate) fn of_session(session: &Session) -> Self {
        let superseded = session.ended.as_ref().is_some_and(|end| end.reason == Reason::Superseded);
        let name = session.name.as_ref().map(|name| name.as_str().to_owned());
        let texts = [name.as_deref(), Some(session.id.as_str()), session.project.as_deref(), session.cwd.as_deref()];
        Self {
            at: last_opened(session).unix_ms,
            hidden: session.headless || superseded,
            open: session.ended.is_none(),
            pinned: session.pinned,
            words: texts.into_iter().flatten().flat_map(words).take(MAX_WORDS).collect(),
            agent: Some(session.agent),
            project: session.project.clone(),
            name,
        }
    }

    pub(crate) fn of_run(run: &Run) -> Self {
        Self {
            at: run.created.unix_ms,
            open: run.status.is_unfinished(),
            project: run.project.clone(),
            name: Some(run.name.as_str().to_owned()),
            words: [run.id.as_str(), run.name.as_str()].into_iter().flat_map(words).take(MAX_WORDS).collect(),
            ..Self::default()
        }
    }

    /// Returns the facts of a session in the archive or the trash that are needed to find it when it expires.
    pub(crate) fn of_expiring(at: &Timestamp) -> Self {
        Self { at: at.unix_ms, hidden: true, ..Self::default() }
    }

    /// Returns the facts of a record that cannot be read: it is listed first.
    pub(crate) fn of_unreadable() -> Self {
        Self { at: u64::MAX, open: true, ..Self::default() }
    }

    /// Returns the keys under which a record with these facts is found.
    pub(crate) fn keys(&self, kind: Kind, id: &str) -> impl Iterator<Item = Vec<u8>> {
        let mut prefixes: Vec<Vec<u8>> = self.words.iter().map(|word| word_prefix(kind, word, true)).collect();
        let mut add = |by| prefixes.push(prefix(kind, by));
        add(By::All);
        let mut add_if = |applies, by| {
            if applies {
                add(by)
            }
        };
        add_if(!self.hidden, By::Shown);
        add_if(self.open, By::Open);
        add_if(self.pinned, By::Pinned);
        self.project.as_deref().map(By::Project).into_iter().for_each(&mut add);
        self.agent.map(By::Agent).into_iter().for_each(&mut add);
        self.name.as_deref().map(By::Name).into_iter().for_each(&mut add);
        let place = place(self.at, id);
        prefixes.into_iter().map(move |prefix| [prefix, place.clone()].concat())
    }
}

/// Returns the place of a record among those with the same prefix: the newest first, then by id.
pub(crate) fn place(at: u64, id: &str) -> Vec<u8> {
    [&(u64::MAX - at).to_be_bytes(), id.as_bytes()].concat()
}

/// Returns the time and the id of a place.
pub(crate) fn parse_place(place: &[u8]) -> Option<(u64, &str)> {
    let (at, id) = place.split_first_chunk::<8>()?;
    Some((u64::MAX - u64::from_be_bytes(*at), std::str::from_utf8(id).ok()?))
}

/// Returns how the keys of records begin that are found by one value.
pub(crate) fn prefix(kind: Kind, by: By<'_>) -> Vec<u8> {
    // A path or a name can be longer than a key.
    let hashed = |tag: u8, text: &str| [&[kind.tag(), tag], sha256_hex(text.as_bytes(), 16).as_bytes()].concat();
    match by {
        By::All => vec![kind.tag(), b'a'],
        By::Shown => vec![kind.tag(), b's'],
        By::Open => vec![kind.tag(), b'o'],
        By::Pinned => vec![kind.tag(), b'p'],
        By::Agent(agent) => [&[kind.tag(), b'g'], agent.name().as_bytes(), &[END]].concat(),
        By::Project(path) => hashed(b'j', path),
        By::Name(name) => hashed(b'n', name),
    }
}

/// Returns how the keys of records begin that have a word, or with `whole` unset, that have a word with this beginning.
pub(crate) fn word_prefix(kind: Kind, word: &str, whole: bool) -> Vec<u8> {
    let mut prefix = vec![kind.tag(), b'w'];
    prefix.extend_from_slice(word.as_bytes());
    prefix.extend(whole.then_some(END));
    prefix
}

/// Returns the word of a key with a word prefix, with the rest of the key.
pub(crate) fn parse_word(key: &[u8]) -> Option<(&str, &[u8])> {
    let (word, place) = key.get(2..)?.split_at_checked(key.get(2..)?.iter().position(|byte| *byte == END)?)?;
    Some((std::str::from_utf8(word).ok()?, place.get(1..)?))
}

/// Returns the key of a record's facts. The keys of records whose ids begin alike are beside each other.
pub(crate) fn facts_key(kind: Kind, id: &str) -> Vec<u8> {
    [&[kind.tag(), b'f'], id.as_bytes()].concat()
}

/// Returns the words of a text in lower case, each cut to the length that is kept.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| cut(&word.to_lowercase()).to_owned()).collect::<Vec<_>>().into_iter()
}

fn cut(word: &str) -> &str {
    let end = (0..=MAX_WORD_BYTES.min(word.len())).rev().find(|end| word.is_char_boundary(*end)).unwrap_or(0);
    word.get(..end).unwrap_or_default()
}

/// Returns the first key after all keys with a prefix.
pub(crate) fn after(prefix: &[u8]) -> Vec<u8> {
    [prefix, &[u8::MAX; 9]].concat()
}

impl Kind {
    const fn tag(self) -> u8 {
        match self {
            Self::Session => b's',
            Self::Run => b'r',
            Self::Archived => b'a',
            Self::Trashed => b't',
        }
    }
}
