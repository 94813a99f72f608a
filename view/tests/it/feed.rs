//! Whatever the interleaving of changes, cuts and reconnects: what a client knows in the end is the picture.

use std::sync::Arc;
use std::time::Duration;

use baton_status::{Item, ItemKind, Section};
use baton_view::{Change, Count, EventId, Feed, Pending, Picture, RingLimits, Subscription, apply};
use proptest::prelude::*;

/// What happens to a feed and one client of it.
#[derive(Debug, Clone)]
enum Step {
    /// The picture has these items now, in this order, each with a content.
    Publish(Vec<(u8, u8)>),
    /// The state cannot be read.
    Fail,
    /// The client reads at most so many events.
    Read(usize),
    /// The connection is cut, and the client connects again with the last id that it saw.
    Reconnect,
    /// The client forgets everything.
    Restart,
    /// The feed is started again: the client's ids mean nothing to it.
    RestartFeed,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => prop::collection::vec((0..8u8, 0..3u8), 0..8).prop_map(Step::Publish),
        1 => Just(Step::Fail),
        4 => (1..4usize).prop_map(Step::Read),
        2 => Just(Step::Reconnect),
        1 => Just(Step::Restart),
        1 => Just(Step::RestartFeed),
    ]
}

fn item(key: u8, content: u8) -> Item {
    Item { status: content.to_string(), ..Item::new(Section::Working, ItemKind::Session, &key.to_string()) }
}

fn picture(audit: u64, items: &[(u8, u8)]) -> Picture {
    let counts = vec![Count { count: items.len(), word: "at work".to_owned() }];
    Picture::new(audit, counts, items.iter().map(|(key, content)| item(*key, *content)).collect())
}

fn start(id: u64, limits: RingLimits) -> Arc<Feed> {
    Arc::new(Feed::new(id, limits, picture(0, &[])))
}

/// A client: a connection, and what it knows.
struct Client {
    connection: Subscription,
    known: Option<Picture>,
    /// The last id that it saw.
    last: Option<EventId>,
}

impl Client {
    fn new(feed: &Arc<Feed>) -> Self {
        Self { connection: feed.subscribe(None), known: None, last: None }
    }

    /// Reads what is pending, and returns whether there was anything.
    fn read(&mut self, limit: usize) -> bool {
        match self.connection.next(limit, Duration::ZERO) {
            Pending::Nothing => return false,
            Pending::Picture(picture) => {
                self.last = Some(picture.id);
                self.known = Some((*picture).clone());
            }
            Pending::Events(events) => {
                assert!(!events.is_empty() && events.len() <= limit);
                for event in events {
                    let known = self.known.as_mut().unwrap();
                    // There is never a gap and never a repetition.
                    assert_eq!(event.id.number, known.id.number + 1);
                    event.changes.iter().cloned().for_each(|change| apply(known, change));
                    known.id = event.id;
                    self.last = Some(event.id);
                }
            }
        }
        true
    }
}

fn play(limits: RingLimits, steps: Vec<Step>) {
    let mut feed = start(1, limits);
    let mut client = Client::new(&feed);
    for (audit, step) in steps.into_iter().enumerate() {
        match step {
            Step::Publish(items) => drop(feed.publish(picture(audit as u64, &items))),
            Step::Fail => drop(feed.publish(Picture { problem: Some(audit.to_string()), ..(*feed.picture()).clone() })),
            Step::Read(limit) => drop(client.read(limit)),
            Step::Reconnect => client.connection = feed.subscribe(client.last),
            Step::Restart => client = Client::new(&feed),
            Step::RestartFeed => {
                feed = start(feed.picture().id.feed + 1, limits);
                client.connection = feed.subscribe(client.last);
            }
        }
    }
    while client.read(3) {}
    assert_eq!(client.known.unwrap(), *feed.picture());
}

