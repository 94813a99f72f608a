//! Whether a client of tmux may be started on a socket. The client runs what its server tells it to run, so whoever
//! listens there could run programs as the user.

use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

/// The permission of the group and of others to write.
const OTHERS_MAY_WRITE: u32 = 0o022;

/// Only the owner of a file may replace it in a directory with this bit.
const STICKY: u32 = 0o1000;

/// Why baton starts no client on a socket.
#[derive(Debug, thiserror::Error)]
#[allow(missing_docs, reason = "the messages name the fields")]
pub enum SocketError {
    /// The socket or a directory above it cannot be examined.
    #[error("{} cannot be examined", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    /// The path leads to something else.
    #[error("{} is not a socket", path.display())]
    NotASocket { path: PathBuf },
    /// Another account could listen there.
    #[error("{} belongs to another account ({owner})", path.display())]
    Foreign { path: PathBuf, owner: u32 },
    /// Another account could replace what is there.
    #[error("other accounts may write into {}", path.display())]
    Writable { path: PathBuf },
}

/// Returns the path of a socket without links, if nobody but this account and root can listen there. The socket may be
/// missing: tmux then starts a server of this account.
///
/// tmux itself demands this of its own directory. The check repeats it for the socket of any other.
///
/// # Errors
/// Returns a [`SocketError`] that names the file or directory and what is wrong with it.
pub fn trusted_socket(socket: &Path) -> Result<PathBuf, SocketError> {
    let unreadable = |path: &Path| {
        let path = path.to_owned();
        |source| SocketError::Unreadable { path, source }
    };
    let (Some(directory), Some(name)) = (socket.parent(), socket.file_name()) else {
        return Err(SocketError::NotASocket { path: socket.to_owned() });
    };
    let directory = std::fs::canonicalize(directory).map_err(unreadable(directory))?;
    check_directories(&directory)?;
    let socket = directory.join(name);
    match std::fs::symlink_metadata(&socket) {
        Ok(meta) if !meta.file_type().is_socket() => Err(SocketError::NotASocket { path: socket }),
        Ok(meta) => check_owner(&socket, meta.uid()).map(|()| socket),
        Err(missing) if missing.kind() == io::ErrorKind::NotFound => Ok(socket),
        Err(source) => Err(SocketError::Unreadable { path: socket, source }),
    }
}

/// Checks a directory and all above it. The path has no links.
fn check_directories(directory: &Path) -> Result<(), SocketError> {
    for above in directory.ancestors() {
        let meta = std::fs::symlink_metadata(above)
            .map_err(|source| SocketError::Unreadable { path: above.to_owned(), source })?;
        check_owner(above, meta.uid())?;
        // What is below a sticky directory belongs to this account, so nobody else can replace it. A socket itself is
        // removed when its server ends.
        let is_sticky = meta.mode() & STICKY != 0 && above != directory;
        if meta.mode() & OTHERS_MAY_WRITE != 0 && !is_sticky {
            return Err(SocketError::Writable { path: above.to_owned() });
        }
    }
    Ok(())
}

fn check_owner(path: &Path, owner: u32) -> Result<(), SocketError> {
    let is_trusted = owner == 0 || owner == geteuid().as_raw();
    if is_trusted { Ok(()) } else { Err(SocketError::Foreign { path: path.to_owned(), owner }) }
}

/// Returns the directory in which tmux makes the sockets of this account, whatever their names are.
#[must_use]
pub fn own_socket_directory() -> PathBuf {
    let above = std::env::var_os("TMUX_TMPDIR").filter(|path| !path.is_empty());
    PathBuf::from(above.unwrap_or_else(|| "/tmp".into())).join(format!("tmux-{}", geteuid()))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::{PermissionsExt, chown, symlink};
    use std::os::unix::net::UnixListener;

    use super::*;

    fn checked(socket: &Path, base: &Path) -> String {
        let base = fs::canonicalize(base).unwrap().display().to_string();
        trusted_socket(socket).map_or_else(|why| why.to_string(), |path| path.display().to_string()).replace(&base, "")
    }

    #[test]
    fn only_a_socket_that_nobody_else_can_make_is_trusted() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        for (name, mode) in
            [("own", 0o755), ("group", 0o775), ("all", 0o777), ("sticky", 0o1777), ("sticky/own", 0o700)]
        {
            fs::create_dir(at(name)).unwrap();
            drop(UnixListener::bind(at(name).join("s")).unwrap());
            fs::set_permissions(at(name), Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(at("all/own")).unwrap();
        fs::write(at("own/file"), "").unwrap();
        symlink(at("own/s"), at("own/link")).unwrap();
        symlink(at("own"), at("linked")).unwrap();
        symlink(at("all"), at("linked-all")).unwrap();
        for (socket, expected) in [
            ("own/s", "/own/s"),
            ("own/missing", "/own/missing"),
            ("sticky/own/s", "/sticky/own/s"),
            ("linked/s", "/own/s"),
            ("own/link", "/own/link is not a socket"),
            ("own/file", "/own/file is not a socket"),
            ("group/s", "other accounts may write into /group"),
            ("all/s", "other accounts may write into /all"),
            ("all/missing", "other accounts may write into /all"),
            ("all/own/s", "other accounts may write into /all"),
            ("sticky/s", "other accounts may write into /sticky"),
            ("linked-all/s", "other accounts may write into /all"),
        ] {
            assert_eq!(checked(&at(socket), dir.path()), expected, "{socket}");
        }
        assert!(checked(&at("gone/s"), dir.path()).ends_with("cannot be examined"));
    }

    #[test]
    fn what_belongs_to_another_account_is_not_trusted() {
        if !geteuid().is_root() {
            return; // Only root can make the case.
        }
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &str| dir.path().join(path);
        fs::create_dir(at("theirs")).unwrap();
        for socket in ["s", "theirs/s"] {
            drop(UnixListener::bind(at(socket)).unwrap());
        }
        chown(at("s"), Some(12345), None).unwrap();
        chown(at("theirs"), Some(12345), None).unwrap();
        assert_eq!(checked(&at("s"), dir.path()), "/s belongs to another account (12345)");
        assert_eq!(checked(&at("theirs/s"), dir.path()), "/theirs belongs to another account (12345)");
    }
}
