//! An ordered map in two layers: a database file that is only read, and changes to it in memory.
#![allow(unsafe_code, reason = "the database is mapped into memory; the lock file says why that is sound")]

use std::cmp::Ordering;
use std::collections::{BTreeMap, btree_map};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::iter::Peekable;
use std::ops::Bound;
use std::path::{Path, PathBuf};
use std::time::Duration;

use heed::types::Bytes;
use heed::{Database, Env, EnvFlags, EnvOpenOptions, RoRange, RoTxn, WithoutTls};

/// How much address space the database may take, in bytes. It takes disk space only for what it holds.
const MAX_DATABASE_BYTES: usize = 16 << 30;

/// How long a writer waits for the readers. A reader keeps the lock until its output is read, which may be never. Then
/// the caller keeps in memory what it cannot write.
const EXCLUSIVE_WAIT: Duration = Duration::from_millis(500);

/// How long a reader waits for a writer, which may be reading every record for the first time.
const SHARED_WAIT: Duration = Duration::from_secs(60);

/// A key and its value.
pub(crate) type Entry = (Vec<u8>, Vec<u8>);

type Table = Database<Bytes, Bytes>;

/// The database file, mapped into memory.
///
/// Whoever maps it holds the lock: shared to read, exclusive to write. So no page changes below a reader. The lock ends
/// with the process, so a reader that was killed blocks nobody.
struct Mapped {
    table: Table,
    txn: RoTxn<'static, WithoutTls>,
}

/// The map.
pub(crate) struct LayeredMap {
    path: PathBuf,
    base: Option<Mapped>,
    /// The lock, held as long as the map exists.
    lock: Option<File>,
    /// The changes: a new value, or `None` where a key was removed.
    changes: BTreeMap<Vec<u8>, Option<Vec<u8>>>,
}

impl LayeredMap {
    /// Opens the database at a path. A file that is missing, damaged or cannot be read counts as empty.
    pub(crate) fn open(path: &Path) -> Self {
        let lock = shared_lock(path).ok();
        let base = lock.as_ref().and_then(|_| Mapped::open(path).ok());
        Self { path: path.to_owned(), base, lock, changes: BTreeMap::new() }
    }

    /// Opens the database for writing. It waits a short time for its readers and for another writer.
    pub(crate) fn open_exclusive(path: &Path) -> io::Result<Self> {
        let lock = fs::OpenOptions::new().create(true).truncate(false).read(true).write(true).open(lock_path(path))?;
        baton_fs::lock::wait_exclusive(&lock, EXCLUSIVE_WAIT)?;
        Ok(Self { path: path.to_owned(), base: Mapped::open(path).ok(), lock: Some(lock), changes: BTreeMap::new() })
    }

    /// Forgets the content of the file.
    pub(crate) fn clear(&mut self) {
        self.base = None;
        self.changes.clear();
    }

    /// Lets others read the file too. Another writer may come first, so the file is opened again.
    pub(crate) fn share(&mut self) -> io::Result<()> {
        self.base = None;
        if let Some(lock) = &self.lock {
            baton_fs::lock::wait_shared(lock, SHARED_WAIT)?;
            self.base = Mapped::open(&self.path).ok();
        }
        Ok(())
    }

    pub(crate) fn get(&self, key: &[u8]) -> io::Result<Option<Vec<u8>>> {
        match (self.changes.get(key), &self.base) {
            (Some(changed), _) => Ok(changed.clone()),
            (None, None) => Ok(None),
            (None, Some(base)) => Ok(base.table.get(&base.txn, key).map_err(database_error)?.map(<[u8]>::to_vec)),
        }
    }

