//! `$NAME`, `${NAME:-default}` and what else a dollar sign starts.
//!
//! Three notations share it and differ in detail, see [`Dialect`]. What a variable holds is not decided
//! here.

use crate::source::{Operator, WordPart};

/// More parts than any text has that variables are filled in to.
const MAX_PARTS: usize = 2_000;
/// How deep defaults may nest before what is inside counts as unknown.
const MAX_NESTING: usize = 16;

/// Whose rules a text follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// A shell.
    Shell,
    /// The builder of an image, in `ENV`, `WORKDIR` and the like: no command substitution.
    Build,
    /// Compose: `$$` is a dollar sign, and quotes mean nothing around a variable.
    Compose,
    /// Kubernetes, where the words come with their variables told apart.
    Kubernetes,
    /// Python's `shlex`: quotes count, a dollar sign is text.
    Plain,
}

/// What the dollar sign at byte `at` starts, and where that ends. Text comes back for a dollar sign
/// that starts nothing.
pub(super) fn dollar(text: &str, at: usize, dialect: Dialect) -> (WordPart, usize) {
    nested(text, at, dialect, 0)
}

/// The parts of a text in which only variables and, outside compose, quotes and backslashes count.
pub(super) fn parts(text: &str, dialect: Dialect) -> Vec<WordPart> {
    parts_at(text, dialect, 0)
}

/// Adds `part`, joining neighbouring texts.
pub(super) fn add(parts: &mut Vec<WordPart>, part: WordPart) {
    match (parts.last_mut(), part) {
        (_, WordPart::Text(text)) if text.is_empty() => {}
        (Some(WordPart::Text(last)), WordPart::Text(text)) => last.push_str(&text),
        (_, part) => parts.push(part),
    }
}

/// The byte behind the `}}` of the template placeholder that starts at `at`, if one does.
pub(super) fn placeholder_end(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at..)?.strip_prefix("{{")?;
    // A placeholder is short; looking further would make a file of braces slow.
    let window = rest.as_bytes().get(..rest.len().min(200))?;
    let close = window.windows(2).position(|pair| pair == b"}}")?;
    Some(at + 2 + close + 2)
}

fn parts_at(text: &str, dialect: Dialect, depth: usize) -> Vec<WordPart> {
    let mut parts = Vec::new();
    let mut at = 0;
    let (mut in_single, mut in_double) = (false, false);
    while let Some(char) = text.get(at..).and_then(|rest| rest.chars().next()) {
        if parts.len() > MAX_PARTS {
            return vec![WordPart::Opaque(text.to_owned())];
        }
        let next = at + char.len_utf8();
        let quotes = dialect != Dialect::Compose;
        match char {
            '\'' if quotes && !in_double => {
                in_single = !in_single;
                at = next;
            }
            _ if in_single => {
                add(&mut parts, WordPart::Text(char.to_string()));
                at = next;
            }
            '"' if quotes => {
                in_double = !in_double;
                at = next;
            }
            // Inside quotes a backslash stands for itself, unless what follows means something there.
            '\\' if in_double && !text.get(next..).is_some_and(|rest| rest.starts_with(['"', '$', '\\', '`'])) => {
                add(&mut parts, WordPart::Text(char.to_string()));
                at = next;
            }
            '\\' if quotes => {
                let escaped = text.get(next..).and_then(|rest| rest.chars().next());
                add(&mut parts, WordPart::Text(escaped.unwrap_or('\\').to_string()));
                at = next + escaped.map_or(0, char::len_utf8);
            }
            '$' => {
                let (part, end) = nested(text, at, dialect, depth);
                add(&mut parts, part);
                at = end;
            }
            '`' if dialect == Dialect::Shell => {
                let end = backtick_end(text, at);
                add(&mut parts, WordPart::Opaque(text.get(at..end).unwrap_or_default().to_owned()));
                at = end;
            }
            _ => {
                if let Some(end) = placeholder_end(text, at) {
                    add(&mut parts, WordPart::Opaque(text.get(at..end).unwrap_or_default().to_owned()));
                    at = end;
                } else {
                    let plain = |c: char| !matches!(c, '\'' | '"' | '\\' | '$' | '`' | '{');
                    let rest = text.get(next..).unwrap_or_default();
                    let end = rest.find(|c| !plain(c)).map_or(text.len(), |length| next + length);
                    add(&mut parts, WordPart::Text(text.get(at..end).unwrap_or_default().to_owned()));
                    at = end;
                }
            }
        }
    }
    parts
}

