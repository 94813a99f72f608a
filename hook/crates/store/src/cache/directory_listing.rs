//! Caches the names in a directory of records, and lists the directory again only after it changed. Listing ten
//! thousand names takes milliseconds, and the archive often does not change for hours.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

use crate::cache;
use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::Layout;

/// The number of names from which caching is worthwhile.
const MIN_CACHED_NAMES: usize = 1000;

/// How long a directory must be unchanged before its listing is cached. If two changes happen within one tick of the
/// file system's clock, only the first changes its time.
const SETTLE_TIME: Duration = Duration::from_secs(2);

/// Separates two names. No name contains it.
const SEPARATOR: char = '/';

/// The state of a directory, which differs after a name was added or removed.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct State {
    device: u64,
    inode: u64,
    /// When the directory last changed: seconds and nanoseconds since 1970-01-01 UTC.
    changed: (u64, u32),
}

/// The cached listing of a directory.
#[derive(Serialize, Deserialize)]
struct CachedListing {
    state: State,
    names: String,
}

impl State {
    /// Returns the state of a directory, or `None` if it does not exist.
    fn of(directory: &Path) -> Result<Option<Self>, StoreError> {
        let meta = match fs::metadata(directory) {
            Ok(meta) => meta,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(StoreError::io("inspect", directory)(error)),
        };
        let changed = (meta.ctime().try_into().unwrap_or_default(), meta.ctime_nsec().try_into().unwrap_or_default());
        Ok(Some(Self { device: meta.dev(), inode: meta.ino(), changed }))
    }

    fn is_settled(&self, now: SystemTime) -> bool {
        let (seconds, nanoseconds) = self.changed;
        let since =
            UNIX_EPOCH.checked_add(Duration::new(seconds, nanoseconds)).and_then(|at| now.duration_since(at).ok());
        since.is_some_and(|since| since >= SETTLE_TIME)
    }
}

/// Returns the names that begin with `text`, in order, and caches the listing under the name `memory`. `now` is a time
/// before the call.
pub(crate) fn list_with_prefix(
    layout: &Layout,
    directory: &Path,
    memory: &'static str,
    text: &str,
    now: SystemTime,
) -> Result<Vec<String>, StoreError> {
    let Some(state) = State::of(directory)? else { return Ok(Vec::new()) };
    let fits = |name: &&str| name.starts_with(text);
    if let Some(known) = cache::get::<CachedListing>(layout, memory).filter(|known| known.state == state) {
        return Ok(known.names.split(SEPARATOR).filter(fits).map(str::to_owned).collect());
    }
    if !state.is_settled(now) {
        return file::list_names_with_prefix(directory, text);
    }
    let mut names = file::list_names(directory)?;
    if names.len() >= MIN_CACHED_NAMES {
        cache::put(layout, memory, &CachedListing { state, names: names.join(&SEPARATOR.to_string()) });
    }
    names.retain(|name| fits(&name.as_str()));
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Added and removed names appear, whatever was cached before.
    #[test]
    fn what_is_remembered_is_what_is_there() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path().join("state"));
        let records = layout.sessions(agent_baton_core::decision::Location::Archive);
        let asked = |text: &str, now| list_with_prefix(&layout, &records, "archived-sessions", text, now).unwrap();
        let (fresh, later) = (UNIX_EPOCH, || SystemTime::now() + SETTLE_TIME);
        assert_eq!(asked("", later()), Vec::<String>::new());
        fs::create_dir_all(&records).unwrap();
        let put = |name: &str| fs::write(records.join(name), "").unwrap();
        (0..MIN_CACHED_NAMES).for_each(|n| put(&format!("a{n:04}")));
        for (what, now) in [("not settled", fresh), ("remembers", later()), ("remembered", fresh)] {
            assert_eq!(asked("a001", now).len(), 10, "{what}");
            assert_eq!(layout.cache_file("archived-sessions").exists(), what != "not settled", "{what}");
        }
        let (told, whole) = (asked("", later()), file::list_names(&records).unwrap());
        assert_eq!(told, whole);
        // `later` pretends that the last change was long ago. The clock of the file system must therefore have
        // advanced.
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
        fs::write(layout.cache_file("archived-sessions"), "{").unwrap();
        assert_eq!(asked("a001", later()).len(), 9, "what is spoilt is not believed");
    }
}
