//! A blocking call as a finding: how bad, for how long, who reaches it, what settles it.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::prelude::*;
use crate::app::{Blocking, Category, Hop, Limit, Role, Timeout, Weight};
use crate::findings::Cause;
use crate::rules::repeated::{AS_WELL, MAX_HANDLERS, ON_THE_LOOP};
use crate::servers::Version;
use crate::values::Order as _;

/// How many places of a kind a finding points at; no project that was seen comes near.
const MAX_PLACES: usize = 2_000;
/// How many steps of a way somebody reads; generated code has ways of thousands.
const MAX_WAY: usize = 14;
/// How many are told at each end of a longer one.
const MAX_END: usize = 5;
/// A sleep of so many seconds or less delays nobody that would notice.
const MOMENT: f64 = 0.01;
/// Seconds that the loop may stand still without anybody noticing: a request takes as long anyway.
const UNNOTICED: f64 = 0.01;
/// Seconds from which on asyncio's debug mode calls a pause slow (`loop.slow_callback_duration`, Python 3.14).
const SHORT: f64 = 0.1;

/// What becomes of a query that Django is asked for on the event loop.
pub(super) const REFUSED: &str = "Django raises `SynchronousOnlyOperation`, or every request of the worker stands \
                                  still where `DJANGO_ALLOW_ASYNC_UNSAFE` is set";

impl Blocking {
    /// Whether Django looks for a running loop first, and refuses where there is one
    /// (`django.utils.asyncio.async_unsafe`, Django 5.2): everything that asks its database does.
    pub(super) fn is_refused_by_django(&self) -> bool {
        self.category == Category::Orm && self.what.starts_with("django.") || self.what.starts_with("django.db.")
    }

    /// `async def quote`, the function that makes the call.
    pub(super) fn function(&self) -> String {
        let hop = self.chain.last();
        // Some frameworks run plain functions on the loop as well.
        let word = if hop.is_some_and(|hop| hop.is_async) { "async def" } else { "def" };
        format!("{word} {}", hop.map_or("", |hop| hop.function.as_str()))
    }

    /// ``quote` -> `load_rates` -> `requests.get``, from the handler to the call.
    pub(super) fn path(&self) -> String {
        way(&self.chain, &self.name())
    }

