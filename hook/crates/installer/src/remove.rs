//! Removes from a file what the receipt lists.

use std::path::Path;

use agent_baton_core::agent::Agent;
use jsonc_parser::cst::{CstArray, CstObject};

use super::agent_config::SettingsText;
use super::agents::config;
use super::config_file::{sha256, split_bom};
use super::error::InstallError;
use super::json_edit;
use super::receipt::{Added, InstalledFile};
use super::settings_variable::{self, SettingsVariable};

/// Returns the text without what install added. If nobody else has edited the file, that is the original, byte for
/// byte. In an edited file, each listed entry is removed on its own if it is still as install wrote it.
///
/// # Errors
/// Returns an error if the file was edited and no longer parses.
pub fn remove_installed(path: &Path, text: &str, installed: &InstalledFile) -> Result<String, InstallError> {
    if installed.contents.contains(&sha256(text.as_bytes()))
        && let Some(original) = original_of(installed)
    {
        return Ok(original);
    }
    let agent = installed.agent;
    installed.added.iter().rev().try_fold(text.to_owned(), |text, added| remove_item(agent, path, text, added))
}

/// Returns the file as it was before the first install, which is empty if install created it. Returns `None` if
/// somebody edited it between two installs, or if its backup is missing or was changed.
fn original_of(installed: &InstalledFile) -> Option<String> {
    let original = installed.original.as_ref()?;
    if installed.created {
        return Some(String::new());
    }
    let bytes = std::fs::read(installed.backup.as_ref()?).ok()?;
    if sha256(&bytes) == *original { String::from_utf8(bytes).ok() } else { None }
}

/// Returns whether a text holds nothing but an empty object.
#[must_use]
pub fn is_effectively_empty(text: &str) -> bool {
    let bare: String = split_bom(text).1.split_whitespace().collect();
    bare.is_empty() || bare == "{}"
}

fn remove_item(agent: Agent, path: &Path, text: String, added: &Added) -> Result<String, InstallError> {
    if matches!(added, Added::Trust { .. } | Added::WritableRoot { .. }) {
        let Some(settings) = &config(agent).settings else { return Ok(text) };
        return (settings.remove)(&SettingsText { path, text: &text }, added);
    }
    if json_edit::parse(path, &text)?.is_none() {
        return Ok(text);
    }
    let (bom, body) = split_bom(&text);
    let root = json_edit::parse_cst(path, body)?;
    match (added, root.object_value()) {
        (Added::Hook { event, handler, created_event, created_hooks }, Some(object)) => {
            if let Some(hooks) = object.object_value("hooks") {
                remove_hook(&hooks, event, handler, *created_event);
                if *created_hooks && hooks.properties().is_empty() {
                    object.get("hooks").into_iter().for_each(|property| property.remove());
                }
            }
        }
        (Added::Variable { name, value, created_env }, Some(object)) => {
            let variable = SettingsVariable { name: name.clone(), value: value.clone() };
            settings_variable::remove(&object, &variable, *created_env);
        }
        _ => {}
    }
    Ok(format!("{bom}{root}"))
}

/// Removes the last handler that equals the listed one. Then removes its group if that is empty, and the event's list
/// if install created it.
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
