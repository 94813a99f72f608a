//! What a server lets its clients do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What this server lets one do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
pub(super) struct SettingsView {
    /// Whether every action is refused.
    pub(super) read_only: bool,
    /// Whether an agent that waits can be answered. The user's configuration says so.
    pub(super) answer: bool,
}

impl SettingsView {
    /// Returns the settings, with the configuration as `baton config --json` prints it.
    pub(super) fn new(read_only: bool, printed: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Printed {
            settings: Vec<Setting>,
        }
        #[derive(Deserialize)]
        struct Setting {
            key: String,
            value: serde_json::Value,
        }
        let printed: Option<Printed> = serde_json::from_slice(printed).ok();
        let mut settings = printed.into_iter().flat_map(|it| it.settings);
        let is_set = settings.any(|it| it.key == "view.answer" && it.value == true);
        Self { read_only, answer: is_set && !read_only }
    }
}

#[cfg(test)]
mod tests {
    use super::SettingsView;

    #[test]
    fn answers_need_the_configuration_and_a_server_that_acts() {
        let printed = |value: &str| format!(r#"{{"settings":[{{"key":"view.answer","value":{value}}}]}}"#);
        for (read_only, printed, expected) in [
            (false, printed("true"), true),
            (true, printed("true"), false),
            (false, printed("false"), false),
            (false, printed("1"), false),
            (false, "{}".to_owned(), false),
            (false, String::new(), false),
        ] {
            assert_eq!(SettingsView::new(read_only, printed.as_bytes()), SettingsView { read_only, answer: expected });
        }
    }
}
