//! What pydantic runs of a model when code makes one, parses one, or writes one out.
//!
//! Those of the models in its fields run as well, where what they are made of is data: an instance that is given to a
//! field is taken as it is (pydantic 2.13: `revalidate_instances='never'`, and so in pydantic 1), and a default is not
//! validated. Whether the input has the field that a validator is for is not asked.

use super::expand::Work;
use std::collections::{BTreeMap, BTreeSet};

use crate::python::calls::last_name;
use crate::python::names::Bound;
use crate::python::syntax::ast::{self, Expr};
use crate::python::types::{ClassId, FunctionId, Types, Value};
use crate::source::Span;

/// Classes that models inherit from, by the beginning and the end of their names.
const MODELS: [(&str, &str); 5] = [
    ("pydantic.", ".BaseModel"),
    ("pydantic.", ".RootModel"),
    ("pydantic_settings.", ".BaseSettings"),
    ("ninja.", ".Schema"),
    ("sqlmodel.", ".SQLModel"),
];
/// Decorators of methods that run when a model is made.
const VALIDATORS: [&str; 4] = ["field_validator", "model_validator", "validator", "root_validator"];
/// Decorators of methods that run when it is written out.
const SERIALIZERS: [&str; 3] = ["field_serializer", "model_serializer", "computed_field"];
/// Methods of the class that make an instance of what they are given.
const PARSING: [&str; 8] = [
    "model_validate",
    "model_validate_json",
    "model_validate_strings",
    "parse_obj",
    "parse_raw",
    "parse_file",
    "from_orm",
    "validate",
];
/// Methods of an instance that write it out.
const WRITING: [&str; 4] = ["model_dump", "model_dump_json", "dict", "json"];
/// How many models inside models are looked into.
const MAX_DEPTH: u8 = 3;

/// Whether a class is a model, by the classes of libraries that it inherits from.
fn is_model(types: &Types<'_>, class: ClassId) -> bool {
    let is = |base: &str| MODELS.iter().any(|(from, name)| base.starts_with(from) && base.ends_with(name));
    !types.class(class).bases.is_empty() && types.library_bases(class).iter().any(|base| is(base))
}

