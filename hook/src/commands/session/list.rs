//! `baton session list`.

use std::collections::BTreeSet;
use std::num::NonZero;
use std::ops::Range;
use std::path::{Path, PathBuf};

use agent_baton_core::agent::Agent;
use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Live;
use agent_baton_core::session::Session;
use clap::Args;
use jiff::ToSpan;

use crate::args::agent;
use crate::args::session::current_project;
use crate::context::Context;
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use crate::output::listing::{Listing, Row};
use crate::output::session_label::session_label;
use crate::output::short_ids::ShortIds;
use crate::output::terminal::Terminal;
use baton_agents::spec;
use baton_catalogue::By;
use baton_display::{PaneLabels, Progress, is_pane_called};
use baton_engine::session_status::{SessionStatus, StatusKind};
use baton_status::{Cursor, ListQuery, ListedSession, NEWEST, Page, Search, SessionReader, SessionsView};
use baton_store::{Store, last_opened};
use baton_system::worktree;

/// The default number of sessions on a page.
const DEFAULT_PAGE_SIZE: &str = "50";

/// The words for `--status`: each status that is printed, and one word for all that need attention.
const STATUSES: [&str; 12] = [
    "attention",
    "permission",
    "question",
    "error",
    "idle",
    "starting",
    "active",
    "background",
    "lost",
    "empty",
    "unknown",
    "ended",
];

/// Among how many of the newest sessions a text is searched in kept messages. Titles are searched among fewer, because
/// reading a transcript takes longer.
const MESSAGES_SEARCHED: usize = 1000;

/// The status of sessions that are listed only if you ask for them.
const EMPTY: &str = StatusKind::Empty.word();

/// What the list says while there is nothing in it.
const NO_SESSIONS: &str = "no sessions yet. Sessions appear here once an agent with baton's hooks starts; `baton doctor` checks the \
                           hooks, `baton session list --all` includes headless sessions\n";

/// Lists sessions: pinned ones first, then the most recently opened.
#[derive(Args)]
pub struct List {
    /// Include headless sessions (claude -p, codex exec), and sessions that are gone and never had a conversation
    #[arg(long)]
    all: bool,
    /// Only sessions of this agent
    #[arg(long, value_parser = agent::parser())]
    agent: Option<Agent>,
    /// Only sessions with this status (repeatable)
    #[arg(long, value_parser = STATUSES)]
    status: Vec<String>,
    /// Only sessions of the current project
    #[arg(long, conflicts_with = "project")]
    here: bool,
    /// Only sessions of the project at this path
    #[arg(long, value_name = "PATH")]
    project: Option<PathBuf>,
    /// Only sessions in this pane, such as %3 or default:%3
    #[arg(long)]
    pane: Option<String>,
    /// Only sessions opened on this day, or in this month or year: 2026-11-21, 2026-11, 2026
    #[arg(long)]
    date: Option<Day>,
    /// Only sessions whose name, id, project or directory contains this text, from the beginning of a word, or whose
    /// title or kept messages do, if they are among the newest
    #[arg(long)]
    text: Option<String>,
    /// Only pinned sessions
    #[arg(long)]
    pinned: bool,
    /// Maximum number of sessions
    #[arg(long, default_value = DEFAULT_PAGE_SIZE)]
    limit: NonZero<usize>,
    /// Continue after the previous page
    #[arg(long)]
    cursor: Option<Cursor<SessionId>>,
    /// Print the sessions as JSON
    #[arg(long)]
    json: bool,
}

impl List {
    fn text(&self, context: &Context, page: &Page, ids: &ShortIds, terminal: &Terminal) -> String {
        let labels = PaneLabels::new(page.sessions.iter().filter_map(live_pane));
        let mut rows: Vec<Row> = page.sessions.iter().map(|seen| row(context, seen, ids, &labels, terminal)).collect();
        rows.extend(page.unreadable.iter().map(|(id, _)| Row {
            primary: vec![ids.short(id.as_str()).to_owned(), "unreadable".to_owned()],
            secondary: Vec::new(),
        }));
        if rows.is_empty() {
            return if self.is_filtered() { "no sessions match\n".to_owned() } else { NO_SESSIONS.to_owned() };
        }
        Listing::new(&["ID", "STATUS", "AGENT", "OPENED", "PANE"], &["NAME", "PINNED", "PROJECT"], rows)
            .render(terminal)
    }

    /// Whether a user asked for some sessions only.
    fn is_filtered(&self) -> bool {
        let texts = [self.pane.is_some(), self.date.is_some(), self.text.is_some(), self.cursor.is_some()];
        let others = [self.agent.is_some(), !self.status.is_empty(), self.here, self.project.is_some(), self.pinned];
        texts.contains(&true) || others.contains(&true)
    }

