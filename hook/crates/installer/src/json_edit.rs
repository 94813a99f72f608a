//! The hooks in an agent's JSON file. Comments and trailing commas are taken as they come; everything that is not ours keeps its
//! bytes.

use std::collections::BTreeMap;
use std::path::Path;

use jsonc_parser::ast::{Array, Object, Value as Node};
use jsonc_parser::common::Ranged;
use jsonc_parser::{CollectOptions, CommentCollectionStrategy, ParseOptions, ParseResult, parse_to_ast};
use serde_json::Value;

use super::entries::HookGroup;
use super::error::InstallError;
use super::json_layout::{Container, Style};
use super::text_edit::{self, EditedText};

/// The deepest nesting that is read: the clients themselves read no deeper.
const MAX_DEPTH: usize = 127;

/// JSON with comments and trailing commas, and no other liberty.
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

/// What was added to a file, besides the entries.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Created {
    /// Whether the object of all hooks was.
    pub hooks: bool,
    /// The events that had no list before.
    pub events: Vec<String>,
}

/// The value of a text; an empty text has none.
///
/// # Errors
/// Where it is no JSON: the line.
pub fn parse(path: &Path, text: &str) -> Result<Option<Value>, InstallError> {
    let (body, bom) = text_edit::strip_bom(text);
    check_depth(path, text)?;
    let value = jsonc_parser::parse_to_serde_value::<Option<Value>>(body, &options());
    value.map_err(|error| InstallError::at(path, text, error.range().start + bom, error.kind().to_string()))
}

/// Deep nesting would overrun the parser's stack.
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

/// Appends a group to the list of an event, and makes what is missing above it.
///
/// # Errors
/// Where the file is no JSON, or something else stands where the hooks belong.
pub fn append_hook(
    path: &Path,
    draft: &mut EditedText,
    event: &str,
    group: &HookGroup,
    made: &mut Created,
) -> Result<(), InstallError> {
    if parse(path, &draft.text)?.is_none() {
        let at = text_edit::strip_bom(&draft.text).1;
        draft.insert(at, "{\n}\n");
    }
    let before = parse(path, &draft.text)?;
    let (bom, text) = (text_edit::strip_bom(&draft.text).1, draft.text.clone());
    let (body, _) = text_edit::strip_bom(&text);
    let parsed = parse_tree(path, body)?;
    let tokens = parsed.tokens.as_deref().unwrap_or_default();
    let Some(Node::Object(root)) = &parsed.value else {
        return Err(InstallError::at(path, body, 0, "an object was expected"));
    };
    let mut inner = EditedText::new(body.to_owned());
    let style = Style::detect(body, &root.into());
    let unproven = |_| InstallError::VerificationFailed { path: path.to_owned() };
    match property(path, body, root, "hooks")? {
        None => {
            made.hooks = true;
            made.events.push(event.to_owned());
            let hooks = BTreeMap::from([(event, [group])]);
            Container::from(root).append(&mut inner, tokens, &style, Some("hooks"), &hooks).map_err(unproven)?;
        }
        Some(Node::Object(hooks)) => match property(path, body, hooks, event)? {
            None => {
                made.events.push(event.to_owned());
                Container::from(hooks).append(&mut inner, tokens, &style, Some(event), &[group]).map_err(unproven)?;
            }
            Some(Node::Array(groups)) => {
                check_groups(path, body, groups)?;
                Container::from(groups).append(&mut inner, tokens, &style, None, group).map_err(unproven)?;
            }
            Some(other) => return Err(InstallError::at(path, body, other.start(), format!("{event:?} is not a list"))),
        },
        Some(other) => return Err(InstallError::at(path, body, other.start(), "\"hooks\" is not an object")),
    }
    for mut edit in inner.edits {
        edit.at += bom;
        draft.apply(edit);
    }
    verify(path, before, &draft.text, event, group)
}

pub(super) fn parse_tree<'a>(path: &Path, body: &'a str) -> Result<ParseResult<'a>, InstallError> {
    let collect = CollectOptions { comments: CommentCollectionStrategy::AsTokens, tokens: true };
    parse_to_ast(body, &collect, &options())
        .map_err(|error| InstallError::at(path, body, error.range().start, error.kind().to_string()))
}

/// A property; a name that stands twice is refused, as the readers differ on which of the two counts.
pub(super) fn property<'n, 'a>(
    path: &Path,
    body: &str,
    object: &'n Object<'a>,
    name: &str,
) -> Result<Option<&'n Node<'a>>, InstallError> {
    let mut named = object.properties.iter().filter(|property| property.name.as_str() == name);
    let first = named.next();
    match named.next() {
        Some(second) => Err(InstallError::at(path, body, second.range.start, format!("{name:?} stands there twice"))),
        None => Ok(first.map(|property| &property.value)),
    }
}

fn check_groups(path: &Path, body: &str, groups: &Array<'_>) -> Result<(), InstallError> {
    match groups.elements.iter().find(|group| group.as_object().is_none()) {
        Some(other) => Err(InstallError::at(path, body, other.start(), "a hook's entry is not an object")),
        None => Ok(()),
    }
}

/// Checks the text that would be written: the value is the old one with the group at the end of its list, and nothing else.
fn verify(path: &Path, before: Option<Value>, text: &str, event: &str, group: &HookGroup) -> Result<(), InstallError> {
    let unproven = || InstallError::VerificationFailed { path: path.to_owned() };
    let mut wanted = before.ok_or_else(unproven)?;
    let hooks =
        wanted.as_object_mut().map(|root| root.entry("hooks").or_insert_with(|| Value::Object(Default::default())));
    let groups = hooks
        .and_then(Value::as_object_mut)
        .map(|hooks| hooks.entry(event).or_insert_with(|| Value::Array(Vec::new())));
    let groups = groups.and_then(Value::as_array_mut).ok_or_else(unproven)?;
    groups.push(serde_json::to_value(group).map_err(|_| unproven())?);
    if parse(path, text)? == Some(wanted) { Ok(()) } else { Err(unproven()) }
}
