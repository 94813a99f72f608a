//! The status for a person: in columns, or two lines each where the pane is narrow.

use agent_baton_core::agent::Agent;
use agent_baton_core::process::Live;
use agent_baton_core::run::Run;
use agent_baton_core::stamp::Stamp;

use crate::commands::print::{Item, Section, Terminal};
use crate::commands::roster::{Seen, SeenAll};
use crate::commands::short_ids::ShortIds;
use crate::commands::status::report::{Alive, Cause, waiting, without};
use crate::commands::view::run_word;
use crate::status::Status;
use crate::words;

/// How many of the lost are shown.
const MAX_LOST: usize = 5;

pub(super) fn text(seen: &SeenAll, ids: &ShortIds, now: &Stamp, terminal: &Terminal) -> String {
    let session = |it: &Seen, word: &str| of_session(it, word, now, ids);
    let waiting = waiting(seen);
    let waits = waiting.iter().filter_map(|it| match (it.session, it.run) {
        (Some(seen), None) => Some(session(seen, it.cause.word())),
        (seen, Some(run)) => {
            let without = seen.filter(|_| it.cause == Cause::OwnerElsewhere).and_then(|seen| without(seen, run));
            let pane = words::short_pane(without.map_or(&run.owner.pane, |launch| &launch.pane));
            let owner = without.map(|_| format!("owned in {}", words::short_pane(&run.owner.pane)));
            Some(of_run(run, it.cause.word(), pane, owner, now))
        }
        (None, None) => None,
    });
    let of = |fits: &dyn Fn(&Seen) -> bool| -> Vec<Item> {
        seen.sessions.iter().filter(|it| fits(it)).map(|it| session(it, it.standing.status.word())).collect()
    };
    let runs = |gone: bool| -> Vec<Item> {
        // What waits is shown above.
        let waits = |run: &Run| waiting.iter().any(|it| it.run.is_some_and(|other| other.id == run.id));
        let runs = seen.runs.iter().filter(|(run, live)| (*live == Live::No) == gone && !waits(run));
        let pane = |run: &Run, live| match live {
            // By now it may be another's.
            Live::No => "-".to_owned(),
            Live::Yes | Live::Unknown => words::short_pane(&run.owner.pane),
        };
        runs.map(|(run, live)| of_run(run, run_word(run, *live), pane(run, *live), None, now)).collect()
    };
    let lost: Vec<Item> = seen.lost().map(|it| session(it, "lost")).collect();
    let many = if lost.len() > MAX_LOST { format!(", {MAX_LOST} of {}", lost.len()) } else { String::new() };
    let sections = [
        ("waits for you".to_owned(), waits.collect()),
        ("at work".to_owned(), of(&|it| Alive::of(it) == Some(Alive::Works))),
        ("opened, and nothing asked of it yet".to_owned(), of(&|it| Alive::of(it) == Some(Alive::Opened))),
        ("runs".to_owned(), runs(false)),
        ("interrupted runs".to_owned(), runs(true)),
        ("unknown".to_owned(), of(&|it| it.standing.status == Status::Unknown)),
        (format!("lost{many} (`baton resume` brings them back)"), lost.into_iter().take(MAX_LOST).collect()),
    ];
    let text = terminal.sections(&sections.map(|(title, items)| Section { title, items }));
    if text.is_empty() { "nothing is alive, and nothing waits\n".to_owned() } else { text }
}

fn of_session(seen: &Seen, word: &str, now: &Stamp, ids: &ShortIds) -> Item {
    let session = &seen.session;
    let project = session.project.as_deref().map(last_part).unwrap_or_default();
    let name = session.name.as_ref().map(|name| format!("\"{}\"", words::clean(name.as_str())));
    Item {
        first: vec![
            word.to_owned(),
            session.agent.to_string(),
            seen.pane().map_or_else(|| "-".to_owned(), words::short_pane),
            words::age(seen.standing.since.age_ms(now)),
        ],
        second: vec![ids.short(session.id.as_str()).to_owned(), project, name.unwrap_or_default()],
    }
}

/// A run, the pane that is meant, and what else there is to say of its owner.
fn of_run(run: &Run, word: &str, pane: String, owner: Option<String>, now: &Stamp) -> Item {
    let turns = run.max_iterations.map_or_else(|| run.iteration.to_string(), |max| format!("{}/{max}", run.iteration));
    Item {
        first: vec![
            word.to_owned(),
            run.owner.agent.map_or("command", Agent::name).to_owned(),
            pane,
            words::age(run.updated.age_ms(now)),
        ],
        second: [
            Some(run.id.to_string()),
            Some(turns),
            Some(format!("\"{}\"", words::clean(run.name.as_str()))),
            owner,
        ]
        .into_iter()
        .flatten()
        .collect(),
    }
}

/// The last part of a path, as people call a project.
fn last_part(path: &str) -> String {
    let last = std::path::Path::new(path).file_name().and_then(|name| name.to_str());
    words::clean(last.unwrap_or(path))
}
