//! Compose files: one unit per service.

use crate::findings::Note;
use crate::source::{FileId, Located, Place, SourceFile, Span, Word, WordPart};
use crate::values::{Bytes, Cpus, Seconds};

use super::decoded::Decoded;
use super::expansion::{self, Dialect};
use super::shell_words::Lexed;
use super::yaml::{self, Kind, Node};
use super::{Build, Command, Facts, FilledBy, Form, Unit, UnitKind, Variable, command};

/// More services than any project has.
const MAX_SERVICES: usize = 500;

/// Reads a compose file.
pub(super) fn read(file: FileId, source: &SourceFile, facts: &mut Facts) {
    if yaml::is_template(source.text()) {
        facts.notes.push(Note::file(source.path(), "a template, which is not read before something renders it"));
        return;
    }
    let stream = yaml::read(source.text());
    if let Some((line, why)) = stream.error {
        facts.notes.push(Note::line(source.path(), line, format!("not YAML: {why}")));
    }
    facts.comments.insert(file, stream.comments);
    for document in &stream.documents {
        let Some(services) = document.get("services") else { continue };
        if services.pairs().nth(MAX_SERVICES).is_some() {
            let why = format!("more than {MAX_SERVICES} services, and only the first {MAX_SERVICES} were read");
            facts.notes.push(Note::line(source.path(), source.line(services.span.start), why));
        }
        for (name, service) in services.pairs().take(MAX_SERVICES) {
            let reader = Reader { file, source };
            let base = reader.extended(service, services, facts);
            facts.units.push(reader.unit(name, service, base));
        }
    }
}

struct Reader<'a> {
    file: FileId,
    source: &'a SourceFile,
}

