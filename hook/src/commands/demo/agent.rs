//! A fake agent: a process of its own that runs baton as its child on request.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use agent_baton_core::id::SessionId;
use clap::Args;
use serde::{Deserialize, Serialize};

use crate::error::CommandError;

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
    let mut child = Command::new(std::env::current_exe()?)
        .args(&call.arguments)
        .env("CLAUDE_PID", std::process::id().to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(call.input.as_bytes())?;
    }
    let output = child.wait_with_output()?;
    Ok(Answer {
        status: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// The fake agent's directory. It is beside the state, because baton refuses a state inside an agent's directory.
pub const WORK_DIR: &str = "work";

/// A handle to a running fake agent. Dropping it kills the process.
pub struct FakeAgent {
    child: Child,
    calls: ChildStdin,
    answers: BufReader<ChildStdout>,
    session: SessionId,
}

impl FakeAgent {
    /// Starts a fake agent that displays `session` in `pane`, with its state in `home`.
    ///
    /// # Errors
    /// Returns an error if this program cannot be started again.
    pub fn start(session: &SessionId, pane: &str, home: &std::path::Path) -> io::Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("demo-agent")
            .env("BATON_HOME", home.join("state"))
            .env("CLAUDE_CONFIG_DIR", home.join("claude"))
            .env("CLAUDE_CODE_SESSION_ID", session.as_str())
            .env("TMUX", "/demo,1,0")
            .env("TMUX_PANE", pane)
            .current_dir(home.join(WORK_DIR))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (calls, answers) = pipes.ok_or_else(|| io::Error::other("the fake agent has no pipes"))?;
        Ok(Self { child, calls, answers: BufReader::new(answers), session: session.clone() })
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
        let fields = [("session_id", self.session.as_str()), ("hook_event_name", name)];
        for (field, value) in fields.iter().chain(more) {
            payload.insert((*field).to_owned(), (*value).into());
        }
        let payload = serde_json::to_string(&payload).map_err(no_answer)?;
        self.call(&["hook", "--agent", "claude"], &payload)
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

pub(super) fn no_answer(source: serde_json::Error) -> CommandError {
    CommandError::failed("the demo's fake agent does not answer").caused_by(std::io::Error::from(source))
}
