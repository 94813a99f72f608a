//! `baton run show`.

use agent_baton_core::process::Live;
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;
use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use crate::output::json::RunView;

/// Show everything about one run.
#[derive(Args)]
pub struct Show {
    /// Run id or a unique part of it, or its name
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
        let run = context.run(&args::run::resolve(&context, &self.run)?)?;
        let live = context.owner_liveness(&context.liveness_check(), &run);
        if self.json {
            output::print_json(&RunView::new(&run, live))
        } else {
            output::print(&text(&context, &run, live))
        }
    }
}

fn text(context: &Context, run: &Run, live: Live) -> String {
    let now = context.now();
    let owner = match (run.status.is_unfinished(), live) {
        (false, _) => "",
        (true, Live::Yes) => ", alive",
        (true, Live::No) => ", gone (the run is interrupted)",
        (true, Live::Unknown) => ", liveness unknown",
    };
    let turns = run.max_iterations.map_or_else(String::new, |max| format!(" of {max}"));
    let pane = baton_display::pane_label(&run.owner.pane);
    let place = if run.owner.session.is_some() {
        format!("pid {} in {pane}", run.owner.process.pid)
    } else {
        format!("in {pane}")
    };
    let mut rows = vec![
        ("run", format!("{} ({})", baton_display::strip_control_chars(run.name.as_str()), run.id)),
        ("status", format!("{}{}", run.status.name(), background_work(run, &now))),
        ("iteration", format!("{}{turns}", run.iteration)),
        (
            "owner",
            match (run.owner.agent, &run.owner.session) {
                (Some(agent), Some(session)) => format!("{agent} session {session}"),
                _ => format!("a command: {}", context.describe_supervised_command(run)),
            },
        ),
        ("", format!("{place}{owner}")),
        ("fence", run.fence.to_string()),
        ("started", baton_display::format_local(&run.created, &now)),
    ];
    if let Some(phase) = &run.phase {
        rows.insert(2, ("phase", baton_display::strip_control_chars(phase)));
    }
    if let Some(finished) = &run.finished {
        rows.push(("ended", baton_display::format_local(finished, &now)));
    }
    if let Some(why) = &run.stop_reason {
        rows.push(("reason", baton_display::strip_control_chars(&baton_display::format_stop_reason(why))));
    }
    if let Some(project) = &run.project {
        rows.push(("project", baton_display::strip_control_chars(project)));
    }
    for transfer in &run.history {
        let from = baton_display::pane_label(&transfer.from.pane);
        let at = baton_display::format_local(&transfer.at, &now);
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

/// That a loop waits for background work of its agent.
fn background_work(run: &Run, now: &Timestamp) -> String {
    let Some(since) = run.background_work_since() else { return String::new() };
    let tasks = run.loop_state.as_ref().map_or(0, |loop_state| loop_state.background_work.tasks.len());
    format!(
        ", waits for background work of its agent ({}) since {}",
        baton_display::format_count(tasks, "task", "tasks"),
        baton_display::format_local(since, now)
    )
}
