//! Tables that are written out in the text, so that whatever is computed of them takes no time.

use super::expand::Work;
use crate::python::calls::last_name;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};

/// How deep displays and names are followed.
const MAX_DEPTH: u8 = 6;
/// How many elements a display may have that is small.
const MAX_ELEMENTS: usize = 64;
/// Classes of tables.
const TABLES: [&str; 2] = ["DataFrame", "Series"];

impl<'a> Work<'_, 'a> {
    /// Whether an object is a table of literals alone: `pd.DataFrame([{"Question": "", "Answer": ""}])`.
    pub(super) fn is_small_table(&self, object: &'a Expr) -> bool {
        match object {
            Expr::Call(call) => {
                TABLES.contains(&last_name(&call.func))
                    && call.arguments.args.first().is_some_and(|rows| self.is_written_out(rows, 0))
            }
            Expr::Name(name) => {
                self.bound_once(name).is_some_and(|made| !made.is_name_expr() && self.is_small_table(made))
            }
            _ => false,
        }
    }

    fn is_written_out(&self, expr: &'a Expr, depth: u8) -> bool {
        let all = |elements: &'a [Expr]| {
            elements.len() <= MAX_ELEMENTS && elements.iter().all(|one| self.is_written_out(one, depth + 1))
        };
        match expr {
            _ if depth > MAX_DEPTH => false,
            Expr::List(list) => all(&list.elts),
            Expr::Tuple(tuple) => all(&tuple.elts),
            Expr::Dict(dict) => {
                dict.items.len() <= MAX_ELEMENTS
                    && dict.items.iter().all(|item| {
                        item.key.as_ref().is_some_and(Expr::is_literal_expr)
                            && self.is_written_out(&item.value, depth + 1)
                    })
            }
            Expr::Name(name) => self.bound_once(name).is_some_and(|value| self.is_written_out(value, depth + 1)),
            other => other.is_literal_expr(),
        }
    }

    /// What a name of the function is given, once, and not filled with anything later.
    fn bound_once(&self, name: &ast::ExprName) -> Option<&'a Expr> {
        let name = name.id.as_str();
        let function = self.types.function(self.frame.function);
        let facts = self.types.facts_at(self.frame.function.file);
        if function.changed.contains(name) || facts.fills.contains_key(name) {
            return None;
        }
        match function.bindings.get(name)?.as_slice() {
            [only] => match only.bound {
                Bound::Value { value, .. } => value,
                _ => None,
            },
            _ => None,
        }
    }
}
