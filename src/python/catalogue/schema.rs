//! The shape of `rules/calls/<library>.toml`.
//!
//! Included by the build script as well, so that a malformed file fails the build; it therefore
//! knows nothing of the rest of the crate.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// All libraries, in the order of their file names.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// One per topic of a distribution.
    #[serde(default)]
    pub library: Vec<Library>,
}

/// What one library's calls block on.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Library {
    /// The distribution that holds it, `stdlib` for the standard library.
    pub distribution: String,
    /// Import roots the entry speaks about.
    pub modules: Vec<String>,
    /// What most of its calls wait for.
    pub category: Category,
    /// The version whose modules were inspected; absent where the names come from documentation.
    pub checked: Option<String>,
    /// How it behaves once gevent has patched the standard library; as sockets of Python do, unless told.
    #[serde(default)]
    pub gevent: Gevent,
    /// Whether that was observed rather than read.
    #[serde(default)]
    pub gevent_observed: bool,
    /// What makes it cooperative, for [`Gevent::Setup`].
    pub gevent_setup: Option<String>,
    /// What to use in a coroutine: a name, or a clause that follows "use".
    #[serde(default = "thread")]
    pub instead: String,
    /// The version of the distribution that has that first.
    pub instead_since: Option<String>,
    /// Seconds after which its calls give up where nobody says otherwise; zero for never. Absent where
    /// that is not known.
    pub gives_up: Option<f64>,
    /// What a `timeout` limits.
    #[serde(default)]
    pub timeout: Timeout,
    /// How many more times it tries by default after it gave up waiting.
    #[serde(default)]
    pub retries: u32,
    /// Other names of the same objects: public name to the name used here.
    #[serde(default)]
    pub same: BTreeMap<String, String>,
    /// Functions of a module.
    #[serde(default)]
    pub call: Vec<Call>,
    /// Classes whose instances block.
    #[serde(default, rename = "type")]
    pub types: Vec<Type>,
}

/// Functions that block alike.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// Dotted names.
    pub names: Vec<String>,
    /// What they wait for.
    pub category: Category,
    /// How long; without a bound, unless told.
    #[serde(default)]
    pub weight: Weight,
    /// Overrides the library's.
    pub gevent: Option<Gevent>,
    /// Overrides the library's.
    pub instead: Option<String>,
    /// Overrides the library's.
    pub instead_since: Option<String>,
    /// The version of the distribution from which on it blocks; without it, every version does.
    pub since: Option<String>,
    /// Arguments that make it return at once: `timeout=0`, `0=False` for the first positional one; `rounds<100`
    /// for a number below that; `0=ADDRESS` for an address in digits, or an empty text.
    #[serde(default)]
    pub unless: Vec<String>,
    /// Keywords of which one must be given, or `0`, `1` for positions, for it to block at all.
    #[serde(default)]
    pub needs: Vec<String>,
    /// The position at which it takes its `timeout`.
    pub timeout_at: Option<usize>,
    /// Returns at once and blocks only while the result is iterated or used.
    #[serde(default)]
    pub lazy: bool,
    /// Is a decorator: what it decorates may block between two attempts, applying it does not.
    #[serde(default)]
    pub decorator: bool,
}

