//! Values of options, and what uWSGI puts into them.

use crate::python::evaluate::Dependency;

/// No value is longer, and none is filled in more often.
const MAX_LENGTH: usize = 1 << 16;
const MAX_ROUNDS: usize = 200;

/// A value of which it is known what it is, or why not.
#[derive(Debug, Clone)]
pub(super) enum Text {
    Known(String),
    Unknown { why: String, depends: Vec<Dependency> },
}

/// What a name in parentheses stands for.
pub(super) enum Answer {
    /// This.
    Text(String),
    /// Nothing, so that it stays as it is written.
    Nothing,
    /// It cannot be told.
    Unknown(Text),
}

impl Text {
    pub(super) fn unknown(why: impl Into<String>) -> Self {
        Self::Unknown { why: why.into(), depends: Vec::new() }
    }

    pub(super) fn known(&self) -> Option<&str> {
        match self {
            Self::Known(text) => Some(text),
            Self::Unknown { .. } => None,
        }
    }

    /// The value with every `symbol(name)` filled in, as `uwsgi_apply_config_pass` does: what is put in is looked
    /// at again, and a name that stands for nothing stays.
    pub(super) fn fill(&mut self, symbol: char, answer: &dyn Fn(&str) -> Answer) {
        let mut from = 0;
        for _ in 0..MAX_ROUNDS {
            let Self::Known(text) = self else { return };
            let Some((start, end)) = gap(text, symbol, from) else { return };
            match answer(text.get(start + 2..end - 1).unwrap_or_default()) {
                Answer::Text(found) if text.len() + found.len() <= MAX_LENGTH => {
                    text.replace_range(start..end, &found);
                    from = 0;
                }
                Answer::Text(_) => *self = Self::unknown("it is longer than any value"),
                Answer::Nothing => from = start + 2,
                Answer::Unknown(why) => *self = why,
            }
        }
        if let Self::Known(text) = self
            && gap(text, symbol, from).is_some()
        {
            *self = Self::unknown("it refers to itself");
        }
    }
}

/// The first `symbol(name)` at or behind byte `from`; one without a name is none.
fn gap(text: &str, symbol: char, mut from: usize) -> Option<(usize, usize)> {
    loop {
        let start = from + text.get(from..)?.find(symbol)?;
        let behind = start + symbol.len_utf8();
        let Some(inside) = text.get(behind..)?.strip_prefix('(') else {
            from = behind;
            continue;
        };
        let mut depth = 0_usize;
        let close = inside.char_indices().find(|(_, char)| match char {
            '(' => {
                depth += 1;
                false
            }
            ')' if depth > 0 => {
                depth -= 1;
                false
            }
            char => *char == ')',
        });
        match close {
            Some((0, _)) | None => from = behind + 1,
            Some((length, _)) => return Some((start, behind + 1 + length + 1)),
        }
    }
}

/// `%(a b + 2)`: names and numbers one after the other, as `uwsgi_manage_placeholder` reads them; `find` answers
/// for names.
pub(super) fn placeholder(key: &str, find: &dyn Fn(&str) -> Option<Text>) -> Answer {
    if !key.contains(' ') {
        return match find(key) {
            None => Answer::Nothing,
            Some(Text::Known(text)) => Answer::Text(text),
            Some(unknown) => Answer::Unknown(unknown),
        };
    }
    let mut current: Option<String> = None;
    let mut operator = None;
    for token in key.split(' ').filter(|token| !token.is_empty()) {
        let value = match token {
            "+" | "-" | "*" | "/" => {
                operator = Some(token);
                continue;
            }
            "++" | "--" => {
                let step = if token == "++" { 1 } else { -1 };
                current = current.map(|current| number(&current).wrapping_add(step).to_string());
                operator = None;
                continue;
            }
            token if token.bytes().all(|byte| byte.is_ascii_digit()) => token.to_owned(),
            token => match find(token) {
                None => String::new(),
                Some(Text::Known(text)) => text,
                Some(unknown) => return Answer::Unknown(unknown),
            },
        };
        let left = current.take().unwrap_or_default();
        current = Some(match operator.take() {
            None => left + &value,
            Some("+") => number(&left).wrapping_add(number(&value)).to_string(),
            Some("-") => number(&left).wrapping_sub(number(&value)).to_string(),
            Some("*") => number(&left).wrapping_mul(number(&value)).to_string(),
            Some(_) => number(&left).checked_div(number(&value)).unwrap_or(0).to_string(),
        });
        if current.as_ref().is_some_and(|text| text.len() > MAX_LENGTH) {
            return Answer::Unknown(Text::unknown("it is longer than any value"));
        }
    }
    current.map_or(Answer::Nothing, Answer::Text)
}

/// What `strtoll` makes of a text.
fn number(text: &str) -> i64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
    digits.get(..end).unwrap_or_default().parse::<i64>().map_or(0, |number| number.saturating_mul(sign))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(text: &str) -> Option<String> {
        let mut text = Text::Known(text.to_owned());
        text.fill('%', &|key| {
            placeholder(key, &|name| match name {
                "a" => Some(Text::Known("2".into())),
                "b" => Some(Text::Known("x%(a)".into())),
                "self" => Some(Text::Known("%(self)%(self)".into())),
                "open" => Some(Text::unknown("open")),
                _ => None,
            })
        });
        text.known().map(str::to_owned)
    }

    /// What `--show-config` of uWSGI 2.0.31 prints for these.
    #[test]
    fn placeholders() {
        for (text, expected) in [
            ("%(a)", Some("2")),
            ("<%(b)>", Some("<x2>")),
            ("%(nope) %() %(a)", Some("%(nope) %() 2")),
            ("%(a a + 1)", Some("23")),
            ("%(a + 1 * 3)", Some("9")),
            ("%(a / 0)", Some("0")),
            ("%(a ++)", Some("3")),
            ("%(a - 5)", Some("-3")),
            ("%(open)", None),
            ("%(self)", None),
        ] {
            assert_eq!(filled(text).as_deref(), expected, "{text}");
        }
    }
}
