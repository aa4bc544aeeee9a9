//! The configuration of supervisord: one unit per program, and what the rest of the file adds to them.
//!
//! Follows supervisor 4.3 (`options.py`). Which files belong together is decided later, because the files
//! that are included may come from elsewhere in an image.

mod expansions;
mod pairs;
#[cfg(test)]
mod tests;
mod words;

use crate::findings::Note;
use crate::source::{FileId, Located, Place, SourceFile, Span};
use crate::values::Seconds;

use super::bits::{self, Bit};
use super::facts::{Abreast, SUPERVISORD, StopDefault};
use super::ini::{self, Dialect, Entry, Section};
use super::{Command, Facts, SupervisorFile, Unit, UnitKind, Variable};
use expansions::Names;

/// More programs than any such file has.
const MAX_PROGRAMS: usize = 1_000;

/// How many processes of a program are told apart.
const MAX_COPIES: u32 = 8;

/// More variables than all programs have that one configuration sets.
const MAX_TOGETHER: usize = 200_000;

/// Reads a configuration of supervisord, or a part that it includes.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let document = ini::scan(source.text(), Dialect::ConfigParser);
    if !document.complete {
        facts.notes.push(Note::file(source.path(), "more settings than are read; the rest was skipped"));
    }
    let mut reader = Reader { file, source, notes: &mut facts.notes };
    let mut configuration = SupervisorFile::default();
    let mut units: Vec<Unit> = Vec::new();
    for section in &document.sections {
        match section.name.split_once(':') {
            Some(("program" | "fcgi-program", name)) if units.len() < MAX_PROGRAMS => {
                let same = sections(&document.sections, &section.name);
                if same.first().is_some_and(|first| std::ptr::eq(*first, section)) {
                    units.extend(reader.programs(name.trim(), section, &same));
                }
            }
            None if section.name == "include" => {
                let files = last(&[section], "files").map(|entry| reader.patterns(entry));
                configuration.included.extend(files.unwrap_or_default());
            }
            None if section.name == "supervisord" => {
                configuration.is_main = true;
                let names = Names::default();
                let environment = last(&[section], "environment");
                configuration.environment.extend(environment.map_or_else(Vec::new, |e| reader.environment(e, &names)));
            }
            _ => {}
        }
    }
    let most = MAX_TOGETHER / configuration.environment.len().max(1);
    if units.len() > most {
        units.truncate(most);
        let reason = format!("more than {MAX_TOGETHER} variables of programs; the rest was not read");
        facts.notes.push(Note::file(source.path(), reason));
    }
    facts.units.extend(units);
    facts.supervisors.insert(file, configuration);
    facts.comments.insert(file, document.comments);
}

/// The sections of one name: `configparser` puts them together.
fn sections<'d>(all: &'d [Section], name: &str) -> Vec<&'d Section> {
    all.iter().filter(|section| section.name == name).collect()
}

/// The entry that counts: of several with one key the last.
fn last<'d>(sections: &[&'d Section], key: &str) -> Option<&'d Entry> {
    sections.iter().flat_map(|section| &section.entries).rfind(|entry| entry.key == key)
}

/// What supervisor takes for yes (`boolean` of supervisor 4.3).
fn is_true(text: &str) -> bool {
    ["1", "on", "true", "yes"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
}

struct Reader<'a> {
    file: FileId,
    source: &'a SourceFile,
    notes: &'a mut Vec<Note>,
}

