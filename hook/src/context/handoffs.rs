//! Handing sessions over, in commands.

use baton_fleet_client::{HandoffError, Handoffs, MemberConnection, Waiting};

use super::Context;
use crate::error::CommandError;

impl Context {
    /// Calls `work` with what hands sessions over and picks them up. It connects when it is first used.
    ///
    /// # Errors
    /// Returns an error if this machine belongs to no fleet, or the error of `work`.
    pub fn with_handoffs<T>(
        &self,
        work: impl FnOnce(&mut Handoffs<'_>) -> Result<T, CommandError>,
    ) -> Result<T, CommandError> {
        let membership = self.joined()?;
        self.with_fleet(|service, fleet| {
            let (database, clock) = (self.database(), || service.now());
            let limit = Waiting::Command.limit();
            work(&mut Handoffs {
                service,
                fleet,
                member: MemberConnection::new(service.store, &database, &clock, membership, limit),
                lease_ms: self.settings.config().fleet.lease.ms(),
            })
        })
    }
}

impl From<HandoffError> for CommandError {
    fn from(error: HandoffError) -> Self {
        let text = error.to_string();
        match error {
            HandoffError::Fleet(error) => error.into(),
            HandoffError::Store(error) => error.into(),
            HandoffError::Lock(error) => error.into(),
            HandoffError::Decision(error) => error.into(),
            HandoffError::OwnedElsewhere { run, .. } => Self::refused(text)
                .hint(format!("`baton run adopt {run} --take` takes the run to a live session of this machine")),
            HandoffError::PickedUp { session, .. } => Self::refused(text).hint(format!(
                "on that machine, `baton handoff {session}` hands it back; if that machine is gone, \
                     `baton run adopt RUN --take` takes the run of the session without its conversation"
            )),
            HandoffError::NotOffered { .. } => {
                Self::refused(text).hint("`baton pickup` lists the sessions that wait for this machine")
            }
            HandoffError::NotHandedOver { session } => {
                Self::refused(text).hint(format!("`baton handoff {session}` hands it over"))
            }
            HandoffError::TooLarge { .. } => Self::refused(text).hint(
                "to move only its run, adopt the run in a session of the other machine: `baton run adopt RUN --take`",
            ),
            HandoffError::Damaged { session, .. } => {
                Self::failed(text).hint(format!("hand it over again on the other machine: `baton handoff {session}`"))
            }
            HandoffError::Withdrawn => Self::refused(text).hint("run the command again"),
            HandoffError::Unknown(source) => Self::in_doubt(text)
                .caused_by(source)
                .hint("run the command again; it finds out, and goes on from there"),
        }
    }
}
