//! **Architecture invariant.** No two files of a crate import each other, directly or through others.
//!
//! An import is a `use`, or a path in code that begins with `crate`, `self`, `super`, a child module or an imported
//! module. It counts as an import of the file that defines the item. A re-export is resolved to that file and is not
//! an import itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use agent_baton_tests::program::workspace;

use super::crates::crates;
use super::rust_source::{Token, production_tokens, rust_files};

type ModulePath = Vec<String>;

/// One file of a crate.
#[derive(Default)]
struct Module {
    file: PathBuf,
    tokens: Vec<Token>,
    /// The names that it defines.
    defined: BTreeSet<String>,
    /// What it re-exports: the name, and the path that the name stands for.
    reexports: Vec<(String, ModulePath)>,
    /// The modules from which it re-exports everything.
    globs: Vec<ModulePath>,
    /// What its private `use` items import.
    imports: Vec<(String, ModulePath)>,
}

/// The files of one crate, by module path.
struct Crate {
    modules: BTreeMap<ModulePath, Module>,
}

impl Crate {
    fn read(src: &Path) -> Self {
        let files = rust_files(src)
            .into_iter()
            .filter_map(|file| Some((module_path(src, &file)?, fs::read_to_string(&file).unwrap(), file)));
        Self::new(files)
    }

    fn new(files: impl IntoIterator<Item = (ModulePath, String, PathBuf)>) -> Self {
        let mut modules = BTreeMap::new();
        for (path, text, file) in files {
            let tokens = flatten_inline_modules(production_tokens(&text));
            let defined = defined(&tokens);
            modules.insert(path, Module { file, tokens, defined, ..Module::default() });
        }
        // A module that only `#[cfg(test)]` declares is not part of the program.
        loop {
            let undeclared: Vec<ModulePath> = modules
                .keys()
                .filter(|path| {
                    path.split_last().is_some_and(|(name, parent)| {
                        modules.get(parent).is_none_or(|parent: &Module| !parent.defined.contains(name))
                    })
                })
                .cloned()
                .collect();
            if undeclared.is_empty() {
                break;
            }
            for path in undeclared {
                modules.remove(&path);
            }
        }
        let mut read = Self { modules };
        let paths: Vec<ModulePath> = read.modules.keys().cloned().collect();
        for path in paths {
            let (mut reexports, mut globs, mut imports) = (Vec::new(), Vec::new(), Vec::new());
            for (public, items) in uses(&read.modules[&path].tokens) {
                for (item, alias) in items {
                    let Some(target) = read.absolute(&path, &item) else { continue };
                    match (public, alias) {
                        (true, Some(alias)) => reexports.push((alias, target)),
                        (true, None) => globs.push(target),
                        (false, alias) => imports.push((alias.unwrap_or_default(), target)),
                    }
                }
            }
            let module = read.modules.get_mut(&path).unwrap();
            (module.reexports, module.globs, module.imports) = (reexports, globs, imports);
        }
        read
    }

    /// Resolves a path in a module to a path from the crate's root. Returns `None` if it leads out of the crate.
    fn absolute(&self, from: &ModulePath, path: &[String]) -> Option<ModulePath> {
        let (first, rest) = path.split_first()?;
        let mut base = match first.as_str() {
            "crate" => Vec::new(),
            "self" => from.clone(),
            "super" => from.split_last()?.1.to_vec(),
            name => {
                let child: ModulePath = from.iter().cloned().chain([name.to_owned()]).collect();
                if !self.modules.contains_key(&child) {
                    return None;
                }
                child
            }
        };
        for name in rest {
            if name == "super" {
                base.pop();
            } else {
                base.push(name.clone());
            }
        }
        Some(base)
    }

    /// Returns the module that defines the item at an absolute path.
    fn defining(&self, path: &[String], depth: usize) -> Option<ModulePath> {
        if self.modules.contains_key(path) {
            return Some(path.to_vec());
        }
        let known = (0..path.len()).rev().find(|len| self.modules.contains_key(&path[..*len]))?;
        let (module, rest) = path.split_at(known);
        let (name, tail) = rest.split_first()?;
        let found = &self.modules[module];
        let follow = |target: &ModulePath| {
            let whole: ModulePath = target.iter().chain(tail).cloned().collect();
            self.defining(&whole, depth + 1)
        };
        if depth > 8 || found.defined.contains(name) {
            return Some(module.to_vec());
        }
        if let Some((_, target)) = found.reexports.iter().find(|(exported, _)| exported == name) {
            return follow(target);
        }
        for glob in &found.globs {
            let whole: ModulePath = glob.iter().chain(rest).cloned().collect();
            let defining = self.defining(&whole, depth + 1)?;
            if self.modules[&defining].defined.contains(name) {
                return Some(defining);
            }
        }
        Some(module.to_vec())
    }

