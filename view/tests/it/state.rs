//! The picture of a real state is what `baton status` shows.

use std::time::{Duration, Instant};

use agent_baton_core::agent::Agent;
use agent_baton_core::timestamp::Timestamp;
use agent_baton_tests::other_machine::carry_off;
use agent_baton_tests::{Scratch, Window};
use baton_status::{ItemKind, Section};
use baton_store::{AccountHome, StateDirEnv};
use baton_view::notifications::Waits;
use baton_view::{Picture, RingLimits, Source, StateSource, watcher};
use serde_json::{Value, json};

pub(crate) fn source(scratch: &Scratch) -> StateSource {
    let env = scratch.env();
    let text = |name: &str| env.get(name).map(Into::into);
    StateSource::new(StateDirEnv {
        baton_home: text("BATON_HOME"),
        xdg_state_home: None,
        xdg_config_home: text("XDG_CONFIG_HOME"),
        home: text("HOME"),
        account_home: AccountHome::Database,
    })
}

/// Returns each item as its section, its id and its status.
fn lines(picture: &Picture) -> Vec<String> {
    let line = |item: &baton_status::Item| {
        let section = serde_json::to_value(item.section).unwrap();
        format!("{} {} {}", section.as_str().unwrap(), item.id, item.status)
    };
    picture.items.iter().map(line).collect()
}

#[test]
fn a_picture_shows_what_the_status_shows() {
    let scratch = Scratch::new();
    let mut source = source(&scratch);
    assert_eq!(lines(&source.read().unwrap()), Vec::<String>::new());
    let mut owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    let run = scratch.state().only_run().id.to_string();
    let mut other = Window::open(&scratch, Agent::Codex, "%2");
    other.hook("SessionStart", "s2", &json!({}));
    let mut check = |what: &str, expected: &[&str]| {
        let picture = source.read().unwrap();
        let expected: Vec<String> = expected.iter().map(|line| line.replace("RUN", &run)).collect();
        assert_eq!(lines(&picture), expected, "{what}");
        let status = scratch.baton(["status", "--json"]).run().json();
        for (list, section) in [("waiting", "waiting"), ("lost", "lost"), ("unknown", "unknown")] {
            let of_section: Vec<_> = lines(&picture).into_iter().filter(|line| line.starts_with(section)).collect();
            assert_eq!(of_section.len(), status[list].as_array().unwrap().len(), "{what}: {list}");
        }
        let line = scratch.baton(["status", "--line"]).run().stdout;
        let counts: Vec<_> = picture.counts.iter().map(|it| format!("{} {}", it.count, it.word)).collect();
        assert_eq!(counts.join(", "), line.trim_end(), "{what}");
        assert!(source.is_current(), "{what}");
        source.read().unwrap().id.audit
    };
    let first = check("two sessions", &["working s1 active", "opened s2 starting", "runs RUN active"]);
    owner.hook("Stop", "s1", &json!({}));
    check("the turn is over", &["waiting s1 idle", "opened s2 starting", "runs RUN active"]);
    assert_eq!(owner.baton("s1", &["run", "pause", "demo"]).code, Some(0));
    let paused = check("the run is paused", &["waiting s1 idle", "waiting RUN paused", "opened s2 starting"]);
    assert!(paused > first, "{paused} {first}");
}

/// Not every file system tells of changes.
#[test]
fn what_changes_in_the_state_is_noticed_by_looking() {
    let scratch = Scratch::new();
    let mut source = source(&scratch);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    source.read().unwrap();
    // The last of them is a heartbeat, which leaves no line in the audit.
    for (event, fields) in
        [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "words"})), ("Stop", json!({}))]
    {
        assert!(source.is_current(), "before {event}");
        window.hook(event, "s1", &fields);
        assert!(!source.is_current(), "{event}");
        source.read().unwrap();
    }
}

