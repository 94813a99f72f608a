//! An agent's window, controlled by the test, for tests that need events of their own.

use std::collections::BTreeMap;

use agent_baton_core::agent::Agent;
use serde_json::{Map, Value, json};

use crate::fake_agent::{Ended, Run};
use crate::process::{Launch, Process};
use crate::program;
use crate::scratch::Scratch;

/// The socket of the tmux server that a pane belongs to by default.
const SERVER: &str = "/run/tmux/default";

/// A fake agent in a pane of its own.
pub struct Window<'a> {
    scratch: &'a Scratch,
    agent: Agent,
    pane: String,
    /// The socket of the tmux server that the pane belongs to.
    server: String,
    /// The variables that the agent was started with. Its hooks and tools inherit them.
    inherited: BTreeMap<String, String>,
    /// The process.
    pub process: Process,
}

impl<'a> Window<'a> {
    /// Starts the agent in this pane of tmux.
    #[must_use]
    pub fn open(scratch: &'a Scratch, agent: Agent, pane: &str) -> Self {
        Self::start(scratch, agent, pane, &[])
    }

    /// Like [`Self::open`], with these arguments.
    #[must_use]
    pub fn start(scratch: &'a Scratch, agent: Agent, pane: &str, args: &[&str]) -> Self {
        let process = Process::spawn(scratch, &Launch { comm: agent.name(), args, tty: true }, None);
        let server = SERVER.to_owned();
        Self { scratch, agent, pane: pane.to_owned(), server, inherited: scratch.env(), process }
    }

    /// Like [`Self::open`]. The agent is started with these variables.
    #[must_use]
    pub fn open_with(scratch: &'a Scratch, agent: Agent, pane: &str, variables: &[(&str, &str)]) -> Self {
        let launch = Launch { comm: agent.name(), args: &[], tty: true };
        let process = Process::spawn_with(scratch, &launch, variables);
        let server = SERVER.to_owned();
        let window = Self { scratch, agent, pane: pane.to_owned(), server, inherited: scratch.env(), process };
        variables.iter().fold(window, |window, (name, value)| window.with(name, value))
    }

    /// Like [`Self::open`], with session s1, which owns the run `demo`.
    #[must_use]
    pub fn open_owner(scratch: &'a Scratch, agent: Agent, pane: &str) -> Self {
        let mut window = Self::open(scratch, agent, pane);
        assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
        assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
        let started = window.baton("s1", &["run", "start", "demo"]);
        assert_eq!(started.code, Some(0), "{started:?}");
        window
    }

    /// Moves the pane to the tmux server with this socket.
    #[must_use]
    pub fn on(self, server: &std::path::Path) -> Self {
        Self { server: server.to_str().unwrap().to_owned(), ..self }
    }

    /// Adds a variable to the agent's environment.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.inherited.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Starts the agent through a call of `baton` with these words, followed by the agent's program.
    #[must_use]
    pub fn open_through(scratch: &'a Scratch, agent: Agent, pane: &str, words: &[&str]) -> Self {
        let launch = Launch { comm: agent.name(), args: &[], tty: false };
        let process = Process::spawn_through(scratch, &launch, words);
        let server = SERVER.to_owned();
        Self { scratch, agent, pane: pane.to_owned(), server, inherited: scratch.env(), process }
    }

    /// Adds a variable that the agent was started with.
    pub fn inherit(&mut self, name: &str, value: &str) {
        self.inherited.insert(name.to_owned(), value.to_owned());
    }

    /// Starts an agent inside a tool of `outer`'s session, in the same pane, with all the variables that a tool has.
    #[must_use]
    pub fn open_inside(outer: &mut Self, session: &str, agent: Agent) -> Self {
        let mut inherited = outer.below(session, Vec::new(), String::new()).env;
        if outer.agent == Agent::Codex {
            inherited.insert("CODEX_THREAD_ID".to_owned(), session.to_owned());
        }
        let launch = Launch { comm: agent.name(), args: &[], tty: false };
        let process = Process::spawn(outer.scratch, &launch, Some(&mut outer.process));
        Self {
            scratch: outer.scratch,
            agent,
            pane: outer.pane.clone(),
            server: outer.server.clone(),
            inherited,
            process,
        }
    }

