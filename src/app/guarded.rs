//! Whether what is done before the first request may be done by one process only.
//!
//! Decides from the words of the module: a condition around the call, or a lock between processes in the code that leads
//! to the call or that it leads to. Where the module keeps a lock for something else is not looked at, and a lock
//! between threads keeps no process from anything. Of other modules only a condition around the calls that lead there is
//! looked at, by who asks for that.

use std::collections::BTreeSet;

use super::beginnings::last;
use crate::python::syntax::ast::{self, Expr, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::source::Span;

/// Words in names and texts that show that only one process does something.
const LOCKS: [&str; 11] = [
    "fcntl",
    "filelock",
    "FileLock",
    "redlock",
    "Redlock",
    "redis_lock",
    "advisory_lock",
    "leader",
    "RUN_SCHEDULER",
    "ENABLE_SCHEDULER",
    "SCHEDULER_ENABLED",
];

/// Modules whose locks hold back the threads or tasks of one process.
const WITHIN: [&str; 5] = ["threading", "asyncio", "anyio", "gevent", "trio"];

/// Whether something may keep the call at `span` from being made in every process.
pub(super) fn is_guarded(module: &Module, text: &str, span: Span) -> bool {
    // What the text does not mention needs no second look.
    is_asked(module, text, span)
        || (text.contains("acquire") || LOCKS.iter().any(|word| text.contains(word))) && says(module, span)
}

/// Whether an `if` around the place asks whether it is to be reached.
pub(super) fn is_asked(module: &Module, text: &str, span: Span) -> bool {
    let mut conditions = Conditions { span, text, found: false };
    visitor::Visitor::visit_body(&mut conditions, &module.body);
    conditions.found
}

/// Whether the code around the call speaks of a lock between processes; comments say nothing.
fn says(module: &Module, span: Span) -> bool {
    let mut parts = vec![Part::default()];
    split(&module.body, span, &mut parts);
    let top = parts.first().map_or_else(BTreeSet::new, |top| top.threads.clone());
    let callers = |seen: &BTreeSet<usize>| -> Vec<usize> {
        let names: BTreeSet<&str> = seen.iter().filter_map(|&at| parts.get(at)?.own).collect();
        let calls = |part: &Part<'_>| part.names.iter().any(|name| names.contains(name));
        (0..parts.len()).filter(|at| parts.get(*at).is_some_and(calls)).collect()
    };
    let called = |seen: &BTreeSet<usize>| -> Vec<usize> {
        let names: BTreeSet<&str> =
            seen.iter().filter_map(|&at| parts.get(at)).flat_map(|part| &part.names).copied().collect();
        let is_named = |part: &Part<'_>| part.own.is_some_and(|own| names.contains(own));
        (0..parts.len()).filter(|at| parts.get(*at).is_some_and(is_named)).collect()
    };
    let holds = |part: &Part<'_>| part.span.is_some_and(|own| own.start <= span.start && span.end <= own.end);
    let mut seen: BTreeSet<usize> = (0..parts.len()).filter(|at| parts.get(*at).is_some_and(holds)).collect();
    grow(&mut seen, &callers);
    seen.insert(0);
    grow(&mut seen, &called);
    let around: Vec<&Part<'_>> = seen.iter().filter_map(|&at| parts.get(at)).collect();
    let named = |alias: &&str| around.iter().any(|part| part.names.contains(*alias));
    let takes = |taken: &&str| !top.contains(*taken);
    parts.iter().flat_map(|part| &part.locks).any(named)
        || around
            .iter()
            .any(|part| part.says || part.taken.iter().any(|taken| takes(taken) && !part.threads.contains(*taken)))
}

/// Adds what `next` leads to, until there is nothing new.
fn grow(seen: &mut BTreeSet<usize>, next: &dyn Fn(&BTreeSet<usize>) -> Vec<usize>) {
    loop {
        let before = seen.len();
        let more = next(seen);
        seen.extend(more);
        if seen.len() == before {
            return;
        }
    }
}

/// A function or class of a module, or, as the first, what stands outside of all of them.
#[derive(Debug, Default)]
struct Part<'a> {
    own: Option<&'a str>,
    span: Option<Span>,
    /// The names that it mentions.
    names: BTreeSet<&'a str>,
    /// Names that imports give to something that is called a lock.
    locks: BTreeSet<&'a str>,
    /// What it imports from the modules of such locks.
    within: BTreeSet<&'a str>,
    /// Names of locks within a process.
    threads: BTreeSet<&'a str>,
    /// Names of locks that are taken.
    taken: BTreeSet<&'a str>,
    says: bool,
}

/// Takes a body apart. What runs only as a program is left out, unless the call stands there.
fn split<'a>(body: &'a [Stmt], span: Span, parts: &mut Vec<Part<'a>>) {
    for statement in body {
        let own = match statement {
            Stmt::FunctionDef(def) => Some(def.name.as_str()),
            Stmt::ClassDef(def) => Some(def.name.as_str()),
            _ => None,
        };
        if own.is_some() {
            let within = parts.first().map_or_else(BTreeSet::new, |top| top.within.clone());
            let mut part = Part { own, span: Some(span_of(statement)), within, ..Part::default() };
            visitor::Visitor::visit_stmt(&mut part, statement);
            parts.push(part);
            continue;
        }
        if let Stmt::If(branch) = statement {
            let whole = branch.body.first().zip(branch.body.last());
            if let Some(top) = parts.first_mut() {
                visitor::Visitor::visit_expr(top, &branch.test);
                let tests = branch.elif_else_clauses.iter().filter_map(|clause| clause.test.as_ref());
                tests.for_each(|test| visitor::Visitor::visit_expr(top, test));
            }
            let inside =
                whole.is_some_and(|(first, last)| span_of(first).start <= span.start && span.end <= span_of(last).end);
            if inside || !is_program(&branch.test) {
                split(&branch.body, span, parts);
            }
            for clause in &branch.elif_else_clauses {
                split(&clause.body, span, parts);
            }
        } else if let Stmt::Try(attempt) = statement {
            split(&attempt.body, span, parts);
            for ast::ExceptHandler::ExceptHandler(handler) in &attempt.handlers {
                split(&handler.body, span, parts);
            }
            split(&attempt.orelse, span, parts);
            split(&attempt.finalbody, span, parts);
        } else if let Some(top) = parts.first_mut() {
            visitor::Visitor::visit_stmt(top, statement);
        }
    }
}

