//! Servers that are told to load the same application.
//!
//! A project names its application once for each way it is started: in a Dockerfile, a Makefile, a unit. Where all of
//! that comes to the same object and every import to the same file, so does whatever there is to say about it.

use super::{Asked, Code, Framework, Instructions, Interface, reach, target};
use crate::python::modules::{ModuleRef, Start};
use crate::python::types::{FunctionId, Types};
use crate::source::Place;

/// What there is to say about an application rests on this alone, but for the name that the server knows it by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    place: Place,
    interface: Interface,
    framework: Framework,
    modules: Vec<u32>,
    functions: Vec<FunctionId>,
    loaded: Vec<u32>,
    /// What the imports of the loaded modules mean, one after the other.
    imports: Vec<Option<ModuleRef>>,
    /// Where the server starts, if the project's own instructions name functions that are looked for from there.
    start: Option<Start>,
    /// The settings of Django that the environment names.
    settings: Option<String>,
    /// The class of them that it names.
    configuration: Option<String>,
}

/// What the analysis of an application that a server knows by its name rests on.
///
/// `None` if the application is not found, or the server is handed an object: that takes as long to find as the rest.
pub fn basis(code: &Code<'_>, asked: &Asked, instructions: &Instructions) -> Option<Basis> {
    if asked.handed.is_some() {
        return None;
    }
    instructions.catalogue.during(|| {
        let types = Types::new(code.project(), &asked.start);
        let mut object = target::find(&types, &asked.name())?;
        object.load(&types, &asked.launched_by);
        types.configure(reach::configuration(&types, &object.modules, asked.configuration.as_deref()).as_deref());
        let loaded = reach::modules(&types, &object.modules, asked.settings.as_deref());
        let tree = types.modules();
        let imports = loaded.iter().map(|&index| types.facts_at(index)).flat_map(|facts| {
            facts.imports.iter().map(|import| match import.level {
                0 => tree.find(import.module, Some(facts.file)),
                level => tree.relative(facts.file, level, import.module),
            })
        });
        let imports = imports.collect();
        let functions = object.callables.iter().chain(&object.factories).map(|frame| frame.function).collect();
        let start = (!instructions.entry_points.is_empty()).then(|| asked.start.clone());
        let target::Target { place, interface, framework, modules, .. } = object;
        let of_django = |named: &Option<String>| named.clone().filter(|_| framework == Framework::Django);
        let (settings, configuration) = (of_django(&asked.settings), of_django(&asked.configuration));
        Some(Basis { place, interface, framework, modules, functions, loaded, imports, start, settings, configuration })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::syntax::parse;
    use crate::source::Files;

    fn bases(parts: &[(&str, &str)], asked: &[(&str, &str)]) -> Vec<Option<Basis>> {
        let mut files = Files::new();
        for (path, text) in parts {
            files.add(*path, *text);
        }
        let modules = files.iter().map(|(id, file)| (id, parse(file.text()).unwrap())).collect();
        let code = Code::new(&files, &modules);
        let asked = asked.iter().map(|(target, folder)| Asked::by_name(target, (*folder).into()));
        asked.map(|asked| basis(&code, &asked, &Instructions::default())).collect()
    }

    const MAIN: (&str, &str) = ("shop/main.py", "from fastapi import FastAPI\nimport rates\napp = FastAPI()\n");
    const ASKED: [(&str, &str); 3] = [("main:app", "shop"), ("shop.main:app", ""), ("main", "")];

    #[test]
    fn one_file_under_two_names_is_one_application() {
        let found = bases(&[MAIN, ("shop/rates.py", "")], &ASKED);
        assert!(found[0].is_some());
        assert_eq!(found[0], found[1]);
        assert_eq!(found[2], None);
    }

    #[test]
    fn what_an_import_means_tells_them_apart() {
        let found = bases(&[MAIN, ("shop/rates.py", ""), ("rates.py", "")], &ASKED);
        assert!(found[1].is_some());
        assert_ne!(found[0], found[1]);
    }
}
