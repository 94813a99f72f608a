//! Answers requests.

use std::time::Duration;

use baton_fleet_protocol::{Answer, Cause, Failure, Identity, Opening, Request, VERSION};

use crate::address::Address;
use crate::commit::{commit, look_up, reason_code};
use crate::database::Database;
use crate::error::{chain, failure};
use crate::renewal::Renewing;
use crate::standing::Asker;
use crate::{feed, handoff, membership, recovery, renewal, round, rows, schema};

/// Answers the requests of one call of `baton`, with one connection to the database.
pub struct Service {
    runtime: tokio::runtime::Runtime,
    asker: Asker,
    database: Result<Database, Failure>,
}

impl Service {
    /// Returns the service for an opening. Nothing connects before the first request.
    ///
    /// # Errors
    ///
    /// If the system has no resources.
    pub fn new(opening: &Opening) -> std::io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let limit = Duration::from_millis(opening.timeout_ms.max(1));
        let database = if opening.version == VERSION {
            Address::new(&opening.database)
                .map(|address| Database::new(address, limit))
                .map_err(|error| failure(Cause::Address, chain(&error)))
        } else {
            let text = format!("baton has the version {} and baton-fleet {VERSION}", opening.version);
            Err(failure(Cause::Version, text))
        };
        Ok(Self { runtime, asker: Asker::new(opening.identity.as_ref()), database })
    }

    /// Changes who asks from now on, on the same connection.
    pub fn identify(&mut self, identity: Option<&Identity>) {
        self.asker = Asker::new(identity);
    }

    /// Returns the answer to a request.
    pub fn answer(&mut self, request: &Request) -> Answer {
        let database = match (&mut self.database, request) {
            (Err(failure), Request::PrintSchema { role }) if failure.cause != Cause::Version => {
                return Answer::Sql { text: schema::text(role.as_deref()) };
            }
            (Err(failure), _) => return Answer::Failed(failure.clone()),
            (Ok(database), _) => database,
        };
        database.begin_request();
        let answer = self.runtime.block_on(answer(database, &self.asker, request));
        answer.unwrap_or_else(Answer::Failed)
    }
}

async fn answer(database: &mut Database, asker: &Asker, request: &Request) -> Result<Answer, Failure> {
    let needs_member = !matches!(
        request,
        Request::Init { .. }
            | Request::PrintSchema { .. }
            | Request::Join { .. }
            | Request::Read { .. }
            | Request::List { .. }
            | Request::Changes { .. }
    );
    if needs_member && !asker.is_member() {
        return Err(failure(Cause::Protocol, "the request needs a machine that is in a fleet"));
    }
    match request {
        Request::Init { fleet, role } => schema::init(database, fleet, role.as_deref()).await,
        Request::PrintSchema { role } => Ok(Answer::Sql { text: schema::text(role.as_deref()) }),
        Request::Join { machine, name, token } => membership::join(database, machine, name, token).await,
        Request::Leave => membership::leave(database, asker).await,
        Request::Remove { machine } => membership::remove(database, asker, machine).await,
        Request::Stored => membership::stored(database, asker).await,
        Request::Rotate { next } => membership::rotate(database, asker, next).await,
        Request::Read { runs, sessions, projects } => rows::read(database, asker, runs, sessions, projects).await,
        Request::List { limit } => rows::list(database, asker, *limit).await,
        Request::Changes { after, limit } => feed::changes(database, asker, after, *limit).await,
        Request::Commit { commit: id, reason, writes, lease_ms } => {
            commit(database, asker, id, &reason_code(*reason), writes, *lease_ms, None).await
        }
        Request::LookUp { commit } => look_up(database, asker, commit).await,
        Request::Renew { alive, ended, lease_ms } => {
            renewal::renew(database, asker, Renewing { alive, ended, lease_ms: *lease_ms, next: None }).await
        }
        Request::Round { next, alive, ended, lease_ms, runs, limit } => {
            let renewal = Renewing { alive, ended, lease_ms: *lease_ms, next: Some(next) };
            round::round(database, asker, renewal, runs, *limit).await
        }
        Request::Recover { epoch, next, seen, commit, lease_ms } => {
            let epochs = (*epoch, *next);
            recovery::recover(database, asker, epochs, seen, commit, *lease_ms).await
        }
        Request::Restore { commit, rows, lease_ms } => {
            recovery::restore(database, asker, commit, rows, *lease_ms).await
        }
        Request::PutPart { session, handoff, number, bytes } => {
            handoff::put_part(database, asker, session, handoff, *number, bytes).await
        }
        Request::HandOff { commit: id, handoff, writes } => {
            commit(database, asker, id, "handed_over", writes, 0, Some(handoff)).await
        }
        Request::GetPart { handoff, number } => handoff::get_part(database, asker, handoff, *number).await,
        Request::PickUp { handoff } => handoff::pick_up(database, asker, handoff).await,
        Request::RemoveArchive { handoff } => handoff::remove_archive(database, asker, handoff).await,
        Request::CancelHandoff { handoff } => handoff::cancel(database, asker, handoff).await,
    }
}
