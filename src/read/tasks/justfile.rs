//! Justfiles.
//!
//! Every recipe is a task. `{{name}}` is filled in from the assignments of the file and from the defaults of
//! the recipe's parameters; each line has a shell of its own, except in a recipe that names its interpreter.

use std::collections::BTreeSet;

use crate::source::{Comment, FileId, Located, SourceFile, Span};

use super::super::decoded::Decoded;
use super::super::platforms::reader::Reader;
use super::super::{EnvironmentFile, Facts, Notation, Variable, shell_comments};
use super::macros::{Macro, Macros, Reference};
use super::{changes_shell, task};

/// More lines than any justfile has.
const MAX_LINES: usize = 50_000;

/// Reads one.
pub(in super::super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    let mut reader = Reader::new(file, source);
    let mut made = Justfile::default();
    for number in 1..=source.line_count().min(MAX_LINES) {
        let Some(span) = source.line_span(number) else { break };
        made.line(source.slice(span), span.start);
    }
    facts.comments.insert(file, std::mem::take(&mut made.comments));
    for recipe in &made.recipes {
        let Some(script) = made.script(recipe) else { continue };
        let Some(mut unit) = task(&recipe.name, recipe.span, &script, &mut reader) else { continue };
        unit.environment = made.environment(recipe, file);
        if let Some(span) = made.dotenv {
            let path = Located::new(".env".to_owned(), reader.place(span));
            unit.environment_files.push(EnvironmentFile { path, notation: Notation::Python, optional: true });
        }
        reader.add(unit);
    }
    made.macros.note_cut(&mut reader);
    reader.finish(facts);
}

#[derive(Debug)]
struct Recipe {
    name: String,
    span: Span,
    parameters: Vec<(String, Macro)>,
    /// The parameters that its shells see.
    exported: BTreeSet<String>,
    lines: Vec<Decoded>,
}

#[derive(Debug, Default)]
struct Justfile {
    macros: Macros,
    recipes: Vec<Recipe>,
    comments: Vec<Comment>,
    /// Where the file says that `.env` is loaded.
    dotenv: Option<Span>,
    /// The variables that the shells of recipes see.
    exported: BTreeSet<String>,
    /// Whether they see all of them.
    exports_all: bool,
    /// Whether indented lines belong to the last recipe.
    in_recipe: bool,
    /// Whether the last line of the recipe is continued.
    continued: bool,
}

impl Justfile {
    fn line(&mut self, line: &str, start: usize) {
        let whole = line.len();
        let line = line.trim_start_matches('\u{feff}');
        let start = start + whole - line.len();
        let indented = line.starts_with([' ', '\t']);
        let content = line.trim();
        if content.is_empty() {
            return;
        }
        let at = start + line.len() - line.trim_start().len();
        if indented && self.in_recipe {
            self.comments.extend(shell_comments::comments(content, at));
            self.body(content, at);
            return;
        }
        if content.starts_with('#') {
            self.comments.push(Comment { span: Span::new(at, at + content.len()), own_line: true });
            return;
        }
        self.in_recipe = false;
        if indented || content.starts_with('[') {
            return;
        }
        let first = content.split_whitespace().next().unwrap_or_default();
        match first {
            "set" => {
                let enabled = content.contains("dotenv-load") && !content.contains("false");
                self.dotenv = if enabled { Some(Span::new(at, at + content.len())) } else { self.dotenv };
                let mut words = content.split_whitespace().skip(1);
                self.exports_all |= words.next() == Some("export") && !content.ends_with("false");
            }
            "alias" | "import" | "import?" | "mod" | "mod?" | "unexport" => {}
            _ => match content.split_once(":=") {
                Some((name, value)) if !name.contains(':') => {
                    let name = name.trim();
                    let exported = name.strip_prefix("export ").map(str::trim);
                    self.exported.extend(exported.map(str::to_owned));
                    let name = exported.unwrap_or(name);
                    let offset = at + content.len() - value.trim_start().len();
                    let value = expression(value.trim(), offset, &self.macros);
                    self.macros.set(name, value);
                }
                _ => self.head(content, at),
            },
        }
    }

