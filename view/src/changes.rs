//! The difference of two pictures.

use std::collections::{HashMap, HashSet};

use baton_status::{Item, MachineView};
use schemars::JsonSchema;
use serde::Serialize;

use crate::picture::{Count, Picture};

/// One change of a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(tag = "change", rename_all = "snake_case")]
#[schemars(rename = "PictureChange")]
pub enum Change {
    /// The item with this key is gone.
    Remove {
        /// The key.
        key: String,
    },
    /// An item is new, has moved or is not what it was. It replaces the item with its key.
    Put {
        /// The item directly before it, or null at the beginning.
        after: Option<String>,
        /// The item.
        item: Box<Item>,
    },
    /// Other counts.
    Counts {
        /// All of them.
        counts: Vec<Count>,
    },
    /// Other machines, or a machine was heard of again.
    Machines {
        /// All of them.
        machines: Vec<MachineView>,
    },
    /// Another problem, or none any more.
    Problem {
        /// What it is.
        problem: Option<String>,
    },
}

impl Change {
    /// Returns about how much memory it takes, in bytes: that of its texts is the length of its JSON.
    #[must_use]
    pub fn size(&self) -> usize {
        size_of::<Self>() + size_of::<Item>() + serde_json::to_vec(self).map_or(0, |json| json.len())
    }
}

/// Returns the changes that make one picture of another, in the order in which they are applied. As few items as possible
/// are named.
#[must_use]
pub fn changes(from: &Picture, to: &Picture) -> Vec<Change> {
    let mut changes = Vec::new();
    let kept: HashSet<&str> = to.items.iter().map(|item| item.key.as_str()).collect();
    let removed = from.items.iter().filter(|item| !kept.contains(item.key.as_str()));
    changes.extend(removed.map(|item| Change::Remove { key: item.key.clone() }));
    let before: HashMap<&str, (usize, &Item)> =
        from.items.iter().enumerate().map(|(place, item)| (item.key.as_str(), (place, item))).collect();
    let places: Vec<Option<usize>> =
        to.items.iter().map(|item| before.get(item.key.as_str()).map(|(place, _)| *place)).collect();
    let unmoved = longest_increasing(&places);
    let mut after: Option<&str> = None;
    for (item, place) in to.items.iter().zip(&places) {
        let is_in_place = place.is_some_and(|place| unmoved.contains(&place));
        let is_same = before.get(item.key.as_str()).is_some_and(|(_, before)| *before == item);
        if !is_in_place || !is_same {
            changes.push(Change::Put { after: after.map(str::to_owned), item: Box::new(item.clone()) });
        }
        after = Some(&item.key);
    }
    if from.counts != to.counts {
        changes.push(Change::Counts { counts: to.counts.clone() });
    }
    if from.machines != to.machines {
        changes.push(Change::Machines { machines: to.machines.clone() });
    }
    if from.problem != to.problem {
        changes.push(Change::Problem { problem: to.problem.clone() });
    }
    changes
}

/// Applies a change to a picture.
pub fn apply(picture: &mut Picture, change: Change) {
    match change {
        Change::Remove { key } => picture.items.retain(|item| item.key != key),
        Change::Put { after, item } => {
            picture.items.retain(|other| other.key != item.key);
            let place = after.and_then(|after| picture.items.iter().position(|other| other.key == after));
            picture.items.insert(place.map_or(0, |place| place + 1), *item);
        }
        Change::Counts { counts } => picture.counts = counts,
        Change::Machines { machines } => picture.machines = machines,
        Change::Problem { problem } => picture.problem = problem,
    }
}

/// Returns the numbers of a longest increasing subsequence: these items keep their order, and the others move.
fn longest_increasing(places: &[Option<usize>]) -> HashSet<usize> {
    // The end of the best subsequence of each length, and what stands before each number in its own.
    let mut ends: Vec<usize> = Vec::new();
    let mut before: HashMap<usize, usize> = HashMap::new();
    for place in places.iter().flatten().copied() {
        let length = ends.partition_point(|end| *end < place);
        if let Some(end) = length.checked_sub(1).and_then(|last| ends.get(last)) {
            before.insert(place, *end);
        }
        match ends.get_mut(length) {
            Some(end) => *end = place,
            None => ends.push(place),
        }
    }
    std::iter::successors(ends.last().copied(), |place| before.get(place).copied()).collect()
}

#[cfg(test)]
mod tests {
    use super::longest_increasing;

    #[test]
    fn what_keeps_its_order_is_as_much_as_possible() {
        for (places, expected) in [
            (vec![], vec![]),
            (vec![0, 1, 2], vec![0, 1, 2]),
            (vec![3, 0, 1, 2], vec![0, 1, 2]),
            (vec![1, 2, 3, 0], vec![1, 2, 3]),
            (vec![2, 1, 0], vec![0]),
            (vec![4, 0, 5, 1, 6], vec![4, 5, 6]),
        ] {
            let places: Vec<_> = places.into_iter().map(Some).collect();
            let mut found: Vec<_> = longest_increasing(&places).into_iter().collect();
            found.sort_unstable();
            assert_eq!(found.len(), expected.len(), "{places:?}");
            if places.len() < 5 {
                assert_eq!(found, expected, "{places:?}");
            }
        }
    }
}
