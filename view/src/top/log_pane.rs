//! The followed log of a loop or a run.

use crossterm::event::KeyCode;

use super::keys::PAGE;
use crate::logs::{LogEvent, LogLimits, ReceivedLines};

/// What is new in a log, or why it cannot be read.
pub(super) type LogNews = Result<Vec<LogEvent>, String>;

/// A log that the user looks at.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct LogPane {
    /// The key of the item whose log it is.
    pub(super) key: String,
    pub(super) lines: ReceivedLines,
    /// How many lines are below the last one that is seen. At the end, what is new is seen at once.
    pub(super) below: usize,
    /// Why the log cannot be read now.
    pub(super) problem: Option<String>,
    /// Whether nothing was read yet.
    pub(super) is_reading: bool,
}

impl LogPane {
    pub(super) fn new(key: &str) -> Self {
        Self {
            key: key.to_owned(),
            lines: ReceivedLines::new(LogLimits::default()),
            below: 0,
            problem: None,
            is_reading: true,
        }
    }

    /// Shows what is new. The lines that are seen stay where they are, unless the last one is seen.
    pub(super) fn take(&mut self, news: LogNews) {
        self.is_reading = false;
        let events = match news {
            Ok(events) => events,
            Err(problem) => {
                self.problem = Some(problem);
                return;
            }
        };
        self.problem = None;
        for event in events {
            match event {
                LogEvent::BegunAnew(_) => self.below = 0,
                LogEvent::Line(..) => self.below += usize::from(self.below > 0),
            }
            self.lines.take(event);
        }
        self.scroll(0);
    }

    /// Moves towards the end, or up with a negative number.
    pub(super) fn scroll(&mut self, by: isize) {
        let highest = self.lines.len().saturating_sub(1);
        self.below = self.below.saturating_add_signed(by.saturating_neg()).min(highest);
    }

    /// Scrolls for a key. Returns whether the key leaves the log.
    pub(super) fn is_left_by(&mut self, key: KeyCode) -> bool {
        match key {
            KeyCode::Esc | KeyCode::Left | KeyCode::Char('h' | 'o') => return true,
            KeyCode::Home | KeyCode::Char('g') => self.scroll(isize::MIN),
            KeyCode::End | KeyCode::Char('G') => self.below = 0,
            KeyCode::Up | KeyCode::Char('k') => self.scroll(-1),
            KeyCode::Down | KeyCode::Char('j') => self.scroll(1),
            KeyCode::PageUp => self.scroll(-PAGE),
            KeyCode::PageDown => self.scroll(PAGE),
            _ => {}
        }
        false
    }
}
