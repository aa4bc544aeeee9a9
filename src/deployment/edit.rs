//! Edits of a setting: a new value for its literal, or its removal.
//!
//! Answers `None` wherever the bytes are not a plain literal: a computed, templated or aliased
//! value gets advice instead of an edit.

use super::settle::refused;
use super::{Candidate, Deployment, Layer, Resolved, Site, UnitKind, words};
use crate::findings::Edit;
use crate::python::syntax::{ast, parse};
use crate::servers::{Server, Setting, Version};
use crate::source::{FileId, Files, Place, Span};
use crate::values::Order as _;
use crate::values::Value;

/// Settings that people write together.
const KIN: [&[&str]; 3] = [
    &["bind", "worker_class", "workers", "processes", "threads", "worker_tmp_dir", "preload_app"],
    &["timeout", "graceful_timeout", "keepalive", "worker_reload_mercy", "harakiri"],
    &["max_requests", "max_requests_jitter", "max_requests_delta", "max_worker_lifetime"],
];

impl Candidate {
    /// Gives the setting another value in place.
    pub fn set(&self, files: &Files, value: &Value) -> Option<Edit> {
        match self.site.as_ref()? {
            Site::Statement { literal, .. } | Site::Argument { literal, .. } | Site::Pair { literal, .. } => {
                let place = (*literal)?;
                Some(Edit::replace(place, python_literal(value, files.text_at(place))))
            }
            Site::Entry { literal, .. } => Some(Edit::replace((*literal)?, toml_literal(value)?)),
            Site::Option { literal, .. } => Some(Edit::replace((*literal)?, option_text(value)?)),
            Site::Words { literal, .. } | Site::Variable { literal } => {
                // What the server is given as it stands is no variable, whatever it looks like.
                let is_given = |text: &str| matches!(&self.value, Resolved::Unknown(why) if *why == refused(text));
                let place = literal.or_else(|| self.in_quotes(files)).filter(|place| {
                    let text = files.text_at(*place);
                    !stands_in(text) || is_given(text)
                })?;
                Some(Edit::replace(place, plain_text(value)?))
            }
        }
    }

    /// The value in a word that has quotes behind its `=`, where they hold nothing that a shell fills in: `--workers="4"`.
    fn in_quotes(&self, files: &Files) -> Option<Place> {
        let (place, Resolved::Known(value)) = (self.place?, &self.value) else { return None };
        let (option, rest) = files.text_at(place).split_once('=')?;
        let inner = ['"', '\''].iter().find_map(|&quote| rest.strip_prefix(quote)?.strip_suffix(quote))?;
        let start = place.span.start + option.len() + 2;
        let is_plain = plain_text(value).is_some_and(|text| text == inner);
        is_plain.then(|| Place::new(place.file, Span::new(start, start + inner.len())))
    }

    /// Takes the setting out altogether.
    pub fn remove(&self, files: &Files) -> Option<Vec<Edit>> {
        match self.site.as_ref()? {
            Site::Statement { statement, .. } | Site::Entry { statement, .. } => {
                Some(vec![Edit::remove(files.own_lines(*statement)?)])
            }
            Site::Argument { removal, .. } | Site::Pair { removal, .. } => Some(vec![Edit::remove((*removal)?)]),
            Site::Option { statement, .. } => Some(vec![Edit::remove(option_lines(files, (*statement)?)?)]),
            Site::Words { removal, .. } => {
                // The place of a word that came out of a variable is that of the variable, and so is that of all others.
                let is_variable = removal.first().is_some_and(|place| stands_in(files.text_at(*place)));
                (!is_variable).then(|| removal.iter().map(|&place| Edit::remove(place)).collect())
            }
            Site::Variable { .. } => None,
        }
    }
}

impl Candidate {
    /// Whether a word of a command names it by a variable of the image (`ENV CLASS=gevent`, `-k $CLASS`), which whoever
    /// runs that may set otherwise.
    pub fn is_from_image(&self, files: &Files) -> bool {
        let Some(Site::Words { literal: Some(literal), removal }) = &self.site else { return false };
        let given = removal.last().map(|word| files.text_at(*word).trim());
        let named =
            given.and_then(|text| text.rsplit(char::is_whitespace).next()).is_some_and(|word| word.contains('$'));
        named && files.text_at(files.line_of(*literal)).trim_start().to_ascii_uppercase().starts_with("ENV ")
    }

