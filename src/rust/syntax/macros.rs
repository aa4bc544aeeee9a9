//! What macros evaluate, where their bodies are plain.
//!
//! Most take values with commas between them, and some a block. Of `select!` the futures and what follows them count, of
//! `json!` the values, of what writes logs the fields. What is written in a language of its own is one unknown value, of which the names are
//! told that seem to be called in it.

use proc_macro2::{Delimiter, Spacing, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, Ident, Pat, Token, braced, bracketed, token};

use super::convert::{block, expression};
use super::{Expression, Kind, Path};

/// What the body of a macro evaluates, in order.
pub(super) fn values(name: &str, tokens: &TokenStream) -> Vec<Expression> {
    if name == "select" || name == "select_biased" {
        return Branches::parse.parse2(tokens.clone()).map(|branches| branches.0).unwrap_or_default();
    }
    let special = match name {
        "json" => Json::parse.parse2(tokens.clone()).ok().map(|json| json.0),
        "matches" => First::parse.parse2(tokens.clone()).ok().map(|first| vec![first.0]),
        _ if LOGS.contains(&name) => Fields::parse.parse2(tokens.clone()).ok().map(|fields| fields.0),
        _ => None,
    };
    if let Some(values) = special {
        return values;
    }
    if let Ok(values) = Values::parse.parse2(tokens.clone()) {
        return values.0;
    }
    match syn::Block::parse_within.parse2(tokens.clone()) {
        Ok(statements) => vec![block(&statements)],
        Err(_) => vec![unread(tokens)],
    }
}

fn unread(tokens: &TokenStream) -> Expression {
    let mut found = Vec::new();
    calls(tokens, &mut found);
    Expression { kind: Kind::Unread(found), span: crate::source::Span::default() }
}

/// The names in front of parentheses, behind no dot, which would be a method's.
fn calls(tokens: &TokenStream, found: &mut Vec<Path>) {
    let mut tokens = tokens.clone().into_iter().peekable();
    let (mut path, mut is_method) = (Path::default(), false);
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Ident(name) => path.segments.push(name.to_string()),
            TokenTree::Punct(ref sign) if sign.as_char() == ':' => {
                let is_pair = matches!(tokens.peek(), Some(TokenTree::Punct(next)) if next.as_char() == ':');
                if is_pair && matches!(sign.spacing(), Spacing::Joint) {
                    let _ = tokens.next();
                    path.is_global |= path.segments.is_empty();
                    continue;
                }
                path = Path::default();
            }
            TokenTree::Group(group) => {
                let is_call = group.delimiter() == Delimiter::Parenthesis && !path.segments.is_empty() && !is_method;
                if is_call {
                    found.push(std::mem::take(&mut path));
                }
                calls(&group.stream(), found);
                path = Path::default();
            }
            TokenTree::Punct(sign) => {
                path = Path::default();
                is_method = sign.as_char() == '.';
                continue;
            }
            TokenTree::Literal(_) => path = Path::default(),
        }
        // Two names beside each other are none together.
        let goes_on = matches!(tokens.peek(), Some(TokenTree::Punct(sign)) if sign.as_char() == ':')
            || matches!(tokens.peek(), Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Parenthesis);
        if !goes_on {
            (path, is_method) = (Path::default(), false);
        }
    }
}

/// Macros of `tracing` and `log`, whose fields have names and signs.
const LOGS: [&str; 14] = [
    "trace",
    "debug",
    "info",
    "warn",
    "error",
    "log",
    "event",
    "span",
    "trace_span",
    "debug_span",
    "info_span",
    "warn_span",
    "error_span",
    "enabled",
];

/// The words of a stream of tokens with their places, and the texts without their quotes.
pub(super) fn words(tokens: TokenStream) -> Vec<(String, Span)> {
    let mut words = Vec::new();
    let mut open = vec![tokens.into_iter()];
    while let Some(mut tokens) = open.pop() {
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => {
                    open.push(tokens);
                    open.push(group.stream().into_iter());
                    break;
                }
                TokenTree::Ident(ident) => words.push((ident.to_string(), ident.span())),
                TokenTree::Literal(literal) => {
                    words.push((literal.to_string().trim_matches('"').to_owned(), literal.span()));
                }
                TokenTree::Punct(_) => {}
            }
        }
    }
    words
}

/// Values with commas, or one semicolon, between them; named ones as in `format!`.
struct Values(Vec<Expression>);

