//! Relations between models of Django, and what they make of attributes on either side.
//!
//! `ForeignKey(Ward, related_name="patients")` in the body of `Patient` gives each patient a `ward`, and each ward
//! `patients`, which is a manager:
//! <https://docs.djangoproject.com/en/5.2/topics/db/queries/#following-relationships-backward>. A model may be
//! named by a text, with or without the label of its application, which most often is the name of its folder.

use std::rc::Rc;

use super::managers::{is_model_of_library, row_of};
use super::rows::RELATED;
use super::{ClassId, Frame, FunctionId, Query, Types, Value};
use crate::python::calls::last_name;
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr};
use crate::values::{HashMap, HashSet};

/// How many relations of one name on the other side are looked at.
const MAX_RELATIONS: usize = 16;
/// How many classes below an abstract model inherit its relations.
const MAX_BELOW: usize = 16;
/// How many lists inside lists are looked into.
const MAX_NESTED: u8 = 3;
/// What fetches the rows of relations together with the objects, and behind which argument it is told of which.
const FETCHES: [(&str, usize); 4] =
    [("prefetch_related", 0), (PREFETCH, 0), ("prefetch_related_objects", 1), ("aprefetch_related_objects", 1)];
/// What describes one of these relations.
const PREFETCH: &str = "Prefetch";
/// The model of users, where settings name no other.
const USER: &str = "django.contrib.auth.models.User";
/// The setting that names the model of users.
const USER_SETTING: &str = "AUTH_USER_MODEL";

/// What a relation leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// One object on this side, many on the other.
    One,
    /// One object on either side.
    OneToOne,
    /// Many on either side.
    Many,
    /// Many on this side, which the other side does not know of.
    Generic,
}

/// A relation that a model declares.
#[derive(Debug, Clone, Copy)]
struct Relation<'a> {
    owner: ClassId,
    kind: Kind,
    call: &'a ast::ExprCall,
    /// The body of the class.
    frame: Frame,
}

/// The relations of the loaded modules by what they are called on the other side, and their classes by name.
#[derive(Debug, Default)]
pub(super) struct Relations<'a> {
    reverse: HashMap<String, Vec<Relation<'a>>>,
    classes: HashMap<&'a str, Vec<ClassId>>,
    users: Option<&'a str>,
    /// Whether there are settings of Django.
    has_settings: bool,
    /// The relations whose rows somebody has fetched together with the objects.
    fetched: HashSet<&'a str>,
    /// Whether there are others of which it is not known which they are.
    fetches_others: bool,
}

impl<'a> Relations<'a> {
    fn may_be_fetched(&self, name: &str) -> bool {
        self.fetches_others || self.fetched.contains(name)
    }

    /// What `prefetch_related("visits__notes", Prefetch("tags"))` names.
    fn fetch(&mut self, named: &'a Expr, depth: u8) {
        match named {
            Expr::StringLiteral(path) => self.fetched.extend(path.value.to_str().split("__")),
            Expr::List(list) if depth < MAX_NESTED => list.elts.iter().for_each(|one| self.fetch(one, depth + 1)),
            Expr::Tuple(tuple) if depth < MAX_NESTED => tuple.elts.iter().for_each(|one| self.fetch(one, depth + 1)),
            Expr::NoneLiteral(_) => {}
            // What is made elsewhere is read where it is made.
            Expr::Call(call) if last_name(&call.func) == PREFETCH => {}
            _ => self.fetches_others = true,
        }
    }
}

