//! Protected files: the first session in a project saves them, and the last one to leave restores them.

use std::fs;
use std::os::unix::fs::symlink;
use std::thread;
use std::time::Duration;

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::{Ended, Run};
use agent_baton_tests::project::Project;
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

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
fn the_last_session_restores_what_the_first_one_saved() {
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
    assert_no_output(&come(&mut first, "s1"));
    assert_eq!(project.state(), ("saved".to_owned(), 1));
    project.write("AGENTS.md", "the first one's\n");
    assert_no_output(&come(&mut second, "s2"));
    assert_eq!((project.state(), project.archives("backups").len()), (("saved".to_owned(), 2), 1));
    fs::remove_file(project.path().join("gone.md")).unwrap();
    fs::remove_dir_all(project.path().join(".codex/deep")).unwrap();
    fs::remove_dir(project.path().join(".codex/empty")).unwrap();
    fs::remove_file(project.path().join(".codex/link")).unwrap();
    project.write(".codex/link/is/now/a/directory", "x\n");
    project.write(".codex/new/file", "new\n");
    project.write("new.md", "new\n");
    project.chmod(".codex/config.toml", 0o600);
    assert_no_output(&go(&mut first, "s1"));
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("the first one's\n"), "somebody is there still");
    let ended = go(&mut second, "s2");
    assert!(ended.stderr.contains("restored"), "{ended:?}");
    assert_eq!(project.tree(), before);
    assert_eq!(project.state(), ("idle".to_owned(), 0));
    for (path, text) in [
        ("files/AGENTS.md", "the first one's\n"),
        ("files/.codex/new/file", "new\n"),
        ("files/new.md", "new\n"),
        ("files/.codex/link/is/now/a/directory", "x\n"),
    ] {
        assert!(project.history_has(path, text), "{path}: {:?}", project.archives("history"));
    }
    // They are restored exactly once: later changes are the user's.
    project.write("AGENTS.md", "mine again\n");
    assert_no_output(&go(&mut second, "s2"));
    let mut third = Window::open(&scratch, Agent::Claude, "%3");
    let told = come(&mut third, "s3");
    assert!(told.stdout.contains("restored"), "the user is told at the next start: {told:?}");
    assert_no_output(&go(&mut third, "s3"));
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine again\n"));
}

/// The session started before its project was protected, so only its record shows that it is present.
#[test]
fn a_session_whose_record_cannot_be_read_may_be_there() {
    for damaged in [false, true] {
        let scratch = Scratch::new();
        let mut first = Window::open(&scratch, Agent::Claude, "%1");
        assert_no_output(&come(&mut first, "s1"));
        first.process.kill();
        let project = Project::protect_agents_file(&scratch);
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
    let project = Project::protect_agents_file(&scratch);
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut first, "s1"));
    project.write("AGENTS.md", "the tool's\n");
    first.process.kill();
    let mut second = Window::open(&scratch, Agent::Codex, "%2");
    let told = come(&mut second, "s2");
    assert!(told.stdout.contains("restored AGENTS.md"), "{told:?}");
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine\n"));
    assert!(project.history_has("files/AGENTS.md", "the tool's\n"));
    assert_eq!((project.state(), project.archives("backups").len()), (("saved".to_owned(), 1), 2));
}

/// If the end of the last session is known and its restore was interrupted, later changes are someone else's.
#[test]
fn what_was_changed_after_a_cut_off_end_is_left() {
    let scratch = Scratch::new();
    let project = Project::protect(&scratch, &["AGENTS.md", "NOTES.md"]);
    project.write("AGENTS.md", "mine\n");
    project.write("NOTES.md", "mine\n");
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut first, "s1"));
    project.write("AGENTS.md", "the tool's\n");
    let record = project.protected_store().join("record.json");
    let saved = fs::read_to_string(&record).unwrap();
    let elsewhere = project.protected_store().with_file_name("elsewhere");
    fs::rename(project.protected_store(), &elsewhere).unwrap();
    assert_no_output(&go(&mut first, "s1"));
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("the tool's\n"), "nothing was to be restored");
    drop(fs::remove_dir_all(record.parent().unwrap()));
    fs::rename(&elsewhere, record.parent().unwrap()).unwrap();
    assert_eq!(fs::read_to_string(&record).unwrap(), saved);
    // The time of the end is known to a tick or two of the kernel.
    thread::sleep(Duration::from_millis(100));
    project.write("NOTES.md", "mine, later\n");
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    let told = come(&mut second, "s2");
    assert!(told.stdout.contains("restored AGENTS.md"), "{told:?}");
    assert!(
        told.stdout.contains("NOTES.md was left as it is: it was changed while no session was open here"),
        "{told:?}"
    );
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine\n"));
    assert_eq!(project.read("NOTES.md").as_deref(), Some("mine, later\n"));
    assert!(project.history_has("saved/NOTES.md", "mine\n"));
}

