//! The modules of every crate, and all that they declare, with a number for each.
//!
//! Decides which file a `mod` means. What is there for tests only is left out; so are files that no `mod` leads to.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;

use super::packages::{self, Package, TargetKind, join};
use super::syntax::{self, Function, Implementation, Scope, TraitItem, TypeItem};
use crate::findings::Note;
use crate::source::{FileId, Files};
use crate::values::HashMap;
use crate::values::Order as _;

/// How deep modules lie in modules; a file may say that it is its own.
const MAX_DEPTH: usize = 40;
/// How many words of a macro among declarations are looked at.
const MAX_WORDS: usize = 200;

/// All packages of a project with what their code declares.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The packages.
    pub packages: Vec<Package>,
    /// The crates.
    pub crates: Vec<Crate>,
    /// The modules of all of them.
    pub modules: Vec<Module>,
    /// Functions and methods.
    pub functions: Vec<Defined<Function>>,
    /// Structures, enumerations and aliases.
    pub types: Vec<Defined<TypeItem>>,
    /// Traits.
    pub traits: Vec<Defined<TraitItem>>,
    /// Blocks of methods, with the numbers of their functions.
    pub implementations: Vec<(usize, Implementation, Vec<usize>)>,
    /// The functions that traits declare, by the number of the trait.
    pub of_traits: BTreeMap<usize, Vec<usize>>,
    /// What was not read.
    pub notes: Vec<Note>,
    /// The functions of each type, in the order of the text.
    pub(super) by_type: HashMap<usize, Vec<usize>>,
    /// The blocks of methods of each trait, with the types that they are for.
    pub(super) by_trait: HashMap<usize, Vec<(usize, super::values::Ty)>>,
    /// The traits that have a function of a name with a body of its own.
    pub(super) providers: HashMap<String, Vec<(usize, usize)>>,
    /// The macros of a name, with the modules that define them.
    pub(super) macros: HashMap<String, Vec<(usize, Arc<syntax::MacroItem>)>>,
    /// The library of each package.
    pub(super) libraries: Vec<Option<usize>>,
    /// The package in each folder.
    pub(super) by_folder: HashMap<String, usize>,
    /// The functions that a macro names which is called among declarations, by the crate and any other word in it.
    pub(super) declared: HashMap<(usize, String), Vec<usize>>,
    pub(super) names: HashMap<(usize, String), Vec<super::names::Meaning>>,
    pub(super) resolved: std::sync::Mutex<HashMap<(usize, String), Vec<super::names::Meaning>>>,
}

/// A library or a program.
#[derive(Debug, Clone)]
pub struct Crate {
    /// The number of its package.
    pub package: usize,
    /// Its name.
    pub name: String,
    /// What it becomes.
    pub kind: TargetKind,
    /// Its first module.
    pub root: usize,
}

/// A module.
#[derive(Debug, Clone)]
pub struct Module {
    /// The number of its crate.
    pub of: usize,
    /// Its path in the crate, without the crate's name: `routes::orders`.
    pub path: String,
    /// The module around it.
    pub parent: Option<usize>,
    /// Where it stands.
    pub file: FileId,
    /// What it declares.
    pub scope: Arc<Scope>,
}

/// Something with the module that declares it.
#[derive(Debug, Clone)]
pub struct Defined<T> {
    /// The module.
    pub module: usize,
    /// What it is.
    pub item: Arc<T>,
    /// The number of the block of methods around it.
    pub implementation: Option<usize>,
    /// The number of the trait around it.
    pub of_trait: Option<usize>,
}

impl Workspace {
    /// Reads the packages of a project; nothing where it has no `Cargo.toml`.
    pub fn read(files: &Files) -> Self {
        let packages = packages::find(files);
        let mut workspace = Self { packages, ..Self::default() };
        let mut reader = Reader { files, scopes: BTreeMap::new(), notes: Vec::new() };
        let mut open: Vec<Open> = Vec::new();
        for (package, found) in workspace.packages.iter().enumerate() {
            for target in &found.targets {
                let (name, kind) = (target.name.clone(), target.kind);
                workspace.crates.push(Crate { package, name, kind, root: usize::MAX });
                let folder = files.get(target.root).folder().to_owned();
                let of = workspace.crates.len() - 1;
                open.push(Open {
                    of,
                    path: String::new(),
                    parent: None,
                    file: target.root,
                    scope: None,
                    folder,
                    depth: 0,
                });
            }
        }
        // Level by level, so that the files of one are read together.
        while !open.is_empty() {
            reader.read(open.iter().filter(|open| open.scope.is_none()).map(|open| open.file));
            let level = std::mem::take(&mut open);
            for module in level {
                workspace.add(module, &reader, &mut open);
            }
        }
        workspace.notes = reader.notes;
        workspace.notes.order();
        workspace.declare();
        workspace
    }

