//! `baton-view top` in a real terminal: a pane of tmux.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_tests::{Scratch, Window, program, skip};
use serde_json::json;

/// A shell in a pane of a tmux server that belongs to one test. It ends when dropped.
struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    /// Opens a terminal of this size. Returns `None` if tmux is not installed.
    fn open(scratch: &Scratch, width: u16, height: u16) -> Option<Self> {
        let there = Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success());
        if !there {
            skip("tmux is not there");
            return None;
        }
        let terminal = Self { socket: scratch.root().join("tmux-of-the-view") };
        let (width, height) = (width.to_string(), height.to_string());
        let mut command = Command::new("tmux");
        command.args(["-f", "/dev/null", "-S"]).arg(&terminal.socket);
        command.args(["new-session", "-d", "-x", &width, "-y", &height, "sh"]);
        let path = format!("{}:{}", program::baton().parent().unwrap().display(), scratch.env()["PATH"]);
        command.env_clear().envs(scratch.env()).env("PATH", path).env("PS1", "$ ").env_remove("TMUX");
        assert!(command.status().unwrap().success());
        terminal.wait("a prompt", |screen| screen.trim_end().ends_with(['$', '#']));
        Some(terminal)
    }

    fn ask(&self, args: &[&str]) -> String {
        let output =
            Command::new("tmux").args(["-f", "/dev/null", "-S"]).arg(&self.socket).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    fn keys(&self, keys: &[&str]) {
        self.ask(&[&["send-keys"], keys].concat());
    }

    fn screen(&self) -> String {
        self.ask(&["capture-pane", "-p"])
    }

    /// Waits for a screen, and returns it.
    fn wait(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let screen = self.screen();
            if is_there(&screen) {
                return screen;
            }
            assert!(Instant::now() < deadline, "{what} is not seen:\n{screen}");
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts the view.
    fn show(&self) -> String {
        self.keys(&["clear; ", env!("CARGO_BIN_EXE_baton-view"), " top", "Enter"]);
        self.wait("the view", |screen| screen.starts_with("baton") && screen.contains("q quit"))
    }

    /// Waits until the shell has its terminal back as it was: what it prints is seen, and what is typed is echoed.
    fn wait_for_shell(&self) {
        self.keys(&["echo back $((40 + 2))", "Enter"]);
        let screen = self.wait("the shell", |screen| screen.contains("back 42"));
        assert!(screen.contains("echo back $((40 + 2))") && !screen.contains("q quit"), "{screen}");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.ask(&["kill-server"]);
    }
}

/// Returns the pid of the view in the terminal.
fn view_pid(terminal: &Terminal) -> String {
    let shell = terminal.ask(&["display-message", "-p", "#{pane_pid}"]);
    let shell = shell.trim();
    let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
    children.split_whitespace().next().unwrap().to_owned()
}

fn signal(name: &str, pid: &str) {
    assert!(Command::new("kill").args([name, pid]).status().unwrap().success());
}

#[test]
fn it_follows_what_happens_and_runs_what_the_keys_say() {
    let scratch = Scratch::new();
    let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
    assert!(terminal.show().contains("Nothing is open."));
    let owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    let run = scratch.state().only_run().id.to_string();
    let screen = terminal.wait("the run", |screen| screen.contains("demo"));
    assert!(screen.contains("claude"), "{screen}");
    // The second line is the run: Tab selects the next section.
    terminal.keys(&["/"]);
    terminal.keys(&["-l", "demo"]);
    terminal.keys(&["Enter", "p"]);
    terminal.wait("the paused run", |screen| screen.contains("paused"));
    assert_eq!(scratch.baton(["run", "show", &run, "--json"]).run().json()["status"], json!("paused"));
    terminal.keys(&["x"]);
    terminal.wait("the question", |screen| screen.contains("for good? y/n"));
    terminal.keys(&["n"]);
    terminal.keys(&["l"]);
    terminal.wait("what is known of the run", |screen| screen.contains("DECISION") && screen.contains(&run));
    terminal.keys(&["Escape"]);
    terminal.keys(&["x"]);
    terminal.wait("the question", |screen| screen.contains("for good? y/n"));
    terminal.keys(&["y"]);
    terminal.wait("no run", |screen| screen.contains("nothing contains demo"));
    assert_eq!(scratch.baton(["run", "show", &run, "--json"]).run().json()["status"], json!("cancelled"));
    terminal.keys(&["Escape"]);
    drop(owner);
    terminal.wait("the lost session", |screen| screen.contains("lost"));
    terminal.keys(&["q"]);
    terminal.wait_for_shell();
}

#[test]
fn a_smaller_terminal_is_drawn_anew() {
    let scratch = Scratch::new();
    let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
    let _owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    terminal.show();
    terminal.wait("the run", |screen| screen.contains("demo"));
    terminal.ask(&["set-option", "-g", "window-size", "manual"]);
    terminal.ask(&["resize-window", "-x", "40", "-y", "20"]);
    let screen = terminal.wait("a narrow view", |screen| screen.contains("\n    ") && screen.contains("demo"));
    assert!(screen.lines().all(|line| line.chars().count() <= 40), "{screen}");
}

#[test]
fn whatever_ends_it_the_terminal_is_as_it_was() {
    for ending in ["-TERM", "-INT", "-HUP", "-QUIT"] {
        let scratch = Scratch::new();
        let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
        terminal.show();
        signal(ending, &view_pid(&terminal));
        terminal.wait_for_shell();
    }
}

#[test]
fn it_is_suspended_and_goes_on() {
    for by_key in [true, false] {
        let scratch = Scratch::new();
        let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
        terminal.show();
        if by_key {
            terminal.keys(&["C-z"]);
        } else {
            signal("-TSTP", &view_pid(&terminal));
        }
        terminal.wait_for_shell();
        terminal.keys(&["fg", "Enter"]);
        terminal.wait("the view again", |screen| screen.starts_with("baton") && screen.contains("q quit"));
        terminal.keys(&["q"]);
        terminal.wait_for_shell();
    }
}

#[test]
fn a_state_that_vanishes_is_said_and_what_comes_back_is_shown() {
    let scratch = Scratch::new();
    let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
    let _owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    terminal.show();
    terminal.wait("the run", |screen| screen.contains("demo"));
    let (state, aside) = (PathBuf::from(&scratch.env()["BATON_HOME"]), scratch.root().join("aside"));
    fs::rename(&state, &aside).unwrap();
    fs::write(&state, "no directory").unwrap();
    terminal.wait("the problem", |screen| screen.lines().next().is_some_and(|line| line.contains("state directory")));
    fs::remove_file(&state).unwrap();
    fs::rename(&aside, &state).unwrap();
    terminal.wait("the run again", |screen| {
        screen.contains("demo") && !screen.lines().next().unwrap().contains("state directory")
    });
}
