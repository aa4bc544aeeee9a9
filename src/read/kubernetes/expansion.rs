//! `$(NAME)` in commands, arguments and variables, which Kubernetes fills in itself.
//!
//! The rules are those of `third_party/forked/golang/expansion` of Kubernetes: `$$` is a dollar sign, and
//! a name that the container has no variable for stays as it is written.

use std::collections::BTreeSet;

use crate::source::WordPart;

use super::super::decoded::Decoded;
use super::super::expansion::{add, placeholder_end};

/// Which names the container has a variable for, as far as its manifest tells.
pub(super) struct Names<'a> {
    pub(super) known: BTreeSet<&'a str>,
    /// Whether it may have others: a set of variables that the project does not hold.
    pub(super) open: bool,
}

impl Names<'_> {
    fn is_variable(&self, name: &str) -> bool {
        // A cluster adds variables for every service of the namespace.
        let of_service = name.contains("_SERVICE_") || name.contains("_PORT");
        self.open || of_service || self.known.contains(name)
    }
}

/// A text as Kubernetes reads it: what it is made of, and what a shell gets to see of it.
pub(super) fn expand(text: &Decoded, names: &Names) -> (Vec<WordPart>, Decoded) {
    let plain = text.text();
    let (mut parts, mut content) = (Vec::new(), Decoded::default());
    let (mut at, mut written) = (0, 0);
    let mut quotes = 0;
    while let Some(found) = plain.get(at..).and_then(|rest| rest.find(['$', '{', '\''])) {
        let start = at + found;
        let rest = plain.get(start..).unwrap_or_default();
        at = start + 1;
        if rest.starts_with('\'') {
            quotes += 1;
            continue;
        }
        if rest.starts_with('{') {
            let Some(end) = placeholder_end(plain, start) else { continue };
            add(&mut parts, WordPart::Text(plain.get(written..start).unwrap_or_default().to_owned()));
            content.push_from(text, written..end);
            add(&mut parts, WordPart::Opaque(plain.get(start..end).unwrap_or_default().to_owned()));
            (at, written) = (end, end);
            continue;
        }
        let (part, shell, end) = if rest.starts_with("$$") {
            (WordPart::Text("$".to_owned()), "$".to_owned(), start + 2)
        } else if let Some(name) =
            rest.strip_prefix("$(").and_then(|inside| inside.split_once(')')).map(|(name, _)| name)
        {
            let end = start + 3 + name.len();
            if !names.is_variable(name) || name.is_empty() {
                at = end;
                continue;
            }
            // A shell does not look inside single quotes, but this is filled in before it runs.
            let shell = if quotes % 2 == 0 { format!("${{{name}}}") } else { "{{ ? }}".to_owned() };
            (WordPart::Variable { name: name.to_owned(), default: None }, shell, end)
        } else {
            continue;
        };
        add(&mut parts, WordPart::Text(plain.get(written..start).unwrap_or_default().to_owned()));
        content.push_from(text, written..start);
        content.push_escaped(&shell, text.span(start..end));
        add(&mut parts, part);
        (at, written) = (end, end);
    }
    add(&mut parts, WordPart::Text(plain.get(written..).unwrap_or_default().to_owned()));
    content.push_from(text, written..plain.len());
    (parts, content)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(text: &str) -> Vec<WordPart> {
        let names = Names { known: ["A"].into(), open: false };
        expand(&Decoded::verbatim(text, 0), &names).0
    }

    fn text(text: &str) -> WordPart {
        WordPart::Text(text.to_owned())
    }

    fn variable(name: &str) -> WordPart {
        WordPart::Variable { name: name.to_owned(), default: None }
    }

    /// The cases of `expand_test.go` of Kubernetes, as far as they concern notation.
    #[test]
    fn what_kubernetes_fills_in() {
        assert_eq!(parts("$(A)"), [variable("A")]);
        assert_eq!(parts("___$(A)$(A)_"), [text("___"), variable("A"), variable("A"), text("_")]);
        assert_eq!(parts("$(B)"), [text("$(B)")]);
        assert_eq!(parts("$$(A)_$(A)"), [text("$(A)_"), variable("A")]);
        assert_eq!(parts("$$$(A)"), [text("$"), variable("A")]);
        assert_eq!(parts("foo$"), [text("foo$")]);
        assert_eq!(parts("$A ${A}"), [text("$A ${A}")]);
        assert_eq!(parts("$(A"), [text("$(A")]);
        assert_eq!(parts("$()"), [text("$()")]);
        assert_eq!(parts("a{{ ? }}"), [text("a"), WordPart::Opaque("{{ ? }}".to_owned())]);
    }

    #[test]
    fn a_shell_sees_its_own_notation() {
        let names = Names { known: ["A"].into(), open: false };
        let content = |text: &str| expand(&Decoded::verbatim(text, 0), &names).1.text().to_owned();
        assert_eq!(content("x -w $(A) $(nproc) $$(A) '$(A)'"), "x -w ${A} $(nproc) $(A) '{{ ? }}'");
    }
}
