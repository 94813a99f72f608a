//! Runs the whole hook with a core that misbehaves. The agent does not notice, the user reads one line, and the audit
//! records the failure.
//!
//! The program itself loads no other core, so this test program stands in for it. It calls itself below an agent, and
//! there handles the event as `main` does.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::PathBuf;

use agent_baton_core::agent::Agent;
use agent_baton_tests::fake_agent::Ended;
use agent_baton_tests::{Scratch, Window};
use serde_json::{Value, json};

use super::Hook;
use baton_core_host::Core;

/// Tells the child which module to load. None of testing/malicious-modules is called `real`.
const MODULE: &str = "BATON_TEST_MODULE";

/// Precedes the hook's output in the child's stdout.
const READY: &str = "the hook begins\n";

#[test]
#[ignore = "the child of a_core_that_misbehaves_disturbs_nobody"]
fn child() {
    let module = std::env::var(MODULE).unwrap();
    std::io::stdout().write_all(READY.as_bytes()).unwrap();
    let modules =
        || agent_baton_malicious_modules::MODULES.iter().chain(agent_baton_malicious_modules::INVALID_DECISIONS);
    let load = || match modules().find(|(name, _)| *name == module) {
        Some((_, compiled)) => Core::from_compiled(compiled),
        None => Core::load(),
    };
    std::process::exit(Hook { agent: Agent::Claude, notification: None }.run_with(load, None).into());
}

/// Sends an event of session `s` to a hook with this core, and returns what the hook wrote.
fn send(window: &mut Window<'_>, module: &str, event: &str, fields: &Value) -> Ended {
    let test = std::env::current_exe().unwrap().to_str().unwrap().to_owned();
    let argv = [&test, "hook::tests::child", "--exact", "--ignored", "--nocapture"].map(str::to_owned);
    let mut run = window.below("s", argv.into(), window.payload(event, "s", fields).to_string());
    run.env.insert(MODULE.to_owned(), module.to_owned());
    let mut ended = window.process.run(run);
    ended.stdout = ended.stdout.split_once(READY).unwrap_or_else(|| panic!("{ended:?}")).1.to_owned();
    ended
}

/// Returns every file except the audit, and the lock file, which names each holder.
fn files(scratch: &Scratch) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = scratch.state().files;
    files.retain(|path, _| !path.starts_with("audit") && path.as_os_str() != "lock");
    files
}

fn check(module: &str) {
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    for (event, fields) in [("SessionStart", json!({})), ("UserPromptSubmit", json!({"prompt": "first"}))] {
        let ended = send(&mut window, "real", event, &fields);
        assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""), "{ended:?}");
    }
    let before = (files(&scratch), scratch.state().audit().len());
    // The first event takes the fast path without the lock. The second needs the lock.
    for (n, event) in ["UserPromptSubmit", "SessionStart"].into_iter().enumerate() {
        let ended = send(&mut window, module, event, &json!({"source": "resume", "prompt": "second"}));
        assert_eq!((ended.code, ended.stdout.as_str()), (Some(0), ""), "{module}: {ended:?}");
        assert!(
            ended.stderr.starts_with("baton: the core") && ended.stderr.lines().count() == 1,
            "{module}: {ended:?}"
        );
        assert_eq!(files(&scratch), before.0, "{module}: {event}");
        let audit = scratch.state().audit();
        let last = audit.last().unwrap()["reason"].as_str().unwrap();
        assert!(matches!(last, "core_failed" | "decision_refused"), "{module}: {last}");
        assert_eq!(audit.len(), before.1 + n + 1, "{module}: {event} is logged once");
    }
    let ended = send(&mut window, "real", "UserPromptSubmit", &json!({"prompt": "third"}));
    assert_eq!((ended.code, ended.stdout.as_str(), ended.stderr.as_str()), (Some(0), "", ""), "{module}: {ended:?}");
}

#[test]
fn a_core_that_misbehaves_disturbs_nobody() {
    for (module, _) in
        agent_baton_malicious_modules::MODULES.iter().chain(agent_baton_malicious_modules::INVALID_DECISIONS)
    {
        if *module != "well-behaved" {
            check(module);
        }
    }
}
