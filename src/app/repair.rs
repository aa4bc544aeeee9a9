//! Edits that take a blocking call off the event loop.
//!
//! Three of them: `await asyncio.sleep` in place of `time.sleep`, a call handed to a thread, and a
//! handler that awaits nothing made plain. Where any of the calls that belong together cannot be
//! rewritten, none is: half a fix leaves the loop where it was.

mod around;
#[cfg(test)]
mod cases;
mod imports;
mod references;
mod shared;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use self::around::{Around, Parent, around};
use self::imports::Import;
use self::references::References;
pub(super) use self::shared::shared_file;
use super::blocking::Site;
use super::limits::call_at;
use super::{Blocking, Category, Weight};
use crate::findings::{Edit, Fix};
use crate::python::calls::{EventKind, Function, last_name};
use crate::python::catalogue::{self, KnownType};
use crate::python::effects::SCHEDULERS;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::{Module, span_of};
use crate::python::types::{Frame, FunctionId, Types, Value};
use crate::source::{FileId, Files, Place, Span};
use crate::values::HashSet;

/// Longer texts are no names.
const MAX_WRITTEN: usize = 60;
/// How many calls one fix rewrites at most.
const MAX_SITES: usize = 20;

/// The texts and trees that edits are made for.
#[derive(Debug)]
pub(super) struct Sources<'s> {
    pub(super) files: &'s Files,
    pub(super) modules: &'s BTreeMap<FileId, Module>,
    /// Whether the project may run where there is no `asyncio.to_thread`.
    pub(super) lacks_to_thread: bool,
}

/// What moves a call to a thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wrapper {
    /// Any thread of the loop's default executor.
    ToThread,
    /// The thread that all of a request shares, with its connections to the database
    /// (<https://docs.djangoproject.com/en/5.2/topics/async/#asgiref.sync.sync_to_async>).
    SyncToAsync,
}

impl Wrapper {
    /// What to do, in a few words.
    pub(super) const fn help(self) -> &'static str {
        match self {
            Self::ToThread => "run the call in a thread: `await asyncio.to_thread(...)`",
            Self::SyncToAsync => "run the call in the thread of the request: `await sync_to_async(...)(...)`",
        }
    }
}

/// Makes the fixes of one application.
pub(super) struct Repairs<'r, 'a> {
    types: &'r Types<'a>,
    /// Functions that ask for the loop that runs, themselves or in what they call.
    asking: &'r HashSet<FunctionId>,
    sources: &'r Sources<'r>,
    /// Whether the loop is trio's, where nothing of asyncio can be awaited.
    on_trio: bool,
    references: OnceCell<References<'r>>,
}

impl<'r, 'a> Repairs<'r, 'a> {
    pub(super) fn new(
        types: &'r Types<'a>,
        asking: &'r HashSet<FunctionId>,
        sources: &'r Sources<'r>,
        on_trio: bool,
    ) -> Self {
        Self { types, asking, sources, on_trio, references: OnceCell::new() }
    }

    /// The fix for a statement whose calls are `sites`, if there is one. Without a wrapper none of them is moved;
    /// `plain` says of which functions the framework would run a plain one in a thread.
    pub(super) fn of(
        &self,
        blocking: &Blocking,
        anchor: FunctionId,
        sites: &BTreeSet<Site>,
        wrapper: Option<Wrapper>,
        plain: &dyn Fn(FunctionId) -> bool,
    ) -> Option<Fix> {
        let file = self.types.facts_at(anchor.file).file;
        let all_here = sites.iter().all(|(frame, _)| frame.function.file == anchor.file);
        // A file with errors was read around them, and an edit may land in one.
        let whole = self.sources.modules.get(&file).is_some_and(|module| module.errors.is_empty());
        if blocking.remedy.shares {
            return None;
        }
        // A thread helps little against work that holds the interpreter's lock: the help says what does.
        let computes = blocking.category == Category::Cpu && !blocking.remedy.drop_async;
        if computes && !blocking.remedy.text.contains("asyncio.to_thread") {
            return None;
        }
        if !all_here || !whole || sites.is_empty() || sites.len() > MAX_SITES || blocking.weight == Weight::Slight {
            return None;
        }
        // The same bytes may be reached with different arguments.
        let mut calls: BTreeMap<(FunctionId, Span), &'a ast::ExprCall> = BTreeMap::new();
        for &(frame, span) in sites {
            calls.insert((frame.function, span), call_at(self.types, frame, span)?);
        }
        let sleep = if self.on_trio { None } else { self.sleep(file, &calls) };
        sleep
            .or_else(|| self.plain(blocking, anchor, sites, plain))
            .or_else(|| self.thread(blocking, file, &calls, wrapper?))
    }

