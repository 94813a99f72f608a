//! Tells subscribers what changed in the picture.
//!
//! The feed keeps the newest events. A subscriber is a place in them and holds nothing of its own, so one that is slow
//! costs nothing. If its place is no longer there, it gets the whole picture instead.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::changes::{Change, changes};
use crate::event_id::EventId;
use crate::picture::Picture;

/// How much of the past a feed keeps.
#[derive(Debug, Clone, Copy)]
pub struct RingLimits {
    /// The maximum number of events.
    pub events: usize,
    /// The maximum size of all events in memory, in bytes. One event can have as many changes as there are items.
    pub bytes: usize,
}

impl RingLimits {
    /// Keeps nothing: for subscribers that only want the present picture.
    pub const NOTHING: Self = Self { events: 0, bytes: 0 };
}

impl Default for RingLimits {
    fn default() -> Self {
        Self { events: 16_384, bytes: 48 * 1024 * 1024 }
    }
}

/// The changes that led to the picture with the same id.
#[derive(Debug)]
pub struct Event {
    /// Its id. The number is one more than that of the event before.
    pub id: EventId,
    /// The changes, in order.
    pub changes: Vec<Change>,
    /// How much memory it takes, in bytes.
    size: usize,
}

/// The present picture, and the events that led to it.
pub struct Feed {
    limits: RingLimits,
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    picture: Arc<Picture>,
    ring: VecDeque<Arc<Event>>,
    /// How much memory the events in the ring take, in bytes.
    size: usize,
    /// How many subscribers wait for the next picture.
    waiting: usize,
}

/// What a subscriber has not seen.
#[derive(Debug)]
pub enum Pending {
    /// The whole picture. It replaces what the subscriber knows.
    Picture(Arc<Picture>),
    /// The next events, without a gap.
    Events(Vec<Arc<Event>>),
    /// Nothing happened in the time that it waited.
    Nothing,
}

/// A place in a feed.
pub struct Subscription {
    feed: Arc<Feed>,
    /// The number of the last event that was seen, or `None` before the first picture.
    seen: Option<u64>,
}

impl Feed {
    /// Creates a feed. No two feeds that a client could confuse may have the same `id`.
    #[must_use]
    pub fn new(id: u64, limits: RingLimits, mut picture: Picture) -> Self {
        picture.id = EventId { number: 0, feed: id, ..picture.id };
        let state = State { picture: Arc::new(picture), ring: VecDeque::new(), size: 0, waiting: 0 };
        Self { limits, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Returns the present picture.
    #[must_use]
    pub fn picture(&self) -> Arc<Picture> {
        Arc::clone(&self.lock().picture)
    }

    /// Returns whether somebody looks: waits for the next picture.
    #[must_use]
    pub fn has_viewers(&self) -> bool {
        self.lock().waiting > 0
    }

    /// Replaces the picture. If it is the same, nothing happens. Returns whether it changed.
    pub fn publish(&self, mut picture: Picture) -> bool {
        // Only one thread publishes, so the picture does not change meanwhile.
        let before = self.picture();
        let changes = changes(&before, &picture);
        if changes.is_empty() {
            return false;
        }
        let id = EventId { number: before.id.number + 1, feed: before.id.feed, ..picture.id };
        picture.id = id;
        let size = changes.iter().map(Change::size).sum();
        let mut state = self.lock();
        state.size += size;
        state.picture = Arc::new(picture);
        state.ring.push_back(Arc::new(Event { id, changes, size }));
        while state.ring.len() > self.limits.events || state.size > self.limits.bytes {
            let Some(oldest) = state.ring.pop_front() else { break };
            state.size -= oldest.size;
        }
        drop(state);
        self.changed.notify_all();
        true
    }

    /// Returns the picture as soon as it is a later one than that of event `seen`, or as it is when the time is over.
    #[must_use]
    pub fn wait(&self, seen: u64, timeout: Duration) -> Arc<Picture> {
        Arc::clone(&self.wait_for(seen, timeout).picture)
    }

    /// Begins a subscription. After an event of this feed that it remembers, it goes on from there, and otherwise with the
    /// whole picture.
    #[must_use]
    pub fn subscribe(self: &Arc<Self>, after: Option<EventId>) -> Subscription {
        let state = self.lock();
        let is_known = |id: &EventId| id.feed == state.picture.id.feed && state.remembers(id.number);
        let seen = after.filter(is_known).map(|id| id.number);
        Subscription { feed: Arc::clone(self), seen }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for(&self, seen: u64, timeout: Duration) -> MutexGuard<'_, State> {
        let is_same = |state: &mut State| state.picture.id.number <= seen;
        let mut state = self.lock();
        state.waiting += 1;
        let waited = self.changed.wait_timeout_while(state, timeout, is_same);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        state.waiting -= 1;
        state
    }
}

impl State {
    /// Returns whether every event after the one with this number is in the ring.
    fn remembers(&self, number: u64) -> bool {
        let oldest = self.ring.front().map_or(self.picture.id.number + 1, |event| event.id.number);
        number <= self.picture.id.number && oldest <= number.saturating_add(1)
    }
}

impl Subscription {
    /// Returns what this subscriber has not seen, or waits for it: at most `limit` events.
    pub fn next(&mut self, limit: usize, timeout: Duration) -> Pending {
        let Some(seen) = self.seen else {
            let picture = self.feed.picture();
            self.seen = Some(picture.id.number);
            return Pending::Picture(picture);
        };
        let state = self.feed.wait_for(seen, timeout);
        if !state.remembers(seen) {
            self.seen = Some(state.picture.id.number);
            return Pending::Picture(Arc::clone(&state.picture));
        }
        let first = state.ring.partition_point(|event| event.id.number <= seen);
        let events: Vec<_> = state.ring.iter().skip(first).take(limit).cloned().collect();
        match events.last() {
            Some(last) => self.seen = Some(last.id.number),
            None => return Pending::Nothing,
        }
        Pending::Events(events)
    }
}
