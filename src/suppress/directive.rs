//! The grammar of comments addressed to farrier.
//!
//! `# farrier: ignore[rule, CODE] -- reason` and `# farrier: ignore-file[rule] -- reason`. Case and
//! spaces do not matter; everything else does: a comment that means to silence something and fails to
//! say it properly is an error, never a comment like any other. Files of options have comments that begin with `;`.

use crate::source::Span;

/// What comments begin with.
pub(super) const SIGNS: [char; 2] = ['#', ';'];

/// More names than a comment has a use for: each gets its own answer, with what is left of the others.
const MAX_NAMES: usize = 64;

/// What a comment asks for. Spans count from the start of the comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Directive {
    pub(super) scope: Scope,
    pub(super) names: Vec<Name>,
    pub(super) reason: Option<String>,
    /// From its `#` to its last character.
    pub(super) span: Span,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scope {
    Statement,
    File,
}

/// A rule as the comment names it, in lower case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    pub(super) span: Span,
}

/// A comment that is addressed to farrier and cannot be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) reason: &'static str,
    pub(super) span: Span,
}

/// Reads everything in a comment that is addressed to farrier.
pub(super) fn parse(comment: &str) -> Vec<Result<Directive, Malformed>> {
    // ASCII only, so that offsets stay those of the comment.
    let lower = comment.to_ascii_lowercase();
    let mut sign = 0;
    let mut behind = 0;
    let starts: Vec<usize> = lower
        .match_indices("farrier")
        .filter_map(|(at, word)| {
            // The last sign in front of it.
            sign = lower.get(behind..at)?.rfind(SIGNS).map_or(sign, |found| behind + found);
            behind = at;
            address(lower.get(..at)?, lower.get(at + word.len()..)?, sign)
        })
        .collect();
    let mut found = Vec::with_capacity(starts.len());
    for (i, &start) in starts.iter().enumerate() {
        let end = starts.get(i + 1).copied().unwrap_or(comment.len());
        let text = comment.get(start..end).unwrap_or_default();
        let span = Span::new(start, start + text.trim_end().len());
        found.push(one(comment, span).map_err(|reason| Malformed { reason, span }));
    }
    found
}

/// Where the part of a comment begins that is addressed to farrier, if the name between these two
/// texts makes it so: a `farrier:` behind the `#`, or an `ignore` behind the name, wherever it is. The last sign in
/// front of it is at `sign_at`.
fn address(before: &str, after: &str, sign_at: usize) -> Option<usize> {
    let after = after.trim_start();
    let sign = before.trim_end();
    // A comment of Rust begins with slashes; anywhere else those are a part of an address.
    let is_slashes = sign.len() >= 2 && sign.bytes().all(|byte| byte == b'/');
    let hashes = if is_slashes { "" } else { sign.trim_end_matches(SIGNS) };
    let behind_hash = hashes.len() < sign.len();
    let word = |text: &str| {
        let rest = text.trim_start().strip_prefix("ignore")?;
        let rest = rest.strip_prefix("-file").unwrap_or(rest);
        rest.trim_start().starts_with('[').then_some(())
    };
    let asks = word(after.strip_prefix(':').unwrap_or(after)).is_some();
    if behind_hash && (after.starts_with(':') || after.starts_with("ignore")) {
        Some(hashes.len())
    } else {
        asks.then_some(sign_at)
    }
}

fn one(comment: &str, span: Span) -> Result<Directive, &'static str> {
    let mut scanner = Scanner { text: comment, at: span.start, end: span.end };
    scanner.skip_signs();
    if !scanner.take("farrier") {
        return Err("`farrier:` has to come first");
    }
    if !scanner.take(":") {
        return Err("a colon is missing behind `farrier`");
    }
    let scope = if scanner.take("ignore-file") {
        Scope::File
    } else if scanner.take("ignore") {
        Scope::Statement
    } else {
        return Err("only `ignore[...]` and `ignore-file[...]` are known");
    };
    if !scanner.take("[") {
        return Err("the rules to ignore are missing, as in `ignore[rule-name]`");
    }
    let mut names = Vec::new();
    loop {
        names.push(scanner.name().ok_or("the name of a rule is missing between the brackets")?);
        if names.len() > MAX_NAMES {
            return Err("no comment names that many rules");
        }
        if scanner.take("]") {
            break;
        }
        if !scanner.take(",") {
            return Err("the names of rules are separated by commas and closed by `]`");
        }
    }
    if scanner.rest().is_empty() {
        return Ok(Directive { scope, names, reason: None, span });
    }
    if !scanner.take("--") {
        return Err("a reason starts with `--`");
    }
    match scanner.rest() {
        "" => Err("the reason behind `--` is missing"),
        reason => Ok(Directive { scope, names, reason: Some(reason.to_owned()), span }),
    }
}

