//! What stands around a call, as far as it decides whether `await` may stand in front of it.

use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{span_of, visitor};
use crate::source::Span;

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Around {
    /// Whether the innermost function is an `async def` and nothing in between forbids `await`.
    pub(super) may_await: bool,
    /// Whether a plain `with` around it may hold a lock.
    pub(super) holds: bool,
    /// Whether `with`, `for` or `await` takes the result as it is.
    pub(super) is_consumed: bool,
    /// What it is part of.
    pub(super) parent: Parent,
}

/// What a call is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parent {
    /// It stands alone: a statement, the value of an assignment, an argument.
    Apart,
    /// An operator, an attribute or a subscript would take hold of a part of `await f()`.
    Bound,
    /// It is decorated text, awaited already, or otherwise not to be touched.
    Fixed,
}

impl Parent {
    /// What has to stand around an `await` there.
    pub(super) const fn brackets(self) -> Option<(&'static str, &'static str)> {
        match self {
            Self::Apart => Some(("", "")),
            Self::Bound => Some(("(", ")")),
            Self::Fixed => None,
        }
    }
}

/// What stands around the call of this span.
pub(super) fn around(body: &[Stmt], span: Span) -> Option<Around> {
    let outside = Around { may_await: false, holds: false, is_consumed: false, parent: Parent::Fixed };
    let mut finder = Finder { span, now: outside, found: None };
    visitor::Visitor::visit_body(&mut finder, body);
    finder.found
}

struct Finder {
    span: Span,
    now: Around,
    found: Option<Around>,
}

impl Finder {
    fn holds(&self, span: Span) -> bool {
        span.start <= self.span.start && self.span.end <= span.end
    }

    fn within(&self, body: &[Stmt]) -> bool {
        body.iter().any(|statement| self.holds(span_of(statement)))
    }
}

impl<'a> visitor::Visitor<'a> for Finder {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if !self.holds(span_of(statement)) || self.found.is_some() {
            return;
        }
        let outer = self.now;
        self.now.parent = Parent::Apart;
        self.now.is_consumed = false;
        match statement {
            Stmt::FunctionDef(def) => {
                let inside = self.within(&def.body);
                self.now = Around { may_await: def.is_async && inside, holds: false, ..self.now };
            }
            // The body of a class runs where it stands, but has no `await` of its own.
            Stmt::ClassDef(_) => self.now.may_await = false,
            Stmt::With(with) if self.within(&with.body) => self.now.holds |= !with.is_async,
            Stmt::With(with) => {
                self.now.is_consumed = with.items.iter().any(|item| span_of(&item.context_expr) == self.span);
            }
            Stmt::For(each) => self.now.is_consumed = span_of(&*each.iter) == self.span,
            _ => {}
        }
        visitor::walk_stmt(self, statement);
        self.now = outer;
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        let own = span_of(expr);
        if !self.holds(own) || self.found.is_some() {
            return;
        }
        if own == self.span && matches!(expr, Expr::Call(_)) {
            self.found = Some(self.now);
            return;
        }
        let outer = self.now;
        self.now.parent = Parent::Bound;
        self.now.is_consumed = false;
        match expr {
            Expr::Call(call) if self.holds(span_of(&call.arguments)) => self.now.parent = Parent::Apart,
            Expr::List(_) | Expr::Tuple(_) | Expr::Set(_) | Expr::Dict(_) | Expr::Named(_) => {
                self.now.parent = Parent::Apart;
            }
            Expr::Await(_) | Expr::YieldFrom(_) | Expr::Starred(_) => self.now.is_consumed = true,
            // In a generator, `await` would turn it into an asynchronous one.
            Expr::Lambda(_) | Expr::Generator(_) => self.now.may_await = false,
            Expr::ListComp(ast::ExprListComp { generators, .. })
            | Expr::SetComp(ast::ExprSetComp { generators, .. })
            | Expr::DictComp(ast::ExprDictComp { generators, .. }) => {
                self.now.parent = Parent::Apart;
                self.now.is_consumed = generators.iter().any(|generator| span_of(&generator.iter) == self.span);
            }
            // Before 3.12 a string inside the braces must not use the quotes around it; nothing is
            // gained by trying.
            Expr::FString(_) | Expr::TString(_) => self.now.parent = Parent::Bound,
            _ => {}
        }
        visitor::walk_expr(self, expr);
        self.now = outer;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::syntax::parse;

    fn of(text: &str) -> Around {
        let start = text.find("f(").unwrap();
        let end = start + text[start..].find(')').unwrap() + 1;
        around(&parse(text).unwrap().body, Span::new(start, end)).unwrap()
    }

    #[test]
    fn await_is_allowed_only_in_the_function_itself() {
        for text in [
            "async def a():\n    f(1)\n",
            "async def a():\n    if x:\n        y = f(1)\n",
            "async def a():\n    return [f(1) for x in y]\n",
            "def b():\n    async def a():\n        f(1)\n",
        ] {
            assert!(of(text).may_await, "{text}");
        }
        for text in [
            "def a():\n    f(1)\n",
            "f(1)\n",
            "async def a():\n    def b():\n        f(1)\n",
            "async def a():\n    return lambda: f(1)\n",
            "async def a():\n    return (f(1) for x in y)\n",
            "async def a():\n    class B:\n        x = f(1)\n",
            "async def a(x=f(1)):\n    pass\n",
        ] {
            assert!(!of(text).may_await, "{text}");
        }
    }

    #[test]
    fn brackets_stand_where_something_takes_hold_of_the_result() {
        assert_eq!(of("async def a():\n    f(1)\n").parent, Parent::Apart);
        assert_eq!(of("async def a():\n    g(f(1), x=2)\n").parent, Parent::Apart);
        assert_eq!(of("async def a():\n    return f(1).json()\n").parent, Parent::Bound);
        assert_eq!(of("async def a():\n    return f(1)['x'] + 2\n").parent, Parent::Bound);
        assert_eq!(of("async def a():\n    return f(1)()\n").parent, Parent::Bound);
    }

    #[test]
    fn what_takes_the_result_as_it_is_counts_as_consuming() {
        for text in [
            "async def a():\n    with f(1) as x:\n        pass\n",
            "async def a():\n    for x in f(1):\n        pass\n",
            "async def a():\n    return [x for x in f(1)]\n",
            "async def a():\n    await f(1)\n",
        ] {
            assert!(of(text).is_consumed, "{text}");
        }
        assert!(!of("async def a():\n    with g(f(1)) as x:\n        pass\n").is_consumed);
        assert!(of("async def a():\n    with lock:\n        f(1)\n").holds);
        assert!(!of("async def a():\n    async with lock:\n        f(1)\n").holds);
    }
}
