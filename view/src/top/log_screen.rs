//! Draws the log of a loop or a run.

use agent_baton_core::timestamp::Timestamp;
use baton_store::progress::section::section_name;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Modifier, Style};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::item_text::{age, clean, cut, label, wrapped};
use super::log_pane::LogPane;
use super::ui::Ui;

/// Draws the end of a log, or the lines to which the user scrolled, below a line that says whose it is. Returns how
/// many lines are below the first screen of it.
pub(super) fn draw_log(frame: &mut Frame<'_>, area: Rect, pane: &LogPane, ui: &Ui, now: &Timestamp) -> usize {
    let [head, body] = Layout::vertical([Constraint::Length(1), Constraint::Min(0)]).areas(area);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let item = ui.picture.items.iter().find(|item| item.key == pane.key);
    let words = item.map(|item| [label(item), clean(&item.status), age(item, now)].join("  "));
    let title = words.unwrap_or_else(|| "no longer listed".to_owned());
    frame.render_widget(
        Line::styled(cut(&title, usize::from(head.width)), bold.add_modifier(Modifier::UNDERLINED)),
        head,
    );
    if pane.is_reading && pane.problem.is_none() {
        frame.render_widget(Line::raw("reading ..."), body);
        return 0;
    }
    let (width, height) = (usize::from(body.width), usize::from(body.height));
    // A long line leaves room for others.
    let most = (height / 2).max(1);
    let mut room = height;
    let fits = |text: &&str| {
        let count = wrapped(text, width, most).len();
        let fits = count <= room;
        room = room.saturating_sub(count);
        fits
    };
    let last_scroll = pane.lines.len() - pane.lines.iter().take_while(fits).count();
    let mut rows: Vec<Line<'_>> = Vec::new();
    for text in pane.lines.iter().rev().skip(pane.below.min(last_scroll)) {
        let style = if section_name(text).is_some() { bold } else { Style::new() };
        rows.extend(wrapped(text, width, most).into_iter().rev().map(|row| Line::styled(row, style)));
        if rows.len() >= height {
            break;
        }
    }
    rows.truncate(height);
    rows.reverse();
    frame.render_widget(Paragraph::new(rows), body);
    last_scroll
}
