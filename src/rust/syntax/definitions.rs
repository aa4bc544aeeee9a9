//! What `macro_rules!` says, as far as that is plain: arguments with commas between them, and a body of statements.
//!
//! A name behind a dollar sign becomes one that nobody writes, which `expansion` puts the arguments in place of. A rule
//! that takes words or signs of its own is not for a call that has only values; where that is not sure, neither this
//! rule nor any behind it is known.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use syn::parse::Parser;

use super::convert::statements;
use super::{MacroItem, MacroRule, Taken};

/// What the names behind dollar signs begin with.
pub(super) const TAKEN: &str = "__taken_";
/// What stands for the crate that defines the macro.
pub(super) const HOME: &str = "__home_of_the_macro";

/// What a definition says.
pub(super) fn definition(name: String, tokens: &TokenStream) -> MacroItem {
    let mut rules = Vec::new();
    let mut tokens = tokens.clone().into_iter();
    while let Some(TokenTree::Group(matcher)) = tokens.next() {
        // `=>` are two signs.
        let arrow = (tokens.next(), tokens.next());
        let (Some(TokenTree::Punct(_)), Some(TokenTree::Punct(_))) = arrow else { break };
        let Some(TokenTree::Group(body)) = tokens.next() else { break };
        match takes(&matcher.stream()) {
            Takes::Values(takes) => {
                let body = syn::Block::parse_within.parse2(plain(&body.stream()));
                rules.push(MacroRule { takes, body: body.ok().map(|body| statements(&body)) });
            }
            Takes::Signs => {}
            Takes::Unknown => break,
        }
        let _ = tokens.next();
    }
    MacroItem { name, rules }
}

/// What a rule is for.
enum Takes {
    /// So many values.
    Values(Vec<Taken>),
    /// What no list of values looks like.
    Signs,
    Unknown,
}

fn takes(matcher: &TokenStream) -> Takes {
    let tokens: Vec<TokenTree> = matcher.clone().into_iter().collect();
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Punct(sign) if sign.as_char() == '$' => match tokens.get(at + 1) {
                Some(TokenTree::Ident(name)) => {
                    let Some(TokenTree::Ident(kind)) = tokens.get(at + 3) else { return Takes::Unknown };
                    found.push(Taken { name: name.to_string(), kind: kind.to_string(), repeats: false });
                    at += 4;
                }
                Some(TokenTree::Group(group)) => {
                    // What separates them, and how often they come.
                    at += 2;
                    while matches!(tokens.get(at), Some(TokenTree::Punct(sign)) if !matches!(sign.as_char(), '*' | '+' | '?'))
                    {
                        at += 1;
                    }
                    at += 1;
                    match takes(&group.stream()) {
                        // A comma that may come last.
                        Takes::Values(inner) if inner.is_empty() => {}
                        Takes::Values(mut inner) if inner.len() == 1 => {
                            found.extend(inner.pop().map(|one| Taken { repeats: true, ..one }));
                        }
                        _ => return Takes::Unknown,
                    }
                }
                _ => return Takes::Unknown,
            },
            TokenTree::Punct(sign) if matches!(sign.as_char(), ',' | ';') => at += 1,
            TokenTree::Punct(sign) if matches!(sign.as_char(), '@' | ':' | '>') => return Takes::Signs,
            TokenTree::Punct(sign) if sign.as_char() == '=' => at += 1,
            _ => return Takes::Unknown,
        }
    }
    // Only the last may come any number of times.
    if found.iter().rev().skip(1).any(|one| one.repeats) { Takes::Unknown } else { Takes::Values(found) }
}

/// A body without dollar signs: of what is repeated, one.
fn plain(tokens: &TokenStream) -> TokenStream {
    let mut made = Vec::new();
    let mut tokens = tokens.clone().into_iter().peekable();
    while let Some(token) = tokens.next() {
        match token {
            TokenTree::Punct(ref sign) if sign.as_char() == '$' => match tokens.next() {
                Some(TokenTree::Ident(name)) if name == "crate" => made.push(ident(HOME)),
                Some(TokenTree::Ident(name)) => made.push(ident(&format!("{TAKEN}{name}"))),
                Some(TokenTree::Group(group)) => {
                    made.extend(plain(&group.stream()));
                    while let Some(TokenTree::Punct(sign)) = tokens.next() {
                        if matches!(sign.as_char(), '*' | '+' | '?') {
                            break;
                        }
                    }
                }
                other => made.extend(other),
            },
            TokenTree::Group(group) => {
                let delimiter = group.delimiter();
                let inner = plain(&group.stream());
                made.push(TokenTree::Group(Group::new(
                    if delimiter == Delimiter::None { Delimiter::Parenthesis } else { delimiter },
                    inner,
                )));
            }
            other => made.push(other),
        }
    }
    made.into_iter().collect()
}

fn ident(name: &str) -> TokenTree {
    TokenTree::Ident(Ident::new(name, Span::call_site()))
}

#[cfg(test)]
mod tests {
    use super::super::parse;

    /// The rules that are known, by what they take, and whether their bodies are.
    fn told(rules: &str) -> Vec<(Vec<String>, bool)> {
        let scope = parse(&format!("macro_rules! m {{ {rules} }}")).unwrap();
        let rule = |rule: &super::MacroRule| {
            let dots = |repeats: bool| if repeats { "..." } else { "" };
            let takes = rule.takes.iter().map(|one| format!("{}:{}{}", one.name, one.kind, dots(one.repeats)));
            (takes.collect(), rule.body.is_some())
        };
        scope.macros[0].rules.iter().map(rule).collect()
    }

    fn takes(all: &[&str]) -> Vec<String> {
        all.iter().map(|one| (*one).to_owned()).collect()
    }

    #[test]
    fn values_with_commas_are_told_by_name_and_kind() {
        assert_eq!(told("($a:expr, $b:ident $(,)?) => { f($a) };"), [(takes(&["a:expr", "b:ident"]), true)]);
        assert_eq!(told("($($a:expr),* $(,)?) => { f($($a),*) };"), [(takes(&["a:expr..."]), true)]);
        assert_eq!(told("() => {};"), [(Vec::new(), true)]);
    }

    #[test]
    fn signs_of_its_own_are_passed_over_and_words_end_what_is_known() {
        let rules = "(@inner $a:expr) => { f($a) }; ($k:expr => $v:expr) => { f($v) }; ($a:expr) => { g($a) };";
        assert_eq!(told(rules), [(takes(&["a:expr"]), true)]);
        assert!(told("(word, $a:expr) => { f($a) }; ($a:expr) => { g($a) };").is_empty());
        assert!(told("($($a:expr, $b:expr),*) => { f($($a),*) };").is_empty());
    }

    #[test]
    fn a_body_that_is_no_code_is_unknown() {
        assert_eq!(told("($a:expr) => { => $a };"), [(takes(&["a:expr"]), false)]);
    }
}
