//! The server's certificate is wrong: baton sends it no password, and says why.

use agent_baton_tests::program;
use baton_test_postgres::fleet::Fleet;
use baton_test_postgres::{Postgres, Validity};

use super::owner;
use super::refusal::{check_refused, set};

fn check(validity: Validity, part: &str) {
    let Some(fleet) = Fleet::new() else { return };
    let a = fleet.machine("laptop");
    let mut window = owner(&a);
    let Some(server) = Postgres::with_certificate(validity) else { return };
    let authority = server.certificates().authority.display().to_string();
    let url = Postgres::url_at(&server.database(), "localhost", server.port());
    set(&a, &format!("url = \"{url}?sslmode=verify-full&sslrootcert={authority}\""));
    check_refused(&a, &mut window, program::baton(), ("a wrong certificate", part));
    // The server that the machine joined is still there, and nothing was lost.
    fleet.configure(&a);
    let finished = window.baton("s1", &["run", "finish", "demo"]);
    assert_eq!(finished.code, Some(0), "{validity:?}: {finished:?}");
}

#[test]
fn one_of_a_foreign_authority_is_refused() {
    check(Validity::Foreign, "certificate");
}

#[test]
fn one_that_has_expired_is_refused() {
    check(Validity::Expired, "expired");
}

#[test]
fn one_of_another_host_is_refused() {
    check(Validity::OtherHost, "not valid for");
}
