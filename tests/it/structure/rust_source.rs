//! Reads Rust source as tokens. That is enough to find names, paths and string literals without a parser.

use std::fs;
use std::iter::Peekable;
use std::path::{Path, PathBuf};
use std::str::CharIndices;

/// One token. Comments are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// An identifier or keyword.
    Ident(String),
    /// A string literal, with its escapes as written.
    Literal(String),
    /// Any other character.
    Punct(char),
}

impl Token {
    pub fn ident(&self) -> Option<&str> {
        match self {
            Self::Ident(name) => Some(name),
            _ => None,
        }
    }

    pub fn is(&self, punct: char) -> bool {
        *self == Self::Punct(punct)
    }
}

/// Returns every `.rs` file below a directory, sorted.
pub fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut dirs = vec![dir.to_owned()];
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display())) {
            let path = entry.unwrap().path();
            if path.is_dir() {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files.sort();
    files
}

/// Returns the tokens of a text, without the items that only tests see.
pub fn production_tokens(text: &str) -> Vec<Token> {
    without_test_items(tokens(text))
}

/// Returns the tokens of a text.
pub fn tokens(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut chars = text.char_indices().peekable();
    while let Some((at, char)) = chars.next() {
        let rest = &text[at..];
        if rest.starts_with("//") {
            skip_while(&mut chars, |char| char != '\n');
        } else if rest.starts_with("/*") {
            skip_block_comment(&mut chars, text);
        } else if let Some(hashes) = raw_string_hashes(rest) {
            let open = rest.find('"').unwrap() + 1;
            let close = format!("\"{}", "#".repeat(hashes));
            let len = rest[open..].find(&close).unwrap_or(rest.len() - open);
            tokens.push(Token::Literal(rest[open..open + len].to_owned()));
            advance_to(&mut chars, at + open + len + close.len());
        } else if char == '"' || rest.starts_with("b\"") || rest.starts_with("c\"") {
            let open = at + rest.find('"').unwrap() + 1;
            advance_to(&mut chars, open);
            let mut end = open;
            while let Some((at, char)) = chars.next() {
                end = at;
                match char {
                    '\\' => drop(chars.next()),
                    '"' => break,
                    _ => {}
                }
            }
            tokens.push(Token::Literal(text[open..end].to_owned()));
        } else if char == '\'' {
            skip_char_or_lifetime(&mut chars, rest);
        } else if char.is_alphanumeric() || char == '_' {
            let len = rest.find(|char: char| !char.is_alphanumeric() && char != '_').unwrap_or(rest.len());
            tokens.push(Token::Ident(rest[..len].to_owned()));
            advance_to(&mut chars, at + len);
        } else if !char.is_whitespace() {
            tokens.push(Token::Punct(char));
        }
    }
    tokens
}

type Chars<'a> = Peekable<CharIndices<'a>>;

fn skip_while(chars: &mut Chars<'_>, wanted: impl Fn(char) -> bool) {
    while chars.next_if(|(_, char)| wanted(*char)).is_some() {}
}

fn advance_to(chars: &mut Chars<'_>, end: usize) {
    while chars.next_if(|(at, _)| *at < end).is_some() {}
}

fn skip_block_comment(chars: &mut Chars<'_>, text: &str) {
    let mut depth = 1;
    chars.next();
    while let Some((at, _)) = chars.next() {
        if text[at..].starts_with("/*") {
            depth += 1;
            chars.next();
        } else if text[at..].starts_with("*/") {
            depth -= 1;
            chars.next();
            if depth == 0 {
                return;
            }
        }
    }
}

/// Returns how many `#` a raw string has if the text begins with one.
fn raw_string_hashes(text: &str) -> Option<usize> {
    let rest = text.strip_prefix("br").or_else(|| text.strip_prefix('r'))?;
    let hashes = rest.len() - rest.trim_start_matches('#').len();
    rest[hashes..].starts_with('"').then_some(hashes)
}

/// Skips what follows a `'`: a complete character literal, or nothing of a lifetime, whose name is read next.
fn skip_char_or_lifetime(chars: &mut Chars<'_>, rest: &str) {
    let mut inner = rest.chars().skip(1);
    let (first, second) = (inner.next(), inner.next());
    if first == Some('\\') {
        chars.next();
        chars.next();
        skip_while(chars, |char| char != '\'');
        chars.next();
    } else if second == Some('\'') {
        chars.next();
        chars.next();
    } else {
        skip_while(chars, |char| char.is_alphanumeric() || char == '_');
    }
}

/// Removes every item below `#[cfg(test)]`.
fn without_test_items(tokens: Vec<Token>) -> Vec<Token> {
    let marker = tokens_of("#[cfg(test)]");
    let mut kept = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        if tokens[at..].starts_with(&marker) {
            at = end_of_item(&tokens, at + marker.len());
        } else {
            kept.push(tokens[at].clone());
            at += 1;
        }
    }
    kept
}

fn tokens_of(text: &str) -> Vec<Token> {
    tokens(text)
}

/// Returns the end of the item that begins at `at`: after its `;` or its block.
fn end_of_item(tokens: &[Token], mut at: usize) -> usize {
    let mut depth = 0_usize;
    while let Some(token) = tokens.get(at) {
        at += 1;
        match token {
            Token::Punct('(' | '[' | '{') => depth += 1,
            Token::Punct(')' | ']') => depth = depth.saturating_sub(1),
            Token::Punct('}') => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    break;
                }
            }
            Token::Punct(';' | ',') if depth == 0 => break,
            _ => {}
        }
    }
    at
}

#[test]
fn reads_names_and_literals() {
    let text = r##"
        // crate::comment
        /* nested /* crate::comment */ */
        use crate::a::{b, c}; fn f<'a>(x: &'a str) -> char { '"'; '\''; "a \" b"; r#"raw "x""#; b'x' }
        #[cfg(test)]
        mod tests { use crate::secret; }
        #[cfg(test)]
        use crate::secret;
        struct Last;
    "##;
    let found = production_tokens(text);
    let names: Vec<_> = found.iter().filter_map(Token::ident).collect();
    assert_eq!(names, ["use", "crate", "a", "b", "c", "fn", "f", "x", "str", "char", "b", "struct", "Last"]);
    let literals: Vec<_> = found.iter().filter(|token| matches!(token, Token::Literal(_))).cloned().collect();
    assert_eq!(literals, [r#"a \" b"#, r#"raw "x""#].map(|text| Token::Literal(text.to_owned())));
}