    /// Whether there is any code.
    pub fn is_empty(&self) -> bool {
        self.modules.is_empty()
    }

    /// The package of a module.
    pub fn package_of(&self, module: usize) -> &Package {
        &self.packages[self.crates[self.modules[module].of].package]
    }

    /// The name of a function with the path of its module or its type: `routes::orders::find`, `Store::read`.
    pub fn qualified(&self, function: usize) -> String {
        let defined = &self.functions[function];
        let name = &defined.item.name;
        match defined.implementation.map(|at| &self.implementations[at].1.ty) {
            Some(syntax::Type::Path(path)) => format!("{}::{name}", path.last()),
            _ => name.clone(),
        }
    }

    fn add(&mut self, open: Open, reader: &Reader<'_>, next: &mut Vec<Open>) {
        let Some(scope) = open.scope.clone().or_else(|| reader.scopes.get(&open.file).cloned()) else { return };
        let at = self.modules.len();
        if open.parent.is_none() {
            self.crates[open.of].root = at;
        }
        if open.depth < MAX_DEPTH {
            for item in &scope.modules {
                let path =
                    if open.path.is_empty() { item.name.clone() } else { format!("{}::{}", open.path, item.name) };
                let (of, parent, depth) = (open.of, Some(at), open.depth + 1);
                if item.content.is_some() {
                    let folder = join(&open.folder, item.path.as_deref().unwrap_or(&item.name));
                    let scope = item.content.clone();
                    next.push(Open { of, path, parent, file: open.file, scope, folder, depth });
                } else if let Some((file, folder)) = reader.file_of(&open, item) {
                    next.push(Open { of, path, parent, file, scope: None, folder, depth });
                }
            }
        }
        self.modules.push(Module { of: open.of, path: open.path, parent: open.parent, file: open.file, scope });
    }

    /// Numbers what all modules declare.
    fn declare(&mut self) {
        for module in 0..self.modules.len() {
            let scope = Arc::clone(&self.modules[module].scope);
            for item in &scope.macros {
                self.macros.entry(item.name.clone()).or_default().push((module, Arc::clone(item)));
            }
            let plain =
                |item: &Arc<Function>| Defined { module, item: Arc::clone(item), implementation: None, of_trait: None };
            self.functions.extend(scope.functions.iter().map(plain));
            for item in &scope.types {
                let item = Arc::clone(item);
                self.types.push(Defined { module, item, implementation: None, of_trait: None });
            }
            for item in &scope.traits {
                let of_trait = Some(self.traits.len());
                let first = self.functions.len();
                self.functions.extend(item.functions.iter().map(|one| Defined { of_trait, ..plain(one) }));
                self.of_traits.insert(self.traits.len(), (first..self.functions.len()).collect());
                let item = Arc::clone(item);
                self.traits.push(Defined { module, item, implementation: None, of_trait: None });
            }
            for item in &scope.implementations {
                let implementation = Some(self.implementations.len());
                let first = self.functions.len();
                self.functions.extend(item.functions.iter().map(|one| Defined { implementation, ..plain(one) }));
                self.implementations.push((module, item.clone(), (first..self.functions.len()).collect()));
            }
        }
        self.libraries = vec![None; self.packages.len()];
        for (at, one) in self.crates.iter().enumerate().rev() {
            if one.kind == TargetKind::Library && one.root != usize::MAX {
                self.libraries[one.package] = Some(at);
            }
        }
        let folders = self.packages.iter().enumerate().rev();
        self.by_folder = folders.map(|(at, package)| (package.folder.clone(), at)).collect();
        self.name();
        self.link();
        self.look_into_macros();
    }

