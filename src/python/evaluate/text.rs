//! Methods of texts.

use std::rc::Rc;

use crate::source::Span;

use super::call::Arguments;
use super::cell::{Cell, Text, Thing};
use super::operators::{Calc, MAX_TEXT, TOO_LARGE, tuple};
use super::run::{Run, Step};

impl<'a> Run<'a, '_> {
    pub(super) fn text_method(
        &mut self,
        receiver: &Cell<'a>,
        text: &str,
        name: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        self.spend(1 + text.len() / 16)?;
        let mut operands = vec![receiver];
        operands.extend(arguments.all());
        if name == "format" {
            let calc = self.format_method(text, arguments, at)?;
            return self.settle(calc, &operands, at);
        }
        if name == "join" {
            return self.join_method(receiver, text, arguments, at);
        }
        if arguments.all().any(Cell::is_unknown) || !arguments.named.is_empty() {
            return self.settle(Calc::Unknown("a text method with unknown arguments"), &operands, at);
        }
        let things: Vec<&Thing<'a>> = arguments.positional.iter().map(|cell| &cell.thing).collect();
        let calc = match (name, things.as_slice()) {
            ("split" | "rsplit", parts) => match self.split(text, name, parts)? {
                Ok(items) => Calc::Is(self.list(items)?.thing),
                Err(calc) => calc,
            },
            ("splitlines", []) if text.chars().all(|c| c == '\n' || (c.is_ascii() && !c.is_ascii_control())) => {
                let lines = text.lines().map(Cell::str).collect();
                Calc::Is(self.list(lines)?.thing)
            }
            ("partition" | "rpartition", [Thing::Str(separator)]) => partition(text, name, separator),
            ("startswith" | "endswith", [prefix]) => affix(text, name, prefix),
            _ => simple(text, name, &things),
        };
        self.settle(calc, &operands, at)
    }

    fn split(&mut self, text: &str, name: &str, parts: &[&Thing<'a>]) -> Step<Result<Vec<Cell<'a>>, Calc<'a>>> {
        let most = match parts.get(1) {
            None => None,
            Some(Thing::Int(n)) => usize::try_from(*n).ok(),
            Some(_) => return Ok(Err(Calc::Unknown("a split that is not followed"))),
        };
        let pieces: Vec<&str> = match (parts.first(), most) {
            (None | Some(Thing::None), None) => text.split(is_space).filter(|piece| !piece.is_empty()).collect(),
            (Some(Thing::Str(separator)), _) if separator.is_empty() => {
                return Ok(Err(Calc::Raises("ValueError", "a split at an empty text")));
            }
            (Some(Thing::Str(separator)), None) => text.split(separator.as_ref()).collect(),
            (Some(Thing::Str(separator)), Some(most)) if name == "split" => {
                text.splitn(most + 1, separator.as_ref()).collect()
            }
            (Some(Thing::Str(separator)), Some(most)) => {
                let mut pieces: Vec<&str> = text.rsplitn(most + 1, separator.as_ref()).collect();
                pieces.reverse();
                pieces
            }
            _ => return Ok(Err(Calc::Unknown("a split that is not followed"))),
        };
        if pieces.len() > super::operators::MAX_ITEMS {
            return Ok(Err(TOO_LARGE));
        }
        self.spend(pieces.len())?;
        Ok(Ok(pieces.into_iter().map(Cell::str).collect()))
    }

    fn join_method(&mut self, receiver: &Cell<'a>, text: &str, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let Some(list) = arguments.positional.first() else {
            return self.raise("TypeError", at, "join without a list");
        };
        let Some(items) = self.iterate(list, at)? else {
            return self.settle(Calc::Unknown("joins an unknown list"), &[receiver, list], at);
        };
        let mut operands = vec![receiver, list];
        operands.extend(&items);
        let mut joined = String::new();
        for (index, item) in items.iter().enumerate() {
            let piece = match &item.thing {
                Thing::Str(piece) => piece,
                Thing::Unknown(_) => return self.settle(Calc::Unknown("joins something unknown"), &operands, at),
                thing if super::compare::is_value(thing) => {
                    return self.fault(&operands, "TypeError", at, "joins something that is not a text");
                }
                _ => return self.settle(Calc::Unknown("joins an object"), &operands, at),
            };
            if index > 0 {
                joined.push_str(text);
            }
            joined.push_str(piece);
            if joined.len() > MAX_TEXT {
                return self.settle(TOO_LARGE, &operands, at);
            }
            self.spend(1 + piece.len() / 64)?;
        }
        self.known(Thing::Str(joined.into()), &operands, at)
    }
}

/// White space as `str.split` and `str.strip` see it; rarer characters differ and are not met.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn partition<'a>(text: &str, name: &str, separator: &Text) -> Calc<'a> {
    if separator.is_empty() {
        return Calc::Raises("ValueError", "a partition at an empty text");
    }
    let found =
        if name == "partition" { text.split_once(separator.as_ref()) } else { text.rsplit_once(separator.as_ref()) };
    let parts = match found {
        Some((before, after)) => [before, separator, after],
        None if name == "partition" => [text, "", ""],
        None => ["", "", text],
    };
    Calc::Is(tuple(parts.into_iter().map(Cell::str).collect()).thing)
}

fn affix<'a>(text: &str, name: &str, prefix: &Thing<'a>) -> Calc<'a> {
    let has = |affix: &str| if name == "startswith" { text.starts_with(affix) } else { text.ends_with(affix) };
    match prefix {
        Thing::Str(affix) => Calc::Is(Thing::Bool(has(affix))),
        Thing::Tuple(affixes) => {
            let mut found = false;
            for affix in affixes.iter() {
                match &affix.thing {
                    Thing::Str(affix) => found |= has(affix),
                    _ => return Calc::Unknown("an unknown text"),
                }
            }
            Calc::Is(Thing::Bool(found))
        }
        _ => Calc::Raises("TypeError", "a text compared with something else"),
    }
}

