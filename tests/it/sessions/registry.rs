//! What a user can ask about sessions: which wait, which status each has, which one is meant, and which exist.

use std::fs;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use agent_baton_core::agent::Agent;
use agent_baton_tests::fault_injection::hold;
use agent_baton_tests::process::next_clock_tick;
use agent_baton_tests::scratch::Output;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

/// Opens a session with a prompt, in a window of its own.
fn prompted<'a>(scratch: &'a Scratch, agent: Agent, pane: &str, session: &str) -> Window<'a> {
    let mut window = Window::open(scratch, agent, pane);
    assert_no_output(&window.hook("SessionStart", session, &json!({})));
    assert_no_output(&window.hook("UserPromptSubmit", session, &json!({"prompt": "words"})));
    window
}

fn baton(scratch: &Scratch, words: &str) -> Output {
    scratch.baton(words.split_whitespace()).run()
}

/// Returns the ids that a list prints, in order.
fn ids(output: &Output) -> Vec<String> {
    let page = output.json();
    page["sessions"].as_array().unwrap().iter().map(|session| session["id"].as_str().unwrap().to_owned()).collect()
}

/// Returns the `status` and `wants` of a session, and whether `baton status` says that it waits.
fn stands(scratch: &Scratch, session: &str) -> (String, Option<String>, bool) {
    let view = baton(scratch, &format!("session show {session} --json")).json();
    let status = baton(scratch, "status --json").json();
    let waits = status["waiting"].as_array().unwrap().iter().any(|it| it["session"] == session);
    let text = |name: &str| view[name].as_str().map(str::to_owned);
    (text("status").unwrap(), text("waiting_for"), waits)
}

#[test]
fn where_a_session_stands_follows_its_events() {
    let scratch = Scratch::new();
    let mut claude = Window::open(&scratch, Agent::Claude, "%1");
    let mut codex = Window::open(&scratch, Agent::Codex, "%2");
    assert_no_output(&claude.hook("SessionStart", "a", &json!({})));
    assert_no_output(&codex.hook("SessionStart", "b", &json!({})));
    let check = |session: &str, status: &str, wants: Option<&str>| {
        let waits = matches!(status, "attention" | "idle");
        assert_eq!(stands(&scratch, session), (status.to_owned(), wants.map(str::to_owned), waits), "{session}");
    };
    check("a", "starting", None);
    let notified = |kind: &str| json!({"message": "words", "notification_type": kind});
    let events = [
        ("UserPromptSubmit", json!({"prompt": "one"}), "active", None),
        ("Stop", json!({}), "idle", None),
        ("UserPromptSubmit", json!({"prompt": "two"}), "active", None),
        ("PreCompact", json!({"trigger": "auto"}), "active", None),
        ("Notification", notified("permission_prompt"), "attention", Some("permission")),
        ("Notification", notified("elicitation_dialog"), "attention", Some("question")),
        ("Notification", notified("a word of a later version"), "attention", Some("question")),
        ("Notification", notified("elicitation_response"), "active", None),
        ("Notification", notified("elicitation_complete"), "active", None),
        ("Notification", notified("agent_completed"), "active", None),
        ("Notification", notified("auth_success"), "active", None),
        ("Notification", notified("agent_needs_input"), "attention", Some("question")),
        ("Notification", notified("agent_completed"), "attention", Some("question")),
        ("StopFailure", json!({"error": "unknown"}), "attention", Some("error")),
        ("Notification", notified("idle_prompt"), "attention", Some("error")),
        ("Notification", notified("agent_completed"), "attention", Some("error")),
        ("Notification", notified("auth_success"), "attention", Some("error")),
        ("Notification", notified("idle_prompt"), "attention", Some("error")),
        ("Notification", notified("a report of a later version"), "attention", Some("error")),
        ("Notification", notified("agent_completed"), "attention", Some("error")),
        ("Notification", notified("agent_completed"), "attention", Some("error")),
        ("Notification", notified("idle_prompt"), "attention", Some("error")),
        ("Notification", notified("idle_prompt"), "attention", Some("error")),
        ("UserPromptSubmit", json!({"prompt": "three"}), "active", None),
        ("Notification", notified("a word of a later version"), "attention", Some("attention")),
        ("Notification", notified("idle_prompt"), "idle", None),
    ];
    for (n, (event, mut fields, status, wants)) in events.into_iter().enumerate() {
        // No two of them are deliveries of one event.
        fields["prompt_id"] = json!(n.to_string());
        assert_no_output(&claude.hook(event, "a", &fields));
        check("a", status, wants);
    }
    for (event, fields, status, wants) in [
        ("UserPromptSubmit", json!({"prompt": "one"}), "active", None),
        ("PermissionRequest", json!({"tool_name": "Bash", "tool_input": {}}), "attention", Some("permission")),
        ("Stop", json!({}), "idle", None),
        ("UserPromptSubmit", json!({"prompt": "two"}), "active", None),
        ("Interrupt", json!({}), "idle", None),
    ] {
        assert_no_output(&codex.hook(event, "b", &fields));
        check("b", status, wants);
    }
    assert_no_output(&claude.hook("SessionEnd", "a", &json!({})));
    check("a", "ended", None);
    codex.process.kill();
    check("b", "lost", None);
}

