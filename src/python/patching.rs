//! Patching the standard library for greenlets, and what comes before it.
//!
//! Decides by the statements of one module alone: what an import brings along is not followed.

use super::syntax::ast::Stmt;
use super::syntax::{Module, span_of};
use crate::source::{FileId, Located, Place, Span};

/// Modules that hold on to unpatched sockets, locks or `ssl` when they are imported first.
const EARLY: [&str; 14] = [
    "ssl",
    "requests",
    "urllib3",
    "urllib.request",
    "http.client",
    "boto3",
    "botocore",
    "httpx",
    "aiohttp",
    "sqlalchemy",
    "smtplib",
    "pymongo",
    "redis",
    "stripe",
];

/// The first import of a module, in front of `at`, that comes too late for a patch.
pub fn earlier(module: &Module, at: Span, file: FileId) -> Option<Located<String>> {
    let is_early = |name: &str| EARLY.iter().any(|early| name == *early || name.starts_with(&format!("{early}.")));
    let before = module.body.iter().filter(|statement| span_of(*statement).end <= at.start);
    let mut imports = before.filter_map(|statement| {
        let name = match statement {
            Stmt::Import(import) => {
                import.names.iter().map(|alias| alias.name.as_str()).find(|name| is_early(name))?.to_owned()
            }
            Stmt::ImportFrom(import) => {
                import.module.as_deref().filter(|name| import.level == 0 && is_early(name))?.to_owned()
            }
            _ => return None,
        };
        Some(Located::new(name, Place::new(file, span_of(statement))))
    });
    imports.next()
}
