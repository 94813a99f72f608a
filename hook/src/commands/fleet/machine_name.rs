//! The name of a machine, for people.

use agent_baton_core::run::is_printable;

use baton_display::strip_control_chars;

/// The maximum length, in characters.
const MAX_NAME: usize = 64;

/// Where the kernel says what this host is called.
const HOST_NAME: &str = "/proc/sys/kernel/hostname";

/// A name of a machine: 1 to 64 printable characters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MachineName(String);

impl MachineName {
    /// Returns the name of this host, or `None` if it cannot be a machine's name.
    #[must_use]
    pub fn of_host() -> Option<Self> {
        std::fs::read_to_string(HOST_NAME).ok()?.trim().parse().ok()
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl std::str::FromStr for MachineName {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let count = text.chars().count();
        let fits = (1..=MAX_NAME).contains(&count) && text.chars().all(is_printable) && text.trim() == text;
        fits.then(|| Self(text.to_owned())).ok_or_else(|| format!("a name has 1 to {MAX_NAME} printable characters"))
    }
}

/// Returns the name of another machine for a list. It is text from outside.
#[must_use]
pub fn display_name(name: &str) -> String {
    strip_control_chars(name)
}
