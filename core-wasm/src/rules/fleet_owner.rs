//! What the fleet says about the owner of a run.

use crate::fleet::FleetOwner;
use crate::id::RunId;
use crate::process::Live;
use crate::rules::context::RuleContext;
use crate::run::Run;

impl RuleContext<'_> {
    /// Returns what the fleet says about the owner of a run, or `None` for a run that belongs to no fleet. A fleet run about
    /// which the request says nothing counts as unreachable.
    #[must_use]
    pub fn fleet_owner(&self, run: &Run) -> Option<FleetOwner> {
        run.fleet.as_ref()?;
        if self.has_moved_here(run) {
            return Some(FleetOwner::Here { lapsed: false });
        }
        let standing = self.request.snapshot.fleet.iter().find(|standing| standing.run == run.id);
        Some(standing.map_or(FleetOwner::Unreachable, |standing| standing.owner))
    }

    /// Returns whether this decision gave the run to an owner on this machine. What the fleet says is about the owner before. Only
    /// a refresh brings an owner of another machine.
    fn has_moved_here(&self, run: &Run) -> bool {
        let is_refresh = self.request.input.refreshed_run().is_some();
        !is_refresh && self.run_reading(&run.id).record().is_some_and(|before| before.fence != run.fence)
    }

    /// Returns whether the database cannot be asked about a run that it decides, and no lease allows this machine to go on
    /// without it. Such a run must not change.
    #[must_use]
    pub fn is_unreachable(&self, run: &Run) -> bool {
        self.fleet_owner(run) == Some(FleetOwner::Unreachable)
    }

    /// Returns whether the request says that the database cannot be asked about a run that has no record yet.
    #[must_use]
    pub fn is_known_unreachable(&self, id: &RunId) -> bool {
        let fleet = &self.request.snapshot.fleet;
        fleet.iter().any(|standing| standing.run == *id && standing.owner == FleetOwner::Unreachable)
    }

    /// Returns whether the owner of a run is not on this machine, so that no process of this machine is the owner. It is on
    /// another machine, or the run was handed over.
    #[must_use]
    pub fn is_elsewhere(&self, run: &Run) -> bool {
        matches!(
            self.fleet_owner(run),
            Some(FleetOwner::Held | FleetOwner::Lapsed | FleetOwner::Ended | FleetOwner::HandedOver)
        )
    }

    /// Returns whether the lease of a run's owner has ended and nothing says whether the owner has. A user may then take the
    /// run without forcing it.
    #[must_use]
    pub fn owner_has_lapsed(&self, run: &Run) -> bool {
        matches!(self.fleet_owner(run), Some(FleetOwner::Lapsed | FleetOwner::Here { lapsed: true }))
            && self.owner_liveness(run) == Live::Unknown
    }
}