/// A class whose instances block.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Type {
    /// The public dotted name.
    pub name: String,
    /// Other names of it, subclasses included; `package.*` for the classes of a package that no other entry
    /// names.
    #[serde(default)]
    pub alias: Vec<String>,
    /// Callables that return an instance.
    #[serde(default)]
    pub from: Vec<String>,
    /// The class of which these are the instances made with one of `made_with`; no class has this name.
    pub narrows: Option<String>,
    /// Arguments of the class, by keyword or position, of which one must be given and be neither 0 nor
    /// `None`.
    #[serde(default)]
    pub made_with: Vec<String>,
    /// What its methods wait for.
    pub category: Category,
    /// How long; without a bound, unless told.
    #[serde(default)]
    pub weight: Weight,
    /// Overrides the library's.
    pub gevent: Option<Gevent>,
    /// Overrides the library's.
    pub instead: Option<String>,
    /// Overrides the library's.
    pub instead_since: Option<String>,
    /// The version of the distribution from which on it blocks; without it, every version does.
    pub since: Option<String>,
    /// Methods that block, dotted for paths of attributes; `*` for all public ones not in `safe`.
    #[serde(default)]
    pub block: Vec<String>,
    /// Attributes that block when they are read.
    #[serde(default)]
    pub read: Vec<String>,
    /// Those of `block` that are [`Weight::Slight`] whatever the others are.
    #[serde(default)]
    pub slight: Vec<String>,
    /// What those of `block` wait for that wait for something else than the others, without an upper bound.
    #[serde(default)]
    pub waits_for: BTreeMap<String, Category>,
    /// Methods that do not.
    #[serde(default)]
    pub safe: Vec<String>,
    /// Arguments, by keyword or position, of which one must be given for making an instance to block at all.
    #[serde(default)]
    pub construct_needs: Vec<String>,
    /// What blocks without a method being called.
    #[serde(default)]
    pub implicit: Vec<Implicit>,
    /// Type of what a method returns; `*` any attribute, `[]` an item, `__next__` what iterating over it gives,
    /// `__enter__` what `with` gives where that is not itself, `|` what the operator makes of it and something else.
    /// `Self` is an instance of the class that the method is called on, `(Self, ...)` a tuple that begins with one,
    /// `Row` an instance of the class whose rows a query is for, `[Row]` several of them; a type whose items are
    /// such rows is one of queries.
    #[serde(default)]
    pub gives: BTreeMap<String, String>,
    /// Type of what an attribute holds, which is read rather than called.
    #[serde(default)]
    pub holds: BTreeMap<String, String>,
    /// Arguments that make a method return at once, as for calls.
    #[serde(default)]
    pub unless: BTreeMap<String, Vec<String>>,
    /// The position at which a method takes its `timeout`.
    #[serde(default)]
    pub timeout_at: BTreeMap<String, usize>,
    /// Overrides the library's.
    pub timeout: Option<Timeout>,
    /// The asynchronous counterpart.
    pub twin: Option<String>,
    /// Methods come into being at run time, so that no inspection of the class finds them.
    #[serde(default)]
    pub dynamic: bool,
}

/// What a call waits for or works on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each variant is its own name")]
pub enum Category {
    Sleep,
    Http,
    Dns,
    Socket,
    Db,
    Orm,
    Cache,
    Search,
    Mq,
    Queue,
    Rpc,
    Cloud,
    Saas,
    Llm,
    Mail,
    Ssh,
    Directory,
    Subprocess,
    Lock,
    EventLoop,
    Input,
    File,
    Cpu,
}

/// How long a call may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// Too short to matter on its own, or dependent on the data.
    Slight,
    /// Local work, usually short.
    Bounded,
    /// Waits for a network, a process, a lock, a timer or a person: without an upper bound.
    #[default]
    Unbounded,
}

/// What a `timeout` limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Timeout {
    /// Each operation of a socket: to connect, to read a part. A peer that answers drop by drop is waited for
    /// without a bound.
    #[default]
    Operation,
    /// The call as a whole.
    Whole,
    /// The call as a whole, in milliseconds.
    Milliseconds,
}

/// How a call behaves under gevent with the standard library patched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Gevent {
    /// Waits in Python's sockets, locks or processes: other greenlets run.
    #[default]
    Yields,
    /// Waits in C: the whole process stands still.
    Blocks,
    /// Yields after a step of its own.
    Setup,
    /// Computes.
    Cpu,
    /// Reads or writes regular files, which nothing makes cooperative.
    Disk,
    /// Asynchronous only, or nothing to wait for.
    Irrelevant,
}

/// What blocks without a method being called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Implicit {
    /// Making an instance.
    Construct,
    /// `with`, on the way in.
    Enter,
    /// `with`, on the way out.
    Exit,
    /// Iterating over it.
    Iterate,
    /// Asking for its truth or its length.
    Truth,
    /// Asking for one of its items.
    Item,
}

