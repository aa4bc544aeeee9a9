//! What a file of log lines may hold, and how it becomes a constant.

use serde::Deserialize;

/// A log line as it stands in `rules/messages/<name>.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Message {
    name: String,
    texts: Vec<String>,
    #[serde(default)]
    names: Vec<String>,
    means: String,
    source: Option<String>,
    #[serde(default)]
    routine: bool,
    #[serde(default)]
    seen: Vec<Seen>,
    causes: Vec<Cause>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Seen {
    distribution: String,
    version: String,
    file: String,
    text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cause {
    #[serde(rename = "cause")]
    text: String,
    rules: Vec<String>,
    advice: String,
}

impl Message {
    /// What types alone cannot say; `rules` are the names of all cards.
    pub(crate) fn check(&self, stem: &str, rules: &[String]) -> Result<(), String> {
        if stem != self.name {
            return Err(format!("the file is not named after the message `{}`", self.name));
        }
        if self.texts.is_empty() || self.texts.iter().any(|text| text.len() < 8) {
            return Err("a message is found by texts of eight letters or more".to_owned());
        }
        if self.seen.is_empty() && self.source.is_none() {
            return Err("nothing says where the text comes from: `seen` or `source`".to_owned());
        }
        if self.causes.is_empty() {
            return Err("no cause".to_owned());
        }
        let mut named = self.causes.iter().flat_map(|cause| &cause.rules);
        match named.find(|rule| !rules.contains(rule)) {
            Some(rule) => Err(format!("there is no rule `{rule}`")),
            None => Ok(()),
        }
    }

    /// The message as a Rust expression of the constant type `rules::messages::Message`.
    pub(crate) fn as_rust(&self) -> String {
        let seen = list(&self.seen, |seen| {
            format!(
                "Seen {{ distribution: {:?}, version: {:?}, file: {:?}, text: {:?} }}",
                seen.distribution, seen.version, seen.file, seen.text
            )
        });
        let causes = list(&self.causes, |cause| {
            let rules = list(&cause.rules, |rule| format!("{rule:?}"));
            format!("Cause {{ text: {:?}, rules: {rules}, advice: {:?} }}", cause.text, cause.advice)
        });
        format!(
            "Message {{ name: {:?}, texts: {}, words: {}, means: {:?}, source: {:?}, routine: {}, seen: {seen}, causes: {causes} }}",
            self.name,
            list(&self.texts, |text| format!("{text:?}")),
            list(&self.names, |name| format!("{name:?}")),
            self.means,
            self.source.as_deref().unwrap_or_default(),
            self.routine,
        )
    }
}

fn list<T>(items: &[T], render: impl Fn(&T) -> String) -> String {
    format!("&[{}]", items.iter().map(render).collect::<Vec<_>>().join(", "))
}
