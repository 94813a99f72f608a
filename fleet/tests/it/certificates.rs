use baton_fleet_protocol::{Answer, Cause, Request};
use baton_test_postgres::{Postgres, TestDatabase, Validity};

use crate::machine::{LONG_MS, ask, check_failure, init};

const LIST: Request = Request::List { limit: 1 };

fn url(postgres: &Postgres, database: &TestDatabase, host: &str, more: &str) -> String {
    let roots = postgres.certificates().authority.display();
    format!("{}?sslmode=verify-full&sslrootcert={roots}{more}", Postgres::url_at(database, host, postgres.port()))
}

#[test]
fn a_certificate_that_is_right_is_accepted() {
    let Some(postgres) = Postgres::shared() else { return };
    let database = postgres.database();
    for host in ["localhost", "127.0.0.1"] {
        let standing = init(&url(postgres, &database, host, ""));
        assert_eq!(standing.connection, "TLS 1.3, certificate verified");
    }
    assert_eq!(init(&postgres.tcp_url(&database)).connection, "loopback, no TLS");
    // The certificates of the system do not include the authority of the tests.
    let system = format!("{}?sslmode=verify-full", postgres.tcp_url(&database));
    check_failure(ask(&system, LONG_MS, &LIST), Cause::Certificate, "");
    let missing = format!("{}?sslmode=verify-full&sslrootcert=/nowhere", postgres.tcp_url(&database));
    check_failure(ask(&missing, LONG_MS, &LIST), Cause::Certificate, "cannot read /nowhere");
}

#[test]
fn a_client_is_known_by_its_certificate() {
    let Some(postgres) = Postgres::shared() else { return };
    let database = postgres.database();
    postgres.sql("postgres", "drop role if exists certified; create role certified login");
    let certified = TestDatabase { user: "certified".into(), ..database.clone() };
    init(&postgres.socket_url(&database));
    let files = postgres.certificates();
    let with = format!("&sslcert={}&sslkey={}", files.client.display(), files.client_key.display());
    // The user may log in, and has no right yet.
    check_failure(ask(&url(postgres, &certified, "localhost", &with), LONG_MS, &LIST), Cause::Permission, "denied");
    check_failure(ask(&url(postgres, &certified, "localhost", ""), LONG_MS, &LIST), Cause::Login, "certificate");
}

#[test]
fn a_certificate_that_is_wrong_is_not_accepted() {
    let check = |validity: Validity, part: &str| {
        let Some(postgres) = Postgres::with_certificate(validity) else { return };
        let database = postgres.database();
        let answer = ask(&url(&postgres, &database, "localhost", ""), LONG_MS, &LIST);
        check_failure(answer, Cause::Certificate, part);
        let socket = ask(&postgres.socket_url(&database), LONG_MS, &LIST);
        assert!(matches!(socket, Answer::Failed(failure) if failure.cause == Cause::SchemaMissing));
    };
    check(Validity::Expired, "expired");
    check(Validity::Foreign, "the certificate is not accepted");
    check(Validity::OtherHost, "not valid for");
}
