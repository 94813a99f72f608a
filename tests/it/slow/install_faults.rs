//! Installs that are killed, that run at the same time, or that cannot write: each file is the old one or the new
//! one.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use agent_baton_tests::Installation;
use agent_baton_tests::effort::{Effort, sample};
use agent_baton_tests::fake_agent::Run;
use agent_baton_tests::mount::Mount;
use agent_baton_tests::trace::{Call, Fault, calls, is_possible, traced, with_fault};

const CLAUDE: &str = ".claude/settings.json";
const CODEX: &str = ".codex/hooks.json";
const BEFORE: &str = "{\n  // mine\n  \"a\": 1\n}\n";

/// How many calls of each command a sample tries.
const SAMPLE: usize = 6;

fn configured() -> Installation {
    let installation = Installation::new();
    installation.write(CLAUDE, BEFORE);
    installation.write(CODEX, BEFORE);
    installation
}

/// Returns the content of the files after an undisturbed install. They contain the path of the home, so each home has
/// its own.
fn installed(installation: &Installation) -> [Vec<u8>; 2] {
    let other = configured();
    other.done("install --yes");
    let (from, to) = (other.scratch.root().to_str().unwrap(), installation.scratch.root().to_str().unwrap());
    [CLAUDE, CODEX].map(|path| String::from_utf8(other.read(path)).unwrap().replace(from, to).into_bytes())
}

/// The name of a setup, and the function that creates it.
type Setup = (&'static str, fn() -> Installation);

/// What exists before: files of the user, or none, so that install creates them and uninstall removes them.
const SETUPS: [Setup; 2] = [("files", configured), ("no files", Installation::new)];

/// Returns the faults at a call. A kill is tried everywhere, and a full disk where install changes files. With the
/// exhaustive effort, both are tried everywhere, and also a file system that became read-only.
fn faults(setup: &str, words: &str) -> Vec<Fault> {
    let (full, read_only) = (Fault::Error("ENOSPC"), Fault::Error("EROFS"));
    match (setup, words) {
        _ if Effort::get() == Effort::Exhaustive => vec![Fault::Kill, full, read_only],
        ("files", "install --yes") => vec![Fault::Kill, full],
        _ => vec![Fault::Kill],
    }
}

/// Returns the content of the files that exist.
fn files(installation: &Installation) -> [Option<Vec<u8>>; 2] {
    [CLAUDE, CODEX].map(|path| fs::read(installation.at(path)).ok())
}

/// Returns the calls by which an undisturbed command changes anything below the home.
fn changing_calls(installation: &Installation, words: &str) -> Vec<Call> {
    let log = installation.scratch.root().join("trace.log");
    assert_eq!(below(installation, &traced(&run(installation, words), &log)), Some(0));
    calls(&log, &installation.scratch.home()).into_iter().filter(Call::changes).collect()
}

fn run(installation: &Installation, words: &str) -> Run {
    let argv = std::iter::once(installation.program().to_str().unwrap()).chain(words.split_whitespace());
    Run {
        argv: argv.map(str::to_owned).collect(),
        env: installation.scratch.env(),
        cwd: installation.at("work"),
        stdin: String::new(),
        shell: None,
    }
}

/// Runs a command until it exits. Returns `None` if a signal ended it.
fn below(installation: &Installation, run: &Run) -> Option<i32> {
    let mut command = Command::new(&run.argv[0]);
    command.args(&run.argv[1..]).env_clear().envs(&run.env).current_dir(installation.at("work"));
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().unwrap().code()
}

#[test]
fn harmed_at_each_call_that_changes_anything() {
    if !is_possible() {
        return;
    }
    for (setup, new_installation) in SETUPS {
        let example = new_installation();
        let before = files(&example);
        let install = changing_calls(&example, "install --yes");
        let uninstall = changing_calls(&example, "uninstall --yes");
        assert_eq!(files(&example), before, "{setup}");
        for (words, calls) in [("install --yes", install), ("uninstall --yes", uninstall)] {
            for name in ["openat", "write", "fsync", "rename", "flock"] {
                assert!(calls.iter().any(|call| call.name.starts_with(name)), "{setup}, {words}: {name} is not seen");
            }
            for (call, fault) in
                faults(setup, words).into_iter().flat_map(|fault| sample(&calls, SAMPLE).map(move |call| (call, fault)))
            {
                let installation = new_installation();
                let tree = installation.tree();
                installation.done("install --yes");
                let new = files(&installation);
                if words.starts_with("install") {
                    installation.done("uninstall --yes");
                }
                let case = format!("{setup}, {words}, {fault:?} at {} {}: {}", call.name, call.nth, call.line);
                let log = installation.scratch.root().join("trace.log");
                let code = below(&installation, &with_fault(&run(&installation, words), &log, call, fault));
                assert!(
                    if fault == Fault::Kill { code.is_none() } else { matches!(code, Some(0 | 1)) },
                    "{case}: {code:?}"
                );
                for ((found, old), new) in files(&installation).iter().zip(&before).zip(&new) {
                    assert!(found == old || found == new, "{case}");
                }
                // The next call completes it, and uninstall still knows what to remove.
                installation.done(words);
                assert_eq!(
                    files(&installation),
                    if words.starts_with("install") { new } else { before.clone() },
                    "{case}"
                );
                installation.done("uninstall --yes");
                assert_eq!(files(&installation), before, "{case}");
                let left: Vec<_> = installation.tree().into_keys().filter(|path| !tree.contains_key(path)).collect();
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
    let installation = configured();
    let new = installed(&installation);
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| installation.done("install --yes"));
        }
    });
    assert_eq!([CLAUDE, CODEX].map(|path| installation.read(path)), new);
    installation.done("uninstall --yes");
    assert_eq!(
        [CLAUDE, CODEX].map(|path| installation.read(path)),
        [BEFORE.as_bytes().to_vec(), BEFORE.as_bytes().to_vec()]
    );
}

