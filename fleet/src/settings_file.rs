//! Reads a file of the user: one with passwords, or one with services.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use thiserror::Error;

/// The maximum size of such a file, in bytes.
const MAX_BYTES: u64 = 1024 * 1024;

/// Why a file cannot be used.
#[derive(Debug, Error)]
pub enum FileError {
    /// The path is relative.
    #[error("{path} is not an absolute path")]
    Relative {
        /// The path.
        path: String,
    },
    /// The file cannot be read.
    #[error("cannot read {path}")]
    Io {
        /// The path.
        path: String,
        /// The error of the system.
        source: io::Error,
    },
    /// The file is not a regular one, or too large.
    #[error("{path} is not a regular file of at most {MAX_BYTES} bytes")]
    Kind {
        /// The path.
        path: String,
    },
    /// Others may read the file, and it has passwords.
    #[error("{path} can be read by other users; run chmod 0600 {path}")]
    Mode {
        /// The path.
        path: String,
    },
}

/// Returns the text of a file. If it has secrets, other users must not be able to read it.
///
/// # Errors
///
/// If it cannot be read or used.
pub fn read(path: &str, secret: bool) -> Result<String, FileError> {
    let name = || path.to_owned();
    if !Path::new(path).is_absolute() {
        return Err(FileError::Relative { path: name() });
    }
    let io = |source| FileError::Io { path: name(), source };
    // A named pipe is not opened: that would wait for its writer.
    let kind = std::fs::metadata(path).map_err(io)?;
    if !kind.is_file() || kind.len() > MAX_BYTES {
        return Err(FileError::Kind { path: name() });
    }
    let file = File::open(path).map_err(io)?;
    if secret && file.metadata().map_err(io)?.mode() & 0o077 != 0 {
        return Err(FileError::Mode { path: name() });
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(io)?;
    Ok(text)
}
