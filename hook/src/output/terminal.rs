//! Where lines are printed.

use std::io;

/// How wide a line of prose may be on a terminal, and how wide it is elsewhere.
const PROSE_WIDTH: usize = 80;

/// The narrowest terminal for which prose is wrapped. A narrower one wraps it itself.
const MIN_PROSE_WIDTH: usize = 30;

/// Where standard output goes.
pub struct Terminal {
    /// How many columns it has. `None` for a file or a pipe, where no line is too long.
    pub width: Option<usize>,
    /// Whether colour is wanted.
    pub colour: bool,
}

impl Terminal {
    /// The terminal at standard output. Colour needs a terminal that is not dumb, and no `NO_COLOR`.
    #[must_use]
    pub fn stdout() -> Self {
        let width = terminal_size::terminal_size_of(io::stdout()).map(|(width, _)| usize::from(width.0));
        let unset = |name: &str| std::env::var_os(name).is_none_or(|value| value.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        Self { width, colour: width.is_some() && unset("NO_COLOR") && !dumb }
    }

    /// Whether it is a terminal.
    #[must_use]
    pub const fn is_terminal(&self) -> bool {
        self.width.is_some()
    }

    /// Wraps prose: `first` before the first line, as many spaces before the others.
    #[must_use]
    pub fn wrap(&self, first: &str, text: &str) -> String {
        let width = self.width.unwrap_or(PROSE_WIDTH).clamp(MIN_PROSE_WIDTH, PROSE_WIDTH);
        baton_display::wrap(width, first, text)
    }
}
