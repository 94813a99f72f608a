//! `baton run list`.

use std::cmp::Reverse;
use std::collections::BTreeSet;
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
use baton_status::{Cursor, RemoteRun, RunView, RunsView, SessionReader, describe_machine, run_status_word};

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

/// A run of a list.
enum Listed {
    /// Its owner is on this machine.
    Here(Run),
    /// Its owner is on another machine.
    Elsewhere(RemoteRun),
}

impl Listed {
    const fn run(&self) -> &Run {
        match self {
            Self::Here(run) | Self::Elsewhere(RemoteRun { run, .. }) => run,
        }
    }
}

/// A page of runs.
#[derive(Default)]
struct Page {
    runs: Vec<Listed>,
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
        let reader = context.session_reader();
        let page = self.page(&context, &reader)?;
        let (liveness, fleet) = (context.liveness_check(), FleetOwners::new(&context));
        let live = |it: &Listed| match it {
            Listed::Here(run) => context.owner_liveness(&liveness, run),
            Listed::Elsewhere(remote) => remote.live(),
        };
        let runs: Vec<(&Listed, Live)> = page.runs.iter().map(|it| (it, live(it))).collect();
        drop(progress);
        for id in &page.unreadable {
            context.run(id).err().iter().for_each(|error| output::notice(&error.in_one_line()));
        }
        reader.others().more_than_read().iter().for_each(|text| output::notice(text));
        if self.json {
            output::print_json(&RunsView {
                runs: runs.iter().map(|(it, live)| view(&context, &reader, it, *live)).collect(),
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
            let shown = runs.iter().filter(|(it, live)| matches!(it, Listed::Here(_)) && *live != Live::No);
            let labels = PaneLabels::new(shown.map(|(it, _)| &it.run().owner.pane));
            let row = |(it, live): &(&Listed, Live)| match it {
                Listed::Here(run) => {
                    let status = run_status_word(run, *live, context.left_for(run).is_some());
                    // If the owner is gone, its pane may belong to another process by now.
                    let pane = if *live == Live::No { "-".to_owned() } else { labels.label(&run.owner.pane) };
                    row(run, status, pane, fleet.machine_label(run))
                }
                Listed::Elsewhere(remote) => {
                    let machines = reader.others().machines();
                    let machine = describe_machine(machines, remote.machine.as_deref(), &context.now());
                    row(&remote.run, remote.status_word(), "-".to_owned(), machine)
                }
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

    /// Reads one page. The catalogue names candidates, the newest first; the records decide. The runs of other machines without
    /// a record here stand among them by the time of their start.
    fn page(&self, context: &Context, reader: &SessionReader<'_>) -> Result<Page, CommandError> {
        let rows = reader.remote_rows();
        let newer: BTreeSet<RunId> = rows.iter().map(|row| row.run.id.clone()).collect();
        let place = |at: u64, id: &RunId| (Reverse(at), id.clone());
        let after = self.cursor.as_ref().map(|cursor| place(cursor.at, &cursor.id));
        let is_left = |row: &RemoteRun| after.as_ref().is_none_or(|after| place(started(row), &row.run.id) > *after);
        let mut rows = rows.into_iter().filter(is_left).peekable();
        let by = if self.all { By::All } else { By::Open };
        let from = self.cursor.as_ref().map(|cursor| (cursor.at, cursor.id.as_str()));
        let (mut page, mut last) = (Page::default(), None);
        let is_full = |page: &mut Page, last: &mut Option<Cursor<RunId>>| {
            let is_full = page.runs.len() == self.limit.get();
            if is_full {
                page.next = last.take();
            }
            is_full
        };
        let add = |page: &mut Page, last: &mut Option<Cursor<RunId>>, at: u64, it: Listed| {
            *last = Some(Cursor { pinned: false, at, id: it.run().id.clone() });
            page.runs.push(it);
        };
        for found in context.catalogue().get()?.newest(Kind::Run, by, from)? {
            let found = found?;
            let Ok(id) = found.id.parse::<RunId>() else { continue };
            match context.read_run(&id)? {
                Reading::Live(run) | Reading::Archived(run) if self.all || run.status.is_unfinished() => {
                    // Its row is newer.
                    if newer.contains(&id) {
                        continue;
                    }
                    while let Some(row) = rows.next_if(|row| place(started(row), &row.run.id) < place(found.at, &id)) {
                        if is_full(&mut page, &mut last) {
                            return Ok(page);
                        }
                        add(&mut page, &mut last, started(&row), Listed::Elsewhere(row));
                    }
                    if is_full(&mut page, &mut last) {
                        return Ok(page);
                    }
                    let remote = run.fleet.as_ref().and_then(|_| reader.others().of_copy(&run));
                    add(&mut page, &mut last, found.at, remote.map_or(Listed::Here(run), Listed::Elsewhere));
                }
                Reading::Unreadable => page.unreadable.push(id),
                _ => {}
            }
        }
        for row in rows {
            if is_full(&mut page, &mut last) {
                break;
            }
            add(&mut page, &mut last, started(&row), Listed::Elsewhere(row));
        }
        Ok(page)
    }
}

/// Returns when a run of another machine started, in milliseconds since 1970, as the catalogue sorts runs.
const fn started(row: &RemoteRun) -> u64 {
    row.run.created.unix_ms
}

fn view(context: &Context, reader: &SessionReader<'_>, it: &Listed, live: Live) -> RunView {
    match it {
        Listed::Here(run) => RunView::new(run, live, context.left_for(run)),
        Listed::Elsewhere(remote) => RunView::remote(remote, reader.others().machines()),
    }
}

/// Returns the row of a run. Of a run that is in no fleet, `machine` is empty.
fn row(run: &Run, status: &str, pane: String, machine: String) -> Row {
    let turns = run.max_iterations.map_or_else(|| run.iteration.to_string(), |max| format!("{}/{max}", run.iteration));
    Row {
        primary: vec![run.id.to_string(), status.to_owned(), turns],
        secondary: vec![
            run.owner.agent.map_or("command", Agent::name).to_owned(),
            machine,
            pane,
            run.fleet.as_ref().map_or_else(String::new, |fleet| baton_display::strip_control_chars(&fleet.project)),
            baton_display::strip_control_chars(run.name.as_str()),
        ],
    }
}