#[test]
fn each_beginning_of_a_wait_is_told_once() {
    let scratch = Scratch::new();
    let mut source = source(&scratch);
    let mut owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    let mut waits = Waits::new(&source.read().unwrap());
    let mut check = |what: &str, expected: &[&str]| {
        let picture = source.read().unwrap();
        let told: Vec<&str> = waits.begun(&picture).iter().map(|item| item.status.as_str()).collect();
        assert_eq!(told, expected, "{what}");
    };
    owner.hook("Stop", "s1", &json!({}));
    check("the end of a turn", &["idle"]);
    owner.hook("Notification", "s1", &json!({"notification_type": "idle_prompt"}));
    check("the agent reminds of it", &[]);
    owner.hook("UserPromptSubmit", "s1", &json!({"prompt": "more"}));
    owner.hook("Stop", "s1", &json!({"last_assistant_message": "more"}));
    check("the end of the next turn, which no picture showed", &["idle"]);
    for what in ["a permission", "the next permission"] {
        owner.hook("Notification", "s1", &json!({"notification_type": "permission_prompt", "message": what}));
        check(what, &["permission"]);
    }
    owner.process.kill();
    check("the run has lost its owner", &["interrupted"]);
    check("nothing happens", &[]);
}

/// Checks that a run waits for the user with this word wherever it is shown.
fn check_waiting_run(word: &str, happen: impl Fn(&Scratch, &mut Window<'_>)) {
    let scratch = Scratch::new();
    let mut owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    let mut source = source(&scratch);
    let mut waits = Waits::new(&source.read().unwrap());
    happen(&scratch, &mut owner);
    let picture = source.read().unwrap();
    let run = scratch.state().only_run().id;
    let item = picture.items.iter().find(|item| item.kind == ItemKind::Run).unwrap();
    assert_eq!((item.section, item.id.as_str(), item.status.as_str()), (Section::Waiting, run.as_str(), word));
    let told: Vec<&str> = waits.begun(&picture).iter().map(|item| item.status.as_str()).collect();
    assert_eq!(told, [word]);
    let count = picture.counts.iter().find(|it| it.word == word).map(|it| it.count);
    assert_eq!(count, Some(1), "{picture:?}");
    let status = scratch.baton(["status", "--json"]).run().json();
    let waiting = &status["waiting"].as_array().unwrap()[0];
    assert_eq!((&waiting["cause"], &waiting["run"]), (&json!(word.replace(' ', "_")), &json!(run)));
    let text = scratch.baton(["status"]).run().stdout;
    let section = text.split_once("waits for you\n").unwrap().1;
    assert!(section.trim_start().starts_with(word), "{text}");
}

#[test]
fn a_run_whose_owner_is_gone_or_cannot_be_verified_waits_for_the_user() {
    check_waiting_run("interrupted", |_, owner| owner.process.kill());
    check_waiting_run("owner unknown", |scratch, _| {
        for records in ["sessions", "runs"] {
            carry_off(&scratch.state_dir().join(records));
        }
    });
}

#[test]
fn a_process_that_ends_is_noticed_without_a_trace_in_the_state() {
    let scratch = Scratch::new();
    let mut source = source(&scratch);
    let owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    source.read().unwrap();
    assert!(source.is_current());
    drop(owner);
    assert!(!source.is_current());
    assert_eq!(lines(&source.read().unwrap()).last().map(|line| line.ends_with("s1 lost")), Some(true));
    assert!(source.is_current());
}

#[test]
fn what_was_said_last_is_shown_and_only_while_it_is_of_use() {
    let scratch = Scratch::new();
    let mut source = source(&scratch);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let transcript = scratch.root().join("s1.jsonl");
    let mut hook = |event: &str, fields: Value, lines: &[Value]| {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        std::fs::write(&transcript, text).unwrap();
        let mut fields = fields;
        fields["transcript_path"] = json!(transcript);
        window.hook(event, "s1", &fields);
        let item = source.read().unwrap().items.remove(0);
        let text = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
        format!("{} / {} / {}", text(item.prompt), text(item.question), item.turn_tokens.unwrap_or(0))
    };
    let prompt = |text: &str| json!({"type": "user", "message": {"content": text}});
    let answer = |content: Value, tokens: u64| {
        json!({"type": "assistant", "message": {"model": "opus", "content": [content], "usage": {
            "input_tokens": tokens, "cache_creation_input_tokens": 0, "cache_read_input_tokens": 0, "output_tokens": 0}}})
    };
    let said = |text: &str, tokens: u64| answer(json!({"type": "text", "text": text}), tokens);
    let call = answer(json!({"type": "tool_use", "id": "1", "name": "Bash", "input": {"command": "cargo\ttest"}}), 90);
    let mut lines = vec![prompt("one"), said("done", 40), prompt("two\n\u{1b}[31m\u{202e}")];
    assert_eq!(hook("SessionStart", json!({}), &[]), "- / - / 0");
    let two = "two \u{fffd}[31m\u{fffd}";
    assert_eq!(hook("UserPromptSubmit", json!({"prompt": "two"}), &lines), format!("{two} / - / 0"));
    lines.push(call);
    let asks = json!({"notification_type": "permission_prompt"});
    assert_eq!(hook("Notification", asks, &lines), format!("{two} / Bash: cargo test / 50"));
    lines.push(json!({"type": "user", "message": {"content": [{"type": "tool_result", "tool_use_id": "1"}]}}));
    lines.push(said("all pass; shall I go on?", 100));
    assert_eq!(hook("Stop", json!({}), &lines), format!("{two} / all pass; shall I go on? / 60"));
    assert_eq!(source.files(), [transcript]);
    // Nothing of it is stored.
    let found = std::process::Command::new("grep").args(["-rl", "shall I go on"]).arg(scratch.state_dir()).output();
    assert_eq!(found.unwrap().stdout, b"");
}

/// No event tells that the user granted a permission.
#[test]
fn a_question_waits_until_its_call_has_a_result() {
    let scratch = Scratch::new();
    let mut source = source(&scratch);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let transcript = scratch.root().join("s1.jsonl");
    window.hook("SessionStart", "s1", &json!({"transcript_path": transcript}));
    window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words", "transcript_path": transcript}));
    let asks = json!({"notification_type": "permission_prompt", "transcript_path": transcript});
    window.hook("Notification", "s1", &asks);
    let asked = source.read().unwrap().items.remove(0).since.unwrap().unix_ms;
    // A time is in seconds after the question.
    let mut check = |what: &str, calls: &[(&str, &str, i64)], expected: &str| {
        let line = |(kind, id, at): &(&str, &str, i64)| {
            let at = Timestamp { unix_ms: asked.saturating_add_signed(at * 1000), boot: String::new(), boot_ms: 0 };
            let content = match *kind {
                "user" => json!([{"type": "tool_result", "tool_use_id": id}]),
                "assistant" => json!([{"type": "tool_use", "id": id, "name": "Bash", "input": {"command": id}}]),
                _ => json!([{"type": "text", "text": "[Request interrupted by user for tool use]"}]),
            };
            let kind = if *kind == "interrupted" { "user" } else { kind };
            format!(
                "{}\n",
                json!({"type": kind, "timestamp": baton_display::format_rfc3339(&at), "message": {"content": content}})
            )
        };
        std::fs::write(&transcript, calls.iter().map(line).collect::<String>()).unwrap();
        let item = source.read().unwrap().items.remove(0);
        assert_eq!(format!("{} {}", item.status, item.question.unwrap_or_default()).trim_end(), expected, "{what}");
        let alive = scratch.baton(["status", "--json"]).run().json()["alive"].take();
        let word = alive[0]["waiting_for"].as_str().or(alive[0]["status"].as_str());
        assert_eq!(word, Some(item.status.as_str()), "{what}");
    };
    let (call, later) = (("assistant", "a", -6), ("assistant", "sleep", 9));
    check("no transcript", &[], "permission");
    check("the call that is asked about", &[call], "permission Bash: a");
    check("another one has a result", &[call, ("assistant", "b", -6), ("user", "b", 3)], "permission Bash: a");
    check("it has a result from before", &[call, ("user", "a", -1)], "permission");
    check("it has a result", &[call, ("user", "a", 5)], "active");
    check("the next call is made", &[call, ("user", "a", 5), later], "active");
    check("it was refused", &[call, ("user", "a", 5), ("interrupted", "", 5)], "idle");
}

/// An agent that hangs looks like one at work, but for what it writes.
#[test]
fn a_session_at_work_shows_its_run_and_when_it_last_wrote() {
    let scratch = Scratch::new();
    let mut source = source(&scratch);
    let mut owner = Window::open(&scratch, Agent::Claude, "%1");
    let transcript = scratch.root().join("s1.jsonl");
    std::fs::write(&transcript, "{}\n").unwrap();
    owner.hook("SessionStart", "s1", &json!({"transcript_path": transcript}));
    owner.hook("UserPromptSubmit", "s1", &json!({"prompt": "words", "transcript_path": transcript}));
    for words in
        [&["run", "start", "demo"][..], &["run", "update", "demo", "--iteration", "3", "--max-iterations", "20"]]
    {
        assert_eq!(owner.baton("s1", words).code, Some(0));
    }
    let wrote_at = std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_059);
    std::fs::File::options().append(true).open(&transcript).unwrap().set_modified(wrote_at).unwrap();
    let item = serde_json::to_value(source.read().unwrap().items.remove(0)).unwrap();
    assert_eq!((&item["section"], &item["run"]), (&json!("working"), &json!("demo")));
    assert_eq!((&item["iteration"], &item["max_iterations"]), (&json!(3), &json!(20)));
    assert_eq!(item["active"], json!("2023-11-14T22:14:00.000Z"), "to the minute");
    owner.hook("Stop", "s1", &json!({"transcript_path": transcript}));
    let item = serde_json::to_value(source.read().unwrap().items.remove(0)).unwrap();
    assert_eq!((&item["section"], &item["active"]), (&json!("waiting"), &Value::Null));
}

