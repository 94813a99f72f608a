//! Lists every setting with its default and the origin of its value.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::keys;
use super::{Config, ConfigError, read_text};

/// The keys, as you write them in the file.
const KEYS: [&str; 16] = [
    "stale_after",
    "messages",
    "retention.sessions",
    "retention.age",
    "retention.headless",
    "retention.trash",
    "protect",
    "view.watch",
    "view.answer",
    "fleet.url",
    "fleet.url_command",
    "fleet.password_file",
    "fleet.service_file",
    "fleet.lease",
    "fleet.takeover",
    "fleet.projects",
];

/// One setting.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Setting {
    /// Its key, with dots between table names.
    pub key: &'static str,
    /// The value in force. A database's URL is without its password.
    pub value: Value,
    /// The default value.
    pub default: Value,
    /// Where the value comes from.
    pub origin: Origin,
}

/// Where a value comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum Origin {
    /// The file leaves the key out.
    Default,
    /// The file sets the key.
    File {
        /// The line, counted from 1.
        line: usize,
    },
}

/// Lists every setting in order. A missing file gives the defaults.
///
/// # Errors
/// See [`ConfigError`].
pub fn list_settings(path: Option<&Path>) -> Result<Vec<Setting>, ConfigError> {
    let text = path.map(read_text).transpose()?.flatten().unwrap_or_default();
    let config = match path {
        Some(path) => Config::parse(path, &text)?,
        None => Config::default(),
    };
    let lines = keys::lines(&text);
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
    // Every value is a text, a number, none or a list of these, so serialization cannot fail.
    serde_json::to_value(config).unwrap_or_default()
}
