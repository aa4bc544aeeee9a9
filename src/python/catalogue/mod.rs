//! Which calls block: the compiled-in catalogue and how to ask it.
//!
//! Knows names and types of libraries, not the project: which object a name in the project's code
//! stands for is decided by [`types`](super::types).

#[cfg(test)]
mod alive;
mod extension;
#[allow(
    dead_code,
    unreachable_pub,
    reason = "the build script checks the same types, and reads fields that only people look at"
)]
mod schema;

use std::sync::OnceLock;

use crate::values::{HashMap, HashSet};
pub use extension::Extension;
use extension::layers;
use schema::Implicit;
pub(crate) use schema::{Call, Catalogue, Type};
pub use schema::{Category, Gevent, Library, Timeout, Weight};

/// What a blocking operation of a library does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Effect {
    /// What it waits for.
    pub category: Category,
    /// How long.
    pub weight: Weight,
    /// How it behaves under gevent.
    pub gevent: Gevent,
    /// What to use in a coroutine; follows "use".
    pub instead: &'static str,
    /// The version of the library that has it first.
    pub instead_since: Option<&'static str>,
    /// The version of the library from which on it blocks.
    pub since: Option<&'static str>,
    /// The asynchronous counterpart of its class.
    pub twin: Option<&'static str>,
    /// The distribution that it belongs to.
    pub library: &'static str,
    /// What makes it cooperative under gevent, where that takes a step of its own.
    pub gevent_setup: Option<&'static str>,
    /// Seconds after which it gives up where nobody says otherwise; zero for never.
    pub gives_up: Option<f64>,
    /// What its `timeout` limits.
    pub timeout: Timeout,
    /// The position of its `timeout`, where it can be given without its name.
    pub timeout_at: Option<usize>,
    /// How many more times it tries by default after it gave up waiting.
    pub retries: u32,
    /// Arguments that make it return at once, each `name=value` or `position=value`.
    pub unless: &'static [String],
    /// Arguments of which one must be given for it to block; empty for no such condition.
    pub needs: &'static [String],
}

/// A function that blocks.
#[derive(Debug, Clone, Copy)]
pub struct BlockingCall {
    /// What it does.
    pub effect: Effect,
    /// Whether only using the result blocks.
    pub lazy: bool,
    /// Whether it is a decorator, so that calling it is not what blocks.
    pub decorator: bool,
}

/// A class of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct KnownType {
    library: &'static Library,
    data: &'static Type,
}

