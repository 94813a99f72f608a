//! Finds the built programs by asking cargo.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde::Deserialize;

use crate::temporary;

/// The variable that names a `baton` to test instead of the one in this tree, such as an installed package's.
pub const PROGRAM: &str = "BATON_BIN";

/// Returns the program under test.
pub fn baton() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match std::env::var_os(PROGRAM) {
        Some(path) => {
            std::fs::canonicalize(&path).unwrap_or_else(|error| panic!("{PROGRAM}={}: {error}", path.display()))
        }
        None => built("agent-baton", "baton"),
    })
}

/// Returns the fake agent's program.
pub fn fake_agent() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    // Cargo builds the programs of a package before its integration tests, and sets a variable with the path of each.
    BUILT.get_or_init(|| {
        std::env::var_os("CARGO_BIN_EXE_fake_agent")
            .map_or_else(|| built("agent-baton-tests", "fake_agent"), PathBuf::from)
    })
}

/// Returns the program of the live view.
pub fn baton_view() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        std::env::var_os("CARGO_BIN_EXE_baton-view").map_or_else(|| built("baton-view", "baton-view"), PathBuf::from)
    })
}

/// Returns the program that talks to the fleet's database. `baton` looks for it beside itself.
pub fn baton_fleet() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("baton-fleet", "baton-fleet"))
}

/// Returns the program that measures what a fleet costs.
pub fn bench_fleet() -> PathBuf {
    built("baton-test-postgres", "bench_fleet")
}

/// Makes a program available at `path`, under that name. The kernel names a process after its file, and
/// `/proc/<pid>/exe` shows the name only if the file is a hard link, which cannot cross file systems. So each file
/// system gets one copy of each program.
pub fn link(program: &Path, path: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(program, path) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => std::fs::hard_link(copy(program), path),
        result => result,
    }
}

/// Returns the copy of a program in the directory for temporary files. Each test process creates it once.
fn copy(program: &Path) -> PathBuf {
    static COPIES: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut copies = COPIES.lock().unwrap();
    let copy = copies.entry(program.to_owned()).or_insert_with(|| {
        let copy = copies_dir().join(program.file_name().unwrap_or_default());
        // Let another process make the copy. A file that this process has open for writing cannot be executed, and
        // neither can it while a child forked by another thread still has the descriptor.
        let status = Command::new("cp").arg(program).arg(&copy).status().unwrap();
        assert!(status.success(), "cp {} {}: {status}", program.display(), copy.display());
        copy
    });
    copy.clone()
}

/// Returns the directory of this process' copies. Also removes those of test processes that have ended, because no
/// code runs when a test process ends.
fn copies_dir() -> &'static Path {
    const PREFIX: &str = "baton-programs-";
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| {
        for entry in temporary::dir().read_dir().unwrap().flatten() {
            let name = entry.file_name();
            let pid = name.to_str().and_then(|name| name.strip_prefix(PREFIX)?.split('-').next());
            if pid.is_some_and(|pid| !Path::new("/proc").join(pid).exists()) {
                drop(std::fs::remove_dir_all(entry.path()));
            }
        }
        let prefix = format!("{PREFIX}{}-", std::process::id());
        tempfile::Builder::new().prefix(&prefix).tempdir_in(temporary::dir()).unwrap().keep()
    })
}

/// The fields of a line of cargo's JSON that are read.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

/// Builds a program in the profile of the caller, once per test process. `cargo test --workspace` has built it
/// already, so this is for runs of one package. Cargo does not hold its lock while it runs tests.
fn built(package: &str, bin: &str) -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
    cargo.args(["build", "--quiet", "--package", package, "--bin", bin, "--message-format=json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    // The directory matters: cargo looks for .cargo/config.toml from there.
    cargo.current_dir(workspace()).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = cargo.output().unwrap_or_else(|error| panic!("{cargo:?}: {error}"));
    assert!(output.status.success(), "{cargo:?}: {}", output.status);
    output
        .stdout
        .split(|&byte| byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Message>(line).ok()?.executable)
        .next_back()
        .unwrap_or_else(|| panic!("{cargo:?} named no program"))
}

/// Returns the root of the source tree.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"))
}
