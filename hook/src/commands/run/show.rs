//! `baton run show`.

use agent_baton_core::process::Live;
use agent_baton_core::run::{Run, Status};
use agent_baton_core::timestamp::Timestamp;
use baton_display::{format_count, format_local, format_stop_reason, pane_label, strip_control_chars};
use clap::Args;

use crate::args;
use crate::context::{Context, FleetOwners, LoopCheck};
use crate::error::CommandError;
use crate::output;
use baton_engine::discovery::ForeignLoop;
use baton_status::{RemoteRun, RunView, SessionReader, is_handed_over, run_status_word};

/// Show everything about one run.
#[derive(Args)]
pub struct Show {
    /// Run id or a unique part of it, its name, or the id of a loop that `baton session discover` found
    run: String,
    /// Print the run as JSON
    #[arg(long)]
    json: bool,
}

impl Show {
    /// Shows the run.
    ///
    /// # Errors
    /// Returns an error if no run matches, if several match, or if the record cannot be read.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let reader = context.session_reader();
        let run = match args::run::resolve_in(&context, &self.run, false) {
            Err(error) if error.is_not_found() => {
                if let Some(remote) = find_row(reader.remote_rows(), &self.run)? {
                    return self.print(&context, &reader, &remote.run);
                }
                let found = args::foreign_loop::resolve(&context, &self.run, error)?;
                return if self.json {
                    output::print_json(&found)
                } else {
                    output::print(&loop_text(&context, &found))
                };
            }
            found => context.run(&found?)?,
        };
        self.print(&context, &reader, &run)
    }

    fn print(&self, context: &Context, reader: &SessionReader<'_>, run: &Run) -> Result<(), CommandError> {
        let remote = run.fleet.as_ref().and_then(|_| reader.others().of_copy(run));
        let (live, view) = match &remote {
            Some(remote) => (remote.live(), RunView::remote(remote, reader.others().machines())),
            None => {
                let live = context.owner_liveness(&context.liveness_check(), run);
                (live, RunView::new(run, live, context.left_for(run)))
            }
        };
        if self.json { output::print_json(&view) } else { output::print(&text(context, run, live, remote.as_ref())) }
    }
}

/// Finds a run of another machine that has no record here, by its id, by its name, or by the beginning of its id.
fn find_row(rows: Vec<RemoteRun>, text: &str) -> Result<Option<RemoteRun>, CommandError> {
    let is_named = |row: &RemoteRun| row.run.id.as_str() == text || row.run.name.as_str() == text;
    let (named, others): (Vec<_>, Vec<_>) = rows.into_iter().partition(is_named);
    let begun = || others.into_iter().filter(|row| row.run.id.as_str().starts_with(text)).collect();
    let mut found = if named.is_empty() { begun() } else { named };
    if found.len() > 1 {
        let candidates = found.iter().map(|row| format!("  {}  \"{}\"", row.run.id, row.run.name.as_str())).collect();
        let count = found.len();
        let text = strip_control_chars(text);
        return Err(CommandError::ambiguous(format!("{count} runs of other machines match \"{text}\""), candidates));
    }
    Ok(found.pop())
}

