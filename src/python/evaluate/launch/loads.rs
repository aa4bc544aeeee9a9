//! What an application of Gunicorn serves: whatever its method `load` returns.

use super::super::super::syntax::ast::{self, Expr, Stmt};
use super::super::super::syntax::span_of;
use super::super::super::syntax::visitor::{self, Visitor};
use super::super::cell::{Body, Cell, Function, Id, Thing};
use super::super::class::Class;
use super::super::run::Run;
use super::Given;
use crate::source::Place;

/// What the method `load` of a project's own application class returns.
#[derive(Debug, Clone, PartialEq)]
pub enum Loads {
    /// An attribute of the application.
    Attribute {
        /// What it holds.
        value: Given,
        /// The parameter that the application was made with and that it holds, by its position and its name.
        parameter: Option<(usize, String)>,
    },
    /// A global name of the file at `place`.
    Global {
        /// The name.
        name: String,
        /// Where it is returned.
        place: Place,
    },
    /// Another expression that stands there, with the only text that an attribute in it holds.
    Expression {
        /// Where it is returned.
        place: Place,
        /// The text.
        names: Option<Given>,
    },
    /// Something that cannot be told.
    Unknown,
}

impl<'a> Run<'a, '_> {
    /// What the application `own` of a class serves; `None` where its class leaves that to Gunicorn.
    pub(super) fn loads(&self, class: &Class<'a>, own: Id) -> Option<Loads> {
        let function = match self.class_member(class, "load") {
            Ok(None) => return None,
            Ok(Some(Cell { thing: Thing::Function(function), .. })) => function,
            Ok(Some(_)) | Err(_) => return Some(Loads::Unknown),
        };
        let (Body::Block(body), Some(module)) = (function.body, self.modules.get(function.module)) else {
            return Some(Loads::Unknown);
        };
        let mut returns = Returns::default();
        for stmt in body {
            returns.visit_stmt(stmt);
        }
        let ([Some(value)], Some(Stmt::Return(_))) = (returns.0.as_slice(), body.last()) else {
            return Some(Loads::Unknown);
        };
        let place = Place::new(module.file, span_of(*value));
        let this = first_parameter(&function);
        Some(match value {
            Expr::Attribute(attribute) if is_named(&attribute.value, this) => {
                let name = attribute.attr.as_str();
                match self.own(own, name) {
                    Some(cell) => {
                        Loads::Attribute { value: self.given(&cell), parameter: self.parameter_of(class, name) }
                    }
                    None => Loads::Unknown,
                }
            }
            Expr::Name(name) if function.is_local(&name.id) => Loads::Unknown,
            Expr::Name(name) => match self.find_from(function.scope, &name.id) {
                Some((scope, _)) if scope == module.scope => Loads::Global { name: name.id.to_string(), place },
                _ => Loads::Unknown,
            },
            // `gunicorn.util.import_app("package.module:app")`
            Expr::Call(call) if is_import(&call.func) && matches!(&*call.arguments.args, [Expr::StringLiteral(_)]) => {
                match call.arguments.args.first() {
                    Some(Expr::StringLiteral(text)) => {
                        let value = self.given(&Cell::str(text.value.to_str()));
                        Loads::Attribute { value, parameter: None }
                    }
                    _ => Loads::Unknown,
                }
            }
            value => {
                let mut attributes = Attributes { this, found: Vec::new() };
                attributes.visit_expr(value);
                let texts = attributes.found.iter().filter_map(|name| self.own(own, name));
                let mut texts = texts.filter(|cell| matches!(cell.thing, Thing::Str(_)));
                let names = texts.next().filter(|_| texts.next().is_none()).map(|cell| self.given(&cell));
                Loads::Expression { place, names }
            }
        })
    }

    /// The parameter of `__init__` that `self.attribute` is set to.
    fn parameter_of(&self, class: &Class<'a>, attribute: &str) -> Option<(usize, String)> {
        let Ok(Some(Cell { thing: Thing::Function(function), .. })) = self.class_member(class, "__init__") else {
            return None;
        };
        let (Body::Block(body), Some(parameters)) = (function.body, function.parameters) else { return None };
        let this = first_parameter(&function);
        let mut set = body.iter().filter_map(|stmt| match stmt {
            Stmt::Assign(ast::StmtAssign { targets, value, .. }) => match targets.as_slice() {
                [Expr::Attribute(target)] if target.attr.as_str() == attribute && is_named(&target.value, this) => {
                    Some(value.as_ref())
                }
                _ => None,
            },
            _ => None,
        });
        let (Some(Expr::Name(name)), None) = (set.next(), set.next()) else { return None };
        let all = parameters.posonlyargs.iter().chain(&parameters.args);
        let at = all.into_iter().position(|parameter| parameter.name().as_str() == name.id.as_str())?;
        Some((at.checked_sub(1)?, name.id.to_string()))
    }
}

/// Whether a function imports what a text names, as `import_app` of Gunicorn does.
fn is_import(function: &Expr) -> bool {
    match function {
        Expr::Name(name) => name.id.as_str() == "import_app",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "import_app",
        _ => false,
    }
}

/// What a method calls its object.
fn first_parameter<'a>(function: &Function<'a>) -> Option<&'a str> {
    let parameters = function.parameters?;
    Some(parameters.posonlyargs.iter().chain(&parameters.args).next()?.name().as_str())
}

fn is_named(expr: &Expr, name: Option<&str>) -> bool {
    matches!(expr, Expr::Name(own) if Some(own.id.as_str()) == name)
}

/// The values that a function returns, `None` for none; those of functions inside it do not count.
#[derive(Default)]
struct Returns<'a>(Vec<Option<&'a Expr>>);

impl<'a> Visitor<'a> for Returns<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Return(returned) => self.0.push(returned.value.as_deref()),
            Stmt::FunctionDef(_) | Stmt::ClassDef(_) => {}
            _ => visitor::walk_stmt(self, stmt),
        }
    }
}

/// The names of attributes of the object in an expression.
struct Attributes<'a> {
    this: Option<&'a str>,
    found: Vec<&'a str>,
}

impl<'a> Visitor<'a> for Attributes<'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Attribute(attribute) if is_named(&attribute.value, self.this) => {
                self.found.push(attribute.attr.as_str());
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}