    /// Sets another setting right beside this one, in the same form.
    pub fn add_beside(&self, files: &Files, setting: &Setting, version: Version, value: &Value) -> Option<Edit> {
        match self.site.as_ref()? {
            Site::Statement { statement, .. } | Site::Entry { statement, .. } => {
                let lines = files.own_lines(*statement)?;
                let text = files.text_at(lines);
                let end = if text.ends_with("\r\n") { "\r\n" } else { "\n" };
                let value = match self.site.as_ref()? {
                    Site::Entry { .. } => toml_literal(value)?,
                    _ => value.to_string(),
                };
                let line = format!("{} = {value}{end}", setting.name());
                // The last line of a file may lack its break.
                let line = if text.ends_with('\n') { line } else { format!("{end}{}", line.trim_end()) };
                let after = Place::new(lines.file, Span::new(lines.span.end, lines.span.end));
                Some(Edit::insert(after, line))
            }
            // Of Granian the parameters have other names than the settings.
            Site::Argument { whole, .. } if setting.server() == Server::Uvicorn => {
                let end = (*whole)?.span.end;
                let after = Place::new((*whole)?.file, Span::new(end, end));
                Some(Edit::insert(after, format!(", {}={value}", setting.name())))
            }
            // Keywords of Granian's have other names than the settings here too.
            Site::Pair { whole, .. } if matches!(setting.server(), Server::Gunicorn | Server::Uvicorn) => {
                pair_beside(files, *whole, setting.name(), value)
            }
            Site::Option { statement, .. } => {
                let lines = option_lines(files, (*statement)?)?;
                let text = files.text_at(lines);
                let end = if text.ends_with("\r\n") { "\r\n" } else { "\n" };
                let name = setting.at(version).flags().iter().find_map(|flag| flag.strip_prefix("--"))?;
                let margin = text.trim_start_matches('\u{feff}');
                let margin = &margin[..margin.len() - margin.trim_start().len()];
                let line = format!("{margin}{name} = {}", option_text(value)?);
                let line = if text.ends_with('\n') { format!("{line}{end}") } else { format!("{end}{line}") };
                Some(Edit::insert(Place::new(lines.file, Span::new(lines.span.end, lines.span.end)), line))
            }
            Site::Words { literal, removal } => {
                let place = option_word(removal, *literal, files).or(*literal)?;
                // Of a switch the name says everything.
                let value = if *value == Value::Bool(true) { None } else { Some(plain_text(value)?) };
                let text = files.get(place.file).text();
                words::behind(text, place, setting.at(version).flag()?, value.as_deref())
            }
            Site::Argument { .. } | Site::Pair { .. } | Site::Variable { .. } => None,
        }
    }

    /// Whether it is an entry of a dict, beside which others become settings as well.
    const fn is_pair(&self) -> bool {
        matches!(self.site, Some(Site::Pair { .. }))
    }
}

impl Deployment {
    /// Gives a setting that nobody sets a value: behind the application on the command line, or in the call
    /// that starts the server.
    pub fn add_option(&self, files: &Files, name: &str, value: &Value) -> Option<Edit> {
        let setting = self.setting(name)?.setting;
        if self.passes(files, name) {
            return None;
        }
        let beside = |candidate: &Candidate| candidate.add_beside(files, setting, self.version.version, value);
        let all = self.settings.iter().map(|(_, setting)| &setting.winner);
        let mut others: Vec<&Candidate> =
            all.filter(|candidate| candidate.is_pair() || self.holds(candidate.place, files)).collect();
        others.order_by_key(|candidate| candidate.place);
        let among_others = || others.iter().rev().find_map(|candidate| beside(candidate));
        // Words go behind the application, the first of them; arguments of a call go last.
        let application = self.beside_application(files);
        let behind_application = || application.as_ref().and_then(beside);
        let list = |candidate: &Candidate| candidate.place.and_then(|place| self.list_at(place, files));
        // Whoever keeps the options in a list of their own, or beside the server, gets one more there.
        let is_apart = application.as_ref().zip(others.last()).is_some_and(|(application, option)| {
            list(application).zip(list(option)).is_some_and(|(one, other)| one != other)
        });
        if self.calls() || is_apart {
            among_others().or_else(behind_application)
        } else {
            behind_application().or_else(among_others)
        }
    }

