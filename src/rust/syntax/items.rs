//! What files declare, from the parser's tree.

use std::sync::Arc;

use syn::{Expr, FnArg, ImplItem, Item, Lit, UseTree};

use super::convert::{Join, bytes, expression, name, statements};
use super::patterns::{bound, gives, names, path, pattern, ty};
use super::{
    Attribute, Function, Implementation, ModuleItem, Parameter, Path, Pattern, Scope, TraitItem, Type, TypeItem, Use,
    ValueItem, definitions, macros,
};
use crate::source::Span;

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

pub(super) fn scope(items: &[Item]) -> Scope {
    let mut scope = Scope::default();
    for item in items {
        add(item, &mut scope);
    }
    scope
}

pub(super) fn add(item: &Item, scope: &mut Scope) {
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
