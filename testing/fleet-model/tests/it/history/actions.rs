//! What each step does.

use agent_baton_core::event::{EventName, Source};
use agent_baton_core::fleet::FleetRun;
use agent_baton_core::id::RunId;
use agent_baton_core::loop_state::LoopLimits;
use agent_baton_core::request::{Caller, Command, Input};
use agent_baton_core::run::Run;

use super::request::prompt;
use super::step::{Action, Copied};
use super::world::{Killed, Machine, PROJECT, World, fleet, session_name};

impl World {
    pub fn take(&mut self, machine: usize, action: &Action) -> Result<(), Killed> {
        match *action {
            Action::Open { agent, session, headless } => return self.open(machine, agent, session, headless),
            Action::Prompt { agent, by_user } => {
                return self.agent_event(machine, agent, EventName::UserPromptSubmit, |event, _| {
                    event.prompt = Some(prompt(by_user));
                });
            }
            Action::Stop { agent, done } => {
                return self.agent_event(machine, agent, EventName::Stop, |event, world| {
                    let session = event.session.clone().map(|session| session.to_string()).unwrap_or_default();
                    event.stop = world.stop_facts(machine, &session, done);
                });
            }
            Action::End { agent } => {
                let ended = self.agent_event(machine, agent, EventName::SessionEnd, |_, _| {});
                self.machines[machine].agents[agent].alive = false;
                return ended;
            }
            Action::Start { .. }
            | Action::Update { .. }
            | Action::Verify { .. }
            | Action::Finish { .. }
            | Action::Cancel { .. }
            | Action::Pause { .. }
            | Action::Adopt { .. } => {
                if let Some(command) = self.command(machine, action) {
                    drop(self.act(machine, &Input::Command(Box::new(command)))?);
                }
            }
            Action::Witness => return self.witness(machine),
            Action::HandOff { session, to } if !self.is_locked(machine) => {
                return self.hand_off(machine, &session_name(session), to);
            }
            Action::PickUp { session } if !self.is_locked(machine) => {
                return self.pick_up(machine, &session_name(session));
            }
            Action::CancelHandoff { session } => return self.cancel_handoff(machine, &session_name(session)),
            _ => self.happen(machine, *action),
        }
        Ok(())
    }

    /// Opens a session, in a new process if the agent is gone. It is resumed if any machine knows it.
    fn open(&mut self, machine: usize, agent: usize, session: usize, headless: bool) -> Result<(), Killed> {
        let session = session_name(session);
        let known = self.machines.iter().any(|machine| machine.state.sessions.contains_key(&session));
        if !self.machines[machine].agents[agent].alive {
            let at = self.machines[machine].clone();
            self.machines[machine].agents[agent] = self.new_agent(&at);
        }
        let by = &mut self.machines[machine].agents[agent];
        (by.session, by.headless) = (Some(session), headless);
        let source = if known { Source::Resume } else { Source::Startup };
        self.agent_event(machine, agent, EventName::SessionStart, |event, _| event.source = Some(source))
    }

    fn agent_event(
        &mut self,
        machine: usize,
        agent: usize,
        name: EventName,
        more: impl FnOnce(&mut agent_baton_core::event::Event, &Self),
    ) -> Result<(), Killed> {
        let by = &self.machines[machine].agents[agent];
        if !by.alive || by.session.is_none() {
            return Ok(());
        }
        let process = by.process.clone();
        let mut event = self.event(machine, agent, name, None);
        more(&mut event, self);
        let lost = self.lost_run(machine, &process);
        let reached = self.act(machine, &Input::Event(Box::new(event)))?;
        if let (Some(_), Some(run)) = (reached, lost) {
            self.check_told(machine, &run, &process);
        }
        Ok(())
    }