impl Reader<'_> {
    /// The service of the same file that this one extends.
    fn extended<'n>(&self, service: &Node, services: &'n Node, facts: &mut Facts) -> Option<&'n Node> {
        let extends = service.get("extends")?;
        let name = extends.text().or_else(|| extends.get("service")?.text())?;
        if extends.get("file").is_some() {
            let line = self.source.line(extends.span.start);
            let why = "extends a service of another file, which is not followed";
            facts.notes.push(Note::line(self.source.path(), line, why));
            return None;
        }
        services.get(name)
    }

    fn unit(&self, name: &Node, service: &Node, base: Option<&Node>) -> Unit {
        let mut unit = Unit::new(UnitKind::ComposeService, name.text().unwrap_or_default(), self.place(name));
        // Own keys win; lists of variables add up, the own ones last.
        let field = |key: &str| service.get(key).or_else(|| base?.get(key));
        let both = |key: &'static str| base.and_then(|base| base.get(key)).into_iter().chain(service.get(key));
        unit.entrypoint = field("entrypoint").and_then(|node| self.command(node));
        unit.command = field("command").and_then(|node| self.command(node));
        unit.environment = both("environment").flat_map(|node| self.variables(node)).collect();
        unit.environment_files = both("env_file").flat_map(|node| self.paths(node)).collect();
        unit.working_folder = field("working_dir").and_then(|node| self.located(node));
        unit.build = field("build").and_then(|node| self.build(node));
        unit.image = field("image").and_then(|node| self.located(node));
        unit.user = field("user").and_then(|node| self.located(node));
        unit.stop_signal = field("stop_signal").and_then(|node| self.located(node));
        unit.profiles = field("profiles")
            .into_iter()
            .flat_map(Node::items)
            .filter_map(|profile| profile.text().map(str::to_owned))
            .collect();
        let deep = |path: &[&str]| service.at(path).or_else(|| base?.at(path));
        let deploy = |key| deep(&["deploy", "resources", "limits", key]);
        unit.limits.cpus = deploy("cpus").or_else(|| field("cpus")).and_then(|node| self.read(node, cpus));
        unit.limits.memory = deploy("memory").or_else(|| field("mem_limit")).and_then(|node| self.read(node, memory));
        unit.limits.stop_grace = field("stop_grace_period").and_then(|node| self.read(node, duration));
        unit.limits.replicas = deep(&["deploy", "replicas"])
            .or_else(|| field("scale"))
            .and_then(|node| self.read(node, |text| text.parse().ok()));
        unit
    }

    fn place(&self, node: &Node) -> Place {
        Place::new(self.file, node.content())
    }

    fn located(&self, node: &Node) -> Option<Located<String>> {
        Some(Located::new(node.text()?.to_owned(), self.place(node)))
    }

    /// A literal value; one with a variable in it is none.
    fn read<T>(&self, node: &Node, parse: impl Fn(&str) -> Option<T>) -> Option<Located<T>> {
        Some(Located::new(parse(node.text()?.trim())?, self.place(node)))
    }

    fn paths(&self, node: &Node) -> Vec<Located<String>> {
        match &node.kind {
            Kind::Scalar { .. } if !node.is_null() => self.located(node).into_iter().collect(),
            _ => node.items().iter().filter_map(|item| self.located(item.get("path").unwrap_or(item))).collect(),
        }
    }

    fn build(&self, node: &Node) -> Option<Build> {
        if node.is_null() {
            return None;
        }
        let part = |key| node.get(key).and_then(|node| self.located(node));
        let context = self.located(node).or_else(|| part("context"));
        Some(Build { context, dockerfile: part("dockerfile"), target: part("target") })
    }

    fn command(&self, node: &Node) -> Option<Command> {
        // Nothing written means the image's own, an empty list or text takes that back.
        if node.is_null() {
            return None;
        }
        let place = Place::new(self.file, node.span);
        match &node.kind {
            Kind::Scalar { text, .. } if text.text().trim().is_empty() => Some(nothing(place)),
            Kind::Scalar { text, .. } => command::compose_string(text, self.place(node)),
            Kind::Sequence { items, flow } => {
                let words = (0..items.len()).filter_map(|at| self.item(items, at, *flow)).collect();
                command::exec(words, Dialect::Compose, place)
            }
            Kind::Mapping(_) => None,
        }
    }

    /// An item of a list of words.
    fn item(&self, items: &[std::rc::Rc<Node>], at: usize, flow: bool) -> Option<Lexed> {
        let node = items.get(at)?;
        let content = node.decoded()?;
        let removal = if flow { flow_removal(items, at) } else { self.lines_of(node.span) };
        let word = Word {
            parts: expansion::parts(content.text(), Dialect::Compose),
            place: self.place(node),
            removal: Place::new(self.file, removal),
            quoted: true,
        };
        Some(Lexed { word, content: content.clone(), has_quotes: true })
    }

    /// The lines of an item of a block list, with the break behind the last.
    fn lines_of(&self, span: Span) -> Span {
        let text = self.source.text();
        let start = text.get(..span.start).and_then(|before| before.rfind('\n')).map_or(0, |at| at + 1);
        let end = text.get(span.end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| span.end + at + 1);
        Span::new(start, end)
    }

    fn variables(&self, node: &Node) -> Vec<Variable> {
        let pairs = node.pairs().filter_map(|(name, value)| {
            let own = (!value.is_null()).then(|| value.decoded()).flatten();
            let word = own.map(|text| self.value(text, 0, value.content()));
            Some(Variable { name: name.text()?.to_owned(), value: word, place: self.place(name), build_only: false })
        });
        let items = node.items().iter().filter_map(|item| {
            let text = item.decoded()?;
            let (name, equals) = match text.text().split_once('=') {
                Some((name, _)) => (name, Some(name.len() + 1)),
                None => (text.text(), None),
            };
            let word = equals.map(|from| self.value(text, from, item.content()));
            Some(Variable { name: name.to_owned(), value: word, place: self.place(item), build_only: false })
        });
        pairs.chain(items).collect()
    }

    /// The text from byte `from` on, as a value in which compose fills in variables.
    fn value(&self, text: &Decoded, from: usize, whole: Span) -> Word {
        let value = text.text().get(from..).unwrap_or_default();
        let span = if value.is_empty() { Span::new(whole.end, whole.end) } else { text.span(from..text.text().len()) };
        let place = Place::new(self.file, span);
        let mut parts = expansion::parts(value, Dialect::Compose);
        parts.retain(|part| !matches!(part, WordPart::Text(text) if text.is_empty()));
        Word { parts, place, removal: place, quoted: true }
    }
}

fn nothing(place: Place) -> Command {
    Command { form: Form::Exec, filled_by: FilledBy::Compose, simple: Vec::new(), place }
}

/// An item of a list in brackets with the comma in front of it, or behind it for the first.
fn flow_removal(items: &[std::rc::Rc<Node>], at: usize) -> Span {
    let own = items[at].span;
    match (at.checked_sub(1).map(|before| items[before].span), items.get(at + 1)) {
        (Some(before), _) => Span::new(before.end, own.end),
        (None, Some(next)) => Span::new(own.start, next.span.start),
        (None, None) => own,
    }
}

fn cpus(text: &str) -> Option<Cpus> {
    let cpus: f64 = text.parse().ok()?;
    // Compose takes 0 for "no limit".
    (cpus.is_finite() && cpus > 0.0).then_some(Cpus(cpus))
}

