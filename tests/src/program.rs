//! The built programs, found by asking cargo for them.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde::Deserialize;

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

/// The fake agent for an agent.
pub fn fake_agent() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| built("agent-baton-tests", "fake_agent"))
}

/// One line of cargo's JSON, as far as it is read.
#[derive(Deserialize)]
struct Message {
    executable: Option<PathBuf>,
}

/// Builds a program in the profile of the caller. Cargo has let go of its lock by the time that it runs a test.
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
