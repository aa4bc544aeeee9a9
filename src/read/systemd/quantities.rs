//! Amounts as systemd spells them.

use std::collections::BTreeSet;

use crate::values::{Bytes, Cpus, Seconds};

/// `200%` of a processor.
pub(super) fn cpus(text: &str) -> Option<Cpus> {
    let percent: f64 = text.trim().strip_suffix('%')?.trim().parse().ok()?;
    (percent.is_finite() && percent > 0.0).then_some(Cpus(percent / 100.0))
}

/// More processors than any machine has.
const MAX_CPUS: u32 = 8_192;

/// The processors of `0-3 8,9`; the nodes of `numa` are none that a file tells.
pub(super) fn cpu_set(text: &str) -> Option<BTreeSet<u32>> {
    let mut all = BTreeSet::new();
    for part in text.split([',', ' ', '\t']).filter(|part| !part.is_empty()) {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (u32, u32) = (first.parse().ok()?, last.parse().ok()?);
        if last >= MAX_CPUS || first > last {
            return None;
        }
        all.extend(first..=last);
    }
    Some(all)
}

/// `512M`, `2G`, `1G500M`: powers of 1024. A share of the machine's memory and `infinity` are none.
pub(super) fn bytes(text: &str) -> Option<Bytes> {
    let mut total = 0_u64;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let behind = rest.get(digits..)?.trim_start();
        let unit = behind.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(behind.len());
        let known = matches!(behind.get(..unit)?, "" | "B" | "K" | "M" | "G" | "T");
        let amount = format!("{}{}", rest.get(..digits)?, behind.get(..unit)?);
        total = total.checked_add(Bytes::parse(&amount, false).filter(|_| known)?.0)?;
        rest = behind.get(unit..)?.trim_start();
    }
    Some(Bytes(total))
}

/// `90`, `1min 30s`, `2h`, `500ms` (`systemd.time(7)`); `infinity` is none, and so is 0, which turns a timeout
/// off.
pub(super) fn seconds(text: &str) -> Option<Seconds> {
    let mut total = 0.0;
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(rest.len());
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        let behind = rest.get(digits..)?.trim_start();
        let unit = behind.find(|c: char| !(c.is_alphabetic())).unwrap_or(behind.len());
        total += number
            * match behind.get(..unit)? {
                "" | "s" | "sec" | "second" | "seconds" => 1.0,
                "ms" | "msec" => 1e-3,
                "us" | "usec" | "µs" | "μs" => 1e-6,
                "m" | "min" | "minute" | "minutes" => 60.0,
                "h" | "hr" | "hour" | "hours" => 3600.0,
                "d" | "day" | "days" => 86_400.0,
                "w" | "week" | "weeks" => 604_800.0,
                "M" | "month" | "months" => 2_629_800.0,
                "y" | "year" | "years" => 31_557_600.0,
                _ => return None,
            };
        rest = behind.get(unit..)?.trim_start();
    }
    (f64::is_finite(total) && total > 0.0).then_some(Seconds(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_systemd() {
        assert_eq!(cpus("150%"), Some(Cpus(1.5)));
        assert_eq!(cpus("2"), None);
        assert_eq!(bytes("1G"), Some(Bytes::mib(1024)));
        assert_eq!(bytes("1G 512M"), Some(Bytes::mib(1536)));
        assert_eq!(bytes("1.5G"), Some(Bytes::mib(1536)));
        assert_eq!(bytes("1048576"), Some(Bytes::mib(1)));
        for text in ["infinity", "50%", "", "1Q"] {
            assert_eq!(bytes(text), None, "{text}");
        }
        assert_eq!(seconds("1min 30s"), Some(Seconds(90.0)));
        assert_eq!(seconds("1min30"), Some(Seconds(90.0)));
        assert_eq!(seconds("2h"), Some(Seconds(7200.0)));
        assert_eq!(seconds("500ms"), Some(Seconds(0.5)));
        for text in ["infinity", "0", "", "x", "-1", "5 parsecs"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
