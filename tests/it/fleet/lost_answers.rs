//! A statement or an answer is lost or late, at any place of a scene: there is one owner, and the copies equal the row.

use baton_test_postgres::Fault;

use super::scene::{Played, test_each_scene};

fn check(played: &mut Played<'_>) {
    let before = played.machine().proxy.statements();
    played.act_without_fault(|run| run);
    let statements = played.machine().proxy.statements() - before;
    assert!(statements >= 2, "{statements}");
    for fault in [Fault::LoseStatement, Fault::LoseAnswer, Fault::DelayStatement, Fault::DelayAnswer] {
        for statement in 0..statements {
            played.rewind();
            let run = played.act();
            played.machine().proxy.after(statement, fault);
            if matches!(fault, Fault::DelayStatement | Fault::DelayAnswer) {
                // An event ends after a second. What was late arrives when it is over, or while a command waits.
                let is_event = played.scene.words.is_empty();
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
            played.check(&format!("{}: {fault:?} {statement}", played.scene.name));
        }
    }
}

test_each_scene!(check);
