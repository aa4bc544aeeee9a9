//! Which file an import means.
//!
//! Decides between a module of the project and one of a library, as Python's own search would with
//! the folders that are plausibly on its path: where the server starts, the project's root, `src`,
//! and the folder that holds the importing file's package. What is installed is not looked at.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::calls::is_program;
use super::catalogue;
use super::evaluate::is_standard;
use super::syntax::Module;
use crate::source::{FileId, Files};
use crate::values::Order as _;
use crate::values::{HashMap, HashSet};

/// A module of the project.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ModuleRef {
    /// A file; for a package its `__init__.py`.
    File(FileId),
    /// A folder without an `__init__.py`: a namespace package.
    Folder(Arc<str>),
}

/// Where a program starts, in terms of the project.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Start {
    /// The folder it starts in, relative to the root; empty for the root.
    pub folder: String,
    /// What lies in another place there than in the project, the likeliest first: a path below the folder it
    /// starts in (`app`, `app/main.py`; empty for the folder itself), and that of the project.
    pub placed: Vec<(String, String)>,
}

impl From<&str> for Start {
    fn from(folder: &str) -> Self {
        let folder = folder.trim_start_matches("./").trim_matches('/');
        Self { folder: if folder == "." { "" } else { folder }.to_owned(), placed: Vec::new() }
    }
}

/// The Python files of a project by path.
#[derive(Debug, Clone)]
pub struct Modules {
    tree: Arc<Tree>,
    start: Start,
}

/// What is the same wherever a server starts.
#[derive(Debug, Default)]
struct Tree {
    by_path: HashMap<String, FileId>,
    paths: HashMap<FileId, String>,
    folders: HashSet<String>,
    /// The folders in which a file says what it does where it is run.
    programs: HashSet<String>,
    /// The folders that hold a package, and are none themselves, by its name.
    roots: HashMap<String, Vec<String>>,
}

/// Folders whose code is not installed together with the rest.
const APART: [&str; 7] = ["tests", "test", "examples", "example", "docs", "scripts", "benchmarks"];

impl Modules {
    /// Indexes the files of `modules` for a server started in `start`, relative to the root.
    pub fn new(files: &Files, modules: &BTreeMap<FileId, Module>, start: &str) -> Self {
        let mut tree = Tree::default();
        for (&file, module) in modules {
            if module.body.iter().any(is_program) {
                tree.programs.insert(files.get(file).folder().to_owned());
            }
            let path = files.get(file).path().to_owned();
            let mut folder = files.get(file).folder();
            while !folder.is_empty() && tree.folders.insert(folder.to_owned()) {
                folder = parent(folder);
            }
            tree.by_path.insert(path.clone(), file);
            tree.paths.insert(file, path);
        }
        tree.roots = roots_of(&tree);
        Self { tree: Arc::new(tree), start: start.into() }
    }

    /// The same files for a server that is started elsewhere.
    #[must_use]
    pub fn started_in(&self, start: &Start) -> Self {
        Self { tree: Arc::clone(&self.tree), start: start.clone() }
    }

    /// The module that `import dotted` in `from` means, if it is one of the project.
    pub fn find(&self, dotted: &str, from: Option<FileId>) -> Option<ModuleRef> {
        let relative = dotted.replace('.', "/");
        let top = dotted.split('.').next().unwrap_or(dotted);
        let roots = self.roots(from, catalogue::speaks_about(top));
        let exact = self.placed(&relative);
        let own = || self.root_of_package(from.filter(|_| !catalogue::speaks_about(top))?, top);
        let exact = exact.or_else(|| self.file_below(own()?, &relative));
        let exact = exact.or_else(|| roots.iter().find_map(|root| self.file_below(root, &relative)));
        if exact.is_some() {
            return exact.map(ModuleRef::File);
        }
        // An installed package comes before a folder that merely has its name.
        if catalogue::speaks_about(top) {
            return None;
        }
        let placed = self.start.placed.iter().filter_map(|(place, source)| moved(&relative, place, source));
        let mut folders = placed.chain(roots.iter().map(|root| join(root, &relative)));
        if let Some(folder) = folders.find(|path| self.tree.folders.contains(path)) {
            return Some(ModuleRef::Folder(folder.into()));
        }
        self.elsewhere(top, &relative).or_else(|| self.beside(from?, &relative)).map(ModuleRef::File)
    }