/// One Claude process goes from session to session. If nothing could be restored at the end of one, the next one
/// tries again.
#[test]
fn the_next_session_of_a_process_restores_what_the_one_before_could_not() {
    let scratch = Scratch::new();
    let project = Project::protect_agents_file(&scratch);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut window, "s1"));
    project.write("AGENTS.md", "the tool's\n");
    let (work, away) = (project.path(), scratch.home().join("away"));
    let run = window.call("s1", window.payload("SessionEnd", "s1", &json!({"reason": "clear"})).to_string());
    fs::rename(&work, &away).unwrap();
    let ended = window.process.run(Run { cwd: scratch.home(), ..run });
    assert!(ended.stderr.contains("is its disk mounted?"), "{ended:?}");
    fs::rename(&away, &work).unwrap();
    assert!(come(&mut window, "s2").stdout.contains("restored AGENTS.md"));
    assert_eq!((project.read("AGENTS.md").as_deref(), project.state().0.as_str()), (Some("mine\n"), "saved"));
    project.write("AGENTS.md", "the tool's again\n");
    assert!(go(&mut window, "s2").stderr.contains("restored AGENTS.md"));
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine\n"));
}

/// If a path is removed from the configuration, what was saved before is still restored.
#[test]
fn what_is_no_longer_protected_is_restored_once() {
    let scratch = Scratch::new();
    let project = Project::protect_agents_file(&scratch);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut window, "s1"));
    project.write("AGENTS.md", "the tool's\n");
    fs::write(scratch.home().join(".config/baton/config.toml"), "").unwrap();
    assert!(go(&mut window, "s1").stderr.contains("restored AGENTS.md"));
    assert_eq!((project.read("AGENTS.md").as_deref(), project.state().0.as_str()), (Some("mine\n"), "idle"));
    come(&mut window, "s2");
    assert_eq!((project.state(), project.archives("backups").len()), (("idle".to_owned(), 0), 1));
    project.write("AGENTS.md", "mine again\n");
    assert_no_output(&go(&mut window, "s2"));
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine again\n"));
}

/// Once the index is rebuilt, every launch is probed, so a lost session does not count as possibly alive.
#[test]
fn a_damaged_index_keeps_nobody_from_saving() {
    let scratch = Scratch::new();
    let project = Project::protect_agents_file(&scratch);
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut first, "s1"));
    assert_no_output(&go(&mut first, "s1"));
    assert_no_output(&come(&mut first, "s2"));
    first.process.kill();
    for state in ["idle", "saved"] {
        let links = scratch.state().files.into_keys().filter(|path| path.starts_with("projects/"));
        let links: Vec<_> = links.collect();
        assert!(!links.is_empty(), "{:?}", scratch.state().files.keys());
        for path in links {
            fs::write(scratch.state_dir().join(path), "torn").unwrap();
        }
        if state == "idle" {
            assert_eq!(project.baton(&["save"]).code, Some(0));
        }
        let mut window = Window::open(&scratch, Agent::Codex, "%2");
        let told = come(&mut window, &format!("s-{state}"));
        assert!(!told.stdout.contains("sessions were here"), "{told:?}");
        assert_eq!(project.state(), ("saved".to_owned(), 1), "{state}: {told:?}");
        window.process.kill();
    }
}

