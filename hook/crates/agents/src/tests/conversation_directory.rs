use agent_baton_core::agent::Agent;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;
use serde_json::json;

use crate::*;

#[test]
fn a_conversation_is_found_in_the_directory_in_which_it_began() {
    let dir = tempfile::tempdir().unwrap();
    let base = std::fs::canonicalize(dir.path()).unwrap();
    let base = base.to_str().unwrap();
    let long = "x".repeat(210);
    for name in ["a/.git", "a/b.c/d", "a-b/c", "ü", "other", long.as_str()] {
        std::fs::create_dir_all(format!("{base}/{name}")).unwrap();
    }
    std::fs::write(format!("{base}/a/.git/HEAD"), "ref: x").unwrap();
    let folder = |name: &str| format!("{base}/{name}").replace(|c: char| !c.is_ascii_alphanumeric(), "-");
    let cut = |hash: &str| folder(&long).split_at(200).0.to_owned() + hash;
    let head = |cwd: &str| {
        let rollout = format!("{base}/{}.jsonl", cwd.replace('/', "-"));
        let line = json!({"type": "session_meta", "payload": {"cwd": format!("{base}/{cwd}"), "source": "cli"}});
        std::fs::write(&rollout, format!("{line}\n")).unwrap();
        rollout
    };
    let transcript = |folder: &str| format!("{base}/projects/{folder}/s.jsonl");
    let now = Timestamp { unix_ms: 0, boot: String::new(), boot_ms: 0 };
    for (agent, transcript, cwd, project, expected) in [
        (Agent::Claude, transcript(&folder("a")), "a/b.c/d", "a", Some("a")),
        (Agent::Claude, transcript(&folder("a/b.c")), "a/b.c/d", "a", Some("a/b.c")),
        (Agent::Claude, transcript(&folder("a")), "other", "a", Some("a")),
        (Agent::Claude, transcript(&folder("ü")), "ü", "ü", Some("ü")),
        (Agent::Claude, transcript(&cut("-hash")), &long, &long, Some(long.as_str())),
        (Agent::Claude, transcript("elsewhere"), "a/b.c", "a", Some("a/b.c")),
        (Agent::Claude, transcript(&folder("gone")), "gone", "other", Some("other")),
        (Agent::Claude, transcript(&folder("gone")), "gone", "gone", None),
        (Agent::Codex, head("a/b.c"), "a/b.c/d", "a", Some("a/b.c")),
        (Agent::Codex, head("a/b.c"), "other", "other", Some("other")),
        (Agent::Codex, head("gone"), "other", "gone", Some("other")),
        (Agent::Codex, "/nowhere/rollout.jsonl".to_owned(), "other", "a", Some("other")),
    ] {
        let text = |name: &str| Some(format!("{base}/{name}"));
        let mut session = Session::new(agent, "s".parse().unwrap(), &now);
        (session.cwd, session.project, session.transcript) = (text(cwd), text(project), Some(transcript.clone()));
        let found = conversation_directory(&session).map(|path| path.to_str().unwrap().to_owned());
        assert_eq!(found, expected.and_then(text), "{agent} {transcript}, {cwd}, {project}");
    }
    let is_folder_name = spec(Agent::Claude).is_folder_name.unwrap();
    assert!(!is_folder_name(&cut(""), &format!("{base}/{long}")));
}
