//! Saving and restoring fail at every step: each file in the project is the complete old or new one, and in the end
//! the protected files are the user's own.

use std::fs;

use agent_baton_core::agent::Agent;
use agent_baton_tests::effort::{Effort, sample};
use agent_baton_tests::fake_agent::{Ended, Run};
use agent_baton_tests::mount::Mount;
use agent_baton_tests::project::{Project, Tree};
use agent_baton_tests::trace::{self, Call, Fault, calls, traced, with_fault};
use agent_baton_tests::window::assert_no_output;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// How many calls of each case a sample tries.
const SAMPLE: usize = 6;

const ERRORS: [&str; 4] = ["ENOSPC", "EIO", "EROFS", "EACCES"];

const MINE: &str = "mine, and long enough to be cut in two\n";
const TOOLS: &str = "the tool's\n";

/// The operation that fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum What {
    /// The first session's start, which saves.
    Save,
    /// The last session's end, which restores.
    GiveBack,
    /// The start after a session was lost, which restores and then saves.
    Both,
}

/// A project, and the sessions in it.
struct Scene<'a> {
    scratch: &'a Scratch,
    project: Project<'a>,
    windows: Vec<Window<'a>>,
    before: Tree,
    what: What,
}

impl<'a> Scene<'a> {
    fn new(scratch: &'a Scratch, what: What) -> Self {
        let project = Project::protect(scratch, &["AGENTS.md", ".codex", "gone.md"]);
        project.write("AGENTS.md", MINE);
        project.write("gone.md", MINE);
        project.write(".codex/config.toml", MINE);
        let before = project.tree();
        let windows = vec![Window::open(scratch, Agent::Claude, "%1"), Window::open(scratch, Agent::Codex, "%2")];
        let mut scene = Self { scratch, project, windows, before, what };
        if what != What::Save {
            assert_no_output(&scene.windows[0].hook("SessionStart", "s1", &json!({})));
            scene.spoil();
        }
        if what == What::Both {
            scene.windows[0].process.kill();
        }
        scene
    }

    /// Changes the files as a tool does.
    fn spoil(&self) {
        self.project.write("AGENTS.md", TOOLS);
        self.project.write(".codex/new/file", TOOLS);
        drop(fs::remove_file(self.project.path().join("gone.md")));
    }

    /// Returns the call that fails.
    fn run(&self) -> Run {
        let (window, session, event) = match self.what {
            What::Save => (0, "s1", "SessionStart"),
            What::GiveBack => (0, "s1", "SessionEnd"),
            What::Both => (1, "s2", "SessionStart"),
        };
        let window = &self.windows[window];
        window.call(session, window.payload(event, session, &json!({})).to_string())
    }

    fn play(&mut self, run: Run) -> Ended {
        let window = usize::from(self.what == What::Both);
        self.windows[window].process.run(run)
    }

    /// Checks that each file is the user's or the tool's, and complete.
    fn whole(&self) {
        for path in ["AGENTS.md", ".codex/config.toml", "gone.md", ".codex/new/file"] {
            let text = self.project.read(path);
            assert!(text.as_deref().is_none_or(|text| text == MINE || text == TOOLS), "{path}: {text:?}");
            assert!(text.is_some() || path == "gone.md" || path == ".codex/new/file", "{path} is gone");
        }
    }

    /// Delivers the next events, which repair everything.
    fn repair(mut self) {
        self.whole();
        if self.what == What::Save {
            // The first prompt comes before any work.
            let prompt = self.windows[0].hook("UserPromptSubmit", "s1", &json!({"prompt": "words"}));
            assert_eq!(prompt.code, Some(0), "{prompt:?}");
            assert_eq!(self.project.state(), ("saved".to_owned(), 1));
            self.spoil();
        }
        self.windows[0].process.kill();
        let start = self.windows[1].hook("SessionStart", "s2", &json!({"again": true}));
        assert_eq!(start.code, Some(0), "{start:?}");
        assert_eq!(self.project.tree(), self.before, "{start:?}");
        assert_eq!(self.project.state(), ("saved".to_owned(), 1));
        for (path, text) in [("files/AGENTS.md", TOOLS), ("files/.codex/new/file", TOOLS)] {
            assert!(self.project.history_has(path, text), "{path}: {:?}", self.project.archives("history"));
        }
        self.spoil();
        let end = self.windows[1].hook("SessionEnd", "s2", &json!({}));
        assert_eq!(end.code, Some(0), "{end:?}");
        assert_eq!((self.project.tree(), self.project.state()), (self.before, ("idle".to_owned(), 0)), "{end:?}");
        assert!(!leftovers(&self.scratch.root().join("state")), "temporary files are left");
    }
}

