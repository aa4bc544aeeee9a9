//! Another name for something that a module binds at its top level.

use super::syntax::ast::{self, Expr, Stmt};
use super::syntax::{Module, span_of, visitor};
use crate::source::Span;
use crate::values::Order as _;

/// What to write where, so that `name` of the module is called `new` everywhere in it; `None` where something else of
/// that name is in the way, or the new one is taken.
pub fn renamed(module: &Module, name: &str, new: &str) -> Option<Vec<(Span, String)>> {
    let mut uses = Uses { name, new, found: Vec::new(), is_plain: true };
    visitor::Visitor::visit_body(&mut uses, &module.body);
    uses.found.order();
    uses.found.dedup();
    (uses.is_plain && !uses.found.is_empty()).then_some(uses.found)
}

struct Uses<'n> {
    name: &'n str,
    new: &'n str,
    found: Vec<(Span, String)>,
    is_plain: bool,
}

impl Uses<'_> {
    fn imported(&mut self, alias: &ast::Alias) {
        match &alias.asname {
            Some(own) if own.as_str() == self.name => self.found.push((span_of(own), self.new.to_owned())),
            None if alias.name.as_str() == self.name => {
                self.found.push((span_of(alias), format!("{} as {}", self.name, self.new)));
            }
            _ => {}
        }
    }

    fn in_the_way(&mut self, bound: &str) {
        self.is_plain &= bound != self.name && bound != self.new;
    }
}

impl<'a> visitor::Visitor<'a> for Uses<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        match statement {
            Stmt::Import(import) => import.names.iter().for_each(|alias| self.imported(alias)),
            Stmt::ImportFrom(import) => import.names.iter().for_each(|alias| self.imported(alias)),
            Stmt::FunctionDef(function) => self.in_the_way(&function.name),
            Stmt::ClassDef(class) => self.in_the_way(&class.name),
            Stmt::Global(global) => global.names.iter().for_each(|name| self.in_the_way(name)),
            Stmt::Nonlocal(nonlocal) => nonlocal.names.iter().for_each(|name| self.in_the_way(name)),
            // What captures bind is not followed.
            Stmt::Match(_) => self.is_plain = false,
            _ => {}
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        if let Expr::Name(name) = expr {
            if name.id == self.name {
                self.found.push((span_of(name), self.new.to_owned()));
            }
            self.is_plain &= name.id != self.new;
        }
        visitor::walk_expr(self, expr);
    }

    fn visit_parameter(&mut self, parameter: &'a ast::Parameter) {
        self.in_the_way(&parameter.name);
        visitor::walk_parameter(self, parameter);
    }

    fn visit_except_handler(&mut self, handler: &'a ast::ExceptHandler) {
        let ast::ExceptHandler::ExceptHandler(own) = handler;
        if let Some(name) = &own.name {
            self.in_the_way(name);
        }
        visitor::walk_except_handler(self, handler);
    }
}

#[cfg(test)]
mod tests {
    use super::super::syntax;
    use super::*;

    fn after(text: &str) -> Option<String> {
        let mut new = text.to_owned();
        for (span, to) in renamed(&syntax::parse(text).unwrap(), "user", "_user")?.into_iter().rev() {
            new.replace_range(span.start..span.end, &to);
        }
        Some(new)
    }

    #[test]
    fn every_use_is_renamed() {
        assert_eq!(
            after("for user in users:\n    print(f'{user}', user=user)\n").as_deref(),
            Some("for _user in users:\n    print(f'{_user}', user=_user)\n")
        );
        assert_eq!(
            after("from shop import user\nx = user.name\n").as_deref(),
            Some("from shop import user as _user\nx = _user.name\n")
        );
        assert_eq!(after("import shop as user\n").as_deref(), Some("import shop as _user\n"));
    }

    #[test]
    fn what_else_has_the_name_stands_in_the_way() {
        for text in ["user = 1\ndef f(user):\n    pass\n", "user = 1\n_user = 2\n", "x = 1\n"] {
            assert_eq!(after(text), None, "{text}");
        }
    }
}
