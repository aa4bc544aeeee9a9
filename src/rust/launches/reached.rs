//! The functions that a program reaches: by their names, by methods of values whose type is plain, and by what macros
//! declare.
//!
//! Decides generously: a function that is named counts as run. A method whose receiver nobody knows is followed only
//! where one type alone has it.

use std::collections::BTreeSet;

use super::chain::{Chain, Walk};
use crate::rust::Workspace;
use crate::rust::names::Meaning;
use crate::rust::syntax::{Attribute, Expression, Kind, Method, Path, Type};
use crate::source::{FileId, Place, Span};
use crate::values::HashMap;

/// How deep types lie in types: `Result<Option<Server>>`.
const MAX_DEPTH: usize = 4;

/// All that the functions do which a program reaches.
pub(super) struct Reached<'w> {
    pub(super) workspace: &'w Workspace,
    /// Where the program begins.
    pub(super) begins: Option<Place>,
    pub(super) bodies: Vec<(usize, Walk<'w>)>,
}

/// The methods of a project.
pub(super) struct Methods<'w> {
    workspace: &'w Workspace,
    /// By name; `None` where several types have one of that name.
    by_name: HashMap<&'w str, Option<usize>>,
    /// The type of each.
    types: HashMap<usize, usize>,
}

impl<'w> Methods<'w> {
    pub(super) fn of(workspace: &'w Workspace) -> Self {
        let (mut by_name, mut types) = (HashMap::default(), HashMap::default());
        for (at, function) in workspace.functions.iter().enumerate().filter(|(_, one)| one.implementation.is_some()) {
            by_name.entry(&*function.item.name).and_modify(|known| *known = None).or_insert(Some(at));
        }
        for ty in 0..workspace.types.len() {
            types.extend(workspace.methods(ty).map(|method| (method, ty)));
        }
        Self { workspace, by_name, types }
    }

    /// The methods of a name that a value may mean whose type is one of these.
    fn of_types(&self, types: &[usize], name: &str) -> Vec<usize> {
        let all = types.iter().flat_map(|ty| self.workspace.methods(*ty));
        let found: Vec<usize> = all.filter(|at| self.workspace.functions[*at].item.name == name).collect();
        if found.is_empty() { self.by_name.get(name).copied().flatten().into_iter().collect() } else { found }
    }

    /// The types of the project in what is written in a function.
    fn types_in(&self, function: usize, written: &Type, depth: usize, found: &mut Vec<usize>) {
        let Type::Path(path) = written else { return };
        if depth > MAX_DEPTH {
            return;
        }
        if path.name() == Some("Self") {
            found.extend(self.types.get(&function));
        } else {
            let meanings = self.workspace.meanings(self.workspace.functions[function].module, path);
            found.extend(meanings.into_iter().filter_map(|meaning| match meaning {
                Meaning::Type(ty) => Some(ty),
                _ => None,
            }));
        }
        for inner in &path.arguments {
            self.types_in(function, inner, depth + 1, found);
        }
    }

    /// What is called on what a function of the project gives.
    fn behind(&self, at: usize, chain: &Chain<'w>) -> Vec<usize> {
        let mut types = Vec::new();
        for function in called(self.workspace, at, chain.path) {
            self.types_in(function, &self.workspace.functions[function].item.gives, 0, &mut types);
        }
        // What is called on a library's value is no method of the project's, as far as names tell.
        if types.is_empty() {
            return Vec::new();
        }
        chain.methods.iter().flat_map(|link| self.of_types(&types, &link.method.name)).collect()
    }

    /// What is called on anything else: on parameters by their types.
    fn on_value(&self, at: usize, method: &Method) -> Vec<usize> {
        let mut types = Vec::new();
        if let Some(name) = root(&method.receiver) {
            let parameters = self.workspace.functions[at].item.parameters.iter();
            for parameter in parameters.filter(|one| one.pattern.name() == Some(name)) {
                self.types_in(at, &parameter.ty, 0, &mut types);
            }
        }
        self.of_types(&types, &method.name)
    }
}

