//! The screen at three sizes, with and without colour.

use baton_status::Item;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;

use super::{check, picture, press, screen, text, ui};
use crate::picture::{Count, Picture};
use crate::top::ui::Ui;

#[test]
fn the_screen_at_three_sizes() {
    for (width, height) in [(80, 24), (40, 20), (200, 60)] {
        check(&format!("list-{width}x{height}.txt"), &ui(), width, height);
    }
    let mut help = ui();
    press(&mut help, "?");
    check("help-80x24.txt", &help, 80, 24);
    check("help-40x20.txt", &help, 40, 20);
    let asking = Picture {
        items: vec![Item { question: Some("Bash: cargo test".to_owned()), ..picture().items.remove(0) }],
        ..picture()
    };
    let mut answer = Ui::new(asking, true);
    press(&mut answer, "w");
    check("answer-empty-80x24.txt", &answer, 80, 24);
    press(&mut answer, "a_long_answer_of_which_the_end_is_seen_and_the_beginning_is_not_in_narrow_terminals");
    check("answer-80x24.txt", &answer, 80, 24);
    check("answer-40x20.txt", &answer, 40, 20);
    check("empty-80x24.txt", &Ui::new(Picture::new(0, Vec::new(), Vec::new()), false), 80, 24);
    let count = |count, word: &str| Count { count, word: word.to_owned() };
    let problem = Picture {
        problem: Some(
            "the state directory /home/me/.local/state/baton is not a directory: move what is there away, or set \
             BATON_HOME to another one (and 3 more)"
                .to_owned(),
        ),
        counts: vec![
            count(2, "permission"),
            count(1, "question"),
            count(4, "idle"),
            count(12, "at work"),
            count(3, "other loops"),
            count(2, "interrupted"),
            count(9, "lost"),
        ],
        ..picture()
    };
    let problem = Ui::new(problem, false);
    check("problem-80x24.txt", &problem, 80, 24);
    check("problem-40x20.txt", &problem, 40, 20);
    for (width, height) in [(80, 3), (20, 4), (10, 3)] {
        assert!(text(&problem, width, height).contains("\n! "), "{}", text(&problem, width, height));
    }
}

#[test]
fn no_size_is_too_small() {
    let mut help = ui();
    press(&mut help, "?");
    for width in 1..12 {
        for height in 1..6 {
            text(&ui(), width, height);
            text(&help, width, height);
        }
    }
}

#[test]
fn without_colour_nothing_is_coloured_and_the_text_is_the_same() {
    let (plain, _) = screen(&ui(), 80, 24, false);
    let (colored, _) = screen(&ui(), 80, 24, true);
    let cells = |terminal: &Terminal<TestBackend>| terminal.backend().buffer().content().to_vec();
    assert!(cells(&plain).iter().all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset));
    assert!(cells(&colored).iter().any(|cell| cell.fg != Color::Reset));
    assert!(cells(&plain).iter().zip(cells(&colored)).all(|(plain, colored)| plain.symbol() == colored.symbol()));
}