fn leftovers(dir: &std::path::Path) -> bool {
    fs::read_dir(dir.join("protected")).unwrap().any(|store| store.unwrap().path().join("new.tmp").exists())
}

fn check(what: What, fault: impl Fn(usize) -> Vec<Fault>) {
    if !trace::is_possible() {
        return;
    }
    let found: Vec<Call> = {
        let scratch = Scratch::new();
        let mut scene = Scene::new(&scratch, what);
        let log = scratch.root().join("calls");
        let run = traced(&scene.run(), &log);
        let ended = scene.play(run);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let found = calls(&log, scratch.root().to_str().map(std::path::Path::new).unwrap());
        scene.repair();
        found
            .into_iter()
            .filter(|call| !call.line.contains("/proc/") && (call.changes() || call.name == "openat"))
            .collect()
    };
    assert!(found.len() > 30, "{what:?}: {found:?}");
    for (nth, call) in sample(&found, SAMPLE).enumerate() {
        for fault in fault(nth) {
            println!("{what:?}: {fault:?} at {}", call.line);
            let scratch = Scratch::new();
            let mut scene = Scene::new(&scratch, what);
            let run = with_fault(&scene.run(), &scratch.root().join("calls"), call, fault);
            let ended = scene.play(run);
            if let Fault::Error(_) = fault {
                assert_eq!(ended.code, Some(0), "{ended:?}");
                let given = scene.project.tree() == scene.before;
                assert!(given || what == What::Save || !ended.stderr.is_empty(), "nothing was said: {ended:?}");
                if ended.stderr.contains("is not protected") {
                    // A file that cannot be read is not saved, which is reported, and is never changed.
                    scene.whole();
                    continue;
                }
            }
            scene.repair();
        }
    }
}

fn errors(nth: usize) -> Vec<Fault> {
    if Effort::get() == Effort::Exhaustive {
        return ERRORS.map(Fault::Error).into();
    }
    vec![Fault::Error(ERRORS[nth % ERRORS.len()])]
}

#[test]
fn a_save_is_killed_at_every_step() {
    check(What::Save, |_| vec![Fault::Kill]);
}

#[test]
fn giving_back_is_killed_at_every_step() {
    check(What::GiveBack, |_| vec![Fault::Kill]);
}

#[test]
fn giving_back_and_saving_is_killed_at_every_step() {
    check(What::Both, |_| vec![Fault::Kill]);
}

#[test]
fn a_save_fails_at_every_step() {
    check(What::Save, errors);
}

#[test]
fn giving_back_fails_at_every_step() {
    check(What::GiveBack, errors);
}

/// The disk is full or read-only: the user's files are the old ones, and the message says where the others are.
#[test]
fn a_full_or_read_only_disk_leaves_the_old_file() {
    for full in [true, false] {
        let scratch = Scratch::new();
        let work = scratch.home().join("work");
        let Some(mount) = Mount::tmpfs(&work, 256) else { return };
        let mut scene = Scene::new(&scratch, What::GiveBack);
        // Removing these files would free space.
        fs::remove_dir_all(work.join(".codex/new")).unwrap();
        let filler = work.join("filler");
        if full {
            drop(fs::write(&filler, vec![0; 512 * 1024]));
        } else {
            mount.read_only(true);
        }
        let run = scene.run();
        let ended = scene.play(run);
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert!(ended.stderr.contains("AGENTS.md could not be restored"), "{ended:?}");
        let backup = scene.project.show()["backups"][0]["path"].as_str().unwrap().to_owned();
        assert!(ended.stderr.contains(&backup), "{ended:?}");
        assert_eq!(scene.project.read("AGENTS.md").as_deref(), Some(TOOLS));
        assert_eq!(scene.project.state().0, "restoring");
        mount.read_only(false);
        drop(fs::remove_file(filler));
        let start = scene.windows[1].hook("SessionStart", "s2", &json!({}));
        assert!(start.stderr.contains("restored AGENTS.md, gone.md"), "{start:?}");
        assert_eq!((scene.project.tree(), scene.project.state().0), (scene.before, "saved".to_owned()));
        assert!(scene.project.history_has("files/AGENTS.md", TOOLS));
    }
}