    /// What is called, in words that somebody wrote.
    fn name(&self) -> Cow<'_, str> {
        match &self.asked {
            Some(asked) => Cow::Owned(format!("{}` of `{asked}", self.what)),
            None => Cow::Borrowed(self.written.as_deref().unwrap_or(&self.what)),
        }
    }

    /// The call where it stands in the handler itself, the way to it where it does not.
    pub(super) fn subject(&self) -> String {
        if self.direct { format!("`{}` in `{}`", self.name(), self.function()) } else { self.path() }
    }

    /// What the loop waits for and how long, as the end of a sentence.
    pub(super) fn while_it(&self) -> String {
        let waits = self.how_long();
        match &self.only_where {
            Some((switch, _)) => format!("{waits}, only where `{switch}` holds"),
            None => waits,
        }
    }

    fn how_long(&self) -> String {
        match (self.category, self.limit) {
            (Category::Cpu, _) => "while it computes".to_owned(),
            (Category::Subprocess, _) if self.makes_an_object() => "while it starts a process".to_owned(),
            (Category::Sleep, Limit::Given(seconds)) if self.repeats => {
                format!("for {} in each round of a loop", duration(seconds))
            }
            (Category::Sleep, Limit::Given(seconds)) => format!("for {}", duration(seconds)),
            (_, Limit::Given(seconds)) => format!("while it waits, {}{}", self.at_most(seconds), self.again()),
            (_, Limit::Default(seconds)) => {
                let by = if self.retries > 0 { self.again() } else { format!(" by default of `{}`", self.library) };
                format!("while it waits, {}{by}", self.at_most(seconds))
            }
            (_, Limit::Never) => "while it waits, without any timeout".to_owned(),
            (_, Limit::Unknown) => "while it waits".to_owned(),
        }
    }

    /// `up to 5 s`, and of what.
    fn at_most(&self, seconds: f64) -> String {
        let seconds = duration(seconds);
        match self.timeout {
            Timeout::Whole | Timeout::Milliseconds => format!("up to {seconds}"),
            Timeout::Operation => format!("up to {seconds} for each read"),
        }
    }

    /// How often the library begins anew.
    fn again(&self) -> String {
        match self.retries {
            0 => String::new(),
            1 => format!(", with one retry by default of `{}`", self.library),
            times => format!(", with {times} retries by default of `{}`", self.library),
        }
    }

    /// What happens if nothing is done: by what it waits for, who is concerned, and how sure that is.
    fn severity(&self) -> Severity {
        let worst = match (self.category, self.weight) {
            (_, Weight::Slight) => return Severity::Advice,
            (Category::Sleep, _) if self.lasts_less_than(UNNOTICED) => return Severity::Advice,
            (Category::Sleep, _) if self.lasts_less_than(SHORT) => Severity::Warning,
            // Done to tell two moments apart, or to let another thread run.
            (Category::Sleep, _)
                if !self.repeats && matches!(self.limit, Limit::Given(seconds) if seconds <= MOMENT) =>
            {
                return Severity::Advice;
            }
            (Category::File | Category::Cpu, _) | (_, Weight::Bounded) => Severity::Warning,
            // A task or a stream on the loop is nobody's request, and stops all of them just the same.
            (_, Weight::Unbounded) => Severity::Error,
        };
        match (self.certainty, worst) {
            // What may just as well be another function must not fail a build.
            (Confidence::Low, _) | (Confidence::Medium, Severity::Warning | Severity::Advice) => Severity::Advice,
            (Confidence::Medium, Severity::Error) => Severity::Warning,
            (Confidence::High, worst) => worst,
        }
    }

    /// Completes a finding about this call: where it is made, who reaches it, what settles it.
    pub(super) fn say(&self, report: Report, service: Option<&Service>) {
        let mut report = report.severity(self.severity()).at_most(self.certainty).about(
            self.category,
            format!(
                "{} call{}{ON_THE_LOOP}",
                if self.library == "stdlib" { self.what.as_str() } else { self.library },
                if self.library == "stdlib" { "" } else { "s" },
            ),
        );
        for hop in ends(&self.chain).filter(|hop| hop.place != self.anchor) {
            report = report.related(hop.place, format!("in `{}`", hop.function));
        }
        if let Some((_, place)) = &self.only_where {
            report = report.related(*place, "not so by default");
        }
        // Most readers know enough after the first ones; the others come last.
        let handlers = self.handlers_in_order();
        let (first, others) = handlers.split_at(handlers.len().min(MAX_HANDLERS));
        for (handler, place, role) in first {
            report = report.related(*place, runs(handler, *role));
        }
        let also = self.anchors.iter().filter(|place| **place != self.anchor);
        for place in also.take(MAX_PLACES) {
            report = report.related(*place, AS_WELL);
        }
        for place in self.more.iter().filter(|place| !self.anchors.contains(place)).take(MAX_PLACES) {
            report = report.alike(*place, "so does this", None);
        }
        let told = |place: &Place| {
            self.anchors.contains(place)
                || self.more.contains(place)
                || self.chain.iter().any(|hop| hop.place == *place)
        };
        for place in self.passed.iter().filter(|place| !told(place)).take(MAX_PLACES) {
            report = report.related(*place, "this leads there as well");
        }
        for (handler, place, role) in others.iter().take(MAX_PLACES) {
            report = report.related(*place, runs(handler, *role));
        }
        let is_older = |since: &str| service.is_some_and(|service| self.is_older_than(since, service));
        let mut help = match &self.remedy.before {
            Some((since, help)) if is_older(since) => help.clone(),
            _ => self.remedy.text.clone(),
        };
        if let Some(timeout) = service.and_then(Service::heartbeat).filter(|_| self.is_endless()) {
            let _ = write!(
                help,
                "; waits of more than {timeout} s, of one request or of several in a row, end in `WORKER TIMEOUT` and take \
                 every request of the worker along"
            );
        }
        let handlers = handlers.iter().map(|(_, place, _)| *place);
        // The place of the finding is one of its steps, wherever it stands.
        let is_told = |index: usize, hop: &Hop| !is_between(index, self.chain.len()) || hop.place == self.anchor;
        let steps = self.chain.iter().enumerate().filter(|&(index, hop)| is_told(index, hop)).map(|(_, hop)| hop.place);
        let calls = std::iter::once(self.call).chain(self.more.iter().copied()).collect();
        let lines = std::iter::once(self.anchor).chain(self.anchors.iter().copied()).collect();
        let mut cause = Cause { remarks: self.remarks, ..Cause::default() };
        cause.join(Cause { lines, calls, ..Cause::default() });
        report.help(help).reached_from(handlers).by_way_of(steps).because(cause).fix(self.repair.clone());
    }

    /// The handlers, first the one that the way begins with.
    fn handlers_in_order(&self) -> Vec<&(String, Place, Role)> {
        let begins = self.chain.first().map(|hop| (hop.function.as_str(), hop.place.file));
        let mut handlers: Vec<_> = self.handlers.iter().collect();
        handlers.order_by_key(|(name, place, _)| Some((name.as_str(), place.file)) != begins);
        handlers
    }

    /// Whether the project asks for a version of the library before this one.
    pub(super) fn is_older_than(&self, since: &str, service: &Service) -> bool {
        let known = service.deployment.version_of(self.library);
        known.zip(since.parse::<Version>().ok()).is_some_and(|(known, since)| known < since)
    }

    /// Whether the call makes an instance of a class.
    fn makes_an_object(&self) -> bool {
        self.what.rsplit('.').next().is_some_and(|last| last.starts_with(char::is_uppercase))
    }

    /// Whether nothing but the other side says how long it takes.
    fn is_endless(&self) -> bool {
        self.weight == Weight::Unbounded && self.category != Category::File
    }

    /// Whether a call takes fewer seconds than these, whatever happens.
    fn lasts_less_than(&self, seconds: f64) -> bool {
        !self.repeats && matches!(self.limit, Limit::Given(limit) if limit < seconds)
    }
}

