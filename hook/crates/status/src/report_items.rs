//! The items of a status report, in the order in which every face shows them.

use std::collections::HashMap;

use agent_baton_core::agent::Agent;
use agent_baton_core::process::Live;
use agent_baton_core::run::Run;
use agent_baton_core::session::Session;
use agent_baton_core::timestamp::Timestamp;
use baton_display::{PaneLabels, strip_control_chars};
use baton_engine::discovery::{ForeignLoop, ForeignLoopState};

use crate::cause::Cause;
use crate::details::Details;
use crate::foreign_loops::loop_project;
use crate::item::{Item, ItemKind, Section};
use crate::json::run_status_word;
use crate::reader::ListedSession;
use crate::remote_run::RemoteRun;
use crate::report::{LiveState, StatusReport, WaitingItem, non_owner_launch};

impl StatusReport {
    /// Returns the items, in the order of the sections. `details` is asked about each session.
    pub fn items(&self, details: &mut dyn FnMut(&Session) -> Details) -> Vec<Item> {
        let waiting = self.waiting();
        let labels = &self.pane_labels();
        let mut items: Vec<Item> = waiting.iter().filter_map(|it| waiting_item(it, labels, details)).collect();
        for (section, state) in [(Section::Working, LiveState::Working), (Section::Opened, LiveState::Unprompted)] {
            let sessions = self.seen.sessions.iter().filter(|it| LiveState::from_session(it) == Some(state));
            items.extend(sessions.map(|it| session_item(it, section, it.standing.status.word(), labels, details)));
        }
        // Runs that wait are shown above.
        let waits = |run: &Run| waiting.iter().any(|it| it.run.is_some_and(|other| other.id == run.id));
        let runs = self.seen.runs.iter().filter(|(run, _)| !waits(run));
        items.extend(runs.map(|(run, live)| {
            let word = run_status_word(run, *live, self.seen.left_for(run).is_some());
            run_item(run, Section::Runs, word, Some(labels.label(&run.owner.pane)), &run.updated)
        }));
        items.extend(self.elsewhere().map(remote_item));
        items.extend(self.loops.iter().map(loop_item));
        items.extend(
            self.seen
                .unknown()
                .map(|it| session_item(it, Section::Unknown, it.standing.status.word(), labels, details)),
        );
        items.extend(self.seen.lost().map(|it| session_item(it, Section::Lost, "lost", labels, details)));
        for (section, has_failed) in [(Section::Unrestored, false), (Section::RestoreFailed, true)] {
            let projects = self.unrestored.iter().filter(|it| it.record.failed_at.is_some() == has_failed);
            items.extend(projects.map(|it| project_item(section, &it.record.project)));
        }
        items.extend(self.seen.unreadable.iter().map(|(id, _)| Item {
            status: "unreadable".to_owned(),
            ..Item::new(Section::Unreadable, ItemKind::Record, id)
        }));
        self.add_runs(&mut items);
        items.iter_mut().for_each(Item::shorten);
        items
    }

    /// Adds to each session the unfinished run that it owns: it owns one at most.
    fn add_runs(&self, items: &mut [Item]) {
        let owned = self.seen.runs.iter().filter(|(_, live)| *live != Live::No);
        let owned: HashMap<&str, &Run> =
            owned.filter_map(|(run, _)| Some((run.owner.session.as_ref()?.as_str(), run))).collect();
        for item in items.iter_mut().filter(|item| item.kind == ItemKind::Session) {
            if let Some(run) = owned.get(item.id.as_str()) {
                item.run = Some(strip_control_chars(run.name.as_str()));
                (item.iteration, item.max_iterations) = (Some(run.iteration), run.max_iterations);
            }
        }
    }

    /// Returns the names of the panes of everything that is listed.
    fn pane_labels(&self) -> PaneLabels {
        let sessions = self.seen.sessions.iter().filter_map(ListedSession::pane);
        PaneLabels::new(sessions.chain(self.seen.runs.iter().map(|(run, _)| &run.owner.pane)))
    }
}

