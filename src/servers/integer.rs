//! Whole numbers as Python reads them from text.
//!
//! Two differences on purpose: only ASCII digits count, and a number beyond 64 bits is none.

/// Python's `int(text, 0)`: decimal, `0x`, `0o` or `0b`, with underscores between digits; a decimal
/// number may not begin with `0`.
pub(super) fn any_base(text: &str) -> Option<i64> {
    let (sign, digits) = signed(text);
    let prefixed = [("0x", 16), ("0o", 8), ("0b", 2)].into_iter().find_map(|(prefix, radix)| {
        let head = digits.get(..2)?;
        head.eq_ignore_ascii_case(prefix).then(|| (digits.get(2..).unwrap_or_default(), radix))
    });
    if let Some((digits, radix)) = prefixed {
        // An underscore may follow the prefix.
        return number(sign, digits.strip_prefix('_').unwrap_or(digits), radix);
    }
    let zeros_only = digits.bytes().all(|b| b == b'0' || b == b'_');
    if digits.starts_with('0') && !zeros_only { None } else { number(sign, digits, 10) }
}

/// Python's `int(text)`.
pub(super) fn decimal(text: &str) -> Option<i64> {
    let (sign, digits) = signed(text);
    number(sign, digits, 10)
}

/// Gunicorn's `auto_int`, for masks and modes: a leading zero means octal, as in a shell.
pub(super) fn octal_aware(text: &str) -> Option<i64> {
    match text.strip_prefix('0') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => any_base(&format!("0o{rest}")),
        _ => any_base(text),
    }
}

/// Granian's `OctalIntType`: Python's `int(text, 8)` for a text that begins with `0`, else `int(text)`.
pub(super) fn octal_or_decimal(text: &str) -> Option<i64> {
    match text.strip_prefix('0') {
        None => decimal(text),
        Some("") => Some(0),
        Some(rest) => number(1, rest.strip_prefix(['o', 'O']).unwrap_or(rest), 8),
    }
}

/// C's `atoi` and `strtoul`: white space, a sign, digits; what follows is passed over, and 0 stands for no
/// number at all.
pub(super) fn leading(text: &str) -> i64 {
    let text = text.trim_start();
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let length = digits.bytes().take_while(u8::is_ascii_digit).count();
    digits.get(..length).and_then(|digits| digits.parse::<i64>().ok()).map_or(0, |n| n * sign)
}

fn signed(text: &str) -> (i64, &str) {
    let text = text.trim();
    match text.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    }
}

fn number(sign: i64, digits: &str, radix: u32) -> Option<i64> {
    let misplaced = digits.starts_with('_') || digits.ends_with('_') || digits.contains("__");
    // `from_str_radix` would take a second sign.
    if misplaced || !digits.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
        return None;
    }
    i64::from_str_radix(&digits.replace('_', ""), radix).ok().map(|n| n * sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_stops_at_what_is_no_digit() {
        let cases =
            [("4", 4), (" +4", 4), ("4x", 4), ("4.5", 4), ("-3", -3), ("", 0), ("auto", 0), ("0x10", 0), ("é4", 0)];
        for (text, number) in cases {
            assert_eq!(leading(text), number, "{text:?}");
        }
    }

    /// Every expectation was printed by Python 3.11.
    #[test]
    fn numbers_are_read_as_python_reads_them() {
        let cases = [
            ("4", Some(4), Some(4)),
            (" 4\n", Some(4), Some(4)),
            ("+4", Some(4), Some(4)),
            ("-4", Some(-4), Some(-4)),
            ("1_000", Some(1000), Some(1000)),
            ("08", None, Some(8)),
            ("00", Some(0), Some(0)),
            ("0x10", Some(16), None),
            ("0X_1f", Some(31), None),
            ("0o22", Some(18), None),
            ("0b101", Some(5), None),
            ("", None, None),
            ("_1", None, None),
            ("1__0", None, None),
            ("4.0", None, None),
            ("+-4", None, None),
            ("30s", None, None),
            ("é", None, None),
            ("0é", None, None),
        ];
        for (text, base_zero, base_ten) in cases {
            assert_eq!(any_base(text), base_zero, "int({text:?}, 0)");
            assert_eq!(decimal(text), base_ten, "int({text:?})");
        }
        assert_eq!(octal_aware("022"), Some(18));
        assert_eq!(octal_aware("0o22"), Some(18));
        assert_eq!(octal_aware("18"), Some(18));
        assert_eq!(octal_aware("08"), None);
        for (text, number) in
            [("0660", Some(432)), ("432", Some(432)), ("0o17", Some(15)), ("0", Some(0)), ("0888", None)]
        {
            assert_eq!(octal_or_decimal(text), number, "{text}");
        }
    }
}
