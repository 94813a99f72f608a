//! `baton run list`.

use std::cmp::Reverse;

use agent_baton_core::agent::Agent;
use agent_baton_core::process::Live;
use agent_baton_core::run::Run;
use clap::Args;

use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use crate::output::listing::{Listing, Row};
use crate::output::terminal::Terminal;
use baton_display::Progress;
use baton_status::{RunView, run_status_word};

/// List runs, newest first.
#[derive(Args)]
pub struct List {
    /// Include ended runs
    #[arg(long)]
    all: bool,
    /// Print the runs as JSON
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists the runs. A record that cannot be read is reported on stderr and does not stop the list.
    ///
    /// # Errors
    /// Returns an error if the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let progress = Progress::begin("reading the runs", None);
        let liveness = context.liveness_check();
        let mut runs: Vec<(Run, Live)> = context
            .runs(self.all)?
            .into_iter()
            .map(|run| {
                let live = context.owner_liveness(&liveness, &run);
                (run, live)
            })
            .collect();
        drop(progress);
        let now = context.now();
        runs.sort_by_key(|(run, _)| (Reverse(run.created.sort_key(&now)), run.id.clone()));
        if self.json {
            return output::print_json(
                &runs.iter().map(|(run, live)| RunView::new(run, *live, context.left_for(run))).collect::<Vec<_>>(),
            );
        }
        if runs.is_empty() {
            return output::print(if self.all {
                "no runs yet; `baton run start NAME` or `baton run with NAME -- COMMAND` starts one\n"
            } else {
                "no unfinished runs; `baton run list --all` includes ended ones\n"
            });
        }
        let rows = runs.iter().map(|(run, live)| row(run, *live, context.left_for(run).is_some())).collect();
        output::print(
            &Listing::new(&["RUN", "STATUS", "ITERATION"], &["OWNER", "PANE", "NAME"], rows)
                .render(&Terminal::stdout()),
        )
    }
}

fn row(run: &Run, live: Live, is_left: bool) -> Row {
    let turns = run.max_iterations.map_or_else(|| run.iteration.to_string(), |max| format!("{}/{max}", run.iteration));
    // If the owner is gone, its pane may belong to another process by now.
    let pane = if live == Live::No { "-".to_owned() } else { baton_display::short_pane_label(&run.owner.pane) };
    Row {
        primary: vec![run.id.to_string(), run_status_word(run, live, is_left).to_owned(), turns],
        secondary: vec![
            run.owner.agent.map_or("command", Agent::name).to_owned(),
            pane,
            baton_display::strip_control_chars(run.name.as_str()),
        ],
    }
}
