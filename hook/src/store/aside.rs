//! Files that cannot be used are moved to `archive/aside`, never removed.

use std::path::Path;

use agent_baton_core::stamp::Stamp;

use super::error::StoreError;
use super::file;
use super::layout::Layout;

/// Moves a file out of the way and returns what to tell the person about it.
pub(super) fn set_aside(layout: &Layout, path: &Path, now: &Stamp, why: &str) -> Result<String, StoreError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let dir = layout.aside();
    file::make_dir(&dir)?;
    let mut to = dir.join(format!("{}-{name}", now.unix_ms));
    let mut again = 0_u32;
    while file::is_there(&to)? {
        again += 1;
        to = dir.join(format!("{}-{again}-{name}", now.unix_ms));
    }
    file::rename_if_there(path, &to)?;
    Ok(format!("{} {why}; it was moved to {}", path.display(), to.display()))
}
