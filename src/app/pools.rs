//! Pools of an application: threads for plain handlers, connections to a database.
//!
//! Only numbers that are written down count, and defaults of variables that no file of the project sets; a pool whose
//! size comes from outside is left out.

use std::collections::BTreeMap;

use crate::python::calls::EventKind;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr, Number, Stmt};
use crate::python::syntax::{Module, span_of, visitor};
use crate::python::types::{Frame, FunctionId, Types, Value};
use crate::source::{FileId, Files, Located, Place};
use crate::values::Order as _;

/// What makes an engine that waits for its database.
const ENGINES: [&str; 4] = [
    "sqlalchemy.create_engine",
    "sqlalchemy.engine.create_engine",
    "sqlmodel.create_engine",
    "sqlalchemy.future.create_engine",
];

/// What makes one that tasks wait for.
const ASYNC_ENGINES: [&str; 2] =
    ["sqlalchemy.ext.asyncio.create_async_engine", "sqlalchemy.ext.asyncio.engine.create_async_engine"];

/// Connections that `SQLAlchemy` keeps, and those it opens beyond, unless told otherwise.
const POOL_SIZE: u32 = 5;
const MAX_OVERFLOW: u32 = 10;
/// Seconds that it waits for one of them before it raises `TimeoutError`.
const POOL_TIMEOUT: u32 = 30;

/// A pool of connections to a database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionPool {
    /// The call that makes it.
    pub place: Place,
    /// Connections that are kept; where the number is written, its bytes.
    pub size: (u32, Option<Place>),
    /// Connections that are opened beyond, likewise.
    pub overflow: (u32, Option<Place>),
    /// Seconds that a thread waits for a connection.
    pub timeout: u32,
    /// Whether tasks of an event loop use it, and no threads.
    pub is_async: bool,
}

/// The pools of connections that the modules of these indices make.
pub(super) fn connections(types: &Types<'_>, modules: &[u32], trees: &BTreeMap<FileId, Module>) -> Vec<ConnectionPool> {
    let mut found = Vec::new();
    let loaded: Vec<FileId> = modules.iter().map(|&index| types.facts_at(index).file).collect();
    for &file in modules {
        let facts = types.facts_at(file);
        for (function, index) in facts.functions.iter().zip(0..) {
            for event in &function.events {
                let EventKind::Call(call, _) = event.kind else { continue };
                let named = match &*call.func {
                    Expr::Name(_) => true,
                    Expr::Attribute(attribute) => {
                        attribute.attr.as_str() == "create_engine" || attribute.attr.as_str() == "create_async_engine"
                    }
                    _ => false,
                };
                let frame = types.plain(FunctionId { file, index });
                let last = match &*call.func {
                    Expr::Name(name) => name.id.as_str(),
                    Expr::Attribute(attribute) => attribute.attr.as_str(),
                    _ => continue,
                };
                if last == "SQLAlchemy" {
                    let is_own = |value: &Value<'_>| matches!(value, Value::External(name) if matches!(&**name, "flask_sqlalchemy.SQLAlchemy" | "flask_sqlalchemy.extension.SQLAlchemy"));
                    if types.value(&call.func, frame).iter().any(is_own) {
                        found.extend(extension(call, facts.file, trees, &loaded));
                    }
                    continue;
                }
                let makes = |value: &Value<'_>| matches!(value, Value::External(name) if ENGINES.contains(&&**name));
                let waits =
                    |value: &Value<'_>| matches!(value, Value::External(name) if ASYNC_ENGINES.contains(&&**name));
                let values = named.then(|| types.value(&call.func, frame));
                let is = |of: &dyn Fn(&Value<'_>) -> bool| values.iter().flat_map(|values| values.iter()).any(of);
                let is_async = is(&waits);
                if is_async || is(&makes) {
                    let own = pool(types, call, frame, facts.file);
                    found.extend(own.map(|pool| ConnectionPool { is_async, ..pool }));
                }
            }
        }
    }
    found.order_by_key(|pool| pool.place);
    found
}

/// The pool of one engine; `None` where it has none of a known size.
fn pool<'a>(types: &Types<'a>, call: &'a ast::ExprCall, frame: Frame, file: FileId) -> Option<ConnectionPool> {
    let given = |name: &str| {
        let found = call.arguments.keywords.iter().find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg == name));
        found.map(|keyword| &keyword.value)
    };
    // Another class of pool has other rules, and what is unpacked may hold anything.
    let open = call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none());
    if open || ["poolclass", "pool", "creator"].iter().any(|name| given(name).is_some()) {
        return None;
    }
    if let Some(url) = call.arguments.args.first().or_else(|| given("url"))
        && let Some(text) = text_of(types, url, frame)
        && (text.starts_with("sqlite") || text.contains(":6432") || text.contains("pgbouncer"))
    {
        return None;
    }
    let number = |name: &str, default: u32| match given(name) {
        None => Some((default, None)),
        Some(Expr::NumberLiteral(number)) => Some((count(number)?, Some(Place::new(file, span_of(number))))),
        // `pool_size=POOL_SIZE`, `pool_size=int(os.getenv("POOL_SIZE", "5"))` where no file sets the variable.
        Some(given) => Some((types.number_by_default(given, frame)?.try_into().ok()?, None)),
    };
    Some(ConnectionPool {
        place: Place::new(file, span_of(call)),
        size: number("pool_size", POOL_SIZE).filter(|(size, _)| *size > 0)?,
        overflow: number("max_overflow", MAX_OVERFLOW)?,
        timeout: number("pool_timeout", POOL_TIMEOUT)?.0,
        is_async: false,
    })
}