fn waiting_item(
    it: &WaitingItem<'_>,
    labels: &PaneLabels,
    details: &mut dyn FnMut(&Session) -> Details,
) -> Option<Item> {
    let word = it.cause.word();
    let item = match (it.session, it.run) {
        (Some(seen), None) => {
            let question = |details: &mut Details| details.question(it.cause);
            session_item_asking(seen, Section::Waiting, word, labels, details, question)
        }
        (seen, Some(run)) => {
            if let Some(machine) = it.machine {
                let pane = seen.and_then(ListedSession::pane).map(|pane| labels.label(pane));
                let item = run_item(run, Section::Waiting, word, pane, it.since);
                let machine = Some(machine.to_owned());
                return Some(Item { cause: Some(it.cause), machine, ..item });
            }
            let elsewhere = seen.filter(|_| it.cause == Cause::OwnerElsewhere);
            let without = elsewhere.and_then(|seen| non_owner_launch(seen, run));
            let pane = without.map_or(&run.owner.pane, |launch| &launch.pane);
            // If the owner is gone, its pane may belong to another process by now.
            let pane = (it.cause != Cause::Interrupted).then(|| labels.label(pane));
            let mut item = run_item(run, Section::Waiting, word, pane, it.since);
            if without.is_some() {
                item.owner_pane = Some(labels.label(&run.owner.pane));
                // The run may also wait for another reason.
                item.key = format!("elsewhere:{}", item.id);
            }
            item
        }
        (None, None) => {
            let handoff = it.handoff?;
            let session = handoff.session.as_str();
            Item {
                status: word.to_owned(),
                since: Some(it.since.clone()),
                project: handoff.project.clone(),
                machine: Some(handoff.machine.clone()),
                command: Some(format!("baton pickup {session}")),
                ..Item::new(Section::Waiting, ItemKind::Handoff, session)
            }
        }
    };
    Some(Item { cause: Some(it.cause), ..item })
}

fn session_item(
    seen: &ListedSession,
    section: Section,
    word: &str,
    labels: &PaneLabels,
    details: &mut dyn FnMut(&Session) -> Details,
) -> Item {
    session_item_asking(seen, section, word, labels, details, |_| None)
}

fn session_item_asking(
    seen: &ListedSession,
    section: Section,
    word: &str,
    labels: &PaneLabels,
    details: &mut dyn FnMut(&Session) -> Details,
    question: impl FnOnce(&mut Details) -> Option<String>,
) -> Item {
    let session = &seen.session;
    let mut details = details(session);
    let question = question(&mut details);
    let text = |text: Option<String>| text.map(|text| strip_control_chars(text.trim()));
    Item {
        status: word.to_owned(),
        agent: Some(session.agent.to_string()),
        pane: seen.pane().map(|pane| labels.label(pane)),
        since: Some(seen.standing.since.clone()),
        active: details.written.filter(|_| section == Section::Working),
        project: session.project.as_deref().map(strip_control_chars),
        branch: text(details.branch),
        name: session.name.as_ref().map(|name| strip_control_chars(name.as_str())),
        title: text(details.title),
        model: text(details.model),
        context: details.context,
        context_window: details.context_window,
        turn_tokens: details.turn_tokens,
        question: text(question),
        prompt: text(details.prompt),
        pinned: session.pinned,
        ..Item::new(section, ItemKind::Session, session.id.as_str())
    }
}

fn run_item(run: &Run, section: Section, word: &str, pane: Option<String>, since: &Timestamp) -> Item {
    Item {
        status: word.to_owned(),
        agent: Some(run.owner.agent.map_or("command", Agent::name).to_owned()),
        pane,
        since: Some(since.clone()),
        project: run.project.as_deref().map(strip_control_chars),
        name: Some(strip_control_chars(run.name.as_str())),
        phase: run.phase.as_deref().map(strip_control_chars),
        iteration: Some(run.iteration),
        max_iterations: run.max_iterations,
        ..Item::new(section, ItemKind::Run, run.id.as_str())
    }
}

fn remote_item(remote: &RemoteRun) -> Item {
    let run = &remote.run;
    let identity = run.fleet.as_ref().map(|fleet| strip_control_chars(&fleet.project));
    Item {
        machine: remote.machine.clone(),
        project: run.project.as_deref().map(strip_control_chars).or(identity),
        ..run_item(run, Section::Elsewhere, remote.status_word(), None, &run.updated)
    }
}

fn loop_item(it: &ForeignLoop) -> Item {
    let text = |text: &Option<String>| text.as_deref().map(strip_control_chars);
    // A clock that is elsewhere may be ahead.
    let started = it.header.started_ms().filter(|ms| *ms <= it.updated.unix_ms);
    let started = started.map(|unix_ms| Timestamp { unix_ms, ..it.updated.clone() });
    // A loop that runs has its status since it started, so the growth of its log changes nothing here.
    let since = started.clone().filter(|_| it.state == ForeignLoopState::Active);
    Item {
        status: it.state.word().to_owned(),
        agent: text(&it.header.executor),
        since: Some(since.unwrap_or_else(|| it.updated.clone())),
        reason: text(&it.why),
        started,
        // A path that is cleaned would be another one.
        log: it.path.to_str().filter(|path| strip_control_chars(path) == *path).map(str::to_owned),
        project: loop_project(it).as_deref().map(strip_control_chars),
        branch: text(&it.header.branch),
        name: text(&it.header.plan),
        phase: text(&it.header.mode),
        ..Item::new(Section::Loops, ItemKind::Loop, &it.id)
    }
}

fn project_item(section: Section, project: &str) -> Item {
    let project = strip_control_chars(project);
    Item {
        status: "saved".to_owned(),
        project: Some(project.clone()),
        ..Item::new(section, ItemKind::Project, &project)
    }
}
