//! Checks the state directory: owner, mode, file system, free space, lock.

use std::time::{Duration, Instant};

use super::finding::Finding;
use super::installation::Installation;

/// The free space below which baton warns, in bytes.
const MIN_FREE_BYTES: u64 = 16 * 1024 * 1024;

/// How long a repair waits for the lock.
const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

pub fn check(installation: &Installation) -> Vec<Finding> {
    let home = match &installation.home {
        Ok(home) => home.path().display().to_string(),
        Err(error) => return vec![Finding::failed("state", error)],
    };
    if let Some(error) = &installation.refused_here {
        return vec![Finding::failed("state", error)];
    }
    let Some(store) = &installation.store else {
        return vec![Finding::note("state", format!("{home} does not exist yet; the first event creates it"))];
    };
    if installation.fix
        && let Err(error) = store.lock(Instant::now() + LOCK_TIMEOUT, &installation.now)
    {
        return vec![Finding::failed("state", &error)];
    }
    let health = match store.health() {
        Ok(health) => health,
        Err(error) => return vec![Finding::failed("state", &error)],
    };
    let mut findings = vec![Finding::ok("state", format!("{home}: only you can read and write it"))];
    if health.on_network_filesystem {
        findings.push(Finding::note(
            "state",
            "its file system may be shared between machines; each machine has its own directory in it",
        ));
    }
    if health.free_bytes < MIN_FREE_BYTES {
        let left = format!("{home}: only {} KiB are free on its file system", health.free_bytes / 1024);
        findings.push(Finding::problem("state", left, "free some space; until then events may be lost"));
    }
    if health.lock_held {
        let what = format!("{home}: another call has held the lock for 2 seconds");
        findings.push(Finding::problem(
            "state",
            what,
            format!("find it with `fuser {}`", baton_display::strip_control_chars(&format!("{home}/lock"))),
        ));
    }
    if health.wal_pending && !health.lock_held {
        let what = format!("{home}: a commit was interrupted");
        findings.push(Finding::problem("state", what, "the next event completes it, or run `baton doctor --fix`"));
    }
    if !health.index_complete {
        let what = format!("{home}: its index is incomplete");
        findings.push(Finding::problem("state", what, "the next change rebuilds it, or run `baton doctor --fix`"));
    }
    findings
}
