//! What a text consists of, format by format, so that two texts can be compared.
//!
//! Decides which pieces of a text must survive an edit somewhere else. Knows nothing of what the
//! pieces mean.

use std::collections::BTreeSet;
use std::mem::discriminant;
use std::sync::Arc;

use granit_parser::{Event, Parser};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::python::syntax::{self, ast, span_of, visitor};
use crate::rust::syntax::{self as rust_syntax, Function};
use crate::source::Span;
use crate::values::Order as _;

/// How a file is read to see whether it is still whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Python,
    Yaml,
    Toml,
    Dockerfile,
    Json,
    Rust,
    /// Anything else that consists of lines: Procfiles, environment files, requirements, scripts.
    Lines,
}

impl Format {
    pub(super) fn of(path: &str) -> Self {
        let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        match extension {
            "py" | "pyi" => Self::Python,
            "yaml" | "yml" => Self::Yaml,
            "toml" => Self::Toml,
            "json" => Self::Json,
            "rs" => Self::Rust,
            "dockerfile" | "containerfile" => Self::Dockerfile,
            _ if name.starts_with("dockerfile") || name.starts_with("containerfile") => Self::Dockerfile,
            _ => Self::Lines,
        }
    }
}

/// One part of a text that has a place, a kind and a depth of its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Piece {
    pub(super) span: Span,
    pub(super) what: String,
}

/// A text taken apart.
#[derive(Debug, Default)]
pub(super) struct Shape {
    /// The pieces, sorted.
    pub(super) pieces: Vec<Piece>,
    /// In how many places the text is not what its name promises.
    pub(super) errors: usize,
}

/// Takes a text apart; the error says why it cannot be.
pub(super) fn shape(format: Format, text: &str) -> Result<Shape, String> {
    let mut shape = match format {
        Format::Python => python(text)?,
        Format::Yaml => yaml(text)?,
        Format::Toml => toml(text)?,
        Format::Dockerfile => dockerfile(text)?,
        Format::Json => json(text)?,
        Format::Rust => rust(text)?,
        Format::Lines => Shape::default(),
    };
    shape.pieces.order();
    Ok(shape)
}

/// How many of the arguments have the name of an earlier one.
fn repeated(keywords: &[ast::Keyword]) -> usize {
    let names: Vec<&str> =
        keywords.iter().filter_map(|keyword| keyword.arg.as_ref()).map(ast::Identifier::as_str).collect();
    let distinct: BTreeSet<&str> = names.iter().copied().collect();
    names.len() - distinct.len()
}

fn python(text: &str) -> Result<Shape, String> {
    /// The parser takes `await` anywhere; Python takes it only in an `async def`.
    struct Statements {
        pieces: Vec<Piece>,
        is_async: bool,
        misplaced: usize,
    }

    impl<'a> visitor::Visitor<'a> for Statements {
        fn visit_stmt(&mut self, statement: &'a ast::Stmt) {
            self.pieces.push(Piece { span: span_of(statement), what: format!("{:?}", discriminant(statement)) });
            let outer = self.is_async;
            match statement {
                ast::Stmt::FunctionDef(def) => self.is_async = def.is_async,
                ast::Stmt::ClassDef(_) => self.is_async = false,
                ast::Stmt::With(ast::StmtWith { is_async: true, .. })
                | ast::Stmt::For(ast::StmtFor { is_async: true, .. }) => self.misplaced += usize::from(!outer),
                _ => {}
            }
            visitor::walk_stmt(self, statement);
            self.is_async = outer;
        }

        fn visit_expr(&mut self, expr: &'a ast::Expr) {
            let outer = self.is_async;
            match expr {
                // The parser takes a keyword twice; Python does not.
                ast::Expr::Call(call) => self.misplaced += repeated(&call.arguments.keywords),
                ast::Expr::Await(_) => self.misplaced += usize::from(!outer),
                ast::Expr::Lambda(_) => self.is_async = false,
                _ => {}
            }
            visitor::walk_expr(self, expr);
            self.is_async = outer;
        }
    }

    let module = syntax::parse(text).map_err(|error| error.to_string())?;
    let mut statements = Statements { pieces: Vec::new(), is_async: false, misplaced: 0 };
    visitor::Visitor::visit_body(&mut statements, &module.body);
    Ok(Shape { pieces: statements.pieces, errors: module.errors.len() + statements.misplaced })
}

