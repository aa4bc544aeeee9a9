//! Validators and serializers of the models that requests and responses carry.
//!
//! FastAPI validates and serializes on the loop, whatever the route is, `django-ninja` for coroutines. Observed with FastAPI 0.165
//! and pydantic 2.

use std::collections::BTreeSet;

use super::find::Finder;
use super::index::{Entry, among};
use super::{Context, Form, Framework, Names, ON_LOOP, Role, Told};
use crate::python::names::Bound;
use crate::python::syntax::ast::Expr;
use crate::python::syntax::span_of;
use crate::python::types::{ClassId, Frame, FunctionId, Value};

const MODELS: Names = &["pydantic.*.BaseModel", "pydantic.*.RootModel", "sqlmodel.*.SQLModel", "ninja.*.Schema"];
/// Decorators of methods that run when a model is made.
const VALIDATORS: Names =
    &["pydantic.*.field_validator", "pydantic.*.model_validator", "pydantic.*.validator", "pydantic.*.root_validator"];
/// Decorators of methods that run when it is written.
const SERIALIZERS: Names = &["pydantic.*.field_serializer", "pydantic.*.model_serializer", "pydantic.*.computed_field"];
/// Marks of an annotation, with a function as the first argument.
const MARKS: Names = &[
    "pydantic.*.AfterValidator",
    "pydantic.*.BeforeValidator",
    "pydantic.*.PlainValidator",
    "pydantic.*.WrapValidator",
];
const SERIALIZING_MARKS: Names = &["pydantic.*.PlainSerializer", "pydantic.*.WrapSerializer"];

static HOOK: Form = ON_LOOP.form(Told::Named { names: VALIDATORS }, Role::Validator);

/// Whether a model comes with the request or goes with the response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Way {
    In,
    Out,
}

impl<'a> Finder<'_, 'a> {
    /// Adds the hooks of the models that the signatures of FastAPI's handlers name.
    pub(super) fn models(&mut self) {
        let mut seen: BTreeSet<(ClassId, Way)> = BTreeSet::new();
        let handlers: BTreeSet<FunctionId> = self
            .found
            .values()
            .filter(|found| match found.framework {
                Framework::FastApi => true,
                // `django-ninja` does so where the operation is a coroutine.
                Framework::Django => found.context == Context::Loop,
                _ => false,
            })
            .filter(|found| matches!(found.role, Role::Route | Role::Dependency))
            .map(|found| found.function)
            .collect();
        for id in handlers {
            let function = self.types.function(id);
            let frame = self.types.plain(id);
            let around = Frame { function: FunctionId { index: function.parent, ..id }, ..frame };
            for parameter in &function.parameters {
                if let Some(annotation) = parameter.annotation {
                    self.annotated(annotation, around, Way::In, &mut seen);
                }
            }
            if let Some(returns) = function.returns {
                self.annotated(returns, around, Way::Out, &mut seen);
            }
            for decorator in function.decorators {
                let Expr::Call(call) = &decorator.expression else { continue };
                for keyword in &call.arguments.keywords {
                    if keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == "response_model") {
                        self.annotated(&keyword.value, around, Way::Out, &mut seen);
                    }
                }
            }
        }
    }

    fn annotated(&mut self, annotation: &'a Expr, frame: Frame, way: Way, seen: &mut BTreeSet<(ClassId, Way)>) {
        self.marks(annotation, frame, way);
        for value in self.types.annotation(annotation, frame) {
            let mut value = &value;
            while let Value::Items(item) = value {
                value = item;
            }
            if let Value::Object(class) = value {
                self.model(*class, way, seen);
            }
        }
    }

    fn model(&mut self, class: ClassId, way: Way, seen: &mut BTreeSet<(ClassId, Way)>) {
        if !seen.insert((class, way)) || !self.types.library_bases(class).iter().any(|base| among(MODELS, base)) {
            return;
        }
        for value in self.types.ancestry(class).iter() {
            if let Value::Class(owner) = *value {
                self.hooks(owner, way);
                self.fields_of(owner, way, seen);
            }
        }
        if way == Way::In {
            self.add_method(class, "model_post_init", hook(), HOOK.plain, None);
        }
    }

    fn hooks(&mut self, class: ClassId, way: Way) {
        let names = if way == Way::In { VALIDATORS } else { SERIALIZERS };
        let mut methods: Vec<u32> = self.types.class(class).methods.values().flatten().copied().collect();
        methods.sort_unstable();
        for index in methods {
            let id = FunctionId { file: class.file, index };
            let function = self.types.function(id);
            let around = self.types.plain(FunctionId { index: function.parent, ..id });
            let hooks = function.decorators.iter().any(|decorator| {
                let callee = match &decorator.expression {
                    Expr::Call(call) => &*call.func,
                    other => other,
                };
                self.types
                    .value(callee, around)
                    .iter()
                    .any(|value| matches!(value, Value::External(name) if among(names, name)))
            });
            if hooks {
                let frame = self.types.plain(id);
                self.push(frame, id, hook(), HOOK.plain, None);
            }
        }
    }

    fn fields_of(&mut self, class: ClassId, way: Way, seen: &mut BTreeSet<(ClassId, Way)>) {
        let facts = self.types.class(class);
        let mut names: Vec<&str> = facts.fields.keys().copied().collect();
        names.sort_unstable();
        let mut annotations = Vec::new();
        for name in names {
            for binding in facts.fields.get(name).into_iter().flatten() {
                if let Bound::Value { annotation: Some(annotation), .. } = binding.bound {
                    annotations
                        .push((annotation, self.types.plain(FunctionId { file: class.file, index: binding.scope })));
                }
            }
        }
        for (annotation, frame) in annotations {
            self.annotated(annotation, frame, way, seen);
        }
    }

    /// `Annotated[T, AfterValidator(f)]`, or a name for it.
    fn marks(&mut self, annotation: &'a Expr, frame: Frame, way: Way) {
        if let Expr::Name(name) = annotation {
            for (bound, frame) in self.types.sources(name.id.as_str(), frame, span_of(name).start) {
                if let Bound::Value { value: Some(meant @ Expr::Subscript(_)), .. } | Bound::Alias(meant) = bound {
                    self.marks(meant, frame, way);
                }
            }
        }
        let Expr::Subscript(subscript) = annotation else { return };
        let Expr::Tuple(tuple) = &*subscript.slice else { return };
        let names = if way == Way::In { MARKS } else { SERIALIZING_MARKS };
        for element in tuple.elts.iter().skip(1) {
            let Expr::Call(call) = element else { continue };
            let is_mark = |value: &Value<'a>| matches!(value, Value::External(name) if among(names, name));
            if !self.types.value(&call.func, frame).iter().any(is_mark) {
                continue;
            }
            if let Some(first) = call.arguments.args.first() {
                for value in self.given(first, frame) {
                    self.add_value(&value, hook(), HOOK.plain, None);
                }
            }
        }
    }
}

const fn hook() -> Entry {
    Entry { framework: Framework::FastApi, form: &HOOK }
}
