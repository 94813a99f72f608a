//! What the machine shows of launches and commands, by the rules that the core decides by.

use agent_baton_core::process::{Live, Process, Sight};
use agent_baton_core::request::Beneath;
use agent_baton_core::rules::alive;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};

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
    pub fn census(&self) -> Census<'static, This, Inherited> {
        Census::take(&MACHINE, &ENVIRONMENT, self.here)
    }

    /// Whether each launch of a session lives, by the rule that the core decides by.
    #[must_use]
    pub fn launch_lives(&self, session: &Session) -> Vec<Live> {
        session.launches.iter().map(|launch| self.lives(session, launch)).collect()
    }

    /// Whether a run's owner lives, by the rule that the core decides by.
    #[must_use]
    pub fn owner_lives(&self, run: &Run) -> Live {
        let Some(id) = &run.owner.session else {
            let probe = self.witness.probe_command(run, &self.store.command_lock(run.project.as_deref(), &run.name));
            return alive::driven(&self.here.place, std::slice::from_ref(&probe), run);
        };
        let Ok((session, _)) = self.session(id) else { return Live::Unknown };
        session.launch(&run.owner.process).map_or(Live::Unknown, |launch| self.lives(&session, launch))
    }

    fn lives(&self, session: &Session, launch: &Launch) -> Live {
        let probe = launch.ended.is_none().then(|| self.witness.probe(session, launch));
        alive::seen(&self.here.place, probe.as_slice(), session, launch)
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

    /// The processes of a command's run, for a person.
    #[must_use]
    pub fn command_words(&self, run: &Run) -> String {
        let look = |process| if self.witness.sight(process) == Sight::Running { "lives" } else { "is not there" };
        let owner = &run.owner;
        let child = owner.child.as_ref();
        let child = child.map_or_else(String::new, |child| format!(", its command pid {} {}", child.pid, look(child)));
        format!("supervisor pid {} {}{child}", owner.process.pid, look(&owner.process))
    }

    /// Who else holds the lock of a command's run, for a person; empty where nobody does.
    #[must_use]
    pub fn holder_words(&self, run: &Run) -> String {
        let lock = self.store.command_lock(run.project.as_deref(), &run.name);
        match self.witness.holder(&lock) {
            Ok(None) => String::new(),
            Ok(Some(pid)) if pid == run.owner.process.pid => String::new(),
            Ok(Some(0)) => "; its lock is held by a process that cannot be seen from here".to_owned(),
            Ok(Some(pid)) => format!("; its lock is held by pid {pid}"),
            Err(_) => "; who holds its lock cannot be read".to_owned(),
        }
    }
}
