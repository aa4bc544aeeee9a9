//! Settings that have no effect, because others say the same or leave them nothing to do.
//!
//! Looks at the settings alone: what only the files of the project show, such as a pattern that matches
//! none, is told by who has read them.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;

use super::{Error, choice};
use crate::rules::Card;
use crate::rules::policy::Policy;
use crate::settings::{Level, Loaded, Spot};
use crate::source::Span;

/// A setting that has no effect.
#[derive(Debug, Clone)]
pub struct Useless {
    /// Where it stands.
    pub spot: Spot,
    /// Why, as a sentence.
    pub reason: String,
    /// The bytes to replace, and by what, so that it is gone or says what it means.
    pub remedy: Option<(Span, String)>,
}

impl Useless {
    /// One that is taken away where it stands in a list, or on a line of its own.
    pub fn new(spot: Spot, reason: String) -> Self {
        let remedy = removal(&spot.text, spot.span).map(|span| (span, String::new()));
        Self { spot, reason, remedy }
    }
}

/// The bytes to take out so that an element of a list, or a key with its value, is gone; `None` where it has more lines.
fn removal(text: &str, span: Span) -> Option<Span> {
    let before = text.get(..span.start)?;
    let after = text.get(span.end..)?;
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let line_end = after.find('\n').map_or(text.len(), |at| span.end + at + 1);
    let lead = text.get(line_start..span.start)?;
    let rest = text.get(span.end..line_end)?.trim_end();
    let blank = |text: &str| text.trim_start().is_empty() || text.trim_start().starts_with('#');
    if before.trim_end().ends_with(['[', ',']) && after.trim_start().starts_with([',', ']']) {
        if lead.trim().is_empty() && blank(rest.trim_start().trim_start_matches(',')) {
            return Some(Span::new(line_start, line_end));
        }
        let behind = after.strip_prefix(',').map(|rest| 1 + rest.len() - rest.trim_start_matches(' ').len());
        if let Some(length) = behind {
            return Some(Span::new(span.start, span.end + length));
        }
        let kept = before.trim_end().trim_end_matches(',').trim_end();
        let first = before.trim_end().ends_with('[');
        return Some(Span::new(if first { span.start } else { kept.len() }, span.end));
    }
    let value = rest.trim_start().strip_prefix('=')?.trim();
    let whole = value.matches(['[', '{']).count() == value.matches([']', '}']).count() && !value.contains("\"\"\"");
    (lead.trim().is_empty() && whole).then(|| Span::new(line_start, line_end))
}

