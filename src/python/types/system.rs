//! What the system is called that the application is served on: Linux.
//!
//! Servers run there, whatever else the project's authors develop on; no server that is known here runs on Windows.

use std::rc::Rc;

use super::{Frame, Known, Types, Value};
use crate::python::calls::last_name;
use crate::python::syntax::ast::{self, CmpOp, Expr};

/// Attributes that name the system.
const NAMING: [&str; 4] = ["name", "platform", "sysname", "system"];

impl<'a> Types<'a> {
    /// `sys.platform`, `os.name`, `platform.system()`, `os.uname().sysname`.
    pub(super) fn system_named(&self, expr: &'a Expr, frame: Frame) -> Option<Known<'a>> {
        match expr {
            Expr::Attribute(attribute) if NAMING.contains(&attribute.attr.as_str()) => {
                let of = match &*attribute.value {
                    Expr::Call(call) => self.outside_name(&call.func, frame)?,
                    object @ (Expr::Name(_) | Expr::Attribute(_)) => self.outside_name(object, frame)?,
                    _ => return None,
                };
                match (&*of, attribute.attr.as_str(), attribute.value.is_call_expr()) {
                    ("os", "name", false) => Some(Known::Text("posix")),
                    ("sys", "platform", false) => Some(Known::Text("linux")),
                    ("os.uname", "sysname", true) | ("platform.uname", "system", true) => Some(Known::Text("Linux")),
                    _ => None,
                }
            }
            Expr::Call(call) if call.arguments.is_empty() => match (last_name(&call.func), &*call.func) {
                ("lower" | "casefold", Expr::Attribute(method)) => match self.system_named(&method.value, frame)? {
                    Known::Text("Linux") => Some(Known::Text("linux")),
                    same => Some(same),
                },
                ("system", callee) => {
                    (&*self.outside_name(callee, frame)? == "platform.system").then_some(Known::Text("Linux"))
                }
                _ => None,
            },
            Expr::Subscript(part) => match (&*part.value, &*part.slice) {
                (Expr::Call(call), Expr::NumberLiteral(at)) if is_zero(at) => {
                    let of = self.outside_name(&call.func, frame)?;
                    matches!(&*of, "os.uname" | "platform.uname").then_some(Known::Text("Linux"))
                }
                _ => None,
            },
            _ => None,
        }
    }

    /// What a name of a module stands for that is made of nothing but the name of the system:
    /// `MACOS = platform.system() == "Darwin"`.
    pub(super) fn constant_of_system(&self, value: &'a Expr, file: u32) -> Option<Known<'a>> {
        let frame = self.module_frame(file);
        let asked = match value {
            Expr::Compare(compare) => match &*compare.ops {
                [CmpOp::In | CmpOp::NotIn] if compare.left.is_string_literal_expr() => compare.comparators.first()?,
                _ => &*compare.left,
            },
            Expr::Call(call) => match &*call.func {
                Expr::Attribute(method) if matches!(method.attr.as_str(), "startswith" | "endswith") => &*method.value,
                _ => value,
            },
            _ => value,
        };
        let named = self.system_named(asked, frame)?;
        if std::ptr::eq(asked, value) { Some(named) } else { self.truth_of(value, frame, 1).map(Known::Bool) }
    }

    /// The name of something outside of the project.
    fn outside_name(&self, expr: &'a Expr, frame: Frame) -> Option<Rc<str>> {
        match *self.value(expr, frame) {
            [Value::External(ref name)] => Some(Rc::clone(name)),
            _ => None,
        }
    }
}

fn is_zero(number: &ast::ExprNumberLiteral) -> bool {
    matches!(&number.value, ast::Number::Int(at) if at.as_u64() == Some(0))
}
