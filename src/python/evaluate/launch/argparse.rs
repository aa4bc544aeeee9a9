//! `argparse`: what a program declares, and the object that its command line becomes.

use std::rc::Rc;

use crate::source::Span;

use super::super::call::Arguments;
use super::super::cell::{Cell, Dep, Deps, Id, Text, Thing};
use super::super::operators::tuple;
use super::super::run::{Run, Step};
use super::word_of;
use super::words::{self, Declared, Parsed, Takes};

/// `add_argument(...)` with what it means.
struct Argument<'a> {
    /// The flags of an option; none for one by position.
    flags: Vec<Text>,
    dest: Text,
    action: Text,
    takes: Takes,
    options: Rc<Arguments<'a>>,
}

impl<'a> Run<'a, '_> {
    /// `ArgumentParser(...)`.
    pub(super) fn parser(&mut self, _at: Span) -> Step<Cell<'a>> {
        let arguments = self.list(Vec::new())?;
        let defaults = self.list(Vec::new())?;
        let attributes = vec![("(arguments)".into(), arguments), ("(defaults)".into(), defaults)];
        self.tool("argparse.ArgumentParser", attributes)
    }

    pub(super) fn parser_method(
        &mut self,
        receiver: &Cell<'a>,
        parser: Id,
        method: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        match method {
            "add_argument" => {
                let made = Cell::new(Thing::Made("argument".into(), Rc::new(arguments.clone())));
                self.push_to(parser, "(arguments)", made)?;
                Ok(Cell::unknown("a declared argument"))
            }
            "set_defaults" => {
                let made = Cell::new(Thing::Made("(defaults)".into(), Rc::new(arguments.clone())));
                self.push_to(parser, "(defaults)", made)?;
                Ok(Cell::new(Thing::None))
            }
            "add_argument_group" | "add_mutually_exclusive_group" => Ok(receiver.clone()),
            "add_subparsers" => {
                let commands = self.list(Vec::new())?;
                let dest = arguments.named("dest").cloned().unwrap_or_else(|| Cell::new(Thing::None));
                let attributes = vec![("(commands)".into(), commands), ("(dest)".into(), dest)];
                let made = self.tool("argparse.Subparsers", attributes)?;
                self.set_attribute(receiver, "(subparsers)", &made, at)?;
                Ok(made)
            }
            "parse_args" | "parse_known_args" | "parse_intermixed_args" => {
                let words = match arguments.get(0, "args").filter(|cell| !matches!(cell.thing, Thing::None)) {
                    None => self.words(),
                    Some(list) => {
                        let list = list.clone();
                        self.iterate(&list, at)?.map(|items| items.iter().map(word_of).collect())
                    }
                };
                let mut values = Vec::new();
                self.parse(parser, words.as_deref(), method == "parse_known_args", &mut values, at)?;
                let namespace = self.tool("argparse.Namespace", values)?;
                if method == "parse_known_args" {
                    let rest = Cell::unknown("words that the program does not know");
                    return Ok(tuple(vec![namespace, rest]));
                }
                Ok(namespace)
            }
            "error" | "exit" => self.raise("SystemExit", at, "ends the process"),
            "print_help" | "print_usage" => Ok(Cell::new(Thing::None)),
            _ => Ok(Cell::unknown("something a parser of arguments gives")),
        }
    }

    pub(super) fn subparsers_method(
        &mut self,
        subparsers: Id,
        method: &str,
        arguments: &Arguments<'a>,
        at: Span,
    ) -> Step<Cell<'a>> {
        if method != "add_parser" {
            return Ok(Cell::unknown("something a parser of arguments gives"));
        }
        let parser = self.parser(at)?;
        if let Some(name) = arguments.get(0, "name").cloned() {
            self.push_to(subparsers, "(commands)", tuple(vec![name, parser.clone()]))?;
        }
        if let Some(aliases) = arguments.named("aliases").cloned() {
            for alias in self.iterate(&aliases, at)?.unwrap_or_default() {
                self.push_to(subparsers, "(commands)", tuple(vec![alias, parser.clone()]))?;
            }
        }
        Ok(parser)
    }

    /// The attributes of the namespace that `words` give; `None` stands for words that nobody knows.
    fn parse(
        &mut self,
        parser: Id,
        words: Option<&[Option<Text>]>,
        tolerant: bool,
        values: &mut Vec<(Text, Cell<'a>)>,
        at: Span,
    ) -> Step<()> {
        let declared: Vec<Argument<'a>> =
            self.listed(parser, "(arguments)").unwrap_or_default().iter().filter_map(argument).collect();
        let options: Vec<Declared> = declared
            .iter()
            .map(|one| Declared {
                flags: one.flags.clone(),
                off: off_flags(one),
                takes: if takes_nothing(&one.action) { Takes::Nothing } else { one.takes },
            })
            .collect();
        let places = declared.iter().filter(|one| one.flags.is_empty()).count();
        let subparsers = self.own(parser, "(subparsers)");
        let most = subparsers.as_ref().map(|_| places + 1);
        let parsed = match words {
            Some(words) => words::read(&options, words, most, true),
            None => Parsed::default(),
        };
        if parsed.wrong.is_some() && !tolerant {
            return self.raise("SystemExit", at, "the command line is refused");
        }
        let asks_for_help = parsed.positional.is_empty() && parsed.wrong.is_some();
        let mut positional = parsed.positional.iter();
        for (index, one) in declared.iter().enumerate() {
            let value = if one.flags.is_empty() {
                self.by_position(one, words.is_some(), &mut positional, places, at)?
            } else {
                self.by_flag(one, index, words.is_some(), &parsed, at)?
            };
            let value = if parsed.opaque || asks_for_help { hidden(value) } else { value };
            put(values, &one.dest, value);
        }
        for set in self.listed(parser, "(defaults)").unwrap_or_default() {
            if let Thing::Made(_, arguments) = &set.thing {
                for (name, value) in &arguments.named {
                    put(values, name, value.clone());
                }
            }
        }
        let Some(Cell { thing: Thing::Instance(_, id), .. }) = subparsers else { return Ok(()) };
        let command = positional.next().cloned();
        if let Some(Thing::Str(dest)) = self.own(id, "(dest)").map(|cell| cell.thing) {
            let value = match &command {
                Some(Some(name)) => Cell::new(Thing::Str(Rc::clone(name))),
                None if words.is_some() => Cell::new(Thing::None),
                _ => Cell::unknown("a word of the command line that nobody knows"),
            };
            put(values, &dest, value);
        }
        if words.is_none() {
            let names = self.listed(id, "(commands)").unwrap_or_default();
            self.offer(names.iter().filter_map(|known| match &known.thing {
                Thing::Tuple(pair) => pair.first().and_then(word_of),
                _ => None,
            }));
        }
        let Some(Some(name)) = command else { return Ok(()) };
        for known in self.listed(id, "(commands)").unwrap_or_default() {
            let Thing::Tuple(pair) = &known.thing else { continue };
            let [Cell { thing: Thing::Str(known), .. }, Cell { thing: Thing::Instance(_, inner), .. }] = pair.as_ref()
            else {
                continue;
            };
            if *known == name {
                return self.nested(|run| run.parse(*inner, Some(&parsed.rest), tolerant, values, at));
            }
        }
        self.raise("SystemExit", at, "a command that the program does not have")
    }

    fn by_position(
        &mut self,
        one: &Argument<'a>,
        told: bool,
        words: &mut std::slice::Iter<Option<Text>>,
        places: usize,
        at: Span,
    ) -> Step<Cell<'a>> {
        let convert = |run: &mut Self, word: &Option<Text>| run.converted(one, word.as_ref(), at);
        match one.takes {
            Takes::One | Takes::Perhaps | Takes::Nothing => match words.next() {
                Some(word) => convert(self, word),
                None if one.takes == Takes::Perhaps => self.default_of_argument(one, told, at),
                None if told => self.raise("SystemExit", at, "an argument is missing"),
                None => Ok(Cell::unknown(&format!("the argument {} of the command line", one.dest))),
            },
            // With several that take many nobody could tell them apart here.
            _ if places > 1 || !told => Ok(Cell::unknown(&format!("the arguments {} of the command line", one.dest))),
            _ => {
                let mut items = Vec::new();
                for word in words {
                    items.push(convert(self, word)?);
                }
                self.list(items)
            }
        }
    }

    fn by_flag(&mut self, one: &Argument<'a>, index: usize, told: bool, parsed: &Parsed, at: Span) -> Step<Cell<'a>> {
        let uses: Vec<_> = parsed.uses.iter().filter(|used| used.option == index).collect();
        let Some(last) = uses.last() else { return self.default_of_argument(one, told, at) };
        match one.action.as_ref() {
            "store_true" => Ok(Cell::new(Thing::Bool(true))),
            "store_false" => Ok(Cell::new(Thing::Bool(false))),
            "boolean" => Ok(Cell::new(Thing::Bool(!last.off))),
            "store_const" => Ok(one.options.named("const").cloned().unwrap_or_else(|| Cell::new(Thing::None))),
            "count" => Ok(Cell::new(Thing::Int(i64::try_from(uses.len()).unwrap_or(0)))),
            "help" | "version" => self.raise("SystemExit", at, "prints something and ends"),
            "append" => {
                let mut items = Vec::new();
                for word in uses.iter().flat_map(|used| &used.words) {
                    items.push(self.converted(one, word.as_ref(), at)?);
                }
                self.list(items)
            }
            "store" => match (one.takes, last.words.as_slice()) {
                (Takes::Many(_) | Takes::Exactly(_), words) => {
                    let mut items = Vec::new();
                    for word in words {
                        items.push(self.converted(one, word.as_ref(), at)?);
                    }
                    self.list(items)
                }
                (_, [word, ..]) => self.converted(one, word.as_ref(), at),
                (_, []) => Ok(one.options.named("const").cloned().unwrap_or_else(|| Cell::new(Thing::None))),
            },
            _ => Ok(Cell::unknown("an action of an argument that is not followed")),
        }
    }

    /// What a word becomes: a text, or what the argument's `type` makes of it.
    fn converted(&mut self, one: &Argument<'a>, word: Option<&Text>, at: Span) -> Step<Cell<'a>> {
        let Some(word) = word else {
            return Ok(Cell::unknown("a word of the command line that nobody knows"));
        };
        self.with_type(one, Cell::new(Thing::Str(Rc::clone(word))), at)
    }

    fn with_type(&mut self, one: &Argument<'a>, text: Cell<'a>, at: Span) -> Step<Cell<'a>> {
        let Some(kind) = one.options.named("type").cloned() else { return Ok(text) };
        let deps = text.deps.clone();
        let arguments = Arguments { positional: vec![text], ..Arguments::default() };
        Ok(self.call_cell(&kind, arguments, at)?.with_deps(&deps))
    }

    fn default_of_argument(&mut self, one: &Argument<'a>, told: bool, at: Span) -> Step<Cell<'a>> {
        let required = one.options.named("required").is_some_and(|cell| self.truth(cell) == Some(true));
        if required && told {
            return self.raise("SystemExit", at, "an option is missing");
        }
        if required {
            return Ok(Cell::unknown(&format!("the option {} of the command line", one.dest)));
        }
        let default = match (one.options.named("default").cloned(), one.action.as_ref()) {
            // A default that is a text is read like a word.
            (Some(text @ Cell { thing: Thing::Str(_), .. }), "store") => self.with_type(one, text, at)?,
            (Some(default), _) => default,
            (None, "store_true") => Cell::new(Thing::Bool(false)),
            (None, "store_false") => Cell::new(Thing::Bool(true)),
            (None, _) => Cell::new(Thing::None),
        };
        Ok(if told { default } else { resting_on_option(default, &one.dest) })
    }
}

/// A value that stands as long as nobody gives the option.
pub(super) fn resting_on_option<'a>(cell: Cell<'a>, dest: &str) -> Cell<'a> {
    let dep = Dep::Other(format!("the option --{}", dest.replace('_', "-")).into());
    cell.with_deps(&Deps::one(dep))
}

