//! Reads the crates of the workspace from their manifests.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use agent_baton_tests::program::workspace;

/// The manifest of one crate.
pub struct CrateManifest {
    pub name: String,
    pub dir: PathBuf,
    /// Its `[dependencies]`, by the names in the manifest.
    pub dependencies: BTreeSet<String>,
}

/// Returns every crate whose code is part of a program: core-wasm, fleet, hook, those below hook/crates, and view.
pub fn crates() -> Vec<CrateManifest> {
    let mut dirs = ["core-wasm", "fleet", "hook", "view"].map(|name| workspace().join(name)).to_vec();
    let below = fs::read_dir(workspace().join("hook/crates")).into_iter().flatten();
    dirs.extend(below.map(|entry| entry.unwrap().path()).filter(|dir| dir.join("Cargo.toml").exists()));
    dirs.sort();
    dirs.iter().map(|dir| manifest(dir)).collect()
}

fn manifest(dir: &Path) -> CrateManifest {
    let text = fs::read_to_string(dir.join("Cargo.toml")).unwrap();
    let (mut section, mut name, mut dependencies) = ("", None, BTreeSet::new());
    for line in text.lines().map(str::trim) {
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = header;
            if let Some(key) = header.strip_prefix("dependencies.") {
                dependencies.insert(key.to_owned());
            }
        } else if let Some((key, value)) = line.split_once('=') {
            let key = key.trim();
            match section {
                "package" if key == "name" => name = Some(value.trim().trim_matches('"').to_owned()),
                "dependencies" => drop(dependencies.insert(key.split('.').next().unwrap().to_owned())),
                _ => {}
            }
        }
    }
    CrateManifest {
        name: name.unwrap_or_else(|| panic!("{}: no name", dir.display())),
        dir: dir.to_owned(),
        dependencies,
    }
}
