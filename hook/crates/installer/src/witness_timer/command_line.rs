//! The command that a timer starts, as a unit and as a line of the crontab.

use std::path::PathBuf;

/// The arguments of the program.
const ARGUMENTS: &str = "fleet witness --quiet";

/// The command that a timer starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WitnessCommand {
    /// The program, as an absolute path.
    pub program: PathBuf,
    /// The variables without which the program would find another state directory or another configuration.
    pub variables: Vec<(&'static str, String)>,
}

/// Why a text cannot stand in a unit or in the crontab.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} has a character that cannot stand in {place}")]
pub struct TextError {
    text: String,
    place: &'static str,
}

impl WitnessCommand {
    /// Returns the lines of a service unit that name the command.
    ///
    /// # Errors
    /// Returns an error if a path is not text, or has a control character.
    pub(super) fn unit_lines(&self) -> Result<String, TextError> {
        let place = "a unit of systemd";
        let mut lines = String::new();
        for (name, value) in &self.variables {
            check(value, place, |_| true)?;
            lines.push_str(&format!("Environment=\"{name}={}\"\n", unit_quoted(value)));
        }
        let program = self.program(place, |_| true)?;
        // Only the command has variables that systemd replaces.
        let program = unit_quoted(&program).replace('$', "$$");
        lines.push_str(&format!("ExecStart=\"{program}\" {ARGUMENTS}\n"));
        Ok(lines)
    }

    /// Returns the command for a shell that cron starts.
    ///
    /// # Errors
    /// Returns an error if a path is not text, or has a character for which cron has a meaning of its own.
    pub(super) fn crontab_command(&self) -> Result<String, TextError> {
        let place = "a crontab";
        let fits = |c| c != '%' && c != '\\';
        let mut words = Vec::new();
        for (name, value) in &self.variables {
            check(value, place, fits)?;
            words.push(format!("{name}={}", shell_quoted(value)));
        }
        words.push(shell_quoted(&self.program(place, fits)?));
        words.push(ARGUMENTS.to_owned());
        // Cron sends whatever is printed as a mail, which nobody wants each minute. `baton doctor` says what fails.
        words.push(">/dev/null 2>&1".to_owned());
        Ok(words.join(" "))
    }

    fn program(&self, place: &'static str, fits: impl Fn(char) -> bool) -> Result<String, TextError> {
        let text = self.program.to_string_lossy().into_owned();
        let is_text = self.program.to_str().is_some();
        check(&text, place, |c| is_text && fits(c))?;
        Ok(text)
    }
}

fn check(text: &str, place: &'static str, fits: impl Fn(char) -> bool) -> Result<(), TextError> {
    let is_fit = text.chars().all(|c| !c.is_control() && fits(c));
    if is_fit { Ok(()) } else { Err(TextError { text: text.to_owned(), place }) }
}

/// Returns a text between the quotes of a unit, in which `%` begins what systemd replaces.
fn unit_quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%")
}

fn shell_quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
