//! What the platforms give, from `rules/platforms`.

use std::sync::OnceLock;

use crate::source::{Located, Place, Span, Word, WordPart};
use crate::values::{Bytes, Cpus, Seconds};

use super::super::decoded::Decoded;
use super::super::expansion::Dialect;
use super::super::shell_words::Lexed;
use super::super::tree::Node;
use super::super::{Limits, Router, StopDefault, Unit, Usual, Variable, command};
use super::schema::{self, Size};

/// A platform that `rules/platforms` describes.
#[derive(Debug)]
pub(super) struct Platform(schema::Platform);

/// The platform of this name; `None` if no file describes it.
pub(super) fn platform(name: &str) -> Option<&'static Platform> {
    all().iter().find(|platform| platform.0.name == name)
}

/// The folder in which every platform that says so runs a project which it builds itself; `None` where they differ.
pub fn home_of_processes() -> Option<&'static str> {
    let mut homes = all().iter().filter_map(|platform| platform.0.home.as_deref());
    let first = homes.next()?;
    homes.all(|home| home == first).then_some(first)
}

fn all() -> &'static [Platform] {
    static ALL: OnceLock<Vec<Platform>> = OnceLock::new();
    ALL.get_or_init(|| {
        let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/platforms.postcard"));
        // The build wrote it from these same types.
        let platforms: Vec<schema::Platform> = postcard::from_bytes(bytes).unwrap_or_default();
        platforms.into_iter().map(Platform).collect()
    })
}

impl Platform {
    fn size(&self, name: &str) -> Option<&Size> {
        self.0.sizes.iter().find(|size| size.name.eq_ignore_ascii_case(name.trim()))
    }

    /// How much of each core is sure on machines of a kind, which the names of their sizes begin with.
    pub(super) fn share_of_kind(&self, kind: &str) -> Option<f64> {
        let named = |size: &&Size| size.name.split('-').next() == Some(kind);
        self.0.sizes.iter().find(named)?.share
    }

    /// What an instance of the size at `size` is bounded by.
    pub(super) fn bound(&self, size: &Located<String>, limits: &mut Limits) {
        let Some(known) = self.size(&size.value) else { return };
        limits.cpus = known.cpus.map(|cpus| Located::new(Cpus(cpus), size.place));
        limits.lasting = known.cpus.zip(known.share).map(|(cpus, share)| Cpus(cpus * share));
        let bytes = known.memory.as_deref().and_then(|text| Bytes::parse(text, false));
        limits.memory = bytes.map(|bytes| Located::new(bytes, size.place));
    }

    /// Tells how it stops a unit, whose file says at `written` how long that takes.
    pub(super) fn stops(&'static self, unit: &mut Unit, written: Option<&Node>) {
        let place = self.mark(unit, unit.place);
        let seconds = self.0.stop_grace.map(|seconds| StopDefault { value: Seconds(seconds), by: &self.0.name });
        unit.limits.stop_default = seconds.filter(|_| written.is_none());
        let (idle, request) = (self.0.idle_timeout.map(Seconds), self.0.request_timeout.map(Seconds));
        let of = self.0.name.as_str();
        unit.limits.router =
            (idle.is_some() || request.is_some()).then_some(Router { of, idle, request, place: unit.place });
        if let (None, Some(signal)) = (&unit.stop_signal, &self.0.stop_signal) {
            unit.stop_signal = Some(Located::new(signal.clone(), place));
        }
    }

    /// Notes that it runs a unit, for the reasons at `place`; the place of what it sets.
    fn mark(&'static self, unit: &mut Unit, place: Place) -> Place {
        let nothing = Place::new(place.file, Span::new(place.span.start, place.span.start));
        unit.platform.get_or_insert(Located::new(&self.0.name, nothing)).place
    }

    /// Sets the variables that it sets itself for a unit, of which `place` says that it runs there, `native` where it
    /// builds the service from its source; what the size decides is known where the size is.
    pub(super) fn sets(&'static self, unit: &mut Unit, native: bool, size: Option<&Located<String>>, place: Place) {
        let place = self.mark(unit, place);
        let workers = size.and_then(|size| self.size(&size.value)?.workers);
        let given = self.0.variables.iter().filter(|given| native || !given.native);
        let variables = given.map(|given| {
            let sized = workers.filter(|_| given.name == "WEB_CONCURRENCY").map(|workers| workers.to_string());
            let value = given.value.clone().or(sized).map(|value| self.word(value, place));
            Variable { name: given.name.clone(), value, place, build_only: false }
        });
        unit.environment = variables.collect();
    }

    /// What it starts where its file names `runtime` at `place` and no command.
    pub(super) fn starts(&'static self, runtime: &str, place: Place) -> Option<Usual> {
        let usual = self.0.usual.as_ref()?;
        usual.runtimes.iter().find(|known| runtime.starts_with(known.as_str()))?;
        let lexed = |text: &String| Lexed {
            word: self.word(text.clone(), place),
            content: content(text, place),
            has_quotes: true,
        };
        let mut words: Vec<Lexed> = usual.command.iter().map(lexed).collect();
        if usual.adds_options {
            let parts = vec![WordPart::Variable { name: format!("the options of {}", self.0.name), default: None }];
            let word = Word { parts, place, removal: place, quoted: false };
            words.push(Lexed { word, content: Decoded::default(), has_quotes: false });
        }
        let command = command::exec(words, Dialect::Plain, place)?;
        Some(Usual { command, beside: &usual.beside, without: &usual.without })
    }

    /// A text that stands nowhere in the file.
    fn word(&self, text: String, place: Place) -> Word {
        let name = format!("{} sets it", self.0.name);
        let parts = vec![WordPart::Variable { name, default: Some(vec![WordPart::Text(text)]) }];
        Word { parts, place, removal: place, quoted: true }
    }
}

fn content(text: &str, place: Place) -> Decoded {
    let mut content = Decoded::default();
    content.push_escaped(text, place.span);
    content
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_platform_of_the_rules_is_found() {
        for name in ["Render", "Heroku", "Fly.io", "App Engine", "DigitalOcean", "Amazon ECS"] {
            assert!(platform(name).is_some(), "{name}");
        }
        assert!(platform("Elsewhere").is_none());
    }
}
