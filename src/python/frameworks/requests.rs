//! What a call that registers a handler says about the requests that it answers: their path and their methods.

use crate::python::syntax::ast::{self, Expr};

/// The path, if it is a literal: the first argument, the one behind a method's name or a handler, or a
/// keyword that says so.
pub(super) fn route_of(call: &ast::ExprCall) -> Option<String> {
    let named = call.arguments.keywords.iter().filter(|keyword| {
        keyword.arg.as_ref().is_some_and(|arg| matches!(arg.as_str(), "path" | "uri" | "rule" | "url_path"))
    });
    let given = call.arguments.args.iter().take(2).chain(named.map(|keyword| &keyword.value));
    let texts: Vec<&str> = given
        .filter_map(|given| if let Expr::StringLiteral(text) = given { Some(text.value.to_str()) } else { None })
        .collect();
    let path = texts.iter().find(|text| text.starts_with(['/', '^'])).or_else(|| texts.first());
    path.map(|path| (*path).to_owned())
}

/// Whether what is registered so answers GET: not `router.post(...)`, nor `methods=["POST"]`.
pub(super) fn reads(callee: &Expr, call: Option<&ast::ExprCall>) -> bool {
    let named = call.and_then(|call| call.arguments.find_keyword("methods")).map(|keyword| &keyword.value);
    let Some(
        Expr::List(ast::ExprList { elts: methods, .. })
        | Expr::Tuple(ast::ExprTuple { elts: methods, .. })
        | Expr::Set(ast::ExprSet { elts: methods, .. }),
    ) = named
    else {
        return !matches!(callee, Expr::Attribute(method) if changes(method.attr.as_str()));
    };
    let is_other = |method: &Expr| match method {
        Expr::StringLiteral(text) => changes(&text.value.to_str().to_lowercase()),
        _ => false,
    };
    methods.is_empty() || !methods.iter().all(is_other)
}

/// Whether a method, or a handler that is named after one, is for requests that change something.
pub(super) fn changes(name: &str) -> bool {
    let name = name.strip_prefix("on_").or_else(|| name.strip_prefix("add_")).unwrap_or(name);
    matches!(name, "post" | "put" | "patch" | "delete")
}
