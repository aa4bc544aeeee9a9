//! Who may import whom, what files may be called, and that each says what it is for.
//!
//! Reads the sources as text: paths that begin with `crate`, `std` or a chain of `super` are enough
//! to tell which room a file reaches into. Code under `#[cfg(test)]` may use whatever it likes.
#![allow(clippy::expect_used, reason = "a test stops where its own ground is missing")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Each room with the rooms it may import besides itself and those in [`FOR_EVERYBODY`].
///
/// `a::b` allows that part of the room `a` alone.
const ROOMS: &[(&str, &[&str])] = &[
    ("source", &[]),
    ("values", &[]),
    ("findings", &["source"]),
    ("servers", &["source"]),
    ("python", &["source", "effects"]),
    ("effects", &["source"]),
    ("rust", &["source", "findings", "effects", "python::catalogue"]),
    ("host", &["source"]),
    ("discover", &["source", "findings"]),
    ("settings", &["source", "findings", "python::catalogue"]),
    ("read", &["source", "findings", "servers", "python", "rust"]),
    ("deployment", &["source", "findings", "servers", "python", "rust", "read"]),
    ("app", &["source", "findings", "effects", "python", "rust"]),
    ("sizing", &["source", "findings", "deployment", "app", "host"]),
    ("advice", &["source", "findings", "servers", "deployment", "app", "host", "sizing"]),
    ("rules", &["source", "findings", "servers", "deployment", "app", "host", "sizing", "advice", "python::catalogue"]),
    (
        "request",
        &["source", "findings", "servers", "settings", "sizing", "advice", "app", "rules", "python::catalogue"],
    ),
    ("suppress", EVERYTHING_BELOW),
    ("fix", EVERYTHING_BELOW),
    ("measure", EVERYTHING_BELOW),
    ("report", &["source", "findings", "servers", "host", "sizing", "advice", "app", "deployment", "measure"]),
];

const EVERYTHING_BELOW: &[&str] = &[
    "source",
    "findings",
    "servers",
    "effects",
    "python",
    "rust",
    "host",
    "discover",
    "settings",
    "read",
    "deployment",
    "app",
    "sizing",
    "advice",
    "rules",
];

/// Rooms without any knowledge of servers or projects.
const FOR_EVERYBODY: &[&str] = &["values"];

/// The places where rooms are joined; they import what they like.
const JOINTS: &[&str] = &["lib", "main", "cli", "commands", "lsp"];

/// Rooms that know only what they are given, and the modules of `std` that would tell them more.
const PURE: &[&str] = &["rules", "sizing"];
const IMPURE: &[&str] = &["fs", "env", "net", "process"];

/// Names that say nothing about what a file is for.
const EMPTY_NAMES: &[&str] = &["utils", "helpers", "common", "misc", "types", "core", "manager", "engine"];

/// The types of Python's expressions are a subject of their own.
const SUBJECTS: &[&str] = &["src/python/types"];

/// The file that wraps the Python parser, whose crates change without notice.
const PARSER: &str = "src/python/syntax.rs";
/// The folder that wraps the one of Rust.
const RUST_PARSER: &str = "src/rust/syntax/";

#[test]
fn the_sources_keep_to_the_architecture() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut sources = Vec::new();
    collect(root, &root.join("src"), &mut sources);
    assert!(sources.len() > 50, "the walk found {} files", sources.len());
    let violations = violations(&sources);
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

/// The texts below `folder`, by path relative to `root`.
fn collect(root: &Path, folder: &Path, sources: &mut Vec<Source>) {
    let entries = fs::read_dir(folder).expect("the sources are there");
    for entry in entries {
        let path = entry.expect("the sources are readable").path();
        if path.is_dir() {
            collect(root, &path, sources);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let relative = path.strip_prefix(root).expect("it lies below the root");
            let parts: Vec<_> = relative.iter().map(|part| part.to_string_lossy()).collect();
            let text = fs::read_to_string(&path).expect("sources are text");
            sources.push(Source { path: parts.join("/"), text });
        }
    }
}

/// One file of `src`.
struct Source {
    /// Relative to the package, with `/` between its parts.
    path: String,
    text: String,
}

impl Source {
    /// The module path of the file: `["rules", "worker"]` for `src/rules/worker/mod.rs`.
    fn module(&self) -> Vec<&str> {
        let path = self.path.trim_start_matches("src/").trim_end_matches(".rs");
        let mut parts: Vec<&str> = path.split('/').collect();
        if parts.last() == Some(&"mod") {
            parts.pop();
        }
        parts
    }

    fn room(&self) -> &str {
        self.module().first().copied().unwrap_or_default()
    }
}

