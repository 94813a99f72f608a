//! `baton run with --fleet` on two machines: one command of a name runs, on all machines together.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use agent_baton_tests::program;
use baton_test_postgres::fleet::{Fleet, Machine};
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// A supervisor that runs beside the test. Dropping it kills it and its command.
struct Supervisor(Child);

impl Supervisor {
    fn start(machine: &Machine, script: &str) -> Self {
        let mut command = Command::new(program::baton());
        command.args(["run", "with", "build", "--fleet", "--", "sh", "-c", script]);
        command.current_dir(machine.scratch.home().join("work")).env_clear().envs(machine.scratch.env());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self(command.process_group(0).spawn().unwrap())
    }

    fn kill(&mut self) {
        let _ = killpg(Pid::from_raw(self.0.id().try_into().unwrap()), Signal::SIGKILL);
        self.0.wait().unwrap();
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.kill();
    }
}

fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn with(machine: &Machine, script: &str) -> agent_baton_tests::scratch::Output {
    machine.baton(["run", "with", "build", "--fleet", "--", "sh", "-c", script])
}

#[test]
fn one_command_of_a_name_runs_on_two_machines() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let started = a.scratch.home().join("work/started");
    let mut first = Supervisor::start(&a, "touch started; sleep 1000");
    wait_for("the command runs", || started.exists());
    let row = || fleet.sql("select fence, status from baton.run").trim().to_owned();
    assert_eq!(row(), "1|active");

    let refused = with(&b, "touch ran");
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("laptop"), "{refused:?}");
    assert!(!b.scratch.home().join("work/ran").exists());
    // The witness renews the lease of a command as well.
    fleet.end_leases();
    a.witness();
    let refused = with(&b, "touch ran");
    assert_eq!(refused.code, Some(3), "{refused:?}");

    // It was killed, with its supervisor, and its machine says so.
    first.kill();
    a.witness();
    let ended = with(&b, "touch ran");
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(b.scratch.home().join("work/ran").exists());
    assert_eq!(row(), "2|done");
    a.witness();
    let again = with(&a, "exit 7");
    assert_eq!(again.code, Some(7), "{again:?}");
    assert_eq!(fleet.sql("select count(*), count(distinct id) from baton.run").trim(), "2|2");
    for machine in [&a, &b] {
        machine.scratch.state().check_records();
    }
}

#[test]
fn two_machines_that_start_a_command_at_once_run_it_once() {
    let Some(fleet) = Fleet::new() else { return };
    let machines = ["laptop", "desktop"].map(|name| fleet.machine(name));
    // The one that runs goes on until the other one was refused.
    let refused = machines[0].scratch.root().join("refused");
    let script = format!("while [ ! -e '{}' ]; do sleep 0.01; done", refused.display());
    let codes = std::thread::scope(|scope| {
        let calls = machines.each_ref().map(|machine| {
            scope.spawn(|| {
                let ended = with(machine, &script);
                if ended.code == Some(3) {
                    std::fs::write(&refused, "").unwrap();
                }
                ended.code
            })
        });
        calls.map(|call| call.join().unwrap())
    });
    assert!(matches!(codes, [Some(0), Some(3)] | [Some(3), Some(0)]), "{codes:?}");
    assert_eq!(fleet.sql("select count(*), min(status) from baton.run").trim(), "1|done");
}
