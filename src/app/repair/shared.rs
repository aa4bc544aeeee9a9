//! Files of one fixed name that a request writes and reads back.
//!
//! On the loop the requests come one after the other; moved to threads they read what another one has written. Decided
//! within one function: who writes a file in one and reads it in another keeps something in it.

use std::collections::{BTreeMap, BTreeSet};

use crate::python::calls::{EventKind, last_name};
use crate::python::effects::Effects;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::visitor::{self, Visitor};
use crate::python::types::{Frame, Types};

/// How many functions below one are looked at.
const MAX_BELOW: usize = 200;
/// How deep names and calls are followed.
const MAX_DEPTH: u8 = 4;
/// In a function that does more than this, nobody looks.
const MAX_EVENTS: usize = 1_000;

/// The name of a file that all calls of a function share, or of one that it calls.
pub(in crate::app) fn shared_file<'a>(effects: &Effects<'_, 'a>, node: usize) -> Option<&'a str> {
    let mut seen = BTreeSet::from([node]);
    let mut functions = BTreeSet::new();
    let mut open = vec![node];
    while let Some(node) = open.pop() {
        let node = effects.node(node);
        if functions.insert(node.frame.function)
            && let Some(shared) = written_and_read(effects.types(), node.frame)
        {
            return Some(shared);
        }
        if seen.len() < MAX_BELOW {
            open.extend(node.steps.iter().map(|step| step.to).filter(|to| seen.insert(*to)));
        }
    }
    None
}

/// What a function does with a file.
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
struct Uses {
    writes: bool,
    /// Whether the name is part of a text, such as the line of a command.
    names: bool,
    reads: bool,
    hands_on: bool,
}

fn written_and_read<'a>(types: &Types<'a>, frame: Frame) -> Option<&'a str> {
    let function = types.function(frame.function);
    let opens = |kind: &EventKind<'_>| match kind {
        EventKind::Call(call, _) => matches!(last_name(&call.func), "open" | "write_bytes" | "write_text"),
        _ => false,
    };
    if function.events.len() > MAX_EVENTS || !function.events.iter().any(|event| opens(&event.kind)) {
        return None;
    }
    let mut files: BTreeMap<&'a str, Uses> = BTreeMap::new();
    let paths = Paths { types, frame };
    for event in &function.events {
        if let EventKind::Call(call, _) = event.kind {
            paths.used(call, &mut files);
        }
    }
    if !files.values().any(|uses| uses.writes || uses.reads) {
        return None;
    }
    let mut texts = Texts::default();
    let bound = function.bindings.values().flatten().filter_map(|binding| match binding.bound {
        Bound::Value { value: Some(value), .. } => Some(value),
        _ => None,
    });
    bound.for_each(|value| texts.visit_expr(value));
    for event in &function.events {
        if let EventKind::Call(call, _) = event.kind {
            call.arguments.args.iter().for_each(|argument| texts.visit_expr(argument));
        }
    }
    let filled: BTreeSet<&str> = texts.filled.iter().filter_map(|part| paths.path(part, 0)).collect();
    for (path, uses) in &mut files {
        let is_word = |text: &&str| *text != *path && text.split_whitespace().any(|word| word == *path);
        uses.names = filled.contains(path) || texts.written.iter().any(is_word);
    }
    let is_shared =
        |uses: &Uses| uses.writes && (uses.reads || uses.hands_on || uses.names) || uses.names && uses.reads;
    files.into_iter().find_map(|(path, uses)| is_shared(&uses).then_some(path))
}

struct Paths<'t, 'a> {
    types: &'t Types<'a>,
    frame: Frame,
}

impl<'a> Paths<'_, 'a> {
    /// Notes what a call does with the files that it names.
    fn used(&self, call: &'a ast::ExprCall, files: &mut BTreeMap<&'a str, Uses>) {
        let name = last_name(&call.func);
        if let Expr::Attribute(method) = &*call.func
            && let Some(path) = self.path(&method.value, 0)
        {
            let uses = files.entry(path).or_default();
            match name {
                "write_text" | "write_bytes" => uses.writes = true,
                "open" if writes(call, 0) => uses.writes = true,
                "read_text" | "read_bytes" | "unlink" | "open" => uses.reads = true,
                _ => {}
            }
            return;
        }
        for (argument, position) in call.arguments.args.iter().zip(0..) {
            let Some(path) = self.path(argument, 0) else { continue };
            let uses = files.entry(path).or_default();
            match name {
                "open" if position > 0 => {}
                "open" if writes(call, 1) => uses.writes = true,
                "open" | "remove" | "unlink" => uses.reads = true,
                "str" | "Path" | "print" => {}
                _ => uses.hands_on = true,
            }
        }
    }

    /// The path that an expression stands for, the same one in every call.
    fn path(&self, expr: &'a Expr, depth: u8) -> Option<&'a str> {
        if depth > MAX_DEPTH {
            return None;
        }
        match expr {
            Expr::Call(call) => match (last_name(&call.func), &*call.arguments.args) {
                ("Path" | "PurePath" | "str" | "fspath", [path]) => self.path(path, depth + 1),
                _ => None,
            },
            Expr::Name(name) => {
                let bindings = self.types.function(self.frame.function).bindings.get(name.id.as_str());
                match bindings.map(Vec::as_slice) {
                    Some([only]) => match only.bound {
                        Bound::Value { value: Some(value), .. } => self.path(value, depth + 1),
                        _ => None,
                    },
                    Some(_) => None,
                    None => self.types.text_of(expr, self.frame),
                }
            }
            Expr::StringLiteral(text) => Some(text.value.to_str()),
            Expr::Attribute(_) => self.types.text_of(expr, self.frame),
            _ => None,
        }
    }
}

/// Whether the mode with which a file is opened is one of writing it anew.
fn writes(call: &ast::ExprCall, position: usize) -> bool {
    let named = call.arguments.find_keyword("mode").map(|keyword| &keyword.value);
    let mode = call.arguments.args.get(position).or(named);
    matches!(mode, Some(Expr::StringLiteral(mode)) if mode.value.to_str().contains(['w', 'x']))
}

/// The texts of a function, and what is filled into them.
#[derive(Default)]
struct Texts<'a> {
    written: Vec<&'a str>,
    filled: Vec<&'a Expr>,
}

impl<'a> Visitor<'a> for Texts<'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::StringLiteral(text) => self.written.push(text.value.to_str()),
            Expr::FString(text) => {
                let filled = text.value.elements().filter_map(|element| match element {
                    ast::InterpolatedStringElement::Interpolation(part) => Some(&*part.expression),
                    ast::InterpolatedStringElement::Literal(_) => None,
                });
                self.filled.extend(filled);
            }
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}
