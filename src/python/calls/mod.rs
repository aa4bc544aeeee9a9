//! What each function of a file does, in the order it does it: calls, `with`, iteration, reads.
//!
//! One walk over the tree of a file; everything later works on these facts. They borrow from the
//! tree, so that nothing is copied, and say nothing about what a name stands for.

use std::collections::BTreeMap;

mod awaitables;
mod conditions;
mod definitions;
mod development;
mod endless;
mod fallbacks;
mod fills;
mod flags;
mod generators;
mod guards;
mod kept;
mod keywords;
mod lookups;
mod on_disk;
mod probes;
mod set_up;
mod stamps;
mod statements;

pub use self::conditions::{Condition, Forwarded, Interest, Slot};
pub use self::development::{asks_for_tests, is_development, is_flag};
pub use self::fills::same_text;
pub use self::guards::is_program;
use self::guards::{keeps_to_lifespan, leaves, matches_lifespan};
use self::kept::Kept;
pub use self::kept::is_per_request;
pub use self::keywords::keyword_read;
pub use self::probes::asks_for_loop;
use self::probes::leaves_on_loop;
use super::names::{Binding, Bound};
use super::syntax::ast::{self, Expr, Stmt};
use super::syntax::{Module, span_of, visitor};
use crate::source::{FileId, Span};
use crate::values::{HashMap, HashSet};

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
    /// What is assigned to an attribute of an attribute called `state`.
    pub state: BTreeMap<&'a str, Vec<Binding<'a>>>,
    /// Lambdas by the place where they start.
    pub lambdas: HashMap<usize, u32>,
    /// Generator expressions by the place where they start.
    pub generators: HashMap<usize, u32>,
    /// What is put into containers, by the name of the container.
    pub fills: HashMap<&'a str, Vec<Binding<'a>>>,
    /// What is assigned to attributes of objects other than `self`, by the name of the attribute.
    pub outside: BTreeMap<&'a str, Vec<Outside<'a>>>,
    /// Every call that may run on a server, with the function it stands in.
    pub calls: Vec<(u32, &'a ast::ExprCall)>,
    /// Attributes of `self` that conditions ask about.
    pub asked: HashMap<&'a str, Interest>,
    /// Attributes that are changed in place: `self.count += 1`.
    pub changed: HashSet<&'a str>,
    /// Names that functions take from the one around them to write to.
    pub nonlocals: HashSet<&'a str>,
    /// Names that functions take from the module to write to.
    pub written: HashSet<&'a str>,
    /// Whether something in it may bind any name of the module: `globals()[name] = value`.
    pub binds_any: bool,
}

