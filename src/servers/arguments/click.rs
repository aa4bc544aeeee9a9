//! Command lines as `click` reads them, which is the parser of Uvicorn and Granian.
//!
//! Options must be written out, and an option takes the next word as its value whatever it looks
//! like.

use super::options::{Arity, Following, Options, Piece, Target};
use super::{Argument, ArgumentError, Arguments};

pub(super) fn parse(options: &Options, words: &[Argument]) -> Arguments {
    let mut arguments = Arguments::default();
    let mut rest = words.iter();
    let mut dashes_seen = false;
    while let Some(word) = rest.next() {
        if !dashes_seen && word.text.as_deref() == Some("--") {
            dashes_seen = true;
        } else if dashes_seen || is_positional(word) {
            positional(&mut arguments, word);
        } else {
            match classify(options, word) {
                Word::Hidden => arguments.hide(word),
                Word::Stranger => {
                    arguments.refuse(ArgumentError::Unrecognised(word.text.clone().unwrap_or_default()), word);
                }
                Word::Option { target, name_end, value_start } => {
                    let mut next = || rest.next();
                    let glued = name_end.map(|end| (end, value_start));
                    option(options, &mut arguments, word, target, glued, &mut next);
                }
            }
        }
    }
    arguments
}

fn is_positional(word: &Argument) -> bool {
    let unknown = word.text.is_none() && word.prefix.is_empty();
    word.text.as_deref() == Some("-") || (!unknown && !word.prefix.starts_with('-'))
}

/// What a word is that does not follow an option in need of a value.
enum Word {
    /// An option; `name_end` is where its name ends if a value is glued to it, `value_start` where that begins.
    Option {
        target: Target,
        name_end: Option<usize>,
        value_start: usize,
    },
    Stranger,
    Hidden,
}

fn classify(options: &Options, word: &Argument) -> Word {
    let known = word.prefix.as_str();
    let equals = known.find('=');
    if word.text.is_none() && equals.is_none() {
        return Word::Hidden;
    }
    let name = equals.map_or(known, |at| known.get(..at).unwrap_or_default());
    match options.exact(name) {
        Some(target) => Word::Option { target, name_end: equals, value_start: equals.map_or(0, |at| at + 1) },
        None => match short(options, known) {
            Some(option) => option,
            None if word.text.is_some() => Word::Stranger,
            None => Word::Hidden,
        },
    }
}

/// A short option with its value glued to it: `-emain:app`.
fn short(options: &Options, known: &str) -> Option<Word> {
    let end = 1 + known.strip_prefix('-')?.chars().next().filter(|c| *c != '-')?.len_utf8();
    let target = options.exact(known.get(..end)?)?;
    let takes_value = options.arity(target) != Arity::None;
    takes_value.then_some(Word::Option { target, name_end: Some(end), value_start: end })
}

fn option<'a>(
    options: &Options,
    arguments: &mut Arguments,
    word: &'a Argument,
    target: Target,
    glued: Option<(usize, usize)>,
    next: &mut dyn FnMut() -> Option<&'a Argument>,
) {
    let flag = Piece { word, start: 0, end: glued.map(|(end, _)| end) };
    let name = || flag.text().unwrap_or_default().to_owned();
    match (options.arity(target), glued) {
        (Arity::None, None) => options.give(arguments, target, flag, Following::Nothing),
        (Arity::None, Some(_)) => arguments.refuse(ArgumentError::UnexpectedValue(name()), word),
        (_, Some((_, start))) => {
            let value = Piece { word, start, end: None };
            options.give(arguments, target, flag, Following::Piece(value));
        }
        (_, None) => match next() {
            Some(value) => options.give(arguments, target, flag, Following::Piece(Piece::whole(value))),
            None => arguments.refuse(ArgumentError::MissingValue(name()), word),
        },
    }
}

/// Exactly one positional word is the application.
fn positional(arguments: &mut Arguments, word: &Argument) {
    match &word.text {
        Some(text) if arguments.app.is_some() => {
            arguments.refuse(ArgumentError::Unrecognised(text.clone()), word);
        }
        _ => arguments.positional(word),
    }
}
