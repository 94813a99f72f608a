//! tmux.

use std::path::Path;
use std::process::Command;

use super::{MuxError, ask};

/// The session in which windows are opened where the caller is in none.
const SESSION: &str = "baton";

/// A server of tmux.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tmux {
    /// The path of its socket; the account's default where none is known.
    server: Option<String>,
    /// Whether the caller is in a pane of it.
    inside: bool,
}

/// A window that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opened {
    /// Its pane, as `%3`.
    pub pane: String,
    /// The process in it.
    pub pid: u32,
}

impl Tmux {
    /// The server with this socket.
    #[must_use]
    pub fn at(server: &str) -> Self {
        let inside = Self::around().is_some_and(|around| around.server.as_deref() == Some(server));
        Self { server: Some(server.to_owned()), inside }
    }

    /// The server that the caller is in a pane of.
    #[must_use]
    pub fn around() -> Option<Self> {
        let server = std::env::var("TMUX").ok()?.split(',').next()?.to_owned();
        server.starts_with('/').then_some(Self { server: Some(server), inside: true })
    }

    /// The account's default server.
    #[must_use]
    pub const fn default_server() -> Self {
        Self { server: None, inside: false }
    }

    /// Selects a pane and its window, and shows it to the caller where that is in tmux too. Else gives the command by which a person
    /// gets there.
    ///
    /// # Errors
    /// See [`MuxError`]; the pane may be gone.
    pub fn select(&self, pane: &str) -> Result<Option<String>, MuxError> {
        let session = self.ask(&["display-message", "-p", "-t", pane, "#{session_name}"])?;
        // Of a pane that is gone older versions print nothing, and succeed.
        if session.is_empty() {
            return Err(MuxError::Refused { program: "tmux", said: format!("can't find pane: {pane}") });
        }
        self.ask(&["select-window", "-t", pane, ";", "select-pane", "-t", pane])?;
        // A caller in a pane that nobody looks at has no client to be switched.
        if self.inside && self.ask(&["switch-client", "-t", pane]).is_ok() {
            return Ok(None);
        }
        Ok(Some(format!("{} attach -t {}", self.words().join(" "), quote(&session))))
    }

    /// Opens a window with a program in it, behind the present one. Where the caller is in no pane of the server it is in the session
    /// `baton`, which is made if need be, and the server with it.
    ///
    /// # Errors
    /// See [`MuxError`].
    pub fn open(&self, name: &str, directory: &Path, program: &[String]) -> Result<Opened, MuxError> {
        let home = format!("={SESSION}:");
        let target: &[&str] = if self.inside {
            &["new-window", "-d"]
        } else if self.ask(&["has-session", "-t", &home]).is_ok() {
            &["new-window", "-d", "-t", &home]
        } else {
            &["new-session", "-d", "-s", SESSION]
        };
        let (name, directory) = (literal(name), literal(&directory.display().to_string()));
        let mut arguments = target.to_vec();
        arguments.extend(["-n", &name, "-c", &directory, "-P", "-F", "#{pane_id} #{pane_pid}"]);
        arguments.extend(program.iter().map(String::as_str));
        let answer = self.ask(&arguments)?;
        let parsed = answer.split_once(' ').and_then(|(pane, pid)| Some((pane.to_owned(), pid.parse().ok()?)));
        let (pane, pid) = parsed.ok_or(MuxError::Refused { program: "tmux", said: answer })?;
        // What fails stays to be read. A pane that is gone already is noticed by its process.
        let _ = self.ask(&["set-option", "-p", "-t", &pane, "remain-on-exit", "failed"]);
        Ok(Opened { pane, pid })
    }

    /// The words with which a person calls it.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let server = self.server.iter().flat_map(|server| ["-S".to_owned(), quote(server)]);
        std::iter::once("tmux".to_owned()).chain(server).collect()
    }

    /// The words with which a person opens a window with a program in it.
    #[must_use]
    pub fn opening(&self, directory: &Path, program: &[String]) -> String {
        let directory = quote(&literal(&directory.display().to_string()));
        let program: Vec<String> = program.iter().map(|word| quote(word)).collect();
        format!("{} new-window -d -c {directory} {}", self.words().join(" "), program.join(" "))
    }

    fn ask(&self, arguments: &[&str]) -> Result<String, MuxError> {
        let mut command = Command::new("tmux");
        if let Some(server) = &self.server {
            command.args(["-S", server]);
        }
        command.args(arguments);
        ask("tmux", command)
    }
}

/// A text as tmux takes it for itself. It reads a name or a directory as a format, in which `#(...)` runs a command of a shell; and a `;`
/// at the end of an argument ends tmux's command.
fn literal(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.find('#').map(|at| rest.split_at(at)) {
        let after = from.trim_start_matches('#');
        let run = from.len() - after.len();
        // A style, which is left as it is.
        let twice = if after.starts_with('[') { 1 } else { 2 };
        written.push_str(before);
        written.extend(std::iter::repeat_n('#', run * twice));
        rest = after;
    }
    written.push_str(rest);
    if written.ends_with(';') {
        written.insert(written.len() - 1, '\\');
    }
    written
}

/// A word as a shell takes it.
#[must_use]
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::{literal, quote};

    #[test]
    fn a_text_is_no_format_and_ends_no_command() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("#(touch x)", "##(touch x)"),
            ("a#S#", "a##S##"),
            ("##{x}", "####{x}"),
            ("#[x ##[y #z", "#[x ##[y ##z"),
            ("a;b;", r"a;b\;"),
            (r"a\;", r"a\\;"),
        ] {
            assert_eq!(literal(text), expected);
        }
    }

    #[test]
    fn a_word_stays_one_word() {
        for (word, expected) in [
            ("/a/b-c.d", "/a/b-c.d"),
            ("", "''"),
            ("a b", "'a b'"),
            ("it's", r"'it'\''s'"),
            ("$(x)", "'$(x)'"),
            ("~", "'~'"),
        ] {
            assert_eq!(quote(word), expected);
        }
    }
}
