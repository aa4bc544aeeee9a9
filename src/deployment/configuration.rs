//! The configuration file of a server, and what its names set.

use super::any_machine;
use super::effective::{Candidate, Layer, Resolved, Site};
use super::locate::Roots;
use super::settle::{self, refused};
use crate::python::deeds::Deeds;
use crate::python::evaluate::{
    self, Binding, Dependency, FilePath, FileVariable, Globals, How, Imported, Inputs, Lookup, Outcome, Question,
};
use crate::python::renames::renamed;
use crate::python::syntax::Module;
use crate::read::{Requirement, Variable};
use crate::servers::{Kind, Setting, Table, Version, cast};
use crate::source::{FileId, Files, Located, Place};
use crate::values::{Cpus, Value};

use std::collections::{BTreeMap, BTreeSet};

/// What patches the standard library for greenlets.
pub(super) const GREENLETS: &str = "gevent.monkey.patch_all";

/// A configuration file that a server loads.
#[derive(Debug, Clone)]
pub struct Configuration {
    /// The file.
    pub file: FileId,
    /// The words that name it; `None` where the server finds it by itself.
    pub named_at: Option<Place>,
    /// Its global names that are no settings in this version; of uWSGI its options that no table has.
    pub strangers: Vec<Stranger>,
    /// Names that are settings, as it happens: what a loop or an import binds, or a helper that the file reads.
    pub accidental: Vec<Accident>,
    /// What its Python does by name, apart from what it sets.
    pub deeds: Deeds,
    /// Where it patches the standard library for greenlets, and an import in front of that which keeps what it found.
    pub late_patch: Option<(Place, Located<String>)>,
    /// The last of its top-level statements that set something: where a person would add a setting.
    pub last_assignment: Option<Place>,
}

impl Configuration {
    /// Whether it patches the standard library for greenlets, which it does before anything is loaded.
    pub fn patches(&self) -> bool {
        self.deeds.begins_with(GREENLETS)
    }

    /// Whether it imports a module of the project, which is loaded then before the server begins.
    pub fn loads(&self, module: FileId, files: &Files) -> bool {
        let path = files.get(module).path();
        let path = path.strip_suffix("/__init__.py").or_else(|| path.strip_suffix(".py")).unwrap_or(path);
        self.deeds.loads.iter().any(|name| {
            let name = name.replace('.', "/");
            path.strip_suffix(name.as_str()).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        })
    }
}

/// A name that is a setting, as it happens.
#[derive(Debug, Clone)]
pub struct Accident {
    /// The name, where it is bound.
    pub name: Located<String>,
    /// Another name for it, and what to write where to give it that; `None` where something is in the way.
    pub renamed: Option<(String, Vec<(Place, String)>)>,
}

/// A global name of a configuration file that is no setting.
#[derive(Debug, Clone)]
pub struct Stranger {
    /// The name.
    pub name: String,
    /// Where it is bound.
    pub name_place: Place,
    /// Its value, where known.
    pub value: Option<Value>,
    /// Whether it is a plain assignment, or a function, that nothing in the file reads again, so that it can have
    /// no purpose but to be a setting.
    pub unused: bool,
}

/// Why a value is unknown that a file would set which stops the start.
const STOPPED: &str = "the configuration file stops the start";

/// What a configuration file sets.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) candidates: Vec<(&'static Setting, Candidate)>,
    /// Settings that it leaves alone unless somebody sets these.
    pub(super) absent: Vec<(&'static Setting, Vec<Dependency>)>,
    pub(super) errors: Vec<Located<String>>,
    /// Set where the file may set any name to anything.
    pub(super) untrusted: Option<(Place, String)>,
    pub(super) strangers: Vec<Stranger>,
    pub(super) accidental: Vec<Accident>,
    pub(super) last_assignment: Option<Place>,
}

/// Which configuration file a server loads.
pub(super) enum Which {
    /// None.
    None,
    /// This one, named by these words; `None` where it is found without a name.
    File(FileId, Option<Place>),
    /// One that cannot be read, with the words that name it.
    Unknown(Place, String),
}

