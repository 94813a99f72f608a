//! Generates the JSON Schemas of the formats that baton reads and writes. A test compares them with `schemas/`. The
//! program only contains those files, because the generator is twice their size.

use agent_baton_core::decision::Decision;
use agent_baton_core::request::Request;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;
use schemars::{JsonSchema, Schema, schema_for};

use crate::commands::config::ConfigView;
use crate::commands::fleet::fleet_view::FleetView;
use crate::commands::gc::GcView;
use crate::commands::session::discover::DiscoverView;
use baton_agents::AGENTS;
use baton_agents::reply::{BlockReply, ContextReply, UserReply};
use baton_status::{ProjectView, RunView, RunsView, SessionView, SessionsView, StatusView};
use baton_store::AuditLine;

/// The name of a schema, and the function that generates it.
pub type Named = (&'static str, fn() -> Schema);

/// The schemas besides those of the agents.
const OWN: &[Named] = &[
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
    ("output-runs", of::<RunsView>),
    ("output-session", of::<SessionView>),
    ("output-sessions", of::<SessionsView>),
    ("output-config", of::<ConfigView>),
    ("output-status", of::<StatusView>),
    ("output-fleet", of::<FleetView>),
    ("output-project", of::<ProjectView>),
];

/// Generates every schema, each with its name.
#[must_use]
pub fn all() -> Vec<(String, Schema)> {
    let payloads = AGENTS.iter().map(|spec| (format!("payload-{}", spec.agent), spec.schema()));
    let notifications =
        AGENTS.iter().filter_map(|spec| Some((format!("notification-{}", spec.agent), spec.notification_schema()?)));
    let own = OWN.iter().map(|(name, generate)| ((*name).to_owned(), generate()));
    payloads.chain(notifications).chain(own).collect()
}

fn of<T: JsonSchema>() -> Schema {
    schema_for!(T)
}
