//! Edits that add lines of their own: to a configuration in Python, to a Dockerfile, to a manifest, to a list of
//! requirements.
//!
//! Each answers `None` where the file has another shape than the one it is for.

use super::prelude::{Context, Service, Setting, UnitKind};
use crate::findings::{Edit, Fix};
use crate::source::{Place, Span};

impl Service<'_> {
    /// Adds `lines` to the end of Gunicorn's configuration file, unless that has the hook `hook` already.
    pub(super) fn append_to_configuration(&self, hook: &str, lines: &str, context: &Context) -> Option<Edit> {
        let taken = self.deployment.setting(hook).is_none_or(Setting::is_set);
        let file = self.deployment.configuration.as_ref().filter(|_| self.is_gunicorn() && !taken)?.file;
        let text = context.files.get(file).text();
        let last = text.trim_end_matches(['\n', '\r']);
        // What is written into another file has that one's margins.
        if context.files.owner(file) != file || !context.files.get(file).is_python() {
            return None;
        }
        let end = context.files.line_break(file);
        let lines = format!("\n{lines}").replace('\n', end);
        let at = last.len();
        // The file keeps the break, or the lack of one, that it ends with.
        Some(Edit::insert(Place::new(file, Span::new(at, at)), lines.trim_end()))
    }

    /// Adds `lines` in front of the instruction of a Dockerfile that starts it.
    pub(super) fn before_instruction(&self, lines: &str, context: &Context) -> Option<Edit> {
        let command = self.deployment.command;
        let file = self.deployment.container.filter(|container| container.file == command.file)?.file;
        let line = context.files.line_of(command);
        let text = context.files.text_at(line).trim_start().to_ascii_uppercase();
        let starts = ["CMD ", "CMD[", "ENTRYPOINT ", "ENTRYPOINT["].iter().any(|word| text.starts_with(word));
        let lines = lines.replace('\n', context.files.line_break(file));
        starts.then(|| Edit::insert(line, lines))
    }

    /// Adds a key beside the name of a container in a manifest of Kubernetes.
    pub(super) fn beside_name(&self, entry: &str, context: &Context) -> Option<Edit> {
        let line = context.files.line_of(self.deployment.container?);
        let text = context.files.text_at(line);
        let key = text.trim_start_matches([' ', '-']);
        // A template may decide what the line is, and a list in braces has no lines.
        if !key.starts_with("name:") || text.contains(['{', '}', '\t']) {
            return None;
        }
        let margin = " ".repeat(text.len() - key.len());
        let at = Place::new(line.file, Span::new(line.span.end, line.span.end));
        Some(Edit::insert(at, format!("{}{margin}{entry}", context.files.line_break(line.file))))
    }

    /// Adds a key to a service of Compose, behind the line of its name.
    pub(super) fn in_compose(&self, entry: &str, context: &Context) -> Option<Edit> {
        let deployment = self.deployment;
        let line = context.files.line_of(deployment.container.filter(|_| deployment.kind == UnitKind::ComposeService)?);
        let depth = |text: &str| text.len() - text.trim_start_matches(' ').len();
        let name = context.files.text_at(line);
        let next = context.files.get(line.file).text().get(line.span.end..)?.lines().nth(1)?;
        // What stands behind an anchor is for others too, and a mapping in braces has no lines.
        let is_key = name.trim_end().ends_with(':') && !name.contains(['&', '{', '?', '-', '\t']);
        let is_child = depth(next) > depth(name) && !next.trim().is_empty() && !next.contains('\t');
        let at = Place::new(line.file, Span::new(line.span.end, line.span.end));
        let margin = " ".repeat(depth(next));
        let end = context.files.line_break(line.file);
        (is_key && is_child).then(|| Edit::insert(at, format!("{end}{margin}{entry}")))
    }

    /// What `edit` does, and asks for the package that it needs. `None` where nobody knows what is installed, or only a
    /// tool writes that down: the server would not start any more.
    pub(super) fn with_package(&self, title: String, edit: Edit, package: &str, context: &Context) -> Option<Fix> {
        let deployment = self.deployment;
        if deployment.asks_for(package) {
            return Some(Fix::unsafe_(title, vec![edit]));
        }
        if deployment.locked {
            return None;
        }
        let mut beside = ["gunicorn", "uvicorn"].into_iter();
        let asks = beside.find_map(|beside| deployment.ask_beside(context.files, beside, package, None))?;
        Some(Fix::unsafe_(format!("{title}, and ask for {package}"), vec![edit, asks]))
    }

    /// Another worker class, with the package that it comes from.
    pub(super) fn with_class(&self, class: &str, edit: Edit, context: &Context) -> Option<Fix> {
        let title = format!("use `{class}`");
        match class.split_once('.') {
            Some(("uvicorn_worker", _)) => self.with_package(title, edit, "uvicorn-worker", context),
            _ => Some(Fix::unsafe_(title, vec![edit])),
        }
    }
}
