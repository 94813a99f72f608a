//! `baton run list`.

use std::num::NonZero;

use agent_baton_core::agent::Agent;
use agent_baton_core::id::RunId;
use agent_baton_core::process::Live;
use agent_baton_core::request::Reading;
use agent_baton_core::run::Run;
use clap::Args;

use crate::context::{Context, FleetOwners};
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use crate::output::listing::{Listing, Row};
use crate::output::terminal::Terminal;
use baton_catalogue::{By, Kind};
use baton_display::{PaneLabels, Progress};
use baton_status::{Cursor, RunView, RunsView, run_status_word};

/// The default number of runs on a page.
const DEFAULT_PAGE_SIZE: &str = "50";

/// List runs, newest first.
#[derive(Args)]
pub struct List {
    /// Include ended runs
    #[arg(long)]
    all: bool,
    /// Maximum number of runs
    #[arg(long, default_value = DEFAULT_PAGE_SIZE)]
    limit: NonZero<usize>,
    /// Continue after the previous page
    #[arg(long)]
    cursor: Option<Cursor<RunId>>,
    /// Print the runs as JSON
    #[arg(long)]
    json: bool,
}

/// A page of runs.
#[derive(Default)]
struct Page {
    runs: Vec<Run>,
    unreadable: Vec<RunId>,
    next: Option<Cursor<RunId>>,
}

impl List {
    /// Lists the runs. A record that cannot be read is reported on stderr and does not stop the list.
    ///
    /// # Errors
    /// Returns an error if the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let progress = Progress::begin("reading the runs", None);
        let page = self.page(&context)?;
        let (liveness, fleet) = (context.liveness_check(), FleetOwners::new(&context));
        let live = |run| fleet.live(run).unwrap_or_else(|| context.owner_liveness(&liveness, run));
        let runs: Vec<(&Run, Live)> = page.runs.iter().map(|run| (run, live(run))).collect();
        drop(progress);
        for id in &page.unreadable {
            context.run(id).err().iter().for_each(|error| output::notice(&error.in_one_line()));
        }
        if self.json {
            output::print_json(&RunsView {
                runs: runs.iter().map(|(run, live)| RunView::new(run, *live, context.left_for(run))).collect(),
                unreadable: page.unreadable,
                next: page.next.as_ref().map(ToString::to_string),
            })?;
        } else if runs.is_empty() {
            output::print(match (&self.cursor, self.all) {
                (Some(_), _) => "no more runs\n",
                (None, true) => "no runs yet; `baton run start NAME` or `baton run with NAME -- COMMAND` starts one\n",
                (None, false) => "no unfinished runs; `baton run list --all` includes ended ones\n",
            })?;
        } else {
            let shown = runs.iter().filter(|(_, live)| *live != Live::No);
            let labels = PaneLabels::new(shown.map(|(run, _)| &run.owner.pane));
            let row = |(run, live): &(&Run, Live)| {
                row(run, *live, context.left_for(run).is_some(), &labels, fleet.machine_label(run))
            };
            let rows = runs.iter().map(row).collect();
            let secondary = &["OWNER", "MACHINE", "PANE", "FLEET PROJECT", "NAME"];
            let listing = Listing::new(&["RUN", "STATUS", "ITERATION"], secondary, rows);
            output::print(&listing.render(&Terminal::stdout()))?;
        }
        if let Some(next) = &page.next {
            output::hint(&format!("more runs: add --cursor {next}"));
        }
        Ok(())
    }

    /// Reads one page. The catalogue names candidates, the newest first; the records decide.
    fn page(&self, context: &Context) -> Result<Page, CommandError> {
        let by = if self.all { By::All } else { By::Open };
        let from = self.cursor.as_ref().map(|cursor| (cursor.at, cursor.id.as_str()));
        let (mut page, mut last) = (Page::default(), None);
        for found in context.catalogue().get()?.newest(Kind::Run, by, from)? {
            let found = found?;
            let Ok(id) = found.id.parse::<RunId>() else { continue };
            match context.read_run(&id)? {
                Reading::Live(run) | Reading::Archived(run) if self.all || run.status.is_unfinished() => {
                    if page.runs.len() == self.limit.get() {
                        page.next = last;
                        break;
                    }
                    last = Some(Cursor { pinned: false, at: found.at, id });
                    page.runs.push(run);
                }
                Reading::Unreadable => page.unreadable.push(id),
                _ => {}
            }
        }
        Ok(page)
    }
}

/// Returns the row of a run. Of a run that is in no fleet, `machine` is empty.
fn row(run: &Run, live: Live, is_left: bool, labels: &PaneLabels, machine: String) -> Row {
    let turns = run.max_iterations.map_or_else(|| run.iteration.to_string(), |max| format!("{}/{max}", run.iteration));
    // If the owner is gone, its pane may belong to another process by now.
    let pane = if live == Live::No { "-".to_owned() } else { labels.label(&run.owner.pane) };
    Row {
        primary: vec![run.id.to_string(), run_status_word(run, live, is_left).to_owned(), turns],
        secondary: vec![
            run.owner.agent.map_or("command", Agent::name).to_owned(),
            machine,
            pane,
            run.fleet.as_ref().map_or_else(String::new, |fleet| baton_display::strip_control_chars(&fleet.project)),
            baton_display::strip_control_chars(run.name.as_str()),
        ],
    }
}