    fn text(&self, file: FileId) -> &'r str {
        self.sources.files.get(file).text()
    }

    fn around(&self, file: FileId, span: Span) -> Option<Around> {
        around(&self.sources.modules.get(&file)?.body, span)
    }

    /// The name by which asyncio is known in all of these functions, and the edit that makes it known.
    fn asyncio(&self, file: FileId, member: &str, sites: &[(FunctionId, Span)]) -> Option<(String, Option<Edit>)> {
        let module = self.sources.modules.get(&file)?;
        let (name, import) = match imports::of_asyncio(&module.body, member) {
            Import::Known(name) => (name, None),
            Import::Missing => {
                let edit = imports::insertion(&module.body, self.text(file), "import asyncio\n")?;
                (format!("asyncio.{member}"), Some(Edit::insert(Place::new(file, Span::new(edit.0, edit.0)), edit.1)))
            }
        };
        let root = name.split('.').next().unwrap_or(&name).to_owned();
        let bindings = self.types.facts_at(sites.first()?.0.file).functions.first()?.bindings.get(root.as_str());
        // Somebody else goes by that name.
        if bindings.is_some_and(|bindings| !bindings.iter().all(imports::binds_asyncio)) {
            return None;
        }
        sites.iter().all(|(function, _)| !self.is_local(*function, &root)).then_some((name, import))
    }

    /// The name by which `sync_to_async` is known in all of these functions, and the edit that makes it known.
    fn asgiref(&self, file: FileId, sites: &[(FunctionId, Span)]) -> Option<(String, Option<Edit>)> {
        const NAME: &str = "sync_to_async";
        let module = self.sources.modules.get(&file)?;
        let (name, import) = match imports::of_asgiref(&module.body, NAME) {
            Import::Known(name) => (name, None),
            Import::Missing => {
                let (at, line) =
                    imports::insertion(&module.body, self.text(file), "from asgiref.sync import sync_to_async\n")?;
                (NAME.to_owned(), Some(Edit::insert(Place::new(file, Span::new(at, at)), line)))
            }
        };
        let bound = self.types.facts_at(sites.first()?.0.file).functions.first()?.bindings.contains_key(name.as_str());
        // Somebody else goes by that name.
        if bound && import.is_some() {
            return None;
        }
        sites.iter().all(|(function, _)| !self.is_local(*function, &name)).then_some((name, import))
    }

    /// Whether a function, or one around it, has a name of its own for something.
    fn is_local(&self, mut function: FunctionId, name: &str) -> bool {
        while function.index != 0 {
            let facts: &Function<'_> = self.types.function(function);
            if facts.bindings.contains_key(name) {
                return true;
            }
            function.index = facts.parent;
        }
        false
    }

    /// Whether a thread is no place for one of the functions that a call may mean: it gives something to be awaited
    /// or gone through, or it asks for the loop that runs.
    fn stays(&self, frame: Frame) -> bool {
        let function = self.types.function(frame.function);
        function.is_generator
            || function.is_async
            || self.asking.contains(&frame.function)
            || needs_loop(self.types, frame.function)
    }

    /// `await asyncio.sleep(x)`.
    fn sleep(&self, file: FileId, calls: &BTreeMap<(FunctionId, Span), &'a ast::ExprCall>) -> Option<Fix> {
        let is_sleep = |(&(function, _), call): (&(FunctionId, Span), &&'a ast::ExprCall)| {
            let callee = self.types.value(&call.func, self.types.plain(function));
            matches!(&*callee, [Value::External(name)] if &**name == "time.sleep")
                && call.arguments.args.len() == 1
                && call.arguments.keywords.is_empty()
                && !matches!(call.arguments.args.first(), Some(Expr::Starred(_)))
        };
        if !calls.iter().all(is_sleep) {
            return None;
        }
        let sites: Vec<(FunctionId, Span)> = calls.keys().copied().collect();
        let (name, import) = self.asyncio(file, "sleep", &sites)?;
        let mut edits: Vec<Edit> = import.into_iter().collect();
        let mut held = false;
        for call in calls.values() {
            let around = self.around(file, span_of(*call)).filter(|around| around.may_await)?;
            held |= around.holds;
            let callee = Place::new(file, span_of(&*call.func));
            let (open, close) = around.parent.brackets()?;
            edits.push(Edit::replace(callee, format!("{open}await {name}")));
            if !close.is_empty() {
                let end = span_of(*call).end;
                edits.push(Edit::insert(Place::new(file, Span::new(end, end)), close));
            }
        }
        let title = "sleep without the event loop: `await asyncio.sleep(...)`";
        // Whoever else wants the lock of a `with` around the sleep would stop the loop for good.
        Some(if held { Fix::unsafe_(title, edits) } else { Fix::safe(title, edits) })
    }

    /// `def` in place of `async def`, in all the handlers that belong together.
    fn plain(
        &self,
        blocking: &Blocking,
        anchor: FunctionId,
        sites: &BTreeSet<Site>,
        plain: &dyn Fn(FunctionId) -> bool,
    ) -> Option<Fix> {
        if !blocking.remedy.drop_async {
            return None;
        }
        let handlers: BTreeSet<FunctionId> = sites.iter().map(|(frame, _)| frame.function).collect();
        let made = |&handler: &FunctionId| {
            let word = (handler == anchor || plain(handler)).then(|| self.dispensable(handler))?;
            word.map(Edit::remove)
        };
        let edits: Vec<Edit> = handlers.iter().map(made).collect::<Option<_>>()?;
        let name = self.types.function(anchor).name;
        let others = match handlers.len() {
            0 | 1 => String::new(),
            2 => " and another handler".to_owned(),
            all => format!(" and {} other handlers", all - 1),
        };
        let title = format!("make `{name}`{others} a plain `def`, which the framework runs in a thread");
        Some(Fix::unsafe_(title, edits))
    }

    /// The word `async` of a handler of which nobody but the framework knows.
    fn dispensable(&self, handler: FunctionId) -> Option<Place> {
        let function = self.types.function(handler);
        if function.class.is_some() || function.parent != 0 {
            return None;
        }
        let decorated = |decorator: &ast::Decorator| references::is_route(&decorator.expression);
        if !function.decorators.iter().all(decorated) || needs_loop(self.types, handler) {
            return None;
        }
        let references = self.references.get_or_init(|| References::new(self.types, self.sources.modules));
        if !references.only_registered(self.types, handler) {
            return None;
        }
        let file = self.types.facts_at(handler.file).file;
        Some(Place::new(file, async_word(self.text(file), function.span.start)?))
    }

    /// `await asyncio.to_thread(f, ...)`.
    fn thread(
        &self,
        blocking: &Blocking,
        file: FileId,
        calls: &BTreeMap<(FunctionId, Span), &'a ast::ExprCall>,
        wrapper: Wrapper,
    ) -> Option<Fix> {
        if !may_move(blocking) {
            return None;
        }
        let sites: Vec<(FunctionId, Span)> = calls.keys().copied().collect();
        let (name, import) = match wrapper {
            Wrapper::ToThread => self.asyncio(file, "to_thread", &sites)?,
            Wrapper::SyncToAsync => self.asgiref(file, &sites)?,
        };
        let mut edits: Vec<Edit> = import.into_iter().collect();
        for (&(function, span), call) in calls {
            let plain = self.types.plain(function);
            let callees = self.types.candidates(self.types.value(&call.func, plain), call, plain);
            let stays = callees.iter().any(|callee| matches!(callee, Value::Function(frame) if self.stays(*frame)));
            let around = self.around(file, span).filter(|around| around.may_await && !around.is_consumed)?;
            let inner =
                calls.keys().any(|(_, other)| *other != span && span.start <= other.start && other.end <= span.end);
            // Moved to a thread it would have the loop call something all the same.
            let schedules = SCHEDULERS.contains(&last_name(&call.func));
            if stays || inner || schedules || is_read_from(self.text(file), span) {
                return None;
            }
            edits.extend(match wrapper {
                Wrapper::ToThread => wrapped(file, self.text(file), call, &name, around.parent)?,
                Wrapper::SyncToAsync => applied(file, self.text(file), call, &name, around.parent)?,
            });
        }
        Some(Fix::unsafe_(wrapper.help(), edits))
    }
}

