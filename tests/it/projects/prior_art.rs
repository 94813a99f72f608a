//! Lessons from another session manager about a project's files: the cases of `docs/PEERS.md` on saving and
//! restoring, each under its id.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::thread;

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::project::{Project, Tree};
use agent_baton_tests::trace::{self, Call, Fault, with_fault};
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

const MINE: &str = "mine\n";
const TOOLS: &str = "the tool's\n";

fn event(window: &mut Window<'_>, event: &str, session: &str) -> Ended {
    let ended = window.hook(event, session, &json!({}));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    ended
}

fn come(window: &mut Window<'_>, session: &str) -> Ended {
    event(window, "SessionStart", session)
}

fn go(window: &mut Window<'_>, session: &str) -> Ended {
    event(window, "SessionEnd", session)
}

/// A project with a protected file and a protected directory, and three agents that have not sent anything.
struct Scene<'a> {
    project: Project<'a>,
    windows: [Window<'a>; 3],
    mine: Tree,
}

impl<'a> Scene<'a> {
    fn new(scratch: &'a Scratch) -> Self {
        let project = Project::protect(scratch, &["AGENTS.md", ".codex"]);
        project.write("AGENTS.md", MINE);
        project.write(".codex/config.toml", MINE);
        let windows = ["%1", "%2", "%3"].map(|pane| Window::open(scratch, Agent::Claude, pane));
        Self { mine: project.tree(), project, windows }
    }

    /// Creates a project in which the first agent has entered and its tool has changed files.
    fn spoiled(scratch: &'a Scratch) -> Self {
        let mut scene = Self::new(scratch);
        assert_no_output(&come(&mut scene.windows[0], "s1"));
        scene.project.write("AGENTS.md", TOOLS);
        scene.project.write(".codex/agents/new", TOOLS);
        scene
    }

    /// Creates a project in which the first agent did that and was killed.
    fn lost(scratch: &'a Scratch) -> Self {
        let mut scene = Self::spoiled(scratch);
        scene.windows[0].process.kill();
        scene
    }

    fn is_mine(&self) {
        assert_eq!(self.project.tree(), self.mine);
    }

    fn is_tools(&self) {
        assert_eq!(self.project.read("AGENTS.md").as_deref(), Some(TOOLS));
    }

    fn record(&self) -> PathBuf {
        self.project.protected_store().join("record.json")
    }

    fn change_record(&self, change: impl FnOnce(&mut Value)) {
        let mut record: Value = serde_json::from_slice(&fs::read(self.record()).unwrap()).unwrap();
        change(&mut record);
        fs::write(self.record(), record.to_string()).unwrap();
    }

    fn numbers(&self, kind: &str) -> Vec<u64> {
        let shown = self.project.show();
        shown[kind].as_array().unwrap().iter().map(|pack| pack["number"].as_u64().unwrap()).collect()
    }

    /// Puts empty archives with these numbers beside the real ones.
    fn plant(&self, kind: &str, numbers: impl IntoIterator<Item = u64>) {
        for number in numbers {
            fs::write(self.project.protected_store().join(format!("{kind}-{number}.tar")), "").unwrap();
        }
    }
}

#[test]
fn flow_002_acquire_join() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    assert_no_output(&come(&mut scene.windows[1], "s2"));
    let shown = scene.project.show();
    assert_eq!((shown["backup"].as_u64(), shown["participants"].as_array().unwrap().len()), (Some(1), 2));
}

#[test]
fn flow_003_acquire_join_ignores_own_backup() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    assert_no_output(&come(&mut scene.windows[1], "s2"));
    let backups = scene.project.archives("backups");
    assert_eq!((backups.len(), backups[0]["files/AGENTS.md"].as_str()), (1, MINE));
}

/// A crash between two writes leaves a backup that no record names. The next session saves anew.
#[test]
fn flow_006_acquire_crash_before_reference() {
    let scratch = Scratch::new();
    let mut scene = Scene::new(&scratch);
    assert_no_output(&come(&mut scene.windows[0], "s1"));
    scene.windows[0].process.kill();
    fs::remove_file(scene.record()).unwrap();
    assert_no_output(&come(&mut scene.windows[1], "s2"));
    assert_eq!((scene.project.show()["backup"].as_u64(), scene.project.state().0.as_str()), (Some(2), "saved"));
    scene.project.write("AGENTS.md", TOOLS);
    go(&mut scene.windows[1], "s2");
    scene.is_mine();
}

