//! Command lines as Python's `argparse` reads them (3.11), which is Gunicorn's parser.
//!
//! Every word is classified first, then options take their values and the words between two
//! options form groups. Only the first group can be positional: `app:app -w 4 other` is refused.

use super::options::{Arity, Following, Options, Piece, Target};
use super::{Argument, ArgumentError, Arguments};

/// What a word is, before anything is taken as a value.
enum Class<'a> {
    /// A value or a positional word.
    Value,
    /// The first `--`.
    Dashes,
    /// An option, maybe with a value glued to it.
    Option { name: String, target: Target, flag: Piece<'a>, glued: Option<Piece<'a>> },
    /// Looks like an option and is none.
    Stranger,
    /// An abbreviation of several options.
    Ambiguous(Vec<String>),
    /// Nobody knows what it is.
    Hidden,
}

pub(super) fn parse(options: &Options, words: &[Argument]) -> Arguments {
    let mut arguments = Arguments::default();
    let mut dashes_seen = false;
    let classes: Vec<Class<'_>> = words
        .iter()
        .map(|word| match word.text.as_deref() {
            _ if dashes_seen => Class::Value,
            Some("--") => {
                dashes_seen = true;
                Class::Dashes
            }
            _ => classify(options, word),
        })
        .collect();
    let mut positions = Positions::Open;
    let mut at = 0;
    while let (Some(class), Some(word)) = (classes.get(at), words.get(at)) {
        at += 1;
        match class {
            Class::Value | Class::Dashes if positions != Positions::Closed => {
                positions = Positions::Inside;
                take_positional(options, &mut arguments, class, word);
            }
            Class::Value | Class::Dashes | Class::Stranger => {
                // A table that does not hold every option cannot call one a stranger, nor say
                // whether the next word is its value.
                if options.table.is_complete() {
                    let text = word.text.clone().unwrap_or_default();
                    arguments.refuse(ArgumentError::Unrecognised(text), word);
                } else if matches!(class, Class::Stranger) {
                    at += usize::from(matches!(classes.get(at), Some(Class::Value)));
                }
                positions = positions.after_option(matches!(class, Class::Stranger));
            }
            Class::Ambiguous(candidates) => {
                let text = word.text.clone().unwrap_or_else(|| word.prefix.clone());
                arguments.refuse(ArgumentError::Ambiguous { text, candidates: candidates.clone() }, word);
                positions = positions.after_option(true);
            }
            Class::Hidden => arguments.hide(word),
            Class::Option { name, target, flag, glued } => {
                positions = positions.after_option(true);
                let option = Given { name, target: *target, flag: *flag };
                let next = classes.get(at).zip(words.get(at));
                at += match glued {
                    Some(glued) => cluster(options, &mut arguments, option, *glued, next),
                    None => alone(options, &mut arguments, option, next),
                };
            }
        }
    }
    arguments
}

/// Whether the group of positional words may still begin or go on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Positions {
    Open,
    Inside,
    Closed,
}

impl Positions {
    fn after_option(self, is_option: bool) -> Self {
        if is_option && self == Self::Inside { Self::Closed } else { self }
    }
}

/// An option of the command line, its value still to come.
#[derive(Clone, Copy)]
struct Given<'a, 'n> {
    name: &'n str,
    target: Target,
    flag: Piece<'a>,
}

fn take_positional(options: &Options, arguments: &mut Arguments, class: &Class<'_>, word: &Argument) {
    if matches!(class, Class::Dashes) {
        return;
    }
    let has_app = arguments.app.is_some();
    // Gunicorn takes any number and uses the first; the others know exactly one.
    let takes_more = matches!(options.table.server(), crate::servers::Server::Gunicorn) || !options.table.is_complete();
    match &word.text {
        Some(text) if has_app && !takes_more => {
            arguments.refuse(ArgumentError::Unrecognised(text.clone()), word);
        }
        _ => arguments.positional(word),
    }
}

fn classify<'a>(options: &Options, word: &'a Argument) -> Class<'a> {
    let known = word.prefix.as_str();
    let whole = word.text.is_some();
    if !known.starts_with('-') {
        return if whole || !known.is_empty() { Class::Value } else { Class::Hidden };
    }
    if whole && let Some(target) = options.exact(known) {
        return Class::Option { name: known.to_owned(), target, flag: Piece::whole(word), glued: None };
    }
    if known == "-" {
        return if whole { Class::Value } else { Class::Hidden };
    }
    let equals = known.find('=');
    if let Some(at) = equals
        && let Some(target) = known.get(..at).and_then(|name| options.exact(name))
    {
        return split(word, known.get(..at).unwrap_or_default(), target, at, at + 1);
    }
    let class = if known.starts_with("--") { long(options, word, equals) } else { short(options, word) };
    if let Some(class) = class {
        return class;
    }
    if !whole {
        return Class::Hidden;
    }
    // No option looks like a negative number, and none holds a space.
    if is_negative_number(known) || known.contains(' ') { Class::Value } else { Class::Stranger }
}

