//! What somebody else is given of a function: below some of its decorators, inside a wrapper, with an
//! argument that is known from elsewhere.

use super::{Frame, FunctionId, Types, Value};
use crate::python::syntax::ast::Expr;

/// How many wrappers are looked through.
const MAX_WRAPPERS: usize = 8;

impl<'a> Types<'a> {
    /// What the decorators below the one at `index` leave of a function: what that one is applied to.
    /// Nothing, where they move the function to a thread.
    pub fn decorated_below(&self, frame: Frame, index: usize) -> Vec<Value<'a>> {
        let around = self.around(frame);
        let below = self.function(frame.function).decorators.get(index + 1..).unwrap_or_default();
        let mut current = vec![Value::Function(frame)];
        for decorator in below.iter().rev() {
            current = self.apply(&decorator.expression, around, current);
        }
        current
    }

    /// The function that a wrapper was made for: what the decorator around it was given. The innermost
    /// one, where it is a wrapper as well.
    pub fn wrapped(&self, wrapper: Frame) -> Option<Frame> {
        let mut found = None;
        let mut frame = wrapper;
        for _ in 0..MAX_WRAPPERS {
            let Some(inner) = self.given_around(frame) else { break };
            found = Some(inner);
            frame = inner;
        }
        found
    }

    /// The function that one of the functions around this one was given as its first argument, that of a method
    /// behind its object.
    pub(super) fn given_around(&self, frame: Frame) -> Option<Frame> {
        let mut outer = self.around(frame).function;
        while outer.index != 0 {
            let is_method = self.function(outer).class.is_some();
            let given = (0..=u16::from(is_method)).filter_map(|at| self.argument(frame, outer, at));
            for value in given {
                if let Value::Function(inner) = value
                    && inner.function != frame.function
                {
                    return Some(inner);
                }
            }
            outer.index = self.function(outer).parent;
        }
        None
    }

    /// The wrappers that a decorator has made of functions, where one of them is found that does not tell whose it is:
    /// `cls.routes.append((path, wrapper))` inside of the decorator.
    pub fn made_for_each(&self, wrapper: Frame) -> Vec<Frame> {
        let own = self.function(wrapper.function);
        let maker = self.function(FunctionId { index: own.parent, ..wrapper.function });
        let returns =
            maker.results.iter().any(|result| matches!(result, Expr::Name(name) if name.id.as_str() == own.name));
        if own.parent == 0 || maker.parameters.is_empty() || !returns || self.given_around(wrapper).is_some() {
            return Vec::new();
        }
        let mut decorated: Vec<FunctionId> = self.sites().decorated.values().flatten().copied().collect();
        decorated.sort_unstable();
        decorated.dedup();
        let mut found = Vec::new();
        for id in decorated {
            for value in self.decorated(self.plain(id)).iter() {
                if let Value::Function(made) = *value
                    && made.function == wrapper.function
                    && self.given_around(made).is_some()
                {
                    found.push(made);
                }
            }
        }
        found
    }

    /// A function with an argument that is known from one of its callers.
    pub fn with_known(&self, frame: Frame, position: u16, value: Value<'a>) -> Frame {
        let environment = self.extend(frame.environment, vec![((frame.function, position), value)]);
        Frame { environment, ..frame }
    }
}
