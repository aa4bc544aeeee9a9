//! One run over a module: the budget, the scopes, and what was met on the way.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::source::{FileId, Place, Span};

use super::super::syntax::ast::{Expr, Stmt};
use super::super::syntax::{Module, span_of};
use super::ask::Watch;
use super::cell::{Cell, Deps, Function, Id, Text, Thing};
use super::reads::is_literal;
use super::state::{Choice, ENVIRON, Environ, Object, Scope, Slot, State};
use super::{How, Inputs};

/// Steps one run may take; a step is about one node of the tree or a few hundred bytes.
const FUEL: usize = 400_000;
/// How deep calls and imports may nest.
pub(super) const MAX_DEPTH: usize = 26;
/// How deep one expression may nest inside all calls together, so that the stack suffices.
pub(super) const MAX_NESTING: usize = 500;

/// Why an evaluation does not go on here.
#[derive(Debug)]
pub(super) enum Halt {
    /// An exception; the state is the one it was raised in.
    Raise(Raised),
    /// The budget is used up.
    Exhausted,
}

/// An exception.
#[derive(Debug, Clone)]
pub(super) struct Raised {
    /// The built-in class; `None` if it could be any.
    pub(super) class: Option<Text>,
    pub(super) place: Place,
    /// What went wrong, as a short clause.
    pub(super) what: Text,
    /// What it rests on, so that whoever catches it rests on that too.
    pub(super) deps: Deps,
}

pub(super) type Step<T> = Result<T, Halt>;

/// A binding as it was met.
#[derive(Debug, Clone)]
pub(super) struct Record<'a> {
    pub(super) name: Text,
    pub(super) name_span: Span,
    pub(super) value: Option<Span>,
    pub(super) statement: Span,
    pub(super) how: How,
    pub(super) literal: bool,
    pub(super) cell: Cell<'a>,
}

/// A module that is being or was followed.
#[derive(Debug)]
pub(super) struct Loaded<'a> {
    /// Dotted name; empty for the module that was asked for.
    pub(super) name: Text,
    pub(super) file: FileId,
    pub(super) text: &'a str,
    pub(super) scope: Id,
    pub(super) finished: bool,
    /// Why any of its names may be set to anything.
    pub(super) untrusted: Option<(Place, Text)>,
    /// Where its text is not Python: the beginning of each place, in order, and how far those up to it reach.
    pub(super) errors: Vec<(usize, usize)>,
}

/// The interpreter.
pub(super) struct Run<'a, 'i> {
    pub(super) inputs: &'i Inputs<'a>,
    pub(super) modules: Vec<Loaded<'a>>,
    pub(super) state: State<'a>,
    /// The module and the scope the code stands in.
    pub(super) module: usize,
    pub(super) scope: Id,
    /// The scope of the module or function, outside any comprehension.
    pub(super) home: Id,
    /// The function whose body is being followed.
    pub(super) function: Option<Rc<Function<'a>>>,
    pub(super) fuel: usize,
    floor: usize,
    pub(super) depth: usize,
    pub(super) nesting: usize,
    /// How many `try` bodies surround this.
    pub(super) tries: usize,
    /// What may have been raised since the statement began, the latest first.
    pub(super) escapes: Vec<(State<'a>, Raised)>,
    /// The exception that the code around this is handling.
    pub(super) handling: Option<Raised>,
    /// What decided that this code runs at all.
    pub(super) control: Deps,
    pub(super) records: Vec<Record<'a>>,
    /// Where the record of a name that is bound at a place is.
    recorded: BTreeMap<(Span, Text), usize>,
    /// The statement of the first module that is being followed.
    pub(super) statement: Span,
    /// Whether the first module is run as a program.
    pub(super) program: bool,
    /// The expressions that somebody asks for.
    pub(super) watch: Watch<'a>,
    /// What is noted about calls that start servers, in a run that looks for them.
    pub(super) witness: Option<super::launch::Witness<'a, 'i>>,
    next_id: Id,
    next_choice: u32,
}

impl<'a, 'i> Run<'a, 'i> {
    pub(super) fn new(inputs: &'i Inputs<'a>) -> Self {
        let mut run = Self {
            inputs,
            modules: Vec::new(),
            state: State::default(),
            module: 0,
            scope: 0,
            home: 0,
            function: None,
            fuel: FUEL,
            floor: 0,
            depth: 0,
            nesting: 0,
            tries: 0,
            escapes: Vec::new(),
            handling: None,
            control: Deps::default(),
            records: Vec::new(),
            recorded: BTreeMap::new(),
            statement: Span::default(),
            program: false,
            watch: Watch::default(),
            witness: None,
            next_id: ENVIRON + 1,
            next_choice: 0,
        };
        run.state.put(ENVIRON, Object::Environ(Environ::default()));
        run
    }

