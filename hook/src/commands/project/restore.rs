//! `baton project restore`.

use std::path::PathBuf;

use agent_baton_core::process::Live;
use clap::Args;

use super::project_arg::ProjectArg;
use crate::context::Context;
use crate::error::CommandError;
use crate::output;
use baton_display::Progress;
use baton_protect::restore_plan::{ChangeEvidence, RestorePlan};
use baton_protect::state::{Backup, ProjectRecord, ProtectionState};
use baton_protect::{ProtectError, ProtectedProject, RestoreResult};
use baton_system::multiplexer::shell_quote;

/// Restore a project's protected files from a backup. baton first copies the current files to the history.
#[derive(Args)]
pub struct Restore {
    /// Path of the project [default: the current project]
    project: Option<PathBuf>,
    /// Number of the backup [default: the pending backup]
    #[arg(long, value_name = "N")]
    backup: Option<u64>,
    /// Print what would happen, and change nothing
    #[arg(long)]
    dry_run: bool,
    /// Restore even if sessions are or may be open in the project
    #[arg(long)]
    force: bool,
    /// If the project's record cannot be used, move it to the quarantine and restore the newest backup
    #[arg(long, conflicts_with = "dry_run")]
    replace_record: bool,
}

impl Restore {
    /// Restores the files. It needs no evidence of who changed them, because the user asked for it: every changed file
    /// goes to the history and is replaced.
    ///
    /// # Errors
    /// Returns an error if there is nothing to restore, if sessions are open, or if not every file could be restored.
    pub fn run(self) -> Result<(), CommandError> {
        let context = Context::open()?;
        let named = ProjectArg::resolve(&context, self.project.as_deref())?;
        let participants = named.record().map(|record| record.participants).unwrap_or_default();
        let (_, probes) = context.participants(&named.project, &participants)?;
        let now = context.now();
        let mut locked = context.lock()?;
        let mut protected = ProtectedProject {
            locked: &mut locked,
            protected_store: &named.protected_store,
            project: &named.project,
            now: &now,
            deadline: None,
        };
        if self.dry_run {
            let saved = self.choose_backup(&protected, &named.record()?, &named)?;
            return print_plan(
                protected
                    .plan_restore(&saved, &ChangeEvidence::SessionsUntilNow)
                    .map_err(CommandError::failed)?
                    .as_ref(),
            );
        }
        let (mut record, replaced) = self.load_record(&mut protected)?;
        let saved = if replaced && self.backup.is_none() {
            newest_backup(&protected, &named)?
        } else {
            self.choose_backup(&protected, &record, &named)?
        };
        let anyone = protected.any_live(
            &record,
            |participants| context.probe_participants(participants, probes),
            context.place(),
        )?;
        if anyone != Live::No && !self.force {
            return Err(CommandError::refused(format!(
                "sessions are or may be open in {}: they would continue with other files",
                named.project
            ))
            .hint(format!(
                "`baton project show {}` lists them; to restore anyway, add --force",
                shell_quote(&named.project)
            )));
        }
        // Without evidence, the user's word counts that nobody is there.
        let anyone = if anyone == Live::Unknown { Live::No } else { anyone };
        let before = record.state.clone();
        record.state = ProtectionState::Saved(saved);
        let told = record.pending_notices.len();
        let progress = Progress::begin("restoring the files", None);
        let ending = protected.restore(&mut record, ChangeEvidence::SessionsUntilNow)?;
        drop(progress);
        // If sessions are still open, the last one restores what the first one saved.
        match ending {
            RestoreResult::Done(_) if anyone == Live::No => record.state = ProtectionState::Idle,
            RestoreResult::Done(_) | RestoreResult::BackupMissing | RestoreResult::ProjectMissing => {
                record.state = before
            }
            RestoreResult::Retry(_) => {}
        }
        if anyone == Live::No {
            record.participants.clear();
        }
        if record.state == ProtectionState::Idle {
            record.failed_at = None;
        }
        let texts: Vec<String> = record.pending_notices.drain(told.min(record.pending_notices.len())..).collect();
        protected.save_record(&mut record)?;
        let text = baton_display::strip_control_chars_by_line(&texts.join("\n"));
        match ending {
            RestoreResult::Done(outcome) if outcome.kept.is_empty() => output::print(&if texts.is_empty() {
                "everything is as it was when it was saved\n".to_owned()
            } else {
                text + "\n"
            }),
            _ => Err(CommandError::failed(text)),
        }
    }

    /// Returns the project's record, and whether it is a new one, in place of one that cannot be used.
    fn load_record(&self, protected: &mut ProtectedProject<'_, '_>) -> Result<(ProjectRecord, bool), CommandError> {
        match protected.load_record() {
            Err(error @ (ProtectError::Record { .. } | ProtectError::Store(_))) if self.replace_record => {
                let (mut record, text) = protected.replace_record(&what_is_wrong(&error))?;
                output::notice(&text);
                protected.save_record(&mut record)?;
                Ok((record, true))
            }
            record => Ok((record?, false)),
        }
    }

    fn choose_backup(
        &self,
        protected: &ProtectedProject<'_, '_>,
        record: &ProjectRecord,
        named: &ProjectArg,
    ) -> Result<Backup, CommandError> {
        match (self.backup, record.backup()) {
            (None, Some(saved)) => Ok(saved.clone()),
            (Some(number), Some(saved)) if saved.number == number => Ok(saved.clone()),
            (Some(number), _) => protected.find_backup(number).ok_or_else(|| {
                CommandError::not_found(format!("there is no backup {number} of {}", named.project))
                    .hint(format!("`baton project show {}` lists the backups", shell_quote(&named.project)))
            }),
            (None, None) => Err(CommandError::not_found(format!(
                "there is nothing to restore in {}: its files are yours",
                named.project
            ))
            .hint("to restore an older backup, add --backup N")),
        }
    }
}

fn newest_backup(protected: &ProtectedProject<'_, '_>, named: &ProjectArg) -> Result<Backup, CommandError> {
    protected.newest_backup()?.and_then(|number| protected.find_backup(number)).ok_or_else(|| {
        CommandError::not_found(format!("there is no backup of {}", named.project))
            .hint("the next session that starts there saves its files anew")
    })
}

/// Says what is wrong with a record, as the predicate of a sentence.
fn what_is_wrong(error: &ProtectError) -> String {
    match error {
        ProtectError::Record { what, .. } => what.clone(),
        _ => format!("cannot be read ({})", baton_display::error_chain(error)),
    }
}

fn print_plan(planned: Option<&RestorePlan>) -> Result<(), CommandError> {
    let Some(plan) = planned else {
        return Err(CommandError::failed("the project does not exist").hint("mount its disk, if it is on one"));
    };
    let mut text = String::new();
    let mut add = |what: &str, path: &baton_engine::config::RelativePath, why: &str| {
        text.push_str(&baton_display::strip_control_chars(&format!("{what} {}{why}", path.path().display())));
        text.push('\n');
    };
    plan.write.iter().for_each(|path| add("would restore", path, ""));
    plan.remove.iter().filter(|path| !plan.write.contains(path)).for_each(|path| add("would remove", path, ""));
    plan.kept.iter().chain(&plan.failed).for_each(|(path, why)| add("would leave", path, &format!(": {why}")));
    output::print(if text.is_empty() { "everything is as it was when it was saved\n" } else { &text })
}
