//! What `baton fleet join` gives to systemd and to cron is what they accept, and it does a round of the witness.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use agent_baton_tests::skip;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::Value;

/// A `systemctl` that accepts everything.
const SYSTEMCTL: &str = "exit 0";

/// A `systemctl` where no systemd runs.
const NO_SYSTEMCTL: &str = "echo 'Failed to connect to bus: No medium found' >&2; exit 1";

/// A `crontab` that works. The table is the file `crontab` beside it.
const CRONTAB: &str = "table=$(dirname \"$0\")/table\ncase $1 in -l) cat \"$table\" 2>/dev/null || { echo 'no crontab' >&2; exit 1; };; \
                       -) cat >\"$table\";; esac";

/// Returns a machine that joined with these programs on its path.
fn joined(fleet: &Fleet, programs: &[(&str, &str)]) -> Machine {
    let machine = fleet.unjoined();
    let bin = machine.scratch.root().join("scheduler");
    fs::create_dir(&bin).unwrap();
    for (name, script) in programs {
        fs::write(bin.join(name), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(bin.join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    let path = format!("{}:/usr/bin:/bin", bin.display());
    let joined = machine.scratch.baton(["fleet", "join"]).env("PATH", path).run();
    assert_eq!(joined.code, Some(0), "{joined:?}");
    machine
}

/// Runs a shell command as a scheduler does, with hardly a variable, and checks that it did a round of the witness and printed
/// nothing.
fn check_round(machine: &Machine, command: &str) {
    machine.edit_fleet_file("membership.json", |membership| membership["witnessed"] = Value::Null);
    let output = Command::new("/bin/sh")
        .args(["-c", command])
        .current_dir("/")
        .env_clear()
        .envs([("PATH", "/usr/bin:/bin"), ("SHELL", "/bin/sh"), ("LOGNAME", "me")])
        .env("HOME", machine.scratch.home())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(), "{command}: {output:?}");
    assert!(!machine.fleet_file("membership.json")["witnessed"].is_null(), "{command}");
}

fn units(machine: &Machine) -> std::path::PathBuf {
    machine.scratch.home().join(".config/systemd/user")
}

#[test]
fn the_line_of_the_crontab_does_a_round_in_the_environment_of_cron() {
    let Some(fleet) = Fleet::new() else { return };
    let machine = joined(&fleet, &[("systemctl", NO_SYSTEMCTL), ("crontab", CRONTAB)]);
    let table = fs::read_to_string(machine.scratch.root().join("scheduler/table")).unwrap();
    let lines: Vec<&str> = table.lines().filter(|line| !line.starts_with('#')).collect();
    let [line] = lines[..] else { panic!("{table}") };
    let command = line.strip_prefix("* * * * * ").expect("each minute");
    // cron ends the command at a percent sign.
    assert!(!command.contains('%'), "{command}");
    let (sleep, command) = command.split_once("; ").unwrap();
    assert!(sleep.strip_prefix("sleep ").and_then(|second| second.parse::<u8>().ok()).is_some_and(|it| it < 60));
    check_round(&machine, command);
}

#[test]
fn systemd_accepts_the_units() {
    let Some(fleet) = Fleet::new() else { return };
    let machine = joined(&fleet, &[("systemctl", SYSTEMCTL), ("crontab", "exit 1")]);
    let units = units(&machine);
    let service = fs::read_to_string(units.join("baton-fleet-witness.service")).unwrap();
    let line = |key: &str| service.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default().to_owned();
    // The words and the variables are quoted as for a shell here.
    let variables: String = service
        .lines()
        .filter_map(|line| line.strip_prefix("Environment="))
        .fold(String::new(), |all, variable| format!("{all} {variable}"));
    check_round(&machine, &format!("exec env {variables} {}", line("ExecStart=")));
    let analyze = Path::new("/usr/bin/systemd-analyze");
    if !analyze.exists() {
        return skip("systemd-analyze is not installed");
    }
    let mut command = Command::new(analyze);
    command.args(["verify", "--user", "--man=no"]).arg(units.join("baton-fleet-witness.timer"));
    command.arg(units.join("baton-fleet-witness.service"));
    let output = command.env("XDG_RUNTIME_DIR", machine.scratch.root()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // The machine's own units may have faults.
    assert!(output.status.success() && !said.contains("baton"), "{said}");
}
