//! Compares a transfer with a program that makes the same writes and syncs and does nothing else.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use agent_baton_tests::state::State;
use agent_baton_tests::{Scratch, Window};

/// The first argument that makes this program do only the writes.
pub const WORD: &str = "--bare-writes";

/// Returns what a call wrote: every new or changed file with its length, without logs and the lock, which are not
/// synced.
pub fn written(before: &State, after: &State) -> Vec<String> {
    let changed = after.files.iter().filter(|(path, bytes)| before.files.get(*path) != Some(bytes));
    let synced =
        changed.filter(|(path, _)| path.extension().is_none_or(|ext| ext != "log") && path.as_os_str() != "lock");
    synced
        .map(|(path, bytes)| {
            let len = match before.files.get(path) {
                // The call appended to the audit.
                Some(old) if path.starts_with("audit") => bytes.len() - old.len(),
                _ => bytes.len(),
            };
            format!("{}={len}", path.display())
        })
        .collect()
}

/// Returns the run of this program that makes those writes in a directory of its own.
pub fn run(scratch: &Scratch, window: &Window<'_>, written: &[String]) -> agent_baton_tests::fake_agent::Run {
    let dir = scratch.root().join("bare");
    let program = std::env::current_exe().expect("this program");
    let argv = [program.to_str(), Some(WORD), dir.to_str()].map(|text| text.expect("a path that is UTF-8").to_owned());
    window.below("bare", argv.into_iter().chain(written.iter().cloned()).collect(), String::new())
}

/// Makes the writes. Each file is written to a temporary one, synced and renamed. One more file stands for the commit
/// itself. Then the directories are synced, and the audit is appended to and synced.
pub fn main(mut arguments: impl Iterator<Item = String>) -> io::Result<()> {
    let root = PathBuf::from(arguments.next().ok_or(io::ErrorKind::InvalidInput)?);
    let mut dirs = BTreeSet::from([root.clone()]);
    fs::create_dir_all(&root)?;
    let mut commit = 0;
    for argument in arguments {
        let (path, len) = argument.rsplit_once('=').ok_or(io::ErrorKind::InvalidInput)?;
        let len = len.parse().map_err(|_| io::ErrorKind::InvalidInput)?;
        let path = root.join(path);
        let dir = path.parent().unwrap_or(&root).to_owned();
        fs::create_dir_all(&dir)?;
        if path.starts_with(root.join("audit")) {
            let mut file = OpenOptions::new().append(true).create(true).open(&path)?;
            file.write_all(&vec![b'x'; len])?;
            file.sync_all()?;
            commit += len;
        } else {
            replace(&root, &path, len)?;
            commit += 200;
            dirs.insert(dir);
        }
    }
    replace(&root, &root.join("commit"), commit)?;
    File::open(&root)?.sync_all()?;
    dirs.iter().try_for_each(|dir| File::open(dir)?.sync_all())?;
    fs::remove_file(root.join("commit"))
}

fn replace(root: &Path, path: &Path, len: usize) -> io::Result<()> {
    let temp = root.join("temp");
    let mut file = File::create(&temp)?;
    file.write_all(&vec![b'x'; len])?;
    file.sync_all()?;
    fs::rename(temp, path)
}
