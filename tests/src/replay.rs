//! Plays a recording through the built program: a fake agent for each recorded process, with the hook below it as
//! recorded.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use serde_json::json;

use crate::capture::{Capture, HOME, Payload, Seen};
use crate::fake_agent::{Ended, Run};
use crate::process::{Launch, Process};
use crate::program;
use crate::reply::Reply;
use crate::scratch::Scratch;
use crate::state::State;
use crate::view::Names;

mod decided;
mod names;
mod traces;
mod twist;

use decided::decided;
pub use decided::is_hooked;
pub use twist::Twist;

/// The minimum interval between calls. Equal bytes that come closer together count as one event delivered twice,
/// which never happened in a recording.
const APART: Duration = Duration::from_millis(250);

/// A recording that is being played.
pub struct Replay {
    capture: Capture,
    scratch: Scratch,
    home: String,
    processes: BTreeMap<String, Process>,
    /// The pid and start time of every process that ever existed.
    labels: HashMap<(u32, u64), String>,
    sessions: Vec<String>,
    runs: Vec<String>,
    /// The process that holds each lock on a session (Codex).
    locks: HashMap<PathBuf, String>,
    delivered: HashMap<(String, String), Instant>,
    transcripts: HashMap<PathBuf, i64>,
}

impl Replay {
    /// Creates a replay without any process.
    #[must_use]
    pub fn new(capture: Capture) -> Self {
        let scratch = Scratch::new();
        Self {
            home: scratch.home().to_str().unwrap().to_owned(),
            sessions: capture.sessions(),
            capture,
            scratch,
            processes: BTreeMap::new(),
            labels: HashMap::new(),
            runs: Vec::new(),
            locks: HashMap::new(),
            delivered: HashMap::new(),
            transcripts: HashMap::new(),
        }
    }

    /// Returns the calls of a range that are hooked events. A call that is asked for by its own number is always
    /// included.
    #[must_use]
    pub fn hooked(&self, orders: std::ops::RangeInclusive<u32>) -> Vec<u32> {
        let alone = orders.start() == orders.end();
        let calls = self.capture.calls.iter().filter(|call| orders.contains(&call.order));
        calls.filter(|call| alone || is_hooked(self.capture.agent, &call.event)).map(|call| call.order).collect()
    }

    /// Returns the current state.
    #[must_use]
    pub fn state(&self) -> State {
        self.scratch.state()
    }

