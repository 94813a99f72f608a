//! Checks that the program that the agents call exists, and that it is this one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;

use super::entries::plugin;
use super::finding::Finding;
use super::installation::{Installation, version};
use baton_agents::spec;
use baton_installer::find_hooks::FoundHook;
use baton_installer::locations::on_path_of;
use baton_system::{CurrentSystem, System};

pub fn check(installation: &Installation) -> Vec<Finding> {
    let mut named = BTreeSet::new();
    let mut findings = Vec::new();
    for (agent, _) in installation.agents() {
        let files = installation.hooks(agent).unwrap_or_default();
        let mut programs: BTreeSet<PathBuf> = files.iter().flat_map(|file| &file.calls).filter_map(program).collect();
        programs.extend(plugin(agent).map(|_| PathBuf::from(PROGRAM_NAME)));
        if programs.contains(Path::new(PROGRAM_NAME)) {
            findings.extend(missing_on_path(installation, agent));
        }
        named.extend(programs);
    }
    named.iter().map(|path| check_one(path)).chain(findings).collect()
}

/// The name of the program in an entry that leaves its path to the PATH.
const PROGRAM_NAME: &str = "baton";

/// Returns the agent's processes that cannot find the program. The PATH that counts is the one each was started with.
/// A daemon has that of its first pane.
fn missing_on_path(installation: &Installation, agent: Agent) -> Vec<Finding> {
    let misses = |pid: &u32| {
        CurrentSystem.variable(*pid, "PATH").is_some_and(|path| on_path_of(PROGRAM_NAME, path.as_ref()).is_none())
    };
    let tell = |pid: u32| {
        let what =
            format!("{}: pid {pid} was started with a PATH without baton, so its hooks do nothing", spec(agent).comm);
        Finding::problem("program", what, "put baton on that PATH and restart the agent, or run `baton install`")
    };
    installation.live_pids(agent).into_iter().filter(misses).map(tell).collect()
}

fn check_one(named: &Path) -> Finding {
    let ours = concat!("baton ", env!("CARGO_PKG_VERSION"));
    let path = if named.is_absolute() { Some(named.to_owned()) } else { baton_fs::program::find(PROGRAM_NAME) };
    let Some(path) = path else {
        let what = "the entries call `baton`, which is not on the PATH here, so they do nothing";
        return Finding::problem("program", what, "put baton on the PATH that the agent is started with");
    };
    match version(&path) {
        Some(found) if found == ours => Finding::ok("program", format!("{} is {found}", path.display())),
        Some(found) => {
            let what = format!("{} is {found}, this is {ours}", path.display());
            Finding::problem("program", what, "run `baton install` with the newer one")
        }
        None => Finding::problem("program", format!("{} cannot be run", path.display()), "run `baton install`"),
    }
}

/// Returns the program of a handler: a path, or `baton` if the entry looks it up.
fn program(call: &FoundHook) -> Option<PathBuf> {
    let command = call.value.get("command")?.as_str()?;
    if command.starts_with("if command -v") {
        return Some(PathBuf::from(PROGRAM_NAME));
    }
    let word = command.split(" hook --agent ").next().unwrap_or(command);
    let unquoted = word.trim().trim_matches(['\'', '"']).replace(r"'\''", "'");
    Some(PathBuf::from(unquoted))
}
