use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use baton_fleet_protocol::{Answer, Cause, Identity, Request};
use serde::Serialize;

use crate::machine::{LONG_MS, Machine, changed, new_fleet, new_row, opening};

/// How long to wait for a condition that must become true.
const WAIT: Duration = Duration::from_secs(60);

/// The built program.
struct Program {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Program {
    /// Starts it without an argument, in an environment that would lead another client astray.
    fn start() -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_baton-fleet"))
            .env_clear()
            .envs([("PGHOST", "nowhere.invalid"), ("PGUSER", "x"), ("PGPASSWORD", "x"), ("PGSSLMODE", "disable")])
            .envs([("PGOPTIONS", "-c default_transaction_isolation=read\\ committed"), ("PGDATABASE", "x")])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        Self { child, input, output }
    }

    fn say(&mut self, message: &impl Serialize) {
        let mut line = serde_json::to_vec(message).unwrap();
        line.push(b'\n');
        self.input.as_mut().unwrap().write_all(&line).unwrap();
    }

    fn answer(&mut self) -> Answer {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        assert!(!line.contains("sEcret"), "{line}");
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    fn ask(&mut self, request: &Request) -> Answer {
        self.say(request);
        self.answer()
    }

    /// Closes its input and returns what it printed to standard error.
    fn end(mut self) -> (bool, String) {
        self.input = None;
        let output = self.child.wait_with_output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    }
}

#[test]
fn a_conversation_over_pipes() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let a = Machine::join(&url, "a");
    let run = a.run("r1", "s1", 1);
    let mut program = Program::start();
    program.say(&opening(&postgres.tcp_url(&database), Some(a.identity), LONG_MS));
    assert_eq!(program.ask(&crate::machine::commit(1, vec![new_row(&run)])), Answer::Committed { change: 1 });
    let read = Request::Read { runs: vec!["r1".parse().unwrap()], sessions: vec![], projects: vec![] };
    let Answer::Rows(rows) = program.ask(&read) else { panic!() };
    let write = changed(&rows.rows[0], |run| run.iteration = 1);
    assert_eq!(program.ask(&crate::machine::commit(2, vec![write])), Answer::Committed { change: 2 });
    program.say(&"no request");
    assert!(matches!(program.answer(), Answer::Failed(failure) if failure.cause == Cause::Protocol));
    assert_eq!(program.end(), (true, String::new()));
}

#[test]
fn the_program_reveals_no_secret() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let a = Machine::join(&url, "a");
    let mut program = Program::start();
    program.say(&opening(&postgres.tcp_url(&database), Some(a.identity), LONG_MS));
    assert!(matches!(program.ask(&Request::List { limit: 1 }), Answer::Rows(_)));
    let proc = format!("/proc/{}", program.child.id());
    for file in ["cmdline", "environ"] {
        // What nobody may read reveals nothing. The tests may run as root, who may.
        let text = std::fs::read(format!("{proc}/{file}")).unwrap_or_default();
        assert!(!String::from_utf8_lossy(&text).contains("sEcret"), "{file}");
    }
    let limits = std::fs::read_to_string(format!("{proc}/limits")).unwrap();
    let core = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    assert_eq!(core.split_whitespace().collect::<Vec<_>>()[4..6], ["0", "0"]);
    // A process that cannot be dumped has files in /proc that belong to root.
    let owner = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(format!("{proc}/environ")).unwrap());
    assert_eq!(owner, 0);
    assert_eq!(program.end(), (true, String::new()));
    for line in ["sEcret", "{\"version\":\"sEcret\"}"] {
        let mut program = Program::start();
        program.input.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
        let (success, stderr) = program.end();
        assert!(!success && !stderr.contains("sEcret") && stderr.lines().count() == 1, "{stderr}");
    }
}

#[test]
fn a_line_that_is_too_long_ends_the_program() {
    let mut program = Program::start();
    program.say(&opening("postgresql://a@localhost/f", None::<Identity>, LONG_MS));
    let long = vec![b'x'; 9 * 1024 * 1024];
    // The program ends before it has read all.
    let _ = program.input.as_mut().unwrap().write_all(&long);
    let (success, stderr) = program.end();
    assert!(!success && stderr.contains("longer than 8388608 bytes"), "{stderr}");
}

#[test]
fn the_program_ends_with_the_process_that_started_it() {
    let mut shell = Command::new("/bin/sh")
        .args(["-c", "exec 3<&0; \"$0\" <&3 & echo $!; wait", env!("CARGO_BIN_EXE_baton-fleet")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = shell.stdin.take().unwrap();
    for line in [
        serde_json::to_string(&opening("postgresql://a@localhost/f", None, LONG_MS)).unwrap(),
        serde_json::to_string(&Request::PrintSchema { role: None }).unwrap(),
    ] {
        writeln!(input, "{line}").unwrap();
    }
    // The pid and the answer. After the answer, the program is protected.
    let lines: Vec<String> =
        BufReader::new(shell.stdout.take().unwrap()).lines().take(2).collect::<Result<_, _>>().unwrap();
    let pid: u32 = lines.iter().find_map(|line| line.parse().ok()).unwrap();
    shell.kill().unwrap();
    shell.wait().unwrap();
    let begun = Instant::now();
    let is_alive = || {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
    };
    while is_alive() {
        assert!(begun.elapsed() < WAIT, "{pid} goes on");
        std::thread::sleep(Duration::from_millis(2));
    }
    // Its input was open until now.
    drop(input);
}
