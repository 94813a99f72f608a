//! A variable in the `env` of Claude Code's settings.

use std::collections::BTreeMap;
use std::path::Path;

use jsonc_parser::ast::Value as Node;
use jsonc_parser::common::Ranged;
use jsonc_parser::cst::CstObject;
use serde_json::Value;

use super::error::InstallError;
use super::json_edit::{parse, parse_tree, property};
use super::json_layout::{Container, Style};
use super::text_edit::{self, EditedText};

/// The key of the settings that holds variables.
const ENV: &str = "env";

/// A variable and what it is set to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingsVariable {
    /// Its name.
    pub name: String,
    /// What it is set to.
    pub value: String,
}

/// What a settings file sets a variable to.
#[must_use]
pub fn current_value(settings: &Value, name: &str) -> Option<String> {
    settings.get(ENV)?.get(name).map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// Adds a variable that is not set; says whether the object of all variables was made for it.
///
/// # Errors
/// Where the file is no JSON, or something else stands where variables belong.
pub fn add(path: &Path, draft: &mut EditedText, variable: &SettingsVariable) -> Result<bool, InstallError> {
    if parse(path, &draft.text)?.is_none() {
        let at = text_edit::strip_bom(&draft.text).1;
        draft.insert(at, "{\n}\n");
    }
    let unproven = || InstallError::VerificationFailed { path: path.to_owned() };
    let mut wanted = parse(path, &draft.text)?.ok_or_else(unproven)?;
    let (bom, text) = (text_edit::strip_bom(&draft.text).1, draft.text.clone());
    let (body, _) = text_edit::strip_bom(&text);
    let parsed = parse_tree(path, body)?;
    let tokens = parsed.tokens.as_deref().unwrap_or_default();
    let Some(Node::Object(root)) = &parsed.value else {
        return Err(InstallError::at(path, body, 0, "an object was expected"));
    };
    let mut inner = EditedText::new(body.to_owned());
    let style = Style::detect(body, &root.into());
    let made = match property(path, body, root, ENV)? {
        None => {
            let env = BTreeMap::from([(&variable.name, &variable.value)]);
            Container::from(root).append(&mut inner, tokens, &style, Some(ENV), &env).map_err(|_| unproven())?;
            true
        }
        Some(Node::Object(env)) => {
            let container = Container::from(env);
            container
                .append(&mut inner, tokens, &style, Some(&variable.name), &variable.value)
                .map_err(|_| unproven())?;
            false
        }
        Some(other) => return Err(InstallError::at(path, body, other.start(), "\"env\" is not an object")),
    };
    for mut edit in inner.edits {
        edit.at += bom;
        draft.apply(edit);
    }
    // The value is the old one with the variable, and nothing else.
    let env = wanted.as_object_mut().map(|root| root.entry(ENV).or_insert_with(|| Value::Object(Default::default())));
    let env = env.and_then(Value::as_object_mut).ok_or_else(unproven)?;
    env.insert(variable.name.clone(), Value::String(variable.value.clone()));
    if parse(path, &draft.text)? == Some(wanted) { Ok(made) } else { Err(unproven()) }
}

/// Takes a variable out that still is what it was set to; then the object of all variables, if it was made for it and is empty.
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
