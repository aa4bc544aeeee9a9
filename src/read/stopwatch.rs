//! How much a test computes, whoever else computes meanwhile.

use std::time::Duration;

/// A stopwatch that runs only while the thread that started it does.
pub(in crate::read) struct Stopwatch {
    start: Duration,
}

impl Stopwatch {
    pub(in crate::read) fn start() -> Self {
        Self { start: computed() }
    }

    /// The time that the thread computed since the start.
    pub(in crate::read) fn computed(&self) -> Duration {
        computed().saturating_sub(self.start)
    }
}

#[cfg(unix)]
fn computed() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Elsewhere nothing tells, and the limits do not bite.
#[cfg(not(unix))]
fn computed() -> Duration {
    Duration::ZERO
}
