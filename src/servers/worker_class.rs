//! Worker classes: who runs the application inside a worker process.

use std::collections::BTreeMap;

use super::Version;
use super::schema::{self, Interface, Model};

/// A worker class.
#[derive(Debug)]
pub struct WorkerClass {
    data: schema::WorkerClass,
    since: Option<Version>,
    until: Option<Version>,
    deprecated: Option<Deprecation>,
    minimum: BTreeMap<Version, Version>,
}

/// Advice of a class's own authors against it.
#[derive(Debug)]
pub struct Deprecation {
    /// The distribution whose version [`since`](Self::since) is.
    pub distribution: String,
    /// The first version that advises against it; `None` where it is merely unmaintained.
    pub since: Option<Version>,
    /// The class to use instead.
    pub replacement: String,
    /// The distribution that has the replacement, if it is another one.
    pub replacement_distribution: Option<String>,
}

impl WorkerClass {
    pub(super) fn new(data: schema::WorkerClass) -> Self {
        let version = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        let deprecated = data.deprecated.as_ref().map(|deprecated| Deprecation {
            distribution: deprecated.distribution.clone(),
            since: version(&deprecated.since),
            replacement: deprecated.replacement.clone(),
            replacement_distribution: deprecated.replacement_distribution.clone(),
        });
        let minimum =
            data.minimum.iter().filter_map(|(server, needed)| Some((server.parse().ok()?, needed.parse().ok()?)));
        Self { since: version(&data.since), until: version(&data.until), deprecated, minimum: minimum.collect(), data }
    }

    /// The name to speak of it by.
    pub fn name(&self) -> &str {
        &self.data.name
    }

    /// Whether `spelling` names it.
    pub fn is_called(&self, spelling: &str) -> bool {
        self.data.name == spelling || self.data.aliases.iter().any(|alias| alias == spelling)
    }

    /// Which kind of application it serves.
    pub const fn interface(&self) -> Interface {
        self.data.interface
    }

    /// How it serves several requests.
    pub const fn model(&self) -> Model {
        self.data.model
    }

    /// The first version of the server that has it, if it was not always there.
    pub const fn since(&self) -> Option<Version> {
        self.since
    }

    /// The first version of the server that no longer has it.
    pub const fn until(&self) -> Option<Version> {
        self.until
    }

    /// Whether `version` of the server has it; a class of another distribution is always there.
    pub fn applies_to(&self, version: Version) -> bool {
        self.since.is_none_or(|since| since <= version) && self.until.is_none_or(|until| version < until)
    }

    /// Advice against it, if there is any.
    pub const fn deprecated(&self) -> Option<&Deprecation> {
        self.deprecated.as_ref()
    }

    /// The distribution it needs beside the server.
    pub fn distribution(&self) -> Option<&str> {
        self.data.distribution.as_deref()
    }

    /// Whether a class that derives from it and sets only `options`, each by its attribute and its key, does the same
    /// with every setting of the server.
    pub fn is_kept_by(&self, options: &[(String, String)]) -> bool {
        options.iter().all(|(attribute, key)| {
            let known = self.data.options.as_ref().filter(|known| known.attribute == *attribute);
            known.is_some_and(|known| known.aside.contains(key))
        })
    }

    /// The lowest version of [`distribution`](Self::distribution) that works with `version` of the
    /// server, where the server checks it.
    pub fn minimum(&self, version: Version) -> Option<Version> {
        self.minimum.range(..=version).next_back().map(|(_, needed)| *needed)
    }

    /// The class whose handling of settings it shares; `None` if nobody looked.
    pub fn behaviour(&self) -> Option<&str> {
        self.data.behaves_like.as_deref()
    }
}
