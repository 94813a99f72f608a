//! `baton run with` with real processes: one at a time, killed at any moment, and ended as its command ended.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::run::{Run, Status};
use agent_baton_tests::effort::Effort;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window, program, trace};
use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, mkfifo};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(60);

fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn work(scratch: &Scratch, name: &str) -> PathBuf {
    scratch.home().join("work").join(name)
}

/// A supervisor that keeps running beside the test. It leads a process group, in which its command stays. Dropping it
/// kills the whole group.
struct Supervisor {
    child: Child,
}

impl Supervisor {
    fn start(scratch: &Scratch, args: &[&str]) -> Self {
        Self::start_as(&mut Command::new(program::baton()), scratch, args)
    }

    fn start_as(command: &mut Command, scratch: &Scratch, args: &[&str]) -> Self {
        command
            .args(["run", "with"])
            .args(args)
            .current_dir(scratch.home().join("work"))
            .env_clear()
            .envs(scratch.env());
        command.env("BATON", program::baton()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        Self { child: command.process_group(0).spawn().unwrap() }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).unwrap())
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        let _ = killpg(self.pid(), Signal::SIGKILL);
        drop(self.child.wait());
    }
}

fn runs(scratch: &Scratch) -> Vec<Run> {
    scratch.state().runs().into_iter().map(|kept| kept.record).collect()
}

/// Runs `sh -c` to its end below a supervisor.
fn with(scratch: &Scratch, name: &str, script: &str) -> agent_baton_tests::scratch::Output {
    let args = ["run", "with", name, "--", "sh", "-c", script];
    scratch.baton(args).env("BATON", program::baton()).run()
}

#[test]
fn the_run_ends_as_its_command_ended() {
    for (script, code, signal, status) in [
        ("exit 0", Some(0), None, Status::Done),
        ("exit 7", Some(7), None, Status::Failed),
        ("kill -9 $$", None, Some(9), Status::Active),
        ("kill -TERM $$", None, Some(15), Status::Active),
    ] {
        let scratch = Scratch::new();
        let ended = with(&scratch, "loop", script);
        assert_eq!((ended.code, ended.signal), (code, signal), "{script}: {ended:?}");
        let run = scratch.state().only_run();
        assert_eq!((run.status, run.fence.0), (status, 1), "{script}");
        let listed = scratch.baton(["run", "list", "--json"]).run().json()["runs"].take();
        let interrupted = listed.as_array().unwrap().iter().map(|run| run["interrupted"].as_bool()).collect::<Vec<_>>();
        assert_eq!(interrupted, if status == Status::Active { vec![Some(true)] } else { vec![] }, "{script}");
        scratch.state().check();
    }
}

#[test]
fn what_cannot_be_run_fails_as_in_a_shell() {
    let scratch = Scratch::new();
    let ended = scratch.baton(["run", "with", "loop", "--", "no-such-program"]).run();
    assert_eq!(ended.code, Some(127), "{ended:?}");
    assert!(ended.stderr.contains("no-such-program"), "{ended:?}");
    assert_eq!(scratch.state().only_run().status, Status::Failed);
}

#[test]
fn the_command_may_say_how_far_it_is() {
    let scratch = Scratch::new();
    let script = "\"$BATON\" run update \"$BATON_RUN\" --iteration 2 && \
                  \"$BATON\" run update \"$BATON_RUN\" --fence \"$BATON_FENCE\" --phase third --iteration 3 && \
                  ! env -u BATON_FENCE \"$BATON\" run update \"$BATON_RUN\" --iteration 9";
    let ended = with(&scratch, "loop", script);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let run = scratch.state().only_run();
    assert_eq!((run.iteration, run.phase.as_deref(), run.status), (3, Some("third"), Status::Done));
    let log = scratch.baton(["run", "log", "loop"]).run().stdout;
    assert!(log.contains("Mode: command\n") && log.contains("--- iteration 3, fence 1 ---"), "{log}");
}

#[test]
fn a_claim_from_elsewhere_counts_for_nothing() {
    let scratch = Scratch::new();
    let _first = Supervisor::start(&scratch, &["loop", "--", "sleep", "600"]);
    let run = wait_for("the command", || runs(&scratch).pop().filter(|run| run.owner.child.is_some()));
    let update = scratch.baton(["run", "update", run.id.as_str(), "--iteration", "5"]);
    let update = update.env("BATON_RUN", run.id.as_str()).env("BATON_FENCE", "1").run();
    assert_eq!(update.code, Some(3), "{update:?}");
    assert_eq!(scratch.state().only_run().iteration, 0);
}

