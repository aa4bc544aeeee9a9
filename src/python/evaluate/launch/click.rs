//! Commands of click and typer: which function a command line comes to, and what it declares.

use std::rc::Rc;

use crate::source::Span;

use super::super::call::Arguments;
use super::super::cell::{Cell, Function, Id, Text, Thing};
use super::super::operators::tuple;
use super::super::run::{Run, Step};
use super::invoke::{Called, Kind, Parameter};
use super::word_of;
use super::words::Takes;

/// What declares a command: `@click.command(...)`, `@group.command(...)`.
struct Head<'a> {
    arguments: Rc<Arguments<'a>>,
    parent: Option<Cell<'a>>,
    what: Text,
}

/// What click calls the beginning of the names of variables that stand for options.
const AUTO_PREFIX: &str = "auto_envvar_prefix";

/// The name of a function of click, in whichever of its variants.
fn of_click(name: &str) -> Option<&str> {
    let (module, function) = name.split_once('.')?;
    matches!(module, "click" | "rich_click" | "asyncclick" | "cloup").then_some(function)
}

impl<'a> Run<'a, '_> {
    /// A call of click, typer or their types; `None` for any other function.
    pub(super) fn made_by_click(
        &mut self,
        name: &Text,
        _callee: &Cell<'a>,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Option<Cell<'a>>> {
        let made = |name: &str| Ok(Some(Cell::new(Thing::Made(name.into(), Rc::new(arguments.clone())))));
        match name.as_ref() {
            "typer.Typer" => {
                let made = self.command("", true, true, at)?;
                self.put_prefix(&made, arguments);
                Ok(Some(made))
            }
            "typer.run" => {
                let Some(Thing::Function(function)) = arguments.positional.first().map(|cell| &cell.thing) else {
                    return Ok(None);
                };
                let function = Rc::clone(function);
                let command = self.typer_command(&function, at)?;
                if let Thing::Instance(_, id) = command.thing {
                    self.run_command(id, None, &Called::default(), at)?;
                }
                Ok(Some(Cell::new(Thing::None)))
            }
            "typer.Option" | "typer.Argument" => made(name),
            _ => match of_click(name) {
                Some(
                    function @ ("command" | "group" | "option" | "argument" | "Choice" | "IntRange" | "Path" | "File"),
                ) => made(&format!("click.{function}")),
                Some(pass @ ("pass_context" | "pass_obj")) => made(&format!("click.{pass}")),
                _ => Ok(None),
            },
        }
    }

    /// A command without parameters and function yet.
    pub(super) fn command(&mut self, name: &str, group: bool, typer: bool, _at: Span) -> Step<Cell<'a>> {
        let commands = self.list(Vec::new())?;
        let attributes = vec![
            ("(name)".into(), Cell::str(name)),
            ("(commands)".into(), commands),
            ("(group)".into(), Cell::new(Thing::Bool(group))),
            ("(typer)".into(), Cell::new(Thing::Bool(typer))),
        ];
        self.tool("click.Command", attributes)
    }

    /// What decorators of click and typer make of a function; `None` where none of them is there.
    pub(in super::super) fn as_command(
        &mut self,
        decorators: &[Cell<'a>],
        function: &Rc<Function<'a>>,
        at: Span,
    ) -> Step<Option<Cell<'a>>> {
        if self.witness.is_none() {
            return Ok(None);
        }
        let mut head = None;
        let mut parameters = Vec::new();
        let mut context = "";
        for decorator in decorators {
            match &decorator.thing {
                Thing::Made(what, arguments) => match what.as_ref() {
                    "click.command" | "click.group" | "click.callback" => {
                        let parent = arguments.named("(parent)").cloned();
                        head = Some(Head { arguments: Rc::clone(arguments), parent, what: Rc::clone(what) });
                    }
                    "click.option" | "click.argument" => parameters.extend(self.declared(what, arguments)),
                    "click.pass_context" => context = "context",
                    "click.pass_obj" => context = "obj",
                    _ => {}
                },
                Thing::Dotted(name) => match of_click(name) {
                    Some(what @ ("command" | "group")) => {
                        let what = format!("click.{what}").into();
                        head = Some(Head { arguments: Rc::default(), parent: None, what });
                    }
                    Some("pass_context") => context = "context",
                    Some("pass_obj") => context = "obj",
                    _ => {}
                },
                Thing::Method(bound) => {
                    let (receiver, name) = (&bound.0, &bound.1);
                    let is_command =
                        matches!(&receiver.thing, Thing::Instance(class, _) if class.name.as_ref() == "click.Command");
                    if is_command && matches!(name.as_ref(), "command" | "group" | "callback") {
                        let what = format!("click.{name}").into();
                        head = Some(Head { arguments: Rc::default(), parent: Some(receiver.clone()), what });
                    }
                }
                _ => {}
            }
        }
        let Some(head) = head else { return Ok(None) };
        self.made_command(&head, function, parameters, context, at).map(Some)
    }

    fn made_command(
        &mut self,
        head: &Head<'a>,
        function: &Rc<Function<'a>>,
        mut parameters: Vec<Parameter<'a>>,
        context: &str,
        at: Span,
    ) -> Step<Cell<'a>> {
        let parent = match head.parent.as_ref().map(|cell| &cell.thing) {
            Some(Thing::Instance(_, id)) => Some(*id),
            _ => None,
        };
        let of_typer = parent.is_some_and(|id| self.says(id, "(typer)"));
        let group = head.what.as_ref() == "click.group";
        let given = head.arguments.get(0, "name").and_then(word_of);
        let name = given.unwrap_or_else(|| default_name(&function.name, of_typer).into());
        let own = Cell::new(Thing::Function(Rc::clone(function)));
        if of_typer {
            parameters = self.typer_parameters(function)?;
        }
        let parameters = self.keep_parameters(parameters);
        if head.what.as_ref() == "click.callback"
            && let Some(parent) = parent
        {
            let bare = head.arguments.named("invoke_without_command").cloned();
            self.put(parent, "(callback)", own.clone());
            self.put(parent, "(parameters)", parameters);
            self.put(parent, "(bare)", bare.unwrap_or_else(|| Cell::new(Thing::Bool(false))));
            self.put(parent, "(called_back)", Cell::new(Thing::Bool(true)));
            return Ok(own);
        }
        let command = self.command(&name, group, false, at)?;
        let Thing::Instance(_, id) = command.thing else { return Ok(own) };
        self.put(id, "(callback)", own.clone());
        self.put(id, "(parameters)", parameters);
        self.put(id, "(context)", Cell::str(context));
        self.put_prefix(&command, &head.arguments);
        if let Some(bare) = head.arguments.named("invoke_without_command") {
            self.put(id, "(bare)", bare.clone());
        }
        if let Some(parent) = parent {
            let entry = tuple(vec![Cell::new(Thing::Str(name)), command.clone()]);
            self.push_to(parent, "(commands)", entry)?;
        }
        // Typer leaves the function what it is.
        Ok(if of_typer { own } else { command })
    }

    /// Keeps the beginning of the names of variables that stand for the options of a command.
    fn put_prefix(&mut self, command: &Cell<'a>, arguments: &Arguments<'a>) {
        let Some(Thing::Dict(settings)) = arguments.named("context_settings").map(|cell| &cell.thing) else { return };
        let is_prefix = |key: &Cell<'a>| matches!(&key.thing, Thing::Str(name) if name.as_ref() == AUTO_PREFIX);
        let found = self.entries(*settings).unwrap_or_default().iter().find(|(key, _)| is_prefix(key));
        let (Some((_, prefix)), Thing::Instance(_, id)) = (found.cloned(), &command.thing) else { return };
        self.put(*id, "(prefix)", prefix);
    }

    /// Whether an attribute of a command is true.
    pub(super) fn says(&self, id: Id, name: &str) -> bool {
        self.own(id, name).is_some_and(|cell| matches!(cell.thing, Thing::Bool(true)))
    }

    pub(super) fn put(&mut self, id: Id, name: &str, cell: Cell<'a>) {
        if let Some(scope) = self.state.scope_mut(id) {
            let slot = super::super::state::Slot { cell, conditional: false, absent: false, records: Rc::from([]) };
            scope.names.insert(name.into(), slot);
        }
    }

    pub(super) fn keep_parameters(&mut self, parameters: Vec<Parameter<'a>>) -> Cell<'a> {
        let Some(witness) = &mut self.witness else { return Cell::new(Thing::None) };
        witness.parameters.push(parameters.into());
        Cell::new(Thing::Int(i64::try_from(witness.parameters.len() - 1).unwrap_or(0)))
    }

    /// A method of a command or a group.
    pub(super) fn command_method(
        &mut self,
        receiver: &Cell<'a>,
        id: Id,
        method: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        match method {
            "command" | "group" | "callback" => {
                let mut arguments = arguments.clone();
                arguments.named.push(("(parent)".into(), receiver.clone()));
                Ok(Cell::new(Thing::Made(format!("click.{method}").into(), Rc::new(arguments))))
            }
            "add_command" | "add_typer" => {
                if let Some(Cell { thing: Thing::Dotted(outside), .. }) = arguments.positional.first() {
                    // A command of a library under a name of the project's own.
                    let name = arguments.get(1, "name").and_then(word_of).unwrap_or_else(|| Rc::clone(outside));
                    let child = self.command(&name, false, false, at)?;
                    if let Thing::Instance(_, made) = child.thing {
                        self.put(made, "(outside)", Cell::new(Thing::Str(Rc::clone(outside))));
                    }
                    self.push_to(id, "(commands)", tuple(vec![Cell::new(Thing::Str(name)), child]))?;
                } else if let Some(Cell { thing: Thing::Instance(_, child), .. }) = arguments.positional.first() {
                    let own = self.own(*child, "(name)").unwrap_or_else(|| Cell::str(""));
                    let name = arguments.get(1, "name").cloned().unwrap_or(own);
                    let child = arguments.positional.first().cloned().unwrap_or(name.clone());
                    self.push_to(id, "(commands)", tuple(vec![name, child]))?;
                }
                Ok(Cell::new(Thing::None))
            }
            "__call__" | "main" => {
                let words = match arguments.get(0, "args").filter(|cell| !matches!(cell.thing, Thing::None)) {
                    None => None,
                    Some(list) => {
                        let list = list.clone();
                        match self.iterate(&list, at)? {
                            Some(items) => Some(items.iter().map(word_of).collect()),
                            None => Some(vec![None]),
                        }
                    }
                };
                let prefix = match arguments.named(AUTO_PREFIX) {
                    Some(prefix) => Some(prefix.clone()),
                    None => self.own(id, "(prefix)"),
                };
                let called = Called { prefix: prefix.as_ref().and_then(word_of), obj: arguments.named("obj").cloned() };
                self.run_command(id, words, &called, at)?;
                Ok(Cell::new(Thing::None))
            }
            _ => Ok(Cell::unknown("something a command gives")),
        }
    }

    /// Reads `@click.option(...)` or `@click.argument(...)`.
    fn declared(&self, what: &str, arguments: &Rc<Arguments<'a>>) -> Option<Parameter<'a>> {
        let is_true = |name: &str| arguments.named(name).is_some_and(|cell| matches!(cell.thing, Thing::Bool(true)));
        let written: Vec<Text> = arguments.positional.iter().filter_map(word_of).collect();
        let mut flags: Vec<Text> = Vec::new();
        let mut off: Vec<Text> = Vec::new();
        let mut dest = None;
        for one in &written {
            if !one.starts_with('-') {
                dest = Some(Rc::clone(one));
                continue;
            }
            let (on, opposite) = one.split_once('/').map_or((one.as_ref(), None), |(on, off)| (on, Some(off)));
            flags.push(on.trim().into());
            off.extend(opposite.map(|flag| Text::from(flag.trim())));
        }
        let is_argument = what == "click.argument";
        let dest = dest.or_else(|| {
            let long = flags.iter().find(|flag| flag.starts_with("--")).or(flags.first())?;
            Some(long.trim_start_matches('-').replace('-', "_").to_lowercase().into())
        })?;
        let default = arguments.named("default").cloned();
        // Of a default that is a tuple, where one word is wanted, click makes a text by its own rules.
        let one = ["type", "multiple", "nargs"].iter().all(|name| arguments.named(name).is_none());
        let default = default.map(|default| match default.thing {
            Thing::Tuple(_) if one => Cell::unknown("click makes a text of this tuple"),
            _ => default,
        });
        let is_flag = !off.is_empty() || is_true("is_flag");
        let multiple = is_true("multiple");
        let nargs = match arguments.named("nargs").map(|cell| &cell.thing) {
            Some(Thing::Int(n)) => *n,
            _ => 1,
        };
        let takes = match (is_flag || is_true("count"), nargs) {
            (true, _) => Takes::Nothing,
            (_, 1) => Takes::One,
            (_, n) => usize::try_from(n).map_or(Takes::Many(0), Takes::Exactly),
        };
        let kind = if arguments.named("flag_value").is_some() || arguments.named("callback").is_some() {
            Kind::Unknown
        } else if is_true("count") {
            Kind::Count
        } else {
            Self::kind_of(arguments.named("type"), default.as_ref(), is_flag)
        };
        let required = is_true("required") || is_argument && default.is_none() && !is_false(arguments, "required");
        Some(Parameter {
            flags,
            off,
            dest,
            takes,
            kind,
            multiple,
            required,
            is_argument,
            default,
            variables: self.variables_of(arguments),
        })
    }

    /// How a word of a parameter of click is read: by its type, else by that of its default.
    fn kind_of(declared: Option<&Cell<'a>>, default: Option<&Cell<'a>>, is_flag: bool) -> Kind<'a> {
        match declared.map(|cell| &cell.thing) {
            Some(Thing::Dotted(name)) => match name.rsplit('.').next() {
                Some("int" | "INT") => Kind::Int,
                Some("float" | "FLOAT") => Kind::Float,
                Some("bool" | "BOOL") => Kind::Bool,
                Some("str" | "STRING") => Kind::Text,
                _ => Kind::Unknown,
            },
            Some(Thing::Made(name, _)) => match name.as_ref() {
                "click.IntRange" => Kind::Int,
                "click.Choice" | "click.Path" => Kind::Text,
                _ => Kind::Unknown,
            },
            Some(Thing::None) | None => match default.map(|cell| &cell.thing) {
                _ if is_flag => Kind::Bool,
                None | Some(Thing::None | Thing::Str(_)) => Kind::Text,
                Some(Thing::Int(_)) => Kind::Int,
                Some(Thing::Float(_)) => Kind::Float,
                Some(Thing::Bool(_)) => Kind::Bool,
                Some(_) => Kind::Guessed,
            },
            Some(_) => Kind::Unknown,
        }
    }
}

fn is_false(arguments: &Arguments<'_>, name: &str) -> bool {
    arguments.named(name).is_some_and(|cell| matches!(cell.thing, Thing::Bool(false)))
}

impl Run<'_, '_> {
    /// The variables that `envvar=` names, in order.
    pub(super) fn variables_of(&self, arguments: &Arguments<'_>) -> Vec<Text> {
        match arguments.named("envvar").map(|cell| &cell.thing) {
            Some(Thing::Str(name)) => vec![Rc::clone(name)],
            Some(Thing::Tuple(names)) => names.iter().filter_map(word_of).collect(),
            Some(Thing::List(id)) => self.items(*id).into_iter().flatten().filter_map(word_of).collect(),
            _ => Vec::new(),
        }
    }
}

/// The name that a command has by its function: since click 8.2 without an ending that says what it is.
fn default_name(function: &str, typer: bool) -> String {
    let name = function.to_lowercase().replace('_', "-");
    let endings = ["-command", "-cmd", "-group", "-grp"];
    let ending = endings.iter().find_map(|ending| name.strip_suffix(ending)).filter(|rest| !rest.is_empty());
    match ending {
        Some(rest) if !typer => rest.to_owned(),
        _ => name,
    }
}