/// An event that changes no record is known from the log alone, also if it did not get the lock in time.
#[test]
fn an_error_that_waited_for_the_lock_is_not_lost() {
    for (event, fields, word) in [
        ("StopFailure", json!({"error": "unknown"}), "error"),
        ("Notification", json!({"notification_type": "permission_prompt"}), "permission"),
        ("Stop", json!({}), "idle"),
    ] {
        let scratch = Scratch::new();
        let mut window = prompted(&scratch, Agent::Claude, "%1", "a");
        let mut other = Window::open(&scratch, Agent::Claude, "%2");
        let held = hold(&scratch);
        other.hook("SessionStart", "b", &json!({}));
        window.hook(event, "a", &fields);
        assert!(scratch.has_inbox());
        drop(held);
        other.hook("UserPromptSubmit", "b", &json!({"prompt": "words"}));
        assert!(!scratch.has_inbox());
        let (status, wants, _) = stands(&scratch, "a");
        assert_eq!(wants.unwrap_or(status), word);
    }
}

#[test]
fn what_waits_comes_first_then_what_works_then_what_was_lost() {
    let scratch = Scratch::new();
    let mut asks = prompted(&scratch, Agent::Claude, "%1", "asks");
    let mut idle = prompted(&scratch, Agent::Codex, "%2", "idle");
    let _works = prompted(&scratch, Agent::Claude, "%3", "works");
    let mut gone = prompted(&scratch, Agent::Claude, "%4", "gone");
    assert_no_output(&idle.hook("Stop", "idle", &json!({})));
    assert_no_output(&asks.hook("Notification", "asks", &json!({"notification_type": "permission_prompt"})));
    assert_eq!(gone.baton("gone", &["run", "start", "port the parser"]).code, Some(0));
    gone.process.kill();
    let line = baton(&scratch, "status --line");
    assert_eq!(line.stdout, "1 permission, 1 idle, 1 interrupted, 1 at work, 1 lost\n", "{line:?}");
    let text = baton(&scratch, "");
    assert_eq!(text.stdout, baton(&scratch, "status").stdout);
    let order = ["waits for you", "asks", "idle", "interrupted", "port the parser", "at work", "works", "lost", "gone"];
    let mut rest = text.stdout.as_str();
    for word in order {
        rest = rest.split_once(word).unwrap_or_else(|| panic!("{word}: {}", text.stdout)).1;
    }
    let (_, screen) = scratch.baton(["status"]).run_at_terminal(80);
    assert!(screen.lines().all(|line| line.chars().count() <= 80), "{screen}");
    assert!(!text.stdout.contains('\u{1b}'), "{}", text.stdout);
    let status = baton(&scratch, "status --json").json();
    let causes: Vec<&Value> = status["waiting"].as_array().unwrap().iter().map(|it| &it["cause"]).collect();
    assert_eq!(causes, ["permission", "idle", "interrupted"]);
    assert_eq!(status["interrupted"][0]["name"], "port the parser");
    assert_eq!(status["lost"][0]["id"], "gone");
    assert_eq!(status["alive"].as_array().unwrap().len(), 3);
}

