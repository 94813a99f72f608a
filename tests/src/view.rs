//! Describes the state in words that do not change from one run of a test to the next.

use agent_baton_core::pane::Pane;
use agent_baton_core::process::Process;
use agent_baton_core::run::Run;
use agent_baton_core::session::{Launch, Session};

use crate::state::{Kept, State};

/// Replaces ids and pids in a view by names.
pub trait Names {
    /// Returns the label of a session.
    fn session(&self, id: &str) -> String;
    /// Returns the label of a run.
    fn run(&self, id: &str) -> String;
    /// Returns the label of a process.
    fn process(&self, process: &Process) -> String;
    /// Returns whether the process is alive.
    fn lives(&self, process: &Process) -> bool;
    /// Returns a path relative to the home directory.
    fn path(&self, path: &str) -> String;
}

/// Returns one line per session, then one per run, in the order of their labels.
#[must_use]
pub fn lines(state: &State, names: &impl Names) -> Vec<String> {
    let mut sessions: Vec<String> = state.sessions().iter().map(|kept| session(kept, names)).collect();
    sessions.sort_unstable();
    let mut runs: Vec<String> = state.runs().iter().map(|kept| run(kept, names)).collect();
    runs.sort_unstable();
    sessions.into_iter().chain(runs).collect()
}

fn session(Kept { record, archived }: &Kept<Session>, names: &impl Names) -> String {
    let mut line = names.session(record.id.as_str());
    for (holds, word) in [
        (*archived, " archived"),
        (record.prompted, " prompted"),
        (record.has_context, " context"),
        (record.pinned, " pinned"),
        (record.outbox.iter().any(|entry| !entry.id.reason.is_standing()), " not notified"),
    ] {
        if holds {
            line.push_str(word);
        }
    }
    if let Some(end) = &record.ended {
        line.push_str(&format!(" ended({})", end.reason));
    }
    if let Some(project) = &record.project {
        line.push_str(&format!(" in {}", names.path(project)));
    }
    let launches: Vec<String> = record.launches.iter().map(|one| launch(one, names)).collect();
    let runs: Vec<String> = record.runs.iter().map(|id| names.run(id.as_str())).collect();
    line.push_str(&format!(": {}", launches.join(", ")));
    if !runs.is_empty() {
        line.push_str(&format!("; owns {}", runs.join(", ")));
    }
    line
}

fn launch(launch: &Launch, names: &impl Names) -> String {
    let mut text = format!("{} {}", names.process(&launch.process), pane(&launch.pane));
    match &launch.ended {
        Some(end) => text.push_str(&format!(" {}", end.reason)),
        None if names.lives(&launch.process) => {}
        None => text.push_str(" gone"),
    }
    text
}

fn pane(pane: &Pane) -> String {
    match pane {
        Pane::Tmux { pane, .. } => pane.clone(),
        Pane::Zellij { session, pane } => format!("zellij {session} {pane}"),
        // The number of a terminal is whatever was free.
        Pane::Tty { .. } => "tty".to_owned(),
        Pane::Unknown => "-".to_owned(),
    }
}

fn run(Kept { record, archived }: &Kept<Run>, names: &impl Names) -> String {
    let mut line = format!("{} {}", names.run(record.id.as_str()), record.name.as_str());
    if *archived {
        line.push_str(" archived");
    }
    let owner = &record.owner;
    line.push_str(&format!(
        " {}, owner {} in {} {}, fence {}",
        record.status.name(),
        names.session(owner.session.as_ref().map_or("", |id| id.as_str())),
        names.process(&owner.process),
        pane(&owner.pane),
        record.fence,
    ));
    if record.iteration > 0 {
        line.push_str(&format!(", iteration {}", record.iteration));
    }
    for old in &record.history {
        let from = names.process(&old.from.process);
        line.push_str(&format!(
            ", {} from {} in {from}",
            old.reason,
            names.session(old.from.session.as_ref().map_or("", |id| id.as_str()))
        ));
    }
    line
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::{Value, json};

    use super::*;

    struct Labels;

    impl Names for Labels {
        fn session(&self, id: &str) -> String {
            id.to_uppercase()
        }
        fn run(&self, id: &str) -> String {
            id.to_uppercase()
        }
        fn process(&self, process: &Process) -> String {
            format!("P{}", process.pid)
        }
        fn lives(&self, process: &Process) -> bool {
            process.pid != 2
        }
        fn path(&self, path: &str) -> String {
            path.replace("/h", "~")
        }
    }

    #[test]
    fn a_state_is_told_without_what_changes_from_run_to_run() {
        let stamp = json!({"unix_ms": 5, "boot": "b", "boot_ms": 5});
        let process = |pid: u32| json!({"pid": pid, "start": 7, "boot": "b", "machine": "m", "pidns": 1});
        let launch = |pid: u32, pane: Value, ended: Value| {
            json!({"process": process(pid), "pane": pane, "source": null, "started": stamp, "ended": ended,
                "lock": null})
        };
        let tmux = json!({"mux": "tmux", "server": "/s", "pane": "%1"});
        let end = json!({"at": stamp, "reason": "ended"});
        let launches = [
            launch(1, tmux.clone(), end),
            launch(2, json!({"mux": "tty", "tty": "pts/9"}), json!(null)),
            launch(3, json!({"mux": "unknown"}), json!(null)),
        ];
        let session = json!({"id": "a", "agent": "claude", "revision": 1, "project": "/h/work", "cwd": null,
            "transcript": null, "launches": launches, "runs": ["r1"], "runs_ended": 0, "prompted": true, "has_context": false,
            "pinned": false, "created": stamp, "updated": stamp, "ended": null, "deliveries": []});
        let owner = |pid: u32| json!({"agent": "claude", "session": "a", "process": process(pid), "pane": tmux});
        let run = json!({"id": "r1", "revision": 2, "name": "demo", "status": "active", "phase": null, "iteration": 3,
            "max_iterations": null, "owner": owner(3), "fence": 2, "project": null, "created": stamp, "updated": stamp,
            "history": [{"fence": 2, "from": owner(1), "at": stamp, "reason": "resumed_same_session"}],
            "finished": null, "stop_reason": null});
        let files = [("sessions/a.json", session), ("archive/runs/r1.json", run)];
        let files = files.map(|(path, record)| (PathBuf::from(path), record.to_string().into_bytes()));
        assert_eq!(
            lines(&State { files: files.into() }, &Labels),
            [
                "A prompted in ~/work: P1 %1 ended, P2 tty gone, P3 -; owns R1",
                "R1 demo archived active, owner A in P3 %1, fence 2, iteration 3, resumed_same_session from A in P1",
            ]
        );
    }
}