impl<'a> Work<'_, 'a> {
    /// Making an instance runs the validators, and those of the models that its fields are made of here.
    pub(super) fn validates(&mut self, class: ClassId, call: &'a ast::ExprCall, span: Span, doubtful: bool) {
        if !is_model(self.types, class) {
            return;
        }
        self.runs_own_hooks(class, &VALIDATORS, span, doubtful);
        let spreads = call.arguments.keywords.iter().any(|keyword| keyword.arg.is_none());
        for (name, inner) in self.models_inside(class) {
            // The only field of a `RootModel` is given by position.
            let given = call.arguments.find_keyword(name).map(|keyword| &keyword.value);
            let given = given.or_else(|| call.arguments.args.first().filter(|_| name == "root"));
            let made = match given {
                Some(given) => self.is_made_of(given),
                None if spreads => Made::Unknown,
                None => Made::Before,
            };
            if made != Made::Before {
                let doubtful = doubtful || made == Made::Unknown || inner.len() > 1;
                for class in inner {
                    self.runs_hooks(class, &VALIDATORS, span, doubtful, 1);
                }
            }
        }
    }

    /// Whether pydantic makes the models in a field of what it is given.
    fn is_made_of(&self, given: &'a Expr) -> Made {
        match given {
            Expr::Dict(_) => return Made::OfData,
            Expr::List(ast::ExprList { elts, .. }) | Expr::Tuple(ast::ExprTuple { elts, .. }) => {
                return elts.iter().map(|one| self.is_made_of(one)).max().unwrap_or(Made::Before);
            }
            Expr::Call(call) if WRITING.contains(&last_name(&call.func)) => return Made::OfData,
            literal if literal.is_literal_expr() => return Made::Before,
            _ => {}
        }
        let values = self.types.value(given, self.frame);
        values.iter().map(|value| made_of(self.types, value)).max().unwrap_or(Made::Unknown)
    }

    /// `Model.model_validate(data)`, `model.model_dump()`.
    pub(super) fn parses_or_writes(&mut self, method: &str, owners: &[Value<'a>], span: Span, doubtful: bool) {
        for owner in owners {
            match owner {
                Value::Class(class) if PARSING.contains(&method) && is_model(self.types, *class) => {
                    self.runs_hooks(*class, &VALIDATORS, span, doubtful, 0);
                }
                Value::Object(class) if WRITING.contains(&method) && is_model(self.types, *class) => {
                    self.runs_hooks(*class, &SERIALIZERS, span, doubtful, 0);
                }
                _ => {}
            }
        }
    }

    /// Whether this is one of those methods.
    pub(super) fn is_of_models(method: &str) -> bool {
        PARSING.contains(&method) || WRITING.contains(&method)
    }

    fn runs_hooks(&mut self, class: ClassId, decorators: &[&str], span: Span, doubtful: bool, depth: u8) {
        self.runs_own_hooks(class, decorators, span, doubtful);
        if depth >= MAX_DEPTH {
            return;
        }
        for (_, inner) in self.models_inside(class) {
            // Which of several it is depends on the data.
            let doubtful = doubtful || inner.len() > 1;
            for class in inner {
                self.runs_hooks(class, decorators, span, doubtful, depth + 1);
            }
        }
    }

    /// The models that the fields of a model may hold, by the name of the field.
    fn models_inside(&self, class: ClassId) -> BTreeMap<&'a str, BTreeSet<ClassId>> {
        let mut inner: BTreeMap<&'a str, BTreeSet<ClassId>> = BTreeMap::new();
        for value in self.types.ancestry(class).iter() {
            let Value::Class(owner) = *value else { continue };
            for (name, bindings) in &self.types.class(owner).fields {
                for binding in bindings {
                    if let Bound::Value { annotation: Some(annotation), .. } = binding.bound {
                        let around = self.types.plain(FunctionId { file: owner.file, index: binding.scope });
                        let held = self.types.annotation(annotation, around).into_iter().filter_map(|one| held(&one));
                        let models: Vec<ClassId> = held.filter(|class| is_model(self.types, *class)).collect();
                        if !models.is_empty() {
                            inner.entry(name).or_default().extend(models);
                        }
                    }
                }
            }
        }
        inner
    }

    fn runs_own_hooks(&mut self, class: ClassId, decorators: &[&str], span: Span, doubtful: bool) {
        let mut methods: Vec<FunctionId> = Vec::new();
        for value in self.types.ancestry(class).iter() {
            let Value::Class(owner) = *value else { continue };
            let all = self.types.class(owner).methods.values().flatten();
            methods.extend(all.map(|&index| FunctionId { file: owner.file, index }));
        }
        methods.sort_unstable();
        for id in methods {
            let function = self.types.function(id);
            if function.decorators.iter().any(|decorator| decorators.contains(&last_name(&decorator.expression))) {
                self.step(self.types.plain(id), span, doubtful);
            }
        }
    }
}

/// What the model in a field is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Made {
    /// It is made already, or it is none.
    Before,
    /// Nobody knows.
    Unknown,
    /// Of data, which is validated.
    OfData,
}

/// What the model in a field is made of, where this is given for it.
fn made_of(types: &Types<'_>, value: &Value<'_>) -> Made {
    match value {
        Value::Object(class) if is_model(types, *class) => Made::Before,
        Value::Record(_) => Made::OfData,
        Value::Mapping(inner) if !matches!(**inner, Value::Object(_)) => Made::OfData,
        Value::Items(inner) | Value::Mapping(inner) => made_of(types, inner),
        Value::Tuple(parts) => {
            let parts = parts.iter().flat_map(|part| part.iter());
            parts.map(|part| made_of(types, part)).max().unwrap_or(Made::Unknown)
        }
        Value::Known(_) => Made::Before,
        _ => Made::Unknown,
    }
}

/// The class of the objects that a field holds, one or many.
fn held(value: &Value<'_>) -> Option<ClassId> {
    match value {
        Value::Object(class) => Some(*class),
        Value::Items(inner) | Value::Mapping(inner) => held(inner),
        _ => None,
    }
}