/// Everything that reading a configuration file needs to know.
pub(super) struct Reader<'a> {
    pub(super) files: &'a Files,
    pub(super) python: &'a BTreeMap<FileId, Module>,
    pub(super) roots: &'a Roots,
    /// The `.env` files of the project.
    pub(super) env_files: &'a BTreeMap<FileId, Vec<Variable>>,
    /// The names of the variables that files set for the server.
    pub(super) variables: &'a [String],
    pub(super) environ: &'a dyn Fn(&str) -> Lookup,
    /// What the project asks to be installed.
    pub(super) requirements: &'a [Requirement],
    /// What the file would see as the number of cores; `None` to leave it open.
    pub(super) cpus: Option<u32>,
    /// The CPU limit that is declared for the container.
    pub(super) quota: Option<Cpus>,
    /// Whether the file is loaded by its path alone: it is in no package then, and its folder is not looked into.
    pub(super) by_path: bool,
    /// Whether nothing but the files tells Python where to look for modules: no image of others.
    pub(super) own_paths: bool,
}

impl<'a> Reader<'a> {
    /// What the names of `file` set on a server of `version`; `None` if the file is no readable Python.
    pub(super) fn read(&self, file: FileId, table: &'static Table, version: Version) -> Option<Read> {
        let module = self.python.get(&file)?;
        let globals = self.globals(file)?;
        let mut read = Read {
            untrusted: globals.untrusted.clone(),
            last_assignment: last_assignment(&globals),
            ..Read::default()
        };
        // A server that does not start has no defaults either: what the file would set is not known.
        if let Some((place, why)) = &globals.fails {
            read.errors.push(Located::new(format!("the configuration file fails: {why}"), *place));
            read.untrusted.get_or_insert_with(|| (*place, STOPPED.to_owned()));
        }
        if let Some(error) = module.errors.first() {
            let place = Place::new(file, error.span);
            read.untrusted.get_or_insert_with(|| (place, STOPPED.to_owned()));
            read.errors.push(Located::new(format!("the configuration file is not Python: {}", error.message), place));
        }
        for binding in &globals.bindings {
            if let Some(setting) = table.setting(&binding.name).filter(|setting| setting.applies_to(version)) {
                read.errors.extend(wrong_arity(module, binding, setting.at(version).arity()));
            }
            match table.setting(&binding.name).filter(|setting| setting.applies_to(version)) {
                Some(setting) if binding.absent => read.absent.push((setting, binding.value.depends.clone())),
                Some(setting) => {
                    let candidate = candidate(setting, binding, version, &mut read.errors);
                    let fits = matches!(candidate.value, Resolved::Known(_));
                    if is_accident(binding, setting.at(version).kind(), fits) {
                        read.accidental.push(accident(module, binding));
                    }
                    read.candidates.push((setting, candidate));
                }
                None => read.strangers.push(stranger(binding)),
            }
        }
        let shown = |binding: &Binding| table.setting(&binding.name).filter(|setting| setting.applies_to(version));
        read.errors.extend(any_machine::refused(self, file, &globals, version, shown));
        let bound: BTreeSet<&str> = globals.bindings.iter().map(|binding| binding.name.as_str()).collect();
        let mut replaced = Vec::new();
        // The latest stands in front. A name that was deleted sets nothing.
        for binding in globals.overridden.iter().rev().filter(|binding| bound.contains(binding.name.as_str())) {
            if let Some(setting) = table.setting(&binding.name).filter(|setting| setting.applies_to(version)) {
                // A value that is replaced never reaches the server, so it cannot stop it either.
                replaced.push((setting, candidate(setting, binding, version, &mut Vec::new())));
            }
        }
        replaced.append(&mut read.candidates);
        read.candidates = replaced;
        Some(read)
    }

    /// The value that `name` would have on a machine with `self.cpus` cores.
    pub(super) fn value_of(&self, file: FileId, name: &str) -> Option<Value> {
        let globals = self.globals(file)?;
        match &globals.get(name)?.value.outcome {
            Outcome::Known(value) => Some(value.clone()),
            Outcome::Unknown(_) => None,
        }
    }

    pub(super) fn globals(&self, file: FileId) -> Option<Globals> {
        self.evaluate(file, &Question::default(), |file, module, text, inputs, _| {
            evaluate::module(file, module, text, inputs)
        })
    }

