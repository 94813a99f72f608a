use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use agent_baton_core::timestamp::Timestamp;

use super::entry::{Digest, Entry, Mode};
use super::limits::{MAX_ENTRIES, MAX_FILE_BYTES};
use super::project_dir::{PathError, ProjectDir, ProjectDirError, rename_no_replace};
use super::restore_plan::{ChangeEvidence, RestorePlan};
use super::scan::Scan;
use super::state::ProjectRecord;
use super::tar_archive::{ArchiveError, FileArchive, Manifest};
use baton_engine::config::RelativePath;
use baton_engine::directory_id::DirectoryId;

fn inside(path: &str) -> RelativePath {
    RelativePath::try_from(PathBuf::from(path)).unwrap()
}

fn stamp() -> Timestamp {
    Timestamp { unix_ms: 1_700_000_000_000, boot: "b".to_owned(), boot_ms: 1 }
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn scan_paths(root: &ProjectDir, paths: &[&str]) -> Scan {
    Scan::run(root, &paths.iter().map(|path| inside(path)).collect::<Vec<_>>(), |_| false, None)
}

/// Returns the archive that saving these paths gives.
fn archive(dir: &Path, paths: &[&str]) -> FileArchive {
    let root = ProjectDir::open(dir).unwrap();
    let scan = scan_paths(&root, paths);
    let mut manifest = Manifest::new("/p".to_owned(), root.id().unwrap(), stamp());
    manifest.paths = paths.iter().map(|path| inside(path)).collect();
    manifest.parents = scan.parents;
    let mut files = BTreeMap::new();
    for (path, standing) in scan.entries {
        files.extend(standing.content.map(|content| (path.clone(), content)));
        manifest.entries.insert(path, standing.entry);
    }
    FileArchive { manifest, files, saved: BTreeMap::new() }
}

#[test]
fn an_archive_reads_as_it_was_written_and_not_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    let long = format!("d/{}", "long-name/".repeat(20));
    write(dir.path(), "AGENTS.md", "mine\n");
    write(dir.path(), &format!("{long}file"), "deep\n");
    symlink("AGENTS.md", dir.path().join("d/link")).unwrap();
    let saved = archive(dir.path(), &["AGENTS.md", "d"]);
    let bytes = saved.to_bytes().unwrap();
    assert_eq!(FileArchive::parse(&bytes).unwrap(), saved);
    for cut in (0..bytes.len()).step_by(97) {
        let torn = FileArchive::parse(&bytes[..cut]);
        // A tar file ends with empty blocks, whose loss does no harm.
        assert!(torn.is_err() || torn.unwrap() == saved, "{cut}");
    }
    let at = bytes.windows(5).rposition(|window| window == b"mine\n").unwrap();
    let mut damaged = bytes;
    damaged[at] ^= 1;
    assert!(matches!(FileArchive::parse(&damaged), Err(ArchiveError::Damaged(_))));
}

#[test]
fn nothing_is_reached_through_a_symbolic_link() {
    let dir = tempfile::tempdir().unwrap();
    let (project, outside) = (dir.path().join("project"), dir.path().join("outside"));
    write(&outside, "file", "theirs\n");
    fs::create_dir(&project).unwrap();
    symlink(&outside, project.join("link")).unwrap();
    let root = ProjectDir::open(&project).unwrap();
    let below = inside("link/file");
    let entry = Entry::File { mode: Mode::try_from(0o600).unwrap(), bytes: 1, sha256: Digest::of(b"x") };
    let obstacle = |error: ProjectDirError| match error {
        ProjectDirError::Path(obstacle) => obstacle,
        ProjectDirError::Io(error) => panic!("{error}"),
    };
    assert_eq!(obstacle(root.read_entry(&below).unwrap_err()), PathError::SymlinkInPath);
    assert_eq!(obstacle(root.write_entry(&below, &entry, b"x", None).unwrap_err()), PathError::SymlinkInPath);
    assert_eq!(
        obstacle(root.make_directory(&inside("link/new"), Mode::try_from(0o700).unwrap()).unwrap_err()),
        PathError::SymlinkInPath
    );
    assert!(root.clear_temporary(&below).is_ok());
    assert!(matches!(root.read_entry(&inside("link")).unwrap().unwrap().entry, Entry::Link { .. }));
    assert!(root.list_names(&inside("link")).is_err());
    assert_eq!(fs::read_dir(&outside).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(outside.join("file")).unwrap(), "theirs\n");
}

#[test]
fn a_file_that_changed_meanwhile_is_not_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "file", "seen\n");
    let root = ProjectDir::open(dir.path()).unwrap();
    let seen = root.read_entry(&inside("file")).unwrap().unwrap();
    write(dir.path(), "file", "changed\n");
    let put = root.write_entry(&inside("file"), &seen.entry, b"seen\n", Some(seen.stamp));
    assert!(matches!(put, Err(ProjectDirError::Path(PathError::ChangedMeanwhile))), "{put:?}");
    assert!(matches!(root.remove(&inside("file"), &seen), Err(ProjectDirError::Path(PathError::ChangedMeanwhile))));
    assert_eq!(fs::read_to_string(dir.path().join("file")).unwrap(), "changed\n");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1, "no temporary file is left");
}

