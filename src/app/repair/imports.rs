//! By which name a module knows asyncio, and where an import of it belongs.

use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::span_of;

/// Whether a module imports asyncio at its top level.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Import {
    /// Under this name the member can be called: `asyncio.sleep`, `aio.sleep`, `sleep`.
    Known(String),
    /// It has to be imported first.
    Missing,
}

/// How `member` of asyncio is called in a module.
pub(super) fn of_asyncio(body: &[Stmt], member: &str) -> Import {
    let mut named = None;
    for statement in body {
        match statement {
            Stmt::Import(import) => {
                for alias in &import.names {
                    let own = alias.name.as_str() == "asyncio" || alias.name.as_str().starts_with("asyncio.");
                    match &alias.asname {
                        None if own => return Import::Known(format!("asyncio.{member}")),
                        Some(name) if alias.name.as_str() == "asyncio" => {
                            return Import::Known(format!("{name}.{member}"));
                        }
                        _ => {}
                    }
                }
            }
            Stmt::ImportFrom(import) if import.module.as_ref().is_some_and(|module| module == "asyncio") => {
                let taken = import.names.iter().find(|alias| alias.name.as_str() == member);
                named = named.or(taken.map(|alias| alias.asname.as_ref().unwrap_or(&alias.name).to_string()));
            }
            _ => {}
        }
    }
    named.map_or(Import::Missing, Import::Known)
}

/// How `member` of `asgiref.sync` is called in a module.
pub(super) fn of_asgiref(body: &[Stmt], member: &str) -> Import {
    let found = body.iter().find_map(|statement| match statement {
        Stmt::ImportFrom(import) if import.module.as_ref().is_some_and(|module| module == "asgiref.sync") => {
            let taken = import.names.iter().find(|alias| alias.name.as_str() == member)?;
            Some(taken.asname.as_ref().unwrap_or(&taken.name).to_string())
        }
        _ => None,
    });
    found.map_or(Import::Missing, Import::Known)
}

/// Whether a binding of a name makes it stand for asyncio or a member of it.
pub(super) fn binds_asyncio(binding: &Binding<'_>) -> bool {
    match binding.bound {
        Bound::Import { dotted, whole } => dotted == "asyncio" || (!whole && dotted.starts_with("asyncio.")),
        Bound::From { level, module, .. } => level == 0 && module == "asyncio",
        _ => false,
    }
}

/// Where a line that imports something goes, and the text: `import asyncio` among the first imports in the order of
/// their names, `from` a module before the first of those that come from one behind it; all behind the docstring and
/// what comes from the future.
pub(super) fn insertion(body: &[Stmt], text: &str, line: &str) -> Option<(usize, String)> {
    let from = line.strip_prefix("from ").and_then(|rest| rest.split(' ').next());
    let is_docstring = |statement: &Stmt| matches!(statement, Stmt::Expr(ast::StmtExpr { value, .. }) if matches!(&**value, Expr::StringLiteral(_)));
    let is_future = |statement: &Stmt| matches!(statement, Stmt::ImportFrom(import) if import.module.as_ref().is_some_and(|module| module == "__future__"));
    let head = body
        .iter()
        .enumerate()
        .take_while(|(i, statement)| (*i == 0 && is_docstring(statement)) || is_future(statement));
    let head = head.count();
    let imports =
        body.iter().skip(head).take_while(|statement| matches!(statement, Stmt::Import(_) | Stmt::ImportFrom(_)));
    let imports: Vec<&Stmt> = imports.collect();
    let comes_later = |statement: &&&Stmt| match (statement, from) {
        (Stmt::ImportFrom(import), Some(from)) => {
            import.level == 0 && import.module.as_ref().is_some_and(|module| module.as_str() > from)
        }
        (_, Some(_)) => false,
        (Stmt::Import(import), None) => import.names.first().is_some_and(|alias| alias.name.as_str() > "asyncio"),
        _ => true,
    };
    if let Some(next) = imports.iter().find(comes_later) {
        return at_line_start(text, span_of(*next).start).map(|at| (at, line.to_owned()));
    }
    if let Some(last) = imports.last() {
        return behind_line(text, span_of(*last).end).map(|at| (at, line.to_owned()));
    }
    match body.get(head) {
        // A decorator belongs to what it decorates.
        Some(next) if head == 0 => at_line_start(text, span_of(next).start).map(|at| (at, format!("{line}\n\n"))),
        _ => behind_line(text, span_of(body.get(head.checked_sub(1)?)?).end).map(|at| (at, format!("\n{line}"))),
    }
}

/// The start of the line, if nothing stands between it and `at`.
fn at_line_start(text: &str, at: usize) -> Option<usize> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |at| at + 1);
    text.get(start..at)?.trim_start_matches('\u{feff}').is_empty().then_some(start)
}

/// The start of the next line, if nothing but a comment stands between `at` and it.
fn behind_line(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?;
    let end = rest.find('\n')?;
    let between = rest.get(..end)?.trim();
    (between.is_empty() || between.starts_with('#')).then_some(at + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::syntax::parse;

    fn inserted(text: &str) -> String {
        let (at, line) = insertion(&parse(text).unwrap().body, text, "import asyncio\n").unwrap();
        format!("{}{line}{}", &text[..at], &text[at..])
    }

    #[test]
    fn the_import_stands_where_people_put_it() {
        let head = "#!/usr/bin/env python\n\"\"\"Doc.\"\"\"\nfrom __future__ import annotations\n\n";
        assert_eq!(inserted(&format!("{head}import time\n")), format!("{head}import asyncio\nimport time\n"));
        assert_eq!(inserted("import abc\nimport time\n"), "import abc\nimport asyncio\nimport time\n");
        assert_eq!(inserted("import abc\nfrom x import y\n"), "import abc\nimport asyncio\nfrom x import y\n");
        assert_eq!(inserted("import abc  # why\nx = 1\n"), "import abc  # why\nimport asyncio\nx = 1\n");
        assert_eq!(inserted("\"\"\"Doc.\"\"\"\nx = 1\n"), "\"\"\"Doc.\"\"\"\n\nimport asyncio\nx = 1\n");
        assert_eq!(inserted("x = 1\n"), "import asyncio\n\n\nx = 1\n");
        assert_eq!(
            insertion(&parse("\"x\"; import time\n").unwrap().body, "\"x\"; import time\n", "import asyncio\n"),
            None
        );
    }

    #[test]
    fn a_name_that_is_there_is_used() {
        let of = |text: &str| of_asyncio(&parse(text).unwrap().body, "sleep");
        assert_eq!(of("import asyncio\n"), Import::Known("asyncio.sleep".to_owned()));
        assert_eq!(of("import asyncio as aio\n"), Import::Known("aio.sleep".to_owned()));
        assert_eq!(of("from asyncio import sleep as nap\n"), Import::Known("nap".to_owned()));
        assert_eq!(of("from asyncio import Queue\n"), Import::Missing);
        assert_eq!(of("if TYPE_CHECKING:\n    import asyncio\n"), Import::Missing);
    }
}