    /// Lists them. A record that cannot be read is shown as such, and stops nothing.
    ///
    /// # Errors
    /// Returns an error if the state directory cannot be used.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let reader = context.session_reader();
        let filter = Filter::new(&self, &context, &reader)?;
        let matches = |seen: &ListedSession| filter.matches(seen);
        let query = ListQuery {
            all: self.all || self.status.iter().any(|word| word == EMPTY),
            limit: self.limit.get(),
            cursor: self.cursor.as_ref(),
            pinned_first: true,
            search: filter.search(),
            opened: self.date.as_ref().map(|day| day.opened.clone()),
            matches: &matches,
        };
        let progress = Progress::begin("reading the sessions", None);
        let page = reader.page(&query)?;
        drop(progress);
        for (id, why) in &page.unreadable {
            let why = why.as_ref().map_or_else(|| "cannot be read".to_owned(), Advice::in_one_line);
            output::notice(&format!("session {id}: {}", baton_display::strip_control_chars(&why)));
        }
        if self.json {
            output::print_json(&SessionsView::new(&page))?;
        } else {
            let ids = ShortIds::beside_newest(&reader, &page.sessions)?;
            output::print(&self.text(&context, &page, &ids, &Terminal::stdout()))?;
        }
        if let Some(next) = &page.next {
            output::hint(&format!("more sessions: add --cursor {next}"));
        }
        // The process is about to exit. Freeing thousands of records one by one would take a tenth of the call.
        std::mem::forget(page);
        Ok(())
    }
}

/// A day, a month or a year.
#[derive(Debug, Clone)]
struct Day {
    text: String,
    /// When a session was opened that fits, in milliseconds since 1970.
    opened: Range<u64>,
}

/// The text is not a day, month or year.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a day, a month or a year is written as in 2026-11-21, 2026-11 or 2026")]
struct DayError;

impl std::str::FromStr for Day {
    type Err = DayError;
    fn from_str(text: &str) -> Result<Self, DayError> {
        // To check a month or a year, append the first day of it.
        let (whole, span) = match text.len() {
            4 => (format!("{text}-01-01"), 1.year()),
            7 => (format!("{text}-01"), 1.month()),
            10 => (text.to_owned(), 1.day()),
            _ => return Err(DayError),
        };
        let first = whole.parse::<jiff::civil::Date>().map_err(|_| DayError)?;
        // Where a day has no midnight, it begins with the first moment after it.
        let unix_ms = |date: jiff::civil::Date| {
            let midnight =
                date.to_zoned(jiff::tz::TimeZone::system()).map_or(0, |midnight| midnight.timestamp().as_millisecond());
            u64::try_from(midnight).unwrap_or(0)
        };
        Ok(Self { text: text.to_owned(), opened: unix_ms(first)..unix_ms(first.saturating_add(span)) })
    }
}

/// The filter of the list.
struct Filter<'a> {
    list: &'a List,
    store: &'a Store,
    agent: Option<Agent>,
    project: Option<String>,
    text: Option<String>,
    /// The sessions whose messages are searched for the text too.
    searched: BTreeSet<String>,
    /// Those of them whose titles are.
    titled: BTreeSet<String>,
}

impl<'a> Filter<'a> {
    fn new(list: &'a List, context: &'a Context, reader: &SessionReader<'_>) -> Result<Self, CommandError> {
        let project = match &list.project {
            // For a directory that no longer exists, use its path.
            Some(path) => Some(worktree::find_root(path).unwrap_or_else(|| normalized(path))),
            None if list.here => Some(current_project()?),
            None => None,
        };
        let text = list.text.as_ref().map(|text| text.to_lowercase());
        let newest = |most| if text.is_some() { reader.newest_ids(most) } else { Ok(BTreeSet::new()) };
        let (searched, titled) = (newest(MESSAGES_SEARCHED)?, newest(NEWEST)?);
        let (store, agent) = (context.store(), list.agent);
        Ok(Self { list, store, agent, project, text, searched, titled })
    }

