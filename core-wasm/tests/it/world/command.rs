//! Supervised commands, their supervisors, and their descendants.

use agent_baton_core::decision::Decision;
use agent_baton_core::fence::Fence;
use agent_baton_core::process::{CommandProbe, LockState, Process, ProcessState};
use agent_baton_core::request::Command;
use agent_baton_core::supervisor_claim::SupervisorClaim;

use super::World;

impl World {
    /// `with r S1`: the supervisor S1 starts or continues the run r.
    pub(super) fn with(&mut self, run: &str, supervisor: &str, force: bool) -> Decision {
        let survivors = self.survivors.iter().map(|name| self.actors[name].process.clone()).collect();
        let survivors = (!self.blind_to_survivors).then_some(survivors);
        let actor = self.actor(supervisor);
        self.command(Command::With {
            run: run.parse().unwrap(),
            name: run.parse().unwrap(),
            project: Some("/w".into()),
            process: actor.process,
            pane: actor.pane,
            survivors,
            force,
            fleet: None,
        })
    }

    /// `survives K1 P1`: these processes, which a command started, are alive; without any, nobody can tell.
    pub(super) fn survive(&mut self, names: &[&str]) {
        for name in names {
            self.actor(name);
        }
        self.blind_to_survivors = names.is_empty();
        self.survivors = names.iter().map(|name| (*name).to_owned()).collect();
    }

    /// `attach r #1 K1`: the process K1 becomes the command of r, with this fence.
    pub(super) fn attach(&mut self, run: &str, fence: &str, child: &str) -> Decision {
        let child = self.actor(child).process;
        self.command(Command::Attach { run: run.parse().unwrap(), fence: number(fence), child })
    }

    /// `below r #1 K1 P1`: the environment of the next event names this run and fence, and these processes are its
    /// ancestors. The nearest agent, if any, is the last of them but not the first.
    pub(super) fn run_below(&mut self, run: &str, fence: &str, above: &[&str]) {
        let ancestors = above.iter().map(|name| self.actor(name).process).collect();
        let nested_in = above.iter().find(|name| name.starts_with('P')).map(|name| self.actor(name).process);
        self.claim = Some(SupervisorClaim { run: run.parse().unwrap(), fence: number(fence), ancestors, nested_in });
    }

    pub(super) fn claim_of(&self, process: &Process) -> Option<SupervisorClaim> {
        let mut claim = self.claim.clone()?;
        claim.ancestors.insert(0, process.clone());
        Some(claim)
    }

    pub(super) fn command_probes(&self) -> Vec<CommandProbe> {
        let state = |process: &Process| {
            let actor = self.actors.values().find(|actor| actor.process == *process);
            actor.map_or(ProcessState::Gone, |actor| if actor.blind { ProcessState::Unreadable } else { actor.state })
        };
        let runs = self.runs.values().map(|(run, _)| run).filter(|run| run.owner.session.is_none());
        runs.map(|run| CommandProbe {
            run: run.id.clone(),
            supervisor: run.owner.process.clone(),
            state: state(&run.owner.process),
            child: run.owner.child.clone(),
            child_state: run.owner.child.as_ref().map(state),
            lock: if self.held.iter().any(|held| held == run.id.as_str()) {
                LockState::Held
            } else {
                LockState::Released
            },
            survivors: Vec::new(),
        })
        .collect()
    }
}

fn number(text: &str) -> Fence {
    Fence(text.trim_start_matches('#').parse().unwrap())
}
