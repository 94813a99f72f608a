//! Whether the program that the agents call is there, and is this one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::finding::Finding;
use super::patient::{Patient, version};
use crate::wiring::find::Found;
use crate::wiring::place::on_path;

pub fn check(patient: &Patient) -> Vec<Finding> {
    let files = patient.agents().into_iter().filter_map(|(agent, _)| patient.hooks(agent).ok()).flatten();
    let calls: Vec<Found> = files.flat_map(|file| file.calls).collect();
    let named: BTreeSet<PathBuf> = calls.iter().filter_map(program).collect();
    named.iter().map(|path| of(path)).collect()
}

fn of(named: &Path) -> Finding {
    let ours = concat!("baton ", env!("CARGO_PKG_VERSION"));
    let path = if named.is_absolute() { Some(named.to_owned()) } else { on_path("baton") };
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
        return Some(PathBuf::from("baton"));
    }
    let word = command.split(" hook --agent ").next().unwrap_or(command);
    let unquoted = word.trim().trim_matches(['\'', '"']).replace(r"'\''", "'");
    Some(PathBuf::from(unquoted))
}
