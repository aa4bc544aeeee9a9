//! What the files of a project say by themselves: read once, for all of its applications.

use std::collections::{BTreeMap, HashSet};

use rayon::prelude::*;

use super::hashing::QuickMap;
use super::switches::Variables;
use crate::python::calls::{self, FileFacts, last_name};
use crate::python::modules::Modules;
use crate::python::syntax::Module;
use crate::source::{FileId, Files};

/// Whether a function of this name imports modules by the names that it is given.
pub fn is_import(name: &str) -> bool {
    matches!(name, "__import__" | "import_module" | "import_string" | "iter_modules" | "walk_packages")
}

/// The facts of every file; nothing in them depends on which application is asked about.
#[derive(Debug)]
pub struct Project<'a> {
    /// All of them, those that hold no code included.
    pub(super) files: &'a Files,
    pub(super) facts: Vec<FileFacts<'a>>,
    pub(super) by_file: QuickMap<FileId, u32>,
    pub(super) modules: Modules,
    /// Methods with two underscores that classes of the project have.
    pub(super) special: HashSet<&'a str>,
    /// The functions of files that import modules by names which they compute.
    pub(super) importers: HashSet<&'a str>,
    /// What files set variables to, as far as somebody asked.
    pub(super) variables: Variables,
}

impl<'a> Project<'a> {
    /// Reads the facts of every file, in parallel.
    pub fn new(files: &'a Files, modules: &'a BTreeMap<FileId, Module>) -> Self {
        let list: Vec<_> = modules.iter().collect();
        let facts: Vec<_> = list.par_iter().map(|(file, module)| calls::facts(**file, module)).collect();
        let by_file = facts.iter().zip(0..).map(|(facts, i)| (facts.file, i)).collect();
        let methods = facts.iter().flat_map(|facts| &facts.classes).flat_map(|class| class.methods.keys());
        let special = methods.copied().filter(|name| name.starts_with("__")).collect();
        let importing =
            facts.iter().filter(|facts| facts.calls.iter().any(|(_, call)| is_import(last_name(&call.func))));
        let importers = importing.flat_map(|facts| &facts.functions).map(|function| function.name).collect();
        Self {
            files,
            facts,
            by_file,
            modules: Modules::new(files, modules, ""),
            special,
            importers,
            variables: Variables::default(),
        }
    }
}