    /// Takes a module up, with an empty scope.
    pub(super) fn load(&mut self, name: &str, file: FileId, module: &'a Module, text: &'a str) -> Step<usize> {
        let scope = self.allocate(Object::Scope(Scope::default()))?;
        let mut errors: Vec<(usize, usize)> =
            module.errors.iter().map(|error| (error.span.start, error.span.end)).collect();
        errors.sort_unstable();
        let mut reach = 0;
        for (_, end) in &mut errors {
            reach = reach.max(*end);
            *end = reach;
        }
        let name = name.into();
        self.modules.push(Loaded { name, file, text, scope, finished: false, untrusted: None, errors });
        Ok(self.modules.len() - 1)
    }

    /// Pays for work.
    pub(super) fn spend(&mut self, steps: usize) -> Step<()> {
        if self.fuel.saturating_sub(self.floor) <= steps {
            return Err(Halt::Exhausted);
        }
        self.fuel -= steps;
        Ok(())
    }

    /// Lets `work` use at most half of what is left, so that the rest of the file is still read.
    pub(super) fn with_half<T>(&mut self, work: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        let before = self.floor;
        self.floor += self.fuel.saturating_sub(self.floor) / 2;
        let result = work(self);
        self.floor = before;
        result
    }

    /// Whether more than a little of the budget is left.
    pub(super) fn has_fuel(&self) -> bool {
        self.fuel.saturating_sub(self.floor) > FUEL / 400
    }

    pub(super) fn allocate(&mut self, object: Object<'a>) -> Step<Id> {
        self.spend(4 + object.weight())?;
        let id = self.next_id;
        self.next_id += 1;
        self.state.put(id, object);
        Ok(id)
    }

    pub(super) fn list(&mut self, items: Vec<Cell<'a>>) -> Step<Cell<'a>> {
        Ok(Cell::new(Thing::List(self.allocate(Object::List(items))?)))
    }

    pub(super) fn dict(&mut self, items: Vec<(Cell<'a>, Cell<'a>)>) -> Step<Cell<'a>> {
        Ok(Cell::new(Thing::Dict(self.allocate(Object::Dict(items))?)))
    }

    /// A copy of the world, to come back to.
    pub(super) fn snapshot(&mut self) -> Step<State<'a>> {
        // Whichever version is changed first takes a copy of the names that it changes one of.
        let names = self.state.scope(self.home).map_or(0, |scope| scope.names.len());
        let owed = std::mem::take(&mut self.state.owed);
        self.spend(8 + self.state.heap.len() / 2 + names / 4 + self.state.path.len() + owed)?;
        Ok(self.state.clone())
    }

    pub(super) fn choice(&mut self, deps: &Deps, presumed: Option<bool>, soft: bool, because: &Text) -> Rc<Choice> {
        self.next_choice += 1;
        Rc::new(Choice { id: self.next_choice, deps: deps.clone(), presumed, soft, because: Rc::clone(because) })
    }

    pub(super) fn place(&self, span: Span) -> Place {
        let file = self.modules.get(self.module).map(|module| module.file);
        // There is always the module that was asked for.
        Place::new(file.unwrap_or_else(|| self.modules[0].file), span)
    }

