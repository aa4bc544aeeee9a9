//! The ways out of a block of statements, and the statements that choose between blocks.

use std::rc::Rc;

use crate::source::FileId;

use super::super::syntax::Module;
use super::super::syntax::ast::{self, Stmt};
use super::cell::{Cell, Deps, Text};
use super::join::join;
use super::reads::Touched;
use super::run::{Halt, Raised, Run, Step};
use super::state::State;

/// The versions of the world a block can end in, by the way it is left.
#[derive(Debug, Default)]
pub(super) struct Exits<'a> {
    pub(super) next: Option<State<'a>>,
    pub(super) returns: Option<(State<'a>, Cell<'a>)>,
    pub(super) breaks: Option<State<'a>>,
    pub(super) continues: Option<State<'a>>,
    /// The latest first, because versions that parted last find together first.
    pub(super) raises: Vec<(State<'a>, Raised)>,
}

impl<'a> Exits<'a> {
    pub(super) fn next(state: State<'a>) -> Self {
        Self { next: Some(state), ..Self::default() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.returns.is_none() && self.breaks.is_none() && self.continues.is_none() && self.raises.is_empty()
    }
}

fn join_states<'a>(a: Option<State<'a>>, b: Option<State<'a>>) -> Option<State<'a>> {
    match (a, b) {
        (Some(a), Some(b)) => Some(join(a, b, None).0),
        (a, b) => a.or(b),
    }
}

/// Either of two exceptions.
pub(super) fn either(a: Raised, b: &Raised) -> Raised {
    let class = if a.class == b.class { a.class } else { None };
    let mut deps = a.deps;
    deps.add(&b.deps);
    Raised { class, deps, ..a }
}

/// How many ways to raise are told apart.
const MAX_RAISES: usize = 6;

/// Joins the latest until few are left.
pub(super) fn few(raises: &mut Vec<(State<'_>, Raised)>) {
    while raises.len() > MAX_RAISES {
        let (state_a, a) = raises.remove(0);
        let (state_b, b) = raises.remove(0);
        raises.insert(0, (join(state_a, state_b, None).0, either(a, &b)));
    }
}

pub(super) fn merge<'a>(a: Exits<'a>, b: Exits<'a>) -> Exits<'a> {
    let returns = match (a.returns, b.returns) {
        (Some((state_a, a)), Some((state_b, b))) => {
            let (state, cell) = join(state_a, state_b, Some((a, b)));
            cell.map(|cell| (state, cell))
        }
        (a, b) => a.or(b),
    };
    let mut raises = a.raises;
    raises.extend(b.raises);
    few(&mut raises);
    Exits {
        next: join_states(a.next, b.next),
        returns,
        breaks: join_states(a.breaks, b.breaks),
        continues: join_states(a.continues, b.continues),
        raises,
    }
}

/// Which way a condition goes.
pub(super) enum Decision {
    /// This way, because of these.
    Sure(bool, Deps),
    /// Either way.
    Open { deps: Deps, presumed: Option<bool>, soft: bool, because: Text },
}

impl<'a> Run<'a, '_> {
    /// Follows a whole module; the exception it certainly ends with, if it does.
    pub(super) fn follow(&mut self, file: FileId, module: &'a Module, text: &'a str) -> Option<Raised> {
        let index = self.load("", file, module, text).ok()?;
        if let Some(span) = super::pattern::misplaced(&module.body, false) {
            let what = "not Python: a `return` outside a function, or a `break` outside a loop".into();
            let class = Some("SyntaxError".into());
            return Some(Raised { class, place: self.place(span), what, deps: Deps::default() });
        }
        let scope = self.modules.get(index)?.scope;
        self.scope = scope;
        self.home = scope;
        for stmt in self.steps_of(&module.body) {
            self.enter(stmt);
            let before = self.state.clone();
            // What changes the state first takes a copy of the names in it.
            let names = before.scope(scope).map_or(0, |scope| scope.names.len()) + before.variables();
            let names = names + before.heap.len();
            let exits = self.with_half(|run| {
                run.spend(names / 16)?;
                run.block(std::slice::from_ref(stmt))
            });
            let Ok(mut exits) = exits else {
                self.recover_from(before, stmt);
                continue;
            };
            if let Some(state) = exits.next.take() {
                self.state = state;
            } else {
                // Of several ways to raise the earliest is what a user would meet first.
                let last = exits.raises.pop();
                let left = last.map(|(state, raised)| (state, Some(raised)));
                let (state, raised) = left.unwrap_or((before, None));
                self.state = state;
                return raised;
            }
        }
        None
    }

    /// The statements of a module. What a program does under `if __name__ == "__main__"` is a list of steps
    /// like the others, so that one that is not followed does not take the rest with it.
    fn steps_of(&self, body: &'a [Stmt]) -> Vec<&'a Stmt> {
        let in_steps = |stmt: &'a Stmt| match stmt {
            Stmt::If(test) if self.program && self.witness.is_some() && super::launch::is_main(&test.test) => {
                test.body.iter().collect()
            }
            stmt => vec![stmt],
        };
        body.iter().flat_map(in_steps).collect()
    }

    /// Goes on behind a statement that would take too long to follow.
    fn recover_from(&mut self, before: State<'a>, stmt: &'a Stmt) {
        self.state = before;
        self.reset();
        self.enter(stmt);
        self.skip(stmt, "it would take too long to follow");
    }

    /// Stands at the level of the first module again.
    pub(super) fn reset(&mut self) {
        let scope = self.modules.first().map_or(self.scope, |module| module.scope);
        self.escapes.clear();
        self.module = 0;
        self.scope = scope;
        self.home = scope;
        self.function = None;
        self.handling = None;
        self.control = Deps::default();
        self.depth = 0;
        self.nesting = 0;
        self.tries = 0;
    }

    /// Follows statements one after the other.
    pub(super) fn block(&mut self, body: &'a [Stmt]) -> Step<Exits<'a>> {
        let mut earlier = Vec::new();
        let mut fell_through = true;
        for stmt in body {
            self.spend(1)?;
            self.enter(stmt);
            let exits = self.one(stmt)?;
            let raises = std::mem::take(&mut self.escapes);
            if !raises.is_empty() {
                earlier.push(Exits { raises, ..Exits::default() });
            }
            let Some(mut exits) = exits else { continue };
            let next = exits.next.take();
            if !exits.is_empty() {
                earlier.push(exits);
            }
            if let Some(state) = next {
                self.state = state;
            } else {
                fell_through = false;
                break;
            }
        }
        let mut all = Exits::default();
        if fell_through {
            all.next = Some(std::mem::take(&mut self.state));
        }
        // Later ways out parted last, so they find together first.
        while let Some(exits) = earlier.pop() {
            self.spend(exits.next.as_ref().map_or(8, |state| state.heap.len()))?;
            all = merge(all, exits);
        }
        Ok(all)
    }

    /// One statement; `None` if it simply went through.
    fn one(&mut self, stmt: &'a Stmt) -> Step<Option<Exits<'a>>> {
        match self.statement(stmt) {
            Err(Halt::Raise(raised)) => {
                let state = std::mem::take(&mut self.state);
                Ok(Some(Exits { raises: vec![(state, raised)], ..Exits::default() }))
            }
            other => other,
        }
    }

    pub(super) fn decide(&self, cell: &Cell<'a>) -> Decision {
        match self.truth(cell) {
            Some(truth) if !cell.soft && !cell.deps.is_open() => Decision::Sure(truth, cell.deps.clone()),
            presumed => Decision::Open { deps: cell.deps.clone(), presumed, soft: cell.soft, because: cell.because() },
        }
    }

    /// Follows both sides of an open choice from the same state.
    pub(super) fn fork<T>(
        &mut self,
        open: (&Deps, Option<bool>, bool, &Text),
        mut side: impl FnMut(&mut Self, bool) -> Step<T>,
    ) -> Step<(T, T, State<'a>)> {
        let (deps, presumed, soft, because) = open;
        let choice = self.choice(deps, presumed, soft, because);
        let start = self.snapshot()?;
        self.take_side(&choice, true);
        let on_true = side(self, true)?;
        let after_true = std::mem::replace(&mut self.state, start);
        self.take_side(&choice, false);
        let on_false = side(self, false)?;
        Ok((on_true, on_false, after_true))
    }

    fn take_side(&mut self, choice: &Rc<super::state::Choice>, side: bool) {
        self.state.path.push((Rc::clone(choice), side));
        if choice.presumed == Some(!side) {
            self.state.assume_set(&choice.deps);
        }
    }

    pub(super) fn if_statement(&mut self, stmt: &'a ast::StmtIf) -> Step<Option<Exits<'a>>> {
        let clauses = &stmt.elif_else_clauses;
        self.clause(Some(&stmt.test), &stmt.body, clauses).map(Some)
    }

    fn clause(
        &mut self,
        test: Option<&'a ast::Expr>,
        body: &'a [Stmt],
        rest: &'a [ast::ElifElseClause],
    ) -> Step<Exits<'a>> {
        self.nested(|run| {
            let Some(test) = test else { return run.block(body) };
            let condition = run.expression(test)?;
            let other = |run: &mut Self| match rest.split_first() {
                Some((clause, rest)) => run.clause(clause.test.as_ref(), &clause.body, rest),
                None => Ok(Exits::next(std::mem::take(&mut run.state))),
            };
            let skipped = |truth: bool| {
                let mut skipped = Touched::default();
                if truth {
                    for clause in rest {
                        skipped.add(&clause.body);
                    }
                } else {
                    skipped.add(body);
                }
                skipped
            };
            run.branch(&condition, &skipped, &mut |run, truth| if truth { run.block(body) } else { other(run) })
        })
    }

    /// Follows the side of a condition that is taken, or both; `skipped` tells what the other would do.
    pub(super) fn branch(
        &mut self,
        condition: &Cell<'a>,
        skipped: &dyn Fn(bool) -> Touched,
        side: &mut dyn FnMut(&mut Self, bool) -> Step<Exits<'a>>,
    ) -> Step<Exits<'a>> {
        match self.decide(condition) {
            Decision::Sure(truth, deps) if deps.is_empty() => side(self, truth),
            Decision::Sure(truth, deps) => {
                let skipped = skipped(truth);
                self.depend(&skipped, &deps);
                let before = self.control.clone();
                self.control.add(&deps);
                let exits = side(self, truth);
                // Whether the code behind this statement is reached depends on it as well.
                if !skipped.jumps {
                    self.control = before;
                }
                exits
            }
            Decision::Open { deps, presumed, soft, because } => {
                let escapes = std::mem::take(&mut self.escapes);
                let (a, b, _) = self
                    .fork((&deps, presumed, soft, &because), |run, truth| run.block_or_raise(|run| side(run, truth)))?;
                self.escapes = escapes;
                Ok(merge(a, b))
            }
        }
    }

    /// An exception on one side must not keep the other from being followed.
    pub(super) fn block_or_raise(&mut self, work: impl FnOnce(&mut Self) -> Step<Exits<'a>>) -> Step<Exits<'a>> {
        let exits = match work(self) {
            Err(Halt::Raise(raised)) => {
                let state = std::mem::take(&mut self.state);
                Exits { raises: vec![(state, raised)], ..Exits::default() }
            }
            other => other?,
        };
        let escaped = Exits { raises: std::mem::take(&mut self.escapes), ..Exits::default() };
        Ok(merge(exits, escaped))
    }

    /// Names that would have been bound differently rest on what decided it.
    pub(super) fn depend(&mut self, touched: &Touched, deps: &Deps) {
        if deps.is_empty() {
            return;
        }
        for name in &touched.stored {
            let scope = self.scope_for(name);
            if let Some(slot) = self.state.scope_mut(scope).and_then(|scope| scope.names.get_mut(name)) {
                slot.cell.deps.add(deps);
            }
        }
    }

    /// Goes one level deeper in the tree, as far as the stack surely allows.
    pub(super) fn nested<T>(&mut self, work: impl FnOnce(&mut Self) -> Step<T>) -> Step<T> {
        if self.nesting >= super::run::MAX_NESTING {
            return Err(Halt::Exhausted);
        }
        self.nesting += 1;
        let result = work(self);
        self.nesting -= 1;
        result
    }
}