    /// The neighbour of a file of a package that nothing else has the name of: where a program lies in the package as
    /// well, its folder is on the path.
    fn beside(&self, from: FileId, relative: &str) -> Option<FileId> {
        let folder = parent(self.tree.paths.get(&from)?);
        let top = relative.split('/').next().unwrap_or(relative);
        let is_run = self.tree.programs.contains(folder) && !is_standard(top);
        is_run.then(|| self.file_below(folder, relative)).flatten()
    }

    /// The file in another part of a project of several, each with a folder of its own that packages start in:
    /// `packages/core/src/core/store.py`. Unknown, if there are several.
    fn elsewhere(&self, top: &str, relative: &str) -> Option<FileId> {
        let roots = self.tree.roots.get(top)?;
        let mut found = roots.iter().filter_map(|root| self.file_below(root, relative));
        let first = found.next()?;
        found.all(|other| other == first).then_some(first)
    }

    /// The folder that holds the package of this name which a file is part of: it has been imported from there, whatever
    /// else has the name.
    fn root_of_package(&self, from: FileId, top: &str) -> Option<&str> {
        let mut folder = parent(self.tree.paths.get(&from)?);
        let mut found = None;
        while !folder.is_empty() {
            let (root, name) = folder.rsplit_once('/').unwrap_or(("", folder));
            // A package inside of another one is not imported by its own name: `storage/minio` is not `minio`.
            let is_top = !self.tree.by_path.contains_key(&join(root, "__init__.py"));
            if name == top && is_top && self.tree.by_path.contains_key(&join(folder, "__init__.py")) {
                // One inside of the other: which of them is meant depends on where the program starts.
                if found.is_some() {
                    return None;
                }
                found = Some(root);
            }
            folder = root;
        }
        found
    }

    /// The file at a path below the folder that the program starts in, where what lies there came from elsewhere.
    fn placed(&self, relative: &str) -> Option<FileId> {
        if self.start.placed.is_empty() {
            return None;
        }
        let paths = [format!("{relative}/__init__.py"), format!("{relative}.py")];
        let at = |(place, source): &(String, String)| {
            paths.iter().find_map(|path| self.tree.by_path.get(&moved(path, place, source)?).copied())
        };
        self.start.placed.iter().find_map(at)
    }

    /// The module that `level` dots and `dotted` mean in `from`.
    pub fn relative(&self, from: FileId, level: u32, dotted: &str) -> Option<ModuleRef> {
        let mut folder = parent(self.tree.paths.get(&from)?);
        for _ in 1..level {
            if folder.is_empty() {
                return None;
            }
            folder = parent(folder);
        }
        let path = if dotted.is_empty() { folder.to_owned() } else { join(folder, &dotted.replace('.', "/")) };
        self.at(&path)
    }

    /// The module below `parent` called `name`.
    pub fn child(&self, module: &ModuleRef, name: &str) -> Option<ModuleRef> {
        let folder = match module {
            ModuleRef::Folder(folder) => folder.as_ref(),
            ModuleRef::File(file) => {
                let path = self.tree.paths.get(file)?;
                if path != "__init__.py" && !path.ends_with("/__init__.py") {
                    return None;
                }
                parent(path)
            }
        };
        self.at(&join(folder, name))
    }

    /// The path of a file, relative to the root.
    pub fn path_of(&self, file: FileId) -> Option<&str> {
        self.tree.paths.get(&file).map(String::as_str)
    }

