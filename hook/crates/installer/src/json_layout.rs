//! How a JSON text is laid out, and what a new member must look like to fit in.

use jsonc_parser::ast::{Array, Object, Value};
use jsonc_parser::common::Ranged;
use jsonc_parser::tokens::{Token, TokenAndRange};
use serde::Serialize;

use super::text_edit::EditedText;

/// An object or an array, by the places of what it holds.
pub struct Container {
    /// The opening bracket.
    open: usize,
    /// The closing bracket.
    close: usize,
    /// Start of the first member and end of the last.
    members: Option<(usize, usize)>,
}

impl From<&Object<'_>> for Container {
    fn from(object: &Object<'_>) -> Self {
        let ends = object.properties.first().zip(object.properties.last());
        let members = ends.map(|(first, last)| (first.range.start, last.range.end));
        Self { open: object.range.start, close: object.range.end.saturating_sub(1), members }
    }
}

impl From<&Array<'_>> for Container {
    fn from(array: &Array<'_>) -> Self {
        let ends = array.elements.first().zip(array.elements.last());
        let members = ends.map(|(first, last): (&Value<'_>, &Value<'_>)| (first.start(), last.end()));
        Self { open: array.range.start, close: array.range.end.saturating_sub(1), members }
    }
}

/// The style of a whole file.
pub struct Style {
    unit: String,
    line_end: &'static str,
    inline: bool,
    space: &'static str,
}

impl Style {
    /// Reads it from the text and its outermost object.
    #[must_use]
    pub fn detect(text: &str, root: &Container) -> Self {
        let inline = root.members.is_some() && !root.is_broken(text);
        let unit = root.members.filter(|_| !inline).map(|(first, _)| indent_before(text, first));
        let unit = unit.and_then(|indent| indent.strip_prefix(line_indent(text, root.open)));
        let unit = unit.filter(|unit| !unit.is_empty()).unwrap_or("  ").to_owned();
        let crlf = text.find('\n').is_some_and(|at| text.get(..at).is_some_and(|line| line.ends_with('\r')));
        let space = if inline && !text.contains("\": ") { "" } else { " " };
        Self { unit, line_end: if crlf { "\r\n" } else { "\n" }, inline, space }
    }

    /// A value as it stands at an indentation.
    fn render(&self, value: &impl Serialize, indent: &str, broken: bool) -> Result<String, serde_json::Error> {
        if !broken {
            return serde_json::to_string(value);
        }
        let mut bytes = Vec::new();
        let format = serde_json::ser::PrettyFormatter::with_indent(self.unit.as_bytes());
        value.serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, format))?;
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.replace('\n', &format!("{}{indent}", self.line_end)))
    }
}

impl Container {
    /// Whether its members stand on lines of their own.
    fn is_broken(&self, text: &str) -> bool {
        let (from, to) = (self.open, self.members.map_or(self.close, |(first, _)| first));
        text.get(from..to).is_some_and(|gap| gap.contains('\n'))
    }

    /// Adds a member behind the last: a property where there is a key, else an element. Everything else keeps its bytes.
    ///
    /// # Errors
    /// Where the value is no JSON.
    pub fn append(
        &self,
        draft: &mut EditedText,
        tokens: &[TokenAndRange<'_>],
        style: &Style,
        key: Option<&str>,
        value: &impl Serialize,
    ) -> Result<(), serde_json::Error> {
        let text = draft.text.clone();
        let last = self.members.map_or(self.open + 1, |(_, last)| last);
        let behind = || tokens.iter().filter(|token| token.range.start >= last && token.range.end <= self.close);
        let comma = behind().find(|token| token.token == Token::Comma).map(|token| token.range.end);
        let comment =
            |token: &&TokenAndRange<'_>| matches!(token.token, Token::CommentLine(_) | Token::CommentBlock(_));
        let commented = behind().filter(comment).map(|token| token.range.end).max();
        let broken = self.is_broken(&text) || (self.members.is_none() && !style.inline);

        let base = line_indent(&text, self.open);
        let indent = match self.members {
            Some((first, _)) if broken => indent_before(&text, first).to_owned(),
            _ => format!("{base}{}", style.unit),
        };
        let name = key.map(serde_json::to_string).transpose()?;
        let name = name.map(|name| format!("{name}:{}", style.space)).unwrap_or_default();
        let member = format!("{name}{}", style.render(value, &indent, broken)?);

        if !broken {
            let comma = if self.members.is_some() && comma.is_none() { "," } else { "" };
            let space = if self.members.is_some() { style.space } else { "" };
            draft.insert(comma_or(behind(), last), format!("{comma}{space}{member}"));
            return Ok(());
        }
        // Behind a comment at the end of the last member's line, which belongs to that member.
        let at = commented.into_iter().chain(comma).fold(last, usize::max);
        let closing = match text.get(at..self.close) {
            Some(gap) if self.members.is_none() && !gap.contains('\n') => format!("{}{base}", style.line_end),
            _ => String::new(),
        };
        draft.insert(at, format!("{}{indent}{member}{closing}", style.line_end));
        if self.members.is_some() && comma.is_none() {
            draft.insert(last, ",");
        }
        Ok(())
    }
}

fn comma_or<'a>(mut behind: impl Iterator<Item = &'a TokenAndRange<'a>>, last: usize) -> usize {
    behind.find(|token| token.token == Token::Comma).map_or(last, |token| token.range.end)
}

/// The white space at the start of the line on which a place is.
fn line_indent(text: &str, at: usize) -> &str {
    let start = text.get(..at).and_then(|before| before.rfind('\n')).map_or(0, |line| line + 1);
    let line = text.get(start..at).unwrap_or_default();
    line.get(..line.len() - line.trim_start_matches([' ', '\t', super::text_edit::BOM]).len()).unwrap_or_default()
}

/// The white space between a place and the line break before it.
fn indent_before(text: &str, at: usize) -> &str {
    line_indent(text, at)
}
