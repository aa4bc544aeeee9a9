//! The shape of `rules/servers/*.toml`, field by field.
//!
//! The build script reads the tables with these same types, so this file names nothing of the
//! crate: a table that does not fit stops the build rather than the first run.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

/// One server's table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// Short name, `gunicorn`.
    pub name: String,
    /// The distribution that installs it.
    pub distribution: String,
    /// The oldest version the table describes.
    pub oldest: String,
    /// The newest version the table describes, assumed where no version is known.
    pub newest: String,
    /// The oldest Python that the newest version can be installed on, where somebody looked.
    pub newest_python: Option<String>,
    /// How its command line is read.
    pub syntax: Syntax,
    /// Options that print something and end the command.
    #[serde(default)]
    pub exits: Vec<String>,
    /// Variables named with this prefix and an option's name set that option.
    pub environment_prefix: Option<String>,
    /// The variable that holds further command-line words.
    pub arguments_variable: Option<String>,
    /// Whether the table holds every option, so that another one is an error.
    #[serde(default = "yes")]
    pub complete: bool,
    /// Every setting, in the server's own order.
    #[serde(default, rename = "setting")]
    pub settings: Vec<Setting>,
    /// Every worker class.
    #[serde(default, rename = "worker_class")]
    pub worker_classes: Vec<WorkerClass>,
    /// Releases with known weaknesses, of the server and of what answers requests for it.
    #[serde(default, rename = "advisory")]
    pub advisories: Vec<Advisory>,
    /// Names that people write in a config file and the server does not know, to the right one.
    #[serde(default)]
    pub misnomers: BTreeMap<String, String>,
    /// How it is started where farrier measures it; absent where farrier cannot.
    pub measured: Option<Measured>,
    /// How it is started in place of another server; absent where it is not.
    pub against: Option<Against>,
}

/// How a server is started in place of another one, with the application and as many processes as that has. In the words
/// stand `{app}`, `{workers}`, `{threads}` (left out where nobody says how many), `{folder}` for that of the project, and
/// `{class}` for the worker class of ASGI that is installed.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Against {
    /// The arguments for an ASGI application; absent where it runs none.
    pub asgi: Option<Vec<String>>,
    /// The same for a WSGI application.
    pub wsgi: Option<Vec<String>>,
    /// The same for a WSGI application with several threads, where that is another line.
    pub threaded: Option<Vec<String>>,
    /// The option that says that the application is made by a function, or `call` where it is named as a call; absent
    /// where that is not known.
    pub factory: Option<String>,
    /// The setting by which requests are logged.
    pub access_log: Option<String>,
    /// The setting by which they are not.
    pub no_access_log: Option<String>,
    /// Options so that requests are logged.
    #[serde(default)]
    pub with_log: Vec<String>,
    /// Options so that they are not.
    #[serde(default)]
    pub without_log: Vec<String>,
}

/// How a server is started on an address of farrier's own, in the foreground and without encryption.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The settings that say otherwise; their options and variables are left out.
    pub leave_out: Vec<String>,
    /// Options that say so instead, with `{port}` for the port; the last mention wins.
    pub options: Vec<String>,
    /// The same for a Unix socket, with `{socket}` for its path.
    #[serde(default)]
    pub socket_options: Vec<String>,
    /// The command, where the server is no module that `python -m` runs.
    pub command: Option<String>,
}

/// How a command line is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Syntax {
    /// Python's `argparse`: unique prefixes of long options count.
    Argparse,
    /// `click`: options must be written out, a value may begin with a dash.
    Click,
    /// GNU `getopt_long`, as in C programs.
    Getopt,
    /// It has none: the code of a program sets it up.
    Code,
}

/// One setting, as it is in the newest version that has it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    /// Name in a config file; for servers without one, the option's name with underscores.
    pub name: String,
    /// First version that has it; absent for "always had".
    pub since: Option<String>,
    /// First version that no longer has it.
    pub until: Option<String>,
    /// Single versions inside the range that lack it.
    #[serde(default)]
    pub missing_in: Vec<String>,
    /// The variable that stands for its option, where that is not the prefix and the name.
    pub variable: Option<String>,
    /// A variable that supplies the default.
    pub default_variable: Option<String>,
    /// Which worker classes act on it; absent for all of them.
    pub honoured: Option<Vec<String>>,
    /// Classes that act on a part of it, with what they do.
    #[serde(default)]
    pub partly: BTreeMap<String, String>,
    /// Classes that for some versions did not act on it: the first such version, the first that does again.
    #[serde(default)]
    pub ignored_between: BTreeMap<String, [String; 2]>,
    /// Options of which one has to be given for it to do anything; some of them may have no setting of their own.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Options that switch it on as well.
    #[serde(default)]
    pub implied_by: Vec<String>,
    /// What speaks for it and what against it, where those who know the server disagree.
    pub contested: Option<String>,
    /// What it looks like today.
    #[serde(flatten)]
    pub shape: Shape,
    /// What it looked like before, newest first.
    #[serde(default)]
    pub before: Vec<Before>,
}

