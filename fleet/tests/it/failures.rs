use std::os::unix::fs::PermissionsExt;

use agent_baton_core::fixtures;
use baton_fleet::Service;
use baton_fleet_protocol::{Answer, Cause, Database, Opening, Request, Secret, VERSION};
use baton_test_postgres::{Postgres, TestDatabase};

use crate::machine::{LONG_MS, Machine, ask, check_failure, commit_id, new_fleet, new_row, opening};

const LIST: Request = Request::List { limit: 1 };

#[test]
fn a_wrong_address_is_named() {
    let Some((postgres, database, _)) = new_fleet() else { return };
    let with = |change: &dyn Fn(&mut TestDatabase)| {
        let mut other = database.clone();
        change(&mut other);
        other
    };
    let port = postgres.port();
    let check = |url: &str, cause, part: &str| check_failure(ask(url, LONG_MS, &LIST), cause, part);
    check(
        &postgres.tcp_url(&with(&|it| it.password = "sEcret".into())),
        Cause::Login,
        "password authentication failed",
    );
    check(&postgres.tcp_url(&with(&|it| it.user = "nobody".into())), Cause::Login, &format!("localhost:{port}"));
    check(&postgres.tcp_url(&with(&|it| it.name = "nothing".into())), Cause::Address, "does not exist");
    check(&postgres.socket_url(&with(&|it| it.password = "sEcret".into())), Cause::Login, ".s.PGSQL.");
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    check(&Postgres::url_at(&database, "127.0.0.1", free), Cause::Unreachable, &format!("127.0.0.1:{free}"));
    check(&Postgres::url_at(&database, "no-such-host.invalid", 5432), Cause::Unreachable, "cannot be resolved");
    check(
        &format!("{}?sslmode=require", Postgres::url_at(&database, "db.example", 1)),
        Cause::Address,
        "sslmode=require",
    );
    check("postgresql://a:sEcret@%2Fnowhere/f", Cause::Unreachable, "/nowhere/.s.PGSQL.5432");
    let without_password = format!("postgresql://{}@localhost:{port}/{}", database.user, database.name);
    check(&without_password, Cause::Login, "password");
}

#[test]
fn the_versions_have_to_be_the_same() {
    let opening = Opening { version: "0.0.0".into(), ..opening("postgresql://a@localhost/f", None, LONG_MS) };
    let answer = Service::new(&opening).unwrap().answer(&LIST);
    check_failure(answer, Cause::Version, &format!("0.0.0 and baton-fleet {VERSION}"));
}

#[test]
fn the_password_comes_from_a_file_that_nobody_else_reads() {
    let Some((postgres, database, _)) = new_fleet() else { return };
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str, mode: u32| {
        let path = dir.path().join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let TestDatabase { name, user, password } = &database;
    let line = format!("localhost:{}:{name}:*:{password}\n", postgres.port());
    let service = format!("[fleet]\nhost=localhost\nport={}\ndbname={name}\nuser={user}\n", postgres.port());
    let with_password = format!("{service}password={password}\n");
    let check = |passwords: Option<String>, services: String, expected: Option<&str>| {
        let database = Database {
            url: Secret::new("postgresql://?service=fleet".to_owned()),
            password_file: passwords,
            service_file: Some(services),
        };
        let answer = Service::new(&Opening { database, ..opening("", None, LONG_MS) }).unwrap().answer(&LIST);
        match expected {
            None => assert!(matches!(answer, Answer::Rows(_)), "{answer:?}"),
            Some(part) => check_failure(answer, Cause::Address, part),
        }
    };
    let services = file("services", &service, 0o644);
    check(Some(file("passwords", &line, 0o600)), services.clone(), None);
    check(Some(file("open", &line, 0o640)), services.clone(), Some("can be read by other users"));
    check(None, file("services-with-password", &with_password, 0o600), None);
    check(None, file("open-services", &with_password, 0o644), Some("can be read by other users"));
    check(Some("relative".into()), services.clone(), Some("relative is not an absolute path"));
    check(Some("/nowhere".into()), services, Some("cannot read /nowhere: No such file"));
    check(None, file("other", "[other]\n", 0o600), Some("does not define it"));
}

#[test]
fn a_database_that_accepts_no_writes_is_named() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let a = Machine::join(&url, "a");
    let run = a.run("r1", "s1", 1);
    postgres.sql("postgres", &format!("alter database {} set default_transaction_read_only = on", database.name));
    let mut a = Machine::connect(&url, a.identity.clone(), LONG_MS);
    assert!(matches!(a.ask(&LIST), Answer::Rows(_)));
    check_failure(a.commit(1, vec![new_row(&run)]), Cause::ReadOnly, "read-only");
    check_failure(a.ask(&Request::Renew { alive: vec![], ended: vec![], lease_ms: 1 }), Cause::ReadOnly, "read-only");
}