/// When a pane is closed or a multiplexer is killed, Claude reports an end, but not that the user left.
#[test]
fn a_session_whose_terminal_went_away_is_lost_and_one_that_was_left_is_not() {
    let scratch = Scratch::new();
    let end = |pane: &str, session: &str, reason: &str, variable: (&str, &str)| {
        let mut window = prompted(&scratch, Agent::Claude, pane, session).with(variable.0, variable.1);
        assert_no_output(&window.hook("SessionEnd", session, &json!({"reason": reason})));
        window.process.kill();
    };
    let attended = ("CLAUDE_CODE_SESSION_ATTENDED", "1");
    end("%1", "closed", "other", attended);
    end("%2", "left", "prompt_input_exit", attended);
    end("%3", "cleared", "clear", attended);
    end("%4", "background", "other", ("CLAUDE_CODE_SESSION_ATTENDED", "0"));
    end("%5", "printed", "other", ("CLAUDE_CODE_ENTRYPOINT", "sdk-cli"));
    let mut unused = Window::open(&scratch, Agent::Claude, "%6");
    assert_no_output(&unused.hook("SessionStart", "unused", &json!({})));
    unused.process.kill();
    for (session, status) in
        [("closed", "lost"), ("left", "ended"), ("cleared", "ended"), ("background", "ended"), ("printed", "ended")]
    {
        assert_eq!(stands(&scratch, session).0, status, "{session}");
    }
    let shown = baton(&scratch, "session show closed --json").json();
    assert_eq!(
        (&shown["launches"][0]["ended_reason"], &shown["evidence"]),
        (&json!("terminal_closed"), &json!("end_recorded"))
    );
    assert_eq!(baton(&scratch, "status --line").stdout, "1 lost\n");
    let config = scratch.home().join(".config/baton/config.toml");
    fs::create_dir_all(config.parent().unwrap()).unwrap();
    fs::write(&config, "stale_after = \"1s\"\n").unwrap();
    let begun = Instant::now();
    while baton(&scratch, "status --line").stdout != "\n" {
        assert!(begun.elapsed() < Duration::from_secs(60), "it is of long ago");
        thread::sleep(Duration::from_millis(50));
    }
    let left = baton(&scratch, "resume --lost");
    assert_eq!(left.stdout, "no sessions to resume\n", "{left:?}");
    fs::remove_file(&config).unwrap();
    let resumed = baton(&scratch, "resume --lost");
    assert!(resumed.stdout.ends_with("claude --resume closed\n") && resumed.stdout.lines().count() == 1, "{resumed:?}");
}

/// An agent cannot resume a session without a conversation, so nothing lists it as lost or promises to resume it.
#[test]
fn a_session_that_never_had_a_conversation_is_never_lost() {
    let scratch = Scratch::new();
    let opened = |pane: &str, session: &str| {
        let mut window = Window::open(&scratch, Agent::Claude, pane);
        assert_no_output(&window.hook("SessionStart", session, &json!({})));
        window
    };
    opened("%1", "opened").process.kill();
    // A session that `/clear` left behind.
    let mut cleared = prompted(&scratch, Agent::Claude, "%2", "before");
    assert_no_output(&cleared.hook("SessionEnd", "before", &json!({"reason": "clear"})));
    assert_no_output(&cleared.hook("SessionStart", "stub", &json!({"source": "clear"})));
    cleared.process.kill();
    let mut codex = Window::open(&scratch, Agent::Codex, "%3");
    assert_no_output(&codex.hook("SessionStart", "worker", &json!({})));
    codex.process.kill();
    let mut named = opened("%4", "named");
    assert_eq!(baton(&scratch, "session name named parser").code, Some(0));
    named.process.kill();
    let mut lost = prompted(&scratch, Agent::Claude, "%6", "talked");
    lost.process.kill();
    let mut resumed = Window::open(&scratch, Agent::Claude, "%7");
    assert_no_output(&resumed.hook("SessionStart", "continued", &json!({"source": "resume"})));
    resumed.process.kill();
    let mut alive = opened("%8", "alive");
    // Last, because its run is offered to every session that starts after it.
    let mut owner = opened("%5", "owner");
    assert_eq!(owner.baton("owner", &["run", "start", "demo"]).code, Some(0));
    owner.process.kill();

    let list = |words: &str| {
        let mut listed = ids(&baton(&scratch, &format!("session list --json {words}")));
        listed.sort();
        listed
    };
    assert_eq!(list(""), ["alive", "before", "continued", "named", "owner", "talked"]);
    assert_eq!(list("--status lost"), ["continued", "talked"]);
    assert_eq!(list("--status lost --all"), ["continued", "talked"]);
    assert_eq!(list("--status empty"), ["named", "opened", "owner", "stub", "worker"]);
    assert_eq!(list("--all").len(), 9);
    let status = baton(&scratch, "status --json").json();
    assert_eq!(status["lost"].as_array().unwrap().len(), 2, "{status}");
    assert_eq!(baton(&scratch, "status --line").stdout, "1 interrupted, 1 opened, 2 lost\n");
    let all = baton(&scratch, "resume --lost");
    assert_eq!((all.stdout.lines().count(), all.stderr.as_str()), (2, ""), "{all:?}");
    for session in ["opened", "stub", "worker", "named", "owner"] {
        assert_eq!(stands(&scratch, session).0, "empty", "{session}");
        let refused = baton(&scratch, &format!("resume {session}"));
        assert!(refused.code == Some(3) && refused.stderr.contains("no conversation"), "{refused:?}");
        let gone = baton(&scratch, &format!("go {session}"));
        assert!(gone.code == Some(4) && !gone.stderr.contains("baton resume"), "{gone:?}");
    }
    let ownerless = baton(&scratch, "go demo");
    assert!(ownerless.code == Some(4) && !ownerless.stderr.contains("baton resume"), "{ownerless:?}");
    let refused = alive.baton("alive", &["run", "adopt", "demo", "--session", "owner"]);
    assert!(refused.code == Some(4) && !refused.stderr.contains("resume it"), "{refused:?}");
    assert_eq!(baton(&scratch, "run pause demo").code, Some(0));
    let continued = baton(&scratch, "run continue demo");
    assert!(continued.stdout.contains("baton run adopt") && !continued.stdout.contains("resume"), "{continued:?}");
}

