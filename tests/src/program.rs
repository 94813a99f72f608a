//! The built programs, found by asking cargo for them.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, OnceLock};

use serde::Deserialize;

use crate::temporary;

/// The variable that names a `baton` to test in place of the one in this tree, such as an installed package's.
pub const PROGRAM: &str = "BATON_BIN";

/// The program under test.
pub fn baton() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| match std::env::var_os(PROGRAM) {
        Some(path) => {
            std::fs::canonicalize(&path).unwrap_or_else(|error| panic!("{PROGRAM}={}: {error}", path.display()))
        }
        None => built("agent-baton", "baton"),
    })
}

/// The fake agent.
pub fn fake_agent() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    // Cargo builds the programs of a package before its integration tests, and tells those where they are.
    BUILT.get_or_init(|| {
        std::env::var_os("CARGO_BIN_EXE_fake_agent")
            .map_or_else(|| built("agent-baton-tests", "fake_agent"), PathBuf::from)
    })
}

/// Makes a program available at `path`, under that name. The kernel names a process after its file, and `/proc/<pid>/exe` only has the
/// name where the file is a hard link, which cannot cross file systems. So each file system gets one copy of each program.
pub fn link(program: &Path, path: &Path) -> std::io::Result<()> {
    match std::fs::hard_link(program, path) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => std::fs::hard_link(copy(program), path),
        result => result,
    }
}

/// The copy of a program in the directory for temporary files, made once by each test process.
fn copy(program: &Path) -> PathBuf {
    static COPIES: Mutex<BTreeMap<PathBuf, PathBuf>> = Mutex::new(BTreeMap::new());
    let mut copies = COPIES.lock().unwrap();
    let copy = copies.entry(program.to_owned()).or_insert_with(|| {
        let copy = copies_dir().join(program.file_name().unwrap_or_default());
        // Another process makes the copy: a file that this one has open for writing cannot be executed, and neither can it while a
        // child that another thread forks still has the descriptor.
        let status = Command::new("cp").arg(program).arg(&copy).status().unwrap();
        assert!(status.success(), "cp {} {}: {status}", program.display(), copy.display());
        copy
    });
    copy.clone()
}

/// The directory of this process's copies. Those of test processes that ended are removed, for nothing runs when a test process ends.
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

/// One line of cargo's JSON, as far as it is read.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

/// Builds a program in the profile of the caller, once in each test process. `cargo test --workspace` has built it already; this is for
/// runs of one package. Cargo does not hold its lock while it runs tests.
fn built(package: &str, bin: &str) -> PathBuf {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| env!("CARGO").into()));
    cargo.args(["build", "--quiet", "--package", package, "--bin", bin, "--message-format=json-render-diagnostics"]);
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    // The directory counts: .cargo/config.toml is looked for from there.
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

/// The top of the source tree.
pub fn workspace() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("/"))
}
