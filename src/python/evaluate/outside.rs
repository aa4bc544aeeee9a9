//! What is outside the project: the environment, the processors, the system, other packages.

use std::rc::Rc;

use crate::source::Span;
use crate::values::Value;

use super::Lookup;
use super::call::{Arguments, shortened};
use super::cell::{Cell, Dep, Deps, Text, Thing, unknown_from};
use super::export::to_value;
use super::names::{is_cpu_count, is_made, is_pure};
use super::operators::Calc;
use super::readers::package_of;
use super::run::{Run, Step};
use super::state::{ENVIRON, Environ, Object};

impl<'a> Run<'a, '_> {
    /// `module.name` of something outside the project.
    pub(super) fn outside_attribute(module: &str, name: &str) -> Cell<'a> {
        let full = format!("{module}.{name}");
        let linux = |text: &str| Cell::str(text).with_deps(&Deps::one(Dep::Other(full.as_str().into())));
        match full.as_str() {
            "sys.platform" => linux("linux"),
            "os.name" => linux("posix"),
            "os.sep" | "os.path.sep" => linux("/"),
            "os.linesep" => linux("\n"),
            "math.pi" => Cell::new(Thing::Float(std::f64::consts::PI)),
            "math.inf" => Cell::new(Thing::Float(f64::INFINITY)),
            "math.e" => Cell::new(Thing::Float(std::f64::consts::E)),
            "sys.maxsize" => Cell::new(Thing::Int(i64::MAX)),
            "string.digits" => Cell::str("0123456789"),
            "string.ascii_lowercase" => Cell::str("abcdefghijklmnopqrstuvwxyz"),
            "typing.TYPE_CHECKING" => Cell::new(Thing::Bool(false)),
            _ => Cell::dotted(&full),
        }
    }

    /// What a variable holds.
    pub(super) fn variable(&mut self, name: &str, default: Option<&Cell<'a>>) -> Variable<'a> {
        let (own, filled, replaced, lost) = match self.state.get(ENVIRON) {
            Some(Object::Environ(environ)) => {
                (environ.set.get(name).cloned(), environ.filled, environ.replaced, environ.lost)
            }
            _ => (None, true, true, true),
        };
        match own {
            Some(Some(cell)) => return Variable::Is(cell),
            Some(None) => return Variable::Absent(Deps::default()),
            None => {}
        }
        let default = default.and_then(|cell| to_value(cell, &self.state).ok()).filter(|value| *value != Value::None);
        let dep = |sure: bool| Deps::one(Dep::Environment { name: name.into(), default: default.clone(), sure });
        let unknown = || {
            let why = format!("depends on the environment variable {name}");
            Cell::new(Thing::Unknown(why.into())).with_deps(&dep(false))
        };
        if lost || self.state.assumed.contains(name) {
            return Variable::Is(unknown());
        }
        match (self.inputs.environ)(name) {
            Lookup::Set(_) | Lookup::Likely(_) if replaced => Variable::Is(unknown()),
            Lookup::Set(text) | Lookup::Likely(text) if text.len() > super::operators::MAX_TEXT => {
                Variable::Is(unknown())
            }
            Lookup::Lost => Variable::Is(unknown()),
            Lookup::Set(text) => Variable::Is(Cell::str(&text).with_deps(&dep(true))),
            Lookup::Likely(text) => Variable::Is(Cell::str(&text).with_deps(&dep(false))),
            Lookup::Unset if !filled => Variable::Absent(dep(true)),
            Lookup::Unset | Lookup::Unknown => Variable::Open(dep(false)),
        }
    }

    /// `os.getenv(name, default)`.
    pub(super) fn get_variable(&mut self, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let Some(key) = arguments.get(0, "key") else { return self.raise("TypeError", at, "getenv without a name") };
        let default = arguments.get(1, "default").cloned();
        let Thing::Str(name) = &key.thing else {
            return self.settle(Calc::Unknown("an environment variable that is not named"), &[key], at);
        };
        let none = Cell::new(Thing::None);
        Ok(match self.variable(name, default.as_ref()) {
            Variable::Is(cell) => cell,
            Variable::Absent(deps) => default.unwrap_or(none).with_deps(&deps),
            Variable::Open(deps) => match default {
                Some(default) if !matches!(default.thing, Thing::None) => default.with_deps(&deps),
                _ => Cell { soft: true, ..none.with_deps(&deps) },
            },
        }
        .resting_on(key))
    }

    /// `os.environ[name]`.
    pub(super) fn environ_item(&mut self, value: &Cell<'a>, key: &Cell<'a>, at: Span) -> Step<Option<Cell<'a>>> {
        if !is_environ(value) {
            return Ok(None);
        }
        let Thing::Str(name) = &key.thing else {
            return self.settle(Calc::Unknown("an environment variable that is not named"), &[key], at).map(Some);
        };
        match self.variable(name, None) {
            Variable::Is(cell) => Ok(Some(cell)),
            Variable::Absent(_) => self.raise("KeyError", at, &format!("the environment variable {name} is not set")),
            Variable::Open(deps) => {
                let why: Text = format!("depends on the environment variable {name}").into();
                if self.tries > 0 {
                    let choice = self.choice(&deps, Some(true), true, &why);
                    self.escape(&choice, Some("KeyError"), &deps, at)?;
                }
                Ok(Some(Cell::new(Thing::Unknown(why)).with_deps(&deps)))
            }
        }
    }

    /// `name in os.environ`.
    pub(super) fn environ_has(&mut self, item: &Cell<'a>, container: &Cell<'a>, at: Span) -> Step<Option<Cell<'a>>> {
        if !is_environ(container) {
            return Ok(None);
        }
        let Thing::Str(name) = &item.thing else {
            return self.settle(Calc::Unknown("an environment variable that is not named"), &[item], at).map(Some);
        };
        Ok(Some(match self.variable(name, None) {
            // Whether the file set it may be what is not known.
            Variable::Is(cell) if cell.is_unknown() && !self.state.assumed.contains(name) => cell,
            Variable::Is(cell) => Cell { thing: Thing::Bool(true), ..cell },
            Variable::Absent(deps) => Cell::new(Thing::Bool(false)).with_deps(&deps),
            Variable::Open(deps) => Cell { soft: true, ..Cell::new(Thing::Bool(false)).with_deps(&deps) },
        }))
    }

    /// `os.environ[name] = value`, or its removal.
    pub(super) fn set_variable(&mut self, key: &Cell<'a>, value: Option<&Cell<'a>>) {
        let control = self.control.clone();
        let Some(Object::Environ(environ)) = self.state.get_mut(ENVIRON) else { return };
        match &key.thing {
            Thing::Str(name) => {
                let value = value.map(|value| value.clone().with_deps(&control));
                environ.set.insert(Rc::clone(name), value);
            }
            _ => forget_environ(environ),
        }
    }

    /// A method of `os.environ`.
    pub(super) fn environ_method(
        &mut self,
        name: &str,
        callee: &Cell<'a>,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        match (name, arguments.positional.as_slice()) {
            ("get", _) => self.get_variable(arguments, at),
            ("setdefault", [key, value]) => {
                let present = self.environ_has(key, &Cell::dotted("os.environ"), at)?;
                let (key, value) = (key.clone(), value.clone());
                let present = present.unwrap_or_else(|| Cell::unknown("an unknown variable"));
                self.choose(&present, |run, side| {
                    if side {
                        let found = run.environ_item(&Cell::dotted("os.environ"), &key, at)?;
                        return Ok(found.unwrap_or_else(|| Cell::unknown("an unknown variable")));
                    }
                    run.set_variable(&key, Some(&value));
                    Ok(value.clone())
                })
            }
            ("pop", [key, ..]) => {
                let value = self.get_variable(arguments, at)?;
                self.set_variable(key, None);
                Ok(value)
            }
            ("update", [more]) if self.known_entries(more).is_some() => {
                for (key, value) in self.known_entries(more).unwrap_or_default() {
                    self.set_variable(&key, Some(&value));
                }
                Ok(Cell::new(Thing::None))
            }
            ("copy", []) => self.environ_copy(),
            ("update" | "clear" | "popitem" | "putenv" | "unsetenv", _) => {
                if let Some(Object::Environ(environ)) = self.state.get_mut(ENVIRON) {
                    forget_environ(environ);
                }
                self.settle_unknown("the environment was changed", &[callee], at)
            }
            _ => self.settle_unknown("the environment as a whole", &[callee], at),
        }
    }

    /// A dict that holds the environment and what the file set in it.
    pub(super) fn environ_copy(&mut self) -> Step<Cell<'a>> {
        let mut entries = vec![(Cell::dotted(ENVIRON_NAME), Cell::unknown("the environment as a whole"))];
        if let Some(Object::Environ(environ)) = self.state.get(ENVIRON) {
            let set = environ.set.iter().filter_map(|(name, cell)| Some((name, cell.as_ref()?)));
            entries.extend(set.map(|(name, cell)| (Cell::str(name), cell.clone())));
        }
        self.dict(entries)
    }

    /// What a method of a dict that began as a copy of the environment comes to, for a variable that the file did not
    /// set in it.
    pub(super) fn copied_variable(
        &mut self,
        copy: &Cell<'a>,
        method: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Option<Cell<'a>>> {
        let Some(key @ Cell { thing: Thing::Str(_), .. }) = arguments.positional.first() else { return Ok(None) };
        let (key, value) = (key.clone(), self.get_variable(arguments, at)?);
        match method {
            "get" => {}
            "setdefault" => {
                self.put_entry(copy, key, value.clone(), at)?;
            }
            "pop" => {
                self.put_entry(copy, key, Cell::new(Thing::None), at)?;
            }
            _ => return Ok(None),
        }
        Ok(Some(value))
    }

    fn known_entries(&self, cell: &Cell<'a>) -> Option<Vec<(Cell<'a>, Cell<'a>)>> {
        match &cell.thing {
            Thing::Dict(id) if !cell.soft && !cell.deps.is_open() => self.entries(*id).map(<[_]>::to_vec),
            _ => None,
        }
    }

    /// `cpu_count()` in any spelling.
    pub(super) fn cpu_count(&mut self, at: Span) -> Cell<'a> {
        let dep = Dep::Cpus { place: self.place(at), spelling: shortened(self.source(at)).into(), limited: false };
        let thing = match self.inputs.cpus {
            Some(cpus) => Thing::Int(i64::from(cpus)),
            None => Thing::Unknown("depends on the number of processors".into()),
        };
        Cell::new(thing).with_deps(&Deps::one(dep))
    }

    /// A call of something outside the project, or of a built-in.
    #[allow(clippy::too_many_lines, reason = "one arm per function, each of a few lines")]
    pub(super) fn call_dotted(
        &mut self,
        name: &Text,
        callee: &Cell<'a>,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        if arguments.open {
            return self.call_unknown(callee, arguments, "a call with unknown arguments", at);
        }
        if let Some(method) = name.strip_prefix("os.environ.") {
            return self.environ_method(method, callee, arguments, at);
        }
        let physical =
            |arguments: &Arguments<'a>| arguments.get(0, "logical").is_some() || arguments.all().next().is_some();
        match name.as_ref() {
            "os.getenv" => self.get_variable(arguments, at),
            name if is_cpu_count(name) => {
                let cpus = self.cpu_count(at);
                // Physical cores only: another number than the one that is known.
                Ok(if physical(arguments) { unknown_from(&[&cpus], "the number of physical cores") } else { cpus })
            }
            "os.sched_getaffinity" => {
                let cpus = self.cpu_count(at);
                Ok(Cell { thing: Thing::Dotted("os.sched_getaffinity()".into()), ..cpus })
            }
            "platform.system" => Ok(Cell::str("Linux").with_deps(&Deps::one(Dep::Other("platform.system()".into())))),
            "dotenv.load_dotenv" | "dotenv.main.load_dotenv" => self.load_variables(arguments, "dotenv_path"),
            "dotenv.dotenv_values" | "dotenv.main.dotenv_values" => self.file_values(arguments, at),
            "dotenv.find_dotenv" => match self.nearest(".env") {
                Some(path) if arguments.positional.is_empty() => Ok(path),
                _ => self.settle_unknown("a file of variables that is not in the project", &[], at),
            },
            "environ.Env.read_env" => self.load_variables(arguments, "env_file"),
            "collections.namedtuple" => self.named_tuple(arguments, at),
            "pathlib.Path" | "pathlib.PurePath" | "pathlib.PosixPath" | "pathlib.PurePosixPath" => {
                self.spend_on_paths(&arguments.positional)?;
                let calc = Self::make_path(&arguments.positional);
                let operands: Vec<&Cell<'a>> = arguments.all().collect();
                self.settle(calc, &operands, at)
            }
            "functools.lru_cache" | "functools.cache" | "dataclasses.dataclass" | "pydantic.computed_field" => {
                // With arguments only it is a decorator; given a function it is one that was applied.
                match arguments.positional.first() {
                    Some(Cell { thing: Thing::Function(_) | Thing::Class(_), .. }) => {
                        self.call_unknown(callee, arguments, "a decorated object", at)
                    }
                    _ => Ok(callee.clone()),
                }
            }
            "pydantic_settings.SettingsConfigDict"
            | "pydantic.ConfigDict"
            | "pydantic_settings.main.SettingsConfigDict" => {
                let entries =
                    arguments.named.iter().map(|(name, cell)| (Cell::new(Thing::Str(Rc::clone(name))), cell.clone()));
                self.dict(entries.collect())
            }
            name if is_made(name) => Ok(Cell::new(Thing::Made(name.into(), Rc::new(arguments.clone())))),
            name if package_of(name).is_some() => match package_of(name) {
                Some(package) => self.make_reader(package, arguments, at),
                None => self.settle_unknown("a reader", &[], at),
            },
            name if name.starts_with("os.path.") => {
                let given: Vec<&Cell<'a>> = arguments.all().collect();
                let function = name.trim_start_matches("os.path.");
                match self.path_function(function, &arguments.positional)? {
                    Some(calc) => self.settle(calc, &given, at),
                    None => self.call_unknown(callee, arguments, &format!("the result of {name}()"), at),
                }
            }
            "super" => {
                self.give_up_self();
                Ok(Cell::unknown("what a class above does"))
            }
            "typing.cast" | "typing_extensions.cast" => match arguments.get(1, "val") {
                Some(value) => Ok(value.clone()),
                None => self.raise("TypeError", at, "cast() of nothing"),
            },
            "os.putenv" | "os.unsetenv" => Ok(Cell::new(Thing::None)),
            "sys.exit" | "os._exit" | "exit" | "quit" | "os.abort" => self.raise("SystemExit", at, "ends the process"),
            "globals" | "locals" | "vars"
                if arguments.all().next().is_none() && self.scope == self.home && self.function.is_none() =>
            {
                Ok(Cell::new(Thing::Namespace(self.scope)))
            }
            "globals" if arguments.all().next().is_none() => {
                let scope = self.modules.get(self.module).map_or(self.scope, |module| module.scope);
                Ok(Cell::new(Thing::Namespace(scope)))
            }
            // The text may bind any name of the module that runs it, unless it is given names of its own.
            "exec" | "execfile" if arguments.all().count() < 2 => {
                self.lose_all_names(at, "exec() may bind any name");
                self.call_unknown(callee, arguments, "the result of exec()", at)
            }
            "globals" | "locals" | "vars" | "exec" | "execfile" => {
                self.distrust(at, &format!("{name}() may bind any name"));
                self.call_unknown(callee, arguments, &format!("the result of {name}()"), at)
            }
            "decouple.config" => {
                let reader = self.near_reader();
                self.setting(&reader, arguments.get(2, "cast"), arguments, at)
            }
            name if name.starts_with("str.")
                && matches!(arguments.positional.first(), Some(Cell { thing: Thing::Str(_), .. })) =>
            {
                let mut rest = arguments.clone();
                let receiver = rest.positional.remove(0);
                let method = Cell::new(Thing::Method(Rc::new((receiver, name.trim_start_matches("str.").into()))));
                self.call_cell(&method, rest, at)
            }
            name if is_pure(name) => self.builtin(name, callee, arguments, at),
            _ => {
                let why = format!("the result of {name}(), which is not followed");
                self.call_unknown(callee, arguments, &why, at)
            }
        }
    }
}

/// What is known about a variable at some point of the file.
pub(super) enum Variable<'a> {
    /// It is this.
    Is(Cell<'a>),
    /// It is certainly not set.
    Absent(Deps),
    /// Nobody said.
    Open(Deps),
}

/// An open dependency on a variable.
pub(super) fn open_variable(name: &str, default: Option<Value>) -> Deps {
    Deps::one(Dep::Environment { name: name.into(), default, sure: false })
}

pub(super) fn forget_environ(environ: &mut Environ<'_>) {
    environ.set.clear();
    environ.lost = true;
}

/// The name of the environment. As a key it stands, in a dict that began as a copy of the environment, for all variables
/// that the file did not set there.
const ENVIRON_NAME: &str = "os.environ";

pub(super) fn is_environ(cell: &Cell<'_>) -> bool {
    matches!(&cell.thing, Thing::Dotted(name) if name.as_ref() == ENVIRON_NAME)
}

/// Whether a dict began as a copy of the environment.
pub(super) fn is_environ_copy(entries: &[(Cell<'_>, Cell<'_>)]) -> bool {
    entries.iter().any(|(key, _)| is_environ(key))
}