/// Functions are the pieces; the parser stops at the first thing that is no Rust.
fn rust(text: &str) -> Result<Shape, String> {
    let scope = rust_syntax::parse(text).map_err(|(_, why)| why)?;
    let named = |function: &Arc<Function>| Piece { span: function.span, what: function.name.clone() };
    Ok(Shape { pieces: scope.functions.iter().map(named).collect(), errors: 0 })
}

/// Only what is written out counts as a piece: where a block mapping ends is said by what follows it,
/// so its own span moves with edits that do not concern it. The depth stands in for it.
fn yaml(text: &str) -> Result<Shape, String> {
    let mut pieces = Vec::new();
    let mut depth = 0_usize;
    for event in Parser::new_from_str(text) {
        let (event, span) = event.map_err(|error| format!("not valid YAML: {error}"))?;
        let what = match event {
            Event::SequenceStart(..) | Event::MappingStart(..) => {
                depth += 1;
                continue;
            }
            Event::SequenceEnd | Event::MappingEnd => {
                depth = depth.saturating_sub(1);
                continue;
            }
            Event::Scalar(value, style, ..) => format!("{depth} {style:?} {value}"),
            Event::Alias(id) => format!("{depth} alias {id}"),
            Event::DocumentStart(true, _) => "document".to_owned(),
            _ => continue,
        };
        let range = span.byte_range().ok_or("no byte offsets")?;
        // A value that is left out has no bytes that could be compared.
        if !range.is_empty() {
            pieces.push(Piece { span: Span::new(range.start, range.end), what });
        }
    }
    Ok(Shape { pieces, errors: 0 })
}

/// What is JSON is YAML as well, but for tabs, which its strings cannot hold as they are.
fn json(text: &str) -> Result<Shape, String> {
    serde_json::from_str::<serde::de::IgnoredAny>(text).map_err(|error| format!("not valid JSON: {error}"))?;
    yaml(&text.replace('\t', " "))
}

fn toml(text: &str) -> Result<Shape, String> {
    fn walk(path: &str, value: &Spanned<DeValue<'_>>, pieces: &mut Vec<Piece>) {
        match value.get_ref() {
            DeValue::Table(table) => walk_table(path, table, pieces),
            DeValue::Array(items) => {
                for item in items {
                    walk(path, item, pieces);
                }
            }
            leaf => {
                let span = value.span();
                let what = format!("{path} {}", leaf.type_str());
                pieces.push(Piece { span: Span::new(span.start, span.end), what });
            }
        }
    }

    fn walk_table(path: &str, table: &DeTable<'_>, pieces: &mut Vec<Piece>) {
        for (key, value) in table {
            let span = key.span();
            pieces.push(Piece { span: Span::new(span.start, span.end), what: format!("{path}.{} key", key.get_ref()) });
            // The name of a value is a piece of its own, and may be what an edit is about.
            match value.get_ref() {
                DeValue::Table(_) | DeValue::Array(_) => walk(&format!("{path}.{}", key.get_ref()), value, pieces),
                _ => walk(path, value, pieces),
            }
        }
    }

    let table = DeTable::parse(text).map_err(|error| format!("not valid TOML: {}", error.message()))?;
    let mut pieces = Vec::new();
    walk_table("", table.get_ref(), &mut pieces);
    Ok(Shape { pieces, errors: 0 })
}

fn dockerfile(text: &str) -> Result<Shape, String> {
    match parse_dockerfile::parse(text) {
        Ok(_) => Ok(Shape::default()),
        Err(error) => Err(format!("not a valid Dockerfile: {error}")),
    }
}