fn split<'a>(word: &'a Argument, name: &str, target: Target, flag_end: usize, value_start: usize) -> Class<'a> {
    Class::Option {
        name: name.to_owned(),
        target,
        flag: Piece { word, start: 0, end: Some(flag_end) },
        glued: Some(Piece { word, start: value_start, end: None }),
    }
}

/// An abbreviated long option. One whose name is cut by a variable could be any.
fn long<'a>(options: &Options, word: &'a Argument, equals: Option<usize>) -> Option<Class<'a>> {
    if !options.table.is_complete() || (word.text.is_none() && equals.is_none()) {
        return None;
    }
    let name = equals.map_or(word.prefix.as_str(), |at| word.prefix.get(..at).unwrap_or_default());
    match options.beginning(name).as_slice() {
        [] => None,
        [(full, target)] => Some(match equals {
            Some(at) => split(word, full, *target, at, at + 1),
            None => Class::Option { name: (*full).to_owned(), target: *target, flag: Piece::whole(word), glued: None },
        }),
        several => Some(Class::Ambiguous(several.iter().map(|(full, _)| (*full).to_owned()).collect())),
    }
}

/// A short option with something glued to it: `-w4`.
fn short<'a>(options: &Options, word: &'a Argument) -> Option<Class<'a>> {
    let end = 1 + word.prefix.get(1..)?.chars().next()?.len_utf8();
    let name = word.prefix.get(..end)?;
    let target = options.exact(name)?;
    // A valueless option with a variable behind it: more options may hide there.
    if word.text.is_none() && options.arity(target) == Arity::None {
        return None;
    }
    Some(split(word, name, target, end, end))
}

/// `^-\d+$|^-\d*\.\d+$`
fn is_negative_number(text: &str) -> bool {
    let Some(number) = text.strip_prefix('-') else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    match number.split_once('.') {
        Some((whole, fraction)) => digits(whole) && !fraction.is_empty() && digits(fraction),
        None => !number.is_empty() && digits(number),
    }
}

/// An option with something glued to it: a value, or further valueless options behind a short one.
/// Says how many further words it took.
fn cluster<'a>(
    options: &Options,
    arguments: &mut Arguments,
    first: Given<'a, '_>,
    glued: Piece<'a>,
    next: Option<(&Class<'a>, &'a Argument)>,
) -> usize {
    let before = arguments.given.len();
    let (mut target, mut flag, mut glued) = (first.target, first.flag, glued);
    let mut name = first.name.to_owned();
    let mut taken = 0;
    loop {
        if options.arity(target) != Arity::None {
            options.give(arguments, target, flag, Following::Piece(glued));
            break;
        }
        let rest = glued.text().unwrap_or_default();
        let letter = rest.chars().next().filter(|_| !name.starts_with("--"));
        let Some((letter, behind)) = letter.and_then(|c| Some((c, options.exact(&format!("-{c}"))?))) else {
            arguments.refuse(ArgumentError::UnexpectedValue(name), flag.word);
            break;
        };
        options.give(arguments, target, flag, Following::Nothing);
        let end = glued.start + letter.len_utf8();
        name = format!("-{letter}");
        (target, flag) = (behind, Piece { word: glued.word, start: glued.start, end: Some(end) });
        if rest.len() == letter.len_utf8() {
            taken = alone(options, arguments, Given { name: &name, target, flag }, next);
            break;
        }
        glued = Piece { word: glued.word, start: end, end: None };
    }
    if arguments.given.len() > before + 1 {
        // They share a word: none can be taken out on its own.
        arguments.given.iter_mut().skip(before).for_each(|given| given.removal.clear());
    }
    taken
}

/// An option that is a whole word; says how many further words it took.
fn alone<'a>(
    options: &Options,
    arguments: &mut Arguments,
    option: Given<'a, '_>,
    next: Option<(&Class<'a>, &'a Argument)>,
) -> usize {
    let arity = options.arity(option.target);
    match next {
        Some((Class::Value | Class::Hidden, word)) if arity != Arity::None => {
            options.give(arguments, option.target, option.flag, Following::Piece(Piece::whole(word)));
            1
        }
        _ if arity == Arity::One => {
            arguments.refuse(ArgumentError::MissingValue(option.name.to_owned()), option.flag.word);
            0
        }
        _ => {
            options.give(arguments, option.target, option.flag, Following::Nothing);
            0
        }
    }
}