/// An attribute that is assigned from outside of its object.
#[derive(Debug, Clone, Copy)]
pub struct Outside<'a> {
    /// The object.
    pub owner: &'a Expr,
    /// What it is given.
    pub binding: Binding<'a>,
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
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
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
    /// Whether it cannot be called as it is: `@abstractmethod`, `raise NotImplementedError`.
    pub is_refused: bool,
    /// Its parameters.
    pub parameters: Vec<Parameter<'a>>,
    /// What it reads by name out of its `**kwargs`.
    pub keywords: Vec<&'a str>,
    /// Its decorators.
    pub decorators: &'a [ast::Decorator],
    /// The annotation of what it returns.
    pub returns: Option<&'a Expr>,
    /// Its scope.
    pub bindings: HashMap<&'a str, Vec<Binding<'a>>>,
    /// Where a condition says what type a name has.
    pub narrowed: HashMap<&'a str, Vec<Binding<'a>>>,
    /// Names that it takes from the module's scope to write to.
    pub globals: HashSet<&'a str>,
    /// What it does.
    pub events: Vec<Event<'a>>,
    /// What it returns.
    pub results: Vec<&'a Expr>,
    /// Results that hold only where a name equals a text, by the place where they start.
    pub results_for: HashMap<usize, (&'a str, &'a str)>,
    /// What it yields.
    pub yields: Vec<&'a Expr>,
    /// What it does once per object: until something is filled in that later calls find.
    pub once: Vec<Event<'a>>,
    /// Whether it switches a socket to non-blocking mode.
    pub sets_nonblocking: bool,
    /// Which parts of it run only under a condition.
    pub conditions: Vec<Condition<'a>>,
    /// Its parameters that conditions ask about, in it and in what stands inside.
    pub asked: HashMap<&'a str, Interest>,
    /// Its parameters that are given to others as they are.
    pub forwarded: Vec<Forwarded<'a>>,
    /// Parts that hardly run while requests are served: what the other branch would have handed to something
    /// else, and what fills a cache of the process.
    pub rarely: Vec<Span>,
    /// Parts that run once for each key of a table that its object keeps.
    pub rarely_of_object: Vec<Span>,
    /// Parts that run once for each version of what is kept, and whether the object keeps it.
    pub stamped: Vec<(Span, bool)>,
    /// Calls of which the function asks whether they gave something to wait for.
    pub perhaps_awaitable: Vec<Span>,
    /// Parts of a constructor that run only for an object which it has not set up before.
    pub sets_up: Vec<Span>,
    /// Parts that run when whoever used what it yields has failed or has done with it.
    pub clears_up: Vec<Span>,
    /// Whether it goes on for as long as something holds: `while True:`.
    pub goes_on: bool,
    /// Whether it does so without an end that it comes to by itself.
    pub is_endless: bool,
    /// Its loops.
    pub loops: Vec<Span>,
    /// Blocks at whose end the function returns, or, if so marked, the loop around them ends.
    pub last_rounds: Vec<(Span, bool)>,
    /// Parts that not every call of it gets to: branches, handlers of exceptions, what comes after a way out.
    pub detours: Vec<Span>,
    /// Handlers of exceptions.
    pub excepts: Vec<Span>,
    /// Blocks at whose end `with` waits for something that goes by a name there, such as the work of an executor.
    pub entered: Vec<(&'a str, Span)>,
    /// Names that it changes in place.
    pub changed: HashSet<&'a str>,
    /// What it answers where a loop runs, if that is what it asks: `return loop.is_running()`.
    pub on_loop: Option<bool>,
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
    /// Whether it is `**kwargs`.
    pub keywords: bool,
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
    /// What makes its instances, where it says so: `metaclass=`.
    pub metaclass: Option<&'a Expr>,
    /// Its decorators.
    pub decorators: &'a [ast::Decorator],
    /// The names of the types it is generic over, in the order in which they are given.
    pub parameters: Vec<&'a str>,
    /// Its methods, by name; the last one of a name counts.
    pub methods: HashMap<&'a str, Vec<u32>>,
    /// What its body and its methods (through `self`) assign.
    pub fields: BTreeMap<&'a str, Vec<Binding<'a>>>,
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
    /// An attribute or an item is written or deleted.
    Write(&'a Expr),
    /// An operator is applied, an item is read, a truth value is asked for.
    Operate(&'a Expr),
    /// Something other than a call is awaited.
    Await(&'a Expr),
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
            state: BTreeMap::new(),
            lambdas: HashMap::default(),
            generators: HashMap::default(),
            fills: HashMap::default(),
            outside: BTreeMap::new(),
            calls: Vec::new(),
            asked: HashMap::default(),
            changed: HashSet::default(),
            nonlocals: HashSet::default(),
            written: HashSet::default(),
            binds_any: false,
        },
        function: 0,
        class: None,
        blocks: vec![whole],
        depth: 0,
        silent: 0,
        kept: 0,
        once: 0,
        program: None,
        typing_only: 0,
        module: &module.body,
        writers: kept::writers(&module.body),
        equal: Vec::new(),
    };
    reader.body(&module.body);
    reader.facts.settle();
    reader.facts
}

/// A list for one thing: most names are bound once.
fn one<T>() -> Vec<T> {
    Vec::with_capacity(1)
}

impl FileFacts<'_> {
    /// Gives back the room that lists were given to grow: the facts of all files are kept until the end.
    fn settle(&mut self) {
        for function in &mut self.functions {
            function.events.shrink_to_fit();
            function.results.shrink_to_fit();
            function.yields.shrink_to_fit();
            function.once.shrink_to_fit();
            function.conditions.shrink_to_fit();
            function.forwarded.shrink_to_fit();
            function.loops.shrink_to_fit();
            function.last_rounds.shrink_to_fit();
            function.detours.shrink_to_fit();
            function.excepts.shrink_to_fit();
            function.entered.shrink_to_fit();
        }
        self.functions.shrink_to_fit();
        self.classes.shrink_to_fit();
        self.imports.shrink_to_fit();
        self.calls.shrink_to_fit();
    }
}

