//! `baton-view top` in a real terminal: a pane of tmux.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_tests::effort::Effort;
use agent_baton_tests::terminal::Terminal;
use agent_baton_tests::{Scratch, Window, program};
use baton_view::ending_signals;
use nix::libc;
use serde_json::json;

fn signal(name: &str, pid: u32) {
    assert!(Command::new("kill").args([name, &pid.to_string()]).status().unwrap().success());
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
    terminal.keys(&["/"]);
    terminal.keys(&["-l", "demo"]);
    terminal.keys(&["Enter", "Tab", "p"]);
    terminal.wait("the paused run", |screen| screen.contains("paused"));
    assert_eq!(scratch.baton(["run", "show", &run, "--json"]).run().json()["status"], json!("paused"));
    terminal.keys(&["x"]);
    terminal.wait("the question", |screen| screen.contains("for good? y/n"));
    terminal.keys(&["n"]);
    terminal.keys(&["l"]);
    terminal.wait("what is known of the run", |screen| screen.contains("DECISION") && screen.contains(&run));
    terminal.keys(&["Escape"]);
    terminal.wait("the list", |screen| screen.contains("Esc shows everything"));
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
fn a_search_finds_sessions_that_have_ended() {
    let scratch = Scratch::new();
    let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    for (event, fields) in [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"}))] {
        window.hook(event, "past", &fields);
    }
    scratch.baton(["session", "name", "past", "parser"]).run();
    window.hook("SessionEnd", "past", &json!({"reason": "prompt_input_exit"}));
    assert!(!terminal.show().contains("parser"));
    terminal.keys(&["s"]);
    terminal.keys(&["-l", "pars"]);
    terminal.keys(&["Enter"]);
    let screen = terminal.wait("the session", |screen| screen.contains("pars: 1, last opened first"));
    assert!(screen.contains("> ended") && screen.contains("parser"), "{screen}");
    terminal.keys(&["l"]);
    terminal.wait("what is known of it", |screen| screen.contains("past") && screen.contains("Esc back"));
    terminal.keys(&["Escape"]);
    terminal.wait("the search", |screen| screen.contains("pars: 1"));
    terminal.keys(&["Escape"]);
    terminal.wait("the list", |screen| screen.contains("q quit") && !screen.contains("parser"));
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
    let scratch = Scratch::new();
    let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
    // The first of the real-time signals stands for the others.
    let last = Effort::get().pick(libc::SIGRTMIN(), i32::MAX, i32::MAX);
    for ending in ending_signals().into_iter().filter(|signal| *signal <= last) {
        terminal.show();
        signal(&format!("-{ending}"), terminal.child());
        terminal.wait_for_prompt();
        terminal.keys(&["echo ended by $(($? - 128))", "Enter"]);
        terminal.wait("what ended it", |screen| screen.contains(&format!("\nended by {ending}\n")));
        terminal.wait_for_shell();
    }
}

#[test]
fn a_terminal_that_claims_to_be_huge_is_drawn_on() {
    let scratch = Scratch::new();
    let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
    terminal.keys(&["stty rows 65535 cols 65535; echo 'size' set", "Enter"]);
    terminal.wait("the size", |screen| screen.contains("\nsize set"));
    terminal.show();
    terminal.keys(&["q"]);
    terminal.wait_for_shell();
}

#[test]
fn without_keys_it_ends() {
    let scratch = Scratch::new();
    let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
    terminal.show();
    // The reader of the keys subtracts 1 from this place of the mouse. It panics where an overflow is checked.
    terminal.keys(&["-l", "\u{1b}[<0;0;0M"]);
    if !cfg!(debug_assertions) {
        terminal.keys(&["q"]);
    }
    terminal.wait_for_shell();
}

#[test]
fn a_closed_terminal_ends_it_as_a_signal_does() {
    let scratch = Scratch::new();
    let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
    let status = scratch.root().join("status");
    let view = program::baton_view().display();
    // This shell goes on after the signal, and tells how the view ended.
    terminal.keys(&[&format!("sh -c 'trap : HUP; {view} top; echo ended $? > {}'", status.display()), "Enter"]);
    terminal.wait("the view", |screen| screen.starts_with("baton") && screen.contains("q quit"));
    terminal.ask(&["kill-pane"]);
    let deadline = Instant::now() + Duration::from_secs(60);
    let read = || fs::read_to_string(&status).unwrap_or_default();
    while !read().ends_with('\n') {
        assert!(Instant::now() < deadline, "it has not ended");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(read(), format!("ended {}\n", 128 + 1));
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
            signal("-TSTP", terminal.child());
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
    terminal.wait("the problem", |screen| screen.lines().nth(1).is_some_and(|line| line.starts_with("! ")));
    fs::remove_file(&state).unwrap();
    fs::rename(&aside, &state).unwrap();
    terminal.wait("the run again", |screen| screen.contains("demo") && !screen.contains("! the state directory"));
}

#[test]
fn the_log_of_a_loop_or_a_run_is_followed() {
    let scratch = Scratch::new();
    let Some(terminal) = Terminal::open(&scratch, 80, 24) else { return };
    let log = scratch.home().join("src/progress-fix.txt");
    fs::create_dir_all(log.parent().unwrap()).unwrap();
    let header = format!("# Ralphex Progress Log\nPlan: fix.md\n{}\n", "-".repeat(60));
    fs::write(&log, format!("{header}--- task iteration 1 ---\nfirst\n")).unwrap();
    let config = scratch.home().join(".config/baton/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(config, format!("[view]\nwatch = [{:?}]\n", log.parent().unwrap())).unwrap();
    let owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    terminal.show();
    terminal.keys(&["/"]);
    terminal.keys(&["-l", "fix.md"]);
    terminal.keys(&["Enter", "o"]);
    terminal.wait("the log", |screen| screen.contains("\nfirst"));
    fs::File::options().append(true).open(&log).unwrap().write_all(b"second\n").unwrap();
    terminal.wait("the next line", |screen| screen.contains("\nsecond"));
    fs::write(&log, format!("{header}--- task iteration 1 ---\nanother run\n")).unwrap();
    terminal.wait("the next run", |screen| screen.contains("\nanother run") && !screen.contains("second"));
    fs::remove_file(&log).unwrap();
    terminal.wait("what is wrong", |screen| screen.contains("cannot read the log: No such file"));
    // An Escape that another key follows at once would be read as that key with Alt.
    terminal.keys(&["Escape"]);
    terminal.wait("the filtered list", |screen| screen.contains("/fix.md"));
    terminal.keys(&["Escape"]);
    terminal.wait("the whole list", |screen| !screen.contains("/fix.md"));
    terminal.keys(&["/"]);
    terminal.keys(&["-l", "demo"]);
    terminal.keys(&["Enter", "Tab", "o"]);
    terminal.wait("the log of the run", |screen| screen.contains("# baton Progress Log"));
    terminal.keys(&["q"]);
    terminal.wait_for_shell();
    drop(owner);
}
