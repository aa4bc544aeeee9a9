//! Instances of the classes of a project, and the methods that come with their kind.

use std::rc::Rc;

use crate::source::Span;

use super::call::Arguments;
use super::cell::{Cell, Deps, Function, Id, Role, Text, Thing};
use super::class::{Class, Family, Field, UNKNOWN_CONFIG};
use super::operators::tuple;
use super::run::{Run, Step};
use super::state::{Object, Scope, Slot, State};

impl<'a> Class<'a> {
    /// The values of a named tuple, in order; `None` for an object of any other class.
    pub(super) fn items_of(&self, state: &State<'a>, own: Id) -> Option<Vec<Cell<'a>>> {
        let scope = state.scope(own).filter(|_| self.family == Family::NamedTuple)?;
        self.fields.iter().map(|field| scope.names.get(&field.name).map(|slot| slot.cell.clone())).collect()
    }
}

impl<'a> Run<'a, '_> {
    /// Calls a class.
    pub(super) fn construct(&mut self, class: &Rc<Class<'a>>, arguments: Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let initial = self.class_member(class, "__init__");
        match class.family {
            Family::Enum => return self.member_of(class, &arguments, at),
            Family::Plain | Family::Dataclass => match initial {
                Ok(Some(Cell { thing: Thing::Function(function), .. })) => {
                    let instance = self.instance(class, Vec::new())?;
                    let mut arguments = arguments;
                    arguments.positional.insert(0, instance.clone());
                    self.call_function(&function, arguments, at)?;
                    return Ok(instance);
                }
                Ok(None) if class.line().any(Class::is_tool) => {
                    let instance = self.instance(class, Vec::new())?;
                    self.tool_method(&instance, class, "__init__", &arguments, at)?;
                    return Ok(instance);
                }
                Ok(None) if class.family == Family::Plain => {
                    if arguments.all().next().is_some() {
                        return self.raise("TypeError", at, "a class that takes no arguments");
                    }
                    return self.instance(class, Vec::new());
                }
                Ok(None) => {}
                Ok(Some(_)) | Err(_) => return self.unknown_instance(class, &arguments, at),
            },
            Family::NamedTuple | Family::Model | Family::Settings | Family::OldSettings => {
                let odd = class.setting(UNKNOWN_CONFIG).is_some();
                if odd || !matches!(initial, Ok(None)) {
                    return self.unknown_instance(class, &arguments, at);
                }
            }
        }
        match class.family {
            Family::Settings | Family::OldSettings => self.make_settings(class, &arguments, at),
            Family::Model => self.make_model(class, &arguments, at),
            _ => self.make_record(class, arguments, at),
        }
    }

