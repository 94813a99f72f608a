//! Puts a transcript where the agent looks for it.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use baton_agents::unpack_transcript;
use baton_engine::export::MAX_TRANSCRIPT_BYTES;
use baton_fs::read::read_own;
use tempfile::Builder;

/// What the name of a transcript ends with that was there before.
const KEPT: &str = ".before-pickup";

/// How many transcripts of one session are kept.
const MAX_KEPT: u32 = 1000;

/// What became of the transcript that was there.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Replaced {
    /// There was none.
    Nothing,
    /// The new one continues it, or is the same.
    Continued,
    /// It is another one, and was kept in this file.
    Kept(PathBuf),
}

/// Writes a transcript to `place` below the agent's directory `home`, completely or not at all, readable only for this account.
///
/// A transcript that is there is replaced if the new one continues it. Otherwise it is kept beside the new one, under a name that
/// the agent does not read. No symbolic link is followed, and no file of another account is replaced.
///
/// # Errors
/// Returns an error if a file or directory on the way is a link or belongs to another account, or cannot be read or written.
pub(super) fn put(home: &Path, place: &Path, content: &[u8]) -> io::Result<(PathBuf, Replaced)> {
    let directory = make_directories(home, place.parent().unwrap_or(Path::new("")))?;
    let path = directory.join(place.file_name().unwrap_or_default());
    let packed = with_suffix(&path, ".zst");
    let mut replaced = keep_other(&path, content, Ok)?;
    // An agent that compresses its old transcripts would find two.
    let old = keep_other(&packed, content, |bytes| unpack_transcript(&bytes, MAX_TRANSCRIPT_BYTES))?;
    if old != Replaced::Nothing {
        replaced = old;
    }
    let mut temp = Builder::new().prefix(".baton-pickup-").tempfile_in(&directory)?;
    temp.write_all(content)?;
    temp.as_file().sync_all()?;
    temp.persist(&path).map_err(|error| error.error)?;
    remove(&packed)?;
    fs::File::open(&directory)?.sync_all()?;
    Ok((path, replaced))
}

/// Makes the directories below `home`, and returns the last one.
fn make_directories(home: &Path, below: &Path) -> io::Result<PathBuf> {
    DirBuilder::new().recursive(true).mode(0o700).create(home)?;
    let mut directory = home.canonicalize()?;
    for part in below.components() {
        directory.push(part);
        match DirBuilder::new().mode(0o700).create(&directory) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => made?,
        }
        if !fs::symlink_metadata(&directory)?.is_dir() {
            let why = format!("{} is no directory, and baton follows no link there", directory.display());
            return Err(io::Error::new(ErrorKind::InvalidInput, why));
        }
    }
    Ok(directory)
}

/// Keeps the file at `path` under another name if the new content does not continue it.
fn keep_other(path: &Path, content: &[u8], unpack: impl Fn(Vec<u8>) -> io::Result<Vec<u8>>) -> io::Result<Replaced> {
    let old = match read_own(path, usize::try_from(MAX_TRANSCRIPT_BYTES).unwrap_or(usize::MAX)) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Replaced::Nothing),
        // It is kept, whatever is in it.
        Err(error) if error.kind() == ErrorKind::FileTooLarge => None,
        old => unpack(old?).ok(),
    };
    if old.is_some_and(|old| content.starts_with(&old)) {
        return Ok(Replaced::Continued);
    }
    for number in 1..=MAX_KEPT {
        let ending = if number == 1 { KEPT.to_owned() } else { format!("{KEPT}-{number}") };
        let kept = with_suffix(path, &ending);
        // A link never replaces a file, and the name stays until the new transcript takes it.
        match fs::hard_link(path, &kept) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && is_same(path, &kept) => {
                return Ok(Replaced::Kept(kept));
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            made => return made.map(|()| Replaced::Kept(kept)),
        }
    }
    Err(io::Error::new(ErrorKind::AlreadyExists, "too many transcripts of this session were kept"))
}

/// Returns whether two names are of one file: an earlier call kept it and was killed.
fn is_same(one: &Path, other: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let of = |path: &Path| fs::symlink_metadata(path).ok().map(|meta| (meta.dev(), meta.ino()));
    of(one).is_some_and(|file| of(other) == Some(file))
}

fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{MetadataExt, symlink};

    use super::*;

    fn check(before: Option<&str>, new: &str, kept: bool) {
        let home = tempfile::tempdir().unwrap();
        let place = Path::new("projects/-w/s.jsonl");
        let path = home.path().join(place);
        if let Some(before) = before {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, before).unwrap();
        }
        let (written, replaced) = put(home.path(), place, new.as_bytes()).unwrap();
        assert_eq!(written, path.canonicalize().unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), new, "{before:?}");
        assert_eq!(path.metadata().unwrap().mode() & 0o777, 0o600);
        assert_eq!(matches!(replaced, Replaced::Kept(_)), kept, "{before:?} {replaced:?}");
        if let Replaced::Kept(other) = replaced {
            assert_eq!(fs::read_to_string(&other).ok().as_deref(), before);
            assert!(!other.to_str().unwrap().ends_with(".jsonl"));
        }
        let files = fs::read_dir(path.parent().unwrap()).unwrap().count();
        assert_eq!(files, if kept { 2 } else { 1 }, "no temporary file stays");
    }

    #[test]
    fn a_transcript_that_the_new_one_does_not_continue_is_kept() {
        check(None, "a\nb\n", false);
        check(Some(""), "a\nb\n", false);
        check(Some("a\n"), "a\nb\n", false);
        check(Some("a\nb\n"), "a\nb\n", false);
        check(Some("a\nb\nc\n"), "a\nb\n", true);
        check(Some("x\n"), "a\nb\n", true);
    }

    #[test]
    fn each_one_is_kept_under_a_name_of_its_own() {
        let home = tempfile::tempdir().unwrap();
        let place = Path::new("sessions/x.jsonl");
        for (content, expected) in
            [("one", None), ("two", Some("x.jsonl.before-pickup")), ("three", Some("x.jsonl.before-pickup-2"))]
        {
            let (_, replaced) = put(home.path(), place, content.as_bytes()).unwrap();
            let name = if let Replaced::Kept(path) = &replaced {
                path.file_name().and_then(|name| name.to_str())
            } else {
                None
            };
            assert_eq!(name, expected);
        }
    }

    #[test]
    fn a_packed_transcript_gives_way() {
        let home = tempfile::tempdir().unwrap();
        fs::create_dir(home.path().join("sessions")).unwrap();
        let packed = home.path().join("sessions/x.jsonl.zst");
        fs::write(&packed, "damaged").unwrap();
        let (path, replaced) = put(home.path(), Path::new("sessions/x.jsonl"), b"new").unwrap();
        assert!(matches!(replaced, Replaced::Kept(kept) if fs::read(&kept).unwrap() == b"damaged"));
        assert!(path.exists() && !packed.exists());
    }

    #[test]
    fn no_link_is_followed() {
        let (home, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        symlink(other.path(), home.path().join("projects")).unwrap();
        put(home.path(), Path::new("projects/-w/s.jsonl"), b"new").unwrap_err();
        fs::create_dir(home.path().join("sessions")).unwrap();
        fs::write(other.path().join("mine"), "mine").unwrap();
        symlink(other.path().join("mine"), home.path().join("sessions/x.jsonl")).unwrap();
        put(home.path(), Path::new("sessions/x.jsonl"), b"new").unwrap_err();
        assert_eq!(fs::read(other.path().join("mine")).unwrap(), b"mine");
        assert_eq!(fs::read_dir(other.path()).unwrap().count(), 1);
    }
}