/// If a tool removed permissions from its own directories, the files are restored nevertheless, and the permissions
/// are as before in the end.
#[test]
fn directories_that_are_read_only_get_their_files() {
    let scratch = Scratch::new();
    let project = Project::protect(&scratch, &[".codex"]);
    project.write(".codex/shut/config.toml", MINE);
    project.write(".codex/open/config.toml", MINE);
    project.chmod(".codex/shut", 0o555);
    let before = project.tree();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    assert_no_output(&window.hook("SessionStart", "s1", &json!({})));
    for directory in ["shut", "open"] {
        project.chmod(&format!(".codex/{directory}"), 0o755);
        project.write(&format!(".codex/{directory}/config.toml"), TOOLS);
        project.write(&format!(".codex/{directory}/new/file"), TOOLS);
        for below in ["/new", ""] {
            project.chmod(&format!(".codex/{directory}{below}"), 0o555);
        }
    }
    let mut run = window.call("s1", window.payload("SessionEnd", "s1", &json!({})).to_string());
    if nix::unistd::geteuid().is_root() {
        // Otherwise, permissions do not restrict root.
        let without = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search"].map(str::to_owned);
        run.argv = without.into_iter().chain(run.argv).collect();
    }
    let ended = window.process.run(run);
    assert_eq!((project.tree(), project.state().0), (before, "idle".to_owned()), "{ended:?}");
    assert!(project.history_has("files/.codex/shut/new/file", TOOLS));
    project.chmod(".codex/shut", 0o755);
}

/// A disk that was unmounted is not a project that was deleted: nothing is written to the mount point, and the files
/// are restored when the disk is back.
#[test]
fn an_unmounted_project_is_not_gone() {
    let scratch = Scratch::new();
    let mut scene = Scene::new(&scratch, What::Both);
    let (work, elsewhere) = (scratch.home().join("work"), scratch.home().join("elsewhere"));
    fs::rename(&work, &elsewhere).unwrap();
    let Some(mount) = Mount::tmpfs(&work, 64) else { return };
    let start = scene.windows[1].hook("SessionStart", "s3", &json!({}));
    assert!(start.stdout.contains("is its disk mounted?"), "{start:?}");
    assert_eq!(fs::read_dir(&work).unwrap().count(), 0, "nothing is written to the empty place");
    assert_no_output(&scene.windows[1].hook("UserPromptSubmit", "s3", &json!({"prompt": "words"})));
    let end = scene.windows[1].hook("SessionEnd", "s3", &json!({}));
    assert_eq!(end.code, Some(0), "{end:?}");
    drop(mount);
    fs::remove_dir(&work).unwrap();
    fs::rename(&elsewhere, &work).unwrap();
    scene.repair();
}

/// The directory was deleted: the saved files are kept.
#[test]
fn a_vanished_project_keeps_its_saved_files() {
    let scratch = Scratch::new();
    let mut scene = Scene::new(&scratch, What::GiveBack);
    let (work, elsewhere) = (scratch.home().join("work"), scratch.home().join("elsewhere"));
    let run = scene.run();
    fs::rename(&work, &elsewhere).unwrap();
    let ended = scene.play(Run { cwd: scratch.home(), ..run });
    assert!(ended.stderr.contains("is its disk mounted?"), "{ended:?}");
    fs::rename(&elsewhere, &work).unwrap();
    scene.repair();
}
