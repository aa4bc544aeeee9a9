//! A race whose field gets smaller, and a duel of what is left with what runs today.
//!
//! Decides how the time is shared between both, and which configuration comes out of it. Who leaves the race is
//! decided by `halving`, and what counts as better by `verdict`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::best::failures_of;
use super::compare;
use super::halving::{self, Rates};
use super::outcome::{Interval, Measured, Search, Standing, Warning};
use super::race::{Race, Report};
use super::summary;
use super::verdict::{Comparison, MOST_FAILURES, TIE, Verdict, is_decisive};
use super::{Error, Progress};

/// Share of the budget after which no further candidate is started for the first time.
pub(super) const START_SHARE: f64 = 0.35;
/// Share of the budget, starts included, after which the race is over; earlier where the duel needs more than the rest.
const RACE_SHARE: f64 = 0.65;
/// Share of the budget that starting the finalists once more may take.
const RESTART_SHARE: f64 = 0.1;
/// The least that stopping all servers is expected to take.
pub(super) const LEAST_STOP: Duration = Duration::from_secs(1);
/// Rounds below which no interval is worth the name; those of the race count.
const FEWEST_ROUNDS: usize = 3;
/// Rounds of the duel itself, where there is time.
const LEAST_DUEL: u32 = 2;
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
            let whole = self.one_round(&alive, round, self.duel_takes(&alive), report).await?;
            if round == 0 {
                self.unvisited(&mut alive);
            }
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
            // Room for one more round of those that are left, and for the duel behind it.
            let next: Duration = alive.iter().map(|one| self.load_takes(*one) + self.start_takes(*one)).sum();
            let full = now.saturating_sub(begun) + next / 2 >= race;
            if !whole || full || now + next + self.duel_takes(&alive) > self.plan.budget {
                break;
            }
        }
        self.alive.clone_from(&alive);
        self.duel(&alive, round, report).await
    }

    /// Loads each of these for one window, in an order that changes with the round. Ends early where the next visit would
    /// not leave `rest` of the budget, and tells whether all were visited.
    async fn one_round(
        &mut self,
        these: &[usize],
        round: usize,
        rest: Duration,
        report: &mut Report<'_>,
    ) -> Result<bool, Error> {
        let mut order = these.to_vec();
        if round % 2 == 1 {
            order.reverse();
        }
        for (place, candidate) in order.into_iter().enumerate() {
            // Two at least are compared, however short the time is.
            let due = round == 0 && place < 2;
            let takes = self.load_takes(candidate) + self.start_takes(candidate);
            if !due && self.begun.elapsed() + takes + rest > self.plan.budget {
                return Ok(false);
            }
            self.visit(candidate, round, report).await?;
            self.died(candidate);
        }
        if round == 0 {
            self.stretch_for(these.len());
        }
        Ok(true)
    }

    /// Leaves out those for which the first round had no time.
    fn unvisited(&mut self, alive: &mut Vec<usize>) {
        let seen: BTreeSet<usize> = self.windows.iter().map(|window| window.candidate).collect();
        for one in alive.extract_if(.., |one| !seen.contains(one)) {
            left_out(self, one, "there was no time left to measure it".to_owned());
        }
    }

    /// Those that are compared in the end: the best of the race with the settings of today and those that were recommended,
    /// as far as more rounds would tell more of them, else with the one behind it.
    fn finalists(&self, alive: &[usize]) -> (Vec<usize>, usize) {
        let order = halving::order(&self.rates_by_round(), alive);
        let Some(finalist) = order.first().copied() else { return (Vec::new(), 0) };
        // Of what fails requests, or is far behind already, nothing more is to be learnt.
        let open = |one: usize| {
            self.entries.get(one).is_some_and(|e| !e.died && e.failures() <= MOST_FAILURES && e.requests > 0)
                && (one == finalist || !is_decisive(&summary::pairs(&self.windows, one, finalist)))
        };
        let mut these: Vec<usize> = Some(0).filter(|one| open(*one)).into_iter().collect();
        these.extend(self.plan.recommended.filter(|one| *one != finalist && open(*one)));
        these.extend(Some(finalist).filter(|one| *one != 0));
        if these.iter().all(|one| *one == finalist) || finalist == 0 {
            these.extend(order.get(1).copied().filter(|one| !these.contains(one)));
        }
        (these, finalist)
    }

    /// Whether the finalists are started once more: which worker gets which connections is drawn with the start.
    fn starts_again(&self, finalists: &[usize]) -> bool {
        let took: Duration = finalists.iter().map(|one| self.start_took(*one)).sum();
        took <= self.plan.budget.mul_f64(RESTART_SHARE)
    }

    fn start_took(&self, candidate: usize) -> Duration {
        self.entries.get(candidate).map_or(Duration::ZERO, |entry| entry.start_took)
    }

    /// How long the shortest duel would take that these could lead to, and what comes after it.
    fn duel_takes(&self, alive: &[usize]) -> Duration {
        let (these, _) = self.finalists(alive);
        let loads: Duration = these.iter().map(|one| self.load_takes(*one) * LEAST_DUEL).sum();
        let again = self.starts_again(&these);
        let start = |one: &usize| if again { self.start_took(*one) } else { self.start_takes(*one) };
        let starts: Duration = these.iter().map(start).sum();
        loads + starts + self.stop_takes() * 2
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

    /// The best of the race against the current settings and those that were recommended.
    async fn duel(&mut self, alive: &[usize], first: usize, report: &mut Report<'_>) -> Result<(), Error> {
        let (these, finalist) = self.finalists(alive);
        if these.len() < 2 {
            return Ok(());
        }
        report(Progress::Finalists { count: these.len() });
        if self.starts_again(&these) {
            self.stop();
        } else {
            (0..self.entries.len()).filter(|one| !these.contains(one)).for_each(|one| self.end(one));
        }
        for round in 0.. {
            let before = self.begun.elapsed();
            let whole = self.one_round(&these, first + round, self.stop_takes(), report).await?;
            let now = self.begun.elapsed();
            let other = these.iter().copied().find(|one| *one != finalist).unwrap_or(finalist);
            let decided = round + 1 >= ENOUGH_ROUNDS && self.is_narrow(other, finalist);
            let dead = these.iter().any(|one| self.entries.get(*one).is_some_and(|entry| entry.died));
            let next = now + now.saturating_sub(before) + self.stop_takes();
            let enough = self.rounds_of(&these) >= FEWEST_ROUNDS;
            if dead || decided || !whole || enough && next > self.plan.budget {
                break;
            }
        }
        Ok(())
    }

    /// Rounds that all of these were part of, the race included.
    fn rounds_of(&self, these: &[usize]) -> usize {
        let pairs = |one: &usize| summary::pairs(&self.windows, these.first().copied().unwrap_or(0), *one).len();
        these.iter().skip(1).map(pairs).min().unwrap_or(0)
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
        let told = pairs.len() >= FEWEST_ROUNDS || is_decisive(&pairs);
        standing(best == recommended, over_recommended.filter(|_| told), decided, fails)
    } else {
        Standing::Undecided
    };
    let left = race.entries.iter().enumerate().filter_map(|(one, entry)| Some((one, entry.left_after?))).collect();
    Search { best, standing, over_recommended, left }
}

/// What the best one means for the recommended one: `over` is their ratio, where there were rounds enough to tell, and
/// `against_current` what became of the recommended one beside the current one, where these are two.
fn standing(same: bool, over: Option<Interval>, against_current: Option<&Verdict>, fails: bool) -> Standing {
    if fails {
        return Standing::Refuted;
    }
    if same {
        return match against_current {
            Some(Verdict::Inconclusive(_)) => Standing::Undecided,
            _ => Standing::Confirmed,
        };
    }
    let Some(over) = over else { return Standing::Undecided };
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
        let of = |same, over, against: Option<&Verdict>| standing(same, over, against, false);
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
        assert_eq!(standing(false, None, None, false), Standing::Undecided, "too few rounds");
        assert_eq!(standing(false, None, Some(&Verdict::Worse), true), Standing::Refuted, "it fails requests");
    }
}