/// An editor may create the file between the check and the rename.
#[test]
fn a_file_that_came_meanwhile_is_not_replaced() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "new", "ours\n");
    write(dir.path(), "theirs", "theirs\n");
    let above = nix::fcntl::open(dir.path(), nix::fcntl::OFlag::O_RDONLY, nix::sys::stat::Mode::empty()).unwrap();
    let put = |name: &str| rename_no_replace(&above, "new", name.as_ref());
    assert!(matches!(put("theirs"), Err(ProjectDirError::Path(PathError::ChangedMeanwhile))));
    assert_eq!(fs::read_to_string(dir.path().join("theirs")).unwrap(), "theirs\n");
    put("absent").unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("absent")).unwrap(), "ours\n");
}

#[test]
fn what_is_too_large_or_no_file_is_refused_and_the_rest_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "d/good", "mine\n");
    fs::File::create(dir.path().join("d/large")).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    nix::unistd::mkfifo(&dir.path().join("d/pipe"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for n in 0..=MAX_ENTRIES {
        write(dir.path(), &format!("many/{n}"), "");
    }
    let scan = scan_paths(&ProjectDir::open(dir.path()).unwrap(), &["d", "many", "absent"]);
    let entries: Vec<_> = scan.entries.keys().map(|path| path.path().to_str().unwrap()).collect();
    assert_eq!(entries, ["d", "d/good"]);
    let skipped: Vec<_> =
        scan.skipped.iter().map(|(path, why)| (path.path().to_str().unwrap(), why.retryable)).collect();
    assert_eq!(skipped, [("d/large", false), ("d/pipe", false), ("many", false)]);
}

/// A directory that a tool has filled is not scanned completely, and its saved files are restored nevertheless.
#[test]
fn what_was_saved_is_found_in_a_crowd() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "d/mine", "mine\n");
    let backup = archive(dir.path(), &["d"]);
    write(dir.path(), "d/mine", "the tool's\n");
    for n in 0..=MAX_ENTRIES {
        write(dir.path(), &format!("d/{n}"), "");
    }
    let root = ProjectDir::open(dir.path()).unwrap();
    let scan = scan_paths(&root, &["d"]).with_known_paths(&root, backup.manifest.entries.keys(), None);
    let plan = RestorePlan::new(&backup.manifest, &scan, &ChangeEvidence::SessionsUntilNow);
    assert_eq!((plan.write, plan.remove), (vec![inside("d/mine")], vec![]));
    assert!(plan.kept.contains_key(&inside("d")));
}

#[test]
fn what_is_not_the_sessions_work_is_left() {
    let dir = tempfile::tempdir().unwrap();
    for path in ["same", "changed", "gone", "d/deep"] {
        write(dir.path(), path, "mine\n");
    }
    let paths = ["same", "changed", "gone", "new", "d"];
    let backup = archive(dir.path(), &paths);
    write(dir.path(), "changed", "other\n");
    write(dir.path(), "new", "new\n");
    write(dir.path(), "d/new", "new\n");
    fs::remove_file(dir.path().join("gone")).unwrap();
    let root = ProjectDir::open(dir.path()).unwrap();
    let now = scan_paths(&root, &paths);
    let seen: BTreeMap<RelativePath, Entry> =
        now.entries.iter().map(|(path, at)| (path.clone(), at.entry.clone())).collect();
    let before: BTreeMap<RelativePath, Entry> = backup.manifest.entries.clone();
    let all = (vec!["changed", "gone"], vec!["d/new", "new"], vec![]);
    // A missing file is restored whoever removed it, because nothing is lost by that.
    let none = (vec!["gone"], vec![], vec!["changed", "d/new", "new"]);
    let cases = [
        ("sessions were there", ChangeEvidence::SessionsUntilNow, &all),
        ("it is what stood there when the last one left", ChangeEvidence::SeenAtExit(seen), &all),
        ("it changed after the last one left", ChangeEvidence::SeenAtExit(before), &none),
        ("nobody was there since the boot, and it is older", ChangeEvidence::NoSessionsSince(u64::MAX), &all),
        ("nobody was there since the boot, and it is newer", ChangeEvidence::NoSessionsSince(1), &none),
    ];
    for (name, evidence, (put, remove, left)) in cases {
        let plan = RestorePlan::new(&backup.manifest, &now, &evidence);
        let words = |paths: &[RelativePath]| {
            paths.iter().map(|path| path.path().to_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(&words(&plan.write), put, "{name}");
        assert_eq!(&words(&plan.remove), remove, "{name}");
        assert_eq!(&words(&plan.kept.keys().cloned().collect::<Vec<_>>()), left, "{name}");
    }
}

#[test]
fn another_directory_at_the_same_path_is_another() {
    let at = |device, inode| DirectoryId { device, inode };
    for (other, may_be) in [(at(1, 2), true), (at(9, 2), true), (at(1, 9), true), (at(9, 9), false)] {
        assert_eq!(at(1, 2).may_be_same_as(other), may_be, "{other:?}");
    }
}

#[test]
fn a_record_is_of_its_project_and_of_this_form() {
    let record = ProjectRecord::new("/p".to_owned());
    let text = serde_json::to_string(&record).unwrap();
    assert_eq!(ProjectRecord::parse(text.as_bytes(), Some("/p")).unwrap(), record);
    for (text, word) in [
        (text.replace("/p", "/q"), "another project"),
        (text.replace("\"format\":1", "\"format\":2"), "format 2"),
        (text.replace("idle", "asleep"), "not a project record"),
        (text[..text.len() - 1].to_owned(), "not a project record"),
    ] {
        let why = ProjectRecord::parse(text.as_bytes(), Some("/p")).unwrap_err();
        assert!(why.contains(word), "{why}");
    }
}
