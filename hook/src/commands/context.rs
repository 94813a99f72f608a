//! What a command works with: the machine it runs on, the state, and the core.

use std::sync::OnceLock;
use std::time::{Duration, Instant};

use agent_baton_core::decision::{Decision, Shelf};
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::process::{Live, Place};
use agent_baton_core::request::{Ask, Command, Named, Reading, Request};
use agent_baton_core::rules::alive;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};
use agent_baton_core::stamp::Stamp;

use crate::agents::{Lineage, Witness};
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::run::outcome::run_of;
use crate::config::Settings;
use crate::core::Core;
use crate::decider::Decider;
use crate::machine::environment::Inherited;
use crate::machine::{Here, Machine, MachineError, This, worktree};
use crate::protect::company::{Company, Sights};
use crate::protect::record::Presence;
use crate::store::{AuditReader, Env, Home, Locked, Store, StoreError, View};
use crate::words;

/// How long a command waits for the lock. A person waits longer than an agent's hook may.
const LOCK_WAIT: Duration = Duration::from_secs(5);

static MACHINE: This = This;
static ENVIRONMENT: Inherited = Inherited;

/// Where this process runs; read once.
///
/// # Errors
/// See [`MachineError`].
pub fn here() -> Result<&'static Here, MachineError> {
    static HERE: OnceLock<Here> = OnceLock::new();
    match HERE.get() {
        Some(here) => Ok(here),
        None => {
            let here = MACHINE.here()?;
            Ok(HERE.get_or_init(|| here))
        }
    }
}

/// A witness of this process.
#[must_use]
pub const fn witness(here: &'static Here) -> Witness<'static, This, Inherited> {
    Witness::new(&MACHINE, &ENVIRONMENT, here)
}

/// What a command works with.
pub struct Context {
    here: &'static Here,
    witness: Witness<'static, This, Inherited>,
    store: Store,
    settings: Settings,
}

/// A command that was decided.
pub struct Done {
    /// What was asked.
    pub request: Request,
    /// The answer; what it changes is committed.
    pub decision: Decision,
}

impl Context {
    /// Finds the machine and the state.
    ///
    /// # Errors
    /// When the machine does not say where this runs, or the state directory must not be used.
    pub fn open() -> Result<Self, CommandError> {
        let here = here()?;
        let directory = std::env::current_dir().ok();
        let env = Env::of_process();
        let home = Home::resolve(&env, directory.as_deref(), &here.place)?;
        let store = Store::open(&home, &here.place);
        Ok(Self { here, witness: witness(here), store, settings: Settings::new(env, directory) })
    }

    /// The present moment.
    #[must_use]
    pub fn now(&self) -> Stamp {
        MACHINE.now(&self.here.place)
    }

    /// The agents above this command.
    #[must_use]
    pub fn lineage(&self) -> Option<Lineage> {
        self.witness.lineage()
    }

    /// An id for a new run.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn fresh_run_id() -> Result<RunId, CommandError> {
        let number = getrandom::u64().map_err(CommandError::Random)?;
        format!("r{:012x}", number >> 16).parse().map_err(|_| CommandError::CoreSilent)
    }

    /// Has the core decide a command, and commits what it changes.
    ///
    /// # Errors
    /// When the lock is not to be had, the core fails, or the commit does.
    pub fn perform(&self, command: Command) -> Result<Done, CommandError> {
        let core = Core::load()?;
        let decider = Decider {
            store: &self.store,
            core: &core,
            machine: &MACHINE,
            here: self.here,
            witness: &self.witness,
            settings: &self.settings,
        };
        let ask = Ask::Command(Box::new(command));
        let probes = decider.look(&ask);
        let mut locked = self.store.lock(Instant::now() + LOCK_WAIT, &self.now())?;
        let settled = decider.settle(&mut locked, ask, &probes, self.now())?;
        for report in locked.take_reports() {
            print::say(&words::clean(&report));
        }
        if let Some(problem) = self.settings.problem() {
            print::say(&words::clean(&problem.to_string()));
        }
        Ok(Done { request: settled.request, decision: settled.decision })
    }

    /// The state directory.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// What a person set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
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
        let sights = company.look(&self.witness, &MACHINE, &self.here.place);
        Ok((company, sights))
    }

    /// Where this runs.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.here.place
    }

    /// The lock, waited for as a person waits.
    ///
    /// # Errors
    /// When it is not to be had.
    pub fn lock(&self) -> Result<Locked<'_>, CommandError> {
        Ok(self.store.lock(Instant::now() + LOCK_WAIT, &self.now())?)
    }

    /// A run as it stands.
    ///
    /// # Errors
    /// Not found, or unreadable.
    pub fn run(&self, id: &RunId) -> Result<Run, CommandError> {
        match self.read(|view| (view.run(id), view.why_run(id)))? {
            (Reading::Live(run) | Reading::Archived(run), _) => Ok(run),
            (Reading::Absent, _) => Err(CommandError::NotFound(format!("no run has the id {id}"))),
            (Reading::Unreadable, why) => Err(why.map_or(CommandError::Unreadable, CommandError::Store)),
        }
    }

    /// What reading a run gives.
    ///
    /// # Errors
    /// When the state does not stand still.
    pub fn read_run(&self, id: &RunId) -> Result<Reading<Run>, CommandError> {
        self.read(|view| view.run(id))
    }

    /// A session as it stands, and whether it is archived.
    ///
    /// # Errors
    /// Not found, or unreadable.
    pub fn session(&self, id: &SessionId) -> Result<(Session, bool), CommandError> {
        match self.read(|view| (view.session(id), view.why_session(id)))? {
            (Reading::Live(session), _) => Ok((session, false)),
            (Reading::Archived(session), _) => Ok((session, true)),
            (Reading::Absent, _) => Err(CommandError::NotFound(format!("no session has the id {id}"))),
            (Reading::Unreadable, why) => Err(why.map_or(CommandError::Unreadable, CommandError::Store)),
        }
    }

    /// Whether there is anything under a session's id.
    #[must_use]
    pub fn has_session(&self, id: &SessionId) -> bool {
        self.read(|view| view.session(id)).is_ok_and(|reading| reading != Reading::Absent)
    }

    /// The runs; those that are over too, if asked. One that cannot be read is named on stderr and left out.
    ///
    /// # Errors
    /// When the state cannot be listed.
    pub fn runs(&self, all: bool) -> Result<Vec<Run>, CommandError> {
        let mut runs = Vec::new();
        for shelf in shelves(all) {
            for id in self.store.runs(*shelf)? {
                match self.run(&id) {
                    Ok(run) => runs.push(run),
                    Err(CommandError::NotFound(_)) => {}
                    Err(error) => print::say(&words::clean(&error.to_string())),
                }
            }
        }
        runs.dedup_by(|a, b| a.id == b.id);
        Ok(runs)
    }

    /// The sessions, and whether each is archived; archived ones only if asked. One that cannot be read is named on stderr and
    /// left out.
    ///
    /// # Errors
    /// When the state cannot be listed.
    pub fn sessions(&self, all: bool) -> Result<Vec<(Session, bool)>, CommandError> {
        let mut sessions = Vec::new();
        for shelf in shelves(all) {
            for id in self.store.sessions(*shelf)? {
                match self.session(&id) {
                    Ok(session) => sessions.push(session),
                    Err(CommandError::NotFound(_)) => {}
                    Err(error) => print::say(&words::clean(&error.to_string())),
                }
            }
        }
        sessions.dedup_by(|(a, _), (b, _)| a.id == b.id);
        Ok(sessions)
    }

    /// The sessions of the project of the present directory that are not over.
    ///
    /// # Errors
    /// When the state cannot be read.
    pub fn project_sessions(&self) -> Result<Vec<Session>, CommandError> {
        let directory = std::env::current_dir().map_err(CommandError::Input)?;
        let Some(root) = worktree::root(&directory) else { return Ok(Vec::new()) };
        let links = match self.read(|view| view.project(&root))? {
            Err(StoreError::Unindexed { .. }) => return self.project_sessions_listed(&root),
            links => links?,
        };
        Ok(links.sessions.iter().filter_map(|id| self.session(id).ok()).map(|(session, _)| session).collect())
    }

    fn project_sessions_listed(&self, root: &str) -> Result<Vec<Session>, CommandError> {
        let here = |session: &Session| session.over.is_none() && session.project.as_deref() == Some(root);
        Ok(self.sessions(false)?.into_iter().map(|(session, _)| session).filter(here).collect())
    }

    /// Whether each launch of a session lives, by the rule that the core decides by.
    #[must_use]
    pub fn launch_lives(&self, session: &Session) -> Vec<Live> {
        session.launches.iter().map(|launch| self.lives(session, launch)).collect()
    }

    /// Whether a run's owner lives, by the rule that the core decides by.
    #[must_use]
    pub fn owner_lives(&self, run: &Run) -> Live {
        let Ok((session, _)) = self.session(&run.owner.session) else { return Live::Unknown };
        session.launch(&run.owner.process).map_or(Live::Unknown, |launch| self.lives(&session, launch))
    }

    fn lives(&self, session: &Session, launch: &Launch) -> Live {
        let probe = launch.ended.is_none().then(|| self.witness.probe(session, launch));
        alive::seen(&self.here.place, probe.as_slice(), session, launch)
    }

    /// The decisions kept, newest first.
    ///
    /// # Errors
    /// When the audit cannot be opened.
    pub fn audit(&self) -> Result<AuditReader, CommandError> {
        Ok(self.store.audit()?)
    }

    fn read<T>(&self, read: impl Fn(&View<'_>) -> T) -> Result<T, CommandError> {
        Ok(self.store.read(read)?)
    }
}

