//! What an annotation says about the values of a field, and how pydantic makes them so.
//!
//! Follows pydantic 2 in its lax mode, which settings use for the texts of variables: a text becomes
//! a number or a truth value, a number never becomes a text. Types whose values are checked in ways
//! that are not followed here (addresses, dates, secrets) are unknown.

use std::rc::Rc;

use super::super::syntax::ast::{self, Expr, Operator};
use super::cell::{Cell, Member, Text, Thing};
use super::class::{Class, Family};
use super::operators::{Calc, tuple};
use super::run::{Run, Step};

/// A type, as far as it is followed.
#[derive(Debug, Clone)]
pub(super) enum Hint<'a> {
    Any,
    None,
    Bool,
    Int,
    Float,
    Str,
    Path,
    List(Box<Hint<'a>>),
    Tuple(Box<Hint<'a>>),
    Set(Box<Hint<'a>>),
    Dict(Box<Hint<'a>>),
    Union(Vec<Hint<'a>>),
    Literal(Vec<Cell<'a>>),
    Class(Rc<Class<'a>>),
    Unknown,
}

impl Hint<'_> {
    /// Whether a variable holds it as JSON.
    pub(super) fn is_complex(&self) -> bool {
        match self {
            Self::List(_) | Self::Tuple(_) | Self::Set(_) | Self::Dict(_) => true,
            Self::Class(class) => class.family != Family::Enum,
            Self::Union(members) => members.iter().any(Hint::is_complex),
            _ => false,
        }
    }
}

/// What converting a value came to.
pub(super) enum Converted<'a> {
    Is(Cell<'a>),
    Refused,
    Unknown,
}

impl<'a> Run<'a, '_> {
    /// Reads an annotation.
    pub(super) fn hint(&mut self, annotation: &'a Expr) -> Step<Hint<'a>> {
        self.spend(1)?;
        self.nested(|run| run.hint_here(annotation))
    }

    fn hint_here(&mut self, annotation: &'a Expr) -> Step<Hint<'a>> {
        match annotation {
            Expr::NoneLiteral(_) => Ok(Hint::None),
            Expr::StringLiteral(literal) => Ok(named(literal.value.to_str())),
            Expr::BinOp(op) if op.op == Operator::BitOr => {
                let members = vec![self.hint(&op.left)?, self.hint(&op.right)?];
                Ok(union(members))
            }
            Expr::Subscript(subscript) => self.generic(subscript),
            Expr::Name(_) | Expr::Attribute(_) => {
                let cell = self.expression(annotation)?;
                Ok(match &cell.thing {
                    Thing::Dotted(name) => named(name),
                    Thing::Class(class) => Hint::Class(Rc::clone(class)),
                    Thing::Made(what, choices) if what.as_ref() == "typing.Literal" => {
                        Hint::Literal(choices.positional.clone())
                    }
                    _ => Hint::Unknown,
                })
            }
            _ => Ok(Hint::Unknown),
        }
    }

    fn generic(&mut self, subscript: &'a ast::ExprSubscript) -> Step<Hint<'a>> {
        let base = self.expression(&subscript.value)?;
        let Thing::Dotted(name) = &base.thing else { return Ok(Hint::Unknown) };
        let arguments = match subscript.slice.as_ref() {
            Expr::Tuple(tuple) => tuple.elts.as_slice(),
            one => std::slice::from_ref(one),
        };
        let Some(first) = arguments.first() else { return Ok(Hint::Unknown) };
        let name = name.strip_prefix("typing_extensions.").or_else(|| name.strip_prefix("typing.")).unwrap_or(name);
        Ok(match name {
            "Optional" => union(vec![self.hint(first)?, Hint::None]),
            "Union" => {
                let members = arguments.iter().map(|member| self.hint(member)).collect::<Step<Vec<_>>>()?;
                union(members)
            }
            "Final" => self.hint(first)?,
            "Annotated" => {
                let mut hint = self.hint(first)?;
                for extra in arguments.iter().skip(1) {
                    let extra = self.expression(extra)?;
                    let plain = match &extra.thing {
                        Thing::Made(what, _) => super::construct::is_field(what),
                        Thing::Str(_) => true,
                        _ => false,
                    };
                    if !plain {
                        hint = Hint::Unknown;
                    }
                }
                hint
            }
            "Literal" => {
                let mut choices = Vec::new();
                for choice in arguments {
                    choices.push(self.expression(choice)?);
                }
                Hint::Literal(choices)
            }
            "list" | "List" | "Sequence" | "Iterable" | "collections.abc.Sequence" => {
                Hint::List(Box::new(self.hint(first)?))
            }
            "set" | "Set" | "frozenset" | "FrozenSet" => Hint::Set(Box::new(self.hint(first)?)),
            "tuple" | "Tuple" if matches!(arguments.get(1), Some(Expr::EllipsisLiteral(_))) => {
                Hint::Tuple(Box::new(self.hint(first)?))
            }
            "dict" | "Dict" | "Mapping" => match arguments.get(1) {
                Some(value) => Hint::Dict(Box::new(self.hint(value)?)),
                None => Hint::Unknown,
            },
            _ => Hint::Unknown,
        })
    }

    /// Makes a value one of the type.
    pub(super) fn convert(&mut self, cell: &Cell<'a>, hint: &Hint<'a>) -> Step<Converted<'a>> {
        self.spend(1)?;
        if cell.is_unknown() || cell.soft {
            return Ok(Converted::Unknown);
        }
        self.nested(|run| run.convert_here(cell, hint))
    }

    fn convert_here(&mut self, cell: &Cell<'a>, hint: &Hint<'a>) -> Step<Converted<'a>> {
        let is = |thing: Thing<'a>| Converted::Is(Cell { thing, ..cell.clone() });
        Ok(match hint {
            Hint::Any => Converted::Is(cell.clone()),
            Hint::Unknown => Converted::Unknown,
            Hint::None => {
                if matches!(cell.thing, Thing::None) {
                    Converted::Is(cell.clone())
                } else {
                    Converted::Refused
                }
            }
            Hint::Str => match &cell.thing {
                Thing::Str(_) => Converted::Is(cell.clone()),
                Thing::Member(member) => match &member.value.thing {
                    Thing::Str(_) if member.class.mixed => Converted::Unknown,
                    _ => Converted::Refused,
                },
                thing => refused_unless_outside(thing),
            },
            Hint::Bool | Hint::Int | Hint::Float => scalar(&cell.thing, hint).map_or_else(|other| other, is),
            Hint::Path => match &cell.thing {
                Thing::Str(text) => is(Thing::Path(super::paths::normal(text))),
                Thing::Path(_) => Converted::Is(cell.clone()),
                Thing::Inside { path, .. } => is(Thing::Inside { path: Rc::clone(path), object: true }),
                thing => refused_unless_outside(thing),
            },
            Hint::Literal(choices) => {
                let mut certain = true;
                for choice in choices {
                    // `True` is no `1` here.
                    let alike = std::mem::discriminant(&choice.thing) == std::mem::discriminant(&cell.thing);
                    match self.equal(choice, cell) {
                        Some(true) if alike => {
                            return Ok(Converted::Is(Cell { thing: choice.thing.clone(), ..cell.clone() }));
                        }
                        Some(_) => {}
                        None => certain = false,
                    }
                }
                if certain { refused_unless_outside(&cell.thing) } else { Converted::Unknown }
            }
            Hint::Union(members) => self.convert_union(cell, members)?,
            Hint::Class(class) => self.convert_class(cell, class),
            Hint::List(item) | Hint::Tuple(item) | Hint::Set(item) => {
                let items = match &cell.thing {
                    Thing::List(id) | Thing::Set(id) => self.items(*id).map(<[_]>::to_vec),
                    Thing::Tuple(items) => Some(items.to_vec()),
                    Thing::Str(_) | Thing::Int(_) | Thing::None | Thing::Bool(_) | Thing::Float(_) | Thing::Dict(_) => {
                        return Ok(Converted::Refused);
                    }
                    _ => None,
                };
                let Some(items) = items else { return Ok(Converted::Unknown) };
                let mut converted = Vec::new();
                for one in items {
                    match self.convert(&one, item)? {
                        Converted::Is(one) => converted.push(one),
                        other => return Ok(other),
                    }
                }
                let made = match hint {
                    Hint::Tuple(_) => tuple(converted),
                    Hint::Set(_) => return Ok(Converted::Unknown),
                    _ => self.list(converted)?,
                };
                Converted::Is(made.resting_on(cell))
            }
            Hint::Dict(value) => {
                let Thing::Dict(id) = cell.thing else { return Ok(refused_unless_outside(&cell.thing)) };
                let Some(entries) = self.entries(id).map(<[_]>::to_vec) else { return Ok(Converted::Unknown) };
                let mut converted = Vec::new();
                for (key, one) in entries {
                    match self.convert(&one, value)? {
                        Converted::Is(one) if matches!(key.thing, Thing::Str(_)) => converted.push((key, one)),
                        Converted::Refused => return Ok(Converted::Refused),
                        _ => return Ok(Converted::Unknown),
                    }
                }
                Converted::Is(self.dict(converted)?.resting_on(cell))
            }
        })
    }

    /// The member that the value is of exactly, else the first that takes it.
    fn convert_union(&mut self, cell: &Cell<'a>, members: &[Hint<'a>]) -> Step<Converted<'a>> {
        let exact = members.iter().any(|member| {
            matches!(
                (member, &cell.thing),
                (Hint::None, Thing::None)
                    | (Hint::Str, Thing::Str(_))
                    | (Hint::Bool, Thing::Bool(_))
                    | (Hint::Int, Thing::Int(_))
                    | (Hint::Float, Thing::Float(_))
                    | (Hint::Any, _)
            )
        });
        if exact {
            return Ok(Converted::Is(cell.clone()));
        }
        if members.iter().any(|member| matches!(member, Hint::Unknown)) {
            return Ok(Converted::Unknown);
        }
        let mut taken = None;
        for member in members {
            match self.convert(cell, member)? {
                Converted::Is(converted) if taken.is_none() => taken = Some(converted),
                // Which of two that both take it comes first depends on how exactly they do.
                Converted::Is(_) | Converted::Unknown => return Ok(Converted::Unknown),
                Converted::Refused => {}
            }
        }
        Ok(taken.map_or(Converted::Refused, Converted::Is))
    }

    fn convert_class(&self, cell: &Cell<'a>, class: &Rc<Class<'a>>) -> Converted<'a> {
        match (&cell.thing, class.family) {
            (Thing::Member(member), Family::Enum) if member.class.scope == class.scope => Converted::Is(cell.clone()),
            (Thing::Instance(own, _), _) if own.scope == class.scope => Converted::Is(cell.clone()),
            (_, Family::Enum) => {
                let mut certain = true;
                for member in self.members(class) {
                    match self.equal(&member.value, cell) {
                        Some(true) => return Converted::Is(Cell { thing: Thing::Member(member), ..cell.clone() }),
                        Some(false) => {}
                        None => certain = false,
                    }
                }
                // The text of a number is taken for a member of an `int` enumeration.
                if certain && !class.mixed { Converted::Refused } else { self.member_by_text(cell, class) }
            }
            _ => Converted::Unknown,
        }
    }

    fn member_by_text(&self, cell: &Cell<'a>, class: &Class<'a>) -> Converted<'a> {
        let members: Vec<Rc<Member<'a>>> = self.members(class);
        let texts = members.iter().all(|member| matches!(member.value.thing, Thing::Str(_)));
        match &cell.thing {
            Thing::Str(_) if texts => Converted::Refused,
            Thing::Str(_) => Converted::Unknown,
            thing => refused_unless_outside(thing),
        }
    }
}

fn refused_unless_outside<'a>(thing: &Thing<'a>) -> Converted<'a> {
    if super::compare::is_value(thing) { Converted::Refused } else { Converted::Unknown }
}

