//! Conditions that hold only while a project is being developed, or tested.
//!
//! Decides by names, as people write them: `settings.debug`, `DEV_MODE`, `os.getenv("DEBUG")`,
//! `"PYTEST_CURRENT_TEST" in os.environ`. What such a condition guards does not run where requests are served
//! for others.

use super::last_name;
use crate::python::syntax::ast::{BoolOp, CmpOp, Expr, ExprList, ExprSet, ExprSubscript, ExprTuple, Number, UnaryOp};

/// How deep conditions are looked into.
const MAX_DEPTH: usize = 16;
/// Names of what is true only then.
const FLAGS: [&str; 18] = [
    "auto_reload",
    "autoreload",
    "debug",
    "debug_mode",
    "dev",
    "dev_mode",
    "development",
    "development_mode",
    "enable_profiling",
    "hot_reload",
    "in_debug_mode",
    "is_debug",
    "is_dev",
    "is_development",
    "is_in_debug_mode",
    "is_local_dev",
    "live_reload",
    "profiling_enabled",
];
/// Names of variables of the environment, and of constants, that are only set for tests. As attributes they may
/// say something about what is asked for: the test mode of a payment.
const TEST_FLAGS: [&str; 10] = [
    "in_test",
    "in_tests",
    "pytest",
    "is_test",
    "is_testing",
    "running_tests",
    "test_mode",
    "testing",
    "under_test",
    "unittest",
];
/// Texts that name such a stage.
const STAGES: [&str; 6] = ["debug", "dev", "development", "local", "test", "testing"];
/// Texts that switch something on.
const ON: [&str; 5] = ["1", "on", "t", "true", "yes"];

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
            ([op @ (CmpOp::Eq | CmpOp::NotEq | CmpOp::Is | CmpOp::IsNot)], [other]) => {
                let equal = matches!(op, CmpOp::Eq | CmpOp::Is) == holds;
                let is_stage = matches!(other, Expr::StringLiteral(stage) if STAGES.contains(&stage.value.to_str()));
                let stands_for_flag = || within(&compare.left, true, depth + 1);
                equal && (is_stage && names_stage(&compare.left) || switches_on(other) && stands_for_flag())
            }
            ([op @ (CmpOp::In | CmpOp::NotIn)], [all]) => {
                let found = (*op == CmpOp::In) == holds;
                found
                    && (is_in_tests(&compare.left, all, |name| is_flag(name) || is_test_flag(name))
                        || all_switch_on(all) && within(&compare.left, true, depth + 1))
            }
            _ => false,
        },
        // A plain name may be an argument, which callers decide.
        Expr::Name(name) => {
            let name = name.id.as_str();
            holds && name.chars().all(|c| !c.is_lowercase()) && (is_flag(name) || is_test_flag(name))
        }
        Expr::Subscript(part) => holds && key_of(part).is_some_and(is_flag),
        Expr::Attribute(attribute) => {
            holds && (is_flag(attribute.attr.as_str()) || attribute.attr.as_str() == "testing")
        }
        Expr::Call(call) => match (last_name(&call.func), call.arguments.args.first()) {
            ("getenv" | "get", Some(Expr::StringLiteral(name))) => {
                holds && (is_flag(name.value.to_str()) || is_test_flag(name.value.to_str()))
            }
            ("bool" | "int" | "str", Some(only)) => within(only, holds, depth + 1),
            ("lower" | "strip" | "upper", None) => match &*call.func {
                Expr::Attribute(method) => within(&method.value, holds, depth + 1),
                _ => false,
            },
            (name, None) => holds && is_flag(name),
            _ => false,
        },
        _ => false,
    }
}

/// What a question comes out as wherever requests are served for others, if it asks whether tests run:
/// `"pytest" in sys.modules`, `os.environ.get("PYTEST_CURRENT_TEST")`, `hasattr(sys, "_called_from_test")`.
pub fn asks_for_tests(test: &Expr) -> Option<bool> {
    asks_for_tests_within(test, 0)
}

