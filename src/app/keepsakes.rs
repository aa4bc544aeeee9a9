//! What an application keeps in its own process: caches, counters of a rate limit, connections to a database.
//!
//! Told by settings and arguments that are written down; one that comes from outside says nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::python::calls::last_name;
use crate::python::syntax::ast::{self, Expr, Number, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::source::{FileId, Files, Place, Span};

/// Something that lives in one process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keepsake {
    /// What.
    pub kind: KeepsakeKind,
    /// Where it is asked for: the bytes of the value, where that is a literal.
    pub place: Place,
}

impl Keepsake {
    /// Whether it is not among the settings for tests and for development, which often stand beside those for
    /// production.
    pub fn is_for_production(&self, files: &Files) -> bool {
        let path = files.get(self.place.file).path();
        !path
            .split(['/', '_', '.'])
            .any(|part| matches!(part, "test" | "tests" | "testing" | "dev" | "local" | "development"))
    }
}

/// What a [`Keepsake`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeepsakeKind {
    /// What other processes do not see.
    Memory(Memory),
    /// Connections of Django that are kept.
    Connections {
        /// For so many seconds; `None` for ever.
        age: Option<u64>,
        /// Whether that only stands in for a variable that nobody sets.
        stands_in: bool,
    },
}

/// What is kept in the memory of a process where it should be seen by all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Memory {
    /// The channel layer of Channels, to which only consumers listen.
    ChannelLayer,
    /// The cache of Flask-Caching.
    FlaskCache,
    /// What a limiter of requests has counted.
    RateLimit,
    /// What work in the background came to, which later requests ask for.
    Results,
    /// Sessions of Django.
    Sessions,
    /// Django's cache, where sessions are in it and nowhere else.
    SessionCache,
}

impl Memory {
    /// How it is called in a sentence.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChannelLayer => "the channel layer in memory",
            Self::FlaskCache => "Flask-Caching's `SimpleCache`",
            Self::RateLimit => "the memory of the rate limiter",
            Self::Results => "the results of work in the background",
            Self::Sessions => "sessions in memory",
            Self::SessionCache => "the cache that holds the sessions",
        }
    }

    /// Whether only an application of Django reads the setting.
    pub fn is_djangos(self) -> bool {
        matches!(self, Self::ChannelLayer | Self::Sessions | Self::SessionCache)
    }
}

/// Words that name such a thing, and what it is.
const BACKENDS: [(&str, Memory); 6] = [
    ("channels.layers.InMemoryChannelLayer", Memory::ChannelLayer),
    ("SimpleCache", Memory::FlaskCache),
    ("flask_caching.backends.SimpleCache", Memory::FlaskCache),
    ("flask_caching.backends.simplecache.SimpleCache", Memory::FlaskCache),
    ("memory://", Memory::RateLimit),
    ("django.contrib.sessions.backends.locmem", Memory::Sessions),
];

/// Packages whose `Limiter` counts in its own process unless it is told where.
const LIMITERS: [&str; 2] = ["flask_limiter", "slowapi"];

/// Packages with what is called of them where later requests ask for the results of earlier ones, by keys that only the
/// process knows which did the work (flask-shell2http 1.9, Flask-Executor 1.0).
const STORES: [(&str, &str); 2] = [("flask_shell2http", "Shell2HTTP"), ("flask_executor", "submit_stored")];

/// Django's cache in the memory of a process, and what has sessions in the cache alone.
const LOCAL_CACHE: &str = "django.core.cache.backends.locmem.LocMemCache";
const SESSIONS_IN_CACHE: &str = "django.contrib.sessions.backends.cache";

