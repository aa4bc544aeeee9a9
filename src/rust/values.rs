//! What a value is, as far as that decides which method is called on it.
//!
//! References, smart pointers, locks, results and the extractors of web frameworks are looked through: a method of what
//! is inside is what is called, but for the few that they have themselves. Containers are not: their items come out by
//! name only.

use super::modules::Workspace;
use super::names::Meaning;
use super::syntax::{Path, Type};

/// How deep types stand in types.
const MAX_DEPTH: usize = 12;

/// The type of a value.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Ty {
    pub(super) head: Head,
    pub(super) arguments: Vec<Ty>,
}

/// What a type is, without its parameters.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) enum Head {
    #[default]
    Unknown,
    /// A type of the project.
    Local(usize),
    /// Whatever has these traits of the project.
    Traits(Vec<usize>),
    /// A type of a library, by its whole name.
    Library(String),
    Tuple,
    /// What is called with these, and gives the last.
    Callable,
}

/// Types that are looked through, by their last names.
const TRANSPARENT: [&str; 46] = [
    "Result",
    "Option",
    "Arc",
    "Rc",
    "Box",
    "Pin",
    "Mutex",
    "RwLock",
    "MutexGuard",
    "RwLockReadGuard",
    "RwLockWriteGuard",
    "State",
    "Data",
    "Extension",
    "Lazy",
    "LazyLock",
    "LazyCell",
    "OnceLock",
    "OnceCell",
    "RefCell",
    "Ref",
    "RefMut",
    "Cell",
    "Cow",
    "Weak",
    "ManuallyDrop",
    "ReqData",
    "ThinData",
    "Json",
    "Form",
    "Future",
    "BoxFuture",
    "LocalBoxFuture",
    "Ok",
    "Some",
    "Err",
    "ArcSwap",
    "BufReader",
    "BufWriter",
    "LineWriter",
    "Guard",
    "Inject",
    "Shared",
    "ReentrantMutex",
    "FairMutex",
    "Poll",
];

/// Types whose items come out of them.
const CONTAINERS: [&str; 14] = [
    "Vec",
    "VecDeque",
    "HashMap",
    "BTreeMap",
    "HashSet",
    "BTreeSet",
    "DashMap",
    "IndexMap",
    "Iter",
    "IntoIter",
    "Iterator",
    "IntoIterator",
    "SmallVec",
    "BinaryHeap",
];

impl Ty {
    pub(super) fn library(path: impl Into<String>) -> Self {
        Self { head: Head::Library(path.into()), arguments: Vec::new() }
    }

    pub(super) fn tuple(of: Vec<Self>) -> Self {
        Self { head: Head::Tuple, arguments: of }
    }

    pub(super) fn is_unknown(&self) -> bool {
        self.head == Head::Unknown
    }

    /// The name of a library's type.
    pub(super) fn path(&self) -> Option<&str> {
        match &self.head {
            Head::Library(path) => Some(path),
            _ => None,
        }
    }

    pub(super) fn is_container(&self) -> bool {
        self.path().is_some_and(|path| CONTAINERS.contains(&last(path)))
    }

    /// What comes out of a container.
    pub(super) fn item(&self) -> Self {
        if self.is_container() { self.arguments.last().cloned().unwrap_or_default() } else { Self::default() }
    }
}

/// The last part of a name.
pub(super) fn last(path: &str) -> &str {
    path.rsplit("::").next().unwrap_or(path)
}

/// Whether a type of a library is looked through.
pub(super) fn is_transparent(path: &str) -> bool {
    TRANSPARENT.contains(&last(path))
}

/// What names of types mean where something is written.
#[derive(Debug, Clone, Default)]
pub(super) struct Around {
    pub(super) module: usize,
    /// The type whose method it is.
    pub(super) own: Ty,
    /// What is asked of type parameters.
    pub(super) bounds: Vec<(String, Type)>,
}

impl Workspace {
    /// The names around a function.
    pub(super) fn around(&self, function: usize) -> Around {
        let defined = &self.functions[function];
        let mut around = Around { module: defined.module, own: Ty::default(), bounds: defined.item.bounds.clone() };
        if let Some((module, block, _)) = defined.implementation.and_then(|at| self.implementations.get(at)) {
            around.bounds.extend(block.bounds.iter().cloned());
            let inner = Around { module: *module, own: Ty::default(), bounds: block.bounds.clone() };
            around.own = self.ty(&inner, &block.ty);
        }
        if let Some(of_trait) = defined.of_trait {
            around.own = Ty { head: Head::Traits(vec![of_trait]), arguments: Vec::new() };
        }
        around
    }

    /// The type that is written.
    pub(super) fn ty(&self, around: &Around, written: &Type) -> Ty {
        self.ty_in(around, written, 0)
    }

    fn ty_in(&self, around: &Around, written: &Type, depth: usize) -> Ty {
        if depth > MAX_DEPTH {
            return Ty::default();
        }
        match written {
            Type::Path(path) => self.named(around, path, depth),
            Type::Bound(paths) => self.bound(around, paths, depth),
            Type::Tuple(parts) => Ty::tuple(parts.iter().map(|part| self.ty_in(around, part, depth + 1)).collect()),
            Type::Slice(item) => {
                Ty { arguments: vec![self.ty_in(around, item, depth + 1)], ..Ty::library("std::vec::Vec") }
            }
            Type::Unknown => Ty::default(),
        }
    }

