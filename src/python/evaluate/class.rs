//! Classes of the project: their attributes, their order of lookup, and what kind of class they are.
//!
//! A class is followed as long as everything that makes it what it is can be seen: bases of the
//! project or known ones of the standard library and of pydantic, and no method that changes how
//! attributes are found. Any other class is known by its name only.

use std::rc::Rc;

use super::super::syntax::ast::{self, Expr, Stmt};
use super::super::syntax::span_of;
use super::How;
use super::cell::{Cell, Deps, Id, Member, Text, Thing};
use super::reads::Touched;
use super::run::{Run, Site, Step};
use super::state::{Object, Scope};

/// A class that is followed.
#[derive(Debug)]
pub(super) struct Class<'a> {
    pub(super) name: Text,
    /// The scope with its own attributes.
    pub(super) scope: Id,
    pub(super) family: Family,
    /// The classes of the project that it derives from, in the order of lookup.
    pub(super) bases: Vec<Rc<Class<'a>>>,
    /// Annotated names, inherited ones first.
    pub(super) fields: Vec<Field<'a>>,
    /// `model_config`, or what an inner `Config` says; inherited entries included.
    pub(super) config: Vec<(Text, Cell<'a>)>,
    /// Whether an instance also is a `str` or an `int`.
    pub(super) mixed: bool,
}

/// What making an instance does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Plain,
    Dataclass,
    NamedTuple,
    Enum,
    /// A pydantic model.
    Model,
    /// Settings of `pydantic_settings`.
    Settings,
    /// Settings of pydantic before version 2.
    OldSettings,
}

impl Family {
    pub(super) fn is_model(self) -> bool {
        matches!(self, Self::Model | Self::Settings | Self::OldSettings)
    }
}

/// A name with an annotation in the body of a class.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    pub(super) name: Text,
    /// `None` where the type follows from the default.
    pub(super) annotation: Option<&'a Expr>,
    pub(super) default: Option<Cell<'a>>,
    /// Where the annotation is looked up.
    pub(super) scope: Id,
    pub(super) module: usize,
}

/// Which fields a validator is for; none for the whole model.
#[derive(Debug)]
pub(super) struct Validates {
    pub(super) fields: Vec<Text>,
    /// Whether it sees the value before it is converted.
    pub(super) before: bool,
}

impl<'a> Class<'a> {
    /// The class itself and those it derives from, in the order of lookup.
    pub(super) fn line(&self) -> impl Iterator<Item = &Class<'a>> {
        std::iter::once(self).chain(self.bases.iter().map(Rc::as_ref))
    }

    pub(super) fn setting(&self, name: &str) -> Option<&Cell<'a>> {
        self.config.iter().rev().find(|(known, _)| known.as_ref() == name).map(|(_, cell)| cell)
    }

    pub(super) fn derives_from(&self, other: &Class<'a>) -> bool {
        self.line().any(|class| class.scope == other.scope)
    }
}

/// Methods with which a class decides itself what its attributes or its instances are.
const DECISIVE: &[&str] = &[
    "__new__",
    "__getattr__",
    "__getattribute__",
    "__setattr__",
    "__init_subclass__",
    "__class_getitem__",
    "__set_name__",
    "__get__",
    "__set__",
    "__prepare__",
    "_generate_next_value_",
    "_missing_",
    "settings_customise_sources",
    "customise_sources",
    "__pydantic_init_subclass__",
    "parse_env_var",
    "prepare_field",
];

/// What the bases of a class make of it.
struct Origin<'a> {
    family: Family,
    bases: Vec<Rc<Class<'a>>>,
    mixed: bool,
    texts: bool,
    /// Whether `mixed` has an enumeration to go with.
    enumerated: bool,
}