    /// `@name param default='x' *rest: dependencies`.
    fn head(&mut self, content: &str, start: usize) {
        let Some(colon) = unquoted_colon(content) else { return };
        let head = content.get(..colon).unwrap_or_default();
        let quiet = usize::from(head.starts_with('@'));
        let head = head.get(quiet..).unwrap_or_default();
        let name = head.split_whitespace().next().unwrap_or_default();
        let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        if name.is_empty() || !plain(name) {
            return;
        }
        let mut parameters = Vec::new();
        let mut exported = BTreeSet::new();
        let mut rest = head.get(name.len()..).unwrap_or_default().trim_start();
        while !rest.is_empty() {
            let at = start + quiet + head.len() - rest.len();
            let end = rest.find([' ', '\t', '=']).unwrap_or(rest.len());
            let variadic = rest.starts_with('*');
            let marked = rest.get(..end).unwrap_or_default();
            let parameter = marked.trim_start_matches(['*', '+', '$']).to_owned();
            if marked.contains('$') {
                exported.insert(parameter.clone());
            }
            rest = rest.get(end..).unwrap_or_default();
            let value = if let Some(default) = rest.strip_prefix('=') {
                let length = value_length(default);
                let text = default.get(..length).unwrap_or_default();
                rest = default.get(length..).unwrap_or_default();
                expression(text, at + end + 1, &self.macros)
            } else if variadic {
                Macro::Done(Decoded::default())
            } else {
                Macro::Unknown
            };
            parameters.push((parameter, value));
            rest = rest.trim_start();
        }
        let span = Span::new(start + quiet, start + quiet + name.len());
        self.recipes.push(Recipe { name: name.to_owned(), span, parameters, exported, lines: Vec::new() });
        self.in_recipe = true;
        self.continued = false;
    }

    fn body(&mut self, content: &str, start: usize) {
        let Some(recipe) = self.recipes.last_mut() else { return };
        let whole = content.strip_suffix('\\');
        let text = Decoded::verbatim(whole.unwrap_or(content), start);
        match recipe.lines.last_mut().filter(|_| self.continued) {
            Some(last) => {
                last.push_escaped(" ", Span::new(start, start));
                last.push_from(&text, 0..text.text().len());
            }
            None => recipe.lines.push(text),
        }
        self.continued = whole.is_some();
    }

    /// What the shells of a recipe find in their environment.
    fn environment(&self, recipe: &Recipe, file: FileId) -> Vec<Variable> {
        let parameters =
            recipe.parameters.iter().filter(|(name, _)| self.exports_all || recipe.exported.contains(name));
        let all = self.macros.all().filter(|(name, _)| self.exports_all || self.exported.contains(*name));
        let seen = all.map(|(name, value)| (name.as_str(), value));
        let seen = seen.chain(parameters.map(|(name, value)| (name.as_str(), value)));
        seen.map(|(name, value)| super::exported(name, value, &self.macros, scan, file)).collect()
    }