impl Function<'_> {
    /// Whether every call that runs to its end gets to this part.
    pub fn always_reaches(&self, part: Span) -> bool {
        !self.detours.iter().any(|detour| detour.start <= part.start && part.end <= detour.end)
    }

    /// Whether it gets to this part only once something has failed.
    pub fn is_exceptional(&self, part: Span) -> bool {
        self.excepts.iter().any(|region| region.start <= part.start && part.end <= region.end)
    }

    /// Whether a loop may come to this part more than once.
    pub fn repeats(&self, part: Span) -> bool {
        let has = |outer: &Span, inner: Span| outer.start <= inner.start && inner.end <= outer.end;
        let rounds = self.loops.iter().filter(|round| has(round, part));
        rounds.clone().any(|round| {
            // Whoever leaves the loop behind this part comes to it once.
            let mut last = self.last_rounds.iter().filter(|(block, _)| has(block, part) && has(round, *block));
            !last.any(|&(block, breaks)| {
                !breaks || rounds.clone().all(|other| !has(other, block) || other == round || has(other, *round))
            })
        })
    }
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
            is_refused: false,
            parameters: Vec::new(),
            keywords: Vec::new(),
            decorators: &[],
            returns: None,
            bindings: HashMap::default(),
            narrowed: HashMap::default(),
            globals: HashSet::default(),
            events: Vec::new(),
            results: Vec::new(),
            results_for: HashMap::default(),
            yields: Vec::new(),
            once: Vec::new(),
            sets_nonblocking: false,
            conditions: Vec::new(),
            asked: HashMap::default(),
            forwarded: Vec::new(),
            rarely: Vec::new(),
            rarely_of_object: Vec::new(),
            stamped: Vec::new(),
            perhaps_awaitable: Vec::new(),
            sets_up: Vec::new(),
            clears_up: Vec::new(),
            goes_on: false,
            is_endless: false,
            loops: Vec::new(),
            last_rounds: Vec::new(),
            detours: Vec::new(),
            excepts: Vec::new(),
            entered: Vec::new(),
            changed: HashSet::default(),
            on_loop: None,
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
    /// Above zero where the code runs once in the life of the process. The functions that it makes run as often as others.
    kept: usize,
    /// Above zero where the code runs once per object.
    once: usize,
    /// The function that stands for what the module does as a program, while that is read.
    program: Option<u32>,
    typing_only: usize,
    /// The module.
    module: &'a [Stmt],
    /// The functions of the module that say which of its names they write to.
    writers: HashMap<&'a str, Vec<&'a str>>,
    /// The names that the blocks around say are equal to a text.
    equal: Vec<(&'a str, &'a str)>,
}

