//! The sessions as a person asks for them: which, in which order, and where each stands. All that one call says of who lives is from one
//! look at the machine.

mod page;

use agent_baton_core::decision::Shelf;
use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Live;
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};
use agent_baton_core::stamp::Stamp;

pub use page::{Cursor, Page, Query};

use crate::census::Judged;
use crate::commands::context::{Context, Sighting};
use crate::commands::error::CommandError;
use crate::status::{Standing, Status, standing};
use crate::store::{RECENT, Roll, StoreError, Tail};

/// A session, and where it stands.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The session: large, and moved from list to list.
    pub session: Box<Session>,
    /// Whether its record is in the archive.
    pub archived: bool,
    /// Whether each of its launches lives, in their order.
    pub launches: Vec<Judged>,
    /// Where it stands.
    pub standing: Standing,
}

impl Seen {
    /// Whether it lives.
    #[must_use]
    pub fn judged(&self) -> Judged {
        Judged::of(&self.session, &self.launches)
    }

    /// The launches that live.
    pub fn living(&self) -> impl Iterator<Item = &Launch> {
        let launches = self.session.launches.iter().zip(&self.launches);
        launches.filter(|(_, judged)| judged.live == Live::Yes).map(|(launch, _)| launch)
    }

    /// The newest launch that lives; where none does, the newest.
    #[must_use]
    pub fn newest(&self) -> Option<&Launch> {
        let started = |launch: &&Launch| launch.started.unix_ms;
        self.living().max_by_key(started).or_else(|| self.session.launches.iter().max_by_key(started))
    }

    /// The pane of that launch.
    #[must_use]
    pub fn pane(&self) -> Option<&Pane> {
        self.newest().map(|launch| &launch.pane)
    }
}

/// What there is now: the sessions that are not over, and the unfinished runs.
pub struct SeenAll {
    /// The sessions, the one opened last first.
    pub sessions: Vec<Seen>,
    /// The runs, and whether the owner of each lives.
    pub runs: Vec<(Run, Live)>,
    /// The records that cannot be read.
    pub unreadable: Vec<(String, Option<StoreError>)>,
    /// The moment.
    now: Stamp,
    /// How old a last sign of life may be for a session to be missed, in milliseconds.
    missed_for: u64,
}

impl SeenAll {
    /// The sessions that `baton resume` brings back. Nobody misses a headless one, or one of long ago, and one without a conversation
    /// has nothing to come back to.
    pub fn lost(&self) -> impl Iterator<Item = &Seen> {
        let lost = self.sessions.iter().filter(|it| it.standing.status == Status::Lost && !it.session.headless);
        lost.filter(|it| it.session.prompted || it.session.has_context)
            .filter(|it| it.standing.since.age_ms(&self.now) <= self.missed_for)
    }

    /// By what was seen of its session, where that is not over.
    fn owner_lives(&self, roster: &Roster<'_>, run: &Run) -> Live {
        let Some(seen) = self.sessions.iter().find(|it| run.owner.session.as_ref() == Some(&it.session.id)) else {
            return roster.context.owner_lives(&roster.census, run);
        };
        let launches = seen.session.launches.iter().zip(&seen.launches);
        let owner = launches.into_iter().find(|(launch, _)| launch.process == run.owner.process);
        owner.map_or(Live::Unknown, |(_, judged)| judged.live)
    }
}

/// Looks at the sessions.
pub struct Roster<'a> {
    context: &'a Context,
    census: Sighting,
}

impl<'a> Roster<'a> {
    /// One that has looked at nothing yet.
    #[must_use]
    pub fn new(context: &'a Context) -> Self {
        Self { context, census: context.census() }
    }

    /// Where a session stands.
    #[must_use]
    pub fn see(&self, session: impl Into<Box<Session>>, archived: bool) -> Seen {
        let session = session.into();
        let launches = self.census.launches(&session);
        // What is over says so itself. A log that cannot be read shows the session as its record has it.
        let log = match session.over {
            Some(_) => Tail::default(),
            None => self.context.store().tail(&session.id, RECENT).unwrap_or_default(),
        };
        let standing = standing(&session, &launches, &log);
        Seen { session, archived, launches, standing }
    }

    /// What there is now.
    ///
    /// # Errors
    /// When the state cannot be listed.
    pub fn now(&self) -> Result<SeenAll, CommandError> {
        let store = self.context.store();
        let Page { sessions, unreadable, .. } = self.not_over()?;
        // The configuration is not read where nothing is lost.
        let any_lost = sessions.iter().any(|it| it.standing.status == Status::Lost);
        let missed_for = if any_lost { self.context.settings().config().stale_after.ms() } else { 0 };
        let now = self.context.now();
        let mut seen = SeenAll { sessions, runs: Vec::new(), unreadable: Vec::new(), now, missed_for };
        seen.unreadable.extend(unreadable.into_iter().map(|(id, why)| (id.to_string(), why)));
        for id in store.runs(Shelf::Live)? {
            match store.read(|view| view.run(&id))? {
                Reading::Live(run) => {
                    let live = seen.owner_lives(self, &run);
                    seen.runs.push((run, live));
                }
                Reading::Unreadable => {
                    let why = store.read(|view| view.why_run(&id)).ok().flatten();
                    seen.unreadable.push((id.to_string(), why));
                }
                Reading::Archived(_) | Reading::Absent | Reading::Deleted => {}
            }
        }
        seen.runs.sort_by(|(a, _), (b, _)| b.created.unix_ms.cmp(&a.created.unix_ms).then_with(|| a.id.cmp(&b.id)));
        Ok(seen)
    }

    /// The newest sessions, and those that are not over; none where the index is not whole.
    ///
    /// # Errors
    /// When the state does not stand still.
    pub fn newest_ids(&self) -> Result<Vec<SessionId>, CommandError> {
        let roll = self.roll()?;
        Ok(roll.into_iter().flat_map(|roll| roll.sessions).map(|listed| listed.id).collect())
    }

    fn roll(&self) -> Result<Option<Roll>, StoreError> {
        match self.context.store().read(|view| view.roll())? {
            Ok(roll) => Ok(Some(roll)),
            Err(StoreError::Unindexed { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn read(&self, id: &SessionId) -> Result<Reading<Session>, StoreError> {
        self.context.store().read(|view| view.session(id))
    }

    /// A record that cannot be read, and why.
    fn unreadable(&self, id: &SessionId) -> (SessionId, Option<StoreError>) {
        (id.clone(), self.context.store().read(|view| view.why_session(id)).ok().flatten())
    }
}
