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
    let Some(store) = &installation.store else {
        return vec![Finding::note("state", format!("{home} is not there yet; the first event makes it"))];
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
    let mut findings = vec![Finding::ok("state", format!("{home}: yours alone"))];
    if health.on_network_filesystem {
        findings.push(Finding::note(
            "state",
            "its file system may be shared between machines: each has a directory of its own",
        ));
    }
    if health.free_bytes < MIN_FREE_BYTES {
        let left = format!("{home}: only {} KiB are left on its file system", health.free_bytes / 1024);
        findings.push(Finding::problem("state", left, "free space; until then events may be lost"));
    }
    if health.lock_held {
        let what = format!("{home}: another call has held the lock for 2 seconds");
        findings.push(Finding::problem(
            "state",
            what,
            format!("see which with `fuser {}`", baton_display::strip_control_chars(&format!("{home}/lock"))),
        ));
    }
    if health.wal_pending && !health.lock_held {
        let what = format!("{home}: a commit was cut off");
        findings.push(Finding::problem("state", what, "the next event ends it, or `baton doctor --fix`"));
    }
    if !health.index_complete {
        let what = format!("{home}: its index is not whole");
        findings.push(Finding::problem("state", what, "the next change makes it anew, or `baton doctor --fix`"));
    }
    findings
}
