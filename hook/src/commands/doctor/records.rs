//! Reports files of the state that cannot be used.

use std::path::PathBuf;

use super::finding::Finding;
use super::installation::Installation;
use crate::commands::project::project_arg::read_record;
use baton_catalogue::{By, Catalogue, Kind};
use baton_engine::config::Config;
use baton_protect::limits::MAX_ARCHIVE_BYTES;
use baton_protect::{DamagedBackup, FileArchive, ProjectRecord, damaged_backup};
use baton_store::{ArchiveKind, HistoryCheck, ProtectedStore, Store, StoreError};
use baton_system::multiplexer::shell_quote;

/// How many sessions and runs are read, and how many files of one directory of the archive are opened, unless the user
/// asks for all.
const SAMPLE: usize = 1000;

pub fn check(installation: &Installation) -> Vec<Finding> {
    let Some(store) = &installation.store else { return Vec::new() };
    let mut findings = protected_projects(store, installation.settings.config());
    let history = match (&installation.catalogue, installation.all) {
        (Some(catalogue), false) => catalogue.get().and_then(sample),
        _ => Ok(HistoryCheck::All),
    };
    let wrong = history.and_then(|history| {
        let wrong = store.unusable_files(&history)?;
        Ok((wrong, history))
    });
    let whole = match wrong {
        Ok((wrong, history)) => {
            findings.extend(wrong.iter().map(|error| Finding::failed("records", error)));
            matches!(history, HistoryCheck::All)
        }
        Err(error) => {
            findings.push(Finding::failed("records", &error));
            true
        }
    };
    // A file of the audit that cannot be opened is among the unusable files.
    findings.extend(store.damaged_audit_lines().unwrap_or_default().iter().map(damaged_audit));
    match (findings.is_empty(), whole) {
        (false, _) => findings,
        (true, true) => vec![Finding::ok("records", "every file of the state can be used")],
        (true, false) => vec![Finding::ok(
            "records",
            format!(
                "every live file can be used, and the newest {SAMPLE} of the archive; add --all to check the others"
            ),
        )],
    }
}

/// Returns what is checked of the archive: all if it is small, and otherwise what is known to be unreadable and the
/// newest records.
fn sample(catalogue: &Catalogue) -> Result<HistoryCheck, StoreError> {
    let newest = |kind| -> Result<Vec<String>, StoreError> {
        catalogue.newest(kind, By::All, None)?.take(SAMPLE + 1).map(|found| Ok(found?.id)).collect()
    };
    let (sessions, runs) = (newest(Kind::Session)?, newest(Kind::Run)?);
    if sessions.len().max(runs.len()).max(newest(Kind::Trashed)?.len()) <= SAMPLE {
        return Ok(HistoryCheck::All);
    }
    Ok(HistoryCheck::Sample {
        sessions: sessions.iter().filter_map(|id| id.parse().ok()).collect(),
        runs: runs.iter().filter_map(|id| id.parse().ok()).collect(),
        files: SAMPLE,
    })
}

/// A crash may have cut off a line. Nothing needs it any more.
fn damaged_audit((path, lines): &(PathBuf, u64)) -> Finding {
    let lines = baton_display::format_count(usize::try_from(*lines).unwrap_or(usize::MAX), "line", "lines");
    Finding::note("records", format!("{} has {lines} that cannot be used; `baton log` leaves them out", path.display()))
}

/// The records of protected projects. While one cannot be read, nothing of its project is saved or restored.
fn protected_projects(store: &Store, config: &Config) -> Vec<Finding> {
    let stores = match store.protected_stores() {
        Ok(stores) => stores,
        Err(error) => return vec![Finding::failed("records", &error)],
    };
    let finding = |protected: &ProtectedStore| match read_record(protected, None) {
        Ok(record) => record.map_or_else(Vec::new, |record| archives(protected, &record)),
        Err(error) => {
            vec![Finding::problem("records", baton_display::error_chain(&error), hint(store, protected, config))]
        }
    };
    stores.iter().flat_map(finding).collect()
}

/// The backup that a record needs, and the archives that are kept for the user.
fn archives(protected: &ProtectedStore, record: &ProjectRecord) -> Vec<Finding> {
    let project = &record.project;
    let needed = match damaged_backup(protected, record) {
        Ok(damaged) => damaged.map(|DamagedBackup { what, other }| {
            let quoted = shell_quote(project);
            let keep = format!("`baton project save {quoted}` keeps its files as they are");
            let hint = other.map_or_else(
                || format!("there is no other backup; {keep}"),
                |number| {
                    format!("`baton project restore --backup {number} {quoted}` restores an older one, and {keep}")
                },
            );
            Finding::problem("records", format!("{what}, so the files of {project} cannot be restored"), hint)
        }),
        Err(error) => Some(Finding::failed("records", &error)),
    };
    let kinds = [ArchiveKind::Backup, ArchiveKind::History].into_iter();
    let all = kinds.flat_map(|kind| protected.numbers(kind).into_iter().flatten().map(move |number| (kind, number)));
    let is_needed =
        |kind, number| kind == ArchiveKind::Backup && record.backup().is_some_and(|saved| saved.number == number);
    let kept = all.filter(|(kind, number)| !is_needed(*kind, *number));
    needed.into_iter().chain(kept.filter_map(|(kind, number)| kept_archive(protected, kind, number))).collect()
}

/// An archive that cannot be used and that nothing needs.
fn kept_archive(protected: &ProtectedStore, kind: ArchiveKind, number: u64) -> Option<Finding> {
    let why = match protected.archive(kind, number, MAX_ARCHIVE_BYTES) {
        Ok(bytes) => baton_display::error_chain(&FileArchive::parse(&bytes?).err()?),
        Err(error) => baton_display::error_chain(&error),
    };
    let path = protected.path(kind, number);
    Some(Finding::note("records", format!("{} cannot be used, and nothing needs it: {why}", path.display())))
}

/// Says how to go on without a record. It cannot be read, so other files show which project it belongs to.
fn hint(store: &Store, protected: &ProtectedStore, config: &Config) -> String {
    let record = protected.record_path();
    let backups = protected.numbers(ArchiveKind::Backup).unwrap_or_default();
    let of_backup = |number: &u64| {
        let bytes = protected.archive(ArchiveKind::Backup, *number, MAX_ARCHIVE_BYTES).ok().flatten()?;
        FileArchive::parse(&bytes).ok().map(|archive| archive.manifest.project)
    };
    let of_config = config.protect.iter().map(|named| named.project.display().to_string());
    let mut projects = backups.iter().rev().filter_map(of_backup).chain(of_config);
    let otherwise = projects.find(|project| store.protected_store(project).record_path() == record).map_or_else(
        || format!("move {} away{}", record.display(), saved_files(protected, backups.last())),
        |project| {
            let project = shell_quote(&project);
            format!("`baton project restore --replace-record {project}` restores the newest backup without it")
        },
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