const fn shelves(all: bool) -> &'static [Shelf] {
    if all { &[Shelf::Live, Shelf::Archive] } else { &[Shelf::Live] }
}

impl Done {
    /// The run that was changed, or asked about.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        run_of(self)
    }

    /// Who owns the run, for a person.
    #[must_use]
    pub fn owner_words(&self, context: &Context) -> String {
        let Some(run) = self.run() else { return "its owner is not known".to_owned() };
        let lives = match context.owner_lives(run) {
            Live::Yes => ", which lives",
            Live::No => ", which is gone",
            Live::Unknown => "",
        };
        format!(
            "its owner is {} pid {} in {}{lives}",
            run.owner.agent,
            run.owner.process.pid,
            words::pane(&run.owner.pane)
        )
    }

    /// How the run came to its owner, for a person: `: moved to pane %3 at 14:02`.
    #[must_use]
    pub fn moved_words(&self, context: &Context) -> String {
        let Some((run, last)) = self.run().and_then(|run| run.history.last().map(|last| (run, last))) else {
            return String::new();
        };
        format!(" moved to {} at {}", words::pane(&run.owner.pane), words::local(&last.at, &context.now()))
    }

    /// The unfinished runs of the session that was asked about, by name and id.
    #[must_use]
    pub fn other_runs(&self) -> Vec<String> {
        let runs = self.request.snapshot.runs.iter().filter_map(|Named { reading, .. }| reading.record());
        let session = self.request.snapshot.session.record();
        runs.filter(|run| session.is_some_and(|session| session.runs.contains(&run.id)))
            .map(|run| format!("{} ({})", words::clean(run.name.as_str()), run.id))
            .collect()
    }
}
