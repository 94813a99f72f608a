//! The timer as two units of the user's systemd.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use super::command_line::WitnessCommand;
use super::error::SchedulerError;
use super::scheduler_program::SchedulerPrograms;
use crate::config_file::{make_dirs, write_atomically};
use crate::error::InstallError;

/// The unit that runs the command.
const SERVICE: &str = "baton-fleet-witness.service";

/// The unit that starts it.
const TIMER: &str = "baton-fleet-witness.timer";

/// Where systemd links the timers that it starts at login.
const LINKS: &str = "timers.target.wants";

/// Writes and starts the units. Returns the path of the timer.
///
/// # Errors
/// Returns an error if a unit is not ours, cannot be written, or is not accepted. Then none is left.
pub fn install(
    programs: &SchedulerPrograms,
    units: &Path,
    mark: &str,
    command: &WitnessCommand,
    second: u8,
) -> Result<PathBuf, SchedulerError> {
    let lines = command.unit_lines()?;
    let (service, timer) = (units.join(SERVICE), units.join(TIMER));
    for path in [&service, &timer] {
        if path.exists() && !is_ours(path, mark) {
            return Err(SchedulerError::Foreign { path: path.clone() });
        }
    }
    // Without systemd, no file is written.
    programs.run("systemctl", &["--user", "show-environment"], Vec::new())?;
    make_dirs(units)?;
    let head = "written by `baton fleet join`; `baton fleet leave` removes it";
    let service_text = format!(
        "{mark}\n# {head}\n[Unit]\nDescription=Tells the fleet of baton which owners on this machine are alive\n\n\
         [Service]\nType=oneshot\n{lines}"
    );
    let timer_text = format!(
        "{mark}\n# {head}\n[Unit]\nDescription=Starts the witness of baton's fleet each minute\n\n\
         [Timer]\nOnCalendar=*-*-* *:*:{second:02}\nAccuracySec=1s\nPersistent=false\n\n\
         [Install]\nWantedBy=timers.target\n"
    );
    let started = write_atomically(&service, service_text.as_bytes(), 0o644)
        .and_then(|()| write_atomically(&timer, timer_text.as_bytes(), 0o644))
        .map_err(SchedulerError::from)
        .and_then(|()| programs.run("systemctl", &["--user", "daemon-reload"], Vec::new()))
        .and_then(|()| programs.run("systemctl", &["--user", "enable", "--now", TIMER], Vec::new()));
    match started {
        Ok(()) => Ok(timer),
        Err(error) => {
            // The error that follows is of no interest beside this one.
            let _ = remove(programs, units, mark);
            Err(error)
        }
    }
}

/// Returns the path of the timer if it is ours.
pub fn find(units: &Path, mark: &str) -> Option<PathBuf> {
    Some(units.join(TIMER)).filter(|path| is_ours(path, mark))
}

/// Stops and removes the units that are ours. Returns the path of the timer if one was there.
///
/// # Errors
/// Returns an error if a file cannot be removed.
pub fn remove(programs: &SchedulerPrograms, units: &Path, mark: &str) -> Result<Option<PathBuf>, SchedulerError> {
    let ours: Vec<PathBuf> =
        [TIMER, SERVICE].iter().map(|name| units.join(name)).filter(|path| is_ours(path, mark)).collect();
    let Some(first) = ours.first() else { return Ok(None) };
    let timer = units.join(TIMER);
    let had_timer = ours.contains(&timer);
    if had_timer {
        // Where there is no systemd any more, nothing starts the units, and their files are removed below.
        let _ = programs.run("systemctl", &["--user", "disable", "--now", TIMER], Vec::new());
        let link = units.join(LINKS).join(TIMER);
        if fs::read_link(&link).is_ok_and(|target| target == timer) {
            remove_file(&link)?;
        }
    }
    for path in &ours {
        remove_file(path)?;
    }
    let _ = programs.run("systemctl", &["--user", "daemon-reload"], Vec::new());
    Ok(Some(if had_timer { timer } else { first.clone() }))
}

/// Returns whether a unit begins with our mark.
fn is_ours(path: &Path, mark: &str) -> bool {
    let is_file = fs::symlink_metadata(path).is_ok_and(|metadata| metadata.is_file());
    is_file && fs::read_to_string(path).is_ok_and(|text| text.lines().next() == Some(mark))
}

fn remove_file(path: &Path) -> Result<(), SchedulerError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(InstallError::io("remove", path)(error).into()),
        _ => Ok(()),
    }
}