    pub(crate) fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.changes.insert(key, Some(value));
    }

    pub(crate) fn remove(&mut self, key: Vec<u8>) {
        self.changes.insert(key, None);
    }

    /// Returns the entries from a key on, up to and without another one, in order.
    pub(crate) fn range(&self, from: &[u8], to: &[u8]) -> io::Result<MergedRange<'_>> {
        // Neither layer takes a range that ends before it begins.
        let bounds = (Bound::Included(from), Bound::Excluded(to.max(from)));
        let base = self.base.as_ref().map(|base| base.table.range(&base.txn, &bounds)).transpose();
        Ok(MergedRange {
            base: base.map_err(database_error)?.map(BaseRange).into_iter().flatten().peekable(),
            changes: self.changes.range::<[u8], _>(bounds).peekable(),
        })
    }

    /// Writes the changes to the file, which is created if nothing of it is in use. Only for a map that was opened for
    /// writing.
    pub(crate) fn write(&mut self) -> io::Result<()> {
        if self.base.take().is_none() {
            match fs::remove_file(&self.path) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        let env = open_env(&self.path, EnvFlags::empty())?;
        let mut txn = env.write_txn().map_err(database_error)?;
        let table: Table = env.create_database(&mut txn, None).map_err(database_error)?;
        for (key, value) in &self.changes {
            match value {
                Some(value) => table.put(&mut txn, key, value),
                None => table.delete(&mut txn, key).map(drop),
            }
            .map_err(database_error)?;
        }
        txn.commit().map_err(database_error)?;
        drop(env);
        self.changes.clear();
        self.base = Some(Mapped::open(&self.path)?);
        Ok(())
    }
}

impl Mapped {
    fn open(path: &Path) -> io::Result<Self> {
        let len = fs::metadata(path)?.len();
        let env = open_env(path, EnvFlags::READ_ONLY)?;
        let info = env.info();
        let pages = u64::try_from(info.last_page_number).unwrap_or(u64::MAX).saturating_add(1);
        // A page behind the end of the file would end the process.
        if pages.saturating_mul(u64::from(env.stat().page_size)) > len {
            return Err(io::Error::new(ErrorKind::UnexpectedEof, "the database is cut off"));
        }
        let txn = env.clone().static_read_txn().map_err(database_error)?;
        let table = env.open_database(&txn, None).map_err(database_error)?;
        let table = table.ok_or_else(|| io::Error::new(ErrorKind::InvalidData, "the database has no table"))?;
        Ok(Self { table, txn })
    }
}

fn open_env(path: &Path, flags: EnvFlags) -> io::Result<Env<WithoutTls>> {
    let mut options = EnvOpenOptions::new().read_txn_without_tls();
    options.map_size(MAX_DATABASE_BYTES);
    // SAFETY: the lock of this module replaces LMDB's own, which a read-only file system would not give.
    unsafe { options.flags(flags | EnvFlags::NO_SUB_DIR | EnvFlags::NO_LOCK | EnvFlags::NO_READ_AHEAD) };
    // SAFETY: only holders of the exclusive lock write the file, and this process holds the lock.
    unsafe { options.open(path) }.map_err(database_error)
}

/// Takes the lock for reading. It waits for a writer.
fn shared_lock(path: &Path) -> io::Result<File> {
    let lock = File::open(lock_path(path))?;
    baton_fs::lock::wait_shared(&lock, SHARED_WAIT)?;
    Ok(lock)
}

fn lock_path(path: &Path) -> PathBuf {
    path.with_extension("lock")
}

fn database_error(error: heed::Error) -> io::Error {
    match error {
        heed::Error::Io(error) => error,
        other => io::Error::new(ErrorKind::InvalidData, other.to_string()),
    }
}

/// The entries of the file, as owned values.
struct BaseRange<'a>(RoRange<'a, Bytes, Bytes>);

impl Iterator for BaseRange<'_> {
    type Item = io::Result<Entry>;
    fn next(&mut self) -> Option<Self::Item> {
        let entry = self.0.next()?;
        Some(entry.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(database_error))
    }
}

/// The entries of both layers, in order.
pub(crate) struct MergedRange<'a> {
    base: Peekable<std::iter::Flatten<std::option::IntoIter<BaseRange<'a>>>>,
    changes: Peekable<btree_map::Range<'a, Vec<u8>, Option<Vec<u8>>>>,
}

impl Iterator for MergedRange<'_> {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let order = match (self.base.peek(), self.changes.peek()) {
                (None, None) => return None,
                (Some(_), None) | (Some(Err(_)), Some(_)) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(Ok((key, _))), Some((changed, _))) => key.cmp(changed),
            };
            if order == Ordering::Less {
                return self.base.next();
            }
            if order == Ordering::Equal {
                // The change replaces it.
                self.base.next();
            }
            if let Some((key, Some(value))) = self.changes.next() {
                return Some(Ok((key.clone(), value.clone())));
            }
        }
    }
}
