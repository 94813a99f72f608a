//! The words for an item, and how texts are cut to columns.

use agent_baton_core::timestamp::Timestamp;
use baton_status::{Item, MachineView, Section, describe_machine};
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// From when on it is said that an agent at work writes nothing, in milliseconds. A tool may take that long.
const LONG_SILENCE_MS: u64 = 5 * 60_000;

/// Returns what an item is called, and how far it is.
pub(super) fn label(item: &Item) -> String {
    let name = item.name.clone().or_else(|| item.title.clone());
    let name = name.unwrap_or_else(|| short_id(item).to_owned());
    let mut parts = vec![name];
    let of =
        |iteration: u32| item.max_iterations.map_or_else(|| iteration.to_string(), |max| format!("{iteration}/{max}"));
    let run = item.run.iter().cloned().chain(item.iteration.map(of)).collect::<Vec<_>>().join(" ");
    parts.extend((!run.is_empty()).then_some(run));
    parts.extend(item.log_section.clone().or_else(|| item.phase.clone()));
    // Where its pane is here, its owner is there.
    let machine = item.machine.as_ref().filter(|_| item.pane.is_some());
    parts.extend(machine.map(|machine| format!("owned on {machine}")));
    parts.extend(item.owner_pane.as_ref().map(|pane| format!("owned in {pane}")));
    if item.pinned {
        parts.push("pinned".to_owned());
    }
    clean(&parts.join("  "))
}

/// Returns what an item asks for, why it failed, or what it works on. It stands on a line of its own, so that no title hides it.
pub(super) fn subject(item: &Item) -> String {
    let asks = item.question.clone().or_else(|| item.prompt.clone().filter(|_| item.section == Section::Working));
    // The task and the section of a loop are often the same words.
    let task = item.task.clone().filter(|_| item.task != item.log_section);
    let parts: Vec<String> =
        asks.into_iter().chain(item.command.clone()).chain(item.reason.clone()).chain(task).collect();
    clean(&parts.join("  "))
}

/// Returns whether any text of an item that is shown contains a word in lower case.
pub(super) fn contains(item: &Item, word: &str) -> bool {
    let fields =
        [&item.agent, &item.pane, &item.project, &item.branch, &item.name, &item.title, &item.model, &item.machine];
    let fields = fields.into_iter().flatten().chain([&item.id, &item.status]).cloned();
    fields.chain([label(item), subject(item)]).any(|text| text.to_lowercase().contains(word))
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

/// Returns where an item is: its pane, or its machine and how old the word of that is.
pub(super) fn place(item: &Item, machines: &[MachineView], now: &Timestamp) -> String {
    match (&item.machine, &item.pane) {
        (None, pane) => clean(pane.as_deref().unwrap_or("-")),
        (machine, None) => clean(&describe_machine(machines, machine.as_deref(), now)),
        (Some(_), Some(pane)) => clean(pane),
    }
}

pub(super) fn age(item: &Item, now: &Timestamp) -> String {
    item.since.as_ref().map_or_else(|| "-".to_owned(), |since| baton_display::format_age(since.age_ms(now)))
}

/// Returns how long an agent at work has written nothing, if that is long.
pub(super) fn silence(item: &Item, now: &Timestamp) -> Option<String> {
    let silent_ms = item.active.as_ref()?.age_ms(now);
    (silent_ms >= LONG_SILENCE_MS).then(|| format!("silent for {}", baton_display::format_age(silent_ms)))
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

/// Returns a text in rows of at most `width` columns, broken at spaces where that leaves no row half empty, and at most `most`
/// rows. The last one ends in an ellipsis where something was left out.
pub(super) fn wrapped(text: &str, width: usize, most: usize) -> Vec<String> {
    let (mut rows, mut row, mut used) = (Vec::new(), String::new(), 0);
    for c in text.chars() {
        let columns = c.width().unwrap_or(0);
        if used + columns > width && !row.is_empty() {
            let rest = match row.rfind(' ').filter(|space| *space > row.len() / 2 && c != ' ') {
                Some(space) => row.split_off(space + 1),
                None => String::new(),
            };
            if rows.len() + 1 == most {
                rows.push(cut(&format!("{row}{rest}{c}"), width));
                return rows;
            }
            rows.push(std::mem::replace(&mut row, rest));
            used = row.width();
        }
        row.push(c);
        used += columns;
    }
    rows.push(row);
    rows
}
