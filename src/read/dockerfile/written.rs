//! Files that an instruction writes itself: `COPY <<EOF /start.sh`, `RUN cat > /start.sh <<EOF`,
//! `RUN echo '...' > /start.sh`.
//!
//! Decides what lands where, as far as the text in the Dockerfile is the text of the file. A text in which
//! the builder or a shell fills something in is left out: what would be there then depends on the build.

use std::collections::BTreeSet;

use crate::source::{FileId, Span};

use super::super::decoded::Decoded;
use super::super::embedded::Embedded;
use super::super::json_words;
use super::super::shell::{self, PartKind, Simple, Statement, Word};
use super::instructions::{Document, Instruction};

/// The files that an instruction writes, in order.
pub(super) fn files(instruction: &Instruction, file: FileId) -> Vec<Embedded> {
    match instruction.keyword.as_str() {
        "COPY" | "ADD" => copied(instruction),
        "RUN" if writes(instruction) && json_words::words(&instruction.rest, file).is_none() => run(instruction, file),
        _ => Vec::new(),
    }
}

/// Whether a command of a `RUN` may write a file.
fn writes(instruction: &Instruction) -> bool {
    let text = instruction.rest.text();
    text.contains('>') || text.contains("tee ")
}

/// Each here-document is a file of its own: under the destination itself or, where that is a folder, under the
/// word that ends it.
fn copied(instruction: &Instruction) -> Vec<Embedded> {
    let Some(destination) = instruction.rest.text().split_whitespace().next_back() else { return Vec::new() };
    let is_folder = destination.ends_with('/') || instruction.documents.len() > 1;
    let known = instruction.documents.iter().filter(|document| is_plain(document));
    let file = |document: &Document| {
        let folder = destination.trim_end_matches('/');
        let path = if is_folder { format!("{folder}/{}", document.name) } else { destination.to_owned() };
        Embedded { path, body: document.body.clone() }
    };
    known.map(file).collect()
}

/// Whether the text of a here-document reaches the file as it stands there.
fn is_plain(document: &Document) -> bool {
    !document.body.text().is_empty() && (document.quoted || !document.body.text().contains(['$', '`', '\\']))
}

/// What the commands of a `RUN` write, where one command alone says all of a file.
fn run(instruction: &Instruction, file: FileId) -> Vec<Embedded> {
    let known = outputs(instruction, file).into_iter().filter_map(|(path, body)| Some(Embedded { path, body: body? }));
    known.filter(|file| !file.body.text().trim().is_empty()).collect()
}

/// The paths to which one of the instructions adds what it does not tell all of: nothing that another one
/// writes there is the whole file.
pub(super) fn incomplete(instructions: &[Instruction], file: FileId) -> BTreeSet<String> {
    let runs = instructions.iter().filter(|instruction| instruction.keyword == "RUN");
    let adding = runs.filter(|instruction| writes(instruction));
    adding
        .flat_map(|instruction| outputs(instruction, file))
        .filter(|(_, body)| body.is_none())
        .map(|(path, _)| path)
        .collect()
}

/// Each path that the commands of a `RUN` write to, with the text where all of it is known.
fn outputs(instruction: &Instruction, file: FileId) -> Vec<(String, Option<Decoded>)> {
    let rest = &instruction.rest;
    let Some(script) = shell::script(&Decoded::verbatim(rest.text(), 0), file) else { return Vec::new() };
    let mut commands = Vec::new();
    script.body.iter().for_each(|statement| in_order(statement, &mut commands));
    let moves = commands.iter().any(|(command, _)| {
        let program = command.words.first().and_then(literal);
        program.is_some_and(|program| matches!(program.text(), "cd" | "pushd"))
    });
    let mut documents = instruction.documents.iter();
    // Path, text, and whether all of the text is known.
    let mut written: Vec<(String, Option<Decoded>)> = Vec::new();
    for (command, before) in commands {
        let is_fed = |command: &Simple| {
            let text = rest.text().get(command.place.span.start..command.place.span.end).unwrap_or_default();
            text.contains("<<")
        };
        let document = if is_fed(command) || before.is_some_and(is_fed) { documents.next() } else { None };
        let Some(path) = target(command).filter(|path| !moves || path.starts_with('/')) else { continue };
        let front = command.output.as_ref().map_or(0, |output| output.place.span.start);
        let front = rest.text().get(..front).unwrap_or_default().trim_end_matches(['"', '\'', ' ', '\t']);
        let appends = front.ends_with(">>") || option(command, "-a");
        let body = match document {
            Some(document) => is_plain(document).then(|| document.body.clone()),
            None => printed(before.unwrap_or(command), rest),
        };
        let known = written.iter_mut().find(|(known, _)| *known == path);
        match known {
            Some((_, before)) if appends => match (before.as_mut(), body) {
                (Some(before), Some(body)) => before.push_from(&body, 0..body.text().len()),
                _ => *before = None,
            },
            Some((_, before)) => *before = body,
            None => written.push((path, body.filter(|_| !appends))),
        }
    }
    written
}

