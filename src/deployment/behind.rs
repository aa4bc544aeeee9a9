//! Where a value comes from that is only handed on where it is set.
//!
//! Finds the bytes that are the value: those of a variable that a file sets and a configuration reads, the default
//! that stands in for one that nothing sets (`${THREADS:-1}`, `int(os.getenv("W", "9"))`), or a value of a Helm chart.
//! Where bytes elsewhere only lead to the value, it names them. Whether the value should change is not decided here.

use std::collections::{BTreeMap, BTreeSet};

use super::effective::{Candidate, Layer, Resolved, Site};
use super::{Dependency, Deployment, chart_values};
use crate::findings::Edit;
use crate::python::syntax::{Module, ast, parse, span_of};
use crate::source::{Files, Place, Span};
use crate::values::Value;

/// What stands behind a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// The bytes that say it.
    pub place: Place,
    /// What is set there, as code: `` `WORKERS` ``.
    pub name: String,
    /// Whether the bytes are the value and nothing else, so that another one may take their place.
    pub exact: bool,
    /// The variable that decides instead, as soon as somebody sets it.
    pub unless: Option<String>,
}

impl Behind {
    /// Gives the value another text.
    pub fn set(&self, value: &Value) -> Option<Edit> {
        let text = super::edit::plain_text(value).filter(|_| self.exact)?;
        Some(Edit::replace(self.place, text))
    }
}

/// What takes the place of a variable as long as nobody sets it, which may be a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// The bytes of it.
    pub place: Place,
    /// The same with what makes a text of it: `str(cpu_count())`.
    pub whole: Place,
    /// The variable.
    pub name: String,
}

/// Where variables are set, and whether the bytes there are all that decides them.
pub(super) type Assigned = BTreeMap<String, (Place, bool)>;

impl Deployment {
    /// Where the value of `winner` comes from; `None` where it is written where it is set, or comes from several places.
    pub fn behind(&self, winner: &Candidate, files: &Files) -> Option<Behind> {
        let place = winner.place?;
        let value = match &winner.value {
            Resolved::Known(value) => Some(value),
            Resolved::Unknown(_) => None,
        };
        match variables(winner)?.as_slice() {
            [name] => match self.assigned.get(*name) {
                // What the server reads from the variable itself is set right there.
                Some((at, _)) if *at == place => None,
                Some(found) => Some(self.set_at(name, *found, value, files)),
                None => default_of(name, place, value, files).or_else(|| named_before(place, files)),
            },
            [] => match reference(files.text_at(place)) {
                Some(name) => {
                    let found = self.assigned.get(name).or_else(|| self.outer.get(name));
                    found.filter(|found| found.0 != place).map(|found| self.set_at(name, *found, value, files))
                }
                None => chart_values::of(place, files)
                    .map(|(name, at, exact)| Behind {
                        exact: exact && is_text_of(at, value, files),
                        ..named(&name, at)
                    })
                    .or_else(|| named_before(place, files)),
            },
            _ => None,
        }
    }

    /// What stands behind a variable that is set at a place, or filled in there from another one.
    fn set_at(&self, name: &str, (at, alone): (Place, bool), value: Option<&Value>, files: &Files) -> Behind {
        let own = named(name, at);
        if is_text_of(at, value, files) {
            return Behind { exact: alone, ..own };
        }
        let Some(other) = reference(files.text_at(at)).filter(|other| *other != name) else { return own };
        match self.outer.get(other) {
            Some((at, alone)) => Behind { exact: *alone && is_text_of(*at, value, files), ..named(other, *at) },
            None => default_of(other, at, value, files).unwrap_or(own),
        }
    }

    /// `winner` as the words of the command give it, and the variable at the end of the command that would add others as
    /// soon as somebody sets it, which nothing here does: `gunicorn --workers 9 $GUNICORN_EXTRA_ARGS`.
    pub fn without_tail(&self, winner: &Candidate) -> (Candidate, Option<String>) {
        let is_words = winner.layer == Layer::CommandLine && matches!(winner.site, Some(Site::Words { .. }));
        let known = matches!(winner.value, Resolved::Known(_));
        // Of a variable that is a part of the value there would be no value without a default.
        let (tail, rest): (Vec<&Dependency>, Vec<&Dependency>) = winner.depends.iter().partition(|one| {
            is_words
                && known
                && matches!(one, Dependency::Environment { name, default: None } if !self.assigned.contains_key(name))
        });
        let name = tail.into_iter().find_map(|one| match one {
            Dependency::Environment { name, .. } => Some(name.clone()),
            _ => None,
        });
        (Candidate { depends: rest.into_iter().cloned().collect(), ..winner.clone() }, name)
    }

