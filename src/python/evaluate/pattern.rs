//! `match`: which case is taken, and what its pattern binds.

use crate::source::Span;

use super::super::syntax::ast::{self, MatchCase, Pattern, Singleton, Stmt};
use super::super::syntax::span_of;
use super::How;
use super::cell::{Cell, Thing};
use super::flow::Exits;
use super::reads::Touched;
use super::run::{Run, Site, Step};

impl<'a> Run<'a, '_> {
    pub(super) fn match_statement(&mut self, stmt: &'a ast::StmtMatch) -> Step<Exits<'a>> {
        let subject = self.expression(&stmt.subject)?;
        self.nested(|run| run.cases(&subject, &stmt.cases))
    }

    fn cases(&mut self, subject: &Cell<'a>, cases: &'a [MatchCase]) -> Step<Exits<'a>> {
        let Some((case, rest)) = cases.split_first() else {
            return Ok(Exits::next(std::mem::take(&mut self.state)));
        };
        self.spend(1)?;
        self.nested(|run| {
            let mut bound = Vec::new();
            let fits = run.pattern(&case.pattern, subject, &mut bound)?;
            let skipped = |truth: bool| {
                let mut skipped = Touched::default();
                if truth {
                    for case in rest {
                        skipped.add(&case.body);
                    }
                } else {
                    skipped.add(&case.body);
                }
                skipped
            };
            run.branch(&fits, &skipped, &mut |run, truth| {
                if !truth {
                    return run.cases(subject, rest);
                }
                for (name, cell) in &bound {
                    let scope = run.scope_for(name);
                    let site = Site { name: span_of(*name), value: None, how: How::Other };
                    run.bind(scope, name, cell.clone(), site)?;
                }
                let Some(guard) = &case.guard else { return run.block(&case.body) };
                let guard = run.expression(guard)?;
                run.branch(&guard, &skipped, &mut |run, truth| {
                    if truth { run.block(&case.body) } else { run.cases(subject, rest) }
                })
            })
        })
    }

    /// Whether a pattern takes the subject; what it binds then.
    fn pattern(
        &mut self,
        pattern: &'a Pattern,
        subject: &Cell<'a>,
        bound: &mut Vec<(&'a ast::Identifier, Cell<'a>)>,
    ) -> Step<Cell<'a>> {
        self.spend(1)?;
        self.nested(|run| run.pattern_here(pattern, subject, bound))
    }

    fn pattern_here(
        &mut self,
        pattern: &'a Pattern,
        subject: &Cell<'a>,
        bound: &mut Vec<(&'a ast::Identifier, Cell<'a>)>,
    ) -> Step<Cell<'a>> {
        let answer = |truth: Option<bool>| match truth {
            Some(truth) => Cell::new(Thing::Bool(truth)).resting_on(subject),
            None => super::cell::unknown_from(&[subject], "a pattern that is not followed"),
        };
        Ok(match pattern {
            Pattern::MatchAs(alias) => {
                let fits = match &alias.pattern {
                    Some(inner) => self.pattern(inner, subject, bound)?,
                    None => Cell::new(Thing::Bool(true)),
                };
                if let Some(name) = &alias.name {
                    bound.push((name, subject.clone()));
                }
                fits
            }
            Pattern::MatchSingleton(singleton) => answer(match (&singleton.value, &subject.thing) {
                (_, Thing::Unknown(_)) => None,
                (Singleton::None, Thing::None) => Some(true),
                (Singleton::True, Thing::Bool(b)) => Some(*b),
                (Singleton::False, Thing::Bool(b)) => Some(!*b),
                (_, thing) => super::compare::is_value(thing).then_some(false),
            }),
            Pattern::MatchValue(value) => {
                let value = self.expression(&value.value)?;
                let equal = self.equal(&value, subject);
                answer(equal).resting_on(&value)
            }
            Pattern::MatchOr(alternatives) => {
                let mut result = Cell::new(Thing::Bool(false));
                for alternative in &alternatives.patterns {
                    let mut own = Vec::new();
                    let fits = self.pattern(alternative, subject, &mut own)?;
                    let truth = self.truth(&fits);
                    let rests = result.resting_on(&fits);
                    result = Cell { thing: fits.thing, ..rests };
                    match truth {
                        Some(true) => {
                            bound.extend(own);
                            break;
                        }
                        Some(false) => {}
                        None => {
                            let lost = own
                                .into_iter()
                                .map(|(name, _)| (name, Cell::unknown("a pattern that is not followed")));
                            bound.extend(lost);
                            break;
                        }
                    }
                }
                result
            }
            Pattern::MatchSequence(sequence) => self.sequence_pattern(&sequence.patterns, subject, bound)?,
            Pattern::MatchMapping(mapping) => self.mapping_pattern(mapping, subject, bound, span_of(pattern))?,
            Pattern::MatchClass(class) => {
                let expected = self.expression(&class.cls)?;
                let builtin = match &expected.thing {
                    Thing::Dotted(name) => {
                        matches!(name.as_ref(), "int" | "str" | "float" | "bool" | "list" | "dict" | "tuple" | "bytes")
                    }
                    _ => false,
                };
                let fits = match (builtin, class.arguments.patterns.as_slice(), class.arguments.keywords.is_empty()) {
                    (true, [], true) => Self::instance_of(subject, &expected),
                    (true, [inner], true) => {
                        let fits = Self::instance_of(subject, &expected);
                        let taken = self.pattern(inner, subject, bound)?;
                        match (self.truth(&taken), fits) {
                            (Some(true), fits) => fits,
                            (_, Some(false)) => Some(false),
                            (taken, _) => taken,
                        }
                    }
                    _ => {
                        Self::lose_captures(pattern, bound);
                        None
                    }
                };
                answer(fits)
            }
            Pattern::MatchStar(_) => answer(None),
        })
    }

    fn sequence_pattern(
        &mut self,
        patterns: &'a [Pattern],
        subject: &Cell<'a>,
        bound: &mut Vec<(&'a ast::Identifier, Cell<'a>)>,
    ) -> Step<Cell<'a>> {
        let no = Cell::new(Thing::Bool(false)).resting_on(subject);
        let items = match &subject.thing {
            Thing::Tuple(items) => Some(items.to_vec()),
            Thing::List(id) => self.items(*id).map(<[_]>::to_vec),
            Thing::Instance(..) | Thing::Range(..) => None,
            thing if super::compare::is_value(thing) => return Ok(no),
            _ => None,
        };
        let Some(items) = items else {
            for pattern in patterns {
                Self::lose_captures(pattern, bound);
            }
            return Ok(super::cell::unknown_from(&[subject], "a pattern that is not followed"));
        };
        let star = patterns.iter().position(|pattern| matches!(pattern, Pattern::MatchStar(_)));
        let fits = match star {
            None => items.len() == patterns.len(),
            Some(_) => items.len() + 1 >= patterns.len(),
        };
        if !fits {
            return Ok(no);
        }
        let extra = (items.len() + 1).saturating_sub(patterns.len());
        let mut items = items.into_iter();
        let mut result = Cell::new(Thing::Bool(true)).resting_on(subject);
        for (index, pattern) in patterns.iter().enumerate() {
            if let (true, Pattern::MatchStar(rest)) = (star == Some(index), pattern) {
                let taken: Vec<Cell<'a>> = items.by_ref().take(extra).collect();
                if let Some(name) = &rest.name {
                    let list = self.list(taken)?;
                    bound.push((name, list));
                }
                continue;
            }
            let Some(item) = items.next() else { continue };
            let one = self.pattern(pattern, &item, bound)?;
            match self.truth(&one) {
                Some(true) => result = result.resting_on(&one),
                Some(false) => return Ok(no.resting_on(&one)),
                None => result = one,
            }
        }
        Ok(result)
    }

    fn mapping_pattern(
        &mut self,
        mapping: &'a ast::PatternMatchMapping,
        subject: &Cell<'a>,
        bound: &mut Vec<(&'a ast::Identifier, Cell<'a>)>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let no = Cell::new(Thing::Bool(false)).resting_on(subject);
        let entries = match &subject.thing {
            Thing::Dict(id) => self.entries(*id).map(<[_]>::to_vec),
            thing if super::compare::is_value(thing) => return Ok(no),
            _ => None,
        };
        let mut result = Cell::new(Thing::Bool(true)).resting_on(subject);
        let mut rest = entries.clone();
        for (key, pattern) in mapping.keys.iter().zip(&mapping.patterns) {
            let key = self.expression(key)?;
            let found = entries.as_ref().and_then(|entries| self.position(entries, &key));
            let value = match found {
                Some(None) => return Ok(no),
                Some(Some(at)) => entries.as_ref().and_then(|entries| entries.get(at)).map(|(_, value)| value.clone()),
                None => None,
            };
            let Some(value) = value else {
                Self::lose_captures(pattern, bound);
                result = super::cell::unknown_from(&[subject, &key], "a pattern that is not followed");
                continue;
            };
            if let (Some(rest), Some(Some(at))) = (&mut rest, found) {
                rest.retain(|(known, _)| {
                    entries
                        .as_ref()
                        .and_then(|entries| entries.get(at))
                        .is_none_or(|(key, _)| self.equal(known, key) == Some(false))
                });
            }
            let one = self.pattern(pattern, &value, bound)?;
            match self.truth(&one) {
                Some(true) => result = result.resting_on(&one),
                Some(false) => return Ok(no.resting_on(&one)),
                None => result = one,
            }
        }
        if let Some(name) = &mapping.rest {
            let cell = match rest {
                Some(rest) => self.dict(rest)?,
                None => self.settle_unknown("the rest of an unknown dict", &[subject], at)?,
            };
            bound.push((name, cell));
        }
        if entries.is_none() && !result.is_unknown() {
            return Ok(super::cell::unknown_from(&[subject], "a pattern that is not followed"));
        }
        Ok(result)
    }

    /// Makes what a pattern would bind unknown.
    fn lose_captures(pattern: &'a Pattern, bound: &mut Vec<(&'a ast::Identifier, Cell<'a>)>) {
        let name = match pattern {
            Pattern::MatchAs(alias) => alias.name.as_ref(),
            Pattern::MatchStar(star) => star.name.as_ref(),
            Pattern::MatchMapping(mapping) => mapping.rest.as_ref(),
            _ => None,
        };
        bound.extend(name.map(|name| (name, Cell::unknown("a pattern that is not followed"))));
        let inner: Vec<&'a Pattern> = match pattern {
            Pattern::MatchAs(alias) => alias.pattern.iter().map(AsRef::as_ref).collect(),
            Pattern::MatchSequence(sequence) => sequence.patterns.iter().collect(),
            Pattern::MatchOr(alternatives) => alternatives.patterns.iter().collect(),
            Pattern::MatchMapping(mapping) => mapping.patterns.iter().collect(),
            Pattern::MatchClass(class) => class
                .arguments
                .patterns
                .iter()
                .chain(class.arguments.keywords.iter().map(|keyword| &keyword.pattern))
                .collect(),
            _ => Vec::new(),
        };
        for pattern in inner {
            Self::lose_captures(pattern, bound);
        }
    }
}

