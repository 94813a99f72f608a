//! tmux.

use std::ffi::OsStr;
use std::path::Path;

use agent_baton_core::run::is_printable;

use super::{MultiplexerError, TypedText, answer, trusted_socket};

/// The session in which windows open if the caller is not in one.
const DEFAULT_SESSION: &str = "baton";

/// A tmux server.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tmux {
    /// The path of its socket, or `None` for the account's default server.
    server: Option<String>,
    /// Whether the caller is in a pane of this server.
    inside: bool,
}

/// A window that was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedWindow {
    /// Its pane, such as `%3`.
    pub pane: String,
    /// The process in it.
    pub pid: u32,
}

impl Tmux {
    /// Returns the server with this socket.
    #[must_use]
    pub fn with_socket(server: &str) -> Self {
        let inside = Self::enclosing().is_some_and(|around| around.server.as_deref() == Some(server));
        Self { server: Some(server.to_owned()), inside }
    }

    /// Returns the server in which the caller runs.
    #[must_use]
    pub fn enclosing() -> Option<Self> {
        let server = std::env::var("TMUX").ok()?.split(',').next()?.to_owned();
        server.starts_with('/').then_some(Self { server: Some(server), inside: true })
    }

    /// Returns the account's default server.
    #[must_use]
    pub const fn default_server() -> Self {
        Self { server: None, inside: false }
    }

    /// Returns the terminal of a pane, such as `pts/3`.
    ///
    /// # Errors
    /// Returns a [`MultiplexerError`] if tmux fails, for example because the pane is gone.
    pub fn terminal(&self, pane: &str) -> Result<String, MultiplexerError> {
        let tty = self.run(&["display-message", "-p", "-t", pane, "#{pane_tty}"])?;
        // Older versions print nothing and succeed if the pane is gone.
        match tty.strip_prefix("/dev/") {
            Some(tty) => Ok(tty.to_owned()),
            None => Err(MultiplexerError::Refused { program: "tmux", said: format!("can't find pane: {pane}") }),
        }
    }