/// A project is known by its canonical path, so a path through symbolic links is the same project.
#[test]
fn flow_007_hash() {
    let scratch = Scratch::new();
    let scene = Scene::new(&scratch);
    symlink(scene.project.path(), scratch.home().join("other-name")).unwrap();
    let config = scratch.home().join(".config/baton/config.toml");
    let text = fs::read_to_string(&config).unwrap().replace("home/work", "home/x/../other-name");
    fs::create_dir(scratch.home().join("x")).unwrap();
    fs::write(config, text).unwrap();
    let mut scene = scene;
    assert_no_output(&come(&mut scene.windows[0], "s1"));
    let name = scene.project.protected_store().file_name().unwrap().to_str().unwrap().to_owned();
    assert!(name.len() == 32 && name.chars().all(|c| c.is_ascii_hexdigit()), "{name}");
    assert_eq!(scene.project.state(), ("saved".to_owned(), 1));
}

#[test]
fn flow_008_release_last() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    go(&mut scene.windows[0], "s1");
    scene.is_mine();
}

#[test]
fn flow_009_release_other_alive() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    assert_no_output(&come(&mut scene.windows[1], "s2"));
    assert_no_output(&go(&mut scene.windows[1], "s2"));
    scene.is_tools();
    assert_eq!(scene.project.state(), ("saved".to_owned(), 1));
}

#[test]
fn flow_012_release_after_finalize() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    go(&mut scene.windows[0], "s1");
    scene.project.write("AGENTS.md", TOOLS);
    assert_no_output(&scene.windows[0].hook("SessionEnd", "s1", &json!({"again": 1})));
    scene.is_tools();
}

#[test]
fn flow_013_release_never_acquired() {
    let scratch = Scratch::new();
    let mut scene = Scene::lost(&scratch);
    go(&mut scene.windows[1], "never-came");
    scene.is_mine();
}

#[test]
fn flow_014_three_processes() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    assert_no_output(&come(&mut scene.windows[1], "s2"));
    assert_no_output(&come(&mut scene.windows[2], "s3"));
    scene.windows[0].process.kill();
    assert_no_output(&go(&mut scene.windows[1], "s2"));
    scene.is_tools();
    go(&mut scene.windows[2], "s3");
    scene.is_mine();
    assert_eq!(scene.project.state(), ("idle".to_owned(), 0));
}

/// A process that baton may not signal is alive nevertheless.
#[test]
fn flow_015_eperm_alive() {
    let scratch = Scratch::new();
    let mut scene = Scene::lost(&scratch);
    let stat = fs::read_to_string("/proc/1/stat").unwrap();
    let start: u64 = stat.rsplit(')').next().unwrap().split_whitespace().nth(19).unwrap().parse().unwrap();
    scene.change_record(|record| {
        record["participants"][0]["process"]["pid"] = json!(1);
        record["participants"][0]["process"]["start"] = json!(start);
    });
    assert_no_output(&come(&mut scene.windows[1], "s2"));
    assert_no_output(&go(&mut scene.windows[1], "s2"));
    scene.is_tools();
}

#[test]
fn flow_016_pid_reuse_blocks_restore() {
    let scratch = Scratch::new();
    let mut scene = Scene::lost(&scratch);
    scene.change_record(|record| {
        record["participants"][0]["process"]["pid"] = json!(std::process::id());
        record["participants"][0]["process"]["start"] = json!(1);
    });
    come(&mut scene.windows[1], "s2");
    scene.is_mine();
}

#[test]
fn flow_020_pid_odd_names_ignored() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    let odd = ["backup-abc.tar", "backup-01.tar", "history-7.txt", "notes"];
    odd.iter().for_each(|name| fs::write(scene.project.protected_store().join(name), "").unwrap());
    assert_eq!((scene.numbers("backups"), scene.numbers("history")), (vec![1], vec![]));
    go(&mut scene.windows[0], "s1");
    scene.is_mine();
    assert!(odd.iter().all(|name| scene.project.protected_store().join(name).exists()));
}

#[test]
fn flow_022_orphan_not_when_alive() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    assert_no_output(&come(&mut scene.windows[1], "s2"));
    scene.is_tools();
}

#[test]
fn flow_024_orphan_no_pids_dir() {
    let scratch = Scratch::new();
    let mut scene = Scene::lost(&scratch);
    scene.change_record(|record| record["participants"] = json!([]));
    come(&mut scene.windows[1], "s2");
    scene.is_mine();
}

