//! The implementation for Linux, which reads everything from `/proc`.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use agent_baton_core::process::HostId;
use agent_baton_core::timestamp::Timestamp;
use nix::errno::Errno;
use nix::time::{ClockId, clock_gettime};
use nix::unistd::{Pid, SysconfVar, getppid, sysconf};

use super::lock_table::{self, LockTable};
use super::process_stat::ProcessStat;
use super::{CurrentProcess, ProcessLookup, System, SystemError};
use baton_fs::read::read_capped;

/// The maximum size that is read of a process's arguments. The ones that identify a daemon come first.
const MAX_ARGUMENT_BYTES: usize = 16 * 1024;

/// The maximum size that is read of a process's environment.
const MAX_ENVIRONMENT_BYTES: usize = 2 * 1024 * 1024;

/// The most read of the list of a process' children.
const MAX_CHILDREN_BYTES: usize = 64 * 1024;

/// The kernel's id of the boot.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// The files with the machine's id: systemd's, and the one that D-Bus used before.
const MACHINE_ID_FILES: [&str; 2] = ["/etc/machine-id", "/var/lib/dbus/machine-id"];

/// The machine that this process runs on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Linux;

impl System for Linux {
    fn current_process(&self) -> Result<CurrentProcess, SystemError> {
        let own = Path::new("/proc/self/stat");
        let line = read_proc::<1024>(own).map_err(|source| unreadable(own, source))?;
        let stat = ProcessStat::parse(line.bytes()).ok_or_else(|| malformed(own, "a process"))?;
        let ours = std::process::id();
        if stat.pid != ours {
            return Err(SystemError::ForeignProc { ours, theirs: stat.pid });
        }
        let boot = boot_id()?;
        let machine = machine_id(&boot);
        let namespace = Path::new("/proc/self/ns/pid");
        let pidns = std::fs::metadata(namespace).map_err(|source| unreadable(namespace, source))?.ino();
        let parent = u32::try_from(getppid().as_raw()).unwrap_or(0);
        let place = HostId { boot, machine, pidns };
        Ok(CurrentProcess { place, start: stat.start, start_ms: ticks_to_ms(stat.start), parent })
    }

    fn now(&self, place: &HostId) -> Timestamp {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let boot = clock_gettime(ClockId::CLOCK_BOOTTIME).map(std::time::Duration::from).unwrap_or_default();
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Timestamp { unix_ms: millis(unix), boot: place.boot.clone(), boot_ms: millis(boot) }
    }

    fn process(&self, pid: u32) -> ProcessLookup {
        // For kill(2), zero and numbers that are not a valid pid_t denote groups, not processes.
        let Some(number) = i32::try_from(pid).ok().filter(|&number| number > 0) else {
            return ProcessLookup::Gone;
        };
        match read_proc::<1024>(Path::new(&format!("/proc/{pid}/stat"))) {
            Ok(line) => ProcessStat::parse(line.bytes())
                .filter(|stat| stat.pid == pid)
                .map_or(ProcessLookup::Unreadable, ProcessLookup::Found),
            Err(_) => match nix::sys::signal::kill(Pid::from_raw(number), None) {
                // A process that is hidden by the mount option hidepid, or by a missing /proc, only looks absent.
                Err(Errno::ESRCH) => ProcessLookup::Gone,
                Ok(()) | Err(_) => ProcessLookup::Unreadable,
            },
        }
    }

