//! Runs the built program under strace, to see which system calls it makes, and how it ends when one of them fails or
//! is its last.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::fake_agent::Run;

/// The system calls that touch files. The question mark makes strace ignore those that a processor does not have.
const CALLS: &str = "?open,openat,?creat,read,pread64,write,pwrite64,writev,fsync,fdatasync,?syncfs,?sync,?rename,renameat,?renameat2,\
                     ?unlink,unlinkat,?rmdir,?mkdir,mkdirat,flock,ftruncate,?link,linkat,?chmod,fchmod,getdents64,statx";

/// One call of the program: the `nth` with its name, counted from 1.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// Its name.
    pub name: String,
    /// Its position among the calls of that name.
    pub nth: usize,
    /// The whole line, with the paths of its descriptors.
    pub line: String,
}

/// What happens at a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// SIGKILL before the call is carried out.
    Kill,
    /// The call fails with this error.
    Error(&'static str),
}

/// Returns whether strace exists and may trace. If not, prints the reason, so that a skipped test is visible.
#[must_use]
pub fn is_possible() -> bool {
    let tried = Command::new("strace")
        .args(["-qq", "-o", "/dev/null", "true"])
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .output();
    let why = match tried {
        Ok(output) if output.status.success() => return true,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    crate::skip(&format!("this case needs strace, and the right to trace: {why}"));
    false
}

/// Returns the run under strace, which writes every call that touches files to `log`.
#[must_use]
pub fn traced(run: &Run, log: &Path) -> Run {
    traced_calls(run, log, CALLS)
}

/// Returns the run under strace, which writes the calls in this list to `log`.
#[must_use]
pub fn traced_calls(run: &Run, log: &Path, calls: &str) -> Run {
    below(run, log, &["-e", &format!("trace={calls}")])
}

/// Returns the run under strace, with a fault at one call.
#[must_use]
pub fn with_fault(run: &Run, log: &Path, call: &Call, fault: Fault) -> Run {
    let [traced, injected] = fault_options(call, fault);
    below(run, log, &["-e", &traced, "-e", &injected])
}

/// Like [`traced`], without the calls of the programs that it starts.
#[must_use]
pub fn traced_alone(run: &Run, log: &Path) -> Run {
    strace(run, log, &["-e", &format!("trace={CALLS}")])
}

/// Like [`with_fault`]. The programs that it starts have no fault.
#[must_use]
pub fn alone_with_fault(run: &Run, log: &Path, call: &Call, fault: Fault) -> Run {
    let [traced, injected] = fault_options(call, fault);
    strace(run, log, &["-e", &traced, "-e", &injected])
}

fn fault_options(call: &Call, fault: Fault) -> [String; 2] {
    let what = match fault {
        Fault::Kill => "signal=KILL".to_owned(),
        Fault::Error(error) => format!("error={error}"),
    };
    let (name, nth) = (&call.name, call.nth);
    [format!("trace={name}"), format!("inject={name}:{what}:when={nth}")]
}

fn below(run: &Run, log: &Path, options: &[&str]) -> Run {
    let options: Vec<&str> = std::iter::once("-f").chain(options.iter().copied()).collect();
    strace(run, log, &options)
}

fn strace(run: &Run, log: &Path, options: &[&str]) -> Run {
    let log = log.to_str().expect("a path that is UTF-8");
    let strace = ["strace", "-qq", "-y", "-o", log].into_iter().chain(options.iter().copied());
    Run { argv: strace.map(str::to_owned).chain(run.argv.iter().cloned()).collect(), ..run.clone() }
}

/// Returns the calls in a log that concern files below `dir`, or standard output.
#[must_use]
pub fn calls(log: &Path, dir: &Path) -> Vec<Call> {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
    let dir = dir.to_str().expect("a path that is UTF-8");
    parse(&text).into_iter().filter(|call| call.line.contains(dir) || call.line.starts_with("write(1<")).collect()
}

/// Returns the calls in a log that have one of these names.
#[must_use]
pub fn calls_named(log: &Path, names: &[&str]) -> Vec<Call> {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
    parse(&text).into_iter().filter(|call| names.contains(&call.name.as_str())).collect()
}

/// Returns all calls in a log.
#[must_use]
pub fn all_calls(log: &Path) -> Vec<Call> {
    let text = std::fs::read_to_string(log).unwrap_or_else(|error| panic!("{}: {error}", log.display()));
    parse(&text)
}

fn parse(text: &str) -> Vec<Call> {
    let mut calls: Vec<Call> = Vec::new();
    for line in text.lines() {
        // Each line begins with the pid.
        let line = line.trim_start_matches(|c: char| c.is_ascii_digit()).trim_start();
        let Some((name, _)) = line.split_once('(') else { continue };
        let nth = calls.iter().filter(|call| call.name == name).count() + 1;
        calls.push(Call { name: name.to_owned(), nth, line: line.to_owned() });
    }
    calls
}

impl Call {
    /// Returns whether it can change the content of a file or directory, or who holds a lock.
    #[must_use]
    pub fn changes(&self) -> bool {
        match self.name.as_str() {
            "read" | "pread64" | "getdents64" | "statx" => false,
            "open" | "openat" => {
                ["O_CREAT", "O_WRONLY", "O_RDWR", "O_TRUNC"].iter().any(|flag| self.line.contains(flag))
            }
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_counted_by_name() {
        let text = "12 openat(AT_FDCWD</w>, \"/s/lock\", O_RDWR|O_CREAT, 0600) = 3</s/lock>\n\
                    12 flock(3</s/lock>, LOCK_EX|LOCK_NB) = 0\n\
                    12 openat(AT_FDCWD</w>, \"/s/format\", O_RDONLY) = 4</s/format>\n\
                    12 +++ exited with 0 +++\n";
        let found: Vec<_> = parse(text).into_iter().map(|call| (call.changes(), call.name, call.nth)).collect();
        let expected = [(true, "openat", 1), (true, "flock", 1), (false, "openat", 2)];
        assert_eq!(found, expected.map(|(changes, name, nth)| (changes, name.to_owned(), nth)));
    }
}
