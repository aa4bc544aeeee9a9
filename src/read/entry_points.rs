//! The commands that a project installs, and the functions behind them.
//!
//! Reads them where packages declare them: `pyproject.toml`, `setup.cfg`, `setup.py`. What the function
//! does is not looked at.

use crate::python::syntax::ast::{Expr, Keyword};
use crate::python::syntax::visitor::{self, Visitor};
use crate::python::syntax::{Module, span_of};
use crate::source::{FileId, Located, Place, SourceFile, Span};

use super::Facts;
use super::toml_tree::{Node, path, span};

/// More commands than this no project installs.
const MAX_SCRIPTS: usize = 500;

/// A command that a project installs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleScript {
    /// Its name.
    pub name: String,
    /// `package.module:function`, as written.
    pub target: Located<String>,
}

/// Reads the scripts of a `pyproject.toml`, in the standard table and in poetry's.
pub(super) fn read_pyproject(file: FileId, source: &SourceFile, facts: &mut Facts) {
    // Its errors were noted by whoever read its dependencies.
    let (tree, _) = toml::de::DeTable::parse_recoverable(source.text());
    let tree = tree.into_inner();
    for keys in [&["project", "scripts"][..], &["tool", "poetry", "scripts"]] {
        let table = path(&tree, keys).and_then(|node| node.get_ref().as_table());
        for (name, node) in table.into_iter().flatten() {
            let target = match node.get_ref().as_table() {
                // `{ reference = "package.module:function", type = "console" }`
                Some(table) => table.get("reference").or_else(|| table.get("callable")),
                None => Some(node),
            };
            if let Some(target) = target.and_then(|target| text_of(file, target)) {
                add(facts, file, name.get_ref(), target);
            }
        }
    }
}

fn text_of(file: FileId, node: &Node<'_>) -> Option<Located<String>> {
    let text = node.get_ref().as_str()?;
    let whole = span(node);
    let plain = text.len() + 2 == whole.len();
    let inside = if plain { Span::new(whole.start + 1, whole.end - 1) } else { whole };
    Some(Located::new(text.to_owned(), Place::new(file, inside)))
}

fn add(facts: &mut Facts, file: FileId, name: &str, target: Located<String>) {
    let scripts = facts.console_scripts.entry(file).or_default();
    if scripts.len() < MAX_SCRIPTS {
        scripts.push(ConsoleScript { name: name.to_owned(), target });
    }
}

/// Reads `[options.entry_points]` of a `setup.cfg`: lines below `console_scripts =`.
pub(super) fn read_setup_config(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut section = false;
    let mut wanted = false;
    for number in 1..=source.line_count() {
        let Some(line_span) = source.line_span(number) else { break };
        let line = source.slice(line_span);
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end().strip_suffix(']') == Some("options.entry_points");
            wanted = false;
        } else if section && !line.starts_with([' ', '\t']) && line.contains('=') {
            wanted = line.split('=').next().is_some_and(|key| key.trim() == "console_scripts");
        } else if section && wanted {
            declaration(file, line, line_span.start, facts);
        }
    }
}

/// `name = package.module:function`, at `start` of its file.
fn declaration(file: FileId, text: &str, start: usize, facts: &mut Facts) {
    let Some((name, target)) = text.split_once('=') else { return };
    let at = start + name.len() + 1 + (target.len() - target.trim_start().len());
    // Extras in brackets say what must be installed for it.
    let target = target.split('[').next().unwrap_or_default().trim();
    let name = name.trim();
    if !name.is_empty() && !name.starts_with(['#', ';']) && target.contains(':') {
        let place = Place::new(file, Span::new(at, at + target.len()));
        add(facts, file, name, Located::new(target.to_owned(), place));
    }
}

/// Reads `entry_points={"console_scripts": ["name = package.module:function"]}` of a `setup.py`.
pub(super) fn read_setup(file: FileId, module: &Module, facts: &mut Facts) {
    struct Found(Vec<(Span, String)>);
    impl<'a> Visitor<'a> for Found {
        fn visit_keyword(&mut self, keyword: &'a Keyword) {
            if keyword.arg.as_ref().is_some_and(|name| name.as_str() == "entry_points")
                && let Expr::Dict(dict) = &keyword.value
            {
                for item in &dict.items {
                    let is_scripts =
                        matches!(&item.key, Some(Expr::StringLiteral(key)) if key.value.to_str() == "console_scripts");
                    let (true, Expr::List(list)) = (is_scripts, &item.value) else { continue };
                    for one in &list.elts {
                        if let Expr::StringLiteral(text) = one {
                            self.0.push((span_of(one), text.value.to_str().to_owned()));
                        }
                    }
                }
            }
            visitor::walk_keyword(self, keyword);
        }
    }
    let mut found = Found(Vec::new());
    for statement in &module.body {
        found.visit_stmt(statement);
    }
    for (whole, text) in found.0 {
        // A literal with a prefix or an escape is longer than its text and its quotes.
        let plain = text.len() + 2 == whole.len();
        let before = facts.console_scripts.get(&file).map_or(0, Vec::len);
        declaration(file, &text, whole.start + 1, facts);
        if !plain && let Some(last) = facts.console_scripts.get_mut(&file).and_then(|all| all.get_mut(before)) {
            last.target.place = Place::new(file, whole);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::syntax::parse;
    use crate::source::Files;

    fn told(path: &str, text: &str) -> Vec<(String, String)> {
        let mut files = Files::new();
        let file = files.add(path, text);
        let mut facts = Facts::default();
        match path {
            "pyproject.toml" => read_pyproject(file, files.get(file), &mut facts),
            "setup.cfg" => read_setup_config(file, files.get(file), &mut facts),
            _ => read_setup(file, &parse(text).unwrap(), &mut facts),
        }
        let scripts = facts.console_scripts.remove(&file).unwrap_or_default();
        for script in &scripts {
            assert_eq!(files.text_at(script.target.place), script.target.value, "{path}");
        }
        scripts.into_iter().map(|script| (script.name, script.target.value)).collect()
    }

    #[test]
    fn commands_are_read_where_packages_declare_them() {
        let serve = [("serve".to_owned(), "shop.cli:main".to_owned())];
        assert_eq!(told("pyproject.toml", "[project.scripts]\nserve = \"shop.cli:main\"\n"), serve);
        assert_eq!(told("pyproject.toml", "[tool.poetry.scripts]\nserve = 'shop.cli:main'\n"), serve);
        let table = "[tool.poetry.scripts]\nserve = { reference = \"shop.cli:main\", type = \"console\" }\n";
        assert_eq!(told("pyproject.toml", table), serve);
        let lines =
            "[options.entry_points]\nconsole_scripts =\n  # one\n  serve = shop.cli:main\ngui_scripts =\n  a = b:c\n";
        assert_eq!(told("setup.cfg", lines), serve);
        let call = "setup(\n  name='shop',\n  entry_points={'console_scripts': ['serve = shop.cli:main']},\n)\n";
        assert_eq!(told("setup.py", call), serve);
    }
}
