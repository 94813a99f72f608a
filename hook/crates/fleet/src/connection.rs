//! The connection to the fleet's database, through the child `baton-fleet`.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use baton_fleet_protocol::{Answer, Database, Identity, Opening, Request, VERSION};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use crate::error::FleetError;

/// The program.
pub const PROGRAM: &str = "baton-fleet";

/// The longest answer that is read, in bytes.
const MAX_ANSWER_BYTES: usize = 64 * 1024 * 1024;

/// A conversation with the database. Each request gets one answer.
pub trait Connection {
    /// Sends a request.
    ///
    /// # Errors
    /// Returns an error if it cannot be sent. It was not carried out then.
    fn send(&mut self, request: &Request) -> Result<(), FleetError>;

    /// Waits until `deadline` for the answer to the request that was sent. Returns `None` if there is none yet.
    ///
    /// # Errors
    /// Returns an error if there will be none, or if the answer is that the request failed.
    fn receive(&mut self, deadline: Instant) -> Result<Option<Answer>, FleetError>;

    /// Sends a request and waits for its answer.
    ///
    /// # Errors
    /// Returns an error if there is no answer in time, or if the answer is that the request failed.
    fn ask(&mut self, request: &Request, deadline: Instant) -> Result<Answer, FleetError> {
        let begun = Instant::now();
        self.send(request)?;
        self.receive(deadline)?.ok_or_else(|| FleetError::TimedOut { ms: begun.elapsed().as_millis() })
    }
}

/// Opens connections.
pub trait Connect {
    /// Opens one for a machine, or for nobody yet.
    ///
    /// # Errors
    /// Returns an error if the database is not configured or the program cannot be started. It does not wait for the
    /// database.
    fn open(&self, identity: Option<Identity>, timeout: Duration) -> Result<Box<dyn Connection>, FleetError>;
}

/// A running `baton-fleet`.
pub struct ChildConnection {
    child: Child,
    path: PathBuf,
    input: ChildStdin,
    output: ChildStdout,
    /// What was read of the next answers.
    read: Vec<u8>,
}

/// Returns the path of the program, which is beside this one. A program on the path could be another's: a repository's
/// settings can change the path of an agent's hooks.
fn find_program() -> Option<PathBuf> {
    let own = std::env::current_exe().ok()?;
    Some(own.with_file_name(PROGRAM)).filter(|path| path.is_file())
}

impl ChildConnection {
    /// Starts the program and tells it whom to ask.
    ///
    /// # Errors
    /// Returns an error if the program cannot be started.
    pub fn start(database: Database, identity: Option<Identity>, timeout: Duration) -> Result<Self, FleetError> {
        let path = find_program().ok_or(FleetError::NotInstalled)?;
        let failed = |source| FleetError::Child { path: path.clone(), source };
        // It gets no variable that could name another database, and nothing that an agent's project may have set.
        let mut command = Command::new(&path);
        command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).current_dir("/");
        let mut child = command.spawn().map_err(failed)?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or_else(|| failed(io::Error::other("its pipes are missing")))?;
        let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
        let opening = Opening { version: VERSION.to_owned(), database, identity, timeout_ms };
        let mut connection = Self { child, path, input, output, read: Vec::new() };
        connection.write_line(&opening)?;
        Ok(connection)
    }

    fn failed(&self, source: io::Error) -> FleetError {
        FleetError::Child { path: self.path.clone(), source }
    }

    fn write_line(&mut self, message: &impl serde::Serialize) -> Result<(), FleetError> {
        let mut line = serde_json::to_vec(message).map_err(|error| self.failed(error.into()))?;
        line.push(b'\n');
        self.input.write_all(&line).map_err(|error| self.failed(error))
    }

    /// Takes one whole line from what was read.
    fn take_line(&mut self) -> Option<Vec<u8>> {
        let end = self.read.iter().position(|byte| *byte == b'\n')?;
        let rest = self.read.split_off(end.saturating_add(1));
        Some(std::mem::replace(&mut self.read, rest))
    }
}

impl Connection for ChildConnection {
    fn send(&mut self, request: &Request) -> Result<(), FleetError> {
        self.write_line(request)
    }

    fn receive(&mut self, deadline: Instant) -> Result<Option<Answer>, FleetError> {
        let mut chunk = vec![0; 64 * 1024];
        loop {
            if let Some(line) = self.take_line() {
                return match serde_json::from_slice(&line) {
                    Ok(Answer::Failed(failure)) => Err(FleetError::Failed(failure)),
                    Ok(answer) => Ok(Some(answer)),
                    Err(_) => Err(FleetError::Answer),
                };
            }
            if self.read.len() > MAX_ANSWER_BYTES {
                return Err(FleetError::Answer);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let timeout = PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX);
            let mut fds = [PollFd::new(self.output.as_fd(), PollFlags::POLLIN)];
            match poll(&mut fds, timeout) {
                Ok(0) if left.is_zero() => return Ok(None),
                Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
                Ok(_) => {}
                Err(error) => return Err(self.failed(error.into())),
            }
            match self.output.read(&mut chunk) {
                Ok(0) => return Err(self.failed(ErrorKind::UnexpectedEof.into())),
                Ok(count) => self.read.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(self.failed(error)),
            }
        }
    }
}

impl Drop for ChildConnection {
    fn drop(&mut self) {
        // It ends by itself when its input ends, but not while it waits for a database that hangs.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