    fn script(&self, recipe: &Recipe) -> Option<Decoded> {
        let mut macros = self.macros.clone();
        for (name, value) in &recipe.parameters {
            macros.set(name, value.clone());
        }
        let interpreter = recipe.lines.first().and_then(|line| line.text().strip_prefix("#!"));
        // Only a shell's recipe holds commands.
        if interpreter.is_some_and(|name| !["sh", "bash", "zsh", "dash"].iter().any(|shell| name.contains(shell))) {
            return None;
        }
        let mut script = Decoded::default();
        for line in recipe.lines.iter().skip(usize::from(interpreter.is_some())) {
            let text = line.text();
            let from = text.len() - text.trim_start_matches(['@', '-', ' ']).len();
            let body = line.part(from..text.len());
            if body.text().trim().is_empty() || body.text().starts_with('#') {
                continue;
            }
            let expanded = macros.expand(&body, scan, &|_| None);
            let here = expanded.span(0..0);
            let own = interpreter.is_none() && changes_shell(expanded.text());
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

/// The colon behind the parameters, outside of strings.
fn unquoted_colon(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, char) in text.char_indices() {
        match (char, quote) {
            ('\'' | '"' | '`', None) => quote = Some(char),
            (_, Some(open)) if char == open => quote = None,
            (':', None) => return Some(at),
            _ => {}
        }
    }
    None
}

/// The length of the default of a parameter: a string, or a word.
fn value_length(text: &str) -> usize {
    match text.chars().next() {
        Some(quote @ ('\'' | '"' | '`')) => {
            text.get(1..).and_then(|rest| rest.find(quote)).map_or(text.len(), |end| end + 2)
        }
        _ => text.find([' ', '\t']).unwrap_or(text.len()),
    }
}

/// The value of an expression: a string, another variable, or the default of one of the environment.
fn expression(text: &str, offset: usize, macros: &Macros) -> Macro {
    let text = text.trim_end();
    let string = |quoted: &str, offset: usize| {
        let quote = quoted.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let inner = quoted.strip_prefix(quote)?.strip_suffix(quote)?;
        let escapes = quote == '"' && inner.contains('\\');
        (!inner.contains(quote) && !escapes).then(|| Macro::Done(Decoded::verbatim(inner, offset + 1)))
    };
    if let Some(value) = string(text, offset) {
        return value;
    }
    let call = ["env_var_or_default(", "env("].iter().find_map(|name| text.strip_prefix(name)?.strip_suffix(')'));
    if let Some((asked, default)) = call.and_then(|arguments| arguments.split_once(',')) {
        let start = default.as_ptr() as usize - text.as_ptr() as usize + default.len() - default.trim_start().len();
        let asked = asked.trim().trim_matches(['\'', '"']);
        return match string(default.trim(), offset + start) {
            Some(Macro::Done(default)) if is_name(asked) => Macro::Default(asked.to_owned(), default),
            Some(other) => other,
            None => Macro::Unknown,
        };
    }
    if let Some(chosen) = chosen(text, offset, macros) {
        return chosen;
    }
    macros.get(text).cloned().unwrap_or(Macro::Unknown)
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `if a == "b" { "c" } else { "d" }` where both sides are known.
fn chosen(text: &str, offset: usize, macros: &Macros) -> Option<Macro> {
    let (condition, rest) = text.strip_prefix("if ")?.split_once('{')?;
    let (then, otherwise) = rest.split_once('}')?;
    let otherwise = otherwise.trim().strip_prefix("else")?.trim();
    let otherwise = otherwise.strip_prefix('{').and_then(|inner| inner.strip_suffix('}')).unwrap_or(otherwise);
    let at = |part: &str| offset + (part.as_ptr() as usize - text.as_ptr() as usize);
    let (wanted, left, right) = match (condition.split_once("=="), condition.split_once("!=")) {
        (Some((left, right)), None) => (true, left, right),
        (None, Some((left, right))) => (false, left, right),
        _ => return None,
    };
    let value = |side: &str| match expression(side.trim(), at(side.trim_start()), macros) {
        Macro::Done(text) => Some(text.text().to_owned()),
        _ => None,
    };
    let side = if (value(left)? == value(right)?) == wanted { then } else { otherwise };
    Some(expression(side.trim(), at(side.trim_start()), macros))
}

/// `{{name}}`; anything else between the braces is an expression that is not evaluated.
fn scan(text: &str, from: usize) -> Option<Reference> {
    let start = from + text.get(from..)?.find("{{")?;
    let rest = text.get(start + 2..)?;
    let Some(end) = rest.find("}}") else {
        return Some(Reference { range: start..text.len(), name: None });
    };
    let name = rest.get(..end)?.trim();
    let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    Some(Reference { range: start..start + 2 + end + 2, name: plain.then(|| name.to_owned()) })
}
