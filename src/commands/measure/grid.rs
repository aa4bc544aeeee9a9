//! Every combination of a few numbers, as candidates of one run.

use farrier::deployment::Deployment;
use farrier::measure::Candidate;

use super::super::Failure;
use super::arguments::with_options;

/// Most configurations of one run.
const MOST: usize = 48;
/// Seconds under load that a configuration needs: a warm-up, three windows, and what is around them.
const SECONDS_EACH: u64 = 5;

/// The candidates of `workers=1..5,threads=1..4`, behind the current command line.
pub(super) fn candidates(
    spec: &str,
    current: &Candidate,
    deployment: &Deployment,
    budget: u64,
) -> Result<Vec<Candidate>, Failure> {
    let axes = axes(spec).ok_or_else(|| {
        Failure::Usage(format!("`{spec}` is no grid such as `workers=1..5,threads=1..4` with numbers from 1"))
    })?;
    let mut points: Vec<Vec<(String, u32)>> = vec![Vec::new()];
    for (name, first, last) in axes {
        let setting = deployment.setting(&name);
        let flag = setting.and_then(|setting| setting.setting.at(deployment.version.version).flag());
        let Some(flag) = flag else {
            return Err(Failure::Usage(format!("{} has no option for `{name}`", deployment.server)));
        };
        let more = |point: Vec<(String, u32)>| {
            (first..=last).map(move |value| [point.clone(), vec![(flag.to_owned(), value)]].concat())
        };
        points = points.into_iter().flat_map(more).take(MOST + 1).collect();
    }
    if points.len() > MOST {
        return Err(Failure::Usage(format!("`{spec}` has more than {MOST} combinations")));
    }
    let needed = (points.len() as u64 + 1) * SECONDS_EACH;
    if budget < needed {
        let count = points.len();
        return Err(Failure::Usage(format!("{count} combinations take {needed} seconds: `--budget {needed}`")));
    }
    let mut all = vec![current.clone()];
    all.extend(points.into_iter().map(|point| {
        let words: Vec<String> = point.iter().map(|(flag, value)| format!("{flag}={value}")).collect();
        let label = words.iter().map(|word| word.trim_start_matches('-')).collect::<Vec<_>>().join(" ");
        let arguments = with_options(deployment.server, &current.arguments, words);
        Candidate::new(label, arguments)
    }));
    Ok(all)
}

/// The names with their first and last number.
fn axes(spec: &str) -> Option<Vec<(String, u32, u32)>> {
    spec.split(',')
        .map(|axis| {
            let (name, range) = axis.split_once('=')?;
            let (first, last) = range.split_once("..").unwrap_or((range, range));
            let (first, last) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
            (first >= 1 && first <= last).then(|| (name.trim().replace('-', "_"), first, last))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_hold_both_ends_and_nothing_else_is_a_grid() {
        let of = |name: &str, first, last| (name.to_owned(), first, last);
        assert_eq!(axes("workers=1..5,threads=2"), Some(vec![of("workers", 1, 5), of("threads", 2, 2)]));
        for wrong in ["workers", "workers=0..2", "workers=3..1", "workers=a..b", ""] {
            assert_eq!(axes(wrong), None, "{wrong}");
        }
    }
}
