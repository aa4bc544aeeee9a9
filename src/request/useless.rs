//! Settings that have no effect, because others say the same or leave them nothing to do.
//!
//! Looks at the settings alone: what only the files of the project show, such as a pattern that matches
//! none, is told by who has read them.

use std::collections::BTreeSet;

use toml::Spanned;

use super::{Error, choice};
use crate::rules::Card;
use crate::rules::policy::Policy;
use crate::settings::{Level, Loaded, Spot};

/// A setting that has no effect.
#[derive(Debug, Clone)]
pub struct Useless {
    /// Where it stands.
    pub spot: Spot,
    /// Why, as a sentence.
    pub reason: String,
}

pub(super) fn all(loaded: &Loaded, policies: &[Policy]) -> Result<Vec<Useless>, Error> {
    let settings = &loaded.settings;
    let known = |word: &Spanned<String>| {
        choice::named(word.as_ref(), policies).map_err(|error| Error::from(loaded.error(word, error.to_string())))
    };
    let mut found = Vec::new();
    let mut say = |at: &Spanned<String>, reason: String| {
        found.extend(loaded.spot(at).map(|spot| Useless { spot, reason }));
    };
    let mut selected = BTreeSet::new();
    for word in &settings.select {
        selected.extend(known(word)?);
    }
    let runs = |rule: &&str| selected.is_empty() || selected.contains(rule);
    let mut ignored: BTreeSet<&'static str> = BTreeSet::new();
    for word in &settings.ignore {
        let rules = known(word)?;
        if !rules.iter().any(&runs) {
            say(word, format!("`{}` is not selected, so there is nothing to ignore", word.get_ref()));
        } else if rules.iter().all(|rule| ignored.contains(rule)) && !from_elsewhere(loaded, word) {
            say(word, format!("`{}` is ignored already", word.get_ref()));
        }
        ignored.extend(rules);
    }
    let silent = |rules: &[&'static str], ignored: &BTreeSet<&'static str>| {
        rules.iter().all(|rule| ignored.contains(rule) || !runs(rule))
    };
    for (word, level) in &settings.severity {
        let rules = known(word)?;
        if silent(&rules, &ignored) {
            let what =
                if *level == Level::Off { "is off anyway" } else { "does not run, so its severity says nothing" };
            say(word, format!("`{}` {what}", word.get_ref()));
        }
    }
    for (word, _) in settings.severity.iter().filter(|(_, level)| **level == Level::Off) {
        ignored.extend(known(word)?);
    }
    for word in settings.rules.keys() {
        if silent(&known(word)?, &ignored) {
            say(word, format!("`{}` does not run, so its parameters say nothing", word.get_ref()));
        }
    }
    for own in settings.per_file.values() {
        for word in &own.ignore {
            if silent(&known(word)?, &ignored) {
                say(word, format!("`{}` does not run anywhere, so there is nothing to ignore", word.get_ref()));
            }
        }
    }
    for policy in
        settings.policy.iter().filter(|policy| silent(&[crate::findings::interned(policy.name.get_ref())], &ignored))
    {
        say(&policy.name, format!("the policy `{}` does not run", policy.name.get_ref()));
    }
    for word in settings.ignore.iter().chain(&settings.select) {
        let current = Card::find(word.get_ref()).filter(|card| card.aliases.contains(&word.get_ref().as_str()));
        if let Some(card) = current {
            say(word, format!("`{}` is called `{}` now", word.get_ref(), card.name));
        }
    }
    Ok(found)
}

/// Whether a word stands in another file than the nearest: what two files ignore is no mistake of either.
fn from_elsewhere(loaded: &Loaded, word: &Spanned<String>) -> bool {
    let texts: BTreeSet<_> = loaded.settings.ignore.iter().filter_map(|word| loaded.spot(word)?.path).collect();
    texts.len() > 1 && loaded.spot(word).is_some()
}
