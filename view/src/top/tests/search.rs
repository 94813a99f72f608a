//! A search through the sessions of all time, and the wheel that reads its next page.

use super::{check, press, text, ui};
use crate::top::mode::Effect;

/// Returns a page as `baton session list --json` prints it: the ids, and where the next one begins.
fn page(ids: &[&str], next: Option<&str>) -> String {
    let session = |id: &&str| {
        serde_json::json!({"id": id, "agent": "claude", "name": null, "status": "ended", "project": "/work/shop",
            "pinned": false, "opened_at": "2027-01-15T07:00:00.000Z", "headless": false})
    };
    let sessions: Vec<_> = ids.iter().map(session).collect();
    serde_json::json!({"sessions": sessions, "unreadable": [], "next": next}).to_string()
}

#[test]
fn a_search_shows_the_words_of_the_list() {
    let mut ui = ui();
    let Some(Effect::Search(query)) = press(&mut ui, "s enter") else { panic!("nothing is searched") };
    let waits =
        page(&["one"], None).replace(r#""status":"ended""#, r#""status":"attention","waiting_for":"permission""#);
    ui.show_found(&query, Ok(waits));
    let screen = text(&ui, 80, 24);
    assert!(screen.contains("> permission ") && !screen.contains("attention"), "{screen}");
}

#[test]
fn a_search_shows_the_sessions_of_all_time_page_by_page() {
    let mut ui = ui();
    let args = |effect: Option<Effect>| match effect {
        Some(Effect::Search(query)) => (query.command().args.join(" "), query),
        effect => panic!("{effect:?}"),
    };
    press(&mut ui, "j");
    let selected = ui.selected.clone();
    let (first, query) = args(press(&mut ui, "sparser enter"));
    assert_eq!(first, "session list --json --limit=100 --text=parser");
    assert!(text(&ui, 80, 24).contains("reading ..."));
    ui.show_found(&query, Ok(page(&["one", "two"], Some("c2"))));
    check("search-80x24.txt", &ui, 80, 24);
    // A page that comes twice is not added twice.
    ui.show_found(&query, Ok(page(&["one", "two"], Some("c2"))));
    assert_eq!(ui.visible().len(), 2);
    let (second, query) = args(press(&mut ui, "j"));
    assert_eq!(second, "session list --json --limit=100 --text=parser --cursor=c2");
    assert_eq!(press(&mut ui, "j"), None);
    ui.show_found(&query, Ok(page(&["three"], None)));
    assert_eq!(press(&mut ui, "j"), None);
    assert_eq!(press(&mut ui, "y"), Some(Effect::Copy("three".to_owned())));
    let (all, query) = args(press(&mut ui, "s enter"));
    assert_eq!(all, "session list --json --limit=100");
    ui.show_found(&query, Err("error: the state cannot be read".to_owned()));
    assert_eq!(ui.message.as_deref(), Some("error: the state cannot be read"));
    press(&mut ui, "esc");
    assert_eq!((&ui.archive, &ui.selected), (&None, &selected));
    for back in ["h", "left"] {
        press(&mut ui, "s enter");
        press(&mut ui, back);
        assert_eq!((&ui.archive, &ui.selected), (&None, &selected), "{back}");
    }
}

#[test]
fn the_wheel_moves_what_is_seen_and_nothing_under_a_question() {
    for (keys, moves) in
        [("", true), ("j x", false), ("n", false), ("w", false), ("?", false), ("/", false), ("s", false)]
    {
        let mut ui = ui();
        press(&mut ui, keys);
        let selected = ui.selected.clone();
        assert_eq!(ui.turn_wheel(1), None);
        assert_eq!(ui.selected != selected, moves, "{keys}");
    }
    let mut ui = ui();
    let Some(Effect::Search(query)) = press(&mut ui, "s enter") else { panic!("nothing is searched") };
    ui.show_found(&query, Ok(page(&["one", "two"], Some("c2"))));
    assert!(matches!(ui.turn_wheel(1), Some(Effect::Search(_))));
    assert_eq!(ui.turn_wheel(1), None);
}
