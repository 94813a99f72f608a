//! What a key does to the selected item: one of baton's own commands. The view itself writes nothing.

use std::path::PathBuf;

use baton_status::{Item, ItemKind, Section};

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
        }
    }
}

/// Returns the commands whose output is everything about an item.
pub(super) fn details(item: &Item) -> Vec<Vec<String>> {
    let id = item.id.as_str();
    let commands: &[&[&str]] = match item.kind {
        ItemKind::Session => &[&["session", "show", id], &["log", "--about", id, "--limit", "10"]],
        ItemKind::Run => &[&["run", "show", id], &["log", "--about", id, "--limit", "10"], &["run", "log", id]],
        ItemKind::Loop => &[&["run", "show", id], &["run", "log", id]],
        ItemKind::Project => &[&["project", "show", id]],
        ItemKind::Record => &[&["doctor"]],
    };
    commands.iter().map(|args| args.iter().copied().map(str::to_owned).collect()).collect()
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
