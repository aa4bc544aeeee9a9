//! Managers and query sets of Django that classes of the project add methods to.
//!
//! Which model a manager is for is known where a model is given one in its body, as
//! `objects = Patients()`, `Patients.as_manager()` or `Base.from_queryset(Patients)()`. Methods are looked for in
//! the classes of the project first, with the query as their object, so that what they put together is still
//! one for the rows of that model:
//! <https://docs.djangoproject.com/en/5.2/topics/db/managers/#custom-managers>.

use std::rc::Rc;

use super::classes::canonical;
use super::rows::{QUERY, is_of_django};
use super::{ClassId, Frame, FunctionId, Query, Types, Value};
use crate::python::calls::last_name;
use crate::python::catalogue;
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr};

/// How many attributes of a model are looked at for its first manager.
const MAX_ATTRIBUTES: usize = 64;
/// The class that all models have in common.
const MODEL: &str = "django.db.models.Model";

impl<'a> Types<'a> {
    /// Whether a class of the project is a model of Django: it inherits from one, or from what is not known and has
    /// fields of Django.
    pub(super) fn is_model(&self, class: ClassId) -> bool {
        let bases = self.library_bases(class);
        let inherits = bases.iter().any(|base| is_model_of_library(base));
        let is_foreign = |base: &Rc<str>| base.contains(".models.") && catalogue::known_type(base).is_none();
        inherits || bases.iter().any(is_foreign) && self.has_model_fields(class)
    }

    fn has_model_fields(&self, class: ClassId) -> bool {
        self.ancestry(class).iter().any(|value| match *value {
            Value::Class(owner) => self.class(owner).fields.values().flatten().any(|binding| match binding.bound {
                Bound::Value { value: Some(Expr::Call(call)), .. } if is_field(last_name(&call.func)) => {
                    let body = self.plain(FunctionId { file: owner.file, index: binding.scope });
                    self.value(&call.func, body)
                        .iter()
                        .any(|callee| matches!(callee, Value::External(name) if name.starts_with("django.db.models.")))
                }
                _ => false,
            }),
            _ => false,
        })
    }

