//! The filter finds what is shown.

use std::collections::BTreeSet;

use baton_status::{Item, ItemKind, Section};

use super::{item, text};
use crate::picture::Picture;
use crate::top::item_text::contains;
use crate::top::ui::Ui;

/// Each text of an item has a word of its own.
fn with_words(section: Section, kind: ItemKind) -> Item {
    let word = |text: &str| Some(format!("w-{text}"));
    Item {
        agent: word("agent"),
        pane: word("pane"),
        owner_pane: word("owner"),
        project: Some("/work/w-project".to_owned()),
        branch: word("branch"),
        name: word("name"),
        model: word("model"),
        prompt: word("prompt"),
        phase: word("phase"),
        task: word("task"),
        reason: word("reason"),
        ..item(section, kind, "w-id", "w-status")
    }
}

#[test]
fn the_filter_finds_every_text_that_is_shown() {
    let unnamed =
        Item { name: None, title: Some("w-title".to_owned()), ..with_words(Section::Lost, ItemKind::Session) };
    let asking = Item { question: Some("w-question".to_owned()), ..with_words(Section::Waiting, ItemKind::Session) };
    let section = Item { log_section: Some("w-section".to_owned()), ..with_words(Section::Loops, ItemKind::Loop) };
    let nameless = Item { name: None, ..with_words(Section::Lost, ItemKind::Session) };
    let mut seen = BTreeSet::new();
    for item in [with_words(Section::Working, ItemKind::Session), unnamed, asking, section, nameless] {
        let ui = Ui::new(Picture::new(1, Vec::new(), vec![item.clone()]), false);
        for width in [40, 80, 200] {
            let screen = text(&ui, width, 24);
            let words = screen.split(|c: char| c.is_whitespace() || "()".contains(c));
            for word in words.filter(|word| word.starts_with("w-") && !word.ends_with('…')) {
                assert!(contains(&item, word), "{word}\n{screen}");
                seen.insert(word.to_owned());
            }
        }
    }
    let all = "agent branch id model name owner pane phase project prompt question reason section status task title";
    let all: BTreeSet<String> = all.split(' ').map(|word| format!("w-{word}")).collect();
    assert_eq!(seen, all);
}
