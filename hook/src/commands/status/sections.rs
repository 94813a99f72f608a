//! Renders the status for a user: in columns, or on two lines per entry if the terminal is narrow.

use agent_baton_core::agent::Agent;
use agent_baton_core::process::Live;
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;

use crate::commands::status::report::{Cause, LiveState, non_owner_launch, waiting};
use crate::output::json::run_status_word;
use crate::output::listing::{Listing, Row, Section};
use crate::output::session_label::session_label;
use crate::output::short_ids::ShortIds;
use crate::output::terminal::Terminal;
use crate::session_list::{ListedSession, Overview, loop_project};
use baton_engine::discovery::ForeignLoop;
use baton_engine::session_status::SessionStatus;
use baton_protect::UnrestoredProject;

/// What the status says while nothing is open.
const NOTHING_OPEN: &str = "no sessions or runs are open. Sessions appear here once an agent with baton's hooks starts; `baton doctor` \
                            checks the hooks.";

/// How many lost sessions are shown.
const MAX_LOST_LISTED: usize = 5;

pub(super) fn render(
    seen: &Overview,
    loops: &[ForeignLoop],
    unrestored: &[UnrestoredProject],
    ids: &ShortIds,
    now: &Timestamp,
    terminal: &Terminal,
) -> String {
    let session = |it: &ListedSession, word: &str| session_row(it, word, now, ids, terminal);
    // A pipe gets whole ids, and a terminal what its user needs to name a run.
    let run_ids = ShortIds::new(seen.runs.iter().map(|(run, _)| run.id.to_string()));
    let loop_ids = ShortIds::new(loops.iter().map(|it| it.id.clone()));
    let run = |run: &Run, word: &str, pane: String, owner: Option<String>| {
        let id = if terminal.is_terminal() { run_ids.short(run.id.as_str()) } else { run.id.as_str() };
        run_row(run, id, word, pane, owner, now)
    };
    let foreign_loop = |it: &ForeignLoop| {
        let id = if terminal.is_terminal() { loop_ids.short(&it.id) } else { &it.id };
        loop_row(it, id, now)
    };
    let waiting = waiting(seen);
    let waits = waiting.iter().filter_map(|it| match (it.session, it.run) {
        (Some(seen), None) => Some(session(seen, it.cause.word())),
        (seen, Some(waiting)) => {
            let without =
                seen.filter(|_| it.cause == Cause::OwnerElsewhere).and_then(|seen| non_owner_launch(seen, waiting));
            let pane = baton_display::short_pane_label(without.map_or(&waiting.owner.pane, |launch| &launch.pane));
            let owner = without.map(|_| format!("owned in {}", baton_display::short_pane_label(&waiting.owner.pane)));
            Some(run(waiting, it.cause.word(), pane, owner))
        }
        (None, None) => None,
    });
    let of = |fits: &dyn Fn(&ListedSession) -> bool| -> Vec<Row> {
        seen.sessions.iter().filter(|it| fits(it)).map(|it| session(it, it.standing.status.word())).collect()
    };
    let runs = |gone: bool| -> Vec<Row> {
        // Runs that wait are shown above.
        let waits = |run: &Run| waiting.iter().any(|it| it.run.is_some_and(|other| other.id == run.id));
        let runs = seen.runs.iter().filter(|(run, live)| (*live == Live::No) == gone && !waits(run));
        let pane = |run: &Run, live| match live {
            // If the owner is gone, its pane may belong to another process by now.
            Live::No => "-".to_owned(),
            Live::Yes | Live::Unknown => baton_display::short_pane_label(&run.owner.pane),
        };
        runs.map(|(it, live)| run(it, run_status_word(it, *live, seen.left_for(it).is_some()), pane(it, *live), None))
            .collect()
    };
    let lost: Vec<Row> = seen.lost().map(|it| session(it, "lost")).collect();
    let many =
        if lost.len() > MAX_LOST_LISTED { format!(", {MAX_LOST_LISTED} of {}", lost.len()) } else { String::new() };
    let projects = |has_failed: bool| -> Vec<Row> {
        unrestored.iter().filter(|it| it.record.failed_at.is_some() == has_failed).map(project_row).collect()
    };
    let sections = [
        ("waits for you".to_owned(), waits.collect()),
        ("at work".to_owned(), of(&|it| LiveState::from_session(it) == Some(LiveState::Working))),
        ("opened, no prompt yet".to_owned(), of(&|it| LiveState::from_session(it) == Some(LiveState::Unprompted))),
        ("runs".to_owned(), runs(false)),
        ("interrupted runs".to_owned(), runs(true)),
        ("loops of other programs".to_owned(), loops.iter().map(foreign_loop).collect()),
        ("unknown".to_owned(), of(&|it| it.standing.status == SessionStatus::Unknown)),
        (format!("lost{many} (`baton resume` resumes them)"), lost.into_iter().take(MAX_LOST_LISTED).collect()),
        ("protected files to restore (the next start of a session restores them)".to_owned(), projects(false)),
        ("protected files that could not be restored (`baton doctor` says why)".to_owned(), projects(true)),
    ];
    let listing = Listing {
        primary: &["STATUS", "AGENT", "PANE", "SINCE"],
        secondary: &["ID", "PROJECT", "ITERATION", "NAME", "OWNER"],
        flexible: &["PROJECT", "NAME"],
        sections: sections.into_iter().map(|(title, rows)| Section { title, rows }).collect(),
    };
    let text = listing.render(terminal);
    match terminal.width {
        _ if !text.is_empty() => text,
        Some(_) => terminal.wrap("", NOTHING_OPEN) + "\n",
        None => NOTHING_OPEN.to_owned() + "\n",
    }
}