/// Everything that is wrong, as `file:line: what`.
fn violations(sources: &[Source]) -> Vec<String> {
    let tests: BTreeSet<String> = sources.iter().flat_map(test_modules).collect();
    let mut found = Vec::new();
    for source in sources {
        found.extend(misnamed(&source.path));
        if !source.text.starts_with("//!") {
            found.push(format!("{}:1: does not say what it is for (`//!`)", source.path));
        }
        let module = source.module().join("::");
        if tests.iter().any(|test| module == *test || module.starts_with(&format!("{test}::"))) {
            continue;
        }
        let code = code(&source.text);
        for (at, _) in code.match_indices("ruff_").filter(|_| source.path != PARSER) {
            let line = line(&code, at);
            found.push(format!("{}:{line}: only {PARSER} names the parser's crates", source.path));
        }
        let of_rust = ["syn::", "proc_macro2"].into_iter().flat_map(|name| code.match_indices(name));
        // A name may end in that of the crate.
        let is_whole = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        for (at, _) in of_rust.filter(|(at, _)| is_whole(*at) && !source.path.starts_with(RUST_PARSER)) {
            let line = line(&code, at);
            found.push(format!("{}:{line}: only {RUST_PARSER} names the parser's crates", source.path));
        }
        for path in paths(&code) {
            if let Err(what) = allowed(source, &path.segments) {
                found.push(format!("{}:{}: {what}", source.path, path.line));
            }
        }
    }
    found
}

/// Parts of a file's path that are names without a meaning.
fn misnamed(path: &str) -> Vec<String> {
    let parts: Vec<&str> = path.trim_end_matches(".rs").split('/').collect();
    let named =
        |end: &usize| EMPTY_NAMES.contains(&parts[end - 1]) && !SUBJECTS.contains(&parts[..*end].join("/").as_str());
    (1..=parts.len())
        .filter(named)
        .map(|end| format!("{path}:1: `{}` does not say what it holds", parts[end - 1]))
        .collect()
}

/// Whether a path that begins with `crate`, `std` or `super` may stand in a file.
fn allowed(source: &Source, path: &[&str]) -> Result<(), String> {
    let room = source.room();
    if JOINTS.contains(&room) {
        return Ok(());
    }
    let Some((_, may)) = ROOMS.iter().find(|(name, _)| *name == room) else {
        return Err(format!("the room `{room}` is not in the table of tests/architecture.rs"));
    };
    match path {
        ["std", module, ..] if PURE.contains(&room) && IMPURE.contains(module) => {
            Err(format!("{room} must not use std::{module}"))
        }
        ["super", ..] => {
            let levels = path.iter().take_while(|part| **part == "super").count();
            if levels < source.module().len() {
                Ok(())
            } else {
                Err("leaves its room through `super`; say `crate::`".to_owned())
            }
        }
        ["crate", other, rest @ ..] => {
            let part = rest.first().map(|part| format!("{other}::{part}"));
            let mut open = FOR_EVERYBODY.iter().chain(*may);
            let own = *other == room;
            if own || open.any(|name| name == other || Some(*name) == part.as_deref()) {
                Ok(())
            } else {
                Err(format!("{room} must not import crate::{}", part.as_deref().unwrap_or(other)))
            }
        }
        _ => Ok(()),
    }
}

/// Module paths of what a file declares as `#[cfg(test)] mod name;`.
fn test_modules(source: &Source) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().map(str::trim).collect();
    let declared = lines.windows(2).filter(|pair| pair[0].starts_with("#[cfg(test)]"));
    declared
        .filter_map(|pair| pair[1].strip_suffix(';')?.split_once("mod ").map(|(_, name)| name))
        .map(|name| {
            let mut module = source.module();
            module.push(name);
            module.join("::")
        })
        .collect()
}

/// A text without comments and without its tests, line by line as it was.
fn code(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let tests = lines
        .windows(2)
        .position(|pair| pair[0].trim() == "#[cfg(test)]" && pair[1].contains("mod ") && pair[1].ends_with('{'));
    let mut code = String::new();
    for line in &lines[..tests.unwrap_or(lines.len())] {
        code.push_str(line.split("//").next().unwrap_or_default());
        code.push('\n');
    }
    code
}

fn line(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// A path in the code, with every branch of a `use` group written out.
struct CodePath<'t> {
    segments: Vec<&'t str>,
    line: usize,
}

/// Every path of `code` that begins with `crate`, `std` or `super`.
fn paths(code: &str) -> Vec<CodePath<'_>> {
    let mut found = Vec::new();
    let mut words = words(code).peekable();
    let mut before = "";
    while let Some((at, word)) = words.next() {
        let starts = matches!(word, "crate" | "std" | "super") && before != "::";
        before = word;
        if !starts || words.peek().is_none_or(|(_, next)| *next != "::") {
            continue;
        }
        // Each open brace remembers the path in front of it.
        let mut path = vec![word];
        let mut open: Vec<usize> = Vec::new();
        let mut line = line(code, at);
        while let Some(&(at, next)) = words.peek() {
            let name = next.starts_with(|c: char| c.is_alphabetic() || c == '_');
            match next {
                "::" => {}
                "{" if before == "::" => open.push(path.len()),
                "," if !open.is_empty() => {
                    found.push(CodePath { segments: path.clone(), line });
                    path.truncate(open.last().copied().unwrap_or_default());
                }
                "}" if !open.is_empty() => {
                    found.push(CodePath { segments: path.clone(), line });
                    path.truncate(open.pop().unwrap_or_default());
                }
                _ if name && (before == "::" || (!open.is_empty() && matches!(before, "{" | ","))) => {
                    path.push(next);
                    line = self::line(code, at);
                }
                "as" | "*" => {}
                _ if !open.is_empty() && before == "as" => {}
                _ => break,
            }
            before = next;
            words.next();
        }
        found.push(CodePath { segments: path, line });
    }
    found
}