fn text(context: &Context, run: &Run, live: Live, remote: Option<&RemoteRun>) -> String {
    let (now, fleet) = (context.now(), &FleetOwners::new(context));
    let owner = match (run.status.is_unfinished(), live) {
        (false, _) => "",
        _ if is_handed_over(run) => "",
        (true, Live::Yes) => ", alive",
        (true, Live::No) => ", gone",
        (true, Live::Unknown) => ", liveness unknown",
    };
    let turns = run.max_iterations.map_or_else(String::new, |max| format!(" of {max}"));
    let pane = pane_label(&run.owner.pane);
    let machine = fleet.describe(run);
    let place = if is_handed_over(run) {
        let where_it_is = fleet.describe_handoff(run);
        where_it_is
            .unwrap_or_else(|| "no machine goes on with it until its session is picked up and resumed".to_owned())
    } else if let Some(machine) = machine.as_ref().filter(|_| fleet.is_elsewhere(run)) {
        format!("on {machine}")
    } else if run.owner.session.is_some() {
        format!("pid {} in {pane}", run.owner.process.pid)
    } else {
        format!("in {pane}")
    };
    let mut rows = vec![
        ("run", format!("{} ({})", run.name.as_str(), run.id)),
        ("status", format!("{}{}", status(context, run, live, remote), background_work(run, &now))),
        ("iteration", format!("{}{turns}", run.iteration)),
        (
            "owner",
            match (run.owner.agent, &run.owner.session) {
                (Some(agent), Some(session)) => format!("{agent} session {session}"),
                _ if fleet.is_elsewhere(run) => "a command".to_owned(),
                _ => format!("a command: {}", context.describe_supervised_command(run)),
            },
        ),
        ("", format!("{place}{owner}")),
        ("fence", run.fence.to_string()),
        ("started", format_local(&run.created, &now)),
    ];
    if let Some(session) = context.left_for(run) {
        let take = format!("`baton run adopt {} --take --session {session}` takes the run along", run.id);
        rows.insert(5, ("left", format!("you went on with session {session} there; {take}")));
    }
    if let Some(in_fleet) = &run.fleet {
        rows.push(("fleet", strip_control_chars(&format!("{} (revision {})", in_fleet.project, in_fleet.revision))));
        rows.extend(machine.filter(|_| !fleet.is_elsewhere(run)).map(|machine| ("machine", machine)));
    }
    if let Some(phase) = &run.phase {
        rows.insert(2, ("phase", strip_control_chars(phase)));
    }
    if let Some(finished) = &run.finished {
        rows.push(("ended", format_local(finished, &now)));
    }
    if let Some(why) = &run.stop_reason {
        rows.push(("reason", strip_control_chars(&format_stop_reason(why))));
    }
    if let Some(LoopCheck { command, is_approved }) = context.loop_check(run) {
        let approval = if is_approved { "" } else { " (no user approved it, so each Stop pauses the loop)" };
        rows.push(("done when", format!("{command}{approval}")));
    }
    if let Some(project) = &run.project {
        rows.push(("project", strip_control_chars(project)));
    }
    for transfer in &run.history {
        let from = pane_label(&transfer.from.pane);
        let at = format_local(&transfer.at, &now);
        rows.push((
            "moved",
            format!(
                "{at} from {from}, pid {}: fence {} ({})",
                transfer.from.process.pid, transfer.fence, transfer.reason
            ),
        ));
    }
    rows.iter().map(|(label, value)| format!("{label:<10}{value}\n")).collect()
}

/// The status that every view shows. A pause is named beside it: it counts again once the run has an owner.
fn status(context: &Context, run: &Run, live: Live, remote: Option<&RemoteRun>) -> String {
    let here = || run_status_word(run, live, context.left_for(run).is_some());
    let shown = remote.map_or_else(here, RemoteRun::status_word);
    let is_paused = run.status == Status::Paused && !is_handed_over(run) && shown != run.status.name();
    if is_paused { format!("{shown}, paused before") } else { shown.to_owned() }
}

/// Describes a loop of another program, as its progress log does.
fn loop_text(context: &Context, it: &ForeignLoop) -> String {
    let header = &it.header;
    let holder = it.pid.map_or_else(String::new, |pid| format!(", pid {pid} holds its log"));
    let rows = [
        ("loop", Some(it.id.clone())),
        ("status", Some(format!("{}{holder}", it.state.word()))),
        ("reason", it.why.clone()),
        ("plan", header.plan.clone()),
        ("worktree plan", header.worktree_plan.clone()),
        ("branch", header.branch.clone()),
        ("mode", header.mode.clone()),
        ("executor", header.executor.clone()),
        ("plan model", header.plan_model.clone()),
        ("task model", header.task_model.clone()),
        ("review model", header.review_model.clone()),
        ("started", header.started.as_ref().map(|started| started.replace('T', " "))),
        ("updated", Some(format_local(&it.updated, &context.now()))),
        ("log", Some(it.path.display().to_string())),
    ];
    let rows = rows.into_iter().filter_map(|(label, value)| Some((label, value?)));
    rows.map(|(label, value)| format!("{label:<15}{}\n", strip_control_chars(&value))).collect()
}

/// That a loop waits for background work of its agent.
fn background_work(run: &Run, now: &Timestamp) -> String {
    let Some(since) = run.background_work_since() else { return String::new() };
    let tasks = run.loop_state.as_ref().map_or(0, |loop_state| loop_state.background_work.tasks.len());
    format!(
        ", waits for background work of its agent ({}) since {}",
        format_count(tasks, "task", "tasks"),
        format_local(since, now)
    )
}
