//! One body, evaluated in order as far as that tells what it calls.

use std::cell::Cell;
use std::sync::Arc;

use super::super::modules::Workspace;
use super::super::names::Meaning;
use super::super::syntax::{Block, Expression, Kind, Path, Statement, Type, Use};
use super::super::values::{Around, Head, Ty, last};
use super::macros::MAX_WRITTEN;
use super::{Call, Callable, Outcome, Part, PartBody, Sink, Target, Value};
use crate::rust::catalogue::{Category, Effect, Weight};
use crate::source::Span;

/// How much of one body is evaluated, closures each time that they are called.
const MAX_EVALUATED: usize = 60_000;
/// How deep closures are called in closures.
pub(super) const MAX_DEPTH: usize = 24;

/// What one function comes to.
pub(super) fn function(workspace: &Workspace, at: usize) -> Outcome {
    let item = Arc::clone(&workspace.functions[at].item);
    let mut walker = Walker::new(workspace, at, workspace.around(at));
    for parameter in &item.parameters {
        let ty = workspace.ty(&walker.around, &parameter.ty);
        walker.bind(&parameter.pattern, &Value { ty, ..Value::default() });
    }
    if let Some(body) = &item.body {
        walker.block(body);
    }
    walker.out
}

/// What a part of one comes to.
pub(super) fn part(workspace: &Workspace, part: &Part) -> Outcome {
    let mut walker = Walker::new(workspace, part.function, part.around.clone());
    walker.scope.clone_from(&part.scope);
    walker.uses.clone_from(&part.uses);
    match &part.body {
        PartBody::Closure(closure) => {
            walker.run_closure(closure, &part.parameters);
        }
        PartBody::Async(block) => {
            walker.can_await = true;
            walker.block(block);
        }
    }
    walker.out
}

/// Whether the value is a block that runs later.
pub(super) fn is_future(value: &Expression) -> bool {
    match &value.kind {
        Kind::Async(_) => true,
        Kind::Block(block) => {
            matches!(block.statements.last(), Some(Statement::Expression(last, true)) if is_future(last))
        }
        Kind::Call(_, arguments) => matches!(&arguments[..], [one] if is_future(one)),
        Kind::Method(call) => call.name == "boxed" && is_future(&call.receiver),
        _ => false,
    }
}

pub(super) struct Walker<'w> {
    pub(super) workspace: &'w Workspace,
    pub(super) function: usize,
    pub(super) around: Around,
    pub(super) scope: Vec<(String, Value)>,
    pub(super) uses: Vec<Use>,
    pub(super) out: Outcome,
    /// Whether a thread runs this, which may wait.
    pub(super) in_thread: bool,
    /// Whether what is evaluated now is awaited at once.
    pub(super) awaited: bool,
    /// Whether what is written here can await.
    pub(super) can_await: bool,
    pub(super) depth: usize,
    evaluated: usize,
    /// How many macros of the project stand around what is evaluated now.
    pub(super) nested: usize,
    /// How much macros of the project may still write here.
    pub(super) left: Cell<usize>,
}

impl<'w> Walker<'w> {
    fn new(workspace: &'w Workspace, function: usize, around: Around) -> Self {
        Self {
            workspace,
            function,
            around,
            scope: Vec::new(),
            uses: Vec::new(),
            out: Outcome::default(),
            in_thread: false,
            awaited: false,
            can_await: workspace.functions[function].item.is_async,
            depth: 0,
            evaluated: 0,
            nested: 0,
            left: Cell::new(MAX_WRITTEN),
        }
    }

    pub(super) fn sink(&mut self, span: Span, what: String, effect: Effect, doubtful: bool) {
        if !self.in_thread {
            let can_await = self.can_await;
            self.out.sinks.push(Sink { span, what, effect, doubtful, can_await, panics: false });
        }
    }

    /// A call of `block_in_place`, which takes the worker's other tasks to another thread, if there may be one.
    pub(super) fn in_place(&mut self, span: Span, what: String) {
        const EFFECT: Effect = Effect {
            category: Category::EventLoop,
            weight: Weight::Unbounded,
            instead: "`tokio::task::spawn_blocking`",
            library: "tokio",
        };
        if !self.in_thread {
            let can_await = self.can_await;
            self.out.sinks.push(Sink { span, what, effect: EFFECT, doubtful: false, can_await, panics: true });
        }
    }

    pub(super) fn step(&mut self, to: usize, span: Span, doubts: u8) {
        self.out.names.push(to);
        if !self.in_thread {
            self.out.steps.push(Call { target: Target::Function(to), span, doubts, is_task: false });
        }
    }

