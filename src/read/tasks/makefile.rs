//! Makefiles.
//!
//! Every target with a recipe is a task. Each line of a recipe is a shell of its own, unless `.ONESHELL` says
//! otherwise; continued lines are one. `$(NAME)` is the makefile's and filled in here, `$$NAME` is the shell's.
//! A conditional over what the file itself says is decided; in any other, what is assigned is unknown, and a recipe line is
//! left out.

use std::collections::BTreeSet;

use crate::source::{Comment, FileId, Located, Place, SourceFile, Span};

use super::super::decoded::Decoded;
use super::super::platforms::reader::Reader;
use super::super::{EnvironmentFile, Facts, Notation, Unit, Variable, shell_comments};
use super::macros::{Macro, Macros, Reference};
use super::{changes_shell, exported, task};

/// More lines than any makefile has, and than all recipes have together: a rule of many targets repeats its
/// own for free.
const MAX_LINES: usize = 50_000;

/// More targets than any makefile has.
const MAX_TARGETS: usize = 2_000;

/// Reads one.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut reader = Reader::new(file, source);
    let mut made = Makefile::new(file);
    let text = source.text();
    let mut at = text.len() - text.trim_start_matches('\u{feff}').len();
    for _ in 0..MAX_LINES {
        let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) else { break };
        let line = logical(rest, at);
        at = line.end;
        made.line(&line, text);
    }
    facts.comments.insert(file, std::mem::take(&mut made.comments));
    made.is_alone = !made.includes || made.exports_all;
    for target in std::mem::take(&mut made.targets) {
        let hidden = made.enter(&target);
        let unit = made.unit(&target, &mut reader);
        made.macros.restore(hidden);
        if let Some(unit) = unit {
            reader.add(unit);
        }
        if reader.is_full() {
            break;
        }
    }
    made.macros.note_cut(&mut reader);
    reader.finish(facts);
}

/// A line with the lines that continue it.
struct Logical {
    start: usize,
    /// Behind the break.
    end: usize,
}

fn logical(rest: &str, start: usize) -> Logical {
    let mut length = 0;
    for line in rest.split_inclusive('\n') {
        length += line.len();
        let content = line.trim_end_matches(['\n', '\r']);
        let slashes = content.len() - content.trim_end_matches('\\').len();
        if slashes % 2 == 0 {
            break;
        }
    }
    Logical { start, end: start + length }
}

/// A conditional.
#[derive(Debug)]
struct Branch {
    /// Whether its lines count here; `None` where the file does not tell.
    taken: Option<bool>,
    /// Whether those of a branch before did.
    done: Option<bool>,
}

/// Longer texts between `define` and `endef` than anybody runs.
const MAX_DEFINED: usize = 16 * 1024;

#[derive(Debug)]
struct Target {
    name: String,
    span: Span,
    recipe: Vec<Decoded>,
    /// Variables that only hold for it.
    own: Vec<Own>,
    /// Those of them that the shells of its recipe see.
    exported: BTreeSet<String>,
}

/// `target: NAME operator value`.
#[derive(Debug, Clone)]
struct Own {
    name: String,
    operator: String,
    value: Decoded,
}

#[allow(clippy::struct_excessive_bools, reason = "independent facts, not the states of one")]
struct Makefile {
    file: FileId,
    macros: Macros,
    targets: Vec<Target>,
    comments: Vec<Comment>,
    /// The conditionals that are open.
    conditionals: Vec<Branch>,
    /// Inside `define`.
    defining: Option<(String, Decoded)>,
    /// The targets of the rule whose recipe is being read.
    current: Vec<usize>,
    one_shell: bool,
    /// How many lines all recipes have.
    lines: usize,
    /// Variables that the shells of recipes see.
    exported: BTreeSet<String>,
    /// `export` without a name.
    exports_all: bool,
    /// Files of variables that are included.
    included: Vec<Located<String>>,
    /// Whether anything is included.
    includes: bool,
    /// Whether the shells of recipes see every variable that is not set here.
    is_alone: bool,
}

impl Makefile {
    fn new(file: FileId) -> Self {
        Self {
            file,
            macros: Macros::default(),
            targets: Vec::new(),
            comments: Vec::new(),
            conditionals: Vec::new(),
            defining: None,
            current: Vec::new(),
            one_shell: false,
            lines: 0,
            exported: BTreeSet::new(),
            exports_all: false,
            included: Vec::new(),
            includes: false,
            is_alone: true,
        }
    }

