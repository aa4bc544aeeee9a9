//! The calls by which a program starts a server, with what they are given.
//!
//! A file is followed as a program, or as a module one of whose functions somebody calls, and every
//! call of a watched function outside the project is noted where it happens, in whatever module of the
//! project. Tools that stand between a command line and such a call are acted out: `argparse`, click,
//! typer and fire, the base classes of Gunicorn, objects that only hold attributes.
//!
//! Does not know what a server makes of its arguments. Beyond what is followed for files of settings, two
//! things are assumed: a decorator from outside leaves a function as it is, and code outside the project
//! does not change the settings objects that it is given.

mod argparse;
mod click;
mod given;
mod gunicorn;
mod invoke;
mod loads;
mod tool;
mod typer;
mod words;

use std::rc::Rc;

use crate::source::{FileId, Place, Span};

pub use loads::Loads;

pub(super) use invoke::is_of_context;

pub(super) use super::super::launches::is_main;
use super::super::syntax::ast::{self, Expr, Stmt};
use super::super::syntax::visitor::{self, Visitor};
use super::super::syntax::{Module, span_of};
use super::ask::Question;
use super::call::Arguments;
use super::cell::{Body, Cell, Deps, Function, Id, Text, Thing};
use super::export::{dependencies, evaluated};
use super::reads::Touched;
use super::run::{Halt, Run, Step};
use super::state::{ENVIRON, Object};
use super::{Evaluated, Inputs, Outcome};
use crate::values::Value;

/// How a file is run, and what to look out for.
#[derive(Clone, Copy)]
pub struct Course<'q> {
    /// Whether it is the program itself, so that `__name__` is `"__main__"`.
    pub program: bool,
    /// What the program is called by, where that is known.
    pub name: Option<&'q str>,
    /// The words behind the name of the program, each `None` where nobody knows it; `None` where nobody
    /// knows how the program is called, so that every option may or may not be given.
    pub words: Option<&'q [Option<String>]>,
    /// What is called after the file was followed: `main`, or `cli.run`.
    pub call: Option<&'q str>,
    /// A function, by the bytes of its definition, that is called after that; with its defaults where
    /// nothing says otherwise.
    pub enter: Option<Span>,
    /// Whether something in the project calls that function in a way that was not followed.
    pub called: bool,
    /// Whether calls of a function outside the project are noted, by its full name.
    pub watched: &'q dyn Fn(&str) -> bool,
    /// The names of all settings of Gunicorn.
    pub gunicorn: &'q [&'q str],
}

/// A call that was noted.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    /// The full name of what is called. For an application class derived from one of Gunicorn's it is
    /// `gunicorn.app.base.BaseApplication.run`, or that of the class it derives from.
    pub callee: String,
    /// The whole call.
    pub place: Place,
    /// What is given by position; a starred argument counts with its elements.
    pub positional: Vec<Given>,
    /// What is given by name, `**` included.
    pub named: Vec<(String, Given)>,
    /// Whether more may be given than is known.
    pub open: bool,
    /// Variables that decide which arguments there are.
    pub rests: Vec<String>,
    /// Whether the program comes to it for sure.
    pub certain: bool,
    /// What `sys.argv` holds, where that is known; the name of the program is its first element.
    pub words: Option<Vec<Evaluated>>,
    /// The variables that the program itself set or removed.
    pub environment: Vec<(String, Option<Evaluated>)>,
    /// Whether it may have set or removed any other as well.
    pub environment_lost: bool,
    /// What an application class of Gunicorn sets, in order.
    pub sets: Vec<Set>,
    /// Names that were looked for among the settings of Gunicorn and are none.
    pub strangers: Vec<String>,
    /// What an application class of Gunicorn serves; `None` where Gunicorn itself loads that.
    pub loads: Option<Loads>,
    /// How many values stand in front of its own arguments in the brackets of the call at `place`, which may be
    /// that of something which is given the function to call; `None` where its arguments are not told apart there.
    pub offset: Option<usize>,
}

/// An argument.
#[derive(Debug, Clone, PartialEq)]
pub struct Given {
    /// Its value.
    pub value: Evaluated,
    /// The elements of a list, each for itself.
    pub items: Option<Vec<Evaluated>>,
    /// Variables that decide which elements there are.
    pub rests: Vec<String>,
    /// The attributes of an object that holds the configuration of a server, or the entries of a dict.
    pub attributes: Vec<(String, Evaluated)>,
    /// Whether it is a dict of which every entry is known by its key.
    pub is_dict: bool,
}

