//! What is called on a value one after the other: `Builder::new().threads(4).build()`, in one expression or over
//! several statements.
//!
//! Decides which call a name of a function's own goes back to, by the last binding above it. Does not follow values
//! into other functions: whoever hands a builder on is not understood.

use crate::rust::syntax::{Block, Expression, Kind, Method, Path, Pattern, Statement};
use crate::source::Span;

/// How many names are followed to what they are bound to.
const MAX_NAMES: usize = 16;

/// A call of a function by its path, with what is called on what it gives.
#[derive(Debug)]
pub(super) struct Chain<'e> {
    /// The path that is called.
    pub(super) path: &'e Path,
    /// What it is given.
    pub(super) arguments: &'e [Expression],
    /// The call.
    pub(super) span: Span,
    /// The methods; the order is not kept.
    pub(super) methods: Vec<Link<'e>>,
    /// Whether somebody waits for it right there.
    pub(super) is_awaited: bool,
    /// In how many conditions and loops the call stands.
    depth: usize,
}

/// A method of a chain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'e> {
    /// The call.
    pub(super) method: &'e Method,
    /// All of the expression up to the end of it.
    pub(super) span: Span,
    /// Whether it may be left out, or be done more than once.
    pub(super) is_optional: bool,
}

/// All that a body evaluates: every call of a path with its chain, and every path.
#[derive(Debug, Default)]
pub(super) struct Walk<'e> {
    /// The calls, in the order in which they are met.
    pub(super) chains: Vec<Chain<'e>>,
    /// Every path that is mentioned.
    pub(super) paths: Vec<&'e Path>,
    /// Methods whose receiver goes back to no call of a path.
    pub(super) methods: Vec<&'e Method>,
    bound: Vec<(&'e str, &'e Expression)>,
}

impl<'e> Walk<'e> {
    /// Walks through a body.
    pub(super) fn of(body: &'e Block) -> Self {
        let mut walk = Self::default();
        walk.block(body, 0);
        walk
    }

    /// The call that a value goes back to.
    pub(super) fn origin(&self, value: &'e Expression) -> Option<&Chain<'e>> {
        let root = self.unroll(value).root?;
        self.chains.iter().find(|chain| chain.span == root.span)
    }

    /// What a name was bound to, or else the value itself.
    pub(super) fn bound_to(&self, value: &'e Expression) -> &'e Expression {
        let mut at = value;
        for _ in 0..MAX_NAMES {
            match &at.kind {
                Kind::Same(inner) => at = inner,
                Kind::Path(path) => match self.binding(path) {
                    Some(value) => at = value,
                    None => return at,
                },
                _ => return at,
            }
        }
        at
    }

    /// What the last statement in front of a name binds it to.
    fn binding(&self, path: &Path) -> Option<&'e Expression> {
        let is_meant =
            |bound: &&(&str, &Expression)| Some(bound.0) == path.name() && bound.1.span.end <= path.span.start;
        self.bound.iter().rfind(is_meant).map(|(_, value)| *value)
    }

    fn block(&mut self, block: &'e Block, depth: usize) {
        for statement in &block.statements {
            match statement {
                Statement::Let(pattern, _, value, otherwise) => {
                    for value in value.iter().chain(otherwise) {
                        self.expression(value, depth);
                    }
                    if let (Pattern::Name(name), Some(value)) = (pattern, value) {
                        self.bound.push((name, value));
                    }
                }
                Statement::Expression(value, _) => self.expression(value, depth),
            }
        }
        // What a function in a function does counts as done: it is there to be called.
        for body in block.functions.iter().filter_map(|function| function.body.as_ref()) {
            self.block(body, depth);
        }
    }

    fn expression(&mut self, value: &'e Expression, depth: usize) {
        self.note(value, depth);
        let mut each = |values: &'e [Expression], depth| values.iter().for_each(|value| self.expression(value, depth));
        match &value.kind {
            Kind::Path(path) => self.paths.push(path),
            Kind::Call(callee, arguments) => {
                each(arguments, depth);
                self.expression(callee, depth);
            }
            Kind::Method(method) => {
                each(&method.arguments, depth);
                self.expression(&method.receiver, depth);
            }
            Kind::Await(inner) | Kind::Same(inner) | Kind::Field(inner, _) | Kind::Matches(_, inner) => {
                self.expression(inner, depth);
            }
            Kind::Index(one, other) | Kind::Assign(one, other) => {
                self.expression(one, depth);
                self.expression(other, depth);
            }
            Kind::Structure(_, values) | Kind::Tuple(values) | Kind::Several(values) | Kind::Macro(_, values) => {
                each(values, depth);
            }
            Kind::Closure(closure) => self.expression(&closure.body, depth),
            Kind::Async(block) | Kind::Block(block) => self.block(block, depth),
            Kind::Loop(_, over, body) => {
                if let Some(over) = over {
                    self.expression(over, depth);
                }
                self.expression(body, depth + 1);
            }
            Kind::Choice(over, arms) => {
                self.expression(over, depth);
                for (_, guard, arm) in arms {
                    if let Some(guard) = guard {
                        self.expression(guard, depth + 1);
                    }
                    self.expression(arm, depth + 1);
                }
            }
            Kind::Unread(paths) => self.paths.extend(paths),
            Kind::Text(_) | Kind::Number(_) | Kind::Flag(_) | Kind::Other => {}
        }
    }

    /// Adds a value to the chain that it belongs to.
    fn note(&mut self, value: &'e Expression, depth: usize) {
        if !matches!(value.kind, Kind::Method(_) | Kind::Await(_) | Kind::Call(..)) {
            return;
        }
        let unrolled = self.unroll(value);
        let Some(root) = unrolled.root else {
            if let Kind::Method(method) = &value.kind {
                self.methods.push(method);
            }
            return;
        };
        let Kind::Call(callee, arguments) = &root.kind else { return };
        let Kind::Path(path) = &callee.kind else { return };
        let at = self.chains.iter().position(|chain| chain.span == root.span).unwrap_or_else(|| {
            let (span, methods) = (root.span, Vec::new());
            self.chains.push(Chain { path, arguments, span, methods, is_awaited: false, depth });
            self.chains.len() - 1
        });
        let chain = &mut self.chains[at];
        let is_optional = depth > chain.depth;
        for (method, span) in unrolled.methods {
            if chain.methods.iter().all(|known| known.method.span != method.span) {
                chain.methods.push(Link { method, span, is_optional });
            }
        }
        chain.is_awaited |= unrolled.is_awaited;
    }

    fn unroll(&self, value: &'e Expression) -> Unrolled<'e> {
        let mut unrolled = Unrolled::default();
        let (mut at, mut names) = (value, 0);
        loop {
            match &at.kind {
                Kind::Method(method) => {
                    unrolled.methods.push((method, at.span));
                    at = &method.receiver;
                }
                Kind::Await(inner) => {
                    unrolled.is_awaited = true;
                    at = inner;
                }
                Kind::Same(inner) => at = inner,
                Kind::Call(callee, _) if matches!(callee.kind, Kind::Path(_)) => {
                    unrolled.root = Some(at);
                    return unrolled;
                }
                Kind::Path(path) if names < MAX_NAMES => {
                    names += 1;
                    let Some(value) = self.binding(path) else { return unrolled };
                    at = value;
                }
                _ => return unrolled,
            }
        }
    }
}

#[derive(Default)]
struct Unrolled<'e> {
    root: Option<&'e Expression>,
    methods: Vec<(&'e Method, Span)>,
    is_awaited: bool,
}