impl Catalogue {
    /// What is wrong with it beyond its shape; the first thing found.
    pub fn check(&self) -> Result<(), String> {
        self.library.iter().try_for_each(Library::check)
    }
}

/// What to do about a library that has nothing better.
fn thread() -> String {
    "`await asyncio.to_thread(...)`".to_owned()
}

impl Category {
    /// The word used in settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sleep => "sleep",
            Self::Http => "http",
            Self::Dns => "dns",
            Self::Socket => "socket",
            Self::Db => "db",
            Self::Orm => "orm",
            Self::Cache => "cache",
            Self::Search => "search",
            Self::Mq => "mq",
            Self::Queue => "queue",
            Self::Rpc => "rpc",
            Self::Cloud => "cloud",
            Self::Saas => "saas",
            Self::Llm => "llm",
            Self::Mail => "mail",
            Self::Ssh => "ssh",
            Self::Directory => "directory",
            Self::Subprocess => "subprocess",
            Self::Lock => "lock",
            Self::EventLoop => "event-loop",
            Self::Input => "input",
            Self::File => "file",
            Self::Cpu => "cpu",
        }
    }
}

impl Library {
    /// What is wrong with it beyond its shape; the first thing found.
    pub fn check(&self) -> Result<(), String> {
        let fail = |what: String| Err(format!("{}: {what}", self.distribution));
        if self.gevent == Gevent::Setup && self.gevent_setup.is_none() {
            return fail("gevent = \"setup\" without gevent_setup".to_owned());
        }
        let names = self.call.iter().flat_map(|call| &call.names).chain(self.types.iter().map(|t| &t.name));
        for name in names {
            if name.is_empty() || name.contains(' ') || name.starts_with('.') || name.ends_with('.') {
                return fail(format!("`{name}` is not a dotted name"));
            }
        }
        for ty in &self.types {
            if let Some(twice) = ty.block.iter().find(|method| ty.safe.contains(method)) {
                return fail(format!("{}: `{twice}` both blocks and does not", ty.name));
            }
            if ty.narrows.is_none() != ty.made_with.is_empty() {
                return fail(format!("{}: `narrows` and `made_with` go together", ty.name));
            }
            if let Some(unknown) = ty.slight.iter().find(|method| !ty.block.contains(method)) {
                return fail(format!("{}: `{unknown}` is slight but does not block", ty.name));
            }
            if let Some(unknown) = ty.waits_for.keys().find(|method| !ty.block.contains(method)) {
                return fail(format!("{}: `waits_for` for `{unknown}`, which does not block", ty.name));
            }
            if let Some(unknown) = ty.timeout_at.keys().find(|method| !ty.block.contains(method)) {
                return fail(format!("{}: `timeout_at` for `{unknown}`, which does not block", ty.name));
            }
            if let Some(unknown) = ty.unless.keys().find(|method| !ty.block.contains(method)) {
                return fail(format!("{}: `unless` for `{unknown}`, which does not block", ty.name));
            }
        }
        let of_calls = self.call.iter().flat_map(|call| call.since.iter().chain(&call.instead_since));
        let of_types = self.types.iter().flat_map(|ty| ty.since.iter().chain(&ty.instead_since));
        let is_version = |text: &&String| text.split('.').all(|part| part.parse::<u16>().is_ok());
        if let Some(wrong) = of_calls.chain(of_types).chain(&self.instead_since).find(|text| !is_version(text)) {
            return fail(format!("`{wrong}` is no version"));
        }
        let conditions = self.call.iter().flat_map(|call| &call.unless);
        let mut conditions = conditions.chain(self.types.iter().flat_map(|t| t.unless.values().flatten()));
        match conditions.find(|condition| !condition.contains(['=', '<'])) {
            Some(condition) => fail(format!("`{condition}` is not of the form argument=value or argument<number")),
            None => Ok(()),
        }
    }
}
