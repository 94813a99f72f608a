//! A machine made of namespaces: its own mounts, processes, network and host name, and with them its own machine id and boot id. Its
//! network reaches nothing.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::scratch::Scratch;
use crate::skip;

/// Where the kernel says which boot this is.
const BOOT_ID: &str = "/proc/sys/kernel/random/boot_id";

/// Becomes the first process of the machine: puts the two ids and a directory for temporary files in their places, and waits for the
/// end of the test.
const INIT: &str =
    "mount --bind \"$1/machine-id\" /etc/machine-id && mount --bind \"$1/boot-id\" \"$2\" && hostname \"$3\" &&
                    { [ -z \"$4\" ] || mount --bind \"$4\" /tmp; } && echo started && read -r over";

/// A running machine. All its processes are killed when it is dropped.
pub struct Namespaces {
    unshare: Child,
    /// The first process of the machine, by its pid here.
    init: Pid,
    /// The file with its boot id.
    boot_id: PathBuf,
    has_own_processes: bool,
}

impl Namespaces {
    /// Boots a machine with this machine id and a new boot id, and lets every program of the scratch directory run on it from now on.
    /// Returns `None` if such namespaces cannot be made, and prints the reason.
    ///
    /// Without processes of its own, it has the pid namespace of the tests, as two real machines have the same number for theirs.
    #[must_use]
    pub fn boot(scratch: &Scratch, machine_id: &str, has_own_processes: bool) -> Option<Self> {
        let (ids, tmp) = (scratch.root().join("ids"), scratch.root().join("tmp"));
        std::fs::create_dir_all(&ids).unwrap();
        std::fs::create_dir_all(&tmp).unwrap();
        std::fs::write(ids.join("machine-id"), format!("{machine_id}\n")).unwrap();
        let boot_id = ids.join("boot-id");
        std::fs::write(&boot_id, new_boot_id()).unwrap();
        // A bind mount over /tmp would cover the test's own files.
        let tmp = if scratch.root().starts_with("/tmp") { Path::new("") } else { &tmp };
        let processes = |flags: &[&'static str]| if has_own_processes { flags.to_vec() } else { Vec::new() };
        let mut command = Command::new("unshare");
        command.args(user_flags(&["--user", "--map-root-user"])).args(processes(&["--pid", "--mount-proc"]));
        command.args(["--mount", "--net", "--uts", "--fork", "--kill-child", "sh", "-c", INIT, "init"]);
        command.arg(&ids).args([BOOT_ID, machine_id]).arg(tmp);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut unshare = match command.spawn() {
            Ok(child) => child,
            Err(error) => return refused(&error.to_string()),
        };
        let mut said = String::new();
        BufReader::new(unshare.stdout.take().unwrap()).read_line(&mut said).unwrap();
        if said != "started\n" {
            return refused(&String::from_utf8_lossy(&unshare.wait_with_output().unwrap().stderr));
        }
        let children = format!("/proc/{0}/task/{0}/children", unshare.id());
        let init: i32 = std::fs::read_to_string(children).unwrap().trim().parse().unwrap();
        let words = format!("nsenter --target {init} --mount --net --uts");
        let flags = processes(&["--pid"]).into_iter().chain(user_flags(&["--user", "--preserve-credentials"]));
        scratch.run_through(words.split(' ').map(str::to_owned).chain(flags.map(str::to_owned)).collect());
        Some(Self { unshare, init: Pid::from_raw(init), boot_id, has_own_processes })
    }

    /// Kills every process of the machine and gives it another boot id. Its pid namespace stays, as that of a real machine has the
    /// same number after each boot. Without processes of its own, nothing is killed.
    pub fn reboot(&self) {
        let namespace = |pid: &str| std::fs::read_link(format!("/proc/{pid}/ns/pid")).ok();
        let (ours, init) = (namespace("self"), self.init.to_string());
        let theirs = namespace(&init).filter(|theirs| Some(theirs) != ours.as_ref());
        let pids = || {
            let entries = Path::new("/proc").read_dir().unwrap().flatten().map(|entry| entry.file_name());
            let names = entries.filter_map(|name| name.into_string().ok());
            let inside = |name: &String| theirs.is_some() && *name != init && namespace(name) == theirs;
            names.filter(inside).filter_map(|name| name.parse().ok()).collect::<Vec<i32>>()
        };
        loop {
            let left = pids();
            if left.is_empty() {
                break;
            }
            for pid in left {
                let _ = kill(Pid::from_raw(pid), Signal::SIGKILL);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        std::fs::write(&self.boot_id, new_boot_id()).unwrap();
    }

    /// Lets the next process have this pid. Does nothing without processes of its own.
    pub fn next_pid(&self, scratch: &Scratch, pid: u32) {
        if self.has_own_processes {
            let set = format!("echo {} > /proc/sys/kernel/ns_last_pid", pid - 1);
            let set = scratch.program(Path::new("/bin/sh"), ["-c", &set]).run();
            assert_eq!(set.code, Some(0), "{set:?}");
        }
    }

    /// Returns whether it has processes of its own.
    #[must_use]
    pub const fn has_own_processes(&self) -> bool {
        self.has_own_processes
    }
}

impl Drop for Namespaces {
    fn drop(&mut self) {
        // The kernel kills every other process of the machine before the first one has ended, for which unshare waits.
        let _ = kill(self.init, Signal::SIGKILL);
        drop(self.unshare.wait());
    }
}

/// Returns the flags that are needed without root.
fn user_flags(flags: &'static [&'static str]) -> impl Iterator<Item = &'static str> {
    let is_root = nix::unistd::geteuid().is_root();
    flags.iter().copied().filter(move |_| !is_root)
}

fn refused(why: &str) -> Option<Namespaces> {
    skip(&format!("this case needs the right to make namespaces: {why}"));
    None
}

/// Returns a line with the id of a boot that no other machine of the tests has had.
fn new_boot_id() -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:08x}-0000-4000-8000-{number:012x}\n", std::process::id())
}