impl<'a> Reader<'a> {
    fn current(&mut self) -> &mut Function<'a> {
        &mut self.facts.functions[self.function as usize]
    }

    fn body(&mut self, body: &'a [Stmt]) {
        let outer = (self.silent, self.kept, self.once);
        let end = body.last().map_or(0, |last| span_of(last).end);
        for (i, stmt) in body.iter().enumerate() {
            visitor::Visitor::visit_stmt(self, stmt);
            self.afterwards(stmt, end);
            self.behind_lookup(stmt, &body[i + 1..]);
            let sets_up = self.behind_set_up(stmt, &body[i + 1..]);
            self.current().sets_up.extend(sets_up);
            match self.returns_kept_value(stmt) {
                Kept::Object => self.once += 1,
                Kept::Process => self.kept += 1,
                Kept::No => {}
            }
            if leaves(stmt)
                || keeps_to_lifespan(stmt)
                || leaves_on_loop(stmt)
                || self.returns_when_set(stmt, &body[i + 1..])
            {
                self.silent += 1;
            }
        }
        (self.silent, self.kept, self.once) = outer;
    }

    /// Statements that may run or not.
    fn block(&mut self, body: &'a [Stmt]) {
        if let (Some(first), Some(last)) = (body.first(), body.last()) {
            self.current().detours.push(Span::new(span_of(first).start, span_of(last).end));
            self.begun_block(body);
        }
    }

    /// Statements that run, but perhaps not to their end.
    fn begun_block(&mut self, body: &'a [Stmt]) {
        let (Some(first), Some(last)) = (body.first(), body.last()) else {
            return;
        };
        let span = Span::new(span_of(first).start, span_of(last).end);
        if matches!(last, Stmt::Return(_) | Stmt::Break(_)) {
            self.current().last_rounds.push((span, last.is_break_stmt()));
        }
        self.blocks.push(span);
        self.body(body);
        self.blocks.pop();
    }

    /// Where a block inside of the function leaves it, what follows is not always reached.
    fn leaves_at(&mut self, stmt: &'a Stmt) {
        if self.blocks.len() > 1 {
            self.current().detours.push(Span::new(span_of(stmt).end, usize::MAX));
        }
    }

    fn quiet_block(&mut self, body: &'a [Stmt]) {
        self.silent += 1;
        self.block(body);
        self.silent -= 1;
    }

    fn kept_block(&mut self, body: &'a [Stmt]) {
        self.kept += 1;
        self.block(body);
        self.kept -= 1;
    }

    fn once_block(&mut self, body: &'a [Stmt]) {
        self.once += 1;
        self.block(body);
        self.once -= 1;
    }

    fn event(&mut self, kind: EventKind<'a>, span: Span) {
        if let Some(program) = self.program.filter(|_| self.function == 0 && self.silent == 0) {
            self.facts.functions[program as usize].events.push(Event { kind, span });
            return;
        }
        match (self.silent + self.kept, self.once) {
            (0, 0) => self.current().events.push(Event { kind, span }),
            (0, _) => self.current().once.push(Event { kind, span }),
            _ => {}
        }
    }
}

/// Whether decorators make a generator one whose `yield` waits: `@gen.coroutine` of Tornado.
pub fn is_yielding_coroutine(decorators: &[ast::Decorator]) -> bool {
    decorators.iter().any(|decorator| match &decorator.expression {
        Expr::Attribute(attribute) => attribute.attr.as_str() == "coroutine" && last_name(&attribute.value) == "gen",
        Expr::Name(name) => name.id.as_str() == "coroutine",
        _ => false,
    })
}

