//! A machine of the demo's fleet: a directory of its own for its user, its state and its clone of the project.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use agent_baton_core::id::SessionId;
use baton_agents::DEMONSTRATED;
use baton_fleet_client::Leases;
use baton_store::{StateDir, StateDirEnv, Store};
use baton_system::here;
use serde_json::json;

use super::agent::{AGENT_DIR, Answer, FakeAgent, STATE_DIR, WORK_DIR, call_as_user};
use super::narration::{expect, no_scratch, print_output};
use crate::context::inspector;
use crate::error::CommandError;
use crate::output;

/// How long to wait for the lock of a state that only the demo uses.
const LOCK_WAIT: Duration = Duration::from_secs(5);

/// The remote of the project that both machines have a clone of.
const REMOTE: &str = "https://git.example.com/team/parser.git";

/// The name of the configuration's directory, below the home.
const CONFIG_DIR: &str = ".config/baton";

/// One machine.
pub(super) struct Machine {
    name: &'static str,
    home: PathBuf,
}

impl Machine {
    /// Makes a machine below `scratch` that is configured for the database at `url`.
    ///
    /// # Errors
    /// Returns an error if its files cannot be written.
    pub(super) fn new(scratch: &Path, name: &'static str, url: &str) -> Result<Self, CommandError> {
        let machine = Self { name, home: scratch.join(name) };
        machine.make_project().map_err(no_scratch)?;
        machine.set_url(url)?;
        Ok(machine)
    }

    fn make_project(&self) -> io::Result<()> {
        let git = self.home.join(WORK_DIR).join(".git");
        fs::create_dir_all(&git)?;
        fs::create_dir_all(self.home.join(CONFIG_DIR))?;
        fs::write(git.join("HEAD"), "ref: refs/heads/main\n")?;
        fs::write(git.join("config"), format!("[remote \"origin\"]\n\turl = {REMOTE}\n"))
    }

    /// Configures the database, or another one.
    ///
    /// # Errors
    /// Returns an error if the configuration cannot be written.
    pub(super) fn set_url(&self, url: &str) -> Result<(), CommandError> {
        let path = self.home.join(CONFIG_DIR).join("config.toml");
        fs::write(path, format!("[fleet]\nurl = \"{url}\"\n")).map_err(no_scratch)
    }

    /// Starts an agent that displays the session, in a pane.
    ///
    /// # Errors
    /// Returns an error if it cannot be started.
    pub(super) fn agent(&self, session: &SessionId, pane: &str) -> Result<FakeAgent, CommandError> {
        FakeAgent::start(session, pane, &self.home).map_err(no_scratch)
    }

    /// Writes what the agent of this machine would have written of its conversation, and returns the path.
    ///
    /// # Errors
    /// Returns an error if it cannot be written.
    pub(super) fn write_transcript(&self, session: &SessionId) -> Result<String, CommandError> {
        let dir = self.home.join(AGENT_DIR).join(DEMONSTRATED.transcripts_directory).join("parser");
        let path = dir.join(format!("{session}.jsonl"));
        let answer = [json!({"type": "text", "text": "The lexer is ported."})];
        let lines = [
            json!({"type": "user", "sessionId": session, "message": {"role": "user", "content": "port the parser"}}),
            json!({"type": "assistant", "sessionId": session, "message": {
                "role": "assistant", "content": answer, "stop_reason": "end_turn",
            }}),
        ];
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        fs::create_dir_all(dir).and_then(|()| fs::write(&path, text)).map_err(no_scratch)?;
        Ok(path.display().to_string())
    }

    /// Runs `baton` as the user of this machine does in the project, and prints the command and its output.
    ///
    /// # Errors
    /// Returns an error if it cannot be run, or fails.
    pub(super) fn user(&self, arguments: &[&str]) -> Result<Answer, CommandError> {
        output::print(&format!("  {}$ baton {}\n", self.name, arguments.join(" ")))?;
        let answer = call_as_user(&self.home, arguments).map_err(no_scratch)?;
        print_output(&answer)?;
        expect(answer.status == Some(0), "a command of the user", &answer)?;
        Ok(answer)
    }

    /// Ends the leases on this machine, as if their time had passed.
    ///
    /// # Errors
    /// Returns an error if the state of this machine cannot be changed.
    pub(super) fn end_leases(&self) -> Result<(), CommandError> {
        let here = here()?;
        let env =
            StateDirEnv { baton_home: Some(self.home.join(STATE_DIR).into_os_string()), ..StateDirEnv::from_process() };
        let store = Store::open(&StateDir::resolve(&env, None, &here.place)?, &here.place);
        let _locked = store.lock(Instant::now() + LOCK_WAIT, &inspector(here).now())?;
        Ok(Leases::drop_all(&store)?)
    }
}