impl<'a> Run<'a, '_> {
    pub(super) fn class(&mut self, def: &'a ast::StmtClassDef) -> Step<()> {
        let name: Text = def.name.as_str().into();
        let touched = Touched::block(&def.body);
        let decisive = touched.stored.iter().any(|name| DECISIVE.contains(&name.as_ref()));
        let origin = self.origin(def)?.filter(|_| !decisive);
        let mut decorators = Vec::new();
        for decorator in &def.decorator_list {
            decorators.push(self.expression(&decorator.expression)?);
        }
        let data =
            |cell: &Cell<'a>| matches!(&cell.thing, Thing::Dotted(name) if name.as_ref() == "dataclasses.dataclass");
        let unique = |cell: &Cell<'a>| matches!(&cell.thing, Thing::Dotted(name) if name.as_ref() == "enum.unique");
        let cell = match origin {
            Some(mut origin) if decorators.iter().all(|cell| data(cell) || unique(cell)) => {
                if decorators.iter().any(data) && origin.family == Family::Plain {
                    origin.family = Family::Dataclass;
                }
                self.follow_class(def, &name, origin)?
            }
            _ => {
                self.disturb(&touched, &"a class body that is not followed".into(), &Deps::default());
                // Whoever decorates it runs as well.
                self.forget_values(decorators, &"a decorated class may have changed it".into(), &Deps::default());
                Cell::new(Thing::Object(Rc::clone(&name)))
            }
        };
        let scope = self.scope_for(&name);
        self.bind(scope, &name, cell, Site { name: span_of(&def.name), value: None, how: How::Class })
    }

    fn follow_class(&mut self, def: &'a ast::StmtClassDef, name: &Text, origin: Origin<'a>) -> Step<Cell<'a>> {
        let around = self.scope;
        let scope = self.allocate(Object::Scope(Scope { parent: Some(around), ..Scope::default() }))?;
        self.scope = scope;
        // A method sees the names around the class, not those in it.
        let exits = self.nested(|run| run.block(&def.body));
        self.scope = around;
        self.after(exits?)?;
        let Origin { family, bases, mixed, texts, .. } = origin;
        let plain_body = !def.body.iter().any(|stmt| {
            matches!(stmt, Stmt::If(_) | Stmt::For(_) | Stmt::While(_) | Stmt::Try(_) | Stmt::With(_) | Stmt::Match(_))
        });
        if family != Family::Plain && !plain_body {
            return Ok(Cell::new(Thing::Object(Rc::clone(name))));
        }
        let mut fields: Vec<Field<'a>> = Vec::new();
        for field in bases.iter().rev().flat_map(|base| &base.fields) {
            put_field(&mut fields, field.clone());
        }
        for field in self.own_fields(def, scope, around, family) {
            put_field(&mut fields, field);
        }
        let config = if family.is_model() { self.model_config(def, scope, &bases)? } else { Vec::new() };
        let class = Rc::new(Class { name: Rc::clone(name), scope, family, bases, fields, config, mixed });
        if family == Family::Enum {
            self.make_members(def, &class, texts)?;
        }
        Ok(Cell::new(Thing::Class(class)))
    }

    /// What the bases and keywords of a class say; `None` if one of them is not known.
    fn origin(&mut self, def: &'a ast::StmtClassDef) -> Step<Option<Origin<'a>>> {
        let mut origin =
            Origin { family: Family::Plain, bases: Vec::new(), mixed: false, texts: false, enumerated: false };
        let Some(arguments) = &def.arguments else { return Ok(Some(origin)) };
        let mut known = true;
        for base in &arguments.args {
            // `Generic[T]` takes part under the name before the bracket.
            let base = if let Expr::Subscript(subscript) = base { subscript.value.as_ref() } else { base };
            let cell = self.expression(base)?;
            let cell = self.base_class(&cell)?.unwrap_or(cell);
            known &= origin.add(&cell);
        }
        for keyword in &arguments.keywords {
            let value = self.expression(&keyword.value)?;
            let name = keyword.arg.as_ref().map_or("", ast::Identifier::as_str);
            let abstract_class = matches!(&value.thing, Thing::Dotted(name) if name.as_ref() == "abc.ABCMeta");
            known &= (name == "metaclass" && abstract_class) || origin.family.is_model() && name != "metaclass";
        }
        known &= !origin.mixed || origin.enumerated;
        Ok(known.then_some(origin))
    }

    fn own_fields(&self, def: &'a ast::StmtClassDef, scope: Id, around: Id, family: Family) -> Vec<Field<'a>> {
        let module = self.module;
        let default =
            |name: &str| self.state.scope(scope).and_then(|scope| scope.names.get(name)).map(|slot| slot.cell.clone());
        let mut fields = Vec::new();
        for stmt in &def.body {
            match stmt {
                Stmt::AnnAssign(assign) => {
                    let Expr::Name(name) = assign.target.as_ref() else { continue };
                    let private = name.id.starts_with('_') && family.is_model();
                    if private || is_class_variable(&assign.annotation) || name.id == "model_config" {
                        continue;
                    }
                    fields.push(Field {
                        name: name.id.as_str().into(),
                        annotation: Some(assign.annotation.as_ref()),
                        default: assign.value.as_ref().and_then(|_| default(&name.id)),
                        scope: around,
                        module,
                    });
                }
                // Before version 2 the type of a field could follow from its default.
                Stmt::Assign(assign) if family == Family::OldSettings => {
                    for target in &assign.targets {
                        let Expr::Name(name) = target else { continue };
                        let value = default(&name.id);
                        let plain = value
                            .as_ref()
                            .is_some_and(|cell| !matches!(cell.thing, Thing::Function(_) | Thing::Class(_)));
                        if plain && !name.id.starts_with('_') {
                            let name = name.id.as_str().into();
                            fields.push(Field { name, annotation: None, default: value, scope: around, module });
                        }
                    }
                }
                _ => {}
            }
        }
        fields
    }

    /// The entries of `model_config`, of the keywords of the class and of an inner `Config`.
    fn model_config(
        &mut self,
        def: &'a ast::StmtClassDef,
        scope: Id,
        bases: &[Rc<Class<'a>>],
    ) -> Step<Vec<(Text, Cell<'a>)>> {
        let mut config: Vec<(Text, Cell<'a>)> =
            bases.iter().rev().flat_map(|base| base.config.iter().cloned()).collect();
        let own = |run: &Self, name: &str| {
            run.state.scope(scope).and_then(|scope| scope.names.get(name)).map(|slot| slot.cell.clone())
        };
        match own(self, "model_config").map(|cell| cell.thing) {
            None => {}
            Some(Thing::Dict(id)) if self.entries(id).is_some() => {
                for (key, value) in self.entries(id).unwrap_or_default() {
                    if let Thing::Str(key) = &key.thing {
                        config.push((Rc::clone(key), value.clone()));
                    }
                }
            }
            Some(_) => config.push((UNKNOWN_CONFIG.into(), Cell::unknown("a configuration of settings"))),
        }
        match own(self, "Config").map(|cell| cell.thing) {
            None => {}
            Some(Thing::Class(inner)) => {
                for class in inner.line().collect::<Vec<_>>().into_iter().rev() {
                    if let Some(scope) = self.state.scope(class.scope) {
                        config.extend(scope.names.iter().map(|(name, slot)| (Rc::clone(name), slot.cell.clone())));
                    }
                }
            }
            Some(_) => config.push((UNKNOWN_CONFIG.into(), Cell::unknown("a configuration of settings"))),
        }
        for keyword in def.arguments.iter().flat_map(|arguments| &arguments.keywords) {
            if let Some(name) = &keyword.arg {
                let value = self.expression(&keyword.value)?;
                config.push((name.as_str().into(), value));
            }
        }
        Ok(config)
    }

    /// Turns the names of an enumeration into its members.
    fn make_members(&mut self, def: &'a ast::StmtClassDef, class: &Rc<Class<'a>>, texts: bool) -> Step<()> {
        let mut last = 0;
        for stmt in &def.body {
            let Stmt::Assign(assign) = stmt else { continue };
            for target in &assign.targets {
                let Expr::Name(target) = target else { continue };
                let name: Text = target.id.as_str().into();
                let value = self
                    .state
                    .scope(class.scope)
                    .and_then(|scope| scope.names.get(&name))
                    .map(|slot| slot.cell.clone());
                let Some(mut value) = value.filter(|_| !name.starts_with('_')) else { continue };
                if matches!(&value.thing, Thing::Made(what, _) if what.as_ref() == "enum.auto") {
                    value.thing = if texts { Thing::Str(name.to_lowercase().into()) } else { Thing::Int(last + 1) };
                }
                if let Thing::Int(n) = value.thing {
                    last = last.max(n);
                }
                let member = Member { class: Rc::clone(class), name: Rc::clone(&name), value };
                let site = Site { name: span_of(target), value: None, how: How::Assignment };
                self.bind(class.scope, &name, Cell::new(Thing::Member(Rc::new(member))), site)?;
            }
        }
        Ok(())
    }

    /// The members of an enumeration, in no particular order; one of each value.
    pub(super) fn members(&self, class: &Class<'a>) -> Vec<Rc<Member<'a>>> {
        let names = self.state.scope(class.scope).map(|scope| scope.names.values());
        let members = names.into_iter().flatten().filter_map(|slot| match &slot.cell.thing {
            Thing::Member(member) => Some(Rc::clone(member)),
            _ => None,
        });
        members.collect()
    }
}

/// Stands in the configuration of a class of which not everything is known.
pub(super) const UNKNOWN_CONFIG: &str = "?";

impl<'a> Origin<'a> {
    /// Adds a base; false if it is not known.
    fn add(&mut self, cell: &Cell<'a>) -> bool {
        match &cell.thing {
            Thing::Class(class) => {
                self.mixed |= class.mixed;
                self.enumerated |= class.family == Family::Enum;
                let new: Vec<_> = std::iter::once(class).chain(&class.bases).cloned().collect();
                // A class that is met twice has an order of lookup that takes more to find.
                let twice = new.iter().any(|new| self.bases.iter().any(|known| known.scope == new.scope));
                let fits = self.join(class.family);
                self.bases.extend(new);
                fits && !twice
            }
            Thing::Dotted(name) => match name.as_ref() {
                "object" | "abc.ABC" | "typing.Generic" | "typing.Protocol" | "typing_extensions.Protocol" => true,
                "enum.Enum" => {
                    self.enumerated = true;
                    self.join(Family::Enum)
                }
                "str" | "int" => {
                    self.mixed = true;
                    self.join(Family::Enum)
                }
                "enum.IntEnum" | "enum.StrEnum" => {
                    self.mixed = true;
                    self.enumerated = true;
                    self.texts = name.as_ref() == "enum.StrEnum";
                    self.join(Family::Enum)
                }
                "typing.NamedTuple" => self.join(Family::NamedTuple),
                "pydantic.BaseModel" | "pydantic.main.BaseModel" | "pydantic.v1.BaseModel" => self.join(Family::Model),
                "pydantic_settings.BaseSettings" | "pydantic_settings.main.BaseSettings" => self.join(Family::Settings),
                "pydantic.BaseSettings" | "pydantic.v1.BaseSettings" | "pydantic.env_settings.BaseSettings" => {
                    self.join(Family::OldSettings)
                }
                _ => false,
            },
            _ => false,
        }
    }

    /// Takes up the family of a base; false if it does not go together with another.
    fn join(&mut self, family: Family) -> bool {
        let joined = match (self.family, family) {
            (own, Family::Plain) => own,
            (Family::Plain, new) => new,
            (own, new) if own == new => own,
            (Family::Settings, Family::Model) | (Family::Model, Family::Settings) => Family::Settings,
            _ => return false,
        };
        self.family = joined;
        true
    }
}

fn put_field<'a>(fields: &mut Vec<Field<'a>>, field: Field<'a>) {
    match fields.iter_mut().find(|known| known.name == field.name) {
        Some(known) => *known = field,
        None => fields.push(field),
    }
}

fn is_class_variable(annotation: &Expr) -> bool {
    let base = if let Expr::Subscript(subscript) = annotation { subscript.value.as_ref() } else { annotation };
    match base {
        Expr::Name(name) => name.id == "ClassVar",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "ClassVar",
        _ => false,
    }
}