#[test]
fn flow_025_orphan_history_skipped() {
    let scratch = Scratch::new();
    let scene = Scene::spoiled(&scratch);
    fs::create_dir(scratch.state_dir().join("protected/history")).unwrap();
    let listed = scene.project.baton(&["list", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");
    assert!(scratch.state_dir().join("protected/history").exists());
}

/// Several sessions start at one moment: one saves, no change is lost, and all are registered.
#[test]
fn flow_026_sweep_kills_starting_session() {
    let scratch = Scratch::new();
    let mut scene = Scene::new(&scratch);
    thread::scope(|scope| {
        for (n, window) in scene.windows.iter_mut().enumerate() {
            scope.spawn(move || come(window, &format!("s{n}")));
        }
    });
    // A start that did not get the lock in time waits in the inbox, and its first prompt registers the session.
    for (n, window) in scene.windows.iter_mut().enumerate() {
        event(window, "UserPromptSubmit", &format!("s{n}"));
    }
    assert_eq!((scene.project.state(), scene.numbers("backups")), (("saved".to_owned(), 3), vec![1]));
}

#[test]
fn flow_027_truncated_reference_lost() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    let record = fs::read(scene.record()).unwrap();
    fs::write(scene.record(), &record[..record.len() / 2]).unwrap();
    let told = come(&mut scene.windows[1], "s2");
    assert!(told.stdout.contains("it was moved to") && told.stdout.contains("restore --backup 1 --force"), "{told:?}");
    scene.is_tools();
    assert_eq!(scene.numbers("backups"), [1], "it is not taken for none");
    let given = scene.project.baton(&["restore", "--backup", "1"]);
    assert_eq!(given.code, Some(3), "sessions are there: {given:?}");
    let given = scene.project.baton(&["restore", "--backup", "1", "--force"]);
    assert_eq!(given.code, Some(0), "{given:?}");
    scene.is_mine();
}

#[test]
fn flow_029_ref_none() {
    let scratch = Scratch::new();
    let scene = Scene::new(&scratch);
    let elsewhere = scratch.home().to_str().unwrap().to_owned();
    assert_eq!(scene.project.baton(&["show", &elsewhere]).code, Some(4));
}

#[test]
fn flow_030_ref_read() {
    let scratch = Scratch::new();
    let scene = Scene::spoiled(&scratch);
    let shown = scene.project.show();
    assert_eq!((shown["state"].as_str(), shown["backup"].as_u64()), (Some("saved"), Some(1)));
    assert!(PathBuf::from(shown["backups"][0]["path"].as_str().unwrap()).is_file());
}

#[test]
fn flow_031_active_none() {
    let scratch = Scratch::new();
    let scene = Scene::new(&scratch);
    assert_eq!(scene.project.state(), ("idle".to_owned(), 0));
}

/// Sessions were present before anything was protected. The files may hold their changes, so they are not saved as
/// the user's.
#[test]
fn flow_032_active_needs_reference() {
    let scratch = Scratch::new();
    let mut first = Window::open(&scratch, Agent::Claude, "%9");
    assert_no_output(&come(&mut first, "s0"));
    let mut scene = Scene::new(&scratch);
    let told = come(&mut scene.windows[0], "s1");
    assert!(told.stdout.contains("were not saved"), "{told:?}");
    assert_eq!((scene.project.state().0.as_str(), scene.numbers("backups")), ("idle", vec![]));
}

#[test]
fn flow_033_active_live() {
    let scratch = Scratch::new();
    let scene = Scene::spoiled(&scratch);
    assert_eq!(scene.project.show()["participants"][0]["live"], "yes");
}

#[test]
fn flow_034_active_dead() {
    let scratch = Scratch::new();
    let scene = Scene::lost(&scratch);
    let before = fs::read(scene.record()).unwrap();
    assert_eq!(scene.project.show()["participants"][0]["live"], "no");
    assert_eq!(fs::read(scene.record()).unwrap(), before, "looking changes nothing");
}

#[test]
fn flow_035_finalize() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    go(&mut scene.windows[0], "s1");
    let shown = scene.project.show();
    assert_eq!((shown["state"].as_str(), shown["backup"].as_u64()), (Some("idle"), None));
    assert!(shown["notes"][0]["text"].as_str().unwrap().contains("restored AGENTS.md"), "{shown}");
    assert!(shown["notes"][0]["at"].as_str().unwrap().contains('T'), "{shown}");
    assert_eq!(scene.numbers("backups"), [1], "the backup is kept");
}