/// What the modules of these files keep, in the order of files and lines.
pub(super) fn find(loaded: &[FileId], files: &Files, modules: &BTreeMap<FileId, Module>) -> Vec<Keepsake> {
    let mut found = Vec::new();
    let sessions_in_cache = loaded.iter().any(|file| {
        let named = || modules.get(file).is_some_and(|module| keeps_sessions_in_cache(&module.body));
        files.get(*file).text().contains(SESSIONS_IN_CACHE) && named()
    });
    let alias = sessions_in_cache.then(|| session_alias(loaded, modules)).flatten();
    let has_extension = loaded.iter().any(|file| files.get(*file).text().contains("flask_caching"));
    let names_storage = loaded.iter().any(|&file| files.get(file).text().contains("RATELIMIT_STORAGE"));
    for &file in loaded {
        let text = files.get(file).text();
        let limits = LIMITERS.iter().any(|package| text.contains(package)) && !names_storage
            // Which of two limiters runs is not known where another branch makes one with a store.
            && !text.contains("storage_uri")
            && !is_switched(text);
        let asks = limits
            || sessions_in_cache && text.contains(LOCAL_CACHE)
            || STORES.iter().any(|(package, _)| text.contains(package))
            || text.to_ascii_lowercase().contains("conn_max_age")
            || BACKENDS.iter().any(|(word, _)| text.contains(word));
        let Some(module) = modules.get(&file).filter(|_| asks) else { continue };
        // Django's own pool takes connections back before a thread ends.
        let has_pool = text.contains("\"pool\"") || text.contains("'pool'");
        let overridden = overridden(module);
        let initialised = (limits && text.contains("flask_limiter")).then(|| initialised(loaded, files));
        let mut seeker = Seeker {
            file,
            has_pool,
            limits,
            stores: STORES.iter().filter(|(package, _)| text.contains(package)).map(|(_, name)| *name).collect(),
            initialised,
            idle: BTreeSet::new(),
            alias,
            has_extension,
            aside: BTreeSet::new(),
            overridden,
            found: Vec::new(),
        };
        visitor::Visitor::visit_body(&mut seeker, &module.body);
        found.extend(seeker.found);
    }
    found
}

/// Whether the environment is asked for limits: without any there may be no limiter either.
fn is_switched(text: &str) -> bool {
    let asks = ["getenv(", "environ.get(", "environ["];
    let name = |at: usize| text.get(at..)?.split([')', ']', ',']).next().map(str::to_ascii_uppercase);
    asks.iter().any(|ask| {
        let mut found = text.match_indices(ask).filter_map(|(at, ask)| name(at + ask.len()));
        found.any(|name| name.contains("LIMIT"))
    })
}

/// The names on which these files call `init_app`.
fn initialised(loaded: &[FileId], files: &Files) -> BTreeSet<String> {
    let texts =
        loaded.iter().flat_map(|file| files.get(*file).text().match_indices(".init_app(").map(|at| (*file, at.0)));
    let name = |(file, at): (FileId, usize)| {
        let before = files.get(file).text().get(..at)?;
        let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |found| found + 1);
        before.get(start..).map(str::to_owned)
    };
    texts.filter_map(name).collect()
}

/// Whether sessions are in the cache whatever happens. A branch that puts them there mostly gives the cache another
/// place as well, and what the two come to is not known.
fn keeps_sessions_in_cache(body: &[Stmt]) -> bool {
    let is_class = |one: &Stmt| one.as_class_def_stmt().is_some_and(|def| keeps_sessions_in_cache(&def.body));
    let last = body.iter().rev().find(|one| bound(one).contains(&"SESSION_ENGINE"));
    let value = match last {
        Some(Stmt::Assign(assign)) => Some(&assign.value),
        Some(Stmt::AnnAssign(assign)) => assign.value.as_ref(),
        _ => None,
    };
    value.is_some_and(|value| is_text(value, SESSIONS_IN_CACHE)) || body.iter().any(is_class)
}

/// The name of the cache that holds the sessions, as the settings of these files say; `None` where they say several
/// things, or one that is not written down.
fn session_alias<'m>(loaded: &[FileId], modules: &'m BTreeMap<FileId, Module>) -> Option<&'m str> {
    let statements = loaded.iter().filter_map(|file| modules.get(file)).flat_map(|module| &module.body);
    let named = statements.filter(|one| bound(one).contains(&"SESSION_CACHE_ALIAS")).map(|one| match one {
        Stmt::Assign(assign) => match &*assign.value {
            Expr::StringLiteral(text) => Some(text.value.to_str()),
            _ => None,
        },
        _ => None,
    });
    let all: BTreeSet<Option<&str>> = named.collect();
    match all.len() {
        0 => Some("default"),
        1 => all.into_iter().next().flatten(),
        _ => None,
    }
}

struct Seeker<'m> {
    file: FileId,
    has_pool: bool,
    /// Whether the file imports a limiter, and nothing tells it where to count.
    limits: bool,
    /// What is called in this file where results of work in the background are kept.
    stores: Vec<&'static str>,
    /// The names on which some file calls `init_app`, where that is the limiter of Flask, which limits nothing before.
    initialised: Option<BTreeSet<String>>,
    /// Limiters that have no application and get none.
    idle: BTreeSet<Span>,
    /// The name of the cache that holds the sessions of Django, which are nowhere else; `None` where it is not known.
    alias: Option<&'m str>,
    /// Whether anything that is loaded has Flask-Caching, whose names mean nothing without it.
    has_extension: bool,
    /// Caches of other names.
    aside: BTreeSet<Span>,
    /// Attributes of classes that a class derived from them says otherwise.
    overridden: BTreeSet<(String, String)>,
    found: Vec<Keepsake>,
}