/// The newest session is gone and was never prompted, and the next one is open and was not prompted yet.
#[test]
fn the_last_session_is_one_that_lists_show_and_resume_can_resume() {
    let scratch = Scratch::new();
    prompted(&scratch, Agent::Claude, "%1", "talked").process.kill();
    next_clock_tick();
    let mut open = Window::open(&scratch, Agent::Claude, "%2");
    assert_no_output(&open.hook("SessionStart", "open", &json!({})));
    next_clock_tick();
    let mut gone = Window::open(&scratch, Agent::Claude, "%3");
    assert_no_output(&gone.hook("SessionStart", "gone", &json!({})));
    gone.process.kill();
    assert!(baton(&scratch, "resume last").stdout.ends_with("talked\n"));
    assert_eq!(baton(&scratch, "session show last --json").json()["id"], "open");
    assert_eq!(ids(&baton(&scratch, "session list --json")), ["open", "talked"]);
    open.process.kill();
    assert_eq!(baton(&scratch, "session show last --json").json()["id"], "talked");
}

#[test]
fn pinned_sessions_come_first() {
    let scratch = Scratch::new();
    let mut windows: Vec<_> = ["pinned", "first", "second"]
        .iter()
        .map(|session| {
            let window = prompted(&scratch, Agent::Claude, "%1", session);
            next_clock_tick();
            window
        })
        .collect();
    assert_eq!(baton(&scratch, "session pin pinned").code, Some(0));
    let listed = |section: &str| -> Vec<String> {
        let status = baton(&scratch, "status --json").json();
        let id = |it: &Value| it["id"].as_str().or(it["session"].as_str()).unwrap().to_owned();
        status[section].as_array().unwrap().iter().map(id).collect()
    };
    assert_eq!(listed("alive"), ["pinned", "second", "first"]);
    for (window, session) in windows.iter_mut().rev().zip(["second", "first", "pinned"]) {
        assert_no_output(&window.hook("Stop", session, &json!({})));
        next_clock_tick();
    }
    assert_eq!(listed("waiting"), ["pinned", "second", "first"], "the others by how long they wait");
    windows.iter_mut().for_each(|window| window.process.kill());
    assert_eq!(listed("lost"), ["pinned", "second", "first"]);
    let order = baton(&scratch, "resume").stdout;
    assert!(order.lines().next().unwrap().ends_with(" pinned"), "{order}");
}

