//! Paths: `os.path`, `pathlib`, and places in the project whose absolute path nobody knows.
//!
//! Works on the text of a path only and never looks at a file system, so what needs one (`exists`,
//! a link that is resolved) is unknown.

use std::rc::Rc;

use crate::source::Span;

use super::call::Arguments;
use super::cell::{Cell, Text, Thing};
use super::operators::{Calc, MAX_TEXT, TOO_LARGE, tuple};
use super::run::{Run, Step};

/// A path object's text: no empty parts, no `.`, no slash at the end.
pub(super) fn normal(text: &str) -> Text {
    let absolute = text.starts_with('/');
    let parts: Vec<&str> = text.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => format!("/{joined}").into(),
        (false, true) => ".".into(),
        (false, false) => joined.into(),
    }
}

/// The path without its last part.
fn parent(path: &str) -> &str {
    match path.rfind('/') {
        Some(0) => "/",
        Some(at) => path.get(..at).unwrap_or(""),
        None if path == "." => ".",
        None => "",
    }
}

/// `folder / more` of texts without `.` and `..` in `more`; `None` where it climbs out of the project.
fn below(folder: &str, more: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in more.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

fn inside<'a>(path: Option<String>, object: bool) -> Calc<'a> {
    match path {
        Some(path) if path.len() <= MAX_TEXT => Calc::Is(Thing::Inside { path: path.into(), object }),
        Some(_) => TOO_LARGE,
        None => Calc::Unknown("a path outside the project"),
    }
}

fn file_name(path: &str) -> &str {
    match path.rsplit('/').next() {
        Some(".") | None => "",
        Some(name) => name,
    }
}

/// A name without and with its last extension.
fn split_name(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && at + 1 < name.len() => name.split_at(at),
        _ => (name, ""),
    }
}

/// `os.path.join`.
fn join_texts<'a>(parts: &[Cell<'a>]) -> Calc<'a> {
    let mut path = String::new();
    let mut located: Option<String> = None;
    for (index, part) in parts.iter().enumerate() {
        let (Thing::Str(part) | Thing::Path(part)) = &part.thing else {
            match &part.thing {
                Thing::Inside { path: start, .. } => {
                    located = Some(start.to_string());
                    path.clear();
                    continue;
                }
                Thing::None | Thing::Int(_) | Thing::Bool(_) | Thing::Float(_) => {
                    return Calc::Raises("TypeError", "a path made of something that is no text");
                }
                _ => return Calc::Unknown("a path that is not known"),
            }
        };
        if part.starts_with('/') {
            path.clear();
            located = None;
        } else if index > 0 && !path.is_empty() && !path.ends_with('/') {
            path.push('/');
        }
        path.push_str(part);
        if path.len() > MAX_TEXT {
            return TOO_LARGE;
        }
    }
    match located {
        Some(folder) => inside(below(&folder, &path), false),
        None => Calc::Is(Thing::Str(path.into())),
    }
}

/// `os.path.normpath`.
fn normalized(text: &str) -> String {
    let absolute = text.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) if text.starts_with("//") && !text.starts_with("///") => format!("//{joined}"),
        (true, _) => format!("/{joined}"),
        (false, true) => ".".to_owned(),
        (false, false) => joined,
    }
}