/// A launch in another pid namespace may seem alive for ever. The user is told once what to do.
#[test]
fn a_launch_that_can_never_be_looked_at_is_told() {
    let scratch = Scratch::new();
    let project = Project::protect_agents_file(&scratch);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut window, "s1"));
    project.write("AGENTS.md", "the tool's\n");
    let path = project.protected_store().join("record.json");
    let mut record: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    let mut elsewhere = record["participants"][0].clone();
    elsewhere["session"] = json!("in-a-container");
    elsewhere["process"]["pidns"] = json!(1);
    record["participants"].as_array_mut().unwrap().push(elsewhere);
    fs::write(&path, record.to_string()).unwrap();
    let words = "were not restored, because baton cannot tell";
    assert!(go(&mut window, "s1").stderr.contains(words));
    assert_eq!((project.read("AGENTS.md").as_deref(), project.state().1), (Some("the tool's\n"), 1));
    assert!(come(&mut window, "s2").stdout.contains(words));
    assert_no_output(&go(&mut window, "s2"));
    let shown = project.baton(&["show"]);
    assert!(shown.stdout.contains("liveness unknown"), "{shown:?}");
    assert_eq!(project.baton(&["restore"]).code, Some(3));
    assert_eq!(project.baton(&["restore", "--force"]).code, Some(0));
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine\n"));
}

/// Moves the project to another path, and leaves a link, because the windows run in the project.
fn rename(project: &Project<'_>, to: &std::path::Path) {
    fs::rename(project.path(), to).unwrap();
    symlink(to, project.path()).unwrap();
}

#[test]
fn saved_files_follow_a_rename_of_the_project() {
    for how in ["a later event", "only the end", "a resume after a crash"] {
        let scratch = Scratch::new();
        let project = Project::protect_agents_file(&scratch);
        let new = fs::canonicalize(scratch.home()).unwrap().join("renamed");
        let mut first = Window::open(&scratch, Agent::Claude, "%1");
        assert_no_output(&come(&mut first, "s1"));
        project.write("AGENTS.md", "the tool's\n");
        rename(&project, &new);
        let fields = json!({"cwd": new});
        match how {
            "a later event" => {
                // The configuration names a path that is gone.
                fs::remove_file(scratch.home().join(".config/baton/config.toml")).unwrap();
                let told = first.hook("UserPromptSubmit", "s1", &json!({"cwd": new, "prompt": "words"}));
                assert!(told.stdout.contains("its protected files follow; to protect them"), "{told:?}");
                assert_eq!(project.state(), ("saved".to_owned(), 1));
                assert_eq!(project.read("AGENTS.md").as_deref(), Some("the tool's\n"));
                first.hook("SessionEnd", "s1", &fields);
            }
            "only the end" => {
                first.hook("SessionEnd", "s1", &fields);
            }
            _ => {
                first.process.kill();
                let mut second = Window::open(&scratch, Agent::Claude, "%2");
                let told = second.hook("SessionStart", "s1", &json!({"cwd": new, "source": "resume"}));
                assert!(told.stdout.contains("restored"), "{told:?}");
            }
        }
        assert_eq!(fs::read_to_string(new.join("AGENTS.md")).unwrap(), "mine\n", "{how}");
        // The link leads from the configured path to the new one, so the resumed session saves anew.
        let state = if how == "a resume after a crash" { "saved" } else { "idle" };
        assert_eq!(project.state().0, state, "{how}");
    }
}

#[test]
fn saved_files_do_not_follow_a_session_to_another_directory() {
    let scratch = Scratch::new();
    let project = Project::protect_agents_file(&scratch);
    let home = fs::canonicalize(scratch.home()).unwrap();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut window, "s1"));
    project.write("AGENTS.md", "the tool's\n");
    // As when a disk is unmounted.
    fs::rename(project.path(), home.join("unmounted")).unwrap();
    fs::create_dir(home.join("other")).unwrap();
    symlink(home.join("other"), project.path()).unwrap();
    window.hook("UserPromptSubmit", "s1", &json!({"cwd": home.join("other"), "prompt": "words"}));
    window.hook("SessionEnd", "s1", &json!({"cwd": home.join("other")}));
    assert!(fs::read_dir(home.join("other")).unwrap().next().is_none());
    fs::remove_file(project.path()).unwrap();
    fs::rename(home.join("unmounted"), project.path()).unwrap();
    assert_eq!(project.state().0, "saved");
    let mut next = Window::open(&scratch, Agent::Claude, "%2");
    let told = come(&mut next, "s2");
    assert!(told.stdout.contains("restored"), "{told:?}");
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine\n"));
}

