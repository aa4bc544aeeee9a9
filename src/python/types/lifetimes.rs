//! How long the objects of a class live: for one call, or longer.

use super::{ClassId, Frame, FunctionId, Types, Value};
use crate::python::calls::{EventKind, last_name};
use crate::python::names::{Binding, Bound};
use crate::python::syntax::ast::{self, Expr};

impl<'a> Types<'a> {
    /// Whether the object that a method is called on lives no longer than a call.
    pub fn is_made_per_call_of(&self, method: Frame) -> bool {
        matches!(*self.parameter(method, 0), [Value::Object(class)] if self.is_made_per_call(class))
    }

    /// Whether the object that a method is called on is made where modules are imported, or by a function whose result
    /// is kept, and nowhere else.
    pub fn is_made_once_of(&self, method: Frame) -> bool {
        let [Value::Object(class)] = *self.parameter(method, 0) else { return false };
        let name = self.class(class).name;
        let makes = |(caller, call): &(FunctionId, &'a ast::ExprCall)| {
            self.value(&call.func, self.plain(*caller)).contains(&Value::Class(class))
        };
        let mut made = self.calls_of(name).into_iter().filter(makes).peekable();
        // Whoever is given the class may make one for each request.
        !self.sites().handed.contains(name)
            && made.peek().is_some()
            && made.all(|(caller, _)| {
                let keeps = ["cache", "lru_cache"].iter().any(|name| self.has_decorator(caller, name));
                caller.index == 0 || keeps || !self.function(caller).globals.is_empty() || self.is_never_called(caller)
            })
    }

    /// Whether no object of a class is known to be made for one call, nor made by a library: what one of them keeps is
    /// there for all requests but the first.
    pub fn is_made_elsewhere(&self, class: ClassId) -> bool {
        // These say what a class is like, and make none of its objects.
        let says_only = |base: &str| [".ABC", ".Generic", ".Protocol"].iter().any(|end| base.ends_with(end));
        (self.library_bases(class).iter().all(|base| says_only(base)) || self.is_mounted(class))
            && self.class(class).decorators.is_empty()
            && !self.is_made_per_call(class)
    }

    /// Whether objects of a class are only made to be mounted: they live as long as the application.
    fn is_mounted(&self, class: ClassId) -> bool {
        let mut made = self.calls_of(self.class(class).name).into_iter().peekable();
        made.peek().is_some()
            && made.all(|(caller, call)| {
                let is_it = |given: &Expr| matches!(given, Expr::Call(other) if std::ptr::eq(other, call));
                self.facts_at(caller.file).calls.iter().any(|(_, outer)| {
                    let mut given = outer
                        .arguments
                        .args
                        .iter()
                        .chain(outer.arguments.keywords.iter().map(|keyword| &keyword.value));
                    matches!(last_name(&outer.func), "mount" | "Mount") && given.any(is_it)
                })
            })
    }

    /// Whether objects of a class may be made for each request: a framework is given the class, or a function that
    /// returns a new one.
    pub fn is_provided(&self, class: ClassId) -> bool {
        let sites = self.sites();
        let name = self.class(class).name;
        let provides = |(_, call): &(FunctionId, &'a ast::ExprCall)| {
            matches!(last_name(&call.func), "Depends" | "Factory" | "Provide" | "Security")
        };
        self.calls_handing(name).any(|one| provides(&one))
            || self.calls_of(name).into_iter().any(|(caller, call)| {
                let function = self.function(caller);
                let gives = |given: &&'a Expr| matches!(given, Expr::Call(other) if std::ptr::eq(other, call));
                sites.handed.contains(function.name)
                    && (function.results.iter().any(&gives) || function.yields.iter().any(&gives))
            })
    }

    /// Whether nothing that is loaded makes an object of a class, or hands the class to who may.
    pub(super) fn is_made_by_nobody(&self, class: ClassId) -> bool {
        let is_left_alone = |class: ClassId| {
            let (facts, sites) = (self.class(class), self.sites());
            facts.decorators.is_empty()
                && !sites.calls.contains_key(facts.name)
                && !sites.handed.contains(facts.name)
                && !sites.owners.contains(facts.name)
                && self.library_bases(class).is_empty()
        };
        is_left_alone(class) && self.below(class).into_iter().all(is_left_alone)
    }

