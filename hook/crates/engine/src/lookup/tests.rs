use std::fs;

use agent_baton_core::decision::{Location, Record};
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Status;
use agent_baton_core::session::{Ended, Session};

use super::{Lookup, LookupError};
use baton_catalogue::LazyCatalogue;
use baton_store::Store;
use baton_store::fixtures::*;

/// Creates live and archived sessions, opened at 1, 2, 3 and so on. A session whose id begins with `x` belongs to
/// another project.
fn fill(store: &Store, ids: &[(&str, Location, Option<&str>)]) {
    let mut locked = lock(store);
    for (n, (name, location, called)) in (1..).zip(ids) {
        let mut it: Session = session(name, n);
        it.name = called.map(|called| called.parse().unwrap());
        if name.starts_with('x') {
            it.project = Some("/work/other".into());
        }
        put(&mut locked, vec![live_session(it.clone())]).unwrap();
        if *location == Location::Archive {
            it.ended = Some(Ended { at: stamp(9), reason: Reason::Ended });
            put(&mut locked, vec![(Record::Session(Box::new(it)), Location::Archive)]).unwrap();
        }
    }
}

fn found<Id: ToString>(found: Result<Id, LookupError<Id>>) -> String {
    match found {
        Ok(id) => id.to_string(),
        Err(LookupError::NotFound) => "none".to_owned(),
        Err(LookupError::Ambiguous(ids)) => ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "),
        Err(LookupError::Store(error)) => error.to_string(),
    }
}

const SESSIONS: [(&str, Location, Option<&str>); 7] = [
    ("aa11", Location::Archive, None),
    ("aa12", Location::Live, Some("parser")),
    ("bb21", Location::Live, Some("aa1")),
    ("bb22", Location::Archive, Some("docs")),
    ("bb", Location::Archive, None),
    ("cc31", Location::Live, Some("docs")),
    ("xx41", Location::Live, None),
];

fn catalogue(world: &World) -> LazyCatalogue {
    LazyCatalogue::new(&world.store)
}

fn check(lookup: Lookup<'_>, cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(found(lookup.session(text)), *expected, "{text:?}");
    }
}

#[test]
fn a_session_is_found_on_both_shelves_or_its_candidates_are_named() {
    let world = world();
    fill(&world.store, &SESSIONS);
    let everywhere = [
        ("", "none"),
        ("aa11", "aa11"),
        ("aa12", "aa12"),
        ("aa", "aa11 aa12"),
        ("c", "cc31"),
        ("bb2", "bb21 bb22"),
        // A complete id wins, although other ids begin with it.
        ("bb", "bb"),
        ("parser", "aa12"),
        // A name that is also the beginning of other ids.
        ("aa1", "aa11 aa12 bb21"),
        ("docs", "bb22 cc31"),
        ("zz", "none"),
        ("../aa11", "none"),
        (" ", "none"),
        ("*", "none"),
    ];
    check(Lookup::all_projects(&catalogue(&world)), &everywhere);
}

/// The ids that Codex makes within a minute begin alike.
#[test]
fn a_part_of_an_id_that_fits_one_is_enough() {
    let world = world();
    let (a, b) = ("01a1fd44-7b83-7991-81c1-45804ee6f7f2", "01a1fd44-7c01-7113-9a3e-45804ee6aaaa");
    fill(
        &world.store,
        &[(a, Location::Live, Some("e6f7")), (b, Location::Archive, None), ("cc31", Location::Live, None)],
    );
    let both = format!("{a} {b}");
    let cases = [
        ("01a1fd44", &*both),
        ("7c01", b),
        ("81c1-4580", a),
        ("aaaa", b),
        ("4ee6", &*both),
        ("c31", "none"),
        ("e6f7", a),
    ];
    check(Lookup::all_projects(&catalogue(&world)), &cases);
    check(Lookup::in_project(&catalogue(&world), "/work/other"), &[("7c01", "none")]);
    let mut locked = lock(&world.store);
    for (name, at) in [("r71c0ffee", 3), ("r71decade", 5), ("r71facade", 4)] {
        put(&mut locked, vec![live_run(run(name, "s", 1))]).unwrap();
        let (Record::Run(mut ended), location) = archived_run(run(name, "s", 1), Status::Done) else { panic!() };
        ended.created = stamp(at);
        put(&mut locked, vec![(Record::Run(ended), location)]).unwrap();
    }
    drop(locked);
    let catalogue = catalogue(&world);
    let lookup = Lookup::all_projects(&catalogue);
    // Of finished runs with one name, the newest is meant.
    for (text, expected) in
        [("ffee", "r71c0ffee"), ("a run", "r71decade"), ("cade", "r71decade r71facade"), ("ade", "none")]
    {
        assert_eq!(found(lookup.run(text)), expected, "{text:?}");
    }
}

#[test]
fn nothing_of_another_project_is_offered_as_this_ones() {
    let world = world();
    fill(&world.store, &SESSIONS);
    let here = [("xx41", "none"), ("x", "none"), ("c", "cc31"), ("docs", "bb22 cc31")];
    check(Lookup::in_project(&catalogue(&world), "/work/project"), &here);
    check(
        Lookup::in_project(&catalogue(&world), "/work/other"),
        &[("xx4", "xx41"), ("aa11", "none"), ("parser", "none")],
    );
    check(Lookup::in_project(&catalogue(&world), "/nowhere"), &[("cc31", "none")]);
}

#[test]
fn what_cannot_be_read_is_found_by_its_id_and_stops_nothing() {
    let world = world();
    fill(&world.store, &SESSIONS);
    let sessions = world.store.path().join("sessions");
    for (name, text) in [("aa12", "[1]"), ("zz", ""), ("zy", "{\"id\":5}")] {
        fs::write(sessions.join(format!("{name}.json")), text).unwrap();
    }
    let cases = [("aa12", "aa12"), ("aa", "aa11 aa12"), ("zz", "zz"), ("z", "zy zz"), ("c", "cc31")];
    check(Lookup::all_projects(&catalogue(&world)), &cases);
}

#[test]
fn of_runs_with_one_name_the_unfinished_one_is_meant() {
    let world = world();
    let mut locked = lock(&world.store);
    for (name, status) in [("r10", Status::Done), ("r11", Status::Active), ("r2", Status::Failed)] {
        put(&mut locked, vec![live_run(run(name, "s", 1))]).unwrap();
        if !status.is_unfinished() {
            put(&mut locked, vec![archived_run(run(name, "s", 1), status)]).unwrap();
        }
    }
    drop(locked);
    let catalogue = catalogue(&world);
    let lookup = Lookup::all_projects(&catalogue);
    for (text, expected) in
        [("a run", "r11"), ("r1", "r11"), ("r10", "r10"), ("r2", "r2"), ("r", "r11"), ("", "none"), ("z", "none")]
    {
        assert_eq!(found(lookup.run(text)), expected, "{text:?}");
    }
}
