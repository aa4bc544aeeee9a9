//! Classes of the project: bases, members, and who overrides what.

use std::rc::Rc;

use super::{ClassId, Frame, FunctionId, Question, Types, Value, Values};
use crate::python::catalogue;
use crate::python::syntax::ast::Expr;

/// How many classes a hierarchy may have before it is left alone.
const MAX_HIERARCHY: usize = 32;
/// How many classes below one are looked at.
const MAX_BELOW: usize = 64;

impl<'a> Types<'a> {
    /// What the bases of a class stand for.
    pub fn bases(&self, class: ClassId) -> Values<'a> {
        let facts = self.class(class);
        let frame = self.plain(FunctionId { file: class.file, index: facts.scope });
        self.ask(Question::Bases(class), frame)
    }

    /// The bases of a class, read in `frame`.
    pub(super) fn read_bases(&self, class: ClassId, frame: Frame) -> Vec<Value<'a>> {
        let bases = self.class(class).bases.iter().flat_map(|base| self.value(base, frame).to_vec());
        bases.map(|base| self.unalias(base)).collect()
    }

    /// `Generic[T]` and `Base[T]` as bases stand for what is in front of the bracket.
    fn unalias(&self, value: Value<'a>) -> Value<'a> {
        match &value {
            Value::Alias(alias, frame) => match alias.0 {
                Expr::Subscript(subscript) => self.value(&subscript.value, *frame).first().cloned().unwrap_or(value),
                _ => value,
            },
            _ => value,
        }
    }

    /// The class and what it inherits from, nearest first.
    pub fn ancestry(&self, class: ClassId) -> Values<'a> {
        if let Some(known) = self.ancestries.borrow().get(&class) {
            return Rc::clone(known);
        }
        let outer = self.rests_on.replace(usize::MAX);
        let line: Values<'a> = self.line_of(class).into();
        let inner = self.rests_on.replace(outer);
        if inner == usize::MAX {
            self.ancestries.borrow_mut().insert(class, Rc::clone(&line));
        }
        self.rests_on(inner);
        line
    }

    fn line_of(&self, class: ClassId) -> Vec<Value<'a>> {
        let mut line = vec![Value::Class(class)];
        let mut next = 0;
        while let Some(value) = line.get(next).cloned() {
            next += 1;
            if let Value::Class(class) = value {
                for base in self.bases(class).iter() {
                    if line.len() < MAX_HIERARCHY && !line.contains(base) {
                        line.push(base.clone());
                    }
                }
            }
        }
        line
    }

    /// The names of the library classes that a class inherits from.
    pub fn library_bases(&self, class: ClassId) -> Vec<Rc<str>> {
        let line = self.ancestry(class);
        let library = |value: &Value<'a>| if let Value::External(name) = value { Some(canonical(name)) } else { None };
        line.iter().filter_map(library).collect()
    }

    /// The methods that `name` may mean on an instance of `class`: its own or inherited; where that is
    /// a placeholder, those of the subclasses that fill it in.
    pub fn method(&self, class: ClassId, name: &str) -> Vec<Value<'a>> {
        self.method_from(&self.ancestry(class), class, name)
    }

    /// As [`method`](Self::method), with `line` for the classes to look through.
    pub(super) fn method_from(&self, line: &[Value<'a>], receiver: ClassId, name: &str) -> Vec<Value<'a>> {
        for value in line {
            let Value::Class(owner) = value else { continue };
            let Some(id) = self.own_method(*owner, name) else {
                continue;
            };
            if self.function(id).is_abstract {
                let mut filled = self.overrides(receiver, name);
                if filled.is_empty() {
                    let others = self.implementations(receiver).into_iter();
                    filled = others.flat_map(|class| self.method(class, name)).collect();
                }
                if !filled.is_empty() {
                    return filled;
                }
            }
            return self.bind_receiver(id, receiver);
        }
        Vec::new()
    }

    /// The function that a class itself has under a name: the last one, leaving out those that write
    /// or delete a property.
    pub(super) fn own_method(&self, class: ClassId, name: &str) -> Option<FunctionId> {
        let all = self.class(class).methods.get(name)?.iter();
        let mut ids = all.rev().map(|&index| FunctionId { file: class.file, index });
        ids.find(|id| !["setter", "deleter"].iter().any(|kind| self.has_decorator(*id, kind)))
    }

    /// The function that writes (`setter`) or deletes (`deleter`) a property.
    pub fn accessor(&self, class: ClassId, name: &str, kind: &str) -> Option<Value<'a>> {
        for value in self.ancestry(class).iter() {
            let Value::Class(owner) = *value else { continue };
            let Some(all) = self.class(owner).methods.get(name) else { continue };
            let mut ids = all.iter().map(|&index| FunctionId { file: owner.file, index });
            let id = ids.find(|id| self.has_decorator(*id, kind))?;
            let entries = if owner == class { Vec::new() } else { vec![((id, 0), Value::Object(class))] };
            let environment = self.extend(super::Environment::default(), entries);
            return Some(Value::Function(Frame { function: id, environment }));
        }
        None
    }

    pub(super) fn bind_receiver(&self, id: FunctionId, receiver: ClassId) -> Vec<Value<'a>> {
        // An inherited method sees the class it is called on; its own class it knows anyway.
        let own = self.function(id).class.map(|index| ClassId { file: id.file, index });
        let entry =
            if self.has_decorator(id, "classmethod") { Value::Class(receiver) } else { Value::Object(receiver) };
        let known = own == Some(receiver) || self.has_decorator(id, "staticmethod");
        let environment = if known {
            super::Environment::default()
        } else {
            let generic = own.and_then(|own| self.bound_class(own, receiver));
            let entries = std::iter::once(((id, 0), entry)).chain(generic);
            self.extend(super::Environment::default(), entries.collect())
        };
        self.decorated(Frame { function: id, environment }).to_vec()
    }

    /// The implementations of a method in the subclasses of a class.
    fn overrides(&self, class: ClassId, name: &str) -> Vec<Value<'a>> {
        let below = self.below(class);
        let mut found = Vec::new();
        for subclass in below {
            if let Some(id) = self.own_method(subclass, name).filter(|id| !self.function(*id).is_abstract) {
                found.extend(self.bind_receiver(id, subclass));
            }
        }
        found
    }

    /// Every subclass in the project, nearest first.
    pub fn below(&self, class: ClassId) -> Vec<ClassId> {
        let known = self.subclasses.borrow().clone();
        let children = known.unwrap_or_else(|| {
            let children = Rc::new(self.children());
            *self.subclasses.borrow_mut() = Some(Rc::clone(&children));
            children
        });
        let mut found = vec![class];
        let mut next = 0;
        while let Some(class) = found.get(next).copied() {
            next += 1;
            for child in children.get(&class).into_iter().flatten() {
                if found.len() <= MAX_BELOW && !found.contains(child) {
                    found.push(*child);
                }
            }
        }
        found.remove(0);
        found
    }

    fn children(&self) -> super::Children {
        let mut children = super::Children::new();
        for (facts, file) in self.project.facts.iter().zip(0..) {
            for (_, index) in facts.classes.iter().zip(0..) {
                let class = ClassId { file, index };
                for base in self.bases(class).iter() {
                    if let Value::Class(base) = base {
                        children.entry(*base).or_default().push(class);
                    }
                }
            }
        }
        children
    }

    /// What a class inherits from a library.
    pub(super) fn inherited(&self, class: ClassId, name: &str) -> Vec<Value<'a>> {
        let bases = self.library_bases(class);
        if let Some(made) = self.made_by_model(class, name) {
            return vec![made];
        }
        if let Some(rows) = bases.iter().find_map(|base| Self::rows_of(class, base, name)) {
            return vec![rows];
        }
        let base = bases.iter().find(|base| catalogue::known_type(base).is_some()).or_else(|| bases.first());
        base.map(|base| Self::instance_attribute(base, name)).into_iter().collect()
    }

    pub(super) fn super_attribute(&self, class: ClassId, receiver: ClassId, name: &str) -> Vec<Value<'a>> {
        let line = self.ancestry(receiver);
        let after = line.iter().position(|value| *value == Value::Class(class)).map_or(0, |at| at + 1);
        // Whoever asks for the method above is given it, were it only a placeholder.
        let own = line[after..].iter().find_map(|value| match value {
            Value::Class(owner) => self.own_method(*owner, name),
            _ => None,
        });
        if let Some(method) = own {
            return self.bind_receiver(method, receiver);
        }
        // `super().__new__(cls)` of `object` makes an instance.
        if name == "__new__" { vec![Value::External("object.__new__".into())] } else { self.inherited(class, name) }
    }

    /// Whether reading the attribute calls the function.
    pub fn is_property(&self, id: FunctionId) -> bool {
        ["property", "cached_property", "hybrid_property"].iter().any(|name| self.has_decorator(id, name))
    }

    /// Whether a decorator's last name is `name`.
    pub fn has_decorator(&self, id: FunctionId, name: &str) -> bool {
        self.function(id).decorators.iter().any(|decorator| {
            let expression =
                if let Expr::Call(call) = &decorator.expression { &*call.func } else { &decorator.expression };
            match expression {
                Expr::Name(found) => found.id.as_str() == name,
                Expr::Attribute(found) => found.attr.as_str() == name,
                _ => false,
            }
        })
    }
}

/// The catalogue's name of a library's class.
pub(super) fn canonical(name: &str) -> Rc<str> {
    catalogue::canonical(name).into()
}
