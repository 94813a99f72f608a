//! Whether the program that the agents call is there, and is this one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;

use super::entries::plugin;
use super::finding::Finding;
use super::patient::{Patient, version};
use crate::agents::row;
use crate::machine::{Machine, This};
use crate::wiring::find::Found;
use crate::wiring::place::{on_path, on_path_of};

pub fn check(patient: &Patient) -> Vec<Finding> {
    let mut named = BTreeSet::new();
    let mut findings = Vec::new();
    for (agent, _) in patient.agents() {
        let files = patient.hooks(agent).unwrap_or_default();
        let mut programs: BTreeSet<PathBuf> = files.iter().flat_map(|file| &file.calls).filter_map(program).collect();
        programs.extend(plugin(agent).map(|_| PathBuf::from(NAME)));
        if programs.contains(Path::new(NAME)) {
            findings.extend(unfound(patient, agent));
        }
        named.extend(programs);
    }
    named.iter().map(|path| of(path)).chain(findings).collect()
}

/// The program, where an entry leaves it to the PATH.
const NAME: &str = "baton";

/// The agent's processes that look for the program in vain. The PATH is the one that each was started with; a daemon has that of the first
/// pane.
fn unfound(patient: &Patient, agent: Agent) -> Vec<Finding> {
    let misses = |pid: &u32| This.variable(*pid, "PATH").is_some_and(|path| on_path_of(NAME, path.as_ref()).is_none());
    let tell = |pid: u32| {
        let what =
            format!("{}: pid {pid} was started with a PATH that has no baton: its hooks do nothing", row(agent).comm);
        Finding::problem("program", what, "put baton on that PATH and start it anew, or run `baton install`")
    };
    patient.living(agent).into_iter().filter(misses).map(tell).collect()
}

fn of(named: &Path) -> Finding {
    let ours = concat!("baton ", env!("CARGO_PKG_VERSION"));
    let path = if named.is_absolute() { Some(named.to_owned()) } else { on_path(NAME) };
    let Some(path) = path else {
        let what = "the entries call `baton`, which is not on the PATH here: they do nothing";
        return Finding::problem("program", what, "put baton on the PATH that the agent is started with");
    };
    match version(&path) {
        Some(said) if said == ours => Finding::ok("program", format!("{} is {said}", path.display())),
        Some(said) => {
            let what = format!("{} is {said}, this is {ours}", path.display());
            Finding::problem("program", what, "run `baton install` with the newer one")
        }
        None => Finding::problem("program", format!("{} cannot be run", path.display()), "run `baton install`"),
    }
}

/// The program of a handler: a path, or `baton` where the entry looks it up.
fn program(call: &Found) -> Option<PathBuf> {
    let command = call.value.get("command")?.as_str()?;
    if command.starts_with("if command -v") {
        return Some(PathBuf::from(NAME));
    }
    let word = command.split(" hook --agent ").next().unwrap_or(command);
    let unquoted = word.trim().trim_matches(['\'', '"']).replace(r"'\''", "'");
    Some(PathBuf::from(unquoted))
}
