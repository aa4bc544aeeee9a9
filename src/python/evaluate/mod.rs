//! The value of module-level names of a Python file, found without running it.
//!
//! Decides what a file that is plain Python would leave in its global names: a small abstract
//! interpreter follows the statements, keeps what is certain, and says why the rest is not. Knows
//! nothing of servers or settings, touches neither the file system nor the environment of this
//! process: who calls it answers for both through [`Inputs`].
//!
//! [`module`] tells all global names of a file, [`expressions`] the values of single expressions in it,
//! wherever they stand: in a function, below a main guard, among the arguments of a call.
//!
//! Three things are assumed rather than known, and all three are visible as a [`Dependency`]: an
//! environment variable nobody gave a value is absent where the file has a default for that case,
//! the processor count is the one in the inputs, and the system is Linux. A `.env` file of the project
//! that the code reads counts as such a default: the environment may still say otherwise.
//!
//! Packages that only read settings (pydantic, python-decouple, environs, django-environ, starlette,
//! python-dotenv) are known by what they do; everything else outside the project is unknown.
//!
//! A variable that may be absent, without a default in place (`os.getenv("X")`, `"X" in os.environ`),
//! is unknown, and so is what two branches of such a condition set differently. The exception is the
//! usual way to write an override (`os.getenv("X") or 4`, `if "X" in os.environ: n = int(...)`): when
//! the one branch holds a known value and the other only what is computed from that very variable,
//! the known one is the default in place.

mod ask;
mod attempt;
mod attributes;
mod builtins;
mod call;
mod cell;
mod class;
mod collect;
mod compare;
mod construct;
mod containers;
mod env_files;
mod export;
mod expression;
mod flow;
mod forget;
mod format;
mod functions;
mod hints;
mod imports;
mod join;
mod launch;
mod loops;
mod methods;
mod names;
mod namespace;
mod numbers;
mod operators;
mod outside;
mod paths;
mod pattern;
mod quota;
mod readers;
mod reads;
mod run;
mod sequence;
mod settings;
mod sources;
mod spec;
mod state;
mod statement;
mod templates;
#[cfg(test)]
mod tests;
mod text;
#[cfg(test)]
mod unknown_tests;
mod validators;
mod written;

use crate::source::{FileId, Place};
use crate::values::{Cpus, Value};

use super::syntax::Module;

pub use ask::{Answer, Question, Reached, expressions};
pub use launch::{Course, ENVIRONMENT, Given, Loads, Set, Sighting, TOML, Watched, launches};
pub use names::{is_builtin, is_standard};
pub use written::written_out;

/// What the file may ask of the world outside it.
pub struct Inputs<'a> {
    /// The environment of the process the file will run in.
    pub environ: &'a dyn Fn(&str) -> Lookup,
    /// The names of the variables that [`Inputs::environ`] answers with a value: settings look some up
    /// regardless of case.
    pub variables: &'a [String],
    /// What `cpu_count()` answers; `None` if that is not known.
    pub cpus: Option<u32>,
    /// The limit that the kernel would state for the container; `None` if that is not known.
    pub quota: Option<Cpus>,
    /// A module of the project by its dotted name, with leading dots for a relative one.
    pub resolve: &'a dyn Fn(&str) -> Option<Imported<'a>>,
    /// Whether an import of what [`Inputs::resolve`] does not know certainly fails.
    pub missing: &'a dyn Fn(&str) -> bool,
    /// The variables of a `.env` file; `None` if the project has no such file.
    pub env_file: &'a dyn Fn(FilePath<'_>) -> Option<Vec<FileVariable>>,
    /// The path of a file in the project, which is what its `__file__` ends with.
    pub path_of: &'a dyn Fn(FileId) -> Option<String>,
}

impl<'a> Inputs<'a> {
    /// An environment alone: no other file, no number of processors.
    pub fn closed(environ: &'a dyn Fn(&str) -> Lookup) -> Self {
        Self {
            environ,
            variables: &[],
            cpus: None,
            quota: None,
            resolve: &|_| None,
            missing: &|_| false,
            env_file: &|_| None,
            path_of: &|_| None,
        }
    }
}

/// How a program names a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FilePath<'p> {
    /// As the running program sees it: absolute, or from the folder it was started in.
    Running(&'p str),
    /// From the root of the project.
    Project(&'p str),
}

/// A variable of a `.env` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileVariable {
    /// Its name.
    pub name: String,
    /// What python-dotenv reads for it; `None` where that rests on other variables.
    pub value: Option<String>,
    /// Whether it is written so plainly that every reader of such files agrees on the value.
    pub plain: bool,
}

