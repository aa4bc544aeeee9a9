//! Which application a project has that nothing starts yet, by the names that people give it.

use farrier::Examination;
use farrier::app::{self, Application};

/// Modules that hold one, the likeliest first. A project of Django has both `wsgi` and `asgi`, whether or not its
/// views gain by the second.
const MODULES: [&str; 8] = ["wsgi", "app", "main", "application", "server", "api", "__init__", "asgi"];
/// What it is bound to, the likeliest first.
const NAMES: [&str; 5] = ["app", "application", "create_app()", "make_app()", "api"];
/// Folders further down are those of parts.
const DEEPEST: usize = 3;
/// Folders that hold no application to serve.
const ASIDE: [&str; 5] = ["tests", "test", "docs", "examples", "scripts"];

/// The application with the likeliest name, nearest to the root.
pub(super) fn application(found: &Examination) -> Option<Application> {
    let files = &found.files;
    let mut candidates: Vec<(usize, usize, &str)> = Vec::new();
    for file in found.facts.python.keys() {
        let path = files.get(*file).path();
        let stem = files.get(*file).name().trim_end_matches(".py");
        let depth = path.split('/').count();
        if let Some(rank) = MODULES.iter().position(|module| *module == stem)
            && depth <= DEEPEST
            && !path.split('/').any(|part| ASIDE.contains(&part))
        {
            candidates.push((depth, rank, path));
        }
    }
    candidates.sort_unstable();
    candidates.into_iter().find_map(|(_, _, path)| {
        let (mut folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let mut module = name.trim_end_matches(".py").to_owned();
        // It is imported from the folder around its packages.
        while !folder.is_empty() && is_package(found, folder) {
            let (outer, package) = folder.rsplit_once('/').unwrap_or(("", folder));
            module = if module == "__init__" { package.to_owned() } else { format!("{package}.{module}") };
            folder = outer;
        }
        if module == "__init__" {
            return None;
        }
        let target = |name: &&str| app::analyse(files, &found.facts.python, &format!("{module}:{name}"), folder);
        NAMES.iter().find_map(target)
    })
}

fn is_package(found: &Examination, folder: &str) -> bool {
    found.files.find(&format!("{folder}/__init__.py")).is_some()
}
