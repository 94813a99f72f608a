//! The places of the connections. Those that are not let in yet have places of their own, so nobody without the token can
//! keep out somebody who has it.

use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// The maximum number of connections that are let in.
const MAX_CLIENTS: usize = 64;

/// The maximum number of connections that are not let in yet.
const MAX_WAITING: usize = 64;

/// How long a connection may take in any case to show that it has the token.
const GRACE: Duration = Duration::from_millis(200);

/// The places of a server.
#[derive(Default)]
pub(super) struct Places {
    taken: Mutex<Taken>,
    left: Condvar,
}

/// Connections by their numbers, which rise.
#[derive(Default)]
struct Taken {
    last: u64,
    waiting: BTreeMap<u64, (Instant, Arc<TcpStream>)>,
    let_in: BTreeMap<u64, Arc<TcpStream>>,
}

/// The place of a connection, for as long as it is served.
pub(super) struct Place {
    places: Arc<Places>,
    number: u64,
}

impl Places {
    /// Gives a connection a place. If there is none, the oldest that is not let in yet is shut down.
    pub(super) fn enter(self: &Arc<Self>, stream: &Arc<TcpStream>) -> Place {
        let mut taken = self.taken();
        while taken.waiting.len() >= MAX_WAITING {
            let Some((&oldest, (since, _))) = taken.waiting.first_key_value() else { break };
            let left = GRACE.saturating_sub(since.elapsed());
            if left.is_zero() {
                if let Some((_, stream)) = taken.waiting.remove(&oldest) {
                    // Its thread notices that, and ends.
                    let _ = stream.shutdown(Shutdown::Both);
                }
            } else {
                taken = self.left.wait_timeout(taken, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        taken.last += 1;
        let number = taken.last;
        taken.waiting.insert(number, (Instant::now(), Arc::clone(stream)));
        drop(taken);
        Place { places: Arc::clone(self), number }
    }

    /// Ends all connections that were let in.
    pub(super) fn end_clients(&self) {
        for stream in self.taken().let_in.values() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    fn taken(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Gives the connection the place of a client. Returns `false` if there is none.
    pub(super) fn let_in(&self) -> bool {
        let mut taken = self.places.taken();
        if taken.let_in.len() >= MAX_CLIENTS {
            return false;
        }
        if let Some((_, stream)) = taken.waiting.remove(&self.number) {
            taken.let_in.insert(self.number, stream);
        }
        drop(taken);
        self.places.left.notify_all();
        true
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken();
        taken.waiting.remove(&self.number);
        taken.let_in.remove(&self.number);
        drop(taken);
        self.places.left.notify_all();
    }
}
