//! Every setting, its default, and where its value comes from.

use std::ops::Range;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;
use toml_edit::{Document, TableLike};

use super::{Config, ConfigError, line_of, read_text};

/// The keys, as a user writes them.
const KEYS: [&str; 7] = [
    "stale_after",
    "messages",
    "retention.sessions",
    "retention.age",
    "retention.headless",
    "retention.trash",
    "protect",
];

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Setting {
    /// Its key, with dots between the names of tables.
    pub key: &'static str,
    /// The value in force.
    pub value: Value,
    /// The value where the file leaves it out.
    pub default: Value,
    /// Where the value comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Origin {
    /// The file leaves it out.
    Default,
    /// The file.
    File {
        /// Its line, from 1.
        line: usize,
    },
}

/// Every setting, in order; the defaults where there is no file.
///
/// # Errors
/// See [`ConfigError`].
pub fn list_settings(path: Option<&Path>) -> Result<Vec<Setting>, ConfigError> {
    let text = path.map(read_text).transpose()?.flatten().unwrap_or_default();
    let config = match path {
        Some(path) => Config::parse(path, &text)?,
        None => Config::default(),
    };
    let lines = lines(&text);
    let (now, default) = (values(&config), values(&Config::default()));
    let setting = |key: &'static str| {
        let found = lines.iter().find(|(name, _)| name == key).map(|(_, line)| *line);
        let of = |all: &Value| key.split('.').try_fold(all, |table, part| table.get(part)).cloned().unwrap_or_default();
        let origin = found.map_or(Origin::Default, |line| Origin::File { line });
        Setting { key, value: of(&now), default: of(&default), origin }
    };
    Ok(KEYS.into_iter().map(setting).collect())
}

fn values(config: &Config) -> Value {
    // Every value is text, a number or a list of such.
    serde_json::to_value(config).unwrap_or_default()
}

/// Every key of a text and its line.
fn lines(text: &str) -> Vec<(String, usize)> {
    let Ok(document) = Document::parse(text.to_owned()) else { return Vec::new() };
    let mut lines = Vec::new();
    walk_keys(document.as_table(), "", &mut |key, span, _| lines.push((key, line_of(text, span))));
    lines
}

/// The key at whose value something is wrong.
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

/// Every key with where its name and its value stand, a table before what is in it.
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