/// The form of a setting up to a version.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Before {
    /// First version that no longer has this form.
    pub version: String,
    /// The whole form.
    #[serde(flatten)]
    pub shape: Shape,
}

/// What a setting looks like.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Shape {
    /// Options that set it; empty if only a config file can.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Options without a value that set it to `off_value`: `--no-x` of a pair.
    #[serde(default)]
    pub off_flags: Vec<String>,
    /// What they set it to; absent for false.
    pub off_value: Option<toml::Value>,
    /// Which values it takes.
    pub kind: Kind,
    /// What an option does with its value.
    #[serde(default)]
    pub action: Action,
    /// What the option's parser makes of the word, where that differs from the kind.
    pub converts: Option<Conversion>,
    /// Value of an option whose value may be left out.
    pub optional_value: Option<String>,
    /// Value that a `store_const` option stores.
    pub constant: Option<bool>,
    /// The default; absent for `None`.
    pub default: Option<toml::Value>,
    /// What the default is computed from, where it is no constant.
    pub default_computed: Option<String>,
    /// The values of a `choice`.
    #[serde(default)]
    pub choices: Vec<String>,
    /// Other words for a choice.
    #[serde(default)]
    pub synonyms: BTreeMap<String, String>,
    /// Whether a choice must be spelled exactly, capitals included.
    #[serde(default)]
    pub exact_case: bool,
    /// The choice that `True` stands for.
    pub choice_true: Option<String>,
    /// The choice that `False` stands for.
    pub choice_false: Option<String>,
    /// The choice that `None` stands for.
    pub choice_none: Option<String>,
    /// Smallest number accepted.
    pub minimum: Option<i64>,
    /// Largest number accepted.
    pub maximum: Option<i64>,
    /// How many arguments a hook takes; any of them will do.
    #[serde(default)]
    pub arity: Vec<u8>,
}

/// Which values a setting takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// True or false.
    Bool,
    /// A whole number of at least `minimum`, which is 0 unless said otherwise.
    Count,
    /// Any whole number.
    Int,
    /// A number.
    Float,
    /// Whole seconds, or a text such as `1h30m`.
    Duration,
    /// Text.
    Text,
    /// A list of texts, or one.
    TextList,
    /// Texts in one text with commas between.
    CommaList,
    /// IP addresses in one text with commas between, or `*`.
    Addresses,
    /// The same, networks too; their host bits must be zero.
    Networks,
    /// One of a few words.
    Choice,
    /// Several of a few words in one text with commas between.
    ChoiceList,
    /// A class or its dotted name.
    Class,
    /// A function or its dotted name.
    Callable,
    /// A mapping.
    Mapping,
    /// A user or group, by name or number.
    Account,
    /// A folder that must exist.
    Folder,
    /// Files, or patterns for files.
    Files,
    /// `host:port` or `unix:PATH`.
    Address,
    /// Anything; the server does not check it.
    Any,
}

/// What an option does with its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Takes a value; the last one counts.
    #[default]
    Store,
    /// Takes no value and means true.
    StoreTrue,
    /// Takes no value and means `constant`.
    StoreConst,
    /// Takes a value; all of them count.
    Append,
}

/// What an option's parser makes of a word before the setting sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conversion {
    /// Python's `int(text)`: decimal.
    Int,
    /// Decimal, `0x`, `0o`, `0b`, and a leading `0` for octal.
    AutoInt,
    /// A leading `0` means octal, anything else decimal.
    Octal,
    /// One of the choices, where whatever else sets the setting may differ.
    Choice,
    /// C's `atoi`: the digits it begins with, 0 without any.
    Atoi,
    /// None.
    Text,
}

/// One worker class.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WorkerClass {
    /// The name to speak of it by; a short name where the server knows one.
    pub name: String,
    /// Other spellings that mean the same.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// The class whose handling of settings it shares, if not its own.
    pub behaves_like: Option<String>,
    /// Which kind of application it serves.
    pub interface: Interface,
    /// How it serves several requests.
    pub model: Model,
    /// First version of the server that has it.
    pub since: Option<String>,
    /// First version of the server that no longer has it.
    pub until: Option<String>,
    /// When its authors began to advise against it.
    pub deprecated: Option<Deprecation>,
    /// The distribution it needs beside the server.
    pub distribution: Option<String>,
    /// Lowest version of that distribution, by the server version that began to ask for it.
    #[serde(default)]
    pub minimum: BTreeMap<String, String>,
    /// How a class that derives from it gives options to it.
    pub options: Option<ClassOptions>,
}

/// What a derived class may set without another behaviour towards the server's settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassOptions {
    /// The attribute with a dictionary of them.
    pub attribute: String,
    /// Those that take the place of no setting.
    pub aside: Vec<String>,
}

/// A weakness of some releases that has been published.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Advisory {
    /// The distribution that has it.
    pub distribution: String,
    /// What it is known by.
    pub id: String,
    /// The first release without it.
    pub fixed: String,
    /// What somebody can do with it, as a noun.
    pub what: String,
    /// The worker classes that it is reached through; absent for any.
    pub classes: Option<Vec<String>>,
    /// A distribution that takes the place of this one where the project asks for it.
    pub replaced_by: Option<String>,
}

