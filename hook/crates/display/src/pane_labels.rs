//! Short names of panes, as lists show them.

use std::collections::{BTreeMap, BTreeSet};

use agent_baton_core::pane::Pane;

use crate::{short_pane_label, strip_control_chars};

/// The short names of panes that are shown together. Every server of tmux counts its panes from `%0`, so where there are
/// panes of several servers, a name contains that of the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PaneLabels {
    /// The name of each server by the path of its socket. It is empty if there is only one.
    servers: BTreeMap<String, String>,
}

impl PaneLabels {
    /// Chooses the names of panes that are shown together.
    #[must_use]
    pub fn new<'a>(panes: impl IntoIterator<Item = &'a Pane>) -> Self {
        let servers = panes.into_iter().filter_map(|pane| match pane {
            Pane::Tmux { server, .. } => Some(server.as_str()),
            _ => None,
        });
        let servers: BTreeSet<&str> = servers.collect();
        if servers.len() < 2 {
            return Self::default();
        }
        let depth = servers.iter().map(|path| path.split('/').count()).max().unwrap_or(1);
        let names = |parts: usize| servers.iter().map(|path| (*path, end(path, parts))).collect::<BTreeMap<_, _>>();
        let distinguishes =
            |names: &BTreeMap<&str, &str>| names.values().collect::<BTreeSet<_>>().len() == servers.len();
        let shortest = (1..=depth).map(names).find(distinguishes).unwrap_or_else(|| names(depth));
        let servers = shortest.into_iter().map(|(path, name)| (path.to_owned(), strip_control_chars(name)));
        Self { servers: servers.collect() }
    }

    /// Returns the short name of a pane.
    #[must_use]
    pub fn label(&self, pane: &Pane) -> String {
        let label = short_pane_label(pane);
        let Pane::Tmux { server, .. } = pane else { return label };
        self.servers.get(server).map_or_else(|| label.clone(), |server| format!("{server}:{label}"))
    }
}

/// Returns the last parts of a path.
fn end(path: &str, parts: usize) -> &str {
    let slash = path.rmatch_indices('/').nth(parts.saturating_sub(1));
    slash.and_then(|(at, _)| path.get(at + 1..)).unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_where_panes_of_several_are_shown() {
        let tmux = |server: &str| Pane::Tmux { server: server.to_owned(), pane: "%3".to_owned() };
        let zellij = Pane::Zellij { session: "main".to_owned(), pane: "3".to_owned() };
        for (panes, expected) in [
            (vec![tmux("/tmp/tmux-1/default"), tmux("/tmp/tmux-1/default")], vec!["%3", "%3"]),
            (vec![tmux("/tmp/tmux-1/default"), zellij.clone(), Pane::Unknown], vec!["%3", "main:3", "-"]),
            (vec![tmux("/tmp/tmux-1/default"), tmux("/tmp/tmux-1/dev")], vec!["default:%3", "dev:%3"]),
            (
                vec![tmux("/a/t/default"), tmux("/b/t/default"), zellij],
                vec!["a/t/default:%3", "b/t/default:%3", "main:3"],
            ),
            (vec![tmux("/default"), tmux("default")], vec!["/default:%3", "default:%3"]),
            (vec![tmux("/t/a\u{1b}b"), tmux("")], vec!["a\u{fffd}b:%3", ":%3"]),
        ] {
            let labels = PaneLabels::new(&panes);
            assert_eq!(panes.iter().map(|pane| labels.label(pane)).collect::<Vec<_>>(), expected);
        }
    }
}
