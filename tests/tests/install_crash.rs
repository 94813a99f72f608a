//! Installs that are killed, that run at once, and that cannot write: each file is the old one or the new one.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use agent_baton_tests::Person;
use agent_baton_tests::mount::Mount;
use agent_baton_tests::person::skip;

const CLAUDE: &str = ".claude/settings.json";
const CODEX: &str = ".codex/hooks.json";
const BEFORE: &str = "{\n  // mine\n  \"a\": 1\n}\n";

fn person() -> Person {
    let person = Person::new();
    person.write(CLAUDE, BEFORE);
    person.write(CODEX, BEFORE);
    person
}

/// What the files hold after an install that nothing disturbs. The name of the home stands in them, so each has its own.
fn installed(person: &Person) -> [Vec<u8>; 2] {
    let other = self::person();
    other.done("install --yes");
    let (from, to) = (other.scratch.root().to_str().unwrap(), person.scratch.root().to_str().unwrap());
    [CLAUDE, CODEX].map(|path| String::from_utf8(other.read(path)).unwrap().replace(from, to).into_bytes())
}

/// Runs a command of the program under strace, which kills it before the n-th of these system calls. Whether it was killed.
fn killed(person: &Person, words: &str, call: &str, n: usize) -> bool {
    let mut strace = Command::new("strace");
    strace.args([
        "-f",
        "-qq",
        "-o",
        "/dev/null",
        "-e",
        &format!("trace={call}"),
        "-e",
        &format!("inject={call}:signal=KILL:when={n}"),
    ]);
    strace.arg(person.program()).args(words.split_whitespace()).env_clear().envs(person.scratch.env());
    strace.current_dir(person.at("work")).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let status = strace.status().unwrap();
    // strace ends by the signal that ended the program.
    status.signal() == Some(9) || status.code() == Some(137)
}

fn strace_works() -> bool {
    let works = Command::new("strace").args(["-o", "/dev/null", "/bin/true"]).stderr(Stdio::null()).status();
    let works = works.is_ok_and(|status| status.success());
    if !works {
        skip("killing at each system call needs strace, and the right to trace");
    }
    works
}

/// The system calls by which an install changes anything.
const CALLS: [&str; 7] = ["openat", "write", "fsync", "rename", "unlink", "mkdir", "fchmod"];

#[test]
fn killed_at_each_step() {
    if !strace_works() {
        return;
    }
    for call in CALLS {
        let mut n = 1;
        loop {
            let person = person();
            let tree = person.tree();
            let new = installed(&person);
            let was_killed = killed(&person, "install --yes", call, n);
            for (path, new) in [CLAUDE, CODEX].into_iter().zip(&new) {
                let found = person.read(path);
                assert!(
                    found == BEFORE.as_bytes() || found == *new,
                    "{call} {n}: {path}: {}",
                    String::from_utf8_lossy(&found)
                );
            }
            // The next install brings it to its end, and uninstall still knows what to take out.
            person.done("install --yes");
            assert_eq!([CLAUDE, CODEX].map(|path| person.read(path)), new, "{call} {n}");
            let uninstall_killed = killed(&person, "uninstall --yes", call, n);
            person.done("uninstall --yes");
            assert_eq!(person.read(CLAUDE), BEFORE.as_bytes(), "{call} {n}");
            assert_eq!(person.read(CODEX), BEFORE.as_bytes(), "{call} {n}");
            let left: Vec<_> = person.tree().into_keys().filter(|path| !tree.contains_key(path)).collect();
            let ours = |path: &std::path::PathBuf| {
                path.to_string_lossy().contains(".before-baton-") || path.ends_with("install.lock")
            };
            assert!(left.iter().all(ours), "{call} {n}: {left:?}");
            if !was_killed && !uninstall_killed {
                break;
            }
            n += 1;
        }
        // `rename` may be `renameat2` elsewhere; these are called everywhere.
        assert!(n > 1 || !matches!(call, "openat" | "write" | "fsync"), "{call} was never called");
    }
}

#[test]
fn twenty_at_once() {
    let person = person();
    let new = installed(&person);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| person.done("install --yes"));
        }
    });
    assert_eq!([CLAUDE, CODEX].map(|path| person.read(path)), new);
    person.done("uninstall --yes");
    assert_eq!([CLAUDE, CODEX].map(|path| person.read(path)), [BEFORE.as_bytes().to_vec(), BEFORE.as_bytes().to_vec()]);
}

#[test]
fn in_a_directory_that_is_read_only() {
    let person = person();
    let Some(mount) = Mount::tmpfs(&person.at(".claude"), 256) else { return };
    person.write(CLAUDE, BEFORE);
    mount.read_only(true);
    let output = person.run("install --yes --agent claude");
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("settings.json") && output.stderr.contains("as it was"), "{output:?}");
    assert_eq!(person.read(CLAUDE), BEFORE.as_bytes());
    mount.read_only(false);
    person.done("install --yes --agent claude");
    mount.read_only(true);
    let wired = person.read(CLAUDE);
    assert_eq!(person.run("uninstall --yes").code, Some(1));
    assert_eq!(person.read(CLAUDE), wired);
    mount.read_only(false);
    person.done("uninstall --yes");
    assert_eq!(person.read(CLAUDE), BEFORE.as_bytes());
}

#[test]
fn on_a_full_disk() {
    let person = person();
    let Some(_mount) = Mount::tmpfs(&person.at(".claude"), 64) else { return };
    person.write(CLAUDE, BEFORE);
    let filler = person.at(".claude/filler");
    for pages in 0..4_usize {
        let mut free = 64 / 4;
        // Fills up to so many pages of 4 KiB.
        while fs::write(&filler, vec![0; free * 4096]).is_err() && free > 0 {
            free -= 1;
        }
        fs::write(&filler, vec![0; free.saturating_sub(pages) * 4096]).unwrap();
        let output = person.run("install --yes --agent claude");
        let found = person.read(CLAUDE);
        if output.code == Some(0) {
            assert_ne!(found, BEFORE.as_bytes(), "{pages}");
        } else {
            assert_eq!(found, BEFORE.as_bytes(), "{pages}: {output:?}");
            assert!(output.stderr.contains("space"), "{output:?}");
        }
        fs::remove_file(&filler).unwrap();
        person.done("install --yes --agent claude");
        person.done("uninstall --yes");
        assert_eq!(person.read(CLAUDE), BEFORE.as_bytes(), "{pages}");
    }
}