pub(super) fn all(loaded: &Loaded, policies: &[Policy]) -> Result<Vec<Useless>, Error> {
    let settings = &loaded.settings;
    let known = |word: &Spanned<String>| {
        choice::named(word.as_ref(), policies).map_err(|error| Error::from(loaded.error(word, error.to_string())))
    };
    let mut found = Vec::new();
    let mut say = |at: &Spanned<String>, reason: String| {
        found.extend(loaded.spot(at).map(|spot| Useless::new(spot, reason)));
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
    let contradicted = contradicted(loaded, policies)?;
    // What an extended file says otherwise, this one may well set back.
    let is_alone = settings.extend.0.is_empty();
    let is_usual = |rule: &&'static str, level: Level| {
        Card::find(rule).is_some_and(|card| Level::severity(level) == Some(card.severity))
    };
    let silent = |rules: &[&'static str], ignored: &BTreeSet<&'static str>| {
        rules.iter().all(|rule| ignored.contains(rule) || !runs(rule))
    };
    let mut single: BTreeMap<&'static str, Level> = BTreeMap::new();
    for (word, level) in &settings.severity {
        let rules = known(word)?;
        // Its name and its code are two words for one rule.
        if let [rule] = rules.as_slice()
            && let Some(other) = single.insert(rule, *level)
        {
            if other == *level {
                say(word, format!("`{}` is `{rule}`, which has this severity here already", word.get_ref()));
            }
            continue;
        }
        if silent(&rules, &ignored) {
            let what =
                if *level == Level::Off { "is off anyway" } else { "does not run, so its severity says nothing" };
            say(word, format!("`{}` {what}", word.get_ref()));
        } else if is_alone && *level != Level::Off && rules.iter().all(|rule| is_usual(rule, *level)) {
            say(word, format!("`{}` is that severe anyway", word.get_ref()));
        }
    }
    for (word, _) in settings.severity.iter().filter(|(_, level)| **level == Level::Off) {
        ignored.extend(known(word)?);
    }
    for (word, parameters) in &settings.rules {
        let rules = known(word)?;
        let usual = |name: &String, value: f64| {
            let of = |rule: &&&'static str| Card::find(rule).is_some_and(|card| is_by_default(card, name, value));
            is_alone && rules.len() == rules.iter().filter(of).count()
        };
        if silent(&rules, &ignored) {
            say(word, format!("`{}` does not run, so its parameters say nothing", word.get_ref()));
        } else if let Some((name, value)) = parameters.iter().find(|(name, value)| usual(name, **value)) {
            say(word, format!("`{name}` of `{}` is {value} anyway", word.get_ref()));
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
    if let Some(spot) = loaded.shadowed.clone() {
        let reason = "`farrier.toml` is there, so this is not read".to_owned();
        found.push(Useless { spot, reason, remedy: None });
    }
    let missing = loaded.baseline().filter(|path| !path.exists());
    if let Some(spot) = settings.baseline.as_ref().filter(|_| missing.is_some()).and_then(|named| loaded.spot(named)) {
        let reason = "there is no such file, so no finding is known; `farrier baseline create` writes it".to_owned();
        found.push(Useless { spot, reason, remedy: None });
    }
    for word in settings.ignore.iter().chain(&settings.select) {
        let current = Card::find(word.get_ref()).filter(|card| card.aliases.contains(&word.get_ref().as_str()));
        if let (Some(card), Some(spot)) = (current, loaded.spot(word)) {
            let reason = format!("`{}` is called `{}` now", word.get_ref(), card.name);
            let remedy = Some((spot.span, format!("{:?}", card.name)));
            found.push(Useless { spot, reason, remedy });
        }
    }
    found.extend(
        contradicted
            .into_iter()
            .filter_map(|(word, reason)| Some(Useless { spot: loaded.spot(word)?, reason, remedy: None })),
    );
    Ok(found)
}

/// Words that say the opposite of others, each with what counts now: which of the two is meant is for whoever wrote them
/// to say, so there is nothing to write instead.
fn contradicted<'l>(loaded: &'l Loaded, policies: &[Policy]) -> Result<Vec<(&'l Spanned<String>, String)>, Error> {
    let known = |word: &Spanned<String>| {
        choice::named(word.as_ref(), policies).map_err(|error| Error::from(loaded.error(word, error.to_string())))
    };
    let settings = &loaded.settings;
    let mut found = Vec::new();
    let mut ignored = BTreeSet::new();
    for word in &settings.ignore {
        ignored.extend(known(word)?);
    }
    let mut levels: BTreeMap<&'static str, (Level, &str)> = BTreeMap::new();
    for (word, level) in &settings.severity {
        let (rules, here) = (known(word)?, word.get_ref());
        // Its name and its code are two words for one rule.
        let [rule] = rules.as_slice() else { continue };
        let Some((other, there)) = levels.insert(rule, (*level, here)).filter(|(other, _)| other != level) else {
            continue;
        };
        let counts = if other == Level::Off { other } else { *level };
        let [level, other, counts] = [*level, other, counts].map(Level::as_str);
        found.push((
            word,
            format!("`{here}` and `{there}` are one rule, with two severities: \"{level}\" and \"{other}\", of which \"{counts}\" counts"),
        ));
    }
    let is_off = |rule: &&'static str| levels.get(rule).is_some_and(|(level, _)| *level == Level::Off);
    // What an extended file selects, this one may well ignore.
    for word in settings.select.iter().filter(|_| settings.extend.0.is_empty()) {
        let (rules, word_of) = (known(word)?, word.get_ref());
        if rules.iter().all(|rule| ignored.contains(rule)) {
            found.push((word, format!("`{word_of}` is selected and ignored: it does not run")));
        } else if rules.iter().all(|rule| ignored.contains(rule) || is_off(rule)) {
            found.push((word, format!("`{word_of}` is selected and has the severity \"off\": it does not run")));
        }
    }
    Ok(found)
}

/// Whether a parameter of a rule has this value where nobody sets it.
fn is_by_default(card: &Card, name: &str, value: f64) -> bool {
    let named = card.parameters.iter().any(|parameter| parameter.name == name);
    named && (card.parameter(name) - value).abs() < f64::EPSILON
}

/// Whether a word stands in another file than the nearest: what two files ignore is no mistake of either.
fn from_elsewhere(loaded: &Loaded, word: &Spanned<String>) -> bool {
    let texts: BTreeSet<_> = loaded.settings.ignore.iter().filter_map(|word| loaded.spot(word)?.path).collect();
    texts.len() > 1 && loaded.spot(word).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_useless_goes_without_a_trace() {
        for (text, word, left) in [
            ("ignore = [\"a\", \"b\"]\n", "\"a\"", "ignore = [\"b\"]\n"),
            ("ignore = [\"a\", \"b\"]\n", "\"b\"", "ignore = [\"a\"]\n"),
            ("ignore = [\"b\"]\n", "\"b\"", "ignore = []\n"),
            ("ignore = [\n  \"a\",  # why\n  \"b\",\n]\n", "\"a\"", "ignore = [\n  \"b\",\n]\n"),
            ("[severity]\nX = \"off\"\nY = \"off\"\n", "X", "[severity]\nY = \"off\"\n"),
        ] {
            let at = text.find(word).unwrap();
            let span = removal(text, Span::new(at, at + word.len())).unwrap();
            let mut after = text.to_owned();
            after.replace_range(span.start..span.end, "");
            assert_eq!(after, left);
        }
        for (text, word) in [("[rules.x]\na = 1\n", "x"), ("x = [\n1]\n", "x")] {
            let at = text.find(word).unwrap();
            assert_eq!(removal(text, Span::new(at, at + word.len())), None, "{text}");
        }
    }
}
