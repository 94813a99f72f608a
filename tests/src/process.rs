//! The harness's handle on a fake agent.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::fake_agent::{Answer, Ended, Order, Run, SOCKET, TTY};
use crate::program;
use crate::scratch::Scratch;

/// How long to wait for a condition that must become true. It is far more than needed, so only a fault reaches it.
const PATIENCE: Duration = Duration::from_secs(60);

/// A process with an agent's name. It is killed when dropped.
pub struct Process {
    pid: u32,
    /// Its pid in the namespace of the tests.
    pid_here: u32,
    start: u64,
    comm: String,
    child: Option<Child>,
    orders: UnixStream,
    answers: BufReader<UnixStream>,
    /// Kept open, because a terminal hangs up when its other end is closed.
    terminal: Option<OwnedFd>,
}

/// How to start a fake agent.
#[derive(Debug, Clone, Default)]
pub struct Launch<'a> {
    /// Its process name: `claude`, `codex`.
    pub comm: &'a str,
    /// Its arguments.
    pub args: &'a [&'a str],
    /// Whether it gets a terminal.
    pub tty: bool,
}

impl Process {
    /// Starts a fake agent below `parent`, or below the test if there is none.
    pub fn spawn(scratch: &Scratch, launch: &Launch<'_>, parent: Option<&mut Self>) -> Self {
        Self::launch(scratch, launch, parent, &[], &[])
    }

    /// Starts a fake agent through a call of `baton` with these words, followed by the program.
    pub fn spawn_through(scratch: &Scratch, launch: &Launch<'_>, words: &[&str]) -> Self {
        Self::launch(scratch, launch, None, words, &[])
    }

    /// Starts a fake agent with these variables.
    pub fn spawn_with(scratch: &Scratch, launch: &Launch<'_>, variables: &[(&str, &str)]) -> Self {
        Self::launch(scratch, launch, None, &[], variables)
    }

