//! Reports records that cannot be read.

use super::finding::Finding;
use super::installation::Installation;
use crate::commands::project::project_arg::read_record;
use baton_store::{ArchiveKind, ProtectedStore, Store};

pub fn check(installation: &Installation) -> Vec<Finding> {
    let Some(store) = &installation.store else { return Vec::new() };
    let mut findings = protected_projects(store);
    match store.unreadable_records() {
        Ok(wrong) => findings.extend(wrong.iter().map(|error| Finding::failed("records", error))),
        Err(error) => findings.push(Finding::failed("records", &error)),
    }
    if findings.is_empty() { vec![Finding::ok("records", "every record can be read")] } else { findings }
}

/// The records of protected projects. While one cannot be read, nothing of its project is saved or restored.
fn protected_projects(store: &Store) -> Vec<Finding> {
    let stores = match store.protected_stores() {
        Ok(stores) => stores,
        Err(error) => return vec![Finding::failed("records", &error)],
    };
    let wrong = stores.iter().filter_map(|protected| Some((protected, read_record(protected, None).err()?)));
    wrong
        .map(|(protected, error)| Finding::problem("records", baton_display::error_chain(&error), hint(protected)))
        .collect()
}

fn hint(protected: &ProtectedStore) -> String {
    let record = protected.record_path().display().to_string();
    let backups = protected.numbers(ArchiveKind::Backup).unwrap_or_default();
    let newest = backups.last().map_or_else(String::new, |number| {
        let path = protected.path(ArchiveKind::Backup, *number);
        format!("; the saved files are in {} (see `tar -tf`), so take out first what you need", path.display())
    });
    format!(
        "if a newer baton wrote it, use that one; otherwise move {record} away, and the next session saves the files anew{newest}"
    )
}
