//! The paths below which routers, and modules of routes, are mounted.
//!
//! `app.include_router(items, prefix="/api")` puts every route of `items` below `/api`. Decides what stands in front of a
//! route; who is mounted on whom is for the caller. A prefix that is computed, or that only its server knows, is not
//! known, and then no route below it is; that of a class of settings is what it is by default.

use std::collections::BTreeMap;

use super::foreign::{Made, made};
use crate::python::modules::ModuleRef;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::span_of;
use crate::python::types::{Frame, FunctionId, Types, Value};
use crate::source::Span;

/// How many names and fields are looked through for a text.
const MAX_HOPS: usize = 6;

/// What stands in front of a route; `None` where that is not known.
pub type Prefix = Option<String>;

/// What is mounted somewhere else than at the root.
#[derive(Debug, Clone, Default)]
pub struct Prefixes {
    /// Routers, by the calls that make them.
    pub routers: BTreeMap<Made, Prefix>,
    /// Modules of routes, by their indices.
    pub modules: BTreeMap<u32, Prefix>,
    /// Parts of files in which routes are listed below a path: `Mount("/api", routes=[...])`.
    pub parts: Vec<(u32, Span, Prefix)>,
}

impl Prefixes {
    /// What stands in front of what is told to a router.
    pub(super) fn of<'a>(&self, types: &Types<'a>, router: &'a Expr, frame: Frame) -> Prefix {
        let known = || self.routers.get(&made(types, router, frame)?).cloned();
        if self.routers.is_empty() { Some(String::new()) } else { known().unwrap_or_else(|| Some(String::new())) }
    }

    /// What stands in front of what is listed in a part of a file.
    pub fn at(&self, file: u32, part: Span) -> Prefix {
        let mut prefix = self.modules.get(&file).cloned().unwrap_or_else(|| Some(String::new()))?;
        let around = |span: Span| span != part && span.start <= part.start && part.end <= span.end;
        for (_, _, own) in self.parts.iter().filter(|(of, span, _)| *of == file && around(*span)) {
            prefix = joined(&prefix, own.as_deref()?);
        }
        Some(prefix)
    }
}

/// A path below another one.
pub fn joined(prefix: &str, path: &str) -> String {
    match (prefix.strip_suffix('/'), path.strip_prefix('/')) {
        (Some(prefix), Some(path)) => format!("{prefix}/{path}"),
        _ => format!("{prefix}{path}"),
    }
}

/// What is written in an expression, names and f-strings followed.
pub fn text<'a>(types: &Types<'a>, expr: &'a Expr, frame: Frame) -> Option<String> {
    within(types, expr, frame, MAX_HOPS)
}

fn within<'a>(types: &Types<'a>, expr: &'a Expr, frame: Frame, hops: usize) -> Option<String> {
    let hops = hops.checked_sub(1)?;
    match expr {
        Expr::StringLiteral(text) => Some(text.value.to_str().to_owned()),
        Expr::BinOp(sum) if sum.op == ast::Operator::Add => {
            Some(within(types, &sum.left, frame, hops)? + &within(types, &sum.right, frame, hops)?)
        }
        Expr::FString(text) => {
            let mut all = String::new();
            for element in text.value.elements() {
                match element {
                    ast::InterpolatedStringElement::Literal(literal) => all.push_str(&literal.value),
                    ast::InterpolatedStringElement::Interpolation(part) => {
                        all.push_str(&within(types, &part.expression, frame, hops)?);
                    }
                }
            }
            Some(all)
        }
        Expr::Name(name) => {
            let [(bound, home)] = &*types.sources(name.id.as_str(), frame, span_of(expr).start) else { return None };
            bound_text(types, *bound, *home, hops)
        }
        Expr::Attribute(attribute) => {
            let name = attribute.attr.as_str();
            let owners = types.value(&attribute.value, frame);
            let [owner] = &*owners else { return None };
            match owner {
                Value::Module(ModuleRef::File(file)) => {
                    let module = types.module_frame(types.index_of(*file)?);
                    let [(bound, home)] = &*types.sources(name, module, usize::MAX) else { return None };
                    bound_text(types, *bound, *home, hops)
                }
                Value::Object(class) | Value::Class(class) => {
                    let ancestry = types.ancestry(*class);
                    let (owner, bindings) = ancestry.iter().find_map(|value| {
                        let Value::Class(owner) = value else { return None };
                        Some((*owner, types.class(*owner).fields.get(name)?))
                    })?;
                    let [binding] = bindings.as_slice() else { return None };
                    let home = types.plain(FunctionId { file: owner.file, index: binding.scope });
                    bound_text(types, binding.bound, home, hops)
                }
                _ => None,
            }
        }
        _ => None,
    }
}

fn bound_text<'a>(types: &Types<'a>, bound: Bound<'a>, home: Frame, hops: usize) -> Option<String> {
    match bound {
        Bound::Value { value: Some(value), .. } => within(types, value, home, hops),
        _ => None,
    }
}