#[test]
fn a_second_start_is_refused_with_the_first_ones_name_or_waits() {
    let scratch = Scratch::new();
    let gate = work(&scratch, "go");
    let script = format!("until test -e {}; do sleep 0.02; done", gate.display());
    let mut first = Supervisor::start(&scratch, &["loop", "--", "sh", "-c", &script]);
    let run = wait_for("the command", || runs(&scratch).pop().filter(|run| run.owner.child.is_some()));
    let second = with(&scratch, "loop", "exit 0");
    assert_eq!(second.code, Some(3), "{second:?}");
    let pid = run.owner.process.pid.to_string();
    for word in ["loop", run.id.as_str(), pid.as_str()] {
        assert!(second.stderr.contains(word), "{word}: {second:?}");
    }
    // Another name or another project is another run.
    assert_eq!(with(&scratch, "other", "exit 0").code, Some(0));
    let mut waiting = Supervisor::start(&scratch, &["loop", "--wait", "--", "true"]);
    std::thread::sleep(Duration::from_millis(300));
    assert!(waiting.child.try_wait().unwrap().is_none());
    fs::write(gate, "").unwrap();
    assert!(first.child.wait().unwrap().success());
    assert!(waiting.child.wait().unwrap().success());
    let of_name: Vec<Run> = runs(&scratch).into_iter().filter(|run| run.name.as_str() == "loop").collect();
    assert_eq!(of_name.len(), 2);
    assert!(of_name.iter().all(|run| run.status == Status::Done), "{of_name:?}");
    scratch.state().check();
}

/// Starts a command, kills its supervisor, and returns both with the command's pid.
fn without_supervisor(scratch: &Scratch) -> (Supervisor, i32) {
    let mut supervisor = Supervisor::start(scratch, &["loop", "--", "sleep", "600"]);
    let run = wait_for("the command", || runs(scratch).pop().filter(|run| run.owner.child.is_some()));
    let child = i32::try_from(run.owner.child.as_ref().unwrap().pid).unwrap();
    supervisor.child.kill().unwrap();
    supervisor.child.wait().unwrap();
    (supervisor, child)
}

#[test]
fn over_means_that_the_supervisor_and_the_command_are_gone() {
    let scratch = Scratch::new();
    let (_killed, child) = without_supervisor(&scratch);
    let refused = with(&scratch, "loop", "exit 0");
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains(&child.to_string()), "{refused:?}");
    let shown = scratch.baton(["run", "list", "--json"]).run().json()["runs"].take();
    assert_eq!(shown[0]["interrupted"], false, "{shown}");
    kill(Pid::from_raw(child), Signal::SIGKILL).unwrap();
    let resumed =
        wait_for("the command's end", || Some(with(&scratch, "loop", "exit 0")).filter(|it| it.code != Some(3)));
    assert_eq!(resumed.code, Some(0), "{resumed:?}");
    let run = scratch.state().only_run();
    assert_eq!((run.fence.0, run.status, run.history.len()), (2, Status::Done, 1));
    scratch.state().check();
}

/// A call that waits for hours must not displace everything else from the audit.
#[test]
fn waiting_for_a_command_whose_supervisor_is_gone_leaves_nothing_in_the_audit() {
    let scratch = Scratch::new();
    let (_killed, child) = without_supervisor(&scratch);
    let mut waiting = Supervisor::start(&scratch, &["loop", "--wait", "--", "true"]);
    let mut said = BufReader::new(waiting.child.stderr.take().unwrap());
    let mut line = String::new();
    said.read_line(&mut line).unwrap();
    assert!(line.contains(&format!("its command pid {child} (alive); waiting until it ends")), "{line}");
    let audit = || -> Vec<_> {
        scratch
            .state()
            .files
            .into_iter()
            .filter(|(path, _)| path.starts_with("audit"))
            .map(|(_, bytes)| bytes)
            .collect()
    };
    let before = audit();
    // Wait for as long as several checks take.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(audit(), before);
    kill(Pid::from_raw(child), Signal::SIGKILL).unwrap();
    assert!(waiting.child.wait().unwrap().success());
    assert_eq!((scratch.state().only_run().status, scratch.state().only_run().fence.0), (Status::Done, 2));
}

