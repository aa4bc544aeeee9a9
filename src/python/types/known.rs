//! What is certain of a value: that it is `None`, a literal, or something that is not `None`.
//!
//! Types say what a value may be, this says what it is. It decides conditions, so a guess would hide
//! code that runs: whatever is not certain stays unknown.

use super::asserted::asserted;
use super::candidates::asked_about;
use super::made::asks_for_nothing;
use super::{CallRef, ClassId, Frame, FunctionId, ModuleRef, Types, Value};
use crate::python::calls::{Condition, Interest, asks_for_loop, asks_for_tests, keyword_read, last_name};
use crate::python::names::{Binding, Bound, visible};
use crate::python::syntax::ast::{self, CmpOp, Expr, Number};
use crate::python::syntax::span_of;
use crate::source::Span;

/// How deep expressions and names that stand for each other are followed.
const MAX_DEPTH: u8 = 8;
/// How many expressions one question may lead to.
const MAX_LOOKED_AT: u32 = 400;
/// How many places that fill one container are looked past.
const MAX_FILLING: usize = 64;
/// How deep functions are looked into that only answer a question.
const MAX_ANSWERED: u8 = 3;

/// Builtin types, none of which has `None` among its values.
pub(super) const PLAIN: [&str; 8] = ["bool", "bytes", "dict", "float", "int", "list", "set", "str"];
/// Classes of libraries whose instances are always true.
pub(super) const TRUE: [&str; 10] = [
    "AsyncClient",
    "AsyncSession",
    "BackgroundTasks",
    "Client",
    "Engine",
    "Logger",
    "Path",
    "Request",
    "Session",
    "WebSocket",
];