/// `cfg.set(name, value)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Set {
    /// The name; `None` where it is not known, so that it may be any.
    pub name: Option<String>,
    /// The value.
    pub value: Evaluated,
    /// Whether it is not set unless somebody sets what the value rests on.
    pub absent: bool,
    /// The whole call.
    pub place: Place,
}

/// What a run that looks for launches knows beside its files.
pub(super) struct Witness<'a, 'q> {
    watched: &'q dyn Fn(&str) -> bool,
    settings: Vec<Text>,
    /// The dicts that stand for them, and what was looked for there in vain.
    setting_dicts: Vec<Id>,
    strangers: Vec<String>,
    sightings: Vec<Sighting>,
    commands: Vec<String>,
    /// The scope that holds what the program binds in `sys`.
    system: Id,
    /// Places and parameters that values of the heap refer to by index.
    places: Vec<Place>,
    parameters: Vec<Rc<[invoke::Parameter<'a>]>>,
    tools: Vec<Rc<super::class::Class<'a>>>,
    /// Where the arguments of the function stand that is called, as in [`Sighting::offset`].
    offset: Option<usize>,
}

/// What following a file came to.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// The calls that were noted, in order.
    pub sightings: Vec<Sighting>,
    /// The commands of which somebody has to choose one, where nobody knows which.
    pub commands: Vec<String>,
}

/// Stands among the attributes of a configuration of Hypercorn for the TOML file that it was read from.
pub const TOML: &str = "(toml)";

/// Stands among the entries of a dict for the environment that it is a copy of.
pub const ENVIRONMENT: &str = "(environment)";

/// How deep in calls every step of a program is guarded against what takes too long.
const MAX_STEPS: usize = 4;

/// More calls than this tell nothing new.
const MAX_SIGHTINGS: usize = 200;

/// Follows `module` and notes the watched calls it comes to, in order.
pub fn launches<'a, 'q>(
    file: FileId,
    module: &'a Module,
    text: &'a str,
    inputs: &'q Inputs<'a>,
    course: &Course<'q>,
) -> Watched {
    let mut run = Run::new(inputs);
    run.program = course.program;
    if run.witness_with(course).is_err() {
        return Watched::default();
    }
    let raised = run.follow(file, module, text);
    if let (Some(path), None) = (course.call, &raised) {
        run.reset();
        // What it raises ends the program, with what was noted up to there.
        let _ = run.call_path(path);
    }
    if let Some(def) = course.enter.and_then(|span| definition(module, span)) {
        run.reset();
        if let Some(raised) = raised {
            // What the rest of the file would have bound is not known.
            let why = "the file was not followed to its end";
            run.distrust(raised.place.span, why);
            let scope = run.scope;
            if let Some(scope) = run.state.scope_mut(scope) {
                scope.lost = Some(why.into());
            }
        }
        // Somebody may call it with anything, whatever its defaults are.
        let unknown = |name: &str| {
            let outcome = Outcome::Unknown(format!("a parameter of {}()", def.0.name));
            (name.to_owned(), Evaluated { outcome, depends: Vec::new() })
        };
        let names = def.0.parameters.iter_non_variadic_params();
        let parameters: Vec<_> = names.map(|parameter| unknown(parameter.name().as_str())).collect();
        let question = Question { parameters: if course.called { &parameters } else { &[] }, ..Question::default() };
        let _ = run.enter_function(def.0, def.1, &question);
    }
    let noted = run.witness.take();
    noted.map(|witness| Watched { sightings: witness.sightings, commands: witness.commands }).unwrap_or_default()
}