    /// Follows the code of `file`, which may ask about the world outside it.
    fn evaluate<T>(
        &self,
        file: FileId,
        question: &Question<'_>,
        work: for<'x> fn(FileId, &'x Module, &'x str, &Inputs<'x>, &Question<'_>) -> T,
    ) -> Option<T> {
        let resolve = |name: &str| self.resolve(file, name);
        let env_file = |path: FilePath<'_>| self.env_file(path);
        let path_of = |file: FileId| Some(self.files.get(file).path().to_owned());
        let missing = |name: &str| self.is_missing(file, name);
        let inputs = Inputs {
            environ: self.environ,
            variables: self.variables,
            cpus: self.cpus,
            quota: self.quota,
            resolve: &resolve,
            missing: &missing,
            env_file: &env_file,
            path_of: &path_of,
        };
        Some(work(file, self.python.get(&file)?, self.files.get(file).text(), &inputs, question))
    }

    pub(super) fn env_file(&self, path: FilePath<'_>) -> Option<Vec<FileVariable>> {
        let file = match path {
            FilePath::Running(path) => self.roots.file(self.files, path)?,
            FilePath::Project(path) => self.files.find(path)?,
        };
        let variables = self.env_files.get(&file)?;
        Some(variables.iter().filter_map(|variable| self.file_variable(variable)).collect())
    }

    /// What python-dotenv reads; a name without `=` sets nothing.
    fn file_variable(&self, variable: &Variable) -> Option<FileVariable> {
        let word = variable.value.as_ref()?;
        let raw = self.files.text_at(word.place);
        // It expands fewer variables and escapes than other readers do.
        let value = word.text().filter(|_| !raw.contains(['$', '\\']));
        let file = self.files.get(variable.place.file);
        let behind = file.text().get(variable.place.span.end..).unwrap_or_default().lines().next().unwrap_or_default();
        let plain = value.as_deref().is_some_and(|value| {
            value == raw && behind.trim().is_empty() && !value.contains(['#', '"', '\'']) && value.trim() == value
        });
        Some(FileVariable { name: variable.name.clone(), value, plain })
    }

    /// A module of the project, seen from the folder the server starts in.
    fn resolve(&self, importer: FileId, name: &str) -> Option<Imported<'a>> {
        let relative = name.starts_with('.');
        if relative && self.by_path {
            return None;
        }
        let path = name.trim_start_matches('.').replace('.', "/");
        let find = |path: &str| {
            if relative {
                self.files.find(&super::locate::join(self.files.get(importer).folder(), path))
            } else {
                self.roots.file(self.files, path)
            }
        };
        // A package hides a module of the same name beside it.
        let file = find(&format!("{path}/__init__.py")).or_else(|| find(&format!("{path}.py")))?;
        Some(Imported { file, module: self.python.get(&file)?, text: self.files.get(file).text() })
    }
}

/// What may change where Python looks for modules.
const PATHS: [&str; 4] = ["sys.path", "syspath", "addsitedir", "PYTHONPATH"];

impl Reader<'_> {
    /// Whether the file certainly cannot import `name`: only its neighbour has that name, which no distribution shares
    /// with it, and Python looks for modules in the folder that the server starts in, and among what is installed.
    fn is_missing(&self, file: FileId, name: &str) -> bool {
        if !self.by_path || name.starts_with('.') {
            return self.by_path;
        }
        let first = name.split('.').next().unwrap_or(name);
        let here = self.files.get(file);
        let modules = [format!("{first}.py"), format!("{first}/__init__.py")];
        let beside = |path: &String| self.files.find(&super::locate::join(here.folder(), path)).is_some();
        let looked_into = || {
            let folder = super::locate::join(&self.roots.folder(self.files), first);
            self.files.has_folder(&folder)
                || modules.iter().any(|path| self.roots.file(self.files, path).is_some())
                || super::locate::installed(self.files, &modules).is_some()
        };
        let is_installed =
            || self.requirements.iter().any(|asked| asked.name.replace('-', "_") == first.to_lowercase());
        let told = ["PYTHONPATH", "PYTHONSTARTUP"]
            .iter()
            .all(|name| matches!((self.environ)(name), Lookup::Unknown | Lookup::Unset));
        modules.iter().any(beside)
            && told
            && self.own_paths
            && self.roots.is_told()
            && !PATHS.iter().any(|word| here.text().contains(word))
            && !looked_into()
            && !is_installed()
    }
}