/// `__name__ == "__main__"`
fn is_program(test: &Expr) -> bool {
    let Expr::Compare(compare) = test else { return false };
    let is_name = matches!(&*compare.left, Expr::Name(name) if name.id.as_str() == "__name__");
    is_name && compare.ops.iter().all(|op| *op == ast::CmpOp::Eq)
}

impl<'a> Part<'a> {
    fn look(&mut self, text: &str) {
        self.says |= LOCKS.iter().any(|word| text.contains(word));
    }

    /// `lock = threading.Lock()`, `self.lock = Lock()`.
    fn bind(&mut self, target: &'a Expr, value: &Expr) {
        let Expr::Call(call) = value else { return };
        let is_within = match &*call.func {
            Expr::Attribute(attribute) => WITHIN.contains(&last(&attribute.value)),
            Expr::Name(name) => self.within.contains(name.id.as_str()),
            _ => false,
        };
        let name = last(target);
        if is_within && !name.is_empty() {
            self.threads.insert(name);
        }
    }
}

impl<'a> visitor::Visitor<'a> for Part<'a> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let is_lock = |text: &str| LOCKS.iter().any(|word| text.contains(word));
        match statement {
            Stmt::Import(import) => {
                for alias in import.names.iter().filter(|alias| is_lock(alias.name.as_str())) {
                    let first = alias.name.as_str().split('.').next().unwrap_or_default();
                    self.locks.insert(alias.asname.as_ref().map_or(first, ast::Identifier::as_str));
                }
            }
            Stmt::ImportFrom(import) => {
                let module = import.module.as_deref().unwrap_or_default();
                if WITHIN.contains(&module.split('.').next().unwrap_or_default()) {
                    let names = import.names.iter().map(|alias| alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                    self.within.extend(names);
                }
                let whole = is_lock(module);
                for alias in import.names.iter().filter(|alias| whole || is_lock(alias.name.as_str())) {
                    self.locks.insert(alias.asname.as_ref().unwrap_or(&alias.name).as_str());
                }
            }
            // A text that stands alone explains something.
            Stmt::Expr(alone) if matches!(*alone.value, Expr::StringLiteral(_)) => return,
            Stmt::FunctionDef(def) => self.look(def.name.as_str()),
            Stmt::Assign(assign) => assign.targets.iter().for_each(|target| self.bind(target, &assign.value)),
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    self.bind(&assign.target, value);
                }
            }
            _ => {}
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Name(name) => {
                let name = name.id.as_str();
                self.names.insert(name);
                self.look(name);
                self.says |= name.contains("acquire") && is_lock(name);
            }
            Expr::Attribute(attribute) => {
                let name = attribute.attr.as_str();
                self.names.insert(name);
                self.look(name);
                // A pool is acquired from as well; a lock says that it is one.
                let made = if let Expr::Call(made) = &*attribute.value { &*made.func } else { &*attribute.value };
                if name.contains("acquire") && (is_lock(last(made)) || is_lock(name)) {
                    self.taken.insert(last(made));
                }
            }
            Expr::StringLiteral(text) => self.look(text.value.to_str()),
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}

/// Whether a name means something that only one has at a time.
fn is_lock(name: &str) -> bool {
    let words = ["lock", "mutex", "lease", "semaphore", "singleton"];
    words.iter().any(|word| name.to_ascii_lowercase().contains(word))
}

/// Whether a condition only leaves out tests and debugging: `if not settings.TESTING:`.
fn excepts_tests(words: &str) -> bool {
    let Some(rest) = words.trim_start_matches('(').strip_prefix("not ") else { return false };
    let is_one = rest.chars().all(|c| c.is_ascii_alphanumeric() || "_.[]\"'".contains(c));
    let last = rest.rsplit(|c: char| !c.is_ascii_alphabetic()).find(|word| !word.is_empty()).unwrap_or_default();
    is_one && matches!(last.to_ascii_lowercase().as_str(), "test" | "tests" | "testing" | "debug")
}

/// Looks for an `if` around a call that asks for more than whether the thing runs already.
struct Conditions<'s> {
    span: Span,
    text: &'s str,
    found: bool,
}

impl<'a> visitor::Visitor<'a> for Conditions<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        let own = span_of(statement);
        if self.found || own.start > self.span.start || own.end < self.span.end {
            return;
        }
        if let Stmt::If(branch) = statement {
            let asked = span_of(&*branch.test);
            let words = self.text.get(asked.start..asked.end).unwrap_or_default();
            // What stands under `__name__ == "__main__"` no import runs, and what stands beside it every import.
            let is_program = words.contains("__name__");
            let asks = !is_program && !words.contains("running") && !words.contains("is None");
            self.found = own.start < self.span.start && asks && !excepts_tests(words);
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}
