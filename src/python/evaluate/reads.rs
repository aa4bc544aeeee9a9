//! What a piece of code mentions, without following it: the names it binds, reads and declares.

use std::collections::BTreeSet;

use super::super::syntax::ast::{self, Expr, ExprContext, Stmt};
use super::super::syntax::visitor::{self, Visitor};
use super::cell::Text;

/// The names in some statements.
#[derive(Debug, Default, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub(super) struct Touched {
    /// Bound in the scope of the statements themselves.
    pub(super) stored: BTreeSet<Text>,
    /// Read, also inside nested functions.
    pub(super) loaded: BTreeSet<Text>,
    /// Declared `global`, also inside nested functions.
    pub(super) global: BTreeSet<Text>,
    /// Declared `nonlocal`, also inside nested functions.
    pub(super) nonlocal: BTreeSet<Text>,
    /// Whether the scope itself has a `yield` or `await`.
    pub(super) suspends: bool,
    /// Whether the statements may leave the block early.
    pub(super) jumps: bool,
    /// Whether they may return from the function.
    pub(super) returns: bool,
    /// Names whose elements are set, or of which a method is called that changes what it belongs to.
    pub(super) changed: BTreeSet<Text>,
    /// Whether that is done to something that is called `environ`.
    pub(super) environ: bool,
    /// Names through which a method is called, or something is set, that may change an object behind them.
    pub(super) handled: BTreeSet<Text>,
}

/// Methods of a dict that change it.
const CHANGING: [&str; 6] = ["update", "setdefault", "pop", "popitem", "clear", "__setitem__"];

/// Methods that only tell something.
const TELLING: [&str; 10] =
    ["items", "keys", "values", "get", "lower", "upper", "strip", "split", "startswith", "endswith"];

impl Touched {
    /// What a block of statements mentions.
    pub(super) fn block(body: &[Stmt]) -> Self {
        let mut touched = Self::default();
        touched.add(body);
        touched
    }

    /// Adds what more statements mention.
    pub(super) fn add(&mut self, body: &[Stmt]) {
        for stmt in body {
            self.visit_stmt(stmt);
        }
    }

    /// What an expression mentions.
    pub(super) fn expression(expr: &Expr) -> Self {
        let mut touched = Self::default();
        touched.visit_expr(expr);
        touched
    }

    /// Adds what one `for` of a comprehension mentions.
    pub(super) fn add_comprehension(&mut self, comprehension: &ast::Comprehension) {
        self.visit_comprehension(comprehension);
    }

    fn nested(&mut self, visit: impl FnOnce(&mut Self)) {
        let mut inner = Self::default();
        visit(&mut inner);
        absorb(&mut self.loaded, inner.loaded);
        absorb(&mut self.global, inner.global);
        absorb(&mut self.nonlocal, inner.nonlocal);
        absorb(&mut self.changed, inner.changed);
        absorb(&mut self.handled, inner.handled);
        self.environ |= inner.environ;
    }

    /// Something changes what an expression stands for.
    fn change(&mut self, of: &Expr) {
        match of {
            Expr::Name(name) => {
                self.environ |= name.id.as_str() == "environ";
                self.changed.insert(name.id.as_str().into());
            }
            Expr::Attribute(attribute) => self.environ |= attribute.attr.as_str() == "environ",
            _ => {}
        }
    }

    /// Something happens to what is reached through the first name of an expression.
    fn handle(&mut self, mut of: &Expr) {
        loop {
            of = match of {
                Expr::Attribute(attribute) => &attribute.value,
                Expr::Subscript(subscript) => &subscript.value,
                Expr::Name(name) => {
                    self.handled.insert(name.id.as_str().into());
                    return;
                }
                _ => return,
            };
        }
    }

    fn store(&mut self, name: &str) {
        self.stored.insert(name.into());
    }

    /// The parameter's default and annotation belong to the scope outside.
    fn parameters(&mut self, parameters: &ast::Parameters) {
        for parameter in parameters.iter_non_variadic_params() {
            if let Some(default) = parameter.default() {
                self.visit_expr(default);
            }
        }
    }
}

/// Adds names to a set, in a time that goes with the smaller of both: a file may have thousands of functions.
fn absorb(names: &mut BTreeSet<Text>, mut others: BTreeSet<Text>) {
    if names.len() < others.len() {
        std::mem::swap(names, &mut others);
    }
    names.extend(others);
}

