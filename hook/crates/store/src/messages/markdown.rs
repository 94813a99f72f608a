//! Writes the messages before a compaction of the conversation as Markdown chunks, for people to read.

use std::io::Read;
use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::run::is_printable;

use super::{ConversationDir, Message, Role};
use crate::error::StoreError;
use crate::file;
use crate::locked_store::LockedStore;
use crate::store::Store;
use baton_display::{format_rfc3339, strip_control_chars};

/// The maximum size of a chunk, in bytes.
const MAX_CHUNK: u64 = 160 * 1024 * 1024;

/// The maximum number of lines and bytes of the front matter.
const FRONT: usize = 20;
const MAX_FRONT: u64 = 64 * 1024;

/// The maximum number of topics of a chunk.
const MAX_TOPICS: usize = 12;

/// The maximum length of a topic, in characters.
const MAX_TOPIC: usize = 60;

/// A chunk on disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk {
    /// Its number.
    pub number: u32,
    /// The topics in its front matter, if there are any.
    pub topics: Option<String>,
    /// The number of its last message.
    last: Option<String>,
}

impl Chunk {
    /// Returns the name of its file.
    #[must_use]
    pub fn name(&self) -> String {
        format!("chunk-{}.md", self.number)
    }

    /// Reads only the head of a chunk's file, because the agent waits while the next chunk is written.
    fn read(conversation: &ConversationDir, number: u32) -> Result<Self, StoreError> {
        let path = conversation.chunk(number);
        let mut head = Vec::new();
        if let Some((file, _)) = file::open(&path)? {
            file.take(MAX_FRONT).read_to_end(&mut head).map_err(StoreError::io("read", &path))?;
        }
        Ok(Self::parse(number, &String::from_utf8_lossy(&head)))
    }

    fn parse(number: u32, text: &str) -> Self {
        let field = |name: &str| {
            let mut lines = text.lines().take(FRONT);
            lines.next().filter(|line| *line == "---")?;
            let front = lines.take_while(|line| *line != "---");
            let value = front.filter_map(|line| line.strip_prefix(name)?.strip_prefix(':')).next()?.trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        Self { number, topics: field("topics"), last: field("last") }
    }
}

impl Store {
    /// Returns the chunks of a session in the order of their numbers.
    ///
    /// # Errors
    ///
    /// Returns an error if they cannot be listed or read.
    pub fn chunks(&self, session: &SessionId) -> Result<Vec<Chunk>, StoreError> {
        let conversation = ConversationDir::of(self, session);
        let mut chunks = Vec::new();
        for number in numbers(&conversation)? {
            chunks.push(Chunk::read(&conversation, number)?);
        }
        Ok(chunks)
    }
}

impl Store {
    /// Returns the text of a chunk.
    ///
    /// # Errors
    ///
    /// Returns an error if it cannot be read.
    pub fn chunk_text(&self, session: &SessionId, chunk: &Chunk) -> Result<String, StoreError> {
        let path = ConversationDir::of(self, session).chunk(chunk.number);
        let bytes = file::read(&path, MAX_CHUNK)?.unwrap_or_default();
        String::from_utf8(bytes).map_err(|_| StoreError::unreadable(&path, "is not UTF-8"))
    }
}

impl LockedStore<'_> {
    /// Writes the messages since the last chunk as the next one, and returns its path, or `None` if there are no new
    /// messages. Its number is one more than the highest on disk. A gap is never filled, so each number means one
    /// chunk.
    ///
    /// # Errors
    ///
    /// Returns an error if the conversation cannot be read or the chunk cannot be written.
    pub fn write_chunk(&mut self, session: &SessionId, agent: Agent) -> Result<Option<PathBuf>, StoreError> {
        let conversation = ConversationDir::of(self.store, session);
        let messages = self.store.conversation(session)?.messages;
        let newest = numbers(&conversation)?.last().map(|number| Chunk::read(&conversation, *number)).transpose()?;
        let number = newest.as_ref().map_or(Some(1), |chunk| chunk.number.checked_add(1));
        let path = number.map(|number| conversation.chunk(number));
        let Some((number, path)) = number.zip(path) else {
            return Err(StoreError::unreadable(&conversation.chunk(u32::MAX), "has the highest possible number"));
        };
        let last = newest.as_ref().and_then(|chunk| chunk.last.as_ref());
        let written = last.and_then(|last| messages.iter().position(|message| number_of(message) == *last));
        let fresh = messages.get(written.map_or(0, |at| at + 1)..).unwrap_or_default();
        if fresh.is_empty() {
            return Ok(None);
        }
        let text = markdown(number, session, agent, fresh);
        file::replace(&conversation.dir.join("chunk.tmp"), &path, text.as_bytes(), file::Durability::Full)?;
        Ok(Some(path))
    }
}

