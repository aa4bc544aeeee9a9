//! Which rules look at which settings, told from the code of the rules.
//!
//! A rule names a setting by a text literal, itself or in a function of its group or of the prelude that it
//! calls. What is built from pieces would be missed; no rule does that, and a test counts those without any.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What a piece of code says: settings it names, functions it calls.
#[derive(Default)]
struct Code {
    settings: BTreeSet<String>,
    calls: BTreeSet<String>,
}

/// Settings with the rules that look at them, as a Rust expression of type `&[(&str, &[&str])]`.
pub(crate) fn by_setting(rules: &[String], settings: &BTreeSet<String>) -> String {
    let mut files = sources(Path::new("src/rules"));
    // What rules and advice share of the time around a service.
    files.push(PathBuf::from("src/advice/around.rs"));
    let mut functions: BTreeMap<String, Code> = BTreeMap::new();
    let mut twins: BTreeMap<&String, Code> = BTreeMap::new();
    for path in files {
        let text = code(&fs::read_to_string(&path).unwrap_or_default());
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().replace('_', "-")).unwrap_or_default();
        if let Some(rule) = rules.iter().find(|rule| **rule == stem) {
            twins.insert(rule, read(&text, settings));
        }
        // What one rule calls its own is nobody else's: many have a function of the same name.
        if rules.contains(&stem) {
            continue;
        }
        for (name, body) in bodies(&text) {
            let found = read(body, settings);
            let known = functions.entry(name.to_owned()).or_default();
            known.settings.extend(found.settings);
            known.calls.extend(found.calls);
        }
    }
    let mut by_setting: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
    for (rule, own) in twins {
        let mut open: Vec<&String> = own.calls.iter().collect();
        let mut seen: BTreeSet<&String> = BTreeSet::new();
        let mut named = own.settings.clone();
        while let Some(call) = open.pop() {
            // Every rule is a function called `check`.
            if call == "check" || !seen.insert(call) {
                continue;
            }
            if let Some(function) = functions.get(call) {
                named.extend(function.settings.iter().cloned());
                open.extend(&function.calls);
            }
        }
        for setting in named {
            by_setting.entry(setting).or_default().insert(rule);
        }
    }
    let rows = by_setting.iter().map(|(setting, rules)| {
        let rules: Vec<String> = rules.iter().map(|rule| format!("{rule:?}")).collect();
        format!("({setting:?}, &[{}] as &[&str])", rules.join(", "))
    });
    format!("&[{}]\n", rows.collect::<Vec<_>>().join(",\n"))
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// A text without its comments and without its tests.
fn code(text: &str) -> String {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect::<Vec<_>>().join("\n")
}

/// Each function with the text from its name to the next one's.
fn bodies(text: &str) -> Vec<(&str, &str)> {
    let starts: Vec<usize> = text.match_indices("fn ").map(|(at, _)| at + 3).collect();
    let mut found = Vec::new();
    for (i, &start) in starts.iter().enumerate() {
        let body = &text[start..starts.get(i + 1).copied().unwrap_or(text.len())];
        let end = body.find(|c: char| !is_word(c)).unwrap_or(body.len());
        found.push((&body[..end], &body[end..]));
    }
    found
}

fn read(text: &str, settings: &BTreeSet<String>) -> Code {
    let mut found = Code::default();
    found.settings.extend(text.split('"').filter(|piece| settings.contains(*piece)).map(str::to_owned));
    for (at, _) in text.match_indices('(') {
        let before = text[..at].trim_end_matches("::<f64>");
        let start = before.rfind(|c: char| !is_word(c)).map_or(0, |end| end + 1);
        if start < before.len() {
            found.calls.insert(before[start..].to_owned());
        }
    }
    // A function may be passed by its name.
    found.calls.extend(text.match_indices("Service::").map(|(at, path)| {
        let rest = &text[at + path.len()..];
        rest[..rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())].to_owned()
    }));
    found
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}
