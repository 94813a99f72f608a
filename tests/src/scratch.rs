//! A home directory and a state directory for one test.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use nix::pty::{Winsize, openpty};
use tempfile::TempDir;

use crate::program;
use crate::signals;
use crate::state::State;
use crate::temporary;

/// The length of the path of a scratch directory, so that what is printed about it is wrapped at the same places everywhere.
const ROOT_LENGTH: usize = 32;

/// How many random characters are in it.
const RANDOM_LENGTH: usize = 6;

/// The directory tree of one test; removed when dropped.
pub struct Scratch {
    root: PathBuf,
    dir: TempDir,
    more: Mutex<BTreeMap<String, String>>,
    /// The words that precede the call of every program.
    through: Mutex<Vec<String>>,
}

impl Default for Scratch {
    fn default() -> Self {
        Self::new()
    }
}

impl Scratch {
    /// Creates an empty home without a state, outside any worktree: the program refuses a state directory inside one.
    #[must_use]
    pub fn new() -> Self {
        Self::new_in(temporary::dir())
    }

    /// Like [`Self::new`], but on a disk, for a test of what the file system does. Returns `None` if there is no
    /// disk.
    #[must_use]
    pub fn on_disk() -> Option<Self> {
        temporary::disk_dir().map(|dir| Self::new_in(&dir))
    }

    fn new_in(dir: &Path) -> Self {
        signals::by_default();
        let padding = ROOT_LENGTH.saturating_sub(dir.as_os_str().len() + "/baton-".len() + RANDOM_LENGTH);
        let prefix = format!("baton-{}", "x".repeat(padding));
        let dir = tempfile::Builder::new().prefix(&prefix).rand_bytes(RANDOM_LENGTH).tempdir_in(dir).unwrap();
        let root = dir.path().to_owned();
        for part in ["home/work", "home/.config", "bin", "steer"] {
            std::fs::create_dir_all(root.join(part)).unwrap();
        }
        Self { root, dir, more: Mutex::default(), through: Mutex::default() }
    }

    /// Returns the directory that contains everything else.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Returns the home directory.
    #[must_use]
    pub fn home(&self) -> PathBuf {
        self.root.join("home")
    }

    /// Returns whether an event waits in the inbox. Each call handles some of them.
    #[must_use]
    pub fn has_inbox(&self) -> bool {
        self.state_dir().join("inbox").exists()
    }

    /// Returns `BATON_HOME`, which the program creates.
    #[must_use]
    pub fn state_dir(&self) -> PathBuf {
        self.root.join("state")
    }

    /// Reads the state.
    #[must_use]
    pub fn state(&self) -> State {
        State::read(&self.state_dir())
    }

    /// Returns the complete environment of every program that is run for the test.
    #[must_use]
    pub fn env(&self) -> BTreeMap<String, String> {
        let text = |path: PathBuf| path.into_os_string().into_string().expect("a path that is UTF-8");
        [
            ("PATH", "/usr/local/bin:/usr/bin:/bin".to_owned()),
            ("LANG", "C.UTF-8".to_owned()),
            ("TZ", "UTC".to_owned()),
            ("HOME", text(self.home())),
            ("XDG_CONFIG_HOME", text(self.home().join(".config"))),
            ("BATON_HOME", text(self.state_dir())),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .chain(self.more.lock().unwrap().clone())
        .collect()
    }

    /// Sets a variable for every program that is run from now on, or removes it if `value` is `None`.
    pub fn set(&self, name: &str, value: Option<&str>) {
        let mut more = self.more.lock().unwrap();
        match value {
            Some(value) => drop(more.insert(name.to_owned(), value.to_owned())),
            None => drop(more.remove(name)),
        }
    }

    /// Lets every program be called through another one from now on, such as `nsenter`, that runs the words after its own.
    pub fn run_through(&self, words: Vec<String>) {
        *self.through.lock().unwrap() = words;
    }

    /// Returns the words that precede the call of a program in this directory, which are none by default.
    #[must_use]
    pub fn words_before(&self, cwd: &Path) -> Vec<String> {
        let words = self.through.lock().unwrap().clone();
        // A program that enters a mount namespace leaves its directory.
        let enter = ["env", "-C", cwd.to_str().unwrap()].map(str::to_owned);
        if words.is_empty() { words } else { words.into_iter().chain(enter).collect() }
    }

    /// Returns a call of `baton` with these arguments, in the home's `work`, below no agent.
    #[must_use]
    pub fn baton<'a>(&self, args: impl IntoIterator<Item = &'a str>) -> Call {
        self.program(program::baton(), args)
    }

