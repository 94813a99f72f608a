//! What the machine shows of launches and commands, by the rules that the core decides by.

use agent_baton_core::process::{Live, Process, Sight};
use agent_baton_core::request::Beneath;
use agent_baton_core::run::{Run, RunName};

use super::{Context, ENVIRONMENT, MACHINE};
use crate::agents::Lineage;
use crate::census::Census;
use crate::commands::error::CommandError;
use crate::machine::environment::Inherited;
use crate::machine::stat::Stat;
use crate::machine::{Look, Machine, This, identity};
use crate::protect::company::{Company, Sights};
use crate::protect::record::Presence;
use crate::store::StoreError;

/// One look at this machine.
pub type Sighting = Census<'static, This, Inherited>;

impl Context {
    /// The process that has a pid now.
    #[must_use]
    pub fn process(&self, pid: u32) -> Option<Process> {
        match MACHINE.look(pid) {
            Look::Found(stat) if !stat.ended => Some(identity(&stat, &self.here.place)),
            _ => None,
        }
    }

    /// What the machine shows of this process itself.
    #[must_use]
    pub fn own(&self) -> Option<Stat> {
        match MACHINE.look(std::process::id()) {
            Look::Found(stat) => Some(stat),
            Look::Gone | Look::Unreadable => None,
        }
    }

    /// The agents above this command.
    #[must_use]
    pub fn lineage(&self) -> Option<Lineage> {
        self.witness.lineage()
    }

    /// What the environment claims of a command above.
    #[must_use]
    pub fn beneath(&self) -> Option<Beneath> {
        self.witness.beneath(None)
    }

    /// A variable that a process was started with; none where that cannot be read.
    #[must_use]
    pub fn variable(&self, process: &Process, name: &str) -> Option<String> {
        MACHINE.variable(process.pid, name)
    }

    /// One look at the machine, for as many sessions as are asked about.
    #[must_use]
    pub fn census(&self) -> Sighting {
        Census::take(&MACHINE, &ENVIRONMENT, self.here)
    }

    /// Whether a run's owner lives, by this look.
    #[must_use]
    pub fn owner_lives(&self, census: &Sighting, run: &Run) -> Live {
        let Some(id) = &run.owner.session else {
            return census.command(run, &self.store.command_lock(run.project.as_deref(), &run.name));
        };
        let Ok((session, _)) = self.session(id) else { return Live::Unknown };
        session.launch(&run.owner.process).map_or(Live::Unknown, |launch| census.launch(&session, launch).live)
    }

    /// Who of a project's launches is there, as the rules see it; `present` are those that came in.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn company(&self, project: &str, present: &[Presence]) -> Result<(Company, Sights), CommandError> {
        let company = match self.read(|view| Company::read(view, project, present))? {
            // Who was not looked at counts as there; the holder of the lock has the index.
            Err(StoreError::Unindexed { .. }) => self.read(|view| Company::of_present(view, present))?,
            company => company?,
        };
        let sights = self.look(&company, Sights::default());
        Ok((company, sights))
    }

    /// Looks at the launches of a project that were not looked at before.
    #[must_use]
    pub fn look(&self, company: &Company, before: Sights) -> Sights {
        company.look(&self.witness, &MACHINE, &self.here.place, before)
    }

    /// The processes of a command's run, for a person; and who else holds its lock.
    #[must_use]
    pub fn command_words(&self, run: &Run) -> String {
        let look = |process| if self.witness.sight(process) == Sight::Running { "lives" } else { "is not there" };
        let owner = &run.owner;
        let child = owner.child.as_ref();
        let child = child.map_or_else(String::new, |child| format!(", its command pid {} {}", child.pid, look(child)));
        let holder = self.holder_words(run.project.as_deref(), &run.name, Some(owner.process.pid));
        format!("supervisor pid {} {}{child}{holder}", owner.process.pid, look(&owner.process))
    }

    /// Who holds the lock of a name in a project, for a person; empty where nobody does but this very call, or the one that is named.
    #[must_use]
    pub fn holder_words(&self, project: Option<&str>, name: &RunName, named: Option<u32>) -> String {
        match self.witness.holder(&self.store.command_lock(project, name)) {
            Ok(None) => String::new(),
            Ok(Some(pid)) if pid == std::process::id() || Some(pid) == named => String::new(),
            Ok(Some(0)) => "; its lock is held by a process that cannot be seen from here".to_owned(),
            Ok(Some(pid)) => format!("; its lock is held by pid {pid}"),
            Err(_) => "; who holds its lock cannot be read".to_owned(),
        }
    }
}
