//! A race whose field gets smaller, and a duel of what is left with what runs today.
//!
//! Decides how the time is shared between both, and which configuration comes out of it. Who leaves the race is
//! decided by `halving`, and what counts as better by `verdict`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::best::failures_of;
use super::compare;
use super::halving::{self, Rates};
use super::outcome::{Interval, Measured, Search, Standing, Warning};
use super::race::{Race, Report};
use super::summary;
use super::verdict::{Comparison, MOST_FAILURES, TIE, Verdict};
use super::{Error, Progress};

/// Share of the budget, starts included, after which the race is over.
const RACE_SHARE: f64 = 0.65;
/// Share of the budget after which the duel is over.
const DUEL_SHARE: f64 = 0.9;
/// Rounds of the duel that are worth a verdict whatever the time is.
const FEWEST_ROUNDS: usize = 3;
/// An interval of the duel that is as narrow as this, either way, needs no more rounds.
const NARROW: f64 = 0.03;
/// Rounds after which a narrow interval is believed.
const ENOUGH_ROUNDS: usize = 6;

impl Race<'_> {
    /// The whole search, after every candidate has been started once.
    pub(super) async fn search(&mut self, report: &mut Report<'_>) -> Result<(), Error> {
        let mut alive: Vec<usize> = (0..self.entries.len())
            .filter(|one| self.entries.get(*one).is_some_and(|e| e.left_after.is_none()))
            .collect();
        let begun = self.begun.elapsed();
        let race = self.plan.budget.mul_f64(RACE_SHARE).saturating_sub(begun);
        let stages = halving::stages(alive.len());
        let mut stage = 0;
        let mut round = 0;
        while alive.len() > 1 {
            let before = self.begun.elapsed();
            self.one_round(&alive, round, report).await?;
            round += 1;
            alive = self.sound(&alive, round);
            let rates = self.rates_by_round();
            let stay = halving::within_reach(&rates, &alive);
            self.leave(&mut alive, stay, round);
            let now = self.begun.elapsed();
            if now.saturating_sub(begun) >= race / stages * (stage + 1) {
                stage += 1;
                let stay = halving::better_half(&rates, &alive);
                self.leave(&mut alive, stay, round);
            }
            // Room for one more round of those that are left.
            let last = now.saturating_sub(before);
            if now.saturating_sub(begun) + last / 2 >= race {
                break;
            }
        }
        self.alive.clone_from(&alive);
        self.duel(&alive, round, report).await
    }

    /// Loads each of these for one window, in an order that changes with the round.
    async fn one_round(&mut self, these: &[usize], round: usize, report: &mut Report<'_>) -> Result<(), Error> {
        let mut order = these.to_vec();
        if round % 2 == 1 {
            order.reverse();
        }
        for candidate in order {
            self.visit(candidate, round, report).await?;
            self.died(candidate);
        }
        if round == 0 {
            self.stretch_for(these.len());
        }
        Ok(())
    }

    /// Takes out those that fail requests or have ended, unless nobody is left then.
    fn sound(&mut self, alive: &[usize], round: usize) -> Vec<usize> {
        let fails = |one: &usize| self.entries.get(*one).is_none_or(|e| e.died || e.failures() > MOST_FAILURES);
        let sound: Vec<usize> = alive.iter().copied().filter(|one| !fails(one)).collect();
        if sound.is_empty() {
            return alive.to_vec();
        }
        let mut all = alive.to_vec();
        self.leave(&mut all, sound, round);
        all
    }

    /// Stops the servers of those that do not stay, and notes when they left.
    fn leave(&mut self, alive: &mut Vec<usize>, stay: Vec<usize>, round: usize) {
        for one in alive.iter().filter(|one| !stay.contains(one)) {
            if let Some(entry) = self.entries.get_mut(*one) {
                entry.left_after = Some(round);
            }
            self.end(*one);
        }
        *alive = stay;
    }

    /// The best of the race against the current settings and those that were recommended, each started afresh.
    async fn duel(&mut self, alive: &[usize], first: usize, report: &mut Report<'_>) -> Result<(), Error> {
        let Some(finalist) = halving::order(&self.rates_by_round(), alive).first().copied() else { return Ok(()) };
        let usable = |one: usize| {
            self.entries.get(one).is_some_and(|e| !e.died && e.failures() <= MOST_FAILURES && e.requests > 0)
        };
        // Of what fails requests nothing more is to be learnt.
        let mut these: Vec<usize> = Some(0).filter(|one| usable(*one)).into_iter().collect();
        these.extend(self.plan.recommended.filter(|one| *one != finalist && usable(*one)));
        these.extend(Some(finalist).filter(|one| *one != 0));
        if finalist == 0 {
            // What runs today is ahead: of whom, is told best by the one behind it.
            let order = halving::order(&self.rates_by_round(), alive);
            these.extend(order.get(1).copied().filter(|one| !these.contains(one)));
        }
        if these.len() < 2 {
            return Ok(());
        }
        report(Progress::Finalists { count: these.len() });
        self.stop();
        let until = self.plan.budget.mul_f64(DUEL_SHARE);
        for round in 0.. {
            let before = self.begun.elapsed();
            self.one_round(&these, first + round, report).await?;
            let now = self.begun.elapsed();
            let first = these.first().copied().unwrap_or(0);
            let decided = round + 1 >= ENOUGH_ROUNDS && self.is_narrow(first, finalist);
            let dead = these.iter().any(|one| self.entries.get(*one).is_some_and(|entry| entry.died));
            if dead || decided || round + 1 >= FEWEST_ROUNDS && now + now.saturating_sub(before) > until {
                break;
            }
            if now > self.plan.budget.mul_f64(2.0) {
                break;
            }
        }
        Ok(())
    }

    /// Whether more rounds would hardly move the ratio of the finalist to the first one.
    fn is_narrow(&self, first: usize, finalist: usize) -> bool {
        let ratio = compare::ratio(&summary::pairs(&self.windows, first, finalist));
        ratio.is_some_and(|ratio| {
            ratio.high <= ratio.median * (1.0 + NARROW) && ratio.low >= ratio.median * (1.0 - NARROW)
        })
    }

    fn rates_by_round(&self) -> Rates {
        let of = |candidate| -> BTreeMap<usize, f64> {
            let own = self.windows.iter().filter(|window| window.candidate == candidate);
            own.map(|window| (window.round, window.rate)).collect()
        };
        (0..self.entries.len()).map(of).collect()
    }

    /// Lengthens the windows for slow targets, so far that several rounds of so many still fit. The fastest of them tells
    /// how slow the target is: what keeps requests waiting longer is not what the search is for.
    fn stretch_for(&mut self, count: usize) {
        let sound = self.entries.iter().filter(|entry| entry.failures() <= MOST_FAILURES);
        let fastest = sound.filter_map(|entry| entry.latencies.p50()).min().unwrap_or_default();
        let left = self.plan.budget.saturating_sub(self.begun.elapsed());
        let visits = u32::try_from(count * 3).unwrap_or(u32::MAX).max(1);
        self.stretch_to(fastest, left / visits);
    }
}

