//! What runs, in the order it runs: statements with blocks, calls, comprehensions.

use super::fallbacks::fallback;
use super::generators::is_eager;
use super::guards::{Guard, equality, guard, is_zero_or_false, serves};
use super::kept::Kept;
use super::probes::probes_for_loop;
use super::{EventKind, Function, Reader, last_name};
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{span_of, visitor};
use crate::source::Span;

/// The name of what a module does where it is the program.
const PROGRAM: &str = "__main__";

impl<'a> Reader<'a> {
    pub(super) fn condition(&mut self, stmt: &'a ast::StmtIf) {
        self.branches(stmt);
        let marked = self.marked_on_disk(stmt);
        self.current().rarely.extend(fallback(stmt).into_iter().chain(marked));
        let guard = guard(&stmt.test);
        if guard == Guard::None {
            self.test(&stmt.test);
        }
        match guard {
            Guard::Typing => {
                self.typing_only += 1;
                self.quiet_block(&stmt.body);
                self.typing_only -= 1;
            }
            Guard::Main if self.is_at_top() && serves(&stmt.body) => self.program(stmt),
            Guard::Main | Guard::Never | Guard::LifeSpan => self.quiet_block(&stmt.body),
            Guard::None => match self.fills_kept_value(&stmt.test, &stmt.body) {
                Kept::Process => self.kept_block(&stmt.body),
                Kept::Object => self.once_block(&stmt.body),
                Kept::No if self.sets_what_is_not(&stmt.test, &stmt.body) => self.quiet_block(&stmt.body),
                Kept::No if self.clears_own_flag(&stmt.test, &stmt.body) => self.once_block(&stmt.body),
                Kept::No => {
                    self.narrowed(&stmt.test, &stmt.body);
                    self.block_where(&stmt.test, &stmt.body);
                }
            },
        }
        for clause in &stmt.elif_else_clauses {
            if let Some(test) = &clause.test {
                if matches!(super::guards::guard(test), Guard::LifeSpan | Guard::Never) {
                    self.quiet_block(&clause.body);
                    continue;
                }
                self.test(test);
                self.narrowed(test, &clause.body);
                self.block_where(test, &clause.body);
            } else {
                self.block(&clause.body);
            }
        }
    }

    fn is_at_top(&self) -> bool {
        self.function == 0
            && self.class.is_none()
            && self.silent + self.kept == 0
            && self.once == 0
            && self.program.is_none()
    }

    /// What a module does where it is the program that serves: nothing that its import runs, but what a function
    /// called `main` would do, with the names of the module.
    fn program(&mut self, stmt: &'a ast::StmtIf) {
        let index = Self::index(self.facts.functions.len());
        let span = span_of(&*stmt.test);
        self.facts.functions.push(Function::new(PROGRAM, PROGRAM.to_owned(), span, 0));
        self.program = Some(index);
        self.block(&stmt.body);
        self.program = None;
    }

    /// A block in which a name may be known to equal a text.
    fn block_where(&mut self, test: &'a Expr, body: &'a [Stmt]) {
        let equal = equality(test);
        self.equal.extend(equal);
        self.block(body);
        if equal.is_some() {
            self.equal.pop();
        }
    }

    /// A condition asks for a truth value.
    pub(super) fn test(&mut self, test: &'a Expr) {
        visitor::Visitor::visit_expr(self, test);
        if matches!(test, Expr::Name(_) | Expr::Attribute(_) | Expr::Call(_)) {
            self.event(EventKind::Operate(test), span_of(test));
        }
    }

    pub(super) fn attempt(&mut self, stmt: &'a ast::StmtTry) {
        let yields = std::mem::take(&mut self.current().is_generator);
        self.begun_block(&stmt.body);
        let clears_up = std::mem::replace(&mut self.current().is_generator, yields);
        if clears_up {
            self.clears_up(stmt);
        }
        let probes = probes_for_loop(&stmt.body);
        let asserts = stmt.body.iter().all(Stmt::is_assert_stmt);
        for ast::ExceptHandler::ExceptHandler(handler) in &stmt.handlers {
            if let Some(name) = &handler.name {
                self.bind(name.as_str(), Bound::Opaque, span_of(handler).start);
            }
            // Where asking for the running loop fails, there is none that could be blocked. What an assertion
            // finds missing is a fault of the program that no request of it runs into, and what is cancelled ends
            // with its program, or with whoever has left.
            if probes || asserts || handler.type_.as_deref().is_some_and(is_end) {
                self.quiet_block(&handler.body);
                self.forget_bound_in(span_of(handler));
            } else {
                self.block(&handler.body);
                if let (Some(first), Some(last)) = (handler.body.first(), handler.body.last()) {
                    let region = span_of(first).cover(span_of(last));
                    self.current().excepts.push(region);
                }
            }
        }
        self.block(&stmt.orelse);
        self.body(&stmt.finalbody);
    }

