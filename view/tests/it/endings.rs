//! How `baton serve` begins and ends: its port, its signals, its terminal.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_tests::view_server::ViewServer;
use agent_baton_tests::{Scratch, Window, program};
use serde_json::json;

/// A server that this test ends.
struct Started {
    child: Child,
    out: BufReader<ChildStdout>,
    address: String,
}

impl Drop for Started {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn command(scratch: &Scratch, options: &[&str]) -> Command {
    let mut command = Command::new(program::baton_view());
    let path = format!("{}:{}", program::baton().parent().unwrap().display(), scratch.env()["PATH"]);
    command.arg("serve").args(options).env_clear().envs(scratch.env()).env("PATH", path);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

impl Started {
    fn new(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut address = String::new();
        out.read_line(&mut address).unwrap();
        if address.is_empty() {
            let mut error = String::new();
            child.stderr.take().unwrap().read_to_string(&mut error).unwrap();
            panic!("no address: {error}");
        }
        Self { child, out, address }
    }

    fn port(&self) -> u16 {
        self.address.split_once(".localhost:").unwrap().1.split('/').next().unwrap().parse().unwrap()
    }

    fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// Waits for its end, and returns how it ended and what it printed beside the address.
    fn ended(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().unwrap();
        let mut text = String::new();
        self.out.read_to_string(&mut text).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        (status, text)
    }
}

/// Listens at a port that the system gives to nobody who asks for any.
fn fixed_port() -> TcpListener {
    listen(Ipv4Addr::LOCALHOST.into()).unwrap()
}

fn listen(at: IpAddr) -> Option<TcpListener> {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(20_000 + std::process::id() % 10_000).unwrap();
    let mut ports = std::iter::repeat_with(|| first + NEXT.fetch_add(1, Ordering::Relaxed)).take(1000);
    ports.find_map(|port| TcpListener::bind((at, port)).ok())
}

#[test]
fn two_servers_take_two_ports_and_show_the_same() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let [first, second] = [(); 2].map(|()| Started::new(command(&scratch, &[])));
    assert_ne!(first.port(), second.port());
    let [one, two] = [(); 2].map(|()| ViewServer::start(&scratch, &[]));
    let [mut one, mut two] = [&one, &two].map(|server| server.events(None));
    assert_eq!((one.read().1, two.read().1), ("picture".to_owned(), "picture".to_owned()));
    window.hook("SessionStart", "s1", &json!({}));
    // Each feed has ids of its own.
    assert_ne!(one.wait_for("starting"), two.wait_for("starting"));
}

#[test]
fn a_port_that_is_taken_is_named_with_the_way_out() {
    let scratch = Scratch::new();
    let taken = fixed_port();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = command(&scratch, &["--port", &port]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{error}");
    for part in [port.as_str(), "in use", "without --port"] {
        assert!(error.contains(part), "{error}");
    }
    drop(taken);
    let server = Started::new(command(&scratch, &["--port", &port]));
    assert_eq!(server.port().to_string(), port);
}

#[test]
fn only_this_machine_is_listened_to() {
    let scratch = Scratch::new();
    let server = ViewServer::start(&scratch, &[]);
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, server.port)).is_ok());
    // A socket that listens everywhere would answer at each address of the loopback device.
    assert!(TcpStream::connect((Ipv4Addr::new(127, 0, 0, 2), server.port)).is_err());
}

#[test]
fn no_other_program_has_the_port_at_an_address_where_a_browser_looks() {
    let scratch = Scratch::new();
    let Some(taken) = listen(Ipv6Addr::LOCALHOST.into()) else {
        eprintln!("SKIPPED: this system has no IPv6");
        return;
    };
    let port = taken.local_addr().unwrap().port().to_string();
    let output = command(&scratch, &["--port", &port]).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains("in use") && output.stdout.is_empty(), "{error}");
    // Without a name, a browser looks at 127.0.0.1 alone.
    let server = Started::new(command(&scratch, &["--no-name", "--port", &port]));
    assert!(server.address.starts_with(&format!("http://127.0.0.1:{port}/")), "{}", server.address);
    drop((server, taken));
    let server = Started::new(command(&scratch, &["--port", &port]));
    assert!(TcpStream::connect((Ipv6Addr::LOCALHOST, server.port())).is_ok());
}

