//! Finds the statements that read a whole table.

use std::collections::BTreeSet;

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::Fault;
use baton_test_postgres::Postgres;
use baton_test_postgres::fleet::Fleet;
use serde_json::json;

use crate::{SESSION, fill, hook, takeovers};

/// The tables that are filled.
const LARGE: [&str; 3] = ["run ", "change ", "machine "];

/// Calls what sends each kind of statement in a database with this many runs, and returns the scans of whole tables that the server
/// logged, with the part of the statement that names it.
pub fn whole_table_scans(runs: usize) -> BTreeSet<String> {
    let fleet = Fleet::new().expect("a server");
    let [a, b] = ["one", "two"].map(|name| fleet.machine(name));
    let mut window = Window::open(&a.scratch, Agent::Claude, "%1");
    takeovers::start(&mut window, SESSION);
    fill::fill(&fleet, runs);
    let database = &fleet.database().name;
    for setting in [
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
    ] {
        drop(fleet.sql(&format!("alter database {database} set {setting}")));
    }
    let server = Postgres::shared().expect("a server");
    let before = server.log().len();
    let transcript = a.scratch.home().join(format!("work/{SESSION}.jsonl"));
    std::fs::write(transcript, "{}\n").expect("a transcript");
    for words in [&["run", "update", "demo", "--iteration", "1"][..], &["run", "verify", "demo"]] {
        let ended = window.baton(SESSION, words);
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
    a.proxy.after(1, Fault::LoseAnswer);
    drop(window.baton(SESSION, &["run", "update", "demo", "--iteration", "2"]));
    hook(&mut window, "SessionEnd", &json!({}));
    let commands = [
        (&a, "fleet witness"),
        (&a, "fleet status"),
        (&a, "run list"),
        (&a, "handoff last"),
        (&a, "handoff last --cancel"),
        (&a, "handoff last"),
        (&b, "pickup"),
        (&b, "fleet witness"),
        (&b, "fleet show --what-is-stored"),
        (&b, "fleet recover"),
    ];
    for (machine, words) in commands {
        let ended = machine.baton(words.split(' '));
        assert_eq!(ended.code, Some(0), "{words}: {ended:?}");
    }
    let log = server.log();
    let entries = log.get(before..).unwrap_or_default().split("Query Text:").skip(1);
    entries.flat_map(scans).collect()
}

/// Returns the scans of the large tables in the entry of a statement, each with the part of the statement that names it.
fn scans(entry: &str) -> Vec<String> {
    let (query, plan) = entry.split_once("(cost=").unwrap_or((entry, ""));
    // Before it is what all statements have in common.
    let own = query.rsplit_once("k.epoch = $2").map_or(query, |(_, own)| own);
    let name = own.split_whitespace().skip_while(|word| !word.starts_with(',')).take(4).collect::<Vec<_>>().join(" ");
    let scanned = plan.lines().filter_map(|line| Some(line.split_once("Seq Scan on ")?.1.split_once("  (")?.0));
    let large = scanned.filter(|table| LARGE.iter().any(|large| table.starts_with(large)));
    large.map(|table| format!("{name}: {table}")).collect()
}
