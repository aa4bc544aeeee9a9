//! Whole numbers as `$(( ))` computes with them.
//!
//! 64 bits that wrap around, as in `dash` and `bash`. What an interpreter refuses is unknown.

/// Deeper expressions than anybody writes are unknown.
const MAX_DEPTH: usize = 32;

/// What an expression reads and writes.
pub(super) trait Variables {
    /// The text of a variable; `None` if nobody knows it. Unset variables are empty.
    fn get(&mut self, name: &str) -> Option<String>;
    /// Sets a variable.
    fn set(&mut self, name: &str, value: i64);
}

/// The value of an expression; `None` where it rests on something unknown or is an error.
pub(super) fn evaluate(text: &str, variables: &mut dyn Variables) -> Option<i64> {
    evaluate_at(text, variables, 0)
}

fn evaluate_at(text: &str, variables: &mut dyn Variables, depth: usize) -> Option<i64> {
    if depth > 8 {
        return None;
    }
    if text.trim().is_empty() {
        return Some(0);
    }
    let tokens = tokens(text)?;
    let mut parser = Parser { tokens: &tokens, at: 0, variables, nested: depth, depth: 0, skips: 0 };
    let value = parser.comma()?;
    (parser.at == tokens.len()).then_some(value)
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Number(i64),
    Name(String),
    Symbol(&'static str),
}

const SYMBOLS: [&str; 38] = [
    "<<=", ">>=", "**", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "+=", "-=", "*=", "/=", "%=", "&=",
    "^=", "|=", "=", "+", "-", "*", "/", "%", "<", ">", "!", "~", "&", "^", "|", "?", ":", "(", ")",
];

fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_digit() {
            let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'#').count();
            tokens.push(Token::Number(number(rest.get(..length)?)?));
            length
        } else if first.is_ascii_alphabetic() || first == '_' {
            let length = rest.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
            tokens.push(Token::Name(rest.get(..length)?.to_owned()));
            length
        } else if first == ',' {
            tokens.push(Token::Symbol(","));
            1
        } else {
            let symbol = SYMBOLS.into_iter().find(|symbol| rest.starts_with(symbol))?;
            tokens.push(Token::Symbol(symbol));
            symbol.len()
        };
        if tokens.len() > 1_000 {
            return None;
        }
        rest = rest.get(length..)?.trim_start();
    }
    Some(tokens)
}

/// Decimal, `0x` and octal numbers; `16#ff` of bash is not read.
fn number(text: &str) -> Option<i64> {
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return i64::from_str_radix(digits, 16).ok();
    }
    match text.strip_prefix('0') {
        Some(digits) if !digits.is_empty() => i64::from_str_radix(digits, 8).ok(),
        _ => text.parse().ok(),
    }
}

/// Operators of two operands, the weakest first.
const LEVELS: [&[&str]; 9] =
    [&["|"], &["^"], &["&"], &["==", "!="], &["<=", ">=", "<", ">"], &["<<", ">>"], &["+", "-"], &["*", "/", "%"], &[]];

struct Parser<'a> {
    tokens: &'a [Token],
    at: usize,
    variables: &'a mut dyn Variables,
    nested: usize,
    depth: usize,
    /// How many operands that do not count are open.
    skips: usize,
}