/// Opens a session in another directory than the project's.
fn elsewhere<'a>(scratch: &'a Scratch, session: &str) -> Window<'a> {
    let directory = scratch.home().join("elsewhere");
    fs::create_dir_all(&directory).unwrap();
    let mut window = Window::open(scratch, Agent::Codex, "%8");
    assert_no_output(&window.hook("SessionStart", session, &json!({"cwd": directory})));
    window
}

#[test]
fn the_start_of_any_session_restores_what_lost_sessions_left() {
    let scratch = Scratch::new();
    let project = Project::protect_agents_file(&scratch);
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut first, "s1"));
    project.write("AGENTS.md", "the tool's\n");
    // A session that lives keeps its files.
    drop(elsewhere(&scratch, "other"));
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("the tool's\n"));
    let listed = project.baton(&["list"]).stdout;
    assert!(listed.contains("saved in backup 1"), "{listed}");

    first.process.kill();
    let listed = project.baton(&["list"]).stdout;
    assert!(listed.contains("to be restored from backup 1"), "{listed}");
    let line = listed.lines().nth(1).unwrap();
    assert!(line.split_whitespace().any(|word| word == "0"), "no session is open: {listed}");
    let path = project.path().display().to_string();
    let status = scratch.baton(["status"]).run().stdout;
    assert!(status.contains("protected files to restore") && status.contains(&path), "{status}");
    assert_eq!(scratch.baton(["status", "--json"]).run().json()["unrestored"], json!([path]));
    let doctor = scratch.baton(["doctor"]).run().stdout;
    assert!(doctor.contains(&format!("{path}: its sessions are gone")), "{doctor}");

    drop(elsewhere(&scratch, "another"));
    assert_eq!(project.read("AGENTS.md").as_deref(), Some("mine\n"));
    assert_eq!(project.state(), ("idle".to_owned(), 0));
    assert!(!scratch.baton(["status"]).run().stdout.contains("protected files to restore"));
    assert!(project.history_has("files/AGENTS.md", "the tool's\n"));
    // The user is told where it concerns them.
    let mut next = Window::open(&scratch, Agent::Claude, "%2");
    assert!(come(&mut next, "s2").stdout.contains("restored AGENTS.md"));
}

#[test]
fn what_cannot_be_restored_from_elsewhere_is_told_once() {
    let scratch = Scratch::new();
    let project = Project::protect_agents_file(&scratch);
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut first, "s1"));
    first.process.kill();
    let away = scratch.home().join("unmounted");
    fs::rename(project.path(), &away).unwrap();
    fs::create_dir(project.path()).unwrap();
    for session in ["a", "b"] {
        drop(elsewhere(&scratch, session));
        let notes = project.show()["notes"].clone();
        assert_eq!(notes.as_array().unwrap().len(), 1, "{notes}");
    }
    let doctor = scratch.baton(["doctor"]).run().stdout;
    assert!(doctor.contains("could not be restored") && doctor.contains("tries again"), "{doctor}");
    fs::remove_dir(project.path()).unwrap();
    fs::rename(&away, project.path()).unwrap();
    assert_eq!(project.baton(&["restore"]).code, Some(0));
    assert_eq!(project.state(), ("idle".to_owned(), 0));
}

/// The record was written by a newer version, is damaged and still JSON, or is something else than a file.
#[test]
fn a_record_that_cannot_be_used_is_told_once_and_replaced_by_a_command() {
    for kind in ["newer", "damaged", "a directory"] {
        let scratch = Scratch::new();
        let project = Project::protect_agents_file(&scratch);
        let mut first = Window::open(&scratch, Agent::Claude, "%1");
        assert_no_output(&come(&mut first, "s1"));
        project.write("AGENTS.md", "the tool's\n");
        first.process.kill();
        let record = project.protected_store().join("record.json");
        let text = fs::read_to_string(&record).unwrap();
        fs::remove_file(&record).unwrap();
        match kind {
            "newer" => fs::write(&record, text.replace("\"format\":1", "\"format\":2")).unwrap(),
            "damaged" => fs::write(&record, "{}").unwrap(),
            _ => fs::create_dir(&record).unwrap(),
        }
        let mut told = Vec::new();
        for session in ["s2", "s3", "s4"] {
            let mut window = Window::open(&scratch, Agent::Claude, "%2");
            told.push(come(&mut window, session).stdout.contains("record.json"));
        }
        assert_eq!(told, [true, false, false], "{kind}");
        let dry = project.baton(&["restore", "--dry-run"]);
        assert!(dry.code == Some(1) && record.exists(), "{kind}: {dry:?}");
        let doctor = scratch.baton(["doctor"]).run().stdout;
        let command = format!("baton project restore --replace-record {}", project.path().display());
        assert!(doctor.contains(&command), "{kind}: {doctor}");
        let restored = scratch.baton(command.split(' ').skip(1)).run();
        assert_eq!(restored.code, Some(0), "{kind}: {restored:?}");
        assert!(
            restored.stderr.contains("quarantine") && restored.stdout.contains("restored AGENTS.md"),
            "{restored:?}"
        );
        assert_eq!((project.read("AGENTS.md").as_deref(), project.state().0), (Some("mine\n"), "idle".to_owned()));
        assert!(!scratch.baton(["doctor"]).run().stdout.contains("record.json"), "{kind}");
    }
}

