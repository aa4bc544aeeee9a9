//! From the parser's tree to that of this room.

use std::sync::Arc;

use syn::punctuated::Punctuated;
use syn::token::Paren;
use syn::{
    Expr, FnArg, GenericArgument, ImplItem, Item, Lit, Member, Pat, PathArguments, Stmt, TypeParamBound, UseTree,
};

use super::{
    Attribute, Block, Closure, Expression, Function, Implementation, Kind, Method, ModuleItem, Parameter, Path,
    Pattern, Scope, Statement, TraitItem, Type, TypeItem, Use, ValueItem, macros,
};
use super::{definitions, nesting};
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

/// Spans of which one may be that of nothing.
trait Join {
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

fn bytes(span: proc_macro2::Span) -> Span {
    let range = span.byte_range();
    Span::new(range.start, range.end)
}

/// Whether something is there for tests only.
fn is_for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().map(attribute).any(|attribute| {
        let only = |word: &str| attribute.words.first().is_some_and(|first| first == word);
        let cfg = attribute.last() == "cfg"
            && (only("test") || only("all") && attribute.words.iter().any(|word| word == "test"))
            && !attribute.words.iter().any(|word| word == "not");
        cfg || matches!(attribute.last(), "test" | "bench" | "rstest" | "test_case" | "quickcheck" | "proptest")
    })
}

fn constant(named: &syn::Ident, of: &syn::Type, value: &Expr) -> ValueItem {
    let is_plain = matches!(value, Expr::Lit(_) | Expr::Call(_) | Expr::Tuple(_));
    ValueItem { name: name(named), ty: ty(of), value: is_plain.then(|| expression(value)) }
}

fn attribute(attribute: &syn::Attribute) -> Attribute {
    let path = names(attribute.path());
    let (words, spans) = match &attribute.meta {
        syn::Meta::Path(_) => (Vec::new(), Vec::new()),
        syn::Meta::List(list) => {
            let words = macros::words(list.tokens.clone());
            words.into_iter().map(|(word, span)| (word, bytes(span))).unzip()
        }
        syn::Meta::NameValue(pair) => match &pair.value {
            Expr::Lit(syn::ExprLit { lit: Lit::Str(text), .. }) => (vec![text.value()], Vec::new()),
            _ => (Vec::new(), Vec::new()),
        },
    };
    Attribute { path, words, spans }
}

fn attributes(all: &[syn::Attribute]) -> Vec<Attribute> {
    // Documentation is long, and decides nothing.
    all.iter().filter(|one| !one.path().is_ident("doc")).map(attribute).collect()
}

fn names(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| name(&segment.ident)).collect()
}

/// A name without the sign that makes a keyword one.
fn name(ident: &syn::Ident) -> String {
    let text = ident.to_string();
    text.strip_prefix("r#").map(str::to_owned).unwrap_or(text)
}

fn scope(items: &[Item]) -> Scope {
    let mut scope = Scope::default();
    for item in items {
        add(item, &mut scope);
    }
    scope
}