    /// What the recipe of a target runs, its own variables being set.
    fn unit(&self, target: &Target, reader: &mut Reader) -> Option<Unit> {
        let script = self.script(target)?;
        let mut unit = task(&target.name, target.span, &script, reader)?;
        unit.environment = self.environment(target);
        if self.exports_all {
            let files = self.included.iter().cloned();
            unit.environment_files =
                files.map(|path| EnvironmentFile { path, notation: Notation::Python, optional: true }).collect();
        }
        Some(unit)
    }

    /// Sets the variables of a target; what they were before.
    fn enter(&mut self, target: &Target) -> Vec<(String, Option<Macro>)> {
        let mut before = Vec::new();
        for Own { name, operator, value } in &target.own {
            before.push((name.clone(), self.macros.get(name).cloned()));
            match operator.as_str() {
                "?=" if self.macros.get(name).is_some() => {}
                "?=" => self.macros.set(name, Macro::Default(name.clone(), value.clone())),
                "+=" => self.macros.append(name, value, scan),
                operator => self.macros.set(name, written(operator, value, &self.macros)),
            }
        }
        before
    }

    /// What the shells of a recipe find in their environment.
    fn environment(&self, target: &Target) -> Vec<Variable> {
        let macros = &self.macros;
        let names = self.exported.union(&target.exported).map(String::as_str);
        let all = macros.all().map(|(name, _)| name.as_str()).filter(|name| self.exports_all && is_name(name));
        let names: BTreeSet<&str> = names.chain(all).collect();
        let exported = names.iter().filter_map(|name| Some(exported(name, macros.get(name)?, macros, scan, self.file)));
        exported.collect()
    }

    fn line(&mut self, line: &Logical, text: &str) {
        let raw = text.get(line.start..line.end).unwrap_or_default();
        let content = raw.trim_end_matches(['\n', '\r']);
        if let Some((name, mut body)) = self.defining.take() {
            if content.trim() == "endef" {
                let known = self.conditionals.is_empty() && !name.is_empty();
                self.macros.set(&name, if known { Macro::Text(body) } else { Macro::Unknown });
                return;
            }
            if !body.text().is_empty() {
                body.push_escaped("\n", Span::new(line.start, line.start));
            }
            if body.text().len() < MAX_DEFINED {
                body.push(content, line.start);
            }
            self.defining = Some((name, body));
            return;
        }
        if let Some(recipe) = content.strip_prefix('\t')
            && !self.current.is_empty()
        {
            self.comments.extend(shell_comments::comments(recipe, line.start + 1));
            if self.conditionals.iter().all(|branch| branch.taken == Some(true)) {
                self.recipe(&unfolded(recipe, line.start + 1, true));
            }
            return;
        }
        let trimmed = content.trim_start();
        let start = line.start + content.len() - trimmed.len();
        if let Some(at) = comment(trimmed) {
            let first = trimmed.get(at..).unwrap_or_default().lines().next().unwrap_or_default().trim_end();
            self.comments.push(Comment { span: Span::new(start + at, start + at + first.len()), own_line: at == 0 });
        }
        let end = comment(trimmed).unwrap_or(trimmed.len());
        let code = unfolded(trimmed.get(..end).unwrap_or_default(), start, false);
        self.statement(&code);
    }

