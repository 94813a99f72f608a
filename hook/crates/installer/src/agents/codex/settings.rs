//! Edits Codex' settings: the hooks that it trusts, and the directories that its sandbox opens.

use std::path::Path;

use toml_edit::{Array, Document, DocumentMut, Item, Table, TableLike, value};

use crate::config_file::split_bom;
use crate::error::InstallError;
use crate::receipt::Added;

const SANDBOX: &str = "sandbox_workspace_write";
const ROOTS: &str = "writable_roots";

/// Parses a text, with or without a byte order mark.
///
/// # Errors
/// Returns an error with the line if the text is not TOML.
pub(super) fn parse(path: &Path, text: &str) -> Result<DocumentMut, InstallError> {
    let (bom, body) = split_bom(text);
    let wrong = |error: toml_edit::TomlError| {
        let at = error.span().map_or(0, |span| span.start) + bom.len();
        InstallError::at(path, text, at, error.message().to_owned())
    };
    body.parse().map_err(wrong)
}

/// Returns the trusted hash of a hook, by its key.
pub(super) fn trusted<'d>(document: &'d DocumentMut, key: &str) -> Option<&'d str> {
    document.get("hooks")?.get("state")?.get(key)?.get("trusted_hash")?.as_str()
}

/// Returns whether the sandbox lets tools write to a directory.
pub(super) fn is_writable(document: &DocumentMut, dir: &str) -> bool {
    let roots = document.get(SANDBOX).and_then(|table| table.get(ROOTS)).and_then(Item::as_array);
    roots.into_iter().flatten().filter_map(toml_edit::Value::as_str).any(|root| Path::new(dir).starts_with(root))
}

/// Adds an entry. Returns the new text and what was added, or `None` if the entry exists already.
///
/// # Errors
/// Returns an error if the text is not TOML, or if a value of another type occupies the place of the entry.
pub(super) fn add(path: &Path, text: &str, added: &Added) -> Result<Option<(String, Added)>, InstallError> {
    let mut document = parse(path, text)?;
    let misplaced = |keys: &[&str]| {
        let (bom, body) = split_bom(text);
        let at = bom.len() + offset_of(body, keys).unwrap_or_default();
        InstallError::at(path, text, at, format!("{} is not a table, or not a list", keys.join(".")))
    };
    let done = match added {
        Added::Trust { key, hash } => {
            if trusted(&document, key) == Some(hash) {
                return Ok(None);
            }
            let state =
                table_or_insert(document.as_table_mut(), "hooks").and_then(|hooks| table_or_insert(hooks, "state"));
            let state = state.ok_or_else(|| misplaced(&["hooks", "state"]))?;
            match state.get_mut(key).and_then(Item::as_table_like_mut) {
                Some(entry) => {
                    entry.insert("trusted_hash", value(hash));
                }
                None => {
                    let mut entry = Table::new();
                    entry.insert("trusted_hash", value(hash));
                    state.insert(key, Item::Table(entry));
                }
            }
            added.clone()
        }
        Added::WritableRoot { path: dir, .. } => {
            if is_writable(&document, dir) {
                return Ok(None);
            }
            let created_table = document.get(SANDBOX).is_none();
            let table = document.entry(SANDBOX).or_insert_with(toml_edit::table);
            let table = table.as_table_like_mut().ok_or_else(|| misplaced(&[SANDBOX]))?;
            let created_list = table.get(ROOTS).is_none();
            let roots = table.entry(ROOTS).or_insert_with(|| value(Array::new()));
            roots.as_array_mut().ok_or_else(|| misplaced(&[SANDBOX, ROOTS]))?.push(dir);
            Added::WritableRoot { path: dir.clone(), created_list, created_table }
        }
        Added::Hook { .. } | Added::Variable { .. } => return Ok(None),
    };
    let text = transplant(text, &document.to_string());
    // Check that the new text parses and contains the entry.
    let read = parse(path, &text)?;
    let holds = match &done {
        Added::Trust { key, hash } => trusted(&read, key) == Some(hash),
        Added::WritableRoot { path: dir, .. } => is_writable(&read, dir),
        Added::Hook { .. } | Added::Variable { .. } => false,
    };
    if holds { Ok(Some((text, done))) } else { Err(InstallError::VerificationFailed { path: path.to_owned() }) }
}

