//! What every face shows of the other machines of a fleet. The test writes what the witness would have read.

use std::fs;

use agent_baton_core::agent::Agent;
use agent_baton_tests::{Scratch, Window};
use baton_view::Source;
use serde_json::{Value, json};

use crate::state::source;

const TOKEN: &str = "00112233445566778899aabbccddeeff";

/// A machine with a run of its own: what the test writes, and what is shown.
struct Case {
    what: &'static str,
    /// The owner, as the row has it.
    owner: Value,
    /// How long ago the machine was heard when the rows were read, in seconds.
    heard_s: u64,
    /// The status that is shown, and the machine with the age of its word.
    shown: (&'static str, &'static str),
}

fn machine(lease: Value) -> Value {
    json!({"machine": {"id": "m2", "lease": lease}})
}

/// Writes the files that the witness of machine `m1` keeps: one row of this run, which is not on this machine.
fn write_fleet(scratch: &Scratch, run: &Value, owner: &Value, heard_s: u64, handoffs: &Value) {
    let dir = scratch.state_dir().join("fleet");
    fs::create_dir_all(&dir).unwrap();
    let config = scratch.home().join(".config/baton");
    fs::create_dir_all(&config).unwrap();
    fs::write(config.join("config.toml"), "[fleet]\nurl = \"postgres:///fleet?host=/nowhere\"\n").unwrap();
    let position = json!({"change": 1, "commit": TOKEN});
    let membership = json!({"fleet": "f1", "machine": "m1", "name": "desk", "token": TOKEN, "boot": "b", "epoch": 1,
        "newest": position});
    fs::write(dir.join("membership.json"), membership.to_string()).unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis();
    let rows = json!({
        "read": {"unix_ms": u64::try_from(now).unwrap(), "boot": "another", "boot_ms": 1},
        "rows": [{"run": run, "version": 9, "owner": owner, "directory": "shop", "age_ms": 1000}],
        "machines": [
            {"id": "m1", "name": "desk", "seen_ms": 1000},
            {"id": "m2", "name": "lap\u{1b}[31mtop", "seen_ms": heard_s * 1000},
        ],
        "handoffs": handoffs,
        "is_cut": false,
    });
    fs::write(dir.join("rows.json"), rows.to_string()).unwrap();
}

/// Returns the row's record of a run of another machine.
fn remote_run(scratch: &Scratch) -> Value {
    let id = scratch.state().only_run().id.to_string();
    let path = scratch.state_dir().join(format!("runs/{id}.json"));
    let mut run: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    run["id"] = json!("r0000000000ff");
    run["name"] = json!("nightly");
    run["phase"] = json!("\u{1b}[2Jbuild");
    run["project"] = Value::Null;
    run["owner"]["pane"] = json!({"mux": "unknown"});
    run["owner"]["session"] = json!("s-there");
    run["fleet"] = json!({"fleet": "f1", "revision": 4, "machine": "m2", "project": "github.com/acme/shop"});
    run
}

/// Checks that every face shows one run of another machine, with this status, and its machine.
fn check(scratch: &Scratch, what: &str, status: &str, machine: &str) {
    let picture = source(scratch).read().unwrap();
    let mut remote = picture.items.iter().filter(|item| item.section == baton_status::Section::Elsewhere);
    let item = remote.next().unwrap_or_else(|| panic!("{what}: {picture:?}"));
    assert!(remote.next().is_none(), "{what}: it is shown once");
    assert_eq!((item.id.as_str(), item.status.as_str()), ("r0000000000ff", status), "{what}");
    assert_eq!(item.machine.as_deref(), Some("lap\u{fffd}[31mtop"), "{what}");
    let json = scratch.baton(["status", "--json"]).run().json();
    assert_eq!(json["elsewhere"].as_array().unwrap().len(), 1, "{what}: {json}");
    assert_eq!(json["elsewhere"][0]["machine"]["name"], json!(item.machine), "{what}");
    assert_eq!(json["machines"], serde_json::to_value(&picture.machines).unwrap(), "{what}");
    let line = scratch.baton(["status", "--line"]).run().stdout;
    assert!(line.contains("1 on other machines"), "{what}: {line}");
    let listed = scratch.baton(["run", "list", "--json"]).run().json();
    let ids = listed["runs"].as_array().unwrap().iter().filter(|run| run["id"] == "r0000000000ff").count();
    assert_eq!(ids, 1, "{what}: {listed}");
    for command in [&["status"][..], &["run", "list"]] {
        let text = scratch.baton(command.iter().copied()).run().stdout;
        let row = text.lines().find(|line| line.contains("r0000000000ff")).unwrap_or_else(|| panic!("{what}: {text}"));
        assert!(row.contains(status) && row.contains(machine), "{what}: {row}");
        assert!(!text.contains('\u{1b}'), "{what}: {text:?}");
    }
    let shown = scratch.baton(["run", "show", "nightly"]).run();
    assert_eq!(shown.code, Some(0), "{what}: {shown:?}");
    assert!(shown.stdout.contains(status) && !shown.stdout.contains('\u{1b}'), "{what}: {shown:?}");
}

