//! The list of options that variables, files and the command line make together.
//!
//! Follows `add_exported_option` of uWSGI 2.0.31 (`core/config.c`): options are taken in order, conditions and
//! loops act on the options behind them, and a file is read where it is named.

use std::cell::RefCell;
use std::collections::BTreeMap;

use super::magic::Magic;
use super::text::{self, Answer, Text};
use crate::deployment::effective::{Layer, Site};
use crate::deployment::environment::Environment;
use crate::deployment::host;
use crate::deployment::locate::Roots;
use crate::deployment::resolve::by_name_alone;
use crate::python::evaluate::{Dependency, Lookup};
use crate::read::UwsgiFile;
use crate::source::{FileId, Files, Located, Place};

/// More options than all files of a server have together, rounds of loops included.
const MAX_OPTIONS: usize = 4_000;
/// Files that include files are followed this far.
const MAX_DEPTH: usize = 16;
/// More files than a server loads; each may load others, and itself.
const MAX_LOADS: usize = 200;

/// An option of the list.
#[derive(Debug, Clone)]
pub(super) struct Exported {
    pub(super) key: String,
    /// `None` for an option that is merely there.
    pub(super) value: Option<Text>,
    /// The bytes of the value, or of the option without one.
    pub(super) place: Place,
    pub(super) layer: Layer,
    pub(super) site: Option<Site>,
    /// What the value rests on, where it is known.
    pub(super) depends: Vec<Dependency>,
    /// The variable whose presence decides if it is there, and whether it must be set.
    pub(super) decided_by: Option<(String, bool)>,
    /// Whether it did what it does, so that nothing is filled in any more.
    done: bool,
    /// Whether it is there for others and sets nothing itself.
    pub(super) placeholder: bool,
}

/// What acts on the options behind it.
#[derive(Debug, Clone)]
enum Logic {
    /// They count, `%(_)` standing for the text.
    Holds(String),
    Fails,
    /// Whether they count is not known.
    Open(String, Option<String>),
    /// They count if a variable is set, or if it is not, and no file sets it.
    Decided(String, bool),
    /// They count if there is a file at a path, or if there is none; nothing in the project brings it there.
    Supposed(String, bool),
    /// They count once for each.
    Each(Vec<String>),
}

/// What a file would set, or take away, that nothing in the project brings to its place.
#[derive(Debug, Clone)]
pub(super) struct Supposed {
    /// How many options stand in front of it.
    pub(super) behind: usize,
    /// The option, or [`super::ANY`].
    pub(super) key: String,
    /// The file.
    pub(super) path: String,
}

/// The list as it grows.
pub(super) struct Exporter<'a> {
    pub(super) files: &'a Files,
    pub(super) configurations: &'a BTreeMap<FileId, UwsgiFile>,
    pub(super) environment: &'a Environment,
    pub(super) roots: &'a Roots,
    pub(super) list: Vec<Exported>,
    /// What rests on files that are supposed not to be there.
    pub(super) supposed: Vec<Supposed>,
    /// The files that are read, the first first.
    pub(super) loaded: Vec<FileId>,
    pub(super) errors: Vec<Located<String>>,
    /// Places that name something that cannot be read, and why.
    pub(super) unread: Vec<Located<String>>,
    pub(super) complete: bool,
    logic: Option<Logic>,
    /// Whether an option is added on behalf of a condition.
    running: bool,
    /// Why it is not known whether what is read counts.
    doubt: Option<String>,
    /// The variable that decides if what is read counts, and whether it must be set.
    decided_by: Option<(String, bool)>,
    /// What the values rest on that are added.
    pub(super) rests_on: Vec<Dependency>,
    depth: usize,
    loads: usize,
    first: Option<Magic>,
    last_file: Option<String>,
}