    /// The packages that Python runs before it runs `file`.
    pub fn packages_of(&self, file: FileId) -> Vec<FileId> {
        let mut found = Vec::new();
        let Some(path) = self.tree.paths.get(&file) else {
            return found;
        };
        let mut folder = parent(path);
        while let Some(&package) = self.tree.by_path.get(&join(folder, "__init__.py")) {
            found.push(package);
            if folder.is_empty() {
                break;
            }
            folder = parent(folder);
        }
        found
    }

    fn at(&self, path: &str) -> Option<ModuleRef> {
        let folder = || self.tree.folders.contains(path).then(|| ModuleRef::Folder(path.into()));
        self.file_at(path).map(ModuleRef::File).or_else(folder)
    }

    fn file_at(&self, path: &str) -> Option<FileId> {
        self.file_below("", path)
    }

    /// The package or the module at a path below a folder.
    fn file_below(&self, folder: &str, path: &str) -> Option<FileId> {
        // Asked for each folder that an import may start in: one text for both names.
        let mut name = String::with_capacity(folder.len() + path.len() + "//__init__.py".len());
        for part in [folder, path] {
            if !name.is_empty() && !part.is_empty() {
                name.push('/');
            }
            name.push_str(part);
        }
        let end = name.len();
        name.push_str(if end == 0 { "__init__.py" } else { "/__init__.py" });
        if let Some(package) = self.tree.by_path.get(&name) {
            return Some(*package);
        }
        name.truncate(end);
        name.push_str(".py");
        self.tree.by_path.get(&name).copied()
    }

    /// Folders that absolute imports of `from` may start in, the likeliest first.
    fn roots(&self, from: Option<FileId>, looks_like_library: bool) -> Vec<&str> {
        let mut roots = vec![self.start.folder.as_str(), "", "src"];
        let Some(path) = from.and_then(|file| self.tree.paths.get(&file)) else {
            return roots;
        };
        let mut folder = parent(path);
        let mut inside = self.tree.by_path.contains_key(&join(folder, "__init__.py"));
        while !folder.is_empty() {
            let is_regular = self.tree.by_path.contains_key(&join(folder, "__init__.py"));
            // The folder of a plain script is on the path only when that script is what is run, so a
            // neighbour that is named like a library is no reason to doubt the library.
            if !is_regular && (inside || !looks_like_library) {
                roots.push(folder);
            }
            inside = is_regular;
            folder = parent(folder);
        }
        roots
    }
}

/// The folders below which packages lie, by the names of these.
fn roots_of(tree: &Tree) -> HashMap<String, Vec<String>> {
    let mut roots: HashMap<String, Vec<String>> = HashMap::default();
    let mut folders: Vec<&String> = tree.folders.iter().collect();
    folders.order();
    for folder in folders {
        let Some((root, name)) = folder.rsplit_once('/') else { continue };
        let is_package = tree.by_path.contains_key(&join(root, "__init__.py"));
        if !is_package && !root.split('/').any(|part| APART.contains(&part)) {
            roots.entry(name.to_owned()).or_default().push(root.to_owned());
        }
    }
    roots
}

