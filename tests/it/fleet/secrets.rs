//! The password of the database: nobody can read it but the database.

use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use agent_baton_tests::program;
use baton_test_postgres::Fault;
use baton_test_postgres::fleet::Fleet;

use super::{owner, prompt, resume};

/// Returns the directories of the processes that run `baton-fleet` for this state directory's user below this process.
fn children() -> Vec<PathBuf> {
    let processes = Path::new("/proc").read_dir().unwrap().flatten().map(|entry| entry.path());
    let text = |path: &Path| std::fs::read_to_string(path.join("comm")).unwrap_or_default();
    processes.filter(|path| text(path).trim() == "baton-fleet").collect()
}

#[test]
fn the_password_is_in_no_output_no_file_and_no_list_of_processes() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let password = &fleet.database().password;
    let mut window = owner(&a);
    a.proxy.next(Fault::DelayStatement);
    let mut said = std::thread::scope(|scope| {
        let event = scope.spawn(|| prompt(&mut window));
        a.proxy.wait_until_delayed();
        let children = children();
        assert!(!children.is_empty());
        for child in children {
            // A process that ended meanwhile has no files any more.
            for file in ["cmdline", "environ", "status"] {
                let bytes = std::fs::read(child.join(file)).unwrap_or_default();
                assert!(!String::from_utf8_lossy(&bytes).contains(password.as_str()), "{file}");
            }
            let limits = std::fs::read_to_string(child.join("limits")).unwrap_or_default();
            let core = limits.lines().find(|line| line.starts_with("Max core file size"));
            if let Some(core) = core {
                assert_eq!(core.split_whitespace().skip(4).collect::<Vec<_>>(), ["0", "0", "bytes"]);
            }
        }
        a.proxy.release();
        event.join().unwrap()
    });
    a.proxy.refuse(true);
    said += &resume(&mut window);
    for words in ["fleet status", "fleet witness", "fleet show --what-is-stored", "doctor", "config", "log", "status"] {
        let ended = a.baton(words.split(' '));
        said += &(ended.stdout + &ended.stderr);
    }
    a.proxy.refuse(false);
    for words in ["fleet status", "fleet witness", "fleet show --what-is-stored", "doctor", "config", "run finish demo"]
    {
        let ended = a.baton(words.split(' '));
        said += &(ended.stdout + &ended.stderr);
    }
    assert!(!said.contains(password.as_str()), "{said}");
    for (path, bytes) in a.scratch.state().files {
        assert!(!String::from_utf8_lossy(&bytes).contains(password.as_str()), "{}", path.display());
    }
}

/// A user that owns nothing else. The files below `/proc` of a process that can be dumped belong to its user.
const NOBODY: u32 = 65_534;

/// Returns the directory of the process that `pid` started, once there is one.
fn child_of(pid: u32) -> PathBuf {
    let list = format!("/proc/{pid}/task/{pid}/children");
    loop {
        let children = std::fs::read_to_string(&list).unwrap();
        if let Some(child) = children.split_whitespace().next() {
            return Path::new("/proc").join(child);
        }
        std::thread::yield_now();
    }
}

#[test]
fn no_process_that_has_the_password_can_be_dumped_or_read() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let root = a.scratch.root();
    let bin = root.join("alone");
    std::fs::create_dir(&bin).unwrap();
    for (program, name) in [(program::baton(), "baton"), (program::baton_fleet(), "baton-fleet")] {
        program::link(program, &bin.join(name)).unwrap();
    }
    // The files of the programs stay those of the build.
    let own = [a.scratch.home(), a.scratch.state_dir(), a.scratch.home().join("work")];
    let is_root = nix::unistd::geteuid().is_root();
    let user = if is_root { NOBODY } else { nix::unistd::geteuid().as_raw() };
    if is_root {
        let words = own.iter().map(|path| path.as_os_str());
        assert!(Command::new("/bin/chown").args(["-R", "65534:65534"]).args(words).status().unwrap().success());
        std::os::unix::fs::chown(root, Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let start = |program: &Path, args: &[&str]| {
        let mut command = Command::new(program);
        command.args(args).current_dir(a.scratch.home().join("work")).env_clear().envs(a.scratch.env());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if is_root {
            command.uid(NOBODY).gid(NOBODY);
        }
        command.spawn().unwrap()
    };
    // The directory itself always belongs to the user.
    let owner = |process: &Path| process.join("environ").metadata().unwrap().uid();
    let mut other = start(Path::new("/bin/sleep"), &["1000"]);
    assert_eq!(owner(&Path::new("/proc").join(other.id().to_string())), user, "any other process can be dumped");
    other.kill().unwrap();
    other.wait().unwrap();

    a.proxy.next(Fault::DelayStatement);
    let baton = start(&bin.join("baton"), &["fleet", "status"]);
    let own = Path::new("/proc").join(baton.id().to_string());
    a.proxy.wait_until_delayed();
    for process in [own, child_of(baton.id())] {
        assert_eq!(owner(&process), 0, "{}", process.display());
        for file in ["cmdline", "environ"] {
            let text = std::fs::read(process.join(file)).unwrap_or_default();
            let text = String::from_utf8_lossy(&text);
            assert!(!text.contains(&fleet.database().password) && !text.contains("PG"), "{file}: {text}");
        }
    }
    a.proxy.release();
    let ended = baton.wait_with_output().unwrap();
    assert!(String::from_utf8_lossy(&ended.stdout).contains("laptop"), "{ended:?}");
}