    /// Gives a closure or a block a number of its own.
    pub(super) fn part(&mut self, body: PartBody, scope: Arc<Vec<(String, Value)>>, parameters: Vec<Ty>) -> Target {
        let (around, uses) = (self.around.clone(), self.uses.clone());
        self.out.parts.push(Part { function: self.function, body, scope, around, uses, parameters });
        Target::Part(self.out.parts.len() - 1)
    }

    pub(super) fn scope_now(&self) -> Arc<Vec<(String, Value)>> {
        Arc::new(self.scope.clone())
    }

    pub(super) fn local(&self, name: &str) -> Option<&Value> {
        self.scope.iter().rev().find(|(known, _)| known == name).map(|(_, value)| value)
    }

    /// What a path stands for here, names that the block brings in first.
    pub(super) fn meanings(&self, path: &Path) -> Vec<Meaning> {
        let first = path.segments.first();
        let used = self.uses.iter().rev().find(|used| !path.is_global && used.bound.as_ref() == first);
        match used {
            Some(used) => {
                let mut segments = used.path.clone();
                segments.extend(path.segments.iter().skip(1).cloned());
                self.workspace
                    .meanings(self.around.module, &Path { segments, is_global: used.is_global, ..path.clone() })
            }
            None => self.workspace.meanings(self.around.module, path),
        }
    }