fn add(item: &Item, scope: &mut Scope) {
    match item {
        Item::Fn(item) if !is_for_tests(&item.attrs) => {
            let whole = bytes(item.sig.fn_token.span).with(bytes(item.block.brace_token.span.close()));
            scope.functions.push(Arc::new(function(&item.attrs, &item.sig, Some(&item.block), whole)));
        }
        Item::Mod(item) if !is_for_tests(&item.attrs) => {
            let path = item.attrs.iter().map(attribute).find(|attribute| attribute.last() == "path");
            scope.modules.push(ModuleItem {
                name: name(&item.ident),
                path: path.and_then(|attribute| attribute.words.into_iter().next()),
                content: item.content.as_ref().map(|(_, items)| Arc::new(self::scope(items))),
            });
        }
        Item::Use(item) if !is_for_tests(&item.attrs) => {
            uses(&item.tree, item.leading_colon.is_some(), &mut Vec::new(), &mut scope.uses);
        }
        Item::ExternCrate(item) => {
            let path = vec![name(&item.ident)];
            let bound = item.rename.as_ref().map(|(_, new)| name(new));
            scope.uses.extend(bound.map(|bound| Use { is_global: true, path, bound: Some(bound) }));
        }
        Item::Struct(item) if !is_for_tests(&item.attrs) => {
            scope.types.push(Arc::new(TypeItem {
                name: name(&item.ident),
                generics: generics(&item.generics),
                fields: fields(&item.fields),
                alias: None,
            }));
        }
        Item::Enum(item) if !is_for_tests(&item.attrs) => {
            scope.types.push(Arc::new(TypeItem {
                name: name(&item.ident),
                generics: generics(&item.generics),
                fields: Vec::new(),
                alias: None,
            }));
        }
        Item::Type(item) if !is_for_tests(&item.attrs) => {
            scope.types.push(Arc::new(TypeItem {
                name: name(&item.ident),
                generics: generics(&item.generics),
                fields: Vec::new(),
                alias: Some(ty(&item.ty)),
            }));
        }
        Item::Static(item) => scope.values.push(constant(&item.ident, &item.ty, &item.expr)),
        Item::Const(item) => scope.values.push(constant(&item.ident, &item.ty, &item.expr)),
        Item::Trait(item) if !is_for_tests(&item.attrs) => {
            let functions = item.items.iter().filter_map(|inner| match inner {
                syn::TraitItem::Fn(inner) => {
                    let start = bytes(inner.sig.fn_token.span);
                    let end = inner.default.as_ref().map_or(start, |body| bytes(body.brace_token.span.close()));
                    let whole = start.with(end);
                    Some(Arc::new(function(&inner.attrs, &inner.sig, inner.default.as_ref(), whole)))
                }
                _ => None,
            });
            scope.traits.push(Arc::new(TraitItem { name: name(&item.ident), functions: functions.collect() }));
        }
        Item::Macro(item) if item.mac.path.is_ident("macro_rules") => {
            let defined = item.ident.as_ref().map(|ident| definitions::definition(name(ident), &item.mac.tokens));
            scope.macros.extend(defined.map(Arc::new));
        }
        Item::Macro(item) if !is_for_tests(&item.attrs) => {
            // A text is longer where it stands, by its quotes.
            let words = macros::words(item.mac.tokens.clone()).into_iter();
            let words = words.filter(|(word, span)| bytes(*span).len() == word.len());
            scope.declaring.push(words.map(|(word, _)| word).collect());
        }
        Item::Impl(item) if !is_for_tests(&item.attrs) => scope.implementations.push(implementation(item)),
        _ => {}
    }
}

fn implementation(item: &syn::ItemImpl) -> Implementation {
    let functions = item.items.iter().filter_map(|inner| match inner {
        ImplItem::Fn(inner) if !is_for_tests(&inner.attrs) => {
            let whole = bytes(inner.sig.fn_token.span).with(bytes(inner.block.brace_token.span.close()));
            Some(Arc::new(function(&inner.attrs, &inner.sig, Some(&inner.block), whole)))
        }
        _ => None,
    });
    Implementation {
        ty: ty(&item.self_ty),
        of: item.trait_.as_ref().map(|(of, _)| path(of)),
        bounds: bounds(&item.generics),
        attributes: attributes(&item.attrs),
        functions: functions.collect(),
    }
}

fn generics(generics: &syn::Generics) -> Vec<String> {
    generics.type_params().map(|parameter| name(&parameter.ident)).collect()
}

fn bounds(generics: &syn::Generics) -> Vec<(String, Type)> {
    let of_parameters = generics.type_params().map(|one| (name(&one.ident), bound(&one.bounds)));
    let of_clause = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let of_clause = of_clause.filter_map(|predicate| match predicate {
        syn::WherePredicate::Type(predicate) => match ty(&predicate.bounded_ty) {
            Type::Path(path) => Some((path.name()?.to_owned(), bound(&predicate.bounds))),
            _ => None,
        },
        _ => None,
    });
    // What is asked behind `where` comes in place of nothing.
    let mut all: Vec<(String, Type)> = of_clause.collect();
    all.extend(of_parameters);
    all
}

fn bound(bounds: &Punctuated<TypeParamBound, syn::Token![+]>) -> Type {
    let traits = bounds.iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => Some(path(&bound.path)),
        _ => None,
    });
    Type::Bound(traits.collect())
}

fn fields(fields: &syn::Fields) -> Vec<(String, Type)> {
    let name = |(at, field): (usize, &syn::Field)| {
        (field.ident.as_ref().map_or_else(|| at.to_string(), self::name), ty(&field.ty))
    };
    fields.iter().enumerate().map(name).collect()
}

fn function(above: &[syn::Attribute], signature: &syn::Signature, body: Option<&syn::Block>, whole: Span) -> Function {
    let parameters = signature.inputs.iter().map(|input| match input {
        FnArg::Receiver(_) => {
            let own = Path { segments: vec!["Self".to_owned()], ..Path::default() };
            Parameter { pattern: Pattern::Name("self".to_owned()), ty: Type::Path(own) }
        }
        FnArg::Typed(typed) => Parameter { pattern: pattern(&typed.pat), ty: ty(&typed.ty) },
    });
    Function {
        name: name(&signature.ident),
        span: bytes(signature.ident.span()),
        whole,
        is_async: signature.asyncness.is_some(),
        parameters: parameters.collect(),
        gives: gives(&signature.output),
        attributes: attributes(above),
        bounds: bounds(&signature.generics),
        body: body.map(|body| statements(&body.stmts)),
    }
}

