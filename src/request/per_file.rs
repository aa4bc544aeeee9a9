//! What counts in some files only.

use ignore::gitignore::Gitignore;

use super::policies::patterns;
use super::{Error, choice};
use crate::findings::{Finding, Severity};
use crate::rules::policy::Policy;
use crate::settings::{Level, Loaded, Spot};
use crate::source::Files;
use crate::values::Order as _;

/// Rules that say less, or something else, in the files of a pattern.
#[derive(Debug, Clone)]
pub struct PerFile {
    /// The pattern as written.
    pub pattern: String,
    paths: Gitignore,
    ignored: Vec<&'static str>,
    severity: Vec<(&'static str, Severity)>,
    /// Where the settings say so.
    pub spot: Option<Spot>,
}

/// All patterns, the shortest first: the one that says more about a file counts more.
pub(super) fn all(loaded: &Loaded, policies: &[Policy]) -> Result<Vec<PerFile>, Error> {
    let mut all = Vec::new();
    for (pattern, own) in &loaded.settings.per_file {
        let known = |word: &toml::Spanned<String>| {
            choice::named(word.as_ref(), policies).map_err(|error| Error::from(loaded.error(word, error.to_string())))
        };
        let paths = patterns(std::slice::from_ref(pattern.get_ref()))
            .map_err(|error| Error::from(loaded.error(pattern, error.to_string())))?;
        let mut ignored = own.ignore.iter().map(known).collect::<Result<Vec<_>, _>>()?.concat();
        let mut severity = Vec::new();
        for (word, level) in &own.severity {
            for rule in known(word)? {
                match Level::severity(*level) {
                    Some(level) => severity.push((rule, level)),
                    None => ignored.push(rule),
                }
            }
        }
        all.push(PerFile { pattern: pattern.get_ref().clone(), paths, ignored, severity, spot: loaded.spot(pattern) });
    }
    all.order_by_key(|own| (own.pattern.len(), own.pattern.clone()));
    Ok(all)
}

impl PerFile {
    /// Whether it speaks about a file.
    pub fn concerns(&self, path: &str) -> bool {
        self.paths.matched_path_or_any_parents(path, false).is_ignore()
    }

    /// Whether it names any of such rules.
    pub fn names_any(&self, is_meant: &dyn Fn(&str) -> bool) -> bool {
        self.ignored.iter().chain(self.severity.iter().map(|(rule, _)| rule)).any(|rule| is_meant(rule))
    }

    /// Whether a rule says nothing in a file.
    pub fn ignores(&self, rule: &str, path: &str) -> bool {
        self.ignored.contains(&rule) && self.concerns(path)
    }

    /// Changes the severity of a finding, if it says so.
    pub fn adjust(&self, finding: &mut Finding, files: &Files) {
        let level = self.severity.iter().find(|(rule, _)| *rule == finding.rule);
        if let Some((_, severity)) = level.filter(|_| self.concerns(files.get(finding.primary.place.file).path())) {
            finding.severity = *severity;
        }
    }
}
