use agent_baton_core::fixtures;
use baton_fleet_protocol::{Answer, Position, Request, StoredChange};

use crate::machine::{LONG_MS, Machine, commit_id, new_fleet, token};

fn changes(machine: &mut Machine, after: Position, limit: u32) -> (bool, Vec<StoredChange>) {
    match machine.ask(&Request::Changes { after, limit }) {
        Answer::Changes { has_position, changes, .. } => (has_position, changes),
        other => panic!("{other:?}"),
    }
}

fn position(change: u64, commit: Option<u128>) -> Position {
    Position { change, commit: commit.map(commit_id) }
}

#[test]
fn the_feed_is_read_from_a_position() {
    let Some((_, _, url)) = new_fleet() else { return };
    let mut a = Machine::join(&url, "a");
    a.add(11, &a.run("r1", "s1", 1));
    a.add(12, &a.run("r2", "s2", 1));
    assert_eq!(a.ask(&Request::LookUp { commit: commit_id(13) }), Answer::Withdrawn);
    let (has_position, all) = changes(&mut a, position(0, None), 9);
    assert!(has_position);
    let reasons: Vec<_> = all.iter().map(|change| (change.position.change, change.reason.as_str())).collect();
    assert_eq!(reasons, [(1, "registered"), (2, "registered"), (3, "withdrawn")]);
    assert_eq!((all[1].runs.clone(), all[1].machine.clone()), (vec![fixtures::id("r2")], Some(fixtures::id("a"))));
    for (after, limit, expected) in [
        (position(1, Some(11)), 9, (true, 2)),
        (position(1, Some(11)), 1, (true, 1)),
        (position(3, Some(13)), 9, (true, 0)),
        // A restored database has another commit there, or none.
        (position(1, Some(99)), 9, (false, 2)),
        (position(9, Some(11)), 9, (false, 0)),
    ] {
        let (has_position, found) = changes(&mut a, after.clone(), limit);
        assert_eq!((has_position, found.len()), expected, "{after:?}");
    }
    // A machine whose token and epoch are not known finds out why.
    let mut identity = a.identity.clone();
    (identity.tokens, identity.epoch) = (vec![token(1)], 9);
    let mut lost = Machine::connect(&url, identity, LONG_MS);
    assert!(changes(&mut lost, position(0, None), 9).0);
}
