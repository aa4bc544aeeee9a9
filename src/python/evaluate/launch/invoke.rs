//! A command is called: its words and variables become the arguments of its function.

use std::rc::Rc;

use crate::source::Span;

use super::super::call::Arguments;
use super::super::cell::{Cell, Id, Text, Thing};
use super::super::class::Class;
use super::super::numbers::{float_of, int_text};
use super::super::operators::tuple;
use super::super::outside::Variable;
use super::super::run::{Run, Step};
use super::argparse::resting_on_option;
use super::word_of;
use super::words::{self, Declared, Parsed, Takes};

/// An option or an argument of a command.
#[derive(Debug, Clone)]
pub(super) struct Parameter<'a> {
    pub(super) flags: Vec<Text>,
    pub(super) off: Vec<Text>,
    /// The parameter of the function that gets it.
    pub(super) dest: Text,
    pub(super) takes: Takes,
    pub(super) kind: Kind<'a>,
    /// Whether it may be repeated, so that its value is a list.
    pub(super) multiple: bool,
    pub(super) required: bool,
    pub(super) is_argument: bool,
    pub(super) default: Option<Cell<'a>>,
    /// Variables that stand for it, the first that is set counts.
    pub(super) variables: Vec<Text>,
}

/// How a word is read.
#[derive(Debug, Clone)]
pub(super) enum Kind<'a> {
    Text,
    Int,
    Float,
    Bool,
    Count,
    /// A Python literal, else a text.
    Literal,
    /// A member of an enumeration, by its value.
    Member(Rc<Class<'a>>),
    Many(Box<Kind<'a>>),
    /// What its default is, which is not known.
    Guessed,
    Unknown,
}

/// What a program says where it calls its command.
#[derive(Debug, Clone, Default)]
pub(super) struct Called<'a> {
    /// How the names of variables begin that stand for options.
    pub(super) prefix: Option<Text>,
    /// What all commands share.
    pub(super) obj: Option<Cell<'a>>,
}

/// What one command is invoked with, beside its words.
#[derive(Clone)]
struct Turn<'a> {
    prefix: Option<Text>,
    context: Cell<'a>,
}

/// The object that a command may ask for.
const CONTEXT: &str = "click.Context";

/// Whether the object that a command may ask for has something under a name that is no method.
pub(in super::super) fn is_of_context(name: &str) -> bool {
    const ATTRIBUTES: [&str; 9] = [
        "params",
        "parent",
        "command",
        "info_name",
        "args",
        "meta",
        "default_map",
        "command_path",
        "invoked_subcommand",
    ];
    ATTRIBUTES.contains(&name)
}

