//! What starts `baton fleet witness` each minute: a timer of systemd, or where that does not work, a line of the crontab.
//!
//! Both carry a mark that names the state directory. Only what has the mark is ever changed or removed, so a unit or a line
//! that somebody else wrote, and that of another state directory, stays as it is.

mod command_line;
mod crontab;
mod error;
mod scheduler_program;
mod systemd;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use self::scheduler_program::SchedulerPrograms;

pub use command_line::{TextError, WitnessCommand};
pub use error::{SchedulerError, TimerError};

/// What starts the witness.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scheduler {
    /// The timer unit at this path.
    Systemd(PathBuf),
    /// The user's crontab.
    Cron,
}

/// The timer of one state directory.
pub struct WitnessTimer<'a> {
    state: &'a Path,
    units: Option<&'a Path>,
    programs: SchedulerPrograms,
}

impl<'a> WitnessTimer<'a> {
    /// Returns the timer of a state directory. `units` is the directory of the user's units, if it is known, and `path` the
    /// value of `PATH`, in which `systemctl` and `crontab` are looked up.
    #[must_use]
    pub const fn new(state: &'a Path, units: Option<&'a Path>, path: Option<OsString>) -> Self {
        Self { state, units, programs: SchedulerPrograms { path } }
    }

    /// Installs the timer, which starts the command at this second of each minute. It replaces one that was installed
    /// before.
    ///
    /// # Errors
    /// Returns an error if neither systemd nor cron takes it. Then nothing is installed.
    pub fn install(&self, command: &WitnessCommand, second: u8) -> Result<Scheduler, TimerError> {
        let mark = self.mark();
        let Some(units) = self.units else {
            let cron = crontab::install(&self.programs, &mark, command, second);
            return cron.map(|()| Scheduler::Cron).map_err(|cron| TimerError::new(SchedulerError::NoHome, cron));
        };
        let systemd = match systemd::install(&self.programs, units, &mark, command, second) {
            Ok(timer) => {
                // One of them is enough. A line that an earlier join left is of no further use.
                let _ = crontab::remove(&self.programs, &mark);
                return Ok(Scheduler::Systemd(timer));
            }
            Err(error) => error,
        };
        crontab::install(&self.programs, &mark, command, second)
            .map(|()| Scheduler::Cron)
            .map_err(|cron| TimerError::new(systemd, cron))
    }

    /// Returns what starts the witness now, or `None` if nothing does that baton installed.
    #[must_use]
    pub fn installed(&self) -> Option<Scheduler> {
        let mark = self.mark();
        let timer = self.units.and_then(|units| systemd::find(units, &mark));
        timer.map(Scheduler::Systemd).or_else(|| crontab::has(&self.programs, &mark).then_some(Scheduler::Cron))
    }

    /// Removes the timer. Returns what was removed. What is already gone is no error.
    ///
    /// # Errors
    /// Returns an error if a file or the crontab cannot be changed.
    pub fn remove(&self) -> Result<Vec<Scheduler>, SchedulerError> {
        let mark = self.mark();
        let timer = self.units.map(|units| systemd::remove(&self.programs, units, &mark)).transpose()?.flatten();
        let mut removed: Vec<Scheduler> = timer.map(Scheduler::Systemd).into_iter().collect();
        if crontab::remove(&self.programs, &mark)? {
            removed.push(Scheduler::Cron);
        }
        Ok(removed)
    }

    /// Returns the text by which baton knows again what it installed for this state directory.
    fn mark(&self) -> String {
        format!("# The witness of baton's fleet for {}", self.state.display())
    }
}

#[cfg(test)]
mod tests;
