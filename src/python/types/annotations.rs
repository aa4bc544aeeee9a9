//! What an annotation promises.

use std::rc::Rc;

use super::classes::canonical;
use super::{ClassId, ExprRef, Frame, Question, Types, Value};
use crate::python::syntax::ast::{self, Expr, Operator};
use crate::python::syntax::span_of;

impl<'a> Types<'a> {
    /// The values that an annotation read in `frame` admits.
    pub fn annotation(&self, annotation: &'a Expr, frame: Frame) -> Vec<Value<'a>> {
        self.ask(Question::Annotation(ExprRef(annotation)), frame).to_vec()
    }

    pub(super) fn admitted(&self, annotation: &'a Expr, frame: Frame) -> Vec<Value<'a>> {
        match annotation {
            Expr::Name(name) if name.id.as_str() == "Self" => self.own_instance(frame),
            Expr::Name(_) | Expr::Attribute(_) => {
                if let Expr::Name(name) = annotation
                    && let Some(bound) = self.type_parameter(name.id.as_str(), frame)
                {
                    return bound;
                }
                let values = self.value(annotation, frame);
                let is_self = |value: &Value<'a>| matches!(value, Value::External(name) if matches!(&**name, "typing.Self" | "typing_extensions.Self"));
                if values.iter().any(is_self) {
                    return self.own_instance(frame);
                }
                values.iter().flat_map(|value| self.instances(value)).collect()
            }
            Expr::StringLiteral(text) => self.written(text.value.to_str(), frame, span_of(text).start),
            Expr::BinOp(union) if union.op == Operator::BitOr => {
                let mut values = self.annotation(&union.left, frame);
                values.extend(self.annotation(&union.right, frame));
                values
            }
            Expr::Subscript(subscript) => self.generic(subscript, frame),
            _ => Vec::new(),
        }
    }

    /// What values of a type there are.
    fn instances(&self, ty: &Value<'a>) -> Vec<Value<'a>> {
        match ty {
            Value::Class(class) => vec![Value::Object(*class)],
            Value::External(name) if is_vague(name) => Vec::new(),
            Value::External(name) => vec![Value::Instance(canonical(name))],
            Value::Alias(alias, frame) => self.annotation(alias.0, *frame),
            _ => Vec::new(),
        }
    }

    fn own_instance(&self, frame: Frame) -> Vec<Value<'a>> {
        let mut id = frame.function;
        while self.function(id).class.is_none() && id.index != 0 {
            id.index = self.function(id).parent;
        }
        let class = self.function(id).class.map(|index| ClassId { file: id.file, index });
        class.map(Value::Object).into_iter().collect()
    }

    fn generic(&self, subscript: &'a ast::ExprSubscript, frame: Frame) -> Vec<Value<'a>> {
        let arguments: Vec<&'a Expr> = match &*subscript.slice {
            Expr::Tuple(tuple) => tuple.elts.iter().collect(),
            one => vec![one],
        };
        let base = self.value(&subscript.value, frame);
        base.iter()
            .flat_map(|value| match value {
                Value::External(name) => self.library_generic(name, &arguments, frame),
                other => self.instances(other),
            })
            .collect()
    }

    fn library_generic(&self, name: &str, arguments: &[&'a Expr], frame: Frame) -> Vec<Value<'a>> {
        let first = || arguments.first().map(|first| self.annotation(first, frame)).unwrap_or_default();
        let held = |values: Vec<Value<'a>>| values.into_iter().map(|value| Value::Items(Rc::new(value))).collect();
        match shape(name) {
            Shape::Same => first(),
            Shape::Annotated => {
                let declared = first();
                if declared.is_empty() { self.metadata(arguments, frame) } else { declared }
            }
            Shape::Union => arguments.iter().flat_map(|argument| self.annotation(argument, frame)).collect(),
            Shape::Holds => held(first()),
            Shape::Maps => Self::kept(arguments.last().map(|last| self.annotation(last, frame)).unwrap_or_default()),
            Shape::Parts => match arguments {
                [one, Expr::EllipsisLiteral(_)] => held(self.annotation(one, frame)),
                parts => Self::parts(parts.iter().map(|part| self.annotation(part, frame).into()).collect()),
            },
            Shape::Calls => {
                let result = arguments.last().map(|last| self.annotation(last, frame)).unwrap_or_default();
                result.into_iter().map(|value| Value::Returns(Rc::new(value))).collect()
            }
            Shape::Last => arguments.last().map(|last| self.annotation(last, frame)).unwrap_or_default(),
            Shape::Class => first().into_iter().filter_map(class_of).collect(),
            Shape::Nothing => Vec::new(),
            Shape::Instance => vec![Self::query_or_instance(name, first)],
            Shape::Carries(attribute) => Self::carrying(attribute, first()),
        }
    }

    /// An object of which one attribute is known.
    fn carrying(attribute: &str, values: Vec<Value<'a>>) -> Vec<Value<'a>> {
        if values.is_empty() { Vec::new() } else { vec![Value::Record(Rc::new([(attribute.into(), values.into())]))] }
    }

    fn query_or_instance(name: &str, rows: impl Fn() -> Vec<Value<'a>>) -> Value<'a> {
        let ty = canonical(name);
        let query = if &*ty == super::QUERY { Self::query_of(&rows()) } else { None };
        query.unwrap_or(Value::Instance(ty))
    }

    /// `Annotated[Any, Depends(f)]`: where the type says nothing, what is injected may.
    fn metadata(&self, arguments: &[&'a Expr], frame: Frame) -> Vec<Value<'a>> {
        let calls = arguments
            .iter()
            .skip(1)
            .filter_map(|argument| if let Expr::Call(call) = argument { Some(call) } else { None });
        calls.flat_map(|call| self.injected(call, frame)).collect()
    }

    /// An annotation in quotes.
    fn written(&self, text: &str, frame: Frame, at: usize) -> Vec<Value<'a>> {
        let text = text.trim();
        if text.len() > 200 {
            return Vec::new();
        }
        if let Some(parts) = split(text, '|') {
            return parts.into_iter().flat_map(|part| self.written(part, frame, at)).collect();
        }
        if let Some((base, inner)) = text.strip_suffix(']').and_then(|text| text.split_once('[')) {
            let parts = split(inner, ',').unwrap_or_else(|| vec![inner]);
            let held = |values: Vec<Value<'a>>| values.into_iter().map(|value| Value::Items(Rc::new(value))).collect();
            let first = || parts.first().map(|part| self.written(part, frame, at)).unwrap_or_default();
            let last = || parts.last().map(|part| self.written(part, frame, at)).unwrap_or_default();
            let base = self.dotted(base, frame, at);
            return base
                .iter()
                .flat_map(|value| match value {
                    Value::External(name) => match shape(name) {
                        Shape::Same | Shape::Annotated => first(),
                        Shape::Union => parts.iter().flat_map(|part| self.written(part, frame, at)).collect(),
                        Shape::Holds => held(first()),
                        Shape::Maps => Self::kept(last()),
                        Shape::Parts if parts.last().is_some_and(|last| last.trim() == "...") => held(first()),
                        Shape::Parts => {
                            Self::parts(parts.iter().map(|part| self.written(part, frame, at).into()).collect())
                        }
                        Shape::Calls => last().into_iter().map(|value| Value::Returns(Rc::new(value))).collect(),
                        Shape::Last => last(),
                        Shape::Class | Shape::Nothing => Vec::new(),
                        Shape::Instance => vec![Self::query_or_instance(name, first)],
                        Shape::Carries(attribute) => Self::carrying(attribute, first()),
                    },
                    other => self.instances(other),
                })
                .collect();
        }
        self.dotted(text, frame, at).iter().flat_map(|value| self.instances(value)).collect()
    }

    fn dotted(&self, text: &str, frame: Frame, at: usize) -> Vec<Value<'a>> {
        let mut parts = text.trim().split('.');
        // An annotation in quotes may name what is defined further down.
        let at = if frame.function.index == 0 { usize::MAX } else { at };
        let mut values = self.name(parts.next().unwrap_or_default(), frame, at);
        for part in parts {
            values = values.iter().flat_map(|value| self.attribute(value, part)).collect();
        }
        values
    }
}

/// The class of an instance.
pub(super) fn class_of(instance: Value<'_>) -> Option<Value<'_>> {
    match instance {
        Value::Object(class) => Some(Value::Class(class)),
        Value::Instance(name) => Some(Value::External(name)),
        _ => None,
    }
}

/// What the arguments of a generic type say about its values.
enum Shape {
    Same,
    Annotated,
    Union,
    Holds,
    Maps,
    Parts,
    Calls,
    Last,
    Class,
    Nothing,
    Instance,
    /// An attribute of this name is what stands in the brackets.
    Carries(&'static str),
}

/// Litestar's markers of where an argument of a handler comes from.
const LITESTAR: [&str; 9] = [
    "FromBody",
    "FromCookie",
    "FromHeader",
    "FromPath",
    "FromQuery",
    "FromState",
    "NamedDependency",
    "SkipValidation",
    "TypedDependency",
];

fn shape(name: &str) -> Shape {
    let last = name.rsplit('.').next().unwrap_or(name);
    // What is kept under a key or in a context is asked for like an item.
    if last == "ContextVar" || name.starts_with("aiohttp.web") && last == "AppKey" {
        return Shape::Maps;
    }
    // Markers of containers that inject what stands in their brackets.
    if matches!(last, "FromDishka" | "Injected") || name.starts_with("litestar.") && LITESTAR.contains(&last) {
        return Shape::Same;
    }
    if name.starts_with("strawberry.") && last == "Info" {
        return Shape::Carries("context");
    }
    if name.starts_with("blacksheep.") && last.starts_with("From") {
        return Shape::Carries("value");
    }
    if matches!(name, "asyncio.Future" | "asyncio.Task") {
        return Shape::Last;
    }
    let roots = ["typing.", "typing_extensions.", "collections.", "contextlib.", "sqlalchemy.orm.Mapped"];
    let standard = name == last || roots.iter().any(|root| name.starts_with(root));
    if !standard {
        return Shape::Instance;
    }
    match last {
        "Optional" | "Final" | "ClassVar" | "Required" | "NotRequired" | "ReadOnly" => Shape::Same,
        "Annotated" => Shape::Annotated,
        "Union" => Shape::Union,
        "list"
        | "List"
        | "set"
        | "Set"
        | "frozenset"
        | "FrozenSet"
        | "Sequence"
        | "Iterable"
        | "Iterator"
        | "Generator"
        | "AsyncIterator"
        | "AsyncIterable"
        | "AsyncGenerator"
        | "Collection"
        | "deque"
        | "Deque"
        | "AbstractContextManager"
        | "AbstractAsyncContextManager"
        | "ContextManager"
        | "AsyncContextManager" => Shape::Holds,
        "dict" | "Dict" | "Mapping" | "MutableMapping" | "defaultdict" | "DefaultDict" | "OrderedDict" => Shape::Maps,
        "tuple" | "Tuple" => Shape::Parts,
        "Callable" => Shape::Calls,
        "Awaitable" | "Coroutine" => Shape::Last,
        "type" | "Type" => Shape::Class,
        _ => Shape::Nothing,
    }
}

/// Whether an annotation says that what is assigned is an annotation itself.
pub(super) fn says_alias(annotation: &Expr) -> bool {
    match annotation {
        Expr::Name(name) => name.id.as_str() == "TypeAlias",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "TypeAlias",
        _ => false,
    }
}

/// Annotations that admit anything, or nothing that is followed: without its brackets, what holds, returns or
/// awaits something does not say what.
fn is_vague(name: &str) -> bool {
    !name.contains('.')
        || matches!(
            name,
            "typing.Any" | "typing.AnyStr" | "typing.Final" | "typing.ClassVar" | "typing_extensions.Final"
        )
        || matches!(shape(name), Shape::Calls | Shape::Last)
}

/// Splits at a separator outside brackets; `None` if there is none.
fn split(text: &str, separator: char) -> Option<Vec<&str>> {
    let mut depth = 0_usize;
    let mut start = 0;
    let mut parts = Vec::new();
    for (at, c) in text.char_indices() {
        match c {
            '[' | '(' => depth += 1,
            ']' | ')' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push(&text[start..at]);
                start = at + c.len_utf8();
            }
            _ => {}
        }
    }
    parts.push(&text[start..]);
    (parts.len() > 1).then_some(parts)
}