/// The name that a value is, behind signs.
fn root(value: &Expression) -> Option<&str> {
    match &value.kind {
        Kind::Path(path) => path.name(),
        Kind::Same(inner) => root(inner),
        _ => None,
    }
}

impl<'w> Reached<'w> {
    pub(super) fn from(workspace: &'w Workspace, root: usize, methods: &Methods<'w>) -> Self {
        let is_first = |attribute: &Attribute| attribute.last() == "launch";
        let begins = |at: &usize| {
            let function = &workspace.functions[*at];
            let is_free = function.implementation.is_none() && function.of_trait.is_none();
            let item = &function.item;
            is_free && (item.name == "main" || item.attributes.iter().any(is_first))
        };
        // Functions are numbered module by module.
        let of = |limit: usize| workspace.functions.partition_point(|function| function.module < limit);
        let mut open: Vec<usize> = (of(root)..of(root + 1)).filter(begins).collect();
        // Rocket makes the `main` around what it launches.
        let first = open.iter().min_by_key(|at| workspace.functions[**at].item.name == "main").copied();
        let begins = first.map(|at| {
            let function = &workspace.functions[at];
            Place::new(workspace.modules[function.module].file, function.item.span)
        });
        let (mut seen, mut bodies) = (BTreeSet::new(), Vec::new());
        while let Some(at) = open.pop() {
            if !seen.insert(at) {
                continue;
            }
            let Some(body) = &workspace.functions[at].item.body else { continue };
            let walk = Walk::of(body);
            open.extend(walk.paths.iter().flat_map(|path| called(workspace, at, path)));
            open.extend(walk.methods.iter().flat_map(|method| methods.on_value(at, method)));
            open.extend(walk.chains.iter().flat_map(|chain| methods.behind(at, chain)));
            bodies.push((at, walk));
        }
        bodies.sort_by_key(|(at, _)| *at);
        Self { workspace, begins, bodies }
    }

    /// Whether anything that is reached speaks of signals, or of a library for them.
    pub(super) fn hears_signals(&self) -> bool {
        let is_signal = |segment: &String| {
            let segment = segment.to_ascii_lowercase();
            segment.contains("signal") || segment.contains("ctrl") || segment.contains("shutdown")
        };
        let speaks = |at: usize, path: &Path| {
            let name = self.library(at, path).unwrap_or_default();
            path.segments.iter().any(is_signal) || is_signal(&name)
        };
        self.bodies.iter().any(|(at, walk)| walk.paths.iter().any(|path| speaks(*at, path)))
    }

    pub(super) fn module(&self, at: usize) -> usize {
        self.workspace.functions[at].module
    }

    pub(super) fn place(&self, at: usize, span: Span) -> Place {
        let file: FileId = self.workspace.modules[self.module(at)].file;
        Place::new(file, span)
    }

    /// The whole name of something of a library.
    pub(super) fn library(&self, at: usize, path: &Path) -> Option<String> {
        match &self.workspace.meanings(self.module(at), path)[..] {
            [Meaning::Library(name)] => Some(name.clone()),
            _ => None,
        }
    }
}

/// The functions of the project that a path in the body of another one means.
fn called(workspace: &Workspace, at: usize, path: &Path) -> Vec<usize> {
    let function = &workspace.functions[at];
    if let ([own, name], Some(block)) = (&path.segments[..], function.implementation)
        && own == "Self"
    {
        let methods = workspace.implementations[block].2.iter().copied();
        return methods.filter(|method| workspace.functions[*method].item.name == *name).collect();
    }
    let meanings = workspace.meanings(function.module, path);
    if meanings.is_empty() {
        return workspace.declared_by_macros(function.module, path).to_vec();
    }
    let functions = meanings.into_iter().filter_map(|meaning| match meaning {
        Meaning::Function(at) => Some(at),
        _ => None,
    });
    functions.collect()
}
