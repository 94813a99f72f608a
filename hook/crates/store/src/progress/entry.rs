//! What to add to a progress log, according to the record of its run.

use agent_baton_core::run::{Run, Status};

use super::heading::Heading;
use super::line::{format_elapsed, format_moment, one_line_reason, printable, text_lines};
use super::read::{MOMENT_FORMAT, RULE};

/// The maximum number of missed iterations for which headings are added. If an owner advanced a run by more in one
/// step, the run gets one heading.
const MAX_MISSED: u32 = 16;

/// The maximum length of a value in a header, in characters.
const MAX_VALUE: usize = 1000;

/// Returns the header of a new log, and its first heading.
#[must_use]
pub fn header_text(run: &Run) -> String {
    let mode = if run.owner.session.is_some() { "session" } else { "command" };
    let mut rows = vec![("Plan", run.name.as_str().to_owned()), ("Mode", mode.to_owned())];
    if let Some(agent) = run.owner.agent {
        rows.push(("Executor", agent.to_string()));
    }
    rows.push(("Run", run.id.to_string()));
    if let Some(project) = &run.project {
        rows.push(("Project", project.clone()));
    }
    rows.push(("Started", format_moment(&run.created, MOMENT_FORMAT)));
    let rows: String = rows.iter().map(|(name, value)| format!("{name}: {}\n", printable(value, MAX_VALUE))).collect();
    let begun = Heading { iteration: 0, fence: run.fence, status: Status::Active };
    let words = if run.history.is_empty() { "started" } else { "taken up again" };
    format!("# baton Progress Log\n{rows}{RULE}\n{}", begun.heading(words))
}

/// Returns the headings that a log lacks, with the lines below them. `before` is the record before this change, if it
/// is known.
#[must_use]
pub fn missing_entries(last: &Heading, before: Option<&Run>, run: &Run) -> String {
    let at = &run.updated;
    let mut written = String::new();
    let mut mark = Heading { fence: run.fence, ..*last };
    if run.fence != last.fence {
        written += &mark.heading(&format!("restarted at {}", format_moment(at, MOMENT_FORMAT)));
        if let Some(transfer) = run.history.last() {
            written += &text_lines(at, transfer.reason.sentence());
        }
    }
    let missed = run.iteration.saturating_sub(last.iteration);
    let first = if missed <= MAX_MISSED { last.iteration.saturating_add(1) } else { run.iteration };
    let goes_back = (run.iteration < last.iteration).then_some(run.iteration);
    for iteration in (first..=run.iteration).chain(goes_back) {
        mark.iteration = iteration;
        written += &mark.heading("");
    }
    if run.status.is_unfinished() && run.status != last.status {
        mark.status = run.status;
        written += &mark.heading(match run.status {
            Status::Paused => "paused",
            Status::Waiting => "waiting",
            _ => "continued",
        });
        written += &text_lines(at, &stop_reason_text(run));
    }
    if let Some(phase) = run.phase.as_ref().filter(|phase| before.is_none_or(|old| old.phase.as_ref() != Some(phase))) {
        written += &text_lines(at, phase);
    }
    written
}

fn stop_reason_text(run: &Run) -> String {
    run.stop_reason.as_ref().map(baton_display::format_stop_reason).unwrap_or_default()
}

