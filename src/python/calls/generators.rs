//! Generator expressions: functions without a name, which run when somebody iterates.

use super::{EventKind, Function, Reader};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::{span_of, visitor};

/// Callables that run through a generator expression at once, so that it is part of the function.
const EAGER: [&str; 17] = [
    "all",
    "any",
    "array",
    "Counter",
    "deque",
    "dict",
    "extend",
    "frozenset",
    "fsum",
    "join",
    "list",
    "max",
    "min",
    "set",
    "sorted",
    "sum",
    "tuple",
];

/// Whether a callee consumes what it is given before it returns.
pub(super) fn is_eager(callee: &Expr) -> bool {
    match callee {
        Expr::Attribute(attribute) => EAGER.contains(&attribute.attr.as_str()),
        Expr::Name(name) => EAGER.contains(&name.id.as_str()),
        _ => false,
    }
}

impl<'a> Reader<'a> {
    /// The first iterable is made where the expression stands, everything else when it is consumed.
    pub(super) fn generator(&mut self, generator: &'a ast::ExprGenerator) {
        let Some(first) = generator.generators.first() else {
            return;
        };
        visitor::Visitor::visit_expr(self, &first.iter);
        let span = span_of(generator);
        let index = Self::index(self.facts.functions.len());
        let mut function = Function::new("<genexpr>", self.qualified("<genexpr>"), span, self.function);
        function.is_generator = true;
        function.yields = vec![&generator.elt];
        function.is_async = generator.generators.iter().any(|part| part.is_async);
        self.facts.functions.push(function);
        self.facts.generators.insert(span.start, index);
        self.inside(index, span, |reader| reader.parts(generator));
        let awaits = self.facts.functions[index as usize].awaits;
        self.current().awaits |= awaits;
    }

    fn parts(&mut self, generator: &'a ast::ExprGenerator) {
        for (i, part) in generator.generators.iter().enumerate() {
            let iterable: &'a Expr = &part.iter;
            if i > 0 {
                self.asynchronously(iterable, part.is_async);
            }
            self.event(EventKind::Iterate(iterable, part.is_async), span_of(iterable));
            self.bind_target(&part.target, Bound::Item(iterable), span_of(generator).start);
            part.ifs.iter().for_each(|condition| self.test(condition));
        }
        visitor::Visitor::visit_expr(self, &generator.elt);
    }
}