fn union(members: Vec<Hint<'_>>) -> Hint<'_> {
    let mut flat = Vec::new();
    for member in members {
        match member {
            Hint::Union(inner) => flat.extend(inner),
            one => flat.push(one),
        }
    }
    Hint::Union(flat)
}

fn named<'a>(name: &str) -> Hint<'a> {
    match name {
        "bool" => Hint::Bool,
        "int" => Hint::Int,
        "float" => Hint::Float,
        "str" => Hint::Str,
        "pathlib.Path" => Hint::Path,
        "typing.Any" | "object" => Hint::Any,
        "list" | "typing.List" => Hint::List(Box::new(Hint::Any)),
        "set" | "typing.Set" => Hint::Set(Box::new(Hint::Any)),
        "dict" | "typing.Dict" => Hint::Dict(Box::new(Hint::Any)),
        _ => Hint::Unknown,
    }
}

/// A truth value or a number from a value of another type.
fn scalar<'a>(thing: &Thing<'a>, hint: &Hint<'a>) -> Result<Thing<'a>, Converted<'a>> {
    match (hint, thing) {
        (Hint::Bool, Thing::Bool(_)) | (Hint::Int, Thing::Int(_)) | (Hint::Float, Thing::Float(_)) => Ok(thing.clone()),
        (Hint::Bool, Thing::Int(n @ (0 | 1))) => Ok(Thing::Bool(*n == 1)),
        (Hint::Bool, Thing::Str(text)) => truth(text).map(Thing::Bool).ok_or(Converted::Refused),
        (Hint::Int, Thing::Bool(b)) => Ok(Thing::Int(i64::from(*b))),
        (Hint::Int, Thing::Float(x)) if x.fract() == 0.0 && x.abs() < 9e15 => Ok(whole(*x)),
        (Hint::Int, Thing::Str(text)) => whole_text(text),
        #[allow(clippy::cast_precision_loss, reason = "Python rounds the same way: to the nearest double")]
        (Hint::Float, Thing::Int(n)) => Ok(Thing::Float(*n as f64)),
        (Hint::Float, Thing::Bool(b)) => Ok(Thing::Float(f64::from(u8::from(*b)))),
        (Hint::Float, Thing::Str(text)) => match super::numbers::float_of(&Thing::Str(Rc::clone(text))) {
            Calc::Is(thing) => Ok(thing),
            Calc::Raises(..) => Err(Converted::Refused),
            Calc::Unknown(_) => Err(Converted::Unknown),
        },
        (Hint::Bool, Thing::Float(_)) | (_, Thing::Member(_)) => Err(Converted::Unknown),
        (_, thing) => Err(refused_unless_outside(thing)),
    }
}

#[allow(clippy::cast_possible_truncation, reason = "the range was checked")]
fn whole<'a>(x: f64) -> Thing<'a> {
    Thing::Int(x as i64)
}

/// The spellings of a truth value that pydantic takes, whatever their case.
pub(super) fn truth(text: &str) -> Option<bool> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

/// A whole number as pydantic reads it: `4.0` is one, too.
fn whole_text<'a>(text: &Text) -> Result<Thing<'a>, Converted<'a>> {
    let trimmed = text.trim();
    let digits = match trimmed.split_once('.') {
        Some((whole, zeros)) if !zeros.is_empty() && zeros.bytes().all(|b| b == b'0') => whole,
        Some(_) => return Err(Converted::Refused),
        None => trimmed,
    };
    match super::numbers::int_text(digits, 10) {
        Calc::Is(thing) => Ok(thing),
        Calc::Raises(..) => Err(Converted::Refused),
        Calc::Unknown(_) => Err(Converted::Unknown),
    }
}