#[test]
fn the_browser_that_was_opened_leaves_nothing_behind() {
    let scratch = Scratch::new();
    let (programs, seen) = (scratch.root().join("programs"), scratch.root().join("seen"));
    fs::create_dir(&programs).unwrap();
    let script = format!("#!/bin/sh\necho \"$$ $1\" >'{0}.new'\nmv '{0}.new' '{0}'\n", seen.display());
    fs::write(programs.join("xdg-open"), script).unwrap();
    fs::set_permissions(programs.join("xdg-open"), fs::Permissions::from_mode(0o700)).unwrap();
    let mut opening = command(&scratch, &["--port", "0", "--open"]);
    let path = opening.get_envs().find(|(name, _)| *name == "PATH").and_then(|(_, path)| path).unwrap().to_owned();
    opening.env("PATH", format!("{}:{}", programs.display(), path.to_str().unwrap()));
    let server = Started::new(opening);
    let end = Instant::now() + Duration::from_secs(60);
    let opened = loop {
        if let Ok(opened) = fs::read_to_string(&seen) {
            break opened;
        }
        assert!(Instant::now() < end, "no browser is opened");
        thread::sleep(Duration::from_millis(10));
    };
    let (pid, address) = opened.trim().split_once(' ').unwrap();
    assert!(address.starts_with(server.address.split_once('=').unwrap().0), "{address}");
    // Every account can see this address.
    assert_ne!(address, server.address.trim());
    while fs::exists(format!("/proc/{pid}")).unwrap() {
        assert!(Instant::now() < end, "nobody waits for the end of the program");
        thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_signal_ends_it_with_the_status_of_that_signal() {
    let (scratch, port) = (Scratch::new(), fixed_port().local_addr().unwrap().port().to_string());
    for (name, number) in [("-TERM", 15), ("-INT", 2), ("-HUP", 1), ("-QUIT", 3), ("-KILL", 9)] {
        // The port is free again at once.
        let server = Started::new(command(&scratch, &["--port", &port]));
        server.signal(name);
        let (status, text) = server.ended();
        assert_eq!((status.signal(), text.as_str()), (Some(number), ""), "{name}");
    }
}

#[test]
fn it_goes_on_without_its_terminal_only_if_it_was_told_to() {
    let scratch = Scratch::new();
    // As `nohup` starts it.
    let mut ignoring = Command::new("sh");
    let view = program::baton_view().to_str().unwrap();
    let path = format!("{}:{}", program::baton().parent().unwrap().display(), scratch.env()["PATH"]);
    ignoring.args(["-c", "trap '' HUP; exec \"$0\" serve --port 0", view]).env_clear().envs(scratch.env());
    ignoring.env("PATH", path).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let server = Started::new(ignoring);
    server.signal("-HUP");
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, server.port())).is_ok());
    server.signal("-TERM");
    assert_eq!(server.ended().0.signal(), Some(15));
}

#[test]
fn nobody_reads_the_address_so_it_ends() {
    let scratch = Scratch::new();
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let output = command(&scratch, &["--port", "0"]).stdout(full).output().unwrap();
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && error.contains("standard output"), "{error}");
    let mut closed = command(&scratch, &["--port", "0"]);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = closed.stdout(writer).output().unwrap();
    assert!(!output.status.success(), "{output:?}");
}

#[test]
fn without_a_home_it_says_what_is_missing_or_goes_on() {
    for variables in [&["HOME"][..], &["HOME", "XDG_CONFIG_HOME"], &["HOME", "XDG_CONFIG_HOME", "BATON_HOME"]] {
        let scratch = Scratch::new();
        let mut command = command(&scratch, &["--port", "0"]);
        for name in variables {
            command.env_remove(name);
        }
        // The account's home is not this test's: nothing may be written there.
        command.env("XDG_STATE_HOME", scratch.root().join("state-home")).process_group(0);
        let server = Started::new(command);
        let deadline = Instant::now() + Duration::from_secs(10);
        while TcpStream::connect((Ipv4Addr::LOCALHOST, server.port())).is_err() {
            assert!(Instant::now() < deadline, "{variables:?}");
        }
    }
}
