//! What has to be done so that the protected files are as they were saved.

use std::collections::BTreeMap;

use super::look::Look;
use super::node::Node;
use super::pack::Manifest;
use super::root::Standing;
use crate::config::Inside;

/// Who may have changed what stands there.
///
/// Nobody can see who wrote a file. What can be known is whether a session was there to do it: as long as one was, the change is
/// the sessions', and is undone; a change from a time when none was there is someone else's, and is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Evidence {
    /// Sessions were there until now.
    Sessions,
    /// The last one had left when this was seen; what differs from it came later.
    Seen(BTreeMap<Inside, Node>),
    /// None has been there since this moment, in milliseconds since 1970.
    NobodySince(u64),
}

impl Evidence {
    /// Whether what stands there is the sessions' work, and may go once it is kept.
    fn is_of_sessions(&self, path: &Inside, standing: &Standing) -> bool {
        match self {
            Self::Sessions => true,
            Self::Seen(seen) => seen.get(path) == Some(&standing.node),
            Self::NobodySince(moment) => standing.mark.changed_ms() < *moment,
        }
    }
}

/// What has to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// What is put in place, parents first.
    pub put: Vec<Inside>,
    /// What has to go, parents first.
    pub remove: Vec<Inside>,
    /// What stays though it is not as it was saved, with the reason.
    pub left: BTreeMap<Inside, String>,
    /// What could not be looked at now.
    pub failed: BTreeMap<Inside, String>,
}

const BY_SOMEONE_ELSE: &str = "it was changed when no session was here";

impl Plan {
    /// Compares what was saved with what stands there.
    #[must_use]
    pub fn new(backup: &Manifest, look: &Look, evidence: &Evidence) -> Self {
        let mut plan = Self::default();
        for (path, refused) in &look.refused {
            let list = if refused.again { &mut plan.failed } else { &mut plan.left };
            list.insert(path.clone(), refused.why.clone());
        }
        let is_directory = |node: &Node| matches!(node, Node::Directory { .. });
        for (path, standing) in &look.nodes {
            let fits = backup.nodes.get(path).is_some_and(|node| is_directory(node) == is_directory(&standing.node));
            if fits {
                continue;
            }
            // A directory goes by what is in it: its own time changes with every file, its permissions where a call was cut off.
            let may_go = match evidence {
                Evidence::NobodySince(_) if is_directory(&standing.node) => true,
                Evidence::Seen(seen) if is_directory(&standing.node) => seen.get(path).is_some_and(is_directory),
                _ => evidence.is_of_sessions(path, standing),
            };
            if may_go {
                plan.remove.push(path.clone());
            } else {
                plan.left.insert(path.clone(), BY_SOMEONE_ELSE.to_owned());
            }
        }
        for (path, node) in &backup.nodes {
            if look.refused_at(path).is_some() {
                continue;
            }
            match look.nodes.get(path) {
                Some(standing) if standing.node == *node => {}
                // Only its permissions differ, and a call that was cut off leaves them so.
                Some(standing) if is_directory(&standing.node) && is_directory(node) => plan.put.push(path.clone()),
                Some(_) if plan.left.contains_key(path) => {}
                Some(standing) if !plan.remove.contains(path) && !evidence.is_of_sessions(path, standing) => {
                    plan.left.insert(path.clone(), BY_SOMEONE_ELSE.to_owned());
                }
                _ => plan.put.push(path.clone()),
            }
        }
        plan
    }

    /// Whether there is nothing to do and nothing to say.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.put.is_empty() && self.remove.is_empty() && self.left.is_empty() && self.failed.is_empty()
    }

    /// The paths at which something stands that goes or is replaced: it must be kept first.
    pub fn overwrites<'a>(&'a self, look: &'a Look) -> impl Iterator<Item = (&'a Inside, &'a Standing)> {
        self.remove.iter().chain(&self.put).filter_map(|path| look.nodes.get_key_value(path))
    }
}
