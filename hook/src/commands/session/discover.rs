//! `baton session discover`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::session::Session;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::context::{Context, present_directory};
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::discovery::{Bounds, Loop, LoopState, Loops, loops, register};
use crate::machine::worktree;
use crate::words;

/// How much of the agents' directories is looked at.
const MOST_ENTRIES: usize = 100_000;

/// How long it looks at each kind of thing.
const PATIENCE: Duration = Duration::from_secs(20);

/// Finds sessions that no hook announced, and registers them; finds the progress logs of loops.
#[derive(Args)]
pub struct Discover {
    /// Where to look for progress logs, with all below; without it, in the project of the present directory
    directories: Vec<PathBuf>,
    /// Print what was found as JSON
    #[arg(long)]
    json: bool,
}

/// What was found, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiscoverView {
    /// The sessions that were registered.
    pub registered: Vec<DiscoveredView>,
    /// The loops, by their logs.
    pub loops: Vec<Loop>,
    /// How many logs were read; what had not changed since the last time was not.
    pub logs_read: usize,
    /// Whether something could not be read, or there was more than is looked at.
    pub partial: bool,
}

/// A session that was registered, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiscoveredView {
    /// The agent's own id.
    pub id: SessionId,
    /// The agent.
    pub agent: Agent,
    /// Whether a process shows it; of the others only a transcript was found.
    pub shown: bool,
    /// Its directory.
    pub cwd: Option<String>,
}

impl Discover {
    /// Finds them.
    ///
    /// # Errors
    /// When the state cannot be used, or a directory that was named is not there.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let roots = self.roots()?;
        let bounds = Bounds { entries: MOST_ENTRIES, until: Instant::now() + PATIENCE, settled_ms: 0 };
        let discovery = context.discovery(bounds)?;
        let (shown, written) = (discovery.shown(), discovery.written());
        let partial = shown.partial || written.partial;
        let found: Vec<Session> = shown.sessions.into_iter().chain(written.sessions).collect();
        let registered =
            if found.is_empty() { Vec::new() } else { register(&mut context.lock()?, found, &context.now())? };
        let until = Instant::now() + PATIENCE;
        let loops = loops(context.store(), &roots, discovery.witness.locks(), std::process::id(), until);
        let view = view(&registered, loops, partial);
        if self.json { print::json(&view) } else { print::lines(&text(&view)) }
    }

    /// The directories, each once, by their canonical paths. One that is not there is an error: to look elsewhere instead would say
    /// that there is nothing.
    fn roots(&self) -> Result<Vec<PathBuf>, CommandError> {
        let mut roots = Vec::new();
        for directory in &self.directories {
            let root = std::fs::canonicalize(directory)
                .map_err(|source| CommandError::File { path: directory.clone(), source })?;
            roots.push(root);
        }
        if roots.is_empty() {
            let here = present_directory()?;
            roots.push(worktree::root(&here).map_or(here, PathBuf::from));
        }
        roots.sort();
        roots.dedup();
        Ok(roots)
    }
}

fn view(registered: &[Session], found: Loops, partial: bool) -> DiscoverView {
    let registered = registered.iter().map(|session| DiscoveredView {
        id: session.id.clone(),
        agent: session.agent,
        shown: session.over.is_none(),
        cwd: session.cwd.clone(),
    });
    DiscoverView {
        registered: registered.collect(),
        loops: found.loops,
        logs_read: found.read,
        partial: partial || found.partial,
    }
}

fn text(view: &DiscoverView) -> String {
    let session = |found: &DiscoveredView| {
        let state = if found.shown { "alive" } else { "over" };
        let cwd = found.cwd.as_deref().map(words::clean).unwrap_or_default();
        vec![found.id.to_string(), found.agent.to_string(), state.to_owned(), cwd]
    };
    let row = |found: &Loop| {
        let plan = found.head.plan.as_deref().map(words::clean).unwrap_or_default();
        vec![words::clean(&found.id), state(found).to_owned(), plan, words::clean(&found.path.display().to_string())]
    };
    let mut text = match view.registered.len() {
        0 => "no session that was not known\n".to_owned(),
        1 => "1 session registered\n".to_owned(),
        many => format!("{many} sessions registered\n"),
    };
    text.push_str(&print::table(&view.registered.iter().map(session).collect::<Vec<_>>()));
    if !view.loops.is_empty() {
        let count = view.loops.len();
        text.push_str(&format!("{count} {}\n", if count == 1 { "loop" } else { "loops" }));
        text.push_str(&print::table(&view.loops.iter().map(row).collect::<Vec<_>>()));
    }
    if view.partial {
        text.push_str("something could not be read, or there is more than is looked at: there may be others\n");
    }
    text
}

const fn state(found: &Loop) -> &'static str {
    match found.state {
        LoopState::Active => "active",
        LoopState::Completed => "completed",
        LoopState::Failed => "failed",
        LoopState::Cancelled => "cancelled",
        LoopState::Interrupted => "interrupted",
        LoopState::HeaderIncomplete => "header incomplete",
        LoopState::Unknown => "unknown",
    }
}
