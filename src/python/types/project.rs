//! What the files of a project say by themselves: read once, for all of its applications.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rayon::prelude::*;

use super::FunctionId;
use super::hashing::QuickMap;
use super::sites::Site;
use super::switches::Variables;
use crate::python::calls::{self, FileFacts, last_name};
use crate::python::modules::Modules;
use crate::python::syntax::Module;
use crate::source::{FileId, Files};
use crate::values::{HashMap, HashSet};

/// Whether a function of this name imports modules by the names that it is given.
pub fn is_import(name: &str) -> bool {
    matches!(name, "__import__" | "import_module" | "import_string" | "iter_modules" | "walk_packages")
}

/// Without a lifetime, so that a project can be lent for a shorter one although this is filled later.
type CallsByName = HashMap<Box<str>, Vec<(u32, u32)>>;

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
    /// The calls of all files by the last name of what they call, once somebody asked: file, and position among its calls.
    calls: OnceLock<CallsByName>,
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
            calls: OnceLock::new(),
        }
    }

    /// The calls of what goes by this name, in all files: an application loads only some of them.
    pub(super) fn calls_named(&self, name: &str) -> impl ExactSizeIterator<Item = Site<'a>> {
        let calls = self.calls.get_or_init(|| {
            let mut calls = CallsByName::default();
            for (facts, file) in self.facts.iter().zip(0..) {
                for ((_, call), position) in facts.calls.iter().zip(0..) {
                    let name = last_name(&call.func);
                    match calls.get_mut(name) {
                        Some(known) => known.push((file, position)),
                        None => _ = calls.insert(Box::from(name), vec![(file, position)]),
                    }
                }
            }
            calls
        });
        calls.get(name).map(Vec::as_slice).unwrap_or_default().iter().map(|&(file, position)| {
            let (index, call) = self.facts[file as usize].calls[position as usize];
            (FunctionId { file, index }, call)
        })
    }
}
