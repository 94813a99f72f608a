//! The timer as a line of the user's crontab, between two lines with our mark. All other lines stay as they are.

use super::command_line::WitnessCommand;
use super::error::SchedulerError;
use super::scheduler_program::{MAX_OUTPUT_BYTES, SchedulerPrograms, failure};

/// The program.
const PROGRAM: &str = "crontab";

/// What the lines around ours say after the mark.
const BEGIN: &str = ": begin (`baton fleet leave` removes these lines)";
const END: &str = ": end";

/// Adds the line, or replaces the one that is there.
///
/// # Errors
/// Returns an error if the crontab cannot be read or written. Then it is unchanged.
pub fn install(
    programs: &SchedulerPrograms,
    mark: &str,
    command: &WitnessCommand,
    second: u8,
) -> Result<(), SchedulerError> {
    let command = command.crontab_command()?;
    let before = read(programs)?;
    let mut after = without_ours(&before, mark);
    if !after.is_empty() && !after.ends_with(b"\n") {
        after.push(b'\n');
    }
    let line = format!("* * * * * sleep {second}; {command}");
    after.extend_from_slice(format!("{mark}{BEGIN}\n{line}\n{mark}{END}\n").as_bytes());
    if after == before { Ok(()) } else { programs.run(PROGRAM, &["-"], after) }
}

/// Returns whether our line is there. It is not, if the crontab cannot be read.
pub fn has(programs: &SchedulerPrograms, mark: &str) -> bool {
    read(programs).is_ok_and(|text| without_ours(&text, mark) != text)
}

/// Removes our line. Returns whether it was there. Where there is no cron, it was not.
///
/// # Errors
/// Returns an error if the crontab cannot be written.
pub fn remove(programs: &SchedulerPrograms, mark: &str) -> Result<bool, SchedulerError> {
    let Ok(before) = read(programs) else { return Ok(false) };
    let after = without_ours(&before, mark);
    if after == before {
        return Ok(false);
    }
    if after.is_empty() {
        programs.run(PROGRAM, &["-r"], Vec::new())?
    } else {
        programs.run(PROGRAM, &["-"], after)?
    }
    Ok(true)
}

/// Reads the crontab. A user who has none has an empty one.
fn read(programs: &SchedulerPrograms) -> Result<Vec<u8>, SchedulerError> {
    let listed = programs.output(PROGRAM, &["-l"], Vec::new())?;
    if listed.status.success() && listed.stdout.len() < MAX_OUTPUT_BYTES {
        return Ok(listed.stdout);
    }
    let text = String::from_utf8_lossy(&listed.stderr).to_lowercase();
    // What cannot be read must not be replaced.
    let has_none = !listed.status.success() && (text.contains("no crontab") || text.contains("no such file"));
    if has_none { Ok(Vec::new()) } else { Err(failure(PROGRAM, &["-l"], &listed)) }
}

/// Returns the crontab without our lines. If somebody removed the last of them, only those that are surely ours go.
fn without_ours(text: &[u8], mark: &str) -> Vec<u8> {
    let (begin, end) = (format!("{mark}{BEGIN}"), format!("{mark}{END}"));
    let lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let is = |line: &&[u8], wanted: &str| line.trim_ascii_end() == wanted.as_bytes();
    let is_command = |line: &&[u8]| {
        let command = b" fleet witness --quiet ";
        line.starts_with(b"* * * * * sleep ") && line.windows(command.len()).any(|part| part == command)
    };
    let mut rest = Vec::new();
    let mut lines = lines.into_iter().peekable();
    while let Some(line) = lines.next() {
        if !is(&line, &begin) {
            rest.extend_from_slice(line);
            continue;
        }
        lines.next_if(is_command);
        lines.next_if(|line| is(line, &end));
    }
    rest
}
