//! Finds the positions of keys in the configuration file.

use std::ops::Range;

use toml_edit::{Document, TableLike};

/// Returns every key in the text with its line.
pub(super) fn lines(text: &str) -> Vec<(String, usize)> {
    let Ok(document) = Document::parse(text.to_owned()) else { return Vec::new() };
    let mut lines = Vec::new();
    walk_keys(document.as_table(), "", &mut |key, span, _| lines.push((key, line_of(text, span))));
    lines
}

/// Returns the key whose value is at this position.
pub(super) fn key_at(text: &str, at: &Range<usize>) -> Option<String> {
    let document = Document::parse(text.to_owned()).ok()?;
    let mut found = None;
    walk_keys(document.as_table(), "", &mut |key, name, value| {
        let holds = |span: &Range<usize>| span.start <= at.start && at.end <= span.end;
        if [name, value].iter().flatten().any(holds) {
            found = Some(key);
        }
    });
    found
}

/// Collects every key with the positions of its name and its value. A table comes before its entries.
fn walk_keys(
    table: &dyn TableLike,
    above: &str,
    then: &mut dyn FnMut(String, Option<Range<usize>>, Option<Range<usize>>),
) {
    for (name, item) in table.iter() {
        let key = if above.is_empty() { name.to_owned() } else { format!("{above}.{name}") };
        let span = table.get_key_value(name).and_then(|(key, _)| key.span());
        then(key.clone(), span, item.span());
        if let Some(inner) = item.as_table_like() {
            walk_keys(inner, &key, then);
        }
        for inner in item.as_array_of_tables().into_iter().flatten() {
            walk_keys(inner, &key, then);
        }
    }
}

/// Returns the text before the `=` on a line of a file that does not parse.
pub(super) fn key_on(text: &str, line: usize) -> Option<String> {
    let (key, _) = text.lines().nth(line.checked_sub(1)?)?.split_once('=')?;
    let is_key = |c: char| c.is_ascii_alphanumeric() || "._-\"".contains(c);
    Some(key.trim()).filter(|key| !key.is_empty() && key.chars().all(is_key)).map(str::to_owned)
}

/// Returns the line of a position in the text, counted from 1.
pub(super) fn line_of(text: &str, span: Option<Range<usize>>) -> usize {
    // A text that ends too soon is wrong at its last line, not after it.
    let end = text.trim_end().len();
    let before = span.and_then(|span| text.get(..span.start.min(end))).unwrap_or_default();
    before.matches('\n').count() + 1
}
