//! Answers agents that wait in real panes of tmux. The agent is a shell under its name, which writes what it reads into a
//! file.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_tests::scratch::Output;
use agent_baton_tests::window::assert_error;
use agent_baton_tests::{Scratch, Window, program};
use serde_json::json;

use super::panes::{Server, ShellAgent, assert_no_client, named_by_a_hook, until};

/// Writes each line that it reads into `read`.
const READS_LINES: &str = "while IFS= read -r line; do printf '%s\\n' \"$line\" >> read; done";
/// Writes each key that it reads into `read`, and Enter as a dot alone.
const READS_KEYS: &str = "while IFS= read -rn 1 key; do printf '%s.' \"$key\" >> read; done";

const IDLE: (&str, &str) = ("Stop", "");
const PERMISSION: (&str, &str) = ("Notification", r#","notification_type":"permission_prompt""#);

fn allow(scratch: &Scratch, text: &str) {
    let path = scratch.home().join(".config/baton/config.toml");
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Starts a server, and an agent in it whose pane is alone in its window. Returns `None` if tmux is not installed.
fn waiting(scratch: &Scratch, launcher: &str, event: (&str, &str), rest: &str) -> Option<(Server, ShellAgent)> {
    allow(scratch, "[view]\nanswer = true\n");
    let server = Server::new(scratch)?;
    let agent = ShellAgent::start_with(scratch, &server, "s1", launcher, &[event], rest);
    Some((server, agent))
}

fn answer(scratch: &Scratch, text: &str) -> Output {
    scratch.baton(["answer", "s1", "--", text]).run_below_terminal()
}

/// What the agent has read.
fn read(scratch: &Scratch) -> String {
    fs::read_to_string(scratch.root().join("s1/read")).unwrap_or_default()
}

fn check_refused(what: &str, refused: &Output, words: &str) {
    assert_eq!((refused.code, refused.stdout.as_str()), (Some(3), ""), "{what}: {refused:?}");
    assert!(refused.stderr.contains(words), "{what}: {refused:?}");
}

#[test]
fn a_text_is_typed_as_it_is_and_ended_by_one_enter() {
    let scratch = Scratch::new();
    let Some((server, _agent)) = waiting(&scratch, "exec AGENT", IDLE, READS_LINES) else { return };
    let mut expected = String::new();
    for text in ["go on", "C-c", "-X cancel", "é $(touch x) `y` #{pid} #(z) \\n 'a\" *", "a; kill-server;"] {
        let answered = answer(&scratch, text);
        assert_eq!(answered.code, Some(0), "{text}: {answered:?}");
        assert!(answered.stdout.contains("session s1 was answered in"), "{text}: {answered:?}");
        expected += &format!("{text}\n");
        until("the agent reads the text", || read(&scratch) == expected);
    }
    assert!(!server.ask(&["list-sessions"]).is_empty());
    let log = scratch.baton(["log", "--about", "s1"]).run().stdout;
    assert!(log.contains("answer_typed"), "{log}");
    // What was typed is kept nowhere.
    let found = std::process::Command::new("grep").args(["-rl", "go on"]).arg(scratch.state_dir()).output().unwrap();
    assert!(found.stdout.is_empty(), "{found:?}");
}

#[test]
fn a_dialog_takes_one_key_and_no_enter() {
    let scratch = Scratch::new();
    let Some((_server, _agent)) = waiting(&scratch, "exec AGENT", PERMISSION, READS_KEYS) else { return };
    check_refused("a sentence", &answer(&scratch, "no, do this"), "takes one key");
    for (key, expected) in [("2", "2."), ("y", "2.y.")] {
        assert_eq!(answer(&scratch, key).code, Some(0));
        until("the agent reads the key", || read(&scratch) == expected);
    }
}

/// While the user types, somebody else may answer, and the agent asks for something else.
#[test]
fn an_answer_is_not_typed_where_another_question_is_asked() {
    let scratch = Scratch::new();
    // It asks again after each key.
    let asks =
        r#"{"session_id":"s1","cwd":"/","hook_event_name":"Notification","notification_type":"permission_prompt"}"#;
    let reads = format!(
        "while IFS= read -rn 1 key; do printf '{asks}' | {} hook --agent claude; printf '%s.' \"$key\" >> read; done",
        program::baton().display()
    );
    let Some((_server, _agent)) = waiting(&scratch, "exec AGENT", PERMISSION, &reads) else { return };
    let asked = || scratch.baton(["status", "--json"]).run().json()["waiting"][0]["since"].as_str().unwrap().to_owned();
    let first = asked();
    let answer =
        |asked: &str, key: &str| scratch.baton(["answer", "s1", "--asked", asked, "--", key]).run_below_terminal();
    assert_eq!(answer(&first, "1").code, Some(0));
    until("the agent reads the key", || read(&scratch) == "1.");
    check_refused("the first question", &answer(&first, "2"), "no longer waits for what it waited for");
    assert_eq!(answer(&asked(), "3").code, Some(0));
    until("the agent reads the key", || read(&scratch) == "1.3.");
}

#[test]
fn a_text_that_is_no_line_is_not_typed() {
    let scratch = Scratch::new();
    let Some((_server, _agent)) = waiting(&scratch, "exec AGENT", IDLE, READS_LINES) else { return };
    for text in [
        "yes\nrm -rf x",
        "yes\r",
        "\u{1b}[A",
        "\u{3}",
        "a\tb",
        "a\u{202e}b",
        "",
        "  ",
        &"x".repeat(5000),
        "!touch x",
        " /exit",
        "#x",
        "@x",
    ] {
        check_refused(text, &answer(&scratch, text), "the text ");
    }
    assert_eq!(answer(&scratch, "end").code, Some(0));
    until("the agent reads the text", || read(&scratch) == "end\n");
}

#[test]
fn only_the_configuration_of_the_user_allows_it() {
    let scratch = Scratch::new();
    let Some((_server, _agent)) = waiting(&scratch, "exec AGENT", IDLE, READS_LINES) else { return };
    for (config, words) in [
        ("", "answer = true below [view]"),
        ("[view]\nanswer = false\n", "answer = true below [view]"),
        ("[view]\nanswer = \"yes\"\n", "boolean"),
    ] {
        allow(&scratch, config);
        check_refused(config, &answer(&scratch, "go on"), words);
    }
    // A project's configuration is none.
    let project = scratch.home().join("work/.config");
    fs::create_dir_all(project.join("baton")).unwrap();
    fs::create_dir_all(scratch.home().join("work/.git")).unwrap();
    fs::write(project.join("baton/config.toml"), "[view]\nanswer = true\n").unwrap();
    let refused = scratch.baton(["answer", "s1", "go on"]).env("XDG_CONFIG_HOME", project.to_str().unwrap()).run();
    check_refused("a project's", &refused, "is not read");
    // An agent answers nobody.
    allow(&scratch, "[view]\nanswer = true\n");
    let mut window = Window::open(&scratch, Agent::Claude, "%9");
    window.hook("SessionStart", "s2", &json!({}));
    let refused = window.baton("s2", &["answer", "s1", "go on"]);
    assert_error(&refused, 3);
    assert!(refused.stderr.contains("an agent cannot answer"), "{refused:?}");
    assert_eq!(read(&scratch), "");
}

/// An agent that detaches a process from itself takes it away from its own ancestors, and from its terminal.
#[test]
fn an_answer_needs_a_terminal() {
    let scratch = Scratch::new();
    let Some((_server, _agent)) = waiting(&scratch, "exec AGENT", IDLE, READS_LINES) else { return };
    let detached = scratch.baton(["answer", "s1", "go on"]).through(&["setsid", "--wait"]).run();
    check_refused("detached", &detached, "this process has no terminal");
    assert_eq!(read(&scratch), "");
}

#[test]
fn what_is_not_provably_read_by_the_agent_is_not_typed() {
    for (launcher, words) in [
        ("{ AGENT & cat >> read; }", "may read the terminal"),
        ("exec bash -mc 'AGENT & cat >> read'", "is not in the foreground of its terminal"),
        ("exec bash -mc 'AGENT & exec sleep 1000'", "is not in the foreground of its terminal"),
        ("setsid script -qfec 'AGENT' /dev/null </dev/null >/dev/null 2>&1", "no terminal multiplexer"),
        ("{ script -qfec 'AGENT' /dev/null </dev/null >/dev/null 2>&1 & cat >> read; }", "no terminal multiplexer"),
        ("TMUX_PANE=%7 AGENT; :", "no terminal multiplexer"),
    ] {
        let scratch = Scratch::new();
        let rest = format!("{READS_LINES}\nwhile :; do sleep 1; done");
        let Some((_server, _agent)) = waiting(&scratch, launcher, IDLE, &rest) else { return };
        check_refused(launcher, &answer(&scratch, "go on"), words);
        assert_eq!(read(&scratch), "", "{launcher}");
    }
}

#[test]
fn a_server_that_only_a_hook_names_gets_no_client() {
    let scratch = Scratch::new();
    let Some((server, _agent)) = waiting(&scratch, "exec AGENT", IDLE, READS_LINES) else { return };
    let listener = named_by_a_hook(&scratch, &server, "s1");
    check_refused("another socket", &answer(&scratch, "go on"), "was not started there");
    assert_no_client(&listener, "answer");
}

#[test]
fn an_agent_that_started_an_editor_is_not_typed_to() {
    let scratch = Scratch::new();
    let Some((_server, _agent)) = waiting(&scratch, "exec AGENT", IDLE, "cat >> read; :") else { return };
    until("the editor runs", || fs::exists(scratch.root().join("s1/read")).unwrap());
    check_refused("an editor", &answer(&scratch, "go on"), "may read the terminal");
    assert_eq!(read(&scratch), "");
}

#[test]
fn a_pane_whose_keys_go_elsewhere_is_not_typed_into() {
    let scratch = Scratch::new();
    let Some((server, _agent)) = waiting(&scratch, "exec AGENT", IDLE, READS_LINES) else { return };
    let pane = server.ask(&["display-message", "-p", "#{pane_id}"]);
    for (begin, end, words) in [
        (["copy-mode", "-t", &pane].as_slice(), ["send-keys", "-t", &pane, "-X", "cancel"].as_slice(), "its history"),
        (
            &["set-option", "-w", "-t", &pane, "synchronize-panes", "on"],
            &["set-option", "-w", "-t", &pane, "synchronize-panes", "off"],
            "synchronized",
        ),
        (&["select-pane", "-d", "-t", &pane], &["select-pane", "-e", "-t", &pane], "takes no input"),
    ] {
        server.ask(begin);
        check_refused(words, &answer(&scratch, "go on"), words);
        server.ask(end);
    }
    assert_eq!(read(&scratch), "");
}

#[test]
fn an_agent_that_does_not_wait_is_not_answered() {
    let scratch = Scratch::new();
    let prompted = ("UserPromptSubmit", r#","prompt":"more words""#);
    let Some((server, agent)) = waiting(&scratch, "exec AGENT", prompted, READS_LINES) else { return };
    check_refused("at work", &answer(&scratch, "go on"), "does not wait: it is active");
    // Another program got the pane.
    server.ask(&["set-option", "-w", "remain-on-exit", "on"]);
    drop(agent);
    let directory = scratch.root().join("s1");
    server.ask(&["respawn-pane", "-k", "-c", directory.to_str().unwrap(), "cat >> read"]);
    until("the other program runs", || fs::exists(directory.join("read")).unwrap());
    check_refused("gone", &answer(&scratch, "go on"), "does not wait: it is lost");
    assert_eq!(scratch.baton(["answer", "zz", "go on"]).run_below_terminal().code, Some(4));
    assert_eq!(read(&scratch), "");
}

/// tmux ends the agent as soon as it has typed the text, before Enter.
#[test]
fn an_agent_that_ends_in_between_leaves_a_text_without_enter() {
    let scratch = Scratch::new();
    let launcher = "sh -c 'AGENT; exec cat >> read'";
    let Some((_server, agent)) = waiting(&scratch, launcher, IDLE, "read -rn 1000 never") else { return };
    let scripts: PathBuf = scratch.root().join("between");
    fs::create_dir(&scripts).unwrap();
    let script = format!(
        "#!/bin/sh\nPATH=/usr/local/bin:/usr/bin:/bin\ntmux \"$@\" || exit\n\
         case \" $* \" in *' -l '*) kill -9 {pid}; while kill -0 {pid}; do :; done 2>/dev/null;; esac\n",
        pid = agent.pid
    );
    fs::write(scripts.join("tmux"), script).unwrap();
    fs::set_permissions(scripts.join("tmux"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:/usr/local/bin:/usr/bin:/bin", scripts.display());
    let failed = scratch.baton(["answer", "s1", "go on"]).env("PATH", path).run_below_terminal();
    assert_eq!((failed.code, failed.stdout.as_str()), (Some(1), ""), "{failed:?}");
    assert!(failed.stderr.contains("Enter was not pressed") && failed.stderr.contains("has ended"), "{failed:?}");
    assert!(!read(&scratch).contains('\n'), "{:?}", read(&scratch));
}