/// Which candidate to take, and what that means for the one that was recommended; nothing where the rates do not
/// rank, because something else than the servers decided them.
pub(super) fn found(race: &Race<'_>, candidates: &[Measured], comparisons: &[Comparison], ranks: bool) -> Search {
    let usable = |one: &usize| {
        candidates.get(*one).is_some_and(|m| m.requests > 0 && failures_of(m) <= MOST_FAILURES)
            && race.entries.get(*one).is_some_and(|entry| !entry.died)
    };
    let alive: Vec<usize> = race.alive.iter().copied().filter(usable).collect();
    let order = halving::order(&race.rates_by_round(), &alive);
    let rounds = |one: usize| one.checked_sub(1).and_then(|index| comparisons.get(index));
    let memory = |one: usize| candidates.get(one).and_then(|m| m.memory).map(|memory| memory.bytes.0);
    let mut best = order.first().copied().unwrap_or(0);
    // What is no better than the settings of today is worth a change only where it takes clearly less memory.
    let tie = rounds(best).is_some_and(|c| matches!(c.verdict, Verdict::Same | Verdict::Worse));
    let smaller = || memory(best).zip(memory(0)).is_some_and(|(one, current)| one * 10 <= current * 9);
    let worse = rounds(best).is_some_and(|c| c.verdict == Verdict::Worse);
    if usable(&0) && (worse || tie && !smaller()) {
        best = 0;
    }
    let recommended = race.plan.recommended.unwrap_or(0);
    let pairs = summary::pairs(&race.windows, recommended, best);
    let over_recommended = if recommended == best { None } else { compare::ratio(&pairs) };
    let decided = race.plan.recommended.and_then(rounds).map(|comparison| &comparison.verdict);
    let fails = !usable(&recommended);
    let standing = if ranks || fails {
        standing(best == recommended, over_recommended, pairs.len(), decided, fails)
    } else {
        Standing::Undecided
    };
    let left = race.entries.iter().enumerate().filter_map(|(one, entry)| Some((one, entry.left_after?))).collect();
    Search { best, standing, over_recommended, left }
}