#[test]
fn a_role_needs_only_what_it_is_given() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let role = postgres.user(&database, &format!("role_of_{}", database.name));
    let as_role = postgres.socket_url(&role);
    check_failure(ask(&as_role, LONG_MS, &LIST), Cause::Permission, "permission denied");
    // Another owner of the tables gives the rights, and the role makes its own fleet.
    let request = Request::Init { fleet: fixtures::id("f"), role: Some(role.user.clone()) };
    assert_eq!(ask(&url, LONG_MS, &request), Answer::Done);
    crate::machine::init(&as_role);
    let mut a = Machine::join(&as_role, "a");
    a.add(1, &a.run("r1", "s1", 1));
    let row = a.row("r1");
    let hand_off = Request::HandOff {
        commit: commit_id(2),
        handoff: baton_fleet_protocol::NewHandoff {
            session: fixtures::id("s1"),
            to: None,
            parts: 1,
            digest: "d".into(),
            project: None,
        },
        writes: vec![crate::machine::changed(&row, |run| run.fleet.as_mut().unwrap().machine = None)],
    };
    for request in [
        Request::PutPart { session: fixtures::id("s1"), handoff: commit_id(2), number: 0, bytes: String::new() },
        Request::PutPart { session: fixtures::id("s1"), handoff: commit_id(2), number: 0, bytes: String::new() },
        hand_off,
        Request::GetPart { handoff: commit_id(2), number: 0 },
        Request::LookUp { commit: commit_id(3) },
        Request::Renew { alive: vec![], ended: vec![], lease_ms: 1 },
        Request::Rotate { next: crate::machine::token(9) },
    ] {
        let answer = a.ask(&request);
        assert!(!matches!(answer, Answer::Failed(_)), "{request:?}: {answer:?}");
    }
    let mut identity = a.identity.clone();
    identity.tokens = vec![crate::machine::token(9)];
    let mut a = Machine::connect(&as_role, identity, LONG_MS);
    let seen = baton_fleet_protocol::Position { change: 99, commit: Some(commit_id(99)) };
    for request in [
        Request::PickUp { handoff: commit_id(2) },
        Request::RemoveArchive { handoff: commit_id(2) },
        Request::CancelHandoff { handoff: commit_id(2) },
        Request::Restore { commit: commit_id(4), rows: vec![], lease_ms: 1 },
        Request::Leave,
        Request::Recover { epoch: 1, next: 2, seen, commit: commit_id(5), lease_ms: 60_000 },
    ] {
        let answer = a.ask(&request);
        assert!(!matches!(answer, Answer::Failed(_)), "{request:?}: {answer:?}");
    }
}

#[test]
fn a_weaker_isolation_level_is_refused() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    let run = a.run("r1", "s1", 1);
    // As a pooler would, which does not pass the setting on.
    let proxy = crate::hostile_servers::without_options(postgres.port());
    let mut weak = Machine::connect(&Postgres::url_at(&database, "127.0.0.1", proxy), a.identity.clone(), LONG_MS);
    check_failure(weak.commit(1, vec![new_row(&run)]), Cause::Pooler, "isolation level read committed");
    assert_eq!(a.read(&["r1"]).rows, []);
}