fn asks_for_tests_within(test: &Expr, depth: usize) -> Option<bool> {
    let deeper = |test: &Expr| if depth < MAX_DEPTH { asks_for_tests_within(test, depth + 1) } else { None };
    match test {
        Expr::UnaryOp(operation) if operation.op == UnaryOp::Not => deeper(&operation.operand).map(|answer| !answer),
        Expr::BoolOp(operation) => {
            let decides = operation.op == BoolOp::Or;
            let answers: Vec<Option<bool>> = operation.values.iter().map(deeper).collect();
            let all = answers.iter().all(|answer| *answer == Some(!decides)).then_some(!decides);
            answers.contains(&Some(decides)).then_some(decides).or(all)
        }
        Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
            ([op @ (CmpOp::In | CmpOp::NotIn)], [all]) => {
                is_in_tests(&compare.left, all, is_test_flag).then_some(*op == CmpOp::NotIn)
            }
            ([CmpOp::Is], [Expr::NoneLiteral(_)]) => is_of_tests(&compare.left).then_some(true),
            ([CmpOp::IsNot], [Expr::NoneLiteral(_)]) => is_of_tests(&compare.left).then_some(false),
            ([CmpOp::Eq], [other]) => (is_of_tests(&compare.left) && switches_on(other)).then_some(false),
            _ => None,
        },
        Expr::Call(call) => match (&*call.func, &*call.arguments.args) {
            (Expr::Name(name), [only]) if name.id.as_str() == "bool" => deeper(only),
            (Expr::Name(name), [module, Expr::StringLiteral(mark)]) if name.id.as_str() == "hasattr" => {
                (last_name(module) == "sys" && mark.value.to_str() == "_called_from_test").then_some(false)
            }
            _ => is_of_tests(test).then_some(false),
        },
        _ => None,
    }
}

/// `os.environ.get("PYTEST_CURRENT_TEST")`, which is set for tests and nowhere else.
fn is_of_tests(value: &Expr) -> bool {
    let Expr::Call(call) = value else { return false };
    let of_environment = match &*call.func {
        Expr::Attribute(method) if method.attr.as_str() == "get" => last_name(&method.value) == "environ",
        callee => last_name(callee) == "getenv",
    };
    of_environment
        && matches!(&*call.arguments.args, [Expr::StringLiteral(name)]
            if name.value.to_str().to_ascii_lowercase().starts_with("pytest_"))
}

/// `"PYTEST_CURRENT_TEST" in os.environ`, `"pytest" in sys.modules`.
fn is_in_tests(name: &Expr, all: &Expr, is_flag: fn(&str) -> bool) -> bool {
    let Expr::StringLiteral(name) = name else { return false };
    let name = name.value.to_str();
    match last_name(all) {
        "environ" => is_flag(name),
        "modules" => matches!(name, "pytest" | "unittest"),
        "argv" => name == "test",
        _ => false,
    }
}

/// `"1"`, `"true"`, `True`.
fn switches_on(value: &Expr) -> bool {
    match value {
        Expr::StringLiteral(text) => ON.contains(&&*text.value.to_str().to_ascii_lowercase()),
        Expr::BooleanLiteral(literal) => literal.value,
        Expr::NumberLiteral(number) => matches!(&number.value, Number::Int(one) if one.as_u64() == Some(1)),
        _ => false,
    }
}

fn all_switch_on(all: &Expr) -> bool {
    let (Expr::Tuple(ExprTuple { elts, .. }) | Expr::List(ExprList { elts, .. }) | Expr::Set(ExprSet { elts, .. })) =
        all
    else {
        return false;
    };
    !elts.is_empty() && elts.iter().all(switches_on)
}

/// `settings["debug"]`
fn key_of(part: &ExprSubscript) -> Option<&str> {
    match &*part.slice {
        Expr::StringLiteral(key) => Some(key.value.to_str()),
        _ => None,
    }
}

/// Whether what is true under this name is so only while a project is being developed.
pub fn is_flag(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    FLAGS.contains(&name.as_str()) || name.ends_with("_profiling_enabled")
}

fn is_test_flag(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TEST_FLAGS.contains(&&*name) || name.starts_with("pytest_")
}

/// `settings.environment`, `ENV`, `os.getenv("APP_ENV")`.
fn names_stage(expr: &Expr) -> bool {
    let name = match expr {
        Expr::Call(call) => match call.arguments.args.first() {
            Some(Expr::StringLiteral(name)) => name.value.to_str(),
            _ => return false,
        },
        Expr::Name(_) | Expr::Attribute(_) => last_name(expr),
        Expr::Subscript(part) => match key_of(part) {
            Some(name) => name,
            None => return false,
        },
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
            "os.environ.get('PYTEST_BUILD') == '1'",
            "getenv('DEBUG', '').lower() in ('1', 'true')",
            "'PYTEST_CURRENT_TEST' in os.environ",
            "settings.testing is True",
            "TESTING",
            "settings['environment'] == 'development'",
            "config['DEBUG']",
        ] {
            assert!(only_then(test, true), "{test}");
            assert!(!only_then(test, false), "{test}");
        }
        assert!(only_then("not settings.debug or x", false));
        for test in [
            "debug",
            "settings.debug or x",
            "settings.enabled",
            "mode == 'dev'",
            "self.get('debugger')",
            "order.test_mode",
            "x == '1'",
            "os.environ.get('TESTS_URL') == '1'",
            "flag in ('1', 'x')",
        ] {
            assert!(!only_then(test, true), "{test}");
        }
    }
}