/// The last name of a callee: `create_task` of `asyncio.create_task`, `Items` of `Items[int](...)`.
pub fn last_name(callee: &Expr) -> &str {
    match callee {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        Expr::Call(call) => last_name(&call.func),
        Expr::Subscript(subscript) => last_name(&subscript.value),
        _ => "",
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
                self.looped(span_of(stmt));
                self.current().goes_on = true;
                self.current().is_endless |= !endless::ends_by_itself(stmt);
                self.current().goes_on |= !guards::is_left(stmt);
                if let (Some(first), Some(last)) = (stmt.body.first(), stmt.body.last()) {
                    self.only_if(Span::new(span_of(first).start, span_of(last).end), &stmt.test, true);
                }
                self.test(&stmt.test);
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
                    self.narrowed_by_pattern(&stmt.subject, &case.pattern, &case.body);
                    if matches_lifespan(&case.pattern) {
                        self.quiet_block(&case.body);
                    } else {
                        self.block(&case.body);
                    }
                }
            }
            Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::AugAssign(_) | Stmt::TypeAlias(_) => self.assignments(stmt),
            Stmt::Global(global) => {
                let names: Vec<_> = global.names.iter().map(ast::Identifier::as_str).collect();
                self.facts.written.extend(&names);
                self.current().globals.extend(names);
            }
            Stmt::Nonlocal(nonlocal) => self.facts.nonlocals.extend(nonlocal.names.iter().map(ast::Identifier::as_str)),
            Stmt::Return(result) => {
                if let Some(value) = result.value.as_deref() {
                    self.visit_expr(value);
                    let equal = self.equal.last().copied();
                    self.current().results.push(value);
                    self.current().results_for.extend(equal.map(|equal| (span_of(value).start, equal)));
                }
                self.leaves_at(stmt);
            }
            Stmt::Raise(_) => {
                visitor::walk_stmt(self, stmt);
                self.leaves_at(stmt);
            }
            Stmt::Delete(delete) => delete.targets.iter().for_each(|target| self.targets(target)),
            Stmt::Assert(assert) => {
                self.test(&assert.test);
                self.narrowed_by_assertion(&assert.test, span_of(stmt).end);
            }
            // What is only called and thrown away: a coroutine made here never runs.
            Stmt::Expr(statement) => match &*statement.value {
                Expr::Call(call) => self.call(call, false),
                other => self.visit_expr(other),
            },
            _ => visitor::walk_stmt(self, stmt),
        }
    }

    fn visit_pattern(&mut self, pattern: &'a ast::Pattern) {
        if let ast::Pattern::MatchAs(pattern) = pattern
            && let Some(name) = &pattern.name
        {
            // `case Class() as name`
            let bound = match pattern.pattern.as_deref() {
                Some(ast::Pattern::MatchClass(class)) => Bound::Value { value: None, annotation: Some(&class.cls) },
                _ => Bound::Opaque,
            };
            self.bind(name.as_str(), bound, span_of(pattern).end);
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
                    other => {
                        self.visit_expr(other);
                        self.event(EventKind::Await(other), span_of(other));
                    }
                }
            }
            Expr::Lambda(lambda) => self.lambda(lambda),
            Expr::Attribute(attribute) => {
                self.visit_expr(&attribute.value);
                self.event(EventKind::Read(attribute), span_of(attribute));
            }
            Expr::Named(named) => {
                self.visit_expr(&named.value);
                let bound = Bound::Value { value: Some(&named.value), annotation: None };
                self.bind_target(&named.target, bound, span_of(named).end);
            }
            Expr::ListComp(list) => self.comprehension(expr, &list.generators),
            Expr::SetComp(set) => self.comprehension(expr, &set.generators),
            Expr::DictComp(dict) => self.comprehension(expr, &dict.generators),
            Expr::Generator(generator) => self.generator(generator),
            Expr::Subscript(_) | Expr::Compare(_) | Expr::BinOp(_) | Expr::FString(_) => {
                visitor::walk_expr(self, expr);
                self.event(EventKind::Operate(expr), span_of(expr));
            }
            Expr::Starred(starred) if starred.ctx == ast::ExprContext::Load => {
                self.visit_expr(&starred.value);
                self.event(EventKind::Iterate(&starred.value, false), span_of(&*starred.value));
            }
            Expr::UnaryOp(operation) if operation.op == ast::UnaryOp::Not => self.test(&operation.operand),
            Expr::BoolOp(operation) => {
                self.operands(operation);
                visitor::walk_expr(self, expr);
            }
            Expr::If(choice) => {
                self.current().detours.extend([span_of(&*choice.body), span_of(&*choice.orelse)]);
                self.only_if(span_of(&*choice.body), &choice.test, true);
                self.only_if(span_of(&*choice.orelse), &choice.test, false);
                self.test(&choice.test);
                self.visit_expr(&choice.body);
                self.visit_expr(&choice.orelse);
            }
            Expr::Yield(value) => {
                self.current().is_generator = true;
                if let Some(value) = value.value.as_deref() {
                    self.visit_expr(value);
                    self.current().yields.push(value);
                    self.yielded_state(value);
                    if is_yielding_coroutine(self.current().decorators) {
                        self.event(EventKind::Await(value), span_of(value));
                    }
                }
            }
            Expr::YieldFrom(value) => {
                self.current().is_generator = true;
                self.visit_expr(&value.value);
                self.event(EventKind::Iterate(&value.value, false), span_of(&*value.value));
            }
            _ => visitor::walk_expr(self, expr),
        }
        self.depth -= 1;
    }
}
