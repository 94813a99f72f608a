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

/// Returns whether this text means a pane: its name with or without the server, or its number alone.
#[must_use]
pub fn is_pane_called(pane: &Pane, text: &str) -> bool {
    let short = short_pane_label(pane);
    match (pane, text.rsplit_once(':')) {
        (Pane::Unknown, _) => false,
        (Pane::Tmux { server, .. }, Some((name, text))) => {
            let server = strip_control_chars(server);
            let is_end = !name.is_empty() && server.ends_with(&format!("/{name}"));
            text == short && (is_end || server == name)
        }
        _ => text == short || short.rsplit([':', '%']).next() == Some(text),
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
            for (pane, label) in panes.iter().zip(&expected).filter(|(pane, _)| **pane != Pane::Unknown) {
                assert!(is_pane_called(pane, label), "{label}");
            }
        }
    }

    #[test]
    fn a_pane_has_few_names() {
        let tmux = Pane::Tmux { server: "/tmp/tmux-1/dev".to_owned(), pane: "%3".to_owned() };
        let zellij = Pane::Zellij { session: "main".to_owned(), pane: "3".to_owned() };
        let tty = Pane::Tty { tty: "/dev/pts/3".to_owned() };
        for (pane, names, others) in [
            (
                &tmux,
                &["%3", "3", "dev:%3", "tmux-1/dev:%3", "/tmp/tmux-1/dev:%3"][..],
                &["%", "", ":%3", "ev:%3", "dev:3", "dev"][..],
            ),
            (&zellij, &["main:3", "3"], &["main", "ain:3", "%3"]),
            (&tty, &["/dev/pts/3"], &["3", ""]),
            (&Pane::Unknown, &[], &["-", ""]),
        ] {
            for (text, expected) in names.iter().map(|it| (it, true)).chain(others.iter().map(|it| (it, false))) {
                assert_eq!(is_pane_called(pane, text), expected, "{text} {pane:?}");
            }
        }
    }
}