impl<'a> Run<'a, '_> {
    /// The prefix that a command has of its own.
    fn prefix_of(&self, id: Id) -> Option<Text> {
        let prefix = self.own(id, "(prefix)").as_ref().and_then(word_of)?;
        Some(prefix.to_uppercase().replace('-', "_").into())
    }

    /// A method of the object that a command may ask for.
    pub(super) fn context_method(
        &mut self,
        receiver: &Cell<'a>,
        method: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        match (method, arguments.positional.as_slice()) {
            ("ensure_object", [class]) => {
                let obj = self.attribute(receiver, "obj", at)?;
                if !matches!(obj.thing, Thing::None) {
                    return Ok(obj);
                }
                let made = self.call_cell(&class.clone(), Arguments::default(), at)?;
                self.set_attribute(receiver, "obj", &made, at)?;
                Ok(made)
            }
            _ => Ok(Cell::unknown("something the context of a command gives")),
        }
    }

    /// Calls a command with `words`, or with those of the program.
    pub(super) fn run_command(
        &mut self,
        id: Id,
        words: Option<Vec<Option<Text>>>,
        called: &Called<'a>,
        at: Span,
    ) -> Step<()> {
        let words = words.or_else(|| self.words());
        let obj = called.obj.clone().unwrap_or_else(|| Cell::new(Thing::None));
        let context = self.tool(CONTEXT, vec![("obj".into(), obj)])?;
        let prefix = called.prefix.as_ref().map(|prefix| Text::from(prefix.to_uppercase().replace('-', "_")));
        self.nested(|run| run.invoke(id, words.as_deref(), &Turn { prefix, context }, at))
    }

    fn invoke(&mut self, id: Id, words: Option<&[Option<Text>]>, turn: &Turn<'a>, at: Span) -> Step<()> {
        self.spend(8)?;
        if let Some(Thing::Str(outside)) = self.own(id, "(outside)").map(|cell| cell.thing) {
            return self.run_outside(&outside, words, at);
        }
        let commands = self.listed(id, "(commands)").unwrap_or_default();
        let of_typer = self.says(id, "(typer)");
        // An application of typer with a single command is that command.
        if let [only] = commands.as_slice()
            && of_typer
            && !self.says(id, "(called_back)")
            && let Some((_, inner)) = entry(only)
            && self.listed(inner, "(commands)").is_none_or(|inner| inner.is_empty())
        {
            let turn = Turn { prefix: self.prefix_of(inner).or_else(|| turn.prefix.clone()), ..turn.clone() };
            return self.nested(|run| run.invoke(inner, words, &turn, at));
        }
        let parameters: Rc<[Parameter<'a>]> = match self.own(id, "(parameters)").map(|cell| cell.thing) {
            Some(Thing::Int(index)) => usize::try_from(index)
                .ok()
                .and_then(|index| self.witness.as_ref()?.parameters.get(index).map(Rc::clone))
                .unwrap_or_else(|| Rc::from([])),
            _ => Rc::from([]),
        };
        let is_group = self.says(id, "(group)") || !commands.is_empty();
        let declared: Vec<Declared> = parameters
            .iter()
            .map(|one| Declared { flags: one.flags.clone(), off: one.off.clone(), takes: one.takes })
            .collect();
        let places = parameters.iter().filter(|one| one.is_argument).count();
        let most = is_group.then_some(places + 1);
        let parsed = match words {
            Some(words) => words::read(&declared, words, most, false),
            None => Parsed::default(),
        };
        if parsed.wrong.is_some() {
            return self.raise("SystemExit", at, "the command line is refused");
        }
        let mut parameters = parameters.to_vec();
        if let Some(prefix) = &turn.prefix {
            for one in parameters.iter_mut().filter(|one| !one.is_argument) {
                one.variables.push(format!("{prefix}_{}", one.dest.to_uppercase()).into());
            }
        }
        let (arguments, rest) = self.bound_parameters(&parameters, words.is_some(), &parsed, at)?;
        let named = match rest.first() {
            Some(Some(name)) => commands.iter().filter_map(entry).find(|(known, _)| known == name).map(|(_, id)| id),
            _ => None,
        };
        if is_group && words.is_none() {
            self.offer(commands.iter().filter_map(entry).map(|(name, _)| name));
        }
        if is_group && named.is_none() && !self.is_bare(id) {
            return self.raise("SystemExit", at, "a command that the program does not have");
        }
        if let Some(callback) = self.own(id, "(callback)") {
            let mut arguments = arguments;
            if let (true, Thing::Instance(_, context)) = (is_group, &turn.context.thing) {
                let chosen = match (words, rest.first()) {
                    (None, _) => Cell::unknown("the command that is chosen"),
                    (Some(_), Some(Some(name))) => Cell::new(Thing::Str(Rc::clone(name))),
                    (Some(_), Some(None)) => Cell::unknown("a word of the command line that nobody knows"),
                    (Some(_), None) => Cell::new(Thing::None),
                };
                self.put(*context, "invoked_subcommand", chosen);
            }
            let asked = self.own(id, "(context)").as_ref().and_then(word_of);
            match asked.as_deref() {
                Some("context") => arguments.positional.push(turn.context.clone()),
                Some("obj") => {
                    let obj = self.attribute(&turn.context, "obj", at)?;
                    arguments.positional.push(obj);
                }
                _ => {}
            }
            self.call_cell(&callback, arguments, at)?;
        }
        match (named, rest.first()) {
            (Some(inner), Some(Some(name))) => {
                let inherited = |prefix: &Text| format!("{prefix}_{}", name.to_uppercase()).replace('-', "_").into();
                let prefix = self.prefix_of(inner).or_else(|| turn.prefix.as_ref().map(inherited));
                let turn = Turn { prefix, ..turn.clone() };
                self.nested(|run| run.invoke(inner, Some(&parsed.rest), &turn, at))
            }
            _ => Ok(()),
        }
    }

    /// A command of a library gets the words behind its name.
    fn run_outside(&mut self, name: &Text, words: Option<&[Option<Text>]>, at: Span) -> Step<()> {
        let mut argv = vec![Cell::new(Thing::Str(Rc::clone(name)))];
        argv.extend(words.unwrap_or_default().iter().map(|word| match word {
            Some(word) => Cell::new(Thing::Str(Rc::clone(word))),
            None => Cell::unknown("a word of the command line that nobody knows"),
        }));
        let list = if words.is_some() { self.list(argv)? } else { Cell::unknown("the words of the command line") };
        self.set_system("argv", list);
        if self.witness.as_ref().is_some_and(|witness| (witness.watched)(name)) {
            self.sight(name, &Arguments::default(), at);
        }
        Ok(())
    }

    /// Whether a group does something without a command.
    fn is_bare(&self, id: Id) -> bool {
        self.says(id, "(bare)")
    }

    /// The arguments of the function behind a command, and the words left over: the first names a command.
    fn bound_parameters(
        &mut self,
        parameters: &[Parameter<'a>],
        told: bool,
        parsed: &Parsed,
        at: Span,
    ) -> Step<(Arguments<'a>, Vec<Option<Text>>)> {
        let mut arguments = Arguments::default();
        let mut positional = parsed.positional.iter();
        for (index, one) in parameters.iter().enumerate() {
            let value = self.parameter_value(one, index, told, parsed, &mut positional, at)?;
            let value = if parsed.opaque {
                Cell {
                    thing: Thing::Unknown("a word of the command line that nobody knows may set it".into()),
                    ..value
                }
            } else {
                value
            };
            arguments.named.push((Rc::clone(&one.dest), value));
        }
        Ok((arguments, positional.cloned().collect()))
    }

    fn parameter_value(
        &mut self,
        one: &Parameter<'a>,
        index: usize,
        told: bool,
        parsed: &Parsed,
        positional: &mut std::slice::Iter<Option<Text>>,
        at: Span,
    ) -> Step<Cell<'a>> {
        if one.is_argument {
            match one.takes {
                Takes::One => {
                    if let Some(word) = positional.next() {
                        return self.read_word(&one.kind, word.as_ref(), at);
                    }
                }
                _ if positional.len() > 0 => return Ok(Cell::unknown("several words of the command line")),
                _ => {}
            }
        }
        let uses: Vec<_> = parsed.uses.iter().filter(|used| used.option == index).collect();
        if let Some(last) = uses.last() {
            return match (&one.kind, last.words.as_slice()) {
                (Kind::Count, _) => Ok(Cell::new(Thing::Int(i64::try_from(uses.len()).unwrap_or(0)))),
                (_, []) => Ok(Cell::new(Thing::Bool(!last.off))),
                (kind, [word]) if !one.multiple => self.read_word(kind, word.as_ref(), at),
                (kind, _) => {
                    let kind = if let Kind::Many(inner) = kind { inner.as_ref().clone() } else { kind.clone() };
                    let mut items = Vec::new();
                    for word in uses.iter().flat_map(|used| &used.words) {
                        items.push(self.read_word(&kind, word.as_ref(), at)?);
                    }
                    Ok(tuple(items))
                }
            };
        }
        let default = self.default_of_parameter(one, told, at);
        // The last variable is asked first, because one before it has the last word.
        one.variables.iter().rev().fold(default, |otherwise, name| {
            let otherwise = otherwise?;
            match self.variable(name, one.default.as_ref()) {
                Variable::Is(cell) => match &cell.thing {
                    // An empty variable is none.
                    Thing::Str(text) if text.is_empty() => Ok(otherwise),
                    Thing::Str(text) if !one.multiple => {
                        Ok(self.read_word(&one.kind, Some(text), at)?.with_deps(&cell.deps))
                    }
                    _ => Ok(Cell::unknown(&format!("depends on the environment variable {name}"))),
                },
                Variable::Absent(deps) | Variable::Open(deps) => Ok(otherwise.with_deps(&deps)),
            }
        })
    }

    fn default_of_parameter(&mut self, one: &Parameter<'a>, told: bool, at: Span) -> Step<Cell<'a>> {
        let default = match &one.default {
            Some(default @ Cell { thing: Thing::Function(_), .. }) => {
                self.call_cell(&default.clone(), Arguments::default(), at)?
            }
            Some(text @ Cell { thing: Thing::Str(word), .. }) if !matches!(one.kind, Kind::Literal) => {
                let word = Rc::clone(word);
                self.read_word(&one.kind, Some(&word), at)?.with_deps(&text.deps)
            }
            Some(default) => default.clone(),
            None if one.required && told && one.variables.is_empty() => {
                return self.raise("SystemExit", at, "an option is missing");
            }
            None if one.required => {
                return Ok(Cell::unknown(&format!("the option {} of the command line", one.dest)));
            }
            None if matches!(one.kind, Kind::Bool) && one.takes == Takes::Nothing => Cell::new(Thing::Bool(false)),
            None if matches!(one.kind, Kind::Count) => Cell::new(Thing::Int(0)),
            None if one.multiple => tuple(Vec::new()),
            None => Cell::new(Thing::None),
        };
        Ok(if told { default } else { resting_on_option(default, &one.dest) })
    }

    /// What a word becomes.
    fn read_word(&mut self, kind: &Kind<'a>, word: Option<&Text>, at: Span) -> Step<Cell<'a>> {
        let Some(word) = word else {
            return Ok(Cell::unknown("a word of the command line that nobody knows"));
        };
        match kind {
            Kind::Text => Ok(Cell::new(Thing::Str(Rc::clone(word)))),
            Kind::Int => self.settle(int_text(word.trim(), 10), &[], at),
            Kind::Float => self.settle(float_of(&Thing::Str(Rc::clone(word))), &[], at),
            Kind::Bool => match word.trim().to_lowercase().as_str() {
                "1" | "true" | "t" | "yes" | "y" | "on" => Ok(Cell::new(Thing::Bool(true))),
                "0" | "false" | "f" | "no" | "n" | "off" => Ok(Cell::new(Thing::Bool(false))),
                _ => self.raise("SystemExit", at, "no truth value"),
            },
            Kind::Literal => Ok(literal(word)),
            Kind::Member(class) => {
                let value = Cell::new(Thing::Str(Rc::clone(word)));
                let arguments = Arguments { positional: vec![value], ..Arguments::default() };
                self.construct(class, arguments, at)
            }
            Kind::Many(inner) => {
                let item = self.read_word(inner, Some(word), at)?;
                Ok(tuple(vec![item]))
            }
            // No number and no truth value under any type.
            Kind::Guessed if is_only_text(word) => Ok(Cell::new(Thing::Str(Rc::clone(word)))),
            Kind::Guessed => Ok(Cell::unknown("its default decides how it is read, and that is not known")),
            Kind::Count | Kind::Unknown => Ok(Cell::unknown("an option that is read in a way of its own")),
        }
    }
}

/// Whether a word cannot be read as a number or as a truth value.
fn is_only_text(word: &str) -> bool {
    let word = word.trim().to_lowercase();
    let truth = ["true", "false", "t", "f", "yes", "no", "y", "n", "on", "off"];
    !word.is_empty() && word.parse::<f64>().is_err() && !word.contains('_') && !truth.contains(&word.as_str())
}

/// The name and the heap object of an entry of a list of commands.
fn entry(cell: &Cell<'_>) -> Option<(Text, Id)> {
    let Thing::Tuple(pair) = &cell.thing else { return None };
    match pair.as_ref() {
        [Cell { thing: Thing::Str(name), .. }, Cell { thing: Thing::Instance(_, id), .. }] => {
            Some((Rc::clone(name), *id))
        }
        _ => None,
    }
}

/// A number, a truth value or None as Python writes it, else the text.
fn literal<'a>(word: &Text) -> Cell<'a> {
    match word.as_ref() {
        "True" => Cell::new(Thing::Bool(true)),
        "False" => Cell::new(Thing::Bool(false)),
        "None" => Cell::new(Thing::None),
        text => match (text.parse::<i64>(), text.parse::<f64>()) {
            (Ok(n), _) => Cell::new(Thing::Int(n)),
            (_, Ok(x)) => Cell::new(Thing::Float(x)),
            _ if text.starts_with(['[', '(', '{', '"', '\'']) => Cell::unknown("a literal that is not followed"),
            _ => Cell::new(Thing::Str(Rc::clone(word))),
        },
    }
}
