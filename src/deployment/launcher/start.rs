//! From the calls that code comes to, to what each of them starts.

use std::collections::BTreeSet;

use super::super::commands::{self, Part, Parted, Start, Surroundings};
use super::super::environment::{Entry, Environment};
use super::super::shell::is_name;
use super::Launched;
use crate::python::evaluate::{self, Dependency, Evaluated, Given, Outcome, Sighting};
use crate::python::launches::{Api, CallSite, Element, Form, Variables, Words, call_at};
use crate::read::{self, Facts};
use crate::servers::arguments::Argument;
use crate::servers::{Program, Server, recognise};
use crate::source::{Files, Place, Span};
use crate::values::Value;

/// What a call starts.
#[derive(Debug, Clone)]
pub(in super::super) enum Step {
    /// A server, with the arguments of the call.
    Call(Server, Start, Box<Launched>),
    /// A program, with words.
    Program(Start),
    /// A development server, and whether the call switches its debugger on.
    Development(&'static str, Place, bool),
}

/// What the calls start, in order.
pub(in super::super) fn steps(found: &[Launched], start: &Start, files: &Files, facts: &Facts) -> Vec<Step> {
    found.iter().flat_map(|launched| step(launched, start, files, facts)).collect()
}

fn step(launched: &Launched, start: &Start, files: &Files, facts: &Facts) -> Vec<Step> {
    let sighting = &launched.sighting;
    let conditional = start.conditional || !sighting.certain;
    let here = Start {
        arguments: Vec::new(),
        environment: environment(&start.environment, sighting),
        place: sighting.place,
        conditional,
        ..start.clone()
    };
    let server = match launched.api {
        Api::UvicornRun | Api::UvicornConfig => Server::Uvicorn,
        Api::HypercornServe | Api::HypercornRun => Server::Hypercorn,
        Api::Granian | Api::GranianEmbedded => Server::Granian,
        Api::GunicornApplication { command_line } => {
            let mut parted = here.parted.clone();
            let arguments = if command_line { rest(sighting, start, &mut parted) } else { Vec::new() };
            let start = Start { arguments, parted, program: program(Server::Gunicorn), ..here };
            return vec![Step::Call(Server::Gunicorn, start, Box::new(launched.clone()))];
        }
        Api::Development(name) => {
            // Those of Bottle and Werkzeug have other switches, or call the same one differently.
            let runs = matches!(name, "Flask.run()" | "Quart.run()");
            let on = |(key, given): &(String, Given)| {
                key == "debug"
                    && given.value.depends.is_empty()
                    && given.value.outcome == Outcome::Known(Value::Bool(true))
            };
            let debug = runs && sighting.named.iter().any(on);
            return vec![Step::Development(name, sighting.place, debug)];
        }
        Api::Command(name) => {
            let Some(server) = Server::ALL.into_iter().find(|server| server.as_str() == name) else {
                return Vec::new();
            };
            let given = sighting
                .positional
                .first()
                .or_else(|| sighting.named.iter().find(|(name, _)| name == "args").map(|(_, given)| given));
            let mut parted = here.parted.clone();
            let arguments = match given {
                Some(Given { items: Some(items), .. }) => {
                    let line = arguments(items, None, sighting.place, files);
                    note(&mut parted, items, &line);
                    line
                }
                _ => rest(sighting, start, &mut parted),
            };
            return vec![Step::Program(Start { arguments, parted, program: program(server), ..here })];
        }
        Api::Words(words) => return started(words, launched, start, &here, files, facts),
    };
    vec![Step::Call(server, Start { program: program(server), ..here }, Box::new(launched.clone()))]
}

const fn program(server: Server) -> Program {
    Program::Server { server, name: 0, by_module: false, first_argument: 1 }
}

/// The variables with what the program itself did to them.
fn environment(before: &Environment, sighting: &Sighting) -> Environment {
    let mut environment = before.clone();
    if sighting.environment_lost {
        environment.lose(sighting.place);
    }
    for (name, value) in &sighting.environment {
        match value {
            Some(value) => environment.insert(name.clone(), entry(value, sighting.place)),
            None => environment.remove(name),
        }
    }
    environment
}

/// A variable that a program sets.
fn entry(value: &Evaluated, place: Place) -> Entry {
    let text = text(value);
    let known = text.is_some();
    let entry = Entry::new(text, place, false).resting_on(value.depends.clone());
    if known { entry } else { entry.lost() }
}

/// The variables of a program that is given them as an argument.
fn handed_on(environment: &mut Environment, given: &Given, place: Place) {
    match &given.value.outcome {
        Outcome::Known(Value::None) => return,
        Outcome::Known(Value::Object(name)) if name == "os.environ" => return,
        _ => {}
    }
    let is_copy = given.attributes.iter().any(|(name, _)| name == evaluate::ENVIRONMENT);
    if given.is_dict {
        *environment = Environment::default();
    } else if !is_copy {
        environment.lose(place);
    }
    for (name, value) in given.attributes.iter().filter(|(name, _)| name != evaluate::ENVIRONMENT) {
        match &value.outcome {
            Outcome::Known(Value::None) => environment.remove(name),
            _ => environment.insert(name.clone(), entry(value, place)),
        }
    }
}

/// Notes what the words of a line rest on.
fn note(parted: &mut Parted, items: &[Evaluated], line: &[Argument]) {
    for (item, argument) in items.iter().zip(line) {
        let (missing, ways) = (Vec::new(), Vec::new());
        parted.note(Part { place: argument.place, depends: item.depends.clone(), source: None, missing, ways });
    }
}

/// A value as a word.
fn text(value: &Evaluated) -> Option<String> {
    match &value.outcome {
        Outcome::Known(Value::Str(text)) => Some(text.clone()),
        Outcome::Known(Value::Object(name)) if name == "sys.executable" => Some("python".to_owned()),
        _ => None,
    }
}

/// The words behind the name of the program, those at the end as the program of `outer` was given them; any
/// number that nobody knows where they are not known at all.
fn rest(sighting: &Sighting, outer: &Start, parted: &mut Parted) -> Vec<Argument> {
    let any = || Argument { single: false, ..plain(None, sighting.place) };
    let Some(words) = &sighting.words else { return vec![any()] };
    let rests: Vec<Dependency> = words.iter().skip(1).flat_map(|word| word.depends.clone()).collect();
    let words: Vec<Option<String>> = words.iter().skip(1).map(text).collect();
    let given = outer.arguments.iter().rev();
    let same = words.iter().rev().zip(given).take_while(|(word, given)| **word == given.text).count();
    let own = words.iter().take(words.len() - same).map(|word| match word {
        Some(word) => plain(Some(word.clone()), sighting.place),
        None => any(),
    });
    if same < words.len() && !rests.is_empty() {
        // The words stand nowhere by themselves, so each rests on what any of them rests on.
        let (missing, ways) = (Vec::new(), Vec::new());
        parted.note(Part { place: sighting.place, depends: rests, source: None, missing, ways });
    }
    let passed = outer.arguments.get(outer.arguments.len() - same..).unwrap_or_default();
    own.chain(passed.iter().cloned()).collect()
}

fn plain(text: Option<String>, place: Place) -> Argument {
    let prefix = text.clone().unwrap_or_default();
    Argument {
        prefix,
        text,
        place,
        origin: None,
        removal: place,
        literal: false,
        unless_set: None,
        single: true,
        maybe: false,
    }
}

/// Words with the bytes of those that are written out.
fn arguments(items: &[Evaluated], site: Option<&[Option<Element>]>, place: Place, files: &Files) -> Vec<Argument> {
    let each = items.iter().enumerate().map(|(index, item)| {
        let mut argument = plain(text(item), place);
        let element = site.and_then(|site| site.get(index)).and_then(Option::as_ref);
        if let Some(element) = element {
            argument.place = Place::new(place.file, element.span);
            argument.removal = Place::new(place.file, with_comma(files.get(place.file).text(), element.span));
            if let Some(inside) = element.inside {
                argument.place = Place::new(place.file, inside);
                argument.literal = argument.text.as_deref() == Some(files.text_at(argument.place));
            }
        }
        argument
    });
    each.collect()
}

/// An element of a list with the comma that goes if it goes: the one in front of it, so that two neighbours go side by
/// side and a line of its own goes whole; behind it only where none is in front.
fn with_comma(text: &str, element: Span) -> Span {
    let before = text.get(..element.start).unwrap_or_default().trim_end();
    if before.ends_with(',') {
        return Span::new(before.len() - 1, element.end);
    }
    let behind = text.get(element.end..).unwrap_or_default();
    let Some(rest) = behind.trim_start().strip_prefix(',') else { return element };
    let comma = text.len() - rest.len();
    let gap = rest.len() - rest.trim_start_matches(' ').len();
    Span::new(element.start, comma + gap)
}

/// Words that somebody may add who sets a variable.
fn optional(name: &str, place: Place) -> Argument {
    Argument { unless_set: Some(name.to_owned()), single: false, ..plain(None, place) }
}

/// The programs that a list of words or a text for a shell starts.
fn started(words: Words, launched: &Launched, outer: &Start, here: &Start, files: &Files, facts: &Facts) -> Vec<Step> {
    let sighting = &launched.sighting;
    let place = sighting.place;
    let module = facts.python.get(&place.file);
    let site = module.filter(|_| sighting.offset == Some(0));
    let site = site.and_then(|module| call_at(module, files.get(place.file).text(), place.span));
    let named = |name: &str| sighting.named.iter().find(|(known, _)| known == name).map(|(_, given)| given);
    let given = sighting.positional.get(words.index).or_else(|| named(words.name));
    let element = site.as_ref().and_then(|site| argument_site(site, &words));
    let mut lines: Vec<Vec<Argument>> = Vec::new();
    let mut rests: Vec<Vec<Dependency>> = Vec::new();
    let mut parted = here.parted.clone();
    match (words.form, given) {
        (Form::List | Form::Renamed, Some(given @ Given { items: Some(items), .. })) => {
            let at = element.map_or(place, |element| Place::new(place.file, element.span));
            let mut line = arguments(items, element.map(|element| element.items.as_slice()), at, files);
            if words.form == Form::Renamed
                && let (Some(first), Some(file)) = (line.first_mut(), sighting.positional.get(words.index - 1))
                && let Some(text) = text(&file.value)
            {
                // What is run is the file, whatever it is called.
                *first = plain(Some(text), place);
            }
            note(&mut parted, items, &line);
            rests = items.iter().map(|item| item.depends.clone()).collect();
            line.extend(given.rests.iter().collect::<BTreeSet<_>>().into_iter().map(|name| optional(name, at)));
            lines.push(line);
        }
        (Form::Each | Form::EachRenamed, Some(_)) => {
            let behind = usize::from(words.environment == Variables::Last);
            let last = sighting.positional.len().saturating_sub(behind);
            let given = sighting.positional.iter().take(last).skip(words.index);
            let items: Vec<Evaluated> = given.map(|given| given.value.clone()).collect();
            let sites: Vec<Option<Element>> =
                site.iter().flat_map(|site| site.positional.iter().skip(words.index).cloned()).collect();
            let mut line = arguments(&items, Some(&sites), place, files);
            if let (Form::EachRenamed, Some(first), Some(file)) =
                (words.form, line.first_mut(), sighting.positional.first())
            {
                *first = plain(text(&file.value), place);
            }
            note(&mut parted, &items, &line);
            line.extend(sighting.rests.iter().map(|name| optional(name, place)));
            lines.push(line);
        }
        (Form::List | Form::Shell, Some(given)) => {
            let at = element.and_then(|element| element.inside).map(|inside| Place::new(place.file, inside));
            if let Some(text) = text(&given.value) {
                lines.extend(shell_lines(&text, at, place, files));
                let depends = given.value.depends.clone();
                if !lines.iter().any(|line| program_of(line).is_some()) {
                    let word = |text: &str| plain(Some(text.to_owned()), place);
                    lines = vec![vec![word("sh"), word("-c"), word(&text)]];
                    rests = vec![Vec::new(), Vec::new(), depends.clone()];
                }
                parted.note(Part { place, depends, source: None, missing: Vec::new(), ways: Vec::new() });
            }
        }
        _ => {}
    }
    let mut here = Start { parted, ..here.clone() };
    if let Some(folder) = named("cwd").and_then(|given| text(&given.value)) {
        here.roots.enter(&folder);
    }
    let variables = match words.environment {
        Variables::Behind => named("env").or_else(|| sighting.positional.get(words.index + 1)),
        Variables::Last => sighting.positional.last(),
        Variables::Named => named("env"),
    };
    if let Some(given) = variables {
        handed_on(&mut here.environment, given, place);
    }
    let each = lines.into_iter().flat_map(|line| match passed_on(&line, outer) {
        Some(words) => command(words, &Start { place: outer.place, ..here.clone() }).into_iter().collect(),
        None if program_of(&line).is_none() => scripted(&line, &rests, &here, files, facts),
        None => command(line, &here).into_iter().collect::<Vec<_>>(),
    });
    each.map(Step::Program).collect()
}

/// What words start that name no server and no code: a script of the project, or a text for a shell.
fn scripted(words: &[Argument], rests: &[Vec<Dependency>], here: &Start, files: &Files, facts: &Facts) -> Vec<Start> {
    let surroundings = Surroundings {
        environment: here.environment.clone(),
        roots: here.roots.clone(),
        files,
        facts,
        shell: None,
        edited: super::super::rewritten::Edited::new(),
        renamed: crate::deployment::native::Renamed::new(),
        outer: &|_| None,
    };
    let mut programs = commands::of_words(words, rests, here.place, &surroundings).programs;
    for start in &mut programs {
        start.conditional |= here.conditional;
    }
    programs
}

/// The program that words name.
fn program_of(line: &[Argument]) -> Option<Program> {
    let texts: Vec<Option<String>> = line.iter().map(|argument| argument.text.clone()).collect();
    recognise(&texts)
}

/// The last words of the program's own command line, where it starts what these name: they stand where it
/// was given them.
fn passed_on(line: &[Argument], outer: &Start) -> Option<Vec<Argument>> {
    let given = outer.arguments.get(outer.arguments.len().checked_sub(line.len())?..)?;
    let same = line.iter().zip(given).all(|(word, given)| word.text.is_some() && word.text == given.text);
    (same && !line.is_empty()).then(|| given.to_vec())
}

/// Where the words stand in the call.
fn argument_site<'s>(site: &'s CallSite, words: &Words) -> Option<&'s Element> {
    let named = site.keywords.iter().find(|keyword| keyword.name.as_deref() == Some(words.name));
    named.map(|keyword| &keyword.value).or_else(|| site.positional.get(words.index)?.as_ref())
}