    fn statement(&mut self, code: &Decoded) {
        let text = code.text().trim_end();
        let word = text.split(|c: char| c.is_whitespace() || c == '(').next().unwrap_or_default();
        match word {
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                let taken = self.decide(text);
                self.conditionals.push(Branch { taken, done: taken });
                return;
            }
            "else" => return self.otherwise(text.get(word.len()..).unwrap_or_default().trim()),
            "endif" => {
                self.conditionals.pop();
                return;
            }
            _ if self.conditionals.iter().any(|branch| branch.taken == Some(false)) => return,
            "include" | "-include" | "sinclude" => return self.include(code, text, word.len()),
            "" | "vpath" | "undefine" | "unexport" => return,
            "export" if !text.contains('=') => {
                self.exports_all |= text.trim() == "export";
                self.exported.extend(text.split_whitespace().skip(1).map(str::to_owned));
                return;
            }
            "define" => {
                let mut words = text.split_whitespace().skip(1);
                let name = words.next().unwrap_or_default();
                self.macros.set(name, Macro::Unknown);
                let plain = words.next().is_none_or(|operator| operator == "=");
                let name = if plain { name.to_owned() } else { String::new() };
                self.defining = Some((name, Decoded::default()));
                return;
            }
            _ => {}
        }
        let mut from = 0;
        for modifier in ["export", "override", "private"] {
            let rest = text.get(from..).unwrap_or_default();
            if let Some(behind) = rest.strip_prefix(modifier).filter(|behind| behind.starts_with([' ', '\t'])) {
                from = text.len() - behind.trim_start().len();
            }
        }
        let rest = text.get(from..).unwrap_or_default();
        if let Some((name, operator, value)) = assignment(rest) {
            let start = from + value;
            if text.starts_with("export") && from > 0 {
                self.exported.insert(name.to_owned());
            }
            self.assign(name, operator, &code.part(start..text.len()));
            return;
        }
        self.rule(code, text);
    }

    /// Whether the lines behind `ifeq (a,b)` count; `None` where the file does not tell.
    fn decide(&self, text: &str) -> Option<bool> {
        let (word, rest) = text.split_at(text.find(|c: char| c.is_whitespace() || c == '(')?);
        let rest = rest.trim();
        let wanted = matches!(word, "ifeq" | "ifdef");
        if matches!(word, "ifdef" | "ifndef") {
            let value = self.macros.value(self.macros.get(rest)?, scan)?;
            return Some(value.text().is_empty() != wanted);
        }
        let (left, right) = if let Some(inner) = rest.strip_prefix('(') {
            inner.strip_suffix(')')?.rsplit_once(',')?
        } else {
            let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
            let (left, behind) = rest.get(1..)?.split_once(quote)?;
            (left, behind.trim().strip_prefix(quote)?.strip_suffix(quote)?)
        };
        let value = |side: &str| {
            let expanded = self.macros.expand(&Decoded::verbatim(side.trim(), 0), scan, &|_| None);
            Some(expanded.text().to_owned()).filter(|text| !text.contains("{{") && !text.contains('$'))
        };
        Some((value(left)? == value(right)?) == wanted)
    }

    /// `else`, and `else ifeq (a,b)`.
    fn otherwise(&mut self, condition: &str) {
        let next = if condition.is_empty() { Some(true) } else { self.decide(condition) };
        let Some(branch) = self.conditionals.last_mut() else { return };
        branch.taken = match (branch.done, next) {
            (Some(true), _) | (None, Some(false)) => Some(false),
            (Some(false), next) => next,
            (None, _) => None,
        };
        branch.done = match (branch.done, branch.taken) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        };
    }

    /// `include .env`: a file of variables, as a person writes it for both make and the shell.
    fn include(&mut self, code: &Decoded, text: &str, from: usize) {
        self.includes = true;
        for name in text.get(from..).unwrap_or_default().split_whitespace() {
            let last = name.rsplit('/').next().unwrap_or(name);
            let start = name.as_ptr() as usize - text.as_ptr() as usize;
            if last.split('.').skip(1).any(|part| part == "env") {
                self.included
                    .push(Located::new(name.to_owned(), Place::new(self.file, code.span(start..start + name.len()))));
            }
        }
    }

    fn assign(&mut self, name: &str, operator: &str, value: &Decoded) {
        let unknown = self.conditionals.iter().any(|branch| branch.taken.is_none()) || operator == "!=";
        match operator {
            // The first one counts; one from outside would win, and stays the default of the file.
            "?=" if self.macros.get(name).is_some() => {}
            _ if unknown => self.macros.set(name, Macro::Unknown),
            "?=" => self.macros.set(name, Macro::Default(name.to_owned(), value.clone())),
            "+=" => self.macros.append(name, value, scan),
            _ => self.macros.set(name, written(operator, value, &self.macros)),
        }
    }

    fn rule(&mut self, code: &Decoded, text: &str) {
        let Some(colon) = colon(text) else {
            self.current.clear();
            return;
        };
        self.current.clear();
        let behind = text.get(colon..).unwrap_or_default().trim_start_matches(':');
        let names = text.get(..colon).unwrap_or_default();
        // `target: NAME = value` is a variable of that target.
        let rest = behind.trim_start();
        let exports = rest.strip_prefix("export ");
        let rest = exports.unwrap_or(rest).trim_start();
        let own = assignment(rest).map(|(name, operator, value)| {
            let start = text.len() - rest.len() + value;
            let mut value = code.part(start..text.len());
            // What is expanded at once does not see what comes later.
            if let (true, Macro::Done(done)) = (operator.ends_with(":="), written(operator, &value, &self.macros)) {
                value = done;
            }
            Own { name: name.to_owned(), operator: operator.to_owned(), value }
        });
        let mut at = 0;
        for name in names.split_whitespace() {
            at += names.get(at..).and_then(|rest| rest.find(name)).unwrap_or(0);
            let range = at..at + name.len();
            at = range.end;
            match name {
                ".ONESHELL" => self.one_shell = true,
                ".EXPORT_ALL_VARIABLES" => self.exports_all = true,
                _ => {}
            }
            if name.starts_with('.') || name.contains(['%', '$']) {
                continue;
            }
            let known = self.targets.iter().position(|target| target.name == name);
            if known.is_none() && self.targets.len() >= MAX_TARGETS {
                return;
            }
            let index = known.unwrap_or_else(|| {
                let span = code.span(range);
                let (recipe, own, exported) = (Vec::new(), Vec::new(), BTreeSet::new());
                self.targets.push(Target { name: name.to_owned(), span, recipe, own, exported });
                self.targets.len() - 1
            });
            match (&own, self.targets.get_mut(index)) {
                (Some(own), Some(target)) => {
                    target.exported.extend(exports.map(|_| own.name.clone()));
                    target.own.push(own.clone());
                }
                _ => self.current.push(index),
            }
        }
        if own.is_some() {
            return;
        }
        // A recipe may begin behind the prerequisites.
        if let Some(semicolon) = text.get(colon..).and_then(|rest| rest.find(';')) {
            let recipe = code.part(colon + semicolon + 1..text.len());
            self.recipe(&recipe);
        }
    }

    fn recipe(&mut self, line: &Decoded) {
        for &index in &self.current {
            if let Some(target) = self.targets.get_mut(index).filter(|_| self.lines < MAX_LINES) {
                self.lines += 1;
                target.recipe.push(line.clone());
            }
        }
    }

    /// The lines of a recipe that a line stands for: those of a `define`, or itself.
    fn lines_of(&self, line: &Decoded) -> Vec<Decoded> {
        let text = line.text().trim();
        let named = scan(text, 0).filter(|found| found.range == (0..text.len())).and_then(|found| found.name);
        match named.and_then(|name| self.macros.get(&name)) {
            Some(Macro::Text(body)) if body.text().contains('\n') => {
                let mut at = 0;
                let each = body.text().split_inclusive('\n').map(|one| {
                    at += one.len();
                    body.part(at - one.len()..at - (one.len() - one.trim_end().len()))
                });
                each.collect()
            }
            _ => vec![line.clone()],
        }
    }

    /// The recipe as a shell sees it; `None` for one that is empty.
    fn script(&self, target: &Target) -> Option<Decoded> {
        let mut script = Decoded::default();
        let lines = target.recipe.iter().flat_map(|line| self.lines_of(line));
        for line in lines {
            let text = line.text();
            let from = text.len() - text.trim_start_matches(['@', '-', '+', ' ', '\t']).len();
            let body = line.part(from..text.len());
            if body.text().trim().is_empty() {
                continue;
            }
            let name = target.name.clone();
            let expanded = self.macros.expand(&body, scan, &|variable| match variable {
                "@" => Some(name.clone()),
                "MAKE" => Some("make".to_owned()),
                "SHELL" => Some("/bin/sh".to_owned()),
                "CURDIR" | "PWD" => Some(".".to_owned()),
                // What the file does not set comes from the environment, or is nothing; a shell knows it as well, unless
                // another makefile or a file that the shell does not see sets it.
                _ if !self.is_alone || !is_name(variable) => None,
                _ => Some(format!("${{{variable}}}")),
            });
            let own = !self.one_shell && changes_shell(expanded.text());
            let here = expanded.span(0..0);
            if !script.text().is_empty() {
                script.push_escaped("\n", here);
            }
            if own {
                script.push_escaped("(", here);
            }
            script.push_from(&expanded, 0..expanded.text().len());
            if own {
                script.push_escaped(")", expanded.span(expanded.text().len()..expanded.text().len()));
            }
        }
        (!script.text().is_empty()).then_some(script)
    }
}