impl<'a> Exporter<'a> {
    pub(super) fn new(
        files: &'a Files,
        configurations: &'a BTreeMap<FileId, UwsgiFile>,
        environment: &'a Environment,
        roots: &'a Roots,
    ) -> Self {
        Self {
            files,
            configurations,
            environment,
            roots,
            list: Vec::new(),
            supposed: Vec::new(),
            loaded: Vec::new(),
            errors: Vec::new(),
            unread: Vec::new(),
            complete: true,
            logic: None,
            running: false,
            doubt: None,
            decided_by: None,
            rests_on: Vec::new(),
            depth: 0,
            loads: 0,
            first: None,
            last_file: None,
        }
    }

    /// Takes an option.
    pub(super) fn add(&mut self, key: &str, value: Option<Text>, place: Place, layer: Layer, site: Option<Site>) {
        let option = Exported {
            key: key.to_owned(),
            value,
            place,
            layer,
            site,
            depends: self.rests_on.clone(),
            decided_by: None,
            done: false,
            placeholder: false,
        };
        if self.running {
            self.push(option);
            return;
        }
        if is_condition(key) && !is_logic(key) {
            self.logic = None;
        }
        match self.logic.clone() {
            None => self.push(option),
            Some(Logic::Fails) => {}
            Some(Logic::Holds(item)) => self.run(with_item(option, &item)),
            Some(Logic::Open(why, item)) => {
                let option = match item {
                    Some(item) => with_item(option, &item),
                    None => option,
                };
                let outer = self.doubt.replace(why);
                self.run(option);
                self.doubt = outer;
            }
            Some(Logic::Decided(name, set)) => {
                let outer = self.decided_by.replace((name.clone(), set));
                // Like the default of a variable, what stands in for it counts.
                let doubt = set.then(|| format!("it depends on whether `{name}` is set"));
                let before = self.doubt.clone();
                self.doubt = doubt.or(self.doubt.take());
                self.run(option);
                self.doubt = before;
                self.decided_by = outer;
            }
            Some(Logic::Supposed(path, present)) => {
                let key = if is_load(&option.key) { super::ANY } else { option.key.as_str() };
                let key = key.to_owned();
                if !present {
                    self.run(with_item(option, &path));
                }
                self.supposed.push(Supposed { behind: self.list.len(), key, path });
            }
            Some(Logic::Each(items)) => {
                for item in &items {
                    self.run(with_item(option.clone(), item));
                }
            }
        }
    }

    fn run(&mut self, option: Exported) {
        self.running = true;
        self.push(option);
        self.running = false;
    }

    fn push(&mut self, mut option: Exported) {
        if self.list.len() >= MAX_OPTIONS {
            self.complete = false;
            return;
        }
        // What a condition does to a file that may not be read is told by what is in it.
        let immediate = is_immediate(&option.key);
        if let Some(why) = &self.doubt
            && !immediate
        {
            option.value = Some(Text::unknown(why.clone()));
        }
        option.done = immediate;
        option.decided_by.clone_from(&self.decided_by);
        let Exported { key, value, place, layer, .. } = option.clone();
        self.list.push(option);
        if !immediate {
            return;
        }
        let Some(Text::Known(text)) = value else {
            if is_load(&key) {
                self.load_by_name(place);
            } else if is_logic(&key) {
                self.logic = Some(Logic::Open("it stands under a condition that is not known".to_owned(), None));
            }
            return;
        };
        if is_load(&key) {
            self.load(&text, place);
        } else if is_logic(&key) {
            if self.logic.is_some() {
                self.errors.push(Located::new(format!("`{key}` inside another condition is refused"), place));
            } else {
                self.logic = self.condition(&key, &text);
            }
        } else if let Some((name, value)) = text.split_once('=') {
            // A placeholder is there for others and sets nothing.
            let placeholder = key != "set";
            let value = Some(Text::Known(value.to_owned()));
            self.list.push(Exported {
                key: name.to_owned(),
                value,
                place,
                layer,
                site: None,
                depends: self.rests_on.clone(),
                decided_by: self.decided_by.clone(),
                done: placeholder,
                placeholder,
            });
        }
    }