    /// Notes which functions are those of which type, and which types have which trait.
    fn link(&mut self) {
        let mut by_type: HashMap<usize, Vec<usize>> = HashMap::default();
        let mut by_trait: HashMap<usize, Vec<(usize, super::values::Ty)>> = HashMap::default();
        for (at, (module, block, functions)) in self.implementations.iter().enumerate() {
            if let syntax::Type::Path(path) = &block.ty {
                for meaning in self.meanings(*module, path) {
                    if let super::names::Meaning::Type(ty) = meaning {
                        by_type.entry(ty).or_default().extend(functions);
                    }
                }
            }
            for meaning in block.of.iter().flat_map(|of| self.meanings(*module, of)) {
                if let super::names::Meaning::Trait(of) = meaning {
                    let around = super::values::Around {
                        module: *module,
                        bounds: block.bounds.clone(),
                        ..super::values::Around::default()
                    };
                    by_trait.entry(of).or_default().push((at, self.ty(&around, &block.ty)));
                }
            }
        }
        let mut providers: HashMap<String, Vec<(usize, usize)>> = HashMap::default();
        for (of, functions) in &self.of_traits {
            for at in functions {
                let item = &self.functions[*at].item;
                if item.body.is_some() {
                    providers.entry(item.name.clone()).or_default().push((*of, *at));
                }
            }
        }
        (self.by_type, self.by_trait, self.providers) = (by_type, by_trait, providers);
        // What was asked before did not know whose functions are whose.
        if let Ok(resolved) = self.resolved.get_mut() {
            resolved.clear();
        }
    }

    /// Notes which functions stand in macros that are called among declarations: whatever such a macro declares under
    /// one of its words may call them.
    fn look_into_macros(&mut self) {
        let mut declared: HashMap<(usize, String), Vec<usize>> = HashMap::default();
        for (at, module) in self.modules.iter().enumerate() {
            for words in module.scope.declaring.iter().filter(|words| words.len() <= MAX_WORDS) {
                let (mut functions, mut others) = (Vec::new(), Vec::new());
                for word in words {
                    match &self.meanings_of(at, std::slice::from_ref(word))[..] {
                        [] => others.push(word),
                        [super::names::Meaning::Function(function)] => functions.push(*function),
                        _ => {}
                    }
                }
                if !functions.is_empty() {
                    for word in others {
                        declared.entry((module.of, word.clone())).or_default().extend(&functions);
                    }
                }
            }
        }
        self.declared = declared;
    }

    /// The functions that may run where a macro declares what a path in a module names.
    pub(super) fn declared_by_macros(&self, module: usize, path: &syntax::Path) -> &[usize] {
        let key = (self.modules[module].of, path.last().to_owned());
        self.declared.get(&key).map_or(&[], Vec::as_slice)
    }
}

/// A module that is not numbered yet.
struct Open {
    of: usize,
    path: String,
    parent: Option<usize>,
    file: FileId,
    /// What stands in braces.
    scope: Option<Arc<Scope>>,
    /// Where the files of its modules lie.
    folder: String,
    depth: usize,
}

struct Reader<'f> {
    files: &'f Files,
    scopes: BTreeMap<FileId, Arc<Scope>>,
    notes: Vec<Note>,
}

impl Reader<'_> {
    fn read(&mut self, wanted: impl Iterator<Item = FileId>) {
        let mut fresh: Vec<FileId> = wanted.filter(|file| !self.scopes.contains_key(file)).collect();
        fresh.order();
        fresh.dedup();
        let files = self.files;
        let read: Vec<_> = fresh.par_iter().map(|&file| (file, syntax::parse(files.get(file).text()))).collect();
        for (file, parsed) in read {
            match parsed {
                Ok(scope) => drop(self.scopes.insert(file, Arc::new(scope))),
                Err((at, why)) => {
                    let source = files.get(file);
                    let reason = format!("not valid Rust, so it was not read: {why}");
                    self.notes.push(Note::line(source.path(), source.line(at), reason));
                    self.scopes.insert(file, Arc::default());
                }
            }
        }
    }

    /// The file that `mod name;` means, and where the files of its own modules lie.
    fn file_of(&self, around: &Open, item: &syntax::ModuleItem) -> Option<(FileId, String)> {
        let source = self.files.get(around.file);
        if let Some(path) = &item.path {
            // Relative to the file; in braces, to the folder of the module.
            let base = if around.scope.is_some() { &around.folder } else { source.folder() };
            let path = join(base, path);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            return Some((self.files.find(&path)?, folder));
        }
        let folder = join(&around.folder, &item.name);
        let beside = self.files.find(&format!("{folder}.rs"));
        let file = beside.or_else(|| self.files.find(&format!("{folder}/mod.rs")))?;
        Some((file, folder))
    }
}