/// Where `path` lies in the project, given that what lies at `place` came from `source`.
fn moved(path: &str, place: &str, source: &str) -> Option<String> {
    let rest = path.strip_prefix(place)?;
    if place.is_empty() || rest.is_empty() {
        return Some(if rest.is_empty() { source.to_owned() } else { join(source, rest) });
    }
    Some(join(source, rest.strip_prefix('/')?))
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { [folder, name].join("/") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::syntax::parse;

    fn project(paths: &[&str], start: &str) -> (Files, Modules) {
        let mut files = Files::new();
        let modules = paths.iter().map(|path| (files.add(*path, ""), parse("").unwrap())).collect();
        let index = Modules::new(&files, &modules, start);
        (files, index)
    }

    fn path_of(files: &Files, module: Option<ModuleRef>) -> String {
        match module {
            Some(ModuleRef::File(file)) => files.get(file).path().to_owned(),
            Some(ModuleRef::Folder(folder)) => format!("{folder}/"),
            None => "-".to_owned(),
        }
    }

    #[test]
    fn finds_packages_below_the_folder_that_holds_them() {
        let (files, index) = project(&["backend/app/__init__.py", "backend/app/main.py", "backend/app/db.py"], "");
        let main = files.find("backend/app/main.py");
        assert_eq!(path_of(&files, index.find("app.db", main)), "backend/app/db.py");
        assert_eq!(path_of(&files, index.relative(main.unwrap(), 1, "db")), "backend/app/db.py");
        assert_eq!(path_of(&files, index.relative(main.unwrap(), 4, "db")), "-");
    }

    #[test]
    fn a_folder_named_like_a_library_is_not_the_library() {
        let (files, index) = project(&["redis/seed.py", "main.py", "api/requests.py", "api/views.py"], "");
        assert_eq!(path_of(&files, index.find("redis", files.find("main.py"))), "-");
        assert_eq!(path_of(&files, index.find("requests", files.find("api/views.py"))), "-");
        let (files, index) = project(&["requests.py", "main.py"], "");
        assert_eq!(path_of(&files, index.find("requests", files.find("main.py"))), "requests.py");
    }

    #[test]
    fn what_lies_elsewhere_where_the_server_starts_is_found_there() {
        let (files, index) = project(&["src/main.py", "src/db/__init__.py", "tools/run.py", "app/old.py"], "");
        let placed = [("app/tool.py", "tools/run.py"), ("app", "src")];
        let placed = placed.map(|(place, source)| (place.to_owned(), source.to_owned())).to_vec();
        let index = index.started_in(&Start { folder: String::new(), placed });
        let found = |dotted| path_of(&files, index.find(dotted, None));
        assert_eq!((found("app.main").as_str(), found("app.db").as_str()), ("src/main.py", "src/db/__init__.py"));
        assert_eq!((found("app.tool").as_str(), found("app.old").as_str()), ("tools/run.py", "app/old.py"));
        assert_eq!((found("apps.main").as_str(), found("app").as_str()), ("-", "src/"));
    }

    #[test]
    fn packages_of_other_parts_of_the_project_are_found_where_there_is_one() {
        let paths = ["api/src/api/main.py", "core/src/core/store.py", "a/lib/twice/x.py", "b/lib/twice/x.py"];
        let (files, index) = project(&[&paths[..], &["core/tests/apart/x.py"]].concat(), "");
        let from = files.iter().find(|(_, file)| file.path() == "api/src/api/main.py").map(|(id, _)| id);
        assert_eq!(path_of(&files, index.find("core.store", from)), "core/src/core/store.py");
        assert_eq!(path_of(&files, index.find("twice.x", from)), "-");
        assert_eq!(path_of(&files, index.find("apart.x", from)), "-");
    }

    #[test]
    fn a_package_of_another_service_imports_its_own_modules() {
        let paths = ["a/app/__init__.py", "a/app/db.py", "b/app/__init__.py", "b/app/db.py", "b/app/main.py"];
        let (files, index) = project(&paths, "a");
        let of = |path| path_of(&files, index.find("app.db", files.find(path)));
        assert_eq!((of("b/app/main.py").as_str(), of("a/app/db.py").as_str()), ("b/app/db.py", "a/app/db.py"));
        assert_eq!(path_of(&files, index.find("app.db", None)), "a/app/db.py");
        let paths = ["shop/__init__.py", "shop/store/__init__.py", "shop/store/disk.py", "store/__init__.py"];
        let (files, index) = project(&paths, "");
        assert_eq!(path_of(&files, index.find("store", files.find("shop/store/disk.py"))), "store/__init__.py");
    }

    #[test]
    fn the_folder_of_the_server_comes_first() {
        let (files, index) = project(&["a/main.py", "b/main.py"], "./b/");
        assert_eq!(path_of(&files, index.find("main", None)), "b/main.py");
    }
}