    /// Returns the imports of each module, as the modules that define the imported items.
    fn edges(&self) -> BTreeMap<&ModulePath, BTreeSet<ModulePath>> {
        let edges = self.modules.iter().map(|(path, module)| {
            let aliases: BTreeMap<&str, &ModulePath> =
                module.imports.iter().map(|(alias, target)| (alias.as_str(), target)).collect();
            let mut targets: BTreeSet<ModulePath> =
                module.imports.iter().filter_map(|(_, target)| self.defining(target, 0)).collect();
            for written in paths(&module.tokens) {
                let whole = match aliases.get(written[0].as_str()) {
                    Some(target) => Some(target.iter().chain(&written[1..]).cloned().collect()),
                    None => self.absolute(path, &written),
                };
                targets.extend(whole.and_then(|whole: ModulePath| self.defining(&whole, 0)));
            }
            targets.remove(path);
            (path, targets)
        });
        edges.collect()
    }

    /// Returns the sets of modules that import each other, as lines for a reader.
    fn circles(&self) -> Vec<String> {
        let edges = self.edges();
        let reached: BTreeMap<&ModulePath, BTreeSet<&ModulePath>> = edges
            .keys()
            .map(|&start| {
                let (mut seen, mut next) = (BTreeSet::new(), vec![start]);
                while let Some(at) = next.pop() {
                    next.extend(edges[at].iter().filter(|target| seen.insert(*target)));
                }
                (start, seen)
            })
            .collect();
        let mut told = BTreeSet::new();
        let mut circles = Vec::new();
        for (&start, seen) in &reached {
            if !seen.contains(start) || !told.insert(start) {
                continue;
            }
            let members: Vec<&ModulePath> =
                edges.keys().copied().filter(|other| seen.contains(other) && reached[other].contains(start)).collect();
            told.extend(&members);
            let lines = members.iter().flat_map(|from| {
                let within = edges[*from].iter().filter(|to| members.contains(to));
                within.map(|to| format!("    {} -> {}", self.name(from), self.name(to)))
            });
            circles.push(lines.collect::<Vec<_>>().join("\n"));
        }
        circles
    }

    fn name(&self, path: &ModulePath) -> String {
        let file = &self.modules[path].file;
        file.strip_prefix(workspace()).unwrap_or(file).display().to_string()
    }
}

/// Replaces `super` by `self` in a module that is written inside a file, because its parent is that file.
fn flatten_inline_modules(mut tokens: Vec<Token>) -> Vec<Token> {
    let (mut depth, mut inline_at) = (0, None);
    for at in 0..tokens.len() {
        match &tokens[at] {
            Token::Punct('{') => {
                depth += 1;
                if inline_at.is_none() && at > 1 && tokens[at - 2].ident() == Some("mod") {
                    inline_at = Some(depth);
                }
            }
            Token::Punct('}') => {
                if inline_at == Some(depth) {
                    inline_at = None;
                }
                depth -= 1;
            }
            Token::Ident(word) if word == "super" && inline_at.is_some() => {
                tokens[at] = Token::Ident("self".to_owned())
            }
            _ => {}
        }
    }
    tokens
}

/// Returns the module path of a file, or `None` for a second root: a `main.rs` beside `lib.rs`.
fn module_path(src: &Path, file: &Path) -> Option<ModulePath> {
    let relative = file.strip_prefix(src).unwrap().with_extension("");
    let mut path: ModulePath = relative.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    match path.last().map(String::as_str) {
        Some("mod") => drop(path.pop()),
        Some("lib") if path.len() == 1 => path.clear(),
        Some("main") if path.len() == 1 => {
            if src.join("lib.rs").exists() {
                return None;
            }
            path.clear();
        }
        _ => {}
    }
    Some(path)
}

/// Returns the names of the items that a file defines, including its child modules.
fn defined(tokens: &[Token]) -> BTreeSet<String> {
    const KEYWORDS: [&str; 10] =
        ["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "union", "macro_rules"];
    let names = tokens.windows(3).filter_map(|window| {
        let keyword = window[0].ident().filter(|word| KEYWORDS.contains(word))?;
        let name = if keyword == "macro_rules" { &window[2] } else { &window[1] };
        name.ident().map(str::to_owned)
    });
    names.collect()
}

/// A path in a `use` item, and the name that it gets. A glob has no name.
type Used = (ModulePath, Option<String>);

/// Returns the `use` items of a file, and whether each is public.
fn uses(tokens: &[Token]) -> Vec<(bool, Vec<Used>)> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        if token.ident() != Some("use") {
            continue;
        }
        let public = at > 0 && (tokens[at - 1].ident() == Some("pub") || tokens[at - 1].is(')'));
        let end = tokens[at..].iter().position(|token| token.is(';')).map_or(tokens.len(), |len| at + len);
        let mut items = Vec::new();
        use_tree(&tokens[at + 1..end], &[], &mut items);
        found.push((public, items));
    }
    found
}