fn gives(output: &syn::ReturnType) -> Type {
    match output {
        syn::ReturnType::Default => Type::Tuple(Vec::new()),
        syn::ReturnType::Type(_, output) => ty(output),
    }
}

fn uses(tree: &UseTree, is_global: bool, before: &mut Vec<String>, found: &mut Vec<Use>) {
    match tree {
        UseTree::Path(step) => {
            before.push(name(&step.ident));
            uses(&step.tree, is_global, before, found);
            before.pop();
        }
        UseTree::Name(last) => {
            let last = name(&last.ident);
            let mut path = before.clone();
            if last == "self" {
                found.push(Use { is_global, bound: path.last().cloned(), path });
            } else {
                path.push(last.clone());
                found.push(Use { is_global, path, bound: Some(last) });
            }
        }
        UseTree::Rename(last) => {
            let mut path = before.clone();
            if last.ident != "self" {
                path.push(name(&last.ident));
            }
            found.push(Use { is_global, path, bound: Some(name(&last.rename)) });
        }
        UseTree::Glob(_) => found.push(Use { is_global, path: before.clone(), bound: None }),
        UseTree::Group(group) => {
            for tree in &group.items {
                uses(tree, is_global, before, found);
            }
        }
    }
}

fn path(path: &syn::Path) -> Path {
    let arguments = path.segments.iter().rev().find_map(|segment| match &segment.arguments {
        PathArguments::AngleBracketed(arguments) => Some(types(&arguments.args)),
        PathArguments::Parenthesized(arguments) => {
            // What it gives comes first.
            let inputs = arguments.inputs.iter().map(|input| ty(&input.ty));
            Some(std::iter::once(gives(&arguments.output)).chain(inputs).collect())
        }
        PathArguments::None => None,
    });
    let ends = path.segments.first().zip(path.segments.last());
    let span = ends.map(|(first, last)| bytes(first.ident.span()).with(bytes(last.ident.span()))).unwrap_or_default();
    Path {
        is_global: path.leading_colon.is_some(),
        segments: names(path),
        arguments: arguments.unwrap_or_default(),
        span,
    }
}

fn types(arguments: &Punctuated<GenericArgument, syn::Token![,]>) -> Vec<Type> {
    let each = arguments.iter().filter_map(|argument| match argument {
        GenericArgument::Type(argument) => Some(ty(argument)),
        GenericArgument::AssocType(argument) => Some(ty(&argument.ty)),
        _ => None,
    });
    each.collect()
}

fn ty(written: &syn::Type) -> Type {
    match written {
        syn::Type::Path(named) if named.qself.is_none() => Type::Path(path(&named.path)),
        syn::Type::Reference(inner) => ty(&inner.elem),
        syn::Type::Paren(inner) => ty(&inner.elem),
        syn::Type::Group(inner) => ty(&inner.elem),
        syn::Type::ImplTrait(inner) => bound(&inner.bounds),
        syn::Type::TraitObject(inner) => bound(&inner.bounds),
        syn::Type::Tuple(inner) => Type::Tuple(inner.elems.iter().map(ty).collect()),
        syn::Type::Slice(inner) => Type::Slice(Box::new(ty(&inner.elem))),
        syn::Type::Array(inner) => Type::Slice(Box::new(ty(&inner.elem))),
        _ => Type::Unknown,
    }
}

fn pattern(written: &Pat) -> Pattern {
    match written {
        Pat::Ident(one) => {
            let inner = one.subpat.as_ref().map(|(_, inner)| pattern(inner));
            let name = Pattern::Name(name(&one.ident));
            inner.map_or(name.clone(), |inner| Pattern::Any(vec![name, inner]))
        }
        Pat::Tuple(all) => Pattern::Tuple(all.elems.iter().map(pattern).collect()),
        Pat::TupleStruct(call) => Pattern::Call(path(&call.path), call.elems.iter().map(pattern).collect()),
        Pat::Struct(all) => {
            let each = all.fields.iter().map(|field| (member(&field.member), pattern(&field.pat)));
            Pattern::Fields(path(&all.path), each.collect())
        }
        Pat::Reference(inner) => pattern(&inner.pat),
        Pat::Paren(inner) => pattern(&inner.pat),
        Pat::Type(inner) => pattern(&inner.pat),
        Pat::Guard(inner) => pattern(&inner.pat),
        Pat::Or(all) => all.cases.first().map_or(Pattern::Any(Vec::new()), pattern),
        Pat::Slice(all) => Pattern::Any(all.elems.iter().map(pattern).collect()),
        _ => Pattern::Any(Vec::new()),
    }
}

fn member(member: &Member) -> String {
    match member {
        Member::Named(ident) => name(ident),
        Member::Unnamed(index) => index.index.to_string(),
    }
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
