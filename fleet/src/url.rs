//! Parses the URL of a database.

use thiserror::Error;

/// Why a text is not the URL of a database. No message repeats a part of the text, because it may contain a password.
#[derive(Debug, PartialEq, Eq, Error)]
pub enum UrlError {
    /// The URL has another scheme.
    #[error("the database's URL does not begin with postgresql:// or postgres://")]
    Scheme,
    /// A character of the user or the password has a meaning in URLs.
    #[error("the database's URL has a special character in its user or password, which is written as % and two digits")]
    Unencoded,
    /// A `%` is not followed by two hexadecimal digits, or the bytes are not UTF-8.
    #[error("the database's URL has a % that is not followed by the digits of a character")]
    Percent,
    /// The port is not a number.
    #[error("the port in the database's URL is not a number from 1 to 65535")]
    Port,
    /// The URL names several hosts.
    #[error("the database's URL names several hosts; baton connects to one")]
    Hosts,
    /// A parameter has no value.
    #[error("a parameter in the database's URL has no value")]
    Parameter,
}

/// The parts of a URL, as settings: `host`, `port`, `user`, `password`, `dbname` and the parameters.
pub fn parse(url: &str) -> Result<Vec<(String, String)>, UrlError> {
    let rest = url.strip_prefix("postgresql://").or_else(|| url.strip_prefix("postgres://")).ok_or(UrlError::Scheme)?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = rest.split_once('/').unwrap_or((rest, ""));
    // Otherwise a part of a password would be taken for a host, and would appear in a message.
    if query.contains('@') || database.contains(['@', '/']) || url.contains('#') {
        return Err(UrlError::Unencoded);
    }
    let mut settings = Vec::new();
    let mut set = |name: &str, text: &str| -> Result<(), UrlError> {
        if !text.is_empty() {
            settings.push((name.to_owned(), decode(text)?));
        }
        Ok(())
    };
    let (login, place) = authority.rsplit_once('@').unwrap_or(("", authority));
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    set("user", user)?;
    set("password", password)?;
    let (host, port) = split_port(place)?;
    set("host", host)?;
    if !port.is_empty() && !port.parse().is_ok_and(|port: u16| port > 0) {
        return Err(UrlError::Port);
    }
    set("port", port)?;
    set("dbname", database)?;
    for parameter in query.split('&').filter(|text| !text.is_empty()) {
        let (name, value) = parameter.split_once('=').ok_or(UrlError::Parameter)?;
        settings.push((decode(name)?, decode(value)?));
    }
    Ok(settings)
}

/// Splits `host:port`, where the host may be an IPv6 address in brackets.
fn split_port(place: &str) -> Result<(&str, &str), UrlError> {
    if place.contains(',') {
        return Err(UrlError::Hosts);
    }
    if let Some(rest) = place.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or(UrlError::Unencoded)?;
        return Ok((host, port.strip_prefix(':').unwrap_or(port)));
    }
    Ok(place.split_once(':').unwrap_or((place, "")))
}

/// Replaces each `%` and its two digits by the byte that they stand for.
fn decode(text: &str) -> Result<String, UrlError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let digit = |byte: Option<u8>| char::from(byte?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (high, low) = (digit(rest.next()), digit(rest.next()));
            bytes.push(high.zip(low).map(|(high, low)| high * 16 + low).ok_or(UrlError::Percent)?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).map_err(|_| UrlError::Percent)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: Result<&[(&str, &str)], UrlError>) {
        let expected =
            expected.map(|pairs| pairs.iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect::<Vec<_>>());
        assert_eq!(parse(url), expected, "{url}");
    }

    #[test]
    fn a_url_is_taken_apart() {
        check(
            "postgresql://ann:p%40ss@db.example:5433/fleet?sslmode=verify-full",
            Ok(&[
                ("user", "ann"),
                ("password", "p@ss"),
                ("host", "db.example"),
                ("port", "5433"),
                ("dbname", "fleet"),
                ("sslmode", "verify-full"),
            ]),
        );
        check("postgres://ann@[::1]:1/f", Ok(&[("user", "ann"), ("host", "::1"), ("port", "1"), ("dbname", "f")]));
        check("postgresql://ann@%2Frun%2Fpg/f", Ok(&[("user", "ann"), ("host", "/run/pg"), ("dbname", "f")]));
        check("postgresql://?service=f", Ok(&[("service", "f")]));
        check("postgresql://a:b@c@host", Ok(&[("user", "a"), ("password", "b@c"), ("host", "host")]));
    }

    #[test]
    fn a_password_with_special_characters_is_no_host() {
        for url in ["postgresql://a:1/x@host/f", "postgresql://a:b?c=d@host/f", "postgresql://a:b#c@host/f"] {
            check(url, Err(UrlError::Unencoded));
        }
        check("mysql://a@b/c", Err(UrlError::Scheme));
        check("postgresql://a@b:x/c", Err(UrlError::Port));
        check("postgresql://a@b:0/c", Err(UrlError::Port));
        check("postgresql://a@b,c/d", Err(UrlError::Hosts));
        check("postgresql://a%4@b/c", Err(UrlError::Percent));
        check("postgresql://a@b/c?sslmode", Err(UrlError::Parameter));
    }
}
