//! The processes and files of one situation.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::scratch::Call;
use agent_baton_tests::{Installation, Project, Window, program};
use serde_json::{Value, json};

use super::Place;

/// Longer than a run or a session may be inactive, in milliseconds.
const LONG_MS: u64 = 8 * 24 * 60 * 60 * 1000;

/// An installation, and the agents' windows by the session that each shows.
pub struct Stage<'a> {
    pub installation: &'a Installation,
    /// Another machine of the fleet.
    pub other: Option<Installation>,
    windows: BTreeMap<String, Window<'a>>,
    more: Vec<Window<'a>>,
}

impl<'a> Stage<'a> {
    pub fn new(installation: &'a Installation) -> Self {
        put_on_path(installation);
        Self { installation, other: None, windows: BTreeMap::new(), more: Vec::new() }
    }

    /// Opens a window that shows the session of this name, and gives it a prompt. Returns what the user and the agent are told at the start.
    pub fn open(&mut self, session: &str) -> String {
        self.open_as(Agent::Claude, session)
    }

    pub fn open_as(&mut self, agent: Agent, session: &str) -> String {
        let pane = format!("%{}", self.windows.len() + self.more.len() + 1);
        self.begin(session, Window::open(&self.installation.scratch, agent, &pane))
    }

    /// Opens a window whose agent was started in a pane of a tmux server.
    pub fn open_in_tmux(&mut self, session: &str) -> String {
        let server = self.installation.at("tmux");
        let variables = [("TMUX", &*format!("{},1,0", server.display())), ("TMUX_PANE", "%1")];
        self.begin(session, Window::open_with(&self.installation.scratch, Agent::Claude, "%1", &variables).on(&server))
    }

    fn begin(&mut self, session: &str, window: Window<'a>) -> String {
        self.more.extend(self.windows.insert(session.to_owned(), window));
        let told = self.hook("SessionStart", session, &json!({}));
        told + &self.hook("UserPromptSubmit", session, &json!({"prompt": "words"}))
    }

    /// Opens another window that resumes the session. Returns what is told there.
    pub fn resume(&mut self, session: &str) -> String {
        let pane = format!("%{}", self.windows.len() + self.more.len() + 1);
        let window = Window::open(&self.installation.scratch, Agent::Claude, &pane);
        self.more.extend(self.windows.insert(session.to_owned(), window));
        self.hook("SessionStart", session, &json!({"source": "resume"}))
    }

    /// Opens a window of session `s1`, which owns the run `demo`.
    pub fn owner(&mut self) {
        self.open("s1");
        self.tool("s1", "run start demo");
    }

    /// Opens a window of session `s1`, which owns the loop `demo`.
    pub fn loop_owner(&mut self) -> String {
        self.open("s1");
        self.tool("s1", "run start demo --loop --prompt words --until DONE --max-iterations 5")
    }

    pub fn kill(&mut self, session: &str) {
        self.window(session).process.kill();
    }

