//! Directories by the XDG base directory specification.

use std::ffi::OsStr;
use std::path::PathBuf;

/// Returns the directory that a variable names. As the specification requires, a relative value is ignored.
#[must_use]
pub fn absolute(value: Option<&OsStr>) -> Option<PathBuf> {
    value.map(PathBuf::from).filter(|path| path.is_absolute())
}

/// Returns a base directory: the one that its own variable names, or else `default` in the directory that `HOME` names.
#[must_use]
pub fn base(xdg: Option<&OsStr>, home: Option<&OsStr>, default: &str) -> Option<PathBuf> {
    absolute(xdg).or_else(|| Some(absolute(home)?.join(default)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_variable_comes_before_home_and_relative_values_count_for_nothing() {
        let cases = [
            (Some("/xdg"), Some("/home/me"), Some("/xdg")),
            (Some("xdg"), Some("/home/me"), Some("/home/me/.config")),
            (Some(""), Some("/home/me"), Some("/home/me/.config")),
            (None, Some("/home/me"), Some("/home/me/.config")),
            (None, Some("home/me"), None),
            (Some("./xdg"), None, None),
            (None, None, None),
        ];
        for (xdg, home, expected) in cases {
            let found = base(xdg.map(OsStr::new), home.map(OsStr::new), ".config");
            assert_eq!(found, expected.map(PathBuf::from), "{xdg:?} {home:?}");
        }
    }
}