/// Several runs of one name tell themselves apart by their ids and times, the newest first.
#[test]
fn ambiguous_records_are_listed_with_their_times() {
    let scratch = Scratch::new();
    let mut windows = Vec::new();
    for (pane, session) in [("%1", "older"), ("%2", "newer")] {
        let project = scratch.home().join(session);
        fs::create_dir(&project).unwrap();
        let mut window = Window::open(&scratch, Agent::Claude, pane);
        assert_no_output(&window.hook("SessionStart", session, &json!({"cwd": project})));
        assert_no_output(&window.hook("UserPromptSubmit", session, &json!({"prompt": "words", "cwd": project})));
        assert_eq!(window.baton(session, &["run", "start", "demo"]).code, Some(0));
        assert_eq!(baton(&scratch, &format!("session name {session} same")).code, Some(0));
        next_clock_tick();
        windows.push(window);
    }
    let runs = baton(&scratch, "run list --json").json()["runs"].take();
    for (words, ids, time) in [
        ("run show demo", [&runs[0]["id"], &runs[1]["id"]], "started "),
        ("session show same", [&json!("newer"), &json!("older")], "opened "),
    ] {
        let told = baton(&scratch, words);
        let lines: Vec<&str> = told.stderr.lines().filter(|line| line.starts_with("  ")).collect();
        for (line, id) in lines.iter().zip(ids) {
            assert!(line.contains(id.as_str().unwrap()) && line.contains(time), "{words}: {told:?}");
        }
        assert_eq!((told.code, lines.len()), (Some(4), 2), "{words}: {told:?}");
    }
}

#[test]
fn a_session_whose_run_another_window_owns_waits_for_the_user() {
    let scratch = Scratch::new();
    let mut owner = prompted(&scratch, Agent::Claude, "%1", "s1");
    assert_eq!(owner.baton("s1", &["run", "start", "demo"]).code, Some(0));
    let mut other = Window::open(&scratch, Agent::Claude, "%2");
    assert_eq!(other.hook("SessionStart", "s1", &json!({"source": "resume"})).code, Some(0));
    let status = baton(&scratch, "status --json").json();
    assert!(status["waiting"].as_array().unwrap().iter().any(|it| it["cause"] == "owner_elsewhere"), "{status}");
    let text = baton(&scratch, "").stdout;
    let row = text.lines().find(|line| line.contains("owner elsewhere")).unwrap();
    assert!(row.contains("%2") && row.ends_with("owned in %1"), "the window that lacks the run comes first: {text}");
}

#[test]
fn a_run_is_gone_to_as_its_name_and_project_say() {
    let scratch = Scratch::new();
    let mut here = prompted(&scratch, Agent::Claude, "%1", "s1");
    assert_eq!(here.baton("s1", &["run", "start", "demo"]).code, Some(0));
    let elsewhere = scratch.home().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let from = |dir: &Path, words: &str| scratch.baton(words.split_whitespace()).cwd(dir).run();
    let other = from(&elsewhere, "go --here demo");
    assert_eq!((other.code, other.stdout.as_str()), (Some(4), ""), "{other:?}");
    let found = from(&scratch.home().join("work"), "go --here demo");
    assert!(found.stderr.contains("the owner of run demo") && found.stderr.contains("pane %1"), "{found:?}");
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    assert_no_output(&second.hook("SessionStart", "s2", &json!({"cwd": elsewhere})));
    assert_no_output(&second.hook("UserPromptSubmit", "s2", &json!({"prompt": "words", "cwd": elsewhere})));
    assert_eq!(second.baton("s2", &["run", "start", "demo"]).code, Some(0));
    let both = baton(&scratch, "go demo");
    assert_eq!((both.code, both.stderr.matches("demo").count()), (Some(4), 3), "{both:?}");
}

/// The ids of Codex begin with the time.
#[test]
fn the_beginning_of_an_id_that_is_printed_names_one_session() {
    let scratch = Scratch::new();
    let mut over = prompted(&scratch, Agent::Codex, "%1", "019b0000-1e23-7000");
    let _alive = prompted(&scratch, Agent::Codex, "%2", "019b0000-1e24-7000");
    assert_no_output(&over.hook("SessionEnd", "019b0000-1e23-7000", &json!({})));
    for words in ["", "session list --status active"] {
        let text = baton(&scratch, words).stdout;
        let printed = text.split_whitespace().find(|word| word.starts_with("019b")).unwrap();
        let shown = baton(&scratch, &format!("session show {printed} --json"));
        assert_eq!(shown.json()["id"], "019b0000-1e24-7000", "{words}: {text}");
    }
}

