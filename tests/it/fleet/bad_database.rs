//! What a wrong configuration or a damaged database does: a message that says so, and nothing to the local state.

use std::io::Write;
use std::net::TcpListener;

use agent_baton_tests::program;
use baton_test_postgres::fleet::{Fleet, Machine};

use super::refusal::{check_refused, set};
use super::{owner, prompt};

/// A fault of the configuration or of the database, and a part of the message about it.
type Case = (&'static str, fn(&Fleet, &Machine), &'static str);

const CASES: [Case; 10] = [
    ("a wrong URL", |_, a| set(a, "url = \"postgresql://nobody@127.0.0.1:1/none\""), "127.0.0.1"),
    (
        "a wrong line",
        |_, a| set(a, "url = \"postgresql://me@db/fleet\"\nlease = \"1s\""),
        "line 3: fleet.lease: a lease has at least",
    ),
    ("no URL", |_, a| set(a, "url = \"words\""), "URL"),
    (
        "a refused password",
        |fleet, _| drop(fleet.sql(&format!("alter role {} password 'other'", fleet.database().user))),
        "password",
    ),
    ("a command that fails", |_, a| set(a, "url_command = [\"/bin/false\"]"), "url_command"),
    ("a command that prints nothing", |_, a| set(a, "url_command = [\"/bin/true\"]"), "printed nothing"),
    (
        "a newer schema",
        |fleet, _| drop(fleet.sql("update baton.version set number = 99, oldest_writer = 99")),
        "schema",
    ),
    ("a half-migrated schema", |fleet, _| drop(fleet.sql("drop table baton.version")), "tables of baton"),
    (
        "a database that accepts no writes",
        |fleet, _| {
            let name = &fleet.database().name;
            drop(fleet.sql(&format!("alter database {name} set default_transaction_read_only = on")));
        },
        "write",
    ),
    (
        "a server that speaks another protocol",
        |_, a| {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            let port = listener.local_addr().unwrap().port();
            std::thread::spawn(move || {
                for mut client in listener.incoming().flatten() {
                    drop(client.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n"));
                }
            });
            set(a, &format!("url = \"postgresql://me:sEcret@127.0.0.1:{port}/none\""));
        },
        "127.0.0.1",
    ),
];

#[test]
fn a_wrong_line_is_not_taken_for_no_database() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    set(&a, "url = \"postgresql://me@db/fleet\"\npassword_file = \"passwords\"");
    for command in ["status", "witness", "init"] {
        let ended = a.baton(["fleet", command]);
        let stderr = &ended.stderr;
        assert!(stderr.contains("line 3: fleet.password_file: a file is named by"), "{command}: {stderr}");
        assert!(!stderr.contains("names no database"), "{command}: {stderr}");
    }
}

#[test]
fn a_command_says_what_is_wrong_and_an_event_goes_on() {
    for (name, damage, part) in CASES {
        let Some(fleet) = Fleet::new() else { return };
        let a = fleet.machine("laptop");
        let mut window = owner(&a);
        damage(&fleet, &a);
        check_refused(&a, &mut window, program::baton(), (name, part));
    }
}

#[test]
fn a_row_that_no_version_wrote_stays_as_it_is() {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    let run = a.run();
    for damage in ["record = '[1]'", "record = jsonb_set(record, '{fence}', '7')", "record = record - 'owner'"] {
        fleet.back_up();
        drop(fleet.sql(&format!("update baton.run set {damage}")));
        let row = fleet.sql("select record, fence, revision from baton.run");
        let refused = window.baton("s1", &["run", "finish", "demo"]);
        assert_eq!(refused.code, Some(3), "{damage}: {refused:?}");
        prompt(&mut window);
        assert_eq!(a.run(), run, "{damage}");
        assert_eq!(fleet.sql("select record, fence, revision from baton.run"), row, "{damage}");
        fleet.restore();
    }
    let finished = window.baton("s1", &["run", "finish", "demo"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}
