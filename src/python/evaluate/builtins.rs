//! Built-in functions and a few of the standard library that only compute.

use std::rc::Rc;

use crate::source::Span;

use super::super::syntax::ast::Operator;
use super::call::Arguments;
use super::cell::{Cell, Deps, Text, Thing};
use super::compare::is_value;
use super::numbers::{float_of, int_in_base, int_of, math, range, round};
use super::operators::{Calc, Number, TOO_LARGE, tuple};
use super::run::{Run, Step};
use super::sequence::range_length;
use super::written::{self, Written};

impl<'a> Run<'a, '_> {
    #[allow(clippy::too_many_lines, reason = "one arm per function, each of a few lines")]
    pub(super) fn builtin(
        &mut self,
        name: &str,
        callee: &Cell<'a>,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        if super::attempt::is_exception(name) {
            return Ok(Cell::new(Thing::Object(name.into())));
        }
        let given: Vec<Cell<'a>> = arguments.all().cloned().collect();
        let operands: Vec<&Cell<'a>> = given.iter().collect();
        let positional = arguments.positional.as_slice();
        let plain = arguments.named.is_empty();
        let calc = match (name, positional) {
            ("print", _) => return Ok(Cell::new(Thing::None)),
            ("len", [one]) => match &one.thing {
                // The processors this process may use, counted.
                Thing::Dotted(name) if name.as_ref() == "os.sched_getaffinity()" => {
                    let cpus = self.cpu_count(at);
                    return Ok(cpus);
                }
                _ => self.length(one),
            },
            ("int", [one]) if plain => int_of(&native(one)),
            ("int", [one, base]) => int_in_base(&one.thing, &base.thing),
            ("int", []) if plain => Calc::Is(Thing::Int(0)),
            ("float", [one]) => float_of(&native(one)),
            ("float", []) => Calc::Is(Thing::Float(0.0)),
            ("bool", []) => Calc::Is(Thing::Bool(false)),
            ("bool", [one]) => match self.truth(one) {
                Some(truth) => Calc::Is(Thing::Bool(truth)),
                None => Calc::Unknown("an unknown truth value"),
            },
            ("str", []) if plain => Calc::Is(Thing::Str("".into())),
            (
                "str" | "os.fspath" | "os.fsdecode",
                [Cell { thing: thing @ (Thing::Path(_) | Thing::Inside { .. }), .. }],
            ) => Self::path_text(thing),
            ("str", [one]) if plain => self.shown(one)?,
            ("repr", [one]) => text_or(self.repr(one, 0)?, "a text made from something that is not followed"),
            ("format", [one, rest @ ..]) => {
                let spec: Option<Text> = match rest {
                    [] => Some("".into()),
                    [Cell { thing: Thing::Str(spec), .. }] => Some(Rc::clone(spec)),
                    _ => None,
                };
                let text = match spec {
                    Some(spec) => self.formatted(one, &spec)?,
                    None => None,
                };
                text_or(text, "a format that is not followed")
            }
            ("abs" | "math.fabs", [one]) => match (Number::of(&one.thing), name) {
                (Some(Number::Int(n)), "abs") => n.checked_abs().map_or(TOO_LARGE, |n| Calc::Is(Thing::Int(n))),
                (Some(n), _) => Calc::Is(Thing::Float(n.float().abs())),
                (None, _) => Calc::Unknown("the size of something unknown"),
            },
            ("round", _) => round(positional.first(), arguments.get(1, "ndigits")),
            ("min" | "max", _) => return self.extreme(name, arguments, at),
            ("sum", [items, ..]) => return self.sum(items, arguments.get(1, "start"), at),
            ("math.prod", [items]) if plain => return self.fold(Operator::Mult, 1, items, at),
            ("any" | "all", [items]) => return self.quantify(name, items, at),
            ("sorted", [items]) => return self.sorted_call(items, arguments, at),
            ("map" | "filter", _) if plain => return self.pass_through(name, positional, at),
            ("next", [iterator, rest @ ..]) => return self.next_of(iterator, rest.first(), at),
            ("range", _) if !positional.is_empty() && plain => range(positional),
            ("list" | "tuple" | "set" | "frozenset" | "reversed" | "enumerate" | "zip" | "dict" | "iter", _) => {
                return self.make(name, arguments, at);
            }
            ("isinstance", [one, class]) => Self::is_instance(one, class),
            ("callable", [one]) => match &one.thing {
                Thing::Function(_) | Thing::Class(..) => Calc::Is(Thing::Bool(true)),
                thing if is_value(thing) => Calc::Is(Thing::Bool(false)),
                _ => Calc::Unknown("whether it can be called"),
            },
            ("divmod", [a, b]) => {
                let quotient = self.binary(Operator::FloorDiv, a, b, at)?;
                let rest = self.binary(Operator::Mod, a, b, at)?;
                return Ok(tuple(vec![quotient, rest]));
            }
            ("pow", [a, b]) => return self.binary(Operator::Pow, a, b, at),
            ("getattr" | "hasattr" | "setattr", [object, Cell { thing: Thing::Str(attribute), .. }, rest @ ..]) => {
                let key = arguments.positional.get(1).filter(|key| name == "setattr" && !key.is_settled());
                if key.is_some() {
                    let why: Text = "set under a name that may be another".into();
                    self.forget_values(vec![object.clone()], &why, &Deps::default());
                }
                return self.by_name(name, object, attribute, rest.first(), at);
            }
            ("ord", [Cell { thing: Thing::Str(text), .. }]) => match (text.chars().next(), text.chars().count()) {
                (Some(c), 1) => Calc::Is(Thing::Int(i64::from(u32::from(c)))),
                _ => Calc::Raises("TypeError", "ord() of something that is not one character"),
            },
            ("chr", [Cell { thing: Thing::Int(n), .. }]) => match u32::try_from(*n).ok().and_then(char::from_u32) {
                Some(c) => Calc::Is(Thing::Str(c.encode_utf8(&mut [0; 4]).into())),
                None => Calc::Unknown("a character that is none"),
            },
            ("hex" | "oct" | "bin", [Cell { thing: Thing::Int(n), .. }]) => {
                let digits = match name {
                    "hex" => format!("0x{:x}", n.unsigned_abs()),
                    "oct" => format!("0o{:o}", n.unsigned_abs()),
                    _ => format!("0b{:b}", n.unsigned_abs()),
                };
                Calc::Is(Thing::Str(if *n < 0 { format!("-{digits}") } else { digits }.into()))
            }
            ("json.loads" | "ast.literal_eval", [Cell { thing: Thing::Str(text), .. }]) if plain => {
                let text = Rc::clone(text);
                self.spend(text.len() / 16)?;
                match if name == "json.loads" { written::json(&text) } else { written::literal(&text) } {
                    Written::Is(value) => Calc::Is(self.cell_of_value(&value)?.thing),
                    Written::Not if name == "json.loads" => Calc::Raises("ValueError", "a text that is not JSON"),
                    Written::Not => Calc::Raises("SyntaxError", "a text that is not Python"),
                    Written::Unknown => Calc::Unknown("a text that is not followed"),
                }
            }
            ("eval", [Cell { thing: Thing::Str(text), .. }]) if plain => {
                if let Written::Is(value) = written::literal(text) {
                    Calc::Is(self.cell_of_value(&value)?.thing)
                } else {
                    self.distrust(at, "eval() may bind any name");
                    Calc::Unknown("the result of eval()")
                }
            }
            _ if name.starts_with("math.") => math(name, positional),
            _ => {
                let why = format!("the result of {name}()");
                return self.call_unknown(callee, arguments, &why, at);
            }
        };
        if given.iter().any(Cell::is_unknown) {
            return self.settle(Calc::Unknown("depends on something unknown"), &operands, at);
        }
        self.settle(calc, &operands, at)
    }

    /// `str(value)`.
    fn shown(&mut self, one: &Cell<'a>) -> Step<Calc<'a>> {
        Ok(text_or(self.text_of(one)?, "a text made from something that is not followed"))
    }

    fn length(&self, one: &Cell<'a>) -> Calc<'a> {
        let length = match &one.thing {
            Thing::Str(text) => Some(text.chars().count()),
            Thing::Bytes(bytes) => Some(bytes.len()),
            Thing::Tuple(items) => Some(items.len()),
            Thing::List(id) | Thing::Set(id) => self.items(*id).map(<[_]>::len),
            Thing::Dict(id) | Thing::View(id, _) => self.entries(*id).map(<[_]>::len),
            Thing::Range(start, stop, stride) => range_length(*start, *stop, *stride),
            Thing::Instance(class, own) => class.items_of(&self.state, *own).map(|items| items.len()),
            Thing::None | Thing::Bool(_) | Thing::Int(_) | Thing::Float(_) | Thing::Iterator(_) => {
                return Calc::Raises("TypeError", "the length of something that has none");
            }
            _ => None,
        };
        match length.and_then(|length| i64::try_from(length).ok()) {
            Some(length) => Calc::Is(Thing::Int(length)),
            None => Calc::Unknown("the length of something unknown"),
        }
    }

    /// `getattr`, `hasattr` and `setattr` with a name that is known.
    fn by_name(
        &mut self,
        function: &str,
        object: &Cell<'a>,
        name: &Text,
        third: Option<&Cell<'a>>,
        at: Span,
    ) -> Step<Cell<'a>> {
        if function == "setattr" {
            let Some(value) = third else { return self.raise("TypeError", at, "setattr() without a value") };
            self.set_attribute(object, name, value, at)?;
            return Ok(Cell::new(Thing::None));
        }
        let present = self.has_attribute(object, name);
        match (function, present) {
            ("hasattr", Some(present)) => self.known(Thing::Bool(present), &[object], at),
            ("getattr", Some(true)) => self.attribute(object, name, at),
            ("getattr", Some(false)) => match third {
                Some(default) => Ok(default.clone().resting_on(object)),
                None => self.fault(&[object], "AttributeError", at, "an attribute that is not there"),
            },
            ("getattr", None) if third.is_none() => self.attribute(object, name, at),
            _ => self.settle_unknown("an attribute that may not be there", &[object], at),
        }
    }

    /// Whether an object has an attribute, where all of them are known.
    fn has_attribute(&self, object: &Cell<'a>, name: &str) -> Option<bool> {
        let own = |id| match self.state.get(id) {
            Some(super::state::Object::Scope(scope)) => match scope.names.get(name) {
                Some(slot) if slot.conditional => None,
                slot => Some(slot.is_some()),
            },
            _ => None,
        };
        let (class, found) = match &object.thing {
            Thing::Instance(class, id) => (class, own(*id)?),
            Thing::Class(class) => (class, false),
            Thing::Project(index) => {
                let module = self.modules.get(*index).filter(|module| module.finished && module.untrusted.is_none())?;
                let found = own(module.scope)?;
                // A name that is not there may still be a module of the package.
                return found.then_some(true);
            }
            _ => return None,
        };
        match self.class_member(class, name) {
            Ok(Some(_)) => Some(true),
            Ok(None) if found => Some(true),
            Ok(None) => (class.family == super::class::Family::Plain && !name.starts_with("__")).then_some(false),
            Err(_) => None,
        }
    }

    /// Whether an object is of a class, where that is known.
    pub(super) fn instance_of(one: &Cell<'a>, class: &Cell<'a>) -> Option<bool> {
        match Self::is_instance(one, class) {
            Calc::Is(Thing::Bool(is)) => Some(is),
            _ => None,
        }
    }

    fn is_instance(one: &Cell<'a>, class: &Cell<'a>) -> Calc<'a> {
        let name = match &one.thing {
            Thing::Bool(_) => "bool",
            Thing::Int(_) => "int",
            Thing::Float(_) => "float",
            Thing::Str(_) => "str",
            Thing::Bytes(_) => "bytes",
            Thing::Tuple(_) => "tuple",
            Thing::List(_) => "list",
            Thing::Dict(_) => "dict",
            Thing::None => "NoneType",
            Thing::Instance(..) | Thing::Member(_) => "",
            _ => return Calc::Unknown("the class of an object"),
        };
        let single = std::slice::from_ref(class);
        let classes = if let Thing::Tuple(classes) = &class.thing { classes } else { single };
        let mut found = false;
        for class in classes {
            match &class.thing {
                Thing::Dotted(class)
                    if !name.is_empty()
                        && matches!(
                            class.as_ref(),
                            "bool" | "int" | "float" | "str" | "bytes" | "tuple" | "list" | "dict" | "set"
                        ) =>
                {
                    found |= class.as_ref() == name || (class.as_ref() == "int" && name == "bool");
                }
                Thing::Class(class) => match Self::is_of(&one.thing, class) {
                    Some(is) => found |= is,
                    None => return Calc::Unknown("the class of an object"),
                },
                _ => return Calc::Unknown("a class that is not followed"),
            }
        }
        Calc::Is(Thing::Bool(found))
    }
}

fn text_or<'a>(text: Option<String>, why: &'static str) -> Calc<'a> {
    text.map_or(Calc::Unknown(why), |text| Calc::Is(Thing::Str(text.into())))
}

/// The number or text that a member of a mixed enumeration is.
fn native<'a>(cell: &Cell<'a>) -> Thing<'a> {
    match &cell.thing {
        Thing::Member(member) if member.class.mixed => member.value.thing.clone(),
        thing => thing.clone(),
    }
}