#[test]
fn flow_036_finalize_without_reference() {
    let scratch = Scratch::new();
    let mut scene = Scene::new(&scratch);
    assert_no_output(&go(&mut scene.windows[0], "s1"));
    assert_eq!((scene.project.state(), scene.numbers("history")), (("idle".to_owned(), 0), vec![]));
    scene.is_mine();
}

#[test]
fn flow_038_history_under_limit() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    scene.plant("history", [1, 2]);
    go(&mut scene.windows[0], "s1");
    assert_eq!(scene.numbers("history"), [1, 2, 3]);
}

#[test]
fn flow_039_history_missing() {
    let scratch = Scratch::new();
    let scene = Scene::new(&scratch);
    assert!(scene.numbers("history").is_empty());
}

#[test]
fn flow_040_history_other_files() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    scene.plant("history", 1..=50);
    for name in [".gitkeep", "notes.txt"] {
        fs::write(scene.project.protected_store().join(name), "").unwrap();
    }
    go(&mut scene.windows[0], "s1");
    assert_eq!(scene.numbers("history"), (2..=51).collect::<Vec<_>>());
    assert!([".gitkeep", "notes.txt"].iter().all(|name| scene.project.protected_store().join(name).exists()));
}

#[test]
fn flow_041_history_default_50() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    scene.plant("history", 1..=55);
    go(&mut scene.windows[0], "s1");
    assert_eq!(scene.numbers("history"), (7..=56).collect::<Vec<_>>());
}

#[test]
fn flow_043_cleanup_last() {
    let scratch = Scratch::new();
    let mut scene = Scene::new(&scratch);
    for n in 1..=5 {
        come(&mut scene.windows[0], &format!("s{n}"));
        scene.project.write("AGENTS.md", TOOLS);
        go(&mut scene.windows[0], &format!("s{n}"));
        scene.is_mine();
    }
    assert_eq!((scene.numbers("backups"), scene.project.state()), (vec![3, 4, 5], ("idle".to_owned(), 0)));
}

#[test]
fn flow_044_cleanup_restore_fails() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    let (work, away) = (scene.project.path(), scratch.home().join("away"));
    let run = scene.windows[0].call("s1", scene.windows[0].payload("SessionEnd", "s1", &json!({})).to_string());
    fs::rename(&work, &away).unwrap();
    let ended = scene.windows[0].process.run(agent_baton_tests::fake_agent::Run { cwd: scratch.home(), ..run });
    assert!(ended.stderr.contains("The saved files are in"), "{ended:?}");
    fs::rename(&away, &work).unwrap();
    let shown = scene.project.show();
    assert_eq!((&shown["state"], &shown["participants"][0]["live"]), (&json!("saved"), &json!("no")));
    come(&mut scene.windows[1], "s2");
    scene.is_mine();
}

/// A file that cannot be restored stops no other: a symbolic link was planted in its path, and nothing is written
/// through it.
#[test]
fn flow_047_recover_independent() {
    let scratch = Scratch::new();
    let project = Project::protect(&scratch, &["AGENTS.md", ".codex/config.toml"]);
    project.write("AGENTS.md", MINE);
    project.write(".codex/config.toml", MINE);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut window, "s1"));
    let (inside, outside) = (project.path().join(".codex"), scratch.home().join("outside"));
    fs::create_dir(&outside).unwrap();
    fs::write(outside.join("config.toml"), TOOLS).unwrap();
    fs::remove_dir_all(&inside).unwrap();
    symlink(&outside, &inside).unwrap();
    project.write("AGENTS.md", TOOLS);
    let ended = go(&mut window, "s1");
    assert!(
        ended.stderr.contains(".codex/config.toml was left as it is: a directory on its path is a symbolic link"),
        "{ended:?}"
    );
    assert_eq!(project.read("AGENTS.md").as_deref(), Some(MINE));
    assert_eq!(fs::read_to_string(outside.join("config.toml")).unwrap(), TOOLS);
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert!(project.history_has("saved/.codex/config.toml", MINE));
}

#[test]
fn flow_054_migrate_corrupt() {
    let scratch = Scratch::new();
    let mut scene = Scene::lost(&scratch);
    fs::write(scene.record(), "{").unwrap();
    let told = come(&mut scene.windows[1], "s2");
    assert!(told.stdout.contains("it was moved to"), "{told:?}");
    let quarantined = fs::read_dir(scratch.state_dir().join("quarantine")).unwrap().next().unwrap().unwrap();
    assert_eq!(fs::read_to_string(quarantined.path()).unwrap(), "{");
    assert_eq!((scene.project.state().0.as_str(), scene.numbers("backups")), ("saved", vec![1, 2]));
}