impl Reader<'_> {
    /// The processes of a program: one for all of its copies, or each where its number makes it another one.
    fn programs(&mut self, name: &str, header: &Section, same: &[&Section]) -> Vec<Unit> {
        let copies = self.number(same, "numprocs");
        let first = self.number(same, "numprocs_start").map_or(0, |start| start.value);
        let count = copies.as_ref().map_or(1, |copies| copies.value);
        let abreast = match (&copies, last(same, "numprocs")) {
            (Some(copies), _) => Some(Located::new(Abreast::Count(copies.value), copies.place)),
            (None, Some(entry)) => Some(Located::new(Abreast::Unknown, Place::new(self.file, entry.value_span))),
            (None, None) => None,
        };
        let numbered = |key: &&str| last(same, key).is_some_and(|entry| entry.value.text().contains("%(process_num)"));
        let apart = (2..=MAX_COPIES).contains(&count) && ["command", "environment", "directory"].iter().any(numbered);
        let mut names = Names { program: Some(name.to_owned()), number: None, copies: Some(count) };
        if apart {
            let copy = |number: u32| {
                names.number = Some(first.saturating_add(number));
                let mut unit = self.program(name, header, same, &names)?;
                unit.name = self.text(same, "process_name", &names).map_or_else(|| name.to_owned(), |name| name.value);
                unit.limits.abreast.clone_from(&abreast);
                Some(unit)
            };
            return (0..count).filter_map(copy).collect();
        }
        // Of several copies each has a number of its own.
        names.number = (count == 1).then_some(first);
        let mut unit = self.program(name, header, same, &names);
        if let Some(unit) = &mut unit {
            unit.limits.replicas = copies.filter(|copies| copies.value != 1);
            unit.limits.abreast = abreast;
        }
        unit.into_iter().collect()
    }

    fn number(&self, same: &[&Section], key: &str) -> Option<Located<u32>> {
        let entry = last(same, key).filter(|entry| !is_doubtful(same, entry))?;
        Some(Located::new(entry.value.text().trim().parse().ok()?, Place::new(self.file, entry.value_span)))
    }

    fn program(&mut self, name: &str, header: &Section, same: &[&Section], names: &Names) -> Option<Unit> {
        let place = |span| Place::new(self.file, span);
        let mut unit = Unit::new(UnitKind::SupervisorProgram, name, place(header.header));
        let wait = self.number(same, "stopwaitsecs");
        let seconds = |located: Located<u32>| located.map(|seconds| Seconds(f64::from(seconds)));
        unit.limits.stop_grace = match (wait, last(same, "stopwaitsecs")) {
            (Some(wait), _) => Some(seconds(wait)),
            (None, Some(_)) => None,
            (None, None) => {
                let usual = StopDefault { value: Seconds(10.0), by: SUPERVISORD };
                unit.limits.stop_default = Some(usual);
                Some(Located::new(usual.value, place(header.header)))
            }
        };
        let stops_group = last(same, "stopasgroup").is_some_and(|entry| is_true(entry.value.text()));
        unit.container.stops_group = stops_group;
        unit.stop_signal = self.text(same, "stopsignal", names);
        unit.user = self.text(same, "user", names);
        unit.working_folder = self.text(same, "directory", names);
        unit.sockets = self.text(same, "socket", names).into_iter().collect();
        if let Some(entry) = last(same, "environment") {
            unit.environment = self.environment(entry, names);
        }
        let entry = last(same, "command")?;
        unit.command = self.command(entry, names);
        Some(unit)
    }

    fn command(&mut self, entry: &Entry, names: &Names) -> Option<Command> {
        let expanded = self.expanded(entry, names)?;
        let Some(words) = words::split(&expanded) else {
            self.note(entry.value_span, "a quote of this command is not closed, so supervisord does not start it");
            return None;
        };
        bits::command(&words, self.file, entry.value_span)
    }

    fn environment(&mut self, entry: &Entry, names: &Names) -> Vec<Variable> {
        let Some(expanded) = self.expanded(entry, names) else {
            return Vec::new();
        };
        let (variables, complete) = pairs::read(&expanded, self.file);
        if !complete {
            self.note(entry.value_span, "not of the form `NAME=\"value\",NAME=\"value\"`, so supervisord refuses it");
        }
        variables
    }

    fn text(&mut self, same: &[&Section], key: &str, names: &Names) -> Option<Located<String>> {
        let entry = last(same, key).filter(|entry| !is_doubtful(same, entry))?;
        let expanded = self.expanded(entry, names)?;
        let text = bits::text(bits::trimmed(&expanded)).filter(|text| !text.is_empty())?;
        Some(Located::new(text, Place::new(self.file, entry.value_span)))
    }

    /// The patterns of `[include] files`, with `%(here)s` for the folder of the file.
    fn patterns(&mut self, entry: &Entry) -> Vec<Located<String>> {
        let place = Place::new(self.file, entry.value_span);
        let text = entry.value.text().replace("%(here)s/", "");
        text.split_whitespace().map(|pattern| Located::new(pattern.to_owned(), place)).collect()
    }

    fn expanded(&mut self, entry: &Entry, names: &Names) -> Option<Vec<Bit>> {
        let bits = bits::of(&entry.value);
        if bits.is_none() {
            self.note(entry.value_span, "longer than any setting, so it was not read");
        }
        let (expanded, fault) = expansions::expand(bits?, names);
        if let Some(what) = fault {
            self.note(entry.value_span, &format!("supervisord refuses `{what}`, which names nothing that it knows"));
        }
        Some(expanded)
    }

    fn note(&mut self, span: Span, why: &str) {
        self.notes.push(Note::line(self.source.path(), self.source.line(span.start), why));
    }
}

/// Whether a template decides which value counts.
fn is_doubtful(same: &[&Section], entry: &Entry) -> bool {
    let sure = same.iter().any(|section| section.conditional == entry.conditional);
    entry.conditional && !sure
}