impl<'a> Run<'a, '_> {
    /// A function of `os.path`; `None` if it is not followed.
    pub(super) fn path_function(&mut self, name: &str, arguments: &[Cell<'a>]) -> Step<Option<Calc<'a>>> {
        self.spend_on_paths(arguments.iter())?;
        let text = |text: &str| Calc::Is(Thing::Str(text.into()));
        let first = arguments.first().map(|cell| &cell.thing);
        if let Some(Thing::Unknown(_)) = first {
            return Ok(Some(Calc::Unknown("a path that is not known")));
        }
        Ok(Some(match (name, first) {
            ("join", Some(_)) => join_texts(arguments),
            ("dirname", Some(Thing::Inside { path, .. })) if !path.is_empty() => {
                inside(Some(parent(path).to_owned()), false)
            }
            ("abspath" | "realpath" | "normpath", Some(Thing::Inside { path, .. })) => {
                inside(Some(path.to_string()), false)
            }
            ("basename", Some(Thing::Inside { path, .. })) if !path.is_empty() => text(file_name(path)),
            ("basename" | "dirname" | "split", Some(Thing::Str(path) | Thing::Path(path))) => {
                let (folder, file) = match path.rfind('/') {
                    Some(at) => path.split_at(at + 1),
                    None => ("", path.as_ref()),
                };
                let stripped = folder.trim_end_matches('/');
                let folder = if stripped.is_empty() { folder } else { stripped };
                match name {
                    "basename" => text(file),
                    "dirname" => text(folder),
                    _ => Calc::Is(tuple(vec![Cell::str(folder), Cell::str(file)]).thing),
                }
            }
            ("splitext", Some(Thing::Str(path))) => {
                let start = path.rfind('/').map_or(0, |at| at + 1);
                let name = path.get(start..).unwrap_or("");
                let leading = name.len() - name.trim_start_matches('.').len();
                let at = name.rfind('.').filter(|at| leading < *at);
                let (root, extension) = path.split_at(at.map_or(path.len(), |at| start + at));
                Calc::Is(tuple(vec![Cell::str(root), Cell::str(extension)]).thing)
            }
            ("isabs", Some(Thing::Str(path))) => Calc::Is(Thing::Bool(path.starts_with('/'))),
            ("normpath", Some(Thing::Str(path))) => text(&normalized(path)),
            // The folder the server starts in is not known; an absolute path needs none.
            ("abspath", Some(Thing::Str(path))) if path.starts_with('/') => text(&normalized(path)),
            ("expanduser", Some(Thing::Str(path))) if !path.starts_with('~') => text(path),
            ("expandvars", Some(Thing::Str(path))) if !path.contains('$') => text(path),
            _ => return Ok(None),
        }))
    }

    /// Pays for going over the texts of paths.
    pub(super) fn spend_on_paths<'c>(&mut self, paths: impl IntoIterator<Item = &'c Cell<'a>>) -> Step<()>
    where
        'a: 'c,
    {
        let length = |cell: &Cell<'a>| match &cell.thing {
            Thing::Str(path) | Thing::Path(path) | Thing::Inside { path, .. } => path.len(),
            _ => 0,
        };
        let total: usize = paths.into_iter().map(length).sum();
        self.spend(4 + total / 8)
    }

    /// `Path(...)`.
    pub(super) fn make_path(parts: &[Cell<'a>]) -> Calc<'a> {
        match join_texts(parts) {
            Calc::Is(Thing::Str(text)) => Calc::Is(Thing::Path(normal(&text))),
            Calc::Is(Thing::Inside { path, .. }) => Calc::Is(Thing::Inside { path, object: true }),
            other => other,
        }
    }

    /// An attribute of a path object.
    pub(super) fn path_attribute(&mut self, value: &Cell<'a>, name: &str, at: Span) -> Step<Cell<'a>> {
        self.spend_on_paths([value])?;
        let text = |text: &str| Calc::Is(Thing::Str(text.into()));
        let (path, located) = match &value.thing {
            Thing::Path(path) => (path, false),
            Thing::Inside { path, object: true } => (path, true),
            _ => return Ok(Cell::new(Thing::Method(Rc::new((value.clone(), name.into()))))),
        };
        let up = |path: &str| -> Option<Thing<'a>> {
            if located {
                (!path.is_empty()).then(|| Thing::Inside { path: parent(path).into(), object: true })
            } else {
                let above = parent(path);
                Some(Thing::Path(if above.is_empty() { ".".into() } else { above.into() }))
            }
        };
        // Where the project's own folder lies, and how it is called, is not known.
        let nameless = located && path.is_empty();
        let calc = match name {
            "parent" => up(path).map_or(Calc::Unknown("a path outside the project"), Calc::Is),
            "parents" => {
                let mut all = Vec::new();
                let mut current = Rc::clone(path);
                while all.len() < 64 && !matches!(current.as_ref(), "" | "." | "/") {
                    let Some(thing) = up(&current) else { break };
                    if let Thing::Path(path) | Thing::Inside { path, .. } = &thing {
                        current = Rc::clone(path);
                    }
                    all.push(Cell::new(thing));
                }
                Calc::Is(tuple(all).thing)
            }
            "name" if !nameless => text(if path.as_ref() == "/" { "" } else { file_name(path) }),
            "stem" if !nameless => text(split_name(file_name(path)).0),
            "suffix" if !nameless => text(split_name(file_name(path)).1),
            _ => return Ok(Cell::new(Thing::Method(Rc::new((value.clone(), name.into()))))),
        };
        self.settle(calc, &[value], at)
    }

    /// A method of a path object.
    pub(super) fn path_method(
        &mut self,
        receiver: &Cell<'a>,
        name: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        self.spend_on_paths(arguments.all().chain([receiver]))?;
        let mut operands = vec![receiver];
        operands.extend(arguments.all());
        if arguments.all().any(Cell::is_unknown) {
            return self.settle(Calc::Unknown("a path that is not known"), &operands, at);
        }
        let located = matches!(receiver.thing, Thing::Inside { .. });
        let calc = match (name, arguments.positional.as_slice()) {
            ("joinpath", more) => {
                let mut parts = vec![receiver.clone()];
                parts.extend(more.iter().cloned());
                Self::make_path(&parts)
            }
            ("resolve" | "absolute", []) if located => Calc::Is(receiver.thing.clone()),
            ("absolute", []) => match &receiver.thing {
                Thing::Path(path) if path.starts_with('/') => Calc::Is(receiver.thing.clone()),
                _ => Calc::Unknown("depends on the folder the server starts in"),
            },
            ("expanduser", []) => match &receiver.thing {
                Thing::Path(path) if path.starts_with('~') => Calc::Unknown("depends on the user"),
                thing => Calc::Is(thing.clone()),
            },
            ("as_posix" | "__str__" | "__fspath__", []) => Self::path_text(&receiver.thing),
            ("is_absolute", []) => match &receiver.thing {
                Thing::Path(path) => Calc::Is(Thing::Bool(path.starts_with('/'))),
                _ => Calc::Unknown("depends on where the project lies"),
            },
            ("with_suffix" | "with_name", [Cell { thing: Thing::Str(new), .. }]) => match &receiver.thing {
                Thing::Path(path)
                    if !file_name(path).is_empty()
                        && (name == "with_name" || new.is_empty() || new.starts_with('.')) =>
                {
                    let old = file_name(path);
                    let folder = path.get(..path.len() - old.len()).unwrap_or("");
                    let stem = split_name(old).0;
                    let file = if name == "with_name" { new.to_string() } else { format!("{stem}{new}") };
                    Calc::Is(Thing::Path(format!("{folder}{file}").into()))
                }
                _ => Calc::Unknown("a path that is not followed"),
            },
            _ => Calc::Unknown("depends on the file system"),
        };
        self.settle(calc, &operands, at)
    }

    /// `str(path)`.
    pub(super) fn path_text(thing: &Thing<'a>) -> Calc<'a> {
        match thing {
            Thing::Path(path) => Calc::Is(Thing::Str(Rc::clone(path))),
            Thing::Inside { path, .. } => Calc::Is(Thing::Inside { path: Rc::clone(path), object: false }),
            _ => Calc::Unknown("a path that is not known"),
        }
    }

    /// `path / more`, `more / path`, and a text behind a place in the project.
    pub(super) fn path_operator(a: &Cell<'a>, b: &Cell<'a>, divides: bool) -> Option<Calc<'a>> {
        match (&a.thing, &b.thing) {
            (Thing::Path(_) | Thing::Inside { object: true, .. }, _)
            | (_, Thing::Path(_) | Thing::Inside { object: true, .. })
                if divides =>
            {
                Some(Self::make_path(&[a.clone(), b.clone()]))
            }
            (Thing::Inside { path, object: false }, Thing::Str(more))
                if !divides && (more.starts_with('/') || more.is_empty()) =>
            {
                Some(inside(below(path, more), false))
            }
            (Thing::Inside { .. } | Thing::Path(_), _) | (_, Thing::Inside { .. } | Thing::Path(_)) => {
                Some(Calc::Unknown("depends on where the project lies"))
            }
            _ => None,
        }
    }
}
