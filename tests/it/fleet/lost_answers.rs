//! A statement or an answer is lost or late, at any place of a scene: there is one owner, and the copies equal the row.

use baton_test_postgres::Fault;

use super::scene::{SCENES, Stage};

fn check(name: &str) {
    let Some(stage) = Stage::new() else { return };
    let scene = SCENES.iter().find(|scene| scene.name == name).expect("a scene");
    let mut played = stage.prepare(scene);
    let before = played.machine().proxy.statements();
    let run = played.act();
    let ended = played.run(run);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    let statements = played.machine().proxy.statements() - before;
    assert!(statements >= 2, "{statements}");
    for fault in [Fault::LoseStatement, Fault::LoseAnswer, Fault::DelayStatement, Fault::DelayAnswer] {
        for statement in 0..statements {
            played.rewind();
            let run = played.act();
            played.machine().proxy.after(statement, fault);
            if matches!(fault, Fault::DelayStatement | Fault::DelayAnswer) {
                // An event ends after a second. What was late arrives when it is over, or while a command waits.
                let is_event = scene.words.is_empty();
                let proxy = std::sync::Arc::clone(&played.machine().proxy);
                if is_event {
                    played.run(run);
                    proxy.release();
                } else {
                    std::thread::scope(|scope| {
                        let ended = scope.spawn(|| played.run(run));
                        proxy.wait_until_delayed();
                        proxy.release();
                        ended.join().unwrap();
                    });
                }
            } else {
                played.run(run);
            }
            played.check(&format!("{name}: {fault:?} {statement}"));
        }
    }
}

#[test]
fn at_a_takeover() {
    check("a takeover");
}

#[test]
fn at_an_update() {
    check("an update");
}

#[test]
fn at_an_end() {
    check("an end");
}

#[test]
fn at_a_round_of_the_witness() {
    check("a round of the witness");
}

#[test]
fn at_a_handoff() {
    check("a handoff");
}

#[test]
fn at_a_pickup() {
    check("a pickup");
}
