//! Builds one event that has the same form for all agents. The first step takes only what is cheap, the second adds
//! what the slow path needs.

use std::path::Path;

use agent_baton_core::agent::Agent;
use agent_baton_core::event::{Event, Source};
use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Process;

use super::{AgentInspector, ParsedEvent, spec};
use crate::raw_event::RawEvent;
use baton_fs::read;
use baton_system::lock_table::FileId;
use baton_system::pane::{find_pane, inherited_pane};
use baton_system::process_stat::ProcessStat;
use baton_system::{identity, worktree};

impl AgentInspector<'_> {
    /// Builds the event that the fast path needs. It reads no file, and leaves `project`, `has_context`, `lock` and
    /// `shows` empty.
    ///
    /// The pane stays unknown for a process without a terminal that may be a daemon. [`Self::enrich_event`]
    /// determines it.
    #[must_use]
    pub fn build_event(&self, agent: Agent, raw: &RawEvent, said: ParsedEvent, process: Option<&ProcessStat>) -> Event {
        let may_be_daemon = |stat: &ProcessStat| spec(agent).daemon_argument.is_some() && stat.tty == 0;
        Event {
            agent,
            name: said.name,
            session: said.session,
            source: said.source,
            question: said.question,
            subagent: said.subagent,
            cwd: said.cwd,
            transcript: said.transcript,
            has_context: false,
            prompt: said.prompt,
            prompt_id: said.prompt_id,
            digest: raw.digest(),
            hook_start_ms: self.current.start_ms,
            process: process.map(|stat| identity(stat, self.host())),
            pane: process
                .filter(|stat| !may_be_daemon(stat))
                .map_or(Pane::Unknown, |stat| inherited_pane(self.environment, stat)),
            project: None,
            directory: None,
            missing_project: None,
            lock: None,
            shows: None,
            headless: false,
            terminal_closed: said.terminal_closed,
            supervisor_claim: None,
            waited: false,
            stop: None,
            background_work: said.background_work,
            messages: None,
            last_turn: None,
            program: None,
            home: None,
        }
    }

    /// Adds what the slow path needs: the project, the transcript, what the agent's own files show, and the pane.
    pub fn enrich_event(&self, event: &mut Event, process: Option<&ProcessStat>) {
        event.project = event.cwd.as_deref().and_then(|cwd| worktree::find_root(Path::new(cwd)));
        event.directory = event.project.as_deref().and_then(|project| worktree::directory_identity(Path::new(project)));
        event.has_context = event.transcript.as_deref().is_some_and(|path| read::has_content(Path::new(path)));
        if event.source == Some(Source::Resume) {
            event.last_turn = event.transcript.as_deref().map(|path| spec(event.agent).last_turn(Path::new(path)));
        }
        let Some(stat) = process else { return };
        event.pane = if self.is_daemon(event.agent, stat.pid) {
            Pane::Unknown
        } else {
            find_pane(self.system, self.environment, stat)
        };
        event.program = Some(self.program(stat));
        event.home = self.proved_home(event.agent, stat);
        event.headless = self.is_headless(event.agent, stat.pid);
        event.terminal_closed &= !event.headless && !self.is_unattended(event.agent);
        let identity = identity(stat, self.host());
        event.shows = self.displayed_session(event.agent, &identity);
        event.supervisor_claim = self.supervisor_claim(Some(stat));
        event.lock = event.session.as_ref().and_then(|session| self.held_lock(event.agent, session, &identity));
    }

    /// Returns the session that the agent's own file names for a process of this host.
    pub(super) fn displayed_session(&self, agent: Agent, process: &Process) -> Option<SessionId> {
        let spec = spec(agent);
        spec.shows.and_then(|shows| shows(&spec.home(self.environment)?, process))
    }

    /// Returns the path of the lock that a process of this host holds on a session.
    fn held_lock(&self, agent: Agent, session: &SessionId, process: &Process) -> Option<String> {
        let spec = spec(agent);
        let path = (spec.lock?)(&spec.home(self.environment)?, session);
        let file = FileId::from_path(&path).ok()?;
        let held = self.lock_table()?.is_held(process.pid, file);
        if held { path.into_os_string().into_string().ok() } else { None }
    }
}