impl Parser<'_> {
    fn eat(&mut self, symbol: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Symbol(own)) if *own == symbol);
        self.at += usize::from(found);
        found
    }

    fn comma(&mut self) -> Option<i64> {
        let mut value = self.assignment()?;
        while self.eat(",") {
            value = self.assignment()?;
        }
        Some(value)
    }

    fn assignment(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let value = self.assignment_inside();
        self.depth -= 1;
        value
    }

    fn assignment_inside(&mut self) -> Option<i64> {
        if let (Some(Token::Name(name)), Some(Token::Symbol(symbol))) =
            (self.tokens.get(self.at), self.tokens.get(self.at + 1))
            && let Some(operator) = symbol.strip_suffix('=').filter(|rest| !matches!(*rest, "=" | "!" | "<" | ">"))
        {
            self.at += 2;
            let right = self.assignment()?;
            let value = if operator.is_empty() {
                right
            } else {
                let left = self.read(name)?;
                self.apply(operator, left, right)?
            };
            self.write(name, value);
            return Some(value);
        }
        self.ternary()
    }

    fn ternary(&mut self) -> Option<i64> {
        let condition = self.or()?;
        if !self.eat("?") {
            return Some(condition);
        }
        let first = self.counted(condition != 0, Self::assignment)?;
        if !self.eat(":") {
            return None;
        }
        let second = self.counted(condition == 0, Self::assignment)?;
        Some(if condition != 0 { first } else { second })
    }

    /// An operand that may not count.
    fn counted(&mut self, counts: bool, read: fn(&mut Self) -> Option<i64>) -> Option<i64> {
        self.skips += usize::from(!counts);
        let value = read(self);
        self.skips -= usize::from(!counts);
        value
    }

    fn or(&mut self) -> Option<i64> {
        let mut value = self.and()?;
        while self.eat("||") {
            let right = self.counted(value == 0, Self::and)?;
            value = i64::from(value != 0 || right != 0);
        }
        Some(value)
    }

    fn and(&mut self) -> Option<i64> {
        let mut value = self.binary(0)?;
        while self.eat("&&") {
            let right = self.counted(value != 0, |parser| parser.binary(0))?;
            value = i64::from(value != 0 && right != 0);
        }
        Some(value)
    }

    fn binary(&mut self, level: usize) -> Option<i64> {
        let Some(symbols) = LEVELS.get(level).filter(|symbols| !symbols.is_empty()) else {
            return self.power();
        };
        let mut value = self.binary(level + 1)?;
        while let Some(Token::Symbol(symbol)) =
            self.tokens.get(self.at).filter(|token| matches!(token, Token::Symbol(symbol) if symbols.contains(symbol)))
        {
            self.at += 1;
            let right = self.binary(level + 1)?;
            value = self.apply(symbol, value, right)?;
        }
        Some(value)
    }

    fn power(&mut self) -> Option<i64> {
        let base = self.unary()?;
        if !self.eat("**") {
            return Some(base);
        }
        self.depth += 1;
        let exponent = (self.depth <= MAX_DEPTH).then(|| self.power()).flatten()?;
        self.depth -= 1;
        let exponent = u32::try_from(exponent).ok()?;
        Some(base.wrapping_pow(exponent))
    }

    fn unary(&mut self) -> Option<i64> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return None;
        }
        let value = self.unary_inside();
        self.depth -= 1;
        value
    }

    fn unary_inside(&mut self) -> Option<i64> {
        for (symbol, step) in [("++", 1), ("--", -1)] {
            if self.eat(symbol) {
                if let Some(Token::Name(name)) = self.tokens.get(self.at) {
                    self.at += 1;
                    let value = self.read(name)?.wrapping_add(step);
                    self.write(name, value);
                    return Some(value);
                }
                return None;
            }
        }
        if self.eat("-") {
            return Some(self.unary()?.wrapping_neg());
        }
        if self.eat("+") {
            return self.unary();
        }
        if self.eat("!") {
            return Some(i64::from(self.unary()? == 0));
        }
        if self.eat("~") {
            return Some(!self.unary()?);
        }
        if self.eat("(") {
            let value = self.comma()?;
            return self.eat(")").then_some(value);
        }
        match self.tokens.get(self.at)? {
            Token::Number(number) => {
                self.at += 1;
                Some(*number)
            }
            Token::Name(name) => {
                self.at += 1;
                let value = self.read(name)?;
                for (symbol, step) in [("++", 1), ("--", -1)] {
                    if self.eat(symbol) {
                        self.write(name, value.wrapping_add(step));
                    }
                }
                Some(value)
            }
            Token::Symbol(_) => None,
        }
    }

    fn read(&mut self, name: &str) -> Option<i64> {
        if self.skips > 0 {
            return Some(0);
        }
        let text = self.variables.get(name)?;
        evaluate_at(&text, self.variables, self.nested + 1)
    }

    fn write(&mut self, name: &str, value: i64) {
        if self.skips == 0 {
            self.variables.set(name, value);
        }
    }

    fn apply(&self, operator: &str, left: i64, right: i64) -> Option<i64> {
        let shift = || u32::try_from(right).ok().filter(|bits| *bits < 64);
        Some(match operator {
            "+" => left.wrapping_add(right),
            "-" => left.wrapping_sub(right),
            "*" => left.wrapping_mul(right),
            "/" | "%" if right == 0 => return (self.skips > 0).then_some(0),
            "/" => left.wrapping_div(right),
            "%" => left.wrapping_rem(right),
            "<<" => left.wrapping_shl(shift()?),
            ">>" => left.wrapping_shr(shift()?),
            "&" => left & right,
            "^" => left ^ right,
            "|" => left | right,
            "<" => i64::from(left < right),
            ">" => i64::from(left > right),
            "<=" => i64::from(left <= right),
            ">=" => i64::from(left >= right),
            "==" => i64::from(left == right),
            "!=" => i64::from(left != right),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    struct Set(BTreeMap<String, String>);

    impl Variables for Set {
        fn get(&mut self, name: &str) -> Option<String> {
            (name != "UNKNOWN").then(|| self.0.get(name).cloned().unwrap_or_default())
        }

        fn set(&mut self, name: &str, value: i64) {
            self.0.insert(name.to_owned(), value.to_string());
        }
    }

    fn value(text: &str) -> Option<i64> {
        evaluate(
            text,
            &mut Set(BTreeMap::from([("C".to_owned(), "20".to_owned()), ("E".to_owned(), "C+1".to_owned())])),
        )
    }

    #[test]
    fn numbers_are_computed_as_in_a_shell() {
        let cases = [
            ("2 * 2 + 1", 5),
            ("C > 16 ? 16 : C", 16),
            ("2 ** 3 ** 2", 512),
            ("-7 / 2", -3),
            ("-7 % 3", -1),
            ("1 << 4 | 3", 19),
            ("!C", 0),
            ("~0", -1),
            ("0x10 + 010", 24),
            ("nothing + 1", 1),
            ("E * 2", 42),
            ("C += 2, C", 22),
            ("C++ + C", 41),
            ("0 && UNKNOWN", 0),
            ("1 || 1 / 0", 1),
            ("(1 + 2) * 3", 9),
            ("", 0),
            ("1 == 1 && 2 != 3", 1),
            ("3 - 2 - 1", 0),
            ("1 ? 2 : 0 ? 3 : 4", 2),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text), Some(expected), "{text}");
        }
        for text in ["UNKNOWN + 1", "1 / 0", "1 +", "08", "a b", "1 ? 2", ")", "16#ff"] {
            assert_eq!(value(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_expression_upsets_it(text in "[-+*/%<>=!&|^~?:(), 0-9aC]{0,40}") {
            let _ = value(&text);
        }
    }
}
