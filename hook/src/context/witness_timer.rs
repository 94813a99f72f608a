//! The timer that starts this state directory's witness.

use std::path::{Path, PathBuf};

use baton_fs::dirs;
use baton_installer::InstallError;
use baton_installer::locations::Locations;
use baton_installer::program::Program;
use baton_installer::witness_timer::{WitnessCommand, WitnessTimer};
use baton_store::StateDirEnv;

use super::with_user_config;

/// Where the timer of a state directory is, and what it starts.
pub struct TimerOfState {
    state: PathBuf,
    env: StateDirEnv,
    units: Option<PathBuf>,
}

impl TimerOfState {
    /// Returns the timer of a state directory, for the user of this process.
    #[must_use]
    pub fn new(state: &Path) -> Self {
        // What an agent's project sets must not get into the user's units.
        let env = with_user_config(StateDirEnv::from_process());
        let config = dirs::base(env.xdg_config_home.as_deref(), env.home.as_deref(), ".config");
        Self { state: state.to_owned(), env, units: config.map(|config| config.join("systemd/user")) }
    }

    /// Returns the timer.
    #[must_use]
    pub fn timer(&self) -> WitnessTimer<'_> {
        WitnessTimer::new(&self.state, self.units.as_deref(), std::env::var_os("PATH"))
    }

    /// Returns what the timer starts: this program, or its copy that `baton install` made if this one is in a directory of a
    /// build.
    ///
    /// # Errors
    /// Returns an error if the program cannot be found, or if a variable is not text.
    pub fn command(&self) -> Result<WitnessCommand, InstallError> {
        let own = std::env::current_exe().map_err(InstallError::io("find", Path::new("baton")))?;
        let copy = Locations::from_environment().ok().and_then(|locations| Program::find(&locations.program()).ok());
        let program = copy.filter(|program| program.copy.is_none()).map_or(own, |program| program.path);
        let StateDirEnv { baton_home, xdg_state_home, xdg_config_home, home, account_home } = &self.env;
        let is_other_home = home.as_ref().is_some_and(|home| account_home.find() != Some(PathBuf::from(home)));
        let variables = [
            ("BATON_HOME", baton_home),
            ("XDG_STATE_HOME", xdg_state_home),
            ("XDG_CONFIG_HOME", xdg_config_home),
            ("HOME", if is_other_home { home } else { &None }),
        ];
        let text = |(name, value): (&'static str, _)| -> Option<Result<_, InstallError>> {
            let value: &std::ffi::OsString = Option::as_ref(value)?;
            let not_text = || InstallError::NotText { path: PathBuf::from(value) };
            Some(value.to_str().ok_or_else(not_text).map(|value| (name, value.to_owned())))
        };
        Ok(WitnessCommand { program, variables: variables.into_iter().filter_map(text).collect::<Result<_, _>>()? })
    }
}