/// The function whose definition has these bytes, and whether it stands in another function or a class.
fn definition(module: &Module, span: Span) -> Option<(&ast::StmtFunctionDef, bool)> {
    struct Find<'a> {
        span: Span,
        nested: bool,
        found: Option<(&'a ast::StmtFunctionDef, bool)>,
    }
    impl<'a> Visitor<'a> for Find<'a> {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            let own = span_of(stmt);
            if !(own.start <= self.span.start && self.span.end <= own.end) {
                return;
            }
            match stmt {
                Stmt::FunctionDef(def) if own == self.span => self.found = Some((def, self.nested)),
                Stmt::FunctionDef(_) => {
                    self.nested = true;
                    visitor::walk_stmt(self, stmt);
                }
                _ => visitor::walk_stmt(self, stmt),
            }
        }
    }
    let mut find = Find { span, nested: false, found: None };
    for stmt in &module.body {
        find.visit_stmt(stmt);
    }
    find.found
}

impl<'a, 'i> Run<'a, 'i> {
    fn witness_with(&mut self, course: &Course<'i>) -> Step<()> {
        let system = self.allocate(Object::Scope(super::state::Scope::default()))?;
        self.witness = Some(Witness {
            watched: course.watched,
            settings: course.gunicorn.iter().map(|name| Text::from(*name)).collect(),
            setting_dicts: Vec::new(),
            strangers: Vec::new(),
            sightings: Vec::new(),
            commands: Vec::new(),
            system,
            places: Vec::new(),
            parameters: Vec::new(),
            tools: Vec::new(),
            offset: Some(0),
        });
        let mut items = vec![course.name.map_or_else(|| Cell::unknown("the name of the program"), Cell::str)];
        items.extend(course.words.into_iter().flatten().map(|word| match word {
            Some(word) => Cell::str(word),
            None => Cell::unknown("a word of the command line that nobody knows"),
        }));
        let list = match course.words {
            Some(_) => self.list(items)?,
            None => Cell::unknown("the words of the command line"),
        };
        self.set_system("argv", list);
        Ok(())
    }

    fn set_system(&mut self, name: &str, cell: Cell<'a>) {
        let Some(id) = self.witness.as_ref().map(|witness| witness.system) else { return };
        if let Some(scope) = self.state.scope_mut(id) {
            let slot = super::state::Slot { cell, conditional: false, absent: false, records: Rc::from([]) };
            scope.names.insert(name.into(), slot);
        }
    }

