//! What outlives the supervisor and the command of `baton run with`, with real processes: no second command begins beside it.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agent_baton_core::run::{Run, Status};
use agent_baton_tests::scratch::Output;
use agent_baton_tests::{Scratch, program};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn work(scratch: &Scratch, name: &str) -> PathBuf {
    scratch.home().join("work").join(name)
}

fn runs(scratch: &Scratch) -> Vec<Run> {
    scratch.state().runs().into_iter().map(|kept| kept.record).collect()
}

/// A process that its test ends.
struct Left(Pid);

impl Left {
    fn end(&self) {
        let _ = kill(self.0, Signal::SIGKILL);
        // It is a child of nobody here: what reaps it does so at once.
        wait_for("its end", || (!is_alive(self.0)).then_some(()));
    }
}

impl Drop for Left {
    fn drop(&mut self) {
        let _ = kill(self.0, Signal::SIGKILL);
    }
}

fn is_alive(pid: Pid) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

/// The process whose pid a script wrote into the file `pid`. A shell can write it before its child executes the program.
fn left(scratch: &Scratch, program: &str) -> Left {
    let file = work(scratch, "pid");
    let pid = wait_for("the pid", || fs::read_to_string(&file).ok()?.strip_suffix('\n')?.parse().ok());
    let left = Left(Pid::from_raw(pid));
    let executes = || fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim_end() == program);
    wait_for(program, || executes().then_some(()));
    left
}

fn start(scratch: &Scratch, args: &[&str]) -> Child {
    let mut command = Command::new(program::baton());
    command.args(["run", "with"]).args(args).current_dir(scratch.home().join("work")).env_clear().envs(scratch.env());
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// A second start of a command of this name.
fn again(scratch: &Scratch, name: &str) -> Output {
    scratch.baton(["run", "with", name, "--", "true"]).run()
}

/// A program of an agent's name, which sleeps.
fn agent(scratch: &Scratch, name: &str) {
    fs::copy("/bin/sleep", work(scratch, name)).unwrap();
}

/// Kills a supervisor and its command.
fn kill_both(scratch: &Scratch, mut supervisor: Child) {
    let run = wait_for("the command", || runs(scratch).pop().filter(|run| run.owner.child.is_some()));
    supervisor.kill().unwrap();
    supervisor.wait().unwrap();
    let _ = kill(Pid::from_raw(i32::try_from(run.owner.child.unwrap().pid).unwrap()), Signal::SIGKILL);
}

/// What a script leaves behind that is killed with its supervisor, the program of that, and whether it holds the next
/// command up.
const SCRIPTS: [(&str, &str, &str, bool); 6] = [
    ("an agent", "./claude 600 & echo $! > pid; wait", "claude", true),
    ("another agent", "./codex 600 & echo $! > pid; wait", "codex", true),
    (
        "an agent below a program",
        "timeout 600 ./claude 600 & until pgrep -P $! > pid; do sleep 0.02; done; wait",
        "claude",
        true,
    ),
    ("an agent in a session of its own", "setsid ./claude 600 & echo $! > pid; wait", "claude", true),
    ("a script between two agents", "sh -c 'echo $$ > pid; while :; do sleep 0.1; done' & wait", "sh", true),
    ("a daemon", "setsid sleep 600 & echo $! > pid; wait", "sleep", false),
];

#[test]
fn what_a_killed_command_left_behind_holds_the_next_one_up() {
    for (what, script, program, holds) in SCRIPTS {
        let scratch = Scratch::new();
        for name in ["claude", "codex"] {
            agent(&scratch, name);
        }
        let supervisor = start(&scratch, &["loop", "--", "sh", "-c", script]);
        let left = left(&scratch, program);
        kill_both(&scratch, supervisor);
        wait_for("the command's end", || {
            let [run] = runs(&scratch).try_into().ok()?;
            let run: Run = run;
            (!is_alive(Pid::from_raw(i32::try_from(run.owner.child?.pid).ok()?))).then_some(())
        });
        assert!(is_alive(left.0), "{what}");
        let refused = again(&scratch, "loop");
        if !holds {
            assert_eq!(refused.code, Some(0), "{what}: {refused:?}");
            continue;
        }
        assert_eq!(refused.code, Some(3), "{what}: {refused:?}");
        assert!(refused.stderr.contains(&format!("pid {}", left.0)), "{what}: {refused:?}");
        let listed = scratch.baton(["run", "list", "--json"]).run().json()["runs"].take();
        assert_eq!(listed[0]["interrupted"], false, "{what}: {listed}");
        let shown = scratch.baton(["run", "show", "loop"]).run().stdout;
        assert!(shown.contains(&format!("pid {} (alive)", left.0)), "{what}: {shown}");
        // Another name is another run.
        assert_eq!(again(&scratch, "other").code, Some(0), "{what}");
        let mut waiting = start(&scratch, &["loop", "--wait", "--", "true"]);
        std::thread::sleep(Duration::from_millis(400));
        assert!(waiting.try_wait().unwrap().is_none(), "{what}");
        left.end();
        assert!(waiting.wait().unwrap().success(), "{what}");
        let run = runs(&scratch).into_iter().find(|run| run.name.as_str() == "loop").unwrap();
        assert_eq!(run.status, Status::Done, "{what}");
        assert!(run.fence.0 >= 2, "{what}: the same run went on");
    }
}

/// The command ended by itself, or a user cancelled its run, and an agent works on.
#[test]
fn what_an_ended_command_left_behind_holds_the_next_one_up() {
    for (end, status) in [("exit 0", Status::Done), ("exit 7", Status::Failed), ("wait", Status::Cancelled)] {
        let scratch = Scratch::new();
        agent(&scratch, "claude");
        let script = format!("./claude 600 & echo $! > pid; {end}");
        let mut supervisor = start(&scratch, &["loop", "--", "sh", "-c", &script]);
        let left = left(&scratch, "claude");
        if status == Status::Cancelled {
            assert_eq!(scratch.baton(["run", "cancel", "loop"]).run().code, Some(0));
        }
        supervisor.wait().unwrap();
        assert_eq!(runs(&scratch)[0].status, status);
        let refused = again(&scratch, "loop");
        assert_eq!(refused.code, Some(3), "{end}: {refused:?}");
        assert!(refused.stderr.contains(&format!("pid {} (claude)", left.0)), "{end}: {refused:?}");
        left.end();
        assert_eq!(again(&scratch, "loop").code, Some(0), "{end}");
        assert_eq!(runs(&scratch).len(), 2, "{end}");
    }
}

/// A script that goes on with its own run after its supervisor was killed is not in its own way.
#[test]
fn a_survivor_may_start_the_command_again_itself() {
    let scratch = Scratch::new();
    let baton = program::baton().display();
    let script = format!("(sleep 1; {baton} run with loop --wait -- touch again) & touch ready; wait");
    let supervisor = start(&scratch, &["loop", "--", "bash", "-c", &script]);
    wait_for("the script", || work(&scratch, "ready").exists().then_some(()));
    kill_both(&scratch, supervisor);
    wait_for("the second command", || work(&scratch, "again").exists().then_some(()));
}
