//! `baton run with`: a run that belongs to a command, such as a script around `claude -p` or `codex exec`.

use std::ffi::OsString;
use std::time::Duration;

use agent_baton_core::process::Live;
use agent_baton_core::reason::Reason;
use agent_baton_core::request::{Caller, Command};
use agent_baton_core::run::{Run, RunName};
use clap::Args;

use crate::commands::run::supervisor::{Command as Supervised, CommandExit};
use crate::context::{Context, Outcome, current_directory};
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use crate::output::run_result::{refusal, run_label};
use baton_agents::Survivor;
use baton_display::strip_control_chars;
use baton_store::SupervisorLock;
use baton_system::environment::OwnEnvironment;
use baton_system::pane::find_pane;
use baton_system::{identity, worktree};

/// How often to check whether the running command has ended.
const POLL: Duration = Duration::from_millis(200);

/// Run a command as a run of its own.
#[derive(Args)]
pub struct With {
    /// Name of the run; a project has at most one command of a name at a time
    name: RunName,
    /// Wait until the running command of this name ends
    #[arg(long)]
    wait: bool,
    /// Continue the run even if baton cannot tell whether its earlier command is alive: you know that it is not
    #[arg(long)]
    force: bool,
    /// Make it a run of the fleet: one command of this name runs on all your machines
    #[arg(long)]
    fleet: bool,
    /// Command and its arguments
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl With {
    /// Runs the command. Ends this process as the command ended.
    ///
    /// # Errors
    /// Refused if a command of this name is still running. Also fails if the state cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        context.check_enabled()?;
        let (lock, run) = self.begin(&context)?;
        let name = run_label(&run);
        output::notice(&format!("{name} started (fence {})", run.fence));
        let end = Supervised { run: &run, arguments: &self.command }.supervise(&context)?;
        if let Some((failed, why)) = end.verdict() {
            let caller = Caller { fence: Some(run.fence), ..Caller::default() };
            let done = context.decide(Command::Finish { run: run.id.clone(), caller, failed, why });
            match done.map(|done| (done.decision.reason, done)) {
                Ok((Reason::Finished, _)) => {}
                Ok((reason, done)) => output::notice(&refusal(&context, &done, reason).in_one_line()),
                Err(error) => output::notice(&error.in_one_line()),
            }
        } else if context.run(&run.id).is_ok_and(|run| run.status.is_unfinished()) {
            output::notice(&format!("{name} is interrupted; start the same command again to continue it"));
        }
        drop(lock);
        end.exit()
    }

    /// Takes the lock of the name and starts or continues the run. Waits first if a command of this name is still
    /// running.
    fn begin(&self, context: &Context) -> Result<(SupervisorLock, Run), CommandError> {
        let directory = current_directory()?;
        let project = worktree::find_root(&directory);
        let mut told = false;
        loop {
            let refused = match context.store().lock_supervisor(project.as_deref(), &self.name)? {
                // Each request to the core leaves a line in the audit. A call that waits for hours asks again only
                // when the command may have ended.
                None if told => None,
                Some(_) if told && self.is_or_may_be_running(context, project.as_deref())? => None,
                None => Some(self.already_running(context, project.as_deref())?),
                Some(lock) => {
                    let done = self.claim_run(context, project.clone())?;
                    match (done.decision.reason, done.run()) {
                        (Reason::Started | Reason::SupervisedRunResumed, Some(run)) => return Ok((lock, run.clone())),
                        (Reason::IterationAlive, _) => {
                            let what = describe_survivors(&self.survivors(context, project.as_deref())?);
                            Some(CommandError::refused(what))
                        }
                        (Reason::OwnerAlive | Reason::OwnerUnverifiable, Some(run)) if done.elsewhere.is_some() => {
                            Some(running_elsewhere(context, &done, run))
                        }
                        (Reason::OwnerAlive, Some(run)) => Some(CommandError::refused(describe_running(context, run))),
                        (Reason::OwnerUnverifiable, run) => Some(may_be_running(context, run)),
                        (reason, _) => return Err(refusal(context, &done, reason)),
                    }
                }
            };
            if let Some(refused) = refused {
                if !self.wait {
                    return Err(refused);
                }
                if !told {
                    output::notice(&format!("{refused}; waiting until it ends"));
                    told = true;
                }
            }
            std::thread::sleep(POLL);
        }
    }

    /// Whether the first one of this name is there, or may be, or something that it started.
    fn is_or_may_be_running(&self, context: &Context, project: Option<&str>) -> Result<bool, CommandError> {
        let unfinished = self.unfinished(context, project)?;
        let may_be = unfinished.is_some_and(|run| context.owner_liveness(&context.liveness_check(), &run) != Live::No);
        Ok(may_be || !self.survivors(context, project)?.is_empty())
    }

