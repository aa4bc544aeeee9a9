//! One setting of a server, through all its versions.

use super::schema::{self, Action, Conversion, Kind};
use super::{Server, Version, WorkerClass};
use crate::values::Value;

/// One setting of a server.
#[derive(Debug)]
pub struct Setting {
    server: Server,
    data: schema::Setting,
    since: Option<Version>,
    until: Option<Version>,
    missing_in: Vec<Version>,
    today: Shape,
    /// Former shapes with the first version that no longer has them, newest first.
    before: Vec<(Version, Shape)>,
}

/// What a setting looks like in some version.
#[derive(Debug, Clone, PartialEq)]
pub struct Shape {
    data: schema::Shape,
    default: Option<Value>,
    off_value: Value,
}

/// Whether a worker class acts on a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honoured<'a> {
    /// It does.
    Yes,
    /// It never reads it.
    No,
    /// It does something less with it, as told.
    Partly(&'a str),
    /// Nobody looked.
    Unknown,
}

impl Setting {
    pub(super) fn new(server: Server, data: schema::Setting) -> Self {
        // The build checked every version of the table.
        let version = |text: &Option<String>| text.as_deref().and_then(|text| text.parse().ok());
        Self {
            server,
            since: version(&data.since),
            until: version(&data.until),
            missing_in: data.missing_in.iter().filter_map(|text| text.parse().ok()).collect(),
            today: Shape::new(data.shape.clone()),
            before: data
                .before
                .iter()
                .filter_map(|before| Some((before.version.parse().ok()?, Shape::new(before.shape.clone()))))
                .collect(),
            data,
        }
    }

    /// The server that has it.
    pub const fn server(&self) -> Server {
        self.server
    }

    /// Its name in a config file.
    pub fn name(&self) -> &str {
        &self.data.name
    }

    /// The first version that has it, if it was not always there.
    pub const fn since(&self) -> Option<Version> {
        self.since
    }

    /// The first version that no longer has it.
    pub const fn until(&self) -> Option<Version> {
        self.until
    }

    /// Whether `version` of the server has it.
    pub fn applies_to(&self, version: Version) -> bool {
        self.since.is_none_or(|since| since <= version)
            && self.until.is_none_or(|until| version < until)
            && !self.missing_in.contains(&version)
    }

    /// What it looks like in `version`.
    pub fn at(&self, version: Version) -> &Shape {
        let former = self.before.iter().rev().find(|(until, _)| version < *until);
        former.map_or(&self.today, |(_, shape)| shape)
    }

    /// What it looked like before, newest first, each with the first version that no longer has that form.
    pub fn before(&self) -> &[(Version, Shape)] {
        &self.before
    }

    /// The variable that stands for its option, where the table names one.
    pub fn variable(&self) -> Option<&str> {
        self.data.variable.as_deref()
    }

    /// The variable whose value becomes the default when the setting is given nowhere.
    pub fn default_variable(&self) -> Option<&str> {
        self.data.default_variable.as_deref()
    }

    /// The options of which one has to be given for it to do anything; empty where it needs none.
    pub fn needs(&self) -> &[String] {
        &self.data.needs
    }

    /// The options that switch it on as well.
    pub fn implied_by(&self) -> &[String] {
        &self.data.implied_by
    }

    /// What speaks for it and what against it, where those who know the server disagree.
    pub fn contested(&self) -> Option<&str> {
        self.data.contested.as_deref().map(str::trim)
    }

    /// Whether `class` of server `version` acts on it.
    pub fn honoured_by(&self, class: &WorkerClass, version: Version) -> Honoured<'_> {
        let Some(honoured) = &self.data.honoured else {
            return Honoured::Yes;
        };
        let Some(class) = class.behaviour() else {
            return Honoured::Unknown;
        };
        let ignored = self.data.ignored_between.get(class).is_some_and(|[from, until]| {
            let reached = |text: &str| text.parse::<Version>().is_ok_and(|limit| limit <= version);
            reached(from) && !reached(until)
        });
        if ignored {
            return Honoured::No;
        }
        match self.data.partly.get(class) {
            Some(how) => Honoured::Partly(how),
            None if honoured.iter().any(|name| name == class) => Honoured::Yes,
            None => Honoured::No,
        }
    }
}

impl Shape {
    fn new(data: schema::Shape) -> Self {
        let default = match (&data.default, &data.default_computed) {
            (Some(value), _) => Some(read_value(value)),
            (None, Some(_)) => None,
            (None, None) => Some(Value::None),
        };
        let off_value = data.off_value.as_ref().map_or(Value::Bool(false), read_value);
        Self { data, default, off_value }
    }

    /// The options that set it; empty if only a config file can.
    pub fn flags(&self) -> &[String] {
        &self.data.flags
    }

    /// The options that set it to false.
    pub fn off_flags(&self) -> &[String] {
        &self.data.off_flags
    }

    /// What the options of [`off_flags`](Self::off_flags) set it to.
    pub const fn off_value(&self) -> &Value {
        &self.off_value
    }

    /// The option to name it by: the first long one, else the first.
    pub fn flag(&self) -> Option<&str> {
        let long = self.data.flags.iter().find(|flag| flag.starts_with("--"));
        long.or(self.data.flags.first()).map(String::as_str)
    }

    /// Whether no option sets it.
    pub fn config_only(&self) -> bool {
        self.data.flags.is_empty()
    }

    /// Which values it takes.
    pub const fn kind(&self) -> Kind {
        self.data.kind
    }

    /// What an option does with its value.
    pub const fn action(&self) -> Action {
        self.data.action
    }

    /// The value it has when given nowhere, as the server holds it; `None` where that depends on the
    /// machine.
    pub const fn default(&self) -> Option<&Value> {
        self.default.as_ref()
    }

    /// What the default is computed from, where it is no constant.
    pub fn default_computed(&self) -> Option<&str> {
        self.data.default_computed.as_deref()
    }

    /// How many arguments a hook may take; any of them will do.
    pub fn arity(&self) -> &[u8] {
        &self.data.arity
    }

    /// The words of a choice.
    pub fn choices(&self) -> &[String] {
        &self.data.choices
    }

    /// The smallest and the largest number accepted.
    pub const fn range(&self) -> (Option<i64>, Option<i64>) {
        (self.data.minimum, self.data.maximum)
    }

    pub(super) const fn data(&self) -> &schema::Shape {
        &self.data
    }

    pub(super) fn conversion(&self) -> Conversion {
        self.data.converts.unwrap_or(Conversion::Text)
    }
}

fn read_value(value: &toml::Value) -> Value {
    match value {
        toml::Value::String(text) => Value::Str(text.clone()),
        toml::Value::Integer(n) => Value::Int(*n),
        toml::Value::Float(x) => Value::Float(*x),
        toml::Value::Boolean(b) => Value::Bool(*b),
        toml::Value::Datetime(moment) => Value::Str(moment.to_string()),
        toml::Value::Array(items) => Value::List(items.iter().map(read_value).collect()),
        toml::Value::Table(entries) => {
            Value::Dict(entries.iter().map(|(key, value)| (Value::Str(key.clone()), read_value(value))).collect())
        }
    }
}