    /// Like [`Self::baton`], with the program at another path.
    #[must_use]
    pub fn program<'a>(&self, program: &Path, args: impl IntoIterator<Item = &'a str>) -> Call {
        let work = self.home().join("work");
        let words = self.words_before(&work).into_iter().map(OsString::from);
        let mut words = words.chain([program.as_os_str().to_owned()]).chain(args.into_iter().map(OsString::from));
        let mut command = Command::new(words.next().unwrap_or_default());
        command.args(words).current_dir(work).env_clear().envs(self.env());
        Call { command, stdin: Vec::new() }
    }

    /// Returns a call of the hook with this payload.
    #[must_use]
    pub fn hook(&self, agent: &str, payload: impl Into<Vec<u8>>) -> Call {
        self.baton(["hook", "--agent", agent]).stdin(payload)
    }

    /// Keeps the directory and returns its path.
    #[must_use]
    pub fn keep(self) -> PathBuf {
        self.dir.keep()
    }
}

/// A call of the program that was not made yet.
pub struct Call {
    command: Command,
    stdin: Vec<u8>,
}

impl Call {
    /// Sets its standard input.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<std::ffi::OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Sets its directory.
    #[must_use]
    pub fn cwd(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Runs it to its end at a terminal of this width. Gives the exit status and what stands on the screen: standard output and standard
    /// error. Standard input is empty.
    #[must_use]
    pub fn run_at_terminal(self, columns: u16) -> (Option<i32>, String) {
        self.at_terminal(columns, None, |_| {})
    }

    /// Like [`Self::run_at_terminal`], by a user who types these lines.
    #[must_use]
    pub fn answer_at_terminal(self, columns: u16, lines: &str) -> (Option<i32>, String) {
        self.at_terminal(columns, Some(lines), |_| {})
    }

    /// Like [`Self::run_at_terminal`]. `watch` sees everything that was printed so far, each time that there is more.
    #[must_use]
    pub fn watch_at_terminal(self, columns: u16, watch: impl FnMut(&str)) -> (Option<i32>, String) {
        self.at_terminal(columns, None, watch)
    }

    fn at_terminal(mut self, columns: u16, lines: Option<&str>, mut watch: impl FnMut(&str)) -> (Option<i32>, String) {
        let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let terminal = openpty(Some(&size), None).unwrap();
        let slave = File::from(terminal.slave);
        let end = || Stdio::from(slave.try_clone().unwrap());
        let stdin = if lines.is_some() { end() } else { Stdio::null() };
        self.command.stdin(stdin).stdout(end()).stderr(end());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        // The program holds the other ends now: when it ends, reading does.
        drop((self.command, slave));
        let mut master = File::from(terminal.master);
        // The answers are read when the questions come.
        master.write_all(lines.unwrap_or_default().as_bytes()).unwrap();
        let (mut screen, mut bytes) = (Vec::new(), [0; 4096]);
        while let Ok(count @ 1..) = master.read(&mut bytes) {
            screen.extend_from_slice(&bytes[..count]);
            watch(&String::from_utf8_lossy(&screen));
        }
        let screen = String::from_utf8(screen).expect("a screen in UTF-8").replace("\r\n", "\n");
        (child.wait().unwrap().code(), screen)
    }

    /// Makes it a call through another program, such as `setsid`, that runs the words after its own.
    #[must_use]
    pub fn through(self, words: &[&str]) -> Self {
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).arg(self.command.get_program()).args(self.command.get_args()).env_clear();
        command.envs(self.command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        if let Some(directory) = self.command.get_current_dir() {
            command.current_dir(directory);
        }
        Self { command, stdin: self.stdin }
    }

    /// Runs it to its end in a session of its own, on a terminal that is its standard input but gets none of its output.
    #[must_use]
    pub fn run_below_terminal(self) -> Output {
        let terminal = openpty(None, None).unwrap();
        let mut command = self.through(&["setsid", "--wait", "--ctty"]).command;
        command.stdin(File::from(terminal.slave));
        let ended = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}")).into();
        drop(terminal.master);
        ended
    }

    /// Runs it to its end.
    pub fn run(mut self) -> Output {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().unwrap_or_else(|error| panic!("{:?}: {error}", self.command));
        let mut pipe = child.stdin.take().expect("a pipe");
        let bytes = self.stdin;
        // The program may exit without reading everything, and then writing fails.
        let writer = std::thread::spawn(move || drop(pipe.write_all(&bytes)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output.into()
    }
}

/// The result of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Output {
    /// The exit status. `None` if a signal ended it.
    pub code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

impl From<std::process::Output> for Output {
    fn from(output: std::process::Output) -> Self {
        Self {
            code: output.status.code(),
            signal: output.status.signal(),
            stdout: String::from_utf8(output.stdout).expect("stdout in UTF-8"),
            stderr: String::from_utf8(output.stderr).expect("stderr in UTF-8"),
        }
    }
}

impl Output {
    /// Checks that the status is 0, and returns stdout parsed as JSON.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        assert_eq!(self.code, Some(0), "{self:?}");
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