/// What is expanded at once is not changed by what comes later.
fn written(operator: &str, value: &Decoded, macros: &Macros) -> Macro {
    match operator {
        ":=" | "::=" | ":::=" => Macro::Done(macros.expand(value, scan, &|_| None)),
        "!=" => Macro::Unknown,
        _ => Macro::Text(value.clone()),
    }
}

/// Continued lines as one. In a recipe the shell sees the backslash, which it takes away itself, and one
/// tab behind the break is the makefile's; elsewhere they become a space.
fn unfolded(text: &str, offset: usize, recipe: bool) -> Decoded {
    let mut out = Decoded::default();
    let mut at = 0;
    for (start, _) in text.match_indices('\\') {
        let behind = text.get(start + 1..).unwrap_or_default();
        let width = if behind.starts_with('\n') { 2 } else { 3 };
        if start < at || !(behind.starts_with('\n') || behind.starts_with("\r\n")) {
            continue;
        }
        out.push(text.get(at..start).unwrap_or_default(), offset + at);
        let mut end = start + width;
        let rest = text.get(end..).unwrap_or_default();
        if recipe {
            end += usize::from(rest.starts_with('\t'));
            out.push_escaped("\\\n", Span::new(offset + start, offset + end));
        } else {
            end += rest.len() - rest.trim_start_matches([' ', '\t']).len();
            out.push_escaped(" ", Span::new(offset + start, offset + end));
        }
        at = end;
    }
    out.push(text.get(at..).unwrap_or_default(), offset + at);
    out
}

