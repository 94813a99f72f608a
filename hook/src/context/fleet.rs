//! The fleet in commands.

use std::path::Path;
use std::time::{Duration, Instant};

use agent_baton_core::decision::Location;
use agent_baton_core::fleet::{FleetRun, ReleaseCause};
use agent_baton_core::id::{FleetId, RunId};
use agent_baton_core::run::{Run, Status};
use baton_core_host::Core;
use baton_engine::decide::DecisionService;
use baton_engine::record_store::LocalStore;
use baton_fleet_client::{
    CachedRows, ConfiguredDatabase, ConfiguredRecords, Connect, Connection, FleetError, FleetStore, Membership, Round,
    Waiting, Witness, WitnessError, release,
};
use baton_fleet_protocol::Row;
use baton_system::git_remote;

use super::{Context, LOCK_WAIT, inspector};
use crate::error::CommandError;

impl Context {
    /// Returns how this state directory belongs to a fleet, or `None` if it belongs to none.
    ///
    /// # Errors
    /// Returns an error if the file cannot be read.
    pub fn membership(&self) -> Result<Option<Membership>, CommandError> {
        Ok(Membership::read(self.store())?)
    }

    /// Returns the membership of this state directory.
    ///
    /// # Errors
    /// Returns an error if it belongs to no fleet, or the file cannot be read.
    pub fn joined(&self) -> Result<Membership, CommandError> {
        self.membership()?.ok_or_else(|| FleetError::NotJoined.into())
    }

    /// Returns the fleet runs that this machine has a copy of, whatever their status. A run that cannot be read is left out.
    ///
    /// # Errors
    /// Returns an error if the state cannot be listed.
    pub fn fleet_runs(&self) -> Result<Vec<Run>, CommandError> {
        let mut ids = self.store().runs(Location::Live)?;
        ids.extend(self.store().runs(Location::Archive)?);
        Ok(ids.iter().filter_map(|id| self.run(id).ok()).filter(|run| run.fleet.is_some()).collect())
    }

    /// Returns the unfinished runs of the fleet whose owner is on this machine, by the copies of this machine.
    ///
    /// # Errors
    /// Returns an error if the state cannot be listed.
    pub fn owned_fleet_runs(&self, membership: &Membership) -> Result<Vec<Run>, CommandError> {
        let is_here =
            |run: &Run| run.fleet.as_ref().is_some_and(|fleet| fleet.machine.as_ref() == Some(&membership.machine));
        Ok(self.unfinished_runs()?.into_iter().filter(is_here).collect())
    }

    /// Takes the copies of other fleets than `joined` out of their fleet, so that they can be ended or adopted without its database.
    /// Returns the runs that were abandoned by that, or `None` if there was no such copy. It can be repeated.
    ///
    /// # Errors
    /// Returns an error if the state cannot be listed, locked or written.
    pub fn release_copies(&self, joined: Option<&FleetId>) -> Result<Option<Vec<Run>>, CommandError> {
        let is_open = |run: &Run| run.status.is_unfinished() || run.status == Status::Abandoned;
        let is_foreign = |run: &Run| run.fleet.as_ref().is_some_and(|fleet| Some(&fleet.fleet) != joined);
        let copies = self.fleet_runs()?.into_iter().filter(|run| is_open(run) && is_foreign(run));
        let copies: Vec<RunId> = copies.map(|run| run.id).collect();
        if copies.is_empty() {
            return Ok(None);
        }
        let core = Core::load()?;
        let inspector = inspector(self.here);
        let service = DecisionService {
            store: self.store(),
            records: &LocalStore,
            core: &core,
            inspector: &inspector,
            settings: &self.settings,
        };
        let now = self.now();
        let mut locked = self.store().lock(Instant::now() + LOCK_WAIT, &now)?;
        Ok(Some(release(&service, &mut locked, &copies, ReleaseCause::FleetLeft, &now)?))
    }

    /// Returns the run of the fleet that a text identifies, of which this machine may have no copy: by its name or a part of its
    /// id as the witness saw them last, or by its whole id. Returns `None` if this machine belongs to no fleet.
    #[must_use]
    pub fn run_of_fleet(&self, text: &str) -> Option<RunId> {
        self.membership().ok().flatten()?;
        let cached = CachedRows::read(self.store());
        let rows = cached.iter().flat_map(|cached| &cached.rows);
        let is_meant = |row: &&Row| row.run.name.as_str() == text || row.run.id.as_str().starts_with(text);
        let mut found = rows.filter(is_meant).map(|row| row.run.id.clone());
        match (found.next().filter(|_| !text.is_empty()), found.next()) {
            (Some(only), None) => Some(only),
            _ => text.parse().ok().filter(|_| is_whole_id(text)),
        }
    }