impl KnownType {
    /// Its public dotted name.
    pub fn name(self) -> &'static str {
        &self.data.name
    }

    /// What calling the method (or the dotted path of attributes) does, if it blocks.
    pub fn method(self, path: &str) -> Option<Effect> {
        let blocks = covers(&self.data.block, path);
        let star = self.data.block.iter().any(|name| name == "*");
        let public = !path.contains('.') && !path.starts_with('_');
        let blocks = blocks || (star && public && !covers(&self.data.safe, path));
        if !blocks {
            return None;
        }
        let mut effect = self.effect();
        if self.data.slight.iter().any(|name| name == path) {
            effect.weight = Weight::Slight;
        }
        if let Some(&category) = self.data.waits_for.get(path) {
            (effect.category, effect.weight) = (category, Weight::Unbounded);
        }
        effect.unless = self.data.unless.get(path).map_or(&[], Vec::as_slice);
        effect.timeout_at = self.data.timeout_at.get(path).copied();
        Some(effect)
    }

    /// The methods that it names as blocking, `*` for all public ones.
    pub fn blocking(self) -> impl Iterator<Item = &'static str> {
        self.data.block.iter().map(String::as_str)
    }

    /// Whether the catalogue speaks about this method at all.
    pub fn mentions(self, path: &str) -> bool {
        covers(&self.data.block, path) || covers(&self.data.safe, path)
    }

    /// The type of what an attribute of an instance holds.
    pub fn holds(self, attribute: &str) -> Option<&'static str> {
        self.data.holds.get(attribute).map(String::as_str)
    }

    /// What the type gives for `member`: a method called, any attribute read for `*`, or `[]`.
    pub fn gives(self, member: &str) -> Option<&'static str> {
        self.data.gives.get(member).map(String::as_str)
    }

    /// The class that it is a part of, for a type of [`narrower`].
    pub fn narrows(self) -> Option<&'static str> {
        self.data.narrows.as_deref()
    }

    /// The arguments, by keyword or position, of which one must be given and be neither 0 nor `None`.
    pub fn made_with(self) -> &'static [String] {
        &self.data.made_with
    }

    /// What reading an attribute of an instance does, if that blocks.
    pub fn read(self, name: &str) -> Option<Effect> {
        self.data.read.iter().any(|known| known == name).then(|| self.effect())
    }

    /// What making an instance does, if that blocks.
    pub fn construct(self) -> Option<Effect> {
        let effect = self.implicitly(Implicit::Construct)?;
        Some(Effect { needs: &self.data.construct_needs, ..effect })
    }

    /// What entering a `with` does on an instance, if that blocks.
    pub fn enter(self) -> Option<Effect> {
        let effect = self.implicitly(Implicit::Enter)?;
        // `with` takes a lock.
        let is_slight = self.data.slight.iter().any(|name| name == "acquire");
        Some(if is_slight { Effect { weight: Weight::Slight, ..effect } } else { effect })
    }

    /// What leaving a `with` does on an instance, if that blocks.
    pub fn exit(self) -> Option<Effect> {
        self.implicitly(Implicit::Exit)
    }

    /// What iterating over an instance does, if that blocks.
    pub fn iterate(self) -> Option<Effect> {
        self.implicitly(Implicit::Iterate)
    }

    /// What asking for the truth or the length of an instance does, if that blocks.
    pub fn truth(self) -> Option<Effect> {
        self.implicitly(Implicit::Truth)
    }

    /// What asking for an item of an instance does, if that blocks.
    pub fn item(self) -> Option<Effect> {
        self.implicitly(Implicit::Item)
    }

    fn implicitly(self, how: Implicit) -> Option<Effect> {
        self.data.implicit.contains(&how).then(|| self.effect())
    }

    fn effect(self) -> Effect {
        Effect {
            category: self.data.category,
            weight: self.data.weight,
            gevent: self.data.gevent.unwrap_or(self.library.gevent),
            instead: self.data.instead.as_deref().unwrap_or(&self.library.instead),
            instead_since: self.data.instead_since.as_deref().or(self.library.instead_since.as_deref()),
            since: self.data.since.as_deref(),
            twin: self.data.twin.as_deref(),
            library: &self.library.distribution,
            gevent_setup: self.library.gevent_setup.as_deref(),
            gives_up: self.library.gives_up,
            timeout: self.data.timeout.unwrap_or(self.library.timeout),
            timeout_at: None,
            retries: self.library.retries,
            unless: &[],
            needs: &[],
        }
    }
}

/// Whether one of `names` is `path`; a name that ends in `.*` covers everything below it.
fn covers(names: &[String], path: &str) -> bool {
    names.iter().any(|name| {
        name == path || name.strip_suffix('*').is_some_and(|prefix| prefix.ends_with('.') && path.starts_with(prefix))
    })
}

/// The catalogue, indexed.
#[derive(Debug)]
struct Index {
    calls: HashMap<&'static str, BlockingCall>,
    types: HashMap<&'static str, KnownType>,
    /// Callable (or object) to the type it returns (or is).
    makers: HashMap<&'static str, &'static str>,
    /// Class to the type that those of its instances are which are made with certain arguments.
    narrower: HashMap<&'static str, KnownType>,
    same: HashMap<&'static str, &'static str>,
    /// Package to the type that all of its classes are taken for which have no entry of their own.
    packages: HashMap<&'static str, KnownType>,
    roots: HashSet<&'static str>,
}

fn index() -> &'static Index {
    static INDEX: OnceLock<Index> = OnceLock::new();
    INDEX.get_or_init(|| {
        let bytes = include_bytes!(concat!(env!("OUT_DIR"), "/calls.postcard"));
        // The build script wrote them with the same types; nothing is left to go wrong here.
        let catalogue = postcard::from_bytes(bytes).unwrap_or(Catalogue { library: Vec::new() });
        Index::new(Box::leak(Box::new(catalogue)))
    })
}

