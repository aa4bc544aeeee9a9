//! From the parser's tree to that of this room: files and what they evaluate.

use std::sync::Arc;

use syn::punctuated::Punctuated;
use syn::token::Paren;
use syn::{Expr, Lit, Member, Pat, Stmt};

use super::items::{add, scope};
use super::patterns::{member, path, pattern, ty, types};
use super::{Block, Closure, Expression, Kind, Method, Parameter, Pattern, Scope, Statement, Type, macros, nesting};
use crate::source::Span;

/// What a file declares; or where and why it is no Rust.
pub fn parse(text: &str) -> Result<Scope, (usize, String)> {
    if nesting::is_hostile(text) {
        return Err((0, "nests deeper than any code that a person wrote, so it was not read".to_owned()));
    }
    // What comes before the text moves every place.
    if text.starts_with('\u{feff}') {
        return Err((0, "begins with a byte order mark, so it was not read".to_owned()));
    }
    let parsed = syn::parse_file(text);
    let scope = match parsed {
        Ok(file) => Ok(scope(&file.items)),
        Err(error) => Err((error.span().byte_range().start, error.to_string())),
    };
    // The parser keeps every text that it was given, for messages that nobody asks for.
    proc_macro2::extra::invalidate_current_thread_spans();
    scope
}

/// Whether a text is one expression.
pub fn is_expression(text: &str) -> bool {
    let parsed = !nesting::is_hostile(text) && syn::parse_str::<Expr>(text).is_ok();
    proc_macro2::extra::invalidate_current_thread_spans();
    parsed
}

/// Spans of which one may be that of nothing.
pub(super) trait Join {
    /// The smallest span that covers both.
    fn with(self, other: Self) -> Self;
}

impl Join for Span {
    fn with(self, other: Self) -> Self {
        match (self.is_empty(), other.is_empty()) {
            (true, _) => other,
            (_, true) => self,
            _ => self.cover(other),
        }
    }
}

pub(super) fn bytes(span: proc_macro2::Span) -> Span {
    let range = span.byte_range();
    Span::new(range.start, range.end)
}