/// Identifiers, `::`, and every other sign that is not space, each with its offset.
fn words(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    let mut at = 0;
    std::iter::from_fn(move || {
        let rest = code.get(at..)?;
        let start = at + rest.find(|c: char| !c.is_whitespace())?;
        let rest = code.get(start..)?;
        let length = if rest.starts_with("::") {
            2
        } else {
            match rest.find(|c: char| !part(c)) {
                Some(0) => rest.chars().next().map_or(1, char::len_utf8),
                Some(end) => end,
                None => rest.len(),
            }
        };
        at = start + length;
        code.get(start..at).map(|word| (start, word))
    })
}

/// What the checker says about one planted file.
fn said(path: &str, code: &str) -> Vec<String> {
    let text = format!("//! Planted.\n{code}");
    violations(&[Source { path: path.to_owned(), text }])
}

#[test]
fn planted_imports_are_found() {
    let planted = [
        ("src/source/a.rs", "use crate::findings::Note;", "source must not import crate::findings"),
        ("src/rules/worker/a.rs", "use crate::read::Facts;", "rules must not import crate::read"),
        ("src/rules/a.rs", "use crate::python::names::Names;", "crate::python::names"),
        ("src/rules/a.rs", "use std::fs;", "rules must not use std::fs"),
        ("src/rules/a.rs", "use std::{fmt, env::var};", "rules must not use std::env"),
        ("src/sizing/a.rs", "fn f() { std::fs::read(\"x\"); }", "sizing must not use std::fs"),
        ("src/python/a.rs", "fn f() -> crate::servers::Server {}", "python must not import"),
        ("src/servers/a.rs", "use crate::{source::Span, report::Report};", "crate::report"),
        ("src/servers/a.rs", "use crate::{\n    source::{Place, Span},\n    app,\n};", "crate::app"),
        ("src/servers/mod.rs", "use super::app::Application;", "leaves its room"),
        ("src/rules/worker/a.rs", "use super::super::super::read;", "leaves its room"),
        ("src/values/a.rs", "use crate::source::Span;", "values must not import"),
        ("src/app/a.rs", "macro_rules! m { () => { $crate::host::Host } }", "crate::host"),
        ("src/fix/a.rs", "use crate::report::Report;", "fix must not import crate::report"),
        ("src/attic/a.rs", "use crate::source::Span;", "`attic` is not in the table"),
        ("src/app/a.rs", "use ruff_python_ast::Expr;", "names the parser's crates"),
    ];
    for (path, code, expected) in planted {
        let said = said(path, code);
        assert!(
            said.len() == 1 && said[0].contains(expected),
            "{path} with `{code}`: {said:?}, expected one about {expected}"
        );
    }
}

#[test]
fn what_is_allowed_is_not_reported() {
    let fine = [
        ("src/rules/worker/a.rs", "use super::prelude::*;\nuse super::super::Card;"),
        ("src/rules/a.rs", "use crate::python::catalogue::Category;\nuse std::fmt;"),
        ("src/app/a.rs", "use crate::values::{Bytes, Cpus as C, Value};\nuse crate::source::*;"),
        ("src/app/a.rs", "//! See [`crate::report`].\nfn f() {} // crate::report"),
        ("src/app/a.rs", "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::report::Report;\n}"),
        ("src/lib.rs", "use crate::report::Report;"),
        ("src/commands/check.rs", "use crate::cli::Check;\nuse std::env;"),
        ("src/python/syntax.rs", "use ruff_python_ast::Expr;"),
        ("src/python/types/mod.rs", "use crate::source::Span;"),
    ];
    for (path, code) in fine {
        assert_eq!(said(path, code), Vec::<String>::new(), "{path} with `{code}`");
    }
}

#[test]
fn names_without_a_meaning_are_found() {
    for path in ["src/utils.rs", "src/app/helpers.rs", "src/app/common/mod.rs", "src/app/types.rs"] {
        let said = said(path, "");
        assert!(said.iter().any(|what| what.contains("does not say what it holds")), "{path}: {said:?}");
    }
}

#[test]
fn files_without_documentation_are_found_even_among_tests() {
    let sources = [
        Source { path: "src/host/mod.rs".to_owned(), text: "//! Limits.\n#[cfg(test)]\nmod tests;\n".to_owned() },
        Source { path: "src/host/tests.rs".to_owned(), text: "use crate::report::Report;\n".to_owned() },
    ];
    assert_eq!(violations(&sources), ["src/host/tests.rs:1: does not say what it is for (`//!`)"]);
}