#[test]
fn a_record_that_cannot_be_read_is_told_and_takes_no_room() {
    let scratch = Scratch::new();
    let _good = prompted(&scratch, Agent::Claude, "%1", "good");
    let _bad = prompted(&scratch, Agent::Claude, "%2", "bad-of-a-very-long-id-that-would-widen-its-column");
    let path = scratch.state_dir().join("sessions/bad-of-a-very-long-id-that-would-widen-its-column.json");
    fs::write(path, "{").unwrap();
    let list = baton(&scratch, "session list --json").json();
    assert_eq!(list["unreadable"], json!(["bad-of-a-very-long-id-that-would-widen-its-column"]));
    assert_eq!(list["sessions"][0]["id"], "good");
    let text = baton(&scratch, "session list").stdout;
    assert!(text.lines().nth(1).unwrap().starts_with("good      active"), "{text}");
    assert!(text.lines().nth(2).unwrap().starts_with("bad-of-a  unreadable"), "{text}");
    assert_eq!(baton(&scratch, "status --line").stdout, "1 at work, 1 unreadable\n");
}

#[test]
fn nothing_alive_is_said_and_costs_no_line() {
    let scratch = Scratch::new();
    assert_eq!(
        baton(&scratch, "").stdout,
        "no sessions or runs are open. Sessions appear here once an agent with baton's hooks starts; `baton doctor` checks \
         the hooks.\n"
    );
    assert_eq!(baton(&scratch, "status --line").stdout, "\n");
    assert!(!scratch.state_dir().exists(), "looking makes nothing");
}

#[test]
fn a_list_is_cut_into_pages_that_miss_and_repeat_nothing() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Codex, "%1");
    let all: Vec<String> = (0..7).map(|n| format!("s{n}")).collect();
    for session in &all {
        assert_no_output(&window.hook("SessionStart", session, &json!({})));
        assert_no_output(&window.hook("UserPromptSubmit", session, &json!({"prompt": "words"})));
        // Sessions of the same millisecond are listed by their ids.
        next_clock_tick();
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = baton(&scratch, &format!("session list --json --limit 3 {cursor}"));
        seen.extend(ids(&page));
        let Some(next) = page.json()["next"].as_str().map(str::to_owned) else { break };
        assert!(page.stderr.contains(&format!("--cursor {next}")), "{page:?}");
        cursor = format!("--cursor {next}");
    }
    let newest_first: Vec<String> = all.iter().rev().cloned().collect();
    assert_eq!(seen, newest_first);
    assert_eq!(baton(&scratch, "session list --cursor x").code, Some(2));
}

#[test]
fn a_pane_is_named_with_its_server_where_there_are_several() {
    let scratch = Scratch::new();
    let listed = || {
        ["", "session list", "run list"].map(|words| {
            let words: Vec<&str> = words.split_whitespace().collect();
            scratch.baton(words).run().stdout
        })
    };
    let _one = Window::open_owner(&scratch, Agent::Claude, "%1");
    for text in listed() {
        assert!(text.contains("%1") && !text.contains(":%1"), "{text}");
    }
    let mut other = Window::open(&scratch, Agent::Codex, "%1").on(Path::new("/tmp/tmux-1/other"));
    assert_no_output(&other.hook("SessionStart", "s2", &json!({})));
    assert_no_output(&other.hook("UserPromptSubmit", "s2", &json!({"prompt": "go"})));
    let [status, sessions, runs] = listed();
    assert!(status.contains("other:%1") && sessions.contains("other:%1"), "{status}{sessions}");
    // Only one server has runs.
    assert!(!runs.contains(":%1"), "{runs}");
    assert_eq!(ids(&baton(&scratch, "session list --json --pane other:%1")), ["s2"]);
    assert_eq!(ids(&baton(&scratch, "session list --json --pane %1")).len(), 2);
}