/// The commands that run one after the other, each with the one whose output it reads. What stands in a branch may not
/// run.
fn in_order<'s>(statement: &'s Statement, commands: &mut Vec<(&'s Simple, Option<&'s Simple>)>) {
    match statement {
        Statement::Simple(simple) => commands.push((simple, None)),
        Statement::Pipe(both) => {
            if let [Statement::Simple(first), Statement::Simple(second)] = both.as_slice() {
                commands.push((second, Some(first)));
            }
        }
        Statement::And(first, second) => {
            in_order(first, commands);
            in_order(second, commands);
        }
        Statement::Group(list) | Statement::Subshell(list) => {
            for statement in list {
                in_order(statement, commands);
            }
        }
        _ => {}
    }
}

/// The path that `cat`, `echo`, `printf` or `tee` writes to.
fn target(command: &Simple) -> Option<String> {
    let program = literal(command.words.first()?)?;
    let output = match program.text() {
        "cat" | "echo" | "printf" => command.output.as_ref()?,
        "tee" => command.words.get(1..)?.iter().find(|word| !is_option(word))?,
        _ => return None,
    };
    let path = literal(output)?.text().to_owned();
    // Configurations and scripts alone are worth a look from a folder that another instruction tells.
    let told = path.starts_with('/') || [".py", ".sh", ".ini", ".toml", ".conf"].iter().any(|end| path.ends_with(end));
    told.then_some(path)
}

fn is_option(word: &Word) -> bool {
    literal(word).is_some_and(|text| text.text().starts_with('-'))
}

fn option(command: &Simple, name: &str) -> bool {
    command.words.iter().any(|word| literal(word).is_some_and(|text| text.text() == name))
}

/// The text of a word that nothing is filled into.
fn literal(word: &Word) -> Option<Decoded> {
    let mut text = Decoded::default();
    for part in &word.parts {
        let PartKind::Text(decoded) = &part.kind else { return None };
        text.push_from(decoded, 0..decoded.text().len());
    }
    Some(text)
}

/// What `echo` or `printf` prints, its escapes turned into what they stand for. `echo` does so as `dash` does it, which
/// runs these commands in the images that Python is published in.
fn printed(command: &Simple, rest: &Decoded) -> Option<Decoded> {
    let program = literal(command.words.first()?)?;
    let given = command.words.get(1..)?;
    let options = given.iter().take_while(|word| is_option(word)).count();
    let words = given.get(options..)?;
    let texts: Vec<Decoded> = words.iter().map(literal).collect::<Option<_>>()?;
    let mut out = Decoded::default();
    match program.text() {
        "echo" => {
            let end = words.last()?.place.span.end;
            for (at, text) in texts.iter().enumerate() {
                if at > 0 {
                    let start = words.get(at)?.place.span.start;
                    out.push_escaped(" ", Span::new(start.saturating_sub(1), start));
                }
                format(text, None, &mut out)?;
            }
            // The line break that `echo` adds stands where the last word ends.
            out.push_escaped("\n", Span::new(end, end + 1));
        }
        "printf" => {
            let (first, arguments) = texts.split_first()?;
            let mut arguments = arguments.iter();
            loop {
                let before = arguments.len();
                format(first, Some(&mut arguments), &mut out)?;
                // Arguments that are left go through the same format.
                if arguments.len() == 0 || arguments.len() == before {
                    break;
                }
            }
        }
        _ => return None,
    }
    Some(out.through(rest))
}

/// Adds a text with its escapes replaced and, where there are `arguments`, its `%s` and `%d`.
fn format(
    text: &Decoded,
    mut arguments: Option<&mut dyn ExactSizeIterator<Item = &Decoded>>,
    out: &mut Decoded,
) -> Option<()> {
    let plain = text.text();
    let fills = arguments.is_some();
    let mut at = 0;
    while let Some(found) = plain.get(at..)?.find(|c| c == '\\' || fills && c == '%') {
        let mark = at + found;
        out.push_from(text, at..mark);
        at = mark + 2;
        match (plain.get(mark..at)?, &mut arguments) {
            ("\\n", _) => out.push_escaped("\n", text.span(mark..at)),
            ("\\t", _) => out.push_escaped("\t", text.span(mark..at)),
            ("%%", Some(_)) => out.push_escaped("%", text.span(mark..at)),
            // What is filled in stands where it is filled in, because a file has its bytes in one order.
            ("%s", Some(arguments)) => out.push_escaped(arguments.next()?.text(), text.span(mark..at)),
            ("%d" | "%i", Some(arguments)) => {
                let argument = arguments.next().filter(|argument| argument.text().parse::<i64>().is_ok())?;
                out.push_escaped(argument.text(), text.span(mark..at));
            }
            _ => return None,
        }
    }
    out.push_from(text, at..plain.len());
    Some(())
}
