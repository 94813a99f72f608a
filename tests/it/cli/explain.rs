//! Every decision can be explained in three sentences, and decided again.

use agent_baton_core::agent::Agent;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

/// Starts a run, transfers it after its owner was killed, offers it, and cancels it. Returns the number of decisions.
fn played(scratch: &Scratch) -> u32 {
    let mut first = Window::open_owner(scratch, Agent::Claude, "%1");
    first.process.kill();
    let mut second = Window::open(scratch, Agent::Claude, "%2");
    assert_eq!(second.hook("SessionStart", "s1", &json!({"source": "resume"})).code, Some(0));
    second.process.pid()
}

#[test]
fn a_decision_is_told_in_three_sentences() {
    let scratch = Scratch::new();
    let owner = played(&scratch);
    let told = scratch.baton(["explain", "last"]).run();
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    // Continuation lines are indented further.
    let text = told.stdout.replace("\n           ", " ");
    let lines: Vec<&str> = text.lines().collect();
    let [head, seen, rule, .., changed] = lines.as_slice() else { panic!("{text}") };
    let parts = [
        (*head, "decision ".to_owned()),
        (*seen, format!("session_start from pid {owner} in pane %2")),
        (*seen, "0 alive and 1 gone".to_owned()),
        (*rule, "resumed_same_session: The owner is gone".to_owned()),
        (*changed, format!("active, owned by pid {owner} with fence 2")),
        (*changed, "the model and the user were told".to_owned()),
    ];
    for (line, part) in parts {
        assert!(line.contains(&part), "{part} is not in {line:?} of\n{told:?}");
    }
    for (line, word) in [(seen, "  seen:"), (rule, "  rule:"), (changed, "  changed:")] {
        assert!(line.starts_with(word), "{line:?}");
    }
    let unknown = scratch.baton(["explain", "nothing-of-this-name"]).run();
    assert_eq!((unknown.code, unknown.stdout.as_str()), (Some(4), ""), "{unknown:?}");
}

#[test]
fn a_session_or_run_is_meant_by_what_lists_print() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let mut beside = Window::open(&scratch, Agent::Claude, "%2");
    let (id, other) = ("8f1c7a52-0c1e-4b0e-9d6a-2f1d7c9e0a11", "77aa0000-0c1e-4b0e-9d6a-2f1d7c9e0a22");
    assert_no_output(&beside.hook("SessionStart", other, &json!({})));
    assert_no_output(&window.hook("SessionStart", id, &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", id, &json!({"prompt": "words"})));
    assert_eq!(window.baton(id, &["run", "start", "demo"]).code, Some(0));
    assert_eq!(scratch.baton(["session", "name", id, "parser"]).run().code, Some(0));
    let about = |text: &str| scratch.baton(["log", "--json", "--about", text]).run().stdout;
    for text in ["8f1c7a52", "7c9e0a11", "parser"] {
        assert!(about(text).lines().count() > 2 && about(text) == about(id), "{text}");
        let explained = scratch.baton(["explain", text]).run();
        assert!(explained.stdout.contains("named"), "the newest decision about it: {explained:?}");
    }
    assert!(about("demo").contains("run start"));
    for command in [&["log", "--about", "zzzz"][..], &["explain", "zzzz"]] {
        let unknown = scratch.baton(command.iter().copied()).run();
        assert_eq!(unknown.code, Some(4), "{unknown:?}");
        assert!(unknown.stderr.contains("no recorded decision is about \"zzzz\""), "{unknown:?}");
    }
    // A command that cannot be taken back wants the whole id, and names it.
    for command in ["delete", "restore"] {
        let refused = scratch.baton(["session", command, "77aa"]).run();
        assert_eq!(refused.code, Some(4), "{refused:?}");
        assert!(refused.stderr.contains(&format!("`baton session {command} {other}`")), "{refused:?}");
    }
}

#[test]
fn the_decisions_after_one_are_read_piece_by_piece() {
    let scratch = Scratch::new();
    played(&scratch);
    let numbers = |words: &str| {
        let listed = scratch.baton(["log", "--json"].into_iter().chain(words.split_whitespace())).run();
        assert_eq!(listed.stderr, "", "{words}");
        listed.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["n"].as_u64().unwrap()).collect()
    };
    let all: Vec<u64> = numbers("");
    let last = u64::try_from(all.len()).unwrap();
    assert!(last > 3 && all == (1..=last).collect::<Vec<_>>(), "{all:?}");
    assert_eq!(numbers("--limit 2"), [last - 1, last], "the newest");
    let mut read = Vec::new();
    loop {
        let page = numbers(&format!("--limit 2 --after {}", read.last().unwrap_or(&0)));
        if page.is_empty() {
            break;
        }
        read.extend(page);
    }
    assert_eq!(read, all);
    assert_eq!(numbers("--limit 0 --after 0"), [0; 0]);
    let none = scratch.baton(["log", "--after", &last.to_string()]).run();
    assert_eq!((none.code, none.stdout), (Some(0), format!("no decision after {last} has been recorded\n")));
}

#[test]
fn every_recorded_decision_comes_out_the_same_again() {
    let scratch = Scratch::new();
    played(&scratch);
    assert_eq!(scratch.baton(["run", "cancel", "demo"]).run().code, Some(0));
    let decided = scratch.state().audit().len();
    let again = scratch.baton(["replay"]).run();
    let expected = format!("{decided} decisions: {decided} unchanged, 0 different, 0 recorded without a request\n");
    assert_eq!((again.code, again.stdout.as_str()), (Some(0), expected.as_str()), "{again:?}");
}

/// Returns what `explain last` prints, without the line breaks of a narrow terminal.
fn explained(scratch: &Scratch) -> String {
    let told = scratch.baton(["explain", "last"]).run();
    assert_eq!((told.code, told.stderr.as_str()), (Some(0), ""), "{told:?}");
    told.stdout.replace("\n           ", " ")
}

#[test]
fn what_a_user_did_without_the_core_is_told_as_an_action() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"})));
    window.process.kill();
    let actions: [(&[&str], &str); 8] = [
        (&["pin", "s1"], "session_pinned: A user pinned the session, so retention leaves it alone."),
        (&["pin", "s1", "--off"], "session_unpinned: A user removed the session's pin."),
        (&["name", "s1", "mine"], "session_named: A user named the session."),
        (&["name", "s1", "--clear"], "session_name_removed: A user removed the session's name."),
        (
            &["dismiss", "s1"],
            "session_dismissed: A user dismissed the session, so the status leaves it out until it goes on.",
        ),
        (&["dismiss", "s1", "--off"], "session_undismissed: A user had the status show a dismissed session again."),
        (&["delete", "s1"], "session_deleted: A user moved the session to the trash."),
        (&["restore", "s1"], "session_restored: A user restored the session from the archive or the trash."),
    ];
    for (command, sentence) in actions {
        let done = scratch.baton(["session"].iter().chain(command).copied()).run();
        assert_eq!(done.code, Some(0), "{done:?}");
        let text = explained(&scratch);
        assert!(text.contains(&format!("  action:  {sentence}\n")), "{sentence:?} is not in {text}");
        assert!(text.contains("  changed: session s1 (revision "), "{text}");
        assert!(!text.contains("seen:") && !text.contains("rule:"), "{text}");
    }
}