    fn bound(&self, around: &Around, paths: &[Path], depth: usize) -> Ty {
        let mut traits = Vec::new();
        for path in paths {
            if matches!(path.last(), "Fn" | "FnMut" | "FnOnce" | "AsyncFn" | "AsyncFnOnce" | "AsyncFnMut") {
                let arguments = path.arguments.iter().map(|one| self.ty_in(around, one, depth + 1)).collect();
                return Ty { head: Head::Callable, arguments };
            }
            for meaning in self.meanings(around.module, path) {
                match meaning {
                    Meaning::Trait(at) => traits.push(at),
                    Meaning::Library(name) if is_transparent(&name) || CONTAINERS.contains(&last(&name)) => {
                        return self.named(around, path, depth);
                    }
                    Meaning::Library(name) if !name.starts_with("std::") => return Ty::library(name),
                    _ => {}
                }
            }
            // Names that the prelude has.
            if matches!(path.last(), "Future" | "Iterator" | "IntoIterator") {
                return self.named(around, path, depth);
            }
        }
        if traits.is_empty() { Ty::default() } else { Ty { head: Head::Traits(traits), arguments: Vec::new() } }
    }

    fn named(&self, around: &Around, path: &Path, depth: usize) -> Ty {
        let arguments = || -> Vec<Ty> { path.arguments.iter().map(|one| self.ty_in(around, one, depth + 1)).collect() };
        if let Some(name) = path.name() {
            if name == "Self" {
                return around.own.clone();
            }
            let asked = around
                .bounds
                .iter()
                .find(|(parameter, ty)| parameter == name && !matches!(ty, Type::Bound(paths) if paths.is_empty()));
            if let Some((_, asked)) = asked {
                return self.ty_in(around, asked, depth + 1);
            }
            if around.bounds.iter().any(|(parameter, _)| parameter == name) {
                return Ty::default();
            }
            if matches!(name, "Future" | "Iterator" | "IntoIterator") && self.meanings(around.module, path).is_empty() {
                let inner = arguments().into_iter().next().unwrap_or_default();
                return if name == "Future" {
                    inner
                } else {
                    Ty { arguments: vec![inner], ..Ty::library("std::iter::Iterator") }
                };
            }
        }
        for meaning in self.meanings(around.module, path) {
            match meaning {
                Meaning::Type(at) => {
                    let defined = &self.types[at];
                    let Some(alias) = &defined.item.alias else {
                        return Ty { head: Head::Local(at), arguments: arguments() };
                    };
                    // What an alias leaves open, its use says.
                    let inner = Around { module: defined.module, ..Around::default() };
                    let given = path.arguments.clone();
                    let mut bounds: Vec<(String, Type)> = Vec::new();
                    for (parameter, ty) in defined.item.generics.iter().zip(given) {
                        bounds.push((parameter.clone(), ty));
                    }
                    let outside = bounds.iter().map(|(_, ty)| self.ty_in(around, ty, depth + 1)).collect::<Vec<_>>();
                    return self.substituted(&inner, alias, &bounds, &outside, depth + 1);
                }
                Meaning::Trait(at) => return Ty { head: Head::Traits(vec![at]), arguments: Vec::new() },
                Meaning::Library(name) => {
                    if is_transparent(&name) {
                        return arguments().into_iter().next().unwrap_or_default();
                    }
                    return Ty { head: Head::Library(name), arguments: arguments() };
                }
                _ => {}
            }
        }
        Ty::default()
    }

    /// The type of a field, with the parameters that the type around it is given.
    pub(super) fn field_type(&self, module: usize, generics: &[String], given: &[Ty], ty: &Type) -> Ty {
        let inner = Around { module, ..Around::default() };
        let known = generics.iter().zip(given).filter(|(_, given)| !given.is_unknown());
        let (bounds, outside): (Vec<_>, Vec<_>) =
            known.map(|(name, given)| ((name.clone(), Type::Unknown), given.clone())).unzip();
        self.substituted(&inner, ty, &bounds, &outside, 0)
    }

    /// The type behind an alias, with the parameters that its use gives.
    fn substituted(&self, inner: &Around, alias: &Type, bounds: &[(String, Type)], outside: &[Ty], depth: usize) -> Ty {
        if depth > MAX_DEPTH {
            return Ty::default();
        }
        if let Type::Path(path) = alias {
            let given = |name: &str| bounds.iter().position(|(parameter, _)| parameter == name);
            if let Some(at) = path.name().and_then(given) {
                return outside[at].clone();
            }
            let meanings = self.meanings(inner.module, path);
            let looked_through =
                meanings.iter().any(|one| matches!(one, Meaning::Library(name) if is_transparent(name)));
            if looked_through && let Some(first) = path.arguments.first() {
                return self.substituted(inner, first, bounds, outside, depth + 1);
            }
        }
        self.ty_in(inner, alias, depth)
    }

    /// The types of the project that have a trait.
    pub(super) fn implementors(&self, wanted: usize) -> &[(usize, Ty)] {
        self.by_trait.get(&wanted).map_or(&[], Vec::as_slice)
    }
}
