//! What stands at the protected paths, and below them, at one moment.

use std::collections::BTreeMap;
use std::time::Instant;

use super::limits::{MAX_BYTES, MAX_DEPTH, MAX_ENTRIES};
use super::node::{Mode, Node};
use super::root::{Obstacle, Root, RootError, Standing};
use crate::config::Inside;

/// What stands in a project.
#[derive(Debug, Default)]
pub struct Look {
    /// What could be read, by path.
    pub nodes: BTreeMap<Inside, Standing>,
    /// What could not, and nothing below it was looked at.
    pub refused: BTreeMap<Inside, Refused>,
    /// The directories above the protected paths.
    pub above: BTreeMap<Inside, Mode>,
}

/// Why something could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// The words.
    pub why: String,
    /// Whether the system refused it: another try may go well.
    pub again: bool,
    /// Whether each thing in it could be read, and there are too many.
    pub crowded: bool,
}

impl From<RootError> for Refused {
    fn from(error: RootError) -> Self {
        Self { why: error.to_string(), again: matches!(error, RootError::Io(_)), crowded: false }
    }
}

/// What may still be read.
struct Room {
    entries: usize,
    bytes: u64,
    until: Option<Instant>,
}

/// Why nothing more is read of a protected path.
struct Full(Refused);

impl Room {
    fn take(&mut self, bytes: u64) -> Result<(), Full> {
        let full = |why: String, again: bool| Full(Refused { why, again, crowded: !again });
        if self.until.is_some_and(|until| Instant::now() > until) {
            return Err(full("there was no time to read it".to_owned(), true));
        }
        self.entries = self
            .entries
            .checked_sub(1)
            .ok_or_else(|| full(format!("there are more than {MAX_ENTRIES} entries"), false))?;
        self.bytes = self
            .bytes
            .checked_sub(bytes)
            .ok_or_else(|| full(format!("there are more than {MAX_BYTES} bytes"), false))?;
        Ok(())
    }
}

impl Look {
    /// Looks at the protected paths, until a moment. What `skips` names is passed over.
    #[must_use]
    pub fn at(root: &Root, paths: &[Inside], skips: impl Fn(&Inside) -> bool, until: Option<Instant>) -> Self {
        let mut look = Self::default();
        let mut room = Room { entries: MAX_ENTRIES, bytes: MAX_BYTES, until };
        for path in paths {
            for above in path.above() {
                if let Ok(Some(Standing { node: Node::Directory { mode }, .. })) = root.standing(&above) {
                    look.above.insert(above, mode);
                }
            }
            let before: Vec<Inside> = look.nodes.keys().cloned().collect();
            if let Err(Full(refused)) = look.walk(root, path, &skips, &mut room, 0) {
                // Half a directory would be taken for the whole of it.
                look.nodes.retain(|node, _| before.contains(node));
                look.refused.insert(path.clone(), refused);
            }
        }
        look
    }

    fn walk(
        &mut self,
        root: &Root,
        path: &Inside,
        skips: &impl Fn(&Inside) -> bool,
        room: &mut Room,
        depth: usize,
    ) -> Result<(), Full> {
        if skips(path) || self.nodes.contains_key(path) {
            return Ok(());
        }
        let standing = match root.standing(path) {
            Ok(None) => return Ok(()),
            Ok(Some(standing)) => standing,
            Err(error) => {
                self.refused.insert(path.clone(), error.into());
                return Ok(());
            }
        };
        room.take(length(&standing))?;
        let is_directory = matches!(standing.node, Node::Directory { .. });
        self.nodes.insert(path.clone(), standing);
        if !is_directory {
            return Ok(());
        }
        if depth >= MAX_DEPTH {
            return Err(Full(Refused {
                why: format!("it is deeper than {MAX_DEPTH} directories"),
                again: false,
                crowded: true,
            }));
        }
        let names = match root.names(path) {
            Ok(names) => names,
            Err(error) => {
                self.nodes.remove(path);
                self.refused.insert(path.clone(), error.into());
                return Ok(());
            }
        };
        for name in names {
            let below = path.join(&name).ok_or_else(|| Full(RootError::from(Obstacle::Name).into()))?;
            self.walk(root, &below, skips, room, depth + 1)?;
        }
        Ok(())
    }

    /// Looks at these paths alone where a protected path has grown too large to be looked at whole: what was saved is given back
    /// all the same.
    #[must_use]
    pub fn with_known<'a>(
        mut self,
        root: &Root,
        known: impl Iterator<Item = &'a Inside>,
        until: Option<Instant>,
    ) -> Self {
        let mut room = Room { entries: MAX_ENTRIES, bytes: MAX_BYTES, until };
        for path in known {
            if self.nodes.contains_key(path) {
                continue;
            }
            let crowded = |(refused, why): (&Inside, &Refused)| why.crowded && path.is_at_or_below(refused);
            if !self.refused.iter().any(crowded) {
                continue;
            }
            match root.standing(path) {
                Ok(None) => {}
                Ok(Some(standing)) => match room.take(length(&standing)) {
                    Ok(()) => drop(self.nodes.insert(path.clone(), standing)),
                    Err(Full(refused)) => {
                        drop(self.refused.insert(path.clone(), Refused { crowded: false, ..refused }))
                    }
                },
                Err(error) => drop(self.refused.insert(path.clone(), error.into())),
            }
        }
        self
    }

    /// Why nothing is known of a path: it, or one above it, could not be read.
    #[must_use]
    pub fn refused_at(&self, path: &Inside) -> Option<&Refused> {
        let mut refused = self.refused.iter();
        refused.find(|(refused, why)| !why.crowded && path.is_at_or_below(refused)).map(|(_, why)| why)
    }
}

fn length(standing: &Standing) -> u64 {
    standing.content.as_ref().map_or(0, |content| u64::try_from(content.len()).unwrap_or(u64::MAX))
}