fn simple<'a>(text: &str, name: &str, things: &[&Thing<'a>]) -> Calc<'a> {
    let is = |text: &str| Calc::Is(Thing::Str(text.into()));
    let ascii = text.is_ascii();
    let every = |test: fn(char) -> bool| Calc::Is(Thing::Bool(!text.is_empty() && text.chars().all(test)));
    match (name, things) {
        ("strip", [] | [Thing::None]) => is(text.trim_matches(is_space)),
        ("lstrip", [] | [Thing::None]) => is(text.trim_start_matches(is_space)),
        ("rstrip", [] | [Thing::None]) => is(text.trim_end_matches(is_space)),
        ("strip", [Thing::Str(set)]) => is(text.trim_matches(|c| set.contains(c))),
        ("lstrip", [Thing::Str(set)]) => is(text.trim_start_matches(|c| set.contains(c))),
        ("rstrip", [Thing::Str(set)]) => is(text.trim_end_matches(|c| set.contains(c))),
        ("lower" | "casefold", []) if ascii => is(&text.to_ascii_lowercase()),
        ("upper", []) if ascii => is(&text.to_ascii_uppercase()),
        ("title", []) if ascii => is(&titled(text)),
        ("capitalize", []) if ascii => {
            let lower = text.to_ascii_lowercase();
            let (first, rest) = lower.split_at(usize::from(!lower.is_empty()));
            is(&format!("{}{rest}", first.to_ascii_uppercase()))
        }
        ("swapcase", []) if ascii => {
            let swap = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
            is(&text.chars().map(swap).collect::<String>())
        }
        ("replace", [Thing::Str(from), Thing::Str(to)]) => replaced(text, from, to, usize::MAX),
        ("replace", [Thing::Str(from), Thing::Str(to), Thing::Int(most)]) => {
            replaced(text, from, to, usize::try_from(*most).unwrap_or(usize::MAX))
        }
        ("removeprefix", [Thing::Str(prefix)]) => is(text.strip_prefix(prefix.as_ref()).unwrap_or(text)),
        ("removesuffix", [Thing::Str(suffix)]) => is(text.strip_suffix(suffix.as_ref()).unwrap_or(text)),
        ("isdigit" | "isdecimal" | "isnumeric", []) if ascii => every(|c| c.is_ascii_digit()),
        ("isalpha", []) if ascii => every(|c| c.is_ascii_alphabetic()),
        ("isalnum", []) if ascii => every(|c| c.is_ascii_alphanumeric()),
        ("isspace", []) if ascii => every(is_space),
        ("isupper", []) if ascii => {
            let cased = text.chars().any(|c| c.is_ascii_uppercase());
            Calc::Is(Thing::Bool(cased && !text.chars().any(|c| c.is_ascii_lowercase())))
        }
        ("islower", []) if ascii => {
            let cased = text.chars().any(|c| c.is_ascii_lowercase());
            Calc::Is(Thing::Bool(cased && !text.chars().any(|c| c.is_ascii_uppercase())))
        }
        ("count", [Thing::Str(part)]) if !part.is_empty() => count(text.matches(part.as_ref()).count()),
        ("find" | "index", [Thing::Str(part)]) => match text.find(part.as_ref()) {
            Some(at) => count(text.get(..at).unwrap_or("").chars().count()),
            None if name == "find" => Calc::Is(Thing::Int(-1)),
            None => Calc::Raises("ValueError", "a text that is not found"),
        },
        ("rfind", [Thing::Str(part)]) => match text.rfind(part.as_ref()) {
            Some(at) => count(text.get(..at).unwrap_or("").chars().count()),
            None => Calc::Is(Thing::Int(-1)),
        },
        ("zfill", [Thing::Int(width)]) => {
            let width = usize::try_from(*width).unwrap_or(0);
            if width > MAX_TEXT {
                return TOO_LARGE;
            }
            let (sign, digits) = match text.chars().next() {
                Some('+' | '-') => text.split_at(1),
                _ => ("", text),
            };
            is(&format!("{sign}{}{digits}", "0".repeat(width.saturating_sub(text.chars().count()))))
        }
        ("ljust" | "rjust", [Thing::Int(width), rest @ ..]) => {
            let fill = match rest {
                [] => " ",
                [Thing::Str(fill)] if fill.chars().count() == 1 => fill.as_ref(),
                _ => return Calc::Unknown("a fill that is not followed"),
            };
            let width = usize::try_from(*width).unwrap_or(0);
            if width > MAX_TEXT / 4 {
                return TOO_LARGE;
            }
            let fill = fill.repeat(width.saturating_sub(text.chars().count()));
            is(&if name == "ljust" { format!("{text}{fill}") } else { format!("{fill}{text}") })
        }
        _ => Calc::Unknown("a text method that is not followed"),
    }
}

fn count<'a>(count: usize) -> Calc<'a> {
    i64::try_from(count).map_or(TOO_LARGE, |n| Calc::Is(Thing::Int(n)))
}

fn replaced<'a>(text: &str, from: &str, to: &str, most: usize) -> Calc<'a> {
    let times = text.matches(from).count().min(most);
    if text.len() + times.saturating_mul(to.len()) > MAX_TEXT {
        return TOO_LARGE;
    }
    Calc::Is(Thing::Str(Rc::from(text.replacen(from, to, most))))
}

fn titled(text: &str) -> String {
    let mut after_letter = false;
    let titled = text.chars().map(|c| {
        let shown = if after_letter { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() };
        after_letter = c.is_ascii_alphabetic();
        shown
    });
    titled.collect()
}
