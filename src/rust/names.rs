//! What a path stands for: something of the project, or a name of a library.
//!
//! Follows `use` with its aliases, its groups, its globs, and names that a crate of the project hands on. What macros
//! declare is not known; a name that nobody declares is unknown, not a library's.

use std::cell::RefCell;

use super::modules::Workspace;
use super::syntax::Path;
use crate::values::HashSet;
use crate::values::Order as _;

/// How far names are followed that stand for other names.
const MAX_STEPS: usize = 16;

thread_local! {
    /// What was looked up for the name that is asked for now.
    static SEEN: RefCell<HashSet<(usize, String)>> = RefCell::default();
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Meaning {
    /// A module.
    Module(usize),
    /// A function.
    Function(usize),
    /// A structure, an enumeration or an alias.
    Type(usize),
    /// A trait.
    Trait(usize),
    /// A constant or a static: its module and its place there.
    Value(usize, usize),
    /// Something of a library, by its whole name: `std::fs::read`.
    Library(String),
}

/// Names that every module has without asking for them.
const PRELUDE: [(&str, &str); 14] = [
    ("Box", "std::boxed::Box"),
    ("Vec", "std::vec::Vec"),
    ("String", "std::string::String"),
    ("Option", "std::option::Option"),
    ("Some", "std::option::Option::Some"),
    ("None", "std::option::Option::None"),
    ("Result", "std::result::Result"),
    ("Ok", "std::result::Result::Ok"),
    ("Err", "std::result::Result::Err"),
    ("Default", "std::default::Default"),
    ("FnOnce", "std::ops::FnOnce"),
    ("FnMut", "std::ops::FnMut"),
    ("Fn", "std::ops::Fn"),
    ("drop", "std::mem::drop"),
];

impl Workspace {
    /// Notes what every module declares.
    pub(super) fn name(&mut self) {
        let mut names: Vec<((usize, String), Meaning)> = Vec::new();
        for (at, module) in self.modules.iter().enumerate() {
            if let Some(parent) = module.parent {
                let name = module.path.rsplit("::").next().unwrap_or_default();
                names.push(((parent, name.to_owned()), Meaning::Module(at)));
            }
            let values = module.scope.values.iter().enumerate();
            names.extend(values.map(|(nth, value)| ((at, value.name.clone()), Meaning::Value(at, nth))));
        }
        let free = self.functions.iter().enumerate();
        let free = free.filter(|(_, function)| function.implementation.is_none() && function.of_trait.is_none());
        names.extend(free.map(|(at, one)| ((one.module, one.item.name.clone()), Meaning::Function(at))));
        let types = self.types.iter().enumerate();
        names.extend(types.map(|(at, one)| ((one.module, one.item.name.clone()), Meaning::Type(at))));
        let traits = self.traits.iter().enumerate();
        names.extend(traits.map(|(at, one)| ((one.module, one.item.name.clone()), Meaning::Trait(at))));
        for (name, meaning) in names {
            self.names.entry(name).or_default().push(meaning);
        }
    }

    /// What a path in a module stands for; several where types, values and modules share a name.
    pub fn meanings(&self, module: usize, path: &Path) -> Vec<Meaning> {
        SEEN.with_borrow_mut(HashSet::clear);
        self.follow(module, &path.segments, path.is_global, 0)
    }

    /// The same for names one by one.
    pub fn meanings_of(&self, module: usize, segments: &[String]) -> Vec<Meaning> {
        SEEN.with_borrow_mut(HashSet::clear);
        self.follow(module, segments, false, 0)
    }

    fn follow(&self, module: usize, segments: &[String], is_global: bool, steps: usize) -> Vec<Meaning> {
        let Some((first, mut rest)) = segments.split_first() else { return Vec::new() };
        if steps > MAX_STEPS || self.modules.is_empty() {
            return Vec::new();
        }
        let root = self.crates[self.modules[module].of].root;
        let mut found = match first.as_str() {
            "crate" => vec![Meaning::Module(root)],
            "self" => vec![Meaning::Module(module)],
            "super" => {
                let mut at = self.modules[module].parent;
                while let Some((next, behind)) = rest.split_first()
                    && next == "super"
                {
                    at = at.and_then(|at| self.modules[at].parent);
                    rest = behind;
                }
                at.map(Meaning::Module).into_iter().collect()
            }
            _ if is_global => self.outside(module, first),
            _ => self.first(module, first, !rest.is_empty(), steps),
        };
        for (at, name) in rest.iter().enumerate() {
            let is_last = at + 1 == rest.len();
            let step = |meaning: &Meaning| match meaning {
                Meaning::Module(inner) => self.inside(*inner, name, steps + 1),
                Meaning::Library(path) => vec![Meaning::Library(format!("{path}::{name}"))],
                Meaning::Type(at) if is_last => self.associated(*at, name, steps),
                Meaning::Trait(at) if is_last => {
                    let of_trait = self.of_traits.get(at).into_iter().flatten();
                    let named = of_trait.filter(|function| self.functions[**function].item.name == *name);
                    named.map(|function| Meaning::Function(*function)).collect()
                }
                _ => Vec::new(),
            };
            found = found.iter().flat_map(step).collect();
        }
        found
    }

    /// What the first name of a path stands for; where more follows, no function or value is meant, which have names
    /// of their own: the `fn rocket` of a program says `rocket::build()`.
    fn first(&self, module: usize, name: &str, more_follows: bool, steps: usize) -> Vec<Meaning> {
        let mut known = self.inside(module, name, steps);
        if more_follows {
            known.retain(|meaning| !matches!(meaning, Meaning::Function(_) | Meaning::Value(..)));
        }
        if !known.is_empty() {
            return known;
        }
        let outside = self.outside(module, name);
        if !outside.is_empty() {
            return outside;
        }
        let prelude = PRELUDE.iter().find(|(short, _)| *short == name);
        prelude.map(|(_, long)| Meaning::Library((*long).to_owned())).into_iter().collect()
    }

    /// A crate, by the name that the code of a module uses.
    fn outside(&self, module: usize, name: &str) -> Vec<Meaning> {
        let own = &self.crates[self.modules[module].of];
        let library_of = |package: usize| Some(&self.crates[(*self.libraries.get(package)?)?]);
        // The programs of a package use its library by name.
        if let Some(library) = library_of(own.package).filter(|library| library.name == name) {
            return vec![Meaning::Module(library.root)];
        }
        if let Some(dependency) = self.packages[own.package].dependencies.get(name) {
            let inside = dependency.folder.as_ref().and_then(|folder| self.by_folder.get(folder));
            let inside = inside.and_then(|package| library_of(*package));
            return vec![match inside {
                Some(library) => Meaning::Module(library.root),
                None => Meaning::Library(dependency.package.replace('-', "_")),
            }];
        }
        match name {
            "std" | "core" | "alloc" => vec![Meaning::Library("std".to_owned())],
            _ => Vec::new(),
        }
    }

    /// What a module calls by a name: what it declares, what it brings in, what globs bring in.
    fn inside(&self, module: usize, name: &str, steps: usize) -> Vec<Meaning> {
        if steps > MAX_STEPS {
            return Vec::new();
        }
        let key = (module, name.to_owned());
        if let Ok(resolved) = self.resolved.lock()
            && let Some(known) = resolved.get(&key)
        {
            return known.clone();
        }
        // Modules that bring in all of each other are gone through once.
        let (is_first, is_new) = SEEN.with_borrow_mut(|seen| (seen.is_empty(), seen.insert(key.clone())));
        if !is_new {
            return Vec::new();
        }
        let mut found = self.names.get(&key).cloned().unwrap_or_default();
        let scope = &self.modules[module].scope;
        let named = || scope.uses.iter().filter(|used| used.bound.as_deref() == Some(name));
        for used in named() {
            found.extend(self.used(module, &used.path, used.is_global, steps));
        }
        if found.is_empty() {
            for used in scope.uses.iter().filter(|used| used.bound.is_none()) {
                let around = self.used(module, &used.path, used.is_global, steps);
                for meaning in around {
                    match meaning {
                        Meaning::Module(other) if other != module => found.extend(self.inside(other, name, steps + 1)),
                        Meaning::Library(path) => found.extend(known_in(&path, name)),
                        _ => {}
                    }
                }
            }
        }
        found.order();
        found.dedup();
        // On the way to another name, modules that were gone through for that were left out.
        if is_first && let Ok(mut resolved) = self.resolved.lock() {
            resolved.insert(key, found.clone());
        }
        found
    }

    /// What `use` names: its first name is not what it brings in itself.
    fn used(&self, module: usize, path: &[String], is_global: bool, steps: usize) -> Vec<Meaning> {
        let Some(first) = path.first() else { return Vec::new() };
        let brings_itself = self.modules[module].scope.uses.iter().any(|used| {
            used.bound.as_deref() == Some(first) && used.path.first() == Some(first) && used.path.len() == 1
        });
        let is_own = self.names.contains_key(&(module, first.clone()));
        // `use fs::File` with `use std::fs` beside it is found by its first name; a crate comes first otherwise.
        let outside = if is_own { Vec::new() } else { self.outside(module, first) };
        if is_global || brings_itself || !outside.is_empty() {
            let mut rest = vec!["self".to_owned()];
            rest.extend(path.iter().cloned());
            return self.follow_from(&outside, &rest[2..], steps + 1);
        }
        self.follow(module, path, is_global, steps + 1)
    }

    fn follow_from(&self, begin: &[Meaning], rest: &[String], steps: usize) -> Vec<Meaning> {
        let mut found = Vec::new();
        for meaning in begin {
            match meaning {
                Meaning::Module(module) => {
                    let mut path = vec!["self".to_owned()];
                    path.extend(rest.iter().cloned());
                    found.extend(self.follow(*module, &path, false, steps));
                }
                Meaning::Library(path) => {
                    let whole: Vec<&str> =
                        std::iter::once(path.as_str()).chain(rest.iter().map(String::as_str)).collect();
                    found.push(Meaning::Library(whole.join("::")));
                }
                _ => {}
            }
        }
        found
    }

    /// A function of a type, by the blocks of methods that name the type; of an alias, what stands behind it.
    fn associated(&self, ty: usize, name: &str, steps: usize) -> Vec<Meaning> {
        let defined = &self.types[ty];
        if let Some(super::syntax::Type::Path(path)) = &defined.item.alias {
            let mut segments = path.segments.clone();
            segments.push(name.to_owned());
            return self.follow(defined.module, &segments, path.is_global, steps + 1);
        }
        self.methods(ty).filter(|at| self.functions[*at].item.name == name).map(Meaning::Function).collect()
    }

    /// The functions in all blocks of methods of a type.
    pub fn methods(&self, ty: usize) -> impl Iterator<Item = usize> {
        self.by_type.get(&ty).into_iter().flatten().copied()
    }
}

/// What a glob brings in of a library, as far as that is known by name; of a web framework, every type that nobody else
/// declares.
fn known_in(path: &str, name: &str) -> Option<Meaning> {
    let is_known = GLOBS.iter().any(|(glob, names)| *glob == path && names.contains(&name));
    let is_type = name.starts_with(char::is_uppercase) && !PRELUDE.iter().any(|(short, _)| *short == name);
    let is_framework = is_type && super::handlers::is_framework(path);
    (is_known || is_framework).then(|| Meaning::Library(format!("{path}::{name}")))
}

/// What globs that many write bring in.
const GLOBS: [(&str, &[&str]); 12] = [
    ("actix", &["StreamHandler"]),
    ("actix::prelude", &["StreamHandler"]),
    ("salvo::prelude", &["handler", "endpoint"]),
    ("diesel::prelude", &["RunQueryDsl", "PgConnection", "SqliteConnection", "MysqlConnection", "Connection"]),
    ("diesel", &["RunQueryDsl", "PgConnection", "SqliteConnection", "MysqlConnection", "Connection"]),
    ("std::io::prelude", &["Read", "Write", "BufRead", "Seek"]),
    ("std::fs", &["File", "OpenOptions", "read", "write", "read_to_string", "copy", "rename", "remove_file"]),
    ("std::time", &["Duration", "Instant"]),
    ("std::thread", &["sleep", "spawn"]),
    ("tokio::time", &["sleep", "timeout", "interval"]),
    ("redis", &["Client", "Connection", "Commands", "AsyncCommands"]),
    ("rusqlite", &["Connection", "Statement", "Transaction", "params"]),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;

    fn project(texts: &[(&str, &str)]) -> Workspace {
        let mut files = Files::default();
        for (path, text) in texts {
            files.add((*path).to_owned(), *text);
        }
        Workspace::read(&files)
    }

    fn told(workspace: &Workspace, module: &str, path: &str) -> Vec<String> {
        let at = workspace.modules.iter().position(|one| one.path == module).unwrap();
        let segments: Vec<String> = path.split("::").map(str::to_owned).collect();
        let tell = |meaning: Meaning| match meaning {
            Meaning::Module(at) => format!("mod {}", workspace.modules[at].path),
            Meaning::Function(at) => format!("fn {}", workspace.qualified(at)),
            Meaning::Type(at) => format!("type {}", workspace.types[at].item.name),
            Meaning::Trait(at) => format!("trait {}", workspace.traits[at].item.name),
            Meaning::Value(..) => "value".to_owned(),
            Meaning::Library(path) => path,
        };
        workspace.meanings_of(at, &segments).into_iter().map(tell).collect()
    }

    #[test]
    fn names_are_followed_through_aliases_globs_and_crates() {
        let workspace = project(&[
            ("Cargo.toml", "[workspace]\nmembers = [\"a\", \"b\"]\n[workspace.dependencies]\nb = { path = \"b\" }\n"),
            (
                "a/Cargo.toml",
                "[package]\nname = \"a\"\n[dependencies]\nb = { workspace = true }\nclient = { package = \"reqwest\", version = \"0.12\" }\n",
            ),
            ("b/Cargo.toml", "[package]\nname = \"b\"\n"),
            (
                "a/src/main.rs",
                "mod fs;\nuse std::thread as threads;\nuse b::*;\nuse client::blocking::{self, Client as C};\n#[cfg(test)]\nmod tests { fn t() {} }\nfn main() {}\nstatic X: u8 = 1;",
            ),
            ("a/src/fs.rs", "use super::threads;\nuse std::fs;\npub fn read() {}\nmod deep { pub fn down() {} }\n"),
            ("b/src/lib.rs", "mod store;\npub use store::Store;\npub use store::open as start;"),
            ("b/src/store.rs", "pub struct Store;\nimpl Store { pub fn new() -> Self { Self } }\npub fn open() {}"),
        ]);
        assert_eq!(told(&workspace, "", "threads::sleep"), ["std::thread::sleep"]);
        assert_eq!(told(&workspace, "", "fs::read"), ["fn read"]);
        assert_eq!(told(&workspace, "fs", "fs::read"), ["std::fs::read"]);
        assert_eq!(told(&workspace, "fs", "threads::sleep"), ["std::thread::sleep"]);
        assert_eq!(told(&workspace, "fs::deep", "super::super::fs::deep::down"), ["fn down"]);
        assert_eq!(told(&workspace, "", "Store::new"), ["fn Store::new"]);
        assert_eq!(told(&workspace, "", "start"), ["fn open"]);
        assert_eq!(told(&workspace, "", "C"), ["reqwest::blocking::Client"]);
        assert_eq!(told(&workspace, "", "blocking::get"), ["reqwest::blocking::get"]);
        assert_eq!(told(&workspace, "", "X"), ["value"]);
        assert!(told(&workspace, "", "unknown::x").is_empty());
        assert!(workspace.modules.iter().all(|module| module.path != "tests"));
        assert!(workspace.notes.is_empty());
    }

    #[test]
    fn what_is_no_rust_or_nests_too_deep_is_a_note() {
        let deep = format!("fn main() {{ let a = {}1{}; }}", "(".repeat(5_000), ")".repeat(5_000));
        for text in ["fn main( {", &deep, "fn f() { x.0.1; 'a' }}"] {
            let workspace = project(&[("Cargo.toml", "[package]\nname = \"a\"\n"), ("src/main.rs", text)]);
            assert_eq!(workspace.notes.len(), 1, "{:?}", workspace.notes);
        }
    }
}