    pub(super) fn source(&self, span: Span) -> &'a str {
        self.modules.get(self.module).and_then(|module| module.text.get(span.start..span.end)).unwrap_or("")
    }

    pub(super) fn raise<T>(&self, class: &str, at: Span, what: &str) -> Step<T> {
        let deps = self.control.clone();
        Err(Halt::Raise(Raised { class: Some(class.into()), place: self.place(at), what: what.into(), deps }))
    }

    /// Certainly raises if the operands are settled, otherwise the result is unknown and it may raise.
    pub(super) fn fault(&mut self, operands: &[&Cell<'a>], class: &str, at: Span, what: &str) -> Step<Cell<'a>> {
        if operands.iter().all(|cell| cell.is_settled()) && !self.is_lenient() {
            return self.raise(class, at, what);
        }
        let result = super::cell::unknown_from(operands, what);
        if self.tries > 0 {
            let presumed = (!operands.iter().any(|cell| cell.is_unknown())).then_some(true);
            let soft = operands.iter().any(|cell| cell.soft);
            let choice = self.choice(&result.deps, presumed, soft, &result.because());
            self.escape(&choice, Some(class), &result.deps, at)?;
        }
        Ok(result)
    }

    /// Inside a `try`, keeps the version of the world in which this raised.
    pub(super) fn may_raise(&mut self, class: Option<&str>, because: &Cell<'a>, at: Span) -> Step<()> {
        if self.tries == 0 {
            return Ok(());
        }
        let choice = self.choice(&because.deps, None, false, &because.because());
        self.escape(&choice, class, &because.deps, at)
    }

    /// Splits the world into one that raised (side `true`) and the one that goes on.
    pub(super) fn escape(&mut self, choice: &Rc<Choice>, class: Option<&str>, deps: &Deps, at: Span) -> Step<()> {
        let mut raised = self.snapshot()?;
        raised.path.push((Rc::clone(choice), true));
        self.state.path.push((Rc::clone(choice), false));
        if choice.presumed == Some(true) {
            self.state.assume_set(&choice.deps);
        }
        let what = "may raise".into();
        let exception = Raised { class: class.map(Into::into), place: self.place(at), what, deps: deps.clone() };
        self.keep_escape(raised, exception);
        Ok(())
    }

    /// Keeps a version of the world in which an exception was raised for whoever may catch it.
    pub(super) fn keep_escape(&mut self, raised: State<'a>, exception: Raised) {
        if self.tries > 0 {
            self.escapes.insert(0, (raised, exception));
            super::flow::few(&mut self.escapes);
        }
    }

    /// Where a name is bound, seen from a scope.
    pub(super) fn find_from(&self, scope: Id, name: &str) -> Option<(Id, &Slot<'a>)> {
        let mut at = Some(scope);
        // The chain of scopes is as long as functions nest in the text.
        while let Some(id) = at {
            let scope = self.state.scope(id)?;
            if let Some(slot) = scope.names.get(name) {
                return Some((id, slot));
            }
            at = scope.parent;
        }
        None
    }

    /// Binds a name in a scope and, for a global of the first module, keeps the record.
    pub(super) fn bind(&mut self, scope: Id, name: &str, cell: Cell<'a>, site: Site<'a>) -> Step<()> {
        self.spend(1)?;
        let cell = cell.with_deps(&self.control);
        let name: Text = name.into();
        let first = self.modules.first().is_some_and(|module| module.scope == scope);
        let mut records: Rc<[usize]> = Rc::from([]);
        if first && self.module == 0 {
            records = Rc::from([self.record(&name, &cell, &site)]);
        }
        if let Some(scope) = self.state.scope_mut(scope) {
            scope.names.insert(name, Slot { cell, conditional: false, absent: false, records });
        }
        Ok(())
    }

    fn record(&mut self, name: &Text, cell: &Cell<'a>, site: &Site<'a>) -> usize {
        let literal = site.value.is_some_and(is_literal);
        let value = site.value.map(span_of);
        let record = Record {
            name: Rc::clone(name),
            name_span: site.name,
            value,
            statement: self.statement,
            how: site.how,
            literal,
            cell: cell.clone(),
        };
        let at = *self.recorded.entry((site.name, Rc::clone(name))).or_insert(self.records.len());
        match self.records.get_mut(at) {
            Some(known) => *known = record,
            None => self.records.push(record),
        }
        at
    }

    /// Keeps a record of a name that statements which are not followed may bind.
    pub(super) fn note_skipped(&mut self, scope: Id, name: &Text, at: Span) {
        let first = self.modules.first().is_some_and(|module| module.scope == scope);
        if !first || self.module != 0 {
            return;
        }
        let Some(slot) = self.state.scope(scope).and_then(|scope| scope.names.get(name)) else { return };
        let cell = slot.cell.clone();
        let site = Site { name: at, value: None, how: How::Other };
        let record = self.record(name, &cell, &site);
        if let Some(slot) = self.state.scope_mut(scope).and_then(|scope| scope.names.get_mut(name)) {
            slot.records = Rc::from([record]);
        }
    }

    /// Notes which statement of the first module the next bindings belong to.
    pub(super) fn enter(&mut self, stmt: &Stmt) {
        if self.module == 0 {
            self.statement = span_of(stmt);
        }
    }

    /// The scope in which an assignment to `name` binds it.
    pub(super) fn scope_for(&self, name: &str) -> Id {
        let Some(function) = &self.function else { return self.scope };
        if function.locals.global.contains(name) {
            return self.modules.get(self.module).map_or(self.scope, |module| module.scope);
        }
        if function.locals.nonlocal.contains(name)
            && let Some((scope, _)) = self.find_from(function.scope, name)
        {
            return scope;
        }
        self.scope
    }
}

/// Where and how a name is bound.
#[derive(Debug, Clone, Copy)]
pub(super) struct Site<'a> {
    pub(super) name: Span,
    pub(super) value: Option<&'a Expr>,
    pub(super) how: How,
}
