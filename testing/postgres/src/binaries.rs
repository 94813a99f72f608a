//! Finds the programs of PostgreSQL.

use std::path::{Path, PathBuf};

/// What is needed of an installation.
const NEEDED: [&str; 3] = ["initdb", "postgres", "psql"];

/// Returns the directory with the programs of the newest version: Debian's, or one in `PATH`.
pub fn find() -> Option<PathBuf> {
    let debian = Path::new("/usr/lib/postgresql").read_dir().into_iter().flatten().flatten();
    let mut versions: Vec<(u32, PathBuf)> = debian
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = versions.into_iter().rev().map(|(_, dir)| dir).chain(std::env::split_paths(&path));
    dirs.into_iter().find(|dir| NEEDED.iter().all(|name| dir.join(name).exists()))
}