    /// Whether a constructor of an object of this class reads an attribute of it, by itself or by a property.
    pub fn is_read_by_constructor(&self, class: ClassId, name: &str) -> bool {
        self.ancestry(class).iter().any(|value| {
            let Value::Class(owner) = value else { return false };
            let own = self.class(*owner).methods.get("__init__").into_iter().flatten();
            let mut read = own.flat_map(|&index| self.always_reads(FunctionId { file: owner.file, index }));
            read.any(|read| read == name || self.reads_by_property(class, read, name))
        })
    }

    fn reads_by_property(&self, class: ClassId, property: &str, name: &str) -> bool {
        self.method(class, property).iter().any(|method| match method {
            Value::Function(frame) => self.always_reads(frame.function).contains(&name),
            _ => false,
        })
    }

    /// The attributes of its object that every call of a method reads.
    fn always_reads(&self, method: FunctionId) -> Vec<&'a str> {
        let function = self.function(method);
        let read = function.events.iter().filter_map(|event| match event.kind {
            EventKind::Read(read) => {
                let is_own = matches!(&*read.value, Expr::Name(object) if self.is_receiver(object.id.as_str(), method));
                (is_own && function.always_reaches(event.span)).then_some(read.attr.as_str())
            }
            _ => None,
        });
        read.collect()
    }

    /// Whether every object of a class is made inside a function that keeps it in a local name, or calls
    /// its methods at once: what such an object has filled in is gone with the call.
    fn is_made_per_call(&self, class: ClassId) -> bool {
        if let Some(&known) = self.short_lived.borrow().get(&class) {
            return known;
        }
        let mut made = 0;
        let all_short = self.calls_of(self.class(class).name).into_iter().all(|(caller, call)| {
            if !self.value(&call.func, self.plain(caller)).contains(&Value::Class(class)) {
                return true;
            }
            made += 1;
            self.is_short_lived(caller, call)
        });
        let known = all_short && made > 0 && !self.has_one_instance(class);
        self.short_lived.borrow_mut().insert(class, known);
        known
    }

    fn is_short_lived(&self, caller: FunctionId, call: &'a ast::ExprCall) -> bool {
        let function = self.function(caller);
        if caller.index == 0 || ["cache", "lru_cache"].iter().any(|name| self.has_decorator(caller, name)) {
            return false;
        }
        let is_it = |expr: &Expr| matches!(expr, Expr::Call(other) if std::ptr::eq(other, call));
        let facts = self.facts_at(caller.file);
        // `Class().method()`.
        if facts.calls.iter().any(|(_, other)| matches!(&*other.func, Expr::Attribute(owner) if is_it(&owner.value))) {
            return true;
        }
        let binds = |binding: &Binding<'a>, wanted: &dyn Fn(&Expr) -> bool| match binding.bound {
            Bound::Value { value: Some(value), .. } | Bound::Held(value) | Bound::Kept(value) => wanted(value),
            _ => false,
        };
        let name = function.bindings.iter().find_map(|(name, bindings)| {
            bindings.iter().any(|binding| binding.scope == caller.index && binds(binding, &is_it)).then_some(*name)
        });
        let Some(name) = name else { return false };
        // Nobody keeps it, or gives it to somebody.
        let is_name = |expr: &Expr| matches!(expr, Expr::Name(found) if found.id.as_str() == name);
        let keeps = |binding: &Binding<'a>| binding.scope == caller.index && binds(binding, &is_name);
        let fields = facts.classes.iter().flat_map(|class| class.fields.values());
        let kept = facts.state.values().chain(facts.fills.values()).chain(fields).flatten().any(keeps);
        let outside = facts.outside.values().flatten().any(|outside| keeps(&outside.binding));
        !kept && !outside && !function.results.iter().any(|result| is_name(result))
    }
}
