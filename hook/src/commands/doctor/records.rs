//! Reports files of the state that cannot be used.

use super::finding::Finding;
use super::installation::Installation;
use crate::commands::project::project_arg::read_record;
use crate::error::CommandError;
use baton_engine::config::Config;
use baton_protect::FileArchive;
use baton_protect::limits::MAX_ARCHIVE_BYTES;
use baton_store::{ArchiveKind, ProtectedStore, Store};

pub fn check(installation: &Installation) -> Vec<Finding> {
    let Some(store) = &installation.store else { return Vec::new() };
    let mut findings = protected_projects(store, installation.settings.config());
    match store.unusable_files() {
        Ok(wrong) => findings.extend(wrong.iter().map(|error| Finding::failed("records", error))),
        Err(error) => findings.push(Finding::failed("records", &error)),
    }
    if findings.is_empty() { vec![Finding::ok("records", "every file of the state can be used")] } else { findings }
}

/// The records of protected projects. While one cannot be read, nothing of its project is saved or restored.
fn protected_projects(store: &Store, config: &Config) -> Vec<Finding> {
    let stores = match store.protected_stores() {
        Ok(stores) => stores,
        Err(error) => return vec![Finding::failed("records", &error)],
    };
    let wrong = stores.iter().filter_map(|protected| Some((protected, read_record(protected, None).err()?)));
    let finding = |(protected, error): (&ProtectedStore, CommandError)| {
        Finding::problem("records", baton_display::error_chain(&error), hint(store, protected, config))
    };
    wrong.map(finding).collect()
}

/// Says how to go on without a record. It cannot be read, so other files show which project it belongs to.
fn hint(store: &Store, protected: &ProtectedStore, config: &Config) -> String {
    let record = protected.record_path();
    let backups = protected.numbers(ArchiveKind::Backup).unwrap_or_default();
    let of_backup = |number: &u64| {
        let bytes = protected.pack(ArchiveKind::Backup, *number, MAX_ARCHIVE_BYTES).ok().flatten()?;
        FileArchive::parse(&bytes).ok().map(|archive| archive.manifest.project)
    };
    let of_config = config.protect.iter().map(|named| named.project.display().to_string());
    let mut projects = backups.iter().rev().filter_map(of_backup).chain(of_config);
    let otherwise = projects.find(|project| store.protected_store(project).record_path() == record).map_or_else(
        || format!("move {} away{}", record.display(), saved_files(protected, backups.last())),
        |project| format!("`baton project restore --replace-record {project}` restores the newest backup without it"),
    );
    format!("if a newer baton wrote it, use that one; otherwise {otherwise}")
}

/// Names the newest backup of a project whose path nothing shows.
fn saved_files(protected: &ProtectedStore, newest: Option<&u64>) -> String {
    newest.map_or_else(String::new, |number| {
        let path = protected.path(ArchiveKind::Backup, *number);
        format!("; the saved files are in {} (see `tar -tf`), so take out first what you need", path.display())
    })
}
