//! A variable in the `env` of Claude Code's settings.

use std::path::Path;

use jsonc_parser::ast::Value as Node;
use jsonc_parser::common::Ranged;
use jsonc_parser::cst::{CstInputValue, CstObject};
use serde_json::{Value, json};

use super::config_file::split_bom;
use super::error::InstallError;
use super::json_edit::{check_root, parse, parse_cst, property, with_object};

/// The key of the settings that holds variables.
const ENV: &str = "env";

/// A variable and its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsVariable {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

/// Returns the value that a settings file gives a variable.
#[must_use]
pub fn current_value(settings: &Value, name: &str) -> Option<String> {
    settings.get(ENV)?.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Adds a variable that is not set. Returns the new text, and whether the object of all variables was created for it.
///
/// # Errors
/// Returns an error if the file is not JSON, or if a value of another type occupies the place of the variables.
pub fn add(path: &Path, text: &str, variable: &SettingsVariable) -> Result<(String, bool), InstallError> {
    let text = with_object(path, text)?;
    let mut wanted = parse(path, &text)?;
    let (bom, body) = split_bom(&text);
    let created = check_root(path, body, |root| match property(path, body, root, ENV)? {
        None => Ok(true),
        Some(Node::Object(_)) => Ok(false),
        Some(other) => Err(InstallError::at(path, body, other.start(), "\"env\" is not an object")),
    })?;
    let failed = || InstallError::VerificationFailed { path: path.to_owned() };
    let root = parse_cst(path, body)?;
    let env = root.object_value().map(|root| root.object_value_or_set(ENV)).ok_or_else(failed)?;
    env.append(&variable.name, CstInputValue::String(variable.value.clone()));
    let text = format!("{bom}{root}");
    // The new value must be the old one with the variable, and nothing else.
    let env = wanted.as_mut().and_then(Value::as_object_mut).map(|root| root.entry(ENV).or_insert_with(|| json!({})));
    let env = env.and_then(Value::as_object_mut).ok_or_else(failed)?;
    env.insert(variable.name.clone(), Value::String(variable.value.clone()));
    if parse(path, &text)? == wanted { Ok((text, created)) } else { Err(failed()) }
}

/// Removes a variable that still has the listed value. Then removes the object of all variables, if it was created
/// for the variable and is empty.
pub fn remove(root: &CstObject, variable: &SettingsVariable, made: bool) {
    let Some(env) = root.object_value(ENV) else { return };
    let set = env.get(&variable.name).filter(|property| {
        let value = property.value().and_then(|value| value.to_serde_value());
        value == Some(Value::String(variable.value.clone()))
    });
    set.into_iter().for_each(|property| property.remove());
    if made && env.properties().is_empty() {
        root.get(ENV).into_iter().for_each(|property| property.remove());
    }
}
