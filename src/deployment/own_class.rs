//! Worker classes of the project's own: what they derive from.
//!
//! Follows the first base through modules of the project by its name. Of what the class does itself only that is told
//! whether it does anything but to set options.

use super::locate::Roots;
use crate::python::deeds::whole_names;
use crate::python::syntax::ast::{Expr, Stmt, StmtClassDef};
use crate::python::syntax::{Module, span_of};
use crate::source::{FileId, Files, Located, Place};

use std::collections::BTreeMap;

/// How many classes stand between one that is named and that of somebody else.
const MAX_BASES: usize = 4;

/// What a class of the project comes to.
pub(super) struct OwnClass {
    /// The whole name of the first class outside the project that it derives from, and where that is said.
    pub(super) base: Located<String>,
    /// The options that it and the classes in between set, each by the attribute that holds them and its name, where
    /// that is all they do.
    pub(super) options: Option<Vec<(String, String)>>,
}

/// What the class `named` derives from; `None` where it is no class of the project.
pub(super) fn base(named: &str, roots: &Roots, files: &Files, python: &BTreeMap<FileId, Module>) -> Option<OwnClass> {
    let mut found: Option<OwnClass> = None;
    let mut name = named.to_owned();
    for _ in 0..MAX_BASES {
        let Some((module, class)) = name.rsplit_once([':', '.']) else { break };
        let path = module.replace('.', "/");
        let file = ["{}.py", "{}/__init__.py"].iter().find_map(|form| roots.file(files, &form.replace("{}", &path)));
        let Some((file, module)) = file.and_then(|file| Some((file, python.get(&file)?))) else { break };
        let def = definition(module, class)?;
        let (base, place) = first_base(module, def, file)?;
        let before = found.map_or_else(|| Some(Vec::new()), |found| found.options);
        let options = before.zip(options(def)).map(|(before, own)| before.into_iter().chain(own).collect());
        found = Some(OwnClass { base: Located::new(base.clone(), place), options });
        name = base;
    }
    found
}

fn definition<'m>(module: &'m Module, class: &str) -> Option<&'m StmtClassDef> {
    module.body.iter().find_map(|statement| match statement {
        Stmt::ClassDef(def) if def.name.as_str() == class => Some(def),
        _ => None,
    })
}

/// The options that a class sets, where it does nothing else: attributes that hold dictionaries with literal keys.
fn options(class: &StmtClassDef) -> Option<Vec<(String, String)>> {
    let alone = class.arguments.as_ref().is_some_and(|bases| bases.args.len() == 1 && bases.keywords.is_empty());
    if !alone || !class.decorator_list.is_empty() {
        return None;
    }
    let mut found = Vec::new();
    for statement in &class.body {
        let (target, value) = match statement {
            Stmt::Pass(_) => continue,
            Stmt::Expr(said) if matches!(*said.value, Expr::StringLiteral(_)) => continue,
            Stmt::Assign(assign) => (assign.targets.first().filter(|_| assign.targets.len() == 1)?, &assign.value),
            Stmt::AnnAssign(assign) => (&*assign.target, assign.value.as_ref()?),
            _ => return None,
        };
        let (Expr::Name(target), Expr::Dict(dict)) = (target, &**value) else { return None };
        for item in &dict.items {
            let Some(Expr::StringLiteral(key)) = &item.key else { return None };
            found.push((target.id.to_string(), key.value.to_str().to_owned()));
        }
    }
    Some(found)
}

/// What a module writes as the first base of one of its classes, by its whole name.
fn first_base(module: &Module, def: &StmtClassDef, file: FileId) -> Option<(String, Place)> {
    let base = def.arguments.as_ref()?.args.first()?;
    let names = whole_names(module);
    let whole = |name: &str| names.get(name).cloned().unwrap_or_else(|| name.to_owned());
    let name = match base {
        Expr::Name(name) => whole(name.id.as_str()),
        Expr::Attribute(_) => {
            let mut parts = Vec::new();
            let mut at = base;
            while let Expr::Attribute(attribute) = at {
                parts.push(attribute.attr.as_str());
                at = &attribute.value;
            }
            let Expr::Name(first) = at else { return None };
            parts.reverse();
            format!("{}.{}", whole(first.id.as_str()), parts.join("."))
        }
        _ => return None,
    };
    Some((name, Place::new(file, span_of(base))))
}
