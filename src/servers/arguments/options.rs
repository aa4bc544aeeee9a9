//! The options of one server version, and what giving one means.

use super::{Argument, ArgumentError, Arguments, Given, Outcome};
use crate::servers::cast::cast;
use crate::servers::schema::{Action, Conversion, Syntax};
use crate::servers::{Kind, Server, Setting, Table, Version, integer};
use crate::source::{Located, Place, Span};
use crate::values::Value;

/// The options of one server version.
pub(super) struct Options {
    pub(super) table: &'static Table,
    version: Version,
    known: Vec<(&'static str, Target)>,
}

/// What an option does.
#[derive(Debug, Clone, Copy)]
pub(super) enum Target {
    /// Sets a setting; with `off`, to false.
    Setting { setting: &'static Setting, off: bool },
    /// Prints something and exits.
    Exit,
}

/// Whether an option takes a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arity {
    None,
    Optional,
    One,
}

/// A part of a word, by byte offsets into its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) word: &'a Argument,
    pub(super) start: usize,
    /// `None` for "to the end".
    pub(super) end: Option<usize>,
}

/// What follows an option.
#[derive(Debug, Clone, Copy)]
pub(super) enum Following<'a> {
    Nothing,
    /// A value, in the same word or the next one.
    Piece(Piece<'a>),
}

impl Options {
    pub(super) fn new(table: &'static Table, version: Version) -> Self {
        let mut known: Vec<_> = table.exits().iter().map(|flag| (flag.as_str(), Target::Exit)).collect();
        for setting in table.settings().filter(|setting| setting.applies_to(version)) {
            let shape = setting.at(version);
            known.extend(shape.flags().iter().map(|flag| (flag.as_str(), Target::Setting { setting, off: false })));
            known.extend(shape.off_flags().iter().map(|flag| (flag.as_str(), Target::Setting { setting, off: true })));
        }
        Self { table, version, known }
    }

    /// The same without names, for who has a setting already.
    pub(super) const fn unnamed(table: &'static Table, version: Version) -> Self {
        Self { table, version, known: Vec::new() }
    }

    pub(super) fn exact(&self, flag: &str) -> Option<Target> {
        self.known.iter().find(|(known, _)| *known == flag).map(|(_, target)| *target)
    }

    /// The long options that begin with `flag`, in the order in which they were declared.
    pub(super) fn beginning(&self, flag: &str) -> Vec<(&'static str, Target)> {
        self.known.iter().filter(|(known, _)| known.starts_with(flag)).copied().collect()
    }

    pub(super) fn arity(&self, target: Target) -> Arity {
        let Target::Setting { setting, off: false } = target else {
            return Arity::None;
        };
        let shape = setting.at(self.version);
        match shape.action() {
            Action::StoreTrue | Action::StoreConst => Arity::None,
            Action::Store | Action::Append if shape.data().optional_value.is_some() => Arity::Optional,
            Action::Store | Action::Append => Arity::One,
        }
    }

    /// Notes in `arguments` that `flag` was given.
    pub(super) fn give(&self, arguments: &mut Arguments, target: Target, flag: Piece<'_>, following: Following<'_>) {
        let Target::Setting { setting, off } = target else {
            arguments.exits.get_or_insert(flag.place());
            return;
        };
        let piece = match following {
            Following::Piece(piece) => Some(piece),
            Following::Nothing => None,
        };
        let value = match piece {
            None => self.without_value(setting, off),
            Some(piece) => piece.text().map_or(Outcome::Unknown, |text| self.convert(setting, text)),
        };
        let mut removal = vec![flag.word.removal];
        removal.extend(piece.filter(|piece| piece.start == 0).map(|piece| piece.word.removal));
        arguments.given.push(Given {
            setting,
            flag: flag.place(),
            value,
            value_place: piece.map(Piece::place),
            origin: piece.unwrap_or(flag).word.origin,
            removal,
            literal: piece.is_some_and(Piece::is_exact),
            text: piece.and_then(Piece::text).map(str::to_owned),
            adds_up: setting.at(self.version).action() == Action::Append,
            maybe: false,
        });
    }

    pub(super) fn without_value(&self, setting: &Setting, off: bool) -> Outcome {
        let data = setting.at(self.version).data();
        match (&data.optional_value, data.constant) {
            _ if off => Outcome::Known(setting.at(self.version).off_value().clone()),
            (Some(text), _) => self.convert(setting, text),
            (None, Some(constant)) => Outcome::Known(Value::Bool(constant)),
            (None, None) => Outcome::Known(Value::Bool(true)),
        }
    }