impl Index {
    fn new(catalogue: &'static Catalogue) -> Self {
        let mut index = Self {
            calls: HashMap::default(),
            types: HashMap::default(),
            makers: HashMap::default(),
            narrower: HashMap::default(),
            same: HashMap::default(),
            packages: HashMap::default(),
            roots: HashSet::default(),
        };
        for library in &catalogue.library {
            for (public, name) in &library.same {
                index.same.insert(public, name);
            }
            for module in &library.modules {
                index.roots.insert(module.split('.').next().unwrap_or(module));
            }
            for call in &library.call {
                let known =
                    BlockingCall { effect: call_effect(library, call), lazy: call.lazy, decorator: call.decorator };
                index.calls.extend(call.names.iter().map(|name| (name.as_str(), known)));
            }
            for data in &library.types {
                let known = KnownType { library, data };
                index.types.insert(&data.name, known);
                index.narrower.extend(data.narrows.iter().map(|class| (class.as_str(), known)));
                for alias in &data.alias {
                    match alias.strip_suffix(".*") {
                        Some(package) => index.packages.insert(package, known),
                        None => index.types.insert(alias, known),
                    };
                }
                index.makers.extend(data.from.iter().map(|maker| (maker.as_str(), data.name.as_str())));
            }
        }
        index
    }

    fn known_type(&self, name: &str) -> Option<KnownType> {
        self.types.get(name).or_else(|| self.of_package(name)).copied()
    }

    /// What a class is taken for that is defined somewhere in a package: `Class` of `package.module.Class`.
    fn of_package(&self, name: &str) -> Option<&KnownType> {
        let (mut package, class) = name.rsplit_once('.')?;
        if self.packages.is_empty() || !class.starts_with(char::is_uppercase) || package.contains(char::is_uppercase) {
            return None;
        }
        loop {
            match self.packages.get(package) {
                None => package = package.rsplit_once('.')?.0,
                found => return found,
            }
        }
    }
}

fn call_effect(library: &'static Library, call: &'static Call) -> Effect {
    Effect {
        category: call.category,
        weight: call.weight,
        gevent: call.gevent.unwrap_or(library.gevent),
        instead: call.instead.as_deref().unwrap_or(&library.instead),
        instead_since: call.instead_since.as_deref().or(library.instead_since.as_deref()),
        since: call.since.as_deref(),
        twin: None,
        library: &library.distribution,
        gevent_setup: library.gevent_setup.as_deref(),
        gives_up: library.gives_up,
        timeout: library.timeout,
        timeout_at: call.timeout_at,
        retries: library.retries,
        unless: &call.unless,
        needs: &call.needs,
    }
}

/// The function of this dotted name, if it blocks.
pub fn call(name: &str) -> Option<BlockingCall> {
    layers().find_map(|index| index.calls.get(name).or_else(|| index.calls.get(canonical(name))).copied())
}

/// The class of this dotted name, under any of its names.
pub fn known_type(name: &str) -> Option<KnownType> {
    layers().find_map(|index| index.known_type(name).or_else(|| index.known_type(canonical(name))))
}

/// The type that calling `name` returns. A name that ends in `()` stands for calling an instance of
/// the class before it, one that ends in `[]` for an item of the object before it.
pub fn made_by(name: &str) -> Option<&'static str> {
    layers().find_map(|index| {
        let exact = index.makers.get(name).or_else(|| index.makers.get(canonical(name)));
        exact.copied().or_else(|| {
            let (package, _) = name.rsplit_once('.')?;
            index.makers.get(format!("{package}.*").as_str()).copied()
        })
    })
}

/// The type that instances of a class are where they are made with certain arguments.
pub fn narrower(class: &str) -> Option<KnownType> {
    layers().find_map(|index| index.narrower.get(canonical(class)).copied())
}

/// The class that a type is, or is a part of.
pub fn class(name: &str) -> &str {
    known_type(name).and_then(KnownType::narrows).unwrap_or(name)
}

/// Whether the class of a method is only what the catalogue takes it for: one of a whole package, or of whatever an
/// attribute gives.
pub fn is_by_pattern(method: &str) -> bool {
    let by_pattern = |known: KnownType| {
        known.data.gives.contains_key("*") || known.data.alias.iter().any(|alias| alias.ends_with(".*"))
    };
    method.rsplit_once('.').and_then(|(class, _)| known_type(class)).is_some_and(by_pattern)
}