/// The attributes of classes of a module that a class of the same module derives and binds anew: of
/// django-configurations, and of Flask's configuration, only the last of them is run.
fn overridden(module: &Module) -> BTreeSet<(String, String)> {
    let classes = || module.body.iter().filter_map(|statement| statement.as_class_def_stmt());
    let mut found = BTreeSet::new();
    for def in classes().filter(|def| !is_aside(def.name.as_str())) {
        for name in def.body.iter().flat_map(bound) {
            let mut bases = bases(def);
            let mut seen: Vec<&str> = Vec::new();
            while let Some(base) = bases.pop().filter(|base| !seen.contains(base)) {
                seen.push(base);
                found.insert((base.to_owned(), name.to_owned()));
                bases.extend(classes().filter(|other| other.name.as_str() == base).flat_map(self::bases));
            }
        }
    }
    found
}

/// The names of the classes that one derives from.
fn bases(def: &ast::StmtClassDef) -> Vec<&str> {
    let given = def.arguments.iter().flat_map(|arguments| &arguments.args);
    given.filter_map(|base| if let Expr::Name(name) = base { Some(name.id.as_str()) } else { None }).collect()
}

/// The names that a statement assigns.
fn bound(statement: &Stmt) -> Vec<&str> {
    let targets = match statement {
        Stmt::Assign(assign) => assign.targets.as_slice(),
        Stmt::AnnAssign(assign) => std::slice::from_ref(&*assign.target),
        _ => &[],
    };
    targets
        .iter()
        .filter_map(|target| if let Expr::Name(name) = target { Some(name.id.as_str()) } else { None })
        .collect()
}

/// Whether a class of settings is named for tests or developers.
fn is_aside(class: &str) -> bool {
    ["Test", "Dev", "Local"].iter().any(|word| class.contains(word))
}

/// Whether a call makes a limiter of Flask without an application: it takes that as `app`, or in front of `key_func`
/// (`Limiter(app, key_func=...)` before 3.0).
fn has_no_app(call: &ast::ExprCall) -> bool {
    let keywords = &call.arguments.keywords;
    let has = |name: &str| keywords.iter().any(|keyword| keyword.arg.as_ref().is_none_or(|arg| arg.as_str() == name));
    let is_limiter = matches!(&*call.func, Expr::Name(name) if name.id.as_str() == "Limiter");
    let by_position = match call.arguments.args.len() {
        0 => false,
        1 => has("key_func"),
        _ => true,
    };
    is_limiter && !has("app") && !by_position
}

impl Seeker<'_> {
    /// `60`, or what stands in where a variable is not set: `env.int("CONN_MAX_AGE", default=60)`.
    fn age(&mut self, value: &Expr) {
        let given = span_of(value);
        let value = unless_set(value, 0);
        let age = match value {
            Expr::StringLiteral(text) => {
                text.value.to_str().trim().parse().ok().filter(|&seconds: &u64| seconds > 0).map(Some)
            }
            Expr::NumberLiteral(number) => match &number.value {
                Number::Int(seconds) => seconds.as_u64().filter(|&seconds| seconds > 0).map(Some),
                _ => None,
            },
            Expr::NoneLiteral(_) => Some(None),
            _ => None,
        };
        if let Some(age) = age.filter(|_| !self.has_pool) {
            let stands_in = given != span_of(value);
            self.add(KeepsakeKind::Connections { age, stands_in }, span_of(value));
        }
    }

    /// Notes the backend of a cache that has another name than the one which holds the sessions.
    fn set_aside(&mut self, name: &Expr, value: &Expr) {
        let (Expr::StringLiteral(name), Expr::Dict(dict)) = (name, value) else { return };
        if self.alias.is_some_and(|alias| alias == name.value.to_str()) {
            return;
        }
        let backends = dict.items.iter().filter(|item| item.key.as_ref().is_some_and(|key| is_text(key, "BACKEND")));
        self.aside.extend(backends.map(|item| span_of(&item.value)));
    }

    fn add(&mut self, kind: KeepsakeKind, span: Span) {
        self.found.push(Keepsake { kind, place: Place::new(self.file, span) });
    }
}

