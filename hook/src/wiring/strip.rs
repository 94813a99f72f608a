//! Taking out of a file what the receipt lists.

use std::path::Path;

use jsonc_parser::cst::{CstArray, CstObject, CstRootNode};

use super::error::WiringError;
use super::file::sha256;
use super::receipt::{Added, Wired};
use super::splice::{self, BOM};
use super::variable::{self, Variable};
use super::{json, toml};

/// The text without what install put in. To the byte the text from before while nobody else has written the file; else each listed entry
/// that still stands there as it was put is taken out by itself.
///
/// # Errors
/// Where the file was edited and does not parse any more.
pub fn strip(path: &Path, text: &str, wired: &Wired) -> Result<String, WiringError> {
    let mut text = text.to_owned();
    for addition in wired.additions.iter().rev() {
        let untouched = sha256(text.as_bytes()) == addition.after;
        text = match untouched.then(|| splice::undo(&text, &addition.splices)).flatten() {
            Some(before) => before,
            None => addition.added.iter().rev().try_fold(text, |text, added| take_out(path, text, added))?,
        };
    }
    Ok(text)
}

/// Whether nothing is left in a text.
#[must_use]
pub fn is_hollow(text: &str) -> bool {
    let bare: String = splice::body(text).0.split_whitespace().collect();
    bare.is_empty() || bare == "{}"
}

fn take_out(path: &Path, text: String, added: &Added) -> Result<String, WiringError> {
    if matches!(added, Added::Trust { .. } | Added::WritableRoot { .. }) {
        return toml::take_out(path, &text, added);
    }
    if json::parse(path, &text)?.is_none() {
        return Ok(text);
    }
    let (body, bom) = splice::body(&text);
    let root = CstRootNode::parse(body, &json::options());
    let root = root.map_err(|error| WiringError::at(path, body, error.range().start, error.kind().to_string()))?;
    match (added, root.object_value()) {
        (Added::Hook { event, handler, made_event, made_hooks }, Some(root)) => {
            if let Some(hooks) = root.object_value("hooks") {
                take_hook(&hooks, event, handler, *made_event);
                if *made_hooks && hooks.properties().is_empty() {
                    root.get("hooks").into_iter().for_each(|property| property.remove());
                }
            }
        }
        (Added::Variable { name, value, made_env }, Some(root)) => {
            let variable = Variable { name: name.clone(), value: value.clone() };
            variable::take_out(&root, &variable, *made_env);
        }
        _ => {}
    }
    let rest = root.to_string();
    Ok(if bom > 0 { format!("{BOM}{rest}") } else { rest })
}

/// The last handler that reads as the listed one goes; then its group, if it held that alone; then the event's list, if it was made.
fn take_hook(hooks: &CstObject, event: &str, handler: &serde_json::Value, made_event: bool) {
    let Some(groups) = hooks.array_value(event) else { return };
    let inner = |group: &CstObject| -> Option<CstArray> { group.array_value("hooks") };
    'groups: for group in groups.elements().iter().rev().filter_map(|group| group.as_object()) {
        let Some(list) = inner(&group) else { continue };
        for node in list.elements().into_iter().rev() {
            if node.to_serde_value().as_ref() == Some(handler) {
                node.remove();
                if list.elements().is_empty() && group.properties().len() == 1 {
                    group.remove();
                }
                break 'groups;
            }
        }
    }
    if made_event && groups.elements().is_empty() {
        hooks.get(event).into_iter().for_each(|property| property.remove());
    }
}