    pub(super) fn block(&mut self, block: &Block) -> Value {
        let (depth, uses) = (self.scope.len(), self.uses.len());
        self.uses.extend(block.uses.iter().cloned());
        for function in &block.functions {
            let callable = Some(Callable::Inner(Arc::clone(function)));
            self.scope.push((function.name.clone(), Value { callable, ..Value::default() }));
        }
        let mut result = Value::default();
        for statement in &block.statements {
            match statement {
                Statement::Let(pattern, annotated, value, otherwise) => {
                    let mut value = value.as_ref().map(|value| self.evaluate(value)).unwrap_or_default();
                    if !matches!(annotated, Type::Unknown) {
                        let ty = self.workspace.ty(&self.around, annotated);
                        // `Vec<_>` says less than what it is made of.
                        if !ty.is_unknown() {
                            value.ty = ty;
                        }
                    }
                    if let Some(otherwise) = otherwise {
                        self.evaluate(otherwise);
                    }
                    self.bind(pattern, &value);
                }
                Statement::Expression(value, is_last) => {
                    let value = self.evaluate(value);
                    if *is_last {
                        result = value;
                    }
                }
            }
        }
        self.scope.truncate(depth);
        self.uses.truncate(uses);
        result
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each kind of expression")]
    pub(super) fn evaluate(&mut self, value: &Expression) -> Value {
        let awaited = std::mem::take(&mut self.awaited);
        self.evaluated += 1;
        if self.evaluated > MAX_EVALUATED {
            return Value::default();
        }
        let typed = |ty: Ty| Value { ty, ..Value::default() };
        match &value.kind {
            Kind::Path(path) => self.path(path),
            Kind::Call(callee, arguments) => {
                self.awaited = awaited;
                self.call(value, callee, arguments)
            }
            Kind::Method(call) => {
                self.awaited = awaited;
                self.method(value, call)
            }
            Kind::Await(inner) => {
                self.awaited = true;
                let known = self.evaluate(inner);
                self.awaited = false;
                match &known.callable {
                    Some(callable @ Callable::Async(..)) => self.run(&callable.clone(), &[], value.span),
                    _ => known,
                }
            }
            Kind::Same(inner) => self.evaluate(inner),
            Kind::Field(base, name) => {
                let base = self.evaluate(base);
                match base.ty.head {
                    Head::Local(ty) => typed(self.field(ty, &base.ty.arguments, name)),
                    Head::Tuple => {
                        let at = name.parse::<usize>().ok();
                        typed(at.and_then(|at| base.ty.arguments.get(at)).cloned().unwrap_or_default())
                    }
                    // Extractors are looked through, and so is the field that holds what they extract.
                    _ if name == "0" => base,
                    _ => Value::default(),
                }
            }
            Kind::Index(base, index) => {
                let base = self.evaluate(base);
                self.evaluate(index);
                typed(base.ty.item())
            }
            Kind::Structure(path, values) => {
                for value in values {
                    self.evaluate(value);
                }
                typed(self.workspace.ty(&self.around, &Type::Path(path.clone())))
            }
            Kind::Closure(closure) => {
                let callable = Some(Callable::Closure(Arc::clone(closure), self.scope_now()));
                Value { callable, ..Value::default() }
            }
            Kind::Async(block) => {
                let callable = Some(Callable::Async(Arc::clone(block), self.scope_now()));
                if self.depth > MAX_DEPTH {
                    return Value { callable, ..Value::default() };
                }
                // Whoever polls it does so on the runtime, be it awaited here, joined or returned.
                self.depth += 1;
                let outer = std::mem::replace(&mut self.can_await, true);
                let known = self.block(block);
                self.can_await = outer;
                self.depth -= 1;
                Value { ty: known.ty, ..Value::default() }
            }
            Kind::Block(block) => self.block(block),
            Kind::Loop(pattern, over, body) => {
                let depth = self.scope.len();
                if let Some(over) = over {
                    let over = self.evaluate(over);
                    self.bind(pattern, &typed(over.ty.item()));
                }
                self.evaluate(body);
                self.scope.truncate(depth);
                Value::default()
            }
            Kind::Choice(condition, arms) => {
                let depth = self.scope.len();
                let condition = self.evaluate(condition);
                let mut result = Value::default();
                for (pattern, guard, value) in arms {
                    let depth = self.scope.len();
                    self.bind(pattern, &condition);
                    if let Some(guard) = guard {
                        self.evaluate(guard);
                    }
                    let value = self.evaluate(value);
                    if result.ty.is_unknown() {
                        result = value;
                    }
                    self.scope.truncate(depth);
                }
                self.scope.truncate(depth);
                result
            }
            Kind::Matches(pattern, value) => {
                let value = self.evaluate(value);
                self.bind(pattern, &value);
                Value::default()
            }
            Kind::Tuple(parts) => {
                let parts = parts.iter().map(|part| self.evaluate(part).ty).collect();
                typed(Ty::tuple(parts))
            }
            Kind::Several(values) => {
                let mut values: Vec<Value> = values.iter().map(|value| self.evaluate(value)).collect();
                if values.len() == 1 { values.pop().unwrap_or_default() } else { Value::default() }
            }
            Kind::Assign(target, given) => {
                let given = self.evaluate(given);
                if let Kind::Path(path) = &target.kind
                    && let Some(name) = path.name()
                    && let Some((_, known)) = self.scope.iter_mut().rev().find(|(known, _)| known == name)
                    && known.ty.is_unknown()
                {
                    *known = given;
                }
                Value::default()
            }
            Kind::Macro(path, values) => self.macro_call(path, values, value.span),
            Kind::Number(number) => Value { is_zero: number.chars().all(|c| c == '0' || c == '.'), ..Value::default() },
            Kind::Text(_) | Kind::Flag(_) | Kind::Unread(_) | Kind::Other => Value::default(),
        }
    }

    fn path(&mut self, path: &Path) -> Value {
        if let Some(known) = path.name().and_then(|name| self.local(name)) {
            return known.clone();
        }
        for meaning in self.meanings(path) {
            match meaning {
                Meaning::Function(at) => {
                    self.out.names.push(at);
                    return Value { callable: Some(Callable::Function(at)), ..Value::default() };
                }
                Meaning::Value(module, nth) => {
                    let around = Around { module, ..Around::default() };
                    let written = &self.workspace.modules[module].scope.values[nth].ty;
                    return Value { ty: self.workspace.ty(&around, written), ..Value::default() };
                }
                Meaning::Type(_) => {
                    let ty = self.workspace.ty(&self.around, &Type::Path(path.clone()));
                    return Value { ty, ..Value::default() };
                }
                Meaning::Library(name) => {
                    return Value { is_zero: matches!(last(&name), "ZERO"), ..Value::default() };
                }
                _ => {}
            }
        }
        // `Self::method`, and functions of types that are found by what they are.
        match self.of_type(path) {
            Some(at) => {
                self.out.names.push(at);
                Value { callable: Some(Callable::Function(at)), ..Value::default() }
            }
            None => Value::default(),
        }
    }

    /// The method that `Self::name` or `Parameter::name` means.
    pub(super) fn of_type(&self, path: &Path) -> Option<usize> {
        let (name, before) = path.segments.split_last()?;
        if before.is_empty() || path.is_global {
            return None;
        }
        let inner = Path { segments: before.to_vec(), arguments: Vec::new(), ..path.clone() };
        let ty = self.workspace.ty(&self.around, &Type::Path(inner));
        self.method_of(&ty, name)
    }
}
