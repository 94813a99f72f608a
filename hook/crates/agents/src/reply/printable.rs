//! Texts that come from the environment, as they are shown to a user.

use agent_baton_core::run::is_printable;

/// How many characters are shown of a text that comes from the environment.
const MAX_TEXT_CHARS: usize = 64;

/// Returns a text without control characters and characters that reorder text, shortened to the limit.
pub(super) fn printable(text: &str) -> String {
    text.chars().filter(|&c| is_printable(c)).take(MAX_TEXT_CHARS).collect()
}