/// The line's own text of a call that nobody wrote, or that the catalogue knows only by what its class inherits from:
/// what a `with` does at its end, `client.customers.create`.
pub(super) fn written(blocking: &Blocking, sources: &Sources<'_>) -> Option<String> {
    let Place { file, span } = blocking.call;
    let text = sources.files.get(file).slice(span);
    let name = match blocking.what.strip_suffix(".__exit__") {
        Some(_) => {
            let text = text.lines().next()?.trim();
            format!("with {}", text.strip_prefix("with ").unwrap_or(text).trim_end_matches(':'))
        }
        None if catalogue::is_by_pattern(&blocking.what) => without_arguments(text)?,
        None => return None,
    };
    let is_name = !name.contains(['`', '\n']) && !name.trim().is_empty() && name.len() <= MAX_WRITTEN;
    is_name.then_some(name)
}

/// What is called, without what is given to it or to the calls in front of it: `api.people().get().execute`.
fn without_arguments(text: &str) -> Option<String> {
    let (mut out, mut depth, mut quote) = (String::new(), 0_usize, None);
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' => drop(letters.next()),
            _ if quote.is_some() => quote = quote.filter(|&quote| quote != letter),
            '"' | '\'' => quote = Some(letter),
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 && quote.is_none() && !letter.is_whitespace() && !matches!(letter, '"' | '\'') {
            out.push(letter);
        }
        if letter == '(' && quote.is_none() {
            depth += 1;
        }
    }
    Some(out.strip_suffix("()")?.to_owned())
}