/// The commands of a text for a shell, as long as it is so plain that its words are what they look like.
fn shell_lines(text: &str, at: Option<Place>, place: Place, files: &Files) -> Vec<Vec<Argument>> {
    let mut lines = Vec::new();
    let mut start = 0;
    for part in text.split("&&") {
        let begins = at.map(|at| Place::new(at.file, Span::new(at.span.start + start, at.span.end)));
        start += part.len() + 2;
        if part.contains(['|', ';', '&', '`', '\n', '<', '>', '(']) {
            continue;
        }
        let Some(words) = read::words(part, begins.unwrap_or(place)) else { continue };
        let each = words.iter().map(|word| {
            let mut argument = Argument::new(word, &|_| None);
            if argument.text.as_ref().is_some_and(|text| text.contains('$')) {
                argument = plain(None, place);
            }
            let known = begins.is_some() && argument.text.as_deref() == Some(files.text_at(argument.place));
            if known { argument } else { Argument { place, removal: place, literal: false, ..argument } }
        });
        lines.push(each.collect());
    }
    lines
}

/// The program that words start, behind whatever stands in front of it.
fn command(line: Vec<Argument>, here: &Start) -> Option<Start> {
    let program = program_of(&line)?;
    let texts: Vec<Option<String>> = line.iter().map(|argument| argument.text.clone()).collect();
    let first = program.first_argument();
    let mut environment = here.environment.clone();
    for word in texts.iter().take(first).flatten() {
        if let Some((name, value)) = word.split_once('=').filter(|(name, _)| is_name(name)) {
            environment.put(name, Some(value.to_owned()), here.place);
        }
    }
    Some(Start { program, arguments: line.into_iter().skip(first).collect(), environment, ..here.clone() })
}
