//! What the call of a macro evaluates, and where.
//!
//! Of a macro of the project its rules tell, of those that everybody knows their names. What any other does with its
//! arguments is not known: one may take them to a thread, or never evaluate them.

use super::super::catalogue;
use super::super::handlers;
use super::super::modules::Workspace;
use super::super::names::Meaning;
use super::super::syntax::{Expression, Kind, MacroItem, Path};
use super::super::values::Ty;
use super::calls::canonical;
use super::walk::Walker;
use super::{Callable, Target, Unread, Value};
use crate::source::Span;
use std::cell::Cell;
use std::sync::Arc;

/// How many macros of the project may stand in one another.
pub(super) const MAX_NESTED: usize = 4;
/// How many values macros may write into one body.
pub(super) const MAX_WRITTEN: usize = 100_000;

/// Macros of the language, of runtimes, of what writes logs, errors and queries, that evaluate their arguments where
/// they stand, or in the future that they make.
const IN_PLACE: [&str; 69] = [
    "anyhow",
    "assert",
    "assert_eq",
    "assert_ne",
    "bail",
    "counter",
    "crit",
    "dbg",
    "debug",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
    "debug_span",
    "ensure",
    "eprint",
    "eprintln",
    "error",
    "error_span",
    "event",
    "eyre",
    "format",
    "format_args",
    "format_err",
    "formatdoc",
    "gauge",
    "histogram",
    "info",
    "info_span",
    "join",
    "json",
    "log",
    "matches",
    "miette",
    "panic",
    "pin",
    "pin_mut",
    "poll",
    "print",
    "println",
    "query",
    "query_as",
    "query_as_unchecked",
    "query_scalar",
    "query_unchecked",
    "ready",
    "select",
    "select_biased",
    "smallvec",
    "span",
    "stream",
    "stream_select",
    "todo",
    "trace",
    "trace_span",
    "try_join",
    "try_stream",
    "unimplemented",
    "unreachable",
    "vec",
    "warn",
    "warn_span",
    "whatever",
    "write",
    "writedoc",
    "writeln",
    "indoc",
    "routes",
    "catchers",
    "openapi_get_routes",
];

/// What is known of a macro.
pub(super) enum Reading {
    /// What its call comes to.
    Expanded(Expression),
    /// That its arguments are evaluated where it stands.
    InPlace,
    Unknown,
}

/// What the call of a macro comes to in a module.
pub(super) fn read(
    workspace: &Workspace,
    module: usize,
    path: &Path,
    values: &[Expression],
    site: Span,
    left: &Cell<usize>,
) -> Reading {
    match defined(workspace, module, path) {
        Of::Project(home, item) => {
            let home = home_of(workspace, module, home);
            item.expanded(values, site, &home, left).map_or(Reading::Unknown, Reading::Expanded)
        }
        Of::Others if IN_PLACE.contains(&path.last()) => Reading::InPlace,
        Of::Others | Of::Several => Reading::Unknown,
    }
}

/// Whose a macro is.
enum Of {
    Project(usize, Arc<MacroItem>),
    /// One of several of the project.
    Several,
    Others,
}

fn defined(workspace: &Workspace, module: usize, path: &Path) -> Of {
    let Some(known) = workspace.macros.get(path.last()) else { return Of::Others };
    if workspace.meanings(module, path).iter().any(|one| matches!(one, Meaning::Library(_))) {
        return Of::Others;
    }
    let of = workspace.modules[module].of;
    let own: Vec<_> = known.iter().filter(|(at, _)| workspace.modules[*at].of == of).collect();
    match &own[..] {
        [] => {}
        [(at, item)] => return Of::Project(*at, Arc::clone(item)),
        several => {
            // The nearest one around the call.
            let mut around = Some(module);
            while let Some(at) = around {
                let mut here = several.iter().filter(|(defines, _)| *defines == at);
                match (here.next(), here.next()) {
                    (Some((at, item)), None) => return Of::Project(*at, Arc::clone(item)),
                    (None, _) => around = workspace.modules[at].parent,
                    _ => break,
                }
            }
            return Of::Several;
        }
    }
    // Of another crate of the project only what is named by it, or brought in from it.
    let crate_of = |segments: &[String]| {
        let first = segments.first()?;
        workspace.meanings_of(module, std::slice::from_ref(first)).into_iter().find_map(|one| match one {
            Meaning::Module(at) => Some(workspace.modules[at].of),
            _ => None,
        })
    };
    let mut named: Vec<usize> = Vec::new();
    if path.name().is_none() {
        named.extend(crate_of(&path.segments));
    } else {
        let uses = workspace.modules[module].scope.uses.iter();
        let brings = uses.filter(|used| used.bound.as_deref().is_none_or(|bound| bound == path.last()));
        named.extend(brings.filter_map(|used| crate_of(&used.path)));
    }
    let mut theirs = known.iter().filter(|(at, _)| named.contains(&workspace.modules[*at].of));
    match (theirs.next(), theirs.next()) {
        (Some((at, item)), None) => Of::Project(*at, Arc::clone(item)),
        (Some(_), Some(_)) => Of::Several,
        (None, _) => Of::Others,
    }
}