    /// Returns what narrows the list most.
    fn search(&self) -> Search<'_> {
        let has_ended = |word: &String| word == StatusKind::Ended.word();
        match (&self.text, &self.project, self.agent) {
            _ if !self.list.status.is_empty() && !self.list.status.iter().any(has_ended) => Search::By(By::Open),
            (Some(text), ..) => Search::Text(text, &self.searched),
            (None, Some(project), _) => Search::By(By::Project(project)),
            (None, None, Some(agent)) => Search::By(By::Agent(agent)),
            (None, None, None) if self.list.all => Search::By(By::All),
            (None, None, None) => Search::By(By::Shown),
        }
    }

    fn matches(&self, seen: &ListedSession) -> bool {
        let ListedSession { session, standing, .. } = seen;
        let list = self.list;
        self.agent.is_none_or(|agent| agent == session.agent)
            && (list.status.is_empty() || has_status(standing.status, &list.status))
            && self.project.as_ref().is_none_or(|project| session.project.as_ref() == Some(project))
            && (!list.pinned || session.pinned)
            // For an ended or lost session, the last pane counts.
            && list.pane.as_ref().is_none_or(|pane| seen.pane().is_some_and(|shown| is_pane_called(shown, pane)))
            && list
                .date
                .as_ref()
                .is_none_or(|date| baton_display::format_date(last_opened(session)).starts_with(&date.text))
            && self.text.as_ref().is_none_or(|text| contains_text(session, text) || self.says(session, text))
    }

    /// Returns whether the title or a kept message of a session contains a text. What an agent's transcript says is read
    /// and never stored.
    fn says(&self, session: &Session, text: &str) -> bool {
        let is_among = |ids: &BTreeSet<String>| session.pinned || ids.contains(session.id.as_str());
        let contains = |said: &str| said.to_lowercase().contains(text);
        if is_among(&self.titled)
            && let Some(transcript) = &session.transcript
            && spec(session.agent).transcript_stats(Path::new(transcript)).title.is_some_and(|title| contains(&title))
        {
            return true;
        }
        if !is_among(&self.searched) {
            return false;
        }
        match self.store.conversation(&session.id) {
            Ok(kept) => kept.messages.iter().any(|message| contains(&message.text)),
            Err(error) => {
                output::notice(&format!("the messages of session {}: {}", session.id, error.in_one_line()));
                false
            }
        }
    }
}

fn has_status(status: SessionStatus, words: &[String]) -> bool {
    words.iter().any(|word| word == status.word() || word == status.kind().word())
}

/// Returns a path without `.` components and trailing slash.
fn normalized(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    path.components().collect::<PathBuf>().display().to_string()
}

fn contains_text(session: &Session, text: &str) -> bool {
    let name = session.name.as_ref().map(|name| name.as_str());
    let texts = [name, Some(session.id.as_str()), session.project.as_deref(), session.cwd.as_deref()];
    texts.into_iter().flatten().any(|it| has_word(&it.to_lowercase(), text))
}

/// Returns whether a text contains another one from the beginning of a word, as the catalogue finds it.
fn has_word(text: &str, word: &str) -> bool {
    let is_begin = |at: usize| !text.get(..at).unwrap_or_default().ends_with(char::is_alphanumeric);
    text.match_indices(word).any(|(at, _)| is_begin(at) || !word.starts_with(char::is_alphanumeric))
}

/// Returns the pane of a session, unless it may belong to another process by now.
fn live_pane(seen: &ListedSession) -> Option<&Pane> {
    seen.pane().filter(|_| seen.verdict().live == Live::Yes)
}

fn row(context: &Context, seen: &ListedSession, ids: &ShortIds, labels: &PaneLabels, terminal: &Terminal) -> Row {
    let session = &seen.session;
    let pane = live_pane(seen).map(|pane| labels.label(pane));
    let pin = session.pinned.then(|| "pinned".to_owned());
    let project = session.project.as_deref().map(baton_display::strip_control_chars);
    Row {
        primary: vec![
            ids.short(session.id.as_str()).to_owned(),
            seen.standing.status.word().to_owned(),
            session.agent.to_string(),
            baton_display::format_local(last_opened(session), &context.now()),
            pane.unwrap_or_else(|| "-".to_owned()),
        ],
        secondary: [session_label(session, terminal), pin, project].map(Option::unwrap_or_default).to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use agent_baton_core::reason::Reason;

    use super::*;
    use baton_engine::session_status::AttentionReason;

    #[test]
    fn whatever_status_is_printed_may_be_asked_for() {
        let wants = [
            AttentionReason::Permission,
            AttentionReason::Question,
            AttentionReason::Error,
            AttentionReason::Attention,
        ]
        .map(SessionStatus::Attention);
        let others = [
            SessionStatus::Idle,
            SessionStatus::Starting,
            SessionStatus::Active,
            SessionStatus::Lost,
            SessionStatus::Empty,
            SessionStatus::Unknown,
            SessionStatus::Ended(Reason::Ended),
        ];
        for status in wants.into_iter().chain(others) {
            assert!(STATUSES.contains(&status.word()), "{status:?}");
            assert!(
                has_status(status, &[status.word().to_owned()])
                    && has_status(status, &[status.kind().word().to_owned()])
            );
        }
    }
}