    fn command(&mut self, machine: usize, action: &Action) -> Option<Command> {
        let of_agent = |world: &Self, agent: usize| {
            let by = world.machines[machine].agents[agent].clone();
            Some((by.session.filter(|_| by.alive)?, by.process))
        };
        match *action {
            Action::Start { agent, is_loop } => {
                let (session, process) = of_agent(self, agent)?;
                let run: RunId = format!("run-{:x}", self.bits() & 0xffff).parse().ok()?;
                let machine = Some(self.machines[machine].state.membership.machine.clone());
                let limits = LoopLimits { definition: "definition".into(), max_ms: None, patience: 0 };
                Some(Command::Start {
                    name: run.as_str().parse().ok()?,
                    run,
                    phase: None,
                    max_iterations: Some(50),
                    session: session.parse().ok()?,
                    process,
                    loop_state: is_loop.then_some(limits),
                    fleet: Some(FleetRun { fleet: fleet(), revision: 0, machine, project: PROJECT.into() }),
                })
            }
            Action::Update { agent } | Action::Verify { agent } | Action::Finish { agent } => {
                let (session, process) = of_agent(self, agent)?;
                let copy = self.unfinished(machine, &session)?;
                let (run, iteration) = (copy.id.clone(), Some(copy.iteration + 1));
                let caller = Caller { session: session.parse().ok(), ancestors: vec![process], ..Caller::default() };
                Some(match action {
                    Action::Update { .. } => {
                        Command::Update { run, caller, phase: None, iteration, max_iterations: None }
                    }
                    Action::Verify { .. } => Command::Verify { run, caller },
                    _ => Command::Finish { run, caller, failed: false, why: None },
                })
            }
            Action::Cancel { session } => {
                let run = self.unfinished(machine, &session_name(session))?.id.clone();
                Some(Command::Cancel { run, why: None })
            }
            Action::Pause { session, on } => {
                let run = self.unfinished(machine, &session_name(session))?.id.clone();
                Some(if on { Command::Pause { run, why: None } } else { Command::Continue { run } })
            }
            Action::Adopt { agent, session, take } => {
                let run = self.unfinished(machine, &session_name(session))?.id.clone();
                let (session, process) = of_agent(self, agent)?;
                Some(Command::Adopt { run, session: session.parse().ok()?, process, force: false, take })
            }
            _ => None,
        }
    }

    /// Returns the unfinished run of a session, as the copies of a machine have it.
    fn unfinished(&self, machine: usize, session: &str) -> Option<&Run> {
        let is_of = |run: &&Run| run.owner.session.as_ref().is_some_and(|id| id.as_str() == session);
        self.machines[machine].state.copies().filter(is_of).find(|run| run.status.is_unfinished())
    }

    /// What happens to the machines and the database.
    fn happen(&mut self, machine: usize, action: Action) {
        let now = self.server.primary.now_ms;
        match action {
            Action::Die { agent } => self.machines[machine].agents[agent].alive = false,
            Action::Wait { seconds } => self.server.advance(seconds * 1000),
            Action::Cut { off } => self.machines[machine].cut_off = off,
            Action::Replicate => self.server.replicate(),
            Action::Deliver => self.server.deliver(),
            Action::BackUp => self.backup = Some(self.server.primary.clone()),
            Action::RestoreDatabase => {
                if let Some(backup) = self.backup.clone() {
                    self.server.primary = backup;
                    self.server.primary.now_ms = now;
                    self.server.replicate();
                    self.known.database_restored(&self.server.primary);
                }
            }
            // What follows needs a machine on which nothing runs.
            _ if self.is_busy(machine) => {}
            Action::Reboot => self.reboot(machine),
            Action::Stall { seconds } => {
                self.server.advance(seconds * 1000);
                self.machines[machine].boot_began_ms += seconds * 1000;
            }
            Action::Copy { from, what } if from != machine && !self.is_busy(from) => self.copy(machine, from, what),
            Action::SaveState => self.machines[machine].saved = Some(self.machines[machine].state.clone()),
            Action::RestoreState => {
                if let Some(saved) = self.machines[machine].saved.clone() {
                    self.machines[machine].state = saved;
                    let state = &mut self.machines[machine].state;
                    state.leases.clear();
                    state.marker = None;
                    self.known.lost_records = true;
                }
            }
            Action::Rebuild => {
                self.machines[machine].host = format!("rebuilt-{:x}", self.machines[machine].boot_began_ms + now);
                self.reboot(machine);
            }
            _ => {}
        }
    }

    fn copy(&mut self, machine: usize, from: usize, what: Copied) {
        let original = self.machines[from].clone();
        self.known.lost_records = true;
        self.known.same_process |= what != Copied::Directory;
        if what == Copied::Running {
            self.machines[machine] = Machine { saved: None, ..original };
            return;
        }
        self.machines[machine].state = original.state;
        if what == Copied::Disk {
            self.machines[machine].host = original.host;
        }
        self.reboot(machine);
    }

    fn reboot(&mut self, machine: usize) {
        let boot = format!("boot-{:x}", self.bits() & 0xffff_ffff);
        let now = self.server.primary.now_ms;
        let at = &mut self.machines[machine];
        (at.boot, at.boot_began_ms) = (boot, now);
        at.agents.iter_mut().for_each(|agent| agent.alive = false);
    }
}