#[test]
fn every_face_shows_the_runs_of_other_machines_and_how_old_their_word_is() {
    let held = || machine(json!({"held": {"left_ms": 300_000}}));
    let case = |what, owner, heard_s, shown| Case { what, owner, heard_s, shown };
    let handed_over = json!({"handoff": {"from": "m2", "to": "m3", "picked_up": null}});
    let cases = [
        case("held", held(), 30, ("active", "top, 3")),
        case("held, heard long ago", held(), 720, ("unknown", "top, last heard 12 min ago")),
        case("lapsed", machine(json!("lapsed")), 30, ("lapsed", "top, 3")),
        case("ended", machine(json!("owner_ended")), 30, ("interrupted", "top, 3")),
        case("handed over to a third one", handed_over, 30, ("handed over", "top, 3")),
    ];
    let scratch = Scratch::new();
    let _owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    let run = remote_run(&scratch);
    for Case { what, owner, heard_s, shown: (status, machine) } in cases {
        let mut row = run.clone();
        if owner.get("handoff").is_some() {
            row["fleet"].as_object_mut().unwrap().remove("machine");
        }
        write_fleet(&scratch, &row, &owner, heard_s, &json!([]));
        check(&scratch, what, status, machine);
    }
    // A copy is shown once. The processes of this machine say nothing about its owner.
    let copy = scratch.state_dir().join("runs/r0000000000ff.json");
    for (what, revision) in [("an older copy", 3), ("a copy", 4)] {
        let mut record = run.clone();
        record["fleet"]["revision"] = json!(revision);
        fs::write(&copy, record.to_string()).unwrap();
        write_fleet(&scratch, &run, &held(), 30, &json!([]));
        check(&scratch, what, "active", "top, 3");
    }
    // Without a fleet in the configuration, nothing is read.
    fs::remove_file(&copy).unwrap();
    fs::remove_file(scratch.home().join(".config/baton/config.toml")).unwrap();
    let json = scratch.baton(["status", "--json"]).run().json();
    assert_eq!((&json["elsewhere"], &json["machines"]), (&json!([]), &json!([])));
}

#[test]
fn a_session_that_was_handed_over_to_this_machine_waits_for_the_user() {
    let handoff = |session: &str, to: Option<&str>, from: &str, picked_up: Option<&str>| {
        json!({"id": TOKEN, "session": session, "from": from, "to": to, "picked_up": picked_up, "parts": 1,
            "is_stored": true, "digest": "d", "project": "github.com/acme/shop", "age_ms": 60_000})
    };
    let scratch = Scratch::new();
    let _owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    let run = remote_run(&scratch);
    for (what, handoff, waits) in [
        ("to this one", handoff("s9", Some("m1"), "m2", None), true),
        ("to any", handoff("s9", None, "m2", None), true),
        ("to another", handoff("s9", Some("m3"), "m2", None), false),
        ("from this one", handoff("s9", None, "m1", None), false),
        ("picked up", handoff("s9", None, "m2", Some("m3")), false),
    ] {
        write_fleet(&scratch, &run, &machine(json!("lapsed")), 30, &json!([handoff]));
        let picture = source(&scratch).read().unwrap();
        let found = picture.items.iter().find(|item| item.key == "handoff:s9");
        assert_eq!(found.and_then(|item| item.command.as_deref()), waits.then_some("baton pickup s9"), "{what}");
        let text = scratch.baton(["status"]).run().stdout;
        assert_eq!(text.contains("`baton pickup s9`"), waits, "{what}: {text}");
        let json = scratch.baton(["status", "--json"]).run().json();
        let causes = json["waiting"].as_array().unwrap().iter().map(|it| (&it["cause"], &it["session"]));
        let count = causes.filter(|it| *it == (&json!("handed_over"), &json!("s9"))).count();
        assert_eq!(count, usize::from(waits), "{what}: {json}");
        let line = scratch.baton(["status", "--line"]).run().stdout;
        assert_eq!(line.contains("1 handed over"), waits, "{what}: {line}");
    }
}

#[test]
fn rows_that_are_read_again_are_noticed() {
    let scratch = Scratch::new();
    let _owner = Window::open_owner(&scratch, Agent::Claude, "%1");
    let run = remote_run(&scratch);
    write_fleet(&scratch, &run, &machine(json!("lapsed")), 30, &json!([]));
    let mut source = source(&scratch);
    source.read().unwrap();
    assert!(source.is_current());
    let rows = scratch.state_dir().join("fleet/rows.json");
    assert!(source.files().contains(&rows));
    write_fleet(&scratch, &run, &machine(json!("owner_ended")), 30, &json!([]));
    assert!(!source.is_current());
}