/// The view shows a start of long ago as often as it is read, and removes nothing.
#[test]
fn amc_052_starting_stale_after_listing() {
    let scratch = Scratch::new();
    let mut source = source(&scratch);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    window.hook("SessionStart", "s1", &json!({}));
    let record = scratch.state_dir().join("sessions/s1.json");
    let mut old: Value = serde_json::from_slice(&std::fs::read(&record).unwrap()).unwrap();
    let started = old["launches"][0]["started"]["unix_ms"].as_u64().unwrap() - 2 * 60 * 60 * 1000;
    old["launches"][0]["started"] = json!({"unix_ms": started, "boot": "earlier", "boot_ms": 1});
    std::fs::write(&record, old.to_string()).unwrap();
    for _ in 0..3 {
        assert_eq!(lines(&source.read().unwrap()), ["opened s1 starting"]);
    }
    assert_eq!(std::fs::read_to_string(&record).unwrap(), old.to_string());
}

#[test]
fn a_dismissed_session_is_left_out_until_it_goes_on() {
    let scratch = Scratch::new();
    let mut source = source(&scratch);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    window.hook("SessionStart", "s1", &json!({}));
    window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"}));
    let run = |args: &[&str]| scratch.baton(args.iter().copied()).run().code;
    assert_eq!(run(&["session", "dismiss", "s1"]), Some(3), "it is at work");
    window.hook("Stop", "s1", &json!({}));
    let mut check = |what: &str, expected: &[&str], count: &str| {
        let picture = source.read().unwrap();
        assert_eq!(lines(&picture), expected, "{what}");
        let counts: Vec<_> = picture.counts.iter().map(|it| format!("{} {}", it.count, it.word)).collect();
        assert_eq!(counts, [count], "{what}");
    };
    check("it waits", &["waiting s1 idle"], "1 idle");
    assert_eq!(run(&["session", "dismiss", "s1"]), Some(0));
    check("it is dismissed", &[], "1 dismissed");
    window.hook("Notification", "s1", &json!({"notification_type": "idle_prompt"}));
    check("the agent reminds of the same wait", &[], "1 dismissed");
    let found = scratch.baton(["session", "list", "--json"]).run().json();
    assert_eq!((&found["sessions"][0]["id"], &found["sessions"][0]["dismissed"]), (&json!("s1"), &json!(true)));
    assert_eq!(run(&["session", "dismiss", "s1", "--off"]), Some(0));
    check("it is shown again", &["waiting s1 idle"], "1 idle");
    assert_eq!(run(&["session", "dismiss", "s1"]), Some(0));
    window.hook("UserPromptSubmit", "s1", &json!({"prompt": "more"}));
    check("it is at work again", &["working s1 active"], "1 at work");
    window.hook("Stop", "s1", &json!({"last_assistant_message": "more"}));
    check("it waits anew", &["waiting s1 idle"], "1 idle");
    window.process.kill();
    check("it is lost", &["lost s1 lost"], "1 lost");
    assert_eq!(run(&["session", "dismiss", "s1"]), Some(0));
    check("it stays dismissed", &[], "1 dismissed");
    assert_eq!(scratch.baton(["resume", "s1"]).run().code, Some(0));
}