/// What is certain of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Known<'a> {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number.
    Number(u64),
    /// A text.
    Text(&'a str),
    /// A text that begins and ends so.
    Ends(&'a str, &'a str),
    /// A member of an enumeration of the project.
    Member(ClassId, &'a str),
    /// A container without anything in it.
    Empty,
    /// `None`, or something else that is false.
    False,
    /// Something that is true, and not `None`.
    True,
    /// Anything but `None`.
    Some,
    /// An open file.
    File,
    /// Bytes.
    Bytes,
    /// What this function was given beyond its parameters, and what this call named besides.
    RestOf(FunctionId, CallRef<'a>),
}

impl Known<'_> {
    /// Its truth value.
    pub(super) fn truth(self) -> Option<bool> {
        match self {
            Self::None | Self::Empty | Self::False => Some(false),
            Self::Bool(value) => Some(value),
            Self::Number(number) => Some(number != 0),
            Self::Text(text) => Some(!text.is_empty()),
            Self::Ends(head, tail) if head.is_empty() && tail.is_empty() => None,
            Self::Ends(..) | Self::True | Self::File => Some(true),
            Self::Member(..) | Self::Some | Self::Bytes | Self::RestOf(..) => None,
        }
    }

    /// No more than what somebody is interested in, so that calls which make no difference look the same.
    pub(super) fn as_asked(self, interest: Interest) -> Self {
        match self {
            _ if interest == Interest::Value => self,
            Self::Bool(true) | Self::Text(_) | Self::Ends(..) | Self::Number(_) if self.truth() == Some(true) => {
                Self::True
            }
            Self::Member(..) | Self::Ends(..) | Self::Bytes => Self::Some,
            other => other,
        }
    }

    /// What is certain of a value that is one of both.
    pub(super) fn or(self, other: Self) -> Option<Self> {
        if self == other {
            return Some(self);
        }
        match (self, other) {
            _ if self.truth() == Some(false) && other.truth() == Some(false) => Some(Self::False),
            (Self::None | Self::False, _) | (_, Self::None | Self::False) => None,
            _ if self.truth() == Some(true) && other.truth() == Some(true) => Some(Self::True),
            _ => Some(Self::Some),
        }
    }

    /// Whether it is a text that has `part` at its beginning or at its end.
    fn begins_or_ends(self, part: &str, at_end: bool) -> Option<bool> {
        let has = |text: &str| if at_end { text.ends_with(part) } else { text.starts_with(part) };
        match self {
            Self::Text(text) => Some(has(text)),
            Self::Ends(head, tail) => {
                let known = if at_end { tail } else { head };
                // What is known may be shorter than what is asked for.
                let fits = if at_end { part.ends_with(known) } else { part.starts_with(known) };
                if has(known) { Some(true) } else { (!fits).then_some(false) }
            }
            _ => None,
        }
    }

    /// Whether it is a text that has `part` in it.
    fn has(self, part: &str) -> Option<bool> {
        match self {
            Self::Text(text) => Some(text.contains(part)),
            Self::Ends(head, tail) => (head.contains(part) || tail.contains(part)).then_some(true),
            _ => None,
        }
    }

    /// Whether it is something of which nothing more exact is known than that it is not `None`.
    const fn is_something(self) -> bool {
        matches!(
            self,
            Self::Some
                | Self::True
                | Self::Empty
                | Self::Member(..)
                | Self::Ends(..)
                | Self::File
                | Self::Bytes
                | Self::RestOf(..)
        )
    }

    /// Whether it is an instance of a type of this name.
    fn is_instance(self, ty: &str) -> Option<bool> {
        /// Types of which no file is one, and no `None`.
        const NO_FILES: [&str; 12] = [
            "Path",
            "PathLike",
            "PosixPath",
            "PurePath",
            "bool",
            "bytearray",
            "bytes",
            "dict",
            "float",
            "int",
            "list",
            "str",
        ];
        match self {
            Self::None => (ty != "object" && ty != "NoneType").then_some(false),
            Self::Bytes if ty == "bytes" => Some(true),
            Self::File | Self::Bytes => NO_FILES.contains(&ty).then_some(false),
            _ => None,
        }
    }

    /// Whether both are equal.
    fn equals(self, other: Self) -> Option<bool> {
        match (self, other) {
            (Self::None, other) | (other, Self::None) if other.is_something() => Some(false),
            (Self::Ends(head, tail), Self::Text(text)) | (Self::Text(text), Self::Ends(head, tail)) => {
                let may_be = text.len() >= head.len().max(tail.len()) && text.starts_with(head) && text.ends_with(tail);
                (!may_be).then_some(false)
            }
            (Self::Member(class, name), Self::Member(other, known)) if class == other => Some(name == known),
            // A member may equal its value, and `1 == True`.
            (one, other) if [one, other].iter().any(|one| *one == Self::False || one.is_something()) => None,
            (Self::Bool(flag), Self::Number(number)) | (Self::Number(number), Self::Bool(flag)) => {
                Some(u64::from(flag) == number)
            }
            _ => Some(self == other),
        }
    }
}

impl<'a> Types<'a> {
    /// What is certain of an expression of `frame`'s function.
    pub(super) fn known(&self, expr: &'a Expr, frame: Frame) -> Option<Known<'a>> {
        self.looked_at.set(0);
        let outer = self.assumed.take();
        let known = self.known_within(expr, frame, 0);
        self.assumed.set(outer);
        known
    }

    /// Whether a condition holds, if that is certain.
    pub(super) fn holds(&self, test: &'a Expr, frame: Frame) -> Option<bool> {
        self.looked_at.set(0);
        let outer = self.assumed.take();
        let holds = self.truth_of(test, frame, 0);
        self.assumed.set(outer);
        holds
    }

    pub(super) fn known_within(&self, expr: &'a Expr, frame: Frame, depth: u8) -> Option<Known<'a>> {
        if self.is_enough(depth) {
            return None;
        }
        let deeper = |expr: &'a Expr| self.known_within(expr, frame, depth + 1);
        match expr {
            Expr::Name(name) => self.known_name(name.id.as_str(), frame, span_of(name).start, depth),
            Expr::Attribute(attribute) => {
                self.system_named(expr, frame).or_else(|| self.known_attribute(attribute, frame, depth))
            }
            Expr::BoolOp(operation) => self.known_operands(operation, frame, depth),
            Expr::If(choice) => match self.truth_of(&choice.test, frame, depth + 1) {
                Some(true) => deeper(&choice.body),
                Some(false) => deeper(&choice.orelse),
                None => deeper(&choice.body)?.or(deeper(&choice.orelse)?),
            },
            Expr::Named(named) => deeper(&named.value),
            Expr::UnaryOp(operation) if operation.op == ast::UnaryOp::Not => {
                Some(self.truth_of(expr, frame, depth).map_or(Known::Some, Known::Bool))
            }
            Expr::Compare(_) => self.truth_of(expr, frame, depth).map(Known::Bool),
            Expr::Call(call) => self
                .given_by_default(call, frame, depth)
                .or_else(|| self.system_named(expr, frame))
                .or_else(|| self.same_text(call, frame, depth))
                .or_else(|| self.parts_counted(call, frame, depth))
                .or_else(|| self.answered(call, frame, depth))
                .or_else(|| self.out_of_keywords(call, frame))
                .or_else(|| self.kept_in_state(call, frame))
                .or_else(|| self.set_by_served(expr))
                .or_else(|| self.running_loop(call, frame)),
            Expr::Subscript(part) => self
                .part_of_text(part, frame, depth)
                .or_else(|| self.system_named(expr, frame))
                .or_else(|| self.set_by_served(expr)),
            Expr::BinOp(sum) if sum.op == ast::Operator::Add => match (deeper(&sum.left)?, deeper(&sum.right)?) {
                (Known::Number(one), Known::Number(other)) => one.checked_add(other).map(Known::Number),
                _ => None,
            },
            other => literal(other),
        }
    }

    /// `text.lower()` and its like, where they change nothing.
    fn same_text(&self, call: &'a ast::ExprCall, frame: Frame, depth: u8) -> Option<Known<'a>> {
        let Expr::Attribute(method) = &*call.func else { return None };
        let changes: fn(&str) -> bool = match method.attr.as_str() {
            "lower" | "casefold" => |text| text.chars().any(|c| !c.is_ascii() || c.is_ascii_uppercase()),
            "upper" => |text| text.chars().any(|c| !c.is_ascii() || c.is_ascii_lowercase()),
            "strip" => |text| text.trim() != text,
            _ => return None,
        };
        if !call.arguments.args.is_empty() || !call.arguments.keywords.is_empty() {
            return None;
        }
        match self.known_within(&method.value, frame, depth + 1)? {
            Known::Text(text) if !changes(text) => Some(Known::Text(text)),
            _ => None,
        }
    }

    /// `text.lower()` and its like, where they change something.
    fn folded(&self, expr: &'a Expr, frame: Frame, depth: u8) -> Option<String> {
        let Expr::Call(call) = expr else { return None };
        let Expr::Attribute(method) = &*call.func else { return None };
        let fold: fn(&str) -> String = match method.attr.as_str() {
            "lower" | "casefold" => str::to_lowercase,
            "upper" => str::to_uppercase,
            "strip" => |text| text.trim().to_owned(),
            _ => return None,
        };
        if !call.arguments.args.is_empty() || !call.arguments.keywords.is_empty() {
            return None;
        }
        if let Some(text) = self.folded(&method.value, frame, depth + 1) {
            return Some(fold(&text));
        }
        match self.known_within(&method.value, frame, depth + 1)? {
            Known::Text(text) => Some(fold(text)),
            _ => None,
        }
    }

    /// Such a text compared with others.
    fn folded_compared(&self, text: &str, op: CmpOp, right: &'a Expr, frame: Frame, depth: u8) -> Option<bool> {
        let is_it = |one: &'a Expr| match self.known_within(one, frame, depth)? {
            Known::Text(other) => Some(other == text),
            _ => None,
        };
        self.compares_text(true);
        match (op, right) {
            (CmpOp::Eq, _) => is_it(right),
            (CmpOp::NotEq, _) => is_it(right).map(|equal| !equal),
            (
                CmpOp::In | CmpOp::NotIn,
                Expr::Tuple(ast::ExprTuple { elts, .. })
                | Expr::List(ast::ExprList { elts, .. })
                | Expr::Set(ast::ExprSet { elts, .. }),
            ) => {
                let all: Option<Vec<bool>> = elts.iter().map(is_it).collect();
                Some(all?.contains(&true) == (op == CmpOp::In))
            }
            _ => None,
        }
    }

    /// What a function of the project says that does nothing but return an expression.
    fn answered(&self, call: &'a ast::ExprCall, frame: Frame, depth: u8) -> Option<Known<'a>> {
        if depth > MAX_ANSWERED || !call.func.is_name_expr() {
            return None;
        }
        let [Value::Function(target)] = *self.value(&call.func, frame) else { return None };
        let function = self.function(target.function);
        let [result] = function.results.as_slice() else { return None };
        let within = span_of(*result);
        let only = function.bindings.len() == function.parameters.len()
            && function.detours.iter().all(|part| within.start <= part.start && part.end <= within.end);
        if !only || function.is_async || function.is_generator || !function.decorators.is_empty() {
            return None;
        }
        self.known_within(result, target, depth + 1)
    }

    /// What a caller gives by a name that the function reads out of its `**kwargs`.
    fn out_of_keywords(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<Known<'a>> {
        let function = self.function(frame.function);
        let name = keyword_read(function, call)?;
        let index = function.keywords.iter().position(|known| *known == name)?;
        let known = self.known_argument(frame, u16::try_from(function.parameters.len() + index).ok()?)?;
        let default = call.arguments.args.get(1);
        (known != Known::None || default.is_none_or(Expr::is_none_literal_expr)).then_some(known)
    }

    fn is_enough(&self, depth: u8) -> bool {
        self.looked_at.set(self.looked_at.get() + 1);
        depth > MAX_DEPTH || self.looked_at.get() > MAX_LOOKED_AT
    }

    /// `a or b` is the first that is true, `a and b` the first that is not, and otherwise the last.
    fn known_operands(&self, operation: &'a ast::ExprBoolOp, frame: Frame, depth: u8) -> Option<Known<'a>> {
        let stops = operation.op == ast::BoolOp::Or;
        let (last, others) = operation.values.split_last()?;
        let mut sure = true;
        for value in others {
            match self.truth_of(value, frame, depth + 1) {
                Some(truth) if truth == stops && sure => return self.known_within(value, frame, depth + 1),
                Some(truth) if truth != stops => {}
                _ => sure = false,
            }
        }
        let last = self.known_within(last, frame, depth + 1)?;
        // What came before the last one is true where it is the result.
        let any = if stops && last.truth() == Some(true) { Some(Known::True) } else { None };
        if sure {
            Some(last)
        } else if stops {
            any.or(last.or(Known::True))
        } else {
            None
        }
    }

    pub(super) fn truth_of(&self, test: &'a Expr, frame: Frame, depth: u8) -> Option<bool> {
        if self.is_enough(depth) {
            return None;
        }
        match test {
            Expr::UnaryOp(operation) if operation.op == ast::UnaryOp::Not => {
                self.truth_of(&operation.operand, frame, depth + 1).map(|truth| !truth)
            }
            Expr::BoolOp(operation) => {
                let decides = operation.op == ast::BoolOp::Or;
                let mut all = Some(!decides);
                for value in &operation.values {
                    match self.truth_of(value, frame, depth + 1) {
                        Some(truth) if truth == decides => return Some(decides),
                        Some(_) => {}
                        None => all = None,
                    }
                }
                all
            }
            Expr::Compare(_) | Expr::Call(_) if asks_for_tests(test).is_some() => asks_for_tests(test),
            Expr::Compare(compare) => match (&*compare.ops, &*compare.comparators) {
                ([op], [right]) => self.compared(&compare.left, *op, right, frame, depth + 1),
                _ => None,
            },
            Expr::Call(call) => {
                let known = asks_for_loop(call).or_else(|| self.asked(call, frame, depth + 1));
                let known = known.or_else(|| self.known_within(test, frame, depth + 1)?.truth());
                known.or_else(|| self.answered_around(call, frame))
            }
            other => self.known_within(other, frame, depth + 1)?.truth(),
        }
    }

    fn compared(&self, left: &'a Expr, op: CmpOp, right: &'a Expr, frame: Frame, depth: u8) -> Option<bool> {
        if let Some(text) = self.folded(left, frame, depth) {
            return self.folded_compared(&text, op, right, frame, depth);
        }
        let value = self.known_within(left, frame, depth)?;
        match op {
            CmpOp::In | CmpOp::NotIn if matches!((value, right), (Known::Text(_), Expr::Name(_))) => {
                let Known::Text(part) = value else { return None };
                self.known_within(right, frame, depth)?.has(part).map(|found| found == (op == CmpOp::In))
            }
            CmpOp::In | CmpOp::NotIn => {
                let (Expr::Tuple(ast::ExprTuple { elts, .. })
                | Expr::List(ast::ExprList { elts, .. })
                | Expr::Set(ast::ExprSet { elts, .. })) = right
                else {
                    return None;
                };
                let equal: Vec<_> =
                    elts.iter().map(|one| value.equals(self.known_within(one, frame, depth)?)).collect();
                self.compares_text(elts.iter().any(Expr::is_string_literal_expr));
                let found = if equal.contains(&Some(true)) {
                    true
                } else if equal.iter().all(|equal| *equal == Some(false)) {
                    false
                } else {
                    return None;
                };
                Some(found == (op == CmpOp::In))
            }
            CmpOp::Eq | CmpOp::Is | CmpOp::NotEq | CmpOp::IsNot => {
                let other = self.known_within(right, frame, depth)?;
                self.compares_text(matches!(other, Known::Text(_)));
                let is_identity = matches!(op, CmpOp::Is | CmpOp::IsNot);
                // Equal numbers and texts need not be the same object.
                let is_single = |one: Known<'a>| matches!(one, Known::None | Known::Bool(_) | Known::Member(..));
                if is_identity && !is_single(value) && !is_single(other) {
                    return None;
                }
                value.equals(other).map(|equal| equal == matches!(op, CmpOp::Eq | CmpOp::Is))
            }
            CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => {
                let (Known::Number(one), Known::Number(other)) = (value, self.known_within(right, frame, depth)?)
                else {
                    return None;
                };
                Some(match op {
                    CmpOp::Lt => one < other,
                    CmpOp::LtE => one <= other,
                    CmpOp::Gt => one > other,
                    _ => one >= other,
                })
            }
        }
    }

    /// `isinstance(None, Type)` is false, `bool(x)` is what `x` is, `iscoroutinefunction(f)` whether `f` is one.
    fn asked(&self, call: &'a ast::ExprCall, frame: Frame, depth: u8) -> Option<bool> {
        if let Some(asked) = asked_about(call) {
            return self.is_coroutine_function(asked, frame);
        }
        if let Some(answer) = self.answer_on_loop(call, frame) {
            return Some(answer);
        }
        if let Expr::Attribute(method) = &*call.func {
            return self.begins_or_ends(method, call, frame, depth);
        }
        let Expr::Name(callee) = &*call.func else { return None };
        match (callee.id.as_str(), &*call.arguments.args) {
            ("bool", [one]) => self.truth_of(one, frame, depth),
            ("hasattr", [one, Expr::StringLiteral(name)]) => {
                let name = name.value.to_str();
                if self.is_set_at_start(one, name, frame) {
                    return Some(true);
                }
                let reads = || name == "read" && self.known_within(one, frame, depth) == Some(Known::File);
                self.has_member(one, name, frame).or_else(|| reads().then_some(true))
            }
            ("isinstance", [Expr::Attribute(one), ty @ Expr::Name(_)]) if self.is_container_kept(one, ty, frame) => {
                Some(true)
            }
            ("isinstance", [one, Expr::Tuple(types)]) => {
                let known = self.known_within(one, frame, depth)?;
                let each: Vec<_> = types.elts.iter().map(|ty| known.is_instance(last_name(ty))).collect();
                let none = each.iter().all(|is| *is == Some(false)).then_some(false);
                each.contains(&Some(true)).then_some(true).or(none)
            }
            ("isinstance", [one, ty @ (Expr::Name(_) | Expr::Attribute(_))]) => {
                self.known_within(one, frame, depth)?.is_instance(last_name(ty))
            }
            _ => None,
        }
    }

    /// Whether an attribute of a class is a container of this type, whatever gives it a value: `sessions = dict()`.
    fn is_container_kept(&self, attribute: &'a ast::ExprAttribute, ty: &Expr, frame: Frame) -> bool {
        let (ty, name) = (last_name(ty), attribute.attr.as_str());
        let [Value::Class(class) | Value::Object(class)] = *self.value(&attribute.value, frame) else { return false };
        let is_it = |value: &Expr| match value {
            Expr::Dict(_) | Expr::DictComp(_) => ty == "dict",
            Expr::List(_) | Expr::ListComp(_) => ty == "list",
            Expr::Set(_) | Expr::SetComp(_) => ty == "set",
            Expr::Call(call) => {
                matches!(ty, "dict" | "list" | "set")
                    && matches!(&*call.func, Expr::Name(name) if name.id.as_str() == ty)
            }
            _ => false,
        };
        let makes_it = |binding: &&Binding<'a>| match binding.bound {
            Bound::Value { value: Some(value), .. } => is_it(value),
            _ => false,
        };
        // What is put into it leaves it what it is.
        let fills = |binding: &&Binding<'a>| {
            matches!(binding.bound, Bound::Held(_) | Bound::HeldAll(_) | Bound::Kept(_) | Bound::KeptHeld(_))
        };
        let line = self.ancestry(class);
        let of_project = |value: &Value<'a>| if let Value::Class(one) = value { Some(*one) } else { None };
        let family = line.iter().filter_map(of_project).chain(self.below(class));
        let given = family.flat_map(|one| self.class(one).fields.get(name).into_iter().flatten());
        let (filling, giving): (Vec<_>, Vec<_>) = given.partition(fills);
        !giving.is_empty()
            && giving.iter().all(makes_it)
            && filling.len() < MAX_FILLING
            && !self.is_set_from_outside(name)
    }

    /// What a function of the project answers that only asks whether a loop runs: where handlers run, one does.
    fn answer_on_loop(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<bool> {
        let given = &call.arguments;
        if !given.args.is_empty() || !given.keywords.is_empty() {
            return None;
        }
        match *self.value(&call.func, frame) {
            [Value::Function(target)] => self.function(target.function).on_loop,
            _ => None,
        }
    }

    /// The loop that runs, from asyncio or from a function of the project that only asks for it.
    fn running_loop(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<Known<'a>> {
        if let Some(answer) = self.answer_on_loop(call, frame) {
            return Some(if answer { Known::True } else { Known::False });
        }
        match *self.value(&call.func, frame) {
            [Value::External(ref name)] => (&**name == "asyncio.get_running_loop").then_some(Known::True),
            _ => None,
        }
    }

    /// `text.startswith("a")`, `text.endswith(("a", "b"))`
    fn begins_or_ends(
        &self,
        method: &'a ast::ExprAttribute,
        call: &'a ast::ExprCall,
        frame: Frame,
        depth: u8,
    ) -> Option<bool> {
        let at_end = match method.attr.as_str() {
            "endswith" => true,
            "startswith" => false,
            _ => return None,
        };
        let ([parts], []) = (&*call.arguments.args, &*call.arguments.keywords) else { return None };
        let text = self.known_within(&method.value, frame, depth)?;
        let parts = if let Expr::Tuple(tuple) = parts { &*tuple.elts } else { std::slice::from_ref(parts) };
        let has = |part: &'a Expr| match self.known_within(part, frame, depth)? {
            Known::Text(part) => text.begins_or_ends(part, at_end),
            _ => None,
        };
        let found: Vec<_> = parts.iter().map(has).collect();
        if found.contains(&Some(true)) {
            return Some(true);
        }
        found.iter().all(|found| *found == Some(false)).then_some(false)
    }

    fn known_name(&self, name: &str, mut frame: Frame, mut at: usize, depth: u8) -> Option<Known<'a>> {
        while frame.function.index != 0 {
            let function = self.function(frame.function);
            if function.globals.contains(name) || function.changed.contains(name) {
                return None;
            }
            if let Some(bindings) = function.bindings.get(name) {
                let again = |binding: &Binding<'a>| {
                    let mut loops = function.loops.iter();
                    binding.at > at && loops.any(|one| one.contains(at) && binding.at <= one.end)
                };
                if bindings.iter().any(again) || self.facts_at(frame.function.file).nonlocals.contains(name) {
                    return None;
                }
                let seen = visible(bindings, at);
                let is_same = |condition: &Condition<'a>| {
                    let then = visible(bindings, span_of(condition.test).end);
                    then.iter().map(|one| one.at).eq(seen.iter().map(|one| one.at))
                };
                let known = self
                    .known_bindings(&self.made(&seen, at, frame, depth), frame, depth)
                    .or_else(|| self.filled_where_missing(name, at, &seen, frame, depth));
                // What is empty where it is handed over may be filled here.
                let known = known.and_then(|known| match known {
                    Known::Empty if !self.is_left_empty(name, frame.function) => Some(Known::Some),
                    Known::False if !self.is_left_empty(name, frame.function) => None,
                    other => Some(other),
                });
                return known.or_else(|| asserted(name, at, &function.conditions, is_same));
            }
            frame.function.index = function.parent;
            at = usize::MAX;
        }
        self.constant(name, frame.function.file)
    }

    /// What `if name is None: name = value` leaves, whatever was there before.
    fn filled_where_missing(
        &self,
        name: &str,
        at: usize,
        seen: &[&Binding<'a>],
        frame: Frame,
        depth: u8,
    ) -> Option<Known<'a>> {
        let (last, before) = seen.split_last()?;
        let conditions = &self.function(frame.function).conditions;
        let asks = |one: &&Condition<'a>| one.holds && one.region.end < at && asks_for_nothing(one.test, name);
        let is_filled = conditions.iter().filter(asks).any(|one| one.region == last.block);
        let known = self.known_bindings(std::slice::from_ref(last), frame, depth).filter(|_| is_filled)?;
        if before.is_empty() { None } else { known.or(Known::Some) }
    }

    /// Those of several bindings that are not in a part which cannot run: `if given and not name: name, _ = given`.
    fn made<'b>(&self, seen: &[&'b Binding<'a>], at: usize, frame: Frame, depth: u8) -> Vec<&'b Binding<'a>> {
        let conditions = &self.function(frame.function).conditions;
        let never = |binding: &Binding<'a>| {
            let inside = |region: Span| region.start < binding.at && binding.at <= region.end;
            let around = |one: &&Condition<'a>| inside(one.region) && one.region.end <= at;
            let fails =
                |one: &Condition<'a>| self.truth_of(one.test, frame, depth + 1).is_some_and(|holds| holds != one.holds);
            conditions.iter().filter(around).any(fails)
        };
        let is_plain = seen.len() < 2 || conditions.is_empty();
        seen.iter().copied().filter(|binding| is_plain || !never(binding)).collect()
    }

    fn known_bindings(&self, seen: &[&Binding<'a>], frame: Frame, depth: u8) -> Option<Known<'a>> {
        let mut all: Option<Known<'a>> = None;
        for binding in seen {
            let one = match binding.bound {
                Bound::Parameter(position) => self.known_argument(frame, position)?,
                Bound::Value { value: Some(value), .. } => self.known_within(value, frame, depth + 1)?,
                // `name: Type` alone binds nothing.
                Bound::Value { value: None, .. } => continue,
                Bound::Function(_) | Bound::Class(_) => Known::True,
                // `for attempt in range(retries + 1)` has one round, the first, without retries.
                Bound::Item(Expr::Call(call)) => match &*call.arguments.args {
                    [times] if is_range(call) && self.known_within(times, frame, depth + 1)? == Known::Number(1) => {
                        Known::Number(0)
                    }
                    _ => return None,
                },
                _ => return None,
            };
            all = Some(match all {
                None => one,
                Some(before) => before.or(one)?,
            });
        }
        all
    }

    /// What the annotation of a parameter promises to those that it is handed on to. In the function
    /// itself a condition shows that its author does not rely on it.
    pub(super) fn promised(&self, argument: &'a Expr, frame: Frame) -> Option<Known<'a>> {
        let Expr::Name(name) = argument else { return None };
        let function = self.function(frame.function);
        let seen = visible(function.bindings.get(name.id.as_str())?, span_of(name).start);
        let [Binding { bound: Bound::Parameter(position), .. }] = *seen else { return None };
        let parameter = function.parameters.get(usize::from(*position)).filter(|parameter| !parameter.variadic)?;
        let annotation = parameter.annotation.filter(|_| !parameter.default.is_some_and(may_be_none))?;
        let around = Frame { function: FunctionId { index: function.parent, ..frame.function }, ..frame };
        self.annotated_as(annotation, around)
    }

    /// A member of an enumeration.
    fn known_attribute(&self, attribute: &'a ast::ExprAttribute, frame: Frame, depth: u8) -> Option<Known<'a>> {
        let name = attribute.attr.as_str();
        let is_own = |object: &ast::ExprName| self.is_receiver(object.id.as_str(), frame.function);
        match &*attribute.value {
            Expr::Name(object) if is_own(object) => {
                let of_all = || match *self.value(&attribute.value, frame) {
                    [Value::Object(class)] => {
                        let kept = self.kept_by_all(class, name, depth);
                        kept.or_else(|| self.constant_of_class(class, name))
                            .or_else(|| self.attribute_by_default(class, name, false, depth))
                    }
                    _ => None,
                };
                return self.known_of_object(name, frame).or_else(of_all);
            }
            object @ Expr::Name(_) => {
                if let Some(known) = self.aspect(object, name, frame) {
                    return Some(known);
                }
            }
            Expr::Attribute(_) => {}
            _ => return None,
        }
        if self.is_set_at_start(&attribute.value, name, frame) {
            return Some(Known::Some);
        }
        match *self.value(&attribute.value, frame) {
            [Value::Object(class)] => {
                let kept = self.kept_by_all(class, name, depth);
                kept.or_else(|| {
                    let is_settings = self.is_held_by_module(&attribute.value, class, frame);
                    self.attribute_by_default(class, name, is_settings, depth)
                })
            }
            [Value::Module(ModuleRef::File(file))] => self.constant(name, self.index_of(file)?),
            [Value::Class(class)] if self.class(class).fields.contains_key(name) && self.is_enumeration(class) => {
                Some(Known::Member(class, name))
            }
            [Value::Class(class)] => {
                let constant = self.constant_of_class(class, name);
                constant.or_else(|| self.attribute_by_default(class, name, false, depth))
            }
            _ => None,
        }
    }

    /// What a call says for certain about a parameter.
    fn known_argument(&self, frame: Frame, position: u16) -> Option<Known<'a>> {
        match self.argument(frame, frame.function, Self::certain(position)) {
            Some(Value::Known(known)) => Some(known),
            _ => None,
        }
    }

    /// The position under which is kept what is certain of an argument.
    pub(super) fn certain(position: u16) -> u16 {
        position | 0x4000
    }

    /// Whether a position is such a one.
    pub(super) fn is_certain(position: u16) -> bool {
        (0x4000..0x8000).contains(&position)
    }

    /// The scopes around a function, itself included.
    pub(super) fn encloses(&self, outer: FunctionId, inner: FunctionId) -> bool {
        let mut id = inner;
        while id != outer && id.index != 0 {
            id.index = self.function(id).parent;
        }
        id == outer
    }
}

/// Whether a default is `None`, or lets a framework give it: `Query(None)`.
fn may_be_none(default: &Expr) -> bool {
    let Expr::Call(call) = default else {
        return literal(default).is_none_or(|known| known == Known::None);
    };
    let names = ["default", "default_factory"];
    let mut keywords = call.arguments.keywords.iter();
    let is_given = keywords.any(|keyword| keyword.arg.as_ref().is_none_or(|name| names.contains(&name.as_str())));
    is_given || call.arguments.args.first().is_some_and(Expr::is_none_literal_expr)
}

/// `range(times)`
fn is_range(call: &ast::ExprCall) -> bool {
    matches!(&*call.func, Expr::Name(callee) if callee.id.as_str() == "range") && call.arguments.keywords.is_empty()
}

/// What a literal is.
pub(super) fn literal(expr: &Expr) -> Option<Known<'_>> {
    match expr {
        Expr::NoneLiteral(_) => Some(Known::None),
        Expr::BooleanLiteral(literal) => Some(Known::Bool(literal.value)),
        Expr::NumberLiteral(number) => Some(match &number.value {
            Number::Int(int) => int.as_u64().map_or(Known::Some, Known::Number),
            _ => Known::Some,
        }),
        Expr::StringLiteral(text) => Some(Known::Text(text.value.to_str())),
        // Containers may have been filled or emptied by the time somebody asks.
        Expr::FString(text) => Some(ends_of(text)),
        Expr::List(list) if list.elts.is_empty() => Some(Known::Empty),
        Expr::Dict(dict) if dict.items.is_empty() => Some(Known::Empty),
        Expr::Tuple(tuple) if tuple.elts.is_empty() => Some(Known::Empty),
        Expr::BytesLiteral(_) => Some(Known::Bytes),
        Expr::List(_)
        | Expr::Tuple(_)
        | Expr::Dict(_)
        | Expr::Set(_)
        | Expr::ListComp(_)
        | Expr::SetComp(_)
        | Expr::DictComp(_) => Some(Known::Some),
        Expr::Lambda(_) | Expr::Generator(_) => Some(Known::True),
        _ => None,
    }
}

/// What an f-string begins and ends with, whatever stands in between.
fn ends_of(text: &ast::ExprFString) -> Known<'_> {
    let [ast::FStringPart::FString(only)] = text.value.as_slice() else { return Known::Some };
    let (head, tail) = (written(only.elements.first()), written(only.elements.last()));
    if only.elements.len() == 1 && !head.is_empty() { Known::Text(head) } else { Known::Ends(head, tail) }
}

fn written(element: Option<&ast::InterpolatedStringElement>) -> &str {
    match element {
        Some(ast::InterpolatedStringElement::Literal(literal)) => &literal.value,
        _ => "",
    }
}
