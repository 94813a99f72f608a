//! Why an agent's configuration was not changed.

use std::io;
use std::path::{Path, PathBuf};

/// Why an agent's configuration was not changed. After any of these, each file has either its old content or the
/// complete new one.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum InstallError {
    /// The system refused an operation.
    #[error("cannot {operation} {path}, so it was not changed")]
    Io { operation: &'static str, path: PathBuf, source: io::Error },
    /// The file does not parse.
    #[error("{path} line {line}: {what}; the file was not changed")]
    Syntax { path: PathBuf, line: usize, what: String },
    /// The file is not UTF-8.
    #[error("{path} is not UTF-8; it was not changed")]
    NotText { path: PathBuf },
    /// Another program wrote the file meanwhile.
    #[error("another program wrote {path} in the meantime, so it was not changed")]
    Changed { path: PathBuf },
    /// A symlink leads to another symlink.
    #[error(
        "{path} is a symlink to {target}, which is also a symlink, as a generator of configuration makes it; the file was left as it is"
    )]
    LinkToLink { path: PathBuf, target: PathBuf },
    /// The file belongs to another user.
    #[error("{path} belongs to uid {owner}, not to yours ({ours})")]
    Owner { path: PathBuf, owner: u32, ours: u32 },
    /// Root would create a file that its user cannot change.
    #[error("{path} would be created in {dir}, which belongs to uid {owner}, and would be root's")]
    ForeignDirectory { path: PathBuf, dir: PathBuf, owner: u32 },
    /// It is something else than a file.
    #[error("{path} is not a regular file; it was not changed")]
    NotFile { path: PathBuf },
    /// `HOME` does not name a directory.
    #[error("HOME is not set to an absolute path, so baton does not know where to install")]
    NoHome,
    /// A variable names the agent's configuration directory by a path that is not absolute.
    #[error("{variable} is {value:?}, which is not an absolute path (a shell does not expand a quoted ~)")]
    RelativeHome { variable: &'static str, value: String },
    /// The current directory was removed.
    #[error("the current directory no longer exists, so there is no project to install for")]
    NoCurrentDirectory,
    /// No agent was found.
    #[error("no agent was found: {looked}")]
    NoAgent { looked: String },
    /// The agent does not have this scope.
    #[error("{agent} has no local scope")]
    NoLocalScope { agent: &'static str },
    /// Another install or uninstall is running.
    #[error("another `baton install` or `uninstall` holds {path}")]
    Busy { path: PathBuf },
    /// The receipt cannot be read.
    #[error("the receipt {path} cannot be read, so baton does not know what it wrote to which file")]
    Receipt { path: PathBuf, source: serde_json::Error },
    /// A newer version wrote the receipt.
    #[error("the receipt {path} has version {found}, but this baton knows {ours}")]
    NewerReceipt { path: PathBuf, found: u32, ours: u32 },
    /// The edited text failed its check. This is a bug in baton, found before anything was written.
    #[error("the new content of {path} failed its check; nothing was written")]
    VerificationFailed { path: PathBuf },
    /// The client could not be asked, or computed another hash.
    #[error("the trust entries were not written: {why}")]
    Untrusted { why: String, by_hand: &'static str },
    /// There is no terminal to ask the user.
    #[error("nothing was written: there is no terminal to ask at")]
    NoTerminal,
    /// The user answered no.
    #[error("nothing was written")]
    Declined,
}

impl InstallError {
    /// Returns whether a file cannot be written, though it may be put right by other means: by whoever owns or generates it.
    #[must_use]
    pub const fn is_unwritable(&self) -> bool {
        matches!(
            self,
            Self::Io { .. }
                | Self::NotText { .. }
                | Self::LinkToLink { .. }
                | Self::Owner { .. }
                | Self::NotFile { .. }
        )
    }

    /// Adds the operation and the file to an I/O error. For use with `map_err`.
    pub fn io(operation: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { operation, path: path.to_owned(), source }
    }

    /// Creates a syntax error at a position in a text.
    #[must_use]
    pub fn at(path: &Path, text: &str, offset: usize, what: impl Into<String>) -> Self {
        // A text that ends too soon is wrong at its last line, not after it.
        let end = offset.min(text.trim_end().len());
        let before = text.as_bytes().get(..end).unwrap_or(text.as_bytes());
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        Self::Syntax { path: path.to_owned(), line, what: what.into() }
    }
}
