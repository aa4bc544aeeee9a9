//! What is written out of the texts that an expression may stand for, where they are put together: paths, patterns.

use super::{Frame, Types};
use crate::python::calls::last_name;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Operator};
use crate::python::syntax::span_of;

/// Stands for a part that nobody can read.
const GAP: &str = "\0";
/// How deep expressions that stand for each other are followed.
const MAX_DEPTH: u8 = 6;
/// How many texts one expression may stand for.
const MAX_TEXTS: usize = 12;
/// Calls that give the path that they are given.
const SAME: [&str; 8] = ["Path", "PosixPath", "PurePath", "abspath", "expanduser", "fspath", "realpath", "str"];

impl<'a> Types<'a> {
    /// All texts that an expression may stand for, each with gaps where something else is put in; `None` where one
    /// of them cannot be read at all.
    fn outlines(&self, expr: &'a Expr, frame: Frame, depth: u8) -> Option<Vec<String>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let deeper = |expr: &'a Expr| self.outlines(expr, frame, depth + 1);
        let or_gap = |expr: &'a Expr| deeper(expr).unwrap_or_else(|| vec![GAP.to_owned()]);
        let found = match expr {
            Expr::StringLiteral(text) => vec![text.value.to_str().to_owned()],
            Expr::FString(text) => text.value.elements().fold(vec![String::new()], |texts, element| match element {
                ast::InterpolatedStringElement::Literal(literal) => joined(&texts, "", &[literal.value.to_string()]),
                ast::InterpolatedStringElement::Interpolation(part) => joined(&texts, "", &or_gap(&part.expression)),
            }),
            Expr::BinOp(operation) if operation.op == Operator::Add => {
                joined(&or_gap(&operation.left), "", &or_gap(&operation.right))
            }
            Expr::BinOp(operation) if operation.op == Operator::Div => {
                joined(&or_gap(&operation.left), "/", &or_gap(&operation.right))
            }
            Expr::BinOp(operation) if operation.op == Operator::Mod => {
                deeper(&operation.left)?.iter().map(|text| text.replace("%s", GAP).replace("%d", GAP)).collect()
            }
            Expr::If(choice) => [deeper(&choice.body)?, deeper(&choice.orelse)?].concat(),
            Expr::Call(call) => self.outlines_of_call(call, frame, depth)?,
            Expr::Name(name) => {
                if let Some(text) = self.text_of(expr, frame) {
                    return Some(vec![text.to_owned()]);
                }
                let sources = self.sources(name.id.as_str(), frame, span_of(name).start);
                if sources.is_empty() || self.function(frame.function).changed.contains(name.id.as_str()) {
                    return None;
                }
                let each = sources.into_iter().map(|(bound, frame)| self.outlines_of_bound(bound, frame, depth));
                each.collect::<Option<Vec<_>>>()?.concat()
            }
            Expr::Subscript(part) => self.members(&part.value, frame, depth)?,
            _ => vec![self.text_of(expr, frame)?.to_owned()],
        };
        (found.len() <= MAX_TEXTS).then_some(found)
    }

    fn outlines_of_bound(&self, bound: Bound<'a>, frame: Frame, depth: u8) -> Option<Vec<String>> {
        match bound {
            Bound::Value { value: Some(value), .. } => self.outlines(value, frame, depth + 1),
            Bound::Item(iterated) => self.members(iterated, frame, depth),
            // `for name, path in paths.items():`
            Bound::ItemPart(Expr::Call(call), 1) if last_name(&call.func) == "items" => match &*call.func {
                Expr::Attribute(method) => self.members(&method.value, frame, depth),
                _ => None,
            },
            _ => None,
        }
    }

