//! Rules that a project states itself: a bound on a setting or a limit, with a message and a severity.
//!
//! Decides their shape alone. Whether there is such a setting is checked by who knows the servers.

use serde::Deserialize;
use toml::Spanned;

use super::Threshold;

/// One rule of the project's own.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Policy {
    /// Its name, which comments and settings use like that of any rule.
    pub name: Spanned<String>,
    /// What to say; the value and the bound are added.
    pub message: Option<String>,
    /// `warning` if not given.
    pub severity: Option<Threshold>,
    /// What has to hold for it to apply; the word `production` or `development` alone will do.
    #[serde(default, deserialize_with = "when")]
    pub when: When,
    /// A setting of a server, or `version` for the server itself.
    pub setting: Option<Spanned<String>>,
    /// What bounds the service.
    pub limit: Option<Limit>,
    /// The most.
    pub max: Option<Spanned<Scalar>>,
    /// The least.
    pub min: Option<Spanned<Scalar>>,
    /// The only values.
    #[serde(default)]
    pub one_of: Scalars,
    /// Values that may not be.
    #[serde(default)]
    pub not: Scalars,
    /// A regular expression that the value has to match somewhere.
    pub matches: Option<Spanned<String>>,
    /// Somebody has to set it.
    #[serde(default)]
    pub required: bool,
    /// Nobody may set it.
    #[serde(default)]
    pub forbidden: bool,
    /// What to do about a value that cannot be told.
    #[serde(default)]
    pub unknown: Unknown,
}

/// One value or several.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "OneOrManyScalars")]
pub struct Scalars(pub Vec<Scalar>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrManyScalars {
    One(Scalar),
    Many(Vec<Scalar>),
}

impl From<OneOrManyScalars> for Scalars {
    fn from(scalars: OneOrManyScalars) -> Self {
        match scalars {
            OneOrManyScalars::One(scalar) => Self(vec![scalar]),
            OneOrManyScalars::Many(scalars) => Self(scalars),
        }
    }
}

/// What has to hold for a policy to apply: everything given, and any of the words of a list.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct When {
    /// Servers.
    pub server: Words,
    /// Classes of Gunicorn's workers.
    pub worker_class: Words,
    /// Whether it runs in production.
    pub production: Option<bool>,
    /// Patterns of the file that starts the server, spelled as in a `.gitignore`.
    pub path: Words,
}

/// A table, or one word for the most usual of its entries.
fn when<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<When, D::Error> {
    struct Either;
    impl<'de> serde::de::Visitor<'de> for Either {
        type Value = When;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("a table, `production` or `development`")
        }

        fn visit_str<E: serde::de::Error>(self, word: &str) -> Result<When, E> {
            match word {
                "production" => Ok(When { production: Some(true), ..When::default() }),
                "development" => Ok(When { production: Some(false), ..When::default() }),
                _ => Err(E::invalid_value(serde::de::Unexpected::Str(word), &self)),
            }
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, map: A) -> Result<When, A::Error> {
            When::deserialize(serde::de::value::MapAccessDeserializer::new(map))
        }
    }
    deserializer.deserialize_any(Either)
}

/// One word or several.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(from = "OneOrMany")]
pub struct Words(pub Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

impl From<OneOrMany> for Words {
    fn from(words: OneOrMany) -> Self {
        match words {
            OneOrMany::One(word) => Self(vec![word]),
            OneOrMany::Many(words) => Self(words),
        }
    }
}

/// What bounds a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the words are the settings' own")]
pub enum Limit {
    #[serde(alias = "cpu")]
    Cpus,
    Memory,
    Replicas,
    #[serde(alias = "kill-after")]
    StopGrace,
}

impl Limit {
    /// The word of the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cpus => "cpus",
            Self::Memory => "memory",
            Self::Replicas => "replicas",
            Self::StopGrace => "stop-grace",
        }
    }
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
#[allow(missing_docs, reason = "the types are TOML's own")]
pub enum Scalar {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

/// What to do about a value that cannot be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// Say nothing.
    #[default]
    Silent,
    /// Report that it cannot be told.
    Report,
}