    /// What Django makes of an attribute that neither a model nor one of its bases in the project has.
    pub(super) fn made_by_model(&self, class: ClassId, name: &str) -> Option<Value<'a>> {
        if !self.is_model(class) {
            return None;
        }
        if let Some(manager) = self.default_manager(class, name) {
            return Some(manager);
        }
        let related = self.related(&Value::Object(class), name);
        // What a class that is not known inherits is most often from the one that all models have in common.
        related.or_else(|| {
            let is_known = self.library_bases(class).iter().any(|base| catalogue::known_type(base).is_some());
            (!is_known).then(|| Self::instance_attribute(&MODEL.into(), name))
        })
    }

    /// What the body of a model holds under a name: managers, each for the rows of this model.
    pub(super) fn managed(&self, model: ClassId, found: Vec<Value<'a>>) -> Vec<Value<'a>> {
        let is_query = |value: &Value<'a>| match value {
            Value::Object(class) => self.is_query_class(*class),
            Value::Instance(ty) => is_query_of_library(ty),
            _ => false,
        };
        if !found.iter().any(is_query) || !self.is_model(model) {
            return found;
        }
        let own = found.iter().filter_map(|value| if let Value::Object(class) = value { Some(*class) } else { None });
        vec![Value::rows_for(Value::Object(model), QUERY, own.collect())]
    }

    /// The manager that a model has whatever it calls those of its own.
    fn default_manager(&self, model: ClassId, name: &str) -> Option<Value<'a>> {
        match name {
            "objects" | "_base_manager" => Some(Value::rows(model, QUERY)),
            "_default_manager" => Some(self.first_manager(model).unwrap_or_else(|| Value::rows(model, QUERY))),
            _ => None,
        }
    }

    /// The first manager that a model or one of its bases declares.
    pub(super) fn first_manager(&self, model: ClassId) -> Option<Value<'a>> {
        let line = self.ancestry(model);
        for value in line.iter() {
            let Value::Class(owner) = *value else { continue };
            let fields = &self.class(owner).fields;
            let mut names: Vec<(usize, &str)> =
                fields.iter().filter_map(|(name, bindings)| Some((may_manage(bindings)?, *name))).collect();
            names.sort_unstable();
            let is_manager = |value: &Value<'a>| match value {
                Value::Rows(query) => is_of_django(&query.class) && query.row == Value::Object(model),
                _ => false,
            };
            for (_, name) in names.into_iter().take(MAX_ATTRIBUTES) {
                let held = self.field(&[Value::Class(owner)], model, name);
                let manager = held.into_iter().find(is_manager);
                if manager.is_some() {
                    return manager;
                }
            }
        }
        None
    }

    /// The manager of a model that comes with a library.
    pub(super) fn manager_of_library(&self, model: &str, name: &str) -> Option<Value<'a>> {
        if !matches!(name, "objects" | "_default_manager" | "_base_manager") {
            return None;
        }
        let (module, class) = model.rsplit_once('.')?;
        let looks_like_one = || {
            module.rsplit('.').any(|part| part == "models")
                && class.starts_with(char::is_uppercase)
                && self.has_django_settings()
        };
        if is_model_of_library(model) {
            return Some(Value::rows_for(Value::Instance(canonical(model)), QUERY, Rc::new([])));
        }
        looks_like_one().then(|| Value::rows_for(Value::Instance(MODEL.into()), QUERY, Rc::new([])))
    }

    /// Whether a class of the project is a manager or a query set.
    fn is_query_class(&self, class: ClassId) -> bool {
        self.library_bases(class).iter().any(|base| is_query_of_library(base))
    }

    /// Whether a declaration says no more than that something is a manager or a query set.
    pub(super) fn says_query(&self, declared: &[Value<'a>]) -> bool {
        match declared {
            [Value::Instance(ty)] => is_of_django(ty),
            [Value::Object(class)] => self.is_query_class(*class),
            _ => false,
        }
    }

    /// What is declared as a manager or a query set, or what was found in its place where that says more.
    pub(super) fn query_meant(&self, declared: Vec<Value<'a>>, found: Vec<Value<'a>>) -> Vec<Value<'a>> {
        let says_more = |value: &Value<'a>| match value {
            Value::Rows(query) => is_of_django(&query.class),
            Value::Object(class) => self.is_query_class(*class),
            _ => false,
        };
        if found.is_empty() || !found.iter().all(says_more) { declared } else { found }
    }

    /// `QuerySet[Patient]`.
    pub(super) fn query_of(rows: &[Value<'a>]) -> Option<Value<'a>> {
        match rows {
            [row @ (Value::Object(_) | Value::Instance(_))] => Some(Value::rows_for(row.clone(), QUERY, Rc::new([]))),
            _ => None,
        }
    }

    /// Whether a class of the project inherits from a manager rather than from a query set.
    fn is_manager_class(&self, class: ClassId) -> bool {
        self.ancestry(class).iter().any(|value| match value {
            Value::External(name) => name.rsplit('.').next().is_some_and(|last| last.ends_with("Manager")),
            _ => false,
        })
    }

    /// The classes of the project that a query is an instance of, nearest first.
    fn line_of_query(&self, query: &Query<'a>) -> Vec<ClassId> {
        let mut line = Vec::new();
        for class in query.own.iter() {
            for value in self.ancestry(*class).iter() {
                if let Value::Class(class) = *value
                    && !line.contains(&class)
                {
                    line.push(class);
                }
            }
        }
        let behind = query.behind.and_then(|class| line.iter().position(|known| *known == class));
        line.split_off(behind.map_or(0, |at| at + 1))
    }

    /// What an attribute of a query stands for.
    pub(super) fn query_attribute(&self, query: &Rc<Query<'a>>, name: &str) -> Vec<Value<'a>> {
        let line = self.line_of_query(query);
        if let Some(id) = line.iter().find_map(|class| self.own_method(*class, name)) {
            let method = self.bind_query(id, query);
            return if self.is_property(id) {
                method.iter().flat_map(|it| self.result_of(it)).collect()
            } else {
                method
            };
        }
        let held: Vec<Value<'a>> = line.iter().map(|class| Value::Class(*class)).collect();
        match (name, &query.row) {
            ("model", Value::Object(model)) => vec![Value::Class(*model)],
            ("model", Value::Instance(model)) => vec![Value::External(Rc::clone(model))],
            _ if self.has_field(&held, name) => {
                query.own.first().map(|own| self.field(&held, *own, name)).unwrap_or_default()
            }
            _ => vec![Value::RowsMethod(Rc::clone(query), name.into())],
        }
    }

    /// A method of the project with a query as its object.
    fn bind_query(&self, id: FunctionId, query: &Rc<Query<'a>>) -> Vec<Value<'a>> {
        let whole = || Value::Rows(Rc::new(Query { behind: None, ..(**query).clone() }));
        let entry = if self.has_decorator(id, "staticmethod") {
            None
        } else if self.has_decorator(id, "classmethod") {
            query.own.first().map(|own| Value::Class(*own))
        } else {
            Some(whole())
        };
        let entries = entry.map(|entry| ((id, 0), entry)).into_iter().collect();
        let environment = self.extend(super::Environment::default(), entries);
        self.decorated(Frame { function: id, environment }).to_vec()
    }

    /// What is above a class for a method of it that has a query as its object.
    pub(super) fn query_above(query: &Query<'a>, class: ClassId) -> Value<'a> {
        Value::Rows(Rc::new(Query { behind: Some(class), ..query.clone() }))
    }

    /// What a query gives that is put together from another one: of a manager, what its `get_queryset` gives.
    pub(super) fn put_together(&self, query: &Rc<Query<'a>>) -> Vec<Value<'a>> {
        if query.own.is_empty() {
            return vec![Value::rows_for(query.row.clone(), QUERY, Rc::new([]))];
        }
        let line = self.line_of_query(query);
        if let Some(id) = line.iter().find_map(|class| self.own_method(*class, "get_queryset")) {
            let made: Vec<Value<'a>> = self.bind_query(id, query).iter().flat_map(|it| self.result_of(it)).collect();
            let made: Vec<Value<'a>> = made.into_iter().filter(|value| matches!(value, Value::Rows(_))).collect();
            if !made.is_empty() {
                return made;
            }
        }
        let is_kept = |class: &ClassId| !self.is_manager_class(*class);
        let own: Rc<[ClassId]> = line.into_iter().filter(is_kept).filter(|class| self.is_query_class(*class)).collect();
        // Of a query set, the nearest class stands for all above it.
        let own = own.first().copied().into_iter().collect();
        vec![Value::rows_for(query.row.clone(), QUERY, own)]
    }

    /// `Patients(model)`, `Patients(model=self.model, using=self._db)`.
    pub(super) fn query_made(&self, class: ClassId, call: &'a ast::ExprCall, frame: Frame) -> Option<Value<'a>> {
        if !self.is_query_class(class) {
            return None;
        }
        let row = self.row_given(call, frame)?;
        Some(Value::rows_for(row, QUERY, Rc::new([class])))
    }

    /// An instance of the model that a query set is made with.
    fn row_given(&self, call: &'a ast::ExprCall, frame: Frame) -> Option<Value<'a>> {
        let model = call.arguments.args.first().or_else(|| Some(&call.arguments.find_keyword("model")?.value))?;
        self.value(model, frame).iter().find_map(|value| row_of(value))
    }

    /// What Django's own functions give of the model, the manager or the query set that they are given first.
    pub(super) fn looked_up(&self, function: &str, given: impl FnOnce() -> Vec<Value<'a>>) -> Option<Vec<Value<'a>>> {
        let rows = || {
            let row = |value: &Value<'a>| match value {
                Value::Rows(query) => Some(query.row.clone()),
                other => row_of(other),
            };
            given().iter().filter_map(row).collect::<Vec<_>>()
        };
        match function {
            "django.contrib.auth.get_user_model" => Some(vec![self.user_model()]),
            "django.shortcuts.get_object_or_404" | "django.shortcuts.aget_object_or_404" => Some(rows()),
            "django.shortcuts.get_list_or_404" | "django.shortcuts.aget_list_or_404" => Some(Self::held(rows())),
            _ => None,
        }
    }

    /// `Base.from_queryset(Patients)`: what inherits from both.
    pub(super) fn manager_of(&self, call: &'a ast::ExprCall, frame: Frame) -> Vec<Value<'a>> {
        let Expr::Attribute(method) = &*call.func else { return Vec::new() };
        let given = call.arguments.args.first().map(|given| self.value(given, frame).to_vec()).unwrap_or_default();
        let base = self.value(&method.value, frame);
        base.iter()
            .cloned()
            .chain(given)
            .filter(|value| matches!(value, Value::Class(_) | Value::External(_)))
            .collect()
    }
}

/// An instance of a model, as far as a class is one.
pub(super) fn row_of<'a>(model: &Value<'a>) -> Option<Value<'a>> {
    match model {
        Value::Class(model) => Some(Value::Object(*model)),
        Value::External(model) => is_model_of_library(model).then(|| Value::Instance(canonical(model))),
        _ => None,
    }
}

/// Whether a class of a library is a manager or a query set, if only by its name; one for tags has rows of its own.
fn is_query_of_library(name: &str) -> bool {
    let last = name.rsplit('.').next().unwrap_or(name);
    let is_called_so = (last.ends_with("Manager") || last.ends_with("QuerySet")) && !last.starts_with("Tag");
    canonical(name).as_ref() == QUERY || is_called_so && name.contains('.') && catalogue::known_type(name).is_none()
}

/// Where a name is bound to what may be a manager rather than a column or a relation.
fn may_manage(bindings: &[Binding<'_>]) -> Option<usize> {
    let may = |binding: &Binding<'_>| match binding.bound {
        Bound::Value { value: Some(Expr::Call(call)), .. } => !is_field(last_name(&call.func)),
        _ => false,
    };
    bindings.first().filter(|_| bindings.iter().all(may)).map(|first| first.at)
}

/// Whether a class of this name describes a column or a relation.
fn is_field(name: &str) -> bool {
    name.ends_with("Field") || name.ends_with("Key") || name == "GenericRelation"
}

/// Whether a class of a library is a model of Django.
pub(super) fn is_model_of_library(name: &str) -> bool {
    catalogue::known_type(name).and_then(|known| known.holds("objects")) == Some(QUERY)
}
