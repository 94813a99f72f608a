//! Parses the remotes in git's `config`, as git does.

use std::iter::Peekable;
use std::str::Chars;

/// A remote with a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remote {
    /// Its name.
    pub name: String,
    /// The URL from which it fetches: the first one, if there are several.
    pub url: String,
}

/// Returns the remotes that have a URL, in order, or `None` if the text is not what git accepts.
pub(super) fn parse(text: &str) -> Option<Vec<Remote>> {
    let mut rest = text.strip_prefix('\u{feff}').unwrap_or(text).chars().peekable();
    let mut remotes: Vec<Remote> = Vec::new();
    let mut section = None;
    while let Some(&c) = rest.peek() {
        match c {
            '[' => section = remote_name(&mut rest)?,
            '#' | ';' => while rest.next_if(|c| *c != '\n').is_some() {},
            c if c.is_ascii_whitespace() => {
                rest.next();
            }
            _ => {
                let (key, value) = entry(&mut rest)?;
                let Some(name) = section.as_ref().filter(|_| key == "url") else { continue };
                // A section can occur more than once. An empty value discards the ones before it.
                match remotes.iter().position(|remote| remote.name == *name) {
                    Some(at) if value.is_empty() => {
                        remotes.remove(at);
                    }
                    None if !value.is_empty() => remotes.push(Remote { name: name.clone(), url: value }),
                    _ => {}
                }
            }
        }
    }
    Some(remotes)
}

/// Parses the header of a section. The inner option has the name of a remote, if the section is one.
fn remote_name(rest: &mut Peekable<Chars<'_>>) -> Option<Option<String>> {
    rest.next_if_eq(&'[')?;
    let mut section = String::new();
    while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || "-.".contains(*c)) {
        section.push(c.to_ascii_lowercase());
    }
    if rest.next_if_eq(&']').is_some() {
        // The old form, `[remote.origin]`.
        return Some(section.strip_prefix("remote.").map(str::to_owned));
    }
    skip_blanks(rest);
    rest.next_if_eq(&'"')?;
    let mut name = String::new();
    loop {
        match rest.next()? {
            '"' => break,
            '\n' => return None,
            '\\' => name.push(rest.next().filter(|c| *c != '\n')?),
            c => name.push(c),
        }
    }
    rest.next_if_eq(&']')?;
    Some((section == "remote").then_some(name))
}

/// Parses a key, in lower case, and its value. A key without a value has an empty one.
fn entry(rest: &mut Peekable<Chars<'_>>) -> Option<(String, String)> {
    let mut key = String::new();
    while let Some(c) = rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '-') {
        key.push(c.to_ascii_lowercase());
    }
    skip_blanks(rest);
    match rest.peek() {
        _ if !key.starts_with(|c: char| c.is_ascii_alphabetic()) => None,
        Some('=') => {
            rest.next();
            value(rest).map(|value| (key, value))
        }
        None | Some('\n' | '\r') => Some((key, String::new())),
        Some(_) => None,
    }
}

/// Parses a value to the end of its line. A backslash at the end of a line joins it with the next one.
fn value(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let (mut value, mut blanks) = (String::new(), String::new());
    let mut is_quoted = false;
    loop {
        let c = match rest.next() {
            None | Some('\n') if is_quoted => return None,
            None | Some('\n') => return Some(value),
            Some('#' | ';') if !is_quoted => {
                while rest.next_if(|c| *c != '\n').is_some() {}
                continue;
            }
            Some('"') => {
                is_quoted = !is_quoted;
                continue;
            }
            // Blanks count only between other characters.
            Some(c) if !is_quoted && c.is_ascii_whitespace() => {
                blanks.push(c);
                continue;
            }
            Some('\\') => match rest.next()? {
                '\n' => continue,
                '\r' if rest.next_if_eq(&'\n').is_some() => continue,
                'n' => '\n',
                't' => '\t',
                'b' => '\u{8}',
                c @ ('\\' | '"') => c,
                _ => return None,
            },
            Some(c) => c,
        };
        if !value.is_empty() {
            value.push_str(&blanks);
        }
        blanks.clear();
        value.push(c);
    }
}

fn skip_blanks(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
}
