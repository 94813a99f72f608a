use agent_baton_core::fixtures;
use agent_baton_core::run::Status;
use baton_fleet_protocol::{Answer, Request, Rows};

use crate::machine::{Machine, changed, new_fleet, rows};

/// Returns the ids of rows, sorted.
fn ids(rows: &Rows) -> Vec<&str> {
    let mut ids: Vec<_> = rows.rows.iter().map(|row| row.run.id.as_str()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn a_read_finds_runs_and_the_unfinished_runs_of_sessions_and_projects() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    for (number, (id, session)) in [("r1", "s1"), ("r2", "s2"), ("r3", "s3")].into_iter().enumerate() {
        a.add(number as u128 + 1, &a.run(id, session, 1));
    }
    let row = a.row("r2");
    a.commit(9, vec![changed(&row, |run| run.status = Status::Done)]);
    let mut check = |runs: &[&str], sessions: &[&str], projects: &[&str], expected: &[&str]| {
        let request = Request::Read {
            runs: runs.iter().map(|id| fixtures::id(id)).collect(),
            sessions: sessions.iter().map(|id| fixtures::id(id)).collect(),
            projects: projects.iter().map(|text| (*text).to_owned()).collect(),
        };
        let found = rows(a.ask(&request));
        assert_eq!(ids(&found), expected, "{request:?}");
        let machines: Vec<_> = found.machines.iter().map(|machine| machine.id.as_str()).collect();
        assert_eq!(machines, if expected.is_empty() { vec![] } else { vec!["a"] });
    };
    check(&[], &[], &[], &[]);
    check(&["r2", "r9"], &[], &[], &["r2"]);
    check(&[], &["s1", "s2"], &[], &["r1"]);
    check(&["r2"], &["s1"], &["git.example/project"], &["r1", "r2", "r3"]);
    check(&[], &[], &["git.example/other"], &[]);
    assert_eq!(ids(&rows(a.ask(&Request::List { limit: 9 }))), ["r1", "r3"]);
    assert_eq!(ids(&rows(a.ask(&Request::List { limit: 1 }))), ["r3"]);
}

#[test]
fn a_row_that_no_baton_wrote_is_reported() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    a.add(1, &a.run("r1", "s1", 1));
    a.add(2, &a.run("r2", "s2", 1));
    let original = postgres.sql(&database.name, "select record from baton.run where id = 'r1'");
    for (change, part) in [
        ("record = '{}'", "not that of a run"),
        ("record = '7'", "not that of a run"),
        ("fence = 9", "column fence"),
        ("status = 'done'", "column status"),
        ("iteration = 9", "column iteration"),
        ("session = 's9'", "column session"),
        ("project = 'p'", "column project"),
        ("owner_machine = 'b'", "column owner_machine"),
        ("revision = 9", "column revision"),
        ("record = jsonb_set(record, '{fleet,fleet}', '\"g\"')", "column fleet"),
        ("record = jsonb_set(record, '{owner,process,boot}', '\"\\u001b[31m\"')", "field process"),
        ("owner_machine = 'not an id'", "a character other"),
    ] {
        let reset = format!(
            "update baton.run set record = '{original}', fence = 1, status = 'active', iteration = 0, session = 's1', \
             project = 'git.example/project', owner_machine = 'a', revision = 1 where id = 'r1'"
        );
        postgres.sql(&database.name, &reset);
        postgres.sql(&database.name, &format!("update baton.run set {change} where id = 'r1'"));
        let found = a.read(&["r1", "r2"]);
        assert_eq!(ids(&found), ["r2"], "{change}");
        let [(id, reason)] = found.unreadable.as_slice() else { panic!("{change}: {found:?}") };
        assert_eq!(id, "r1");
        assert!(reason.contains(part), "{change}: {reason}");
    }
}

#[test]
fn texts_of_others_are_cleaned() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    a.add(1, &a.run("r1", "s1", 1));
    postgres.sql(&database.name, "update baton.machine set name = E'a\\x1b[31m' || repeat('x', 1000)");
    postgres.sql(&database.name, "update baton.run set directory = E'd\\n' || repeat('x', 1000)");
    let found = a.read(&["r1"]);
    let name = &found.machines[0].name;
    assert!(name.starts_with("a\u{fffd}[31mx") && name.chars().count() == 64, "{name}");
    let directory = found.rows[0].directory.as_ref().unwrap();
    assert!(directory.starts_with("d\u{fffd}x") && directory.chars().count() == 255, "{directory}");
}

#[test]
fn the_rows_of_another_user_of_the_database_are_invisible() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    a.add(1, &a.run("r1", "s1", 1));
    let other = postgres.user(&database, &format!("other_of_{}", database.name));
    let role = Some(other.user.clone());
    let request = Request::Init { fleet: fixtures::id("f"), role };
    let made = crate::machine::ask(&url, crate::machine::LONG_MS, &request);
    assert_eq!(made, Answer::Done);
    let url = postgres.socket_url(&other);
    crate::machine::init(&url);
    let mut b = Machine::join(&url, "a");
    assert_eq!(ids(&b.read(&["r1"])), Vec::<&str>::new());
    // Both have a run with this id and this session.
    b.add(1, &b.run("r1", "s1", 1));
    assert_eq!(ids(&rows(a.ask(&Request::List { limit: 9 }))), ["r1"]);
    assert_eq!(postgres.sql(&database.name, "select count(*) from baton.run"), "2");
}