    /// Plays one recorded call, unchanged or with a twist. Returns a line that describes the result.
    pub fn play(&mut self, order: u32, twist: &Twist) -> String {
        let instead = twist.instead.as_deref();
        let (run, label, event, payload) = self.prepare(order, twist);
        let sent = run.stdin.clone();
        let before = self.state();
        let ended = self.process(&label).run(run);
        self.delivered.insert((label.clone(), sent), Instant::now());
        let after = self.state();
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), ""), "{} {order}: {ended:?}", self.capture.name);
        let reply = Reply::parse(&ended.stdout, &event)
            .unwrap_or_else(|error| panic!("{} {order}: {error}", self.capture.name));
        self.after_call(order, &label, instead.is_some(), &payload);
        self.learn_runs(&after);

        let word = payload.source.or(payload.reason).map(|word| format!("({word})")).unwrap_or_default();
        let subagent = if payload.agent_id.is_some() { " subagent" } else { "" };
        let session = self.session(&payload.session_id);
        let told = reply.map(|reply| format!("; {}", reply.audience())).unwrap_or_default();
        format!("{order} {event}{word}{subagent} {session} in {label}: {}{told}", decided(&before, &after))
    }

    /// Runs `baton` as a tool of a session does below its agent, or below no agent.
    pub fn command(&mut self, place: Option<(&str, &str)>, args: &[String]) -> Ended {
        let args = args.iter().map(|arg| self.expand(arg)).collect::<Vec<_>>();
        let Some((label, session)) = place else {
            let begun = Instant::now();
            let output = self.scratch.baton(args.iter().map(String::as_str)).run();
            let wall_ns = u64::try_from(begun.elapsed().as_nanos()).unwrap();
            self.learn_runs(&self.state());
            return Ended { code: output.code, stdout: output.stdout, stderr: output.stderr, wall_ns };
        };
        let mut env = self.scratch.env();
        let id = self.expand(&format!("{{{session}}}"));
        match self.capture.agent {
            Agent::Claude => {
                env.insert("CLAUDECODE".to_owned(), "1".to_owned());
                env.insert("CLAUDE_PID".to_owned(), self.process(label).pid().to_string());
                env.insert("CLAUDE_CODE_SESSION_ID".to_owned(), id);
            }
            Agent::Codex => drop(env.insert("CODEX_THREAD_ID".to_owned(), id)),
        }
        let argv = std::iter::once(program::baton().to_str().unwrap().to_owned()).chain(args).collect();
        let cwd = self.scratch.home().join("work");
        let shell = Some("sh".to_owned());
        let ended = self.process(label).run(Run { argv, env, cwd, stdin: String::new(), shell });
        self.learn_runs(&self.state());
        ended
    }

    /// Lets Codex run its notify program because a turn of this session has ended. Returns a line that describes the
    /// result.
    pub fn notify(&mut self, label: &str, session: &str) -> String {
        let before = self.state();
        let told = json!({"type": "agent-turn-complete", "thread-id": self.expand(&format!("{{{session}}}"))});
        let argv =
            [program::baton().to_str().unwrap(), "hook", "--agent", self.capture.agent.name(), &told.to_string()];
        let (env, cwd) = (self.scratch.env(), self.scratch.home().join("work"));
        let run = Run { argv: argv.map(str::to_owned).into(), env, cwd, stdin: String::new(), shell: None };
        let ended = self.process(label).run(run);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""), "{ended:?}");
        format!("notify {session} in {label}: {}", decided(&before, &self.state()))
    }

    /// Returns the process with this label.
    pub fn process(&mut self, label: &str) -> &mut Process {
        self.processes.get_mut(label).unwrap_or_else(|| panic!("{label} is not there"))
    }

    /// Kills a process. Its files stay and its locks are released.
    pub fn kill(&mut self, label: &str) {
        self.process(label).kill();
        self.processes.remove(label);
        self.locks.retain(|_, holder| holder != label);
    }

    /// Lets a process exit as the agent does, which removes its files and locks.
    pub fn exit(&mut self, label: &str) {
        let held: Vec<PathBuf> =
            self.locks.iter().filter(|(_, by)| *by == label).map(|(path, _)| path.clone()).collect();
        for path in held {
            self.process(label).unlock(&path);
            self.locks.remove(&path);
        }
        let pid = self.process(label).pid();
        drop(std::fs::remove_file(self.claude_file(pid)));
        self.process(label).exit();
        self.processes.remove(label);
    }

    fn prepare(&mut self, order: u32, twist: &Twist) -> (Run, String, String, Payload) {
        let call = self.capture.call(order);
        let text = twist.payload(call.payload(&self.home), |value| self.expand(value));
        let payload: Payload = serde_json::from_str(&text).unwrap();
        let (event, transcript_bytes) = (call.event.clone(), call.transcript_bytes);
        let chain = call.chain.clone();
        let label = twist.instead.clone().unwrap_or_else(|| chain[0].clone());
        let daemon = self.capture.processes[&chain[0]].daemon;
        if twist.instead.is_some() {
            let seen = self.capture.processes[&chain[0]].clone();
            self.spawn(&label, &seen, twist.inside.as_deref());
        } else {
            self.spawn_chain(&chain);
        }
        std::fs::create_dir_all(&payload.cwd).unwrap();
        self.grow_transcript(&event, &payload, transcript_bytes);
        self.claim(&label, &event, &payload);

        let call = self.capture.call(order);
        let mut env = self.scratch.env();
        for (name, value) in &call.env {
            let value = match name.as_str() {
                "CLAUDE_PID" if twist.instead.is_some() => self.processes[&label].pid().to_string(),
                "CLAUDE_PID" => self.processes[value].pid().to_string(),
                "CLAUDE_CODE_SESSION_ID" => payload.session_id.clone(),
                "TMUX_PANE" if let Some(pane) = twist.pane() => pane.to_owned(),
                // A process other than the recorded one is in another pane. Only a daemon keeps the pane that it was
                // started with.
                "TMUX_PANE" if twist.instead.is_some() && !daemon => {
                    format!("%{}", 100 + self.labels.len())
                }
                _ => value.replace(HOME, &self.home),
            };
            env.insert(name.clone(), value);
        }
        let mut stdin = text;
        if self.capture.agent == Agent::Claude {
            stdin.push('\n');
        }
        if let Some(last) = self.delivered.get(&(label.clone(), stdin.clone())) {
            std::thread::sleep(APART.saturating_sub(last.elapsed()));
        }
        let argv =
            [program::baton().to_str().unwrap(), "hook", "--agent", self.capture.agent.name()].map(str::to_owned);
        let run = Run { argv: argv.into(), env, cwd: payload.cwd.clone(), stdin, shell: call.shell.clone() };
        (run, label, event, payload)
    }

    /// Makes sure that the processes of a recorded chain exist, each below the next. A parent that is not in the
    /// chain has exited.
    fn spawn_chain(&mut self, chain: &[String]) {
        for at in (0..chain.len()).rev() {
            let seen = self.capture.processes[&chain[at]].clone();
            self.spawn(&chain[at], &seen, chain.get(at + 1).map(String::as_str));
        }
        let nearest = &chain[0];
        let calls = self.capture.calls.iter().filter(|call| call.chain[0] == *nearest);
        let parents: Vec<String> = calls.flat_map(|call| call.chain.iter().skip(1).cloned()).collect();
        for parent in parents {
            if self.processes.contains_key(&parent) && !chain.contains(&parent) {
                self.exit(&parent);
            }
        }
    }

    fn spawn(&mut self, label: &str, seen: &Seen, parent: Option<&str>) {
        if self.processes.contains_key(label) {
            return;
        }
        assert!(!self.labels.values().any(|known| known == label), "{label} has ended");
        let args: &[&str] = if seen.daemon { &["app-server", "--listen", "unix://"] } else { &[] };
        let launch = Launch { comm: &seen.comm, args, tty: seen.tty };
        let parent = parent.map(|parent| self.processes.get_mut(parent).expect("the parent first"));
        let process = Process::spawn(&self.scratch, &launch, parent);
        self.labels.insert((process.pid(), process.start()), label.to_owned());
        self.processes.insert(label.to_owned(), process);
    }

    fn learn_runs(&mut self, state: &State) {
        let mut new: Vec<_> = state.runs().into_iter().map(|kept| kept.record).collect();
        new.sort_by_key(|run| (run.created.boot_ms, run.id.as_str().to_owned()));
        for run in new {
            if !self.runs.iter().any(|id| id == run.id.as_str()) {
                self.runs.push(run.id.as_str().to_owned());
            }
        }
    }
}