    fn launch(
        scratch: &Scratch,
        launch: &Launch<'_>,
        parent: Option<&mut Self>,
        through: &[&str],
        variables: &[(&str, &str)],
    ) -> Self {
        let program = named_program(scratch, launch.comm);
        let socket = scratch.root().join("steer").join(unique());
        let listener = UnixListener::bind(&socket).unwrap();
        let terminal = launch.tty.then(|| nix::pty::openpty(None, None).unwrap());
        let mut env = scratch.env();
        env.extend(variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        env.insert(SOCKET.to_owned(), socket.to_str().unwrap().to_owned());
        if let Some(terminal) = &terminal {
            let name = nix::unistd::ttyname(terminal.slave.as_fd()).unwrap();
            env.insert(TTY.to_owned(), name.to_str().unwrap().to_owned());
        }
        let argv: Vec<String> =
            std::iter::once(program.to_str().unwrap()).chain(launch.args.iter().copied()).map(str::to_owned).collect();
        let started_by = parent.as_ref().map(|parent| parent.pid_here);
        let child = match parent {
            Some(parent) => match parent.order(&Order::Spawn { argv, env }) {
                Answer::Spawned(_) => None,
                other => panic!("{}: {other:?}", parent.comm),
            },
            None => {
                let work = scratch.home().join("work");
                let baton = (!through.is_empty()).then(|| program::baton().to_str().unwrap().to_owned());
                let mut words = scratch.words_before(&work);
                words.extend(baton.into_iter().chain(through.iter().map(|word| (*word).to_owned())).chain(argv));
                let mut command = Command::new(&words[0]);
                if !through.is_empty() {
                    command.current_dir(work);
                }
                command.args(&words[1..]).env_clear().envs(env).stdin(Stdio::null()).stdout(Stdio::null());
                Some(command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
            }
        };
        let orders = accept(&listener);
        let mut process = Self {
            pid: 0,
            pid_here: 0,
            start: 0,
            comm: String::new(),
            child,
            answers: BufReader::new(orders.try_clone().unwrap()),
            orders,
            terminal: terminal.map(|terminal| terminal.master),
        };
        let Answer::Hello { pid, comm } = process.answer() else { panic!("no greeting") };
        assert_eq!(comm, launch.comm, "the kernel names a process after the file it runs");
        process.pid_here = match &process.child {
            Some(child) => pid_here(child.id(), pid).unwrap_or(pid),
            None => started_by.and_then(|parent| pid_here(parent, pid)).unwrap_or(pid),
        };
        process.start = start_of(process.pid_here).unwrap_or_else(|| panic!("{pid} is not there"));
        (process.pid, process.comm) = (pid, comm);
        process
    }

    /// Returns its pid, as it sees it itself.
    #[must_use]
    pub const fn pid(&self) -> u32 {
        self.pid
    }

    /// Returns when it started, in ticks since boot.
    #[must_use]
    pub const fn start(&self) -> u64 {
        self.start
    }

    /// Returns its process name.
    #[must_use]
    pub fn comm(&self) -> &str {
        &self.comm
    }

    /// Runs a program as its child.
    pub fn run(&mut self, run: Run) -> Ended {
        self.ended(&Order::Run(run)).pop().expect("one end")
    }

    /// Runs several programs at once. Each is started before the first gets its stdin.
    pub fn run_all(&mut self, runs: Vec<Run>) -> Vec<Ended> {
        self.ended(&Order::RunAll(runs))
    }

    /// Takes a lock on a file.
    pub fn lock(&mut self, path: &Path) {
        self.done(&Order::Lock(path.to_owned()));
    }

    /// Releases the lock and removes the file.
    pub fn unlock(&mut self, path: &Path) {
        self.done(&Order::Unlock(path.to_owned()));
    }

    /// Returns the largest resident set of any child so far, in KiB.
    pub fn largest_child_kib(&mut self) -> u64 {
        match self.order(&Order::Usage) {
            Answer::Usage(kib) => kib,
            other => panic!("{}: {other:?}", self.comm),
        }
    }

    /// Sends SIGKILL and waits until the process has ended.
    pub fn kill(&mut self) {
        self.signal(Signal::SIGKILL);
        self.reap();
    }

    /// Stops the process with SIGSTOP: it is alive but does nothing.
    pub fn stop(&self) {
        self.signal(Signal::SIGSTOP);
        wait_for(|| state_of(self.pid_here).is_some_and(|(state, _)| state == 'T'), "it to stop");
    }

    /// Continues the stopped process.
    pub fn resume(&self) {
        self.signal(Signal::SIGCONT);
    }

    /// Lets the process exit by itself and waits until it has.
    pub fn exit(&mut self) {
        let mut line = serde_json::to_vec(&Order::Exit(0)).unwrap();
        line.push(b'\n');
        self.orders.write_all(&line).unwrap();
        self.reap();
    }

    /// Lets the process execute another program, and waits until it has. It takes no orders any more.
    pub fn execute(&mut self, program: &str, args: &[&str]) {
        let argv = std::iter::once(program).chain(args.iter().copied()).map(str::to_owned).collect();
        let mut line = serde_json::to_vec(&Order::Execute(argv)).unwrap();
        line.push(b'\n');
        self.orders.write_all(&line).unwrap();
        let name = Path::new(program).file_name().and_then(|name| name.to_str()).expect("a name");
        let proc = PathBuf::from(format!("/proc/{}", self.pid_here));
        let has_executed = || {
            std::fs::canonicalize(proc.join("exe")).ok() == std::fs::canonicalize(program).ok()
                && std::fs::read_to_string(proc.join("comm")).unwrap().trim_end() == name
        };
        let begun = Instant::now();
        while !has_executed() {
            assert!(begun.elapsed() < PATIENCE, "{program} is not executed");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Returns whether it runs or is stopped: it has neither ended nor become a zombie.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        state_of(self.pid_here).is_some_and(|(state, start)| start == self.start && !matches!(state, 'Z' | 'X'))
    }

    fn signal(&self, signal: Signal) {
        // The start time protects against a pid that was given to another process meanwhile.
        if self.is_alive() {
            kill(Pid::from_raw(i32::try_from(self.pid_here).unwrap()), signal).unwrap();
        }
    }

    fn reap(&mut self) {
        if let Some(child) = &mut self.child {
            child.wait().unwrap();
        }
        wait_for(|| !self.is_alive(), "it to end");
        self.terminal = None;
    }

    fn order(&mut self, order: &Order) -> Answer {
        let mut line = serde_json::to_vec(order).unwrap();
        line.push(b'\n');
        self.orders.write_all(&line).unwrap_or_else(|error| panic!("{} {}: {error}", self.comm, self.pid));
        self.answer()
    }

    fn answer(&mut self) -> Answer {
        let mut line = String::new();
        self.answers.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{} {}: {error}: {line:?}", self.comm, self.pid))
    }

    fn ended(&mut self, order: &Order) -> Vec<Ended> {
        match self.order(order) {
            Answer::Ended(ended) => ended,
            other => panic!("{}: {other:?}", self.comm),
        }
    }

    fn done(&mut self, order: &Order) {
        match self.order(order) {
            Answer::Done => {}
            other => panic!("{}: {order:?}: {other:?}", self.comm),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // The child is another process if the agent was started through a program.
        if let Some(child) = &mut self.child {
            drop(child.kill().and_then(|()| child.wait()));
        }
        self.signal(Signal::SIGKILL);
    }
}

/// Returns the fake agent's program under the wanted name. The kernel takes a process' name from the file.
fn named_program(scratch: &Scratch, comm: &str) -> PathBuf {
    let path = scratch.root().join("bin").join(comm);
    if !path.exists() {
        let program = program::fake_agent();
        // Another thread may have created it meanwhile.
        let linked = program::link(program, &path);
        assert!(linked.is_ok() || path.exists(), "{}: {linked:?}", path.display());
    }
    path
}

/// Returns a name that no other fake agent of this test process has.
fn unique() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed).to_string()
}

fn accept(listener: &UnixListener) -> UnixStream {
    let mut fds = [PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
    let patience = PollTimeout::try_from(PATIENCE).unwrap();
    assert_eq!(poll(&mut fds, patience).unwrap(), 1, "the fake agent did not come up");
    listener.accept().unwrap().0
}

/// Returns when a process started, in ticks since boot, or `None` if it does not exist.
#[must_use]
pub fn start_of(pid: u32) -> Option<u64> {
    state_of(pid).map(|(_, start)| start)
}

/// Returns the pid, in the namespace of the tests, of a process that has this pid in its own: `of` itself or a descendant of it.
fn pid_here(of: u32, pid: u32) -> Option<u32> {
    let status = std::fs::read_to_string(format!("/proc/{of}/status")).ok()?;
    let own = status.lines().find_map(|line| line.strip_prefix("NSpid:"))?;
    if own.split_ascii_whitespace().next_back()?.parse() == Ok(pid) {
        return Some(of);
    }
    let children = std::fs::read_to_string(format!("/proc/{of}/task/{of}/children")).ok()?;
    children.split_ascii_whitespace().find_map(|child| pid_here(child.parse().ok()?, pid))
}

/// Returns state and start time of a process (fields 3 and 22 of its stat).
fn state_of(pid: u32) -> Option<(char, u64)> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_ascii_whitespace().collect();
    Some((fields.first()?.chars().next()?, fields.get(19)?.parse().ok()?))
}

/// Waits until a process that starts now has a later start time than those before. The kernel counts start times in
/// hundredths of a second.
pub fn next_clock_tick() {
    let uptime = || std::fs::read_to_string("/proc/uptime").map(|text| text.split(' ').next().map(str::to_owned)).ok();
    let before = uptime();
    wait_for(|| uptime() != before, "the next tick of the clock");
}

/// Waits until a condition holds.
fn wait_for(condition: impl Fn() -> bool, what: &str) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < PATIENCE, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}
