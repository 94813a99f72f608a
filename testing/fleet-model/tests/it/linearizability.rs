//! The checker refuses broken histories and accepts good ones. A history has a line for each operation: when it was called and
//! answered (`-` if never), and `take EXPECTED FENCE OWNER yes|no|?`, `read FENCE OWNER`, `acquire OWNER FENCE|?`,
//! `verify FENCE OWNER yes|no` or `end yes|?`.

use baton_fleet_model::linearizability::{Action, ENDED, Operation, Ownership, check};

fn operation(line: &str) -> Operation {
    let words: Vec<&str> = line.split_whitespace().collect();
    let number = |index: usize| if words[index] == "ended" { ENDED } else { words[index].parse().unwrap() };
    let ownership = |index| Ownership { fence: number(index), owner: number(index + 1) };
    let done = |word| match word {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    };
    let action = match words[2] {
        "take" => Action::Take { expected: number(3), next: ownership(4), done: done(words[6]) },
        "acquire" => Action::Acquire { owner: number(3), fence: words[4].parse().ok() },
        "verify" => Action::Verify { asked: ownership(3), holds: words[5] == "yes" },
        "end" => Action::End { done: words[3] == "yes" },
        _ => Action::Read(ownership(3)),
    };
    Operation { run: 1, called: number(0), answered: words[1].parse().ok(), action }
}

#[track_caller]
fn accepts(lines: &[&str]) {
    let history: Vec<Operation> = lines.iter().map(|line| operation(line)).collect();
    assert_eq!(check(&history), Ok(()), "{lines:?}");
}

#[track_caller]
fn refuses(lines: &[&str]) {
    let history: Vec<Operation> = lines.iter().map(|line| operation(line)).collect();
    assert!(check(&history).is_err(), "{lines:?}");
}

#[test]
fn a_stale_read_is_refused() {
    refuses(&["1 2 take 0 1 7 yes", "3 4 take 1 2 8 yes", "5 6 read 1 7"]);
    accepts(&["1 2 take 0 1 7 yes", "3 6 take 1 2 8 yes", "4 5 read 1 7"]);
    // Reads do not go back.
    refuses(&["1 2 take 0 1 7 yes", "3 9 take 1 2 8 yes", "4 5 read 2 8", "6 7 read 1 7"]);
}

#[test]
fn two_owners_with_one_fence_are_refused() {
    refuses(&["1 4 take 0 1 7 yes", "2 3 take 0 1 8 yes"]);
    refuses(&["1 2 take 0 1 7 yes", "3 6 take 1 2 8 yes", "4 5 take 1 2 9 yes"]);
    refuses(&["1 2 take 0 1 7 yes", "3 4 read 1 8"]);
    accepts(&["1 4 take 0 1 7 yes", "2 3 take 0 1 8 no"]);
}

#[test]
fn a_lost_acknowledged_write_is_refused() {
    refuses(&["1 2 take 0 1 7 yes", "3 4 read 0 0"]);
    refuses(&["1 2 take 0 1 7 yes", "3 4 take 0 1 8 yes"]);
}

#[test]
fn a_refused_write_that_happened_is_refused() {
    refuses(&["1 2 take 0 1 7 no", "3 4 read 1 7"]);
    refuses(&["1 2 take 0 1 7 no"]);
}

#[test]
fn an_unknown_outcome_may_be_either_and_may_be_late() {
    accepts(&["1 - take 0 1 7 ?", "3 4 read 0 0"]);
    accepts(&["1 - take 0 1 7 ?", "3 4 read 1 7"]);
    accepts(&["1 - take 0 1 7 ?", "3 4 read 0 0", "5 6 read 1 7"]);
    refuses(&["1 - take 0 1 7 ?", "3 4 read 1 7", "5 6 read 0 0"]);
    refuses(&["3 - take 0 1 7 ?", "1 2 read 1 7"]);
}

#[test]
fn whoever_acquires_a_run_raises_its_fence_or_keeps_it() {
    accepts(&["1 2 acquire 7 1", "3 4 acquire 7 1", "5 6 acquire 8 2", "7 8 verify 1 7 no", "9 10 verify 2 8 yes"]);
    accepts(&["1 2 acquire 7 1", "3 6 acquire 8 3", "4 5 acquire 9 2"]);
    refuses(&["1 2 acquire 7 1", "3 4 acquire 8 1"]);
    refuses(&["1 2 acquire 7 1", "3 6 acquire 8 2", "4 5 acquire 9 2"]);
    refuses(&["1 2 acquire 7 1", "3 4 acquire 8 2", "5 6 verify 1 7 yes"]);
    refuses(&["1 2 acquire 7 1", "3 4 verify 1 7 no"]);
}

#[test]
fn an_acquisition_of_which_nobody_heard_may_have_happened() {
    for read in ["5 6 read 1 7", "5 6 read 2 8"] {
        accepts(&["1 2 acquire 7 1", "3 - acquire 8 ?", read]);
    }
    accepts(&["1 2 acquire 7 1", "3 - acquire 8 ?", "5 6 acquire 8 2", "7 8 acquire 9 3"]);
    refuses(&["1 2 acquire 7 1", "3 - acquire 8 ?", "5 6 read 3 8"]);
    refuses(&["1 2 acquire 7 1", "3 - acquire 8 ?", "5 6 read 2 8", "7 8 verify 1 7 yes"]);
}

#[test]
fn nobody_acquires_a_run_that_has_ended() {
    accepts(&["1 2 acquire 7 1", "3 4 end yes", "5 6 read 1 ended", "7 8 verify 1 7 no"]);
    accepts(&["1 2 acquire 7 1", "3 - end ?", "5 6 acquire 8 2", "7 8 read 2 ended"]);
    refuses(&["1 2 acquire 7 1", "3 4 end yes", "5 6 acquire 8 2"]);
    refuses(&["1 2 acquire 7 1", "3 4 end yes", "5 6 verify 1 7 yes"]);
}

#[test]
fn runs_are_checked_for_themselves() {
    let mut other = operation("3 4 take 0 1 8 yes");
    other.run = 2;
    assert_eq!(check(&[operation("1 2 take 0 1 7 yes"), other]), Ok(()));
}
