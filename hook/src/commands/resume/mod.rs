//! `baton resume`: the agents' own resume commands, after a crash, a closed terminal or a reboot.
//!
//! A session is brought back once: before its window is opened, a mark in its record says so, under the lock. The mark holds for as long as
//! what was started lives, until the agent announces itself.

mod bring;
mod mark;

use std::collections::BTreeSet;

use clap::Args;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::commands::roster::{Roster, Seen, SeenAll};
use crate::commands::which::{project_here, session};
use crate::words;
use bring::{Bring, Scope, plan};
use mark::Mark;

/// Brings sessions back after a crash, a closed terminal or a reboot.
#[derive(Args)]
pub struct Resume {
    /// The session: its id, the beginning of it, its name, or "last". Without it, all that were lost
    #[arg(value_name = "ID", conflicts_with = "lost")]
    id: Option<String>,
    /// All that were alive and are proved dead
    #[arg(long)]
    lost: bool,
    /// Of this project alone
    #[arg(long)]
    here: bool,
    /// Open a window of tmux for each, in place of printing its command
    #[arg(long)]
    tmux: bool,
    /// Print what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
}

impl Resume {
    /// Prints the commands, or opens the windows.
    ///
    /// # Errors
    /// Not found or ambiguous; refused, where the one that was named lives or may live; or a window could not be opened.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let (scope, seen) = match &self.id {
            Some(text) => {
                let (session, archived) = context.session(&session(&context, text, self.here)?)?;
                (Scope::Named, vec![Roster::new(&context).see(session, archived)])
            }
            None => (Scope::Lost, self.all(&context)?),
        };
        let (brings, left) = plan(&context, &scope, seen);
        if let (Scope::Named, [], [left]) = (&scope, brings.as_slice(), left.as_slice()) {
            return Err(CommandError::NotBrought(format!("session {} {}", left.id, left.why)));
        }
        for left in &left {
            print::say(&format!("session {} {}", left.id, words::clean(&left.why)));
        }
        if brings.is_empty() {
            return print::lines("nothing to bring back\n");
        }
        if self.tmux && !self.dry_run {
            return open(&context, &scope, &brings);
        }
        let mut servers = BTreeSet::new();
        let line = |bring: &Bring| if self.tmux { bring.tmux_words(&mut servers) } else { bring.words() };
        print::lines(&brings.iter().map(line).map(|line| line + "\n").collect::<String>())
    }

    fn all(&self, context: &Context) -> Result<Vec<Seen>, CommandError> {
        let SeenAll { mut sessions, unreadable, .. } = Roster::new(context).now()?;
        for (id, _) in unreadable {
            print::say(&format!("{id} cannot be read, and is left alone"));
        }
        if self.here {
            let project = project_here()?;
            sessions.retain(|seen| seen.session.project.as_ref() == Some(&project));
        }
        Ok(sessions)
    }
}

/// What came of one.
enum Outcome {
    /// Its window is open.
    Opened,
    /// It is not what it was when it was judged.
    Changed,
    /// Its window could not be opened, which was said.
    Failed,
}

/// Opens a window for each. One that fails stops no other.
fn open(context: &Context, scope: &Scope, brings: &[Bring]) -> Result<(), CommandError> {
    let mut failed = 0;
    for bring in brings {
        match open_one(context, bring) {
            Ok(Outcome::Opened) => {}
            Ok(Outcome::Changed) => {
                let left = format!("session {} changed meanwhile, and is left alone", bring.id());
                match scope {
                    Scope::Named => return Err(CommandError::NotBrought(left)),
                    Scope::Lost => print::say(&left),
                }
            }
            Ok(Outcome::Failed) => failed += 1,
            Err(error) => {
                failed += 1;
                print::say(&format!("session {}: {}", bring.id(), words::clean(&error.to_string())));
            }
        }
    }
    if failed > 0 { Err(CommandError::NotOpened(failed)) } else { Ok(()) }
}

/// Opens the window of one.
fn open_one(context: &Context, bring: &Bring) -> Result<Outcome, CommandError> {
    let Some(mark) = Mark::put(context, bring)? else { return Ok(Outcome::Changed) };
    let why = match bring.open() {
        Ok(opened) => {
            let unnoted = |_: &CommandError| print::say(&format!("session {}: see pane {}", bring.id(), opened.pane));
            if mark.opened(context, &opened).inspect_err(unnoted)? {
                print::lines(&format!("session {} is brought back in pane {}\n", bring.id(), opened.pane))?;
                return Ok(Outcome::Opened);
            }
            format!("the window of session {} closed at once; try by hand: {}", bring.id(), bring.words())
        }
        Err(error) => format!("session {}: {}", bring.id(), words::clean(&error.to_string())),
    };
    print::say(&why);
    mark.take_back(context)?;
    Ok(Outcome::Failed)
}
