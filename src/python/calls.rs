//! What each function of a file does, in the order it does it: calls, `with`, iteration, reads.
//!
//! One walk over the tree of a file; everything later works on these facts. They borrow from the
//! tree, so that nothing is copied, and say nothing about what a name stands for.

use std::collections::{HashMap, HashSet};

use super::names::{Binding, Bound};
use super::syntax::ast::{self, Expr, Stmt};
use super::syntax::{Module, span_of, visitor};
use crate::source::{FileId, Span};

/// How deep expressions are followed. Generated code goes deeper; nothing in it is worth a stack.
const MAX_DEPTH: usize = 200;

/// Everything that is known of one file.
#[derive(Debug)]
pub struct FileFacts<'a> {
    /// The file.
    pub file: FileId,
    /// Its functions; the first is the module itself, lambdas are among them.
    pub functions: Vec<Function<'a>>,
    /// Its classes.
    pub classes: Vec<Class<'a>>,
    /// Modules that run when this one is imported or one of its functions is called.
    pub imports: Vec<Import<'a>>,
    /// Modules of `from module import *`.
    pub stars: Vec<(u32, &'a str)>,
    /// Lambdas by the place where they start.
    pub lambdas: HashMap<usize, u32>,
}

/// One import, outside blocks that only a type checker reads.
#[derive(Debug, Clone, Copy)]
pub struct Import<'a> {
    /// Leading dots.
    pub level: u32,
    /// The module.
    pub module: &'a str,
    /// What is taken from it, if it is a `from` import.
    pub name: Option<&'a str>,
}

/// A function, a lambda, or a module as the function that its import runs.
#[derive(Debug)]
pub struct Function<'a> {
    /// Its name; empty for a module, `<lambda>` for a lambda.
    pub name: &'a str,
    /// With the names of what it is nested in.
    pub qualified: String,
    /// Its name in the text; of a lambda the whole of it.
    pub span: Span,
    /// The function around it.
    pub parent: u32,
    /// The class whose method it is.
    pub class: Option<u32>,
    /// Whether it is an `async def`.
    pub is_async: bool,
    /// Whether it yields.
    pub is_generator: bool,
    /// Whether it awaits anything.
    pub awaits: bool,
    /// Whether its body is a placeholder for an override.
    pub is_abstract: bool,
    /// Its parameters.
    pub parameters: Vec<Parameter<'a>>,
    /// Its decorators.
    pub decorators: &'a [ast::Decorator],
    /// The annotation of what it returns.
    pub returns: Option<&'a Expr>,
    /// Its scope.
    pub bindings: HashMap<&'a str, Vec<Binding<'a>>>,
    /// Names that it takes from the module's scope to write to.
    pub globals: HashSet<&'a str>,
    /// What it does.
    pub events: Vec<Event<'a>>,
    /// What it returns.
    pub results: Vec<&'a Expr>,
    /// What it yields.
    pub yields: Vec<&'a Expr>,
    /// Whether it switches a socket to non-blocking mode.
    pub sets_nonblocking: bool,
}

/// A parameter of a function.
#[derive(Debug, Clone, Copy)]
pub struct Parameter<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its annotation.
    pub annotation: Option<&'a Expr>,
    /// Its default.
    pub default: Option<&'a Expr>,
    /// Whether it takes arguments by position.
    pub positional: bool,
    /// Whether it is `*args` or `**kwargs`.
    pub variadic: bool,
}

/// A class.
#[derive(Debug)]
pub struct Class<'a> {
    /// Its name.
    pub name: &'a str,
    /// With the names of what it is nested in.
    pub qualified: String,
    /// Its name in the text.
    pub span: Span,
    /// The function around it.
    pub scope: u32,
    /// Its bases.
    pub bases: &'a [Expr],
    /// Its decorators.
    pub decorators: &'a [ast::Decorator],
    /// Its methods, by name; the last one of a name counts.
    pub methods: HashMap<&'a str, Vec<u32>>,
    /// What its body and its methods (through `self`) assign.
    pub fields: HashMap<&'a str, Vec<Binding<'a>>>,
    /// Classes in it.
    pub nested: HashMap<&'a str, u32>,
}

