//! Sessions that a living process shows.

use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Process;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::Reading;
use agent_baton_core::session::{Launch, Session};

use super::{Discovery, Found, register};
use crate::agents::traces::{Showing, Shown};
use crate::agents::{Row, TABLE};
use crate::machine::environment::{Environment, StartedWith};
use crate::machine::pane::pane;
use crate::machine::stat::Stat;
use crate::machine::{Look, Machine, identity};

impl<M: Machine, E: Environment> Discovery<'_, M, E> {
    /// Those that have no record yet, of every agent.
    pub fn shown(&self) -> Found {
        let mut found = Found::default();
        for row in &TABLE {
            let Some(home) = row.home(self.witness.environment()) else { continue };
            let showing = self.showing(row, &home);
            found.partial |= showing.partial;
            self.take_up(row, showing, &mut found);
        }
        found
    }

    /// What the agent says that its processes show.
    pub(super) fn showing(&self, row: &Row, home: &Path) -> Showing {
        (row.sources.showing)(home, &|| self.witness.locks().cloned(), self.here.place.pidns, self.bounds.entries)
    }

    fn take_up(&self, row: &Row, showing: Showing, found: &mut Found) {
        for shown in showing.shown {
            if self.is_late() {
                found.partial = true;
                return;
            }
            let Some(before) = self.unannounced(&shown) else { continue };
            let Some(stat) = self.process_of(row, &shown) else { continue };
            let mut session = before.unwrap_or_else(|| Session::new(row.agent, shown.session.clone(), &self.now));
            session.over = None;
            session.headless = shown.headless;
            register::place(&mut session, shown.cwd.clone());
            session.launches.push(self.launch(row.agent, &shown, &stat));
            found.sessions.push(session);
        }
    }

    /// Whether a session has no record (none), or one that only discovery wrote. A record that cannot be read is one.
    fn unannounced(&self, shown: &Shown) -> Option<Option<Session>> {
        match self.store.read(|view| view.session(&shown.session)).ok()? {
            Reading::Absent => Some(None),
            Reading::Live(session) | Reading::Archived(session) => {
                let found = session.over.as_ref().is_some_and(|over| over.reason == Reason::Discovered);
                found.then_some(Some(session))
            }
            Reading::Unreadable | Reading::Deleted => None,
        }
    }

    /// Whether a process may show a session still: what a killed one left behind says nothing any more.
    pub(super) fn may_show(&self, shown: &Shown) -> bool {
        let Some(pid) = shown.pid else { return true };
        match self.machine.look(pid) {
            Look::Gone => false,
            Look::Found(stat) => !stat.ended && shown.start.is_none_or(|start| start == stat.start),
            Look::Unreadable => true,
        }
    }

    /// The process, if it is the one that the agent meant, and has run for long enough.
    fn process_of(&self, row: &Row, shown: &Shown) -> Option<Stat> {
        let Look::Found(stat) = self.machine.look(shown.pid?) else { return None };
        let same = shown.start.is_none_or(|start| start == stat.start);
        let settled = self.here.age_ms(stat.start) >= self.bounds.settled_ms;
        (same && settled && !stat.ended && row.is_named(&stat.comm)).then_some(stat)
    }

    fn launch(&self, agent: Agent, shown: &Shown, stat: &Stat) -> Launch {
        let process: Process = identity(stat, &self.here.place);
        let daemon = self.witness.is_daemon(agent, stat.pid);
        Launch {
            process,
            pane: if daemon { Pane::Unknown } else { pane(&StartedWith::of(self.machine, stat.pid), stat) },
            source: None,
            iteration_of: None,
            started: self.now.clone(),
            untold: Vec::new(),
            ended: None,
            lock: shown.lock.clone().and_then(text),
            told: Vec::new(),
            extra: serde_json::Map::new(),
        }
    }
}

fn text(path: PathBuf) -> Option<String> {
    path.into_os_string().into_string().ok()
}
