//! Whether a module belongs to the tests of its project, though it does not lie among them: it imports from them.
//!
//! A package may be called `tests` because that is what the service is about. It holds tests where files in it are
//! named as those are, or where who imports it lies where developers keep what they need.

use super::syntax::Module;
use super::syntax::ast::{Identifier, Stmt};
use crate::source::{FileId, Files};

/// What packages of tests are called.
const TESTS: [&str; 2] = ["test", "tests"];
/// Folders of what developers need.
const OF_DEVELOPERS: [&str; 4] = ["dev", "devel", "development", "devtools"];

/// Whether what a module is made of are the tests of the project.
pub fn is_of_tests(files: &Files, file: FileId, module: &Module) -> bool {
    let mut imported = module.body.iter().flat_map(|stmt| match stmt {
        Stmt::Import(import) => import.names.iter().map(|alias| alias.name.as_str()).collect(),
        Stmt::ImportFrom(from) => from.module.as_ref().map(Identifier::as_str).into_iter().collect(),
        _ => Vec::new(),
    });
    imported.any(|dotted| {
        let top = dotted.split('.').next().unwrap_or(dotted);
        TESTS.contains(&top) && holds_tests(files, file, top)
    })
}

/// Whether the nearest folder of this name beside or above a file is one of tests.
fn holds_tests(files: &Files, file: FileId, name: &str) -> bool {
    let own = files.get(file).folder();
    let mut folder = own;
    loop {
        let below = if folder.is_empty() { format!("{name}/") } else { format!("{folder}/{name}/") };
        let mut inside = files.iter().map(|(_, file)| file).filter(|file| file.path().starts_with(&below)).peekable();
        if inside.peek().is_some() {
            let is_test = |name: &str| name.starts_with("test_") || name.ends_with("_test.py") || name == "conftest.py";
            return own.split('/').any(|part| OF_DEVELOPERS.contains(&part)) || inside.any(|file| is_test(file.name()));
        }
        match folder.rsplit_once('/') {
            Some((outer, _)) => folder = outer,
            None if folder.is_empty() => return false,
            None => folder = "",
        }
    }
}
