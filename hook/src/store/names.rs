//! The names in a directory of records, listed anew only once something came or went: ten thousand names cost the system
//! milliseconds, and the archive stands still for hours.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::file;
use super::layout::Layout;
use super::memory;

/// How many names are worth remembering.
const MANY: usize = 1000;

/// How long nothing may have come or gone: of two changes within one tick of the file system's clock only the first shows.
const SETTLED: Duration = Duration::from_secs(2);

/// Stands between two names, and in none.
const BETWEEN: char = '/';

/// What is another once a name came or went.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    device: u64,
    inode: u64,
    /// When the directory changed last: seconds and nanoseconds since 1970-01-01 UTC.
    changed: (u64, u32),
}

/// What is remembered of a directory.
#[derive(Serialize, Deserialize)]
struct Known {
    state: State,
    names: String,
}

impl State {
    /// None where there is no such directory.
    fn of(directory: &Path) -> Result<Option<Self>, StoreError> {
        let meta = match fs::metadata(directory) {
            Ok(meta) => meta,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("look at", directory)(error)),
        };
        let changed = (meta.ctime().try_into().unwrap_or_default(), meta.ctime_nsec().try_into().unwrap_or_default());
        Ok(Some(Self { device: meta.dev(), inode: meta.ino(), changed }))
    }

    fn is_settled(&self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let since =
            UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds)).and_then(|at| now.duration_since(at).ok());
        since.is_some_and(|since| since >= SETTLED)
    }
}

/// The names that begin with `text`, in order; they are remembered as `memory`. `now` is a moment before the call.
pub(super) fn beginning(
    layout: &Layout,
    directory: &Path,
    memory: &'static str,
    text: &str,
    now: SystemTime,
) -> Result<Vec<String>, StoreError> {
    let Some(state) = State::of(directory)? else { return Ok(Vec::new()) };
    let fits = |name: &&str| name.starts_with(text);
    if let Some(known) = memory::recall::<Known>(layout, memory).filter(|known| known.state == state) {
        return Ok(known.names.split(BETWEEN).filter(fits).map(str::to_owned).collect());
    }
    if !state.is_settled(now) {
        return file::names_beginning(directory, text);
    }
    let mut names = file::names(directory)?;
    if names.len() >= MANY {
        memory::remember(layout, memory, &Known { state, names: names.join(&BETWEEN.to_string()) });
    }
    names.retain(|name| fits(&name.as_str()));
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What came or went shows, whatever was remembered before it.
    #[test]
    fn what_is_remembered_is_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("state"));
        let records = layout.sessions(agent_baton_core::decision::Shelf::Archive);
        let asked = |text: &str, now| beginning(&layout, &records, "archived-sessions", text, now).unwrap();
        let (fresh, later) = (UNIX_EPOCH, || SystemTime::now() + SETTLED);
        assert_eq!(asked("", later()), Vec::<String>::new());
        fs::create_dir_all(&records).unwrap();
        let put = |name: &str| fs::write(records.join(name), "").unwrap();
        (0..MANY).for_each(|n| put(&format!("a{n:04}")));
        for (what, now) in [("not settled", fresh), ("remembers", later()), ("remembered", fresh)] {
            assert_eq!(asked("a001", now).len(), 10, "{what}");
            assert_eq!(layout.memory("archived-sessions").exists(), what != "not settled", "{what}");
        }
        let (told, whole) = (asked("", later()), file::names(&records).unwrap());
        assert_eq!(told, whole);
        // `later` says that the last change is long ago; what is then must hold: the clock of the file system has gone on.
        let gone_on = || {
            let changed = |path: &Path| State::of(path).unwrap().unwrap().changed;
            let probe = dir.path().join("probe");
            while fs::write(&probe, "x").is_ok() && changed(&probe) <= changed(&records) {}
        };
        gone_on();
        put("b");
        assert_eq!(asked("b", later()), ["b"]);
        gone_on();
        fs::remove_file(records.join("a0011")).unwrap();
        assert_eq!(asked("a001", later()).len(), 9);
        fs::write(layout.memory("archived-sessions"), "{").unwrap();
        assert_eq!(asked("a001", later()).len(), 9, "what is spoilt is not believed");
    }
}
