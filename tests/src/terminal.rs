//! A terminal for programs that draw on the whole screen: a pane of tmux.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::{Scratch, program, skip};

/// A shell in a pane of a tmux server that belongs to one test. It ends when dropped.
pub struct Terminal {
    socket: PathBuf,
}

impl Terminal {
    /// Opens a terminal of this size. Returns `None` if tmux is not installed.
    #[must_use]
    pub fn open(scratch: &Scratch, width: u16, height: u16) -> Option<Self> {
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
        terminal.wait_for_prompt();
        Some(terminal)
    }

    /// Runs a command of tmux, and returns what it prints.
    pub fn ask(&self, args: &[&str]) -> String {
        let output =
            Command::new("tmux").args(["-f", "/dev/null", "-S"]).arg(&self.socket).args(args).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    }

    /// Types keys, by the names that tmux has for them.
    pub fn keys(&self, keys: &[&str]) {
        self.ask(&[&["send-keys"], keys].concat());
    }

    /// Returns what is on the screen.
    #[must_use]
    pub fn screen(&self) -> String {
        self.ask(&["capture-pane", "-p"])
    }

    /// Waits for a screen, and returns it.
    pub fn wait(&self, what: &str, is_there: impl Fn(&str) -> bool) -> String {
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

    /// Starts `baton top`, and returns the first screen.
    pub fn show(&self) -> String {
        let view = program::baton_view().to_str().expect("UTF-8");
        self.keys(&["clear; ", view, " top", "Enter"]);
        self.wait("the view", |screen| screen.starts_with("baton") && screen.contains("q quit"))
    }

    /// Returns the process id of what the shell runs.
    #[must_use]
    pub fn child(&self) -> u32 {
        let shell = self.ask(&["display-message", "-p", "#{pane_pid}"]);
        let shell = shell.trim();
        let children = fs::read_to_string(format!("/proc/{shell}/task/{shell}/children")).unwrap();
        children.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Waits for the prompt of the shell. What is typed before can be read by the view, which is about to end.
    pub fn wait_for_prompt(&self) {
        self.wait("the prompt", |screen| screen.trim_end().ends_with(['$', '#']));
    }

    /// Waits until the shell has its terminal back as it was: what it prints is seen, what is typed is echoed, the cursor is
    /// shown, and the mouse belongs to the user.
    pub fn wait_for_shell(&self) {
        self.wait_for_prompt();
        let flags = "#{alternate_on} #{mouse_any_flag} #{mouse_sgr_flag} #{cursor_flag}";
        assert_eq!(self.ask(&["display-message", "-p", flags]), "0 0 0 1\n");
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
