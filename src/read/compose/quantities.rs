//! Amounts of processors as compose spells them.

use std::collections::BTreeSet;

use crate::values::Cpus;

/// More processors than a machine has.
const MAX_CPUS: u32 = 4_096;

/// How compose prints a number whose spelling says the same in another way: `0x1F` is 31, `1e3` is 1000.
/// `None` for what is no number, and for one that is spelled as it prints.
pub(super) fn number(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let digits = digits.strip_prefix('+').unwrap_or(digits);
    if !digits.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return boolean(text);
    }
    let plain = digits.replace('_', "");
    let radix = |prefix: &str, radix| u64::from_str_radix(plain.strip_prefix(prefix)?, radix).ok();
    let octal = || {
        let is_octal = plain.len() > 1 && plain.starts_with('0') && plain.bytes().all(|byte| byte.is_ascii_digit());
        is_octal.then(|| u64::from_str_radix(&plain, 8).ok()).flatten()
    };
    let whole = radix("0x", 16).or_else(|| radix("0o", 8)).or_else(|| radix("0b", 2)).or_else(octal);
    let printed = if let Some(number) = whole.or_else(|| plain.parse().ok()) {
        number.to_string()
    } else {
        let number: f64 = plain.parse().ok().filter(|n: &f64| (1e-4..1e21).contains(n) || *n == 0.0)?;
        number.to_string()
    };
    let printed = format!("{sign}{printed}");
    (printed != text).then_some(printed)
}

fn boolean(text: &str) -> Option<String> {
    matches!(text, "True" | "TRUE" | "False" | "FALSE").then(|| text.to_ascii_lowercase())
}

/// A number of processors above zero.
pub(super) fn cpus(text: &str) -> Option<Cpus> {
    text.parse().ok().filter(|n: &f64| n.is_finite() && *n > 0.0).map(Cpus)
}

/// How many processors `0-3,6` names.
pub(super) fn cpu_set(text: &str) -> Option<Cpus> {
    let mut all = BTreeSet::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
        if last >= MAX_CPUS || first > last {
            return None;
        }
        all.extend(first..=last);
    }
    u32::try_from(all.len()).ok().map(|count| Cpus(f64::from(count)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_print_alike() {
        for (text, printed) in [
            ("0x1F", "31"),
            ("010", "8"),
            ("0o10", "8"),
            ("1_000", "1000"),
            ("1e3", "1000"),
            ("1.50", "1.5"),
            ("+4", "4"),
            ("-0b11", "-3"),
            ("2.0", "2"),
            ("True", "true"),
        ] {
            assert_eq!(number(text).as_deref(), Some(printed), "{text}");
        }
        for text in ["4", "1.5", "0", "-3", "a", "1.2.3", "10m", "127.0.0.1:80", "true", "yes", "", "-"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn sets_of_processors() {
        assert_eq!(cpu_set("0-3,6"), Some(Cpus(5.0)));
        assert_eq!(cpu_set("0, 0-1"), Some(Cpus(2.0)));
        for text in ["", "a", "3-1", "0-99999999", "-"] {
            assert_eq!(cpu_set(text), None, "{text}");
        }
    }
}