/// ``quote` -> `load_rates` -> `requests.get``: a way from its beginning to what is called at its end.
pub(super) fn way(chain: &[Hop], name: &str) -> String {
    let mut told = String::new();
    for (index, hop) in chain.iter().enumerate() {
        if index == MAX_END && is_between(index, chain.len()) {
            let _ = write!(told, "... {} calls between ... -> ", chain.len() - 2 * MAX_END);
        }
        if !is_between(index, chain.len()) {
            let _ = write!(told, "`{}` -> ", hop.function);
        }
    }
    told + &format!("`{name}`")
}

/// The steps of a way that are told of.
pub(super) fn ends(chain: &[Hop]) -> impl Iterator<Item = &Hop> {
    chain.iter().enumerate().filter(|(index, _)| !is_between(*index, chain.len())).map(|(_, hop)| hop)
}

/// Whether a step of a way of so many is too far from both ends to be read by anybody.
const fn is_between(index: usize, steps: usize) -> bool {
    steps > MAX_WAY && index >= MAX_END && index + MAX_END < steps
}

/// What is said of a handler that leads to a call.
fn runs(handler: &str, role: Role) -> String {
    let does = if role.is_beside_requests() { "runs" } else { "handles requests" };
    format!("`{handler}` {does} on the event loop")
}

/// `5 s`, `0.5 s`.
pub(super) fn duration(seconds: f64) -> String {
    format!("{seconds} s")
}
