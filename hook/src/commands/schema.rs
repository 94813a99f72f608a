//! `baton schema`: JSON Schemas of the formats that baton reads and writes.

use agent_baton_core::agent::Agent;
use agent_baton_core::decision::Decision;
use agent_baton_core::request::Request;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;
use clap::Args;
use schemars::{JsonSchema, Schema as Document, schema_for};

use crate::commands::config::ConfigView;
use crate::commands::gc::GcView;
use crate::commands::project::view::ProjectView;
use crate::commands::session::discover::DiscoverView;
use crate::commands::session::list::SessionsView;
use crate::commands::status::StatusView;
use crate::error::CommandError;
use crate::output;
use crate::output::json::{RunView, SessionView};
use baton_agents::reply::{BlockReply, ContextReply, UserReply};
use baton_agents::spec;
use baton_store::AuditLine;

/// Print a schema, or the names of all schemas.
#[derive(Args)]
pub struct Schema {
    /// The schema's name; without it, the names are listed
    name: Option<String>,
}

/// The name of a schema, and the function that generates it.
pub type Named = (&'static str, fn() -> Document);

/// Every schema.
pub const SCHEMAS: &[Named] = &[
    ("payload-claude", || spec(Agent::Claude).schema()),
    ("payload-codex", || spec(Agent::Codex).schema()),
    ("notification-codex", || spec(Agent::Codex).notification_schema().unwrap_or_default()),
    ("reply-context", of::<ContextReply>),
    ("reply-user", of::<UserReply>),
    ("reply-block", of::<BlockReply>),
    ("record-session", of::<Session>),
    ("record-run", of::<Run>),
    ("request", of::<Request>),
    ("decision", of::<Decision>),
    ("audit-line", of::<AuditLine>),
    ("output-gc", of::<GcView>),
    ("output-discover", of::<DiscoverView>),
    ("output-run", of::<RunView>),
    ("output-session", of::<SessionView>),
    ("output-sessions", of::<SessionsView>),
    ("output-config", of::<ConfigView>),
    ("output-status", of::<StatusView>),
    ("output-project", of::<ProjectView>),
];

fn of<T: JsonSchema>() -> Document {
    schema_for!(T)
}

impl Schema {
    /// Prints the schema.
    ///
    /// # Errors
    /// Returns an error if no schema has that name.
    pub fn run(self) -> Result<(), CommandError> {
        let names = || SCHEMAS.iter().map(|(name, _)| format!("{name}\n")).collect::<String>();
        let Some(wanted) = self.name else { return output::print(&names()) };
        match SCHEMAS.iter().find(|(name, _)| *name == wanted) {
            Some((_, make)) => output::print_json(&make()),
            None => Err(CommandError::ambiguous(
                "no schema has that name",
                SCHEMAS.iter().map(|(name, _)| (*name).to_owned()).collect(),
            )),
        }
    }
}