    pub fn window(&mut self, session: &str) -> &mut Window<'a> {
        self.windows.get_mut(session).unwrap_or_else(|| panic!("{session} has no window"))
    }

    /// Sends an event and returns everything that the agent and the user are told.
    pub fn hook(&mut self, event: &str, session: &str, fields: &Value) -> String {
        let ended = self.window(session).hook(event, session, fields);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let reply: Value = serde_json::from_str(&ended.stdout).unwrap_or_default();
        let said = ["/systemMessage", "/hookSpecificOutput/additionalContext", "/reason"];
        let said = said.iter().filter_map(|at| reply.pointer(at)?.as_str());
        said.chain([ended.stderr.as_str()]).collect::<Vec<_>>().join("\n")
    }

    /// Runs `baton` in a tool of a session. Returns what it prints.
    pub fn tool(&mut self, session: &str, words: &str) -> String {
        let words: Vec<&str> = words.split(' ').collect();
        let Ended { stdout, stderr, .. } = self.window(session).baton(session, &words);
        stdout + &stderr
    }

    /// Runs `baton` as a user does in the project. Returns what it prints.
    pub fn user(&self, words: &str) -> String {
        let output = self.installation.run(words);
        output.stdout + &output.stderr
    }

    /// Follows a suggestion. Returns the exit status and what is printed.
    pub fn follow(&mut self, place: Place, command: &str) -> (Option<i32>, String) {
        let command = self.fill_in(command);
        match place {
            Place::Terminal => self.shell(&format!("baton {command}")).answer_at_terminal(80, "y\ny\n"),
            Place::OtherMachine => shell(self.other(), &format!("baton {command}")).answer_at_terminal(80, "y\ny\n"),
            Place::Session(session) => {
                let words: Vec<&str> = command.split(' ').collect();
                let Ended { code, stdout, stderr, .. } = self.window(session).baton(session, &words);
                (code, stdout + &stderr)
            }
        }
    }

    /// Replaces what stands for a name, a command, a session or a run.
    pub fn fill_in(&self, command: &str) -> String {
        let command = command.replace("NAME", "demo").replace("COMMAND", "true");
        let command =
            command.split(' ').map(|word| if word == "ID" { "s1" } else { word }).collect::<Vec<_>>().join(" ");
        if command.contains("RUN") { command.replace("RUN", &self.run()) } else { command }
    }

    /// A line for the user's shell.
    pub fn shell(&self, line: &str) -> Call {
        shell(self.installation, line)
    }

    /// The other machine of the fleet.
    pub fn other(&self) -> &Installation {
        self.other.as_ref().expect("another machine")
    }

    /// Runs `baton` as a user does in the project on the other machine. Returns what it prints.
    pub fn user_elsewhere(&self, words: &str) -> String {
        let output = self.other().run(words);
        output.stdout + &output.stderr
    }

    pub fn state(&self, path: &str) -> PathBuf {
        self.installation.scratch.state_dir().join(path)
    }

    /// The id of the first run, or nothing.
    pub fn run(&self) -> String {
        let runs = self.installation.scratch.state().runs();
        runs.first().map(|run| run.record.id.to_string()).unwrap_or_default()
    }

    /// Moves a record and its log into the past, beyond every limit, and to another boot, so that the wall clock counts.
    pub fn make_old(&self, record: &str) {
        self.edit(self.state(record), make_old);
        let log = self.state(record).with_extension("log");
        if log.exists() {
            fs::remove_file(log).unwrap();
        }
    }

    /// Puts a Codex on the PATH that computes the same hashes of the hooks as baton, as the error about another one names them.
    pub fn agreeing_codex(&self) {
        let places = [
            "session_start",
            "user_prompt_submit",
            "stop",
            "interrupt",
            "permission_request",
            "pre_compact",
            "session_end",
        ];
        let mut hashes = places.map(|place| (place, "unknown".to_owned()));
        loop {
            let hook =
                |(place, hash): &(&str, String)| json!({"key": format!("/any:{place}:0:0"), "currentHash": hash});
            let hooks: Vec<Value> = hashes.iter().map(hook).collect();
            let answer = json!({"id": 1, "result": {"data": [{"hooks": hooks}]}});
            let lines = "read a; echo '{\"id\":0,\"result\":{}}'; read b; read c; echo";
            self.installation.script("codex", &format!("{lines} '{answer}'"));
            let told = self.user("install --agent codex --trust --yes");
            self.installation.done("uninstall --yes");
            let Some((_, told)) = told.split_once(" hash of ") else { return };
            let (place, told) = told.split_once(":0:0 is ").expect("a place");
            let (_, hash) = told.lines().next().and_then(|line| line.split_once(", not ")).expect("a hash");
            let ours = hashes.iter_mut().find(|(known, hash)| *known == place && hash == "unknown").expect("a place");
            ours.1 = hash.to_owned();
        }
    }

    /// Changes a record behind baton's back.
    pub fn edit(&self, path: PathBuf, edit: impl Fn(&mut Value)) {
        let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        edit(&mut record);
        fs::write(path, record.to_string()).unwrap();
    }

    /// Moves the processes of `s1` and of its run to another machine, so that nobody here can tell whether they are alive.
    pub fn carry_off(&self) {
        let mut records = vec![self.state("sessions/s1.json")];
        if !self.installation.scratch.state().runs().is_empty() {
            records.push(self.state(&format!("runs/{}.json", self.run())));
        }
        for record in records {
            self.edit(record, |record| {
                for process in ["/owner/process", "/launches/0/process"] {
                    if let Some(process) = record.pointer_mut(process) {
                        process["machine"] = json!("another");
                    }
                }
            });
        }
    }

    /// Protects a file of the project.
    pub fn protect(&self) -> Project<'a> {
        let project = Project::protect(&self.installation.scratch, &["AGENTS.md"]);
        project.write("AGENTS.md", "mine\n");
        project
    }

    /// Makes the project a worktree.
    pub fn worktree(&self) {
        fs::create_dir_all(self.installation.at("work/.git")).unwrap();
    }

    /// Installs the hooks of Claude Code, whose program is there.
    pub fn installed(&self) {
        fs::remove_dir(self.installation.at(".codex")).unwrap();
        self.installation.script("claude", "echo '2.1.329 (Claude Code)'");
        self.installation.done("install --yes");
    }

    /// The path of the program that the tests built.
    pub fn other_program(&self) -> PathBuf {
        let other = self.installation.at("baton");
        program::link(program::baton(), &other).unwrap();
        other
    }
}

/// Puts the program that is installed on the PATH.
pub fn put_on_path(installation: &Installation) {
    installation.script("baton", &format!("exec {} \"$@\"", installation.program().display()));
}

/// A line for the shell of a machine's user.
fn shell(installation: &Installation, line: &str) -> Call {
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", installation.scripts().display());
    installation.scratch.program("/bin/sh".as_ref(), ["-c", line]).env("PATH", path)
}

/// Moves every time in a record into the past.
fn make_old(value: &mut Value) {
    if let Some(unix_ms) = value.get("unix_ms").and_then(Value::as_u64) {
        *value = json!({"unix_ms": unix_ms - LONG_MS, "boot": "earlier", "boot_ms": 1});
    } else if let Some(fields) = value.as_object_mut() {
        fields.values_mut().for_each(make_old);
    } else if let Some(parts) = value.as_array_mut() {
        parts.iter_mut().for_each(make_old);
    }
}
