//! Worker classes of the project's own: what they derive from.
//!
//! Follows the first base through modules of the project by its name. What the class does itself is not looked at.

use super::locate::Roots;
use crate::python::deeds::whole_names;
use crate::python::syntax::ast::{Expr, Stmt};
use crate::python::syntax::{Module, span_of};
use crate::source::{FileId, Files, Located, Place};

use std::collections::BTreeMap;

/// How many classes stand between one that is named and that of somebody else.
const MAX_BASES: usize = 4;

/// The whole name of the first class outside the project that the class `named` derives from, and where that is said.
pub(super) fn base(
    named: &str,
    roots: &Roots,
    files: &Files,
    python: &BTreeMap<FileId, Module>,
) -> Option<Located<String>> {
    let mut found = None;
    let mut name = named.to_owned();
    for _ in 0..MAX_BASES {
        let Some((module, class)) = name.rsplit_once([':', '.']) else { break };
        let path = module.replace('.', "/");
        let file = ["{}.py", "{}/__init__.py"].iter().find_map(|form| roots.file(files, &form.replace("{}", &path)));
        let Some((file, module)) = file.and_then(|file| Some((file, python.get(&file)?))) else { break };
        let (base, place) = first_base(module, class, file)?;
        found = Some(Located::new(base.clone(), place));
        name = base;
    }
    found
}

/// What a module writes as the first base of one of its classes, by its whole name.
fn first_base(module: &Module, class: &str, file: FileId) -> Option<(String, Place)> {
    let def = module.body.iter().find_map(|statement| match statement {
        Stmt::ClassDef(def) if def.name.as_str() == class => Some(def),
        _ => None,
    })?;
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
