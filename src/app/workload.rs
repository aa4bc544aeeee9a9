//! What requests spend their time on, as far as the code shows it: the calls, and the one word they come to.
//!
//! Counts handlers, not time: how long a call takes the code does not show, so the word is a guess that
//! never rests on one call alone where most handlers say something else.

use std::fmt;

use crate::python::catalogue::Category;
use crate::source::Place;

/// What requests spend their time on, as far as the code shows it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Workload {
    /// Calls that wait for something outside the process, at most one per library and function.
    pub waits: Vec<Evidence>,
    /// Calls that compute.
    pub computes: Vec<Evidence>,
    /// Responses that stay open: streams and web sockets.
    pub streams: Vec<Evidence>,
}

/// A call that says something about the workload.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// What is called.
    pub what: String,
    /// Where.
    pub place: Place,
    /// What it waits for or works on.
    pub category: Category,
    /// The first handler that reaches it; empty where that is not told.
    pub handler: String,
    /// How many handlers reach it.
    pub handlers: usize,
}

/// What kind of work dominates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WorkloadKind {
    /// Waiting for other services.
    Io,
    /// Computing.
    Cpu,
    /// Both, or a database, whose answers have to be made into pages.
    Mixed,
    /// Connections stay open.
    Stream,
    /// The code does not show it.
    Unknown,
}

/// The word, and how many handlers the evidence for each kind of work comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaning {
    /// The word.
    pub kind: WorkloadKind,
    /// Handlers that wait for other services.
    services: usize,
    /// Handlers that wait for a database or something else nearby.
    nearby: usize,
    /// Handlers that wait for another program, which may itself compute on the same cores.
    programs: usize,
    /// Handlers that compute.
    computes: usize,
    /// Responses that stay open.
    streams: usize,
    /// All handlers.
    handlers: usize,
}

/// So many times as many handlers have to do one thing before the other counts for nothing.
const FAR_MORE: usize = 4;

impl Workload {
    /// Whether handlers ask a database that counts its connections; a file of the same machine does not.
    pub fn asks_database(&self) -> bool {
        let asks =
            |one: &Evidence| matches!(one.category, Category::Db | Category::Orm) && !one.what.contains("sqlite");
        self.waits.iter().any(asks)
    }

    /// The kind that the evidence from `handlers` handlers speaks for.
    ///
    /// One handler that streams does not make a service that streams, nor one that hashes a password a
    /// service that computes: a kind counts with the largest number of handlers that one of its calls has.
    pub fn leaning(&self, handlers: usize) -> Leaning {
        let most = |calls: &[Evidence], wanted: &dyn Fn(Category) -> bool| {
            calls.iter().filter(|call| wanted(call.category)).map(|call| call.handlers.max(1)).max().unwrap_or(0)
        };
        let services = most(&self.waits, &|category| !is_nearby(category) && category != Category::Subprocess);
        let programs = most(&self.waits, &|category| category == Category::Subprocess);
        let nearby = most(&self.waits, &is_nearby);
        let computes = most(&self.computes, &|_| true);
        let streams = self.streams.iter().map(|stream| stream.handlers.max(1)).sum();
        let waits = services.max(nearby);
        let kind = match (waits, computes, streams) {
            (0, 0, 0) => WorkloadKind::Unknown,
            // Whether a program that most handlers wait for waits itself, or computes, the code does not show.
            (waits, computes, 0) if programs > waits + computes => WorkloadKind::Unknown,
            (_, _, streams) if streams > 0 && (streams * 2 >= handlers || waits + computes == 0) => {
                WorkloadKind::Stream
            }
            (waits, computes, _) if computes >= FAR_MORE * waits.max(1) || waits == 0 => WorkloadKind::Cpu,
            (_, computes, _) if services >= FAR_MORE * computes && services >= nearby => WorkloadKind::Io,
            _ => WorkloadKind::Mixed,
        };
        Leaning { kind, services, nearby, programs, computes, streams, handlers }
    }
}

/// Whether an answer usually comes within the time that is spent on it afterwards.
const fn is_nearby(category: Category) -> bool {
    matches!(category, Category::Db | Category::Orm | Category::Cache | Category::Queue | Category::Mq)
}

impl WorkloadKind {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Io => "io",
            Self::Cpu => "cpu",
            Self::Mixed => "mixed",
            Self::Stream => "stream",
            Self::Unknown => "unknown",
        }
    }
}

/// `of 40 handlers up to 30 wait for a database, 3 for other services, 2 compute`.
impl fmt::Display for Leaning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [
            (self.nearby, ["waits for a database or a cache", "wait for a database or a cache"]),
            (self.services, ["waits for other services", "wait for other services"]),
            (self.programs, ["runs another program", "run another program"]),
            (self.computes, ["computes", "compute"]),
            (self.streams, ["stays open", "stay open"]),
        ];
        let happens = parts.iter().filter(|(count, _)| *count > 0);
        if self.handlers == 1 {
            let said: Vec<&str> = happens.map(|(_, [one, _])| *one).collect();
            return write!(f, "the only handler {}", said.join(" and "));
        }
        let said: Vec<String> =
            happens.map(|(count, [one, more])| format!("{count} {}", if *count == 1 { one } else { more })).collect();
        write!(f, "of {} handlers at least {}", self.handlers, said.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Files, Span};

    fn calls(category: Category, handlers: &[usize]) -> Vec<Evidence> {
        let mut files = Files::new();
        let place = Place::new(files.add("a.py", ""), Span::new(0, 0));
        let one =
            |&handlers: &usize| Evidence { what: String::new(), place, category, handler: String::new(), handlers };
        handlers.iter().map(one).collect()
    }

    #[test]
    fn the_word_is_what_most_handlers_do() {
        let none: &[usize] = &[];
        for (nearby, services, computes, streams, handlers, kind) in [
            (none, none, none, none, 10, WorkloadKind::Unknown),
            (none, &[5][..], none, none, 10, WorkloadKind::Io),
            (&[9], none, none, none, 10, WorkloadKind::Mixed),
            // A page from a database and a call of a service now and then.
            (&[9], &[2], none, none, 10, WorkloadKind::Mixed),
            (&[2], &[9], &[1], none, 10, WorkloadKind::Io),
            (none, none, &[3], none, 10, WorkloadKind::Cpu),
            (&[1], none, &[9], none, 10, WorkloadKind::Cpu),
            // One of many handlers streams; then most of them do.
            (&[30], none, none, &[1], 40, WorkloadKind::Mixed),
            (none, none, none, &[1], 40, WorkloadKind::Stream),
            (none, &[1], none, &[1, 1], 3, WorkloadKind::Stream),
        ] {
            let mut waits = calls(Category::Db, nearby);
            waits.extend(calls(Category::Http, services));
            let workload =
                Workload { waits, computes: calls(Category::Cpu, computes), streams: calls(Category::Http, streams) };
            let leaning = workload.leaning(handlers);
            assert_eq!(leaning.kind, kind, "{leaning}");
        }
    }

    #[test]
    fn a_program_that_is_waited_for_may_compute() {
        let of = |programs: &[usize], services: &[usize]| {
            let mut waits = calls(Category::Subprocess, programs);
            waits.extend(calls(Category::Http, services));
            Workload { waits, ..Workload::default() }.leaning(10).kind
        };
        assert_eq!(of(&[1], &[]), WorkloadKind::Unknown);
        assert_eq!(of(&[9], &[1]), WorkloadKind::Unknown);
        assert_eq!(of(&[1], &[9]), WorkloadKind::Io);
        assert_eq!(of(&[], &[1]), WorkloadKind::Io);
    }
}
