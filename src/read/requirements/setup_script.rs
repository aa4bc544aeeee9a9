//! `setup.py`: the texts that are given to `setup` as its requirements, where they are written out.

use crate::python::syntax::ast::{Expr, Stmt};
use crate::python::syntax::{Module, span_of};
use crate::source::{FileId, Place, Span};

use super::super::Requirement;
use super::{MAX_REQUIREMENTS, specifier};

/// The requirements that the calls of `setup` in `module` list, by themselves or under a name.
pub(in super::super) fn read(file: FileId, module: &Module) -> Vec<Requirement> {
    let mut found = Vec::new();
    for statement in &module.body {
        let Stmt::Expr(statement) = statement else { continue };
        let Expr::Call(call) = statement.value.as_ref() else { continue };
        let is_setup = match call.func.as_ref() {
            Expr::Name(name) => name.id.as_str() == "setup",
            Expr::Attribute(attribute) => attribute.attr.as_str() == "setup",
            _ => false,
        };
        let keywords = call.arguments.keywords.iter().filter(|_| is_setup);
        for keyword in keywords {
            match (keyword.arg.as_ref().map(|name| name.as_str()), &keyword.value) {
                (Some("install_requires"), value) => texts(file, named(module, value), &mut found),
                (Some("extras_require"), Expr::Dict(extras)) => {
                    extras.items.iter().for_each(|item| texts(file, named(module, &item.value), &mut found));
                }
                _ => {}
            }
        }
    }
    found
}

/// What a name of the module is bound to last; the expression itself otherwise.
fn named<'m>(module: &'m Module, value: &'m Expr) -> &'m Expr {
    let Expr::Name(wanted) = value else { return value };
    let bound = module.body.iter().rev().find_map(|statement| match statement {
        Stmt::Assign(assign) => {
            let binds = |target: &Expr| matches!(target, Expr::Name(name) if name.id == wanted.id);
            assign.targets.iter().any(binds).then_some(assign.value.as_ref())
        }
        _ => None,
    });
    bound.unwrap_or(value)
}

fn texts(file: FileId, list: &Expr, found: &mut Vec<Requirement>) {
    let items = match list {
        Expr::List(list) => &list.elts,
        Expr::Tuple(tuple) => &tuple.elts,
        _ => return,
    };
    for item in items {
        let Expr::StringLiteral(literal) = item else { continue };
        if found.len() >= MAX_REQUIREMENTS {
            return;
        }
        let text = literal.value.to_str();
        let span = span_of(item);
        // Offsets are told only of a plain literal.
        let inside = if text.len() + 2 == span.len() { Span::new(span.start + 1, span.end - 1) } else { span };
        found.extend(specifier::parse(text, Place::new(file, inside)));
    }
}
