//! What the call of a macro of the project evaluates: the body of the rule that is for it, with its arguments.
//!
//! All of the body stands where the call stands, since it may be another file that it is written in; the arguments keep
//! their places. Names are not kept apart from those around the call, which the compiler does.

use std::cell::Cell;
use std::sync::Arc;

use super::definitions::{HOME, TAKEN};
use super::{Block, Closure, Expression, Kind, MacroItem, MacroRule, Method, Path, Pattern, Statement, Taken, Type};
use crate::source::Span;

/// How many bytes of an argument make one value, at least.
const BYTES_OF_A_VALUE: usize = 4;

impl MacroItem {
    /// What a call comes to; none where it is not known which rule is for it, or what that does. Of `left` it takes what
    /// it writes, since macros that call themselves grow.
    pub fn expanded(
        &self,
        values: &[Expression],
        site: Span,
        home: &[String],
        left: &Cell<usize>,
    ) -> Option<Expression> {
        let rule = self.rules.iter().find(|rule| rule.is_for(values))?;
        let filling = Filling { rule, values, site, home, left };
        let made = filling.block(rule.body.as_ref()?);
        (filling.left.get() > 0).then_some(Expression { kind: Kind::Block(Arc::new(made)), span: site })
    }
}

impl MacroRule {
    fn is_for(&self, values: &[Expression]) -> bool {
        let repeats = self.takes.last().is_some_and(|last| last.repeats);
        let single = self.takes.len() - usize::from(repeats);
        let fits = if repeats { values.len() >= single } else { values.len() == single };
        fits && self.takes.iter().zip(values).all(|(taken, value)| taken.may_be(value))
    }
}

impl Taken {
    fn may_be(&self, value: &Expression) -> bool {
        match self.kind.as_str() {
            "ident" => matches!(&value.kind, Kind::Path(path) if path.name().is_some()),
            "path" | "ty" => matches!(value.kind, Kind::Path(_)),
            "literal" => {
                matches!(value.kind, Kind::Text(_) | Kind::Number(_) | Kind::Flag(_) | Kind::Other | Kind::Unread(_))
            }
            "block" => matches!(value.kind, Kind::Block(_)),
            _ => true,
        }
    }
}

/// Puts arguments in place of names.
struct Filling<'a> {
    rule: &'a MacroRule,
    values: &'a [Expression],
    site: Span,
    home: &'a [String],
    left: &'a Cell<usize>,
}

