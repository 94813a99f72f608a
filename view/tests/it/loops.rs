//! The loops of other programs in the picture: found below watched directories, with real locks.

use std::fs;
use std::io::Write;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use agent_baton_tests::Scratch;
use agent_baton_tests::process::{Launch, Process};
use agent_baton_tests::terminal::Terminal;
use agent_baton_tests::view_server::{ViewEvents, ViewServer, status};
use baton_status::{Item, ItemKind};
use baton_view::{Picture, Source, StateSource};
use serde_json::Value;

use crate::state::source;

const DASHES: &str = "------------------------------------------------------------";

/// Returns a log with these lines behind its header.
fn log(rest: &str) -> String {
    format!("# Ralphex Progress Log\nPlan: plans/p.md\nMode: full\nStarted: 2026-04-05 08:00:00\n{DASHES}\n\n{rest}")
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn watching(scratch: &Scratch, directories: &[&str]) -> StateSource {
    source(scratch).watching(directories.iter().map(|it| scratch.home().join(it)).collect())
}

fn loops(picture: &Picture) -> Vec<&Item> {
    picture.items.iter().filter(|item| item.kind == ItemKind::Loop).collect()
}

/// Returns the names of the logs of the loops and their states, by name.
fn names(picture: &Picture) -> Vec<String> {
    let name = |item: &&Item| {
        let path = Path::new(item.log.as_ref().unwrap());
        format!("{} {}", path.file_name().unwrap().to_str().unwrap(), item.status)
    };
    let mut names: Vec<String> = loops(picture).iter().map(name).collect();
    names.sort();
    names
}

#[test]
fn logs_below_a_watched_directory_are_found_wherever_they_are() {
    let scratch = Scratch::new();
    let root = scratch.home().join("src");
    let deep = |depth: usize| (0..depth).map(|n| format!("d{n}/")).collect::<String>();
    for path in ["progress-a.txt", "x/.ralphex/progress/progress-b.txt", &(deep(10) + "progress-c.txt")] {
        put(&root.join(path), &log(""));
    }
    for path in [
        "node_modules/progress-no1.txt",
        "x/.git/progress-no2.txt",
        "x/progress.txt",
        "../elsewhere/progress-no3.txt",
        &(deep(40) + "progress-no4.txt"),
    ] {
        put(&root.join(path), &log(""));
    }
    symlink(&root, root.join("x/loop")).unwrap();
    symlink(root.join("../elsewhere"), root.join("x/away")).unwrap();
    // The same directory twice, and one of it again by a link.
    symlink(&root, scratch.home().join("link")).unwrap();
    let expected = ["progress-a.txt interrupted", "progress-b.txt interrupted", "progress-c.txt interrupted"];
    let mut source = watching(&scratch, &["src", "link", "src/x"]);
    let picture = source.read().unwrap();
    assert_eq!((names(&picture), picture.problem), (expected.map(str::to_owned).to_vec(), None));
    assert!(source.is_current());
    // A log in a new directory, and one that is gone.
    put(&root.join("new/.ralphex/progress/progress-d.txt"), &log(""));
    fs::remove_file(root.join("progress-a.txt")).unwrap();
    assert!(!source.is_current());
    let expected = ["progress-b.txt interrupted", "progress-c.txt interrupted", "progress-d.txt interrupted"];
    assert_eq!(names(&source.read().unwrap()), expected);
}

#[test]
fn ralphex_071_watch_dirs_config() {
    let scratch = Scratch::new();
    for name in ["of-config", "of-command"] {
        put(&scratch.home().join(name).join(format!("progress-{name}.txt")), &log(""));
    }
    let config = format!("[view]\nwatch = [{:?}]\n", scratch.home().join("of-config"));
    let file = scratch.home().join(".config/baton/config.toml");
    put(&file, &config);
    let check = |directories: &[&str], expected: &[&str]| {
        assert_eq!(names(&watching(&scratch, directories).read().unwrap()), expected, "{directories:?}");
    };
    check(&[], &["progress-of-config.txt interrupted"]);
    check(&["of-command"], &["progress-of-command.txt interrupted"]);
    // A change of the configuration needs no new start.
    let mut source = watching(&scratch, &[]);
    source.read().unwrap();
    put(&file, "");
    assert_eq!(names(&source.read().unwrap()), Vec::<String>::new());
}

/// Without an option and a configuration, that is the project of the current directory, or else this directory. The home
/// directory is not searched unasked.
#[test]
fn where_nothing_is_named_the_loops_from_here_on_down_are_shown() {
    let scratch = Scratch::new();
    let home = scratch.home();
    for path in ["project/a/progress-project.txt", "plain/a/progress-plain.txt"] {
        put(&home.join(path), &log(""));
    }
    put(&home.join("project/.git/HEAD"), "ref: refs/heads/main\n");
    fs::create_dir_all(home.join("project/b")).unwrap();
    let check = |directory: &str, expected: &[&str]| {
        let server = ViewServer::start_in(&scratch, &home.join(directory), &[]);
        let state = server.json("/api/state");
        let logs = state["items"].as_array().unwrap().iter().map(|item| Path::new(item["log"].as_str().unwrap()));
        assert_eq!(logs.map(|log| log.file_name().unwrap()).collect::<Vec<_>>(), expected, "{directory}");
    };
    check("project/b", &["progress-project.txt"]);
    check("plain", &["progress-plain.txt"]);
    check(".", &[]);
}

#[test]
fn a_loop_is_shown_with_what_it_works_on_and_how_it_ended() {
    let scratch = Scratch::new();
    let path = scratch.home().join("src/progress-a.txt");
    put(&path, &log("--- task iteration 1 ---\n[26-04-05 08:00:01] words\n--- codex iteration 2 ---\n"));
    let mut holder = Process::spawn(&scratch, &Launch { comm: "ralphex", args: &[], tty: false }, None);
    holder.lock(&path);
    let mut source = watching(&scratch, &["src"]);
    let mut check = |rest: &str, expected: [Option<&str>; 5]| {
        let text = fs::read_to_string(&path).unwrap();
        // In place, as an appending writer does, so the lock stays.
        fs::write(&path, text + rest).unwrap();
        let picture = source.read().unwrap();
        let item = loops(&picture)[0];
        let found = [
            Some(&item.status),
            item.task.as_ref(),
            item.log_section.as_ref(),
            item.phase.as_ref(),
            item.reason.as_ref(),
        ];
        assert_eq!(found.map(|text| text.map(String::as_str)), expected, "{rest}");
        assert!(item.started.is_some() && item.log.as_deref() == path.to_str());
    };
    let (task, codex) = (Some("task iteration 1"), Some("codex iteration 2"));
    check("", [Some("active"), task, codex, Some("codex"), None]);
    let second = Some("task iteration 2");
    check("--- task iteration 2 ---\n", [Some("active"), second, second, Some("task"), None]);
    holder.kill();
    check("", [Some("interrupted"), second, second, Some("task"), None]);
    let end = format!("\n{DASHES}\nFailed: 2026-04-05 08:00:09 (9s) - no \x1b token\n");
    check(&end, [Some("failed"), second, second, Some("task"), Some("no \u{fffd} token")]);
    let end = format!("--- restarted at 2026-04-05 09:00:00 ---\n{DASHES}\nCompleted: 2026-04-05 09:00:09 (9s)\n");
    check(&end, [Some("completed"), second, second, Some("task"), None]);
}

#[test]
fn what_cannot_be_read_is_said_and_blocks_nothing() {
    let scratch = Scratch::new();
    let root = scratch.home().join("src");
    put(&root.join("progress-a.txt"), &log(""));
    let said = |directories: &[&str]| {
        let picture = watching(&scratch, directories).read().unwrap();
        assert_eq!(names(&picture).len(), usize::from(directories.contains(&"src")), "{picture:?}");
        picture.problem.unwrap_or_default()
    };
    assert_eq!(said(&["src"]), "");
    assert!(said(&["src", "none"]).contains("/none: No such file"));
    assert!(said(&["src/progress-a.txt"]).contains("progress-a.txt: it is not a directory"));
    let fifo = root.join("progress-fifo.txt");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    assert!(said(&["src"]).contains("progress-fifo.txt is not read as a progress log: it is not a regular file"));
    symlink("/dev/zero", root.join("progress-zero.txt")).unwrap();
    assert!(said(&["src"]).contains("(and 1 more)"));
    fs::remove_file(&fifo).unwrap();
    assert!(said(&["src"]).contains("src/progress-zero.txt is not read as a progress log"));
    // A directory with the name of a log is a directory.
    fs::remove_file(root.join("progress-zero.txt")).unwrap();
    fs::create_dir(root.join("progress-directory.txt")).unwrap();
    assert_eq!(said(&["src"]), "");
}

/// If it were cleaned, it would be the path of another file.
#[test]
fn a_path_with_control_characters_is_not_shown() {
    let scratch = Scratch::new();
    for (name, is_shown) in [("a b", true), ("a\u{1b}b", false), ("a\u{202e}b", false)] {
        let path = scratch.home().join(name).join("progress-a.txt");
        put(&path, &log(""));
        let picture = watching(&scratch, &[name]).read().unwrap();
        let expected = is_shown.then(|| path.to_str().unwrap().to_owned());
        assert_eq!(loops(&picture)[0].log, expected, "{name:?}");
    }
}

#[test]
fn a_log_of_any_size_is_read_in_part() {
    let scratch = Scratch::new();
    let path = scratch.home().join("src/progress-a.txt");
    put(&path, &log("--- task iteration 1 ---\n"));
    // A terabyte without a line break.
    fs::File::options().append(true).open(&path).unwrap().set_len(1 << 40).unwrap();
    let mut source = watching(&scratch, &["src"]);
    assert_eq!(names(&source.read().unwrap()), ["progress-a.txt interrupted"]);
    assert!(source.is_current());
}

/// What an earlier view read is not read again, and is no longer believed once the log changed.
#[test]
fn the_next_view_knows_what_the_last_one_read() {
    let scratch = Scratch::new();
    let path = |n: usize| scratch.home().join(format!("src/progress-{n:04}.txt"));
    (0..600).for_each(|n| put(&path(n), &log("")));
    let before = watching(&scratch, &["src"]).read().unwrap();
    assert_eq!(loops(&before).len(), 200);
    let cache = scratch.state_dir().join("cache/watched-logs.json");
    assert!(cache.exists(), "{:?}", fs::read_dir(scratch.state_dir().join("cache")).unwrap().collect::<Vec<_>>());
    // Another plan, in a file whose size and time are the same: whoever read it would say so.
    for n in 0..600 {
        let at = fs::metadata(path(n)).unwrap().modified().unwrap();
        put(&path(n), &log("").replace("plans/p.md", "plans/q.md"));
        fs::File::options().append(true).open(path(n)).unwrap().set_modified(at).unwrap();
    }
    let known = watching(&scratch, &["src"]).read().unwrap();
    assert!(loops(&known).iter().all(|item| item.name.as_deref() == Some("plans/p.md")), "{known:?}");
    let end = format!("{DASHES}\nCompleted: 2026-04-05 09:00:09 (9s)\n");
    (0..600).for_each(|n| put(&path(n), &log(&end)));
    let after = watching(&scratch, &["src"]).read().unwrap();
    assert!(loops(&after).iter().all(|item| item.status == "completed"), "{after:?}");
}

/// Neither a loop that runs in it nor one in another directory is hidden, and the problem names the right directory.
#[test]
fn a_directory_with_too_many_logs_hides_no_loop() {
    let scratch = Scratch::new();
    let path = |name: &str| scratch.home().join("src").join(name);
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    for name in ["junk/progress-old.txt", "two/progress-real.txt"] {
        put(&path(name), &log(""));
        fs::File::options().append(true).open(path(name)).unwrap().set_modified(old).unwrap();
    }
    (0..1001).for_each(|n| put(&path(&format!("junk/progress-{n:04}.txt")), ""));
    let mut source = watching(&scratch, &["src"]);
    let expected = format!("{}/junk has more than 1000 logs", scratch.home().join("src").display());
    let mut check = |running: &[&str]| {
        let picture = source.read().unwrap();
        assert_eq!(names(&picture), [running, &["progress-real.txt interrupted"]].concat());
        assert!(picture.problem.as_ref().is_some_and(|it| it.starts_with(&expected)), "{:?}", picture.problem);
    };
    check(&[]);
    // A loop that goes on changes nothing in the directory.
    let mut holder = Process::spawn(&scratch, &Launch { comm: "ralphex", args: &[], tty: false }, None);
    holder.lock(&path("junk/progress-old.txt"));
    check(&["progress-old.txt active"]);
}

#[test]
fn ended_loops_give_way_and_those_that_run_stay() {
    let scratch = Scratch::new();
    let path = |n: usize| scratch.home().join(format!("src/progress-{n:04}.txt"));
    let end = format!("{DASHES}\nCompleted: 2026-04-05 09:00:09 (9s)\n");
    for n in 0..300 {
        put(&path(n), &log(&end));
        let at = std::time::SystemTime::now() - std::time::Duration::from_secs(3600 - n as u64);
        fs::File::options().append(true).open(path(n)).unwrap().set_modified(at).unwrap();
    }
    let mut holder = Process::spawn(&scratch, &Launch { comm: "ralphex", args: &[], tty: false }, None);
    holder.lock(&path(0));
    let picture = watching(&scratch, &["src"]).read().unwrap();
    let shown = names(&picture);
    assert_eq!(
        (shown.len(), shown[0].as_str(), shown[1].as_str()),
        (201, "progress-0000.txt active", "progress-0100.txt completed")
    );
}

/// Reads events until the text of one is this. Returns the texts of the lines since the log was begun anew, and the last id.
fn read_to(events: &mut ViewEvents, lines: &mut Vec<String>, text: &str) -> String {
    loop {
        let (id, name, data) = events.read_text();
        match name.as_str() {
            "begun_anew" => lines.clear(),
            "message" => lines.push(data.clone()),
            _ => {}
        }
        if data == text {
            return id;
        }
    }
}

#[test]
fn a_browser_follows_the_log_of_a_loop() {
    let scratch = Scratch::new();
    let path = scratch.home().join("src/progress-a b.txt");
    let append = |text: &str| {
        let mut log = fs::File::options().append(true).open(&path).unwrap();
        log.write_all(text.as_bytes()).unwrap();
    };
    put(&path, &log("--- task iteration 1 ---\n[26-04-05 08:00:01] first\n"));
    let server = ViewServer::start(&scratch, &["--watch", scratch.home().join("src").to_str().unwrap()]);
    let id = server.json("/api/state")["items"][0]["id"].as_str().unwrap().replace(' ', "%20");
    let details = server.json(&format!("/api/loops/{id}"));
    assert_eq!((&details["task"], &details["problem"]), (&"task iteration 1".into(), &serde_json::Value::Null));
    assert_eq!(details["sections"][0]["begun"], "26-04-05 08:00:01", "{details}");
    let address = format!("/api/loops/{id}/events");
    let mut lines = Vec::new();
    let mut events = server.events_of(&address, None);
    read_to(&mut events, &mut lines, "[26-04-05 08:00:01] first");
    assert_eq!((lines.len(), lines[0].as_str(), lines[5].as_str()), (8, "# Ralphex Progress Log", ""));
    append("second\n");
    let seen = read_to(&mut events, &mut lines, "second");
    // The connection is cut, and the log goes on.
    drop(events);
    append("third\n");
    let mut events = server.events_of(&address, Some(&seen));
    let (_, name, text) = events.read_text();
    assert_eq!((name.as_str(), text.as_str()), ("message", "third"));
    // Nobody holds its lock: it was killed in the middle of a line.
    append("half a li");
    let (_, name, text) = events.read_text();
    assert_eq!((name.as_str(), text.as_str()), ("message", "half a li"));
    // The loop is started again within the same second.
    put(&path, &log("--- task iteration 1 ---\n[26-04-05 08:00:01] another\nand more than before\n"));
    let last = read_to(&mut events, &mut lines, "and more than before");
    assert_eq!(lines.len(), 9, "{lines:?}");
    fs::remove_file(&path).unwrap();
    let (_, name, text) = events.read_text();
    assert!(name == "problem" && text.contains("No such file"), "{name} {text}");
    put(&path, &log("back\n"));
    let (_, name, text) = events.read_text();
    assert_eq!((name.as_str(), text.as_str()), ("problem", ""));
    // An id of another server, or of nothing, leads to the whole log.
    put(&path, &log("last\n"));
    drop(server);
    let server = ViewServer::start(&scratch, &["--watch", scratch.home().join("src").to_str().unwrap()]);
    for id in [last.as_str(), "x", ""] {
        let mut events = server.events_of(&address, Some(id));
        assert_eq!(events.read_text().1, "begun_anew", "{id}");
        lines.clear();
        read_to(&mut events, &mut lines, "last");
        assert_eq!(lines.len(), 7, "{lines:?}");
    }
    assert_eq!(status(&server.get("/api/loops/none")), 404);
    assert_eq!(status(&server.get("/api/loops/none/events")), 404);
}

/// Checks that `baton`, `--json`, `--line`, `baton serve` and `baton top` list and count these loops, in this order, in a
/// project.
fn check_every_face(scratch: &Scratch, project: &Path, counts: &str, expected: &[&str]) {
    let baton = |words: &[&str]| scratch.baton(words.iter().copied()).cwd(project).run();
    let status = baton(&["status", "--json"]).json();
    let ids = |loops: &Value| -> Vec<String> {
        loops.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap().to_owned()).collect()
    };
    let word = |it: &Value| format!("{} {}", it["plan"].as_str().unwrap(), it["state"].as_str().unwrap());
    let found: Vec<String> = status["loops"].as_array().unwrap().iter().map(word).collect();
    assert_eq!(found, expected);
    let server = ViewServer::start_in(scratch, project, &[]);
    let mut picture = server.json("/api/state");
    let items = picture["items"].as_array_mut().unwrap();
    items.retain(|item| item["kind"] == "loop");
    assert_eq!(ids(&picture["items"]), ids(&status["loops"]));
    let counted = picture["counts"].as_array().unwrap().iter();
    let counted: Vec<String> = counted.map(|it| format!("{} {}", it["count"], it["word"].as_str().unwrap())).collect();
    let line = baton(&["status", "--line"]).stdout.replace("1 other loop", "1 other loops");
    assert_eq!((counted.join(", ").as_str(), line.trim_end()), (counts, counts));
    let text = baton(&[]).stdout;
    let Some(terminal) = Terminal::open(scratch, 200, 60) else { return };
    terminal.keys(&["cd ", project.to_str().unwrap(), "Enter"]);
    let screen = terminal.show();
    assert!(screen.lines().next().unwrap().contains(&counts.replace(", ", "  ")), "{screen}");
    for shown in [&text, &screen] {
        let mut rest = shown.split_once("loops of other programs").unwrap().1;
        for it in expected {
            let (plan, state) = it.split_once(' ').unwrap();
            let row;
            (row, rest) = rest.split_once(plan).unwrap_or_else(|| panic!("{it}: {shown}"));
            assert!(row.lines().last().unwrap().contains(state), "{it}: {shown}");
        }
        assert!(!rest.contains("plans/"), "{shown}");
    }
    for id in ids(&status["loops"]) {
        assert_eq!(baton(&["run", "show", &id]).code, Some(0), "{id}");
    }
}

