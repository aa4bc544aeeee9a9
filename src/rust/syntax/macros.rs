//! What macros evaluate, where their bodies are plain.
//!
//! Most take values with commas between them, and some a block. Of `select!` the futures and what follows them count.
//! What is written in a language of its own evaluates nothing here.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, Pat, Token};

use super::Expression;
use super::convert::{block, expression};

/// What the body of a macro evaluates, in order.
pub(super) fn values(name: &str, tokens: &TokenStream) -> Vec<Expression> {
    if name == "select" || name == "select_biased" {
        return Branches::parse.parse2(tokens.clone()).map(|branches| branches.0).unwrap_or_default();
    }
    if let Ok(values) = Values::parse.parse2(tokens.clone()) {
        return values.0;
    }
    match syn::Block::parse_within.parse2(tokens.clone()) {
        Ok(statements) => vec![block(&statements)],
        Err(_) => Vec::new(),
    }
}

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
