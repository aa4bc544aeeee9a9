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
        if let Some(body) = &function.body {
            self.statements(&body.statements);
        }
    }

    fn statements(&mut self, statements: &[Statement]) {
        for (at, statement) in statements.iter().enumerate() {
            let Statement::Let(pattern, _, Some(value), None) = statement else {
                self.statement(statement);
                continue;
            };
            let Some(name) = pattern.name().filter(|_| gives_deferred(value)) else {
                self.value(value);
                continue;
            };
            // What is kept under a name runs where that goes.
            let rest = statements.get(at + 1..).unwrap_or_default();
            let runs = !matches!(self.fate_among(name, rest), Fate::Thread | Fate::Unknown);
            self.bound(value, runs);
            if name == self.name {
                return;
            }
        }
    }

    /// What the statements behind one do with a name that it binds.
    fn fate_among(&self, name: &str, statements: &[Statement]) -> Fate {
        if self.steps >= MAX_STEPS {
            return Fate::Unknown;
        }
        let (walker, module, steps, nested) = (self.walker, self.module, self.steps + 1, self.nested);
        let mut scan = Scan { walker, module, name, steps, nested, in_thread: false, found: Fate::Unknown };
        scan.statements(statements);
        scan.found
    }

    /// The value of a name, whose last part is a closure or a future; `runs` says whether that runs here.
    fn bound(&mut self, value: &Expression, runs: bool) {
        match &value.kind {
            Kind::Same(inner) => self.bound(inner, runs),
            Kind::Block(block) => {
                if let Some((Statement::Expression(last, true), others)) = block.statements.split_last() {
                    self.statements(others);
                    self.bound(last, runs);
                }
            }
            _ => self.deferred(value, runs),
        }
    }

    /// A closure or a future; `runs` says whether it runs here.
    fn deferred(&mut self, value: &Expression, runs: bool) {
        let outer = self.in_thread;
        self.in_thread = outer || !runs;
        match &peeled(value).kind {
            Kind::Closure(closure) => self.value(&closure.body),
            Kind::Async(block) => self.statements(&block.statements),
            _ => self.value(value),
        }
        self.in_thread = outer;
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
                if is_deferred(argument) {
                    self.deferred(argument, !matches!(fate, Fate::Thread | Fate::Unknown));
                } else {
                    self.value(argument);
                }
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
            // Nobody knows who calls what is kept or given back.
            Kind::Closure(_) => self.deferred(value, false),
            Kind::Async(block) | Kind::Block(block) => self.statements(&block.statements),
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

/// Whether the last part of a value is a closure or a future.
fn gives_deferred(value: &Expression) -> bool {
    match &value.kind {
        Kind::Same(inner) => gives_deferred(inner),
        Kind::Block(block) => {
            matches!(block.statements.last(), Some(Statement::Expression(last, true)) if gives_deferred(last))
        }
        _ => is_deferred(value),
    }
}
