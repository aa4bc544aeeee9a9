//! What a rule card may hold, and how it becomes a constant.
//!
//! Only the build reads cards: a malformed one stops it, and the library holds the constants.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

/// A card as it stands in `rules/checks/<group>/<name>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Card {
    name: String,
    code: String,
    #[serde(default)]
    aliases: Vec<String>,
    severity: String,
    confidence: String,
    fix: String,
    #[serde(default)]
    noisy: bool,
    title: String,
    why: String,
    advice: String,
    #[serde(default)]
    parameters: Vec<Parameter>,
    #[serde(default)]
    reproduced: Vec<String>,
    evidence: Vec<Evidence>,
    examples: Vec<Example>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parameter {
    name: String,
    default: f64,
    doc: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Evidence {
    grade: String,
    text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    title: String,
    expect: String,
    #[serde(default)]
    at: Vec<String>,
    #[serde(default)]
    says: Vec<String>,
    files: BTreeMap<String, String>,
    #[serde(default)]
    fixed: BTreeMap<String, String>,
}

impl Card {
    /// What types alone cannot say about a card at `path`.
    pub(crate) fn check(&self, path: &Path) -> Result<(), String> {
        let fail = |what: String| Err(format!("{}:1: {what}", path.display()));
        let one_of = |field: &str, word: &str, words: &[&str]| {
            if words.contains(&word) { Ok(()) } else { fail(format!("{field} is `{word}`, not one of {words:?}")) }
        };
        if path.file_stem().and_then(|stem| stem.to_str()) != Some(&self.name) {
            return fail(format!("the file is not named after the rule `{}`", self.name));
        }
        let letters = self.code.len() == 6 && self.code[..3].bytes().all(|b| b.is_ascii_uppercase());
        if !letters || !self.code[3..].bytes().all(|b| b.is_ascii_digit()) {
            return fail(format!("code `{}` is not three letters and three digits", self.code));
        }
        one_of("severity", &self.severity, &["advice", "warning", "error"])?;
        one_of("confidence", &self.confidence, &["low", "medium", "high"])?;
        one_of("fix", &self.fix, &["safe", "unsafe", "none"])?;
        if self.evidence.is_empty() {
            return fail("no evidence".into());
        }
        for evidence in &self.evidence {
            one_of("evidence.grade", &evidence.grade, &["measured", "source", "spec", "issue"])?;
        }
        for example in &self.examples {
            one_of("examples.expect", &example.expect, &["fires", "silent", "suppressed"])?;
            if (example.expect == "fires") == example.at.is_empty() {
                return fail(format!("example `{}`: `at` goes with `fires`, and only there", example.title));
            }
        }
        for kind in ["fires", "silent", "suppressed"] {
            if !self.examples.iter().any(|example| example.expect == kind) {
                return fail(format!("no example that expects `{kind}`"));
            }
        }
        Ok(())
    }

    /// The card as a Rust expression of the constant type `rules::Card`.
    pub(crate) fn as_rust(&self, path: &Path) -> String {
        let group = path.parent().and_then(Path::file_name).and_then(|name| name.to_str()).unwrap_or_default();
        let severity = capital(&self.severity);
        let confidence = capital(&self.confidence);
        let parameters = list(&self.parameters, |p| {
            format!("Parameter {{ name: {:?}, default: {:?}, doc: {:?} }}", p.name, p.default, p.doc)
        });
        let evidence =
            list(&self.evidence, |e| format!("Evidence {{ grade: {:?}, text: {:?} }}", e.grade, e.text.trim()));
        let examples = list(&self.examples, Example::as_rust);
        let reproduced = list(&self.reproduced, |claim| format!("{claim:?}"));
        let aliases = list(&self.aliases, |alias| format!("{alias:?}"));
        format!(
            "Card {{ group: {group:?}, name: {:?}, code: {:?}, aliases: {aliases}, severity: Severity::{severity}, \
             confidence: Confidence::{confidence}, fix: {:?}, noisy: {}, title: {:?}, why: {:?}, advice: {:?}, \
             parameters: {parameters}, reproduced: {reproduced}, evidence: {evidence}, examples: {examples} }}",
            self.name,
            self.code,
            self.fix,
            self.noisy,
            self.title.trim(),
            self.why.trim(),
            self.advice.trim(),
        )
    }
}

impl Example {
    fn as_rust(&self) -> String {
        let pairs = |files: &BTreeMap<String, String>| {
            list(&files.iter().collect::<Vec<_>>(), |(path, text)| format!("({path:?}, {text:?})"))
        };
        format!(
            "Example {{ title: {:?}, expect: Expect::{}, at: {}, says: {}, files: {}, fixed: {} }}",
            self.title,
            capital(&self.expect),
            list(&self.at, |at| format!("{at:?}")),
            list(&self.says, |says| format!("{says:?}")),
            pairs(&self.files),
            pairs(&self.fixed),
        )
    }
}

fn list<T>(items: &[T], render: impl Fn(&T) -> String) -> String {
    format!("&[{}]", items.iter().map(render).collect::<Vec<_>>().join(", "))
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}
