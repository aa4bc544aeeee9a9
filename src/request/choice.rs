//! Which rules run, how severe they are, and with which parameters.
//!
//! Decides what a word such as `WRK` names, and what counts when settings and flags say different things.

use std::collections::BTreeMap;

use super::{Error, Flags, POLICIES};
use crate::findings::Severity;
use crate::rules::policy::Policy;
use crate::rules::{Card, Parameters};
use crate::settings::{Level, Loaded};

/// Which rules run and how, by canonical name.
#[derive(Debug, Clone, Default)]
pub struct RuleChoice {
    selected: Option<Vec<&'static str>>,
    pedantic: bool,
    ignored: Vec<&'static str>,
    severity: BTreeMap<&'static str, Severity>,
    parameters: BTreeMap<(String, String), f64>,
}

impl RuleChoice {
    /// Whether a rule runs.
    pub fn runs(&self, rule: &str) -> bool {
        let wanted = match &self.selected {
            Some(selected) => selected.contains(&rule),
            None => self.pedantic || Card::find(rule).is_none_or(|card| !card.noisy),
        };
        wanted && !self.ignored.contains(&rule)
    }

    /// The same choice with the rules that only run on request.
    #[must_use]
    pub fn pedantic(self) -> Self {
        Self { pedantic: true, ..self }
    }

    /// The severity that the settings give to a rule.
    pub fn severity(&self, rule: &str) -> Option<Severity> {
        self.severity.get(rule).copied()
    }
}

impl Parameters for RuleChoice {
    fn parameter(&self, rule: &str, name: &str) -> Option<f64> {
        self.parameters.get(&(rule.to_owned(), name.to_owned())).copied()
    }

    fn is_pedantic(&self) -> bool {
        self.pedantic
    }
}

/// Settings and flags together; a flag that selects replaces what the settings select.
pub(super) fn choice(loaded: &Loaded, flags: &Flags, policies: &[Policy]) -> Result<RuleChoice, Error> {
    let settings = &loaded.settings;
    let known = |word: &toml::Spanned<String>| {
        named(word.as_ref(), policies).map_err(|error| Error::from(loaded.error(word, error.to_string())))
    };
    let all = |words: &[toml::Spanned<String>]| words.iter().map(known).collect::<Result<Vec<_>, _>>();
    let typed = |words: &[String]| words.iter().map(|word| named(word, policies)).collect::<Result<Vec<_>, _>>();
    let selected = if flags.select.is_empty() { all(&settings.select)? } else { typed(&flags.select)? };
    let mut ignored = all(&settings.ignore)?;
    ignored.extend(typed(&flags.ignore)?);
    let mut choice = RuleChoice {
        selected: (!selected.is_empty()).then(|| selected.concat()),
        ignored: ignored.concat(),
        pedantic: flags.pedantic,
        ..RuleChoice::default()
    };
    for (word, level) in &settings.severity {
        for rule in known(word)? {
            match Level::severity(*level) {
                Some(severity) => {
                    choice.severity.insert(rule, severity);
                }
                None => choice.ignored.push(rule),
            }
        }
    }
    for (word, parameters) in &settings.rules {
        for rule in known(word)? {
            let card = Card::find(rule);
            for (name, value) in parameters {
                let known = card.map_or(&[][..], |card| card.parameters);
                if !known.iter().any(|parameter| parameter.name == name) {
                    let all: Vec<String> = known.iter().map(|parameter| format!("`{}`", parameter.name)).collect();
                    let has = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
                    return Err(loaded.error(word, format!("`{rule}` has no parameter `{name}`: it has {has}")).into());
                }
                choice.parameters.insert((rule.to_owned(), name.clone()), *value);
            }
        }
    }
    Ok(choice)
}

/// The rules that a word names: one by name or code, all of a group such as `WRK`, or all policies.
pub(super) fn named(word: &str, policies: &[Policy]) -> Result<Vec<&'static str>, Error> {
    let own: Vec<&'static str> =
        policies.iter().map(|policy| policy.name).filter(|name| word == POLICIES || *name == word).collect();
    if !own.is_empty() {
        return Ok(own);
    }
    if let Some(card) = Card::find(word) {
        return Ok(vec![card.name]);
    }
    let group: Vec<&'static str> = crate::rules::CARDS
        .iter()
        .filter(|card| card.group == word || (word.len() == 3 && card.code.starts_with(&word.to_ascii_uppercase())))
        .map(|card| card.name)
        .collect();
    if group.is_empty() { Err(Error::UnknownRule(word.to_owned(), nearest(word))) } else { Ok(group) }
}

/// The rule whose name is most like `word`, if one is like it at all.
pub fn nearest(word: &str) -> Option<&'static str> {
    crate::rules::CARDS
        .iter()
        .map(|card| (strsim::jaro_winkler(card.name, word), card.name))
        .filter(|(likeness, _)| *likeness > 0.85)
        .max_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(_, name)| name)
}