    /// `sys.argv`, in a run that looks for launches.
    pub(super) fn system_attribute(&self, module: &str, name: &str) -> Option<Cell<'a>> {
        let witness = self.witness.as_ref().filter(|_| module == "sys")?;
        self.state.scope(witness.system)?.names.get(name).map(|slot| slot.cell.clone())
    }

    /// A method that is watched, of an object that a library makes.
    pub(super) fn watched_method(&self, value: &Cell<'a>, name: &str) -> Option<Cell<'a>> {
        let witness = self.witness.as_ref()?;
        let Thing::Made(class, _) = &value.thing else { return None };
        let full = format!("{class}.{name}");
        (witness.watched)(&full).then(|| Cell::dotted(&full))
    }

    /// `sys.argv = words`; false where it is not followed.
    pub(super) fn set_system_attribute(&mut self, module: &str, name: &str, value: &Cell<'a>) -> bool {
        let followed = self.witness.is_some() && module == "sys" && name == "argv";
        if followed {
            self.set_system(name, value.clone());
        }
        followed
    }

    /// The words behind the name of the program; `None` where they are not known at all.
    fn words(&self) -> Option<Vec<Option<Text>>> {
        let list = self.system_attribute("sys", "argv")?;
        let Thing::List(id) = list.thing else { return None };
        Some(self.items(id)?.iter().skip(1).map(word_of).collect())
    }

    /// Calls what a dotted path of the file names.
    fn call_path(&mut self, path: &str) -> Step<()> {
        let mut parts = path.split('.');
        let name = parts.next().unwrap_or_default();
        let Some((_, slot)) = self.find_from(self.home, name) else { return Ok(()) };
        let mut cell = slot.cell.clone();
        for part in parts {
            cell = self.attribute(&cell, part, Span::default())?;
        }
        self.call_cell(&cell, Arguments::default(), Span::default()).map(|_| ())
    }

    /// Acts out a call of something outside the project; `None` where that is not known here.
    pub(super) fn witnessed(
        &mut self,
        name: &Text,
        callee: &Cell<'a>,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Option<Cell<'a>>> {
        let Some(witness) = &self.witness else { return Ok(None) };
        if let Some(method) = name.strip_prefix("super().") {
            return self.call_above(method, arguments, at);
        }
        if (witness.watched)(name) {
            self.sight(name, arguments, at);
        }
        match name.as_ref() {
            "super" => Ok(self.this().map(|_| Cell::dotted("super()"))),
            // A coroutine was followed when it was made.
            "asyncio.run" | "uvloop.run" => Ok(arguments.positional.first().cloned()),
            name if given::passes(name) => {
                self.call_given(name, arguments, at)?;
                Ok(None)
            }
            "vars" => Ok(self.attributes_of(arguments)?),
            "shlex.split" => match arguments.positional.as_slice() {
                [text @ Cell { thing: Thing::Str(line), .. }] => {
                    let words = words::split(line).unwrap_or_default();
                    let items = words.iter().map(|word| Cell::str(word).resting_on(text)).collect();
                    self.list(items).map(|list| Some(list.resting_on(text)))
                }
                _ => Ok(None),
            },
            "argparse.ArgumentParser" => self.parser(at).map(Some),
            "fire.Fire" => self.fire(arguments, at),
            "flask.Flask" | "quart.Quart" => {
                Ok(Some(Cell::new(Thing::Made(Rc::clone(name), Rc::new(arguments.clone())))))
            }
            _ if name.starts_with("hypercorn.") => self.hypercorn(name, arguments),
            _ if name.starts_with("gunicorn.") => self.base_application(name, arguments, at),
            _ => self.made_by_click(name, callee, arguments, at),
        }
    }

    /// `vars(object)`.
    fn attributes_of(&mut self, arguments: &Arguments<'a>) -> Step<Option<Cell<'a>>> {
        let Some(Thing::Instance(_, id)) = arguments.positional.first().map(|cell| &cell.thing) else {
            return Ok(None);
        };
        let Some(scope) = self.state.scope(*id) else { return Ok(None) };
        let entries = scope.names.iter().map(|(name, slot)| (Cell::str(name), slot.cell.clone())).collect();
        self.dict(entries).map(Some)
    }

    /// The object a method is running for.
    fn this(&self) -> Option<Cell<'a>> {
        let parameters = self.function.as_ref()?.parameters?;
        let first = parameters.posonlyargs.iter().chain(&parameters.args).next()?;
        let (_, slot) = self.find_from(self.home, first.name().as_str())?;
        matches!(slot.cell.thing, Thing::Instance(..)).then(|| slot.cell.clone())
    }

    /// `super().method(...)`.
    fn call_above(&mut self, method: &str, arguments: &Arguments<'a>, at: Span) -> Step<Option<Cell<'a>>> {
        let Some(this) = self.this() else { return Ok(None) };
        let Thing::Instance(class, _) = &this.thing else { return Ok(None) };
        let running = self.function.clone();
        let own = |class: &super::class::Class<'a>, name: &str| match self.state.scope(class.scope)?.names.get(name) {
            Some(super::state::Slot { cell: Cell { thing: Thing::Function(function), .. }, .. }) => {
                Some(Rc::clone(function))
            }
            _ => None,
        };
        let here = class.line().position(|class| {
            running
                .as_ref()
                .is_some_and(|running| own(class, &running.name).is_some_and(|function| Rc::ptr_eq(&function, running)))
        });
        let above = class.line().skip(here.map_or(0, |here| here + 1)).find_map(|class| own(class, method));
        let class = Rc::clone(class);
        let mut arguments = arguments.clone();
        if let Some(function) = above {
            arguments.positional.insert(0, this);
            return self.call_function(&function, arguments, at).map(Some);
        }
        self.tool_method(&this, &class, method, &arguments, at)
    }

    /// A function whose call would give a coroutine is followed at once, as its `await` would.
    pub(super) fn follows_coroutine(&self, function: &Function<'a>) -> bool {
        self.witness.is_some()
            && match function.body {
                Body::Block(body) => !yields(body),
                Body::Expression(_) => false,
            }
    }

    /// `hypercorn.config.Config()`, an object that only holds attributes.
    fn hypercorn(&mut self, name: &str, arguments: &Arguments<'a>) -> Step<Option<Cell<'a>>> {
        let name = name.strip_prefix("hypercorn.").unwrap_or(name);
        let name = name.strip_prefix("config.").unwrap_or(name);
        let mut attributes: Vec<(Text, Cell<'a>)> = Vec::new();
        match name {
            "Config" => {}
            "Config.from_mapping" if !arguments.open => {
                if let Some(Thing::Dict(id)) = arguments.positional.first().map(|cell| &cell.thing) {
                    for (key, value) in self.entries(*id).unwrap_or_default() {
                        if let Thing::Str(key) = &key.thing {
                            attributes.push((Rc::clone(key), value.clone()));
                        }
                    }
                } else if !arguments.positional.is_empty() {
                    return Ok(None);
                }
                attributes.extend(arguments.named.iter().cloned());
            }
            "Config.from_toml" => {
                let path = arguments.get(0, "filename").cloned();
                attributes.push((TOML.into(), path.unwrap_or_else(|| Cell::unknown("the name of a file"))));
            }
            _ => return Ok(None),
        }
        self.tool("hypercorn.config.Config", attributes).map(Some)
    }

    /// A step of a program that calls something: what takes too long to follow does not take with it what
    /// comes behind.
    pub(super) fn step_apart(&mut self, expr: &'a Expr) -> Step<()> {
        let call = if let Expr::Await(awaited) = expr { awaited.value.as_ref() } else { expr };
        if self.witness.is_none() || self.depth > MAX_STEPS || !matches!(call, Expr::Call(_)) {
            return self.expression(expr).map(|_| ());
        }
        if !self.apart(|run| run.expression(expr).map(|_| ()))? {
            self.disturb(&Touched::expression(expr), &"it would take too long to follow".into(), &Deps::default());
        }
        Ok(())
    }

    /// Whether `work` comes to an end; where it does not, everything is as it was before.
    fn apart(&mut self, work: impl FnOnce(&mut Self) -> Step<()>) -> Step<bool> {
        let before = self.snapshot()?;
        let (depth, nesting, tries) = (self.depth, self.nesting, self.tries);
        let (control, handling, escapes) = (self.control.clone(), self.handling.clone(), self.escapes.clone());
        let here = self.standing();
        match self.with_half(work) {
            Err(Halt::Exhausted) if self.has_fuel() => {
                self.stand(here);
                self.state = before;
                (self.depth, self.nesting, self.tries) = (depth, nesting, tries);
                (self.control, self.handling, self.escapes) = (control, handling, escapes);
                Ok(false)
            }
            result => result.map(|()| true),
        }
    }

    /// Whether a fault is rather one of this interpreter: a program that people start gets to its server.
    pub(super) fn is_lenient(&self) -> bool {
        self.witness.is_some() && self.tries == 0
    }

    /// Whether what is given to code outside the project stays as it is.
    pub(super) fn is_kept(&self, cell: &Cell<'a>) -> bool {
        self.witness.is_some()
            && matches!(&cell.thing, Thing::Instance(class, _)
                if class.family != super::class::Family::Plain || class.line().any(super::class::Class::is_tool))
    }

    /// Notes commands of which somebody has to choose one.
    fn offer(&mut self, names: impl Iterator<Item = Text>) {
        if let Some(witness) = &mut self.witness {
            for name in names.take(MAX_SIGHTINGS) {
                if !witness.commands.iter().any(|known| *known == *name) {
                    witness.commands.push(name.to_string());
                }
            }
        }
    }

    /// Notes a call.
    fn sight(&mut self, name: &str, arguments: &Arguments<'a>, at: Span) {
        let sighting = Sighting {
            callee: name.to_owned(),
            place: self.place(at),
            positional: arguments.positional.iter().map(|cell| self.given(cell)).collect(),
            named: arguments.named.iter().map(|(name, cell)| (name.to_string(), self.given(cell))).collect(),
            open: arguments.open,
            rests: arguments.rests.iter().map(ToString::to_string).collect(),
            certain: self.is_certain(),
            words: self.argument_words(),
            environment: self.changed_environment(),
            environment_lost: self.is_environment_lost(),
            sets: Vec::new(),
            strangers: Vec::new(),
            loads: None,
            offset: self.witness.as_ref().and_then(|witness| witness.offset),
        };
        self.keep(sighting);
    }

    fn keep(&mut self, sighting: Sighting) {
        if let Some(witness) = &mut self.witness
            && witness.sightings.len() < MAX_SIGHTINGS
            && !witness.sightings.contains(&sighting)
        {
            witness.sightings.push(sighting);
        }
    }

    fn is_certain(&self) -> bool {
        // What merely follows from the absence of a variable is no more likely than its opposite.
        self.state.path.iter().all(|(choice, side)| choice.presumed == Some(*side) && !choice.soft)
    }

    fn argument_words(&self) -> Option<Vec<Evaluated>> {
        let list = self.system_attribute("sys", "argv")?;
        let Thing::List(id) = list.thing else { return None };
        Some(self.items(id)?.iter().map(|cell| evaluated(cell, &self.state)).collect())
    }

    pub(super) fn is_environment_lost(&self) -> bool {
        matches!(self.state.get(ENVIRON), Some(Object::Environ(environ)) if environ.lost)
    }

    fn changed_environment(&self) -> Vec<(String, Option<Evaluated>)> {
        let Some(Object::Environ(environ)) = self.state.get(ENVIRON) else { return Vec::new() };
        let of = |cell: &Option<Cell<'a>>| cell.as_ref().map(|cell| evaluated(cell, &self.state));
        environ.set.iter().map(|(name, cell)| (name.to_string(), of(cell))).collect()
    }

    /// A value with what led to this place.
    fn noted(&self, cell: &Cell<'a>) -> Evaluated {
        let mut value = evaluated(cell, &self.state);
        for dependency in dependencies(&self.control) {
            if !value.depends.contains(&dependency) {
                value.depends.push(dependency);
            }
        }
        // A member of an enumeration is known by what it is called, in whichever package that is.
        if let Thing::Dotted(name) = &cell.thing {
            value.outcome = Outcome::Known(Value::Object(name.to_string()));
        }
        value
    }

    fn given(&self, cell: &Cell<'a>) -> Given {
        let each = |items: &[Cell<'a>]| items.iter().map(|item| self.noted(item)).collect();
        let items = match &cell.thing {
            Thing::List(id) => self.items(*id).map(each),
            Thing::Tuple(items) => Some(each(items)),
            _ => None,
        };
        let is_dict = match &cell.thing {
            Thing::Dict(id) => self.entries(*id).is_some_and(|all| all.iter().all(|(key, _)| word_of(key).is_some())),
            _ => false,
        };
        let attributes = match &cell.thing {
            Thing::Dict(id) => self.entries(*id).map(|entries| {
                let name = |key: &Cell<'a>| {
                    if super::outside::is_environ(key) { Some(ENVIRONMENT.into()) } else { word_of(key) }
                };
                let texts = entries.iter().filter_map(|(key, value)| Some((name(key)?.to_string(), self.noted(value))));
                texts.collect()
            }),
            Thing::Instance(class, id) if class.is_tool() => self.state.scope(*id).map(|scope| {
                scope.names.iter().map(|(name, slot)| (name.to_string(), self.noted(&slot.cell))).collect()
            }),
            _ => None,
        };
        let shape = self.state.shape(&cell.thing);
        let rests =
            cell.deps.open().chain(shape.iter().flat_map(|shape| shape.open())).map(ToString::to_string).collect();
        Given { value: self.noted(cell), items, rests, attributes: attributes.unwrap_or_default(), is_dict }
    }
}

/// The text of a word of a command line.
fn word_of(cell: &Cell<'_>) -> Option<Text> {
    match &cell.thing {
        Thing::Str(text) if !cell.soft => Some(Rc::clone(text)),
        _ => None,
    }
}

/// Whether a body makes its function a generator.
fn yields(body: &[Stmt]) -> bool {
    struct Yields(bool);
    impl<'a> Visitor<'a> for Yields {
        fn visit_stmt(&mut self, stmt: &'a Stmt) {
            if !matches!(stmt, Stmt::FunctionDef(_) | Stmt::ClassDef(_)) {
                visitor::walk_stmt(self, stmt);
            }
        }
        fn visit_expr(&mut self, expr: &'a Expr) {
            match expr {
                Expr::Yield(_) | Expr::YieldFrom(_) => self.0 = true,
                Expr::Lambda(_) => {}
                _ => visitor::walk_expr(self, expr),
            }
        }
    }
    let mut found = Yields(false);
    for stmt in body {
        found.visit_stmt(stmt);
    }
    found.0
}
