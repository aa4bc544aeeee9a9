//! Attributes of classes and of their instances.

use super::outside::is_settings;
use super::{ClassId, Frame, FunctionId, Types, Value};
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::Expr;
use crate::values::Order as _;

impl<'a> Types<'a> {
    /// `Class.name`.
    pub(super) fn class_attribute(&self, class: ClassId, name: &str) -> Vec<Value<'a>> {
        if let Some(&index) = self.class(class).nested.get(name) {
            return vec![Value::Class(ClassId { index, ..class })];
        }
        let line = self.ancestry(class);
        let method = self.method_from(&line, class, name);
        if !method.is_empty() {
            return method;
        }
        if self.has_field(&line, name) && self.is_enumeration(class) {
            return vec![Value::Object(class)];
        }
        let field = self.field(&line, class, name);
        if !field.is_empty() {
            return field;
        }
        let outside = self.set_on_object(class, name);
        if !outside.is_empty() || self.has_field(&line, name) {
            return outside;
        }
        self.inherited(class, name)
    }

    /// `object.name`.
    pub(super) fn object_attribute(&self, class: ClassId, name: &str) -> Vec<Value<'a>> {
        let line = self.ancestry(class);
        let method = self.method_from(&line, class, name);
        if !method.is_empty() {
            let is_property =
                |value: &Value<'a>| matches!(value, Value::Function(frame) if self.is_property(frame.function));
            return method
                .iter()
                .flat_map(|value| if is_property(value) { self.result_of(value) } else { vec![value.clone()] })
                .collect();
        }
        let nested = line.iter().find_map(|value| match value {
            Value::Class(owner) => {
                let index = *self.class(*owner).nested.get(name)?;
                Some(Value::Class(ClassId { index, ..*owner }))
            }
            _ => None,
        });
        if let Some(nested) = nested {
            return vec![nested];
        }
        if self.fills_settings(&line, class, name) {
            return self.inherited(class, name);
        }
        let field = self.field(&line, class, name);
        if !field.is_empty() {
            return self.described(field);
        }
        let outside = self.set_on_object(class, name);
        if !outside.is_empty() || self.has_field(&line, name) {
            return outside;
        }
        if self.has_special("__getattr__") {
            let delegated = self.delegated(&line, class, name);
            if !delegated.is_empty() {
                return delegated;
            }
        }
        self.inherited(class, name)
    }

    /// What descriptors of the project give in place of themselves.
    fn described(&self, field: Vec<Value<'a>>) -> Vec<Value<'a>> {
        if !self.has_special("__get__") {
            return field;
        }
        let given = |value: Value<'a>| {
            let Value::Object(class) = value else { return vec![value] };
            let getters = self.method(class, "__get__");
            if getters.is_empty() {
                return vec![value];
            }
            getters.iter().flat_map(|getter| self.result_of(getter)).collect()
        };
        field.into_iter().flat_map(given).collect()
    }

    /// The classes of the descriptors that an attribute is written through.
    pub fn descriptors(&self, class: ClassId, name: &str) -> Vec<ClassId> {
        if !self.has_special("__set__") && !self.has_special("__delete__") {
            return Vec::new();
        }
        let held = self.field(&self.ancestry(class), class, name);
        let writes = |class: ClassId| ["__set__", "__delete__"].iter().any(|name| !self.method(class, name).is_empty());
        let classes =
            held.into_iter().filter_map(|value| if let Value::Object(class) = value { Some(class) } else { None });
        classes.filter(|class| writes(*class)).collect()
    }

    /// Whether an attribute holds the settings of the application, to which the class only adds some.
    fn fills_settings(&self, line: &[Value<'a>], class: ClassId, name: &str) -> bool {
        let fills = |binding: &Binding<'a>| matches!(binding.bound, Bound::Kept(_) | Bound::KeptHeld(_));
        name == "settings"
            && self.library_bases(class).iter().any(|base| is_settings(base, name))
            && line.iter().all(|value| match value {
                Value::Class(owner) => self.class(*owner).fields.get(name).into_iter().flatten().all(fills),
                _ => true,
            })
    }

    /// Whether a class or one of its bases gives an attribute a value, known or not.
    pub fn has_field(&self, line: &[Value<'a>], name: &str) -> bool {
        line.iter().any(|value| matches!(value, Value::Class(owner) if self.class(*owner).fields.contains_key(name)))
    }

    /// `def __getattr__(self, name): return getattr(self.other, name)`.
    fn delegated(&self, line: &[Value<'a>], class: ClassId, name: &str) -> Vec<Value<'a>> {
        let mut found = Vec::new();
        for method in self.method_from(line, class, "__getattr__") {
            let Value::Function(frame) = method else { continue };
            let function = self.function(frame.function);
            let asked = function.parameters.get(1).map_or("", |parameter| parameter.name);
            for result in function.results.iter().take(4) {
                let Expr::Call(call) = result else { continue };
                let is_getattr = matches!(&*call.func, Expr::Name(callee) if callee.id.as_str() == "getattr");
                if let [object, Expr::Name(what), ..] = &*call.arguments.args
                    && is_getattr
                    && what.id.as_str() == asked
                {
                    let objects = self.value(object, frame);
                    let others = objects.iter().filter(|object| **object != Value::Object(class));
                    found.extend(others.flat_map(|object| self.attribute(object, name)));
                }
            }
        }
        found
    }

    /// What the fields of a class call when an instance is made without them, and where that is read.
    pub fn default_factories(&self, class: ClassId) -> Vec<(&'a Expr, Frame)> {
        let mut found = Vec::new();
        for value in self.ancestry(class).iter() {
            let Value::Class(owner) = *value else { continue };
            for bindings in self.class(owner).fields.values() {
                for binding in bindings {
                    let Bound::Value { value: Some(Expr::Call(call)), .. } = binding.bound else { continue };
                    let factory =
                        call.arguments.keywords.iter().find(|keyword| {
                            keyword.arg.as_ref().is_some_and(|name| name.as_str() == "default_factory")
                        });
                    let function = FunctionId { file: owner.file, index: binding.scope };
                    found.extend(factory.map(|factory| (&factory.value, binding.at, self.plain(function))));
                }
            }
        }
        found.order_by_key(|(_, at, frame)| (frame.function, *at));
        found.into_iter().map(|(factory, _, frame)| (factory, frame)).collect()
    }

    pub(super) fn is_enumeration(&self, class: ClassId) -> bool {
        self.library_bases(class).iter().any(|base| base.starts_with("enum.") || base.ends_with("TextChoices"))
    }

    pub(super) fn is_typed_dictionary(&self, class: ClassId) -> bool {
        self.library_bases(class).iter().any(|base| base.ends_with("TypedDict"))
    }

    /// The field of a named tuple at a position.
    pub(super) fn named_part(&self, class: ClassId, position: usize) -> Vec<Value<'a>> {
        if !self.library_bases(class).iter().any(|base| &**base == "typing.NamedTuple") {
            return Vec::new();
        }
        let fields = &self.class(class).fields;
        let mut names: Vec<(usize, &str)> =
            fields.iter().filter_map(|(name, bindings)| Some((bindings.first()?.at, *name))).collect();
        names.sort_unstable();
        let name = names.get(position).map(|(_, name)| *name);
        name.map(|name| self.object_attribute(class, name)).unwrap_or_default()
    }

    pub(super) fn field(&self, line: &[Value<'a>], receiver: ClassId, name: &str) -> Vec<Value<'a>> {
        for value in line {
            let Value::Class(owner) = value else { continue };
            let Some(bindings) = self.class(*owner).fields.get(name) else {
                continue;
            };
            let found: Vec<_> =
                bindings.iter().flat_map(|binding| self.field_value(*owner, receiver, name, binding)).collect();
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }

    fn field_value(&self, owner: ClassId, receiver: ClassId, name: &str, binding: &Binding<'a>) -> Vec<Value<'a>> {
        let function = FunctionId { file: owner.file, index: binding.scope };
        let in_method = self.function(function).class == Some(owner.index);
        if !in_method && let Some(member) = self.member_of_body(owner, receiver, binding) {
            return member;
        }
        let object = (in_method && owner != receiver).then_some(((function, 0), Value::Object(receiver)));
        let entries = object.into_iter().chain(self.bound_class(owner, receiver));
        let environment = self.extend(super::Environment::default(), entries.collect());
        let frame = self.open(Frame { function, environment });
        if !in_method && let Some(related) = self.relation_in(receiver, name, binding, frame) {
            return related;
        }
        let mut found = self.bound(binding.bound, frame, binding.scope);
        if self.class(owner).fields.get(name).is_some_and(|bindings| bindings.len() == 1) {
            found = self.as_assigned(found, binding, frame);
        }
        let is_declared_only = !in_method && matches!(binding.bound, Bound::Value { value: None, .. });
        if found.is_empty() && is_declared_only {
            return self.given_to_field(owner, name);
        }
        if in_method { found } else { self.managed(receiver, found) }
    }

    /// `alias = method` in the body of a class.
    fn member_of_body(&self, owner: ClassId, receiver: ClassId, binding: &Binding<'a>) -> Option<Vec<Value<'a>>> {
        let Bound::Value { value: Some(Expr::Name(name)), annotation: None } = binding.bound else {
            return None;
        };
        let index = *self.class(owner).methods.get(name.id.as_str())?.last()?;
        Some(self.bind_receiver(FunctionId { file: owner.file, index }, receiver))
    }
}