/// What is known about an environment variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lookup {
    /// It has this value.
    Set(String),
    /// It has this value, unless somebody sets what that rests on.
    Likely(String),
    /// It is known to be absent.
    Unset,
    /// It may be set, to something that cannot be told, so that no default counts.
    Lost,
    /// Nobody said: a default in the file counts, and the result depends on it.
    Unknown,
}

/// A module of the project that the file imports.
#[derive(Debug, Clone, Copy)]
pub struct Imported<'a> {
    /// The file it is.
    pub file: FileId,
    /// Its syntax.
    pub module: &'a Module,
    /// Its text.
    pub text: &'a str,
}

/// What a module leaves behind.
#[derive(Debug, Clone, PartialEq)]
pub struct Globals {
    /// One per global name, in its final state, in source order.
    pub bindings: Vec<Binding>,
    /// Bindings that a later one of the same name replaced, in source order.
    pub overridden: Vec<Binding>,
    /// Where and why any name may be set to anything: `exec`, `globals()`, a star import.
    pub untrusted: Option<(Place, String)>,
    /// Where and why the module certainly raises.
    pub fails: Option<(Place, String)>,
}

impl Globals {
    /// The final binding of a name.
    pub fn get(&self, name: &str) -> Option<&Binding> {
        self.bindings.iter().find(|binding| binding.name == name)
    }
}

/// A global name and what it is bound to.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
pub struct Binding {
    /// The name.
    pub name: String,
    /// Its value.
    pub value: Evaluated,
    /// The name itself, where it is bound.
    pub name_place: Place,
    /// The expression that gives the value, where there is one for this name alone.
    pub value_place: Option<Place>,
    /// The whole statement, without its line break.
    pub statement: Place,
    /// What kind of statement binds it.
    pub how: How,
    /// Whether it is bound only on one side of a condition that is not certain.
    pub conditional: bool,
    /// Whether it is not bound at all unless somebody sets what the value rests on.
    pub absent: bool,
    /// Whether the value is a plain literal that could be replaced byte for byte.
    pub literal: bool,
    /// Whether the file also reads the name, so that it may be a helper of its own.
    pub read: bool,
}

/// What binds a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// `name = value`, with or without an annotation, as a target of unpacking, or `name := value`.
    Assignment,
    /// `name += value`.
    Augmented,
    /// `def name`.
    Function,
    /// `class name`.
    Class,
    /// `import` or `from ... import`.
    Import,
    /// The target of a `for`.
    Loop,
    /// `with ... as name`.
    With,
    /// `except ... as name`, a `match` capture, a `type` alias, or a place that could not be told.
    Other,
}

/// A value and what it rests on.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// The value.
    pub outcome: Outcome,
    /// What would change it, in the order it was met.
    pub depends: Vec<Dependency>,
}

/// Whether a value is known.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is this, as long as the dependencies hold.
    Known(Value),
    /// It cannot be told, because of this (a short clause).
    Unknown(String),
}

/// Something outside the file that a value rests on.
#[derive(Debug, Clone, PartialEq)]
pub enum Dependency {
    /// An environment variable.
    Environment {
        /// Its name.
        name: String,
        /// What stands in when it is absent.
        default: Option<Value>,
    },
    /// A variable that no file sets, in whose place a file gives a text: `${X:-2}` of a shell. What counts is
    /// that text, as if it were written out, until somebody sets the variable.
    InPlace {
        /// Its name.
        name: String,
        /// The text, where all of it is known.
        default: Option<String>,
    },
    /// The number of processors.
    Cpus {
        /// The call.
        place: Place,
        /// The call as written.
        spelling: String,
        /// Whether it went through `min` with a constant.
        limited: bool,
    },
    /// The CPU limit of the container, which the value follows.
    Quota {
        /// The file of the kernel that states it.
        path: String,
    },
    /// Anything else: the system, the path of the file, a random number.
    Other {
        /// What it is.
        what: String,
    },
}

/// Evaluates the statements of a module.
pub fn module<'a>(file: FileId, module: &'a Module, text: &'a str, inputs: &Inputs<'a>) -> Globals {
    let mut run = run::Run::new(inputs);
    let raised = run.follow(file, module, text);
    export::globals(&run, &reads::Touched::block(&module.body), raised.as_ref())
}