    /// What stands in where `winner` is set for the only variable that decides it, which nothing here sets:
    /// `${W:-$(nproc)}`, `int(os.getenv("W", cpu_count() * 2))`. `None` where something is calculated with it afterwards.
    pub fn stand_in(&self, winner: &Candidate, files: &Files) -> Option<StandIn> {
        let place = winner.place?;
        let mut names: Vec<&str> = winner.named_variables().collect();
        names.dedup();
        let [name] = names.as_slice() else { return None };
        if self.assigned.contains_key(*name) {
            return None;
        }
        let text = files.text_at(place);
        let at =
            |span: Span| Place::new(place.file, Span::new(place.span.start + span.start, place.span.start + span.end));
        let (inner, whole) = if files.get(place.file).is_python() {
            expression_in_python(name, text)?
        } else {
            let span = words_in_shell(name, text)?;
            (span, span)
        };
        Some(StandIn { place: at(inner), whole: at(whole), name: (*name).to_owned() })
    }

    /// The only variable that decides the value of `winner` as soon as somebody sets it, which nothing here does.
    pub fn unset_variable<'c>(&self, winner: &'c Candidate) -> Option<&'c str> {
        match variables(winner)?.as_slice() {
            [name] if !self.assigned.contains_key(*name) => Some(*name),
            _ => None,
        }
    }
}

/// The variables that a value rests on; `None` where it rests on something else as well.
fn variables(winner: &Candidate) -> Option<Vec<&str>> {
    let names: Option<BTreeSet<&str>> = winner
        .depends
        .iter()
        .map(|dependency| match dependency {
            Dependency::Environment { name, .. } | Dependency::InPlace { name, .. } => Some(name.as_str()),
            _ => None,
        })
        .collect();
    names.map(|names| names.into_iter().collect())
}

fn named(name: &str, place: Place) -> Behind {
    Behind { place, name: format!("`{name}`"), exact: false, unless: None }
}

fn is_text_of(place: Place, value: Option<&Value>, files: &Files) -> bool {
    let text = files.text_at(place);
    match value {
        Some(Value::Int(n)) => text.trim() == n.to_string(),
        Some(Value::Str(own)) => text == own,
        _ => false,
    }
}

/// The only variable in a word, where the word, or what stands behind its `=`, is that variable alone.
pub(super) fn reference(text: &str) -> Option<&str> {
    let text = text.trim().trim_matches(['"', '\'']);
    let text = if text.starts_with('-') { text.split_once('=')?.1 } else { text };
    let inner = |open: &str, close: &str| text.strip_prefix(open)?.strip_suffix(close);
    let name = inner("${", "}")
        .map(|inner| inner.split([':', '-', '?', '+']).next().unwrap_or(inner))
        .or_else(|| inner("$(", ")"))
        .or_else(|| inner("%(ENV_", ")s"))
        .or_else(|| text.strip_prefix('$'))?;
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some(name)
}

/// The default that stands in for the variable `name` at `place`, where it is the value.
fn default_of(name: &str, place: Place, value: Option<&Value>, files: &Files) -> Option<Behind> {
    let text = files.text_at(place);
    let span =
        if files.get(place.file).is_python() { default_in_python(name, text) } else { default_in_shell(name, text) };
    let span = span?;
    let at = Place::new(place.file, Span::new(place.span.start + span.start, place.span.start + span.end));
    let found = Behind { exact: true, unless: Some(name.to_owned()), ..named(name, at) };
    is_text_of(at, value, files).then_some(found)
}

/// `${W:-9}`: the bytes of the default.
fn default_in_shell(name: &str, text: &str) -> Option<Span> {
    let span = [":-", "-"].into_iter().find_map(|operator| {
        let open = format!("${{{name}{operator}");
        let start = text.find(&open)? + open.len();
        Some(Span::new(start, start + text.get(start..)?.find('}')?))
    })?;
    // Used twice, it is not the only default.
    (!text.get(span.end..)?.contains(&format!("${{{name}"))).then_some(span)
}

/// `"${W:-$(nproc)}"`: the bytes behind the operator, where the variable is all that the word says, or what stands behind
/// the `=` of an option.
fn words_in_shell(name: &str, text: &str) -> Option<Span> {
    let (start, before) = [":-", "-", ":=", "="].into_iter().find_map(|operator| {
        let open = format!("${{{name}{operator}");
        let (before, _) = text.split_once(&open)?;
        Some((before.len() + open.len(), before))
    })?;
    let end = start + closing(text.get(start..)?)?;
    // Compose writes one `$` as two.
    let is_bare = |text: &str| text.chars().all(|c| matches!(c, '"' | '\'' | '\\' | '$'));
    let option =
        before.rsplit_once('=').filter(|(flag, _)| flag.trim_start_matches(['"', '\'', '\\']).starts_with('-'));
    let alone = is_bare(before) || option.is_some_and(|(_, rest)| is_bare(rest));
    (alone && is_bare(text.get(end + 1..)?)).then_some(Span::new(start, end))
}

