//! Tests with a `systemctl` and a `crontab` that record their calls.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::{Scheduler, SchedulerError, WitnessCommand, WitnessTimer};

/// A user's directories, with programs that record how they are called. Their crontab is the file `crontab` there.
struct User {
    root: tempfile::TempDir,
}

/// A `systemctl` that accepts everything.
const SYSTEMD: &str = "exit 0";

/// A `systemctl` where no systemd runs.
const NO_SYSTEMD: &str = "echo 'Failed to connect to bus: No medium found' >&2; exit 1";

/// A `systemctl` that accepts everything except new units.
const REFUSING_SYSTEMD: &str = "case $2 in enable) echo 'Unit not found.' >&2; exit 1;; esac";

/// A `crontab` that works.
const CRON: &str = r#"case $1 in
    -l) if [ -e "$root/crontab" ]; then cat "$root/crontab"; else echo 'no crontab for user' >&2; exit 1; fi;;
    -r) rm "$root/crontab";;
    -) cat >"$root/crontab";;
esac"#;

/// A `crontab` for a user who may not have one.
const NO_CRON: &str = "echo 'You (user) are not allowed to use this program (crontab)' >&2; exit 1";

impl User {
    fn new(programs: &[(&str, &str)]) -> Self {
        let user = Self { root: tempfile::tempdir().unwrap() };
        fs::create_dir(user.at("bin")).unwrap();
        for (name, script) in programs {
            let root = user.root.path().display();
            let text = format!("#!/bin/sh\nroot='{root}'\necho \"{name} $*\" >>\"$root/calls\"\n{script}\n");
            fs::write(user.at("bin").join(name), text).unwrap();
            fs::set_permissions(user.at("bin").join(name), fs::Permissions::from_mode(0o755)).unwrap();
        }
        user
    }

    fn at(&self, path: &str) -> PathBuf {
        self.root.path().join(path)
    }

