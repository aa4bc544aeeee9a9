//! What typer and fire read off a function: its parameters are the options.

use std::rc::Rc;

use crate::source::Span;

use super::super::super::syntax::ast::{self, Expr};
use super::super::call::Arguments;
use super::super::cell::{Cell, Function, Text, Thing};
use super::super::hints::Hint;
use super::super::run::{Run, Step};
use super::invoke::{Called, Kind, Parameter};
use super::word_of;
use super::words::Takes;

impl<'a> Run<'a, '_> {
    /// A command of a function alone.
    pub(super) fn typer_command(&mut self, function: &Rc<Function<'a>>, at: Span) -> Step<Cell<'a>> {
        let parameters = self.typer_parameters(function)?;
        let parameters = self.keep_parameters(parameters);
        let command = self.command(&function.name, false, false, at)?;
        if let Thing::Instance(_, id) = command.thing {
            self.put(id, "(callback)", Cell::new(Thing::Function(Rc::clone(function))));
            self.put(id, "(parameters)", parameters);
        }
        Ok(command)
    }

    /// The options and arguments that typer makes of the parameters of a function.
    pub(super) fn typer_parameters(&mut self, function: &Rc<Function<'a>>) -> Step<Vec<Parameter<'a>>> {
        let Some(declared) = function.parameters else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for parameter in declared.iter_non_variadic_params() {
            let name = parameter.name().as_str();
            let default = function.defaults.iter().find(|(known, _)| known.as_ref() == name).map(|(_, cell)| cell);
            let one = self.typer_parameter(name, parameter.annotation(), default)?;
            found.extend(one);
        }
        Ok(found)
    }

    fn typer_parameter(
        &mut self,
        name: &str,
        annotation: Option<&'a Expr>,
        default: Option<&Cell<'a>>,
    ) -> Step<Option<Parameter<'a>>> {
        let (annotation, inner) = self.annotated(annotation)?;
        let mut default = default.cloned();
        let mut made = inner.clone();
        if let Some(Cell { thing: Thing::Made(what, arguments), .. }) = &default
            && what.starts_with("typer.")
        {
            made = Some((Rc::clone(what), Rc::clone(arguments)));
            default = arguments.get(0, "default").cloned();
        }
        if matches!(&default, Some(Cell { thing: Thing::Dotted(name), .. }) if name.as_ref() == "Ellipsis") {
            default = None;
        }
        let kind = match annotation {
            Some(annotation) => match self.hint(annotation)? {
                // The context comes from typer itself.
                Hint::Unknown if is_context(annotation) => return Ok(None),
                hint => kind_of(&hint),
            },
            None => match default.as_ref().map(|cell| &cell.thing) {
                Some(Thing::Int(_)) => Kind::Int,
                Some(Thing::Float(_)) => Kind::Float,
                Some(Thing::Bool(_)) => Kind::Bool,
                _ => Kind::Text,
            },
        };
        let is_argument = match &made {
            Some((what, _)) => what.as_ref() == "typer.Argument",
            None => default.is_none(),
        };
        // In `Annotated` nothing stands for the default.
        let skipped = usize::from(inner.is_none());
        let given = made.as_ref().map(|(_, arguments)| arguments.positional.as_slice()).unwrap_or_default();
        let written: Vec<Text> = given.iter().skip(skipped).filter_map(word_of).collect();
        let mut flags: Vec<Text> = Vec::new();
        let mut off: Vec<Text> = Vec::new();
        for one in &written {
            let (on, opposite) = one.split_once('/').map_or((one.as_ref(), None), |(on, off)| (on, Some(off)));
            flags.push(on.trim().into());
            off.extend(opposite.map(|flag| Text::from(flag.trim())));
        }
        let takes_value = !matches!(kind, Kind::Bool);
        if flags.is_empty() && !is_argument {
            let long = name.replace('_', "-");
            flags.push(format!("--{long}").into());
            if !takes_value {
                off.push(format!("--no-{long}").into());
            }
        }
        let multiple = matches!(kind, Kind::Many(_));
        let variables = made.as_ref().map(|(_, arguments)| self.variables_of(arguments)).unwrap_or_default();
        Ok(Some(Parameter {
            flags: if is_argument { Vec::new() } else { flags },
            off,
            dest: name.into(),
            takes: if takes_value || is_argument { Takes::One } else { Takes::Nothing },
            kind,
            multiple,
            required: default.is_none(),
            is_argument,
            default,
            variables,
        }))
    }

    /// The type inside `Annotated[...]`, and what `typer.Option(...)` beside it says.
    #[allow(clippy::type_complexity, reason = "a pair of what stands in one bracket")]
    fn annotated(
        &mut self,
        annotation: Option<&'a Expr>,
    ) -> Step<(Option<&'a Expr>, Option<(Text, Rc<Arguments<'a>>)>)> {
        let Some(Expr::Subscript(subscript)) = annotation else { return Ok((annotation, None)) };
        let base = self.expression(&subscript.value)?;
        let is_annotated = matches!(&base.thing, Thing::Dotted(name) if name.ends_with(".Annotated"));
        let Expr::Tuple(ast::ExprTuple { elts, .. }) = subscript.slice.as_ref() else { return Ok((annotation, None)) };
        if !is_annotated {
            return Ok((annotation, None));
        }
        let mut made = None;
        for extra in elts.iter().skip(1) {
            if let Thing::Made(what, arguments) = self.expression(extra)?.thing
                && what.starts_with("typer.")
            {
                made = Some((what, arguments));
            }
        }
        Ok((elts.first(), made))
    }

    /// `fire.Fire(function)`: every parameter is an option, and words by position count as well.
    pub(super) fn fire(&mut self, arguments: &Arguments<'a>, at: Span) -> Step<Option<Cell<'a>>> {
        let Some(Thing::Function(function)) = arguments.get(0, "component").map(|cell| &cell.thing) else {
            return Ok(None);
        };
        let function = Rc::clone(function);
        let Some(declared) = function.parameters else { return Ok(None) };
        let mut parameters = Vec::new();
        for parameter in declared.iter_non_variadic_params() {
            let name: Text = parameter.name().as_str().into();
            let default = function.defaults.iter().find(|(known, _)| *known == name).map(|(_, cell)| cell.clone());
            let flags = vec![format!("--{name}").into(), format!("--{}", name.replace('_', "-")).into()];
            parameters.push(Parameter {
                flags,
                off: vec![format!("--no{name}").into()],
                dest: name,
                takes: Takes::Perhaps,
                kind: Kind::Literal,
                multiple: false,
                required: default.is_none(),
                is_argument: false,
                default,
                variables: Vec::new(),
            });
        }
        let parameters = self.keep_parameters(parameters);
        let command = self.command(&function.name, false, false, at)?;
        if let Thing::Instance(_, id) = command.thing {
            self.put(id, "(callback)", Cell::new(Thing::Function(Rc::clone(&function))));
            self.put(id, "(parameters)", parameters);
            self.run_command(id, None, &Called::default(), at)?;
        }
        Ok(Some(Cell::new(Thing::None)))
    }
}

fn is_context(annotation: &Expr) -> bool {
    match annotation {
        Expr::Name(name) => name.id == "Context",
        Expr::Attribute(attribute) => attribute.attr.as_str() == "Context",
        _ => false,
    }
}

fn kind_of<'a>(hint: &Hint<'a>) -> Kind<'a> {
    match hint {
        Hint::Bool => Kind::Bool,
        Hint::Int => Kind::Int,
        Hint::Float => Kind::Float,
        Hint::Str | Hint::Path | Hint::Any => Kind::Text,
        Hint::List(one) | Hint::Tuple(one) => Kind::Many(Box::new(kind_of(one))),
        Hint::Class(class) => Kind::Member(Rc::clone(class)),
        Hint::Union(members) => match members.as_slice() {
            [one, Hint::None] | [Hint::None, one] => kind_of(one),
            _ => Kind::Unknown,
        },
        _ => Kind::Unknown,
    }
}
