//! Decides which sessions are resumed and how, and why others are not.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::process::Live;
use agent_baton_core::session::{Resuming, Session};

use super::users_word::RISK;
use crate::context::Context;
use crate::error::CommandError;
use baton_agents::session_files::{HeadReading, TranscriptHead};
use baton_agents::{Profile, conversation_directory, spec};
use baton_display::{format_ago, format_evidence, pane_label, strip_control_chars};
use baton_engine::session_status::{SessionStatus, has_conversation};
use baton_status::ListedSession;
use baton_system::multiplexer::{
    MultiplexerError, OpenedWindow, Tmux, own_socket_directory, shell_quote, trusted_socket,
};

/// How long a claim without a process holds, in milliseconds. Its writer was killed before it could record what it
/// started.
const UNSTARTED_CLAIM_MS: u64 = 60_000;

/// The sessions that the user asked for.
pub(super) enum Scope {
    /// One named session.
    Named {
        /// Whether the user says that it is not running.
        forced: bool,
    },
    /// All lost sessions.
    Lost,
}

/// A session to resume.
pub(super) struct Resumable {
    pub(super) session: Session,
    directory: PathBuf,
    program: Vec<String>,
    tmux: Tmux,
}

/// Returns which of these sessions are resumed, and why others are not.
pub(super) fn plan(context: &Context, scope: &Scope, seen: Vec<ListedSession>) -> (Vec<Resumable>, Vec<CommandError>) {
    let (mut resumable, mut left) = (Vec::new(), Vec::new());
    for seen in seen {
        match check(context, scope, &seen) {
            Ok(directory) => resumable.push(Resumable::new(context, seen, directory)),
            Err(Some(why)) => left.push(why),
            Err(None) => {}
        }
    }
    (resumable, left)
}

/// Returns the directory in which a session is resumed. Otherwise returns why it is not, if the user should know.
fn check(context: &Context, scope: &Scope, seen: &ListedSession) -> Result<PathBuf, Option<CommandError>> {
    let session = &seen.session;
    let all = matches!(scope, Scope::Lost);
    let refused = |why: &str| CommandError::refused(strip_control_chars(&format!("session {} {why}", session.id)));
    let shown = || seen.pane().map_or_else(|| "an unknown pane".to_owned(), pane_label);
    match seen.standing.status {
        status if status.is_alive() && all => return Err(None),
        SessionStatus::Ended(_) if all => return Err(None),
        status if status.is_alive() => {
            return Err(Some(
                refused(&format!("is already running in {}", shown()))
                    .hint(format!("`baton go {}` switches to it", session.id)),
            ));
        }
        SessionStatus::Unknown if !matches!(scope, Scope::Named { forced: true }) => {
            let why = format_evidence(seen.verdict().evidence);
            return Err(Some(
                refused(&format!("may be running in {}: baton cannot tell from here, because {why}", shown()))
                    .hint(force_hint(session)),
            ));
        }
        _ => {}
    }
    if all && session.headless {
        return Err(None);
    }
    if all && seen.standing.since.age_ms(&context.now()) > context.settings().config().stale_after.ms() {
        let age = format_ago(seen.standing.since.age_ms(&context.now()));
        return Err(Some(
            refused(&format!("was last active {age}")).hint(format!("`baton resume {}` resumes it", session.id)),
        ));
    }
    if !has_conversation(session) {
        return Err(if all { None } else { Some(refused("has no conversation yet")) });
    }
    match session.resuming.as_ref().map_or(Live::No, |mark| claim_liveness(context, mark)) {
        Live::Yes => return Err(Some(refused("is already being resumed"))),
        Live::Unknown => {
            let what = "may be being resumed: baton cannot tell from here";
            return Err(Some(refused(what).hint(force_hint(session))));
        }
        Live::No => {}
    }
    let directory = conversation_directory(session).ok_or_else(|| {
        let Some(was) = session.cwd.as_ref().or(session.project.as_ref()) else {
            return Some(refused("has no recorded directory"));
        };
        let command = shell_words(&resume_words(context, session, None));
        Some(
            refused(&format!("was in {was}, which no longer exists"))
                .hint(format!("if it was renamed, run this in its new place: {command}")),
        )
    })?;
    match profile(context, session).unproved(&session.launches) {
        None => Ok(directory),
        Some(home) => {
            let home = home.display();
            let why = format!("is not resumed: nothing proves that the settings in {home} are yours");
            let command = shell_command(&directory, &resume_words(context, session, Some(&directory)));
            Err(Some(refused(&why).hint(format!("if you know that directory, run this yourself: {command}"))))
        }
    }
}

fn force_hint(session: &Session) -> String {
    format!("if you know that it is not running, `baton resume {} --force` resumes it; {RISK}", session.id)
}

