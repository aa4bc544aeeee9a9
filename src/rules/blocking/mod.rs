//! Calls that stop the event loop.

mod blocking_call_in_async;
mod blocking_call_transitive;

use super::prelude;

pub(super) const RULES: &[prelude::Rule] = &[blocking_call_in_async::RULE, blocking_call_transitive::RULE];

use std::fmt::Write as _;

use crate::app::Blocking;
use crate::findings::{Confidence, Severity};
use crate::python::catalogue::Weight;
use prelude::{Context, Report, Service};

impl Blocking {
    /// What the loop waits for, as the end of a sentence.
    fn while_it(&self) -> &'static str {
        use crate::python::catalogue::Category;
        match self.category {
            Category::Cpu => "while it computes",
            _ => "while it waits",
        }
    }

    /// Completes a finding about this call: where it is made, who reaches it, what settles it.
    fn say(&self, report: Report, service: Option<&Service>, _: &Context) {
        let severity = match (self.weight, self.certainty) {
            // What may just as well be another function must not fail a build.
            (_, Confidence::Low) | (Weight::Slight, _) => Severity::Advice,
            (Weight::Bounded, _) => Severity::Warning,
            (Weight::Unbounded, _) => Severity::Error,
        };
        let mut report = report.severity(severity).at_most(self.certainty);
        for hop in self.chain.iter().filter(|hop| hop.place != self.anchor) {
            report = report.related(hop.place, format!("in `{}`", hop.function));
        }
        for (handler, place) in &self.handlers {
            report = report.related(*place, format!("`{handler}` handles requests on the event loop"));
        }
        if !self.more.is_empty() {
            let others = self.more.len() - 1;
            let text =
                if others == 0 { "so does this".to_owned() } else { format!("so does this, and {others} more calls") };
            report = report.related(self.more[0], text);
        }
        let mut help = self.remedy.text.clone();
        if let Some(timeout) = service.and_then(Service::heartbeat) {
            let _ = write!(
                help,
                "; a wait of more than {timeout} s ends in `WORKER TIMEOUT` and takes every request of the worker along"
            );
        }
        report.help(help).fix(None);
    }
}
