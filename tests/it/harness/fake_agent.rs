//! Tests the harness itself: a fake agent looks like a real one from outside.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use agent_baton_tests::Scratch;
use agent_baton_tests::fake_agent::{Ended, Run};
use agent_baton_tests::process::{Launch, Process};

const CLAUDE: Launch<'_> = Launch { comm: "claude", args: &[], tty: false };

fn sh(script: &str) -> Run {
    let env = BTreeMap::from([("PATH".to_owned(), "/usr/bin:/bin".to_owned())]);
    Run { argv: vec!["/bin/sh".into(), "-c".into(), script.into()], env, cwd: "/".into(), ..Run::default() }
}

fn out(ended: &Ended) -> &str {
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended.stdout.trim_end()
}

#[test]
fn it_has_the_agents_name_and_runs_hooks_as_its_children() {
    let scratch = Scratch::new();
    for comm in ["claude", "codex"] {
        let mut agent = Process::spawn(&scratch, &Launch { comm, ..CLAUDE }, None);
        let parent = agent.run(sh("cat /proc/$PPID/comm; echo $PPID"));
        assert_eq!(out(&parent), format!("{comm}\n{}", agent.pid()));
        // The link in /proc has the same name, unless the file systems differ.
        let exe = std::fs::read_link(format!("/proc/{}/exe", agent.pid())).unwrap();
        assert!(exe.ends_with(comm) || exe.ends_with("fake_agent"), "{}", exe.display());
    }
}

#[test]
fn a_shell_stays_between_where_one_did() {
    let mut agent = Process::spawn(&Scratch::new(), &CLAUDE, None);
    for shell in ["sh", "bash"] {
        let run = Run { shell: Some(shell.to_owned()), ..sh("cat /proc/$PPID/comm; exit 7") };
        let ended = agent.run(run);
        assert_eq!((ended.code, ended.stdout.trim_end()), (Some(7), shell));
    }
}

#[test]
fn stdin_goes_through_whole_and_both_outputs_come_back() {
    let mut agent = Process::spawn(&Scratch::new(), &CLAUDE, None);
    for size in [0, 10, 70_000, 3_000_000] {
        let run = Run { stdin: "é\0".repeat(size / 3), ..sh("echo words >&2; exec cat") };
        let stdin = run.stdin.clone();
        let ended = agent.run(run);
        assert!(ended.stdout == stdin, "{size}: {} of {} bytes", ended.stdout.len(), stdin.len());
        assert_eq!((ended.code, ended.stderr.as_str()), (Some(0), "words\n"));
        assert!(ended.wall_ns > 1000);
    }
    // A program that does not read its stdin is not an error, and one that a signal ends is reported.
    assert_eq!(agent.run(Run { stdin: "x".repeat(200_000), ..sh("exit 3") }).code, Some(3));
    assert_eq!(agent.run(sh("kill -9 $$")).code, None);
}

#[test]
fn nothing_of_the_harness_is_in_the_environment() {
    let mut agent = Process::spawn(&Scratch::new(), &CLAUDE, None);
    let env = agent.run(Run { argv: vec!["/usr/bin/env".into()], ..sh("") });
    assert_eq!(out(&env), "PATH=/usr/bin:/bin");
}

#[test]
fn calls_at_once_are_all_started_before_one_is_given_its_stdin() {
    let mut agent = Process::spawn(&Scratch::new(), &CLAUDE, None);
    // Prints its start in ticks of 10 ms, and when it got its stdin in the same unit.
    let script = "cut -d' ' -f22 /proc/$$/stat; read x; cut -d' ' -f1 /proc/uptime | tr -d .";
    let ended = agent.run_all(vec![Run { stdin: "x".to_owned(), ..sh(script) }; 32]);
    assert_eq!(ended.len(), 32);
    let ticks =
        |line: usize| ended.iter().map(move |ended| out(ended).lines().nth(line).unwrap().parse::<u64>().unwrap());
    assert!(ticks(0).max() <= ticks(1).min(), "{ended:?}");
}