    /// Whether the call that starts the server gives `name` already, be it as nothing, or hands on keywords that may.
    pub fn passes(&self, files: &Files, name: &str) -> bool {
        let Some(module) = self.calls().then(|| parse(files.text_at(self.command)).ok()).flatten() else {
            return false;
        };
        let [ast::Stmt::Expr(statement)] = module.body.as_slice() else { return false };
        let ast::Expr::Call(call) = statement.value.as_ref() else { return false };
        call.arguments.keywords.iter().any(|keyword| keyword.arg.as_ref().is_none_or(|given| given.as_str() == name))
    }

    /// Something that a configuration file sets, for `name` to stand beside: its kin, or else the last that has a line of
    /// its own. `None` where the file sets nothing that another line could follow.
    pub fn beside_in(&self, file: FileId, name: &str, files: &Files) -> Option<&Candidate> {
        let here = |candidate: &&Candidate| {
            let statement = match candidate.site {
                Some(Site::Option { statement, .. }) => return statement.is_some_and(|place| place.file == file),
                Some(Site::Statement { statement, .. } | Site::Entry { statement, .. }) => statement,
                _ => return false,
            };
            // What stands under a condition, or goes over several lines, is no line to go by.
            let whole = files.own_lines(statement).is_some_and(|lines| lines.span.start == statement.span.start);
            statement.file == file && whole && !files.text_at(statement).contains('\n')
        };
        let winners = || self.settings.iter().map(|(name, setting)| (name, &setting.winner));
        let kin = KIN.iter().find(|kin| kin.contains(&name));
        let alike = winners().filter(|(other, _)| kin.is_some_and(|kin| kin.contains(other)));
        let alike = alike.map(|(_, winner)| winner).filter(here).max_by_key(|candidate| candidate.place);
        alike.or_else(|| winners().map(|(_, winner)| winner).filter(here).max_by_key(|candidate| candidate.place))
    }

    /// The application as a word, where the command itself names it.
    fn beside_application(&self, files: &Files) -> Option<Candidate> {
        let app = self.app.as_ref().filter(|app| self.holds(Some(app.place), files))?;
        let place = app.place;
        let site = if self.calls() {
            // The text with its quotes, behind which the next argument stands.
            let text = files.get(place.file).text();
            let quoted = |at: usize| text.get(at..)?.chars().next().filter(|c| matches!(c, '"' | '\''));
            let end = place.span.end + usize::from(!files.text_at(place).ends_with(['"', '\'']));
            quoted(end.checked_sub(1)?)?;
            let whole = Place::new(place.file, Span::new(place.span.start, end));
            Site::Argument { literal: None, whole: Some(whole), removal: None }
        } else if files.text_at(place) == app.value
            // `fastapi run main.py`
            || self.server == Server::Uvicorn && files.text_at(place).rsplit('.').next() == Some("py")
        {
            Site::Words { literal: Some(place), removal: Vec::new() }
        } else {
            return None;
        };
        Some(Candidate {
            value: Resolved::Known(Value::None),
            layer: Layer::CommandLine,
            place: Some(place),
            site: Some(site),
            depends: Vec::new(),
        })
    }

    /// Whether Python code starts it with a call of the server's own, not with words of a command.
    fn calls(&self) -> bool {
        self.kind == UnitKind::PythonLauncher
            && !self.settings.iter().any(|(_, setting)| matches!(setting.winner.site, Some(Site::Words { .. })))
    }

    /// Whether a place lies in the command, or in a list that it is put together from.
    fn holds(&self, place: Option<Place>, files: &Files) -> bool {
        let command = self.command;
        place.is_some_and(|place| {
            let inside = place.file == command.file
                && command.span.start <= place.span.start
                && place.span.end <= command.span.end;
            inside || self.list_at(place, files).is_some()
        })
    }
}

/// The lines of an option in a file of options, which may be indented: uWSGI leaves out the blanks in front of it
/// (`ini_lstrip` in `core/ini.c`, 2.0.31).
fn option_lines(files: &Files, statement: Place) -> Option<Place> {
    let text = files.get(statement.file).text();
    let before = text.get(..statement.span.start)?;
    let start = before.trim_end_matches([' ', '\t']).len();
    files.own_lines(Place::new(statement.file, Span::new(start, statement.span.end)))
}