/// Starts a supervisor of a command that runs for ever and is ready to do `act` at a signal.
fn trapping(scratch: &Scratch, signal: Signal, act: &str) -> Supervisor {
    let ready = work(scratch, "ready");
    let name = signal.as_str().trim_start_matches("SIG");
    let script = format!("trap '{act}' {name}; : > {}; while :; do sleep 0.02; done", ready.display());
    let supervisor = Supervisor::start(scratch, &["loop", "--", "sh", "-c", &script]);
    wait_for("the command", || ready.exists().then_some(()));
    supervisor
}

#[test]
fn a_cancelled_run_whose_command_goes_on_is_named_by_its_supervisor() {
    let scratch = Scratch::new();
    let told = work(&scratch, "told");
    let first = trapping(&scratch, Signal::SIGTERM, &format!(": > {}", told.display()));
    assert_eq!(scratch.baton(["run", "cancel", "loop"]).run().code, Some(0));
    wait_for("the signal", || told.exists().then_some(()));
    let refused = with(&scratch, "loop", "exit 0");
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains(&format!("held by pid {}", first.pid())), "{refused:?}");
}

#[test]
fn a_lock_that_others_hold_leaves_it_open_and_is_named() {
    let scratch = Scratch::new();
    assert_eq!(with(&scratch, "loop", "kill -9 $$").signal, Some(9));
    let dir = scratch.state_dir().join("supervisors");
    let path = fs::read_dir(&dir).unwrap().next().unwrap().unwrap().path();
    let file = fs::OpenOptions::new().read(true).write(true).open(&path).unwrap();
    let held = Flock::lock(file, FlockArg::LockExclusiveNonblock).unwrap();
    let shown = scratch.baton(["run", "list", "--json"]).run().json()["runs"].take();
    assert!(shown[0]["interrupted"].is_null(), "{shown}");
    let refused = with(&scratch, "loop", "exit 0");
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains(&format!("its lock is held by pid {}", std::process::id())), "{refused:?}");
    drop(held);
    assert_eq!(with(&scratch, "loop", "exit 0").code, Some(0));
    assert_eq!(scratch.state().only_run().fence.0, 2);
}

#[test]
fn no_program_below_inherits_the_lock() {
    let scratch = Scratch::new();
    let list = work(&scratch, "open");
    assert_eq!(with(&scratch, "loop", &format!("ls -l /proc/$$/fd > {}", list.display())).code, Some(0));
    let open = fs::read_to_string(list).unwrap();
    assert!(!open.contains("/state/"), "{open}");
}

#[test]
fn signals_are_passed_on_and_leave_it_interrupted() {
    for signal in [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1] {
        let scratch = Scratch::new();
        let mut supervisor = trapping(&scratch, signal, "exit 9");
        kill(supervisor.pid(), signal).unwrap();
        assert_eq!(supervisor.child.wait().unwrap().code(), Some(9), "{signal}");
        let expected = if signal == Signal::SIGUSR1 { Status::Failed } else { Status::Active };
        assert_eq!(scratch.state().only_run().status, expected, "{signal}");
    }
}

#[test]
fn an_interrupt_that_comes_with_the_end_was_before_it() {
    if !trace::is_possible() {
        return;
    }
    let scratch = Scratch::new();
    let (calls, go) = (work(&scratch, "calls"), work(&scratch, "go"));
    mkfifo(&go, Mode::S_IRWXU).unwrap();
    // The supervisor finds that the command has ended, and at that moment an interrupt arrives that it has not read.
    let mut command = Command::new("strace");
    command.args(["-qq", "-e", "trace=wait4", "-e", "inject=wait4:signal=INT:when=2", "-o"]).arg(&calls);
    let script = format!("trap '' INT; read go < {}; exit 9", go.display());
    let mut supervisor =
        Supervisor::start_as(command.arg(program::baton()), &scratch, &["loop", "--", "sh", "-c", &script]);
    wait_for("the first look", || fs::read_to_string(&calls).ok().filter(|calls| calls.contains("= 0")));
    fs::write(&go, "\n").unwrap();
    assert_eq!(supervisor.child.wait().unwrap().code(), Some(9));
    assert_eq!(scratch.state().only_run().status, Status::Active);
}

/// Starts a supervisor from a shell that ignores a signal.
fn ignoring(signal: &str, scratch: &Scratch, args: &[&str]) -> Supervisor {
    let line = format!("trap '' {signal}; exec \"$0\" \"$@\"");
    Supervisor::start_as(Command::new("bash").args(["-c", &line]).arg(program::baton()), scratch, args)
}

