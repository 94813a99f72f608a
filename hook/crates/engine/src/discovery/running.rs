//! Finds sessions that a live process displays.

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_core::liveness::Liveness;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::{Live, Process};
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::rules::liveness::from_process_state;
use agent_baton_core::session::{Launch, Session};

use super::{DiscoveredSessions, Discovery, register};
use baton_agents::session_files::{RunningSession, RunningSessions};
use baton_agents::{AGENTS, AgentSpec};
use baton_system::environment::ProcessEnvironment;
use baton_system::pane::find_pane;
use baton_system::process_stat::ProcessStat;
use baton_system::process_state::process_state;
use baton_system::{ProcessLookup, identity};

impl Discovery<'_> {
    /// Returns the displayed sessions of every agent that have no record yet.
    pub fn running_sessions(&self) -> DiscoveredSessions {
        let mut found = DiscoveredSessions::default();
        for spec in &AGENTS {
            let Some(home) = spec.home(self.inspector.environment()) else { continue };
            let running_sessions = self.reported_sessions(spec, &home);
            found.partial |= running_sessions.partial;
            self.add_running(spec, running_sessions, &mut found);
        }
        found
    }

    /// Returns the sessions that processes display according to the agent's files.
    pub(super) fn reported_sessions(&self, spec: &AgentSpec, home: &Path) -> RunningSessions {
        (spec.session_files.running_sessions)(
            home,
            &|| self.inspector.lock_table().cloned(),
            self.inspector.host().pidns,
            self.bounds.entries,
        )
    }

    fn add_running(&self, spec: &AgentSpec, running_sessions: RunningSessions, found: &mut DiscoveredSessions) {
        for shown in running_sessions.sessions {
            if self.out_of_time() {
                found.partial = true;
                return;
            }
            let Some(before) = self.unregistered(&shown) else { continue };
            let Some(stat) = self.matching_process(spec, &shown) else { continue };
            let mut session = before.unwrap_or_else(|| Session::new(spec.agent, shown.session.clone(), &self.now));
            session.ended = None;
            session.headless = shown.headless;
            register::set_directory(&mut session, shown.cwd.clone());
            session.launches.push(self.launch(spec.agent, &shown, &stat));
            found.sessions.push(session);
        }
    }

    /// Returns `Some(None)` if a session has no record, and `Some` with the record if only discovery wrote it. Returns
    /// `None` for any other record, including one that cannot be read.
    fn unregistered(&self, shown: &RunningSession) -> Option<Option<Session>> {
        match self.store.read(|view| view.session(&shown.session)).ok()? {
            Reading::Absent => Some(None),
            Reading::Live(session) | Reading::Archived(session) => {
                let found = session.ended.as_ref().is_some_and(|over| over.reason == Reason::Discovered);
                found.then_some(Some(session))
            }
            Reading::Unreadable | Reading::Deleted => None,
        }
    }

    /// Returns whether a process may still display the session. The file that a killed process left behind does not
    /// count.
    pub(super) fn may_be_running(&self, shown: &RunningSession) -> bool {
        shown.pid.is_none_or(|pid| self.liveness(pid, shown.start, &self.inspector.process(pid)).live != Live::No)
    }

    /// Returns the process if it is the one that the agent's file names, and if it has run for long enough.
    fn matching_process(&self, spec: &AgentSpec, shown: &RunningSession) -> Option<ProcessStat> {
        let pid = shown.pid?;
        let lookup = self.inspector.process(pid);
        let lives = self.liveness(pid, shown.start, &lookup).live == Live::Yes;
        let ProcessLookup::Found(stat) = lookup else { return None };
        let settled = self.inspector.current().age_ms(stat.start) >= self.bounds.min_age_ms;
        (lives && settled && spec.is_named(&stat.comm)).then_some(stat)
    }

    /// Returns whether the process in an agent's file is alive. If the file has no start time, the current process
    /// with that pid counts.
    fn liveness(&self, pid: u32, start: Option<u64>, lookup: &ProcessLookup) -> Liveness {
        let host = self.inspector.host();
        let found = if let ProcessLookup::Found(stat) = lookup { stat.start } else { 0 };
        let process = Process {
            pid,
            start: start.unwrap_or(found),
            boot: host.boot.clone(),
            machine: host.machine.clone(),
            pidns: host.pidns,
        };
        from_process_state(host, &process, process_state(&process, host, |_| lookup.clone()))
    }

    fn launch(&self, agent: Agent, shown: &RunningSession, stat: &ProcessStat) -> Launch {
        let process: Process = identity(stat, self.inspector.host());
        let daemon = self.inspector.is_daemon(agent, stat.pid);
        Launch {
            process,
            pane: if daemon {
                Pane::Unknown
            } else {
                let system = self.inspector.system();
                find_pane(system, &ProcessEnvironment::new(system, stat.pid), stat)
            },
            source: None,
            program: Some(self.inspector.program(stat)),
            home: self.inspector.proved_home(agent, stat),
            iteration_of: None,
            started: self.now.clone(),
            ended: None,
            lock: shown.lock.clone().and_then(text),
        }
    }
}

fn text(path: PathBuf) -> Option<String> {
    path.into_os_string().into_string().ok()
}
