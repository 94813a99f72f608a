//! macOS, behind the same trait. **Unverified**: it was written from the manual pages and never ran on that system.
//!
//! There is no `/proc`: processes are looked at with `ps`, ids with `sysctl` and `ioreg`, each a short program run with a
//! cleared environment. Locks cannot be read, so a lock proves nothing there.

use std::process::{Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use agent_baton_core::process::HostId;
use agent_baton_core::timestamp::Timestamp;
use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, getppid};

use super::lock_table::LockTable;
use super::process_stat::ProcessStat;
use super::{CurrentProcess, ProcessLookup, System, SystemError};

/// The machine that this process runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct MacOs;

impl System for MacOs {
    fn current_process(&self) -> Result<CurrentProcess, SystemError> {
        let session = output("/usr/sbin/sysctl", &["-n", "kern.bootsessionuuid"]);
        let boot = session
            .filter(|id| !id.is_empty())
            .ok_or_else(|| SystemError::Malformed { path: "kern.bootsessionuuid".into(), what: "the id of a boot" })?;
        let machine = platform_id().unwrap_or_else(|| format!("boot-{boot}"));
        let ProcessLookup::Found(own) = self.process(std::process::id()) else {
            return Err(SystemError::Malformed { path: "/bin/ps".into(), what: "this process" });
        };
        let parent = u32::try_from(getppid().as_raw()).unwrap_or(0);
        // `ps` knows seconds only; this process started a moment ago.
        let start_ms = since_boot_ms();
        // There are no pid namespaces: one number stands for the only one.
        Ok(CurrentProcess { place: HostId { boot, machine, pidns: 0 }, start: own.start, start_ms, parent })
    }

    fn now(&self, place: &HostId) -> Timestamp {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp { unix_ms: millis(unix), boot: place.boot.clone(), boot_ms: since_boot_ms() }
    }

    fn process(&self, pid: u32) -> ProcessLookup {
        let Some(number) = i32::try_from(pid).ok().filter(|&number| number > 0) else {
            return ProcessLookup::Gone;
        };
        let listed = output("/bin/ps", &["-p", &pid.to_string(), "-o", "ppid=,state=,lstart=,comm="]);
        match listed.and_then(|line| parse(pid, &line)) {
            Some(stat) => ProcessLookup::Found(stat),
            None => match nix::sys::signal::kill(Pid::from_raw(number), None) {
                Err(Errno::ESRCH) => ProcessLookup::Gone,
                Ok(()) | Err(_) => ProcessLookup::Unreadable,
            },
        }
    }

    fn arguments(&self, pid: u32) -> Option<Vec<Vec<u8>>> {
        // Split at spaces: an argument that holds some comes in parts, which cannot hide a word.
        let line = output("/bin/ps", &["-ww", "-p", &pid.to_string(), "-o", "args="])?;
        Some(line.split_ascii_whitespace().map(|word| word.as_bytes().to_vec()).collect())
    }

    fn variable(&self, _: u32, _: &str) -> Option<String> {
        // The system shows another process' environment to nobody but root.
        None
    }

    fn lock_table(&self) -> Option<LockTable> {
        None
    }
}

/// `ppid state "Sat Nov 21 10:20:12 2026" path`; the start in seconds since 1970.
fn parse(pid: u32, line: &str) -> Option<ProcessStat> {
    let mut words = line.split_ascii_whitespace();
    let parent = words.next()?.parse().ok()?;
    let ended = words.next()?.starts_with('Z');
    let date = words.by_ref().take(5).collect::<Vec<_>>().join(" ");
    let start = jiff::civil::DateTime::strptime("%a %b %d %H:%M:%S %Y", date).ok()?;
    let start = start.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    let path = words.collect::<Vec<_>>().join(" ");
    let comm = path.rsplit('/').next()?.to_owned();
    Some(ProcessStat { pid, comm, ended, parent, tty: 0, start: u64::try_from(start).ok()? })
}

fn platform_id() -> Option<String> {
    let listed = output("/usr/sbin/ioreg", &["-rd1", "-c", "IOPlatformExpertDevice"])?;
    let line = listed.lines().find(|line| line.contains("IOPlatformUUID"))?;
    line.rsplit('"').nth(1).filter(|id| !id.is_empty()).map(str::to_owned)
}

/// CLOCK_MONOTONIC goes on through sleep on this system.
fn since_boot_ms() -> u64 {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map(|time| millis(Duration::from(time))).unwrap_or_default()
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// The trimmed output of a program that ended well.
fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command.args(arguments).env_clear().env("LC_ALL", "C").env("TZ", "UTC").stdin(Stdio::null()).stderr(Stdio::null());
    let output = command.output().ok().filter(|output| output.status.success())?;
    String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
}