impl Parse for Values {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut values = Vec::new();
        while !input.is_empty() {
            if input.peek(Token![%]) || input.peek(Token![?]) {
                let _ = input.parse::<TokenTree>()?;
            }
            values.push(expression(&input.parse::<Expr>()?));
            if input.peek(Token![;]) {
                input.parse::<Token![;]>()?;
            } else if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self(values))
    }
}

/// A value in front of what is not one.
struct First(Expression);

impl Parse for First {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let first = expression(&input.parse::<Expr>()?);
        input.parse::<TokenStream>()?;
        Ok(Self(first))
    }
}

/// `target: "...", field = %value, ?value, "text {}", value`.
struct Fields(Vec<Expression>);

impl Parse for Fields {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut values = Vec::new();
        while !input.is_empty() {
            if input.peek(Ident::peek_any) && input.peek2(Token![:]) && !input.peek2(Token![::]) {
                let _ = (input.call(Ident::parse_any)?, input.parse::<Token![:]>()?);
            }
            let ahead = input.fork();
            if name_of_field(&ahead).is_ok() {
                name_of_field(input)?;
            }
            if input.peek(Token![%]) || input.peek(Token![?]) {
                let _ = input.parse::<TokenTree>()?;
            }
            if input.peek(token::Brace) {
                // Fields in braces, in front of a text.
                let inner;
                braced!(inner in input);
                values.extend(inner.parse::<Self>()?.0);
            } else {
                values.push(expression(&input.parse::<Expr>()?));
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self(values))
    }
}

/// `user.id =`, `"name" =`.
fn name_of_field(input: ParseStream<'_>) -> syn::Result<()> {
    if input.peek(syn::LitStr) {
        input.parse::<syn::LitStr>()?;
    } else {
        input.call(Ident::parse_any)?;
        while input.peek(Token![.]) {
            let _ = (input.parse::<Token![.]>()?, input.call(Ident::parse_any)?);
        }
    }
    if input.peek(Token![==]) {
        return Err(input.error("a comparison"));
    }
    input.parse::<Token![=]>().map(drop)
}

/// `{ "name": value, "others": [value, { ... }] }`.
struct Json(Vec<Expression>);

impl Parse for Json {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut values = Vec::new();
        json_value(input, &mut values)?;
        // A comma may come last.
        let _ = input.parse::<Option<Token![,]>>()?;
        if input.is_empty() { Ok(Self(values)) } else { Err(input.error("more than one value")) }
    }
}

fn json_value(input: ParseStream<'_>, values: &mut Vec<Expression>) -> syn::Result<()> {
    let inner;
    if input.peek(token::Brace) {
        braced!(inner in input);
        while !inner.is_empty() {
            // A name may be a value, too.
            let ahead = inner.fork();
            if ahead.parse::<TokenTree>().is_ok() && ahead.peek(Token![:]) && !ahead.peek(Token![::]) {
                let name = inner.parse::<TokenTree>()?;
                if let TokenTree::Group(group) = name {
                    values.extend(syn::parse2::<Expr>(group.stream()).ok().map(|name| expression(&name)));
                }
            } else {
                values.push(expression(&inner.parse::<Expr>()?));
            }
            inner.parse::<Token![:]>()?;
            json_value(&inner, values)?;
            let _ = inner.parse::<Option<Token![,]>>()?;
        }
    } else if input.peek(token::Bracket) {
        bracketed!(inner in input);
        while !inner.is_empty() {
            json_value(&inner, values)?;
            let _ = inner.parse::<Option<Token![,]>>()?;
        }
    } else {
        values.push(expression(&input.parse::<Expr>()?));
    }
    Ok(())
}

/// `pattern = future, if condition => value`.
struct Branches(Vec<Expression>);

impl Parse for Branches {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut values = Vec::new();
        if input.peek(syn::Ident) && input.peek2(Token![;]) {
            let _ = (input.parse::<syn::Ident>()?, input.parse::<Token![;]>()?);
        }
        while !input.is_empty() {
            if input.peek(Token![else]) || input.peek(syn::Ident) && input.peek2(Token![=>]) {
                let _ = input.parse::<TokenTree>()?;
            } else {
                Pat::parse_multi_with_leading_vert(input)?;
                input.parse::<Token![=]>()?;
                values.push(expression(&input.parse::<Expr>()?));
                if input.peek(Token![,]) {
                    input.parse::<Token![,]>()?;
                    input.parse::<Token![if]>()?;
                    values.push(expression(&input.parse::<Expr>()?));
                }
            }
            input.parse::<Token![=>]>()?;
            values.push(expression(&Expr::parse_with_earlier_boundary_rule(input)?));
            if input.peek(Token![,]) {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(Self(values))
    }
}