/// The last word of an option that is written in the command, where its value comes from somewhere else: behind
/// `--workers $N` further options go, and not behind the 4 of `N=4`.
fn option_word(removal: &[Place], literal: Option<Place>, files: &Files) -> Option<Place> {
    let (first, last) = (removal.first()?, *removal.last()?);
    let covers = |outer: &Place| {
        let inner = literal?;
        let inside = outer.span.start <= inner.span.start && inner.span.end <= outer.span.end;
        Some(outer.file == inner.file && inside)
    };
    if stands_in(files.text_at(*first)) || removal.iter().any(|place| covers(place) == Some(true)) {
        return None;
    }
    let text = files.text_at(last);
    let end = text.trim_end().len();
    let word = text.trim_end().rsplit(char::is_whitespace).next().filter(|word| !word.is_empty())?;
    // The quotes and commas of a list are no part of a word.
    let bare = word.trim_matches(['"', '\'', ',', '[', ']']);
    let start = last.span.start + end - word.len() + word.find(bare)?;
    (!bare.is_empty()).then(|| Place::new(last.file, Span::new(start, start + bare.len())))
}

/// Another entry of a dict behind one of its entries, on a line of its own where that has one.
fn pair_beside(files: &Files, whole: Place, name: &str, value: &Value) -> Option<Edit> {
    let entry = files.text_at(whole);
    let quote = entry.chars().next().filter(|c| matches!(c, '"' | '\''));
    let new = match quote {
        Some(quote) => format!("{quote}{name}{quote}: {}", python_literal(value, entry)),
        // `dict(name=value)`
        None => format!("{name}={value}"),
    };
    let line = files.line_of(whole);
    let text = files.get(whole.file).text();
    let margin = text.get(line.span.start..whole.span.start)?;
    let behind = text.get(whole.span.end..line.span.end.max(whole.span.end))?;
    let at = |offset: usize| Place::new(whole.file, Span::new(offset, offset));
    if !margin.trim().is_empty() {
        return Some(Edit::insert(at(whole.span.end), format!(", {new}")));
    }
    let end = files.line_break(whole.file);
    // What is said behind the entry stays with it.
    let rest = behind.trim_start().strip_prefix(',').map(str::trim_start);
    if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('#')) && !entry.contains('\n') {
        return Some(Edit::insert(at(line.span.end), format!("{end}{margin}{new},")));
    }
    Some(Edit::insert(at(whole.span.end), format!(",{end}{margin}{new}")))
}

/// Whether a word of a command is not written there: `$OPTIONS`, `%(ENV_OPTIONS)s`, `{{ .Values.args }}`.
fn stands_in(text: &str) -> bool {
    let item = text.trim_start().strip_prefix("- ").unwrap_or(text);
    let word = item.trim_start_matches(|c: char| c.is_whitespace() || "\\\"',[".contains(c));
    word.starts_with(['$', '%']) || word.starts_with("{{")
}

/// A value in Python's spelling, with the quotes that the text it replaces has.
fn python_literal(value: &Value, old: &str) -> String {
    match value {
        Value::Str(text) if old.starts_with('\'') && !text.contains(['\'', '\\']) => {
            format!("'{text}'")
        }
        value => value.to_string(),
    }
}

/// A value as TOML writes it; `None` for one that TOML does not have or would not keep on a line.
fn toml_literal(value: &Value) -> Option<String> {
    match value {
        Value::Int(n) => Some(n.to_string()),
        Value::Float(x) if x.is_finite() => Some(format!("{x:?}")),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Str(text) if !text.contains(|c: char| c.is_control() || c == '"' || c == '\\') => {
            Some(format!("\"{text}\""))
        }
        _ => None,
    }
}

/// A value of an option in a file of options.
fn option_text(value: &Value) -> Option<String> {
    match value {
        Value::Bool(truth) => Some(truth.to_string()),
        value => plain_text(value),
    }
}

/// A value as a word of a command line; `None` for one that has no such form or would need quotes.
pub(super) fn plain_text(value: &Value) -> Option<String> {
    let text = match value {
        Value::Int(n) => n.to_string(),
        Value::Float(x) => x.to_string(),
        Value::Str(text) => text.clone(),
        _ => return None,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-:/@%+,=".contains(c);
    (!text.is_empty() && text.chars().all(plain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::stands_in;

    #[test]
    fn words_that_came_out_of_a_variable_are_not_written_there() {
        for text in
            ["$OPTS", " $OPTS", " \"${OPTS}\"", "- $OPTS", "%(ENV_OPTS)s", "{{- toYaml .args }}", " \\\n  $OPTS"]
        {
            assert!(stands_in(text), "{text}");
        }
        for text in [" --threads 4", "--threads=$THREADS", ", \"--threads\", \"4\"", "- --threads", "4"] {
            assert!(!stands_in(text), "{text}");
        }
    }
}
