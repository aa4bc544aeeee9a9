//! An application that a server is handed as an object.
//!
//! `uvicorn.run(create_app())` names nothing that another process could import: what counts is the expression, in
//! the function it stands in, with what those who call that function give it.

use std::collections::BTreeMap;

use super::known::APPLICATIONS;
use super::orphans::{guarded, kind};
use super::target::{Caller, Judge, Target, UNKNOWN, Verdict, agree};
use crate::python::calls::last_name;
use crate::python::syntax::ast::{self, Expr};
use crate::python::syntax::{Module, span_of};
use crate::python::types::{ClassId, Frame, FunctionId, Types, Value};
use crate::source::{FileId, Place};

/// Finds the application that the expression at `place` comes to; if `called`, that is a function which makes it.
pub(super) fn find<'a>(
    modules: &'a BTreeMap<FileId, Module>,
    types: &Types<'a>,
    place: Place,
    called: bool,
) -> Option<Target> {
    let index = types.index_of(place.file)?;
    // Whoever calls a function may be anywhere.
    let all: Vec<u32> = types.files().collect();
    types.load(&all);
    let programs: Vec<Caller<'_>> = modules
        .iter()
        .filter_map(|(file, module)| Some((types.module_frame(types.index_of(*file)?), module)))
        .flat_map(|(frame, module)| guarded(module).into_iter().map(move |call| (call, frame)))
        .collect();
    let (expr, frame) = expression(types, &programs, index, place)?;
    let mut judge = Judge::new(types);
    judge.callers = Some(&programs);
    let verdict = judge.handed(expr, frame, called);
    if verdict == UNKNOWN {
        return None;
    }
    let made = judge.made.or_else(|| construction(types, &programs, verdict, frame)).unwrap_or(place);
    judge.files.extend(types.index_of(made.file));
    let modules = std::iter::once(index).chain(judge.files.into_iter().filter(|file| *file != index)).collect();
    let plain = |frames: Vec<Frame>| frames.into_iter().map(|frame| types.plain(frame.function)).collect();
    Some(Target {
        place: made,
        made: None,
        interface: verdict.0,
        framework: verdict.1,
        modules,
        callables: plain(judge.callables),
        factories: plain(judge.factories),
    })
}

/// The expression with exactly these bytes, as an argument of a call or as what a function returns.
fn expression<'a>(types: &Types<'a>, programs: &[Caller<'a>], index: u32, place: Place) -> Option<(&'a Expr, Frame)> {
    let facts = types.facts_at(index);
    let frame = |function| types.plain(FunctionId { file: index, index: function });
    let calls = facts.calls.iter().map(|&(function, call)| (call, frame(function)));
    let own = programs.iter().copied().filter(|(_, frame)| frame.function.file == index);
    let argument = |(call, frame): (&'a ast::ExprCall, Frame)| {
        let named = call.arguments.keywords.iter().map(|keyword| &keyword.value);
        let mut all = call.arguments.args.iter().chain(named);
        Some((all.find(|argument| span_of(*argument) == place.span)?, frame))
    };
    let returned = || {
        let functions = facts.functions.iter().zip(0..);
        let mut all =
            functions.flat_map(|(function, number)| function.results.iter().map(move |result| (*result, number)));
        all.find(|(result, _)| span_of(*result) == place.span).map(|(result, number)| (result, frame(number)))
    };
    calls.chain(own).find_map(argument).or_else(returned)
}

/// The only call in the project that makes an application of this kind, or the only one in the class that `user`
/// is a method of.
fn construction<'a>(types: &Types<'a>, programs: &[Caller<'a>], verdict: Verdict, user: Frame) -> Option<Place> {
    let names = APPLICATIONS.iter().filter(|(_, _, framework)| *framework == verdict.1);
    let names: Vec<&str> = names.filter_map(|(name, ..)| name.rsplit('.').next()).collect();
    let calls = types.files().flat_map(|file| {
        let calls = types.facts_at(file).calls.iter();
        calls.map(move |&(index, call)| (call, types.plain(FunctionId { file, index })))
    });
    let likely = calls.chain(programs.iter().copied()).filter(|(call, _)| names.contains(&last_name(&call.func)));
    let mut made: Vec<_> = likely.filter(|(call, frame)| kind(types, call, *frame) == Some(verdict)).collect();
    if made.len() > 1 {
        let class = types.function(user.function).class;
        made.retain(|(_, frame)| {
            let function = frame.function;
            class.is_some() && function.file == user.function.file && types.function(function).class == class
        });
    }
    let [(call, frame)] = made.as_slice() else { return None };
    Some(Place::new(types.facts_at(frame.function.file).file, span_of(*call)))
}

/// More calls of one function tell nothing new.
const MAX_CALLERS: usize = 16;

impl<'a> Judge<'_, 'a> {
    /// What an expression in `frame` comes to; if `called`, it is a function that makes the application.
    pub(super) fn handed(&mut self, expr: &'a Expr, frame: Frame, called: bool) -> Verdict {
        match expr {
            Expr::Name(name) if called => {
                let sources = self.types.sources(name.id.as_str(), frame, span_of(name).start);
                let verdicts: Vec<_> = sources.into_iter().map(|source| self.source(source, true)).collect();
                agree(&verdicts)
            }
            _ => self.expression(expr, frame),
        }
    }

    /// What all who call a function of the project give it.
    pub(super) fn given(&mut self, position: u16, frame: Frame) -> Verdict {
        let (Some(programs), types) = (self.callers, self.types) else { return UNKNOWN };
        let function = types.function(frame.function);
        let class = function.class.map(|index| ClassId { file: frame.function.file, index });
        let makes = class.filter(|_| function.name == "__init__");
        let name = makes.map_or(function.name, |class| types.class(class).name);
        let Some(parameter) = function.parameters.get(usize::from(position)) else { return UNKNOWN };
        let files = types.files().flat_map(|file| {
            let calls = types.facts_at(file).calls.iter();
            calls.map(move |&(index, call)| (call, types.plain(FunctionId { file, index })))
        });
        let of_name = files.chain(programs.iter().copied()).filter(|(call, _)| last_name(&call.func) == name);
        let is_meant = |value: &Value<'a>| match value {
            Value::Function(target) => makes.is_none() && target.function == frame.function,
            Value::Class(meant) => makes == Some(*meant),
            _ => false,
        };
        let meant = of_name.filter(|(call, caller)| types.value(&call.func, *caller).iter().any(is_meant));
        let callers: Vec<_> = meant.take(MAX_CALLERS).collect();
        let verdicts = callers.into_iter().map(|(call, caller)| {
            let by_name = call
                .arguments
                .keywords
                .iter()
                .find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == parameter.name));
            let before = usize::from(class.is_some() && (makes.is_some() || matches!(*call.func, Expr::Attribute(_))));
            let by_position = || call.arguments.args.get(usize::from(position).checked_sub(before)?);
            by_name
                .map(|keyword| &keyword.value)
                .or_else(by_position)
                .map_or(UNKNOWN, |given| self.expression(given, caller))
        });
        let verdicts: Vec<_> = verdicts.collect();
        agree(&verdicts)
    }
}