/// Returns whether the kernel shows a lock of this process on this file.
fn holds(process: &Process, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let Ok(meta) = std::fs::metadata(path) else {
        return false;
    };
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    let inode = format!(":{}", meta.ino());
    let pid = process.pid().to_string();
    locks.lines().any(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        fields.get(1) == Some(&"FLOCK") && fields.get(4) == Some(&pid.as_str()) && fields[5].ends_with(&inode)
    })
}

#[test]
fn its_locks_are_in_the_kernels_list_until_it_lets_go_or_dies() {
    let scratch = Scratch::new();
    let mut agent = Process::spawn(&scratch, &Launch { comm: "codex", ..CLAUDE }, None);
    let paths: Vec<PathBuf> = ["a.lock", "b.lock"].iter().map(|name| scratch.root().join(name)).collect();
    for path in &paths {
        agent.lock(path);
        assert!(holds(&agent, path), "{}", std::fs::read_to_string("/proc/locks").unwrap());
    }
    agent.unlock(&paths[0]);
    assert!(!holds(&agent, &paths[0]) && !paths[0].exists());
    agent.kill();
    assert!(!holds(&agent, &paths[1]) && paths[1].exists(), "what a killed agent leaves is the file alone");
}

#[test]
fn a_child_outlives_its_parent() {
    let scratch = Scratch::new();
    let mut tui = Process::spawn(&scratch, &Launch { comm: "codex", tty: true, ..CLAUDE }, None);
    let launch = Launch { comm: "codex", args: &["app-server", "--listen", "unix://"], tty: false };
    let mut daemon = Process::spawn(&scratch, &launch, Some(&mut tui));
    let parent = sh("cut -d' ' -f4 /proc/$PPID/stat");
    assert_eq!(out(&daemon.run(parent.clone())), tui.pid().to_string());
    let cmdline = daemon.run(sh("tr '\\0' ' ' < /proc/$PPID/cmdline"));
    assert!(out(&cmdline).ends_with("/codex app-server --listen unix://"), "{cmdline:?}");
    tui.kill();
    assert!(!tui.is_alive() && daemon.is_alive());
    assert_ne!(out(&daemon.run(parent)), tui.pid().to_string());
    daemon.exit();
    assert!(!daemon.is_alive());
}

#[test]
fn a_stopped_process_lives_and_a_zombie_does_not() {
    let scratch = Scratch::new();
    let mut above = Process::spawn(&scratch, &CLAUDE, None);
    let mut agent = Process::spawn(&scratch, &CLAUDE, Some(&mut above));
    agent.stop();
    assert!(agent.is_alive());
    agent.resume();
    // Its parent reaps it only at its next order.
    agent.kill();
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", agent.pid())).unwrap();
    assert!(stat.contains("(claude) Z "), "{stat}");
    assert!(!agent.is_alive());
    out(&above.run(sh("")));
    assert!(!Path::new(&format!("/proc/{}", agent.pid())).exists());
}

#[test]
fn it_has_a_terminal_of_its_own_or_none() {
    let scratch = Scratch::new();
    let tty = sh("cut -d' ' -f7 /proc/$PPID/stat");
    let mut without = Process::spawn(&scratch, &CLAUDE, None);
    assert_eq!(out(&without.run(tty.clone())), "0");
    let mut with = Process::spawn(&scratch, &Launch { tty: true, ..CLAUDE }, None);
    assert_ne!(out(&with.run(tty)), "0");
}

#[test]
fn none_is_left_behind() {
    let agent = Process::spawn(&Scratch::new(), &CLAUDE, None);
    let pid = agent.pid();
    drop(agent);
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[test]
fn the_largest_child_is_measured() {
    let mut agent = Process::spawn(&Scratch::new(), &CLAUDE, None);
    out(&agent.run(Run { argv: vec!["/bin/true".into()], ..sh("") }));
    let small = agent.largest_child_kib();
    out(&agent.run(sh("head -c 50000000 /dev/zero | tail -c 40000000 > /dev/null")));
    assert!(agent.largest_child_kib() > small + 10_000);
}
