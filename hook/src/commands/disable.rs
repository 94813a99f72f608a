//! `baton disable` and `baton enable`.

use baton_display::{strip_control_chars, strip_control_chars_by_line};
use clap::Args;

use crate::args::session::no_project;
use crate::context::{Context, current_directory};
use crate::error::CommandError;
use crate::output;
use baton_system::worktree;

/// Turn off baton's hooks: nothing is recorded and no loop continues. The agents run as if baton were not installed.
#[derive(Args)]
pub struct Disable {
    /// Only in this project
    #[arg(long)]
    project: bool,
}

/// Turn baton's hooks on again. baton does not know what the agents did in the meantime; it continues with their next
/// event.
#[derive(Args)]
pub struct Enable {
    /// Only in this project
    #[arg(long)]
    project: bool,
}

impl Disable {
    /// Disables baton.
    ///
    /// # Errors
    /// Returns an error if the state cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let place = scope(self.project)?;
        context.store().set_disabled(&context.now(), |disabled| match &place {
            Some(project) => drop(disabled.projects.insert(project.clone())),
            None => disabled.everywhere = true,
        })?;
        let (place, flag) = describe_scope(place.as_deref());
        output::print(&format!("baton is disabled {place}; `baton enable{flag}` turns it on again\n"))
    }
}

impl Enable {
    /// Enables baton.
    ///
    /// # Errors
    /// Returns an error if the state cannot be written.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let place = scope(self.project)?;
        let left = context.store().set_disabled(&context.now(), |disabled| match &place {
            Some(project) => drop(disabled.projects.remove(project)),
            None => disabled.everywhere = false,
        })?;
        let (named, _) = describe_scope(place.as_deref());
        let still = match &place {
            Some(_) if left.everywhere => ", but baton is still disabled everywhere: run `baton enable`".to_owned(),
            None if !left.projects.is_empty() => {
                let projects: Vec<&str> = left.projects.iter().map(String::as_str).collect();
                format!(". It is still disabled in: {} (run `baton enable --project` there)", projects.join(", "))
            }
            _ => String::new(),
        };
        output::print(&strip_control_chars_by_line(&format!("baton is enabled {named}{still}\n")))
    }
}

fn scope(project: bool) -> Result<Option<String>, CommandError> {
    if !project {
        return Ok(None);
    }
    let directory = current_directory()?;
    match worktree::find_root(&directory) {
        Some(root) => Ok(Some(root)),
        None => Err(no_project()),
    }
}

fn describe_scope(project: Option<&str>) -> (String, &'static str) {
    project.map_or_else(
        || ("everywhere".to_owned(), ""),
        |root| (format!("in {}", strip_control_chars(root)), " --project"),
    )
}