fn memory(text: &str) -> Option<Bytes> {
    Bytes::parse(text, false).filter(|bytes| bytes.0 > 0)
}

/// `1m30s`, `10s`, `500ms`.
fn duration(text: &str) -> Option<Seconds> {
    let mut rest = text;
    let mut total = 0.0;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.')).filter(|&at| at > 0)?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let unit = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        total += number
            * match &rest[..unit] {
                "h" => 3600.0,
                "m" => 60.0,
                "s" => 1.0,
                "ms" => 1e-3,
                "us" => 1e-6,
                _ => return None,
            };
        rest = &rest[unit..];
    }
    (!text.is_empty()).then_some(Seconds(total))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Files;

    fn units(text: &str) -> (Files, Vec<Unit>) {
        let mut files = Files::new();
        let file = files.add("compose.yaml", text);
        let mut facts = Facts::default();
        read(file, files.get(file), &mut facts);
        assert!(facts.notes.is_empty(), "{:?}", facts.notes);
        (files, facts.units)
    }

    fn words(unit: &Unit) -> Vec<String> {
        let simple = &unit.command.as_ref().unwrap().simple;
        simple.iter().flatten().map(|word| word.text().unwrap_or_else(|| "?".to_owned())).collect()
    }

    #[test]
    fn both_forms_of_a_command_have_exact_bytes() {
        let (files, units) = units(
            "services:\n  a:\n    command: gunicorn app:app -w 4\n  b:\n    command: [\"gunicorn\", \"-w\", \"4\"]\n  c:\n    \
             command:\n      - gunicorn\n      - --workers\n      - '4'\n  d:\n    command: >\n      gunicorn app:app\n      -w 4\n  \
             e:\n    command: sh -c \"gunicorn -w $$N\"\n",
        );
        for unit in &units[..4] {
            let command = unit.command.as_ref().unwrap();
            let four = command.simple[0].iter().find(|word| word.text().as_deref() == Some("4")).unwrap();
            assert_eq!(files.text_at(four.place), "4", "{}", unit.name);
        }
        assert_eq!(words(&units[3]), ["gunicorn", "app:app", "-w", "4"]);
        assert_eq!(words(&units[4]), ["gunicorn", "-w", "?"]);
        let list = units[2].command.as_ref().unwrap();
        assert_eq!(files.text_at(list.simple[0][1].removal), "      - --workers\n");
        let flow = units[1].command.as_ref().unwrap();
        assert_eq!(files.text_at(flow.simple[0][2].removal), ", \"4\"");
    }

    #[test]
    fn limits_variables_and_builds() {
        let (files, units) = units(
            "x-base: &base\n  cpus: 1.5\n  mem_limit: 512m\nservices:\n  web:\n    <<: *base\n    build: {context: ./api, target: prod}\n    \
             environment:\n      WEB_CONCURRENCY: 3\n      PASSED:\n      WITH: ${X:-2}\n    env_file: [a.env, {path: b.env}]\n    \
             stop_grace_period: 1m30s\n    deploy: {replicas: 2}\n  job:\n    extends: web\n    environment: [\"A=b c\"]\n    cpus: ${CPUS}\n",
        );
        let web = &units[0];
        assert_eq!(web.limits.cpus.as_ref().unwrap().value, Cpus(1.5));
        assert_eq!(web.limits.memory.as_ref().unwrap().value, Bytes::mib(512));
        assert_eq!(web.limits.stop_grace.as_ref().unwrap().value, Seconds(90.0));
        assert_eq!(web.limits.replicas.as_ref().unwrap().value, 2);
        assert_eq!(web.build.as_ref().unwrap().context.as_ref().unwrap().value, "./api");
        let three = web.environment[0].value.as_ref().unwrap();
        assert_eq!((three.text().as_deref(), files.text_at(three.place)), (Some("3"), "3"));
        assert!(web.environment[1].value.is_none());
        assert_eq!(web.environment[2].value.as_ref().unwrap().text().as_deref(), Some("2"));
        assert_eq!(web.environment_files.len(), 2);
        let job = &units[1];
        assert_eq!(job.environment.last().unwrap().value.as_ref().unwrap().text().as_deref(), Some("b c"));
        assert!(job.build.is_some());
        assert!(job.limits.cpus.is_none());
    }

    #[test]
    fn what_is_no_compose_file_is_a_note() {
        for text in ["a: [", "{{ template }}\nservices:\n"] {
            let mut files = Files::new();
            let file = files.add("compose.yaml", text);
            let mut facts = Facts::default();
            read(file, files.get(file), &mut facts);
            assert_eq!((facts.notes.len(), facts.units.len()), (1, 0), "{text}");
        }
    }
}