/// Advice against something.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deprecation {
    /// Whose version `since` is.
    pub distribution: String,
    /// The first version that advises against it; absent where it is merely unmaintained.
    pub since: Option<String>,
    /// What to use instead.
    pub replacement: String,
    /// The distribution that has the replacement, if another one.
    pub replacement_distribution: Option<String>,
}

/// Which kind of application a worker calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Interface {
    /// PEP 3333.
    Wsgi,
    /// ASGI 3.
    Asgi,
    /// The framework's own.
    Own,
}

/// How a worker serves several requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Model {
    /// One request at a time.
    OneRequest,
    /// A pool of threads.
    Threads,
    /// Greenlets that switch at patched calls.
    Greenlets,
    /// An event loop.
    EventLoop,
}

const fn yes() -> bool {
    true
}

impl Server {
    /// Whether the table agrees with itself; the error says what does not.
    pub fn check(&self) -> Result<(), String> {
        let classes: BTreeSet<&str> = self.worker_classes.iter().map(|class| class.name.as_str()).collect();
        let mut names = BTreeSet::new();
        for setting in &self.settings {
            if !names.insert(setting.name.as_str()) {
                return Err(format!("setting `{}` is there twice", setting.name));
            }
            setting.check(&classes).map_err(|reason| format!("setting `{}`: {reason}", setting.name))?;
        }
        let mut spellings = BTreeSet::new();
        for class in &self.worker_classes {
            for spelling in class.aliases.iter().chain([&class.name]) {
                if !spellings.insert(spelling.as_str()) {
                    return Err(format!("worker class `{spelling}` is there twice"));
                }
            }
            if let Some(other) = class.behaves_like.as_deref().filter(|other| !classes.contains(other)) {
                return Err(format!("worker class `{}` behaves like `{other}`, which is none", class.name));
            }
        }
        let mut affected = self.advisories.iter().flat_map(|advisory| advisory.classes.iter().flatten());
        if let Some(class) = affected.find(|class| !classes.contains(class.as_str())) {
            return Err(format!("an advisory is about `{class}`, which is no worker class"));
        }
        for (wrong, right) in &self.misnomers {
            if names.contains(wrong.as_str()) {
                return Err(format!("misnomer `{wrong}` is a setting"));
            }
            if !names.contains(right.as_str()) {
                return Err(format!("misnomer `{wrong}` leads to `{right}`, which is no setting"));
            }
        }
        self.check_versions()
    }

    fn check_versions(&self) -> Result<(), String> {
        let settings = self.settings.iter().flat_map(|setting| {
            let own = [&setting.since, &setting.until].into_iter().flatten();
            own.chain(&setting.missing_in)
                .chain(setting.ignored_between.values().flatten())
                .chain(setting.before.iter().map(|before| &before.version))
        });
        let classes = self
            .worker_classes
            .iter()
            .flat_map(|class| [&class.since, &class.until].into_iter().flatten().chain(class.minimum.keys()));
        let advisories = self.advisories.iter().map(|advisory| &advisory.fixed);
        for version in settings.chain(classes).chain(advisories).chain([&self.oldest, &self.newest]) {
            let parts: Vec<_> = version.split('.').collect();
            if parts.len() != 3 || parts.iter().any(|part| part.parse::<u16>().is_err()) {
                return Err(format!("`{version}` is no version of three numbers"));
            }
        }
        Ok(())
    }
}

impl Setting {
    fn check(&self, classes: &BTreeSet<&str>) -> Result<(), String> {
        let named = self.honoured.iter().flatten().chain(self.partly.keys()).chain(self.ignored_between.keys());
        for class in named {
            if !classes.contains(class.as_str()) {
                return Err(format!("`{class}` is no worker class"));
            }
        }
        for shape in self.before.iter().map(|before| &before.shape).chain([&self.shape]) {
            shape.check()?;
        }
        Ok(())
    }
}

impl Shape {
    fn check(&self) -> Result<(), String> {
        if let Some(flag) = self.flags.iter().chain(&self.off_flags).find(|flag| !flag.starts_with('-')) {
            return Err(format!("`{flag}` is no option"));
        }
        let wants_choices =
            matches!(self.kind, Kind::Choice | Kind::ChoiceList) || self.converts == Some(Conversion::Choice);
        if wants_choices == self.choices.is_empty() {
            return Err("choices belong to a choice, and only there".into());
        }
        if (self.action == Action::StoreConst) != self.constant.is_some() {
            return Err("a constant belongs to `store_const`, and only there".into());
        }
        if self.action == Action::StoreTrue && self.kind != Kind::Bool {
            return Err("`store_true` sets a bool".into());
        }
        if self.default.is_some() && self.default_computed.is_some() {
            return Err("the default is either constant or computed".into());
        }
        if (self.kind == Kind::Callable) == self.arity.is_empty() {
            return Err("the arity belongs to a callable, and only there".into());
        }
        Ok(())
    }
}
