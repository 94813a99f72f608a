//! `baton gc`.

use std::collections::BTreeMap;

use agent_baton_core::id::SessionId;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::context::Context;
use crate::commands::error::CommandError;
use crate::commands::print;
use crate::retention::{Act, Found, Pass, Spared, Step, Why};
use crate::words;

/// Puts away the sessions that are not kept any longer. What lives, may live, is pinned, was just restored or owns an unfinished run
/// stays.
#[derive(Args)]
pub struct Gc {
    /// Only say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Print it as JSON
    #[arg(long)]
    json: bool,
}

/// What a pass did, or would do, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GcView {
    /// Whether nothing was done.
    pub dry_run: bool,
    /// What is to be done.
    pub steps: Vec<GcStepView>,
    /// How many of them were done; what changed meanwhile was left.
    pub done: usize,
    /// How many live sessions were spared, by what.
    pub spared: BTreeMap<Spared, usize>,
    /// How many records could not be read; they were left as they are.
    pub unreadable: usize,
}

/// One step as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GcStepView {
    /// The session.
    pub session: SessionId,
    /// What is done with it.
    pub act: Act,
    /// Why.
    pub why: Why,
    /// Since when it is over (RFC 3339).
    pub since: String,
}

impl Gc {
    /// Does it.
    ///
    /// # Errors
    /// When the state cannot be used; what was done before stays done.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let census = context.census();
        let pass = Pass { store: context.store(), census: &census, kept: context.retention()?, now: context.now() };
        let found = pass.whole()?;
        for error in &found.unreadable {
            print::say(&error.to_string());
        }
        let done = if self.dry_run || found.steps.is_empty() { 0 } else { take(&context, &pass, &found.steps)? };
        if self.json {
            return print::json(&view(self.dry_run, &found, done));
        }
        print::lines(&text(self.dry_run, &found, done))
    }
}

/// The lock is given back between commits, so that no hook waits for the whole.
fn take<M: crate::machine::Machine, E: crate::machine::environment::Environment>(
    context: &Context,
    pass: &Pass<'_, M, E>,
    steps: &[Step],
) -> Result<usize, CommandError> {
    let mut done = 0;
    for steps in steps.chunks(crate::store::MAX_CHANGES) {
        let mut locked = context.lock()?;
        done += pass.take(&mut locked, steps)?;
    }
    Ok(done)
}

fn view(dry_run: bool, found: &Found, done: usize) -> GcView {
    let steps = found.steps.iter().map(|step| GcStepView {
        session: step.session.id.clone(),
        act: step.act,
        why: step.why,
        since: words::instant(&step.since),
    });
    GcView { dry_run, steps: steps.collect(), done, spared: found.spared.clone(), unreadable: found.unreadable.len() }
}

fn text(dry_run: bool, found: &Found, done: usize) -> String {
    let row = |step: &Step| {
        let act = match step.act {
            Act::Archive => "archive",
            Act::Trash => "trash",
            Act::Remove => "remove",
        };
        vec![act.to_owned(), step.session.id.to_string(), step.why.words().to_owned()]
    };
    let mut text = print::table(&found.steps.iter().map(row).collect::<Vec<_>>());
    let many = |count: usize| format!("{count} {}", if count == 1 { "session" } else { "sessions" });
    text.push_str(&match (dry_run, found.steps.len()) {
        (_, 0) => "nothing to put away\n".to_owned(),
        (true, steps) => format!("{} would be put away; nothing was changed\n", many(steps)),
        (false, _) => format!("{} put away\n", many(done)),
    });
    text
}
