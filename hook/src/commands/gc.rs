//! `baton gc`.

use std::collections::BTreeMap;

use agent_baton_core::id::SessionId;
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;

use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_engine::retention::{ExpiryReason, RetainedBecause, Sweep, SweepAction, SweepPlan, SweepStep};

/// Archives, trashes and removes old sessions. baton never touches a session that is or may be alive, is pinned, was restored recently
/// or owns an unfinished run.
#[derive(Args)]
pub struct Gc {
    /// Print what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Print the result as JSON
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
    pub retained: BTreeMap<RetainedBecause, usize>,
    /// How many records could not be read; they were left as they are.
    pub unreadable: usize,
}

/// One step as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct GcStepView {
    /// The session.
    pub session: SessionId,
    /// What is done with it.
    pub action: SweepAction,
    /// Why.
    pub reason: ExpiryReason,
    /// Since when it is over (RFC 3339).
    pub ended_at: String,
}

impl Gc {
    /// Does it.
    ///
    /// # Errors
    /// When the state cannot be used; what was done before stays done.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let liveness = context.liveness_check();
        let sweep =
            Sweep { store: context.store(), census: &liveness, policy: context.retention()?, now: context.now() };
        let plan = sweep.plan()?;
        for error in &plan.unreadable {
            output::notice(&error.to_string());
        }
        let done = if self.dry_run || plan.steps.is_empty() { 0 } else { apply_steps(&context, &sweep, &plan.steps)? };
        if self.json {
            return output::print_json(&view(self.dry_run, &plan, done));
        }
        output::print(&text(self.dry_run, &plan, done))
    }
}

/// The lock is released between commits, so that no hook waits for the whole.
fn apply_steps(context: &Context, sweep: &Sweep<'_>, steps: &[SweepStep]) -> Result<usize, CommandError> {
    let mut done = 0;
    for steps in steps.chunks(baton_store::MAX_CHANGES) {
        let mut locked = context.lock()?;
        done += sweep.apply(&mut locked, steps)?;
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
        vec![act.to_owned(), step.session.id.to_string(), step.reason.description().to_owned()]
    };
    let mut text = output::table(&plan.steps.iter().map(row).collect::<Vec<_>>());
    let many = |count: usize| format!("{count} {}", if count == 1 { "session" } else { "sessions" });
    text.push_str(&match (dry_run, plan.steps.len()) {
        (_, 0) => "no sessions to archive or remove\n".to_owned(),
        (true, steps) => format!("dry run: {} would be moved; nothing was changed\n", many(steps)),
        (false, _) => format!("{} moved\n", many(done)),
    });
    text
}