/// Goes through a comment, past white space.
struct Scanner<'a> {
    text: &'a str,
    at: usize,
    end: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&mut self) -> &'a str {
        let rest = self.text.get(self.at..self.end).unwrap_or_default();
        let trimmed = rest.trim_start();
        self.at += rest.len() - trimmed.len();
        trimmed
    }

    fn skip_signs(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start_matches(|c| SIGNS.contains(&c) || c == '/').len();
    }

    fn take(&mut self, word: &str) -> bool {
        let there = self.rest().get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        if there {
            self.at += word.len();
        }
        there
    }

    fn name(&mut self) -> Option<Name> {
        let rest = self.rest();
        let length = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '-' || c == '_')).unwrap_or(rest.len());
        let text = rest.get(..length).filter(|text| !text.is_empty())?.to_ascii_lowercase();
        let span = Span::new(self.at, self.at + length);
        self.at += length;
        Some(Name { text, span })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(comment: &str) -> Vec<String> {
        match parse(comment).as_slice() {
            [Ok(directive)] => directive.names.iter().map(|name| name.text.clone()).collect(),
            other => panic!("{comment}: {other:?}"),
        }
    }

    #[test]
    fn case_and_spaces_do_not_matter() {
        for comment in [
            "# farrier: ignore[a-b, FAR001]",
            "#farrier:ignore[a-b,FAR001]",
            "; farrier: ignore[a-b, FAR001] -- why",
            "##  Farrier :  IGNORE [ a-b ,far001 ]  ",
            "# noqa: E501  # farrier: ignore[a-b, far001] -- see issue #12",
        ] {
            assert_eq!(names(comment), ["a-b", "far001"], "{comment}");
        }
    }

    #[test]
    fn a_reason_may_hold_anything_but_another_directive() {
        let found = parse("# farrier: ignore[a] -- über #12, [x] # farrier: ignore-file[b]");
        let [Ok(first), Ok(second)] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(first.reason.as_deref(), Some("über #12, [x]"));
        assert_eq!((second.scope, second.reason.as_deref()), (Scope::File, None));
    }

    #[test]
    fn what_is_meant_for_farrier_and_wrong_is_never_passed_over() {
        for comment in [
            "# farrier: ignore",
            "# farrier: ignore[]",
            "# farrier: ignore[a,]",
            "# farrier: ignore[a b]",
            "# farrier: ignore[a",
            "# farrier: ignore[a] because",
            "# farrier: ignore[a] - because",
            "# farrier: ignore[a] --",
            "# farrier: disable[a]",
            "# farrier:",
            "# farrier ignore[a]",
            "# TODO farrier: ignore[a]",
            "# farrier: ignore[ä]",
        ] {
            assert!(matches!(parse(comment).as_slice(), [Err(_)]), "{comment}: {:?}", parse(comment));
        }
    }

    #[test]
    fn other_comments_are_none_of_its_business() {
        for comment in ["# noqa", "# type: ignore[attr]", "# checked with farrier", "# farrier said so", "#", ""] {
            assert_eq!(parse(comment), [], "{comment}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_text_is_read_without_panic(comment in "#[ #a-zA-Z:\\[\\],ä-]{0,12}(farrier)?[ :]*(ignore)?(-file)?[\\[\\] ,a-zäß-]{0,20}") {
            for found in parse(&comment) {
                let span = match &found {
                    Ok(directive) => directive.span,
                    Err(malformed) => malformed.span,
                };
                proptest::prop_assert!(comment.get(span.start..span.end).is_some());
            }
        }
    }
}