    /// What becomes of a value's text: first the option's own conversion, then the setting's check.
    pub(super) fn convert(&self, setting: &Setting, text: &str) -> Outcome {
        let shape = setting.at(self.version);
        if shape.action() == Action::Append {
            // Gunicorn alone takes the spaces around an item away.
            let item = if self.table.server() == Server::Gunicorn { text.trim() } else { text };
            return Outcome::Known(Value::Str(item.to_owned()));
        }
        let value = match shape.conversion() {
            Conversion::Text if shape.kind() == Kind::Bool && self.table.syntax() == Syntax::Click => {
                click_truth(text).map(Value::Bool)
            }
            Conversion::Text if shape.kind() == Kind::Bool && self.table.syntax() == Syntax::Getopt => {
                Some(Value::Bool(uwsgi_truth(text)))
            }
            Conversion::Text => Some(Value::Str(text.to_owned())),
            Conversion::Int => integer::decimal(text).map(Value::Int),
            Conversion::Choice => {
                if !shape.choices().iter().any(|choice| choice == text) {
                    return Outcome::Invalid(format!("`{text}` is none of {}", shape.choices().join(", ")));
                }
                Some(Value::Str(text.to_owned()))
            }
            Conversion::Octal => integer::octal_or_decimal(text).map(Value::Int),
            Conversion::Atoi => Some(Value::Int(integer::leading(text))),
            Conversion::AutoInt => integer::octal_aware(text).map(Value::Int),
        };
        match value.map(|value| cast(setting, &value, self.version)) {
            Some(Ok(value)) => Outcome::Known(value),
            Some(Err(error)) => Outcome::Invalid(error.message),
            None if shape.kind() == Kind::Bool => Outcome::Invalid(format!("`{text}` is no truth value")),
            None => Outcome::Invalid(format!("`{text}` is no whole number")),
        }
    }
}

/// `uwsgi_opt_true` of uWSGI 2.0.31: whatever does not say no is a yes.
fn uwsgi_truth(text: &str) -> bool {
    !(["false", "off", "no"].iter().any(|no| text.eq_ignore_ascii_case(no)) || text == "0")
}

/// `click.BOOL`.
fn click_truth(text: &str) -> Option<bool> {
    match text.trim().to_lowercase().as_str() {
        "1" | "true" | "t" | "yes" | "y" | "on" => Some(true),
        "0" | "false" | "f" | "no" | "n" | "off" => Some(false),
        _ => None,
    }
}

impl<'a> Piece<'a> {
    pub(super) const fn whole(word: &'a Argument) -> Self {
        Self { word, start: 0, end: None }
    }

    /// The text; `None` if it is not known to its end.
    pub(super) fn text(self) -> Option<&'a str> {
        match (&self.word.text, self.end) {
            (Some(text), end) => text.get(self.start..end.unwrap_or(text.len())),
            (None, Some(end)) => self.word.prefix.get(self.start..end),
            (None, None) => None,
        }
    }

    /// Whether the file holds exactly this text at [`place`](Self::place).
    pub(super) fn is_exact(self) -> bool {
        self.word.literal && (self.is_whole() || self.offsets_hold())
    }

    fn is_whole(self) -> bool {
        self.start == 0 && self.end.is_none()
    }

    /// Whether offsets into the text are offsets into the file: no escape stands between.
    fn offsets_hold(self) -> bool {
        self.word.literal && self.word.text.as_ref().is_some_and(|text| text.len() == self.word.place.span.len())
    }

    /// The bytes it was written with; those of the whole word where they cannot be told apart.
    pub(super) fn place(self) -> Place {
        let Place { file, span } = self.word.place;
        if self.is_whole() || !self.offsets_hold() {
            return self.word.place;
        }
        let end = self.end.map_or(span.end, |end| span.start + end);
        Place::new(file, Span::new(span.start + self.start, end))
    }
}

impl Arguments {
    pub(super) fn refuse(&mut self, error: ArgumentError, word: &Argument) {
        self.errors.push(Located::new(error, word.place));
    }

    /// Takes `word` as the application, or as one too many.
    pub(super) fn positional(&mut self, word: &Argument) {
        match &word.text {
            Some(text) if self.app.is_none() => {
                self.app = Some(Located::new(text.clone(), word.place));
            }
            Some(text) => self.extra.push(Located::new(text.clone(), word.place)),
            None => self.hide(word),
        }
    }
}
