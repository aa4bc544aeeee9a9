//! Loops: followed as long as the budget lasts, given up where it is unknown how often they run.

use crate::source::Span;

use super::super::syntax::ast;
use super::super::syntax::span_of;
use super::How;
use super::cell::{Cell, Deps, Text, Thing, unknown_from};
use super::flow::{Decision, Exits, merge};
use super::reads::Touched;
use super::run::{Halt, Raised, Run, Step};

impl<'a> Run<'a, '_> {
    pub(super) fn for_loop(&mut self, stmt: &'a ast::StmtFor) -> Step<Exits<'a>> {
        let at = span_of(stmt);
        let iterable = self.expression(&stmt.iter)?;
        let items = if iterable.soft || stmt.is_async { None } else { self.iterate(&iterable, at)? };
        let Some(items) = items else {
            let mut touched = Touched::expression(&stmt.target);
            touched.add(&stmt.body);
            touched.add(&stmt.orelse);
            let why = unknown_from(&[&iterable], "a loop over something unknown");
            self.may_raise(None, &why, at)?;
            return self.give_up(&touched, &why.because(), &iterable.deps, at);
        };
        let before = self.control.clone();
        self.control.add(&iterable.deps);
        let mut earlier = Vec::new();
        let mut ended = true;
        for item in items {
            self.spend(1)?;
            match self.assign(&stmt.target, &item, None, How::Loop) {
                Err(Halt::Raise(raised)) => return Ok(self.leave_raising(raised, earlier, before)),
                other => other?,
            }
            if !self.turn(&stmt.body, &mut earlier)? {
                ended = false;
                break;
            }
        }
        let mut exits = self.finish(ended, &stmt.orelse, earlier)?;
        self.control = before;
        if iterable.deps.is_open()
            && let Some(state) = exits.next.take()
        {
            self.state = state;
            self.rest_turns_on(&stmt.body, &iterable.deps);
            exits.next = Some(std::mem::take(&mut self.state));
        }
        Ok(exits)
    }

    /// How often a loop ran rests on `deps`, and so does what it binds or changes, also where it did not run at all.
    fn rest_turns_on(&mut self, body: &'a [ast::Stmt], deps: &Deps) {
        let touched = Touched::block(body);
        for name in touched.stored.iter().chain(&touched.handled) {
            let found = self.find_from(self.scope, name).map(|(scope, _)| scope);
            let slot = found.and_then(|scope| self.state.scope_mut(scope)).and_then(|scope| scope.names.get_mut(name));
            match slot {
                Some(slot) => slot.cell.deps.add(deps),
                None if touched.stored.contains(name) => {
                    let why = super::cell::because_of(deps).unwrap_or_else(|| "a loop over something unknown".into());
                    let scope = self.scope_for(name);
                    self.forget_name(scope, name, &why, deps);
                }
                None => {}
            }
        }
    }

    pub(super) fn while_loop(&mut self, stmt: &'a ast::StmtWhile) -> Step<Exits<'a>> {
        let before = self.control.clone();
        let mut earlier = Vec::new();
        let mut ended = true;
        loop {
            self.spend(1)?;
            let test = match self.expression(&stmt.test) {
                Err(Halt::Raise(raised)) => return Ok(self.leave_raising(raised, earlier, before)),
                other => other?,
            };
            match self.decide(&test) {
                Decision::Sure(false, _) => break,
                Decision::Sure(true, deps) => self.control.add(&deps),
                Decision::Open { deps, because, .. } => {
                    let mut touched = Touched::block(&stmt.body);
                    touched.add(&stmt.orelse);
                    let exits = self.give_up(&touched, &because, &deps, span_of(stmt))?;
                    self.control = before;
                    return Ok(leave(exits, earlier));
                }
            }
            if earlier.is_empty() && test.deps.is_empty() && stmt.body.iter().all(does_nothing) {
                // It never ends, so what stands behind it is never reached.
                self.control = before;
                return Ok(Exits::default());
            }
            if !self.turn(&stmt.body, &mut earlier)? {
                ended = false;
                break;
            }
        }
        let exits = self.finish(ended, &stmt.orelse, earlier);
        self.control = before;
        exits
    }

    /// Leaves a loop by an exception that its own line raised; what earlier turns did stays possible.
    fn leave_raising(&mut self, raised: Raised, earlier: Vec<Exits<'a>>, before: Deps) -> Exits<'a> {
        self.control = before;
        let state = std::mem::take(&mut self.state);
        leave(Exits { raises: vec![(state, raised)], ..Exits::default() }, earlier)
    }

    /// One turn of a loop; false if no version of the world goes on to the next.
    fn turn(&mut self, body: &'a [ast::Stmt], earlier: &mut Vec<Exits<'a>>) -> Step<bool> {
        let mut exits = self.nested(|run| run.block(body))?;
        let next = exits.next.take();
        let continues = exits.continues.take();
        let joined = merge(Exits { next, ..Exits::default() }, Exits { next: continues, ..Exits::default() });
        if !exits.is_empty() {
            earlier.push(exits);
        }
        match joined.next {
            Some(state) => {
                self.state = state;
                Ok(true)
            }
            None => Ok(false),
        }
    }

    fn finish(&mut self, ended: bool, orelse: &'a [ast::Stmt], earlier: Vec<Exits<'a>>) -> Step<Exits<'a>> {
        let last = if ended { self.nested(|run| run.block(orelse))? } else { Exits::default() };
        Ok(leave(last, earlier))
    }

    /// Forgets what the statements may do, and goes on behind them.
    fn give_up(&mut self, touched: &Touched, why: &Text, deps: &Deps, at: Span) -> Step<Exits<'a>> {
        self.skip_all(touched, why, deps, at);
        let mut exits = Exits::default();
        if touched.returns && self.function.is_some() {
            let value = Cell::new(Thing::Unknown(why.clone())).with_deps(deps);
            exits.returns = Some((self.snapshot()?, value));
        }
        exits.next = Some(std::mem::take(&mut self.state));
        Ok(exits)
    }
}

/// Whether a statement changes nothing and goes on to the next.
fn does_nothing(stmt: &ast::Stmt) -> bool {
    match stmt {
        ast::Stmt::Pass(_) | ast::Stmt::Continue(_) => true,
        ast::Stmt::Expr(expr) => super::reads::is_literal(&expr.value) || expr.value.is_ellipsis_literal_expr(),
        _ => false,
    }
}

/// Joins the ways a loop was left, the latest first; a `break` goes on behind the loop.
fn leave<'a>(last: Exits<'a>, mut earlier: Vec<Exits<'a>>) -> Exits<'a> {
    let mut all = last;
    while let Some(mut exits) = earlier.pop() {
        exits.next = exits.breaks.take();
        all = merge(all, exits);
    }
    all
}
