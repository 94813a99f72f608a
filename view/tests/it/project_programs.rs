//! Programs of the current project with the names of those that baton runs. A `PATH` with a relative directory finds them first.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_tests::terminal::Terminal;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window, program};
use serde_json::json;

/// All that are started by their names. The last one is what `xdg-open` looks for itself.
const NAMES: [&str; 7] = ["xdg-open", "notify-send", "tmux", "zellij", "claude", "codex", "browser"];

/// Programs that record that they ran: those of a project, and those that are installed.
struct Programs {
    scratch: Scratch,
    installed: PathBuf,
}

impl Programs {
    fn new() -> Self {
        let scratch = Scratch::new();
        let installed = scratch.root().join("installed");
        let programs = Self { installed, scratch };
        fs::create_dir(&programs.installed).unwrap();
        for name in NAMES {
            programs.write("project", &programs.project(), name, "exit 1");
            programs.write("installed", &programs.installed, name, "exit 1");
        }
        programs.write("installed", &programs.installed, "xdg-open", "browser || exit 1");
        programs
    }

    fn project(&self) -> PathBuf {
        self.scratch.home().join("work")
    }

    fn write(&self, place: &str, directory: &Path, name: &str, then: &str) {
        let path = directory.join(name);
        let record = self.record();
        fs::write(&path, format!("#!/bin/sh\necho {place} {name} >> {}\n{then}\n", record.display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn record(&self) -> PathBuf {
        self.scratch.root().join("ran")
    }

    /// Returns a path that finds the project's programs first, and then those that are installed.
    fn path(&self) -> String {
        format!(".::{}:/usr/bin:/bin", self.installed.display())
    }

    /// Waits until these have run, and checks that no others have.
    fn check(&self, what: &str, names: &[&str]) {
        let expected: BTreeSet<String> = names.iter().map(|name| format!("installed {name}")).collect();
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let text = fs::read_to_string(self.record()).unwrap_or_default();
            let ran: BTreeSet<String> = text.lines().map(str::to_owned).collect();
            assert!(ran.is_subset(&expected), "{what} ran {ran:?}");
            if ran == expected {
                return;
            }
            assert!(Instant::now() < deadline, "{what} ran only {ran:?}");
            thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A server that this test ends.
struct Server(Child);

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[test]
fn the_address_is_given_to_no_browser_of_the_project() {
    let programs = Programs::new();
    let mut command = std::process::Command::new(program::baton_view());
    command.args(["serve", "--port", "0", "--open"]).env_clear().envs(programs.scratch.env());
    command.env("PATH", programs.path()).current_dir(programs.project());
    let _server = Server(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap());
    programs.check("serve --open", &["xdg-open", "browser"]);
}

#[test]
fn a_notification_is_shown_by_no_program_of_the_project() {
    let programs = Programs::new();
    let Some(terminal) = Terminal::open(&programs.scratch, 80, 24) else { return };
    let view = program::baton_view().display();
    terminal
        .keys(&["-l", &format!("cd {}; PATH={} {view} top --notify", programs.project().display(), programs.path())]);
    terminal.keys(&["Enter"]);
    terminal.wait("the view", |screen| screen.contains("Nothing is open."));
    let mut window = Window::open(&programs.scratch, Agent::Claude, "%1");
    window.hook("SessionStart", "s1", &json!({}));
    window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"}));
    terminal.wait("the session at work", |screen| screen.contains("at work"));
    window.hook("Notification", "s1", &json!({"notification_type": "permission_prompt", "message": "may I"}));
    programs.check("top --notify", &["notify-send"]);
    terminal.keys(&["q"]);
    terminal.wait_for_shell();
}

#[test]
fn no_command_runs_a_multiplexer_or_an_agent_of_the_project() {
    let programs = Programs::new();
    let run = |words: &str| {
        programs.scratch.baton(words.split(' ')).env("PATH", programs.path()).cwd(&programs.project()).run()
    };
    let check = |words: &str, says: &str, ran: &[&str]| {
        drop(fs::remove_file(programs.record()));
        let ended = run(words);
        assert!(ended.stderr.contains(says), "{words}: {ended:?}");
        programs.check(words, ran);
    };
    let variables = [("ZELLIJ_SESSION_NAME", "demo"), ("ZELLIJ_PANE_ID", "3")];
    let mut inside = Window::open_with(&programs.scratch, Agent::Claude, "", &variables);
    assert_no_output(&inside.hook("SessionStart", "in-zellij", &json!({})));
    check("go in-zellij", "zellij says", &["zellij"]);
    let mut window = Window::open(&programs.scratch, Agent::Claude, "%1");
    for (event, fields) in [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"}))] {
        assert_no_output(&window.hook(event, "lost", &fields));
    }
    window.process.kill();
    check("resume --lost --tmux", "tmux says", &["tmux"]);
    for name in ["tmux", "zellij"] {
        fs::remove_file(programs.installed.join(name)).unwrap();
    }
    check("go in-zellij", "no absolute directory of PATH has a program zellij", &[]);
    check("doctor", "", &["claude", "codex"]);
}
