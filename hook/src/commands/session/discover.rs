//! `baton session discover`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::session::Session;
use baton_display::{format_count, strip_control_chars};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::context::{Context, current_directory};
use crate::error::CommandError;
use crate::output;
use crate::output::listing::{Listing, Row};
use crate::output::terminal::Terminal;
use baton_engine::discovery::{Bounds, ForeignLoop, ForeignLoops, find_foreign_loops, register};
use baton_system::worktree;

/// The maximum number of entries of the agents' directories that are visited.
const MAX_ENTRIES: usize = 100_000;

/// How long each kind of search may take.
const SEARCH_TIME: Duration = Duration::from_secs(20);

/// Register sessions that no hook reported, and list progress logs of loops.
#[derive(Args)]
pub struct Discover {
    /// Directories to search for progress logs [default: the current project]
    directories: Vec<PathBuf>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// The result, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiscoverView {
    /// The sessions that were registered.
    pub registered: Vec<DiscoveredView>,
    /// The loops, identified by their logs.
    pub loops: Vec<ForeignLoop>,
    /// How many logs were read. Logs that have not changed since the last search are not read again.
    pub logs_read: usize,
    /// Whether something could not be read, or a limit ended the search early.
    pub partial: bool,
}

/// A session that was registered, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct DiscoveredView {
    /// The agent's own id.
    pub id: SessionId,
    /// The agent.
    pub agent: Agent,
    /// Whether a process displays it. For the others, only a transcript was found.
    pub live: bool,
    /// Its directory.
    pub cwd: Option<String>,
}

impl Discover {
    /// Runs the search.
    ///
    /// # Errors
    /// Returns an error if the state cannot be used, or if a named directory does not exist.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let roots = self.roots()?;
        let bounds = Bounds { entries: MAX_ENTRIES, until: Instant::now() + SEARCH_TIME, min_age_ms: 0 };
        let discovery = context.discovery(bounds)?;
        let (shown, written) = (discovery.running_sessions(), discovery.transcript_sessions());
        let partial = shown.partial || written.partial;
        let found: Vec<Session> = shown.sessions.into_iter().chain(written.sessions).collect();
        let registered =
            if found.is_empty() { Vec::new() } else { register(&mut context.lock()?, found, &context.now())? };
        let until = Instant::now() + SEARCH_TIME;
        let loops =
            find_foreign_loops(context.store(), &roots, discovery.inspector.lock_table(), std::process::id(), until);
        let view = view(&registered, loops, partial);
        if self.json { output::print_json(&view) } else { output::print(&text(&view)) }
    }

    /// Returns the directories by their canonical paths, each once. A missing directory is an error: skipping it
    /// would suggest that it contains no loops.
    fn roots(&self) -> Result<Vec<PathBuf>, CommandError> {
        let mut roots = Vec::new();
        for directory in &self.directories {
            let root = std::fs::canonicalize(directory)
                .map_err(|source| CommandError::cannot("read", directory.display(), source))?;
            roots.push(root);
        }
        if roots.is_empty() {
            let here = current_directory()?;
            roots.push(worktree::find_root(&here).map_or(here, PathBuf::from));
        }
        roots.sort();
        roots.dedup();
        Ok(roots)
    }
}

fn view(registered: &[Session], found: ForeignLoops, partial: bool) -> DiscoverView {
    let registered = registered.iter().map(|session| DiscoveredView {
        id: session.id.clone(),
        agent: session.agent,
        live: session.ended.is_none(),
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
        let state = if found.live { "alive" } else { "ended" };
        let cwd = found.cwd.as_deref().map(strip_control_chars).unwrap_or_default();
        let primary = vec![found.id.to_string(), found.agent.to_string(), state.to_owned()];
        Row { primary, secondary: vec![cwd] }
    };
    let row = |found: &ForeignLoop| {
        let plan = found.header.plan.as_deref().map(strip_control_chars).unwrap_or_default();
        Row {
            primary: vec![strip_control_chars(&found.id), found.state.word().to_owned()],
            secondary: vec![plan, strip_control_chars(&found.path.display().to_string())],
        }
    };
    let mut text = match view.registered.len() {
        0 => "no new sessions\n".to_owned(),
        many => format!("{} registered\n", format_count(many, "session", "sessions")),
    };
    let terminal = Terminal::stdout();
    let sessions = view.registered.iter().map(session).collect();
    text.push_str(&Listing::new(&["SESSION", "AGENT", "STATUS"], &["DIRECTORY"], sessions).render(&terminal));
    if !view.loops.is_empty() {
        text.push_str(&format!("{}\n", format_count(view.loops.len(), "loop", "loops")));
        let loops = view.loops.iter().map(row).collect();
        text.push_str(&Listing::new(&["LOOP", "STATUS"], &["PLAN", "LOG"], loops).render(&terminal));
    }
    if view.partial {
        text.push_str("the search is incomplete: something could not be read, or a limit was reached\n");
    }
    text
}