/// The byte behind the backtick that closes the one at `at`.
pub(super) fn backtick_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let mut end = at + 1;
    while let Some(&byte) = bytes.get(end) {
        end += 1;
        match byte {
            b'\\' => end += 1,
            b'`' => return end,
            _ => {}
        }
    }
    text.len()
}

fn nested(text: &str, at: usize, dialect: Dialect, depth: usize) -> (WordPart, usize) {
    let rest = text.get(at + 1..).unwrap_or_default();
    let opaque = |end: usize| (WordPart::Opaque(text.get(at..end).unwrap_or_default().to_owned()), end);
    let literal = |end: usize| (WordPart::Text("$".to_owned()), end);
    if dialect == Dialect::Plain {
        return literal(at + 1);
    }
    let name = name_length(rest);
    if name > 0 {
        let variable = WordPart::Variable { name: rest[..name].to_owned(), default: None };
        return (variable, at + 1 + name);
    }
    match (rest.as_bytes().first(), dialect) {
        (Some(b'{'), _) => match closing(text, at + 1, b'{', b'}', dialect) {
            Some(end) => {
                let inside = text.get(at + 2..end - 1).unwrap_or_default();
                braced(inside, dialect, depth).map_or_else(|| opaque(end), |part| (part, end))
            }
            None => opaque(text.len()),
        },
        (Some(b'$'), Dialect::Compose) => literal(at + 2),
        (Some(b'('), Dialect::Shell) => opaque(closing(text, at + 1, b'(', b')', dialect).unwrap_or(text.len())),
        (Some(b'\''), Dialect::Shell) => {
            let end = rest.get(1..).and_then(|inside| inside.find('\'')).map_or(text.len(), |quote| at + 3 + quote);
            opaque(end)
        }
        (Some(byte), Dialect::Shell) if b"@*#?$!-0123456789".contains(byte) => opaque(at + 2),
        _ => literal(at + 1),
    }
}

/// What stands between the braces; `None` for what only a running shell can answer.
fn braced(inside: &str, dialect: Dialect, depth: usize) -> Option<WordPart> {
    let length = name_length(inside);
    if length == 0 || depth >= MAX_NESTING {
        return None;
    }
    let (name, operator) = inside.split_at(length);
    if dialect != Dialect::Shell
        && let Some((operator, word)) = changes(operator, dialect)
    {
        return Some(WordPart::Changed { name: name.to_owned(), operator, word: parts_at(word, dialect, depth + 1) });
    }
    let default = if operator.is_empty() || operator.starts_with(":?") || operator.starts_with('?') {
        None
    } else {
        let word = [":-", ":=", "-", "="].iter().find_map(|&symbol| operator.strip_prefix(symbol))?;
        Some(parts_at(word, dialect, depth + 1))
    };
    Some(WordPart::Variable { name: name.to_owned(), default })
}

/// The operators that compose and the builder of images know besides defaults; only the latter takes
/// something off.
fn changes(operator: &str, dialect: Dialect) -> Option<(Operator, &str)> {
    let table = [
        (":+", Operator::IfFilled),
        ("+", Operator::IfSet),
        ("-", Operator::IfUnset),
        ("##", Operator::WithoutStart { longest: true }),
        ("#", Operator::WithoutStart { longest: false }),
        ("%%", Operator::WithoutEnd { longest: true }),
        ("%", Operator::WithoutEnd { longest: false }),
    ];
    let known = if dialect == Dialect::Compose { &table[..3] } else { &table[..] };
    known.iter().find_map(|&(symbol, meaning)| Some((meaning, operator.strip_prefix(symbol)?)))
}

