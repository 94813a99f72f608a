//! What a key does to the selected item: one of baton's own commands. The view itself writes nothing.

use std::path::PathBuf;

use baton_status::{Item, ItemKind, Section};

use crate::{conversation, decisions};

/// One call of the `baton` program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The arguments.
    pub(super) args: Vec<String>,
    /// The directory in which it is run: the item's project.
    pub(super) directory: Option<PathBuf>,
}

/// Something that a user can do to an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verb {
    /// Go to its pane.
    Go,
    /// Resume a session.
    Resume,
    /// Move a run to the session of its project.
    Adopt,
    /// Pause a run.
    Pause,
    /// Continue a run.
    Continue,
    /// Cancel a run for good.
    Cancel,
    /// Pin a session, or unpin it.
    Pin,
    /// Name a session.
    Name,
    /// Answer a session that waits.
    Answer,
    /// Leave a session out until it goes on.
    Dismiss,
}

impl Verb {
    /// Returns the command that does this to an item.
    ///
    /// # Errors
    /// Returns a sentence for the user if the item is not something to which this can be done.
    pub(super) fn command(self, item: &Item, has_multiplexer: bool) -> Result<Command, String> {
        let id = item.id.as_str();
        let args: Vec<&str> = match (self, item.kind) {
            (Self::Go, ItemKind::Session) if item.section == Section::Lost => {
                return Err("this session is lost: r resumes it".to_owned());
            }
            (Self::Go, ItemKind::Session | ItemKind::Run) => vec!["go", id],
            (Self::Resume, ItemKind::Session) if has_multiplexer => vec!["resume", id, "--tmux"],
            (Self::Resume, ItemKind::Session) => vec!["resume", id],
            (Self::Adopt, ItemKind::Run) => vec!["run", "adopt", id],
            (Self::Pause, ItemKind::Run) => vec!["run", "pause", id],
            (Self::Continue, ItemKind::Run) => vec!["run", "continue", id],
            (Self::Cancel, ItemKind::Run) => vec!["run", "cancel", id],
            (Self::Pin, ItemKind::Session) if item.pinned => vec!["session", "pin", id, "--off"],
            (Self::Pin, ItemKind::Session) => vec!["session", "pin", id],
            (Self::Answer, ItemKind::Session) if item.section != Section::Waiting => {
                return Err("this session does not wait for an answer".to_owned());
            }
            (Self::Answer, ItemKind::Session) => vec!["answer", "--", id],
            (Self::Dismiss, ItemKind::Session) => vec!["session", "dismiss", id],
            (Self::Name, ItemKind::Session) => vec!["session", "name", id],
            _ => return Err(format!("{} cannot be {}", noun(item.kind), self.participle())),
        };
        let args = args.into_iter().map(str::to_owned).collect();
        Ok(Command { args, directory: item.project.as_deref().map(PathBuf::from) })
    }

    const fn participle(self) -> &'static str {
        match self {
            Self::Go => "gone to",
            Self::Resume => "resumed",
            Self::Adopt => "adopted",
            Self::Pause => "paused",
            Self::Continue => "continued",
            Self::Cancel => "cancelled",
            Self::Pin => "pinned",
            Self::Name => "named",
            Self::Answer => "answered",
            Self::Dismiss => "dismissed",
        }
    }
}

/// A part of everything about an item: what a command prints, or what is read from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// The output as it is.
    Printed(Vec<String>),
    /// The decisions in the output, with their sentences.
    Decisions(Vec<String>),
    /// The end of the conversation of the session in the output.
    Conversation(Vec<String>),
}

impl Part {
    /// Returns the arguments of the command.
    pub(super) fn args(&self) -> Vec<String> {
        match self {
            Self::Printed(args) | Self::Decisions(args) | Self::Conversation(args) => args.clone(),
        }
    }

    /// Returns the text that is shown.
    pub(super) fn text(&self, output: String) -> String {
        match self {
            Self::Printed(_) => output,
            Self::Decisions(_) => decisions::lines(&decisions::explained(output.as_bytes())),
            Self::Conversation(_) => conversation::of_session(output.as_bytes()).text(),
        }
    }
}

/// Returns the parts of everything about an item.
pub(super) fn details(item: &Item) -> Vec<Part> {
    let id = item.id.as_str();
    let words = |words: &[&str]| words.iter().copied().map(str::to_owned).collect::<Vec<_>>();
    let decisions = || Part::Decisions(words(&["log", "--json", "--about", id, "--limit", "10"]));
    match item.kind {
        ItemKind::Session => {
            let shown = [
                Part::Printed(words(&["session", "show", id])),
                Part::Conversation(words(&["session", "show", "--json", id])),
                decisions(),
            ];
            let project =
                item.project.as_ref().map(|project| Part::Printed(words(&["project", "show", "--", project])));
            shown.into_iter().chain(project).collect()
        }
        ItemKind::Run => {
            vec![Part::Printed(words(&["run", "show", id])), decisions(), Part::Printed(words(&["run", "log", id]))]
        }
        ItemKind::Loop => vec![Part::Printed(words(&["run", "show", id])), Part::Printed(words(&["run", "log", id]))],
        ItemKind::Project => vec![Part::Printed(words(&["project", "show", id]))],
        ItemKind::Record => vec![Part::Printed(words(&["doctor"]))],
    }
}

pub(super) const fn noun(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Session => "a session",
        ItemKind::Run => "a run",
        ItemKind::Loop => "a loop of another program",
        ItemKind::Project => "a project",
        ItemKind::Record => "a record that cannot be read",
    }
}
