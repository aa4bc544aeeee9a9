//! Which parts of a function run only if a condition holds, and which parameters such conditions ask about.
//!
//! Says nothing about whether a condition holds: that depends on who calls.

use super::development::is_development;
use super::guards::{breaks, leaves};
use super::{Reader, last_name};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::span_of;
use crate::source::Span;

/// How deep conditions are looked into.
const MAX_DEPTH: usize = 24;

/// Methods of texts whose result depends on the text alone.
const ASKS_TEXT: [&str; 8] = ["startswith", "endswith", "lower", "upper", "casefold", "strip", "split", "rsplit"];
/// How many assignments of one name are looked at for what it stands for.
const MAX_ASSIGNED: usize = 4;

/// A part of a function that runs only if a condition came out one way.
#[derive(Debug, Clone, Copy)]
pub struct Condition<'a> {
    /// The part.
    pub region: Span,
    /// The condition.
    pub test: &'a Expr,
    /// How it came out.
    pub holds: bool,
    /// Whether it comes out so only while the project is being developed.
    pub in_development: bool,
}

/// How much a condition asks about a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Interest {
    /// Nothing.
    #[default]
    None,
    /// Whether it is true, or `None`.
    Truth,
    /// What it is equal to.
    Value,
}

/// A parameter that is given to another function as it is.
#[derive(Debug, Clone, Copy)]
pub struct Forwarded<'a> {
    /// The parameter.
    pub name: &'a str,
    /// The last name of what is called.
    pub callee: &'a str,
    /// As which argument.
    pub slot: Slot<'a>,
}

/// Which argument of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slot<'a> {
    /// By position.
    Position(usize),
    /// By keyword.
    Keyword(&'a str),
}

impl<'a> Reader<'a> {
    /// `region` runs only if `test` came out as `holds`.
    pub(super) fn only_if(&mut self, region: Span, test: &'a Expr, holds: bool) {
        let mut names = Vec::new();
        let mut attributes = Vec::new();
        asked(test, Interest::Truth, &mut names, &mut attributes, 0);
        let in_development = is_development(test, holds);
        if region.start >= region.end || (names.is_empty() && attributes.is_empty() && !in_development) {
            return;
        }
        self.assigned_from(&mut names);
        for (attribute, interest) in attributes {
            let known = self.facts.asked.entry(attribute).or_default();
            *known = interest.max(*known);
        }
        // Functions inside see the parameters of those around them.
        let mut index = self.function;
        loop {
            let function = &mut self.facts.functions[index as usize];
            for &(name, interest) in &names {
                if function.parameters.iter().any(|known| known.name == name) {
                    let known = function.asked.entry(name).or_default();
                    *known = interest.max(*known);
                }
            }
            if index == 0 {
                break;
            }
            index = function.parent;
        }
        self.current().conditions.push(Condition { region, test, holds, in_development });
    }

    /// A loop over what a mapping keeps under a parameter runs for what was put there under the same one:
    /// `for listener in self.listeners[event]`.
    pub(super) fn only_under(&mut self, iterable: &'a Expr) {
        let function = &mut self.facts.functions[self.function as usize];
        let keys: Vec<&str> = match iterable {
            Expr::Name(name) => {
                let bindings = function.bindings.get(name.id.as_str()).into_iter().flatten().take(MAX_ASSIGNED);
                let values = bindings.filter_map(|binding| match binding.bound {
                    Bound::Value { value, .. } => value,
                    _ => None,
                });
                values.filter_map(key).collect()
            }
            other => key(other).into_iter().collect(),
        };
        for name in keys {
            if function.parameters.iter().any(|known| known.name == name) {
                function.asked.insert(name, Interest::Value);
            }
        }
    }