/// Where the bracket closes that `text` stands behind.
pub(super) fn closing(text: &str) -> Option<usize> {
    let mut open = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 0 => return Some(at),
            '}' => open -= 1,
            _ => {}
        }
    }
    None
}

/// `int(os.environ.get("W", "9"))`: the bytes of the default, without quotes.
fn default_in_python(name: &str, text: &str) -> Option<Span> {
    with_default(name, text, &|default| literal(default, text))
}

/// `int(os.environ.get("W", str(cpu_count() * 2)))`: the bytes of the formula, and those of the default.
fn expression_in_python(name: &str, text: &str) -> Option<(Span, Span)> {
    with_default(name, text, &|default| {
        let inner = match default {
            ast::Expr::Call(call) if matches!(&*call.func, ast::Expr::Name(name) if name.id.as_str() == "str") => {
                call.arguments.args.first().filter(|_| call.arguments.len() == 1)?
            }
            other => other,
        };
        Some((in_brackets(inner)?, in_brackets(default)?))
    })
}

/// What `seen` says of the default of the variable `name` in an expression of Python.
fn with_default<T>(name: &str, text: &str, seen: &dyn Fn(&ast::Expr) -> Option<T>) -> Option<T> {
    // Brackets let it go over several lines.
    let module: Module = parse(&format!("({text}\n)")).ok()?;
    let [ast::Stmt::Expr(statement)] = module.body.as_slice() else { return None };
    seen(default_in(name, &statement.value)?)
}

fn default_in<'a>(name: &str, expression: &'a ast::Expr) -> Option<&'a ast::Expr> {
    match expression {
        ast::Expr::Call(call) => {
            let arguments = &call.arguments;
            let first = arguments.args.first()?;
            let converts =
                matches!(&*call.func, ast::Expr::Name(name) if matches!(name.id.as_str(), "int" | "float" | "str"));
            if converts && arguments.args.len() == 1 {
                return default_in(name, first);
            }
            let named = matches!(first, ast::Expr::StringLiteral(literal) if literal.value.to_str() == name);
            let by_name = || arguments.keywords.iter().find(|one| one.arg.as_ref().is_some_and(|arg| arg == "default"));
            let default = arguments.args.get(1).or_else(|| by_name().map(|keyword| &keyword.value));
            default.filter(|_| named)
        }
        // `int(os.getenv("W") or 9)`
        ast::Expr::BoolOp(choice) if choice.op == ast::BoolOp::Or => match choice.values.as_slice() {
            [ast::Expr::Call(_), default] => Some(default),
            _ => None,
        },
        _ => None,
    }
}

/// The bytes of an expression in a text that was parsed behind one bracket.
fn in_brackets(expression: &ast::Expr) -> Option<Span> {
    let span = span_of(expression);
    Some(Span::new(span.start.checked_sub(1)?, span.end.checked_sub(1)?))
}

/// The bytes of a number or of the inside of a string, in a text that was parsed behind one bracket.
fn literal(expression: &ast::Expr, text: &str) -> Option<Span> {
    let span = in_brackets(expression)?;
    match expression {
        ast::Expr::NumberLiteral(_) => Some(span),
        ast::Expr::StringLiteral(_) => {
            let written = text.get(span.start..span.end)?;
            let quote = written.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let inner = written.strip_prefix(quote)?.strip_suffix(quote)?;
            (!inner.contains(['"', '\'', '\\'])).then(|| Span::new(span.start + 1, span.end - 1))
        }
        _ => None,
    }
}

/// The first name in an expression of Python which the top of the same file gives a value before, and where it does.
fn named_before(place: Place, files: &Files) -> Option<Behind> {
    let file = files.get(place.file);
    if !file.is_python() {
        return None;
    }
    let text = files.text_at(place);
    let names: BTreeSet<&str> =
        text.split(|c: char| !(c.is_alphanumeric() || c == '_')).filter(|word| !word.is_empty()).collect();
    let module = parse(file.text()).ok()?;
    let before = module.body.iter().filter(|statement| span_of(*statement).end <= place.span.start);
    let bound = before.filter_map(|statement| match statement {
        ast::Stmt::Assign(assign) => match assign.targets.as_slice() {
            [ast::Expr::Name(name)] => Some((name.id.as_str(), span_of(statement))),
            _ => None,
        },
        _ => None,
    });
    let (name, span) = bound.filter(|(name, _)| names.contains(name)).last()?;
    Some(named(name, Place::new(place.file, span)))
}