impl Filling<'_> {
    fn may_write(&self, count: usize) -> bool {
        self.left.set(self.left.get().saturating_sub(count));
        self.left.get() > 0
    }

    /// The argument that a name stands for; several make one value.
    fn given(&self, name: &str) -> Option<Expression> {
        let name = name.strip_prefix(TAKEN)?;
        let at = self.rule.takes.iter().position(|taken| taken.name == name)?;
        // An argument is copied whole, and how large it is shows by where it ends.
        let size: usize = self.values.iter().skip(at).map(|value| value.span.len() / BYTES_OF_A_VALUE).sum();
        if !self.may_write(size) {
            return None;
        }
        match self.values.get(at..).unwrap_or_default() {
            values if self.rule.takes[at].repeats && values.len() != 1 => {
                Some(Expression { kind: Kind::Several(values.to_vec()), span: self.site })
            }
            [value, ..] => Some(value.clone()),
            [] => None,
        }
    }

    /// The path that is given in place of a name.
    fn given_path(&self, name: &str) -> Option<Path> {
        match self.given(name)?.kind {
            Kind::Path(path) => Some(path),
            _ => None,
        }
    }

    fn name(&self, name: &str) -> String {
        self.given_path(name).and_then(|path| path.name().map(str::to_owned)).unwrap_or_else(|| name.to_owned())
    }

    fn path(&self, path: &Path) -> Path {
        let mut made = Path { segments: Vec::new(), span: self.site, is_global: path.is_global, arguments: Vec::new() };
        for (at, segment) in path.segments.iter().enumerate() {
            if at == 0 && segment == HOME {
                made.segments.extend_from_slice(self.home);
                // A crate of another name than the own is looked for outside.
                made.is_global = self.home.first().is_some_and(|first| first != "crate");
            } else if let Some(given) = self.given_path(segment) {
                made.is_global |= at == 0 && given.is_global;
                made.segments.extend(given.segments);
            } else {
                made.segments.push(segment.clone());
            }
        }
        made.arguments = path.arguments.iter().map(|ty| self.ty(ty)).collect();
        made
    }

    fn ty(&self, ty: &Type) -> Type {
        match ty {
            Type::Path(path) => Type::Path(self.path(path)),
            Type::Bound(paths) => Type::Bound(paths.iter().map(|path| self.path(path)).collect()),
            Type::Tuple(types) => Type::Tuple(types.iter().map(|ty| self.ty(ty)).collect()),
            Type::Slice(inner) => Type::Slice(Box::new(self.ty(inner))),
            Type::Unknown => Type::Unknown,
        }
    }

    fn pattern(&self, pattern: &Pattern) -> Pattern {
        let all = |parts: &[Pattern]| parts.iter().map(|part| self.pattern(part)).collect();
        match pattern {
            Pattern::Name(name) => Pattern::Name(self.name(name)),
            Pattern::Tuple(parts) => Pattern::Tuple(all(parts)),
            Pattern::Call(path, parts) => Pattern::Call(self.path(path), all(parts)),
            Pattern::Fields(path, fields) => {
                let fields = fields.iter().map(|(name, part)| (self.name(name), self.pattern(part)));
                Pattern::Fields(self.path(path), fields.collect())
            }
            Pattern::Any(parts) => Pattern::Any(all(parts)),
        }
    }

    /// Functions that the body declares are left out: their places are not known.
    fn block(&self, block: &Block) -> Block {
        let statement = |statement: &Statement| match statement {
            Statement::Let(pattern, ty, value, otherwise) => Statement::Let(
                self.pattern(pattern),
                self.ty(ty),
                value.as_ref().map(|value| self.value(value)),
                otherwise.as_ref().map(|value| self.value(value)),
            ),
            Statement::Expression(value, is_last) => Statement::Expression(self.value(value), *is_last),
        };
        let uses = block.uses.iter().cloned().map(|mut used| {
            if used.path.first().is_some_and(|first| first == HOME) {
                used.is_global = self.home.first().is_some_and(|first| first != "crate");
                used.path.splice(..1, self.home.iter().cloned());
            }
            used
        });
        Block {
            statements: block.statements.iter().map(statement).collect(),
            uses: uses.collect(),
            functions: Vec::new(),
        }
    }

    fn values(&self, values: &[Expression]) -> Vec<Expression> {
        values.iter().map(|value| self.value(value)).collect()
    }

    fn value(&self, value: &Expression) -> Expression {
        let boxed = |value: &Expression| Box::new(self.value(value));
        if !self.may_write(1) {
            return Expression { kind: Kind::Other, span: self.site };
        }
        let kind = match &value.kind {
            Kind::Path(path) => match path.name().and_then(|name| self.given(name)) {
                Some(given) => return given,
                None => Kind::Path(self.path(path)),
            },
            Kind::Call(callee, arguments) => Kind::Call(boxed(callee), self.values(arguments)),
            Kind::Method(call) => Kind::Method(Box::new(Method {
                receiver: self.value(&call.receiver),
                name: self.name(&call.name),
                span: self.site,
                types: call.types.iter().map(|ty| self.ty(ty)).collect(),
                arguments: self.values(&call.arguments),
            })),
            Kind::Await(inner) => Kind::Await(boxed(inner)),
            Kind::Same(inner) => Kind::Same(boxed(inner)),
            Kind::Field(base, name) => Kind::Field(boxed(base), self.name(name)),
            Kind::Index(base, index) => Kind::Index(boxed(base), boxed(index)),
            Kind::Structure(path, values) => Kind::Structure(self.path(path), self.values(values)),
            Kind::Closure(closure) => {
                let parameters = closure
                    .parameters
                    .iter()
                    .map(|one| super::Parameter { pattern: self.pattern(&one.pattern), ty: self.ty(&one.ty) });
                Kind::Closure(Arc::new(Closure {
                    is_async: closure.is_async,
                    parameters: parameters.collect(),
                    body: self.value(&closure.body),
                }))
            }
            Kind::Async(block) => Kind::Async(Arc::new(self.block(block))),
            Kind::Block(block) => Kind::Block(Arc::new(self.block(block))),
            Kind::Loop(pattern, over, body) => {
                Kind::Loop(self.pattern(pattern), over.as_deref().map(boxed), boxed(body))
            }
            Kind::Choice(condition, arms) => {
                let arms = arms.iter().map(|(pattern, guard, value)| {
                    (self.pattern(pattern), guard.as_ref().map(|guard| self.value(guard)), self.value(value))
                });
                Kind::Choice(boxed(condition), arms.collect())
            }
            Kind::Matches(pattern, value) => Kind::Matches(self.pattern(pattern), boxed(value)),
            Kind::Tuple(parts) => Kind::Tuple(self.values(parts)),
            Kind::Several(values) => Kind::Several(self.values(values)),
            Kind::Assign(target, value) => Kind::Assign(boxed(target), boxed(value)),
            Kind::Macro(path, values) => Kind::Macro(self.path(path), self.values(values)),
            Kind::Text(text) => Kind::Text(text.clone()),
            Kind::Number(number) => Kind::Number(number.clone()),
            Kind::Flag(flag) => Kind::Flag(*flag),
            Kind::Unread(paths) => Kind::Unread(paths.iter().map(|path| self.path(path)).collect()),
            Kind::Other => Kind::Other,
        };
        Expression { kind, span: self.site }
    }
}
