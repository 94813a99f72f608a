//! A fake agent: a process of its own that runs baton as its child on request.

use std::io::{self, BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use agent_baton_core::id::SessionId;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::error::CommandError;
use baton_agents::{AGENTS, DEMONSTRATED};

/// A call that the fake agent makes: baton with these arguments and this standard input.
#[derive(Debug, Serialize, Deserialize)]
struct Call {
    arguments: Vec<String>,
    input: String,
}

/// The result of a call.
#[derive(Debug, Serialize, Deserialize)]
pub struct Answer {
    /// The exit status. `None` if a signal ended the process.
    pub status: Option<i32>,
    /// What it printed on stdout.
    pub stdout: String,
    /// What it printed on stderr.
    pub stderr: String,
}

/// The command line of the fake agent.
#[derive(Args)]
pub struct DemoAgent {}

impl DemoAgent {
    /// Runs calls until standard input ends.
    ///
    /// # Errors
    /// Returns an error if a call cannot be read or run.
    pub fn run(self) -> Result<(), CommandError> {
        for line in io::stdin().lines() {
            let call: Call = serde_json::from_str(&line.map_err(CommandError::input)?).map_err(no_answer)?;
            let answer = run(&call).map_err(CommandError::input)?;
            let mut text = serde_json::to_string(&answer).map_err(no_answer)?;
            text.push('\n');
            io::stdout().write_all(text.as_bytes()).map_err(CommandError::output)?;
        }
        Ok(())
    }
}

fn run(call: &Call) -> io::Result<Answer> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(&call.arguments);
    if let Some(variable) = DEMONSTRATED.pid_variable {
        command.env(variable, std::process::id().to_string());
    }
    run_with_input(command, &call.input)
}

fn run_with_input(mut command: Command, text: &str) -> io::Result<Answer> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    Ok(Answer {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Runs baton as the user whose home this is, below no agent and in no pane.
///
/// # Errors
/// Returns an error if this program cannot be started again.
pub fn call_as_user(home: &Path, arguments: &[&str]) -> io::Result<Answer> {
    let mut command = command_in(home)?;
    let of_agents = AGENTS.iter().flat_map(|spec| spec.pid_variable.into_iter().chain([spec.session_variable]));
    for variable in of_agents.chain(["TMUX", "TMUX_PANE"]) {
        command.env_remove(variable);
    }
    command.args(arguments);
    run_with_input(command, "")
}

/// Returns a call of this program in the project of a user, who has a home and a state of their own.
fn command_in(home: &Path) -> io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .env("HOME", home)
        .env("XDG_CONFIG_HOME", home.join(".config"))
        .env("BATON_HOME", home.join(STATE_DIR))
        .env(DEMONSTRATED.home_variable, home.join(AGENT_DIR))
        .current_dir(home.join(WORK_DIR));
    Ok(command)
}

/// The name of the agent's directory, below the user's home.
pub(super) const AGENT_DIR: &str = "agent";

/// The name of the state directory, below the user's home.
pub const STATE_DIR: &str = "state";

/// The fake agent's directory. It is beside the state, because baton refuses a state inside an agent's directory.
pub const WORK_DIR: &str = "work";

/// A handle to a running fake agent. Dropping it kills the process.
pub struct FakeAgent {
    child: Child,
    calls: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: SessionId,
    project: String,
}

impl FakeAgent {
    /// Starts a fake agent that displays `session` in `pane`, with its state in `home`.
    ///
    /// # Errors
    /// Returns an error if this program cannot be started again.
    pub fn start(session: &SessionId, pane: &str, home: &Path) -> io::Result<Self> {
        let mut child = command_in(home)?
            .arg("demo-agent")
            .env(DEMONSTRATED.session_variable, session.as_str())
            .env("TMUX", "/demo,1,0")
            .env("TMUX_PANE", pane)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (calls, answers) = pipes.ok_or_else(|| io::Error::other("the fake agent has no pipes"))?;
        let project = home.join(WORK_DIR).display().to_string();
        Ok(Self { child, calls, answers: BufReader::new(answers), session: session.clone(), project })
    }

    /// Returns the fake agent's pid.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Lets the fake agent run baton.
    ///
    /// # Errors
    /// Returns an error if the fake agent is gone, or if its answer is invalid.
    pub fn call(&mut self, arguments: &[&str], input: &str) -> Result<Answer, CommandError> {
        let call = Call { arguments: arguments.iter().map(ToString::to_string).collect(), input: input.to_owned() };
        let mut text = serde_json::to_string(&call).map_err(no_answer)?;
        text.push('\n');
        self.calls.write_all(text.as_bytes()).map_err(CommandError::output)?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(CommandError::input)?;
        serde_json::from_str(&line).map_err(no_answer)
    }

    /// Sends an event to the hook, as Claude Code does.
    ///
    /// # Errors
    /// See [`Self::call`].
    pub fn event(&mut self, name: &str, more: &[(&str, &str)]) -> Result<Answer, CommandError> {
        let mut payload = serde_json::Map::new();
        let fields = [("session_id", self.session.as_str()), ("hook_event_name", name), ("cwd", &self.project)];
        for (field, value) in fields.iter().chain(more) {
            payload.insert((*field).to_owned(), (*value).into());
        }
        let payload = serde_json::to_string(&payload).map_err(no_answer)?;
        self.call(&["hook", "--agent", DEMONSTRATED.agent.name()], &payload)
    }

    /// Kills the fake agent as a crash would: with SIGKILL and without a hook.
    ///
    /// # Errors
    /// Returns an error if it cannot be killed or waited for.
    pub fn crash(mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for FakeAgent {
    fn drop(&mut self) {
        // It may have crashed already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn no_answer(source: serde_json::Error) -> CommandError {
    CommandError::failed("the demo's fake agent does not answer").caused_by(std::io::Error::from(source))
}