proptest! {
    #[test]
    fn a_client_at_rest_knows_the_picture(steps in prop::collection::vec(step(), 0..60), few in any::<bool>()) {
        let few_events = RingLimits { events: 3, bytes: 12_000 };
        play(if few { few_events } else { RingLimits::default() }, steps);
    }
}

#[test]
fn no_change_is_no_event() {
    let feed = start(1, RingLimits::default());
    for (items, expected) in [
        (&[][..], false),
        (&[(1, 1)], true),
        (&[(1, 1)], false),
        (&[(1, 2)], true),
        (&[(1, 2), (2, 1)], true),
        (&[(2, 1), (1, 2)], true),
        (&[(2, 1), (1, 2)], false),
        (&[(2, 1)], true),
    ] {
        assert_eq!(feed.publish(picture(7, items)), expected, "{items:?}");
    }
    assert_eq!(feed.picture().id, EventId { audit: 7, number: 5, feed: 1 });
}

#[test]
fn an_event_names_what_moved_alone() {
    let feed = start(1, RingLimits::default());
    let mut connection = feed.subscribe(None);
    let all: Vec<(u8, u8)> = (0..100).map(|key| (key, 0)).collect();
    feed.publish(picture(1, &all));
    connection.next(10, Duration::ZERO);
    // The last one becomes the first.
    let moved = [&all[99..], &all[..99]].concat();
    feed.publish(picture(2, &moved));
    let Pending::Events(events) = connection.next(10, Duration::ZERO) else { panic!("no event") };
    let put = Change::Put { after: None, item: Box::new(item(99, 0)) };
    assert_eq!((events.len(), &events[0].changes), (1, &vec![put]));
}

#[test]
fn ten_thousand_events_are_replayed() {
    let feed = start(1, RingLimits::default());
    let mut client = Client::new(&feed);
    client.read(1);
    for number in 1..=10_000u64 {
        feed.publish(picture(number, &[(1, (number % 2) as u8)]));
    }
    client.connection = feed.subscribe(client.last);
    let Pending::Events(events) = client.connection.next(usize::MAX, Duration::ZERO) else { panic!("a new picture") };
    assert_eq!(events.len(), 10_000);
}

#[test]
fn a_place_that_is_forgotten_or_of_no_feed_leads_to_the_picture() {
    let feed = start(5, RingLimits { events: 2, bytes: 1_000_000 });
    for number in 1..=4 {
        feed.publish(picture(number, &[(1, number as u8)]));
    }
    for (number, of_feed, is_replayed) in [
        (4, 5, true),
        (3, 5, true),
        (2, 5, true),
        (1, 5, false),
        (0, 5, false),
        (5, 5, false),
        (3, 6, false),
        (u64::MAX, 5, false),
    ] {
        let mut connection = feed.subscribe(Some(EventId { audit: 0, number, feed: of_feed }));
        let pending = connection.next(9, Duration::ZERO);
        assert_eq!(!matches!(pending, Pending::Picture(_)), is_replayed, "{number} of {of_feed}: {pending:?}");
    }
}

#[test]
fn what_an_agent_says_at_any_length_takes_little_memory() {
    let limit = 100_000;
    let feed = start(1, RingLimits { events: 1000, bytes: limit });
    let mut kept = Vec::new();
    for number in 0..100u8 {
        let long = || Some("é".repeat(1_000_000) + &number.to_string());
        let item = Item { title: long(), branch: long(), question: long(), ..item(1, number) };
        feed.publish(Picture::new(u64::from(number), Vec::new(), vec![item]));
        kept.push(feed.picture().id);
    }
    let json = serde_json::to_string(&*feed.picture()).unwrap();
    assert!(json.len() < 8000 && json.contains("é…"), "{} bytes", json.len());
    let is_kept = |id: &&EventId| matches!(feed.subscribe(Some(**id)).next(1, Duration::ZERO), Pending::Events(_));
    let of_events = kept.iter().filter(is_kept).count();
    assert!((10..50).contains(&of_events), "{of_events} events of 4 kB fit into {limit} bytes");
}