#[test]
fn every_face_shows_the_same_loops() {
    let scratch = Scratch::new();
    let named = |plan: &str, rest: &str| log(rest).replace("plans/p.md", &format!("plans/{plan}.md"));
    let ended = |how: &str| format!("{DASHES}\n{how}: 2026-04-05 08:00:01 (1s)\n");
    let (work, src) = (scratch.home().join("work"), scratch.home().join("src"));
    let age = |path: &Path, seconds: u64| {
        let file = fs::File::options().append(true).open(path).unwrap();
        file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
    };
    for (seconds, path, text) in [
        (100, work.join("sub/deep/progress-a.txt"), named("here", "")),
        (200, work.join("sub/node_modules/progress-b.txt"), named("skipped", "")),
        (300, src.join("x/progress-c.txt"), named("killed", "")),
        (400, src.join("x/progress-d.txt"), named("done", &ended("Completed"))),
        (500, src.join("progress-e.txt"), named("runs", "")),
        (90_000, src.join("progress-f.txt"), named("done-long-ago", &ended("Failed"))),
    ] {
        put(&path, &text);
        age(&path, seconds);
    }
    let mut holder = Process::spawn(&scratch, &Launch { comm: "ralphex", args: &[], tty: false }, None);
    holder.lock(&src.join("progress-e.txt"));
    check_every_face(&scratch, &work, "1 interrupted", &["plans/here.md interrupted"]);
    put(&scratch.home().join(".config/baton/config.toml"), &format!("[view]\nwatch = [{src:?}]\n"));
    let expected = ["plans/runs.md active", "plans/killed.md interrupted", "plans/done.md completed"];
    check_every_face(&scratch, &work, "1 interrupted, 1 other loops", &expected);
}