/// The text whose value is asked for without a call: the query behind `user` in `if user:`.
pub(super) fn asked(blocking: &Blocking, sources: &Sources<'_>) -> Option<String> {
    let waits = |known: KnownType| known.iterate().is_some() || known.truth().is_some();
    catalogue::known_type(&blocking.what).filter(|known| waits(*known))?;
    let Place { file, span } = blocking.call;
    let text = sources.files.get(file).slice(span);
    let is_path = |text: &str| text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    (is_path(text) && !text.is_empty() && text.len() <= MAX_WRITTEN).then(|| text.to_owned())
}

/// Whether a function speaks to asyncio, which a thread cannot.
pub(super) fn needs_loop(types: &Types<'_>, function: FunctionId) -> bool {
    let frame = types.plain(function);
    let is_of_loop = |name: &str| name.starts_with("asyncio.") || name.starts_with("anyio.");
    types.function(function).events.iter().any(|event| match event.kind {
        EventKind::Call(call, _) => types.value(&call.func, frame).iter().any(|value| match value {
            Value::External(name) | Value::Member(name, _) => is_of_loop(name),
            _ => false,
        }),
        _ => false,
    })
}

/// Whether what a call gives is read at once, which waits as well and would stay where it is: `os.popen("ls").read()`.
fn is_read_from(text: &str, call: Span) -> bool {
    let rest = text.get(call.end..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    rest.starts_with(".read") || rest.starts_with('[') && rest.contains("].read")
}

/// Whether a call may run in another thread: a lock belongs to the thread that takes it, connections
/// of `SQLite`, peewee and Django to the one that opens them, and a session of `SQLAlchemy` to one task at a time;
/// Tornado's `HTTPClient` cannot even be made where a loop runs.
fn may_move(blocking: &Blocking) -> bool {
    let bound_to_thread = matches!(
        blocking.category,
        Category::Lock | Category::EventLoop | Category::Input | Category::File | Category::Queue
    );
    !bound_to_thread && !belongs_to_thread(blocking) && !blocking.library.eq_ignore_ascii_case("django")
}

/// Whether a call uses what belongs to a thread or to a task, wherever it came from.
pub(super) fn belongs_to_thread(blocking: &Blocking) -> bool {
    let owners = ["sqlite3.", "sqlalchemy.", "sqlmodel.", "peewee.", "tornado."];
    owners.iter().any(|owner| blocking.what.starts_with(owner))
}

/// The edits that turn `f(a, b=c)` into `await asyncio.to_thread(f, a, b=c)`.
fn wrapped(file: FileId, text: &str, call: &ast::ExprCall, name: &str, parent: Parent) -> Option<Vec<Edit>> {
    if matches!(&*call.arguments.args, [Expr::Generator(_)]) {
        return None;
    }
    let (open, close) = parent.brackets()?;
    let whole = span_of(call);
    let bracket = span_of(&call.arguments).start;
    if text.get(bracket..=bracket) != Some("(") || text.get(span_of(&*call.func).end..bracket)?.contains('#') {
        return None;
    }
    let after = text.get(bracket + 1..)?;
    let callee = text.get(whole.start..bracket)?;
    let place = |start, end| Place::new(file, Span::new(start, end));
    // Arguments on lines of their own: so is what is called.
    let gap = &after[..after.len() - after.trim_start().len()];
    let mut edits = if gap.contains('\n') && !call.arguments.is_empty() && !callee.contains('\n') {
        let begin = format!("{open}await {name}({gap}{callee},{gap}");
        vec![Edit::replace(place(whole.start, bracket + 1 + gap.len()), begin)]
    } else {
        let separator = if call.arguments.is_empty() { "" } else { ", " };
        vec![
            Edit::insert(place(whole.start, whole.start), format!("{open}await {name}(")),
            Edit::replace(place(bracket, bracket + 1), separator),
        ]
    };
    if !close.is_empty() {
        edits.push(Edit::insert(place(whole.end, whole.end), close));
    }
    Some(edits)
}

/// The edits that turn `f(a, b=c)` into `await sync_to_async(f)(a, b=c)`.
fn applied(file: FileId, text: &str, call: &ast::ExprCall, name: &str, parent: Parent) -> Option<Vec<Edit>> {
    let (open, close) = parent.brackets()?;
    let whole = span_of(call);
    let callee = span_of(&*call.func);
    if text.get(callee.start..callee.end)?.contains('\n') {
        return None;
    }
    let insert = |at: usize, new: String| Edit::insert(Place::new(file, Span::new(at, at)), new);
    let mut edits = vec![insert(whole.start, format!("{open}await {name}(")), insert(callee.end, ")".to_owned())];
    if !close.is_empty() {
        edits.push(insert(whole.end, close.to_owned()));
    }
    Some(edits)
}

/// The word `async ` before the `def` of the function whose name starts at `name`.
fn async_word(text: &str, name: usize) -> Option<Span> {
    let before = text.get(..name)?.trim_end();
    let def = before.strip_suffix("def")?;
    let word = def.trim_end().strip_suffix("async")?;
    Some(Span::new(word.len(), def.len()))
}
