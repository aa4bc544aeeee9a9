//! What pydantic runs of a model when code makes one, parses one, or writes one out.
//!
//! Those of the models in its fields run as well. Whether the input has the field that a validator is for is not asked.

use super::expand::Work;
use crate::python::calls::last_name;
use crate::python::names::Bound;
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
    /// Making an instance runs the validators.
    pub(super) fn validates(&mut self, class: ClassId, span: Span, doubtful: bool) {
        if is_model(self.types, class) {
            self.runs_hooks(class, &VALIDATORS, span, doubtful, 0);
        }
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
        let mut methods: Vec<FunctionId> = Vec::new();
        let mut inner: Vec<ClassId> = Vec::new();
        for value in self.types.ancestry(class).iter() {
            let Value::Class(owner) = *value else { continue };
            let facts = self.types.class(owner);
            methods.extend(facts.methods.values().flatten().map(|&index| FunctionId { file: owner.file, index }));
            for binding in facts.fields.values().flatten() {
                if let Bound::Value { annotation: Some(annotation), .. } = binding.bound {
                    let function = FunctionId { file: owner.file, index: binding.scope };
                    let around = self.types.plain(function);
                    inner.extend(self.types.annotation(annotation, around).iter().filter_map(held));
                }
            }
        }
        methods.sort_unstable();
        for id in methods {
            let function = self.types.function(id);
            if function.decorators.iter().any(|decorator| decorators.contains(&last_name(&decorator.expression))) {
                self.step(self.types.plain(id), span, doubtful);
            }
        }
        inner.sort_unstable();
        inner.dedup();
        for class in inner.into_iter().filter(|_| depth < MAX_DEPTH) {
            if is_model(self.types, class) {
                self.runs_hooks(class, decorators, span, doubtful, depth + 1);
            }
        }
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