#[test]
fn a_list_is_narrowed() {
    let scratch = Scratch::new();
    let mut claude = prompted(&scratch, Agent::Claude, "%1", "aa1");
    let mut codex = prompted(&scratch, Agent::Codex, "%2", "bb2");
    assert_no_output(&codex.hook("Stop", "bb2", &json!({})));
    assert_no_output(&claude.hook("SessionStart", "aa3", &json!({"source": "clear"})));
    assert_eq!(baton(&scratch, "session pin aa1").code, Some(0));
    assert_eq!(baton(&scratch, "session name bb2 parser").code, Some(0));
    let today = baton(&scratch, "session show bb2 --json").json()["opened_at"].as_str().unwrap()[..10].to_owned();
    let elsewhere = scratch.home().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
    for (words, expected) in [
        ("", &["aa1", "aa3", "bb2"][..]),
        ("--agent codex", &["bb2"]),
        ("--status idle", &["bb2"]),
        ("--status ended --status starting", &["aa1", "aa3"]),
        ("--pinned", &["aa1"]),
        ("--text PARSER", &["bb2"]),
        ("--text aa", &["aa1", "aa3"]),
        ("--pane %2", &["bb2"]),
        ("--pane 2", &["bb2"]),
        ("--pane %", &[]),
        ("--status active --status permission", &[]),
        ("--here", &["aa1", "aa3", "bb2"]),
        ("--project ../elsewhere", &[]),
        (&format!("--date {today}"), &["aa1", "aa3", "bb2"]),
        (&format!("--date {}", &today[..7]), &["aa1", "aa3", "bb2"]),
        ("--date 1999", &[]),
        ("--limit 1", &["aa1"]),
        (&format!("--limit 1 --cursor pinned-{now}-x"), &["aa1"]),
        ("--text work", &["aa1", "aa3", "bb2"]),
        ("--text arse", &[]),
    ] {
        assert_eq!(ids(&baton(&scratch, &format!("session list --json {words}"))), expected, "{words}");
    }
    for words in ["--date today", "--date 2026-13", "--date 2026-1", "--date=", "--limit 0", "--status asleep"] {
        assert_eq!(baton(&scratch, &format!("session list {words}")).code, Some(2), "{words}");
    }
    let from = |dir: &Path| ids(&scratch.baton(["session", "list", "--json", "--here"]).cwd(dir).run());
    assert_eq!(from(&elsewhere), [""; 0]);
}

#[test]
fn headless_sessions_are_shown_on_demand_until_a_user_opens_one() {
    let scratch = Scratch::new();
    let mut print = Window::open(&scratch, Agent::Claude, "%1").with("CLAUDE_CODE_ENTRYPOINT", "sdk-cli");
    let mut exec = Window::start(&scratch, Agent::Codex, "%2", &["exec", "words"]);
    for (window, session) in [(&mut print, "printed"), (&mut exec, "executed")] {
        assert_no_output(&window.hook("SessionStart", session, &json!({})));
        assert_no_output(&window.hook("UserPromptSubmit", session, &json!({"prompt": "words"})));
        assert_no_output(&window.hook("Stop", session, &json!({})));
    }
    let mut tui = Window::open(&scratch, Agent::Claude, "%3").with("CLAUDE_CODE_ENTRYPOINT", "cli");
    assert_no_output(&tui.hook("SessionStart", "seen", &json!({})));
    assert_no_output(&tui.hook("UserPromptSubmit", "seen", &json!({"prompt": "words"})));
    assert_eq!(ids(&baton(&scratch, "session list --json")), ["seen"]);
    assert_eq!(ids(&baton(&scratch, "session list --json --all")), ["seen", "executed", "printed"]);
    assert_eq!(baton(&scratch, "status --line").stdout, "3 at work\n", "nobody is waited for");
    let text = baton(&scratch, "").stdout;
    assert!(text.lines().nth(1) == Some("at work") && text.contains("printed"), "what lives is shown: {text}");
    assert_no_output(&print.hook("SessionEnd", "printed", &json!({})));
    assert_no_output(&tui.hook("SessionStart", "printed", &json!({"source": "resume"})));
    assert_eq!(ids(&baton(&scratch, "session list --json")), ["printed", "seen"]);
}

#[test]
fn a_name_is_found_until_it_is_taken_away() {
    let scratch = Scratch::new();
    let _one = prompted(&scratch, Agent::Claude, "%1", "aa1");
    let _two = prompted(&scratch, Agent::Claude, "%2", "aa2");
    let shown = |text: &str| {
        let output = scratch.baton(["session", "show", text, "--json"]).run();
        (output.code, output.code.filter(|code| *code == 0).map(|_| output.json()["id"].as_str().unwrap().to_owned()))
    };
    assert_eq!(shown("the parser"), (Some(4), None));
    assert_eq!(scratch.baton(["session", "name", "aa1", "the parser"]).run().code, Some(0));
    assert_eq!(shown("the parser"), (Some(0), Some("aa1".to_owned())));
    assert_eq!(scratch.baton(["session", "name", "aa2", "the parser"]).run().code, Some(0));
    let several = scratch.baton(["session", "show", "the parser"]).run();
    assert_eq!(several.code, Some(4), "{several:?}");
    assert!(several.stderr.contains("aa1") && several.stderr.contains("aa2"), "{several:?}");
    assert_eq!(baton(&scratch, "session name aa1 --clear").code, Some(0));
    assert_eq!(shown("the parser"), (Some(0), Some("aa2".to_owned())));
    for bad in ["", " x", "a\u{202e}b", &"x".repeat(65)] {
        assert_eq!(scratch.baton(["session", "name", "aa1", bad]).run().code, Some(2), "{bad:?}");
    }
    // A user's action is in the audit, and repeating it changes nothing.
    let before = scratch.state().audit().len();
    assert_eq!(scratch.baton(["session", "name", "aa2", "the parser"]).run().code, Some(0));
    assert_eq!(scratch.state().audit().len(), before);
}