fn hidden(cell: Cell<'_>) -> Cell<'_> {
    Cell { thing: Thing::Unknown("a word of the command line that nobody knows may set it".into()), ..cell }
}

fn put<'a>(values: &mut Vec<(Text, Cell<'a>)>, name: &Text, value: Cell<'a>) {
    match values.iter_mut().find(|(known, _)| known == name) {
        Some((_, known)) => *known = value,
        None => values.push((Rc::clone(name), value)),
    }
}

fn takes_nothing(action: &str) -> bool {
    !matches!(action, "store" | "append" | "extend" | "?")
}

fn off_flags(one: &Argument<'_>) -> Vec<Text> {
    let long = one.flags.iter().filter_map(|flag| flag.strip_prefix("--"));
    if one.action.as_ref() == "boolean" { long.map(|name| format!("--no-{name}").into()).collect() } else { Vec::new() }
}

/// Reads an `add_argument(...)`.
fn argument<'a>(cell: &Cell<'a>) -> Option<Argument<'a>> {
    let Thing::Made(_, options) = &cell.thing else { return None };
    let names: Vec<Text> = options.positional.iter().filter_map(word_of).collect();
    let first = names.first()?;
    let is_option = first.starts_with('-');
    let dest = match options.named("dest").map(|cell| &cell.thing) {
        Some(Thing::Str(dest)) => Rc::clone(dest),
        _ if is_option => {
            let long = names.iter().find(|name| name.starts_with("--")).unwrap_or(first);
            long.trim_start_matches('-').replace('-', "_").into()
        }
        _ => Rc::clone(first),
    };
    let action: Text = match options.named("action").map(|cell| &cell.thing) {
        None => "store".into(),
        Some(Thing::Str(action)) => Rc::clone(action),
        Some(Thing::Dotted(name)) if name.as_ref() == "argparse.BooleanOptionalAction" => "boolean".into(),
        Some(_) => "?".into(),
    };
    let takes = match options.named("nargs").map(|cell| &cell.thing) {
        None | Some(Thing::None) => Takes::One,
        Some(Thing::Str(nargs)) => match nargs.as_ref() {
            "?" => Takes::Perhaps,
            "+" => Takes::Many(1),
            _ => Takes::Many(0),
        },
        Some(Thing::Int(n)) => Takes::Exactly(usize::try_from(*n).unwrap_or(0)),
        Some(_) => Takes::Many(0),
    };
    let flags = if is_option { names.clone() } else { Vec::new() };
    Some(Argument { flags, dest, action, takes, options: Rc::clone(options) })
}