/// Returns the numbers of the chunks on disk, in order. Files with other names are ignored.
fn numbers(conversation: &ConversationDir) -> Result<Vec<u32>, StoreError> {
    let number = |name: &String| {
        let digits = name.strip_prefix("chunk-")?.strip_suffix(".md")?;
        digits.parse().ok().filter(|number: &u32| number.to_string() == digits)
    };
    let mut numbers: Vec<u32> = file::list_names(&conversation.dir)?.iter().filter_map(number).collect();
    numbers.sort_unstable();
    Ok(numbers)
}

/// Returns a message's number as it is written in a chunk.
fn number_of(message: &Message) -> String {
    format!("{}.{}.{}", message.at.boot, message.n, message.hook)
}

fn markdown(number: u32, session: &SessionId, agent: Agent, messages: &[Message]) -> String {
    let moment = |message: Option<&Message>| message.map_or_else(String::new, |message| format_rfc3339(&message.at));
    let mut text = format!(
        "---\nchunk: {number}\nsession: {session}\nagent: {agent}\nfrom: {from}\nto: {to}\nmessages: {count}\nlast: {last}\n\
         topics: {topics}\n---\n",
        from = moment(messages.first()),
        to = moment(messages.last()),
        count = messages.len(),
        last = messages.last().map(number_of).unwrap_or_default(),
        topics = topics(messages),
    );
    for message in messages {
        let who = match message.role {
            Role::Prompt => "Prompt",
            Role::Answer => "Answer",
        };
        text.push_str(&format!("\n## {who}, {}\n\n{}", format_rfc3339(&message.at), words(message)));
        if let Some(original_bytes) = message.original_bytes {
            text.push_str(&format!("\n*(cut: it had {original_bytes} bytes)*\n"));
        }
    }
    text
}

/// Returns the text of a message for reading in a terminal. A line that looks like a heading of the chunk gets a
/// backslash, which Markdown does not show.
fn words(message: &Message) -> String {
    let mut text = String::new();
    for line in message.text.trim_end().lines() {
        let forges = ["## Prompt, ", "## Answer, "].iter().any(|heading| line.starts_with(heading));
        text.push_str(if forges { "\\" } else { "" });
        text.extend(line.chars().map(|c| if c == '\t' || is_printable(c) { c } else { '\u{fffd}' }));
        text.push('\n');
    }
    text
}

/// Returns the beginnings of the prompts, as a list that is valid YAML and JSON.
fn topics(messages: &[Message]) -> String {
    let begin = |message: &Message| {
        let line = message.text.lines().find(|line| !line.trim().is_empty())?;
        Some(strip_control_chars(line.trim()).chars().take(MAX_TOPIC).collect::<String>())
    };
    let prompts = messages.iter().filter(|message| message.role == Role::Prompt);
    let mut topics: Vec<String> = Vec::new();
    for topic in prompts.filter_map(begin) {
        if topics.len() < MAX_TOPICS && !topics.contains(&topic) {
            topics.push(topic);
        }
    }
    serde_json::to_string(&topics).unwrap_or_default()
}