    /// What earlier commands of this name left behind, as far as that is known.
    fn survivors(&self, context: &Context, project: Option<&str>) -> Result<Vec<Survivor>, CommandError> {
        Ok(context.survivors(project, &self.name)?.unwrap_or_default())
    }

    fn claim_run(&self, context: &Context, project: Option<String>) -> Result<Outcome, CommandError> {
        let fleet = context.new_fleet_run(self.fleet, project.as_deref())?;
        if let (Some(fleet), Some(root)) = (&fleet, &project) {
            // Another machine may have started it.
            context.refresh_project(fleet, root)?;
        }
        let run = match self.unfinished(context, project.as_deref())? {
            Some(run) => run.id,
            None => Context::new_run_id()?,
        };
        let own = context.own_process()?;
        let process = identity(&own, context.place());
        // A tool of an agent has no terminal of its own: the user sees the command in the agent's pane.
        let seen = context.inspector().outermost_agent().unwrap_or_else(|| own.clone());
        let pane = find_pane(context.inspector().system(), &OwnEnvironment, &seen);
        let survivors = context.survivors(project.as_deref(), &self.name)?;
        let survivors = survivors.map(|survivors| survivors.into_iter().map(|survivor| survivor.process).collect());
        let (name, force) = (self.name.clone(), self.force);
        context.decide(Command::With { run, name, project, process, pane, survivors, force, fleet })
    }

    /// Returns the unfinished supervised run of this name in this project. While the lock is held, there can be only
    /// one.
    fn unfinished(&self, context: &Context, project: Option<&str>) -> Result<Option<Run>, CommandError> {
        let mine = |run: &Run| {
            run.status.is_unfinished()
                && run.owner.session.is_none()
                && run.name == self.name
                && run.project.as_deref() == project
        };
        Ok(context.unfinished_runs()?.into_iter().find(mine))
    }

    /// Returns the error for a command of this name whose supervisor holds the lock.
    fn already_running(&self, context: &Context, project: Option<&str>) -> Result<CommandError, CommandError> {
        let what = match self.unfinished(context, project)? {
            Some(run) => describe_running(context, &run),
            None => format!(
                "another supervisor of this name is starting, or is stopping the command of an ended run{}",
                context.describe_lock_holder(project, &self.name, None)
            ),
        };
        Ok(CommandError::refused(what))
    }
}

/// What an earlier command left behind, with the way out.
fn describe_survivors(survivors: &[Survivor]) -> String {
    let Some(first) = survivors.first() else { return Reason::IterationAlive.sentence().to_owned() };
    let names: Vec<String> =
        survivors.iter().map(|it| format!("pid {} ({})", it.process.pid, strip_control_chars(&it.comm))).collect();
    let pids: Vec<String> = survivors.iter().map(|it| it.process.pid.to_string()).collect();
    format!(
        "run {} is not over: its command started {}, still alive. Wait for that with --wait, or end it: kill {}",
        first.run,
        names.join(", "),
        pids.join(" ")
    )
}

/// The refusal where nobody can tell whether an earlier command of this name is alive.
fn may_be_running(context: &Context, run: Option<&Run>) -> CommandError {
    let error = CommandError::refused(match run {
        Some(run) => format!(
            "{} may still be running, and baton cannot tell from here: {}",
            run_label(run),
            context.describe_supervised_command(run)
        ),
        None => "a command of this name may still be running, and baton cannot tell from here".to_owned(),
    });
    error.hint(
        "if you know that it is not running, add --force before the command. If it runs after all, two commands do one job",
    )
}

/// The refusal where the command of this name is on another machine of the fleet.
fn running_elsewhere(context: &Context, done: &Outcome, run: &Run) -> CommandError {
    let error = CommandError::refused(format!("{} is not free: {}", run_label(run), done.describe_owner(context)));
    if done.decision.reason == Reason::OwnerAlive {
        error.hint(format!("wait for it with --wait, or end it: `baton run cancel {}`", run.id))
    } else {
        error.hint("if you know that it is not running there, add --force before the command")
    }
}

fn describe_running(context: &Context, run: &Run) -> String {
    format!("{} is still running: {}", run_label(run), context.describe_supervised_command(run))
}

impl CommandExit {
    /// Returns whether the run failed, and why, or `None` if it is left interrupted.
    fn verdict(self) -> Option<(bool, Option<String>)> {
        match self {
            Self::Exited { code: 0, .. } => Some((false, None)),
            Self::Exited { code, terminated: false } => {
                Some((true, Some(format!("its command exited with status {code}"))))
            }
            Self::Exited { terminated: true, .. } | Self::Signalled(_) => None,
        }
    }
}
