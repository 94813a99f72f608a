//! Renders the status for a user: in columns, or on two lines per entry if the terminal is narrow.

use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;

use crate::output::listing::{Listing, Row, Section as ListedSection};
use crate::output::session_label::{format_label, read_title};
use crate::output::short_ids::ShortIds;
use crate::output::terminal::Terminal;
use baton_status::{Details, Item, ItemKind, Section, StatusReport, describe_machine};

/// What the status says while nothing is open.
const NOTHING_OPEN: &str = "no sessions or runs are open. Sessions appear here once an agent with baton's hooks starts; `baton doctor` \
                            checks the hooks.";

/// How many lost sessions are shown.
const MAX_LOST_LISTED: usize = 5;

/// The sections with their titles. Unreadable records are reported before.
const SECTIONS: [(Section, &str); 10] = [
    (Section::Waiting, "waits for you"),
    (Section::Working, "at work"),
    (Section::Opened, "opened, no prompt yet"),
    (Section::Runs, "runs"),
    (Section::Elsewhere, "on other machines"),
    (Section::Loops, "loops of other programs"),
    (Section::Unknown, "unknown"),
    (Section::Lost, "lost"),
    (Section::Unrestored, "protected files to restore (the next start of a session restores them)"),
    (Section::RestoreFailed, "protected files that could not be restored (`baton doctor` says why)"),
];

pub(super) fn render(report: &StatusReport, ids: &ShortIds, now: &Timestamp, terminal: &Terminal) -> String {
    let mut details = |session: &Session| Details { title: read_title(session, terminal), ..Details::default() };
    let items = report.items(&mut details);
    let of_kind = |kind: ItemKind| ShortIds::new(items.iter().filter(|it| it.kind == kind).map(|it| it.id.clone()));
    let (run_ids, loop_ids) = (of_kind(ItemKind::Run), of_kind(ItemKind::Loop));
    let short = |it: &Item| match it.kind {
        ItemKind::Session => ids.short(&it.id).to_owned(),
        // A pipe gets whole ids, and a terminal what its user needs to name a run.
        ItemKind::Run if terminal.is_terminal() => run_ids.short(&it.id).to_owned(),
        ItemKind::Loop if terminal.is_terminal() => loop_ids.short(&it.id).to_owned(),
        ItemKind::Run | ItemKind::Loop => it.id.clone(),
        // Its command names it.
        ItemKind::Project | ItemKind::Record | ItemKind::Handoff => String::new(),
    };
    let section = |(section, title): (Section, &str)| {
        let mut rows: Vec<Row> = items
            .iter()
            .filter(|it| it.section == section)
            .map(|it| row(it, short(it), describe_machine(&report.machines, it.machine.as_deref(), now), now))
            .collect();
        let title = match (section, rows.len()) {
            (Section::Lost, count) => {
                rows.truncate(MAX_LOST_LISTED);
                let many = if count > rows.len() { format!(", {MAX_LOST_LISTED} of {count}") } else { String::new() };
                format!("{title}{many} (`baton resume` resumes them)")
            }
            _ => title.to_owned(),
        };
        ListedSection { title, rows }
    };
    let listing = Listing {
        primary: &["STATUS", "AGENT", "PANE", "SINCE"],
        secondary: &["ID", "PROJECT", "ITERATION", "NAME", "OWNER", "MACHINE"],
        flexible: &["PROJECT", "NAME"],
        sections: SECTIONS.map(section).into(),
    };
    let text = listing.render(terminal);
    match terminal.width {
        _ if !text.is_empty() => text,
        Some(_) => terminal.wrap("", NOTHING_OPEN) + "\n",
        None => NOTHING_OPEN.to_owned() + "\n",
    }
}

fn row(it: &Item, id: String, machine: String, now: &Timestamp) -> Row {
    let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
    // The run of a session has a row of its own.
    let iteration = it.iteration.filter(|_| it.kind == ItemKind::Run).map(|iteration| match it.max_iterations {
        Some(max) => format!("{iteration}/{max}"),
        None => iteration.to_string(),
    });
    let name = match it.kind {
        ItemKind::Session => format_label(it.name.as_deref(), it.title.as_deref()),
        ItemKind::Run => format_label(it.name.as_deref(), None),
        ItemKind::Loop => it.name.clone(),
        ItemKind::Project => it.project.clone(),
        ItemKind::Handoff => it.command.as_ref().map(|command| format!("`{command}`")),
        ItemKind::Record => None,
    };
    Row {
        primary: vec![
            it.status.clone(),
            or_dash(&it.agent),
            or_dash(&it.pane),
            it.since.as_ref().map_or_else(|| "-".to_owned(), |since| baton_display::format_age(since.age_ms(now))),
        ],
        secondary: vec![
            id,
            it.project.as_deref().map(project_name).unwrap_or_default(),
            iteration.unwrap_or_default(),
            name.unwrap_or_default(),
            it.owner_pane.as_ref().map(|pane| format!("owned in {pane}")).unwrap_or_default(),
            machine,
        ],
    }
}

/// Returns the last component of a path, as people name a project.
fn project_name(path: &str) -> String {
    let last = std::path::Path::new(path).file_name().and_then(|name| name.to_str());
    last.unwrap_or(path).to_owned()
}
