//! A project with protected files.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::scratch::{Output, Scratch};

/// The content of a directory by path: a file's permissions and content, a link's target, a directory's permissions.
pub type Tree = BTreeMap<PathBuf, String>;

/// The project in the home's `work`, with some of its paths protected.
pub struct Project<'a> {
    scratch: &'a Scratch,
}

impl<'a> Project<'a> {
    /// Protects these paths of the home's `work`.
    pub fn protect(scratch: &'a Scratch, paths: &[&str]) -> Self {
        let project = Self { scratch };
        let dir = scratch.home().join(".config/baton");
        fs::create_dir_all(&dir).unwrap();
        let text = format!("[[protect]]\nproject = {:?}\npaths = {paths:?}\n", project.path().to_str().unwrap());
        fs::write(dir.join("config.toml"), text).unwrap();
        project
    }

    /// Protects `AGENTS.md`, which contains "mine".
    pub fn protect_agents_file(scratch: &'a Scratch) -> Self {
        let project = Self::protect(scratch, &["AGENTS.md"]);
        project.write("AGENTS.md", "mine\n");
        project
    }

    /// Returns its path.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.scratch.home().join("work")
    }

    /// Writes a file in it, and creates the directories above the file.
    pub fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().expect("a directory above")).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Sets permissions.
    pub fn chmod(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path().join(path), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// Returns a file's text, or `None` if the file does not exist.
    #[must_use]
    pub fn read(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.path().join(path)).ok()
    }

    /// Returns everything in it.
    #[must_use]
    pub fn tree(&self) -> Tree {
        let mut tree = Tree::new();
        gather(&self.path(), Path::new(""), &mut tree);
        tree
    }

    /// Runs `baton project` with these arguments.
    #[must_use]
    pub fn baton(&self, args: &[&str]) -> Output {
        self.scratch.baton(std::iter::once("project").chain(args.iter().copied())).run()
    }

    /// Returns what `baton project show` prints.
    #[must_use]
    pub fn show(&self) -> Value {
        self.baton(&["show", "--json"]).json()
    }

    /// Returns the word for its state, and the number of participants.
    #[must_use]
    pub fn state(&self) -> (String, usize) {
        let shown = self.show();
        (shown["state"].as_str().unwrap().to_owned(), shown["participants"].as_array().unwrap().len())
    }

    /// Returns the directory with its record and archives.
    #[must_use]
    pub fn protected_store(&self) -> PathBuf {
        let mut entries = fs::read_dir(self.scratch.state_dir().join("protected")).unwrap();
        entries.next().expect("protected files").unwrap().path()
    }

    /// Returns the contents of its backups or of its history, oldest first, each as path in the tar file and text.
    #[must_use]
    pub fn archives(&self, kind: &str) -> Vec<BTreeMap<String, String>> {
        let shown = self.show();
        let paths = shown[kind].as_array().unwrap().iter().map(|pack| pack["path"].as_str().unwrap().to_owned());
        paths.map(|path| unpack(Path::new(&path))).collect()
    }

    /// Returns whether some history entry has this text at this path.
    #[must_use]
    pub fn history_has(&self, path: &str, text: &str) -> bool {
        self.archives("history").iter().any(|archive| archive.get(path).is_some_and(|kept| kept == text))
    }
}

/// Returns the contents of a tar file.
fn unpack(path: &Path) -> BTreeMap<String, String> {
    let mut archive = tar::Archive::new(fs::File::open(path).unwrap());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_str().unwrap().to_owned();
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
        (name, text)
    });
    entries.collect()
}

fn gather(root: &Path, below: &Path, tree: &mut Tree) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let path = below.join(entry.unwrap().file_name());
        let full = root.join(&path);
        let meta = fs::symlink_metadata(&full).unwrap();
        let mode = meta.mode() & 0o7777;
        if meta.is_symlink() {
            tree.insert(path, format!("-> {}", fs::read_link(&full).unwrap().display()));
        } else if meta.is_dir() {
            tree.insert(path.clone(), format!("{mode:o} directory"));
            gather(root, &path, tree);
        } else {
            tree.insert(path, format!("{mode:o} {}", fs::read_to_string(&full).unwrap()));
        }
    }
}