fn session_row(seen: &ListedSession, word: &str, now: &Timestamp, ids: &ShortIds, terminal: &Terminal) -> Row {
    let session = &seen.session;
    let project = session.project.as_deref().map(project_name).unwrap_or_default();
    Row {
        primary: vec![
            word.to_owned(),
            session.agent.to_string(),
            seen.pane().map_or_else(|| "-".to_owned(), baton_display::short_pane_label),
            baton_display::format_age(seen.standing.since.age_ms(now)),
        ],
        secondary: vec![
            ids.short(session.id.as_str()).to_owned(),
            project,
            String::new(),
            session_label(session, terminal).unwrap_or_default(),
        ],
    }
}

/// Returns the row of a run: the pane to show, and details about its owner.
fn run_row(run: &Run, id: &str, word: &str, pane: String, owner: Option<String>, now: &Timestamp) -> Row {
    let turns = run.max_iterations.map_or_else(|| run.iteration.to_string(), |max| format!("{}/{max}", run.iteration));
    Row {
        primary: vec![
            word.to_owned(),
            run.owner.agent.map_or("command", Agent::name).to_owned(),
            pane,
            baton_display::format_age(run.updated.age_ms(now)),
        ],
        secondary: vec![
            id.to_owned(),
            run.project.as_deref().map(project_name).unwrap_or_default(),
            turns,
            format!("\"{}\"", baton_display::strip_control_chars(run.name.as_str())),
            owner.unwrap_or_default(),
        ],
    }
}

/// Returns the row of a project whose protected files are to be restored.
fn project_row(unrestored: &UnrestoredProject) -> Row {
    let project = &unrestored.record.project;
    Row {
        primary: ["saved", "-", "-", "-"].map(str::to_owned).into(),
        secondary: vec![
            String::new(),
            project_name(project),
            String::new(),
            baton_display::strip_control_chars(project),
        ],
    }
}

fn loop_row(it: &ForeignLoop, id: &str, now: &Timestamp) -> Row {
    let text = |text: &Option<String>| text.as_deref().map(baton_display::strip_control_chars);
    Row {
        primary: vec![
            it.state.word().to_owned(),
            text(&it.header.executor).unwrap_or_else(|| "-".to_owned()),
            "-".to_owned(),
            baton_display::format_age(it.updated.age_ms(now)),
        ],
        secondary: vec![
            baton_display::strip_control_chars(id),
            loop_project(it).as_deref().map(project_name).unwrap_or_default(),
            String::new(),
            text(&it.header.plan).unwrap_or_default(),
            String::new(),
        ],
    }
}

/// Returns the last component of a path, as people name a project.
fn project_name(path: &str) -> String {
    let last = std::path::Path::new(path).file_name().and_then(|name| name.to_str());
    baton_display::strip_control_chars(last.unwrap_or(path))
}
