//! The words for an item, and how texts are cut to columns.

use agent_baton_core::timestamp::Timestamp;
use baton_status::{Item, ItemKind, Section};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

pub(super) fn label(item: &Item) -> String {
    let name = item.name.clone().or_else(|| item.title.clone());
    let name = name.unwrap_or_else(|| short_id(item).to_owned());
    let mut parts = vec![name];
    if let Some(iteration) = item.iteration.filter(|_| item.kind == ItemKind::Run) {
        parts.push(item.max_iterations.map_or_else(|| iteration.to_string(), |max| format!("{iteration}/{max}")));
    }
    parts.extend(item.log_section.clone().or_else(|| item.phase.clone()));
    parts.extend(item.reason.clone());
    parts.extend(item.owner_pane.as_ref().map(|pane| format!("owned in {pane}")));
    if item.pinned {
        parts.push("pinned".to_owned());
    }
    parts.extend(item.question.clone().or_else(|| item.prompt.clone().filter(|_| item.section == Section::Working)));
    clean(&parts.join("  "))
}

/// Returns the model and how full its context is, as a number and as a bar.
pub(super) fn model(item: &Item) -> String {
    let model = item.model.clone().unwrap_or_default();
    let Some((used, window)) = item.context.zip(item.context_window.filter(|window| *window > 0)) else {
        return clean(&model);
    };
    let percent = (used.saturating_mul(100) / window).min(100);
    let full = usize::try_from(percent / 10).unwrap_or(10).min(10);
    clean(&format!("{model} {percent:>3}% {}{}", "#".repeat(full), "-".repeat(10 - full)))
}

pub(super) fn project(item: &Item) -> String {
    let name = item.project.as_deref().map(|path| path.rsplit('/').find(|part| !part.is_empty()).unwrap_or(path));
    let name = name.unwrap_or("");
    clean(&item.branch.as_ref().map_or_else(|| name.to_owned(), |branch| format!("{name} ({branch})")))
}

pub(super) fn pane(item: &Item) -> String {
    clean(item.pane.as_deref().unwrap_or("-"))
}

pub(super) fn age(item: &Item, now: &Timestamp) -> String {
    item.since.as_ref().map_or_else(|| "-".to_owned(), |since| baton_display::format_age(since.age_ms(now)))
}

pub(super) fn short_id(item: &Item) -> &str {
    item.id.get(..8).unwrap_or(&item.id)
}

/// Returns text that cannot control the terminal. Most of it is clean already; the output of a command is not.
pub(super) fn clean(text: &str) -> String {
    baton_display::strip_control_chars(text)
}

/// Returns the text in exactly `width` columns.
pub(super) fn pad(text: &str, width: usize) -> String {
    let text = cut(text, width);
    let used = text.width();
    text + &" ".repeat(width.saturating_sub(used))
}

/// Returns the text in at most `width` columns, with an ellipsis where something was cut off.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut used = 1;
    let mut kept: String = text
        .chars()
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= width
        })
        .collect();
    if width > 0 {
        kept.push('…');
    }
    kept
}
