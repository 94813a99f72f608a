//! What is told about waits that begin.

use baton_status::{Item, ItemKind, Section};

use super::{at, item};
use crate::event_id::EventId;
use crate::notifications::{Waits, sentence};
use crate::picture::Picture;

#[test]
fn a_wait_is_told_once_each_time_it_begins() {
    let with = |statuses: &[(&str, &str)]| {
        let waiting = |(id, status): &(&str, &str)| item(Section::Waiting, ItemKind::Session, id, status);
        Picture {
            id: EventId { audit: 0, number: 0, feed: 0 },
            ..Picture::new(0, Vec::new(), statuses.iter().map(waiting).collect())
        }
    };
    let mut waits = Waits::new(&with(&[("a", "idle")]));
    for (statuses, expected) in [
        (&[("a", "idle")][..], &[][..]),
        (&[("a", "idle"), ("b", "permission")], &["b"]),
        (&[("a", "idle"), ("b", "permission")], &[]),
        (&[("a", "question")], &["a"]),
        // A state that vanishes and comes back is no news.
        (&[], &[]),
        (&[("a", "question")], &[]),
        (&[("a", "idle")], &[]),
        (&[("b", "question")], &["b"]),
    ] {
        let picture = with(statuses);
        let told: Vec<_> = waits.begun(&picture).iter().map(|item| item.id.as_str()).collect();
        assert_eq!(told, expected);
    }
    for (what, kind, at_ms, expected) in [
        ("it was at work in between", ItemKind::Session, 1, 1),
        ("what it did in between was too short to be seen", ItemKind::Session, 2, 1),
        ("nothing has changed", ItemKind::Session, 2, 0),
        ("another item", ItemKind::Run, 3, 1),
        ("somebody wrote to a run that waits", ItemKind::Run, 4, 0),
    ] {
        let mut picture = with(&[]);
        picture.items = vec![Item { since: at(at_ms), ..item(Section::Waiting, kind, "b", "question") }];
        assert_eq!(waits.begun(&picture).len(), expected, "{what}");
    }
    assert_eq!(sentence(&with(&[("a", "idle")]).items[0]), "claude: idle (a in %3)");
}
