//! A number of workers that follows the CPU limit of the container it runs in.
//!
//! Decides which expression takes the place of a formula over the cores of the machine, and where the function goes
//! that asks the kernel for the limit. Only a configuration in Python can hold one; farrier evaluates it like any
//! other (`python::evaluate`), with the limit that the deployment declares.

use std::fmt::Write as _;

use super::Change;
use super::formula::Formula;
use crate::deployment::{Deployment, Effective, Layer};
use crate::findings::{Edit, Fix};
use crate::sizing::{Binding, Item};
use crate::source::{Files, Place, Span};
use crate::values::Cpus;

/// The function that is written.
const FUNCTION: &str = "available_cores";

/// Makes `formula`, which sets what `item` is about, follow the limit; `cores` is what the advice counts on.
pub(super) fn follow(
    effective: &Effective,
    item: &Item,
    cores: Option<Cpus>,
    formula: Formula,
    files: &Files,
) -> Result<Change, String> {
    let Formula { place: formula, unless, .. } = formula;
    let instead = |why: &str| format!("{why}: set {} to {} at {}", item.setting, item.target, files.describe(formula));
    let winner = &effective.winner;
    let file = files.get(formula.file);
    if winner.layer != Layer::ConfigFile || !file.is_python() {
        return Err(instead("only a configuration file in Python can follow the limit of its container"));
    }
    let counted = winner.host_cores().map(|(place, _)| place).filter(|place| place.file == formula.file);
    let (Some(target), Some(cores), Some(counted)) = (item.target.count(), cores, counted) else {
        return Err(instead("there is no number of cores to follow"));
    };
    if item.binding != Binding::Cpu {
        return Err(instead(&format!("what binds is {} and not the cores", item.binding)));
    }
    let expression = expression(target, cores.whole_up())
        .ok_or_else(|| instead("that is less than one for each core, so it does not grow with them"))?;
    let text = file.text();
    if text.contains(&format!("def {FUNCTION}(")) {
        return Err(instead(&format!("a function `{FUNCTION}` is there already")));
    }
    let start = text.get(..formula.span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
    if !text.get(start..).is_some_and(|line| line.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')) {
        return Err(instead("the statement is not at the top level of the file"));
    }
    let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let above = text.get(..start).unwrap_or_default();
    let mut function = String::new();
    let blank = above.lines().rev().take_while(|line| line.trim().is_empty()).count();
    for _ in blank..if above.is_empty() { 0 } else { 2 } {
        function.push_str(newline);
    }
    for line in source(files.text_at(counted)).lines().chain(["", ""]) {
        let _ = write!(function, "{line}{newline}");
    }
    let edits = vec![
        Edit::insert(Place::new(formula.file, Span::new(start, start)), function),
        Edit::replace(formula, expression.clone()),
    ];
    let title = format!("let {} be {expression}", item.setting);
    // Nobody can tell beforehand what it will be: the machine may have fewer cores than the limit allows.
    Ok(Change { setting: item.setting, value: None, fix: Fix::unsafe_(title, edits), unless })
}

/// `target` workers on `cores` as a number for each core and a rest, `2 * available_cores() + 1`; `None` where there
/// is less than one for each.
fn expression(target: u32, cores: u32) -> Option<String> {
    let (each, rest) = (target / cores, target % cores);
    let times = match each {
        0 => return None,
        1 => format!("{FUNCTION}()"),
        each => format!("{each} * {FUNCTION}()"),
    };
    Some(if rest == 0 { times } else { format!("{times} + {rest}") })
}

/// The number that an expression like those gives on `cores`, where it is what sets `effective`.
pub(super) fn counted(
    deployment: &Deployment,
    effective: &Effective,
    cores: Option<Cpus>,
    files: &Files,
) -> Option<u32> {
    let place = effective.place().filter(|_| effective.winner.follows_quota())?;
    let place = deployment.stand_in(&effective.winner, files).map_or(place, |found| found.place);
    value(files.text_at(place), cores?.whole_up())
}

/// `expression` on so many cores.
fn value(expression: &str, cores: u32) -> Option<u32> {
    let (product, rest) = match expression.split_once(" + ") {
        Some((product, rest)) => (product, rest.trim().parse().ok()?),
        None => (expression, 0),
    };
    let each = match product.split_once(" * ") {
        Some((each, call)) if call == format!("{FUNCTION}()") => each.parse().ok()?,
        None if product == format!("{FUNCTION}()") => 1,
        _ => return None,
    };
    cores.checked_mul(each)?.checked_add(rest)
}

/// The function; `fallback` counts the cores where nothing else is to be had.
fn source(fallback: &str) -> String {
    format!(
        r#"def {FUNCTION}():
    """Cores that it may run on, or fewer where the limit of the container says so (cgroup v2 or v1)."""
    import os

    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = {fallback}
    try:
        with open("/sys/fs/cgroup/cpu.max") as limit:
            quota, period = limit.read().split()
        return max(1, min(cores, -(-int(quota) // int(period))))
    except (OSError, ValueError):
        pass
    try:
        with open("/sys/fs/cgroup/cpu/cpu.cfs_quota_us") as limit:
            quota = int(limit.read())
        with open("/sys/fs/cgroup/cpu/cpu.cfs_period_us") as limit:
            period = int(limit.read())
        if quota > 0:
            return max(1, min(cores, -(-quota // period)))
    except (OSError, ValueError):
        pass
    return cores
"#
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_expression_gives_the_target_on_the_cores_of_the_advice() {
        assert_eq!(expression(4, 2).as_deref(), Some("2 * available_cores()"));
        assert_eq!(expression(5, 2).as_deref(), Some("2 * available_cores() + 1"));
        assert_eq!(expression(4, 4).as_deref(), Some("available_cores()"));
        assert_eq!(expression(3, 2).as_deref(), Some("available_cores() + 1"));
        assert_eq!(expression(2, 4), None);
    }

    #[test]
    fn an_expression_is_read_as_it_was_written() {
        for (target, cores) in [(4, 2), (5, 2), (4, 4), (3, 2), (1, 1), (200, 64)] {
            assert_eq!(value(&expression(target, cores).unwrap(), cores), Some(target));
        }
        assert_eq!(value("2 * available_cores() + 1", 8), Some(17));
        assert_eq!(value("2 * other_cores() + 1", 8), None);
        assert_eq!(value("available_cores() * 2", 8), None);
    }
}
