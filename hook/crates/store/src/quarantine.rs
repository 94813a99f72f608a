//! The quarantine, to which baton moves unusable files. It never removes them.

use std::path::Path;

use agent_baton_core::timestamp::Timestamp;

use crate::error::StoreError;
use crate::file;
use crate::state_dir::layout::Layout;

/// Moves a file to quarantine and returns what to tell the user.
pub(crate) fn quarantine(layout: &Layout, path: &Path, now: &Timestamp, why: &str) -> Result<String, StoreError> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let dir = layout.quarantine_dir();
    file::make_dir(&dir)?;
    let mut to = dir.join(format!("{}-{name}", now.unix_ms));
    let mut again = 0_u32;
    while file::exists(&to)? {
        again += 1;
        to = dir.join(format!("{}-{again}-{name}", now.unix_ms));
    }
    file::rename_if_there(path, &to)?;
    Ok(format!("{} {why}; it was moved to {}", path.display(), to.display()))
}