fn last_assignment(globals: &Globals) -> Option<Place> {
    let plain = globals.bindings.iter().filter(|binding| binding.how == How::Assignment && !binding.conditional);
    plain.map(|binding| binding.statement).max_by_key(|place| place.span.end)
}

fn candidate(
    setting: &'static Setting,
    binding: &Binding,
    version: Version,
    errors: &mut Vec<Located<String>>,
) -> Candidate {
    let place = binding.value_place.unwrap_or(binding.name_place);
    let value = match &binding.value.outcome {
        _ if binding.conditional => {
            Resolved::Unknown("it is set only under a condition that cannot be decided here".to_owned())
        }
        Outcome::Unknown(why) => Resolved::Unknown(why.clone()),
        Outcome::Known(value) => match cast::cast(setting, value, version) {
            // Gunicorn's own check makes it the account that starts it.
            Ok(Value::None) if setting.at(version).kind() == Kind::Account => settle::default(setting, version).value,
            Ok(value) => Resolved::Known(value),
            Err(error) => {
                errors.push(Located::new(format!("`{}`: {error}", binding.name), place));
                Resolved::Unknown(refused(&value.to_string()))
            }
        },
    };
    Candidate {
        value,
        layer: Layer::ConfigFile,
        place: Some(place),
        site: Some(Site::Statement {
            literal: binding.value_place.filter(|_| binding.literal && !binding.conditional),
            statement: binding.statement,
        }),
        depends: binding.value.depends.clone(),
    }
}

/// Gunicorn counts the parameters of a hook and refuses one that it could not call.
fn wrong_arity(module: &Module, binding: &Binding, allowed: &[u8]) -> Option<Located<String>> {
    if allowed.is_empty() {
        return None;
    }
    let count = match (&binding.value.outcome, binding.how) {
        (_, How::Function) => module.parameter_count(binding.name_place.span)?,
        (Outcome::Known(Value::Object(name)), How::Assignment) => callable_arity(module, name)?,
        _ => return None,
    };
    let fits = allowed.iter().any(|&arity| usize::from(arity) == count);
    (!fits).then(|| {
        let wanted = allowed.iter().map(u8::to_string).collect::<Vec<_>>().join(" or ");
        let what = format!("`{}` takes {count} arguments, but it is called with {wanted}", binding.name);
        Located::new(what, binding.name_place)
    })
}

/// How many arguments Gunicorn counts for a function of the file or a built-in one, by its name.
fn callable_arity(module: &Module, name: &str) -> Option<usize> {
    // `print` takes any number, which counts as none.
    if name == "print" { Some(0) } else { module.parameter_count_of(name) }
}

/// Whether a name is hardly meant to be a setting: nobody sets one by a loop, and an account that the file
/// reads again is part of something else. What another file of the project sets, and fits, is shared on purpose.
fn is_accident(binding: &Binding, kind: Kind, fits: bool) -> bool {
    match binding.how {
        How::Loop | How::With => true,
        How::Import => !matches!(kind, Kind::Callable | Kind::Class) && (!fits || kind == Kind::Account),
        How::Assignment => kind == Kind::Account && binding.read,
        _ => false,
    }
}

fn accident(module: &Module, binding: &Binding) -> Accident {
    let (place, new) = (binding.name_place, format!("_{}", binding.name));
    let renamed = renamed(module, &binding.name, &new).map(|uses| {
        let uses = uses.into_iter().map(|(span, text)| (Place::new(place.file, span), text)).collect();
        (new, uses)
    });
    Accident { name: Located::new(binding.name.clone(), place), renamed }
}

fn stranger(binding: &Binding) -> Stranger {
    let value = match &binding.value.outcome {
        Outcome::Known(value) => Some(value.clone()),
        Outcome::Unknown(_) => None,
    };
    Stranger {
        name: binding.name.clone(),
        name_place: binding.name_place,
        value,
        unused: matches!(binding.how, How::Assignment | How::Function)
            && !binding.read
            && !binding.name.starts_with('_'),
    }
}