    /// An instance with these attributes.
    pub(super) fn instance(&mut self, class: &Rc<Class<'a>>, attributes: Vec<(Text, Cell<'a>)>) -> Step<Cell<'a>> {
        let mut scope = Scope::default();
        for (name, cell) in attributes {
            scope.names.insert(name, Slot { cell, conditional: false, absent: false, records: Rc::from([]) });
        }
        let id = self.allocate(Object::Scope(scope))?;
        Ok(Cell::new(Thing::Instance(Rc::clone(class), id)))
    }

    pub(super) fn unknown_instance(
        &mut self,
        class: &Class<'a>,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        let why = format!("an instance of {}, which is not followed", class.name);
        self.call_unknown(&Cell::new(Thing::None), arguments, &why, at)
    }

    /// `Class(value)` of an enumeration.
    fn member_of(&mut self, class: &Rc<Class<'a>>, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let Some(value) = arguments.get(0, "value") else {
            return self.raise("TypeError", at, "an enumeration without a value");
        };
        if matches!(&value.thing, Thing::Member(member) if member.class.scope == class.scope) {
            return Ok(value.clone());
        }
        let mut certain = !value.is_unknown();
        for member in self.members(class) {
            match self.equal(&member.value, value) {
                Some(true) if certain => return Ok(Cell::new(Thing::Member(member)).resting_on(value)),
                Some(false) => {}
                _ => certain = false,
            }
        }
        if certain {
            return self.fault(&[value], "ValueError", at, "a value the enumeration does not have");
        }
        self.settle_unknown("an unknown member", &[value], at)
    }

    /// A dataclass or a named tuple.
    fn make_record(&mut self, class: &Rc<Class<'a>>, arguments: Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let mut positional = arguments.positional.into_iter();
        let mut named = arguments.named;
        let mut attributes = Vec::new();
        for field in &class.fields {
            let options = field_options(field);
            let made_here = options
                .as_ref()
                .is_none_or(|options| options.named("init").is_none_or(|cell| self.truth(cell) != Some(false)));
            let by_name = options.as_ref().and_then(|options| options.named("kw_only")).is_some();
            let given = if made_here && !by_name { positional.next() } else { None };
            let at_name = named.iter().position(|(name, _)| *name == field.name);
            let cell = match (given, at_name) {
                (Some(_), Some(_)) => return self.raise("TypeError", at, "an argument that is given twice"),
                (Some(cell), None) => cell,
                (None, Some(index)) => named.remove(index).1,
                (None, None) => match self.default_of(field, at)? {
                    Some(cell) => cell,
                    None if made_here => {
                        return self.raise("TypeError", at, "an instance without an argument it needs");
                    }
                    None => continue,
                },
            };
            attributes.push((Rc::clone(&field.name), cell));
        }
        if positional.next().is_some() || !named.is_empty() {
            return self.raise("TypeError", at, "an instance with arguments it does not have");
        }
        let instance = self.instance(class, attributes)?;
        if let Ok(Some(Cell { thing: Thing::Function(function), .. })) = self.class_member(class, "__post_init__") {
            let arguments = Arguments { positional: vec![instance.clone()], ..Arguments::default() };
            self.call_function(&function, arguments, at)?;
        }
        Ok(instance)
    }

    /// The default of a field, made anew where a factory gives it.
    pub(super) fn default_of(&mut self, field: &Field<'a>, at: Span) -> Step<Option<Cell<'a>>> {
        let Some(options) = field_options(field) else {
            return Ok(field.default.clone().filter(|cell| !is_ellipsis(cell)));
        };
        if let Some(factory) = options.named("default_factory") {
            return self.call_cell(&factory.clone(), Arguments::default(), at).map(Some);
        }
        let first = options.positional.first().or_else(|| options.named("default"));
        Ok(first.filter(|cell| !is_ellipsis(cell)).cloned())
    }

    /// `namedtuple(name, fields, defaults=...)`.
    pub(super) fn named_tuple(&mut self, arguments: &Arguments<'a>, at: Span) -> Step<Cell<'a>> {
        let names: Option<Vec<Text>> = match (arguments.get(0, "typename"), arguments.get(1, "field_names")) {
            (Some(_), Some(Cell { thing: Thing::Str(names), .. })) => {
                Some(names.split([' ', ',']).filter(|name| !name.is_empty()).map(Into::into).collect())
            }
            (Some(_), Some(list)) => self.iterate(&list.clone(), at)?.and_then(|items| {
                items
                    .iter()
                    .map(|item| if let Thing::Str(name) = &item.thing { Some(Rc::clone(name)) } else { None })
                    .collect()
            }),
            _ => None,
        };
        let defaults = match arguments.named("defaults") {
            Some(defaults) => self.iterate(&defaults.clone(), at)?,
            None => Some(Vec::new()),
        };
        let (Some(names), Some(defaults)) = (names, defaults) else {
            return self.call_unknown(&Cell::new(Thing::None), arguments, "a named tuple that is not followed", at);
        };
        let scope = self.allocate(Object::Scope(Scope::default()))?;
        let first = names.len().saturating_sub(defaults.len());
        let fields = names.into_iter().enumerate().map(|(index, name)| Field {
            name,
            annotation: None,
            default: index.checked_sub(first).and_then(|at| defaults.get(at)).cloned(),
            scope,
            module: self.module,
        });
        let name = match arguments.get(0, "typename").map(|cell| &cell.thing) {
            Some(Thing::Str(name)) => Rc::clone(name),
            _ => "namedtuple".into(),
        };
        let class = Class {
            name,
            scope,
            family: Family::NamedTuple,
            bases: Vec::new(),
            fields: fields.collect(),
            config: Vec::new(),
            mixed: false,
        };
        Ok(Cell::new(Thing::Class(Rc::new(class))))
    }

    /// Methods that models and named tuples have of their own.
    pub(super) fn model_method(
        &mut self,
        receiver: &Cell<'a>,
        class: &Rc<Class<'a>>,
        name: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Option<Cell<'a>>> {
        let Thing::Instance(_, own) = receiver.thing else { return Ok(None) };
        let fields: Vec<(Text, Cell<'a>)> = match self.state.scope(own) {
            Some(scope) => class
                .fields
                .iter()
                .filter_map(|field| Some((Rc::clone(&field.name), scope.names.get(&field.name)?.cell.clone())))
                .collect(),
            None => return Ok(None),
        };
        let model = class.family.is_model();
        match name {
            "model_dump" | "dict" if model && arguments.all().next().is_none() => self.plain_dict(fields).map(Some),
            "_asdict" if class.family == Family::NamedTuple => self.plain_dict(fields).map(Some),
            "model_copy" | "copy" | "_replace" if arguments.positional.is_empty() => {
                let mut updated = fields;
                let changes: Vec<(Text, Cell<'a>)> = match (name, arguments.named("update").map(|cell| &cell.thing)) {
                    ("_replace", _) => arguments.named.clone(),
                    (_, None) if arguments.named.is_empty() => Vec::new(),
                    (_, Some(Thing::Dict(id))) => match self.entries(*id) {
                        Some(entries) => entries
                            .iter()
                            .filter_map(|(key, cell)| match &key.thing {
                                Thing::Str(name) => Some((Rc::clone(name), cell.clone())),
                                _ => None,
                            })
                            .collect(),
                        None => return Ok(None),
                    },
                    _ => return Ok(None),
                };
                for (name, cell) in changes {
                    match updated.iter_mut().find(|(known, _)| *known == name) {
                        Some(known) => known.1 = cell,
                        None => updated.push((name, cell)),
                    }
                }
                self.instance(class, updated).map(Some)
            }
            "count" | "index" if class.family == Family::NamedTuple => {
                let items = tuple(fields.into_iter().map(|(_, cell)| cell).collect());
                let method = Cell::new(Thing::Method(Rc::new((items, name.into()))));
                self.call_cell(&method, arguments.clone(), at).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// The fields as a dict; unknown where one of them is a model itself.
    fn plain_dict(&mut self, fields: Vec<(Text, Cell<'a>)>) -> Step<Cell<'a>> {
        let nested = |cell: &Cell<'a>| matches!(cell.thing, Thing::Instance(..) | Thing::List(_) | Thing::Dict(_));
        let entries = fields.into_iter().map(|(name, cell)| {
            let cell = if nested(&cell) { Cell::unknown("a nested model").with_deps(&cell.deps) } else { cell };
            (Cell::new(Thing::Str(name)), cell)
        });
        self.dict(entries.collect())
    }

    /// `super()`: what the classes above do to the object is not followed.
    pub(super) fn give_up_self(&mut self) {
        let first = self.function.as_ref().and_then(|function| function.parameters).and_then(|parameters| {
            parameters.posonlyargs.iter().chain(&parameters.args).next().map(|parameter| parameter.name().as_str())
        });
        if let Some((_, slot)) = first.and_then(|name| self.find_from(self.home, name)) {
            let receiver = slot.cell.clone();
            self.forget_values(vec![receiver], &"changed through super()".into(), &Deps::default());
        }
    }

    /// What a decorator makes of a method, where it is one that only says what the method is.
    pub(super) fn role_of(decorator: &Cell<'a>) -> Option<Role> {
        let Thing::Dotted(name) = &decorator.thing else { return None };
        match name.as_ref() {
            "property" | "abc.abstractproperty" => Some(Role::Property),
            "functools.cached_property" => Some(Role::Kept),
            "classmethod" => Some(Role::Class),
            "staticmethod" => Some(Role::Static),
            _ => None,
        }
    }
}

/// What `Field(...)` or `field(...)` says about a field.
pub(super) fn field_options<'a>(field: &Field<'a>) -> Option<Rc<Arguments<'a>>> {
    match &field.default.as_ref()?.thing {
        Thing::Made(what, arguments) if is_field(what) => Some(Rc::clone(arguments)),
        _ => None,
    }
}

pub(super) fn is_field(what: &str) -> bool {
    matches!(what, "pydantic.Field" | "pydantic.fields.Field" | "pydantic.v1.Field" | "dataclasses.field")
}

fn is_ellipsis(cell: &Cell<'_>) -> bool {
    matches!(&cell.thing, Thing::Dotted(name) if name.as_ref() == "Ellipsis")
}

/// How many arguments a validator takes behind the class: the value, and perhaps more about it.
pub(super) fn parameter_count(function: &Function<'_>) -> usize {
    function.parameters.map_or(0, |parameters| parameters.posonlyargs.len() + parameters.args.len())
}
