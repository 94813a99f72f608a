//! Switches to panes and resumes sessions, with real tmux servers.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_tests::program;
use agent_baton_tests::scratch::Output;
use agent_baton_tests::skip;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// A tmux server that belongs to one test. It ends when dropped.
pub(super) struct Server {
    socket: PathBuf,
}

impl Server {
    /// Returns `None` if tmux is not installed, and prints that. The server starts with its first session.
    pub(super) fn new(scratch: &Scratch) -> Option<Self> {
        let there = Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success());
        if !there {
            skip("tmux is not there");
        }
        there.then(|| {
            let directory = scratch.root().join(format!("tmux-{}", nix::unistd::geteuid()));
            fs::create_dir_all(&directory).unwrap();
            fs::set_permissions(&directory, fs::Permissions::from_mode(0o700)).unwrap();
            Self { socket: directory.join("test") }
        })
    }

    fn is_running(&self) -> bool {
        !self.ask(&["list-sessions"]).is_empty()
    }

    /// Ends the server. It removes its socket last, so another server can only be started once its process is gone.
    fn kill(&self) {
        let pid = self.ask(&["display-message", "-p", "#{pid}"]);
        self.ask(&["kill-server"]);
        until_gone("the server is gone", &pid);
    }

    pub(super) fn ask(&self, args: &[&str]) -> String {
        let output =
            Command::new("tmux").args(["-f", "/dev/null", "-S"]).arg(&self.socket).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}

