//! Taking out of a file what the receipt lists.

use std::path::Path;

use jsonc_parser::cst::{CstArray, CstObject, CstRootNode};

use super::config_file::sha256;
use super::error::InstallError;
use super::receipt::{Added, InstalledFile};
use super::settings_variable::{self, SettingsVariable};
use super::text_edit::{self, BOM};
use super::{codex_settings, json_edit};

/// The text without what install put in. To the byte the text from before while nobody else has written the file; else each listed entry
/// that still stands there as it was put is taken out by itself.
///
/// # Errors
/// Where the file was edited and does not parse any more.
pub fn remove_installed(path: &Path, text: &str, installed: &InstalledFile) -> Result<String, InstallError> {
    let mut text = text.to_owned();
    for addition in installed.additions.iter().rev() {
        let untouched = sha256(text.as_bytes()) == addition.after;
        text = match untouched.then(|| text_edit::undo(&text, &addition.edits)).flatten() {
            Some(before) => before,
            None => addition.added.iter().rev().try_fold(text, |text, added| remove_item(path, text, added))?,
        };
    }
    Ok(text)
}

/// Whether nothing is left in a text.
#[must_use]
pub fn is_effectively_empty(text: &str) -> bool {
    let bare: String = text_edit::strip_bom(text).0.split_whitespace().collect();
    bare.is_empty() || bare == "{}"
}

fn remove_item(path: &Path, text: String, added: &Added) -> Result<String, InstallError> {
    if matches!(added, Added::Trust { .. } | Added::WritableRoot { .. }) {
        return codex_settings::remove(path, &text, added);
    }
    if json_edit::parse(path, &text)?.is_none() {
        return Ok(text);
    }
    let (body, bom) = text_edit::strip_bom(&text);
    let root = CstRootNode::parse(body, &json_edit::options());
    let root = root.map_err(|error| InstallError::at(path, body, error.range().start, error.kind().to_string()))?;
    match (added, root.object_value()) {
        (Added::Hook { event, handler, created_event, created_hooks }, Some(root)) => {
            if let Some(hooks) = root.object_value("hooks") {
                remove_hook(&hooks, event, handler, *created_event);
                if *created_hooks && hooks.properties().is_empty() {
                    root.get("hooks").into_iter().for_each(|property| property.remove());
                }
            }
        }
        (Added::Variable { name, value, created_env }, Some(root)) => {
            let variable = SettingsVariable { name: name.clone(), value: value.clone() };
            settings_variable::remove(&root, &variable, *created_env);
        }
        _ => {}
    }
    let rest = root.to_string();
    Ok(if bom > 0 { format!("{BOM}{rest}") } else { rest })
}

/// The last handler that reads as the listed one goes; then its group, if it held that alone; then the event's list, if it was made.
fn remove_hook(hooks: &CstObject, event: &str, handler: &serde_json::Value, created_event: bool) {
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
    if created_event && groups.elements().is_empty() {
        hooks.get(event).into_iter().for_each(|property| property.remove());
    }
}