/// Something a function does that may take time.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// What.
    pub kind: EventKind<'a>,
    /// Where.
    pub span: Span,
}

/// What an event is.
#[derive(Debug, Clone, Copy)]
pub enum EventKind<'a> {
    /// A call, and whether its result is awaited.
    Call(&'a ast::ExprCall, bool),
    /// A `with`, and whether it is an `async with`.
    Enter(&'a Expr, bool),
    /// Iteration, and whether it is asynchronous.
    Iterate(&'a Expr, bool),
    /// An attribute is read.
    Read(&'a ast::ExprAttribute),
}

/// Reads the facts of one file.
pub fn facts(file: FileId, module: &Module) -> FileFacts<'_> {
    let whole = Span::new(0, usize::MAX);
    let mut reader = Reader {
        facts: FileFacts {
            file,
            functions: vec![Function::new("", String::new(), Span::new(0, 0), 0)],
            classes: Vec::new(),
            imports: Vec::new(),
            stars: Vec::new(),
            lambdas: HashMap::new(),
        },
        function: 0,
        class: None,
        blocks: vec![whole],
        depth: 0,
        silent: 0,
        typing_only: 0,
    };
    reader.body(&module.body);
    reader.facts
}

impl<'a> Function<'a> {
    fn new(name: &'a str, qualified: String, span: Span, parent: u32) -> Self {
        Self {
            name,
            qualified,
            span,
            parent,
            class: None,
            is_async: false,
            is_generator: false,
            awaits: false,
            is_abstract: false,
            parameters: Vec::new(),
            decorators: &[],
            returns: None,
            bindings: HashMap::new(),
            globals: HashSet::new(),
            events: Vec::new(),
            results: Vec::new(),
            yields: Vec::new(),
            sets_nonblocking: false,
        }
    }
}

struct Reader<'a> {
    facts: FileFacts<'a>,
    function: u32,
    class: Option<u32>,
    blocks: Vec<Span>,
    depth: usize,
    /// Above zero where the code does not run on a server: its calls are not recorded.
    silent: usize,
    typing_only: usize,
}

impl<'a> Reader<'a> {
    fn current(&mut self) -> &mut Function<'a> {
        &mut self.facts.functions[self.function as usize]
    }

    fn body(&mut self, body: &'a [Stmt]) {
        let outer = self.silent;
        for stmt in body {
            visitor::Visitor::visit_stmt(self, stmt);
            if self.returns_kept_value(stmt) {
                self.silent += 1;
            }
        }
        self.silent = outer;
    }

    /// `if kept is not None: return kept`: what follows runs once in the life of the process.
    fn returns_kept_value(&self, stmt: &Stmt) -> bool {
        let Stmt::If(stmt) = stmt else { return false };
        let returns = matches!(&*stmt.body, [Stmt::Return(_)]) && stmt.elif_else_clauses.is_empty();
        returns
            && self.is_kept(match &*stmt.test {
                Expr::Compare(compare) if matches!(&*compare.ops, [ast::CmpOp::IsNot]) => {
                    &compare.left
                }
                other => other,
            })
    }

    /// `if kept is None:` and `if not kept:`: the body runs once in the life of the process.
    fn fills_kept_value(&self, test: &Expr) -> bool {
        match test {
            Expr::Compare(compare) if matches!(&*compare.ops, [ast::CmpOp::Is]) => {
                self.is_kept(&compare.left)
            }
            Expr::UnaryOp(operation) if operation.op == ast::UnaryOp::Not => {
                self.is_kept(&operation.operand)
            }
            _ => false,
        }
    }

    /// Whether an expression is something that outlives the call: a global that this function
    /// writes, or an attribute of the object or class.
    fn is_kept(&self, expr: &Expr) -> bool {
        let function = &self.facts.functions[self.function as usize];
        match expr {
            Expr::Name(name) => function.globals.contains(name.id.as_str()),
            Expr::Attribute(attribute) => matches!(&*attribute.value, Expr::Name(object)
                if function.class.is_some()
                    && attribute.attr.as_str().starts_with('_')
                    && function.parameters.first().is_some_and(|first| first.name == object.id.as_str())),
            _ => false,
        }
    }

    fn block(&mut self, body: &'a [Stmt]) {
        let (Some(first), Some(last)) = (body.first(), body.last()) else {
            return;
        };
        self.blocks
            .push(Span::new(span_of(first).start, span_of(last).end));
        self.body(body);
        self.blocks.pop();
    }

    fn quiet_block(&mut self, body: &'a [Stmt]) {
        self.silent += 1;
        self.block(body);
        self.silent -= 1;
    }

    fn event(&mut self, kind: EventKind<'a>, span: Span) {
        if self.silent == 0 {
            self.current().events.push(Event { kind, span });
        }
    }

    fn bind(&mut self, name: &'a str, bound: Bound<'a>, at: usize) {
        let block = self.blocks.last().copied().unwrap_or_default();
        let binding = Binding {
            bound,
            scope: self.function,
            at,
            block,
        };
        if let Some(class) = self.class {
            self.facts.classes[class as usize]
                .fields
                .entry(name)
                .or_default()
                .push(binding);
            return;
        }
        let function = self.current();
        if function.globals.contains(name) {
            // Seen from the module, such an assignment may or may not have happened.
            let binding = Binding {
                block: Span::new(at, at),
                ..binding
            };
            self.facts.functions[0]
                .bindings
                .entry(name)
                .or_default()
                .push(binding);
        } else {
            function.bindings.entry(name).or_default().push(binding);
        }
    }

    fn bind_target(&mut self, target: &'a Expr, bound: Bound<'a>, at: usize) {
        match target {
            Expr::Name(name) => self.bind(name.id.as_str(), bound, at),
            Expr::Attribute(attribute) => self.bind_attribute(attribute, bound, at),
            Expr::Starred(starred) => self.bind_target(&starred.value, Bound::Opaque, at),
            Expr::Tuple(tuple) => self.bind_all(&tuple.elts, bound, at),
            Expr::List(list) => self.bind_all(&list.elts, bound, at),
            _ => {}
        }
    }

    fn bind_all(&mut self, targets: &'a [Expr], bound: Bound<'a>, at: usize) {
        for (i, target) in targets.iter().enumerate() {
            let part = match bound {
                Bound::Value {
                    value: Some(value), ..
                } => Bound::Unpacked(value, i),
                _ => Bound::Opaque,
            };
            self.bind_target(target, part, at);
        }
    }

    /// `self.name = ...` in a method is a field of its class.
    fn bind_attribute(&mut self, attribute: &'a ast::ExprAttribute, bound: Bound<'a>, at: usize) {
        let Expr::Name(object) = &*attribute.value else {
            return;
        };
        let function = &self.facts.functions[self.function as usize];
        let Some(class) = function.class else { return };
        if function
            .parameters
            .first()
            .is_some_and(|first| first.name == object.id.as_str())
        {
            let binding = Binding {
                bound,
                scope: self.function,
                at,
                block: Span::new(at, at),
            };
            let fields = &mut self.facts.classes[class as usize].fields;
            fields
                .entry(attribute.attr.as_str())
                .or_default()
                .push(binding);
        }
    }

    fn qualified(&self, name: &str) -> String {
        let outer = match self.class {
            Some(class) => self.facts.classes[class as usize].qualified.as_str(),
            None => self.facts.functions[self.function as usize]
                .qualified
                .as_str(),
        };
        if outer.is_empty() {
            name.to_owned()
        } else {
            format!("{outer}.{name}")
        }
    }

    fn index(length: usize) -> u32 {
        u32::try_from(length).unwrap_or(u32::MAX)
    }

    fn define(&mut self, def: &'a ast::StmtFunctionDef) {
        self.outside(def);
        let index = Self::index(self.facts.functions.len());
        let name = def.name.as_str();
        let mut function = Function::new(
            name,
            self.qualified(name),
            span_of(&def.name),
            self.function,
        );
        function.is_async = def.is_async;
        function.class = self.class;
        function.decorators = &def.decorator_list;
        function.returns = def.returns.as_deref();
        function.is_abstract = is_placeholder(&def.body);
        function.parameters = parameters(&def.parameters);
        self.facts.functions.push(function);
        if let Some(class) = self.class {
            self.facts.classes[class as usize]
                .methods
                .entry(name)
                .or_default()
                .push(index);
        } else {
            self.bind(name, Bound::Function(index), span_of(def).end);
        }
        self.inside(index, span_of(def), |reader| reader.body(&def.body));
    }

    /// Decorators and defaults run where the function is defined.
    fn outside(&mut self, def: &'a ast::StmtFunctionDef) {
        for decorator in &def.decorator_list {
            visitor::Visitor::visit_expr(self, &decorator.expression);
        }
        for parameter in def.parameters.iter_non_variadic_params() {
            if let Some(default) = parameter.default.as_deref() {
                visitor::Visitor::visit_expr(self, default);
            }
        }
    }

    fn lambda(&mut self, lambda: &'a ast::ExprLambda) {
        let index = Self::index(self.facts.functions.len());
        let span = span_of(lambda);
        let mut function =
            Function::new("<lambda>", self.qualified("<lambda>"), span, self.function);
        function.parameters = lambda
            .parameters
            .as_deref()
            .map(parameters)
            .unwrap_or_default();
        function.results = vec![&lambda.body];
        self.facts.functions.push(function);
        self.facts.lambdas.insert(span.start, index);
        self.inside(index, span, |reader| {
            visitor::Visitor::visit_expr(reader, &lambda.body)
        });
    }

    fn inside(&mut self, index: u32, span: Span, walk: impl FnOnce(&mut Self)) {
        let function = std::mem::replace(&mut self.function, index);
        let class = self.class.take();
        let blocks = std::mem::replace(&mut self.blocks, vec![span]);
        let depth = std::mem::take(&mut self.depth);
        let names: Vec<_> = self
            .current()
            .parameters
            .iter()
            .map(|parameter| parameter.name)
            .collect();
        for (i, name) in names.into_iter().enumerate() {
            self.bind(
                name,
                Bound::Parameter(u16::try_from(i).unwrap_or(u16::MAX)),
                span.start,
            );
        }
        walk(self);
        self.depth = depth;
        self.blocks = blocks;
        self.class = class;
        self.function = function;
    }

    fn define_class(&mut self, def: &'a ast::StmtClassDef) {
        for decorator in &def.decorator_list {
            visitor::Visitor::visit_expr(self, &decorator.expression);
        }
        let index = Self::index(self.facts.classes.len());
        let name = def.name.as_str();
        self.facts.classes.push(Class {
            name,
            qualified: self.qualified(name),
            span: span_of(&def.name),
            scope: self.function,
            bases: def
                .arguments
                .as_deref()
                .map(|arguments| &*arguments.args)
                .unwrap_or_default(),
            decorators: &def.decorator_list,
            methods: HashMap::new(),
            fields: HashMap::new(),
            nested: HashMap::new(),
        });
        match self.class {
            Some(outer) => {
                self.facts.classes[outer as usize]
                    .nested
                    .insert(name, index);
            }
            None => self.bind(name, Bound::Class(index), span_of(def).end),
        }
        let outer = self.class.replace(index);
        self.blocks.push(span_of(def));
        self.body(&def.body);
        self.blocks.pop();
        self.class = outer;
    }

    fn import(&mut self, import: &'a ast::StmtImport) {
        for alias in &import.names {
            let dotted = alias.name.as_str();
            let (name, whole) = match &alias.asname {
                Some(name) => (name.as_str(), true),
                None => (dotted.split('.').next().unwrap_or(dotted), false),
            };
            self.bind(name, Bound::Import { dotted, whole }, span_of(import).end);
            if self.typing_only == 0 {
                self.facts.imports.push(Import {
                    level: 0,
                    module: dotted,
                    name: None,
                });
            }
        }
    }

    fn import_from(&mut self, import: &'a ast::StmtImportFrom) {
        let module = import.module.as_ref().map_or("", |module| module.as_str());
        let level = import.level;
        for alias in &import.names {
            let name = alias.name.as_str();
            if name == "*" {
                self.facts.stars.push((level, module));
            } else {
                let bound_as = alias.asname.as_ref().map_or(name, |asname| asname.as_str());
                self.bind(
                    bound_as,
                    Bound::From {
                        level,
                        module,
                        name,
                    },
                    span_of(import).end,
                );
            }
            if self.typing_only == 0 {
                self.facts.imports.push(Import {
                    level,
                    module,
                    name: Some(name),
                });
            }
        }
    }

    fn condition(&mut self, stmt: &'a ast::StmtIf) {
        let guard = guard(&stmt.test);
        if guard == Guard::None {
            visitor::Visitor::visit_expr(self, &stmt.test);
        }
        match guard {
            Guard::Typing => {
                self.typing_only += 1;
                self.quiet_block(&stmt.body);
                self.typing_only -= 1;
            }
            Guard::Main => self.quiet_block(&stmt.body),
            Guard::None if self.fills_kept_value(&stmt.test) => self.quiet_block(&stmt.body),
            Guard::None => self.block(&stmt.body),
        }
        for clause in &stmt.elif_else_clauses {
            if let Some(test) = &clause.test {
                visitor::Visitor::visit_expr(self, test);
            }
            self.block(&clause.body);
        }
    }

    fn attempt(&mut self, stmt: &'a ast::StmtTry) {
        self.block(&stmt.body);
        let probes = probes_for_loop(&stmt.body);
        for ast::ExceptHandler::ExceptHandler(handler) in &stmt.handlers {
            if let Some(name) = &handler.name {
                self.bind(name.as_str(), Bound::Opaque, span_of(handler).start);
            }
            // Where asking for the running loop fails, there is none that could be blocked.
            if probes {
                self.quiet_block(&handler.body)
            } else {
                self.block(&handler.body)
            }
        }
        self.block(&stmt.orelse);
        self.body(&stmt.finalbody);
    }

    fn assignments(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::Assign(assign) => {
                visitor::Visitor::visit_expr(self, &assign.value);
                for target in &assign.targets {
                    self.targets(target);
                    let bound = Bound::Value {
                        value: Some(&assign.value),
                        annotation: None,
                    };
                    self.bind_target(target, bound, span_of(assign).end);
                }
            }
            Stmt::AnnAssign(assign) => {
                if let Some(value) = &assign.value {
                    visitor::Visitor::visit_expr(self, value);
                }
                let bound = Bound::Value {
                    value: assign.value.as_deref(),
                    annotation: Some(&assign.annotation),
                };
                self.bind_target(&assign.target, bound, span_of(assign).end);
            }
            Stmt::TypeAlias(alias) => {
                self.bind_target(&alias.name, Bound::Alias(&alias.value), span_of(alias).end)
            }
            _ => {}
        }
    }

    /// What stands in a target runs too: `rows[find(key)] = value`.
    fn targets(&mut self, target: &'a Expr) {
        if let Expr::Subscript(subscript) = target {
            visitor::Visitor::visit_expr(self, &subscript.value);
            visitor::Visitor::visit_expr(self, &subscript.slice);
        }
    }

    fn with(&mut self, stmt: &'a ast::StmtWith) {
        if stmt.is_async {
            self.current().awaits = true;
        }
        for item in &stmt.items {
            self.asynchronously(&item.context_expr, stmt.is_async);
            self.event(
                EventKind::Enter(&item.context_expr, stmt.is_async),
                span_of(&item.context_expr),
            );
            if let Some(target) = item.optional_vars.as_deref() {
                self.bind_target(target, Bound::With(&item.context_expr), span_of(item).end);
            }
        }
        self.body(&stmt.body);
    }

    fn each(&mut self, stmt: &'a ast::StmtFor) {
        if stmt.is_async {
            self.current().awaits = true;
        }
        self.asynchronously(&stmt.iter, stmt.is_async);
        self.event(
            EventKind::Iterate(&stmt.iter, stmt.is_async),
            span_of(&*stmt.iter),
        );
        self.bind_target(
            &stmt.target,
            Bound::Item(&stmt.iter),
            span_of(&*stmt.target).end,
        );
        self.block(&stmt.body);
        self.block(&stmt.orelse);
    }

    /// `async with f()` and `async for x in f()` await what `f()` gives.
    fn asynchronously(&mut self, expr: &'a Expr, is_async: bool) {
        match expr {
            Expr::Call(call) if is_async => self.call(call, true),
            _ => visitor::Visitor::visit_expr(self, expr),
        }
    }

    fn call(&mut self, call: &'a ast::ExprCall, awaited: bool) {
        let scheduled = schedules_arguments(&call.func);
        self.expression(&call.func);
        for argument in &call.arguments.args {
            match argument {
                Expr::Call(inner) if scheduled => self.call(inner, true),
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
        self.event(EventKind::Call(call, awaited), span_of(call));
    }

    /// The callee of a call is not itself read as a property: `self.load()` is one event.
    fn expression(&mut self, callee: &'a Expr) {
        match callee {
            Expr::Attribute(attribute) => visitor::Visitor::visit_expr(self, &attribute.value),
            _ => visitor::Visitor::visit_expr(self, callee),
        }
    }

    fn comprehension(&mut self, whole: &'a Expr, generators: &'a [ast::Comprehension]) {
        let span = span_of(whole);
        self.blocks.push(span);
        for generator in generators {
            self.asynchronously(&generator.iter, generator.is_async);
            if generator.is_async {
                self.current().awaits = true;
            }
            self.event(
                EventKind::Iterate(&generator.iter, generator.is_async),
                span_of(&generator.iter),
            );
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

impl<'a> visitor::Visitor<'a> for Reader<'a> {
    fn visit_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => self.define(def),
            Stmt::ClassDef(def) => self.define_class(def),
            Stmt::Import(import) => self.import(import),
            Stmt::ImportFrom(import) => self.import_from(import),
            Stmt::If(stmt) => self.condition(stmt),
            Stmt::Try(stmt) => self.attempt(stmt),
            Stmt::With(stmt) => self.with(stmt),
            Stmt::For(stmt) => self.each(stmt),
            Stmt::While(stmt) => {
                self.visit_expr(&stmt.test);
                self.block(&stmt.body);
                self.block(&stmt.orelse);
            }
            Stmt::Match(stmt) => {
                self.visit_expr(&stmt.subject);
                for case in &stmt.cases {
                    self.visit_pattern(&case.pattern);
                    if let Some(guard) = &case.guard {
                        self.visit_expr(guard);
                    }
                    self.block(&case.body);
                }
            }
            Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::TypeAlias(_) => self.assignments(stmt),
            Stmt::Global(global) => {
                let names: Vec<_> = global.names.iter().map(ast::Identifier::as_str).collect();
                self.current().globals.extend(names);
            }
            Stmt::Return(result) => {
                if let Some(value) = result.value.as_deref() {
                    self.visit_expr(value);
                    self.current().results.push(value);
                }
            }
            Stmt::Delete(_) => {}
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_pattern(&mut self, pattern: &'a ast::Pattern) {
        if let ast::Pattern::MatchAs(pattern) = pattern
            && let Some(name) = &pattern.name
        {
            self.bind(name.as_str(), Bound::Opaque, span_of(pattern).end);
        }
        visitor::walk_pattern(self, pattern);
    }

    fn visit_annotation(&mut self, _: &'a Expr) {}

    fn visit_expr(&mut self, expr: &'a Expr) {
        if self.depth >= MAX_DEPTH {
            return;
        }
        self.depth += 1;
        match expr {
            Expr::Call(call) => self.call(call, false),
            Expr::Await(awaited) => {
                self.current().awaits = true;
                match &*awaited.value {
                    Expr::Call(call) => self.call(call, true),
                    other => self.visit_expr(other),
                }
            }
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::Attribute(attribute) => {
                self.visit_expr(&attribute.value);
                self.event(EventKind::Read(attribute), span_of(attribute));
            }
            Expr::Named(named) => {
                self.visit_expr(&named.value);
                let bound = Bound::Value {
                    value: Some(&named.value),
                    annotation: None,
                };
                self.bind_target(&named.target, bound, span_of(named).end);
            }
            Expr::ListComp(list) => self.comprehension(expr, &list.generators),
            Expr::SetComp(set) => self.comprehension(expr, &set.generators),
            Expr::DictComp(dict) => self.comprehension(expr, &dict.generators),
            Expr::Generator(generator) => self.comprehension(expr, &generator.generators),
            Expr::Yield(value) => {
                self.current().is_generator = true;
                if let Some(value) = value.value.as_deref() {
                    self.visit_expr(value);
                    self.current().yields.push(value);
                }
            }
            Expr::YieldFrom(value) => {
                self.current().is_generator = true;
                self.visit_expr(&value.value);
                self.event(
                    EventKind::Iterate(&value.value, false),
                    span_of(&*value.value),
                );
            }
            _ => visitor::walk_expr(self, expr),
        }
        self.depth -= 1;
    }
}

fn parameters(parameters: &ast::Parameters) -> Vec<Parameter<'_>> {
    let mut all = Vec::new();
    for parameter in parameters.posonlyargs.iter().chain(&parameters.args) {
        all.push(with_default(parameter, true));
    }
    all.extend(parameters.vararg.as_deref().map(variadic));
    for parameter in &parameters.kwonlyargs {
        all.push(with_default(parameter, false));
    }
    all.extend(parameters.kwarg.as_deref().map(variadic));
    all
}

fn with_default(parameter: &ast::ParameterWithDefault, positional: bool) -> Parameter<'_> {
    Parameter {
        name: parameter.parameter.name.as_str(),
        annotation: parameter.parameter.annotation.as_deref(),
        default: parameter.default.as_deref(),
        positional,
        variadic: false,
    }
}

fn variadic(parameter: &ast::Parameter) -> Parameter<'_> {
    Parameter {
        name: parameter.name.as_str(),
        annotation: None,
        default: None,
        positional: false,
        variadic: true,
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    None,
    Typing,
    Main,
}

/// Whether a condition holds only for a type checker, or only for a script.
fn guard(test: &Expr) -> Guard {
    match test {
        Expr::Name(name) if name.id.as_str() == "TYPE_CHECKING" => Guard::Typing,
        Expr::Attribute(attribute) if attribute.attr.as_str() == "TYPE_CHECKING" => Guard::Typing,
        Expr::BooleanLiteral(literal) if !literal.value => Guard::Main,
        Expr::Compare(compare)
            if is_main(&compare.left) || compare.comparators.iter().any(is_main) =>
        {
            Guard::Main
        }
        _ => Guard::None,
    }
}

fn is_main(expr: &Expr) -> bool {
    matches!(expr, Expr::Name(name) if name.id.as_str() == "__name__")
}

fn is_zero_or_false(expr: &Expr) -> bool {
    match expr {
        Expr::BooleanLiteral(literal) => !literal.value,
        Expr::NumberLiteral(number) => {
            matches!(&number.value, ast::Number::Int(n) if n.as_u64() == Some(0))
        }
        _ => false,
    }
}

/// Whether a block asks for the running loop, which fails where there is none.
fn probes_for_loop(body: &[Stmt]) -> bool {
    body.iter().any(|stmt| {
        let value = match stmt {
            Stmt::Assign(assign) => &*assign.value,
            Stmt::Expr(stmt) => &*stmt.value,
            _ => return false,
        };
        let Expr::Call(call) = value else {
            return false;
        };
        let name = match &*call.func {
            Expr::Attribute(attribute) => attribute.attr.as_str(),
            Expr::Name(name) => name.id.as_str(),
            _ => return false,
        };
        matches!(
            name,
            "get_running_loop" | "get_event_loop" | "current_async_library"
        )
    })
}

/// Calls whose arguments are coroutines that they await or schedule.
fn schedules_arguments(callee: &Expr) -> bool {
    let name = match callee {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => return false,
    };
    matches!(
        name,
        "gather"
            | "wait_for"
            | "shield"
            | "create_task"
            | "ensure_future"
            | "wrap_future"
            | "wrap_awaitable"
    )
}

/// Whether a body only stands in for an override: a docstring, `pass`, `...`, or an exception.
fn is_placeholder(body: &[Stmt]) -> bool {
    body.iter().all(|stmt| match stmt {
        Stmt::Pass(_) => true,
        Stmt::Expr(stmt) => matches!(
            &*stmt.value,
            Expr::StringLiteral(_) | Expr::EllipsisLiteral(_)
        ),
        Stmt::Raise(raise) => raise.exc.as_deref().is_some_and(|exc| {
            let callee = if let Expr::Call(call) = exc {
                &*call.func
            } else {
                exc
            };
            matches!(callee, Expr::Name(name) if name.id.as_str() == "NotImplementedError")
        }),
        _ => false,
    })
}