#[test]
fn the_configuration_is_told_with_where_it_comes_from() {
    let scratch = Scratch::new();
    let path = scratch.home().join(".config/baton/config.toml");
    let plain = baton(&scratch, "config --json").json();
    assert_eq!((&plain["found"], &plain["settings"][0]["value"]), (&json!(false), &json!("7d")));
    assert_eq!(plain["settings"][0]["origin"], json!({"from": "default"}));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, "# mine\nstale_after = \"36h\"\n[retention]\nsessions = 9\n").unwrap();
    let set = baton(&scratch, "config --json").json();
    let of = |key: &str| set["settings"].as_array().unwrap().iter().find(|it| it["key"] == key).unwrap().clone();
    assert_eq!(of("stale_after")["origin"], json!({"from": "file", "line": 2}));
    assert_eq!(of("stale_after")["default"], "7d");
    assert_eq!(
        (&of("retention.sessions")["value"], &of("retention.sessions")["origin"]["line"]),
        (&json!(9), &json!(4))
    );
    assert_eq!(of("retention.age")["origin"]["from"], "default");
    for (text, line, key) in [
        ("messages = \"off\"\nstale_after = \"soon\"\n", "line 2", "stale_after"),
        ("[retention]\n\nsessions = -1\n", "line 3", "retention.sessions"),
        ("[retention]\nwhat = 1\n", "line 2", "what"),
        ("stale_after = [", "line 1", ""),
    ] {
        fs::write(&path, text).unwrap();
        let wrong = baton(&scratch, "config");
        assert_eq!((wrong.code, wrong.stdout.as_str()), (Some(1), ""), "{wrong:?}");
        assert!(wrong.stderr.contains(line) && wrong.stderr.contains(key), "{text}: {wrong:?}");
        // The hook continues with the defaults, and reports that if it needed the configuration.
        let mut window = Window::open(&scratch, Agent::Claude, "%1");
        assert_eq!(window.hook("SessionStart", "s1", &json!({})).code, Some(0));
    }
}

#[test]
fn completions_and_manual_follow_the_public_surface() {
    let scratch = Scratch::new();
    for shell in ["bash", "zsh", "fish"] {
        let text = baton(&scratch, &format!("completions {shell}")).stdout;
        assert!(text.contains("resume") && !text.contains("demo-agent"), "{shell}");
    }
    let page = baton(&scratch, "man").stdout;
    assert!(page.starts_with(".ie") && page.contains("resume"), "{page}");
    assert!(
        baton(&scratch, "man run start").stdout.contains("run\\-start")
            || baton(&scratch, "man run start").stdout.contains("run-start")
    );
    assert_eq!(baton(&scratch, "man nothing").code, Some(4));
    let help = baton(&scratch, "--help").stdout;
    assert!(!help.contains("completions") && !help.contains("demo-agent"), "{help}");
}

#[test]
fn what_lives_is_shown_however_many_were_lost_since() {
    let scratch = Scratch::new();
    let _old = prompted(&scratch, Agent::Claude, "%1", "old");
    let mut lost = prompted(&scratch, Agent::Codex, "%2", "lost");
    lost.process.kill();
    let sessions = scratch.state_dir().join("sessions");
    let record = fs::read_to_string(sessions.join("lost.json")).unwrap();
    for n in 0..300 {
        let id = format!("lost-{n}");
        fs::write(sessions.join(format!("{id}.json")), record.replace("\"lost\"", &format!("\"{id}\""))).unwrap();
    }
    // The next event finds no index, and rebuilds it from the records.
    fs::remove_dir_all(scratch.state_dir().join("index")).unwrap();
    let _new = prompted(&scratch, Agent::Codex, "%3", "new");
    let status = baton(&scratch, "status --json").json();
    let alive: Vec<&str> = status["alive"].as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    assert!(alive.contains(&"old") && alive.contains(&"new"), "{alive:?}");
    assert_eq!(status["lost"].as_array().unwrap().len(), 301);
}