    /// Returns why keys would not reach the program in a pane alone, if that is so.
    ///
    /// # Errors
    /// Returns a [`MultiplexerError`] if tmux fails, for example because the pane is gone.
    pub fn takes_keys(&self, pane: &str) -> Result<Option<&'static str>, MultiplexerError> {
        const FORMAT: &str = "#{pane_dead}#{pane_in_mode}#{pane_input_off}#{pane_synchronized}.";
        let flags = self.run(&["display-message", "-p", "-t", pane, FORMAT])?;
        let mut flags = flags.trim_end_matches('.').chars();
        let mut is_set = || flags.next().is_none_or(|flag| flag != '0');
        Ok(if is_set() {
            Some("its program has ended")
        } else if is_set() {
            Some("the pane shows its history or a menu; leave that first")
        } else if is_set() {
            Some("the pane takes no input")
        } else if is_set() {
            Some("the pane is synchronized, so every pane of its window would get the text")
        } else {
            None
        })
    }

    /// Types a text into a pane, as it is.
    ///
    /// # Errors
    /// Returns a [`MultiplexerError`] if tmux fails.
    pub fn type_text(&self, pane: &str, text: &TypedText) -> Result<(), MultiplexerError> {
        self.run(&Self::text_arguments(pane, text).iter().map(String::as_str).collect::<Vec<_>>()).map(|_| ())
    }

    /// Presses Enter in a pane.
    ///
    /// # Errors
    /// Returns a [`MultiplexerError`] if tmux fails.
    pub fn press_enter(&self, pane: &str) -> Result<(), MultiplexerError> {
        self.run(&["send-keys", "-t", pane, "Enter"]).map(|_| ())
    }

    /// `-l` takes no word of the text for the name of a key. A `;` at the end would end tmux's own command.
    fn text_arguments(pane: &str, text: &TypedText) -> Vec<String> {
        let mut text = text.as_str().to_owned();
        if text.ends_with(';') {
            text.insert(text.len() - 1, '\\');
        }
        ["send-keys", "-t", pane, "-l", "--", &text].map(str::to_owned).into()
    }

    /// Selects a pane and its window. If the caller is in tmux, this also shows it to the caller. Otherwise it returns
    /// the command with which the user gets there.
    ///
    /// # Errors
    /// Returns a [`MultiplexerError`] if tmux fails, for example because the pane is gone.
    pub fn select(&self, pane: &str) -> Result<Option<String>, MultiplexerError> {
        let session = self.run(&["display-message", "-p", "-t", pane, "#{session_name}"])?;
        // Older versions print nothing and succeed if the pane is gone.
        if session.is_empty() {
            return Err(MultiplexerError::Refused { program: "tmux", said: format!("can't find pane: {pane}") });
        }
        self.run(&["select-window", "-t", pane, ";", "select-pane", "-t", pane])?;
        // A caller in a detached session has no client to switch.
        if self.inside && self.run(&["switch-client", "-t", pane]).is_ok() {
            return Ok(None);
        }
        Ok(Some(format!("{} attach -t {}", self.command_words().join(" "), shell_quote(&session))))
    }

    /// Opens a window with a program in the background. If the caller is not in a pane of this server, the window opens
    /// in the session `baton`, which is created with its server if necessary.
    ///
    /// # Errors
    /// Returns a [`MultiplexerError`] if tmux fails.
    pub fn open(&self, name: &str, directory: &Path, program: &[String]) -> Result<OpenedWindow, MultiplexerError> {
        let open = |made| {
            let mut arguments = self.open_arguments(name, directory, made);
            arguments.extend(["-P", "-F", "#{pane_id} #{pane_pid}"].map(str::to_owned));
            arguments.extend(program.iter().cloned());
            self.run(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        };
        let made = self.inside || self.has_session();
        let answer = match open(made) {
            // Another call created the session in the meantime.
            Err(MultiplexerError::Refused { .. }) if !made && self.has_session() => open(true)?,
            answer => answer?,
        };
        let parsed = answer.split_once(' ').and_then(|(pane, pid)| Some((pane.to_owned(), pid.parse().ok()?)));
        let (pane, pid) = parsed.ok_or(MultiplexerError::Refused { program: "tmux", said: answer })?;
        // A failed program's pane stays open, so that the user can read its output. If the pane is already gone, the
        // check of its process notices.
        let _ = self.run(&["set-option", "-p", "-t", &pane, "remain-on-exit", "failed"]);
        Ok(OpenedWindow { pane, pid })
    }

    /// Returns whether the session exists in which windows open.
    #[must_use]
    pub fn has_session(&self) -> bool {
        self.run(&["has-session", "-t", &format!("={DEFAULT_SESSION}:")]).is_ok()
    }

    /// Returns the arguments that open a window. `made` says whether the session exists.
    fn open_arguments(&self, name: &str, directory: &Path, made: bool) -> Vec<String> {
        let home = format!("={DEFAULT_SESSION}:");
        let target: &[&str] = if self.inside {
            &["new-window", "-d"]
        } else if made {
            &["new-window", "-d", "-t", &home]
        } else {
            &["new-session", "-d", "-s", DEFAULT_SESSION]
        };
        let (name, directory) = (escape_format(name), escape_format(&directory.display().to_string()));
        target.iter().copied().chain(["-n", &name, "-c", &directory]).map(str::to_owned).collect()
    }

    /// Returns the command with which a user opens such a window. `made` says whether the session will exist by then.
    #[must_use]
    pub fn command(&self, name: &str, directory: &Path, program: &[String], made: bool) -> String {
        let opening = self.open_arguments(name, directory, made);
        let words = opening.iter().chain(program).map(|word| shell_quote(word));
        self.command_words().into_iter().chain(words).collect::<Vec<_>>().join(" ")
    }

    /// Returns the words with which a user calls this server.
    #[must_use]
    pub fn command_words(&self) -> Vec<String> {
        let server = self.server.iter().flat_map(|server| ["-S".to_owned(), shell_quote(server)]);
        std::iter::once("tmux".to_owned()).chain(server).collect()
    }

    fn run(&self, arguments: &[&str]) -> Result<String, MultiplexerError> {
        let socket = self.server.as_ref().map(|server| trusted_socket(Path::new(server))).transpose()?;
        let server = socket.iter().flat_map(|socket| [OsStr::new("-S"), socket.as_os_str()]);
        answer("tmux", server.chain(arguments.iter().map(OsStr::new)))
    }
}

/// Escapes a text for tmux. tmux reads a name or a directory as a format, in which `#(...)` runs a shell command, and a
/// `;` at the end of an argument ends tmux's own command.
fn escape_format(text: &str) -> String {
    let mut written = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.find('#').map(|at| rest.split_at(at)) {
        let after = from.trim_start_matches('#');
        let run = from.len() - after.len();
        // A style, which is not expanded.
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

/// Quotes a word for a shell, using only characters that do not control the terminal.
#[must_use]
pub fn shell_quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    if word.chars().all(is_printable) {
        return format!("'{}'", word.replace('\'', "'\\''"));
    }
    // The `$'...'` form, as bash, zsh and ksh read it.
    let escaped = word.chars().map(|c| match c {
        '\'' | '\\' => format!("\\{c}"),
        c if is_printable(c) => c.to_string(),
        c => c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\{byte:03o}")).collect(),
    });
    format!("$'{}'", escaped.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::{Tmux, escape_format, shell_quote};

    #[test]
    fn a_typed_text_is_no_key_no_option_and_no_command() {
        for (text, expected) in [
            ("go on", "go on"),
            ("Enter", "Enter"),
            ("C-c", "C-c"),
            ("-X cancel", "-X cancel"),
            ("a; kill-server;", r"a; kill-server\;"),
            (r"a\;", r"a\\;"),
            ("x #(touch x) #{pid}", "x #(touch x) #{pid}"),
        ] {
            let words = Tmux::text_arguments("%3", &text.parse().unwrap());
            assert_eq!(words, ["send-keys", "-t", "%3", "-l", "--", expected]);
        }
    }

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
            assert_eq!(escape_format(text), expected);
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
            ("a\u{1b}[31m'\n\\", r"$'a\033[31m\'\012\\'"),
            ("\u{202e}x", r"$'\342\200\256x'"),
        ] {
            assert_eq!(shell_quote(word), expected);
        }
    }
}