    #[allow(clippy::unnecessary_wraps, reason = "the state it is kept in knows of no condition too")]
    fn condition(&self, key: &str, text: &str) -> Option<Logic> {
        let decide = |truth: bool| if truth { Logic::Holds(text.to_owned()) } else { Logic::Fails };
        let (name, wanted) = match text.split_once('=') {
            Some((name, wanted)) => (name, Some(wanted)),
            None => (text, None),
        };
        let fits = |held: &str| wanted.is_none_or(|wanted| wanted == held);
        Some(match key {
            "if-env" | "ifenv" | "if-not-env" => match self.environment.lookup(name) {
                Lookup::Set(held) if fits(&held) == (key != "if-not-env") => Logic::Holds(held),
                Lookup::Set(_) => Logic::Fails,
                _ if wanted.is_none() => Logic::Decided(name.to_owned(), key != "if-not-env"),
                _ => Logic::Open(format!("it depends on whether `{name}` is set"), None),
            },
            "if-opt" | "if-not-opt" => {
                let held = self.first(name);
                match held {
                    Some(Text::Unknown { why, .. }) => Logic::Open(why, None),
                    Some(Text::Known(held)) if fits(&held) == (key == "if-opt") => Logic::Holds(held),
                    // Without a value `%(_)` stays as it is.
                    None if key == "if-not-opt" => Logic::Holds("%(_)".to_owned()),
                    _ => Logic::Fails,
                }
            }
            "if-reload" => Logic::Fails,
            "if-not-reload" => Logic::Holds("%(_)".to_owned()),
            "if-file" | "if-exists" if self.roots.file(self.files, text).is_some() => decide(true),
            "if-not-file" | "if-not-exists" if self.roots.file(self.files, text).is_some() => decide(false),
            // Of a folder it cannot be told: most of them are in no project.
            "if-file" | "if-not-file" => Logic::Supposed(text.to_owned(), key == "if-file"),
            "if-exists" | "if-not-exists" if text.rsplit('/').next().is_some_and(|name| name.contains('.')) => {
                Logic::Supposed(text.to_owned(), key == "if-exists")
            }
            "for" | "foreach" => {
                Logic::Each(text.split(' ').filter(|item| !item.is_empty()).map(str::to_owned).collect())
            }
            "for-times" => {
                let times = text.trim().parse::<usize>().unwrap_or(0).min(MAX_OPTIONS);
                Logic::Each((1..=times).map(|number| number.to_string()).collect())
            }
            _ => Logic::Open(format!("it stands under `{key} = {text}`"), Some(text.to_owned())),
        })
    }

    /// The options of the file that `named` names, a section behind a colon.
    pub(super) fn load(&mut self, named: &str, place: Place) {
        let (path, section) = named.rsplit_once(':').unwrap_or((named, ""));
        let path = match (path, &self.last_file) {
            ("", Some(last)) => last.clone(),
            (path, _) => path.to_owned(),
        };
        let found = self.roots.file(self.files, &path).filter(|file| self.configurations.contains_key(file));
        let Some(file) = found else {
            self.lost(place, &format!("the configuration file `{path}` is not among the files that are read"));
            return;
        };
        self.load_file(file, &path, section, place);
    }

    /// The only file that has the name which ends the word at `place`, whatever its folder is. One that asks where it
    /// lies stays unknown.
    fn load_by_name(&mut self, place: Place) {
        let found = by_name_alone(place, &[".ini"], self.files).filter(|file| {
            let text = self.files.get(*file).text().replace("%%", "").replace("%(", "");
            self.configurations.contains_key(file) && !text.contains('%')
        });
        match found {
            Some(file) => self.load_file(file, self.files.get(file).name(), "", place),
            None => self.lost(place, "the configuration is named by a value that is not known"),
        }
    }

