//! The newest lines of a log, and what a client lacks of them.

use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;

use super::reader::Step;
use super::{LogLimits, LogLine};

/// Where a client is: behind a line, in one of the runs that wrote the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// Which run. No two runs that a client could confuse have the same number.
    run: u64,
    /// Where the next line begins in the file.
    at: u64,
}

/// What a client is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LogEvent {
    /// What the client has is no longer what the log says, or is followed by a gap. It begins anew with what follows.
    BegunAnew(Position),
    /// The next line, and the position behind it.
    Line(Position, String),
}

/// The newest lines of a log.
#[derive(Debug)]
pub(super) struct Replay {
    limits: LogLimits,
    run: u64,
    lines: VecDeque<LogLine>,
    /// The length of the lines in the file.
    bytes: u64,
}

impl Replay {
    /// Creates a replay without lines. `run` is a random number.
    pub(super) const fn new(run: u64, limits: LogLimits) -> Self {
        Self { limits, run, lines: VecDeque::new(), bytes: 0 }
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::BegunAnew => {
                self.run = self.run.wrapping_add(1);
                self.lines.clear();
                self.bytes = 0;
            }
            Step::Line(line) => {
                self.bytes += line.end - line.start;
                self.lines.push_back(line);
                while self.lines.len() > self.limits.lines || self.bytes > self.limits.bytes {
                    let Some(oldest) = self.lines.pop_front() else { break };
                    self.bytes -= oldest.end - oldest.start;
                }
            }
        }
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = &LogLine> {
        self.lines.iter()
    }

    /// Returns what a client at this position lacks: at most `limit` lines. A client without a position has nothing.
    pub(super) fn after(&self, position: Option<Position>, limit: usize) -> Vec<LogEvent> {
        let mut events = Vec::new();
        let first = position.and_then(|position| self.place(position)).unwrap_or_else(|| {
            let at = self.lines.front().map_or(0, |line| line.start);
            events.push(LogEvent::BegunAnew(Position { run: self.run, at }));
            0
        });
        let line = |line: &LogLine| LogEvent::Line(Position { run: self.run, at: line.end }, line.text.clone());
        events.extend(self.lines.iter().skip(first).take(limit).map(line));
        events
    }

    /// Returns the place of the first line behind a position, unless it is of another run or lines behind it are gone.
    fn place(&self, position: Position) -> Option<usize> {
        let place = self.lines.partition_point(|line| line.start < position.at);
        let is_boundary = match (self.lines.get(place), self.lines.back()) {
            (Some(line), _) => line.start == position.at,
            (None, Some(last)) => last.end == position.at,
            // Before the first line.
            (None, None) => position.at == 0,
        };
        (position.run == self.run && is_boundary).then_some(place)
    }
}

impl Position {
    /// Returns where the next line begins in the file.
    pub(super) const fn at(self) -> u64 {
        self.at
    }
}

impl LogEvent {
    /// Returns where a client is that has seen this.
    pub(crate) const fn position(&self) -> Position {
        match self {
            Self::BegunAnew(position) | Self::Line(position, _) => *position,
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}", self.run, self.at)
    }
}

impl FromStr for Position {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        let (run, at) = text.split_once('-').ok_or(())?;
        Ok(Self { run: u64::from_str_radix(run, 16).map_err(drop)?, at: at.parse().map_err(drop)? })
    }
}
