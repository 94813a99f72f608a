//! Finds a service in a file of the format of PostgreSQL's `.pg_service.conf`.

use crate::settings_file::{self, FileError};

/// Returns the settings of a service, or `None` if the file does not have it.
///
/// # Errors
///
/// If the file cannot be read, or if other users can read it too and it has a password.
pub fn find(path: &str, service: &str) -> Result<Option<Vec<(String, String)>>, FileError> {
    let found = find_in(&settings_file::read(path, false)?, service);
    let has_password = |settings: &Vec<(String, String)>| settings.iter().any(|(name, _)| name == "password");
    if found.as_ref().is_some_and(has_password) {
        settings_file::read(path, true)?;
    }
    Ok(found)
}

fn find_in(text: &str, service: &str) -> Option<Vec<(String, String)>> {
    let mut found: Option<Vec<(String, String)>> = None;
    let mut inside = false;
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            // Of several groups with one name, the first counts.
            inside = name == service && found.is_none();
            if inside {
                found = Some(Vec::new());
            }
        } else if let (true, Some(settings), Some((name, value))) = (inside, &mut found, line.split_once('=')) {
            settings.push((name.trim().to_owned(), value.trim().to_owned()));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_is_a_group_of_settings() {
        let text = "[a]\nhost=x\n\n# comment\n[b]\nhost = y\nport=1\n[a]\nhost=z\n";
        let check = |service, expected: Option<&[(&str, &str)]>| {
            let found = find_in(text, service);
            let found: Option<Vec<_>> =
                found.as_ref().map(|it| it.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect());
            assert_eq!(found.as_deref(), expected, "{service}");
        };
        check("a", Some(&[("host", "x")]));
        check("b", Some(&[("host", "y"), ("port", "1")]));
        check("c", None);
    }
}
