//! The sections of a progress log, which say what a loop does.

/// Returns the name of the section that a line begins, without the time of a restart.
#[must_use]
pub fn section_name(line: &str) -> Option<&str> {
    let name = line.trim_end_matches('\r').strip_prefix("--- ")?.strip_suffix(" ---")?.trim();
    (!name.is_empty() && !name.starts_with("restarted at ")).then_some(name)
}

/// Returns whether a section works on a task of the plan.
#[must_use]
pub fn is_task(section: &str) -> bool {
    section.split([' ', ':']).next().is_some_and(|word| word.eq_ignore_ascii_case("task"))
}

/// Returns the phase to which a section belongs, if its name tells.
#[must_use]
pub fn phase_of(section: &str) -> Option<&'static str> {
    // "codex iteration 1" is a review by Codex, and "claude review 2" one by Claude.
    const PHASES: [(&str, &str); 6] = [
        ("eval", "evaluation"),
        ("review", "review"),
        ("codex", "codex"),
        ("plan", "plan"),
        ("finalize", "finalize"),
        ("custom", "review"),
    ];
    if is_task(section) {
        return Some("task");
    }
    let name = section.to_lowercase();
    let has = |word: &str| name.split(|c: char| !c.is_alphanumeric()).any(|part| part == word);
    PHASES.iter().find(|(word, _)| has(word)).map(|(_, phase)| *phase)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_line_begins() {
        for (line, name, phase) in [
            ("--- task iteration 3 ---", Some("task iteration 3"), Some("task")),
            ("--- Task 2: the parser ---\r", Some("Task 2: the parser"), Some("task")),
            ("--- claude review 0: all findings ---", Some("claude review 0: all findings"), Some("review")),
            ("--- codex iteration 1 ---", Some("codex iteration 1"), Some("codex")),
            ("--- claude eval 1 ---", Some("claude eval 1"), Some("evaluation")),
            ("--- plan iteration 1 ---", Some("plan iteration 1"), Some("plan")),
            ("--- paused, iteration 1, fence 1 ---", Some("paused, iteration 1, fence 1"), None),
            ("--- restarted at 2026-04-05 08:00:00 ---", None, None),
            ("[26-04-05 08:00:00] --- task iteration 3 ---", None, None),
            ("------------------------------------------------------------", None, None),
            ("---  ---", None, None),
            ("--- ---", None, None),
            ("", None, None),
        ] {
            assert_eq!(section_name(line), name, "{line:?}");
            assert_eq!(name.and_then(phase_of), phase, "{line:?}");
        }
    }
}
