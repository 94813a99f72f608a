//! An installation in a test: a home with the agents' configuration, and the program at its final place.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::program;
use crate::scratch::{Call, Output, Scratch};

/// The home of one test.
pub struct Installation {
    /// Its directories.
    pub scratch: Scratch,
    program: PathBuf,
}

impl Default for Installation {
    fn default() -> Self {
        Self::new()
    }
}

impl Installation {
    /// Creates a home with empty directories of both agents, and no agent on the PATH. The program is already where
    /// install would copy it, so only the test of the copy waits for that.
    #[must_use]
    pub fn new() -> Self {
        let scratch = Scratch::new();
        let program = scratch.home().join(".local/share/baton/bin/baton");
        fs::create_dir_all(program.parent().unwrap()).unwrap();
        program::link(program::baton(), &program).unwrap();
        for dir in [".claude", ".codex"] {
            fs::create_dir(scratch.home().join(dir)).unwrap();
        }
        Self { scratch, program }
    }

    /// Returns a path below the home.
    #[must_use]
    pub fn at(&self, path: &str) -> PathBuf {
        self.scratch.home().join(path)
    }

    /// Returns the program that the entries name.
    #[must_use]
    pub fn program(&self) -> &Path {
        &self.program
    }

    /// Writes a file below the home.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        fs::write(self.at(path), bytes).unwrap();
    }

    /// Reads a file below the home.
    #[must_use]
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.at(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Puts a shell script of this name on the PATH.
    pub fn script(&self, name: &str, text: &str) {
        let path = self.scripts().join(name);
        fs::create_dir_all(self.scripts()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// Returns the first directory on the PATH. It is not the one of the fake agents, which have the agents' names,
    /// too.
    #[must_use]
    pub fn scripts(&self) -> PathBuf {
        self.scratch.root().join("scripts")
    }

    /// Returns a call of the program. `words` are separated by blanks.
    #[must_use]
    pub fn call(&self, words: &str) -> Call {
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.scripts().display());
        self.scratch.program(&self.program, words.split_whitespace()).env("PATH", path)
    }

    /// Runs the program until it exits.
    pub fn run(&self, words: &str) -> Output {
        self.call(words).run()
    }

    /// Runs the program and checks that it exits with 0.
    pub fn done(&self, words: &str) -> Output {
        let output = self.run(words);
        assert_eq!(output.code, Some(0), "{words}: {output:?}");
        output
    }

    /// Returns every file below the home except the program, with its bytes. A directory is listed by its name, and a
    /// symlink with its target.
    #[must_use]
    pub fn tree(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut tree = BTreeMap::new();
        let mut dirs = vec![self.scratch.home()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let meta = fs::symlink_metadata(&path).unwrap();
                let content = if meta.is_symlink() {
                    fs::read_link(&path).unwrap().into_os_string().into_encoded_bytes()
                } else if meta.is_dir() {
                    dirs.push(path.clone());
                    Vec::new()
                } else if path == self.program {
                    continue;
                } else {
                    fs::read(&path).unwrap()
                };
                tree.insert(path, content);
            }
        }
        tree
    }
}
