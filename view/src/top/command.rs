//! What a key does to the selected item.

use std::path::{Path, PathBuf};

use baton_display::format_rfc3339;
use baton_fs::child::CommandOutput;
use baton_status::{Item, ItemKind, Section};

use crate::baton::run_baton;
use crate::verb::Verb;
use crate::{conversation, decisions};

/// One call of the `baton` program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The arguments.
    pub(super) args: Vec<String>,
    /// The directory in which it is run, if it needs one.
    pub(super) directory: Option<PathBuf>,
}

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wish {
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

impl Command {
    /// Creates the command that does this to an item, with what was typed for it.
    pub(super) fn new(verb: Verb, item: &Item, typed: Option<&str>) -> Self {
        let directory = if verb.needs_project() { directory(item) } else { None };
        let asked = item.since.as_ref().map(format_rfc3339);
        Self { args: verb.args(&item.id, typed, asked.as_deref()), directory }
    }

    /// Runs it.
    ///
    /// # Errors
    /// Returns what it printed if it failed, or why it has no output.
    pub(super) fn run(&self, baton: &Path) -> Result<CommandOutput, String> {
        match run_baton(baton, &self.args, self.directory.as_deref()) {
            Ok(output) if output.status.success() => Ok(output),
            Ok(output) => Err(printed(&output)),
            Err(error) => Err(baton_display::error_chain(&error)),
        }
    }
}

impl Wish {
    /// Returns what is to be done to an item.
    ///
    /// # Errors
    /// Returns a sentence for the user if the item is not something to which this can be done.
    pub(super) fn verb(self, item: &Item, has_multiplexer: bool) -> Result<Verb, String> {
        if let Some(machine) = item.machine.as_ref().filter(|_| item.section == Section::Elsewhere && self == Self::Go)
        {
            return Err(format!("its pane is on {machine}"));
        }
        Ok(match (self, item.kind) {
            (Self::Go, ItemKind::Session) if item.section == Section::Lost => {
                return Err("this session is lost: r resumes it".to_owned());
            }
            (Self::Go, ItemKind::Session | ItemKind::Run) => Verb::Go,
            (Self::Resume, ItemKind::Session) if has_multiplexer => Verb::Resume,
            (Self::Resume, ItemKind::Session) => Verb::ResumeHere,
            (Self::Adopt, ItemKind::Run) => Verb::Adopt,
            (Self::Pause, ItemKind::Run) => Verb::Pause,
            (Self::Continue, ItemKind::Run) => Verb::Continue,
            (Self::Cancel, ItemKind::Run) => Verb::Cancel,
            (Self::Pin, ItemKind::Session) if item.pinned => Verb::Unpin,
            (Self::Pin, ItemKind::Session) => Verb::Pin,
            (Self::Name, ItemKind::Session) => Verb::Name,
            (Self::Answer, ItemKind::Session) if item.section != Section::Waiting => {
                return Err("this session does not wait for an answer".to_owned());
            }
            (Self::Answer, ItemKind::Session) => Verb::Answer,
            (Self::Dismiss, ItemKind::Session) => Verb::Dismiss,
            _ => return Err(format!("{} cannot be {}", noun(item.kind), self.participle())),
        })
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

/// A part of everything about an item: a command, and what of its output is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// What it prints, as it is.
    Printed(Command),
    /// The decisions in it, with their sentences.
    Decisions(Command),
    /// The end of the conversation of the session in it.
    Conversation(Command),
}

impl Part {
    pub(super) const fn command(&self) -> &Command {
        match self {
            Self::Printed(command) | Self::Decisions(command) | Self::Conversation(command) => command,
        }
    }

    /// Returns the text that is shown.
    pub(super) fn text(&self, output: &CommandOutput) -> String {
        match self {
            Self::Printed(_) => printed(output),
            Self::Decisions(_) => decisions::lines(&decisions::explained(&output.stdout)),
            Self::Conversation(_) => conversation::of_session(&output.stdout).text(),
        }
    }
}

/// Returns the parts of everything about an item.
pub(super) fn details(item: &Item) -> Vec<Part> {
    // A loop of a project that baton does not know is found from there alone.
    let directory = directory(item).filter(|_| item.kind == ItemKind::Loop);
    let command = |words: &[&str], id: &str| {
        let args = words.iter().copied().chain(["--", id]).map(str::to_owned).collect();
        Command { args, directory: directory.clone() }
    };
    let printed = |words: &[&str]| Part::Printed(command(words, &item.id));
    let decisions = || {
        let args = ["log", "--json", "--limit=10"].map(str::to_owned).into_iter();
        Part::Decisions(Command { args: args.chain([format!("--about={}", item.id)]).collect(), directory: None })
    };
    match item.kind {
        ItemKind::Session => {
            let conversation = Part::Conversation(command(&["session", "show", "--json"], &item.id));
            let project = item.project.as_ref().map(|project| Part::Printed(command(&["project", "show"], project)));
            [printed(&["session", "show"]), conversation, decisions()].into_iter().chain(project).collect()
        }
        ItemKind::Run => vec![printed(&["run", "show"]), decisions(), printed(&["run", "log"])],
        ItemKind::Loop => vec![printed(&["run", "show"]), printed(&["run", "log"])],
        ItemKind::Handoff => {
            let args = ["fleet", "status"].map(str::to_owned).into();
            vec![Part::Printed(Command { args, directory: None })]
        }
        ItemKind::Project => vec![printed(&["project", "show"])],
        ItemKind::Record => vec![Part::Printed(Command { args: vec!["doctor".to_owned()], directory: None })],
    }
}

/// Returns everything that a command printed.
pub(super) fn printed(output: &CommandOutput) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).concat()
}

/// Returns the directory of an item's project, if there is one.
fn directory(item: &Item) -> Option<PathBuf> {
    item.project.as_deref().map(PathBuf::from).filter(|it| it.is_absolute() && it.is_dir())
}

pub(super) const fn noun(kind: ItemKind) -> &'static str {
    match kind {
        ItemKind::Session => "a session",
        ItemKind::Run => "a run",
        ItemKind::Loop => "a loop of another program",
        ItemKind::Project => "a project",
        ItemKind::Handoff => "a session that was handed over",
        ItemKind::Record => "a record that cannot be read",
    }
}
