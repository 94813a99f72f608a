//! `baton config`.

use std::path::PathBuf;

use baton_display::strip_control_chars;

use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::context::with_user_config;
use crate::error::CommandError;
use crate::output;
use crate::output::listing::{Listing, Row};
use crate::output::terminal::Terminal;
use baton_engine::config::{self, Origin, Setting};
use baton_store::StateDirEnv;

/// Print every setting with its value, origin and default.
#[derive(Args)]
pub struct Config {
    /// Print the settings as JSON
    #[arg(long)]
    json: bool,
}

/// The configuration as `--json` prints it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ConfigView {
    /// The path of the file. Null if no home directory is known.
    pub path: Option<PathBuf>,
    /// Whether the file exists.
    pub found: bool,
    /// Every setting.
    pub settings: Vec<Setting>,
}

impl Config {
    /// Prints the settings.
    ///
    /// # Errors
    /// Returns an error if the file cannot be used. Hooks use the defaults then.
    pub fn run(self) -> Result<(), CommandError> {
        let directory = std::env::current_dir().ok();
        let path = config::find_path(&with_user_config(StateDirEnv::from_process()), directory.as_deref())?;
        let settings = config::list_settings(path.as_deref())?;
        let found = path.as_ref().is_some_and(|path| path.exists());
        let view = ConfigView { path, found, settings };
        if self.json { output::print_json(&view) } else { output::print(&text(&view)) }
    }
}

fn text(view: &ConfigView) -> String {
    let path = view.path.as_ref().map_or_else(
        || "no configuration file: the home directory is unknown".to_owned(),
        |path| path.display().to_string(),
    );
    let there = if view.found { "" } else { " (does not exist: every setting has its default)" };
    let row = |setting: &Setting| -> Row {
        let origin = match &setting.origin {
            Origin::Default => "default".to_owned(),
            Origin::File { line } => format!("line {line}, default {}", value_text(&setting.default)),
        };
        Row { primary: vec![setting.key.to_owned(), value_text(&setting.value)], secondary: vec![origin] }
    };
    let listing = Listing::new(&["SETTING", "VALUE"], &["ORIGIN"], view.settings.iter().map(row).collect());
    format!("{}{there}\n{}", strip_control_chars(&path), listing.render(&Terminal::stdout()))
}

/// Returns a value as the file has it. A setting that has no default can have no value.
fn value_text(value: &Value) -> String {
    if value.is_null() { "none".to_owned() } else { strip_control_chars(&value.to_string()) }
}
