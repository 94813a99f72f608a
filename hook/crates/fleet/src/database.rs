//! Where the fleet's database is, from the user's own configuration.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use baton_engine::config::Settings;
use baton_fleet_protocol::{Database, Identity, Secret};
use baton_fs::child::run_with_timeout;

use crate::connection::{ChildConnection, Connect, Connection};
use crate::error::FleetError;

/// The longest URL, in bytes.
const MAX_URL_BYTES: usize = 8 * 1024;

/// The database that the user configured.
pub struct ConfiguredDatabase<'a> {
    settings: &'a Settings,
}

impl<'a> ConfiguredDatabase<'a> {
    /// Returns the database. It reads nothing yet.
    #[must_use]
    pub const fn new(settings: &'a Settings) -> Self {
        Self { settings }
    }

    /// Returns why there is no database: the configuration names none, or it cannot be used.
    #[must_use]
    pub fn missing(&self) -> FleetError {
        let problem = self.settings.problem().map(ToString::to_string);
        problem.map_or(FleetError::NotConfigured, |problem| FleetError::Configuration { problem })
    }

    /// Returns where the database is. Runs the command that prints the URL, if the user configured one.
    ///
    /// # Errors
    /// Returns an error if no database is configured, or if the command fails or takes longer than `timeout`.
    pub fn locate(&self, timeout: Duration) -> Result<Database, FleetError> {
        // From now on, a core dump of this process would have the password in it, on a disk that outlives the process. What this
        // process starts can be dumped as always. If the system refuses, nothing worse happens than without a fleet.
        let _ = nix::sys::prctl::set_dumpable(false);
        let fleet = &self.settings.config().fleet;
        let url = match (&fleet.url, fleet.url_command.split_first()) {
            (Some(url), _) => url.reveal().to_owned(),
            (None, Some((program, arguments))) => self.printed_once(program, arguments, timeout)?,
            (None, None) => return Err(self.missing()),
        };
        let path = |path: &Option<PathBuf>| Some(self.complete(path.as_deref()?)?.to_string_lossy().into_owned());
        Ok(Database {
            url: Secret::new(url),
            password_file: path(&fleet.password_file),
            service_file: path(&fleet.service_file),
        })
    }

    /// Returns what the command prints, and runs it only for the first connection of a call. A command that asks a cloud for a
    /// password takes about as long as an event waits for the database in all.
    fn printed_once(&self, program: &str, arguments: &[String], timeout: Duration) -> Result<String, FleetError> {
        let command = &self.settings.config().fleet.url_command;
        let printed = PRINTED.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(printed) = printed.filter(|it| it.command == *command && it.at.elapsed() < PRINTED_AGE) {
            return Ok(printed.url.reveal().to_owned());
        }
        let url = printed_url(program, arguments, self.settings.account_home().as_deref(), timeout)?;
        let printed = Printed { command: command.clone(), url: Secret::new(url.clone()), at: Instant::now() };
        *PRINTED.lock().unwrap_or_else(PoisonError::into_inner) = Some(printed);
        Ok(url)
    }
}

impl ConfiguredDatabase<'_> {
    /// Returns the whole path of a file that may be named from the account's home directory.
    fn complete(&self, path: &Path) -> Option<PathBuf> {
        match path.strip_prefix("~") {
            Ok(below) => Some(self.settings.account_home()?.join(below)),
            Err(_) => Some(path.to_owned()),
        }
    }
}

/// What a command printed.
#[derive(Clone)]
struct Printed {
    command: Vec<String>,
    url: Secret,
    at: Instant,
}

/// What the command printed in this process.
static PRINTED: Mutex<Option<Printed>> = Mutex::new(None);

/// For how long it counts. A supervisor of `baton run with` lives for days, and the password may be one for minutes.
const PRINTED_AGE: Duration = Duration::from_secs(60);

impl Connect for ConfiguredDatabase<'_> {
    fn open(&self, identity: Option<Identity>, timeout: Duration) -> Result<Box<dyn Connection>, FleetError> {
        Ok(Box::new(ChildConnection::start(self.locate(timeout)?, identity, timeout)?))
    }
}

/// Returns the first line that the command prints. What it prints is a secret, so no error has it.
fn printed_url(
    program: &str,
    arguments: &[String],
    home: Option<&Path>,
    timeout: Duration,
) -> Result<String, FleetError> {
    let failed = |problem: String| FleetError::UrlCommand { problem };
    let mut command = Command::new(program);
    // A repository's settings can set any variable of an agent's hooks.
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .envs(home.map(|home| ("HOME", home)));
    let output = run_with_timeout(&mut command, timeout, MAX_URL_BYTES)
        .map_err(|error| failed(format!("cannot be started: {error}")))?
        .ok_or_else(|| failed(format!("took longer than {} ms", timeout.as_millis())))?;
    if !output.status.success() {
        return Err(failed(format!("failed ({})", output.status)));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| failed("printed something that is not text".to_owned()))?;
    let line = text.lines().next().map(str::trim).filter(|line| !line.is_empty());
    line.map(str::to_owned).ok_or_else(|| failed("printed nothing".to_owned()))
}
