//! Checks that core.wasm was built from the current sources. The check needs no WASM compiler, so it always fails if
//! somebody changes a rule and forgets to run `core-wasm/build.sh`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::type_complexity)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

const AGAIN: &str = "run core-wasm/build.sh";

fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn digest(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}; {AGAIN}", path.display()));
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn rust_files(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

/// The contents of core.wasm.sources.
#[derive(Default)]
struct Recorded {
    /// The digest and path of every file.
    files: Vec<(String, PathBuf)>,
    /// The name, version and checksum of every locked package.
    locked: Vec<[String; 3]>,
}

fn recorded() -> Recorded {
    let text = fs::read_to_string(here().join("core.wasm.sources")).expect(AGAIN);
    let mut recorded = Recorded::default();
    for line in text.lines().filter(|line| !line.starts_with('#') && !line.starts_with("toolchain ")) {
        match *line.split_whitespace().collect::<Vec<_>>() {
            [digest, path] => recorded.files.push((digest.to_owned(), here().join(path))),
            ["locked", name, version, sum] => recorded.locked.push([name, version, sum].map(str::to_owned)),
            _ => panic!("core.wasm.sources has a line that is not understood: {line}; {AGAIN}"),
        }
    }
    recorded
}

#[test]
fn every_file_is_what_core_wasm_was_made_of() {
    for (recorded, path) in recorded().files {
        assert_eq!(recorded, digest(&path), "{} changed since core.wasm was made; {AGAIN}", path.display());
    }
}

#[test]
fn every_source_went_into_core_wasm() {
    let recorded: BTreeSet<PathBuf> = recorded().files.into_iter().map(|(_, path)| path).collect();
    let mut present: BTreeSet<PathBuf> = rust_files(&here().join("src")).into_iter().collect();
    present.extend(["core.wasm", "build.sh", "Cargo.toml"].map(|name| here().join(name)));
    assert_eq!(recorded, present, "{AGAIN}");
}

#[test]
fn every_dependency_is_locked_as_it_went_into_core_wasm() {
    let lock = fs::read_to_string(here().join("../Cargo.lock")).unwrap();
    let locked = recorded().locked;
    for name in ["serde", "serde_core", "serde_derive"] {
        assert!(locked.iter().any(|[locked, ..]| locked == name), "{name} is not in core.wasm.sources; {AGAIN}");
    }
    for [name, version, checksum] in locked {
        let (name, version) = (format!("name = \"{name}\""), format!("version = \"{version}\""));
        let checksum = format!("checksum = \"{checksum}\"");
        let fits = |package: &str| [&name, &version, &checksum].iter().all(|line| package.lines().any(|l| l == **line));
        assert!(lock.split("\n\n").any(fits), "Cargo.lock has another {name}; {AGAIN}");
    }
}