/// Whether the statements of a module stand where Python does not take them: a `return` outside a
/// function, a `break` outside a loop.
pub(super) fn misplaced(body: &[Stmt], in_loop: bool) -> Option<Span> {
    body.iter().find_map(|stmt| match stmt {
        Stmt::Return(_) => Some(span_of(stmt)),
        Stmt::Break(_) | Stmt::Continue(_) if !in_loop => Some(span_of(stmt)),
        Stmt::If(stmt) => misplaced(&stmt.body, in_loop)
            .or_else(|| stmt.elif_else_clauses.iter().find_map(|clause| misplaced(&clause.body, in_loop))),
        Stmt::For(stmt) => misplaced(&stmt.body, true).or_else(|| misplaced(&stmt.orelse, in_loop)),
        Stmt::While(stmt) => misplaced(&stmt.body, true).or_else(|| misplaced(&stmt.orelse, in_loop)),
        Stmt::With(stmt) => misplaced(&stmt.body, in_loop),
        Stmt::Try(stmt) => [&stmt.body, &stmt.orelse, &stmt.finalbody]
            .into_iter()
            .find_map(|body| misplaced(body, in_loop))
            .or_else(|| {
                stmt.handlers
                    .iter()
                    .find_map(|ast::ExceptHandler::ExceptHandler(handler)| misplaced(&handler.body, in_loop))
            }),
        Stmt::Match(stmt) => stmt.cases.iter().find_map(|case| misplaced(&case.body, in_loop)),
        _ => None,
    })
}
