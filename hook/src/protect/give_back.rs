//! Giving the files back: each in one step, so that a call that is cut off leaves the old or the new one, and never half of it.

use std::collections::BTreeMap;

use super::look::Look;
use super::node::{Mode, Node};
use super::pack::Pack;
use super::plan::Plan;
use super::root::{Obstacle, Root, RootError, Standing};
use crate::config::Inside;

/// What became of a plan.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// What was put in place.
    pub given: Vec<Inside>,
    /// What was not there when the files were saved, and was taken away.
    pub removed: Vec<Inside>,
    /// What stays though it is not as it was saved.
    pub left: BTreeMap<Inside, String>,
    /// What the system refused; another try may go well.
    pub failed: BTreeMap<Inside, String>,
}

impl Outcome {
    fn note(&mut self, path: &Inside, error: &RootError) {
        let list = match error {
            RootError::Obstacle(_) => &mut self.left,
            RootError::Io(_) => &mut self.failed,
        };
        list.insert(path.clone(), error.to_string());
    }

    /// Whether it came to nothing at this path.
    fn is_stuck(&self, path: &Inside) -> bool {
        self.left.contains_key(path) || self.failed.contains_key(path)
    }
}

/// Does what a plan says. What goes must have been kept before.
#[must_use]
pub fn carry_out(root: &Root, plan: &Plan, backup: &Pack, look: &Look) -> Outcome {
    let mut outcome = Outcome { left: plan.left.clone(), failed: plan.failed.clone(), ..Outcome::default() };
    let opened = open_directories(root, plan, look);
    for path in plan.remove.iter().rev() {
        let Some(standing) = look.nodes.get(path) else { continue };
        match root.remove(path, standing) {
            Ok(()) => outcome.removed.push(path.clone()),
            Err(error) => outcome.note(path, &error),
        }
    }
    for path in &plan.put {
        // What stands in the way is told already.
        if outcome.is_stuck(path) {
            continue;
        }
        match put(root, path, backup, look, plan) {
            Ok(()) => outcome.given.push(path.clone()),
            Err(error) => outcome.note(path, &error),
        }
    }
    // Permissions come last: a directory that was read-only takes no file.
    for (path, mode) in &opened {
        if !outcome.removed.contains(path)
            && !backup.manifest.nodes.contains_key(path)
            && let Err(error) = root.set_mode(path, *mode)
        {
            outcome.note(path, &error);
        }
    }
    for (path, mode) in directories(backup).rev() {
        let differs = |standing: &Standing| standing.node != Node::Directory { mode };
        let wanted = plan.put.contains(path) || opened.contains_key(path) || look.nodes.get(path).is_some_and(differs);
        if wanted
            && !outcome.is_stuck(path)
            && let Err(error) = root.set_mode(path, mode)
        {
            outcome.given.retain(|given| given != path);
            outcome.note(path, &error);
        }
    }
    outcome.removed.retain(|path| !outcome.given.contains(path));
    outcome
}

/// Has their owner write in the directories in which something goes or is put; gives the permissions that they had. A call that is cut
/// off leaves them so, which the next one mends.
fn open_directories(root: &Root, plan: &Plan, look: &Look) -> BTreeMap<Inside, Mode> {
    let is_above = |above: &Inside, path: &Inside| path != above && path.is_at_or_below(above);
    let mut opened = BTreeMap::new();
    for (path, standing) in &look.nodes {
        let Node::Directory { mode } = standing.node else { continue };
        let acts = plan.put.iter().chain(&plan.remove).any(|acted| is_above(path, acted));
        // Where that fails, so does what is to be done in it, which is told then.
        if acts && mode.writable() != mode && root.set_mode(path, mode.writable()).is_ok() {
            opened.insert(path.clone(), mode);
        }
    }
    opened
}

fn directories(backup: &Pack) -> impl DoubleEndedIterator<Item = (&Inside, Mode)> {
    backup.manifest.nodes.iter().filter_map(|(path, node)| match node {
        Node::Directory { mode } => Some((path, *mode)),
        _ => None,
    })
}

fn put(root: &Root, path: &Inside, backup: &Pack, look: &Look, plan: &Plan) -> Result<(), RootError> {
    let node = backup.manifest.nodes.get(path).ok_or(Obstacle::Moved)?;
    for above in path.above() {
        let mode = backup.manifest.above.get(&above);
        if let Some(mode) = mode.filter(|_| matches!(root.standing(&above), Ok(None))) {
            root.make_directory(&above, *mode)?;
        }
    }
    if let Node::Directory { mode } = node {
        return root.make_directory(path, mode.writable());
    }
    let content = backup.files.get(path).map(Vec::as_slice).unwrap_or_default();
    let stands = look.nodes.get(path).filter(|_| !plan.remove.contains(path));
    root.put(path, node, content, stands.map(|standing| standing.mark))
}
