//! What Django is told by name: the middleware of its settings.

use std::collections::BTreeSet;

use super::find::Finder;
use super::index::Entry;
use super::{Context, Form, Framework, Names, Pool, Role, Runs, Told};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{ClassId, Value};

const RUNS: Runs = Runs { plain: Context::Thread(Pool::Request), coroutine: Context::Loop };
const METHODS: Names = &["__call__", "__acall__", "process_view", "process_exception", "process_template_response"];

/// Middleware that the settings name.
static MIDDLEWARE: Form = RUNS.form(Told::Field { bases: &[], names: &["MIDDLEWARE"] }, Role::Middleware);

impl<'a> Finder<'_, 'a> {
    /// Adds the middleware that settings among these modules name.
    pub(super) fn settings(&mut self, modules: &[u32]) {
        let mut named = BTreeSet::new();
        for &file in modules {
            let facts = self.types.facts_at(file);
            let bindings = facts.functions[0].bindings.get("MIDDLEWARE");
            for binding in bindings.into_iter().flatten() {
                if let Bound::Value { value: Some(value), .. } = binding.bound {
                    strings(value, &mut named);
                }
            }
        }
        for name in named {
            let Some((module, object)) = name.rsplit_once('.') else { continue };
            let Some(module) = self.types.modules().find(module, None) else { continue };
            for value in self.types.module_attribute(&module, object) {
                self.add_middleware(&value);
            }
        }
    }

    fn add_middleware(&mut self, value: &Value<'a>) {
        let entry = Entry { framework: Framework::Django, form: &MIDDLEWARE };
        match value {
            Value::Class(class) => {
                // Such a class is called on the loop and returns what there is to await.
                let plain = if self.says(*class, "async_capable") { Context::Loop } else { RUNS.plain };
                for name in METHODS {
                    let plain = if *name == "__call__" { plain } else { RUNS.plain };
                    self.add_method(*class, name, entry, plain, None);
                }
            }
            Value::Function(maker) => self.add_returned(*maker, entry),
            _ => {}
        }
    }

    /// Whether a class sets an attribute to a literal `True`.
    fn says(&self, class: ClassId, name: &str) -> bool {
        let fields = self.types.class(class).fields.get(name);
        fields.into_iter().flatten().any(|binding| {
            matches!(binding.bound, Bound::Value { value: Some(Expr::BooleanLiteral(literal)), .. } if literal.value)
        })
    }
}

fn strings<'a>(expr: &'a Expr, found: &mut BTreeSet<&'a str>) {
    match expr {
        Expr::StringLiteral(text) => {
            found.insert(text.value.to_str());
        }
        Expr::List(list) => list.elts.iter().for_each(|element| strings(element, found)),
        Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| strings(element, found)),
        Expr::BinOp(ast::ExprBinOp { left, right, .. }) => {
            strings(left, found);
            strings(right, found);
        }
        _ => {}
    }
}
