//! Protected files: the first session in a project saves them, the last one out gives them back.

use std::fs;
use std::os::unix::fs::symlink;

use agent_baton_core::agent::Agent;
use agent_baton_tests::project::Project;
use agent_baton_tests::stand_in::Ended;
use agent_baton_tests::window::silent;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

fn come(window: &mut Window<'_>, session: &str) -> Ended {
    let ended = window.hook("SessionStart", session, &json!({}));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

fn go(window: &mut Window<'_>, session: &str) -> Ended {
    let ended = window.hook("SessionEnd", session, &json!({}));
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{ended:?}");
    ended
}

#[test]
fn the_last_one_out_gives_back_what_the_first_one_saved() {
    let scratch = Scratch::new();
    let project = Project::protect(&scratch, &["AGENTS.md", ".codex", "gone.md", "new.md"]);
    project.write("AGENTS.md", "mine\n");
    project.write("gone.md", "to be deleted\n");
    project.write(".codex/config.toml", "a = 1\n");
    project.write(".codex/deep/er/file", "deep\n");
    project.write("not-protected", "mine\n");
    fs::create_dir(project.path().join(".codex/empty")).unwrap();
    symlink("config.toml", project.path().join(".codex/link")).unwrap();
    project.chmod(".codex/config.toml", 0o640);
    project.chmod(".codex/empty", 0o750);
    project.chmod("gone.md", 0o444);
    let before = project.tree();
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    let mut second = Window::open(&scratch, Agent::Codex, "%2");
    silent(&come(&mut first, "s1"));
    assert_eq!(project.state(), ("saved".to_owned(), 1));
    project.write("AGENTS.md", "the first one's\n");
    silent(&come(&mut second, "s2"));
    assert_eq!((project.state(), project.packs("backups").len()), (("saved".to_owned(), 2), 1));
    fs::remove_file(project.path().join("gone.md")).unwrap();
    fs::remove_dir_all(project.path().join(".codex/deep")).unwrap();
    fs::remove_dir(project.path().join(".codex/empty")).unwrap();
    fs::remove_file(project.path().join(".codex/link")).unwrap();
    project.write(".codex/link/is/now/a/directory", "x\n");
    project.write(".codex/new/file", "new\n");
    project.write("new.md", "new\n");
    project.chmod(".codex/config.toml", 0o600);
    silent(&go(&mut first, "s1"));
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("the first one's\n"), "somebody is there still");
    let ended = go(&mut second, "s2");
    assert!(ended.stderr.contains("given back"), "{ended:?}");
    assert_eq!(project.tree(), before);
    assert_eq!(project.state(), ("idle".to_owned(), 0));
    for (path, text) in [
        ("files/AGENTS.md", "the first one's\n"),
        ("files/.codex/new/file", "new\n"),
        ("files/new.md", "new\n"),
        ("files/.codex/link/is/now/a/directory", "x\n"),
    ] {
        assert!(project.history_has(path, text), "{path}: {:?}", project.packs("history"));
    }
    // Exactly once: what the person changes from now on is theirs.
    project.write("AGENTS.md", "mine again\n");
    silent(&go(&mut second, "s2"));
    let mut third = Window::open(&scratch, Agent::Claude, "%3");
    let told = come(&mut third, "s3");
    assert!(told.stdout.contains("given back"), "the person is told at the next start: {told:?}");
    silent(&go(&mut third, "s3"));
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine again\n"));
}

/// It began before its project was protected, so nothing but its record says that it is there.
#[test]
fn a_session_whose_record_cannot_be_read_may_be_there() {
    for damaged in [false, true] {
        let scratch = Scratch::new();
        let mut first = Window::open(&scratch, Agent::Claude, "%1");
        silent(&come(&mut first, "s1"));
        first.process.kill();
        let project = Project::protect(&scratch, &["AGENTS.md"]);
        project.write("AGENTS.md", "mine\n");
        if damaged {
            fs::write(scratch.state_dir().join("sessions/s1.json"), "{").unwrap();
        }
        let mut second = Window::open(&scratch, Agent::Claude, "%2");
        let _ = come(&mut second, "s2");
        assert_eq!(project.state(), (if damaged { "idle" } else { "saved" }.to_owned(), 1));
    }
}

#[test]
fn sessions_that_are_lost_are_noticed_before_anybody_saves() {
    let scratch = Scratch::new();
    let project = Project::protect(&scratch, &["AGENTS.md"]);
    project.write("AGENTS.md", "mine\n");
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    silent(&come(&mut first, "s1"));
    project.write("AGENTS.md", "the tool's\n");
    first.process.kill();
    let mut second = Window::open(&scratch, Agent::Codex, "%2");
    let told = come(&mut second, "s2");
    assert!(told.stdout.contains("given back AGENTS.md"), "{told:?}");
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine\n"));
    assert!(project.history_has("files/AGENTS.md", "the tool's\n"));
    assert_eq!((project.state(), project.packs("backups").len()), (("saved".to_owned(), 1), 2));
}
