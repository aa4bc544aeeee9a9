//! Amounts of time as programs that are written in Go spell them: compose, Fly.io, Caddy.

use crate::values::Seconds;

/// Reads `1m30s`, `10s`, `500ms` or `1.5h`, the durations of the Go language.
pub(super) fn go(text: &str) -> Option<Seconds> {
    let mut rest = text.trim();
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        total += number
            * match rest.get(..unit)? {
                "ns" => 1e-9,
                "us" | "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                "m" => 60.0,
                "h" => 3600.0,
                _ => return None,
            };
        rest = rest.get(unit..)?;
    }
    f64::is_finite(total).then_some(Seconds(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_go() {
        assert_eq!(go("1m30s"), Some(Seconds(90.0)));
        assert_eq!(go("500ms"), Some(Seconds(0.5)));
        assert_eq!(go("1.5h"), Some(Seconds(5400.0)));
        for text in ["", "10", "s", "10 s", "1x", "-1s", "${GRACE}"] {
            assert_eq!(go(text), None, "{text}");
        }
    }
}
