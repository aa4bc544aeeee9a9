//! What a function of the project does with one of its parameters that can be called, or awaited.

use super::super::syntax::{Expression, Function, Kind, Path, Statement};
use super::arguments::{Fate, of_library, of_method, peeled};
use super::macros::{self, MAX_NESTED, Reading};
use super::walk::Walker;
use crate::source::Span;

/// How far a function hands on what it is handed.
const MAX_STEPS: usize = 6;

impl Walker<'_> {
    /// What a function of the project does with one of its parameters.
    pub(super) fn fate_in(&self, function: usize, parameter: usize) -> Fate {
        self.fate_within(function, parameter, 0)
    }

    fn fate_within(&self, function: usize, parameter: usize, steps: usize) -> Fate {
        let defined = &self.workspace.functions[function];
        let name = defined.item.parameters.get(parameter).and_then(|one| one.pattern.name());
        let (Some(name), true) = (name, steps < MAX_STEPS) else { return Fate::Unknown };
        let mut scan = Scan {
            walker: self,
            module: defined.module,
            name,
            steps,
            nested: 0,
            in_thread: false,
            found: Fate::Unknown,
        };
        scan.function(&defined.item);
        scan.found
    }
}

/// Looks for what is done with a name.
struct Scan<'s, 'w> {
    walker: &'s Walker<'w>,
    module: usize,
    name: &'s str,
    steps: usize,
    /// How many macros of the project stand around what is looked at now.
    nested: usize,
    in_thread: bool,
    found: Fate,
}

impl Scan<'_, '_> {
    fn function(&mut self, function: &Function) {
        for statement in function.body.iter().flat_map(|body| &body.statements) {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Statement) {
        match statement {
            Statement::Let(_, _, value, otherwise) => {
                for value in value.iter().chain(otherwise) {
                    self.value(value);
                }
            }
            Statement::Expression(value, _) => self.value(value),
        }
    }

    fn is_it(&self, value: &Expression) -> bool {
        matches!(&peeled(value).kind, Kind::Path(path) if path.name() == Some(self.name))
    }

    fn note(&mut self, fate: Fate) {
        let fate = if self.in_thread && fate == Fate::Here { Fate::Thread } else { fate };
        self.found = self.found.max(fate);
    }

    fn handed(&mut self, arguments: &[Expression], fate: impl Fn(&Self, usize) -> Fate) {
        for (at, argument) in arguments.iter().enumerate() {
            let is_it = self.is_it(argument);
            // What is handed anything else is not gone into.
            let fate = if is_it || is_deferred(argument) { fate(self, at) } else { Fate::Unknown };
            if is_it {
                self.note(fate);
            } else {
                // What nobody knows who runs, may run anywhere.
                let elsewhere = matches!(fate, Fate::Thread | Fate::Unknown) && is_deferred(argument);
                let in_thread = self.in_thread || elsewhere;
                let outer = std::mem::replace(&mut self.in_thread, in_thread);
                self.value(argument);
                self.in_thread = outer;
            }
        }
    }

    fn macro_call(&mut self, path: &Path, values: &[Expression], site: Span) {
        let outer = self.in_thread;
        match macros::read(self.walker.workspace, self.module, path, values, site, &self.walker.left) {
            Reading::Expanded(expanded) if self.nested < MAX_NESTED => {
                self.nested += 1;
                self.value(&expanded);
                self.nested -= 1;
                return;
            }
            Reading::InPlace => {}
            Reading::Expanded(_) | Reading::Unknown => self.in_thread = true,
        }
        for value in values {
            // A future among the arguments of `join!` and its kin is polled.
            if self.is_it(value) {
                self.note(Fate::Here);
            }
            self.value(value);
        }
        self.in_thread = outer;
    }

    fn value(&mut self, value: &Expression) {
        match &value.kind {
            Kind::Call(callee, arguments) => {
                if self.is_it(callee) {
                    self.note(Fate::Here);
                }
                let Kind::Path(path) = &callee.kind else {
                    self.value(callee);
                    return self.handed(arguments, |_, _| Fate::Unknown);
                };
                let meanings = self.walker.workspace.meanings(self.module, path);
                let fate = |scan: &Self, at: usize| {
                    let each = meanings.iter().map(|meaning| match meaning {
                        super::Meaning::Function(function) => scan.walker.fate_within(*function, at, scan.steps + 1),
                        super::Meaning::Library(path) => of_library(path, false),
                        _ => Fate::Unknown,
                    });
                    each.max().unwrap_or(Fate::Unknown)
                };
                self.handed(arguments, fate);
            }
            Kind::Method(call) => {
                if self.is_it(&call.receiver) {
                    // A future is polled, or a stream gone through.
                    self.note(Fate::Here);
                } else {
                    self.value(&call.receiver);
                }
                let name = call.name.as_str();
                self.handed(&call.arguments, |_, _| of_method(name, false));
            }
            Kind::Await(inner) => {
                if self.is_it(inner) {
                    self.note(Fate::Here);
                }
                self.value(inner);
            }
            Kind::Same(inner) | Kind::Field(inner, _) | Kind::Matches(_, inner) => self.value(inner),
            Kind::Index(one, other) | Kind::Assign(one, other) => {
                self.value(one);
                self.value(other);
            }
            Kind::Structure(_, values) | Kind::Tuple(values) | Kind::Several(values) => {
                for value in values {
                    self.value(value);
                }
            }
            Kind::Macro(path, values) => self.macro_call(path, values, value.span),
            Kind::Closure(closure) => self.value(&closure.body),
            Kind::Async(block) | Kind::Block(block) => {
                for statement in &block.statements {
                    self.statement(statement);
                }
            }
            Kind::Loop(_, over, body) => {
                if let Some(over) = over {
                    self.value(over);
                }
                self.value(body);
            }
            Kind::Choice(condition, arms) => {
                self.value(condition);
                for (_, guard, value) in arms {
                    if let Some(guard) = guard {
                        self.value(guard);
                    }
                    self.value(value);
                }
            }
            Kind::Path(_) | Kind::Text(_) | Kind::Number(_) | Kind::Flag(_) | Kind::Unread(_) | Kind::Other => {}
        }
    }
}

fn is_deferred(value: &Expression) -> bool {
    matches!(peeled(value).kind, Kind::Closure(_) | Kind::Async(_))
}
