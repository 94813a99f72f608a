//! One event in one form for all agents: first what is cheap, then what only the slow path needs.

use std::path::Path;

use agent_baton_core::agent::Agent;
use agent_baton_core::event::{Event, Source};
use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Process;

use super::{Said, Witness, row};
use crate::event::RawEvent;
use crate::machine::environment::Environment;
use crate::machine::locks::FileId;
use crate::machine::pane::pane;
use crate::machine::stat::Stat;
use crate::machine::{Machine, file, identity, worktree};

impl<M: Machine, E: Environment> Witness<'_, M, E> {
    /// The event as the fast path needs it. It reads nothing: `project`, `has_context`, `lock` and `shows` stay empty.
    ///
    /// The pane is unknown for a process without a terminal that may be a daemon: looking closer is [`Self::enrich`]'s.
    #[must_use]
    pub fn event(&self, agent: Agent, raw: &RawEvent, said: Said, process: Option<&Stat>) -> Event {
        let may_be_daemon = |stat: &Stat| row(agent).daemon_argument.is_some() && stat.tty == 0;
        Event {
            agent,
            name: said.name,
            session: said.session,
            source: said.source,
            subagent: said.subagent,
            cwd: said.cwd,
            transcript: said.transcript,
            has_context: false,
            prompt: said.prompt,
            prompt_id: said.prompt_id,
            digest: raw.digest(),
            hook_start_ms: self.here.start_ms,
            process: process.map(|stat| identity(stat, &self.here.place)),
            pane: process
                .filter(|stat| !may_be_daemon(stat))
                .map_or(Pane::Unknown, |stat| pane(self.environment, stat)),
            project: None,
            lock: None,
            shows: None,
            headless: false,
            hung_up: said.hung_up,
            beneath: None,
            waited: false,
            stop: None,
            messages: None,
            last_turn: None,
        }
    }

    /// Adds what the slow path needs: project, transcript, the agent's own files, and the pane looked at closely.
    pub fn enrich(&self, event: &mut Event, process: Option<&Stat>) {
        event.project = event.cwd.as_deref().and_then(|cwd| worktree::root(Path::new(cwd)));
        event.has_context = event.transcript.as_deref().is_some_and(|path| file::holds_something(Path::new(path)));
        if event.source == Some(Source::Resume) {
            event.last_turn = event.transcript.as_deref().map(|path| row(event.agent).last_turn(Path::new(path)));
        }
        let Some(stat) = process else { return };
        event.pane = if self.is_daemon(event.agent, stat.pid) { Pane::Unknown } else { pane(self.environment, stat) };
        event.headless = self.is_headless(event.agent, stat.pid);
        event.hung_up &= !event.headless && !self.is_unattended(event.agent);
        let identity = identity(stat, &self.here.place);
        event.shows = self.shows(event.agent, &identity);
        event.beneath = self.beneath(Some(stat));
        event.lock = event.session.as_ref().and_then(|session| self.lock(event.agent, session, &identity));
    }

    /// The session that the agent's own file names for a process of this place.
    pub(super) fn shows(&self, agent: Agent, process: &Process) -> Option<SessionId> {
        let row = row(agent);
        row.shows.and_then(|shows| shows(&row.home(self.environment)?, process))
    }

    /// The lock that a process of this place holds on a session, as a path.
    fn lock(&self, agent: Agent, session: &SessionId, process: &Process) -> Option<String> {
        let row = row(agent);
        let path = (row.lock?)(&row.home(self.environment)?, session);
        let file = FileId::of(&path).ok()?;
        let held = self.locks()?.is_held(process.pid, file);
        if held { path.into_os_string().into_string().ok() } else { None }
    }
}