    /// Adds what the names that a condition asks about were made of: `kind = given or "a"`.
    fn assigned_from(&self, names: &mut Vec<(&'a str, Interest)>) {
        let bindings = &self.facts.functions[self.function as usize].bindings;
        for (name, interest) in names.clone() {
            for binding in bindings.get(name).into_iter().flatten().take(MAX_ASSIGNED) {
                if let Bound::Value { value: Some(value), .. } = binding.bound {
                    asked(value, interest, names, &mut Vec::new(), 0);
                }
            }
        }
    }

    /// The branches of an `if`, each of which rules out those after it.
    pub(super) fn branches(&mut self, stmt: &'a ast::StmtIf) {
        let end = span_of(stmt).end;
        let first = (Some(&*stmt.test), stmt.body.as_slice());
        let others = stmt.elif_else_clauses.iter().map(|clause| (clause.test.as_ref(), clause.body.as_slice()));
        for (test, body) in std::iter::once(first).chain(others) {
            if let (Some(test), Some(first), Some(last)) = (test, body.first(), body.last()) {
                self.only_if(Span::new(span_of(first).start, span_of(last).end), test, true);
                self.only_if(Span::new(span_of(last).end, end), test, false);
            }
        }
    }

    /// What follows `stmt` up to `end`, where a branch of it leaves, or it fails.
    pub(super) fn afterwards(&mut self, stmt: &'a Stmt, end: usize) {
        let rest = |body: &[Stmt]| {
            let returns = body.last().is_some_and(|last| !matches!(last, Stmt::Raise(_)));
            let outer = self.blocks.last().map_or(end, |block| block.end);
            // Whoever raises may be caught by a `with` around it.
            Span::new(span_of(stmt).end, if returns { outer.max(end) } else { end })
        };
        match stmt {
            Stmt::If(choice) => {
                if always_leaves(&choice.body) {
                    self.only_if(rest(&choice.body), &choice.test, false);
                } else if let [clause] = choice.elif_else_clauses.as_slice()
                    && clause.test.is_none()
                    && always_leaves(&clause.body)
                {
                    self.only_if(rest(&clause.body), &choice.test, true);
                }
            }
            Stmt::While(repeated) if !breaks(&repeated.body) => {
                self.only_if(Span::new(span_of(stmt).end, end), &repeated.test, false);
            }
            Stmt::Assert(assert) => self.only_if(Span::new(span_of(stmt).end, end), &assert.test, true),
            _ => {}
        }
    }

    /// `a and b` asks for `b` only if `a` is true, `a or b` only if it is not.
    pub(super) fn operands(&mut self, operation: &'a ast::ExprBoolOp) {
        let end = span_of(operation).end;
        if let Some(first) = operation.values.first() {
            self.current().detours.push(Span::new(span_of(first).end, end));
        }
        for operand in &operation.values {
            self.only_if(Span::new(span_of(operand).end, end), operand, operation.op == ast::BoolOp::And);
        }
    }

    /// The parameters that a call hands on.
    pub(super) fn forwards(&mut self, call: &'a ast::ExprCall) {
        let callee = last_name(&call.func);
        let by_position = call.arguments.args.iter().take_while(|argument| !argument.is_starred_expr());
        let by_position = by_position.enumerate().map(|(i, argument)| (Slot::Position(i), argument));
        let by_keyword = call.arguments.keywords.iter().filter_map(|keyword| {
            let name = keyword.arg.as_ref()?;
            Some((Slot::Keyword(name.as_str()), &keyword.value))
        });
        for (slot, argument) in by_position.chain(by_keyword) {
            let mut names = Vec::new();
            if matches!(argument, Expr::Name(_) | Expr::UnaryOp(_) | Expr::BoolOp(_) | Expr::Compare(_) | Expr::If(_)) {
                asked(argument, Interest::Truth, &mut names, &mut Vec::new(), 0);
            }
            for (name, _) in names {
                self.forward(name, callee, slot);
            }
        }
    }

    fn forward(&mut self, name: &'a str, callee: &'a str, slot: Slot<'a>) {
        let mut index = self.function;
        while index != 0 {
            let function = &mut self.facts.functions[index as usize];
            if function.parameters.iter().any(|parameter| parameter.name == name) {
                function.forwarded.push(Forwarded { name, callee, slot });
                return;
            }
            index = function.parent;
        }
    }
}

/// Whether a block never reaches its end.
fn always_leaves(body: &[Stmt]) -> bool {
    match body.last() {
        Some(Stmt::With(with)) => always_leaves(&with.body) && !matches!(with.body.last(), Some(Stmt::Raise(_))),
        Some(last) => leaves(last),
        None => false,
    }
}

/// The name under which something is looked up in a mapping.
fn key(lookup: &Expr) -> Option<&str> {
    let key = match lookup {
        Expr::Subscript(part) => &*part.slice,
        Expr::Call(call) => match &*call.func {
            Expr::Attribute(method) if method.attr.as_str() == "get" => call.arguments.args.first()?,
            Expr::Name(_) => return key(call.arguments.args.first()?),
            _ => return None,
        },
        _ => return None,
    };
    key.as_name_expr().map(|name| name.id.as_str())
}

/// The names and the attributes that a condition asks about.
fn asked<'a>(
    test: &'a Expr,
    interest: Interest,
    names: &mut Vec<(&'a str, Interest)>,
    attributes: &mut Vec<(&'a str, Interest)>,
    depth: usize,
) {
    if depth > MAX_DEPTH {
        return;
    }
    if let Expr::Call(call) = test
        && let Expr::Attribute(method) = &*call.func
    {
        attributes.push((method.attr.as_str(), Interest::None));
    }
    let mut within = |expr: &'a Expr, interest| asked(expr, interest, names, attributes, depth + 1);
    match test {
        Expr::Name(name) => names.push((name.id.as_str(), interest)),
        Expr::Attribute(attribute) => {
            let is_own = matches!(&*attribute.value, Expr::Name(object) if object.id.as_str() == "self");
            attributes.push((attribute.attr.as_str(), if is_own { interest } else { Interest::None }));
        }
        Expr::UnaryOp(operation) => within(&operation.operand, interest),
        // `select.select([pipe], [], [], 0)[0]`
        Expr::Subscript(part) if part.value.is_call_expr() => within(&part.value, Interest::None),
        Expr::BoolOp(operation) => operation.values.iter().for_each(|value| within(value, interest)),
        Expr::Named(walrus) => within(&walrus.value, interest),
        Expr::Compare(compare) => {
            let is_none = |expr: &Expr| matches!(expr, Expr::NoneLiteral(_));
            let asks_none = is_none(&compare.left) || compare.comparators.iter().any(is_none);
            let interest = if asks_none { Interest::Truth } else { Interest::Value };
            within(&compare.left, interest);
            compare.comparators.iter().for_each(|other| within(other, interest));
        }
        Expr::If(choice) => {
            for part in [&choice.test, &choice.body, &choice.orelse] {
                within(part, interest);
            }
        }
        Expr::Call(call) => {
            match &*call.func {
                Expr::Attribute(method) if ASKS_TEXT.contains(&method.attr.as_str()) => {
                    within(&method.value, Interest::Value);
                }
                _ => {}
            }
            match call.arguments.args.first() {
                // Of what type a literal is.
                Some(first) if last_name(&call.func) == "isinstance" => within(first, Interest::Value),
                Some(first) => within(first, interest),
                // A function of the project may only ask whether a loop runs.
                None => names.extend(call.func.as_name_expr().map(|callee| (callee.id.as_str(), Interest::None))),
            }
        }
        _ => {}
    }
}