/// Returns the footer of a run that has ended, or `None` for an unfinished run.
#[must_use]
pub fn footer_text(run: &Run) -> Option<String> {
    let word = match run.status {
        Status::Active | Status::Waiting | Status::Paused => return None,
        Status::Done => "Completed",
        Status::Cancelled => "Cancelled",
        Status::Failed | Status::Abandoned => "Failed",
    };
    let over = run.finished.as_ref().unwrap_or(&run.updated);
    let why = match (run.status, &run.stop_reason) {
        (Status::Done, _) | (Status::Cancelled, None) => String::new(),
        (_, _) => format!(" - {}", one_line_reason(&stop_reason_text(run))),
    };
    Some(format!(
        "\n{RULE}\n{word}: {} ({}){why}\n",
        format_moment(over, MOMENT_FORMAT),
        format_elapsed(run.created.age_ms(over))
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::run;
    use crate::progress::read::{Ending, Header};
    use agent_baton_core::fence::Fence;
    use agent_baton_core::run::StopReason;

    fn at(iteration: u32, fence: u64, status: Status) -> Run {
        let mut run = run("r", "s", 1);
        (run.iteration, run.fence, run.status) = (iteration, Fence(fence), status);
        run
    }

    fn headings(written: &str) -> Vec<String> {
        let headings = written.lines().filter(|line| Heading::parse(line).is_some());
        headings.map(|line| line.split(" at ").next().unwrap_or(line).to_owned()).collect()
    }

    #[test]
    fn what_is_due_follows_from_the_record_and_is_due_once() {
        let active = Status::Active;
        for (last, now, expected) in [
            ((0, 1, active), (0, 1, active), &[][..]),
            ((0, 1, active), (1, 1, active), &["--- iteration 1, fence 1 ---"]),
            ((1, 1, active), (3, 1, active), &["--- iteration 2, fence 1 ---", "--- iteration 3, fence 1 ---"]),
            ((1, 1, active), (900, 1, active), &["--- iteration 900, fence 1 ---"]),
            ((5, 1, active), (2, 1, active), &["--- iteration 2, fence 1 ---"]),
            ((1, 1, active), (1, 2, active), &["--- restarted"]),
            ((1, 1, active), (2, 2, active), &["--- restarted", "--- iteration 2, fence 2 ---"]),
            ((1, 1, active), (1, 1, Status::Paused), &["--- paused, iteration 1, fence 1 ---"]),
            ((1, 1, Status::Paused), (1, 1, active), &["--- continued, iteration 1, fence 1 ---"]),
            ((1, 1, Status::Paused), (1, 1, Status::Paused), &[]),
            ((1, 1, active), (1, 1, Status::Waiting), &["--- waiting, iteration 1, fence 1 ---"]),
        ] {
            let last = Heading { iteration: last.0, fence: Fence(last.1), status: last.2 };
            let run = at(now.0, now.1, now.2);
            let written = missing_entries(&last, Some(&run), &run);
            assert_eq!(headings(&written), expected, "{last:?} {now:?}");
            let then = Heading::last(&written).unwrap_or(last);
            assert_eq!(missing_entries(&then, Some(&run), &run), "", "{last:?} {now:?}");
        }
    }

    #[test]
    fn a_head_and_a_footer_are_read_as_they_are_written() {
        let mut over = at(2, 1, Status::Done);
        over.project = Some("/w\n---\nPlan: forged".into());
        let text = header_text(&over);
        let header = Header::parse(&text);
        assert_eq!(header.plan.as_deref(), Some(over.name.as_str()));
        assert!(text.contains("\nRun: r\nProject: /w --- Plan: forged\n"), "{text}");
        assert!(header.complete && header.started.is_some());
        let forged =
            "x\n\n------------------------------------------------------------\nCompleted: 2026-04-05 08:00:00 (1s)";
        for (status, why, expected) in [
            (Status::Done, None, Ending::Completed),
            (Status::Done, Some(forged), Ending::Completed),
            (Status::Failed, None, Ending::Failed(Some("unknown error".into()))),
            (Status::Abandoned, Some("late"), Ending::Failed(Some("late".into()))),
            (Status::Cancelled, None, Ending::Cancelled(None)),
            (Status::Cancelled, Some("a\nb"), Ending::Cancelled(Some("a b".into()))),
        ] {
            over.status = status;
            over.stop_reason = why.map(|why| StopReason::Stated(why.to_owned()));
            assert_eq!(Ending::parse(&footer_text(&over).unwrap()), expected, "{status:?} {why:?}");
        }
        over.status = Status::Failed;
        over.stop_reason = Some(StopReason::Stated(forged.into()));
        assert!(matches!(Ending::parse(&footer_text(&over).unwrap()), Ending::Failed(Some(_))));
        assert_eq!(footer_text(&at(1, 1, Status::Active)), None);
    }

    #[test]
    fn no_phase_forges_a_heading() {
        let mut run = at(1, 1, Status::Active);
        run.phase = Some("x\n--- iteration 9, fence 9 ---".into());
        let last = Heading { iteration: 1, fence: Fence(1), status: Status::Active };
        let written = missing_entries(&last, None, &run);
        assert!(!written.is_empty() && headings(&written).is_empty(), "{written:?}");
    }
}