    /// A generator takes back what was done while it stood still.
    fn clears_up(&mut self, stmt: &'a ast::StmtTry) {
        let handlers = stmt.handlers.iter().map(|ast::ExceptHandler::ExceptHandler(handler)| &handler.body);
        let parts = handlers.chain([&stmt.finalbody]).filter_map(|body| Some((body.first()?, body.last()?)));
        let parts: Vec<Span> = parts.map(|(first, last)| Span::new(span_of(first).start, span_of(last).end)).collect();
        let function = self.current();
        function.is_generator = true;
        function.clears_up.extend(parts);
    }

    /// Names that are bound elsewhere as well are not what a part binds them to that does not run.
    fn forget_bound_in(&mut self, part: Span) {
        let is_outside = |at: usize| at < part.start || part.end < at;
        let all = self.current().bindings.values_mut();
        all.filter(|bindings| bindings.iter().any(|binding| is_outside(binding.at)))
            .for_each(|bindings| bindings.retain(|binding| is_outside(binding.at)));
    }

    pub(super) fn assignments(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Assign(assign) => {
                visitor::Visitor::visit_expr(self, &assign.value);
                for target in &assign.targets {
                    self.targets(target);
                    if matches!(target, Expr::Tuple(_) | Expr::List(_)) && !matches!(&*assign.value, Expr::Tuple(_)) {
                        self.event(EventKind::Iterate(&assign.value, false), span_of(&*assign.value));
                    }
                    let bound = Bound::Value { value: Some(&assign.value), annotation: None };
                    self.bind_target(target, bound, span_of(assign).end);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    visitor::Visitor::visit_expr(self, value);
                }
                let bound = Bound::Value { value: assign.value.as_deref(), annotation: Some(&assign.annotation) };
                self.bind_target(&assign.target, bound, span_of(assign).end);
            }
            Stmt::AugAssign(assign) => {
                visitor::Visitor::visit_expr(self, &assign.value);
                self.targets(&assign.target);
                match &*assign.target {
                    Expr::Name(name) => {
                        self.current().changed.insert(name.id.as_str());
                    }
                    Expr::Attribute(attribute) => {
                        self.facts.changed.insert(attribute.attr.as_str());
                    }
                    _ => {}
                }
                if assign.op == ast::Operator::Add {
                    self.fill(&assign.target, Bound::HeldAll(&assign.value), span_of(assign).end);
                }
            }
            Stmt::TypeAlias(alias) => {
                self.bind_target(&alias.name, Bound::Alias(&alias.value), span_of(alias).end);
            }
            _ => {}
        }
    }

    /// What stands in a target runs too: `rows[find(key)] = value`.
    pub(super) fn targets(&mut self, target: &'a Expr) {
        match target {
            Expr::Subscript(subscript) => {
                visitor::Visitor::visit_expr(self, &subscript.value);
                visitor::Visitor::visit_expr(self, &subscript.slice);
                self.event(EventKind::Write(target), span_of(target));
            }
            Expr::Attribute(attribute) => {
                visitor::Visitor::visit_expr(self, &attribute.value);
                self.event(EventKind::Write(target), span_of(target));
            }
            Expr::Tuple(tuple) => tuple.elts.iter().for_each(|element| self.targets(element)),
            _ => {}
        }
    }

    pub(super) fn with(&mut self, stmt: &'a ast::StmtWith) {
        if stmt.is_async {
            self.current().awaits = true;
        }
        for item in &stmt.items {
            self.asynchronously(&item.context_expr, stmt.is_async);
            self.event(EventKind::Enter(&item.context_expr, stmt.is_async), span_of(&item.context_expr));
            if let Some(target) = item.optional_vars.as_deref() {
                self.bind_target(target, Bound::With(&item.context_expr), span_of(item).end);
                if let (Expr::Name(name), Expr::Call(made)) = (target, &item.context_expr)
                    && last_name(&made.func).ends_with("Executor")
                {
                    self.current().entered.push((name.id.as_str(), span_of(stmt)));
                }
            }
        }
        self.body(&stmt.body);
    }

    /// What is bound later in a loop is bound earlier the next time round.
    pub(super) fn looped(&mut self, span: Span) {
        self.current().loops.push(span);
    }

    pub(super) fn each(&mut self, stmt: &'a ast::StmtFor) {
        if let (Some(first), Some(last)) = (stmt.body.first(), stmt.body.last()) {
            let body = Span::new(span_of(first).start, span_of(last).end);
            self.looped(body);
            let through = gone_through(&stmt.iter);
            if through.is_name_expr() || last_name(through) == "qsize" {
                self.only_if(body, through, true);
            }
            self.only_under(through);
        }
        if stmt.is_async {
            self.current().awaits = true;
        }
        self.asynchronously(&stmt.iter, stmt.is_async);
        self.event(EventKind::Iterate(&stmt.iter, stmt.is_async), span_of(&*stmt.iter));
        self.bind_target(&stmt.target, Bound::Item(&stmt.iter), span_of(&*stmt.target).end);
        self.block(&stmt.body);
        self.block(&stmt.orelse);
    }

    /// `async with f()` and `async for x in f()` await what `f()` gives.
    pub(super) fn asynchronously(&mut self, expr: &'a Expr, is_async: bool) {
        match expr {
            Expr::Call(call) if is_async => self.call(call, true),
            _ => visitor::Visitor::visit_expr(self, expr),
        }
    }

    pub(super) fn call(&mut self, call: &'a ast::ExprCall, awaited: bool) {
        self.expression(&call.func);
        for argument in &call.arguments.args {
            match argument {
                Expr::Generator(generator) if is_eager(&call.func) => {
                    self.comprehension(argument, &generator.generators);
                }
                _ => visitor::Visitor::visit_expr(self, argument),
            }
        }
        for keyword in &call.arguments.keywords {
            visitor::Visitor::visit_expr(self, &keyword.value);
        }
        if let Expr::Attribute(attribute) = &*call.func
            && matches!(attribute.attr.as_str(), "setblocking" | "settimeout")
            && call.arguments.args.first().is_some_and(is_zero_or_false)
        {
            self.current().sets_nonblocking = true;
        }
        self.facts.binds_any |= matches!(last_name(&call.func), "exec" | "globals" | "vars");
        self.reads_keyword(call);
        self.filling_call(call);
        self.forwards(call);
        if self.typing_only == 0 {
            self.facts.calls.push((self.function, call));
        }
        self.event(EventKind::Call(call, awaited), span_of(call));
    }

    /// The callee of a call is not itself read as a property: `self.load()` is one event.
    pub(super) fn expression(&mut self, callee: &'a Expr) {
        match callee {
            Expr::Attribute(attribute) => visitor::Visitor::visit_expr(self, &attribute.value),
            _ => visitor::Visitor::visit_expr(self, callee),
        }
    }

    pub(super) fn comprehension(&mut self, whole: &'a Expr, generators: &'a [ast::Comprehension]) {
        let span = span_of(whole);
        self.blocks.push(span);
        for generator in generators {
            self.asynchronously(&generator.iter, generator.is_async);
            if generator.is_async {
                self.current().awaits = true;
            }
            self.event(EventKind::Iterate(&generator.iter, generator.is_async), span_of(&generator.iter));
            let class = self.class.take();
            self.bind_target(&generator.target, Bound::Item(&generator.iter), span.start);
            self.class = class;
            for condition in &generator.ifs {
                visitor::Visitor::visit_expr(self, condition);
            }
        }
        match whole {
            Expr::ListComp(list) => visitor::Visitor::visit_expr(self, &list.elt),
            Expr::SetComp(set) => visitor::Visitor::visit_expr(self, &set.elt),
            Expr::Generator(generator) => visitor::Visitor::visit_expr(self, &generator.elt),
            Expr::DictComp(dict) => {
                if let Some(key) = &dict.key {
                    visitor::Visitor::visit_expr(self, key);
                }
                visitor::Visitor::visit_expr(self, &dict.value);
            }
            _ => {}
        }
        self.blocks.pop();
    }
}

