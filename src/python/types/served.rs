//! Variables of the environment that the module which is served sets for itself: `os.environ.setdefault("MODE", "a")`.

use super::{FunctionId, Known, Types};
use crate::python::calls::{EventKind, last_name};
use crate::python::syntax::ast::{self, Expr};

impl<'a> Types<'a> {
    /// What a question for a variable of the environment gives, where the module that is served has set it.
    pub(super) fn set_by_served(&self, expr: &'a Expr) -> Option<Known<'a>> {
        let asked = match expr {
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) if method.attr.as_str() == "get" && is_environment(&method.value) => {
                    call.arguments.args.first()
                }
                callee => call.arguments.args.first().filter(|_| last_name(callee) == "getenv"),
            },
            Expr::Subscript(part) => is_environment(&part.value).then_some(&*part.slice),
            _ => None,
        };
        let Some(Expr::StringLiteral(name)) = asked else { return None };
        let served = self.served.borrow();
        let mut set = served.iter().filter_map(|&file| self.default_set_in(file, name.value.to_str()));
        let first = set.next()?;
        set.all(|other| other == first).then_some(Known::Text(first))
    }

    /// Whether a file is not among those that a server is told to load, where that is known.
    pub(super) fn is_of_another_program(&self, file: u32) -> bool {
        let served = self.served.borrow();
        !served.is_empty() && !served.contains(&file)
    }

    /// The text that a module gives a variable of the environment as it is imported, unless that has one.
    fn default_set_in(&self, file: u32, name: &str) -> Option<&'a str> {
        let module = self.function(FunctionId { file, index: 0 });
        module.events.iter().find_map(|event| match event.kind {
            EventKind::Call(call, _) if module.always_reaches(event.span) => given_default(call, name),
            _ => None,
        })
    }
}

/// The value of `os.environ.setdefault(name, value)`.
fn given_default<'a>(call: &'a ast::ExprCall, name: &str) -> Option<&'a str> {
    let Expr::Attribute(method) = &*call.func else { return None };
    match &*call.arguments.args {
        [Expr::StringLiteral(key), Expr::StringLiteral(value)]
            if method.attr.as_str() == "setdefault" && is_environment(&method.value) && key.value.to_str() == name =>
        {
            Some(value.value.to_str())
        }
        _ => None,
    }
}

fn is_environment(expr: &Expr) -> bool {
    last_name(expr) == "environ"
}
