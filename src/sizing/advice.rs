//! What the model answers, and how it prints.

use std::fmt;

use super::given::Given;
use super::inputs::{Class, Known, Origin};
use crate::findings::Confidence;
use crate::values::Cpus;

/// A value of a setting, as the model sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Amount {
    /// A number of processes, threads or connections.
    Count(u32),
    /// A worker class.
    Class(Class),
    /// A worker class by the name that the setting takes.
    Named(&'static str),
    /// Seconds.
    Seconds(u32),
    /// No bound at all.
    Open,
    /// A path.
    Path(&'static str),
}

impl Amount {
    /// The number of whatever is counted in whole ones, seconds too.
    pub const fn whole(self) -> Option<u32> {
        match self {
            Self::Count(n) | Self::Seconds(n) => Some(n),
            Self::Class(_) | Self::Named(_) | Self::Open | Self::Path(_) => None,
        }
    }

    /// The number, if it is one.
    pub const fn count(self) -> Option<u32> {
        match self {
            Self::Count(n) => Some(n),
            Self::Class(_) | Self::Named(_) | Self::Seconds(_) | Self::Open | Self::Path(_) => None,
        }
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(n) => write!(f, "{n}"),
            Self::Class(class) => f.write_str(class.as_str()),
            Self::Named(name) => f.write_str(name),
            Self::Seconds(n) => write!(f, "{n} s"),
            Self::Open => f.write_str("no limit"),
            Self::Path(path) => f.write_str(path),
        }
    }
}

/// What stops a number from being larger, or keeps it from being smaller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Binding {
    /// More would not get more processor time.
    Cpu,
    /// More would not fit into memory.
    Memory,
    /// More would open more connections than the database gives.
    Database,
    /// Fewer could not hold the requests that are in flight.
    Demand,
    /// Fewer would make a restart of one worker an outage.
    Floor,
    /// A second process would do again what one has to do, or not know what the first one knows.
    OneProcess,
    /// The class that runs does not look at the setting.
    Ignored,
    /// Whoever stops the service kills it then.
    Stop,
    /// What stands in front keeps connections so long, or gives up by then.
    Proxy,
    /// The longest request takes so long.
    Request,
    /// Workers that are all replaced together are an outage.
    Recycling,
    /// The disk of a container may stall or be read-only.
    Disk,
    /// Another class cannot call the application.
    Interface,
}

impl Binding {
    /// The word used in output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Database => "database",
            Self::Demand => "demand",
            Self::Floor => "availability",
            Self::OneProcess => "one process",
            Self::Ignored => "no effect",
            Self::Stop => "stop",
            Self::Proxy => "proxy",
            Self::Request => "longest request",
            Self::Recycling => "recycling",
            Self::Disk => "disk",
            Self::Interface => "interface",
        }
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What to do with a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The configured value is inside the range: leave it alone.
    InRange,
    /// The configured value is outside: the target is better.
    Change,
    /// The setting has no effect on what runs.
    Remove,
    /// The configured value is not known, so only the target can be stated.
    Unknown,
    /// Today's value works; another one is a little better.
    Consider,
}

/// Advice about one setting. `lower <= target <= upper`.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The setting, by the name that the server gives it.
    pub setting: &'static str,
    /// What is set today.
    pub current: Option<Known<Amount>>,
    /// What is written today, and where, where nobody can tell what it comes to.
    pub written: Option<Known<String>>,
    /// Less than this is too little.
    pub lower: Amount,
    /// The value to set when something has to be set.
    pub target: Amount,
    /// More than this is too much.
    pub upper: Amount,
    /// What decided.
    pub binding: Binding,
    /// What to do.
    pub verdict: Verdict,
}

/// One line of the derivation: a fact with its origin, or a formula with its numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The line, units included.
    pub text: String,
}

/// How many requests can run at the same time in one replica.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slots {
    /// So many, the next one waits.
    Count(u64),
    /// No fixed number: an event loop takes what comes until its core is busy.
    Open,
    /// The settings that decide are not known.
    Unknown,
}

impl fmt::Display for Slots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(0) => f.write_str("no request at all"),
            Self::Count(1) => f.write_str("1 request at a time"),
            Self::Count(n) => write!(f, "{n} requests at a time"),
            Self::Open => f.write_str("no fixed number of requests"),
            Self::Unknown => f.write_str("an unknown number of requests"),
        }
    }
}

/// The answer of the model.
#[derive(Debug, Clone, PartialEq)]
pub struct Advice {
    /// What should run; differs from the input where threads are better than processes.
    pub class: Class,
    /// How to call that where it has no name of its own: the class of the setting, the processes and threads of a server
    /// without classes.
    pub called: &'static str,
    /// The cores that it counts on.
    pub cpus: Option<Cpus>,
    /// Whose they are.
    pub cpus_of: Origin,
    /// What it rests on.
    pub inputs: Vec<Given>,
    /// One entry per setting that the model has something to say about.
    pub items: Vec<Item>,
    /// The derivation, in order.
    pub steps: Vec<Step>,
    /// How the answer would differ if an uncertain input were different.
    pub sensitivity: Vec<String>,
    /// The weakest of the inputs that the answer rests on. Low never justifies an error.
    pub confidence: Confidence,
    /// Requests that run at once with today's settings.
    pub slots_now: Slots,
    /// Requests that would run at once with the targets.
    pub slots_then: Slots,
    /// Handlers on the event loop run beside those that the numbers count.
    pub loops_beside: bool,
    /// What is not known and would decide.
    pub questions: Vec<String>,
    /// What speaks against a value that would be better: the fault that it would bring up.
    pub objections: Vec<String>,
    /// The numbers count on the machine that asks, and another one serves: they are for looking at alone.
    pub elsewhere: bool,
    /// The cores cannot compute what is asked of them, whatever is set.
    pub falls_short: bool,
    /// What would have to be measured or stated for a surer answer.
    pub measure: Vec<&'static str>,
}

