//! Finds a password in a file of the format of PostgreSQL's `.pgpass`: `host:port:database:user:password`.

use crate::settings_file::{self, FileError};

/// What a line of the file is compared with.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// The name of the host, or the directory of the unix socket.
    pub host: &'a str,
    /// The port.
    pub port: u16,
    /// The database.
    pub database: &'a str,
    /// The user.
    pub user: &'a str,
}

/// Returns the password of the first line that fits, or `None` if none does.
///
/// # Errors
///
/// If the file cannot be read, or if other users can read it too.
pub fn find(path: &str, login: Login<'_>) -> Result<Option<String>, FileError> {
    Ok(find_in(&settings_file::read(path, true)?, login))
}

fn find_in(text: &str, login: Login<'_>) -> Option<String> {
    let is_socket = login.host.starts_with('/');
    let port = login.port.to_string();
    text.lines().filter(|line| !line.starts_with('#')).find_map(|line| {
        let fields = split(line);
        let [host, line_port, database, user, password] = fields.as_slice() else { return None };
        let fits = |field: &str, value: &str| field == "*" || field == value;
        // As PostgreSQL's own programs do, `localhost` stands for a unix socket too.
        let is_host = fits(host, login.host) || (is_socket && host == "localhost");
        (is_host && fits(line_port, &port) && fits(database, login.database) && fits(user, login.user))
            .then(|| password.clone())
    })
}

/// Splits a line at each colon that no backslash precedes. The password may contain colons.
fn split(line: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let mut chars = line.chars();
    while let Some(char) = chars.next() {
        let is_last = fields.len() == 5;
        match char {
            '\\' => push(&mut fields, chars.next()),
            ':' if !is_last => fields.push(String::new()),
            char => push(&mut fields, Some(char)),
        }
    }
    fields
}

fn push(fields: &mut [String], char: Option<char>) {
    if let Some(field) = fields.last_mut() {
        field.extend(char);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_fits_has_the_password() {
        let text = "# localhost:*:*:*:comment\nother:5432:fleet:ann:1\ndb:5433:fleet:ann:2\ndb:*:fleet:ann:3:4\\\\\n\
                    localhost:*:*:bob:5\na\\:b:*:*:*:6\n";
        let check = |host, port, database, user, expected: Option<&str>| {
            let login = Login { host, port, database, user };
            assert_eq!(find_in(text, login).as_deref(), expected, "{login:?}");
        };
        check("db", 5432, "fleet", "ann", Some("3:4\\"));
        check("db", 5433, "fleet", "ann", Some("2"));
        check("db", 5433, "other", "ann", None);
        check("/run/postgresql", 5432, "x", "bob", Some("5"));
        check("a:b", 1, "x", "y", Some("6"));
        check("localhost", 1, "x", "y", None);
    }
}
