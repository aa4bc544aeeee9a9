//! Quantities: a number that knows its unit, so that a bare `512` never crosses a room.

use std::fmt;

/// Processor time per wall-clock time, in cores; `1.5` is a quota of 150 ms in each 100 ms.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub struct Cpus(pub f64);

impl Cpus {
    /// Whole cores, rounded up, at least one: how many loops can be busy at once.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to the range first")]
    pub fn whole_up(self) -> u32 {
        self.0.ceil().clamp(1.0, 65_536.0) as u32
    }
}

impl fmt::Display for Cpus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Two decimals are what a quota resolves to in practice; trailing zeros say nothing.
        let text = format!("{:.2}", self.0);
        let text = text.trim_end_matches('0').trim_end_matches('.');
        write!(f, "{text} {}", if text == "1" { "CPU" } else { "CPUs" })
    }
}

/// An amount of memory in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bytes(pub u64);

impl Bytes {
    /// `n` mebibytes.
    pub const fn mib(n: u64) -> Self {
        Self(n << 20)
    }

    /// The amount in mebibytes.
    #[allow(clippy::cast_precision_loss, reason = "no machine has 2^52 bytes of memory")]
    pub fn as_mib(self) -> f64 {
        self.0 as f64 / f64::from(1 << 20)
    }

    /// Reads `512MiB`, `512M`, `0.5g`, `1Gi`, `1e9` or a plain count of bytes.
    ///
    /// `K`, `M`, `G`, `T` without `i` are powers of 1024, as in compose files, systemd units and
    /// what people mean on a command line; `decimal` makes them powers of 1000, as Kubernetes has it.
    pub fn parse(text: &str, decimal: bool) -> Option<Self> {
        let text = text.trim();
        let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).map_or(text, |at| &text[..at]);
        let unit = text[digits.len()..].trim().to_ascii_lowercase();
        let number: f64 = digits.parse().ok()?;
        let kilo = if decimal { 1000_f64 } else { 1024_f64 };
        let factor = match unit.as_str() {
            "" | "b" => 1.0,
            "k" | "kb" => kilo,
            "m" | "mb" => kilo.powi(2),
            "g" | "gb" => kilo.powi(3),
            "t" | "tb" => kilo.powi(4),
            "ki" | "kib" => 1024_f64,
            "mi" | "mib" => 1024_f64.powi(2),
            "gi" | "gib" => 1024_f64.powi(3),
            "ti" | "tib" => 1024_f64.powi(4),
            _ => return None,
        };
        let bytes = number * factor;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "checked to lie in range")]
        (bytes.is_finite() && (0.0..9.0e18).contains(&bytes)).then_some(Self(bytes as u64))
    }
}

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mib = self.as_mib();
        if mib >= 10_240.0 {
            write!(f, "{:.1} GiB", mib / 1024.0)
        } else if mib >= 1.0 {
            write!(f, "{mib:.0} MiB")
        } else {
            write!(f, "{} B", self.0)
        }
    }
}

/// A duration in seconds, fractional.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Default)]
pub struct Seconds(pub f64);

impl fmt::Display for Seconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1.0 {
            write!(f, "{:.0} ms", self.0 * 1000.0)
        } else {
            write!(f, "{} s", format!("{:.2}", self.0).trim_end_matches('0').trim_end_matches('.'))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_the_units_people_write() {
        assert_eq!(Bytes::parse("512MiB", false), Some(Bytes::mib(512)));
        assert_eq!(Bytes::parse("512m", false), Some(Bytes::mib(512)));
        assert_eq!(Bytes::parse("1.5g", false), Some(Bytes::mib(1536)));
        assert_eq!(Bytes::parse("1Gi", true), Some(Bytes::mib(1024)));
        assert_eq!(Bytes::parse("1M", true), Some(Bytes(1_000_000)));
        assert_eq!(Bytes::parse("12x", false), None);
        assert_eq!(Bytes::parse("-1", false), None);
        assert_eq!(Bytes::parse("", false), None);
    }

    #[test]
    fn quantities_print_without_noise() {
        assert_eq!(Cpus(2.0).to_string(), "2 CPUs");
        assert_eq!(Cpus(1.0).to_string(), "1 CPU");
        assert_eq!(Cpus(0.5).to_string(), "0.5 CPUs");
        assert_eq!(Bytes::mib(512).to_string(), "512 MiB");
        assert_eq!(Bytes::mib(24 * 1024).to_string(), "24.0 GiB");
        assert_eq!(Seconds(0.02).to_string(), "20 ms");
        assert_eq!(Seconds(30.0).to_string(), "30 s");
        assert_eq!(Cpus(1.5).whole_up(), 2);
        assert_eq!(Cpus(0.2).whole_up(), 1);
    }
}
