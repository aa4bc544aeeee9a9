//! How a rule says something: findings in the making.

use super::Card;
use super::prelude::*;
use crate::app::Category;
use crate::findings::{Cause, Finding, Label};

/// Collects what one rule says.
#[derive(Debug)]
pub(super) struct Findings<'a> {
    card: &'static Card,
    context: &'a Context<'a>,
    found: Vec<Finding>,
}

impl<'a> Findings<'a> {
    pub(super) fn new(card: &'static Card, context: &'a Context<'a>) -> Self {
        Self { card, context, found: Vec::new() }
    }

    pub(super) fn into_findings(self) -> Vec<Finding> {
        self.found
    }

    /// A parameter of the rule that runs: from the settings, else from its card.
    pub(super) fn parameter(&self, name: &str) -> f64 {
        self.context.parameter(self.card, name)
    }

    /// Says `message` about `place`; the builder takes the rest.
    pub(super) fn report(&mut self, place: Place, label: impl Into<String>, message: impl Into<String>) -> Report<'_> {
        let finding = Finding {
            rule: self.card.name,
            code: self.card.code,
            severity: self.card.severity,
            confidence: self.card.confidence,
            message: message.into(),
            primary: Label::new(place, label),
            related: Vec::new(),
            help: None,
            category: None,
            pattern: None,
            handlers: Vec::new(),
            way: Vec::new(),
            cause: None,
            function: None,
            fix: None,
        };
        self.found.push(finding);
        let at = self.found.len() - 1;
        Report { finding: &mut self.found[at] }
    }
}

/// A finding in the making.
#[must_use = "a finding is complete only with its confidence"]
pub(super) struct Report<'f> {
    finding: &'f mut Finding,
}

impl Report<'_> {
    /// The finding is no surer than `confidence`.
    pub(super) fn at_most(self, confidence: Confidence) -> Self {
        self.finding.confidence = self.finding.confidence.min(confidence);
        self
    }

    /// The handlers that reach the call that it is about.
    pub(super) fn reached_from(self, handlers: impl IntoIterator<Item = Place>) -> Self {
        self.finding.handlers = handlers.into_iter().collect();
        self
    }

    /// The way from the first of them to that call, step by step.
    pub(super) fn by_way_of(self, steps: impl IntoIterator<Item = Place>) -> Self {
        self.finding.way = steps.into_iter().collect();
        self
    }

    /// All that it stands for.
    pub(super) fn because(self, cause: Cause) -> Self {
        self.finding.cause = Some(cause);
        self
    }

    /// Something less, or worse, than the card says happens here.
    pub(super) fn severity(self, severity: Severity) -> Self {
        self.finding.severity = severity;
        self
    }

    /// Another place that contributes.
    pub(super) fn related(self, place: Place, text: impl Into<String>) -> Self {
        self.finding.related.push(Label::new(place, text));
        self
    }

    /// A place with the same fault, and what the finding says where somebody silences those before it.
    pub(super) fn alike(self, place: Place, text: impl Into<String>, message: Option<String>) -> Self {
        let leads = Some(message.unwrap_or_else(|| self.finding.message.clone()));
        self.finding.related.push(Label { leads, ..Label::new(place, text) });
        self
    }

    /// Another place that contributes, if it is known.
    pub(super) fn related_to(self, located: Option<Located<String>>) -> Self {
        match located {
            Some(located) => self.related(located.place, located.value),
            None => self,
        }
    }

    /// What to do here.
    pub(super) fn help(self, text: impl Into<String>) -> Self {
        self.finding.help = Some(text.into());
        self
    }

    /// What the call waits for, and what many findings of this kind in one project have in common.
    pub(super) fn about(self, category: Category, pattern: impl Into<String>) -> Self {
        self.finding.category = Some(category.as_str());
        self.finding.pattern = Some(pattern.into());
        self
    }

    /// A change that settles it, where the bytes allow one.
    pub(super) fn fix(self, fix: Option<Fix>) {
        self.finding.fix = fix;
    }
}