/// What a loop goes through in another order, or with its numbers: it has no rounds where that is empty.
fn gone_through(iterated: &Expr) -> &Expr {
    match iterated {
        Expr::Call(call)
            if matches!(last_name(&call.func), "enumerate" | "list" | "reversed" | "set" | "sorted" | "tuple")
                && call.func.is_name_expr() =>
        {
            call.arguments.args.first().map_or(iterated, gone_through)
        }
        // `range(times)` has no rounds for zero.
        Expr::Call(call) if last_name(&call.func) == "range" && call.func.is_name_expr() => match &*call.arguments.args
        {
            [times @ Expr::Name(_)] => times,
            // `range(queue.qsize())`
            [Expr::Call(times)] if last_name(&times.func) == "qsize" => &call.arguments.args[0],
            _ => iterated,
        },
        other => other,
    }
}

/// Whether an `except` is met only where a task, a generator or the program is made to end.
fn is_end(caught: &Expr) -> bool {
    const ENDS: [&str; 6] =
        ["Cancelled", "CancelledError", "GeneratorExit", "KeyboardInterrupt", "SystemExit", "get_cancelled_exc_class"];
    match caught {
        Expr::Tuple(all) => !all.elts.is_empty() && all.elts.iter().all(is_end),
        Expr::Call(call) => is_end(&call.func),
        one => ENDS.contains(&last_name(one)),
    }
}