/// Removes an entry, and every table that was created for it and is empty now.
///
/// # Errors
/// Returns an error if the text is not TOML.
pub(super) fn remove(path: &Path, text: &str, added: &Added) -> Result<String, InstallError> {
    let mut document = parse(path, text)?;
    match added {
        Added::Trust { key, hash } if trusted(&document, key) == Some(hash) => {
            let state = document.get_mut("hooks").and_then(|hooks| hooks.get_mut("state"));
            if let Some(state) = state.and_then(Item::as_table_like_mut) {
                state.remove(key);
            }
        }
        Added::WritableRoot { path: dir, created_list, created_table } => {
            let Some(table) = document.get_mut(SANDBOX).and_then(Item::as_table_like_mut) else {
                return Ok(text.to_owned());
            };
            if let Some(roots) = table.get_mut(ROOTS).and_then(Item::as_array_mut) {
                roots.retain(|root| root.as_str() != Some(dir));
                if roots.is_empty() && *created_list {
                    table.remove(ROOTS);
                }
            }
            if table.is_empty() && *created_table {
                document.remove(SANDBOX);
            }
        }
        _ => return Ok(text.to_owned()),
    }
    Ok(transplant(text, &document.to_string()))
}

/// Returns the position of the value at these keys, or of the nearest one above it.
fn offset_of(text: &str, keys: &[&str]) -> Option<usize> {
    let document = Document::parse(text).ok()?;
    let mut above: &dyn TableLike = document.as_table();
    let mut at = None;
    for key in keys {
        let Some((key, item)) = above.get_key_value(key) else { break };
        at = item.span().or_else(|| key.span()).map(|span| span.start).or(at);
        let Some(table) = item.as_table_like() else { break };
        above = table;
    }
    at
}

/// Returns the table of this name. Creates it without a header of its own if it is missing.
fn table_or_insert<'t>(above: &'t mut dyn TableLike, name: &str) -> Option<&'t mut dyn TableLike> {
    let mut table = Table::new();
    table.set_implicit(true);
    above.entry(name).or_insert(Item::Table(table)).as_table_like_mut()
}

/// Applies the one change between the original and the edited text. toml_edit writes every line end as LF, so the
/// change is located with LF line ends, and the bytes around it stay the same.
fn transplant(text: &str, edited: &str) -> String {
    let (bom, body) = split_bom(text);
    let unified = body.replace("\r\n", "\n");
    let same = |(a, b): &(char, char)| a == b;
    let head: usize = unified.chars().zip(edited.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let (old, new) = (unified.get(head..).unwrap_or_default(), edited.get(head..).unwrap_or_default());
    let tail: usize = old.chars().rev().zip(new.chars().rev()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
    let inserted = new.get(..new.len() - tail).unwrap_or_default();
    let inserted = if body.contains("\r\n") { inserted.replace('\n', "\r\n") } else { inserted.to_owned() };
    let before = body.get(..offset_with_crlf(body, head)).unwrap_or_default();
    let after = body.get(offset_with_crlf(body, unified.len() - tail)..).unwrap_or_default();
    format!("{bom}{before}{inserted}{after}")
}

/// Converts an offset in the text with LF line ends to an offset in the text with CRLF.
fn offset_with_crlf(body: &str, at: usize) -> usize {
    let (mut left, mut place) = (at, 0);
    let bytes = body.as_bytes();
    while left > 0 && place < bytes.len() {
        if bytes.get(place..place + 2) == Some(b"\r\n") {
            place += 1;
        }
        place += 1;
        left -= 1;
    }
    place
}