    /// The options of a section of `file`, which who loads it calls `name`; an empty one is the usual one.
    pub(super) fn load_file(&mut self, file: FileId, name: &str, section: &str, place: Place) {
        if self.depth >= MAX_DEPTH {
            self.complete = false;
            self.errors.push(Located::new(format!("`{name}` is included again and again"), place));
            return;
        }
        let Some(configuration) = self.configurations.get(&file) else { return };
        self.loads += 1;
        if self.loads > MAX_LOADS {
            self.complete = false;
            return;
        }
        self.errors.extend(configuration.error.clone());
        if !self.loaded.contains(&file) {
            self.loaded.push(file);
        }
        self.last_file = Some(name.to_owned());
        let magic = Magic::of(name, section, self.roots.absolute(), self.first.as_ref());
        self.first.get_or_insert_with(|| magic.clone());
        // XML may name what it holds, which counts only where somebody asks for a name (`core/xmlconf.c`).
        let first = || configuration.sections.first().filter(|_| name.rsplit('.').next() == Some("xml"));
        let section = match section {
            "" => first().map_or("uwsgi", |first| first.name.value.as_str()),
            section => section,
        };
        let template = host::is_template(self.files.get(file).name());
        // Without a library that reads it (`uwsgiconfig.py`: jansson or yajl) it is built without this form.
        let outer = self.rests_on.clone();
        if [".json", ".js"].iter().any(|end| name.ends_with(end)) {
            let what = "whether uWSGI was built with a library for JSON".to_owned();
            self.rests_on.push(Dependency::Other { what });
        }
        self.depth += 1;
        for option in configuration.sections.iter().filter(|found| found.name.value == section).flat_map(|s| &s.options)
        {
            if !self.complete {
                break;
            }
            let patched = self.roots.patched(option.key.place);
            let changes = |by| Text::unknown(format!("the command at {} changes it", self.files.describe(by)));
            let value = match option.value.text() {
                _ if patched.is_some() => patched.map_or_else(|| Text::unknown(""), changes),
                _ if option.conditional => Text::unknown("it stands in a branch of a template"),
                Some(text) if is_templated(&text, template) => Text::unknown("a template fills it in"),
                Some(text) => magic.put_in(&text, option.value_place),
                None => Text::unknown("a template fills it in"),
            };
            let literal = option.literal.then_some(option.value_place);
            let site = Site::Option { literal, statement: option.statement };
            let shown = if option.value_place.span.is_empty() { option.key.place } else { option.value_place };
            self.add(&option.key.value, Some(value), shown, Layer::ConfigFile, Some(site));
        }
        self.rests_on = outer;
        self.depth -= 1;
    }

    /// Notes that options of a file are not known, which may set anything from here on.
    pub(super) fn lost(&mut self, place: Place, why: &str) {
        self.unread.push(Located::new(why.to_owned(), place));
        let value = Some(Text::unknown(why));
        let key = super::ANY.to_owned();
        self.list.push(Exported {
            key,
            value,
            place,
            layer: Layer::ConfigFile,
            site: None,
            depends: Vec::new(),
            decided_by: None,
            done: false,
            placeholder: false,
        });
    }

    /// Fills in variables, then options, then reads what is inherited.
    pub(super) fn finish(mut self) -> Self {
        // `listen` is taken as it is written, before anything is filled in.
        for option in self.list.iter_mut().filter(|option| !option.done && option.key != "listen") {
            let Some(value) = &mut option.value else { continue };
            let before = value.known().map(str::to_owned);
            let used = RefCell::new(Vec::new());
            value.fill('$', &|name| match self.environment.lookup(name) {
                Lookup::Set(text) => Answer::Text(text),
                // Somebody may set it to something else.
                Lookup::Likely(text) => {
                    let entry = self.environment.entry(name);
                    used.borrow_mut().extend(entry.iter().flat_map(|entry| entry.depends.iter().cloned()));
                    Answer::Text(text)
                }
                _ => Answer::Unknown(Text::unknown(format!("nothing that leads here sets `{name}`"))),
            });
            value.fill('@', &|name| Answer::Unknown(Text::unknown(format!("it is the content of `{name}`"))));
            option.changed(before.as_deref());
            option.rest_on(used.into_inner());
        }
        for at in 0..self.list.len() {
            let Some(option) = self.list.get(at).filter(|option| !option.done && option.key != "listen") else {
                continue;
            };
            let mut option = option.clone();
            let before = option.value.as_ref().and_then(Text::known).map(str::to_owned);
            let used = RefCell::new(Vec::new());
            if let Some(value) = &mut option.value {
                value.fill('%', &|key| {
                    text::placeholder(key, &|name| {
                        let other = self.list.iter().find(|option| option.key == name);
                        used.borrow_mut().extend(other.iter().flat_map(|other| other.depends.iter().cloned()));
                        self.first(name)
                    })
                });
            }
            option.changed(before.as_deref());
            option.rest_on(used.into_inner());
            if let Some(slot) = self.list.get_mut(at) {
                *slot = option;
            }
        }
        let mut at = 0;
        while let Some(option) = self.list.get_mut(at) {
            at += 1;
            if option.key == "inherit" && !option.done {
                option.done = true;
                let place = option.place;
                match option.value.as_ref().and_then(Text::known).map(str::to_owned) {
                    Some(named) => self.load(&named, place),
                    None => self.lost(place, "the configuration is named by a value that is not known"),
                }
            }
        }
        self
    }

