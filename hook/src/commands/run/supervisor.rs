//! Starts a command, forwards signals to it, and exits as it exited.
//!
//! The command stays in the supervisor's process group, so that the shell's job control stops and continues both
//! together. The terminal sends its signals to both. A signal that another process sends to the supervisor is
//! forwarded.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command as Program, ExitStatus};

use agent_baton_core::reason::Reason;
use agent_baton_core::run::{Run, Status, StopReason};
use nix::sys::signal::{SigSet, Signal, kill, raise};
use nix::unistd::Pid;

use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_agents::{FENCE_VARIABLE, RUN_VARIABLE};

/// The signals that are forwarded to the command.
const FORWARDED: [Signal; 6] =
    [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM, Signal::SIGUSR1, Signal::SIGUSR2];

/// Returns the signals that a supervisor reads one by one.
#[must_use]
pub fn blocked_signals() -> SigSet {
    FORWARDED.into_iter().chain([Signal::SIGCHLD]).collect()
}

/// The signals among them that ask a program to end.
const TERMINATION: [Signal; 4] = [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT, Signal::SIGTERM];

/// A command, and the run that it drives.
pub struct Command<'a> {
    /// The run, as it starts or continues.
    pub run: &'a Run,
    /// The program and its arguments.
    pub arguments: &'a [OsString],
}

/// How a command ended.
#[derive(Debug, Clone, Copy)]
pub enum CommandExit {
    /// It exited with a status.
    Exited {
        /// The status.
        code: i32,
        /// Whether it was asked to terminate before.
        terminated: bool,
    },
    /// A signal ended it.
    Signalled(i32),
}

fn cannot_run(source: io::Error) -> CommandError {
    CommandError::cannot("run", "the command", source)
}

impl Command<'_> {
    /// Runs the command until it ends. Terminates it if this supervisor no longer owns the run.
    ///
    /// # Errors
    /// Returns an error if the command cannot be started, or if signals cannot be blocked.
    pub fn supervise(&self, context: &Context) -> Result<CommandExit, CommandError> {
        // Block signals before the start, so that an early one is not lost.
        let signals = Signals::block().map_err(cannot_run)?;
        let mut child = self.start().map_err(cannot_run)?;
        let (mut terminated, mut ownership_lost) = (false, false);
        loop {
            // Check the child before the signals: a signal that the terminal sends to both has arrived by the time
            // the command has ended by it.
            let ended = child.try_wait().map_err(cannot_run)?;
            for ReceivedSignal { signal, by_terminal } in signals.received().map_err(cannot_run)? {
                terminated |= TERMINATION.contains(&signal);
                if ended.is_none() && !by_terminal {
                    forward(&child, signal);
                }
            }
            if let Some(status) = ended {
                return Ok(CommandExit::from_status(status, terminated));
            }
            if !ownership_lost && self.lost_ownership(context) {
                output::notice("the run has ended or has another owner; its command is terminated");
                (terminated, ownership_lost) = (true, true);
                forward(&child, Signal::SIGTERM);
            }
            signals.wait().map_err(cannot_run)?;
        }
    }

    fn start(&self) -> io::Result<Child> {
        let mut program = Program::new(std::env::current_exe()?);
        let fence = self.run.fence.to_string();
        program.args(["run", "with-command", self.run.id.as_str(), &fence, "--"]).args(self.arguments);
        program.env(RUN_VARIABLE, self.run.id.as_str()).env(FENCE_VARIABLE, fence).spawn()
    }

    /// Returns whether a user cancelled the run, another owner has it, or another machine's command took its name after the
    /// fleet's database was restored. A record that cannot be read is no reason to end the command.
    fn lost_ownership(&self, context: &Context) -> bool {
        let replaced = Some(StopReason::Rule(Reason::ReplacedAfterRestore));
        let now = context.run(&self.run.id);
        now.is_ok_and(|run| {
            run.status == Status::Cancelled
                || run.owner.process != self.run.owner.process
                || (run.status == Status::Abandoned && run.stop_reason == replaced)
        })
    }
}

/// Forwards a signal. The child has not been reaped yet, so its pid cannot belong to another process.
fn forward(child: &Child, signal: Signal) {
    if let Ok(pid) = i32::try_from(child.id()) {
        // It may have ended at this moment.
        let _ = kill(Pid::from_raw(pid), signal);
    }
}

impl CommandExit {
    fn from_status(status: ExitStatus, terminated: bool) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited { code, terminated },
            (None, signal) => Self::Signalled(signal.unwrap_or(Signal::SIGKILL as i32)),
        }
    }

    /// Ends this process in the same way.
    pub fn exit(self) -> ! {
        match self {
            Self::Exited { code, .. } => std::process::exit(code),
            Self::Signalled(number) => {
                if let Ok(signal) = Signal::try_from(number) {
                    let _ = SigSet::all().thread_unblock();
                    let _ = raise(signal);
                }
                // If the signal did not end this process, exit with the status that a shell would use.
                std::process::exit(128 + number)
            }
        }
    }
}

/// A signal that arrived.
struct ReceivedSignal {
    signal: Signal,
    /// Whether the terminal caused it, so that the command got it, too.
    by_terminal: bool,
}

mod signals {
    use std::io;
    use std::os::fd::AsFd;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
    use nix::sys::signal::{SigSet, Signal};
    use nix::sys::signalfd::{SfdFlags, SignalFd};

    use super::{ReceivedSignal, blocked_signals};

    /// How often to check whether this supervisor still owns the run, in milliseconds.
    const OWNERSHIP_POLL_MS: u16 = 500;

    /// The value of `si_code` if the kernel itself sent the signal.
    const BY_KERNEL: i32 = 0x80;

    /// The signals that would end this process, blocked and read one by one.
    pub struct Signals(SignalFd);

    impl Signals {
        pub fn block() -> io::Result<Self> {
            // The parent may have left SIGCHLD ignored. Then the kernel reaps children itself and none can be waited
            // for.
            signal_hook::flag::register(Signal::SIGCHLD as i32, Arc::<AtomicBool>::default())?;
            let ignored = ignored();
            let set: SigSet = blocked_signals().iter().filter(|signal| !ignored(*signal)).collect();
            set.thread_block()?;
            Ok(Self(SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?))
        }

        /// Returns the signals that arrived since the last call and are meant for the command.
        pub fn received(&self) -> io::Result<Vec<ReceivedSignal>> {
            let mut sent = Vec::new();
            while let Some(info) = self.0.read_signal()? {
                let signal = i32::try_from(info.ssi_signo).ok().and_then(|number| Signal::try_from(number).ok());
                let signal = signal.filter(|signal| *signal != Signal::SIGCHLD);
                sent.extend(signal.map(|signal| ReceivedSignal { signal, by_terminal: info.ssi_code == BY_KERNEL }));
            }
            Ok(sent)
        }

        /// Waits until a signal arrives, or until it is time to check the run.
        pub fn wait(&self) -> io::Result<()> {
            let mut ready = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
            match poll(&mut ready, PollTimeout::from(OWNERSHIP_POLL_MS)) {
                Ok(_) | Err(nix::errno::Errno::EINTR) => Ok(()),
                Err(error) => Err(error.into()),
            }
        }
    }

    /// Returns a test for signals that this process was started to ignore, as `nohup` does. Such a signal must have
    /// no effect, but once blocked it would be delivered. If the ignored signals cannot be read, no signal counts as
    /// ignored.
    fn ignored() -> impl Fn(Signal) -> bool {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
        move |signal| (mask >> (signal as u32 - 1)) & 1 == 1
    }
}

use signals::Signals;
