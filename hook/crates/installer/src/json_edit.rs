//! Edits the hooks in an agent's JSON file. The file may contain comments and trailing commas. Everything that baton
//! did not write keeps its bytes.

use std::path::Path;

use jsonc_parser::ast::{Array, Object, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::cst::CstRootNode;
use jsonc_parser::{CollectOptions, ParseOptions, parse_to_ast};
use serde_json::{Value, json};

use super::config_file::split_bom;
use super::entries::HookGroup;
use super::error::InstallError;

/// The key that holds the hooks.
const HOOKS: &str = "hooks";

/// The deepest nesting that baton reads. The clients do not read deeper either.
const MAX_DEPTH: usize = 127;

/// Returns the options of the parser: JSON with comments and trailing commas, and no other extension.
#[must_use]
pub const fn options() -> ParseOptions {
    ParseOptions {
        allow_comments: true,
        allow_trailing_commas: true,
        allow_loose_object_property_names: false,
        allow_missing_commas: false,
        allow_single_quoted_strings: false,
        allow_hexadecimal_numbers: false,
        allow_unary_plus_numbers: false,
        allow_bare_decimal_point_numbers: false,
        allow_non_finite_numbers: false,
        allow_extended_string_escapes: false,
    }
}

/// What was created for an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Created {
    /// Whether the object of all hooks was created.
    pub hooks: bool,
    /// Whether the list of the event was created.
    pub event: bool,
}

/// Parses a text. An empty text has no value.
///
/// # Errors
/// Returns an error with the line if the text is not JSON.
pub fn parse(path: &Path, text: &str) -> Result<Option<Value>, InstallError> {
    let (bom, body) = split_bom(text);
    check_depth(path, text)?;
    let value = jsonc_parser::parse_to_serde_value::<Option<Value>>(body, &options());
    let value = value
        .map_err(|error| InstallError::at(path, text, error.range().start + bom.len(), error.kind().to_string()))?;
    // The parser takes a `null` for no value. It is one, and nothing can be added to it.
    let is_null = || parse_to_ast(body, &CollectOptions::default(), &options()).is_ok_and(|ast| ast.value.is_some());
    Ok(value.or_else(|| is_null().then_some(Value::Null)))
}

/// Refuses deep nesting, which would overflow the parser's stack.
fn check_depth(path: &Path, text: &str) -> Result<(), InstallError> {
    let (mut depth, mut quoted, mut escaped) = (0_usize, false, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'\n' => quoted = false,
            b'{' | b'[' if !quoted => depth += 1,
            b'}' | b']' if !quoted => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(InstallError::at(path, text, at, format!("nested deeper than {MAX_DEPTH}")));
        }
    }
    Ok(())
}

/// Appends each group to the list of its event, and creates the lists and the object of hooks that the file lacks.
/// Returns the new text, and what was created for each.
///
/// # Errors
/// Returns an error if the file is not JSON, or if a value of another type occupies the place of the hooks.
pub fn append_hooks(
    path: &Path,
    text: &str,
    hooks: &[(&str, HookGroup)],
) -> Result<(String, Vec<Created>), InstallError> {
    let text = with_object(path, text)?;
    let mut wanted = parse(path, &text)?;
    let (bom, body) = split_bom(&text);
    let mut created = check_hooks(path, body, hooks)?;
    let failed = || InstallError::VerificationFailed { path: path.to_owned() };
    let root = parse_cst(path, body)?;
    let object = root.object_value().ok_or_else(failed)?.object_value_or_set(HOOKS);
    for (event, group) in hooks {
        object.array_value_or_set(event).append(group.to_cst());
    }
    // The object is created only once, with the first entry.
    created.iter_mut().skip(1).for_each(|created| created.hooks = false);
    let text = format!("{bom}{root}");
    // The new value must be the old one with each group at the end of its list, and nothing else.
    let lists =
        wanted.as_mut().and_then(Value::as_object_mut).map(|root| root.entry(HOOKS).or_insert_with(|| json!({})));
    let lists = lists.and_then(Value::as_object_mut).ok_or_else(failed)?;
    for (event, group) in hooks {
        let list = lists.entry(*event).or_insert_with(|| json!([])).as_array_mut().ok_or_else(failed)?;
        list.push(serde_json::to_value(group).map_err(|_| failed())?);
    }
    if parse(path, &text)? == wanted { Ok((text, created)) } else { Err(failed()) }
}

/// Returns the text, with an empty object in front if it holds no value.
pub(crate) fn with_object(path: &Path, text: &str) -> Result<String, InstallError> {
    if parse(path, text)?.is_some() {
        return Ok(text.to_owned());
    }
    let (bom, body) = split_bom(text);
    Ok(format!("{bom}{{\n}}\n{body}"))
}

/// Parses a text into a tree that keeps every byte that is not edited.
pub(crate) fn parse_cst(path: &Path, body: &str) -> Result<CstRootNode, InstallError> {
    CstRootNode::parse(body, &options())
        .map_err(|error| InstallError::at(path, body, error.range().start, error.kind().to_string()))
}

/// Returns the outermost object. `check` examines it, and its error is reported with the object's line.
pub(crate) fn check_root<T>(
    path: &Path,
    body: &str,
    check: impl FnOnce(&Object<'_>) -> Result<T, InstallError>,
) -> Result<T, InstallError> {
    let parsed = parse_to_ast(body, &CollectOptions::default(), &options())
        .map_err(|error| InstallError::at(path, body, error.range().start, error.kind().to_string()))?;
    match &parsed.value {
        Some(Node::Object(root)) => check(root),
        other => {
            let at = other.as_ref().map_or(0, Ranged::start);
            Err(InstallError::at(path, body, at, "an object was expected"))
        }
    }
}

/// Checks that the hooks can be appended, and returns what must be created for each.
fn check_hooks(path: &Path, body: &str, hooks: &[(&str, HookGroup)]) -> Result<Vec<Created>, InstallError> {
    check_root(path, body, |root| {
        let object = match property(path, body, root, HOOKS)? {
            None => return Ok(vec![Created { hooks: true, event: true }; hooks.len()]),
            Some(Node::Object(object)) => object,
            Some(other) => return Err(InstallError::at(path, body, other.start(), "\"hooks\" is not an object")),
        };
        let check = |event: &str| match property(path, body, object, event)? {
            None => Ok(Created { hooks: false, event: true }),
            Some(Node::Array(groups)) => {
                check_groups(path, body, groups).map(|()| Created { hooks: false, event: false })
            }
            Some(other) => Err(InstallError::at(path, body, other.start(), format!("{event:?} is not a list"))),
        };
        hooks.iter().map(|(event, _)| check(event)).collect()
    })
}

/// Returns a property. A name that occurs twice is an error, because readers differ on which of the two counts.
pub(crate) fn property<'n, 'a>(
    path: &Path,
    body: &str,
    object: &'n Object<'a>,
    name: &str,
) -> Result<Option<&'n Node<'a>>, InstallError> {
    let mut named = object.properties.iter().filter(|property| property.name.as_str() == name);
    let first = named.next();
    match named.next() {
        Some(second) => Err(InstallError::at(path, body, second.range.start, format!("{name:?} occurs twice"))),
        None => Ok(first.map(|property| &property.value)),
    }
}

fn check_groups(path: &Path, body: &str, groups: &Array<'_>) -> Result<(), InstallError> {
    match groups.elements.iter().find(|group| group.as_object().is_none()) {
        Some(other) => Err(InstallError::at(path, body, other.start(), "a hook's entry is not an object")),
        None => Ok(()),
    }
}
