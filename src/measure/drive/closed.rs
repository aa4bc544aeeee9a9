//! Closed loop: every connection sends its next request when the last one is answered.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use tokio::time::sleep;

use super::exchange::{Target, Wire};
use super::tally::{Request, Tally};

/// Length of the pieces whose agreement ends the warm-up.
const PIECE: Duration = Duration::from_millis(250);
/// Two pieces agree when they differ by less than this share.
const AGREE: f64 = 0.1;
/// How often it is looked whether every connection has been answered.
const LOOK: Duration = Duration::from_millis(5);
/// Pause after a failure without an answer, so that a dead server is not asked as fast as the
/// machine can.
const AFTER_FAILURE: Duration = Duration::from_millis(10);
/// Time between two connections being opened: a burst often lands on one worker.
const RAMP: Duration = Duration::from_micros(500);

/// Connections at work on one server.
#[derive(Debug)]
pub(in crate::measure) struct Load {
    tally: Rc<RefCell<Tally>>,
    stop: Rc<Cell<bool>>,
    connections: JoinSet<()>,
}

impl Load {
    /// Opens the connections and starts asking. Must be called inside a `LocalSet`.
    pub(in crate::measure) fn start(target: &Rc<Target>, connections: usize) -> Self {
        let tally = Rc::new(RefCell::new(Tally::new(target.timeout, target.kinds())));
        tally.borrow_mut().unanswered = connections;
        let stop = Rc::new(Cell::new(false));
        let mut set = JoinSet::new();
        for number in 0..connections {
            let (target, tally, stop) = (Rc::clone(target), Rc::clone(&tally), Rc::clone(&stop));
            set.spawn_local(async move {
                sleep(RAMP * u32::try_from(number).unwrap_or(u32::MAX)).await;
                ask_on(&target, number, &tally, &stop).await;
            });
        }
        Self { tally, stop, connections: set }
    }

    /// Waits until two consecutive pieces of time have nearly the same number of answers, or the
    /// longest time is over.
    pub(in crate::measure) async fn warm_up(&self, longest: Duration) {
        let until = Instant::now() + longest;
        let mut before = None;
        while Instant::now() < until {
            let start = self.tally.borrow().answers;
            sleep(PIECE).await;
            let answers = self.tally.borrow().answers - start;
            // So few answers agree or disagree by chance.
            if before.is_some_and(|before| answers >= 10 && agree(before, answers)) {
                return;
            }
            before = Some(answers);
        }
    }

    /// Lets the connections find their pace after the server is known to be warm.
    pub(in crate::measure) async fn settle(&self, time: Duration) {
        sleep(time).await;
    }

    /// Waits until every connection has been answered, and tells whether that came about in the longest time.
    ///
    /// Until then a queue builds up before a slow server: its first answers come sooner than those that follow, and the
    /// parts of them that lie in a window add up to more than the server does.
    pub(in crate::measure) async fn answered(&self, longest: Duration) -> bool {
        let until = Instant::now() + longest;
        while self.tally.borrow().unanswered > 0 {
            if Instant::now() >= until {
                return false;
            }
            sleep(LOOK).await;
        }
        true
    }

    /// Opens the window, waits for its end; `length` is what it really lasted.
    pub(in crate::measure) async fn window(&self, length: Duration) -> Duration {
        let begin = Instant::now();
        {
            let mut tally = self.tally.borrow_mut();
            tally.begin = Some(begin);
            tally.end = Some(begin + length);
        }
        sleep(length).await;
        length
    }

    /// Waits for the requests under way, closes the connections and hands out what was counted.
    pub(in crate::measure) async fn finish(mut self) -> Tally {
        self.stop.set(true);
        while self.connections.join_next().await.is_some() {}
        self.tally.borrow().clone()
    }
}

fn agree(one: u64, other: u64) -> bool {
    #[allow(clippy::cast_precision_loss, reason = "answers in a quarter of a second")]
    let (one, other) = (one as f64, other as f64);
    (one - other).abs() < AGREE * one.max(other)
}

async fn ask_on(target: &Target, number: usize, tally: &RefCell<Tally>, stop: &Cell<bool>) {
    let mut wire = Wire::new();
    // Connections begin with different requests, so that they do not all ask for the same at once.
    let mut index = number;
    let mut is_first = true;
    while !stop.get() {
        let began = Instant::now();
        let repeated = wire.repeated;
        let kind = target.kind_at(index);
        let answer = wire.ask(target, kind).await;
        {
            let mut tally = tally.borrow_mut();
            tally.note(Request { began, ended: Instant::now(), answer, kind });
            tally.repeated += wire.repeated - repeated;
            tally.unanswered -= usize::from(std::mem::take(&mut is_first));
        }
        if answer.is_err() {
            sleep(AFTER_FAILURE).await;
        }
        index = index.wrapping_add(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_is_relative() {
        assert!(agree(1000, 1050));
        assert!(!agree(1000, 1200));
        assert!(!agree(0, 10));
        assert!(!agree(10, 0));
    }
}
