//! Changes that a user makes, through a decision of the core or in a transaction without it.

use std::io;
use std::time::Instant;

use agent_baton_core::decision::Location;
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::request::{Command, Input, Reading};
use agent_baton_core::session::Session;

use super::records::{deleted_session, unreadable};
use super::{Context, LOCK_WAIT, Outcome, inspector};
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use baton_core_host::Core;
use baton_engine::decide::DecisionService;
use baton_engine::loops::approval;
use baton_fleet_client::{ConfiguredRecords, Waiting};
use baton_store::{AuditAction, Transaction};
use baton_system::worktree;

impl Context {
    /// Returns an id for a new run.
    ///
    /// # Errors
    /// Returns an error if the system gives no random bytes.
    pub fn new_run_id() -> Result<RunId, CommandError> {
        let number = getrandom::u64().map_err(|error| {
            CommandError::failed("the system gives no random bytes").caused_by(io::Error::from(error))
        })?;
        format!("r{:012x}", number >> 16).parse().map_err(|_| CommandError::bug("a new run id is not valid"))
    }

    /// Checks that baton is enabled here. If it is disabled, its hooks would ignore what starts now.
    ///
    /// # Errors
    /// Refused if it is disabled.
    pub fn check_enabled(&self) -> Result<(), CommandError> {
        let here = || worktree::find_root(&std::env::current_dir().ok()?);
        let disabled = self.store().disabled()?;
        match (disabled.everywhere, disabled.is_in(here)) {
            (_, false) => Ok(()),
            (everywhere, true) => {
                let error = CommandError::refused("baton is disabled here, so the run would not be tracked");
                Err(match everywhere {
                    true => error.hint("`baton enable` turns it on again"),
                    false => error.hint("`baton enable --project` turns it on again"),
                })
            }
        }
    }

    /// Lets the core decide a command, and commits the changes.
    ///
    /// # Errors
    /// Returns an error if the lock is not available in time, or if the core or the commit fails.
    pub fn decide(&self, command: Command) -> Result<Outcome, CommandError> {
        if matches!(command, Command::Start { .. } | Command::Adopt { .. } | Command::With { .. }) {
            self.check_enabled()?;
        }
        let core = Core::load()?;
        // Use a new inspector each time: a command that waits asks more than once.
        let inspector = inspector(self.here);
        let records = ConfiguredRecords::new(self.store(), &self.settings, &inspector, Waiting::Command);
        let decider = DecisionService {
            store: self.store(),
            records: &records,
            core: &core,
            inspector: &inspector,
            settings: &self.settings,
        };
        let input = Input::Command(Box::new(command));
        let probes = decider.probe(&input);
        let mut locked = self.store().lock(Instant::now() + LOCK_WAIT, &self.now())?;
        let settled = decider.decide_and_commit(&mut locked, input, &probes, self.now(), &[])?;
        for report in locked.take_reports() {
            output::notice(&report);
        }
        if let Some(problem) = records.take_problem() {
            output::notice(&problem.in_one_line());
        }
        if let Some(problem) = self.settings.problem() {
            output::notice(&problem.in_one_line());
        }
        let in_doubt = records.is_in_doubt();
        let mut outcome = Outcome { request: settled.request, decision: settled.decision, elsewhere: None, in_doubt };
        outcome.elsewhere = outcome.run().and_then(|run| records.owner_elsewhere(&run.id));
        Ok(outcome)
    }

    /// Changes a session at a user's request. Writes nothing if `edit` changes nothing.
    ///
    /// # Errors
    /// Returns an error if the session is not found or cannot be read, if the lock is not available in time, or if
    /// the commit fails.
    pub fn edit_session(
        &self,
        action: AuditAction,
        id: &SessionId,
        edit: impl FnOnce(&mut Session),
    ) -> Result<(), CommandError> {
        self.write_session(action, id, edit, |before, after| before != after)
    }

    /// Records in the audit what a user did to a session, and changes nothing else of its record.
    ///
    /// # Errors
    /// See [`Self::edit_session`].
    pub fn touch_session(&self, action: AuditAction, id: &SessionId) -> Result<(), CommandError> {
        self.write_session(action, id, |_| {}, |_, _| true)
    }

    fn write_session(
        &self,
        action: AuditAction,
        id: &SessionId,
        edit: impl FnOnce(&mut Session),
        is_written: impl FnOnce(&Session, &Session) -> bool,
    ) -> Result<(), CommandError> {
        let now = self.now();
        let mut locked = self.store().lock(Instant::now() + LOCK_WAIT, &now)?;
        let (before, location) = match locked.view().session(id) {
            Reading::Live(session) => (session, Location::Live),
            Reading::Archived(session) => (session, Location::Archive),
            Reading::Absent => return Err(CommandError::not_found(format!("no session has the id {id}"))),
            Reading::Deleted => return Err(deleted_session(id)),
            Reading::Unreadable => return Err(unreadable(None)),
        };
        let mut session = before.clone();
        edit(&mut session);
        if is_written(&before, &session) {
            let mut transaction = Transaction::begin(&mut locked, action, &now);
            transaction.update_session(before, session, location);
            transaction.commit()?;
        }
        for report in locked.take_reports() {
            output::notice(&report);
        }
        Ok(())
    }

    /// Writes the end of a run's progress log if the call that ended the run did not get to it.
    ///
    /// # Errors
    /// Returns an error if the run cannot be read. If the state cannot be written now, that is not an error: the log
    /// is read as it is.
    pub fn complete_progress_log(&self, id: &RunId) -> Result<(), CommandError> {
        if !self.store().progress(id).exists() {
            return Ok(());
        }
        match self.store().lock(Instant::now() + LOCK_WAIT, &self.now()) {
            Ok(mut locked) => {
                locked.update_progress_log(None, &self.run(id)?);
                locked.take_reports().iter().for_each(|report| output::notice(report));
            }
            Err(error) => output::notice(&error.in_one_line()),
        }
        Ok(())
    }

    /// Removes the definition of a loop that did not start.
    pub fn remove_loop_definition(&self, run: &RunId) {
        self.store().remove_loop_definition(run);
        if let Some(home) = self.account_home() {
            approval::revoke(&home, run);
        }
    }
}
