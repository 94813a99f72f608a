//! `baton fleet status`.

use std::time::Instant;

use agent_baton_core::timestamp::Timestamp;
use baton_display::{error_chain, format_ago, format_local, strip_control_chars};
use baton_fleet_client::{DatabaseState, FleetError, Leases, Membership, Outage, Waiting, server_name};
use clap::Args;

use super::fleet_view::{DatabaseView, FleetView};
use super::machine_name::display_name;
use crate::context::{Context, without_database};
use crate::error::CommandError;
use crate::output;
use crate::output::listing::{Listing, Row};
use crate::output::terminal::Terminal;

/// Show the database, the machines and the leases of this machine.
#[derive(Args)]
pub struct Status {
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// How many rows of runs are read. None of them is shown.
const ROWS: u32 = 1;

/// How far the clocks may differ before it is worth a word, in milliseconds.
pub const CLOCK_TOLERANCE_MS: u64 = 60_000;

impl Status {
    /// Shows the fleet. If the database cannot be asked, it shows what this machine has in its files, and then fails.
    ///
    /// # Errors
    /// Returns an error if no database is configured, or if it cannot be asked.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let membership = context.membership()?;
        let (now, database) = (context.now(), context.database());
        let deadline = Instant::now() + Waiting::Command.limit();
        let server = match database.locate(Waiting::Command.limit()) {
            Ok(located) => server_name(located.url.reveal()),
            // Without a URL there is only what this machine knows.
            Err(error) if membership.is_none() => return Err(error.into()),
            Err(_) => "unknown".to_owned(),
        };
        let (leases, outage) = (Leases::in_force(context.store()), Outage::read(context.store()));
        let mut view = FleetView::of_machine(server, membership.as_ref(), &leases, outage.as_ref(), &now);
        let member = membership.as_ref().map(|membership| (context.store(), membership));
        let asked = DatabaseState::read(&database, member, ROWS, || context.now(), deadline);
        let problem = match asked {
            Ok(state) => view.add_database(state),
            Err(error) => {
                view.problem = Some(error_chain(&error));
                Some(error)
            }
        };
        let was_restored = view.database.as_ref().is_some_and(|database| database.was_restored);
        if was_restored || problem.as_ref().is_some_and(FleetError::disowns) {
            // None of them counts.
            view.leases.clear();
        }
        if self.json {
            output::print_json(&view)?;
        } else {
            output::print(&text(&view, membership.as_ref(), outage.as_ref(), &now))?;
        }
        match problem {
            None => Ok(()),
            Some(error) => Err(without_database(error)),
        }
    }
}

fn text(view: &FleetView, membership: Option<&Membership>, outage: Option<&Outage>, now: &Timestamp) -> String {
    let none = || "none".to_owned();
    let machine = match (&view.name, &view.machine) {
        (Some(name), Some(id)) => format!("{} ({id})", display_name(name)),
        _ => "not in the fleet; `baton fleet join` adds it".to_owned(),
    };
    let database = view.database.as_ref();
    let mut rows = vec![
        ("fleet", view.fleet.as_ref().map_or_else(none, ToString::to_string)),
        ("machine", machine),
        ("database", database.map_or_else(|| view.server.clone(), |it| describe(&view.server, it))),
    ];
    if let Some(DatabaseView { clock_ahead_ms, was_restored, .. }) = database {
        rows.push(("clock", describe_clock(*clock_ahead_ms)));
        if *was_restored {
            let what = "it was restored from an older copy; `baton fleet recover` writes back what this machine knows";
            rows.push(("restored", what.to_owned()));
        }
    }
    if let Some(restored) = membership.and_then(|membership| membership.recent_restore(now)) {
        let notice = strip_control_chars(&restored.notice);
        rows.push(("restored", format!("{}: {notice}", format_ago(restored.at.age_ms(now)))));
    }
    if view.machine.is_some() {
        let last = membership
            .and_then(|membership| membership.witnessed.as_ref())
            .map(|at| format!("its last round was {}", format_ago(at.age_ms(now))));
        rows.push(("witness", last.unwrap_or_else(|| "no round yet".to_owned())));
    }
    if let Some(outage) = outage {
        let problem = strip_control_chars(&outage.problem);
        rows.push(("outage", format!("at {}: {problem}", format_local(&outage.at, now))));
    }
    for (row, reason) in &view.unreadable {
        rows.push(("unreadable", strip_control_chars(&format!("row {row}: {reason}"))));
    }
    let terminal = Terminal::stdout();
    let line = |(label, value): &(&str, String)| match terminal.is_terminal() {
        true => terminal.wrap(&format!("{label:<11}"), value) + "\n",
        false => format!("{label:<11}{value}\n"),
    };
    let head: String = rows.iter().map(line).collect();
    head + &lists(view)
}

/// The machines, the handoffs and the leases, each with a header.
fn lists(view: &FleetView) -> String {
    let machines = view.machines.iter().map(|machine| Row {
        primary: vec![display_name(&machine.name), machine.id.to_string()],
        secondary: vec![format_ago(machine.seen_ms)],
    });
    let to = |to: &Option<_>| to.as_ref().map_or_else(|| "any".to_owned(), |to| display_name(&view.machine_name(to)));
    let handoffs = view.handoffs.iter().map(|handoff| Row {
        primary: vec![handoff.session.to_string(), format_ago(handoff.age_ms)],
        secondary: vec![display_name(&view.machine_name(&handoff.from)), to(&handoff.to)],
    });
    let leases = view.leases.iter().map(|lease| Row {
        primary: vec![lease.run.to_string(), lease.fence.to_string()],
        secondary: vec![format!("{} s", lease.left_ms / 1000)],
    });
    let listings = [
        Listing::new(&["MACHINE", "ID"], &["LAST WORD"], machines.collect()),
        Listing::new(&["HANDED OVER", "SINCE"], &["FROM", "TO"], handoffs.collect()),
        Listing::new(&["LEASE OF RUN", "FENCE"], &["LEFT"], leases.collect()),
    ];
    let shown = listings.iter().filter(|listing| listing.sections.iter().any(|section| !section.rows.is_empty()));
    shown.map(|listing| format!("\n{}", listing.render(&Terminal::stdout()))).collect()
}

fn describe(server: &str, database: &DatabaseView) -> String {
    let DatabaseView { connection, version, schema, epoch, .. } = database;
    strip_control_chars(&format!("{server}: {version}, {connection}; schema {schema}, epoch {epoch}"))
}

/// Describes the difference of the clocks.
#[must_use]
pub fn describe_clock(ahead_ms: i64) -> String {
    let seconds = ahead_ms.unsigned_abs() / 1000;
    match (seconds, ahead_ms > 0) {
        (0, _) => "the database's and this machine's agree".to_owned(),
        (_, true) => format!("the database's is {seconds} s ahead of this machine's"),
        (_, false) => format!("the database's is {seconds} s behind this machine's"),
    }
}
