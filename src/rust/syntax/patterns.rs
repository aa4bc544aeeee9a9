//! Paths, types and patterns, from the parser's tree.

use syn::punctuated::Punctuated;
use syn::{GenericArgument, Member, Pat, PathArguments, TypeParamBound};

use super::convert::{Join, bytes, name};
use super::{Path, Pattern, Type};

pub(super) fn names(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| name(&segment.ident)).collect()
}

pub(super) fn bound(bounds: &Punctuated<TypeParamBound, syn::Token![+]>) -> Type {
    let traits = bounds.iter().filter_map(|bound| match bound {
        TypeParamBound::Trait(bound) => Some(path(&bound.path)),
        _ => None,
    });
    Type::Bound(traits.collect())
}

pub(super) fn gives(output: &syn::ReturnType) -> Type {
    match output {
        syn::ReturnType::Default => Type::Tuple(Vec::new()),
        syn::ReturnType::Type(_, output) => ty(output),
    }
}

pub(super) fn path(path: &syn::Path) -> Path {
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

pub(super) fn types(arguments: &Punctuated<GenericArgument, syn::Token![,]>) -> Vec<Type> {
    let each = arguments.iter().filter_map(|argument| match argument {
        GenericArgument::Type(argument) => Some(ty(argument)),
        GenericArgument::AssocType(argument) => Some(ty(&argument.ty)),
        _ => None,
    });
    each.collect()
}

pub(super) fn ty(written: &syn::Type) -> Type {
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

pub(super) fn pattern(written: &Pat) -> Pattern {
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

pub(super) fn member(member: &Member) -> String {
    match member {
        Member::Named(ident) => name(ident),
        Member::Unnamed(index) => index.index.to_string(),
    }
}
