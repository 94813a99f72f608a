//! What can happen to a call on its way to the database.

use baton_fleet_protocol::{Answer, Cause, Identity, Request};

use crate::database::{SimulatedDatabase, failed};

/// What happens to one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: it is answered.
    None,
    /// It does not reach the database, and the caller knows.
    NotReached,
    /// It is carried out, and its answer is lost. The caller does not know.
    AnswerLost,
    /// The caller gives up, and the request is carried out later.
    Delayed,
    /// A standby answers, which is behind. It accepts no writes.
    Standby,
}

/// A database, its standby, and the requests that are on their way.
#[derive(Debug, Clone, Default)]
pub struct Server {
    /// The database.
    pub primary: SimulatedDatabase,
    /// A copy that is behind.
    pub standby: SimulatedDatabase,
    /// The requests on their way, oldest first.
    pub delayed: Vec<(Option<Identity>, Request)>,
}

impl Server {
    /// Carries out a call.
    #[must_use]
    pub fn call(&mut self, identity: Option<&Identity>, request: &Request, fault: Fault) -> Answer {
        match fault {
            Fault::None => self.primary.answer(identity, request),
            Fault::NotReached => failed(Cause::Unreachable, false),
            Fault::AnswerLost => {
                drop(self.primary.answer(identity, request));
                failed(Cause::Unreachable, true)
            }
            Fault::Delayed => {
                self.delayed.push((identity.cloned(), request.clone()));
                failed(Cause::Unreachable, true)
            }
            Fault::Standby if is_read(request) => {
                self.standby.now_ms = self.primary.now_ms;
                self.standby.answer(identity, request)
            }
            Fault::Standby => failed(Cause::ReadOnly, false),
        }
    }

    /// The standby catches up.
    pub fn replicate(&mut self) {
        self.standby.clone_from(&self.primary);
    }

    /// Carries out the requests that are on their way.
    pub fn deliver(&mut self) {
        for (identity, request) in std::mem::take(&mut self.delayed) {
            drop(self.primary.answer(identity.as_ref(), &request));
        }
    }

    /// Advances the clock of the database.
    pub fn advance(&mut self, ms: u64) {
        self.primary.now_ms += ms;
    }
}

const fn is_read(request: &Request) -> bool {
    matches!(request, Request::Read { .. } | Request::List { .. } | Request::Changes { .. } | Request::GetPart { .. })
}
