//! Conditions that hold only while a project is being developed.
//!
//! Decides by names, as people write them: `settings.debug`, `DEV_MODE`, `os.getenv("DEBUG")`. What such a
//! condition guards does not run where requests are served for others.

use super::last_name;
use crate::python::syntax::ast::{BoolOp, CmpOp, Expr, UnaryOp};

/// How deep conditions are looked into.
const MAX_DEPTH: usize = 16;
/// Names of what is true only then.
const FLAGS: [&str; 12] = [
    "debug",
    "debug_mode",
    "dev",
    "dev_mode",
    "development",
    "development_mode",
    "in_debug_mode",
    "is_debug",
    "is_dev",
    "is_development",
    "is_in_debug_mode",
    "is_local_dev",
];
/// Texts that name such a stage.
const STAGES: [&str; 4] = ["debug", "dev", "development", "local"];

/// Whether `test` comes out as `holds` only during development.
pub fn is_development(test: &Expr, holds: bool) -> bool {
    within(test, holds, 0)
}

fn within(test: &Expr, holds: bool, depth: usize) -> bool {
    if depth > MAX_DEPTH {
        return false;
    }
    match test {
        Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => within(&operation.operand, !holds, depth + 1),
        // All of them hold where `and` does, none where `or` does not.
        Expr::BoolOp(operation) if (operation.op == BoolOp::And) == holds => {
            operation.values.iter().any(|value| within(value, holds, depth + 1))
        }
        Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
            ([op @ (CmpOp::Eq | CmpOp::NotEq)], [Expr::StringLiteral(stage)]) => {
                let equal = (*op == CmpOp::Eq) == holds;
                equal && STAGES.contains(&stage.value.to_str()) && names_stage(&compare.left)
            }
            _ => false,
        },
        // A plain name may be an argument, which callers decide.
        Expr::Name(name) => holds && name.id.as_str().chars().all(|c| !c.is_lowercase()) && is_flag(name.id.as_str()),
        Expr::Attribute(attribute) => holds && is_flag(attribute.attr.as_str()),
        Expr::Call(call) => {
            let asked = match (last_name(&call.func), call.arguments.args.first()) {
                ("getenv" | "get", Some(Expr::StringLiteral(name))) => name.value.to_str(),
                (name, None) => name,
                _ => return false,
            };
            holds && is_flag(asked)
        }
        _ => false,
    }
}

fn is_flag(name: &str) -> bool {
    FLAGS.contains(&name.to_ascii_lowercase().as_str())
}

/// `settings.environment`, `ENV`, `os.getenv("APP_ENV")`.
fn names_stage(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Call(call) => match call.arguments.args.first() {
            Some(Expr::StringLiteral(name)) => name.value.to_str(),
            _ => return false,
        },
        Expr::Name(_) | Expr::Attribute(_) => last_name(expr),
        _ => return false,
    };
    let name = name.to_ascii_lowercase();
    name == "env" || name.ends_with("_env") || name.contains("environment")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::python::syntax::ast::Stmt;
    use crate::python::syntax::parse;

    fn only_then(test: &str, holds: bool) -> bool {
        let module = parse(test).unwrap();
        let Some(Stmt::Expr(statement)) = module.body.first() else { panic!("{test}") };
        is_development(&statement.value, holds)
    }

    #[test]
    fn flags_and_stages_are_known_by_their_names() {
        for test in [
            "DEV_MODE",
            "settings.debug",
            "app.debug and x",
            "os.getenv('DEBUG')",
            "os.environ.get('DEBUG')",
            "is_in_debug_mode()",
            "settings.ENVIRONMENT == 'development'",
        ] {
            assert!(only_then(test, true), "{test}");
            assert!(!only_then(test, false), "{test}");
        }
        assert!(only_then("not settings.debug or x", false));
        for test in ["debug", "settings.debug or x", "settings.enabled", "mode == 'dev'", "self.get('debugger')"] {
            assert!(!only_then(test, true), "{test}");
        }
    }
}
