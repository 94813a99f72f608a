//! `baton answer`.

use std::thread;
use std::time::Duration;

use agent_baton_core::id::SessionId;
use agent_baton_core::pane::Pane;
use agent_baton_core::session::Launch;
use baton_display::{format_rfc3339, pane_label};
use clap::Args;

use crate::args;
use crate::context::Context;
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use baton_engine::session_status::{AttentionReason, SessionStatus};
use baton_store::AuditAction;
use baton_system::ProcessLookup;
use baton_system::foreground::check_foreground;
use baton_system::multiplexer::{MultiplexerError, Tmux, TypedText, Zellij};

/// How long to wait between the text and Enter. Both agents take an Enter that follows at once for a part of a pasted
/// text.
const BEFORE_ENTER: Duration = Duration::from_millis(200);

/// Answer an agent that waits, by typing into its pane. Only if the setting view.answer is true.
#[derive(Args)]
pub struct Answer {
    /// Session id or a unique part of it, its name, or "last"
    #[arg(value_name = "ID")]
    session: String,
    /// What to type: one line. If the agent shows a dialog, one letter or digit
    text: String,
    /// Refuse if the session waits for something else than at this time, as "since" in `baton status --json` has it
    #[arg(long, value_name = "TIME")]
    asked: Option<String>,
}

impl Answer {
    /// Types the text and presses Enter. Each is preceded by the proof that the agent is what reads it.
    ///
    /// # Errors
    /// Refused if the configuration does not allow it, if the session does not wait, or if it is not proved that the
    /// agent is what reads the text. Also fails if the multiplexer does.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        check_allowed(&context)?;
        let text: TypedText = self.text.parse().map_err(|why| CommandError::refused(format!("{why}")))?;
        let id = args::session::resolve(&context, &self.session, false)?;
        let (launch, press_enter) = self.waiting_launch(&context, &id, &text)?;
        let target = Target { context: &context, id: &id, launch };
        target.prove()?;
        context.touch_session(AuditAction::AnswerTyped, &id)?;
        target.prove()?;
        target.type_text(&text)?;
        if press_enter {
            thread::sleep(BEFORE_ENTER);
            target.prove().map_err(|why| {
                let typed = format!("the text was typed into {}, and Enter was not pressed", target.place());
                CommandError::failed(format!("{typed}: {}", why.in_one_line()))
            })?;
            target.press_enter()?;
        }
        output::print(&format!("session {id} was answered in {}\n", target.place()))
    }

    /// Returns the launch of a session that waits, and whether Enter ends the answer.
    fn waiting_launch(
        &self,
        context: &Context,
        id: &SessionId,
        text: &TypedText,
    ) -> Result<(Launch, bool), CommandError> {
        let (session, archived) = context.session(id)?;
        let seen = context.session_reader().assess(session, archived);
        let status = seen.standing.status;
        let is_dialog = match status {
            _ if seen.session.headless => {
                return Err(CommandError::refused(format!("session {id} has no terminal user")));
            }
            SessionStatus::Idle | SessionStatus::Attention(AttentionReason::Error) => false,
            SessionStatus::Attention(_) => true,
            other => return Err(CommandError::refused(format!("session {id} does not wait: it is {}", other.word()))),
        };
        // The question that the user saw may be answered, and another one asked.
        if self.asked.as_ref().is_some_and(|asked| *asked != format_rfc3339(&seen.standing.since)) {
            let why = format!("session {id} no longer waits for what it waited for at that time");
            return Err(CommandError::refused(why).hint("read what it asks now, and answer that"));
        }
        // In a dialog, Enter confirms what is selected, whatever was typed before it.
        if is_dialog && !text.is_key() {
            let why = format!("session {id} shows a dialog ({}), which takes one key", status.word());
            return Err(
                CommandError::refused(why).hint("type one letter or digit of the dialog, or answer it in its pane")
            );
        }
        let mut living = seen.live_launches();
        match (living.next(), living.next()) {
            (Some(launch), None) => Ok((launch.clone(), !is_dialog)),
            (Some(one), Some(other)) => {
                let (one, other) = (pane_label(&one.pane), pane_label(&other.pane));
                Err(CommandError::refused(format!("session {id} is open in {one} and in {other}")))
            }
            (None, _) => Err(CommandError::refused(format!("session {id} has no live process"))),
        }
    }
}

/// Checks that the user's own configuration allows answers, and that a user asks.
fn check_allowed(context: &Context) -> Result<(), CommandError> {
    let is_allowed = context.settings().config().view.answer;
    if let Some(problem) = context.settings().problem() {
        return Err(CommandError::refused(problem.in_one_line()));
    }
    if !is_allowed {
        return Err(CommandError::refused("baton types into no pane unless your configuration allows it")
            .hint("set answer = true below [view] in ~/.config/baton/config.toml"));
    }
    if context.inspector().outermost_agent().is_some() {
        return Err(
            CommandError::refused("an agent cannot answer for its user").hint("run this in a terminal of yours")
        );
    }
    // What an agent detaches from itself has lost its ancestors, and with them its terminal.
    if !has_terminal(context) {
        return Err(CommandError::refused("nothing shows that a user asks: this process has no terminal")
            .hint("run this, or the server of the live view, in a terminal of yours"));
    }
    Ok(())
}

/// Returns whether this process has a controlling terminal.
fn has_terminal(context: &Context) -> bool {
    let own = context.inspector().process(std::process::id());
    matches!(own, ProcessLookup::Found(stat) if stat.tty_name().is_some())
}

/// The pane that is typed into.
struct Target<'a> {
    context: &'a Context,
    id: &'a SessionId,
    launch: Launch,
}

impl Target<'_> {
    fn place(&self) -> String {
        pane_label(&self.launch.pane)
    }

    /// Proves that the agent, and nothing else, reads what is typed next.
    fn prove(&self) -> Result<(), CommandError> {
        let Launch { process, pane, .. } = &self.launch;
        let refused = |why: &str| {
            CommandError::refused(format!("session {} cannot be answered in {}: {why}", self.id, self.place()))
        };
        let inspector = self.context.inspector();
        inspector.check_pane(process, pane).map_err(|error| refused(&error.to_string()))?;
        check_foreground(inspector.system(), inspector.host(), process, pane)
            .map_err(|error| refused(&baton_display::error_chain(&error)))?;
        if let Pane::Tmux { server, pane } = pane
            && let Some(why) = Tmux::with_socket(server).takes_keys(pane).map_err(|error| self.failed(error))?
        {
            return Err(refused(why));
        }
        Ok(())
    }

    fn type_text(&self, text: &TypedText) -> Result<(), CommandError> {
        self.act(|tmux, pane| tmux.type_text(pane, text), |zellij, pane| zellij.type_text(pane, text))
    }

    fn press_enter(&self) -> Result<(), CommandError> {
        self.act(Tmux::press_enter, |zellij, pane| zellij.press_enter(pane))
    }

    fn act(
        &self,
        tmux: impl FnOnce(&Tmux, &str) -> Result<(), MultiplexerError>,
        zellij: impl FnOnce(&Zellij<'_>, &str) -> Result<(), MultiplexerError>,
    ) -> Result<(), CommandError> {
        let done = match &self.launch.pane {
            Pane::Tmux { server, pane } => tmux(&Tmux::with_socket(server), pane),
            Pane::Zellij { session, pane } => zellij(&Zellij::named(session), pane),
            // The proof refused it.
            Pane::Tty { .. } | Pane::Unknown => Ok(()),
        };
        done.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: MultiplexerError) -> CommandError {
        CommandError::failed(format!("baton cannot type into {}", self.place())).caused_by(error)
    }
}