impl<'a> Visitor<'a> for Touched {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                self.store(&def.name);
                for decorator in &def.decorator_list {
                    self.visit_decorator(decorator);
                }
                self.parameters(&def.parameters);
                self.nested(|inner| inner.visit_body(&def.body));
            }
            Stmt::ClassDef(def) => {
                self.store(&def.name);
                for decorator in &def.decorator_list {
                    self.visit_decorator(decorator);
                }
                if let Some(arguments) = &def.arguments {
                    self.visit_arguments(arguments);
                }
                self.nested(|inner| inner.visit_body(&def.body));
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let bound = alias.asname.as_ref().map_or_else(
                        || alias.name.as_str().split('.').next().unwrap_or_default(),
                        ast::Identifier::as_str,
                    );
                    self.store(bound);
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    self.store(alias.asname.as_ref().unwrap_or(&alias.name));
                }
            }
            Stmt::Global(global) => self.global.extend(global.names.iter().map(|name| name.as_str().into())),
            Stmt::Nonlocal(nonlocal) => self.nonlocal.extend(nonlocal.names.iter().map(|name| name.as_str().into())),
            Stmt::Return(_) | Stmt::Raise(_) | Stmt::Break(_) | Stmt::Continue(_) => {
                self.jumps = true;
                self.returns |= matches!(stmt, Stmt::Return(_));
                visitor::walk_stmt(self, stmt);
            }
            Stmt::AugAssign(assign) => {
                self.change(&assign.target);
                visitor::walk_stmt(self, stmt);
            }
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => match name.ctx {
                ExprContext::Store | ExprContext::Del => self.store(&name.id),
                ExprContext::Load | ExprContext::Invalid => {
                    self.loaded.insert(name.id.as_str().into());
                }
            },
            Expr::Lambda(lambda) => {
                if let Some(parameters) = &lambda.parameters {
                    self.parameters(parameters);
                }
                self.nested(|inner| inner.visit_expr(&lambda.body));
            }
            Expr::Subscript(subscript) => {
                if !matches!(subscript.ctx, ExprContext::Load) {
                    self.change(&subscript.value);
                }
                visitor::walk_expr(self, expr);
            }
            Expr::Call(call) => {
                match call.func.as_ref() {
                    Expr::Attribute(method) => {
                        if CHANGING.contains(&method.attr.as_str()) {
                            self.change(&method.value);
                        }
                        if !TELLING.contains(&method.attr.as_str()) {
                            self.handle(&method.value);
                        }
                    }
                    Expr::Name(function) if function.id.as_str() == "setattr" => {
                        call.arguments.args.first().into_iter().for_each(|object| self.handle(object));
                    }
                    _ => {}
                }
                visitor::walk_expr(self, expr);
            }
            Expr::Attribute(attribute) if !matches!(attribute.ctx, ExprContext::Load) => {
                self.handle(&attribute.value);
                visitor::walk_expr(self, expr);
            }
            Expr::Yield(_) | Expr::YieldFrom(_) | Expr::Await(_) => {
                self.suspends = true;
                visitor::walk_expr(self, expr);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }

    /// The targets live in a scope of their own.
    fn visit_comprehension(&mut self, comprehension: &'a ast::Comprehension) {
        self.visit_expr(&comprehension.iter);
        for condition in &comprehension.ifs {
            self.visit_expr(condition);
        }
    }

    fn visit_except_handler(&mut self, handler: &'a ast::ExceptHandler) {
        let ast::ExceptHandler::ExceptHandler(inner) = handler;
        if let Some(name) = &inner.name {
            self.store(name);
        }
        visitor::walk_except_handler(self, handler);
    }

    fn visit_pattern(&mut self, pattern: &'a ast::Pattern) {
        let captured = match pattern {
            ast::Pattern::MatchAs(pattern) => pattern.name.as_ref(),
            ast::Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            ast::Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
            _ => None,
        };
        if let Some(name) = captured {
            self.store(name);
        }
        visitor::walk_pattern(self, pattern);
    }
}

/// Whether an expression is a plain literal: a number (signed or not), one string without
/// interpolation, a truth value, `None`, or a display of such.
pub(super) fn is_literal(expr: &Expr) -> bool {
    match expr {
        Expr::NumberLiteral(_) | Expr::BooleanLiteral(_) | Expr::NoneLiteral(_) | Expr::StringLiteral(_) => true,
        Expr::UnaryOp(unary) => {
            matches!(unary.op, ast::UnaryOp::USub | ast::UnaryOp::UAdd)
                && matches!(unary.operand.as_ref(), Expr::NumberLiteral(_))
        }
        Expr::List(list) => list.elts.iter().all(is_literal),
        Expr::Tuple(tuple) => tuple.elts.iter().all(is_literal),
        Expr::Set(set) => set.elts.iter().all(is_literal),
        Expr::Dict(dict) => {
            dict.items.iter().all(|item| item.key.as_ref().is_some_and(is_literal) && is_literal(&item.value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::syntax::parse;
    use super::*;

    #[test]
    fn functions_add_what_they_read_to_what_is_read_around_them() {
        let many: String =
            (0..20_000).fold(String::new(), |all, at| all + &format!("def f{at}(a=b):\n    return c{at}\n"));
        let parsed = parse(&many).unwrap();
        let touched = Touched::block(&parsed.body);
        assert_eq!(touched.stored.len(), 20_000);
        // With the name of the default.
        assert_eq!(touched.loaded.len(), 20_001);
        let one = parse("def f():\n    global g\n    h = i\n    def inner():\n        nonlocal h\n        h[0] = j\n")
            .unwrap();
        let touched = Touched::block(&one.body);
        let names = |names: &BTreeSet<Text>| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
        assert_eq!(names(&touched.stored), "f");
        assert_eq!(names(&touched.loaded), "h i j");
        assert_eq!((names(&touched.global), names(&touched.nonlocal)), ("g".to_owned(), "h".to_owned()));
    }
}
