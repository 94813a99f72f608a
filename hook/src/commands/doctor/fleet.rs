//! Checks the fleet, if the user configured one: the program, the database, the clocks, the witness, and whether this state
//! directory is a copy.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use baton_display::format_ago;
use baton_fleet_client::{ConfiguredDatabase, DatabaseState, FleetError, Membership, PROGRAM, Waiting, server_name};
use baton_fleet_protocol::Cause;
use baton_installer::witness_timer::Scheduler;
use baton_system::{CurrentSystem, System};

use super::finding::Finding;
use super::installation::Installation;
use crate::commands::fleet::status::{CLOCK_TOLERANCE_MS, describe_clock};
use crate::context::TimerOfState;
use crate::hint::Advice;

/// How old the last round of the witness may be. Five of them failed then, and the leases of this machine end.
const WITNESS_LIMIT: Duration = Duration::from_secs(5 * 60);

pub fn check(installation: &Installation) -> Vec<Finding> {
    let membership = match installation.store.as_ref().map(Membership::read).transpose() {
        Ok(membership) => membership.flatten(),
        Err(error) => return vec![Finding::failed("fleet", &error)],
    };
    let is_configured = installation.settings.config().fleet.is_configured();
    if !is_configured && membership.is_none() {
        return Vec::new();
    }
    let mut findings = check_program(installation);
    if findings.is_empty() {
        findings.extend(check_database(installation, membership.as_ref()));
    }
    if let Some(restored) = membership.as_ref().and_then(|membership| membership.recent_restore(&installation.now)) {
        let when = format_ago(restored.at.age_ms(&installation.now));
        findings.push(Finding::note("fleet", format!("{}; this was {when}", restored.notice)));
    }
    match &membership {
        Some(membership) => findings.extend(check_witness(installation, membership)),
        None => findings.push(Finding::note("fleet", "this machine is not in the fleet; `baton fleet join` adds it")),
    }
    findings
}

/// Checks that the program is beside this one, and beside the copy that the agents call.
fn check_program(installation: &Installation) -> Vec<Finding> {
    let copy = Some(installation.locations.program()).filter(|path| path.is_file());
    let programs = std::env::current_exe().into_iter().chain(copy);
    let lacks = |path: &PathBuf| !path.with_file_name(PROGRAM).is_file();
    let mut missing: Vec<PathBuf> = programs.filter(lacks).collect();
    missing.dedup();
    missing.iter().map(|path| missing_beside(path)).collect()
}

fn missing_beside(path: &Path) -> Finding {
    let hint = FleetError::NotInstalled.hint().map(|hint| hint.to_string()).unwrap_or_default();
    Finding::problem("fleet", format!("{PROGRAM} is not beside {}", path.display()), hint)
}

fn check_database(installation: &Installation, membership: Option<&Membership>) -> Vec<Finding> {
    let database = ConfiguredDatabase::new(&installation.settings);
    let limit = Waiting::Command.limit();
    let server = match database.locate(limit) {
        Ok(located) => server_name(located.url.reveal()),
        Err(error) => return vec![Finding::failed("fleet", &error)],
    };
    let clock = || CurrentSystem.now(&installation.here.place);
    let member = installation.store.as_ref().zip(membership);
    let state = match DatabaseState::read(&database, member, 1, clock, Instant::now() + limit) {
        Ok(state) => state,
        Err(error) => return vec![Finding::failed("fleet", &error)],
    };
    let standing = &state.standing;
    let mut findings = vec![Finding::ok(
        "fleet",
        format!(
            "{} at {server}: {}, {}; schema {}",
            standing.fleet, standing.server, standing.connection, standing.schema
        ),
    )];
    if state.clock_ahead_ms.unsigned_abs() > CLOCK_TOLERANCE_MS {
        let what = format!("{}: leases are not affected, but times in lists are", describe_clock(state.clock_ahead_ms));
        findings.push(Finding::note("fleet", what));
    }
    if state.was_restored {
        let what = "the database was restored from an older copy since this machine was there last";
        findings.push(Finding::problem("fleet", what, "`baton fleet recover` writes back what this machine knows"));
    }
    match &state.listed {
        Ok(rows) => {
            for (row, reason) in &rows.unreadable {
                findings.push(Finding::note("fleet", format!("row {row} cannot be read and is left alone: {reason}")));
            }
        }
        Err(FleetError::NotJoined) => {}
        Err(error) if error.cause() == Some(Cause::UnknownToken) => {
            let what =
                "the database does not know this state directory's token: it is a copy of another one, or was restored";
            findings.push(Finding::problem("fleet", what, "`baton fleet witness` makes it a machine of its own"));
        }
        // The recovery brings the new epoch.
        Err(error) if error.cause() == Some(Cause::OtherEpoch) && state.was_restored => {}
        Err(error) => findings.push(Finding::failed("fleet", error)),
    }
    findings
}

/// Checks that something starts the witness. If it was not there for some minutes, the leases of this machine end.
fn check_witness(installation: &Installation, membership: &Membership) -> Vec<Finding> {
    let Some(store) = &installation.store else { return Vec::new() };
    let timer = TimerOfState::new(store.path());
    let by = match timer.timer().installed() {
        Some(Scheduler::Systemd(path)) => Some(format!("the timer {}", path.display())),
        Some(Scheduler::Cron) => Some("your crontab".to_owned()),
        None => None,
    };
    let age_ms = membership.witnessed.as_ref().map(|at| at.age_ms(&installation.now));
    let last = age_ms.map_or_else(|| "never".to_owned(), format_ago);
    let is_late = age_ms.is_none_or(|ms| u128::from(ms) > WITNESS_LIMIT.as_millis());
    let finding = match (by, is_late) {
        (Some(by), false) => Finding::ok("fleet", format!("the witness was there {last}, started by {by}")),
        (Some(by), true) => Finding::problem(
            "fleet",
            format!("{by} starts the witness, whose last round was {last}"),
            "`baton fleet witness` does one now, or says what is wrong",
        ),
        (None, false) => Finding::note(
            "fleet",
            format!("the witness was there {last}, started by something that baton did not install"),
        ),
        (None, true) => Finding::problem(
            "fleet",
            format!("nothing starts the witness, whose last round was {last}"),
            "start `baton fleet witness --quiet` each minute; `baton fleet join` installs a timer for it, after \
             `baton fleet leave`",
        ),
    };
    vec![finding]
}
