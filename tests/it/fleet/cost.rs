//! What the fleet costs whoever does not use it: nothing.

use agent_baton_core::agent::Agent;
use agent_baton_tests::{Scratch, Window, trace};
use baton_test_postgres::fleet::Fleet;
use serde_json::json;

use super::owner;

#[test]
fn only_what_concerns_a_fleet_run_asks_the_database() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let before = a.proxy.connections();
    let mut window = Window::open(&a.scratch, Agent::Claude, "%1");
    for (event, fields) in [
        ("SessionStart", json!({})),
        ("UserPromptSubmit", json!({"prompt": "words"})),
        ("Stop", json!({})),
        ("SessionEnd", json!({})),
    ] {
        let ended = window.hook(event, "s9", &fields);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    let started = window.baton("s9", &["run", "list"]);
    assert_eq!(started.code, Some(0), "{started:?}");
    assert_eq!(a.proxy.connections(), before);

    let mut window = owner(&a);
    let before = a.proxy.connections();
    let heartbeat = window.hook("PostToolUse", "s1", &json!({"tool_name": "Bash"}));
    assert_eq!(heartbeat.code, Some(0), "{heartbeat:?}");
    assert_eq!(a.proxy.connections(), before, "a heartbeat");
    let before = a.proxy.statements();
    let updated = window.baton("s1", &["run", "update", "demo", "--phase", "second"]);
    assert_eq!(updated.code, Some(0), "{updated:?}");
    assert_eq!(a.proxy.statements() - before, 2, "one read and one commit");
}

#[test]
fn a_list_that_does_not_have_every_run_says_so() {
    let Some(fleet) = Fleet::new() else { return };
    let [a, b] = ["laptop", "desktop"].map(|name| fleet.machine(name));
    let _window = owner(&a);
    let more = |count: u32| {
        let copies = format!(
            "insert into baton.run select (jsonb_populate_record(r, jsonb_build_object('id', 'x' || n, 'session', 'x' || n,
                'record', jsonb_set(r.record, '{{owner,session}}', to_jsonb('x' || n)) || jsonb_build_object('id', 'x' || n)
            ))).* from baton.run r cross join generate_series(1, {count}) n where r.id not like 'x%'"
        );
        drop(fleet.sql(&copies));
    };
    for (count, is_cut) in [(9, false), (4096, true)] {
        drop(fleet.sql("delete from baton.run where id like 'x%'"));
        more(count);
        b.witness();
        for words in ["run list", "run list --json", "status", "status --json"] {
            let ended = b.baton(words.split(' '));
            assert_eq!(ended.code, Some(0), "{words}: {ended:?}");
            assert_eq!(ended.stderr.contains("more than 4096"), is_cut, "{words}, {count}: {}", ended.stderr);
        }
    }
}

#[test]
fn without_a_fleet_nothing_looks_for_one() {
    if !trace::is_possible() {
        return;
    }
    let scratch = Scratch::new();
    let mut window = Window::open(&scratch, Agent::Claude, "%1");
    let log = scratch.root().join("trace");
    for (event, fields) in [
        ("SessionStart", json!({})),
        ("UserPromptSubmit", json!({"prompt": "words"})),
        ("Stop", json!({})),
        ("SessionEnd", json!({})),
    ] {
        let call = window.call("s1", window.payload(event, "s1", &fields).to_string());
        let ended = window.process.run(trace::traced_calls(&call, &log, "all"));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let calls = std::fs::read_to_string(&log).unwrap();
        assert!(calls.contains("execve("), "{event}: {calls}");
        assert!(!calls.contains("fleet"), "{event}: {calls}");
    }
}

#[test]
fn the_command_that_prints_the_url_runs_once_for_all_connections_of_a_call() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let home = a.scratch.home();
    let (config, script, count) = (home.join(".config/baton/config.toml"), home.join("print-url"), home.join("count"));
    let url = std::fs::read_to_string(&config).unwrap().split('"').nth(1).unwrap().to_owned();
    std::fs::write(&script, format!("#!/bin/sh\necho >>{}\necho '{url}'\n", count.display())).unwrap();
    std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    std::fs::write(&config, format!("[fleet]\nurl_command = [{script:?}]\n")).unwrap();
    let before = a.proxy.connections();
    // A machine that the database does not know connects again to join.
    drop(fleet.sql("delete from baton.machine"));
    a.witness();
    assert!(a.proxy.connections() - before > 1, "{}", a.proxy.connections() - before);
    assert_eq!(std::fs::read_to_string(&count).unwrap(), "\n");
}