/// The project may be on a disk that is not mounted.
#[test]
fn flow_056_project_gone() {
    let scratch = Scratch::new();
    let scene = Scene::lost(&scratch);
    let away = scratch.home().join("away");
    fs::rename(scene.project.path(), &away).unwrap();
    let listed = scratch.baton(["project", "list", "--json"]).cwd(&scratch.home()).run().json();
    assert_eq!((listed[0]["state"].as_str(), listed[0]["backups"].as_array().unwrap().len()), (Some("saved"), 1));
    fs::rename(&away, scene.project.path()).unwrap();
}

#[test]
fn flow_057_project_there() {
    let scratch = Scratch::new();
    let scene = Scene::lost(&scratch);
    assert_eq!((scene.project.state().0.as_str(), scene.numbers("backups")), ("saved", vec![1]));
}

#[test]
fn flow_061_restore_replaces() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    fs::remove_file(scene.project.path().join(".codex/config.toml")).unwrap();
    go(&mut scene.windows[0], "s1");
    scene.is_mine();
    assert!(scene.project.history_has("files/.codex/agents/new", TOOLS));
}

#[test]
fn flow_062_restore_to_empty() {
    let scratch = Scratch::new();
    let project = Project::protect(&scratch, &[".claude"]);
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&come(&mut window, "s1"));
    project.write(".claude/settings.json", TOOLS);
    go(&mut window, "s1");
    assert!(!project.path().join(".claude").exists());
    assert!(project.history_has("files/.claude/settings.json", TOOLS));
}

#[test]
fn flow_063_restore_missing() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    assert_eq!(scene.project.baton(&["restore", "--backup", "9"]).code, Some(4));
    // The backup to restore is missing. That is reported, and the next session saves anew.
    fs::remove_file(scene.project.protected_store().join("backup-1.tar")).unwrap();
    let ended = go(&mut scene.windows[0], "s1");
    assert!(ended.stderr.contains("backup-1.tar is gone"), "{ended:?}");
    scene.is_tools();
    come(&mut scene.windows[1], "s2");
    assert_eq!((scene.project.state().0.as_str(), scene.numbers("backups")), ("saved", vec![1]));
}

#[test]
fn flow_064_restore_idempotent() {
    let scratch = Scratch::new();
    let mut scene = Scene::lost(&scratch);
    for expected in ["restored AGENTS.md", "everything is as it was when it was saved"] {
        let given = scene.project.baton(&["restore", "--backup", "1"]);
        assert!(given.code == Some(0) && given.stdout.contains(expected), "{given:?}");
        scene.is_mine();
    }
    assert_eq!(scene.numbers("history"), [1]);
    assert_no_output(&go(&mut scene.windows[1], "s2"));
    scene.is_mine();
}

/// What an interrupted call left beside the files is not a file of the project. It is removed, and the backup counts.
#[test]
fn flow_065_restore_leftover_adopted() {
    if !trace::is_possible() {
        return;
    }
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    let window = &mut scene.windows[0];
    let run = window.call("s1", window.payload("SessionEnd", "s1", &json!({})).to_string());
    let call = Call { name: "renameat".to_owned(), nth: 1, line: String::new() };
    window.process.run(with_fault(&run, &scratch.root().join("calls"), &call, Fault::Kill));
    let left = |scene: &Scene<'_>| scene.project.tree().keys().any(|path| path.to_str().unwrap().contains(".baton-"));
    assert!(left(&scene), "it was killed between writing and renaming");
    come(&mut scene.windows[1], "s2");
    assert!(!left(&scene));
    scene.is_mine();
}

#[test]
fn flow_067_backups_keep() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    go(&mut scene.windows[0], "s1");
    scene.plant("backup", [5, 40, 300, 1000]);
    come(&mut scene.windows[1], "s2");
    assert_eq!(scene.numbers("backups"), [300, 1000, 1001]);
}

#[test]
fn flow_068_second_backup_of_modified() {
    let scratch = Scratch::new();
    let mut scene = Scene::spoiled(&scratch);
    assert_no_output(&come(&mut scene.windows[1], "s2"));
    assert_eq!((scene.project.show()["backup"].as_u64(), scene.numbers("backups")), (Some(1), vec![1]));
    assert_no_output(&go(&mut scene.windows[0], "s1"));
    go(&mut scene.windows[1], "s2");
    scene.is_mine();
}
