//! Amounts as Kubernetes spells them.

use crate::values::{Bytes, Cpus};

/// Processors: `500m`, `1`, `0.5`, `1e0`.
pub(super) fn cpus(text: &str) -> Option<Cpus> {
    let number = number(text)?;
    (number > 0.0).then_some(Cpus(number))
}

/// Memory: `512Mi`, `1G`, `1e9`, `128974848`, `128974848000m`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie in range")]
pub(super) fn bytes(text: &str) -> Option<Bytes> {
    let number = number(text)?;
    (number > 0.0 && number < 9.0e18).then(|| Bytes(number.ceil() as u64))
}

/// A quantity: decimal digits, then an exponent or a suffix. `m` is a thousandth, whatever it is of, and
/// upper and lower case differ.
pub(super) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let digits = text.strip_prefix('+').unwrap_or(text);
    let end = digits.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(digits.len());
    let (mantissa, suffix) = digits.split_at(end);
    let value: f64 = mantissa.parse().ok()?;
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024_f64,
        "Mi" => 1024_f64.powi(2),
        "Gi" => 1024_f64.powi(3),
        "Ti" => 1024_f64.powi(4),
        "Pi" => 1024_f64.powi(5),
        "Ei" => 1024_f64.powi(6),
        exponent => 10_f64.powi(exponent.strip_prefix(['e', 'E'])?.parse().ok()?),
    };
    let value = value * factor;
    value.is_finite().then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_in_every_spelling() {
        for (text, cpus) in [("500m", 0.5), ("1", 1.0), ("0.5", 0.5), ("1e0", 1.0), ("2k", 2000.0), (".5", 0.5)] {
            assert_eq!(super::cpus(text), Some(Cpus(cpus)), "{text}");
        }
        for (text, bytes) in [
            ("512Mi", 512 << 20),
            ("1G", 1_000_000_000),
            ("1e9", 1_000_000_000),
            ("128974848", 128_974_848),
            ("128974848000m", 128_974_848),
            ("1.5Gi", 3 << 29),
            ("123Mi", 123 << 20),
        ] {
            assert_eq!(super::bytes(text), Some(Bytes(bytes)), "{text}");
        }
        for text in ["", "Mi", "1 Gi", "1mi", "1K", "1gb", "-1", "1e", "nan", "inf", "1e999", "{{ ? }}"] {
            assert_eq!(number(text), None, "{text}");
        }
        assert_eq!(cpus("0"), None);
    }
}