/// What a module writes for the crate that another module is of.
fn home_of(workspace: &Workspace, module: usize, home: usize) -> Vec<String> {
    let (own, other) = (workspace.modules[module].of, workspace.modules[home].of);
    if own == other {
        return vec!["crate".to_owned()];
    }
    let (own, other) = (&workspace.crates[own], &workspace.crates[other]);
    if own.package == other.package {
        return vec![other.name.clone()];
    }
    let folder = &workspace.packages[other.package].folder;
    let mut dependencies = workspace.packages[own.package].dependencies.iter();
    let name = dependencies.find(|(_, one)| one.folder.as_ref() == Some(folder)).map(|(name, _)| name.clone());
    vec![name.unwrap_or_default()]
}

impl Walker<'_> {
    /// Notes what is called in a language that is not known.
    fn note_unread(&mut self, name: &str, values: &[Expression], site: Span) {
        let [Expression { kind: Kind::Unread(paths), .. }] = values else { return };
        let mut unread = Unread { span: site, name: name.to_owned(), blocks: None, functions: Vec::new() };
        for meaning in paths.iter().flat_map(|path| self.meanings(path)) {
            match meaning {
                Meaning::Function(at) => unread.functions.push(at),
                Meaning::Library(name) => {
                    let known = catalogue::known().call(canonical(&name)).filter(|call| !call.as_arguments);
                    unread.blocks = unread.blocks.or_else(|| known.map(|_| name));
                }
                _ => {}
            }
        }
        if !self.in_thread && (unread.blocks.is_some() || !unread.functions.is_empty()) {
            self.out.unread.push(unread);
        }
    }

    pub(super) fn macro_call(&mut self, path: &Path, values: &[Expression], site: Span) -> Value {
        let name = path.last();
        if matches!(name, "routes" | "catchers" | "openapi_get_routes") {
            for value in values {
                if let Some(Callable::Function(at)) = self.evaluate(value).callable {
                    self.out.roots.push((Target::Function(at), false));
                }
            }
            return Value::default();
        }
        self.note_unread(name, values, site);
        let outer = self.in_thread;
        match read(self.workspace, self.around.module, path, values, site, &self.left) {
            Reading::Expanded(expanded) if self.nested < MAX_NESTED => {
                self.nested += 1;
                let known = self.evaluate(&expanded);
                self.nested -= 1;
                return known;
            }
            Reading::InPlace => {}
            // Whatever it names may run somewhere.
            Reading::Expanded(_) | Reading::Unknown => self.in_thread = true,
        }
        let values: Vec<Value> = values.iter().map(|value| self.evaluate(value)).collect();
        self.in_thread = outer;
        let ty = match name {
            "vec" => {
                Ty { arguments: values.into_iter().take(1).map(|one| one.ty).collect(), ..Ty::library("std::vec::Vec") }
            }
            "join" | "try_join" => Ty::tuple(values.into_iter().map(|one| one.ty).collect()),
            "format" => Ty::library("std::string::String"),
            _ => {
                let library = self.meanings(path).into_iter().find_map(|meaning| match meaning {
                    Meaning::Library(path) => Some(path),
                    _ => None,
                });
                library
                    .filter(|path| handlers::is_framework(path))
                    .map_or_else(Ty::default, |path| Ty::library(format!("{}::*", handlers::crate_of(&path))))
            }
        };
        Value { ty, ..Value::default() }
    }
}