/// What the best one means for the recommended one: `over` is their ratio, and `against_current` what became of the
/// recommended one beside the current one, where these are two.
fn standing(
    same: bool,
    over: Option<Interval>,
    rounds: usize,
    against_current: Option<&Verdict>,
    fails: bool,
) -> Standing {
    if fails {
        return Standing::Refuted;
    }
    if same {
        return match against_current {
            Some(Verdict::Inconclusive(_)) => Standing::Undecided,
            _ => Standing::Confirmed,
        };
    }
    let Some(over) = over.filter(|_| rounds >= FEWEST_ROUNDS) else { return Standing::Undecided };
    if over.low <= 1.0 || over.median <= 1.0 + TIE {
        // As good as what is best, as far as can be told.
        return if over.median > 1.0 + 2.0 * TIE { Standing::Undecided } else { Standing::Confirmed };
    }
    match against_current {
        Some(Verdict::Better) => Standing::Refined,
        Some(Verdict::Inconclusive(_)) => Standing::Undecided,
        // No better than today, or there was nothing to be changed.
        Some(Verdict::Same | Verdict::Worse) | None => Standing::Refuted,
    }
}

/// Takes a candidate out of a search before it is measured.
pub(super) fn left_out(race: &mut Race<'_>, candidate: usize, reason: String) {
    let label = race.plan.candidates.get(candidate).map_or_else(String::new, |one| one.label.clone());
    race.warnings.push(Warning::LeftOut { label, reason });
    if let Some(entry) = race.entries.get_mut(candidate) {
        entry.left_after = Some(0);
    }
    race.end(candidate);
}

/// Longest warm-up of a candidate of a search, of which there are many.
pub(super) const WARM_UP: Duration = Duration::from_millis(750);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::verdict::Doubt;

    fn interval(low: f64, median: f64, high: f64) -> Interval {
        Interval { median, low, high }
    }

    #[test]
    fn what_was_recommended_is_confirmed_refined_or_refuted() {
        let of = |same, over, against: Option<&Verdict>| standing(same, over, 6, against, false);
        assert_eq!(of(true, None, Some(&Verdict::Better)), Standing::Confirmed);
        assert_eq!(of(true, None, None), Standing::Confirmed, "nothing was to be changed, and nothing is better");
        assert_eq!(of(false, Some(interval(1.2, 1.3, 1.4)), Some(&Verdict::Better)), Standing::Refined);
        assert_eq!(of(false, Some(interval(1.2, 1.3, 1.4)), Some(&Verdict::Worse)), Standing::Refuted);
        assert_eq!(
            of(false, Some(interval(1.2, 1.3, 1.4)), None),
            Standing::Refuted,
            "the current settings were called right"
        );
        assert_eq!(of(false, Some(interval(0.98, 1.02, 1.04)), Some(&Verdict::Better)), Standing::Confirmed);
        assert_eq!(of(false, Some(interval(0.7, 1.4, 2.0)), Some(&Verdict::Better)), Standing::Undecided);
        let doubt = Verdict::Inconclusive(Doubt::Noise);
        assert_eq!(of(true, None, Some(&doubt)), Standing::Undecided);
        assert_eq!(of(false, Some(interval(1.2, 1.3, 1.4)), Some(&doubt)), Standing::Undecided);
        assert_eq!(
            standing(false, Some(interval(1.2, 1.3, 1.4)), 2, None, false),
            Standing::Undecided,
            "too few rounds"
        );
        assert_eq!(standing(false, None, 0, Some(&Verdict::Worse), true), Standing::Refuted, "it fails requests");
    }
}