/// What a value is where nobody sets the variable that it is read from: `env.int("X", default=60)`,
/// `int(os.environ.get("X", 60))`.
fn unless_set(value: &Expr, depth: usize) -> &Expr {
    let Expr::Call(call) = value else { return value };
    let name = match &*call.func {
        Expr::Name(name) => name.id.as_str(),
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        _ => return value,
    };
    let arguments = &call.arguments;
    let default = arguments.keywords.iter().find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg == "default"));
    let inner = match (&*arguments.args, default) {
        (_, Some(default)) => &default.value,
        ([only], None) if name == "int" => only,
        ([Expr::StringLiteral(_), default], None) if matches!(name, "get" | "getenv" | "env" | "int" | "config") => {
            default
        }
        _ => return value,
    };
    if depth < 4 { unless_set(inner, depth + 1) } else { value }
}

fn is_text(expr: &Expr, text: &str) -> bool {
    matches!(expr, Expr::StringLiteral(literal) if literal.value.to_str() == text)
}

impl<'a> visitor::Visitor<'a> for Seeker<'_> {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        // Settings for tests and developers are another class than those of production.
        if let Stmt::ClassDef(def) = statement {
            let class = def.name.as_str();
            let counts = |one: &&Stmt| {
                let named = bound(one);
                named.is_empty()
                    || !named.iter().all(|name| self.overridden.contains(&(class.to_owned(), (*name).to_owned())))
            };
            let body: Vec<&'a Stmt> = def.body.iter().filter(counts).collect();
            if !is_aside(class) {
                for statement in body {
                    self.visit_stmt(statement);
                }
            }
            return;
        }
        if let Stmt::Assign(assign) = statement {
            if let ([Expr::Name(name)], Expr::Call(call)) = (assign.targets.as_slice(), &*assign.value)
                && self.initialised.as_ref().is_some_and(|names| !names.contains(name.id.as_str()))
                && has_no_app(call)
            {
                self.idle.insert(span_of(&*assign.value));
            }
            let names = |target: &Expr| match target {
                Expr::Subscript(item) => is_text(&item.slice, "CONN_MAX_AGE"),
                _ => false,
            };
            if let [Expr::Subscript(item)] = assign.targets.as_slice() {
                self.set_aside(&item.slice, &assign.value);
            }
            if assign.targets.iter().any(names) {
                self.age(&assign.value);
            }
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Dict(dict) => {
                for item in &dict.items {
                    if let Some(key) = &item.key {
                        self.set_aside(key, &item.value);
                    }
                    if item.key.as_ref().is_some_and(|key| is_text(key, "CONN_MAX_AGE")) {
                        self.age(&item.value);
                    }
                }
            }
            Expr::Call(ast::ExprCall { func, arguments, .. }) => {
                if self.stores.contains(&last_name(func)) {
                    self.add(KeepsakeKind::Memory(Memory::Results), span_of(expr));
                }
                let is_limiter = matches!(&**func, Expr::Name(name) if name.id.as_str() == "Limiter");
                let limiter = self.limits && !self.idle.contains(&span_of(expr)) && is_limiter;
                let told = |keyword: &ast::Keyword| {
                    keyword.arg.as_ref().is_none_or(|arg| matches!(arg.as_str(), "storage_uri" | "storage" | "enabled"))
                };
                if limiter && !arguments.keywords.iter().any(told) {
                    self.add(KeepsakeKind::Memory(Memory::RateLimit), span_of(expr));
                }
                let is_off = |keyword: &ast::Keyword| {
                    keyword.arg.as_ref().is_some_and(|arg| arg == "enabled")
                        && matches!(&keyword.value, Expr::BooleanLiteral(enabled) if !enabled.value)
                };
                if is_limiter && arguments.keywords.iter().any(is_off) {
                    return;
                }
                for keyword in &arguments.keywords {
                    if keyword.arg.as_ref().is_some_and(|arg| arg == "conn_max_age") {
                        self.age(&keyword.value);
                    }
                }
            }
            // What a condition or a variable chooses may be the other one.
            Expr::If(_) | Expr::BoolOp(_) => return,
            Expr::StringLiteral(text) if self.alias.is_some() && text.value.to_str() == LOCAL_CACHE => {
                if self.aside.contains(&span_of(text)) {
                    return;
                }
                self.add(KeepsakeKind::Memory(Memory::SessionCache), span_of(text));
            }
            Expr::StringLiteral(text) => {
                if let Some((_, what)) = BACKENDS.iter().find(|(word, _)| *word == text.value.to_str())
                    && (self.has_extension || *what != Memory::FlaskCache)
                {
                    self.add(KeepsakeKind::Memory(*what), span_of(text));
                }
            }
            _ => {}
        }
        visitor::walk_expr(self, expr);
    }
}