    fn timer<T>(&self, state: &str, act: impl FnOnce(&WitnessTimer<'_>) -> T) -> T {
        let units = self.at("units");
        let path = format!("{}:/usr/bin:/bin", self.at("bin").display());
        act(&WitnessTimer::new(state.as_ref(), Some(&units), Some(path.into())))
    }

    fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.at("calls")).unwrap_or_default();
        let _ = fs::remove_file(self.at("calls"));
        calls.lines().map(str::to_owned).collect()
    }

    fn crontab(&self) -> Option<String> {
        fs::read_to_string(self.at("crontab")).ok()
    }

    /// The names of the files of units.
    fn units(&self) -> Vec<String> {
        let entries = fs::read_dir(self.at("units")).into_iter().flatten();
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

fn command(program: &str) -> WitnessCommand {
    WitnessCommand { program: program.into(), variables: vec![("BATON_HOME", "/home/u/it's 5%".to_owned())] }
}

const STATE: &str = "/home/u/.local/state/baton";

#[test]
fn systemd_gets_two_units_and_gives_them_back() {
    let user = User::new(&[("systemctl", SYSTEMD), ("crontab", CRON)]);
    let timer = user.at("units/baton-fleet-witness.timer");
    let installed = user.timer(STATE, |timer| timer.install(&command("/opt/a b/$x/baton"), 7)).unwrap();
    assert_eq!(installed, Scheduler::Systemd(timer.clone()));
    assert_eq!(
        user.calls(),
        [
            "systemctl --user show-environment",
            "systemctl --user daemon-reload",
            "systemctl --user enable --now baton-fleet-witness.timer",
            "crontab -l",
        ]
    );
    let text = fs::read_to_string(&timer).unwrap();
    for line in ["OnCalendar=*-*-* *:*:07", "Persistent=false", "WantedBy=timers.target"] {
        assert!(text.lines().any(|it| it == line), "{text}");
    }
    let text = fs::read_to_string(timer.with_extension("service")).unwrap();
    for line in [
        "ExecStart=\"/opt/a b/$$x/baton\" fleet witness --quiet",
        "Environment=\"BATON_HOME=/home/u/it's 5%%\"",
        "Type=oneshot",
    ] {
        assert!(text.lines().any(|it| it == line), "{text}");
    }
    assert_eq!(user.timer(STATE, |timer| timer.installed()), Some(Scheduler::Systemd(timer.clone())));
    user.calls();
    assert_eq!(user.timer(STATE, |timer| timer.remove()).unwrap(), [Scheduler::Systemd(timer)]);
    assert_eq!(
        user.calls(),
        ["systemctl --user disable --now baton-fleet-witness.timer", "systemctl --user daemon-reload", "crontab -l"]
    );
    assert_eq!((user.units(), user.crontab()), (Vec::new(), None));
}

#[test]
fn without_systemd_the_crontab_gets_a_line_and_nothing_else_changes() {
    for systemd in [NO_SYSTEMD, REFUSING_SYSTEMD] {
        for before in [None, Some("MAILTO=me\n0 4 * * * backup\n"), Some("0 4 * * * backup")] {
            let user = User::new(&[("systemctl", systemd), ("crontab", CRON)]);
            if let Some(text) = before {
                fs::write(user.at("crontab"), text).unwrap();
            }
            let mut command = command("/opt/it's/baton");
            command.variables.clear();
            for second in [7, 8] {
                let installed = user.timer(STATE, |timer| timer.install(&command, second)).unwrap();
                assert_eq!(installed, Scheduler::Cron);
                assert_eq!(user.units(), [""; 0]);
                let after = user.crontab().unwrap();
                let ours = after.strip_prefix(before.unwrap_or_default()).unwrap().trim_start_matches('\n');
                assert_eq!(
                    ours.lines().collect::<Vec<_>>(),
                    [
                        format!(
                            "# The witness of baton's fleet for {STATE}: begin (`baton fleet leave` removes these lines)"
                        ),
                        format!(
                            "* * * * * sleep {second}; '/opt/it'\\''s/baton' fleet witness --quiet >/dev/null 2>&1"
                        ),
                        format!("# The witness of baton's fleet for {STATE}: end"),
                    ]
                );
            }
            assert_eq!(user.timer(STATE, |timer| timer.installed()), Some(Scheduler::Cron));
            assert_eq!(user.timer(STATE, |timer| timer.remove()).unwrap(), [Scheduler::Cron]);
            let left = before.map(|text| format!("{}\n", text.trim_end()));
            assert_eq!((user.crontab(), user.timer(STATE, |timer| timer.installed())), (left, None));
        }
    }
}

#[test]
fn where_neither_works_nothing_is_left_and_both_reasons_are_named() {
    let has_both = |cron: &'static str| vec![("systemctl", NO_SYSTEMD), ("crontab", cron)];
    for (programs, expected) in [
        (has_both(NO_CRON), ["No medium found", "not allowed"]),
        (has_both("exit 3"), ["No medium found", "exit status: 3"]),
    ] {
        let user = User::new(&programs);
        let mut plain = command("/opt/baton");
        plain.variables.clear();
        let error = user.timer(STATE, |timer| timer.install(&plain, 0)).unwrap_err().to_string();
        assert!(expected.iter().all(|words| error.contains(words)), "{error}");
        assert_eq!((user.units(), user.crontab()), (Vec::new(), None));
    }
}

#[test]
fn what_cannot_stand_in_a_line_is_refused() {
    let user = User::new(&[("systemctl", NO_SYSTEMD), ("crontab", CRON)]);
    for program in ["/opt/5%/baton", "/opt/a\\b/baton", "/opt/a\nb/baton"] {
        let mut command = command(program);
        command.variables.clear();
        let error = user.timer(STATE, |timer| timer.install(&command, 0)).unwrap_err();
        assert!(matches!(*error.cron, SchedulerError::Text(_)), "{error}");
        assert_eq!(user.crontab(), None);
    }
}

#[test]
fn what_is_not_ours_stays() {
    let user = User::new(&[("systemctl", SYSTEMD), ("crontab", CRON)]);
    fs::create_dir(user.at("units")).unwrap();
    let unit = user.at("units/baton-fleet-witness.timer");
    let mut command = command("/opt/baton");
    command.variables.clear();
    for theirs in ["[Timer]\n", "# The witness of baton's fleet for /another/state\n[Timer]\n"] {
        fs::write(&unit, theirs).unwrap();
        assert_eq!(user.timer(STATE, |timer| timer.install(&command, 0)).unwrap(), Scheduler::Cron);
        assert_eq!(user.timer("/third", |timer| timer.install(&command, 0)).unwrap(), Scheduler::Cron);
        assert_eq!(user.timer(STATE, |timer| timer.remove()).unwrap(), [Scheduler::Cron]);
        assert_eq!(fs::read_to_string(&unit).unwrap(), theirs);
        assert!(user.crontab().unwrap().contains("for /third: begin"));
    }
}

#[test]
fn what_is_already_gone_is_no_error() {
    let user = User::new(&[("systemctl", SYSTEMD), ("crontab", CRON)]);
    user.timer(STATE, |timer| timer.install(&command("/opt/baton"), 7)).unwrap();
    fs::remove_file(user.at("units/baton-fleet-witness.timer")).unwrap();
    let service = user.at("units/baton-fleet-witness.service");
    assert_eq!(user.timer(STATE, |timer| timer.remove()).unwrap(), [Scheduler::Systemd(service)]);
    assert_eq!(user.timer(STATE, |timer| timer.remove()).unwrap(), []);
    for program in ["systemctl", "crontab"] {
        fs::remove_file(user.at("bin").join(program)).unwrap();
        fs::write(user.at("bin").join(program), "").unwrap();
    }
    assert_eq!(user.timer(STATE, |timer| timer.remove()).unwrap(), []);
    assert_eq!(user.timer(STATE, |timer| timer.installed()), None);
}

#[test]
fn a_line_of_ours_that_somebody_changed_goes_with_what_is_surely_ours() {
    let user = User::new(&[("systemctl", NO_SYSTEMD), ("crontab", CRON)]);
    let begin =
        format!("# The witness of baton's fleet for {STATE}: begin (`baton fleet leave` removes these lines)\n");
    let end = format!("# The witness of baton's fleet for {STATE}: end\n");
    let line = "* * * * * sleep 3; '/old/baton' fleet witness --quiet >/dev/null 2>&1\n";
    for (ours, left) in [
        (format!("{begin}{line}{end}"), ""),
        (format!("{begin}{line}"), ""),
        (format!("{begin}{end}"), ""),
        (format!("{begin}0 1 * * * theirs\n{end}"), "0 1 * * * theirs\n"),
    ] {
        fs::write(user.at("crontab"), format!("a\n{ours}b\n")).unwrap();
        user.timer(STATE, |timer| timer.remove()).unwrap();
        let rest = user.crontab().unwrap();
        assert!(rest.starts_with(&format!("a\n{left}")) && rest.ends_with("b\n"), "{rest}");
    }
}
