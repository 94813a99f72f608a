//! What a command works with: the machine it runs on, the state, and the core.

use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use agent_baton_core::decision::{Change, Decision, Record, Shelf};
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::process::{Live, Place, Process, Sight};
use agent_baton_core::request::{Ask, Beneath, Command, Named, Reading, Request, Snapshot};
use agent_baton_core::rules::alive;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};
use agent_baton_core::stamp::Stamp;

use crate::agents::{Lineage, Witness};
use crate::census::Census;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::run::outcome::run_of;
use crate::config::{Retention, Settings};
use crate::core::Core;
use crate::decider::{Decider, DeciderError};
use crate::discovery::{Bounds, Discovery};
use crate::looping::approval;
use crate::machine::environment::Inherited;
use crate::machine::stat::Stat;
use crate::machine::{Here, Look, Machine, MachineError, This, identity, worktree};
use crate::protect::company::{Company, Sights};
use crate::protect::record::Presence;
use crate::store::{AuditReader, Checked, Env, Home, Locked, Store, StoreError, View};
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

    /// The state.
    #[must_use]
    pub const fn store(&self) -> &Store {
        &self.store
    }

    /// What a person set.
    #[must_use]
    pub const fn settings(&self) -> &Settings {
        &self.settings
    }

    /// What looks at launches.
    #[must_use]
    pub const fn witness(&self) -> &Witness<'static, This, Inherited> {
        &self.witness
    }

    /// Where this runs.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.here.place
    }

    /// The process that has a pid now.
    #[must_use]
    pub fn process(&self, pid: u32) -> Option<Process> {
        match MACHINE.look(pid) {
            Look::Found(stat) if !stat.ended => Some(identity(&stat, &self.here.place)),
            _ => None,
        }
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

    /// One look at the machine, for as many sessions as are asked about.
    #[must_use]
    pub fn census(&self) -> Census<'static, This, Inherited> {
        Census::take(&MACHINE, &ENVIRONMENT, self.here)
    }

    /// A look for sessions that no hook announced.
    ///
    /// # Errors
    /// As [`Self::retention`]: what would be put away at once is not registered.
    pub fn discovery(&self, bounds: Bounds) -> Result<Discovery<'_, This, Inherited>, CommandError> {
        Ok(Discovery {
            store: &self.store,
            machine: &MACHINE,
            here: self.here,
            witness: &self.witness,
            kept: self.retention()?,
            now: self.now(),
            bounds,
        })
    }

    /// How long sessions that are over are kept.
    ///
    /// # Errors
    /// When a person set that and it cannot be read: nothing is put away by another rule than theirs.
    pub fn retention(&self) -> Result<&Retention, CommandError> {
        let kept = &self.settings.config().retention;
        match self.settings.problem() {
            Some(problem) => Err(CommandError::Retention(problem.to_string())),
            None => Ok(kept),
        }
    }

    /// The lock; what was found wrong with the state is said on stderr.
    ///
    /// # Errors
    /// When it is not to be had.
    pub fn lock(&self) -> Result<Locked<'_>, CommandError> {
        let mut locked = self.store.lock(Instant::now() + LOCK_WAIT, &self.now())?;
        for report in locked.take_reports() {
            print::say(&report);
        }
        Ok(locked)
    }

    /// An id for a new run.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn fresh_run_id() -> Result<RunId, CommandError> {
        let number = getrandom::u64().map_err(CommandError::Random)?;
        format!("r{:012x}", number >> 16).parse().map_err(|_| CommandError::CoreSilent)
    }

    /// The account's home, which no environment can change.
    #[must_use]
    pub fn account_home(&self) -> Option<PathBuf> {
        self.settings.account_home()
    }

    /// A variable that a process was started with; none where that cannot be read.
    #[must_use]
    pub fn variable(&self, process: &Process, name: &str) -> Option<String> {
        MACHINE.variable(process.pid, name)
    }

    /// Writes the texts of a loop that is about to start.
    ///
    /// # Errors
    /// Where they cannot be written.
    pub fn put_loop(&self, run: &RunId, bytes: &[u8]) -> Result<(), CommandError> {
        Ok(self.store.loop_put(run, bytes)?)
    }

    /// Takes back what was written for a loop that did not start.
    pub fn forget_loop(&self, run: &RunId) {
        self.store.loop_remove(run);
        if let Some(home) = self.account_home() {
            approval::withdraw(&home, run);
        }
    }

    /// Has the core decide a command, and commits what it changes.
    ///
    /// # Errors
    /// When the lock is not to be had, the core fails, or the commit does.
    pub fn perform(&self, command: Command) -> Result<Done, CommandError> {
        if matches!(command, Command::Start { .. } | Command::Adopt { .. } | Command::With { .. }) {
            self.check_enabled()?;
        }
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

    /// Whether baton does anything here: what begins now would be left alone by its hooks.
    ///
    /// # Errors
    /// [`CommandError::Disabled`].
    pub fn check_enabled(&self) -> Result<(), CommandError> {
        let here = || worktree::root(&std::env::current_dir().ok()?);
        let disabled = self.store.disabled()?;
        match (disabled.everywhere, disabled.is_in(here)) {
            (_, false) => Ok(()),
            (everywhere, true) => Err(CommandError::Disabled(if everywhere { "" } else { " --project" })),
        }
    }

    /// Changes a session by a person's word, through the lock and a checked commit; `act` stands in the audit. Nothing is written where
    /// nothing changes.
    ///
    /// # Errors
    /// Not found or unreadable; or the lock is not to be had, or the commit fails.
    pub fn edit_session(
        &self,
        act: &'static str,
        id: &SessionId,
        edit: impl FnOnce(&mut Session),
    ) -> Result<Session, CommandError> {
        let now = self.now();
        let mut locked = self.store.lock(Instant::now() + LOCK_WAIT, &now)?;
        let reading = locked.view().session(id);
        let (mut session, to) = match &reading {
            Reading::Live(session) => (session.clone(), Shelf::Live),
            Reading::Archived(session) => (session.clone(), Shelf::Archive),
            Reading::Absent => return Err(CommandError::NotFound(format!("no session has the id {id}"))),
            Reading::Deleted => return Err(deleted(id)),
            Reading::Unreadable => return Err(CommandError::Unreadable),
        };
        let before = session.clone();
        edit(&mut session);
        if session != before {
            session.revision = before.revision.saturating_add(1);
            session.updated = now.clone();
            let record = Record::Session(Box::new(session.clone()));
            let changes = [Change { before: Some(before.revision), to, record }];
            let snapshot = Snapshot { neighbours: vec![Named { id: id.to_string(), reading }], ..Snapshot::default() };
            let checked = Checked::by_person(act, &now, &snapshot, &changes).map_err(DeciderError::from)?;
            locked.commit(&checked).map_err(DeciderError::from)?;
        }
        for report in locked.take_reports() {
            print::say(&report);
        }
        Ok(session)
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

    /// A run as it stands.
    ///
    /// # Errors
    /// Not found, or unreadable.
    pub fn run(&self, id: &RunId) -> Result<Run, CommandError> {
        match self.read(|view| (view.run(id), view.why_run(id)))? {
            (Reading::Live(run) | Reading::Archived(run), _) => Ok(run),
            (Reading::Absent | Reading::Deleted, _) => Err(CommandError::NotFound(format!("no run has the id {id}"))),
            (Reading::Unreadable, why) => Err(why.map_or(CommandError::Unreadable, CommandError::Store)),
        }
    }

    /// Writes the end of a run's progress log, where the call that ended the run did not come to it.
    ///
    /// # Errors
    /// Where the run cannot be read. A state that cannot be written to now is no failure: the log is read as it is.
    pub fn mend_progress(&self, id: &RunId) -> Result<(), CommandError> {
        if !self.store.progress(id).exists() {
            return Ok(());
        }
        match self.store.lock(Instant::now() + LOCK_WAIT, &self.now()) {
            Ok(mut locked) => {
                locked.note_progress(None, &self.run(id)?);
                locked.take_reports().iter().for_each(|report| print::say(report));
            }
            Err(error) => print::say(&error.to_string()),
        }
        Ok(())
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
            (Reading::Deleted, _) => {
                Err(CommandError::NotFound(format!("{id} was deleted; `baton session restore {id}` brings it back")))
            }
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

    /// What the environment claims of a command above.
    #[must_use]
    pub fn beneath(&self) -> Option<Beneath> {
        self.witness.beneath(None)
    }

    /// Where this call runs.
    #[must_use]
    pub const fn here(&self) -> &Here {
        self.here
    }

    /// What the machine shows of this process itself.
    #[must_use]
    pub fn own(&self) -> Option<Stat> {
        match MACHINE.look(std::process::id()) {
            Look::Found(stat) => Some(stat),
            Look::Gone | Look::Unreadable => None,
        }
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

fn deleted(id: &SessionId) -> CommandError {
    CommandError::NotFound(format!("{id} was deleted; `baton session restore {id}` brings it back"))
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
        let owner = &run.owner;
        let at = format!("pid {} in {}{lives}", owner.process.pid, words::pane(&owner.pane));
        match owner.agent {
            Some(agent) => format!("its owner is {agent} {at}"),
            None => format!("it is driven by a command: {}{}", context.command_words(run), context.holder_words(run)),
        }
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