/// Waits for a picture with these items.
fn wait(feed: &baton_view::Feed, expected: &[&str]) {
    let until = Instant::now() + Duration::from_secs(60);
    let mut picture = feed.picture();
    while lines(&picture) != expected {
        assert!(Instant::now() < until, "{:?} instead of {expected:?}", lines(&picture));
        picture = feed.wait(picture.id.number, Duration::from_secs(1));
    }
}

#[test]
fn a_feed_follows_the_state() {
    let scratch = Scratch::new();
    let feed = watcher::start(source(&scratch), RingLimits::default()).unwrap();
    wait(&feed, &[]);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    window.hook("SessionStart", "s1", &json!({}));
    wait(&feed, &["opened s1 starting"]);
    window.hook("UserPromptSubmit", "s1", &json!({"prompt": "words"}));
    wait(&feed, &["working s1 active"]);
    // A heartbeat leaves no line in the audit.
    window.hook("Stop", "s1", &json!({}));
    wait(&feed, &["waiting s1 idle"]);
    // The state directory vanishes, and another one takes its place.
    let (state, away) = (scratch.state_dir(), scratch.root().join("away"));
    std::fs::rename(&state, &away).unwrap();
    wait(&feed, &[]);
    std::fs::rename(&away, &state).unwrap();
    wait(&feed, &["waiting s1 idle"]);
    drop(window);
    wait(&feed, &["lost s1 lost"]);
}

#[test]
fn a_state_that_cannot_be_used_is_a_problem_and_no_end() {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    window.hook("SessionStart", "s1", &json!({}));
    let feed = watcher::start(source(&scratch), RingLimits::default()).unwrap();
    wait(&feed, &["opened s1 starting"]);
    let (state, away) = (scratch.state_dir(), scratch.root().join("away"));
    std::fs::rename(&state, &away).unwrap();
    std::fs::write(&state, "no directory").unwrap();
    let mut picture = feed.picture();
    while picture.problem.is_none() {
        picture = feed.wait(picture.id.number, Duration::from_secs(60));
    }
    assert!(picture.problem.as_ref().unwrap().contains("state"), "{picture:?}");
    std::fs::remove_file(&state).unwrap();
    std::fs::rename(&away, &state).unwrap();
    while feed.picture().problem.is_some() {
        picture = feed.wait(picture.id.number, Duration::from_secs(60));
    }
    wait(&feed, &["opened s1 starting"]);
}
