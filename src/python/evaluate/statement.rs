//! Statements that bind names: assignments, definitions, imports.

use crate::source::Span;

use super::super::syntax::ast::{self, Expr, Stmt};
use super::super::syntax::span_of;
use super::How;
use super::call::Arguments;
use super::cell::{Cell, Deps, Id, Text, Thing};
use super::flow::{Decision, Exits};
use super::outside::is_environ;
use super::reads::Touched;
use super::run::{Halt, Run, Site, Step};

impl<'a> Run<'a, '_> {
    /// One statement; `None` if it goes straight to the next.
    pub(super) fn statement(&mut self, stmt: &'a Stmt) -> Step<Option<Exits<'a>>> {
        if self.is_broken(stmt) {
            self.skip(stmt, "the text is not Python here");
            return Ok(None);
        }
        match stmt {
            Stmt::Expr(expr) => {
                self.step_apart(&expr.value)?;
            }
            Stmt::Assign(assign) => {
                let value = self.expression(&assign.value)?;
                for target in &assign.targets {
                    self.assign(target, &value, Some(&assign.value), How::Assignment)?;
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    let cell = self.expression(value)?;
                    self.assign(&assign.target, &cell, Some(value), How::Assignment)?;
                }
            }
            Stmt::AugAssign(assign) => self.augment(assign)?,
            Stmt::FunctionDef(def) => self.define(def)?,
            Stmt::ClassDef(def) => self.class(def)?,
            Stmt::Import(import) => self.import(import)?,
            Stmt::ImportFrom(import) => self.import_from(import)?,
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    self.delete(target)?;
                }
            }
            Stmt::Return(returned) => {
                let value = match &returned.value {
                    Some(value) => self.expression(value)?,
                    None => Cell::new(Thing::None),
                };
                let value = value.with_deps(&self.control);
                let state = std::mem::take(&mut self.state);
                return Ok(Some(Exits { returns: Some((state, value)), ..Exits::default() }));
            }
            Stmt::Break(_) => {
                let state = std::mem::take(&mut self.state);
                return Ok(Some(Exits { breaks: Some(state), ..Exits::default() }));
            }
            Stmt::Continue(_) => {
                let state = std::mem::take(&mut self.state);
                return Ok(Some(Exits { continues: Some(state), ..Exits::default() }));
            }
            Stmt::If(stmt) => return self.if_statement(stmt),
            Stmt::For(stmt) => return self.for_loop(stmt).map(Some),
            Stmt::While(stmt) => return self.while_loop(stmt).map(Some),
            Stmt::Try(stmt) => return self.try_statement(stmt).map(Some),
            Stmt::With(with) => return self.with_statement(with).map(Some),
            Stmt::Raise(raise) => return self.raise_statement(raise),
            Stmt::Assert(assert) => {
                let test = self.expression(&assert.test)?;
                match self.decide(&test) {
                    Decision::Sure(true, _) => {}
                    Decision::Sure(false, _) => {
                        return self.raise("AssertionError", span_of(assert), "an assertion that does not hold");
                    }
                    Decision::Open { .. } => self.may_raise(Some("AssertionError"), &test, span_of(assert))?,
                }
            }
            Stmt::Pass(_) | Stmt::Global(_) | Stmt::Nonlocal(_) => {}
            Stmt::Match(stmt) => return self.match_statement(stmt).map(Some),
            Stmt::TypeAlias(_) | Stmt::IpyEscapeCommand(_) => {
                self.skip(stmt, "a statement that is not followed");
                self.may_raise(None, &Cell::unknown("a statement that is not followed"), span_of(stmt))?;
            }
        }
        Ok(None)
    }

    /// Whether a syntax error lies in the statement itself, as opposed to a block inside it.
    fn is_broken(&self, stmt: &Stmt) -> bool {
        let Some(module) = self.modules.get(self.module) else { return false };
        if module.errors.is_empty() {
            return false;
        }
        let span = span_of(stmt);
        // An error at the end of a line stands just behind the statement.
        let before = module.errors.partition_point(|(start, _)| *start <= span.end);
        before.checked_sub(1).and_then(|last| module.errors.get(last)).is_some_and(|(_, reach)| span.start <= *reach)
    }

    /// Gives up on statements: what they may bind or change is unknown.
    pub(super) fn skip(&mut self, stmt: &'a Stmt, why: &str) {
        let why: Text = why.into();
        self.skip_all(&Touched::block(std::slice::from_ref(stmt)), &why, &Deps::default(), span_of(stmt));
    }

    /// The same for what is already collected.
    pub(super) fn skip_all(&mut self, touched: &Touched, why: &Text, deps: &Deps, at: Span) {
        self.disturb(touched, why, deps);
        let binds = |name: &&&str| touched.loaded.contains(**name);
        if let Some(name) = ["globals", "locals", "vars", "exec"].iter().find(binds) {
            self.lose_all_names(at, &format!("{name}() may bind any name"));
        } else if touched.loaded.contains("eval") {
            self.distrust(at, "eval() may bind any name");
        }
        for name in &touched.stored {
            let scope = self.scope_for(name);
            let bound = self.state.scope(scope).is_some_and(|scope| scope.names.contains_key(name));
            self.forget_name(scope, name, why, deps);
            if !bound {
                self.note_skipped(scope, name, at);
            }
        }
    }

    pub(super) fn assign(
        &mut self,
        target: &'a Expr,
        value: &Cell<'a>,
        source: Option<&'a Expr>,
        how: How,
    ) -> Step<()> {
        self.spend(1)?;
        match target {
            Expr::Name(name) => {
                let scope = self.scope_for(&name.id);
                self.bind(scope, &name.id, value.clone(), Site { name: span_of(name), value: source, how })
            }
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                self.unpack(elts, value, source, how, span_of(target))
            }
            Expr::Starred(starred) => self.assign(&starred.value, value, None, how),
            Expr::Attribute(attribute) => {
                let object = self.expression(&attribute.value)?;
                self.set_attribute(&object, &attribute.attr, value, span_of(target))
            }
            Expr::Subscript(subscript) => {
                let object = self.expression(&subscript.value)?;
                if matches!(subscript.slice.as_ref(), Expr::Slice(_)) {
                    self.expression(&subscript.slice)?;
                    self.forget_values(
                        vec![object, value.clone()],
                        &"a slice that was assigned to".into(),
                        &Deps::default(),
                    );
                    return Ok(());
                }
                let key = self.expression(&subscript.slice)?;
                self.set_item(&object, &key, value, span_of(target))
            }
            _ => Ok(()),
        }
    }

    fn unpack(
        &mut self,
        targets: &'a [Expr],
        value: &Cell<'a>,
        source: Option<&'a Expr>,
        how: How,
        at: Span,
    ) -> Step<()> {
        let sources = match source {
            Some(Expr::Tuple(tuple)) if tuple.elts.len() == targets.len() => Some(tuple.elts.as_slice()),
            Some(Expr::List(list)) if list.elts.len() == targets.len() => Some(list.elts.as_slice()),
            _ => None,
        };
        let starred = targets.iter().position(Expr::is_starred_expr);
        let Some(items) = self.iterate(value, at)? else {
            let unknown = super::cell::unknown_from(&[value], "an unknown sequence");
            self.may_raise(None, &unknown, at)?;
            return self.nested(|run| targets.iter().try_for_each(|target| run.assign(target, &unknown, None, how)));
        };
        let fits = match starred {
            None => items.len() == targets.len(),
            Some(_) => items.len() + 1 >= targets.len(),
        };
        if !fits {
            let unknown = self.fault(&[value], "ValueError", at, "unpacking into a different number of names")?;
            return self.nested(|run| targets.iter().try_for_each(|target| run.assign(target, &unknown, None, how)));
        }
        let extra = (items.len() + 1).saturating_sub(targets.len());
        self.nested(|run| {
            let mut items = items.into_iter();
            for (index, target) in targets.iter().enumerate() {
                if Some(index) == starred {
                    let rest: Vec<_> = items.by_ref().take(extra).collect();
                    let rest = run.list(rest)?;
                    run.assign(target, &rest, None, how)?;
                } else if let Some(item) = items.next() {
                    let source = sources.and_then(|sources| sources.get(index)).filter(|_| starred.is_none());
                    run.assign(target, &item, source, how)?;
                }
            }
            Ok(())
        })
    }

    fn augment(&mut self, stmt: &'a ast::StmtAugAssign) -> Step<()> {
        let at = span_of(stmt);
        let (old, place) = match stmt.target.as_ref() {
            Expr::Subscript(subscript) => {
                let object = self.expression(&subscript.value)?;
                let key = self.expression(&subscript.slice)?;
                (self.item(&object, &key, at)?, Some((object, Some(key))))
            }
            Expr::Attribute(attribute) => {
                let object = self.expression(&attribute.value)?;
                (self.attribute(&object, &attribute.attr, at)?, Some((object, None)))
            }
            target => (self.expression(target)?, None),
        };
        let value = self.expression(&stmt.value)?;
        if is_environ(&old) {
            let arguments = Arguments { positional: vec![value], ..Arguments::default() };
            return self.environ_method("update", &old, &arguments, at).map(drop);
        }
        // A list, dict or set is changed in place, so that every name for it sees the change.
        let result = match (&old.thing, stmt.op) {
            (Thing::List(_), ast::Operator::Add) => {
                self.extend(&old, &value, at)?;
                old
            }
            (Thing::List(id), ast::Operator::Mult)
            | (Thing::Dict(id), ast::Operator::BitOr)
            | (
                Thing::Set(id),
                ast::Operator::BitOr | ast::Operator::BitAnd | ast::Operator::Sub | ast::Operator::BitXor,
            ) => {
                let id = *id;
                self.replace_contents(id, stmt.op, &old, &value, at)?;
                old
            }
            _ => self.binary(stmt.op, &old, &value, at)?,
        };
        match (stmt.target.as_ref(), place) {
            (_, Some((object, Some(key)))) => self.set_item(&object, &key, &result, at),
            (Expr::Attribute(attribute), Some((object, None))) => {
                self.set_attribute(&object, &attribute.attr, &result, at)
            }
            (target, _) => self.assign(target, &result, None, How::Augmented),
        }
    }

    /// An operator that changes a container, so that every name for it sees the change.
    fn replace_contents(&mut self, id: Id, op: ast::Operator, old: &Cell<'a>, value: &Cell<'a>, at: Span) -> Step<()> {
        let result = self.binary(op, old, value, at)?;
        let contents = match &result.thing {
            Thing::List(new) | Thing::Dict(new) | Thing::Set(new) => self.state.get(*new).cloned(),
            _ => None,
        };
        match contents {
            // A set may be a frozen one, of which other names keep the old elements.
            Some(contents) if !matches!(old.thing, Thing::Set(_)) && result.deps.is_empty() => {
                self.state.put(id, contents);
            }
            _ => self.forget_values(vec![old.clone()], &"changed in place".into(), &result.deps),
        }
        Ok(())
    }

    fn delete(&mut self, target: &'a Expr) -> Step<()> {
        match target {
            Expr::Name(name) => {
                let scope = self.scope_for(&name.id);
                let removed = self.state.scope_mut(scope).and_then(|scope| scope.names.remove(name.id.as_str()));
                if removed.is_none() && self.modules.get(self.module).is_some_and(|m| m.untrusted.is_none()) {
                    return self.raise("NameError", span_of(name), "a name that is not bound");
                }
                Ok(())
            }
            Expr::Tuple(tuple) => self.nested(|run| tuple.elts.iter().try_for_each(|target| run.delete(target))),
            Expr::Subscript(subscript) => {
                let object = self.expression(&subscript.value)?;
                let key = self.expression(&subscript.slice)?;
                self.delete_item(&object, &key, span_of(target))
            }
            Expr::Attribute(attribute) => {
                let object = self.expression(&attribute.value)?;
                self.forget_values(vec![object], &"an attribute was deleted".into(), &Deps::default());
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Goes on behind a block that can only be left by falling through or by an exception.
    pub(super) fn after(&mut self, exits: Exits<'a>) -> Step<()> {
        let mut ways = exits.raises;
        match exits.next {
            Some(state) => self.state = state,
            None if ways.is_empty() => return Err(Halt::Exhausted),
            None => {
                let (state, raised) = ways.remove(0);
                self.state = state;
                self.keep_all(ways);
                return Err(Halt::Raise(raised));
            }
        }
        self.keep_all(ways);
        Ok(())
    }

    pub(super) fn keep_all(&mut self, raises: Vec<(super::state::State<'a>, super::run::Raised)>) {
        for (state, raised) in raises.into_iter().rev() {
            self.keep_escape(state, raised);
        }
    }
}
