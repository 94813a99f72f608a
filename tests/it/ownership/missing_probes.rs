//! Events whose launches could not be probed before the lock: the index was damaged, or the event waited in the inbox.
//! baton probes them under the lock, so that the resume itself takes the run over.

use std::fs;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_tests::fault_injection::hold;
use agent_baton_tests::{Scratch, Window};
use serde_json::json;

/// Returns every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] }).collect()
}

/// Checks that the resume of s1 takes its run over, in the same pane and in another one.
fn check(what: &str, damage: impl Fn(&Path)) {
    for pane in ["%1", "%2"] {
        let scratch = Scratch::new();
        Window::open_owner(&scratch, Agent::Claude, "%1").process.kill();
        damage(&scratch.state_dir().join("index"));
        let mut resumed = Window::open(&scratch, Agent::Claude, pane);
        let reply = resumed.hook("SessionStart", "s1", &json!({"source": "resume"}));
        assert_eq!((reply.code, reply.stderr.as_str()), (Some(0), ""), "{what}: {reply:?}");
        let verified = resumed.baton("s1", &["run", "verify", "demo"]);
        assert_eq!(verified.code, Some(0), "{what}, {pane}: {reply:?} {verified:?}");
    }
}

#[test]
fn a_resume_without_an_index_takes_the_run_over() {
    check("an index that is there", |_| {});
    check("no index", |index| fs::remove_dir_all(index).unwrap());
    check("no mark of a complete index", |index| fs::remove_file(index.join("complete")).unwrap());
    check("files that are cut off", |index| {
        for path in files(index) {
            let bytes = fs::read(&path).unwrap();
            fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
        }
    });
    check("files that are no JSON", |index| files(index).iter().for_each(|path| fs::write(path, "x").unwrap()));
}

#[test]
fn without_an_index_an_owner_that_lives_keeps_its_run() {
    let scratch = Scratch::new();
    let mut owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    fs::remove_dir_all(scratch.state_dir().join("index")).unwrap();
    let mut second = Window::open(&scratch, Agent::Claude, "%2");
    let reply = second.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert!(reply.stdout.contains("%1"), "it is told which pane owns the run: {reply:?}");
    assert_eq!(owner.baton("s1", &["run", "verify", "demo"]).code, Some(0));
}

#[test]
fn a_resume_that_waited_takes_the_run_over_when_another_session_handles_it() {
    let scratch = Scratch::new();
    Window::open_owner(&scratch, Agent::Claude, "%1").process.kill();
    let mut resumed = Window::open(&scratch, Agent::Claude, "%2");
    let lock = hold(&scratch);
    let waited = resumed.hook("SessionStart", "s1", &json!({"source": "resume"}));
    assert_eq!(waited.code, Some(0), "{waited:?}");
    drop(lock);
    let mut other = Window::open(&scratch, Agent::Claude, "%3");
    assert_eq!(other.hook("SessionStart", "s3", &json!({})).code, Some(0));
    let verified = resumed.baton("s1", &["run", "verify", "demo"]);
    assert_eq!(verified.code, Some(0), "{verified:?}");
}
