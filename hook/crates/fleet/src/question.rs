//! Which rows of the fleet a decision needs. Nearly every event needs none, and asks nothing.

use agent_baton_core::event::{EventName, Source};
use agent_baton_core::id::{RunId, SessionId};
use agent_baton_core::request::{Command, Input, Reading, Snapshot};
use agent_baton_core::run::Run;
use agent_baton_core::timestamp::Timestamp;
use baton_store::Store;
use baton_system::git_remote;

use crate::cached_names::CachedNames;
use crate::unasked::Unasked;

/// Which rows a decision needs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Question {
    pub(crate) runs: Vec<RunId>,
    pub(crate) sessions: Vec<SessionId>,
    pub(crate) projects: Vec<String>,
    /// The worktree root in which a session starts, and its identity.
    pub(crate) root: Option<(String, String)>,
}

impl Question {
    /// Returns which rows the decision on an input needs, or `None` if it concerns no run of the fleet.
    pub(crate) fn of(store: &Store, input: &Input, known: &Snapshot, now: &Timestamp) -> Option<Self> {
        let mut question = Self::default();
        for named in &known.runs {
            match (&named.reading, input) {
                (Reading::Live(run) | Reading::Archived(run), _)
                    if run.fleet.is_some() && concerns(input, known, run) =>
                {
                    question.runs.push(run.id.clone());
                }
                // The command may name a run that this machine has no copy of. The run that a command starts has no row.
                (Reading::Absent, Input::Command(command))
                    if command.run().as_str() == named.id
                        && !matches!(**command, Command::Start { .. } | Command::With { .. }) =>
                {
                    question.runs.push(command.run().clone());
                }
                _ => {}
            }
        }
        match input {
            Input::Event(event) => {
                let asks = matches!(event.name, EventName::SessionStart | EventName::UserPromptSubmit);
                if let Some(session) = event.session.as_ref().filter(|_| asks) {
                    let cached = CachedNames::read(store);
                    // Without a witness, only the database knows what the session's run did elsewhere.
                    let may_be_elsewhere =
                        known.session == Reading::Absent || cached.as_ref().is_none_or(|cached| cached.is_old(now));
                    let resumed = event.source == Some(Source::Resume) && may_be_elsewhere;
                    if resumed
                        || cached.as_ref().is_some_and(|cached| cached.may_name_session(session))
                        || Unasked::names(store, session)
                    {
                        question.sessions.push(session.clone());
                    }
                    // Without a name in the whole fleet, the project's identity says nothing, and git's files are not read.
                    let may_matter = question.names_rows() || cached.as_ref().is_some_and(CachedNames::may_name_any);
                    let root = event.project.as_ref().filter(|_| event.name == EventName::SessionStart && may_matter);
                    let identity = root.and_then(|root| git_remote::project_identity(root.as_ref()));
                    if let Some((root, identity)) = root.zip(identity) {
                        if cached.as_ref().is_some_and(|cached| cached.may_name_project(&identity)) {
                            question.projects.push(identity.clone());
                        }
                        question.root = Some((root.clone(), identity));
                    }
                }
            }
            Input::Command(command) => {
                if let Command::Start { fleet: Some(fleet), .. } | Command::With { fleet: Some(fleet), .. } = &**command
                {
                    question.sessions.extend(command.session().cloned());
                    question.projects.push(fleet.project.clone());
                }
            }
        }
        question.names_rows().then_some(question)
    }

    /// Returns whether it names any row.
    const fn names_rows(&self) -> bool {
        !(self.runs.is_empty() && self.sessions.is_empty() && self.projects.is_empty())
    }
}

/// Returns the run that a command starts in the fleet.
pub(crate) fn new_fleet_run(input: &Input) -> Option<&RunId> {
    let Input::Command(command) = input else { return None };
    match &**command {
        Command::Start { run, fleet: Some(_), .. } | Command::With { run, fleet: Some(_), .. } => Some(run),
        _ => None,
    }
}

/// Returns whether the decision may depend on what a run's row says. A command is also about the runs of its session, but not
/// about those of which the session has only a notification: it would wait for the database in vain.
fn concerns(input: &Input, known: &Snapshot, run: &Run) -> bool {
    match input {
        Input::Event(_) => true,
        Input::Command(command) => {
            *command.run() == run.id || known.session.record().is_some_and(|session| session.runs.contains(&run.id))
        }
    }
}
