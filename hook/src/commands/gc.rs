//! `baton gc`.

use std::collections::BTreeMap;

use agent_baton_core::id::SessionId;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use crate::hint::Advice;
use crate::output;
use crate::output::listing::{Listing, Row};
use crate::output::terminal::Terminal;
use baton_display::Progress;
use baton_engine::retention::{ExpiryReason, RetainedBecause, Sweep, SweepAction, SweepPlan, SweepStep};

/// Archive, trash and remove old sessions. baton never touches a session that is or may be alive, is pinned, was
/// restored recently or owns an unfinished run.
#[derive(Args)]
pub struct Gc {
    /// Print what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

/// What a sweep did, or would do, as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GcView {
    /// Whether this was a dry run, which changes nothing.
    pub dry_run: bool,
    /// The planned steps.
    pub steps: Vec<GcStepView>,
    /// How many steps were done. A step is skipped if its session changed meanwhile.
    pub done: usize,
    /// How many live sessions were kept, by reason.
    pub retained: BTreeMap<RetainedBecause, usize>,
    /// How many records could not be read. They were left unchanged.
    pub unreadable: usize,
}

/// One step as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GcStepView {
    /// The session.
    pub session: SessionId,
    /// What happens to it.
    pub action: SweepAction,
    /// The reason.
    pub reason: ExpiryReason,
    /// When it ended (RFC 3339).
    pub ended_at: String,
}

impl Gc {
    /// Runs the sweep.
    ///
    /// # Errors
    /// Returns an error if the state cannot be used. Earlier steps stay done.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let liveness = context.liveness_check();
        let sweep =
            Sweep { store: context.store(), liveness: &liveness, policy: context.retention()?, now: context.now() };
        let progress = Progress::begin("reading the sessions", None);
        let plan = sweep.plan(context.catalogue().get()?)?;
        drop(progress);
        for error in &plan.unreadable {
            output::notice(&error.in_one_line());
        }
        let done = if self.dry_run || plan.steps.is_empty() { 0 } else { apply_steps(&context, &sweep, &plan.steps)? };
        if self.json {
            return output::print_json(&view(self.dry_run, &plan, done));
        }
        output::print(&text(self.dry_run, &plan, done))
    }
}

/// Carries out the steps. Releases the lock between commits, so that no hook waits for the whole sweep.
fn apply_steps(context: &Context, sweep: &Sweep<'_>, steps: &[SweepStep]) -> Result<usize, CommandError> {
    let (mut done, progress) = (0, Progress::begin("moving sessions", Some(steps.len())));
    for steps in steps.chunks(baton_store::MAX_CHANGES) {
        let mut locked = context.lock()?;
        done += sweep.apply(&mut locked, steps)?;
        progress.set(done);
    }
    Ok(done)
}

fn view(dry_run: bool, plan: &SweepPlan, done: usize) -> GcView {
    let steps = plan.steps.iter().map(|step| GcStepView {
        session: step.session.id.clone(),
        action: step.action,
        reason: step.reason,
        ended_at: baton_display::format_rfc3339(&step.ended_at),
    });
    GcView { dry_run, steps: steps.collect(), done, retained: plan.retained.clone(), unreadable: plan.unreadable.len() }
}

fn text(dry_run: bool, plan: &SweepPlan, done: usize) -> String {
    let row = |step: &SweepStep| {
        let act = match step.action {
            SweepAction::Archive => "archive",
            SweepAction::Trash => "trash",
            SweepAction::Remove => "remove",
        };
        Row {
            primary: vec![act.to_owned(), step.session.id.to_string()],
            secondary: vec![step.reason.description().to_owned()],
        }
    };
    let listing = Listing::new(&["ACTION", "SESSION"], &["REASON"], plan.steps.iter().map(row).collect());
    let mut text = listing.render(&Terminal::stdout());
    let many = |count: usize| baton_display::format_count(count, "session", "sessions");
    text.push_str(&match (dry_run, plan.steps.len()) {
        (_, 0) => "no sessions to archive or remove\n".to_owned(),
        (true, steps) => format!("dry run: {} would be moved; nothing was changed\n", many(steps)),
        (false, _) => format!("{} moved\n", many(done)),
    });
    text
}
