//! Iterators of the standard library that work only while somebody consumes them.

use std::rc::Rc;

use super::{Frame, Lazy, Types, Value};
use crate::python::calls::Parameter;
use crate::python::syntax::ast::{self, Expr};

impl<'a> Types<'a> {
    /// What a call of a lazy builtin or of `itertools` gives; `None` if it is none of them.
    pub(super) fn lazy_call(&self, name: &str, call: &'a ast::ExprCall, frame: Frame) -> Option<Vec<Value<'a>>> {
        let arguments = &*call.arguments.args;
        let value = |at: usize| arguments.get(at).map(|argument| self.value(argument, frame)).unwrap_or_default();
        let over_all = |from: usize| -> Vec<Value<'a>> {
            let rest = arguments.iter().skip(from).take(8);
            rest.flat_map(|argument| match argument {
                Expr::Starred(starred) => self.items(&self.value(&starred.value, frame)),
                other => self.value(other, frame).to_vec(),
            })
            .collect()
        };
        let (calls, over, items) = match name {
            "map" | "itertools.starmap" => {
                let each: Vec<_> = (1..arguments.len()).take(8).map(|at| self.items(&value(at))).collect();
                let given = if name == "map" { &*each } else { &[] };
                let calls: Vec<_> = value(0).iter().map(|callee| self.called_with(callee, given)).collect();
                let items = calls.iter().flat_map(|callee| self.result_of(callee)).collect();
                (calls, over_all(1), items)
            }
            "filter" | "itertools.filterfalse" | "itertools.takewhile" | "itertools.dropwhile" => {
                let over = over_all(1);
                let items = self.items(&over);
                let given = std::slice::from_ref(&items);
                let calls = value(0).iter().map(|callee| self.called_with(callee, given)).collect();
                (calls, over, items)
            }
            "enumerate" => {
                let over = value(0).to_vec();
                let items = Self::parts(vec![Rc::new([]), self.items(&over).into()]);
                (Vec::new(), over, items)
            }
            "zip" | "itertools.zip_longest" => {
                let parts = arguments.iter().take(8).map(|argument| {
                    let values = self.value(argument, frame);
                    self.items(&values).into()
                });
                let items = Self::parts(parts.collect());
                (Vec::new(), over_all(0), items)
            }
            "reversed" | "iter" | "aiter" | "itertools.islice" | "itertools.cycle" | "asyncio.as_completed" => {
                let over = value(0).to_vec();
                let items = self.items(&over);
                (Vec::new(), over, items)
            }
            "itertools.chain" => {
                let over = over_all(0);
                let items = self.items(&over);
                (Vec::new(), over, items)
            }
            "itertools.chain.from_iterable" => {
                let outer = value(0).to_vec();
                let inner = self.items(&outer);
                let items = self.items(&inner);
                (Vec::new(), outer.into_iter().chain(inner).collect(), items)
            }
            _ => return None,
        };
        let nothing = calls.is_empty() && over.is_empty() && items.is_empty();
        Some(if nothing { Vec::new() } else { vec![Value::Lazy(Rc::new(Lazy { calls, over, items }))] })
    }

    /// The function that a caller outside of the project gives elements of `iterable`, as the argument at `position`:
    /// `max(iterable, key=function)`.
    pub fn called_with_items(
        &self,
        callee: &Value<'a>,
        position: usize,
        iterable: &'a Expr,
        frame: Frame,
    ) -> Value<'a> {
        let mut given = vec![Vec::new(); position];
        given.push(self.items(&self.value(iterable, frame)));
        self.called_with(callee, &given)
    }

    /// A function together with what it is given, position by position, where its annotations say nothing.
    fn called_with(&self, callee: &Value<'a>, given: &[Vec<Value<'a>>]) -> Value<'a> {
        let Value::Function(target) = callee else { return callee.clone() };
        let function = self.function(target.function);
        // Of a method the first parameter is its object.
        if function.class.is_some() || self.bound_arguments(*target) > 0 {
            return callee.clone();
        }
        let open = |parameter: &&Parameter<'a>| !parameter.variadic && parameter.annotation.is_none();
        let mut entries = Vec::new();
        for (position, values) in (0_u16..).zip(given) {
            let is_open = function.parameters.get(usize::from(position)).as_ref().is_some_and(open);
            match &**values {
                [] => {}
                _ if !is_open => {}
                [one] => entries.push(((target.function, position), one.clone())),
                several => entries.push(((target.function, position), Value::Either(several.into()))),
            }
        }
        Value::Function(Frame { environment: self.extend(target.environment, entries), ..*target })
    }
}