    /// The value of the first option of this name, which is the one that others refer to.
    fn first(&self, name: &str) -> Option<Text> {
        let option = self.list.iter().find(|option| option.key == name)?;
        Some(option.value.clone().unwrap_or_else(|| Text::Known(String::new())))
    }

    /// The options that set something, in order.
    pub(super) fn effective(&self) -> impl Iterator<Item = &Exported> {
        self.list.iter().filter(|option| !option.placeholder)
    }
}

impl Exported {
    /// What was filled in rests on this.
    fn rest_on(&mut self, depends: Vec<Dependency>) {
        for dependency in depends {
            if !self.depends.contains(&dependency) {
                self.depends.push(dependency);
            }
        }
    }

    /// What was filled in does not stand in the file.
    fn changed(&mut self, before: Option<&str>) {
        if self.value.as_ref().and_then(Text::known) == before {
            return;
        }
        if let Some(Site::Option { literal, .. } | Site::Words { literal, .. } | Site::Variable { literal }) =
            &mut self.site
        {
            *literal = None;
        }
    }
}

/// The option with `%(_)` filled in.
fn with_item(mut option: Exported, item: &str) -> Exported {
    if let Some(Text::Known(text)) = &mut option.value
        && text.contains("%(_)")
    {
        *text = text.replace("%(_)", item);
        if let Some(Site::Option { literal, .. }) = &mut option.site {
            *literal = None;
        }
    }
    option
}

/// Whether an option only says which of the others count.
pub(super) fn is_condition(key: &str) -> bool {
    is_logic(key) || matches!(key, "end" | "endfor" | "endif" | "end-if" | "end-for")
}

fn is_immediate(key: &str) -> bool {
    is_load(key) || is_logic(key) || matches!(key, "set" | "set-placeholder" | "set-ph")
}

fn is_load(key: &str) -> bool {
    matches!(key, "ini" | "yaml" | "yml" | "json" | "js" | "xml" | "xmlconfig" | "include" | "config")
}

fn is_logic(key: &str) -> bool {
    key.starts_with("if-")
        || matches!(
            key,
            "ifenv" | "ifexists" | "ifplugin" | "ifdir" | "for" | "foreach" | "for-glob" | "for-times" | "for-readline"
        )
}

/// Whether a text is one that something replaces before uWSGI reads it, which of a template it is in more cases.
fn is_templated(text: &str, template: bool) -> bool {
    let named = |name: &str| name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_');
    if text.strip_prefix('$').is_some_and(|name| named(name) && name.chars().all(|c| c.is_alphanumeric() || c == '_'))
        || template && text.split('$').skip(1).any(named)
    {
        return true;
    }
    let marked = |mark: &str| text.len() > 2 * mark.len() && text.starts_with(mark) && text.ends_with(mark);
    text.contains("${") || marked("__") || (marked("@") && !text.contains('('))
}
