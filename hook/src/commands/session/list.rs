//! `baton session list`.

use agent_baton_core::agent::Agent;
use agent_baton_core::process::Live;
use clap::Args;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::hook::AgentName;
use crate::commands::print::{self, Item, Section, Terminal};
use crate::commands::roster::{Cursor, Page, Query, Roster, Seen};
use crate::commands::view::SessionView;
use crate::commands::which::project_here;
use crate::status::Kind;
use crate::store::opened;
use crate::words;

/// How many sessions a page has, unless told.
const PAGE: usize = 50;

/// The shortest beginning of an id that is printed.
const SHORT_ID: usize = 8;

/// Lists sessions, the one opened last first.
#[derive(Args)]
pub struct List {
    /// Headless ones (claude -p, codex exec), and empty ones that were replaced, too
    #[arg(long)]
    all: bool,
    /// Of this agent
    #[arg(long, value_enum)]
    agent: Option<AgentName>,
    /// That stand so; may be given several times
    #[arg(long, value_enum)]
    status: Vec<Kind>,
    /// Of this project alone
    #[arg(long, conflicts_with = "project")]
    here: bool,
    /// Of the project with this path
    #[arg(long, value_name = "PATH")]
    project: Option<std::path::PathBuf>,
    /// Shown in this pane, as %3
    #[arg(long)]
    pane: Option<String>,
    /// Opened on this day, in this month or year: 2026-11-21, 2026-11, 2026
    #[arg(long)]
    date: Option<String>,
    /// With this text in name, id, project or directory
    #[arg(long)]
    text: Option<String>,
    /// Pinned
    #[arg(long)]
    pinned: bool,
    /// How many at most
    #[arg(long, default_value_t = PAGE)]
    limit: usize,
    /// Go on where the page before ended
    #[arg(long)]
    cursor: Option<Cursor>,
    /// Print a list of sessions as JSON
    #[arg(long)]
    json: bool,
}

impl List {
    /// Lists them. A record that cannot be read is shown as such, and stops nothing.
    ///
    /// # Errors
    /// When the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let filter = Filter::of(&self)?;
        let fits = |seen: &Seen| filter.fits(seen);
        let query = Query { all: self.all, limit: self.limit, cursor: self.cursor.as_ref(), fits: &fits };
        let page = Roster::new(&context).page(&query)?;
        for (id, why) in &page.unreadable {
            let why = why.as_ref().map_or_else(|| "cannot be read".to_owned(), ToString::to_string);
            print::say(&format!("session {id}: {}", words::clean(&why)));
        }
        if self.json {
            print::json(&page.sessions.iter().map(SessionView::new).collect::<Vec<_>>())?;
        } else {
            print::lines(&text(&context, &page, &Terminal::of_stdout()))?;
        }
        if let Some(next) = &page.next {
            print::hint(&format!("there are more: --cursor {next}"));
        }
        // The process ends: to free thousands of records one by one would take a tenth of the call.
        std::mem::forget(page);
        Ok(())
    }
}

/// Which sessions are asked for.
struct Filter<'a> {
    list: &'a List,
    agent: Option<Agent>,
    project: Option<String>,
    text: Option<String>,
}

impl<'a> Filter<'a> {
    fn of(list: &'a List) -> Result<Self, CommandError> {
        let project = match &list.project {
            Some(path) => Some(crate::machine::worktree::root(path).unwrap_or_else(|| path.display().to_string())),
            None if list.here => Some(project_here()?),
            None => None,
        };
        let text = list.text.as_ref().map(|text| text.to_lowercase());
        Ok(Self { list, agent: list.agent.map(Agent::from), project, text })
    }

    fn fits(&self, seen: &Seen) -> bool {
        let Seen { session, standing, .. } = seen;
        let list = self.list;
        self.agent.is_none_or(|agent| agent == session.agent)
            && (list.status.is_empty() || list.status.contains(&standing.status.kind()))
            && self.project.as_ref().is_none_or(|project| session.project.as_ref() == Some(project))
            && (!list.pinned || session.pinned)
            && list.pane.as_ref().is_none_or(|pane| is_in(seen, pane))
            && list.date.as_ref().is_none_or(|date| words::date(opened(session)).starts_with(date.as_str()))
            && self.text.as_ref().is_none_or(|text| holds(seen, text))
    }
}

/// Whether a session is shown in a pane; of one that is over, or lost, where it was shown last.
fn is_in(seen: &Seen, pane: &str) -> bool {
    seen.pane().is_some_and(|shown| words::pane(shown).ends_with(pane))
}

fn holds(seen: &Seen, text: &str) -> bool {
    let session = &seen.session;
    let name = session.name.as_ref().map(|name| name.as_str());
    let texts = [name, Some(session.id.as_str()), session.project.as_deref(), session.cwd.as_deref()];
    texts.into_iter().flatten().any(|it| it.to_lowercase().contains(text))
}

fn text(context: &Context, page: &Page, terminal: &Terminal) -> String {
    let mut ids: Vec<&str> = page.sessions.iter().map(|seen| seen.session.id.as_str()).collect();
    ids.sort_unstable();
    let mut items: Vec<Item> = page.sessions.iter().map(|seen| item(context, seen, &ids)).collect();
    items.extend(
        page.unreadable
            .iter()
            .map(|(id, _)| Item { first: vec![id.to_string(), "unreadable".to_owned()], second: Vec::new() }),
    );
    if items.is_empty() {
        return "no sessions\n".to_owned();
    }
    terminal.sections(&[Section { title: String::new(), items }])
}

fn item(context: &Context, seen: &Seen, ids: &[&str]) -> Item {
    let session = &seen.session;
    let pane = seen.pane().map(words::short_pane).filter(|_| seen.judged().live == Live::Yes);
    let project = session.project.as_deref().map(words::clean).unwrap_or_default();
    let named = session.name.as_ref().map(|name| format!(" \"{}\"", words::clean(name.as_str()))).unwrap_or_default();
    let pin = if session.pinned { " pinned" } else { "" };
    Item {
        first: vec![
            short(session.id.as_str(), ids).to_owned(),
            seen.standing.status.word().to_owned(),
            session.agent.to_string(),
            words::local(opened(session), &context.now()),
            pane.unwrap_or_else(|| "-".to_owned()),
        ],
        second: vec![format!("{project}{named}{pin}")],
    }
}

/// The shortest beginning of an id, of 8 characters at least, that no other of these has, which are sorted.
#[must_use]
pub fn short<'a>(id: &'a str, ids: &[&str]) -> &'a str {
    let shared = |other: &&str| id.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count() + 1;
    // What has most in common with it stands beside it.
    let before = ids.partition_point(|other| *other < id);
    let after = ids.partition_point(|other| *other <= id);
    let beside = [before.checked_sub(1).and_then(|at| ids.get(at)), ids.get(after)];
    let needed = beside.into_iter().flatten().map(shared).max().unwrap_or(0);
    id.get(..needed.max(SHORT_ID)).unwrap_or(id)
}