#[test]
fn in_a_directory_that_is_read_only() {
    let installation = configured();
    let Some(mount) = Mount::tmpfs(&installation.at(".claude"), 256) else { return };
    installation.write(CLAUDE, BEFORE);
    mount.read_only(true);
    let output = installation.run("install --yes --agent claude");
    assert_eq!(output.code, Some(1), "{output:?}");
    assert!(output.stderr.contains("cannot write") && output.stderr.contains("was not changed"), "{output:?}");
    assert_eq!(installation.read(CLAUDE), BEFORE.as_bytes());
    mount.read_only(false);
    installation.done("install --yes --agent claude");
    mount.read_only(true);
    let installed = installation.read(CLAUDE);
    assert_eq!(installation.run("uninstall --yes").code, Some(1));
    assert_eq!(installation.read(CLAUDE), installed);
    mount.read_only(false);
    installation.done("uninstall --yes");
    assert_eq!(installation.read(CLAUDE), BEFORE.as_bytes());
}

#[test]
fn on_a_full_disk() {
    let installation = configured();
    let Some(_mount) = Mount::tmpfs(&installation.at(".claude"), 64) else { return };
    installation.write(CLAUDE, BEFORE);
    let filler = installation.at(".claude/filler");
    for pages in 0..4_usize {
        let mut free = 64 / 4;
        // Fill the disk up to this many pages of 4 KiB.
        while fs::write(&filler, vec![0; free * 4096]).is_err() && free > 0 {
            free -= 1;
        }
        fs::write(&filler, vec![0; free.saturating_sub(pages) * 4096]).unwrap();
        let output = installation.run("install --yes --agent claude");
        let found = installation.read(CLAUDE);
        if output.code == Some(0) {
            assert_ne!(found, BEFORE.as_bytes(), "{pages}");
        } else {
            assert_eq!(found, BEFORE.as_bytes(), "{pages}: {output:?}");
            assert!(output.stderr.contains("space"), "{output:?}");
        }
        fs::remove_file(&filler).unwrap();
        installation.done("install --yes --agent claude");
        installation.done("uninstall --yes");
        assert_eq!(installation.read(CLAUDE), BEFORE.as_bytes(), "{pages}");
    }
}