pub(super) fn until(what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !holds() {
        assert!(Instant::now() < deadline, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn until_gone(what: &str, pid: &str) {
    let stat = Path::new("/proc").join(pid).join("stat");
    until(what, || fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z ")));
}

/// Creates a session with a prompt in a window that is dead now.
fn lost(scratch: &Scratch, server: &Server, agent: Agent, session: &str) {
    let pane = format!("%1{}", session.len() + usize::from(session.as_bytes()[0]));
    let mut window = Window::open(scratch, agent, &pane).on(&server.socket);
    assert_no_output(&window.hook("SessionStart", session, &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", session, &json!({"prompt": "words"})));
    window.process.kill();
}

/// Creates agents that record how they were started, and keep running.
fn agents(scratch: &Scratch) -> PathBuf {
    let (dir, log) = (scratch.root().join("scripts"), scratch.root().join("started"));
    fs::create_dir(&dir).unwrap();
    for name in ["claude", "codex"] {
        let path = dir.join(name);
        fs::write(&path, format!("#!/bin/sh\necho {name} \"$@\" in \"$PWD\" >> {}\nexec sleep 1000\n", log.display()))
            .unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    log
}

/// Returns a PATH with those agents first.
fn path(scratch: &Scratch) -> String {
    format!("{}:/usr/local/bin:/usr/bin:/bin", scratch.root().join("scripts").display())
}

fn resume(scratch: &Scratch, words: &str) -> Output {
    let command = scratch.baton(["resume"].into_iter().chain(words.split_whitespace()));
    command.env("PATH", path(scratch)).env("TMUX_TMPDIR", scratch.root()).run()
}

fn started(log: &PathBuf) -> Vec<String> {
    let mut lines: Vec<String> = fs::read_to_string(log).unwrap_or_default().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

/// A shell under an agent's name, started from a pane of a real server.
pub(super) struct ShellAgent {
    pub(super) pid: u32,
}

impl ShellAgent {
    /// Starts it in a new window, below the words of `launcher`, and waits until its session is registered.
    fn start(scratch: &Scratch, server: &Server, session: &str, launcher: &str) -> Self {
        Self::start_with(scratch, server, session, launcher, &[], "while :; do sleep 1; done")
    }

    /// The same. It then sends these events, each with its fields, and goes on with this script, in its own directory.
    pub(super) fn start_with(
        scratch: &Scratch,
        server: &Server,
        session: &str,
        launcher: &str,
        events: &[(&str, &str)],
        rest: &str,
    ) -> Self {
        let dir = scratch.root().join(session);
        fs::create_dir(&dir).unwrap();
        // A link: the kernel takes the program's name for the process'.
        program::link(Path::new("/bin/bash"), &dir.join("claude")).unwrap();
        let payload = |event: &str, more: &str| {
            format!(r#"{{"session_id":"{session}","cwd":"'$PWD'","hook_event_name":"{event}"{more}}}"#)
        };
        let hook = |(event, more): &(&str, &str)| {
            format!("printf '{}' | {} hook --agent claude\n", payload(event, more), program::baton().display())
        };
        let events: String = events.iter().map(hook).collect();
        // On a busy machine, the time limit of a hook may end it before it registers the session.
        let script = format!(
            "trap '' HUP\nexport CLAUDE_PID=$$\n\
             until {baton} session show {session} >session 2>&1; do printf '{}' | {baton} hook --agent claude; done\n\
             printf '{}' | {baton} hook --agent claude\n\
             {events}echo $$ > pid.new\nmv pid.new pid\n{rest}\n",
            payload("SessionStart", r#","source":"startup""#),
            payload("UserPromptSubmit", r#","prompt":"words""#),
            baton = program::baton().display(),
        );
        fs::write(dir.join("script"), script).unwrap();
        let command = format!("cd {} && {}", dir.display(), launcher.replace("AGENT", "./claude script"));
        let environment: Vec<String> =
            scratch.env().into_iter().flat_map(|(name, value)| ["-e".to_owned(), format!("{name}={value}")]).collect();
        let mut words = vec![if server.is_running() { "new-window" } else { "new-session" }, "-d"];
        words.extend(environment.iter().map(String::as_str));
        words.push(&command);
        server.ask(&words);
        let pid = || fs::read_to_string(dir.join("pid")).ok()?.trim().parse().ok();
        until("the agent registered its session", || pid().is_some());
        Self { pid: pid().unwrap() }
    }

    fn kill(self) {
        drop(self);
    }
}

impl Drop for ShellAgent {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-9", &self.pid.to_string()]).status();
        until_gone("the agent is gone", &self.pid.to_string());
    }
}

#[test]
fn a_pane_is_selected_on_its_own_server_or_named() {
    let scratch = Scratch::new();
    let Some(server) = Server::new(&scratch) else { return };
    server.ask(&["new-session", "-d", "-s", "my work", "sleep 1000"]);
    let active = || server.ask(&["display-message", "-p", "#{pane_id}"]);
    let first = active();
    let agent = ShellAgent::start(&scratch, &server, "s1", "exec AGENT");
    let pane = server.ask(&["display-message", "-p", "-t", ":1", "#{pane_id}"]);
    assert_eq!(active(), first);
    assert_ne!(first, pane);
    assert_eq!(scratch.baton(["run", "start", "demo", "--session", "s1"]).run().code, Some(0));
    let went = scratch.baton(["go", "s1"]).run();
    assert_eq!(went.code, Some(0), "{went:?}");
    assert!(went.stdout.contains("attach -t 'my work'"), "{went:?}");
    assert_eq!(active(), pane);
    server.ask(&["select-window", "-t", ":0"]);
    assert_eq!(scratch.baton(["go", "demo"]).run().code, Some(0), "a run's owner");
    assert_eq!(active(), pane);
    let pid = agent.pid.to_string();
    server.ask(&["kill-pane", "-t", &pane]);
    let gone = scratch.baton(["go", "s1"]).run();
    assert_eq!(gone.code, Some(1), "{gone:?}");
    assert!(gone.stderr.contains(&pane) && gone.stderr.contains(&pid), "{gone:?}");
    agent.kill();
    let dead = scratch.baton(["go", "s1"]).run();
    assert_eq!(dead.code, Some(4), "{dead:?}");
    assert!(dead.stderr.contains("baton resume s1"), "{dead:?}");
    let ownerless = scratch.baton(["go", "demo"]).run();
    assert_eq!((ownerless.code, ownerless.stdout.as_str()), (Some(4), ""), "the pane may be another's: {ownerless:?}");
    assert!(ownerless.stderr.contains("baton resume s1"), "{ownerless:?}");
    assert_eq!(scratch.baton(["run", "cancel", "demo"]).run().code, Some(0));
    let ended = scratch.baton(["go", "demo"]).run();
    assert!(ended.code == Some(4) && ended.stderr.contains("cancelled"), "{ended:?}");
    assert_eq!(scratch.baton(["go", "zz"]).run().code, Some(4));
}

/// Whoever was started from a pane has its variables, and is seen elsewhere or nowhere.
#[test]
fn a_pane_that_shows_another_terminal_is_not_the_agents() {
    for (launcher, expected) in [
        ("exec AGENT", "pane %1"),
        ("sh -c 'AGENT; :'", "pane %1"),
        ("setsid script -qfec 'AGENT' /dev/null </dev/null >/dev/null 2>&1", "terminal pts/"),
        ("script -qfec 'AGENT' /dev/null </dev/null >/dev/null 2>&1 & sleep 1000", "terminal pts/"),
        ("setsid AGENT </dev/null >/dev/null 2>&1", "an unknown pane"),
        ("TMUX_PANE=%7 AGENT; :", "terminal pts/"),
        ("TMUX=${TMUX%%,*},4194304,0 AGENT; :", "terminal pts/"),
    ] {
        let scratch = Scratch::new();
        let Some(server) = Server::new(&scratch) else { return };
        server.ask(&["new-session", "-d", "sleep 1000"]);
        let _agent = ShellAgent::start(&scratch, &server, "s1", launcher);
        let went = scratch.baton(["go", "s1"]).run();
        let is_there = expected.starts_with("pane");
        assert_eq!(went.code, Some(if is_there { 0 } else { 1 }), "{launcher}: {went:?}");
        let told = went.stdout + &went.stderr;
        assert!(told.contains(&format!("session s1 is in {expected}")), "{launcher}: {told}");
    }
}

/// It was in the pane when it registered. Its server went away, and another has a pane of the same number.
#[test]
fn a_pane_of_a_restarted_server_is_not_gone_to() {
    let scratch = Scratch::new();
    let Some(server) = Server::new(&scratch) else { return };
    let agent = ShellAgent::start(&scratch, &server, "s1", "exec AGENT");
    assert_eq!(scratch.baton(["go", "s1"]).run().code, Some(0));
    assert_eq!(scratch.baton(["run", "start", "demo", "--session", "s1"]).run().code, Some(0));
    server.kill();
    server.ask(&["new-session", "-d", "sleep 1000"]);
    for name in ["s1", "demo"] {
        let went = scratch.baton(["go", name]).run();
        assert_eq!((went.code, went.stdout.as_str()), (Some(1), ""), "{name}: {went:?}");
        assert!(went.stderr.contains(&format!("is pid {}, on no terminal", agent.pid)), "{name}: {went:?}");
    }
}

/// A listener in the place of a tmux server. It would tell a client what to run.
fn listener(socket: &Path) -> UnixListener {
    let listener = UnixListener::bind(socket).unwrap();
    listener.set_nonblocking(true).unwrap();
    listener
}

pub(super) fn assert_no_client(listener: &UnixListener, what: &str) {
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock, "{what}");
}

/// Makes the record of a session as it is if a repository's settings name a socket to the hooks. Returns the listener.
pub(super) fn named_by_a_hook(scratch: &Scratch, server: &Server, session: &str) -> UnixListener {
    let socket = scratch.root().join("false");
    let record = scratch.state_dir().join("sessions").join(format!("{session}.json"));
    let recorded = fs::read_to_string(&record).unwrap();
    let renamed = recorded.replace(server.socket.to_str().unwrap(), socket.to_str().unwrap());
    assert_ne!(renamed, recorded);
    fs::write(&record, renamed).unwrap();
    listener(&socket)
}

#[test]
fn a_server_that_only_a_hook_names_gets_no_client() {
    let scratch = Scratch::new();
    let Some(server) = Server::new(&scratch) else { return };
    let agent = ShellAgent::start(&scratch, &server, "s1", "exec AGENT");
    let listener = named_by_a_hook(&scratch, &server, "s1");
    let went = scratch.baton(["go", "s1"]).run();
    assert_eq!((went.code, went.stdout.as_str()), (Some(1), ""), "{went:?}");
    let why = format!("pid {} (claude) was not started there", agent.pid);
    assert!(went.stderr.contains(&why), "{went:?}");
    assert_no_client(&listener, "go");
    agent.kill();
    let dry = resume(&scratch, "s1 --tmux --dry-run");
    assert!(dry.code == Some(0) && !dry.stdout.contains("/false"), "{dry:?}");
    assert_no_client(&listener, "resume");
}

/// The agent was started with this socket, and another account could listen there.
#[test]
fn a_server_that_another_account_could_have_made_gets_no_client() {
    let scratch = Scratch::new();
    let Some(server) = Server::new(&scratch) else { return };
    let open = scratch.root().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
    let listener = listener(&open.join("s"));
    let launcher = format!("TMUX={},1,0 TMUX_PANE=%0 AGENT; :", open.join("s").display());
    let _agent = ShellAgent::start(&scratch, &server, "s1", &launcher);
    let went = scratch.baton(["go", "s1"]).run();
    assert_eq!((went.code, went.stdout.as_str()), (Some(1), ""), "{went:?}");
    assert!(went.stderr.contains("other accounts may write into ") && went.stderr.contains("/open"), "{went:?}");
    assert_no_client(&listener, "go");
    let inside = [("TMUX", format!("{},1,0", open.join("s").display())), ("TMUX_PANE", "%0".to_owned())];
    lost(&scratch, &server, Agent::Claude, "aa1");
    let opened =
        inside.iter().fold(scratch.baton(["resume", "aa1", "--tmux"]), |it, (name, value)| it.env(name, value)).run();
    assert_eq!(opened.code, Some(1), "{opened:?}");
    assert!(opened.stderr.contains("other accounts may write into "), "{opened:?}");
    assert_no_client(&listener, "resume");
}

/// A path in a payload is not enough: the settings of a profile name commands, which the resumed agent would run.
#[test]
fn a_session_of_another_profile_is_resumed_in_it_if_its_agent_was_started_so() {
    let scratch = Scratch::new();
    let profile = fs::canonicalize(scratch.home()).unwrap().join("profile");
    fs::create_dir_all(profile.join("projects/-w")).unwrap();
    let profile = profile.to_str().unwrap();
    let variable = ("CLAUDE_CONFIG_DIR", profile);
    for (session, mut window) in [
        ("aa1", Window::open_with(&scratch, Agent::Claude, "%1", &[variable])),
        ("bb2", Window::open(&scratch, Agent::Claude, "%2").with(variable.0, variable.1)),
    ] {
        let transcript = format!("{profile}/projects/-w/{session}.jsonl");
        assert_no_output(&window.hook("SessionStart", session, &json!({"transcript_path": transcript})));
        assert_no_output(&window.hook("UserPromptSubmit", session, &json!({"prompt": "words"})));
        window.process.kill();
    }
    let work = scratch.home().join("work");
    let command =
        |session: &str| format!("cd {} && env CLAUDE_CONFIG_DIR={profile} claude --resume {session}\n", work.display());
    assert_eq!(resume(&scratch, "aa1").stdout, command("aa1"));
    let dry = resume(&scratch, "aa1 --tmux --dry-run");
    assert!(dry.stdout.contains(&format!("env CLAUDE_CONFIG_DIR={profile} claude --resume aa1")), "{dry:?}");
    for words in ["bb2", "bb2 --tmux", "bb2 --tmux --dry-run"] {
        let refused = resume(&scratch, words);
        assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""), "{words}: {refused:?}");
        let why = format!("nothing proves that the settings in {profile} are yours");
        assert!(refused.stderr.contains(&why), "{words}: {refused:?}");
        assert!(refused.stderr.contains(command("bb2").trim()), "{words}: {refused:?}");
    }
    let all = resume(&scratch, "--lost");
    assert_eq!(all.stdout, command("aa1"));
    assert!(all.stderr.contains("session bb2 is not resumed"), "{all:?}");
}

/// An agent announces the session of another one with a transcript of its own.
#[test]
fn another_agents_transcript_is_no_profile_of_a_session() {
    let scratch = Scratch::new();
    let home = fs::canonicalize(scratch.home()).unwrap();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    for (agent, folder, source) in [("own", ".claude", "startup"), ("other", "work/evil", "resume")] {
        let directory = home.join(folder).join("projects/-w");
        fs::create_dir_all(&directory).unwrap();
        let transcript = directory.join("aa1.jsonl");
        fs::write(&transcript, "{}\n").unwrap();
        let fields = json!({"transcript_path": transcript, "source": source});
        window.hook("SessionStart", "aa1", &fields);
        window.hook("UserPromptSubmit", "aa1", &json!({"prompt": "words"}));
        window.process.kill();
        if agent == "own" {
            window = Window::open(&scratch, Agent::Claude, "%2");
        }
    }
    let refused = resume(&scratch, "aa1 --tmux");
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""), "{refused:?}");
    assert!(refused.stderr.contains("nothing proves that the settings in "), "{refused:?}");
}

/// Claude names a transcript's folder after the directory in which the conversation began. Codex writes that directory
/// into the first line.
#[test]
fn a_session_is_resumed_where_its_conversation_began() {
    let scratch = Scratch::new();
    let home = fs::canonicalize(scratch.home()).unwrap();
    let (work, below) = (home.join("work"), home.join("work/below"));
    fs::create_dir(&below).unwrap();
    let folder = work.to_str().unwrap().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let transcript = home.join(format!(".claude/projects/{folder}/aa1.jsonl"));
    let rollout = home.join(".codex/sessions/2026/01/02/rollout-bb2.jsonl");
    fs::create_dir_all(rollout.parent().unwrap()).unwrap();
    fs::create_dir_all(work.join(".git")).unwrap();
    fs::write(work.join(".git/HEAD"), "ref: x").unwrap();
    let line = json!({"type": "session_meta", "payload": {"cwd": work, "source": "cli"}});
    fs::write(&rollout, format!("{line}\n")).unwrap();
    for (agent, session, transcript, source) in
        [(Agent::Claude, "aa1", &transcript, "clear"), (Agent::Codex, "bb2", &rollout, "startup")]
    {
        let mut window = Window::open(&scratch, agent, "%1");
        let fields = |own: serde_json::Value| {
            let mut fields = json!({"transcript_path": transcript, "cwd": below});
            fields.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
            fields
        };
        assert_no_output(&window.hook("SessionStart", session, &fields(json!({"source": source}))));
        assert_no_output(&window.hook("UserPromptSubmit", session, &fields(json!({"prompt": "words"}))));
        window.process.kill();
        let printed = resume(&scratch, session).stdout;
        assert!(printed.starts_with(&format!("cd {} && ", work.display())), "{printed}");
        let dry = resume(&scratch, &format!("{session} --tmux --dry-run")).stdout;
        assert!(dry.contains(&format!("-c {} ", work.display())), "{dry}");
    }
    // The directory was renamed while nobody worked in it: the way out names the command.
    fs::rename(&work, home.join("new")).unwrap();
    let refused = scratch.baton(["resume", "aa1"]).cwd(&home).run();
    assert_eq!(refused.code, Some(3), "{refused:?}");
    assert!(refused.stderr.contains("run this in its new place: claude --resume aa1"), "{refused:?}");
}

#[test]
fn what_is_brought_back_is_printed_and_the_rest_is_named() {
    let scratch = Scratch::new();
    let Some(server) = Server::new(&scratch) else { return };
    lost(&scratch, &server, Agent::Claude, "aa1");
    lost(&scratch, &server, Agent::Codex, "bb2");
    let mut empty = Window::open(&scratch, Agent::Claude, "%5");
    assert_no_output(&empty.hook("SessionStart", "empty", &json!({})));
    empty.process.kill();
    let mut alive = Window::open(&scratch, Agent::Claude, "%6");
    assert_no_output(&alive.hook("SessionStart", "alive", &json!({})));
    assert_no_output(&alive.hook("UserPromptSubmit", "alive", &json!({"prompt": "words"})));
    let work = scratch.home().join("work");
    let before = scratch.state();
    let printed = resume(&scratch, "--lost");
    let expected = format!("cd {0} && codex resume bb2\ncd {0} && claude --resume aa1\n", work.display());
    assert_eq!((printed.code, printed.stdout.as_str(), printed.stderr.as_str()), (Some(0), expected.as_str(), ""));
    assert_eq!(resume(&scratch, "").stdout, expected);
    let dry = resume(&scratch, "--tmux --dry-run");
    assert!(dry.stdout.lines().all(|line| line.starts_with("tmux -S")), "{dry:?}");
    assert_eq!(scratch.state(), before, "what prints changes nothing");
    let one = resume(&scratch, "aa");
    assert_eq!(one.stdout, format!("cd {} && claude --resume aa1\n", work.display()));
    let refused = resume(&scratch, "alive");
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""), "{refused:?}");
    assert!(refused.stderr.contains("pane %6"), "{refused:?}");
    assert_eq!(resume(&scratch, "empty").code, Some(3));
    assert_eq!(resume(&scratch, "zz").code, Some(4));
    // A session whose process cannot be judged from here is reported and left alone.
    let path = scratch.state_dir().join("sessions/bb2.json");
    let text = fs::read_to_string(&path).unwrap();
    let machine = text.split("\"machine\":\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    fs::write(&path, text.replace(&machine, "another")).unwrap();
    let unknown = resume(&scratch, "--lost");
    assert!(unknown.stderr.contains("bb2") && !unknown.stdout.contains("bb2"), "{unknown:?}");
    assert_eq!(resume(&scratch, "bb2").code, Some(3));
    fs::remove_dir(&work).unwrap();
    let nowhere = scratch.baton(["resume"]).cwd(&scratch.home()).run();
    assert!(nowhere.stderr.contains("no longer exists") && !nowhere.stdout.contains("aa1"), "{nowhere:?}");
}

#[test]
fn each_is_brought_back_once_however_often_it_is_asked_for() {
    let scratch = Scratch::new();
    let Some(server) = Server::new(&scratch) else { return };
    let log = agents(&scratch);
    lost(&scratch, &server, Agent::Claude, "aa1");
    lost(&scratch, &server, Agent::Codex, "bb2");
    let work = scratch.home().join("work").display().to_string();
    let both = [format!("claude --resume aa1 in {work}"), format!("codex resume bb2 in {work}")];
    thread::scope(|scope| {
        let calls: Vec<_> = (0..4).map(|_| scope.spawn(|| resume(&scratch, "--lost --tmux"))).collect();
        for call in calls {
            let output = call.join().unwrap();
            assert!(matches!(output.code, Some(0 | 1)), "{output:?}");
        }
    });
    until("both were started", || started(&log).len() >= 2);
    // No agent has announced itself yet.
    let again = resume(&scratch, "--lost --tmux");
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), "no sessions to resume\n"), "{again:?}");
    assert_eq!(resume(&scratch, "aa1 --tmux").code, Some(3));
    assert_eq!(started(&log), both);
    // One announces itself: its claim is removed, and it is alive.
    let mut back = Window::open(&scratch, Agent::Claude, "%9").on(&server.socket);
    assert_no_output(&back.hook("SessionStart", "aa1", &json!({"source": "resume"})));
    assert!(!fs::read_to_string(scratch.state_dir().join("sessions/aa1.json")).unwrap().contains("resuming"));
    // The server is killed: sessions that never announced themselves can be resumed again, and those that are alive
    // are left alone.
    server.ask(&["kill-server"]);
    until("the windows are gone", || resume(&scratch, "--lost --dry-run").stdout.contains("bb2"));
    let third = resume(&scratch, "--lost --tmux");
    assert_eq!(third.code, Some(0), "{third:?}");
    until("the other was started again", || started(&log).len() >= 3);
    assert_eq!(started(&log), [both[0].clone(), both[1].clone(), both[1].clone()]);
}

/// The printed commands do the same when a user runs them by hand.
#[test]
fn what_is_printed_opens_the_windows() {
    let scratch = Scratch::new();
    let Some(server) = Server::new(&scratch) else { return };
    let log = agents(&scratch);
    lost(&scratch, &server, Agent::Claude, "aa1");
    lost(&scratch, &server, Agent::Codex, "bb2");
    server.ask(&["kill-server"]);
    let dry = resume(&scratch, "--tmux --dry-run");
    for line in dry.stdout.lines() {
        let done = Command::new("sh").args(["-c", line]).env_clear().env("PATH", path(&scratch)).output().unwrap();
        assert!(done.status.success(), "{line}: {done:?}");
    }
    until("both were started", || started(&log).len() >= 2);
    let work = scratch.home().join("work").display().to_string();
    assert_eq!(started(&log), [format!("claude --resume aa1 in {work}"), format!("codex resume bb2 in {work}")]);
}

#[test]
fn a_window_that_does_not_open_leaves_no_mark() {
    let scratch = Scratch::new();
    let Some(server) = Server::new(&scratch) else { return };
    lost(&scratch, &server, Agent::Claude, "aa1");
    let without = scratch.baton(["resume", "--lost", "--tmux"]).env("PATH", scratch.root()).run();
    assert_eq!((without.code, without.stdout.as_str()), (Some(1), ""), "{without:?}");
    assert!(without.stderr.contains("tmux"), "{without:?}");
    assert!(resume(&scratch, "--lost").stdout.contains("aa1"));
}

#[test]
fn names_and_directories_are_taken_as_they_are_written() {
    let here = |directory: &Path| format!("claude --resume aa1 in {}", directory.display());
    for word in ["#(touch with_fault)", "#S", "##S", "#[x", "##[x", "x#{pane_id}", "100%H", "a;", r"b\;"] {
        let scratch = Scratch::new();
        let Some(server) = Server::new(&scratch) else { return };
        let log = agents(&scratch);
        let directory = scratch.home().join("work").join(word);
        fs::create_dir(&directory).unwrap();
        let mut window = Window::open(&scratch, Agent::Claude, "%1").on(&server.socket);
        assert_no_output(&window.hook("SessionStart", "aa1", &json!({"cwd": directory})));
        assert_no_output(&window.hook("UserPromptSubmit", "aa1", &json!({"prompt": "words", "cwd": directory})));
        window.process.kill();
        assert_eq!(scratch.baton(["session", "name", "aa1", word]).run().code, Some(0));
        // The first window starts the server, and the second opens in its session.
        let printed = resume(&scratch, "aa1 --tmux --dry-run").stdout;
        let typed = scratch.program(Path::new("/bin/sh"), ["-c", &printed]).env("PATH", path(&scratch)).run();
        assert_eq!(typed.code, Some(0), "{printed}: {typed:?}");
        until("it was started", || !started(&log).is_empty());
        assert_eq!(started(&log), [here(&directory)], "{word}");
        let name = server.ask(&["list-windows", "-F", "#{window_name}"]);
        assert_eq!(name.replace(r"\\", r"\"), word, "tmux shows a backslash twice");
        let brought = resume(&scratch, "aa1 --tmux");
        assert_eq!(brought.code, Some(0), "{word}: {brought:?}");
        until("it was started again", || started(&log).len() >= 2);
        assert_eq!(started(&log), [here(&directory), here(&directory)], "{printed}");
        assert!(!directory.join("with_fault").exists() && !scratch.home().join("work/with_fault").exists(), "{word}");
    }
}

#[test]
fn one_that_fails_stops_no_other() {
    let scratch = Scratch::new();
    let Some(server) = Server::new(&scratch) else { return };
    let log = agents(&scratch);
    for session in ["aa1", "bb2", "cc3"] {
        lost(&scratch, &server, Agent::Claude, session);
    }
    // While the first window opens, the record of the next session is damaged.
    let tmux = scratch.root().join("scripts/tmux");
    let record = scratch.state_dir().join("sessions/bb2.json");
    let real = "real=$(PATH=/usr/local/bin:/usr/bin:/bin command -v tmux)";
    let script = format!("#!/bin/sh\necho spoiled > {}\n{real}\nexec \"$real\" \"$@\"\n", record.display());
    fs::write(&tmux, script).unwrap();
    fs::set_permissions(&tmux, fs::Permissions::from_mode(0o755)).unwrap();
    let brought = resume(&scratch, "--lost --tmux");
    assert_eq!(brought.code, Some(1), "{brought:?}");
    assert_eq!(brought.stdout.lines().count(), 2, "{brought:?}");
    assert!(brought.stderr.contains("session bb2: ") && brought.stderr.contains("1 session could not"), "{brought:?}");
    until("the others were started", || started(&log).len() >= 2);
    assert!(!started(&log).iter().any(|line| line.contains("bb2")), "{:?}", started(&log));
}