/// Adds the paths in a tree of a `use` below `prefix`. Returns the number of tokens that were read.
fn use_tree(tokens: &[Token], prefix: &[String], items: &mut Vec<Used>) -> usize {
    let mut path = prefix.to_vec();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            Token::Punct('{') => {
                at += 1;
                while tokens.get(at).is_some_and(|token| !token.is('}')) {
                    at += use_tree(&tokens[at..], &path, items);
                    at += usize::from(tokens.get(at).is_some_and(|token| token.is(',')));
                }
                return at + 1;
            }
            Token::Punct('*') => {
                items.push((path, None));
                return at + 1;
            }
            Token::Punct(',' | '}') => break,
            Token::Ident(word) if word == "as" => {
                let alias = tokens.get(at + 1).and_then(Token::ident).unwrap_or_default().to_owned();
                items.push((path, Some(alias)));
                return at + 2;
            }
            Token::Ident(word) => path.push(word.clone()),
            _ => {}
        }
        at += 1;
    }
    if path.last().is_some_and(|word| word == "self") && path.len() > 1 {
        path.pop();
    }
    let name = path.last().cloned();
    items.push((path, name));
    at
}

/// Returns the paths of at least two segments in the code of a file, without its `use` items.
fn paths(tokens: &[Token]) -> Vec<ModulePath> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let Some(first) = tokens[at].ident() else {
            at += 1;
            continue;
        };
        if first == "use" {
            at += tokens[at..].iter().position(|token| token.is(';')).unwrap_or(1);
            continue;
        }
        let continues = at > 0 && tokens[at - 1].is(':') && at > 1 && tokens[at - 2].is(':');
        let mut path = vec![first.to_owned()];
        at += 1;
        while tokens.get(at).is_some_and(|token| token.is(':')) && tokens.get(at + 1).is_some_and(|token| token.is(':'))
        {
            let Some(name) = tokens.get(at + 2).and_then(Token::ident) else { break };
            path.push(name.to_owned());
            at += 3;
        }
        if path.len() > 1 && !continues {
            found.push(path);
        }
    }
    found
}

#[test]
fn no_files_of_a_crate_import_each_other() {
    let mut circles = Vec::new();
    for member in crates() {
        let read = Crate::read(&member.dir.join("src"));
        assert!(!read.modules.is_empty(), "{}", member.name);
        circles.extend(read.circles().into_iter().map(|circle| format!("  {}:\n{circle}", member.name)));
    }
    assert!(circles.is_empty(), "these files import each other:\n{}", circles.join("\n"));
}

fn check(files: &[(&str, &str)], circles: &[&str]) {
    let files = files.iter().map(|(path, text)| {
        let path = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect::<ModulePath>();
        let file = PathBuf::from(if path.is_empty() { "lib".to_owned() } else { path.join("/") });
        (path, (*text).to_owned(), file)
    });
    assert_eq!(Crate::new(files).circles(), circles);
}

#[test]
fn finds_circles_and_only_those() {
    check(&[("", "mod a; mod b;"), ("a", "use crate::b::B; struct A;"), ("b", "struct B;")], &[]);
    check(
        &[("", "mod a; mod b;"), ("a", "use crate::b::B; struct A;"), ("b", "struct B(crate::a::A);")],
        &["    a -> b\n    b -> a"],
    );
    // Through a re-export, an alias, and a path that begins with a child.
    check(
        &[
            ("", "mod a; mod b; mod c; pub use a::A;"),
            ("a", "use crate::{b as other}; struct A; fn f() { other::g() }"),
            ("b", "fn g() { super::c::h() }"),
            ("c", "use crate::A; fn h() {}"),
        ],
        &["    a -> b\n    b -> c\n    c -> a"],
    );
    check(
        &[("", "mod a;"), ("a", "mod child; struct A; fn f() { child::g() }"), ("a/child", "use super::A; fn g() {}")],
        &["    a -> a/child\n    a/child -> a"],
    );
    check(
        &[
            ("", "mod a;"),
            ("a", "mod child; fn f() { child::g() }"),
            ("a/child", "fn g() {} mod inline { use super::g; }"),
        ],
        &[],
    );
    // A re-export alone is not an import, and neither is code that only tests see.
    check(
        &[("", "mod a;"), ("a", "mod child; pub use child::g; struct A;"), ("a/child", "use super::A; fn g() {}")],
        &[],
    );
    check(
        &[
            ("", "mod a; mod b;"),
            ("a", "struct A; #[cfg(test)] mod tests { use crate::b::B; }"),
            ("b", "struct B(crate::a::A);"),
        ],
        &[],
    );
}
