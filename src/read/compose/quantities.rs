//! Amounts of processors as compose spells them.

use std::collections::BTreeSet;

use crate::values::Cpus;

/// More processors than a machine has.
const MAX_CPUS: u32 = 4_096;

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
    fn sets_of_processors() {
        assert_eq!(cpu_set("0-3,6"), Some(Cpus(5.0)));
        assert_eq!(cpu_set("0, 0-1"), Some(Cpus(2.0)));
        for text in ["", "a", "3-1", "0-99999999", "-"] {
            assert_eq!(cpu_set(text), None, "{text}");
        }
    }
}