/// Where a comment begins: a `#` that no backslash stands in front of.
fn comment(text: &str) -> Option<usize> {
    text.match_indices('#').map(|(at, _)| at).find(|&at| at == 0 || text.as_bytes().get(at - 1) != Some(&b'\\'))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `NAME operator value`: the name, the operator, and where the value begins.
fn assignment(text: &str) -> Option<(&str, &str, usize)> {
    let at = text.find(['=', ':', '?', '+', '!'])?;
    let rest = text.get(at..)?;
    let operators = [":::=", "::=", ":=", "?=", "+=", "!=", "="];
    let operator = operators.into_iter().find(|operator| rest.starts_with(operator))?;
    let name = text.get(..at)?.trim();
    let plain = !name.is_empty() && !name.contains(char::is_whitespace) && !name.contains('$');
    let behind = text.get(at + operator.len()..)?;
    plain.then(|| (name, operator, text.len() - behind.trim_start().len()))
}

/// The colon behind the targets, outside of references.
fn colon(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, char) in text.char_indices() {
        match char {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            ':' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// `$$` is a dollar sign for the shell; `$(NAME)`, `${NAME}` and `$N` are variables, anything longer is a
/// function.
fn scan(text: &str, from: usize) -> Option<Reference> {
    let start = from + text.get(from..)?.find('$')?;
    let rest = text.get(start + 1..)?;
    let first = rest.chars().next();
    let (open, close) = match first {
        Some('$') => return Some(Reference { range: start..start + 2, name: Some("$".to_owned()) }),
        Some('(') => ('(', ')'),
        Some('{') => ('{', '}'),
        Some(char) => {
            return Some(Reference { range: start..start + 1 + char.len_utf8(), name: Some(char.to_string()) });
        }
        None => return Some(Reference { range: start..start + 1, name: None }),
    };
    let mut depth = 0_usize;
    for (at, char) in rest.char_indices() {
        if char == open {
            depth += 1;
        } else if char == close {
            depth = depth.saturating_sub(1);
            if depth == 0 {
                let name = rest.get(1..at)?;
                let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || "_-.@".contains(c));
                return Some(Reference { range: start..start + 1 + at + 1, name: plain.then(|| name.to_owned()) });
            }
        }
    }
    Some(Reference { range: start..text.len(), name: None })
}
