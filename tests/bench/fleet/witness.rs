//! Counts the round trips of one round of the witness.

use std::fs;

use agent_baton_core::agent::Agent;
use agent_baton_tests::Window;
use baton_test_postgres::fleet::{Fleet, Machine};
use serde_json::{Value, json};

use crate::{SESSION, takeovers};

/// How many launches own a run of the fleet.
const LAUNCHES: [usize; 2] = [1, 1000];

/// Returns a table in Markdown: with one launch and with many, all of which are renewed.
pub fn table() -> String {
    let mut text = "| launches | renewed | connections | statements |\n| --: | --: | --: | --: |\n".to_owned();
    let [one, many] = LAUNCHES.map(|launches| {
        let round = round(launches);
        text.push_str(&format!("| {launches} | {} | {} | {} |\n", round.renewed, round.connections, round.statements));
        assert_eq!(round.renewed, launches.to_string(), "each owner was to be renewed");
        round
    });
    assert_eq!(one.statements, many.statements, "the number of round trips was not to grow with the launches");
    text
}

struct Round {
    renewed: String,
    connections: u64,
    statements: u64,
}

fn round(launches: usize) -> Round {
    let fleet = Fleet::new().expect("a server");
    let machine = fleet.machine("machine");
    let mut window = Window::open(&machine.scratch, Agent::Claude, "%1");
    takeovers::start(&mut window, SESSION);
    copy(&fleet, &machine, launches - 1);
    // The first round reads what the copies changed.
    let _ = machine.witness();
    fleet.end_leases();
    let (connections, statements) = (machine.proxy.connections(), machine.proxy.statements());
    let _ = machine.witness();
    Round {
        renewed: fleet.sql("select count(*) from baton.run where lease_end > now()"),
        connections: machine.proxy.connections() - connections,
        statements: machine.proxy.statements() - statements,
    }
}

/// Adds copies of the only session and its run, here and in the database. The same process shows all of them.
fn copy(fleet: &Fleet, machine: &Machine, number: usize) {
    let (state, run) = (machine.scratch.state_dir(), machine.run().id.to_string());
    let read = |path: &str| -> Value { serde_json::from_slice(&fs::read(state.join(path)).unwrap()).unwrap() };
    let (mut session, mut record) = (read(&format!("sessions/{SESSION}.json")), read(&format!("runs/{run}.json")));
    for n in 1..=number {
        let (id, owner) = (format!("r{n:012x}"), format!("session-{n}"));
        session["id"] = json!(owner);
        session["runs"] = json!([id]);
        record["id"] = json!(id);
        record["owner"]["session"] = json!(owner);
        fs::write(state.join(format!("sessions/{owner}.json")), session.to_string()).unwrap();
        fs::write(state.join(format!("runs/{id}.json")), record.to_string()).unwrap();
    }
    fs::remove_file(state.join("index/complete")).unwrap();
    drop(fleet.sql(&format!(
        "insert into baton.run (account, id, revision, version, fence, base_fence, name, status, iteration, session, project,
                 owner_machine, lease_end, directory, record)
             select r.account, c.id, r.revision, 1, r.fence, r.base_fence, r.name, r.status, 0, 'session-' || n, r.project,
                 r.owner_machine, r.lease_end, r.directory,
                 jsonb_set(r.record || jsonb_build_object('id', c.id), '{{owner,session}}', to_jsonb('session-' || n))
             from baton.run r, generate_series(1, {number}) n,
                 lateral (select 'r' || lpad(to_hex(n), 12, '0') as id) c"
    )));
}