/// A name without the sign that makes a keyword one.
pub(super) fn name(ident: &syn::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

/// A block that nobody gave braces.
pub(super) fn block(written: &[Stmt]) -> Expression {
    Expression { kind: Kind::Block(Arc::new(statements(written))), span: Span::default() }
}

fn braces(written: &syn::Block) -> Expression {
    let token = &written.brace_token.span;
    let span = bytes(token.open()).with(bytes(token.close()));
    Expression { kind: Kind::Block(Arc::new(statements(&written.stmts))), span }
}

/// What stands in braces.
pub(super) fn statements(written: &[Stmt]) -> Block {
    let mut block = Block::default();
    for statement in written {
        match statement {
            Stmt::Local(local) => {
                let (inner, annotated) = match &local.pat {
                    Pat::Type(typed) => (pattern(&typed.pat), ty(&typed.ty)),
                    other => (pattern(other), Type::Unknown),
                };
                let value = local.init.as_ref().map(|init| expression(&init.expr));
                let otherwise = local.init.as_ref().and_then(|init| init.diverge.as_ref());
                let otherwise = otherwise.map(|(_, otherwise)| expression(otherwise));
                block.statements.push(Statement::Let(inner, annotated, value, otherwise));
            }
            Stmt::Expr(value, end) => block.statements.push(Statement::Expression(expression(value), end.is_none())),
            Stmt::Macro(call) => {
                let is_value = call.semi_token.is_none();
                block.statements.push(Statement::Expression(macro_call(&call.mac), is_value));
            }
            Stmt::Item(item) => {
                let mut inner = Scope::default();
                add(item, &mut inner);
                block.uses.extend(inner.uses);
                block.functions.extend(inner.functions);
            }
        }
    }
    block
}

fn macro_call(call: &syn::Macro) -> Expression {
    let path = path(&call.path);
    let token = match &call.delimiter {
        syn::MacroDelimiter::Paren(token) => token.span,
        syn::MacroDelimiter::Brace(token) => token.span,
        syn::MacroDelimiter::Bracket(token) => token.span,
    };
    let span = path.span.with(bytes(token.close()));
    let values = macros::values(path.last(), &call.tokens);
    Expression { kind: Kind::Macro(path, values), span }
}

fn list(values: &Punctuated<Expr, syn::Token![,]>) -> Vec<Expression> {
    values.iter().map(expression).collect()
}

fn closing(token: &Paren) -> Span {
    bytes(token.span.close())
}

/// What is written, without signs that change nothing.
#[allow(clippy::too_many_lines, reason = "one arm for each form of the language")]
pub(super) fn expression(written: &Expr) -> Expression {
    let boxed = |value: &Expr| Box::new(expression(value));
    let several = |values: Vec<Expression>| {
        let span = values.iter().map(|value| value.span).reduce(Join::with).unwrap_or_default();
        Expression { kind: Kind::Several(values), span }
    };
    match written {
        Expr::Path(named) => {
            let path = path(&named.path);
            Expression { span: path.span, kind: Kind::Path(path) }
        }
        Expr::Call(call) => {
            let callee = boxed(&call.func);
            let span = callee.span.with(closing(&call.paren_token));
            Expression { kind: Kind::Call(callee, list(&call.args)), span }
        }
        Expr::MethodCall(call) => {
            let receiver = expression(&call.receiver);
            let span = receiver.span.with(closing(&call.paren_token));
            let types = call.turbofish.as_ref().map(|types| self::types(&types.args)).unwrap_or_default();
            let method = Method {
                receiver,
                name: name(&call.method),
                span: bytes(call.method.span()),
                types,
                arguments: list(&call.args),
            };
            Expression { kind: Kind::Method(Box::new(method)), span }
        }
        Expr::Await(wait) => {
            let base = boxed(&wait.base);
            let span = base.span.with(bytes(wait.await_token.span));
            Expression { kind: Kind::Await(base), span }
        }
        Expr::Try(inner) => {
            let base = boxed(&inner.expr);
            let span = base.span.with(bytes(inner.question_token.span));
            Expression { kind: Kind::Same(base), span }
        }
        Expr::Reference(inner) => same(&inner.expr, bytes(inner.and_token.span)),
        Expr::RawAddr(inner) => same(&inner.expr, bytes(inner.and_token.span)),
        Expr::Paren(inner) => {
            let token = inner.paren_token.span;
            let mut value = same(&inner.expr, bytes(token.open()));
            value.span = value.span.with(bytes(token.close()));
            value
        }
        Expr::Group(inner) => expression(&inner.expr),
        Expr::Cast(inner) => several(vec![expression(&inner.expr)]),
        Expr::Unary(inner) => match &inner.op {
            syn::UnOp::Deref(token) => same(&inner.expr, bytes(token.span)),
            _ => several(vec![expression(&inner.expr)]),
        },
        Expr::Field(field) => {
            let base = boxed(&field.base);
            let end = match &field.member {
                Member::Named(ident) => bytes(ident.span()),
                Member::Unnamed(index) => bytes(index.span),
            };
            Expression { span: base.span.with(end), kind: Kind::Field(base, member(&field.member)) }
        }
        Expr::Index(inner) => {
            let (base, index) = (boxed(&inner.expr), boxed(&inner.index));
            let span = base.span.with(bytes(inner.bracket_token.span.close()));
            Expression { kind: Kind::Index(base, index), span }
        }
        Expr::Struct(made) => {
            let path = path(&made.path);
            let values = made.fields.iter().map(|field| &field.expr).chain(made.rest.as_deref());
            let span = path.span.with(bytes(made.brace_token.span.close()));
            Expression { kind: Kind::Structure(path, values.map(expression).collect()), span }
        }
        Expr::Closure(made) => {
            let parameters = made.inputs.iter().map(|input| match input {
                Pat::Type(typed) => Parameter { pattern: pattern(&typed.pat), ty: ty(&typed.ty) },
                other => Parameter { pattern: pattern(other), ty: Type::Unknown },
            });
            let body = expression(&made.body);
            let span = bytes(made.inputs_begin.span).with(body.span);
            let is_async = made.asyncness.is_some();
            let closure = Closure { is_async, parameters: parameters.collect(), body };
            Expression { kind: Kind::Closure(Arc::new(closure)), span }
        }
        Expr::Async(inner) => {
            let token = inner.block.brace_token.span;
            let span = bytes(inner.async_token.span).with(bytes(token.close()));
            Expression { kind: Kind::Async(Arc::new(statements(&inner.block.stmts))), span }
        }
        Expr::Block(inner) => braces(&inner.block),
        Expr::Unsafe(inner) => braces(&inner.block),
        Expr::Const(inner) => braces(&inner.block),
        Expr::TryBlock(inner) => braces(&inner.block),
        Expr::Loop(inner) => a_loop(Pattern::Any(Vec::new()), None, &inner.body),
        Expr::While(inner) => a_loop(Pattern::Any(Vec::new()), Some(&inner.cond), &inner.body),
        Expr::ForLoop(inner) => a_loop(pattern(&inner.pat), Some(&inner.expr), &inner.body),
        Expr::If(inner) => {
            let condition = expression(&inner.cond);
            let mut span = condition.span;
            let mut values = vec![(Pattern::Any(Vec::new()), None, braces(&inner.then_branch))];
            if let Some((_, otherwise)) = &inner.else_branch {
                values.push((Pattern::Any(Vec::new()), None, expression(otherwise)));
            }
            span = values.iter().fold(bytes(inner.if_token.span).with(span), |all, (_, _, one)| all.with(one.span));
            Expression { kind: Kind::Choice(Box::new(condition), values), span }
        }
        Expr::Match(inner) => {
            let arms = inner.arms.iter().map(|arm| {
                let guard = match &arm.pat {
                    Pat::Guard(guard) => Some(expression(&guard.guard)),
                    _ => None,
                };
                (pattern(&arm.pat), guard, expression(&arm.body))
            });
            let span = bytes(inner.match_token.span).with(bytes(inner.brace_token.span.close()));
            Expression { kind: Kind::Choice(boxed(&inner.expr), arms.collect()), span }
        }
        Expr::Let(inner) => {
            let value = boxed(&inner.expr);
            Expression { span: value.span, kind: Kind::Matches(pattern(&inner.pat), value) }
        }
        Expr::Tuple(inner) => {
            let token = inner.paren_token.span;
            let span = bytes(token.open()).with(bytes(token.close()));
            Expression { kind: Kind::Tuple(list(&inner.elems)), span }
        }
        Expr::Array(inner) => several(list(&inner.elems)),
        Expr::Repeat(inner) => several(vec![expression(&inner.expr)]),
        Expr::Binary(inner) => several(operands(inner)),
        Expr::Range(inner) => several(inner.start.iter().chain(&inner.end).map(|end| expression(end)).collect()),
        Expr::Return(inner) => several(inner.expr.iter().map(|value| expression(value)).collect()),
        Expr::Break(inner) => several(inner.expr.iter().map(|value| expression(value)).collect()),
        Expr::Yield(inner) => several(inner.expr.iter().map(|value| expression(value)).collect()),
        Expr::Assign(inner) => {
            let (target, value) = (boxed(&inner.left), boxed(&inner.right));
            Expression { span: target.span.with(value.span), kind: Kind::Assign(target, value) }
        }
        Expr::Macro(inner) => macro_call(&inner.mac),
        Expr::Lit(literal) => {
            let kind = match &literal.lit {
                Lit::Str(text) => Kind::Text(text.value()),
                Lit::Int(number) => Kind::Number(number.base10_digits().to_owned()),
                Lit::Float(number) => Kind::Number(number.base10_digits().to_owned()),
                Lit::Bool(flag) => Kind::Flag(flag.value),
                _ => Kind::Other,
            };
            Expression { kind, span: bytes(literal.lit.span()) }
        }
        _ => Expression { kind: Kind::Other, span: Span::default() },
    }
}

fn same(inner: &Expr, sign: Span) -> Expression {
    let value = expression(inner);
    Expression { span: sign.with(value.span), kind: Kind::Same(Box::new(value)) }
}

fn a_loop(over: Pattern, what: Option<&Expr>, body: &syn::Block) -> Expression {
    let body = braces(body);
    let what = what.map(|what| Box::new(expression(what)));
    Expression { span: body.span, kind: Kind::Loop(over, what, Box::new(body)) }
}

/// The values that operators join, of which a program that makes long texts has many.
fn operands(first: &syn::ExprBinary) -> Vec<Expression> {
    let mut values = vec![expression(&first.right)];
    let mut left: &Expr = &first.left;
    while let Expr::Binary(inner) = left {
        values.push(expression(&inner.right));
        left = &inner.left;
    }
    values.push(expression(left));
    values.reverse();
    values
}