    /// Returns the directories of the test.
    #[must_use]
    pub const fn scratch(&self) -> &'a Scratch {
        self.scratch
    }

    /// Returns a payload as the agent sends it for this event of a session. `fields` are added to it.
    #[must_use]
    pub fn payload(&self, event: &str, session: &str, fields: &Value) -> Value {
        let cwd = self.scratch.home().join("work");
        let transcript = cwd.join(format!("{session}.jsonl"));
        let mut payload = Map::new();
        let common =
            json!({"session_id": session, "transcript_path": transcript, "cwd": cwd, "hook_event_name": event});
        let own = match (event, self.agent) {
            ("SessionEnd", Agent::Claude) => json!({"reason": "prompt_input_exit"}),
            ("SessionEnd", Agent::Codex) => json!({"reason": "other"}),
            ("SessionStart", _) => json!({"source": "startup", "model": "m"}),
            (_, Agent::Claude) => json!({"permission_mode": "default", "prompt_id": "p"}),
            (_, Agent::Codex) => {
                json!({"permission_mode": "default", "turn_id": "t", "model": "m"})
            }
        };
        for part in [&common, &own, fields] {
            payload.extend(part.as_object().expect("an object").clone());
        }
        Value::Object(payload)
    }

    /// Returns the hook's call with these bytes, as the agent makes it. `session` is the one that Claude names in the
    /// environment.
    #[must_use]
    pub fn call(&self, session: &str, stdin: String) -> Run {
        let argv = [program::baton().to_str().unwrap(), "hook", "--agent", self.agent.name()].map(str::to_owned).into();
        self.below(session, argv, stdin)
    }

    /// Sends an event of a session.
    pub fn hook(&mut self, event: &str, session: &str, fields: &Value) -> Ended {
        let payload = self.payload(event, session, fields).to_string();
        let run = self.call(session, payload);
        self.process.run(run)
    }

    /// Runs `baton` as a tool of the session does.
    pub fn baton(&mut self, session: &str, args: &[&str]) -> Ended {
        let argv = std::iter::once(program::baton().to_str().unwrap()).chain(args.iter().copied()).map(str::to_owned);
        let mut run = self.below(session, argv.collect(), String::new());
        if self.agent == Agent::Codex {
            run.env.insert("CODEX_THREAD_ID".to_owned(), session.to_owned());
        }
        self.process.run(run)
    }

    /// Returns a run of a program below the agent.
    #[must_use]
    pub fn below(&self, session: &str, argv: Vec<String>, stdin: String) -> Run {
        let cwd = self.scratch.home().join("work");
        let mut env = self.inherited.clone();
        let text = |name: &str| self.scratch.home().join(name).to_str().unwrap().to_owned();
        let own = match self.agent {
            Agent::Claude => vec![
                ("CLAUDECODE", "1".to_owned()),
                ("CLAUDE_PID", self.process.pid().to_string()),
                ("CLAUDE_CODE_SESSION_ID", session.to_owned()),
                ("CLAUDE_PROJECT_DIR", cwd.to_str().unwrap().to_owned()),
                ("CLAUDE_CONFIG_DIR", text(".claude")),
            ],
            Agent::Codex => vec![("CODEX_HOME", text(".codex"))],
        };
        env.extend(own.into_iter().map(|(name, value)| (name.to_owned(), value)));
        env.insert("TMUX".to_owned(), format!("{},1,0", self.server));
        env.insert("TMUX_PANE".to_owned(), self.pane.clone());
        env.insert("PWD".to_owned(), cwd.to_str().unwrap().to_owned());
        Run { argv, env, cwd, stdin, shell: None }
    }
}

/// Checks that a call succeeded and printed nothing.
pub fn assert_no_output(ended: &Ended) {
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""), "{ended:?}");
}

/// Checks that a command failed with this status, and said why as all commands do: the error, its causes and a hint.
pub fn assert_error(ended: &Ended, code: i32) {
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{ended:?}");
    let mut lines = ended.stderr.lines();
    assert!(lines.next().is_some_and(|line| line.starts_with("error: ")), "{ended:?}");
    assert!(lines.all(|line| line.starts_with("caused by: ") || line.starts_with("hint: ")), "{ended:?}");
}

/// Checks that a call failed as a hook may: with status 0, one line for the user and nothing for the agent.
pub fn assert_one_line(ended: &Ended, code: i32) {
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(code), ""), "{ended:?}");
    assert!(ended.stderr.ends_with('\n') && ended.stderr.lines().count() == 1, "{ended:?}");
    assert!(ended.stderr.trim().len() > 20, "a line that says nothing: {ended:?}");
    assert!(!ended.stderr.chars().any(|c| c.is_control() && c != '\n'), "{ended:?}");
}
