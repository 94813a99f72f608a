//! Installs that are killed, that run at once, and that cannot write: each file is the old one or the new one.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use agent_baton_tests::Person;
use agent_baton_tests::mount::Mount;
use agent_baton_tests::stand_in::Run;
use agent_baton_tests::trace::{Call, Fault, calls, harmed, is_possible, traced};

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

/// Its name, and how it is made.
type Setup = (&'static str, fn() -> Person);

/// What stands there before: files of the person's own, or none, so that install makes them and uninstall removes them.
const SETUPS: [Setup; 2] = [("files", person), ("no files", Person::new)];

/// What happens at a call: a kill; a full disk, where install changes files; with BATON_FAULTS_ALL each, and a file system that cannot be
/// written any more, everywhere.
fn faults(setup: &str, words: &str) -> Vec<Fault> {
    let (full, read_only) = (Fault::Error("ENOSPC"), Fault::Error("EROFS"));
    match (setup, words) {
        _ if std::env::var_os("BATON_FAULTS_ALL").is_some() => vec![Fault::Kill, full, read_only],
        ("files", "install --yes") => vec![Fault::Kill, full],
        _ => vec![Fault::Kill],
    }
}

/// The files, where they are there.
fn files(person: &Person) -> [Option<Vec<u8>>; 2] {
    [CLAUDE, CODEX].map(|path| fs::read(person.at(path)).ok())
}

/// The calls by which a command changes anything below the home, when nothing disturbs it.
fn changing_calls(person: &Person, words: &str) -> Vec<Call> {
    let log = person.scratch.root().join("trace.log");
    assert_eq!(below(person, &traced(&run(person, words), &log)), Some(0));
    calls(&log, &person.scratch.home()).into_iter().filter(Call::changes).collect()
}

fn run(person: &Person, words: &str) -> Run {
    let argv = std::iter::once(person.program().to_str().unwrap()).chain(words.split_whitespace());
    Run {
        argv: argv.map(str::to_owned).collect(),
        env: person.scratch.env(),
        cwd: person.at("work"),
        stdin: String::new(),
        shell: None,
    }
}

/// Runs it to its end; none where a signal ended it.
fn below(person: &Person, run: &Run) -> Option<i32> {
    let mut command = Command::new(&run.argv[0]);
    command.args(&run.argv[1..]).env_clear().envs(&run.env).current_dir(person.at("work"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().code()
}

#[test]
fn harmed_at_each_call_that_changes_anything() {
    if !is_possible() {
        return;
    }
    for (setup, person) in SETUPS {
        let sample = person();
        let before = files(&sample);
        let install = changing_calls(&sample, "install --yes");
        let uninstall = changing_calls(&sample, "uninstall --yes");
        assert_eq!(files(&sample), before, "{setup}");
        for (words, calls) in [("install --yes", install), ("uninstall --yes", uninstall)] {
            for name in ["openat", "write", "fsync", "rename", "flock"] {
                assert!(calls.iter().any(|call| call.name.starts_with(name)), "{setup}, {words}: {name} is not seen");
            }
            for (call, fault) in
                faults(setup, words).into_iter().flat_map(|fault| calls.iter().map(move |call| (call, fault)))
            {
                let person = person();
                let tree = person.tree();
                person.done("install --yes");
                let new = files(&person);
                if words.starts_with("install") {
                    person.done("uninstall --yes");
                }
                let case = format!("{setup}, {words}, {fault:?} at {} {}: {}", call.name, call.nth, call.line);
                let log = person.scratch.root().join("trace.log");
                let code = below(&person, &harmed(&run(&person, words), &log, call, fault));
                assert!(
                    if fault == Fault::Kill { code.is_none() } else { matches!(code, Some(0 | 1)) },
                    "{case}: {code:?}"
                );
                for ((found, old), new) in files(&person).iter().zip(&before).zip(&new) {
                    assert!(found == old || found == new, "{case}");
                }
                // The next call brings it to its end, and uninstall still knows what to take out.
                person.done(words);
                assert_eq!(files(&person), if words.starts_with("install") { new } else { before.clone() }, "{case}");
                person.done("uninstall --yes");
                assert_eq!(files(&person), before, "{case}");
                let left: Vec<_> = person.tree().into_keys().filter(|path| !tree.contains_key(path)).collect();
                let ours = |path: &PathBuf| {
                    path.to_string_lossy().contains(".before-baton-") || path.ends_with("install.lock")
                };
                assert!(left.iter().all(ours), "{case}: {left:?}");
            }
        }
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
