//! The URL of the fleet's database, which may contain a password.

use std::fmt;
use std::str::FromStr;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How a URL of a PostgreSQL database begins.
const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

/// What is shown in place of a password.
const MASK: &str = "***";

/// The URL of a PostgreSQL database. It is shown and serialized without its password; only [`DatabaseUrl::reveal`]
/// returns the whole.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(String);

/// Why a text is no URL of a database. No message quotes the text, because it may contain a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DatabaseUrlError {
    /// It has another scheme.
    #[error("the URL of the database must begin with postgres:// or postgresql://")]
    Scheme,
    /// It contains a space or a control character.
    #[error("the URL of the database contains a space or a control character: write it as in %20")]
    Blank,
    /// It cannot be said where the password ends.
    #[error(
        "the URL of the database has an @ that does not end its user and password: write @ as %40, / as %2F, ? as %3F and # as %23"
    )]
    Ambiguous,
}

impl DatabaseUrl {
    /// Returns the URL with its password, for whoever connects with it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// Returns whether the URL contains a password.
    #[must_use]
    pub fn has_password(&self) -> bool {
        self.to_string() != self.0
    }
}

impl FromStr for DatabaseUrl {
    type Err = DatabaseUrlError;
    fn from_str(text: &str) -> Result<Self, DatabaseUrlError> {
        let rest = SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)).ok_or(DatabaseUrlError::Scheme)?;
        if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err(DatabaseUrlError::Blank);
        }
        // Programs disagree on the end of a password that contains one of these. Then no part is certainly harmless.
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        if authority.matches('@').count() > 1 || path.contains('@') {
            return Err(DatabaseUrlError::Ambiguous);
        }
        Ok(Self(text.to_owned()))
    }
}

/// Shows the URL with `***` in place of each password.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (address, parameters) = self.0.split_once('?').unwrap_or((&self.0, ""));
        match address.rsplit_once('@') {
            Some((credentials, host)) => {
                let (scheme, credentials) = credentials.split_once("://").unwrap_or(("", credentials));
                match credentials.split_once(':') {
                    Some((user, _)) => write!(f, "{scheme}://{user}:{MASK}@{host}")?,
                    None => write!(f, "{scheme}://{credentials}@{host}")?,
                }
            }
            None => f.write_str(address)?,
        }
        for (at, parameter) in parameters.split('&').enumerate().filter(|_| self.0.contains('?')) {
            f.write_str(if at == 0 { "?" } else { "&" })?;
            match parameter.split_once('=') {
                Some((name, _)) if is_secret(name) => write!(f, "{name}={MASK}")?,
                _ => f.write_str(parameter)?,
            }
        }
        Ok(())
    }
}

/// Returns whether a parameter of this name may be a password: `password` or `sslpassword`, or one with an encoded name.
fn is_secret(name: &str) -> bool {
    name.contains('%') || name.to_ascii_lowercase().contains("password")
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

impl Serialize for DatabaseUrl {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DatabaseUrl {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::{DatabaseUrl, DatabaseUrlError};

    #[test]
    fn a_url_is_shown_without_its_password() {
        for (text, shown) in [
            ("postgres://me:pw@db.example:5432/fleet", "postgres://me:***@db.example:5432/fleet"),
            ("postgresql://me:p:w@db/fleet?sslmode=verify-full", "postgresql://me:***@db/fleet?sslmode=verify-full"),
            ("postgres://me:@db", "postgres://me:***@db"),
            ("postgres://:pw@db", "postgres://:***@db"),
            ("postgres://me@db:5432/fleet", "postgres://me@db:5432/fleet"),
            ("postgres:///fleet?host=/run/postgresql", "postgres:///fleet?host=/run/postgresql"),
            ("postgres://?service=fleet", "postgres://?service=fleet"),
            ("postgres://db/x?password=pw&user=me", "postgres://db/x?password=***&user=me"),
            ("postgres://db/x?user=me&sslpassword=p=w", "postgres://db/x?user=me&sslpassword=***"),
            ("postgres://db/x?Password=pw&pass%77ord=pw", "postgres://db/x?Password=***&pass%77ord=***"),
            ("postgres://a:pw@db/x?", "postgres://a:***@db/x?"),
        ] {
            let url: DatabaseUrl = text.parse().unwrap();
            assert_eq!(url.to_string(), shown);
            assert_eq!(format!("{url:?}"), format!("DatabaseUrl({shown})"));
            assert_eq!(serde_json::to_value(&url).unwrap(), shown);
            assert_eq!((url.reveal(), url.has_password()), (text, text != shown));
        }
    }

    #[test]
    fn what_is_no_url_of_a_database_is_refused_and_not_quoted() {
        for (text, expected) in [
            ("", DatabaseUrlError::Scheme),
            ("mysql://me:pw@db/x", DatabaseUrlError::Scheme),
            ("POSTGRES://me:pw@db/x", DatabaseUrlError::Scheme),
            ("host=db password=pw", DatabaseUrlError::Scheme),
            ("postgres://me:p w@db/x", DatabaseUrlError::Blank),
            ("postgres://me:pw@db/x\n", DatabaseUrlError::Blank),
            ("postgres://me:p@w@db/x", DatabaseUrlError::Ambiguous),
            ("postgres://me:p/w@db/x", DatabaseUrlError::Ambiguous),
            ("postgres://me:p?w@db/x", DatabaseUrlError::Ambiguous),
            ("postgres://me:p#w@db/x", DatabaseUrlError::Ambiguous),
            ("postgres://me:pw@db/x?user=a@b", DatabaseUrlError::Ambiguous),
        ] {
            let error = text.parse::<DatabaseUrl>().unwrap_err();
            assert_eq!(error, expected, "{text}");
            assert!(!error.to_string().contains("pw"), "{error}");
        }
    }
}