#[test]
fn what_it_was_started_to_ignore_does_not_count() {
    let scratch = Scratch::new();
    let (ready, go) = (work(&scratch, "ready"), work(&scratch, "go"));
    mkfifo(&go, Mode::S_IRWXU).unwrap();
    let script = format!(": > {}; read go < {}; exit 7", ready.display(), go.display());
    // As `nohup` does.
    let mut supervisor = ignoring("HUP", &scratch, &["loop", "--", "sh", "-c", &script]);
    wait_for("the command", || ready.exists().then_some(()));
    kill(supervisor.pid(), Signal::SIGHUP).unwrap();
    fs::write(&go, "\n").unwrap();
    assert_eq!(supervisor.child.wait().unwrap().code(), Some(7));
    assert_eq!(scratch.state().only_run().status, Status::Failed);
}

#[test]
fn below_a_program_that_waits_for_no_child_it_still_waits_for_its_own() {
    let scratch = Scratch::new();
    let mut supervisor = ignoring("CHLD", &scratch, &["loop", "--", "sh", "-c", "exit 7"]);
    assert_eq!(supervisor.child.wait().unwrap().code(), Some(7));
    assert_eq!(scratch.state().only_run().status, Status::Failed);
}

#[test]
fn a_signal_that_it_outlived_keeps_no_cancel_from_it() {
    let scratch = Scratch::new();
    let heard = work(&scratch, "heard");
    let mut supervisor = trapping(&scratch, Signal::SIGINT, &format!(": > {}", heard.display()));
    kill(supervisor.pid(), Signal::SIGINT).unwrap();
    wait_for("the interrupt", || heard.exists().then_some(()));
    assert_eq!(scratch.baton(["run", "cancel", "loop"]).run().code, Some(0));
    wait_for("the end", || supervisor.child.try_wait().unwrap());
    assert_eq!(scratch.state().only_run().status, Status::Cancelled);
}

#[test]
fn a_persons_cancel_ends_the_command() {
    let scratch = Scratch::new();
    let mut supervisor = Supervisor::start(&scratch, &["loop", "--", "sleep", "600"]);
    wait_for("the command", || runs(&scratch).pop().filter(|run| run.owner.child.is_some()));
    assert_eq!(scratch.baton(["run", "cancel", "loop"]).run().code, Some(0));
    assert!(!supervisor.child.wait().unwrap().success());
    let run = scratch.state().only_run();
    assert_eq!((run.status, run.fence.0), (Status::Cancelled, 1));
    scratch.state().check();
    // The name is free again for another run.
    assert_eq!(with(&scratch, "loop", "exit 0").code, Some(0));
    assert_eq!(runs(&scratch).len(), 2);
}

#[test]
fn the_shells_job_control_holds_and_continues_it() {
    let scratch = Scratch::new();
    let (ready, stopped) = (work(&scratch, "ready"), work(&scratch, "stopped"));
    // The command starts no program: a shell inside its own vfork cannot be stopped before its child continues.
    let inner = format!("trap 'exit 9' INT; : > {}; while :; do read line; done", ready.display());
    fs::write(work(&scratch, "inner.sh"), inner).unwrap();
    // `script` gives the shell a terminal of its own.
    let mut command = Command::new("script");
    command.args(["-qec", "bash --norc -i", "/dev/null"]).current_dir(scratch.home().join("work"));
    command.env_clear().envs(scratch.env()).env("BATON", program::baton()).env("TERM", "dumb");
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let Ok(mut shell) = spawned else {
        agent_baton_tests::skip("`script` is not there");
        return;
    };
    let mut keys = shell.stdin.take().unwrap();
    let mut press = |text: &str| std::io::Write::write_all(&mut keys, text.as_bytes()).unwrap();
    press("\"$BATON\" run with loop -- sh inner.sh\n");
    wait_for("the command", || ready.exists().then_some(()));
    let run = scratch.state().only_run();
    let state = |pid: u32| -> Option<char> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        stat.rsplit_once(") ")?.1.chars().next()
    };
    let pids = [run.owner.process.pid, run.owner.child.as_ref().unwrap().pid];
    press("\u{1a}");
    wait_for("both stopped", || pids.iter().all(|pid| state(*pid) == Some('T')).then_some(()));
    press(&format!("jobs > {}\n", stopped.display()));
    wait_for("the job", || fs::read_to_string(&stopped).ok().filter(|jobs| jobs.contains("Stopped")));
    press("fg\n");
    wait_for("both running", || pids.iter().all(|pid| state(*pid).is_some_and(|state| state != 'T')).then_some(()));
    press("\u{3}");
    wait_for("the end", || pids.iter().all(|pid| state(*pid).is_none()).then_some(()));
    press(&format!("echo $? > {0}.tmp; mv {0}.tmp {0}.code\nexit\n", stopped.display()));
    wait_for("the status", || {
        fs::read_to_string(format!("{}.code", stopped.display())).ok().filter(|code| code.trim() == "9")
    });
    drop(shell.wait());
    assert_eq!(scratch.state().only_run().status, Status::Active);
}