impl Advice {
    /// The advice about `setting`.
    pub fn item(&self, setting: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.setting == setting)
    }

    /// Whether the cores are those of the machine that asks.
    pub fn counts_on_this_machine(&self) -> bool {
        self.cpus.is_some() && self.cpus_of == Origin::Here
    }

    /// Whether every configured value that is known is inside its range.
    pub fn is_settled(&self) -> bool {
        self.items.iter().all(|i| matches!(i.verdict, Verdict::InRange | Verdict::Unknown | Verdict::Consider))
    }

    /// The answer and its derivation as text, one line each, most important first.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.headline()];
        let items = self.items.iter().map(|item| item.line(self.confidence));
        let objections = self.objections.iter().map(|fault| format!("but first: {fault}"));
        let steps = self.steps.iter().map(|s| s.text.clone());
        let plain = if self.loops_beside { " (of plain handlers; those of `async def` have no limit)" } else { "" };
        let slots = format!("runs {} now, {} then{plain}", self.slots_now, self.slots_then);
        // Of tasks on a runtime nobody ever says so.
        let slots = (self.class != Class::Runtime).then_some(slots);
        let questions = self.questions.iter().map(|q| format!("not known: {q}"));
        let rest = items
            .chain(objections)
            .chain(steps)
            .chain(slots)
            .chain(self.sensitivity.iter().cloned())
            .chain(questions)
            .chain(self.elsewhere.then(|| {
                "not known: the cores of production (`--cpus`, or `cpus` in `[host]`); those of this machine count for \
                 nothing that runs elsewhere"
                    .to_owned()
            }))
            .chain([format!("confidence: {}", self.confidence)])
            .chain(self.measure.iter().map(|what| format!("to be surer: {what}")));
        lines.extend(rest.map(|line| format!("  {line}")));
        lines
    }

    /// `gthread: workers = 2, threads = 4`.
    fn headline(&self) -> String {
        let set: Vec<String> = self
            .items
            .iter()
            .filter(|i| i.verdict != Verdict::Remove && SIZES.contains(&i.setting))
            .map(|i| format!("{} = {}", i.setting, i.advised()))
            .collect();
        if set.is_empty() {
            format!("{}: no number without more facts", self.called)
        } else {
            format!("{}: {}", self.called, set.join(", "))
        }
    }
}

/// The settings that say how much runs at once.
const SIZES: [&str; 7] =
    ["workers", "worker_threads", "processes", "instances", "threads", "blocking_threads", "worker_connections"];

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for line in self.lines() {
            writeln!(f, "{line}")?;
        }
        Ok(())
    }
}

impl Item {
    /// Whether so many are inside the range.
    pub(super) fn holds(&self, n: u32) -> bool {
        let least = self.lower.count().is_some_and(|lower| lower <= n);
        least && (self.upper == Amount::Open || self.upper.count().is_some_and(|upper| n <= upper))
    }

    /// The value to have: today's where it is fine, else the target.
    pub fn advised(&self) -> Amount {
        match (&self.current, self.verdict) {
            (Some(current), Verdict::InRange | Verdict::Consider) => current.value,
            _ => self.target,
        }
    }
}

impl Item {
    /// The line about it, as sure as `confidence`: a wide range that rests on what nobody knows is no praise.
    fn line(&self, confidence: Confidence) -> String {
        let Some(current) = self.current.as_ref().filter(|_| self.verdict == Verdict::InRange) else {
            return self.to_string();
        };
        if confidence > Confidence::Low || !SIZES.contains(&self.setting) || self.lower == self.upper {
            return self.to_string();
        }
        format!(
            "{}: {} now ({}): nothing known speaks against it, {} to {} may be right ({})",
            self.setting, current.value, current.source, self.lower, self.upper, self.binding
        )
    }
}

/// `workers: 9 now (gunicorn.conf.py:3): set 2, 2 to 3 is fine (memory)`.
impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let now = match (&self.current, &self.written) {
            (Some(current), _) => format!("{} now ({})", current.value, current.source),
            (None, Some(written)) => format!("`{}` now ({})", written.value, written.source),
            (None, None) => "not known now".to_owned(),
        };
        let fine = match (self.lower, self.upper) {
            (lower, upper) if lower == upper => String::new(),
            (lower, Amount::Open) => format!(", {lower} and more is fine"),
            // A second is the least that there is, and nobody's choice.
            (Amount::Seconds(1), upper @ Amount::Seconds(_)) => format!(", up to {upper} is fine"),
            (Amount::Seconds(lower), upper @ Amount::Seconds(_)) => format!(", {lower} to {upper} is fine"),
            (lower, upper) => format!(", {lower} to {upper} is fine"),
        };
        let (setting, target, binding) = (self.setting, self.target, self.binding);
        match self.verdict {
            Verdict::Remove => write!(f, "{setting}: {now}: remove it, this class ignores it"),
            Verdict::InRange => write!(f, "{setting}: {now}: leave it{fine} ({binding})"),
            Verdict::Consider => write!(f, "{setting}: {now}: {target} would be better ({binding})"),
            Verdict::Change | Verdict::Unknown => write!(f, "{setting}: {now}: set {target}{fine} ({binding})"),
        }
    }
}