    /// Returns the database that the user configured.
    #[must_use]
    pub const fn database(&self) -> ConfiguredDatabase<'_> {
        ConfiguredDatabase::new(&self.settings)
    }

    /// Connects to the database as this machine, and returns when the command stops waiting for it.
    ///
    /// # Errors
    /// Returns an error if this state directory belongs to no fleet, or the connection cannot be opened.
    pub fn connect(&self) -> Result<(Box<dyn Connection>, Instant), CommandError> {
        let identity = self.joined()?.identity_in(self.store());
        let limit = Waiting::Command.limit();
        Ok((self.database().open(Some(identity), limit)?, Instant::now() + limit))
    }

    /// Returns what makes a new run of this project a run of the fleet. `asked` says that the user asked for one; otherwise
    /// the configuration says for which projects.
    ///
    /// # Errors
    /// Refused if the user asked for it and this machine belongs to no fleet, or if the project has no remote.
    pub fn new_fleet_run(&self, asked: bool, project: Option<&str>) -> Result<Option<FleetRun>, CommandError> {
        let fleet = &self.settings.config().fleet;
        if !asked && fleet.projects.is_empty() {
            return Ok(None);
        }
        let identity = project.and_then(|project| git_remote::project_identity(Path::new(project)));
        let is_named = identity.as_ref().is_some_and(|identity| fleet.names_project(identity));
        if !asked && !is_named {
            return Ok(None);
        }
        let membership = self.joined()?;
        let Some(project) = identity else {
            let what =
                "this project has no git remote that other machines could know it by, so its runs stay on this machine";
            return Err(CommandError::refused(what).hint("`git remote add origin URL` names one, or leave out --fleet"));
        };
        Ok(Some(FleetRun { fleet: membership.fleet, revision: 0, machine: Some(membership.machine), project }))
    }

    /// Makes copies of the unfinished runs that other machines have in a project, whose worktree root here is `root`. If the
    /// database cannot be asked, the copies stay as they are.
    ///
    /// # Errors
    /// Returns an error if a copy cannot be written.
    pub fn refresh_project(&self, fleet: &FleetRun, root: &str) -> Result<(), CommandError> {
        let core = Core::load()?;
        let inspector = inspector(self.here);
        let records = ConfiguredRecords::new(self.store(), &self.settings, &inspector, Waiting::Command);
        let service = DecisionService {
            store: self.store(),
            records: &records,
            core: &core,
            inspector: &inspector,
            settings: &self.settings,
        };
        let commands = records.fleet().map(|records| records.copies_of_project(fleet, root)).unwrap_or_default();
        if !commands.is_empty() {
            let now = self.now();
            let mut locked = self.store().lock(Instant::now() + LOCK_WAIT, &now)?;
            service.refresh_copies(&mut locked, commands, &now)?;
        }
        Ok(())
    }

    /// Calls `work` with what decides about the runs of the fleet, and with its records.
    ///
    /// # Errors
    /// Returns an error if no fleet is configured, if the core cannot be loaded, or the error of `work`.
    pub(super) fn with_fleet<T>(
        &self,
        work: impl FnOnce(&DecisionService<'_>, &FleetStore<'_>) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let core = Core::load()?;
        let inspector = inspector(self.here);
        let records = ConfiguredRecords::new(self.store(), &self.settings, &inspector, Waiting::Command);
        let Some(fleet) = records.fleet() else { return Err(self.database().missing().into()) };
        let service = DecisionService {
            store: self.store(),
            records: fleet,
            core: &core,
            inspector: &inspector,
            settings: &self.settings,
        };
        work(&service, fleet)
    }

    /// Does one round of the witness.
    ///
    /// # Errors
    /// Returns an error if this machine belongs to no fleet, if the database cannot be asked, or if the state cannot be
    /// written.
    pub fn witness(&self) -> Result<Round, CommandError> {
        self.joined()?;
        self.with_fleet(|service, fleet| {
            let witness = Witness {
                service,
                fleet,
                database: &self.database(),
                lease_ms: self.settings.config().fleet.lease.ms(),
                deadline: Instant::now() + ROUND_LIMIT,
            };
            witness.run().map_err(|error| match error {
                WitnessError::Fleet(error) => CommandError::from(error),
                WitnessError::Store(error) => error.into(),
                WitnessError::Lock(error) => error.into(),
                WitnessError::Decision(error) => error.into(),
            })
        })
    }
}

/// Returns the error of a machine that joined a fleet and knows no database of it.
#[must_use]
pub fn without_database(why: FleetError) -> CommandError {
    let names_none = matches!(why, FleetError::NotConfigured);
    let error = CommandError::from(why);
    if names_none {
        error.hint(
            "set `url` or `url_command` in the table `[fleet]` of the configuration, or leave the fleet: `baton fleet leave --force`",
        )
    } else {
        error
    }
}

/// Returns whether a text has the form of a run's id, which nobody needs to know before it is asked for.
fn is_whole_id(text: &str) -> bool {
    let digits = text.strip_prefix('r').unwrap_or_default();
    digits.len() == 12 && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// How long one round of the witness may take. The next one begins after a minute.
const ROUND_LIMIT: Duration = Duration::from_secs(30);