#[test]
fn agents_below_are_iterations_and_own_nothing() {
    for agent in Agent::ALL {
        let scratch = Scratch::new();
        // Nothing is in between: the agent is the command.
        let mut window = Window::open_through(&scratch, agent, "%1", &["run", "with", "loop", "--"]);
        let run = scratch.state().only_run();
        assert_eq!(run.owner.child.as_ref().map(|child| child.pid), Some(window.process.pid()), "{agent}");
        window.inherit("BATON_RUN", run.id.as_str());
        window.inherit("BATON_FENCE", "1");
        for (session, count) in [("s1", 1), ("s2", 2)] {
            for event in ["SessionStart", "UserPromptSubmit", "Stop", "SessionStart"] {
                assert_no_output(&window.hook(event, session, &json!({"prompt": "words"})));
            }
            assert_eq!(scratch.state().only_run().iteration, count, "{agent} {session}");
            let refused = window.baton(session, &["run", "start", "mine"]);
            assert_eq!(refused.code, Some(3), "{agent}: {refused:?}");
        }
        let adopted = scratch.baton(["run", "adopt", "loop", "--session", "s2", "--take"]).run();
        assert_eq!(adopted.code, Some(3), "{adopted:?}");
        assert!(adopted.stderr.contains("same command"), "{adopted:?}");
        // An agent inside a tool of this agent is not another iteration, and one that only claims to run below the
        // supervisor is none at all.
        let mut inner = Window::open_inside(&mut window, "s2", agent);
        assert_no_output(&inner.hook("SessionStart", "s3", &json!({})));
        let mut outside = Window::open(&scratch, agent, "%2");
        outside.inherit("BATON_RUN", run.id.as_str());
        outside.inherit("BATON_FENCE", "1");
        assert_no_output(&outside.hook("SessionStart", "s4", &json!({})));
        let run = scratch.state().only_run();
        assert_eq!((run.iteration, run.owner.session.is_none(), run.fence.0), (2, true, 1), "{agent}");
        let owns = outside.baton("s4", &["run", "start", "mine"]);
        assert_eq!(owns.code, Some(0), "{agent}: {owns:?}");
        let log = scratch.baton(["run", "log", run.id.as_str()]).run().stdout;
        assert!(log.contains("--- iteration 2, fence 1 ---"), "{log}");
        scratch.state().check();
    }
}

/// Returns how often the supervisor is killed at a random moment.
fn rounds() -> u64 {
    Effort::get().pick(6, 24, 240)
}

#[test]
fn killed_at_any_moment_there_is_one_run_and_never_two_commands() {
    let scratch = Scratch::new();
    let (alone, broken) = (work(&scratch, "alone"), work(&scratch, "broken"));
    // Two commands at once would conflict over the directory that only one of them can create.
    let script = format!("mkdir {0} || : > {1}; sleep 0.05; rmdir {0}; exit 1", alone.display(), broken.display());
    // The commands keep running until the test ends.
    let (mut fences, mut killed) = (0, Vec::new());
    for round in 0..rounds() {
        let mut supervisor = Supervisor::start(&scratch, &["loop", "--wait", "--", "sh", "-c", &script]);
        std::thread::sleep(Duration::from_millis(round * 7919 % 97));
        supervisor.child.kill().unwrap();
        supervisor.child.wait().unwrap();
        let unfinished = runs(&scratch).into_iter().filter(|run| run.status.is_unfinished()).collect::<Vec<_>>();
        assert!(unfinished.len() <= 1, "round {round}: {unfinished:?}");
        fences += unfinished.iter().map(|run| run.fence.0).sum::<u64>();
        killed.push(supervisor);
    }
    let last = scratch.baton(["run", "with", "loop", "--wait", "--", "true"]).run();
    assert_eq!(last.code, Some(0), "{last:?}");
    assert!(!broken.exists(), "two commands at once");
    assert!(fences > 0, "no kill came while there was a run");
    assert!(runs(&scratch).iter().all(|run| !run.status.is_unfinished()));
    scratch.state().check_records();
}