/// The pool of Flask-SQLAlchemy, which makes an engine of what the application is configured with; `None` where that
/// says more than sizes.
fn extension(
    call: &ast::ExprCall,
    file: FileId,
    trees: &BTreeMap<FileId, Module>,
    loaded: &[FileId],
) -> Option<ConnectionPool> {
    if call.arguments.keywords.iter().any(|keyword| keyword.arg.as_ref().is_none_or(|arg| arg == "engine_options")) {
        return None;
    }
    let mut options = Options::default();
    for (file, module) in loaded.iter().filter_map(|file| Some((*file, trees.get(file)?))) {
        options.file = Some(file);
        visitor::Visitor::visit_body(&mut options, &module.body);
    }
    let size = options.size.unwrap_or((POOL_SIZE, None));
    (!options.open).then(|| ConnectionPool {
        place: size.1.unwrap_or(Place::new(file, span_of(call))),
        size,
        overflow: options.overflow.unwrap_or((MAX_OVERFLOW, None)),
        timeout: POOL_TIMEOUT,
        is_async: false,
    })
}

/// What an application tells Flask-SQLAlchemy about its engine.
#[derive(Default)]
struct Options {
    file: Option<FileId>,
    size: Option<(u32, Option<Place>)>,
    overflow: Option<(u32, Option<Place>)>,
    /// Whether something is said that is not followed: twice, by a computed value, another kind of pool.
    open: bool,
}

impl Options {
    fn number(&mut self, value: &Expr) -> Option<(u32, Option<Place>)> {
        let found = match (value, self.file) {
            (Expr::NumberLiteral(number), Some(file)) => {
                count(number).map(|count| (count, Some(Place::new(file, span_of(number)))))
            }
            _ => None,
        };
        self.open |= found.is_none();
        found
    }

    fn take(&mut self, name: &str, value: &Expr) {
        match name {
            "pool_size" | "SQLALCHEMY_POOL_SIZE" => {
                self.open |= self.size.is_some();
                self.size = self.number(value).filter(|(size, _)| *size > 0);
                self.open |= self.size.is_none();
            }
            "max_overflow" | "SQLALCHEMY_MAX_OVERFLOW" => {
                self.open |= self.overflow.is_some();
                self.overflow = self.number(value);
            }
            "poolclass" | "pool" | "creator" => self.open = true,
            "SQLALCHEMY_ENGINE_OPTIONS" => match value {
                Expr::Dict(dict) => {
                    for item in &dict.items {
                        match &item.key {
                            Some(Expr::StringLiteral(key)) => self.take(key.value.to_str(), &item.value),
                            _ => self.open = true,
                        }
                    }
                }
                _ => self.open = true,
            },
            // A file has no pool of this size.
            "SQLALCHEMY_DATABASE_URI" => {
                self.open |= matches!(value, Expr::StringLiteral(text) if text.value.to_str().starts_with("sqlite"));
            }
            _ => {}
        }
    }
}