    fn pids(&self) -> Option<Vec<u32>> {
        let entries = std::fs::read_dir("/proc").ok()?;
        Some(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
    }

    fn arguments(&self, pid: u32) -> Option<Vec<Vec<u8>>> {
        let mut bytes = Vec::new();
        let file = File::open(format!("/proc/{pid}/cmdline")).ok()?;
        file.take(MAX_ARGUMENT_BYTES as u64).read_to_end(&mut bytes).ok()?;
        // The arguments of a zombie are empty, and so are those of a process that is about to execute a new program.
        (!bytes.is_empty()).then(|| bytes.split(|&byte| byte == 0).map(<[u8]>::to_vec).collect())
    }

    fn program_file(&self, pid: u32) -> Option<String> {
        let file = std::fs::metadata(format!("/proc/{pid}/exe")).ok()?;
        Some(format!("{:x}:{}", file.dev(), file.ino()))
    }

    fn variable(&self, pid: u32, name: &str) -> Option<String> {
        let bytes = read_capped(File::open(format!("/proc/{pid}/environ")).ok()?, MAX_ENVIRONMENT_BYTES).ok()?;
        let of_name = |entry: &[u8]| entry.strip_prefix(name.as_bytes())?.strip_prefix(b"=").map(<[u8]>::to_vec);
        let value = bytes.split(|&byte| byte == 0).find_map(of_name)?;
        String::from_utf8(value).ok().filter(|value| !value.is_empty())
    }

    fn children(&self, pid: u32) -> Option<Vec<u32>> {
        let file = File::open(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        let text = String::from_utf8(read_capped(file, MAX_CHILDREN_BYTES).ok()?).ok()?;
        text.split_ascii_whitespace().map(|child| child.parse().ok()).collect()
    }

    fn reads_terminal(&self, pid: u32) -> Option<bool> {
        let input = std::fs::read_link(format!("/proc/{pid}/fd/0"));
        let is_terminal = |path: PathBuf| path.starts_with("/dev/pts") || path.starts_with("/dev/tty");
        match input {
            Ok(path) => Some(is_terminal(path)),
            // It is closed, or the process has ended meanwhile.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Some(false),
            Err(_) => None,
        }
    }

    fn lock_table(&self) -> Option<LockTable> {
        lock_table::read(Path::new("/proc/locks"))
    }
}

/// Holds the start of a file of `/proc`. It is filled by one read, because the kernel generates such a file when it is
/// read.
struct ProcBuffer<const CAP: usize> {
    bytes: [u8; CAP],
    len: usize,
}

impl<const CAP: usize> ProcBuffer<CAP> {
    fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

fn read_proc<const CAP: usize>(path: &Path) -> io::Result<ProcBuffer<CAP>> {
    let mut small = ProcBuffer { bytes: [0; CAP], len: 0 };
    small.len = File::open(path)?.read(&mut small.bytes)?;
    Ok(small)
}

fn unreadable(path: &Path, source: io::Error) -> SystemError {
    SystemError::Unreadable { path: path.to_owned(), source }
}

fn malformed(path: &Path, what: &'static str) -> SystemError {
    SystemError::Malformed { path: path.to_owned(), what }
}

fn boot_id() -> Result<String, SystemError> {
    let path = Path::new(BOOT_ID);
    let small = read_proc::<64>(path).map_err(|source| unreadable(path, source))?;
    hex_id(small.bytes()).ok_or_else(|| malformed(path, "the id of a boot"))
}

/// Returns the machine's id. If the machine has none, this returns the boot id instead. After a reboot the machine then
/// counts as a different one, so its processes are unknown rather than gone. No two machines share a boot id.
fn machine_id(boot: &str) -> String {
    let read = |path: &&str| hex_id(&read_capped(File::open(path).ok()?, 64).ok()?);
    MACHINE_ID_FILES.iter().find_map(read).unwrap_or_else(|| format!("boot-{boot}"))
}

/// Returns an id of 32 hex digits, with or without dashes. Returns `None` for other content, such as the word
/// "uninitialized" in a fresh image.
fn hex_id(bytes: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(bytes).ok()?.trim_ascii();
    let digits = text.bytes().filter(u8::is_ascii_hexdigit).count();
    let fits = digits == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    // Some images use all zeros for "none".
    (fits && text.bytes().any(|byte| byte != b'0' && byte != b'-')).then(|| text.to_owned())
}

fn ticks_to_ms(ticks: u64) -> u64 {
    let per_second = sysconf(SysconfVar::CLK_TCK).ok().flatten().and_then(|rate| u64::try_from(rate).ok());
    ticks.saturating_mul(1000) / per_second.filter(|&rate| rate > 0).unwrap_or(100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_is_found_where_it_says_it_is() {
        let here = Linux.current_process().unwrap();
        let ProcessLookup::Found(stat) = Linux.process(std::process::id()) else { panic!("this process is not seen") };
        assert_eq!((stat.start, stat.parent), (here.start, here.parent));
        assert!(!stat.ended);
        let now = Linux.now(&here.place);
        assert!(here.start_ms <= now.boot_ms, "{here:?} {now:?}");
        assert!(now.unix_ms > 1_600_000_000_000);
        assert_eq!(now.boot, here.place.boot);
    }

    #[test]
    fn pids_that_cannot_be_are_gone() {
        for pid in [0, u32::MAX, 1 << 31, 1 << 30] {
            assert_eq!(Linux.process(pid), ProcessLookup::Gone, "{pid}");
        }
    }

    #[test]
    fn ids_are_hex_or_nothing() {
        for (text, expected) in [
            ("0123456789abcdef0123456789abcdef\n", Some("0123456789abcdef0123456789abcdef")),
            ("8c9f1f3a-7a11-4c3e-9f0e-0d3c2b1a4f5e\n", Some("8c9f1f3a-7a11-4c3e-9f0e-0d3c2b1a4f5e")),
            ("uninitialized\n", None),
            ("", None),
            ("0123456789abcdef", None),
            ("00000000000000000000000000000000", None),
            ("0123456789abcdef0123456789abcde/", None),
        ] {
            assert_eq!(hex_id(text.as_bytes()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_arguments_are_the_process_own() {
        let arguments = Linux.arguments(std::process::id()).unwrap();
        let own = std::env::args_os().next().unwrap();
        assert_eq!(arguments[0], own.as_encoded_bytes());
        assert_eq!(Linux.arguments(u32::MAX), None);
    }
}