/// Damages the backup that lost sessions left, in each of these ways.
fn damage_backup(kind: &str, path: &std::path::Path) {
    match kind {
        "emptied" => fs::write(path, "").unwrap(),
        "random bytes" => fs::write(path, b"\x00\xff\x17random").unwrap(),
        "gone" => fs::remove_file(path).unwrap(),
        _ => {
            fs::remove_file(path).unwrap();
            fs::create_dir(path).unwrap();
        }
    }
}

#[test]
fn a_backup_that_cannot_be_used_is_named_until_the_user_decides() {
    for kind in ["emptied", "random bytes", "gone", "a directory"] {
        let scratch = Scratch::new();
        let project = Project::protect_agents_file(&scratch);
        let mut first = Window::open(&scratch, Agent::Claude, "%1");
        assert_no_output(&come(&mut first, "s1"));
        let _ = go(&mut first, "s1");
        assert_no_output(&come(&mut first, "s2"));
        project.write("AGENTS.md", "the tool's\n");
        first.process.kill();
        damage_backup(kind, &project.protected_store().join("backup-2.tar"));
        let restore = format!("baton project restore --backup 1 {}", project.path().display());
        let doctor = || scratch.baton(["doctor"]).run().stdout;
        for session in ["", "a", "b"] {
            if !session.is_empty() {
                drop(elsewhere(&scratch, session));
                assert_eq!(project.show()["notes"].as_array().unwrap().len(), 1, "{kind}: told once");
                let status = scratch.baton(["status"]).run().stdout;
                assert!(status.contains("could not be restored"), "{kind}: {status}");
            }
            let doctor = doctor();
            assert!(doctor.contains("backup-2.tar") && doctor.contains(&restore), "{kind}: {doctor}");
            assert!(
                !doctor.contains("the next start of a session does that") && !doctor.contains("tries again"),
                "{doctor}"
            );
        }
        assert_eq!(project.read("AGENTS.md").as_deref(), Some("the tool's\n"));
        let restored = scratch.baton(restore.split(' ').skip(1)).run();
        assert_eq!(restored.code, Some(0), "{kind}: {restored:?}");
        assert_eq!((project.read("AGENTS.md").as_deref(), project.state().0), (Some("mine\n"), "idle".to_owned()));
        assert!(!scratch.baton(["status"]).run().stdout.contains("could not be restored"), "{kind}");
        assert!(!doctor().contains("cannot be restored"), "{kind}");
    }
}

/// The session that starts in the very project is told, and its files are saved as they are.
#[test]
fn a_start_in_a_project_whose_backup_is_damaged_is_told_and_saves_anew() {
    let scratch = Scratch::new();
    let project = Project::protect_agents_file(&scratch);
    let mut first = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut first, "s1"));
    first.process.kill();
    fs::write(project.protected_store().join("backup-1.tar"), "").unwrap();
    let only = scratch.baton(["doctor"]).run().stdout;
    assert!(only.contains("there is no other backup") && only.contains("baton project save"), "{only}");
    drop(elsewhere(&scratch, "a"));
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    assert!(come(&mut second, "s2").stdout.contains("backup-1.tar is damaged"));
    assert_eq!(project.show()["backup"], json!(2));
    let doctor = scratch.baton(["doctor"]).run().stdout;
    assert!(doctor.contains("nothing needs it") && !doctor.contains("could not be restored"), "{doctor}");
}