impl<'a> visitor::Visitor<'a> for Options {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Assign(assign) = statement {
            for target in &assign.targets {
                match target {
                    Expr::Name(name) if name.id.starts_with("SQLALCHEMY_") => {
                        self.take(name.id.as_str(), &assign.value);
                    }
                    Expr::Subscript(item) => {
                        if let Expr::StringLiteral(key) = &*item.slice
                            && key.value.to_str().starts_with("SQLALCHEMY_")
                        {
                            self.take(key.value.to_str(), &assign.value);
                        }
                    }
                    _ => {}
                }
            }
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, _: &'a Expr) {}
}

fn count(number: &ast::ExprNumberLiteral) -> Option<u32> {
    match &number.value {
        Number::Int(n) => u32::try_from(n.as_u64()?).ok(),
        _ => None,
    }
}

/// The beginning of a text, as far as it is written down.
fn text_of<'a>(types: &Types<'a>, expr: &'a Expr, frame: Frame) -> Option<&'a str> {
    match expr {
        Expr::StringLiteral(text) => Some(text.value.to_str()),
        Expr::FString(text) => match text.value.elements().next()? {
            ast::InterpolatedStringElement::Literal(literal) => Some(&literal.value),
            ast::InterpolatedStringElement::Interpolation(_) => None,
        },
        Expr::Name(name) => match types.sources(name.id.as_str(), frame, span_of(name).start).as_slice() {
            [(Bound::Value { value: Some(value @ (Expr::StringLiteral(_) | Expr::FString(_))), .. }, home)] => {
                text_of(types, value, *home)
            }
            _ => None,
        },
        _ => None,
    }
}

/// Where the number of threads for plain handlers is changed, and to how many if that is written down.
///
/// `AnyIO` keeps the limit in `current_default_thread_limiter().total_tokens`.
pub(super) fn tokens(files: &Files, modules: &BTreeMap<FileId, Module>) -> Option<Located<Option<u32>>> {
    modules.iter().find_map(|(&file, module)| {
        let text = files.get(file).text();
        if !text.contains("total_tokens") && !text.contains("_default_thread_limiter") {
            return None;
        }
        let mut tokens = Tokens { found: None };
        visitor::Visitor::visit_body(&mut tokens, &module.body);
        tokens.found.map(|(span, value)| Located { value, place: Place::new(file, span) })
    })
}

struct Tokens {
    found: Option<(crate::source::Span, Option<u32>)>,
}

impl<'a> visitor::Visitor<'a> for Tokens {
    fn visit_stmt(&mut self, statement: &'a Stmt) {
        if let Stmt::Assign(assign) = statement
            && assign
                .targets
                .iter()
                .any(|target| matches!(target, Expr::Attribute(attribute) if attribute.attr.as_str() == "total_tokens"))
        {
            let value = if let Expr::NumberLiteral(number) = &*assign.value { count(number) } else { None };
            self.found = self.found.or(Some((span_of(assign), value)));
        }
        visitor::walk_stmt(self, statement);
    }

    fn visit_expr(&mut self, expr: &'a Expr) {
        // `RunVar("_default_thread_limiter").set(CapacityLimiter(100))` is the other way.
        if let Expr::Call(call) = expr
            && let Expr::Attribute(attribute) = &*call.func
            && attribute.attr.as_str() == "set"
            && let Expr::Call(variable) = &*attribute.value
            && matches!(variable.arguments.args.first(), Some(Expr::StringLiteral(name)) if name.value.to_str() == "_default_thread_limiter")
        {
            let value = match call.arguments.args.first() {
                Some(Expr::Call(limiter)) => match limiter.arguments.args.first() {
                    Some(Expr::NumberLiteral(number)) => count(number),
                    _ => None,
                },
                _ => None,
            };
            self.found = self.found.or(Some((span_of(call), value)));
        }
        visitor::walk_expr(self, expr);
    }
}
