//! `baton disable` and `baton enable`: the way out.

use clap::Args;

use crate::commands::context::{Context, present_directory};
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::machine::worktree;
use crate::words;

/// Has the hooks do nothing: no loop goes on, nothing is recorded, the agents run as if baton were not there.
#[derive(Args)]
pub struct Disable {
    /// In this project only
    #[arg(long)]
    project: bool,
}

/// Ends what disable began. What an agent did meanwhile is not known; its next event goes on from there.
#[derive(Args)]
pub struct Enable {
    /// In this project
    #[arg(long)]
    project: bool,
}

impl Disable {
    /// Disables.
    ///
    /// # Errors
    /// Where the state cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let place = place(self.project)?;
        context.store().set_disabled(&context.now(), |disabled| match &place {
            Some(project) => drop(disabled.projects.insert(project.clone())),
            None => disabled.everywhere = true,
        })?;
        let (place, flag) = names(place.as_deref());
        print::lines(&format!("baton does nothing {place} from now on; `baton enable{flag}` ends that\n"))
    }
}

impl Enable {
    /// Enables.
    ///
    /// # Errors
    /// Where the state cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let place = place(self.project)?;
        let left = context.store().set_disabled(&context.now(), |disabled| match &place {
            Some(project) => drop(disabled.projects.remove(project)),
            None => disabled.everywhere = false,
        })?;
        let (named, _) = names(place.as_deref());
        let still = match &place {
            Some(_) if left.everywhere => "; it is disabled everywhere still: `baton enable`".to_owned(),
            None if !left.projects.is_empty() => {
                let projects: Vec<&str> = left.projects.iter().map(String::as_str).collect();
                format!("; still disabled, by `baton enable --project` there: {}", projects.join(", "))
            }
            _ => String::new(),
        };
        print::lines(&words::clean_lines(&format!("baton is enabled {named}{still}\n")))
    }
}

fn place(project: bool) -> Result<Option<String>, CommandError> {
    if !project {
        return Ok(None);
    }
    let directory = present_directory()?;
    match worktree::root(&directory) {
        Some(root) => Ok(Some(root)),
        None => Err(CommandError::NotFound("the present directory has no path that could name a project".to_owned())),
    }
}

fn names(project: Option<&str>) -> (String, &'static str) {
    project.map_or_else(|| ("everywhere".to_owned(), ""), |root| (format!("in {}", words::clean(root)), " --project"))
}
