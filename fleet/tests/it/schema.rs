use agent_baton_core::fixtures;
use baton_fleet_protocol::{Answer, Cause, Request};
use baton_test_postgres::Postgres;

use crate::machine::{LONG_MS, Machine, ask, check_failure, init, new_fleet, rows};

const LIST: Request = Request::List { limit: 1 };

fn printed(role: Option<&str>) -> String {
    match ask("postgresql://", LONG_MS, &Request::PrintSchema { role: role.map(str::to_owned) }) {
        Answer::Sql { text } => text,
        other => panic!("{other:?}"),
    }
}

/// Returns every column, index, policy and right of the schema.
fn description(postgres: &Postgres, database: &str) -> String {
    postgres.sql(
        database,
        "select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
             where table_schema = 'baton' order by 1, 2;
         select indexdef from pg_indexes where schemaname = 'baton' order by 1;
         select tablename, policyname, qual, with_check from pg_policies where schemaname = 'baton' order by 1;
         select relname, relrowsecurity, relforcerowsecurity from pg_class where relnamespace = 'baton'::regnamespace order by 1;
         select number, oldest_writer from baton.version",
    )
}

#[test]
fn what_is_printed_makes_what_init_makes() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let other = postgres.database();
    let sql = format!("set role {}; {}", other.user, printed(None));
    postgres.sql(&other.name, &sql);
    assert_eq!(description(postgres, &other.name), description(postgres, &database.name));
    // Running it once more changes nothing, nor does another init.
    postgres.sql(&other.name, &sql);
    let first = init(&url);
    let again = ask(&url, LONG_MS, &Request::Init { fleet: fixtures::id("other"), role: None });
    let Answer::Ready(again) = again else { panic!("{again:?}") };
    assert_eq!((first.fleet, again.fleet.as_str()), (fixtures::id("f"), "f"));
}

#[test]
fn a_database_without_the_schema_or_the_fleet_is_told_so() {
    let Some(postgres) = Postgres::shared() else { return };
    let database = postgres.database();
    let url = postgres.socket_url(&database);
    check_failure(ask(&url, LONG_MS, &LIST), Cause::SchemaMissing, "no tables of baton");
    postgres.sql(&database.name, &format!("set role {}; {}", database.user, printed(None)));
    check_failure(ask(&url, LONG_MS, &LIST), Cause::SchemaMissing, "has no fleet");
}

#[test]
fn a_migration_that_stopped_goes_on() {
    let steps = printed(None);
    let steps: Vec<&str> = steps.split_inclusive(";\n").collect();
    let Some(postgres) = Postgres::shared() else { return };
    for done in [1, 2, 3, 8, 12, steps.len() - 1] {
        let database = postgres.database();
        let url = postgres.socket_url(&database);
        postgres.sql(&database.name, &format!("set role {}; {}", database.user, steps[..done].concat()));
        check_failure(ask(&url, LONG_MS, &LIST), Cause::SchemaMissing, "no tables of baton");
        init(&url);
        assert!(matches!(ask(&url, LONG_MS, &LIST), Answer::Rows(_)));
    }
}

#[test]
fn a_newer_schema_is_used_if_it_allows_this_version() {
    let Some((postgres, database, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    postgres.sql(&database.name, "update baton.version set number = 2");
    a.add(1, &a.run("r1", "s1", 1));
    assert_eq!(rows(a.ask(&LIST)).standing.schema, 2);
    postgres.sql(&database.name, "update baton.version set number = 7, oldest_writer = 5");
    let run = a.run("r2", "s2", 1);
    for request in [
        LIST,
        crate::machine::commit(2, vec![crate::machine::new_row(&run)]),
        Request::Renew { alive: vec![], ended: vec![], lease_ms: 1 },
        Request::Init { fleet: fixtures::id("f"), role: None },
    ] {
        let failure = crate::machine::failure(a.ask(&request));
        assert_eq!(failure.cause, Cause::SchemaNewer, "{failure:?}");
        for part in ["number 7", "knows 5", "knows 1"] {
            assert!(failure.message.contains(part), "{failure:?}");
        }
    }
    // It may have lost what this version reads.
    postgres.sql(&database.name, "alter table baton.run drop column directory");
    check_failure(a.ask(&LIST), Cause::SchemaNewer, "number 7");
    assert_eq!(postgres.sql(&database.name, "select count(*) from baton.run"), "1");
}