/// The name that the catalogue uses for an object that has several.
pub fn canonical(name: &str) -> &str {
    let known = layers().find_map(|index| {
        let exact = index.types.get(name).map(|known| known.name()).or_else(|| index.same.get(name).copied());
        exact.or_else(|| index.of_package(name).map(|known| known.name()))
    });
    known.or_else(|| described_by_stub(name)).unwrap_or(name)
}

/// The class that one of a package of stubs describes, where the library makes it at run time:
/// <https://pypi.org/project/mypy-boto3/>.
fn described_by_stub(name: &str) -> Option<&'static str> {
    let rest = name.strip_prefix("mypy_boto3_").or_else(|| name.strip_prefix("types_boto3_"))?;
    let (_, path) = rest.split_once('.')?;
    if path.starts_with("service_resource.") {
        return Some("boto3.resources.base.ServiceResource");
    }
    let is_client = path.ends_with("Client") && matches!(path.split_once('.'), None | Some(("client", _)));
    is_client.then_some("botocore.client.BaseClient")
}

/// Whether the catalogue speaks about this top-level module.
pub fn speaks_about(root: &str) -> bool {
    layers().any(|index| index.roots.contains(root))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_functions_and_methods_under_every_name() {
        assert_eq!(call("requests.get").map(|c| c.effect.category), Some(Category::Http));
        assert!(call("requests.codes").is_none());
        let session = known_type("requests.sessions.Session").unwrap();
        assert_eq!(session.name(), "requests.Session");
        assert!(session.method("get").is_some() && session.method("close").is_none());
        assert_eq!(made_by("boto3.client"), Some("botocore.client.BaseClient"));
        assert_eq!(made_by("passlib.hash.bcrypt"), Some("passlib.utils.handlers.GenericHandler"));
    }

    #[test]
    fn a_star_covers_public_methods_that_are_not_safe() {
        let redis = known_type("redis.Redis").unwrap();
        assert!(redis.method("hgetall").is_some());
        assert!(redis.method("pipeline").is_none() && redis.method("_private").is_none());
        let genai = known_type("google.genai.Client").unwrap();
        assert!(genai.method("aio.models.generate_content").is_none());
        assert!(genai.method("models.generate_content").is_some());
    }

    #[test]
    fn a_package_stands_for_its_classes() {
        let forest = known_type("sklearn.ensemble.RandomForestClassifier").unwrap();
        assert_eq!(forest.name(), "sklearn.base.BaseEstimator");
        assert_eq!(canonical("sklearn.ensemble.RandomForestClassifier"), "sklearn.base.BaseEstimator");
        assert!(known_type("sklearn.metrics.accuracy_score").is_none());
        assert!(known_type("sklearn.ensemble.RandomForestClassifier.Nested").is_none());
        assert!(known_type("sklearnex.ensemble.RandomForestClassifier").is_none());
    }

    #[test]
    fn metadata_of_files_weighs_less_than_their_content() {
        let path = known_type("pathlib.Path").unwrap();
        assert_eq!(path.method("exists").map(|e| e.weight), Some(Weight::Slight));
        assert_eq!(path.method("read_text").map(|e| e.weight), Some(Weight::Bounded));
    }

    #[test]
    fn stubs_of_boto3_stand_for_what_they_describe() {
        assert_eq!(canonical("mypy_boto3_s3.client.S3Client"), "botocore.client.BaseClient");
        assert_eq!(canonical("types_boto3_sqs.SQSClient"), "botocore.client.BaseClient");
        assert_eq!(canonical("mypy_boto3_s3.service_resource.Bucket"), "boto3.resources.base.ServiceResource");
        assert_eq!(canonical("mypy_boto3_s3.type_defs.TagTypeDef"), "mypy_boto3_s3.type_defs.TagTypeDef");
    }

    #[test]
    fn a_condition_of_a_method_travels_with_it() {
        let queue = known_type("queue.Queue").unwrap();
        assert!(queue.method("get").unwrap().unless.iter().any(|c| c == "block=False"));
    }
}
