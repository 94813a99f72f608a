//! Random histories of loops, checked against a simple model: no iteration happens twice, past the limit, after a
//! cancel, or in a process that is not the owner. `BATON_SEED` sets the first seed.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use crate::effort;
use crate::rng::Rng;
use crate::world::World;
use agent_baton_core::decide::decide;
use agent_baton_core::decision::Notification;
use agent_baton_core::reason::Reason;
use agent_baton_core::run::Status;

/// The limit of iterations of each loop.
const MOST: u32 = 4;

/// Returns a history: a session with a loop, and what happens to it. Each line is independent.
fn script(seed: u64) -> Vec<String> {
    let mut rng = Rng::new(seed);
    let kind = rng.one_of(&["P", "P", "X", "D"]);
    let mut actors = vec![format!("{kind}1")];
    let mut lines: Vec<String> = [
        format!("{kind}1 start A"),
        format!("{kind}1 prompt A id=1"),
        format!("loop A {kind}1 r max={MOST} patience=3"),
    ]
    .into();
    for turn in 0..8 + rng.below(24) {
        let newest = actors.len() - 1;
        let actor = if rng.once_in(4) { actors[rng.below(actors.len())].clone() } else { actors[newest].clone() };
        let session = if rng.once_in(8) { "B" } else { "A" };
        let id = rng.below(4);
        let line = match rng.below(40) {
            0..=15 => {
                let words =
                    rng.one_of(&["", "", "", " again", " same", " still", " blind", " cap=2", " again cap=2", " done"]);
                format!("{actor} stop {session} id={id}{words}")
            }
            16..=22 => format!("{actor} prompt {session} id={id}"),
            23 => format!("{actor} prompt {session} id={id} task"),
            24..=25 => format!("late-stop {actor} {session}"),
            26 => rng.one_of(&["clock 86400000", "clock -86400000", "hours 1"]).to_owned(),
            27 => "reboot".to_owned(),
            28..=29 => format!("kill {actor}"),
            30..=31 => {
                actors.push(format!("{kind}{}", actors.len() + 1));
                format!("{} start A resume", actors[actors.len() - 1])
            }
            32 => format!("{actor} start {} clear", rng.one_of(&["B", "C"])),
            33 => format!("{actor} {} A", rng.one_of(&["interrupt", "failure", "compact", "end"])),
            34 => format!("adopt r {session} {actor} take"),
            35..=36 => "pause r".to_owned(),
            37..=38 => "continue r".to_owned(),
            _ if turn > 6 => "cancel r".to_owned(),
            _ => continue,
        };
        let delivered = line.starts_with(kind);
        lines.push(line);
        if delivered && rng.once_in(3) {
            lines.push("again".to_owned());
        }
    }
    lines
}

/// Plays a history and records what really happened, without the rules: who sent each event, and who got the prompt for
/// it.
fn play(lines: &[String]) {
    let mut world = World::default();
    world.decide = decide;
    let (mut answered, mut cancelled, mut round) = (BTreeSet::new(), false, 0);
    let mut stop = (0_u64, None);
    for (at, line) in lines.iter().enumerate() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let before = world.runs.get("r").map(|(run, _)| run.clone());
        let owner = before
            .as_ref()
            .and_then(|run| Some((run.owner.session.as_ref()?.to_string(), world.label(&run.owner.process))));
        let rows = world.step(line);
        match words.as_slice() {
            [actor, "stop", session, ..] => stop = (at as u64, Some(((*session).to_owned(), (*actor).to_owned()))),
            ["again"] => {}
            _ => stop = (at as u64, None),
        }
        let wrong = |what: &str| panic!("{what}\nat {line:?}, which gave {rows:?}, in\n{}", lines.join("\n"));
        let given =
            |tell: &&Notification| matches!(tell, Notification::Loop { id, .. } if id.reason == Reason::Iterated);
        let goes_on = world.said.iter().filter(given).count();
        let Some((run, _)) = world.runs.get("r") else { continue };
        if goes_on > 1 || u32::try_from(goes_on).unwrap() != run.iteration - round {
            wrong("the prompt and the count do not go together");
        }
        round = run.iteration;
        if goes_on == 1 {
            if stop.1.is_none() || stop.1 != owner {
                wrong("somebody else's stop was answered");
            }
            if !answered.insert(stop.0) {
                wrong("one stop was answered twice");
            }
            if before.as_ref().is_none_or(|run| run.status != Status::Active) {
                wrong("a loop went round that stood still");
            }
        }
        if run.iteration > MOST {
            wrong("it went round too often");
        }
        if cancelled && (goes_on > 0 || Some(run) != before.as_ref()) {
            wrong("a cancelled run changed");
        }
        cancelled = run.status == Status::Cancelled;
    }
}

#[test]
fn whatever_happens_a_loop_goes_round_once_for_each_stop_of_its_owner() {
    let count = effort::histories();
    let first = effort::first_seed();
    let rounds: u64 = (first..first + count)
        .map(script)
        .map(|lines| {
            play(&lines);
            lines.len() as u64
        })
        .sum();
    assert!(rounds > count, "histories are not empty");
}

/// Guards against a model that passes because no loop ever iterates.
#[test]
fn most_histories_go_round() {
    let goes_round = |seed: &u64| {
        let mut world = World::default();
        world.decide = decide;
        let rows: Vec<String> = script(*seed).iter().map(|line| world.step(line)).collect();
        rows.iter().any(|rows| rows.contains("iterated"))
    };
    assert!((0..100).filter(goes_round).count() > 60);
}