    fn outlines_of_call(&self, call: &'a ast::ExprCall, frame: Frame, depth: u8) -> Option<Vec<String>> {
        let or_gap = |expr: &'a Expr| self.outlines(expr, frame, depth + 1).unwrap_or_else(|| vec![GAP.to_owned()]);
        match (last_name(&call.func), &*call.arguments.args, &*call.func) {
            ("join", parts @ [_, _, ..], _) => {
                let each = parts.iter().map(or_gap);
                each.reduce(|before, part| joined(&before, "/", &part))
            }
            ("joinpath", parts, Expr::Attribute(method)) => {
                let before = self.outlines(&method.value, frame, depth + 1)?;
                Some(parts.iter().fold(before, |before, part| joined(&before, "/", &or_gap(part))))
            }
            ("format", _, Expr::Attribute(method)) => {
                Some(self.outlines(&method.value, frame, depth + 1)?.iter().map(|text| without_fields(text)).collect())
            }
            (name, [path], _) if SAME.contains(&name) => self.outlines(path, frame, depth + 1),
            _ => None,
        }
    }

    /// What stands in a container that is written out.
    fn members(&self, container: &'a Expr, frame: Frame, depth: u8) -> Option<Vec<String>> {
        if depth > MAX_DEPTH {
            return None;
        }
        let each = |values: Vec<&'a Expr>| {
            let all: Option<Vec<_>> =
                values.into_iter().map(|value| self.outlines(value, frame, depth + 1)).take(MAX_TEXTS + 1).collect();
            all.map(|all| all.concat()).filter(|all| !all.is_empty())
        };
        match container {
            Expr::Dict(dict) => each(dict.items.iter().map(|item| &item.value).collect()),
            Expr::List(ast::ExprList { elts, .. })
            | Expr::Tuple(ast::ExprTuple { elts, .. })
            | Expr::Set(ast::ExprSet { elts, .. }) => each(elts.iter().collect()),
            Expr::Call(call) if last_name(&call.func) == "values" => match &*call.func {
                Expr::Attribute(method) => self.members(&method.value, frame, depth + 1),
                _ => None,
            },
            Expr::Name(name) => match *self.sources(name.id.as_str(), frame, span_of(name).start) {
                // What is added later is not looked at.
                [(Bound::Value { value: Some(value), .. }, from)]
                    if !self.facts_at(from.function.file).fills.contains_key(name.id.as_str()) =>
                {
                    self.members(value, from, depth + 1)
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// Whether all paths that an expression may stand for begin with one of these.
    pub fn begins_with(&self, path: &'a Expr, roots: &[&str], frame: Frame) -> bool {
        let all = self.outlines(path, frame, 0).unwrap_or_default();
        !all.is_empty() && all.iter().all(|text| roots.iter().any(|root| text.starts_with(root)))
    }

    /// Whether all paths that an expression may stand for end with one of these names, in whatever folder.
    pub fn names_file(&self, path: &'a Expr, names: &[&str], frame: Frame) -> bool {
        let all = self.outlines(path, frame, 0).unwrap_or_default();
        !all.is_empty() && all.iter().all(|text| text.rsplit_once('/').is_some_and(|(_, name)| names.contains(&name)))
    }

    /// Whether a pattern is written out that names files of one folder: `"*.jpg"`, `f"/tmp/{name}/*"`.
    pub fn lists_one_folder(&self, pattern: &'a Expr, frame: Frame) -> bool {
        let all = self.outlines(pattern, frame, 0).unwrap_or_default();
        !all.is_empty()
            && all.iter().all(|text| {
                // `python*/site-packages` looks for one name in each folder that it lists.
                let listed = text.split('/').filter(|part| part.contains(['*', '?', '['])).count();
                text.rsplit('/').next() != Some(GAP) && !text.contains("**") && listed < 2
            })
    }
}

/// Each of the first texts with each of the others behind it.
fn joined(texts: &[String], between: &str, others: &[String]) -> Vec<String> {
    let pairs = texts.iter().flat_map(|text| others.iter().map(move |other| (text, other)));
    pairs.map(|(text, other)| format!("{text}{between}{other}")).take(MAX_TEXTS + 1).collect()
}

/// `"{root}/*"` with a gap for each field.
fn without_fields(text: &str) -> String {
    let mut left = String::new();
    let mut rest = text;
    while let Some((before, field)) = rest.split_once('{') {
        left.push_str(before);
        left.push_str(GAP);
        rest = field.split_once('}').map_or("", |(_, after)| after);
    }
    left + rest
}