fn name_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_digit) {
        return 0;
    }
    bytes.iter().take_while(|byte| byte.is_ascii_alphanumeric() || **byte == b'_').count()
}

/// The byte behind the bracket that closes the one at `at`; quoted brackets do not count.
fn closing(text: &str, at: usize, open: u8, close: u8, dialect: Dialect) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    let mut quote = None;
    let mut i = at;
    while let Some(&byte) = bytes.get(i) {
        i += 1;
        match (byte, quote) {
            _ if dialect == Dialect::Compose && byte != open && byte != close => {}
            (b'\\', None | Some(b'"')) => i += 1,
            (b'\'' | b'"', None) => quote = Some(byte),
            (_, Some(end)) if byte == end => quote = None,
            (_, None) if byte == open => depth += 1,
            (_, None) if byte == close => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, default: Option<Vec<WordPart>>) -> WordPart {
        WordPart::Variable { name: name.into(), default }
    }

    fn text(text: &str) -> WordPart {
        WordPart::Text(text.into())
    }

    #[test]
    fn variables_and_their_defaults() {
        for source in ["${X:-4}", "${X-4}", "${X:=4}", "${X=4}", "${X:-\"4\"}", "${X:-'4'}"] {
            assert_eq!(parts(source, Dialect::Shell), [variable("X", Some(vec![text("4")]))], "{source}");
        }
        let nested = variable("A", Some(vec![variable("B", Some(vec![text("1")]))]));
        assert_eq!(parts("${A:-${B:-1}}", Dialect::Shell), std::slice::from_ref(&nested));
        assert_eq!(parts("\"${A:-\"${B:-1}\"}\"", Dialect::Shell), [nested]);
        assert_eq!(parts("a$X.b", Dialect::Shell), [text("a"), variable("X", None), text(".b")]);
        assert_eq!(parts("${X:?unset}", Dialect::Compose), [variable("X", None)]);
        assert_eq!(parts("${X:-}", Dialect::Shell), [variable("X", Some(vec![]))]);
    }

    #[test]
    fn what_only_a_shell_can_answer_stays_as_written() {
        for source in
            ["$(nproc)", "$((2 * $(nproc) + 1))", "`nproc`", "${X:+y}", "${#X}", "${X%.py}", "$1", "$@", "$'a'"]
        {
            assert_eq!(parts(source, Dialect::Shell), [WordPart::Opaque(source.into())], "{source}");
        }
        assert_eq!(parts("${X", Dialect::Shell), [WordPart::Opaque("${X".into())]);
        assert_eq!(parts("{{ workers }}", Dialect::Build), [WordPart::Opaque("{{ workers }}".into())]);
    }

    #[test]
    fn dialects_differ() {
        assert_eq!(parts("$$X", Dialect::Compose), [text("$X")]);
        assert_eq!(parts("\\$X", Dialect::Build), [text("$X")]);
        assert_eq!(parts("$(nproc)", Dialect::Build), [text("$(nproc)")]);
        assert_eq!(parts("it's $X", Dialect::Compose), [text("it's "), variable("X", None)]);
        assert_eq!(parts("'$X'", Dialect::Shell), [text("$X")]);
    }

    #[test]
    fn deep_nesting_ends_as_unknown() {
        let deep = format!("{}{}", "${A:-".repeat(50_000), "}".repeat(50_000));
        assert_eq!(parts(&deep, Dialect::Shell).len(), 1);
        let open = "${A:-$(".repeat(50_000);
        assert_eq!(parts(&open, Dialect::Shell), [WordPart::Opaque(open.clone())]);
    }
}
