//! Whether the arguments of a call let it wait at all.

use crate::python::catalogue::Effect;
use crate::python::syntax::ast::{self, Expr, Number};

/// Arguments by which every library says "return at once".
const NEVER_WAITS: [(&str, &str); 5] =
    [("block", "False"), ("blocking", "False"), ("timeout", "0"), ("async_req", "True"), ("wait", "False")];

/// What stands in the catalogue for an address in digits, or none at all, of which no name is looked up.
const ADDRESS: &str = "ADDRESS";

/// The condition that the first argument is one.
pub(super) const OF_ADDRESS: &str = "0=ADDRESS";

/// Whether a call that has `effect` waits with the arguments it is given.
pub(super) fn waits(effect: &Effect, call: &ast::ExprCall) -> bool {
    if NEVER_WAITS.iter().any(|(name, value)| given(call, name).is_some_and(|argument| is(argument, value))) {
        return false;
    }
    let excused = |condition: &String| match condition.split_once('<') {
        Some((name, bound)) => given(call, name).is_some_and(|argument| is_below(argument, bound)),
        None => {
            condition.split_once('=').is_some_and(|(name, value)| given(call, name).is_some_and(|it| is(it, value)))
        }
    };
    if effect.unless.iter().any(excused) {
        return false;
    }
    let needed = |name: &String| given(call, name).is_some_and(|argument| !is(argument, "0") && !is(argument, "None"));
    effect.needs.is_empty() || effect.needs.iter().any(needed)
}

/// The argument of this keyword.
pub(super) fn argument<'a>(call: &'a ast::ExprCall, name: &str) -> Option<&'a Expr> {
    let mut keywords = call.arguments.keywords.iter();
    let keyword = keywords.find(|keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name));
    keyword.map(|keyword| &keyword.value)
}

/// The argument of this keyword, or at this position.
fn given<'c>(call: &'c ast::ExprCall, name: &str) -> Option<&'c Expr> {
    if let Ok(position) = name.parse::<usize>() {
        return call.arguments.args.get(position);
    }
    argument(call, name)
}

fn is_below(argument: &Expr, bound: &str) -> bool {
    let Expr::NumberLiteral(number) = argument else {
        return false;
    };
    let number = if let Number::Int(n) = &number.value { n.as_u64() } else { None };
    number.zip(bound.parse().ok()).is_some_and(|(number, bound): (u64, u64)| number < bound)
}

fn is(argument: &Expr, value: &str) -> bool {
    match argument {
        Expr::BooleanLiteral(literal) => value == if literal.value { "True" } else { "False" },
        Expr::NoneLiteral(_) => value == "None",
        Expr::NumberLiteral(number) => match &number.value {
            Number::Int(n) => n.as_u64().is_some_and(|n| value.parse() == Ok(n)),
            Number::Float(x) => *x == 0.0 && value == "0",
            Number::Complex { .. } => false,
        },
        Expr::StringLiteral(text) if value == ADDRESS => {
            text.value.is_empty() || text.value.to_str().parse::<std::net::IpAddr>().is_ok()
        }
        // A flag, alone or among others: `LOCK_EX | LOCK_NB`.
        Expr::Name(name) => name.id.as_str() == value,
        Expr::Attribute(attribute) => attribute.attr.as_str() == value,
        Expr::BinOp(flags) if flags.op == ast::Operator::BitOr => is(&flags.left, value) || is(&flags.right, value),
        _ => false,
    }
}
