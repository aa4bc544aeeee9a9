//! Loops, and the ways that leave them in the middle.
//!
//! A loop whose condition is known is followed round by round; another one may go round any number of times.

use super::Shell;
use super::condition::Status;
use super::state::{Held, State};
use super::statement::{Done, Flow};
use super::text::{self, Field};
use crate::python::evaluate::Dependency;
use crate::read::shell::{Statement, Word};

/// Rounds of a loop that are followed.
const MAX_ROUNDS: usize = 1_000;

/// Rounds of a loop without end that is left when something was counted.
const MAX_COUNTED: usize = 50;

/// More ways out of a loop or a function than are told apart.
const MAX_LEFT: usize = 64;

/// How a way that leaves a loop or a function parted from the one that goes on.
#[derive(Debug, Clone)]
pub(super) struct Parted {
    /// How what it ran last ended.
    pub(super) status: Status,
    /// Whether it is the likelier of the two.
    pub(super) likelier: bool,
    /// What somebody has to set for the other one, if that is known.
    pub(super) depends: Option<Vec<Dependency>>,
}

/// A way that returns from a function.
pub(super) struct Returned {
    pub(super) state: State,
    pub(super) parted: Parted,
}

/// A round of a loop.
#[derive(Default)]
pub(super) struct Round {
    /// Ways that leave it in the middle.
    left: Vec<State>,
    /// Whether one of them leaves the loop.
    breaks: bool,
}

/// Whether a loop ends with a round.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Here,
    /// One of several ways leaves it.
    Maybe,
    Later,
}

impl Shell<'_> {
    /// Keeps a way that goes on behind a loop or a function, which it leaves as `parted` says.
    pub(super) fn put_by(&mut self, state: State, flow: Flow, parted: Parted) {
        if let Flow::Break(levels) = flow {
            for round in self.rounds.iter_mut().rev().take(levels) {
                round.breaks = true;
            }
        }
        match flow {
            Flow::Break(_) | Flow::Continue(_) => {
                if let Some(round) = self.rounds.last_mut().filter(|round| round.left.len() < MAX_LEFT) {
                    round.left.push(state);
                }
            }
            Flow::Return => {
                if let Some(kept) = self.returned.last_mut().filter(|kept| kept.len() < MAX_LEFT) {
                    kept.push(Returned { state, parted });
                }
            }
            Flow::Next | Flow::Exit => {}
        }
    }

    /// One round of a loop; says whether the loop ends with it, and whether it may.
    pub(super) fn round(&mut self, body: &[Statement], state: &mut State, guarded: bool) -> (Done, Ending) {
        self.rounds.push(Round::default());
        let done = self.before_others(|shell| shell.list(body, state, guarded));
        let round = self.rounds.pop().unwrap_or_default();
        for left in round.left {
            state.join(left, None);
        }
        let (flow, ends) = match done.flow {
            Flow::Break(levels) if levels > 1 => (Flow::Break(levels - 1), true),
            Flow::Break(_) => (Flow::Next, true),
            Flow::Continue(levels) if levels > 1 => (Flow::Continue(levels - 1), true),
            Flow::Continue(_) => (Flow::Next, false),
            flow => (flow, flow != Flow::Next),
        };
        let ending = if ends {
            Ending::Here
        } else if round.breaks {
            Ending::Maybe
        } else {
            Ending::Later
        };
        (Done { status: done.status, flow }, ending)
    }

    /// `while` and `until`.
    pub(super) fn rounds(
        &mut self,
        until: bool,
        condition: &[Statement],
        body: &[Statement],
        state: &mut State,
        guarded: bool,
    ) -> Done {
        let mut may_end = false;
        for n in 0..MAX_ROUNDS {
            let asked = self.before_others(|shell| shell.list(condition, state, true));
            if asked.flow != Flow::Next {
                return asked;
            }
            let status = if until { asked.status.clone().not() } else { asked.status.clone() };
            match status {
                Status::Known(true) => {
                    // What asks nothing runs until it is stopped.
                    let forever = matches!(condition, [Statement::Simple(simple)] if simple.words.len() == 1);
                    let before = forever.then(|| state.variables.clone());
                    let (done, ending) = self.round(body, state, guarded);
                    if ending == Ending::Here {
                        return done;
                    }
                    may_end |= ending == Ending::Maybe;
                    let stands = before.is_some_and(|before| n >= MAX_COUNTED || state.holds_same(&before));
                    if stands && n > 0 {
                        // Unless there is a way out of it.
                        return if may_end { Done::known(true) } else { Done::leave(Flow::Exit) };
                    }
                }
                Status::Known(false) => return Done::known(true),
                _ => {
                    return self.maybe(state, &mut |shell, state| shell.unsettled_round(body, state, guarded));
                }
            }
        }
        self.steps = 0;
        Done::leave(Flow::Exit)
    }

    /// A round of a loop that may go round any number of times: what it changes may have been changed
    /// by a round before.
    fn unsettled_round(&mut self, body: &[Statement], state: &mut State, guarded: bool) -> Done {
        let before = state.clone();
        let (done, ending) = self.round(body, state, guarded);
        if ending != Ending::Here {
            state.join(before, None);
        }
        done
    }

    /// `for`.
    pub(super) fn each(
        &mut self,
        name: &str,
        words: Option<&[Word]>,
        body: &[Statement],
        state: &mut State,
        guarded: bool,
    ) -> Done {
        let fields = match words {
            Some(words) => self.expand_all(words, state),
            None => state.arguments.clone(),
        };
        if fields.len() > MAX_ROUNDS {
            return Done::leave(Flow::Exit);
        }
        for field in fields {
            let open = field.is_vague();
            state.assign(name, Held::One(if field.many { Field::new(&text::hole(), field.place) } else { field }));
            if open {
                let done = self.maybe(state, &mut |shell, state| shell.unsettled_round(body, state, guarded));
                if done.flow != Flow::Next {
                    return done;
                }
                continue;
            }
            let (done, ending) = self.round(body, state, guarded);
            if ending == Ending::Here {
                return done;
            }
        }
        Done::known(true)
    }
}
