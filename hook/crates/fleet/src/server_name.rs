//! The name of the server in a URL, for people.

/// Returns the host and the port of a URL, or its socket directory, without the user, the password and all else.
#[must_use]
pub fn server_name(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let server = authority.rsplit('@').next().unwrap_or_default();
    let parameters = url.split_once('?').map_or("", |(_, parameters)| parameters);
    let named = |name: &str| {
        let mut pairs = parameters.split('&').filter_map(|parameter| parameter.split_once('='));
        pairs.find(|(key, value)| *key == name && !value.is_empty()).map(|(_, value)| value.to_owned())
    };
    if !server.is_empty() {
        server.replace("%2F", "/").replace("%2f", "/")
    } else if let Some(host) = named("host").or_else(|| named("hostaddr")) {
        let host = host.replace("%2F", "/").replace("%2f", "/");
        named("port").map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
    } else if let Some(service) = named("service") {
        format!("the service {service}")
    } else {
        "the server of this machine".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::server_name;

    #[test]
    fn a_server_is_named_without_secrets() {
        for (url, expected) in [
            ("postgres://me:pw@db.example:5432/fleet?sslmode=verify-full", "db.example:5432"),
            ("postgres://db/x?password=pw", "db"),
            ("postgresql://[::1]:5433/x", "[::1]:5433"),
            ("postgres://me:pw@%2Frun%2Fpostgresql:5433/x", "/run/postgresql:5433"),
            ("postgres:///fleet?host=/run/postgresql", "/run/postgresql"),
            ("postgres:///fleet?host=%2Frun&port=5433", "/run:5433"),
            ("postgres://?service=fleet", "the service fleet"),
            ("postgres:///fleet", "the server of this machine"),
        ] {
            assert_eq!(server_name(url), expected, "{url}");
        }
    }
}