impl<'a> Types<'a> {
    fn relations(&self) -> Rc<Relations<'a>> {
        if let Some(known) = &*self.relations.borrow() {
            return Rc::clone(known);
        }
        // Whatever is asked on the way to them is answered without them.
        self.relations.replace(Some(Rc::default()));
        let relations = Rc::new(self.read_relations());
        self.relations.replace(Some(Rc::clone(&relations)));
        relations
    }

    fn read_relations(&self) -> Relations<'a> {
        let mut relations = Relations::default();
        let loaded = self.loaded.borrow().clone();
        for file in loaded {
            let facts = self.facts_at(file);
            for (class, index) in facts.classes.iter().zip(0..) {
                let id = ClassId { file, index };
                relations.classes.entry(class.name).or_default().push(id);
                for bindings in class.fields.values() {
                    for binding in bindings.iter().filter(|binding| !self.is_in_method(id, binding)) {
                        self.relate(&mut relations, id, binding);
                    }
                }
            }
            relations.has_settings |= !self.django_setting(file, "INSTALLED_APPS").is_empty();
            let named = self.django_setting(file, USER_SETTING);
            let text = named.iter().rev().find_map(|binding| match binding.bound {
                Bound::Value { value: Some(Expr::StringLiteral(text)), .. } => Some(text.value.to_str()),
                _ => None,
            });
            relations.users = text.or(relations.users);
        }
        for (name, first) in FETCHES {
            for (_, call) in self.sites().calls.get(name).into_iter().flatten() {
                let most = if name == PREFETCH { 1 } else { usize::MAX };
                call.arguments.args.iter().skip(first).take(most).for_each(|named| relations.fetch(named, 0));
                if name == PREFETCH
                    && let Some(named) = call.arguments.find_keyword("lookup")
                {
                    relations.fetch(&named.value, 0);
                }
            }
        }
        relations
    }

    /// Whether Django is what the application is made with.
    pub(super) fn has_django_settings(&self) -> bool {
        !self.loaded.borrow().is_empty() && self.relations().has_settings
    }

    fn relate(&self, relations: &mut Relations<'a>, class: ClassId, binding: &Binding<'a>) {
        let Bound::Value { value: Some(Expr::Call(call)), .. } = binding.bound else { return };
        let Some(kind) = kind_of(call) else { return };
        let frame = self.plain(FunctionId { file: class.file, index: binding.scope });
        let mut owners = vec![class];
        if self.is_abstract_model(class) {
            owners = self.below(class);
            owners.truncate(MAX_BELOW);
        }
        for owner in owners {
            if let Some(name) = reverse_name(kind, call, self.class(owner).name) {
                relations.reverse.entry(name).or_default().push(Relation { owner, kind, call, frame });
            }
        }
    }

    fn is_in_method(&self, class: ClassId, binding: &Binding<'a>) -> bool {
        self.function(FunctionId { file: class.file, index: binding.scope }).class == Some(class.index)
    }

    /// Whether a model only gives others what it declares.
    fn is_abstract_model(&self, class: ClassId) -> bool {
        let Some(&index) = self.class(class).nested.get("Meta") else { return false };
        let said = self.class(ClassId { index, ..class }).fields.get("abstract");
        said.into_iter().flatten().any(|binding| {
            matches!(binding.bound, Bound::Value { value: Some(Expr::BooleanLiteral(literal)), .. } if literal.value)
        })
    }

    /// What the relations of other models make of an attribute of a model.
    pub(super) fn related(&self, model: &Value<'a>, name: &str) -> Option<Value<'a>> {
        if self.loaded.borrow().is_empty() {
            return None;
        }
        let relations = self.relations();
        relations.reverse.get(name)?.iter().take(MAX_RELATIONS).find_map(|relation| {
            let leads_here = |target: &Value<'a>| match (target, model) {
                (Value::Object(target), Value::Object(model)) => {
                    target == model || self.ancestry(*model).contains(&Value::Class(*target))
                }
                (target, model) => target == model,
            };
            let targets = self.targets(relation.call, relation.owner, relation.frame);
            if !targets.iter().any(leads_here) {
                return None;
            }
            let row = Value::Object(relation.owner);
            Some(if relation.kind == Kind::OneToOne { row } else { self.related_rows(row, name) })
        })
    }

    /// What a relation makes of the attribute of the model that declares it.
    pub(super) fn relation_in(
        &self,
        model: ClassId,
        name: &str,
        binding: &Binding<'a>,
        frame: Frame,
    ) -> Option<Vec<Value<'a>>> {
        let Bound::Value { value: Some(Expr::Call(call)), .. } = binding.bound else { return None };
        let kind = kind_of(call)?;
        if !self.is_model(model) {
            return None;
        }
        let targets = self.targets(call, model, frame);
        Some(match kind {
            Kind::One | Kind::OneToOne => targets,
            Kind::Many | Kind::Generic => targets.into_iter().map(|row| self.related_rows(row, name)).collect(),
        })
    }

    /// Whether an attribute of a model is a relation to one object.
    pub fn leads_to_one(&self, model: ClassId, name: &str) -> bool {
        let line = self.ancestry(model);
        let bound = line.iter().find_map(|value| match value {
            Value::Class(owner) => Some(self.class(*owner).fields.get(name)?.as_slice()),
            _ => None,
        });
        let Some([only]) = bound else { return false };
        let is_one = match only.bound {
            Bound::Value { value: Some(Expr::Call(call)), .. } => {
                matches!(kind_of(call), Some(Kind::One | Kind::OneToOne))
            }
            _ => false,
        };
        is_one && self.is_model(model)
    }

    /// The manager for the rows on the other side, which has the methods of the one that their model has.
    fn related_rows(&self, row: Value<'a>, name: &str) -> Value<'a> {
        let manager = if let Value::Object(model) = row { self.first_manager(model) } else { None };
        let own = manager.and_then(|it| if let Value::Rows(query) = it { Some(query.own.clone()) } else { None });
        let own = own.unwrap_or_default();
        let fetched = self.relations().may_be_fetched(name);
        Value::Rows(Rc::new(Query { row, class: RELATED.into(), own, behind: None, fetched }))
    }

    /// Instances of the model that a relation leads to.
    fn targets(&self, call: &'a ast::ExprCall, owner: ClassId, frame: Frame) -> Vec<Value<'a>> {
        let given = call.arguments.args.first().or_else(|| Some(&call.arguments.find_keyword("to")?.value));
        match given {
            Some(Expr::StringLiteral(name)) if name.value.to_str() == "self" => vec![Value::Object(owner)],
            Some(Expr::StringLiteral(name)) => {
                self.model_named(name.value.to_str(), owner.file).into_iter().map(Value::Object).collect()
            }
            Some(Expr::Attribute(attribute)) if attribute.attr.as_str() == USER_SETTING => {
                row_of(&self.user_model()).into_iter().collect()
            }
            Some(model) => self.value(model, frame).iter().filter_map(row_of).collect(),
            None => Vec::new(),
        }
    }

    /// The model that `Patient`, asked for in a file, or `clinic.Patient` names.
    fn model_named(&self, name: &str, file: u32) -> Option<ClassId> {
        let (label, name) = name.rsplit_once('.').map_or((None, name), |(label, name)| (Some(label), name));
        let relations = self.relations();
        let all = relations.classes.get(name)?.iter().copied();
        let models: Vec<ClassId> = all.filter(|class| self.is_model(*class)).collect();
        if let [only] = *models {
            return Some(only);
        }
        let near = |class: &&ClassId| match label {
            Some(label) => self.folders(class.file).any(|folder| folder.eq_ignore_ascii_case(label)),
            None => class.file == file || self.folders(class.file).eq(self.folders(file)),
        };
        let mut found = models.iter().filter(near);
        found.next().filter(|_| found.next().is_none()).copied()
    }

    fn folders(&self, file: u32) -> impl Iterator<Item = &str> {
        let path = self.modules().path_of(self.facts_at(file).file).unwrap_or_default();
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        folder.split('/')
    }

    /// The class of users: what the settings name, or that of Django.
    pub(super) fn user_model(&self) -> Value<'a> {
        let named = if self.loaded.borrow().is_empty() { None } else { self.relations().users };
        let class = named.and_then(|name| self.model_named(name, u32::MAX));
        class.map_or_else(|| Value::External(USER.into()), Value::Class)
    }

    /// What an attribute of an instance of a library's model stands for that a relation of the project makes.
    pub(super) fn related_to_library(&self, ty: &str, name: &str) -> Option<Value<'a>> {
        if is_model_of_library(ty) { self.related(&Value::Instance(ty.into()), name) } else { None }
    }
}

/// What kind of relation a call in the body of a model declares.
fn kind_of(call: &ast::ExprCall) -> Option<Kind> {
    match last_name(&call.func) {
        "ForeignKey" | "TreeForeignKey" | "ParentalKey" => Some(Kind::One),
        "OneToOneField" | "AutoOneToOneField" => Some(Kind::OneToOne),
        "ManyToManyField" | "ParentalManyToManyField" | "SortedManyToManyField" => Some(Kind::Many),
        "GenericRelation" => Some(Kind::Generic),
        _ => None,
    }
}

/// What a relation that a model declares is called on the other side.
fn reverse_name(kind: Kind, call: &ast::ExprCall, owner: &str) -> Option<String> {
    let lower = owner.to_lowercase();
    let Some(named) = call.arguments.find_keyword("related_name") else {
        return match kind {
            Kind::One | Kind::Many => Some(format!("{lower}_set")),
            Kind::OneToOne => Some(lower),
            Kind::Generic => None,
        };
    };
    let Expr::StringLiteral(name) = &named.value else { return None };
    let name = name.value.to_str().replace("%(class)s", &lower);
    (kind != Kind::Generic && !name.ends_with('+') && !name.contains('%')).then_some(name)
}
