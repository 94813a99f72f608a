use super::*;

fn address(url: &str) -> Result<Address, AddressError> {
    Address::new(&Database { url: Secret::new(url.to_owned()), password_file: None, service_file: None })
}

/// Checks whether TLS is used, or a part of the error.
fn check(url: &str, expected: Result<bool, &str>) {
    match (address(url), expected) {
        (Ok(found), Ok(tls)) => assert_eq!(found.tls.is_some(), tls, "{url}"),
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{url}: {error}"),
        (found, _) => panic!("{url}: {found:?}"),
    }
}

#[test]
fn a_remote_server_has_to_prove_who_it_is() {
    check("postgresql://ann@db.example/f", Ok(true));
    check("postgresql://ann@db.example/f?sslmode=verify-full", Ok(true));
    for mode in ["disable", "allow", "prefer", "require", "verify-ca", "other"] {
        check(&format!("postgresql://ann@db.example/f?sslmode={mode}"), Err(&format!("sslmode={mode} ")));
        check(&format!("postgresql://ann@10.0.0.1/f?sslmode={mode}"), Err("10.0.0.1"));
        // The address decides, not the name.
        check(&format!("postgresql://ann@localhost/f?hostaddr=10.0.0.1&sslmode={mode}"), Err("localhost"));
    }
    check("postgresql://ann@localhost.example/f?sslmode=disable", Err("sslmode=disable"));
}

#[test]
fn on_this_machine_no_certificate_is_needed() {
    for place in ["localhost", "127.0.0.1", "[::1]", "127.1.2.3"] {
        check(&format!("postgresql://ann@{place}/f"), Ok(false));
        check(&format!("postgresql://ann@{place}/f?sslmode=prefer"), Ok(false));
        check(&format!("postgresql://ann@{place}/f?sslmode=verify-full"), Ok(true));
        check(&format!("postgresql://ann@{place}/f?sslmode=require"), Err("sslmode=require"));
    }
    check("postgresql://ann@%2Frun%2Fpostgresql/f", Ok(false));
    check("postgresql://ann@/f?host=/run/postgresql", Ok(false));
}

#[test]
fn the_log_in_is_tied_to_a_connection_with_tls() {
    let check = |url: &str, expected: Result<bool, &str>| match (address(url), expected) {
        (Ok(found), Ok(binds)) => assert_eq!(found.binds_channel, binds, "{url}"),
        (Err(error), Err(part)) => assert!(error.to_string().contains(part), "{url}: {error}"),
        (found, _) => panic!("{url}: {found:?}"),
    };
    check("postgresql://ann@db.example/f", Ok(false));
    check("postgresql://ann@db.example/f?channel_binding=require", Ok(true));
    check("postgresql://ann@db.example/f?channel_binding=prefer", Ok(false));
    check("postgresql://ann@db.example/f?channel_binding=x", Err("channel_binding"));
    check("postgresql://ann@localhost/f?channel_binding=require", Err("channel_binding"));
}

#[test]
fn messages_name_the_database() {
    for (url, expected) in [
        ("postgresql://ann@db.example/f", "db.example:5432/f"),
        ("postgresql://ann@[::1]:7/f", "[::1]:7/f"),
        ("postgresql://ann@localhost", "localhost:5432/ann"),
        ("postgresql://ann@%2Frun/f", "/run/.s.PGSQL.5432, database f"),
    ] {
        assert_eq!(address(url).unwrap().server(), expected);
    }
}

#[test]
fn what_is_unknown_or_missing_is_named() {
    check("postgresql://ann@localhost/f?application_name=x", Err("application_name"));
    check("postgresql://localhost/f", Err("no user"));
    check("postgresql://ann@/f", Err("no host"));
    check("postgresql://ann@db.example/f?sslcert=/a", Err("no sslkey"));
    check("postgresql://ann@localhost/f?hostaddr=x", Err("hostaddr"));
    check("postgresql://ann@-x/f", Err("setting host"));
    check("postgresql://?service=x", Err("service"));
}

#[test]
fn no_error_has_a_secret() {
    for url in ["postgresql://a:sEcret/x@h", "postgresql://a:sEcret@h:x", "postgresql://a:sEcret@h/f?x=1", "sEcret"] {
        let error = address(url).unwrap_err().to_string();
        assert!(!error.contains("sEcret"), "{error}");
    }
}
