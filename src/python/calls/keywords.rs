//! What functions read by name out of their `**kwargs`: `kwargs.get("timeout")`, `kwargs.pop("timeout", None)`.

use super::{Function, Reader};
use crate::python::syntax::ast::{self, Expr};

/// How many names of one function are remembered.
const MAX_NAMES: usize = 16;

impl<'a> Reader<'a> {
    /// Remembers the name that a call reads.
    pub(super) fn reads_keyword(&mut self, call: &'a ast::ExprCall) {
        let function = self.current();
        if let Some(name) = keyword_read(function, call).filter(|name| !function.keywords.contains(name))
            && function.keywords.len() < MAX_NAMES
        {
            function.keywords.push(name);
        }
    }
}

/// The name of the keyword argument that a call of this function takes out of its `**kwargs`.
pub fn keyword_read<'a>(function: &Function<'_>, call: &'a ast::ExprCall) -> Option<&'a str> {
    let Expr::Attribute(method) = &*call.func else { return None };
    let Expr::Name(mapping) = &*method.value else { return None };
    let is_it = function.parameters.last().is_some_and(|last| last.keywords && last.name == mapping.id.as_str());
    match call.arguments.args.first() {
        Some(Expr::StringLiteral(name)) if is_it && matches!(method.attr.as_str(), "get" | "pop") => {
            Some(name.value.to_str())
        }
        _ => None,
    }
}