/// Returns whether a process that resumes a session is alive.
pub(super) fn claim_liveness(context: &Context, mark: &Resuming) -> Live {
    let place = context.place();
    match &mark.process {
        Some(process) => match context.inspector().process_liveness(process).live {
            // The process ran in another namespace of this machine. A reboot ended it.
            Live::Unknown if process.machine == place.machine && process.boot != place.boot => Live::No,
            live => live,
        },
        None if mark.at.boot == place.boot && mark.at.age_ms(&context.now()) < UNSTARTED_CLAIM_MS => Live::Yes,
        None => Live::No,
    }
}

/// Returns the words of the command with which the agent resumes a session in a directory.
fn resume_words(context: &Context, session: &Session, directory: Option<&Path>) -> Vec<String> {
    let spec = spec(session.agent);
    let words = std::iter::once(spec.comm).chain(spec.resume.iter().copied()).chain([session.id.as_str()]);
    let words = profile(context, session).words(session.agent).into_iter().chain(words.map(str::to_owned));
    // Its transcript names a directory of another machine, so the agent would ask which one to use.
    let option = spec.directory_option.zip(directory.filter(|directory| began_elsewhere(session, directory)));
    let named = option.map(|(option, directory)| [option.to_owned(), directory.display().to_string()]);
    words.chain(named.into_iter().flatten()).collect()
}

/// Returns whether the transcript of a session begins in another directory than this one.
fn began_elsewhere(session: &Session, directory: &Path) -> bool {
    let head = session.transcript.as_ref().map(|path| (spec(session.agent).session_files.head)(Path::new(path)));
    let Some(HeadReading::Conversation(TranscriptHead { cwd: Some(cwd), .. })) = head else { return false };
    Path::new(&cwd) != directory
}

/// Returns the profile of a session. The agent finds it only in the directory in which it wrote it.
fn profile(context: &Context, session: &Session) -> Profile {
    let transcript = session.transcript.as_ref().map(Path::new);
    let environment = context.inspector().environment();
    transcript.map_or(Profile::Current, |path| spec(session.agent).profile(environment, path))
}

/// Returns a command as a line for a shell that runs it in a directory.
fn shell_command(directory: &Path, words: &[String]) -> String {
    format!("cd {} && {}", shell_quote(&directory.display().to_string()), shell_words(words))
}

fn shell_words(words: &[String]) -> String {
    words.iter().map(|word| shell_quote(word)).collect::<Vec<_>>().join(" ")
}

/// Returns whether windows may open on a server that was recorded. The process is gone, so nothing proves that it was in
/// a pane of this server. Only tmux's own directory of this account counts.
fn is_own_server(socket: &Path) -> bool {
    let own = std::fs::canonicalize(own_socket_directory());
    own.is_ok_and(|own| trusted_socket(socket).is_ok_and(|socket| socket.parent() == Some(&own)))
}

impl Resumable {
    fn new(context: &Context, seen: ListedSession, directory: PathBuf) -> Self {
        let program = resume_words(context, &seen.session, Some(&directory));
        let was = seen.pane().and_then(|pane| if let Pane::Tmux { server, .. } = pane { Some(server) } else { None });
        let before = || was.filter(|server| is_own_server(Path::new(server))).map(|server| Tmux::with_socket(server));
        let tmux = Tmux::enclosing().or_else(before).unwrap_or_else(Tmux::default_server);
        Self { session: *seen.session, directory, program, tmux }
    }

    pub(super) const fn id(&self) -> &SessionId {
        &self.session.id
    }

    /// Returns the command as a line for a shell.
    pub(super) fn shell_command(&self) -> String {
        shell_command(&self.directory, &self.program)
    }

    /// Returns the command that opens the window, as a line for a shell. It first starts the server, unless `before`
    /// contains it, and adds the server to `before`.
    pub(super) fn tmux_command(&self, before: &mut BTreeSet<Tmux>) -> String {
        let made = !before.insert(self.tmux.clone()) || self.tmux.has_session();
        self.tmux.command(self.window_name(), &self.directory, &self.program, made)
    }

    pub(super) fn open(&self) -> Result<OpenedWindow, MultiplexerError> {
        self.tmux.open(self.window_name(), &self.directory, &self.program)
    }

    /// Returns the name of its window.
    fn window_name(&self) -> &str {
        self.session.name.as_ref().map_or(self.session.agent.name(), |name| name.as_str())
    }

    /// Returns whether the session is unchanged since it was judged.
    pub(super) fn is_unchanged(&self, now: &Session) -> bool {
        (&now.launches, &now.ended, now.deliveries.len())
            == (&self.session.launches, &self.session.ended, self.session.deliveries.len())
    }
}
