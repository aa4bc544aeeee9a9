//! The tables of all servers, compiled in.

use std::sync::OnceLock;

use super::schema::{self, Syntax};
use super::{Server, Setting, Version, WorkerClass};

/// Everything known about one server.
#[derive(Debug)]
pub struct Table {
    server: Server,
    oldest: Version,
    newest: Version,
    syntax: Syntax,
    data: schema::Server,
    settings: Vec<Setting>,
    worker_classes: Vec<WorkerClass>,
}

/// The table of `server`.
pub fn table(server: Server) -> &'static Table {
    static TABLES: [OnceLock<Table>; 6] = [const { OnceLock::new() }; 6];
    let (cell, text) = match server {
        Server::Gunicorn => (
            &TABLES[0],
            include_str!("../../rules/servers/gunicorn.toml"),
        ),
        Server::Uvicorn => (&TABLES[1], include_str!("../../rules/servers/uvicorn.toml")),
        Server::Hypercorn => (
            &TABLES[2],
            include_str!("../../rules/servers/hypercorn.toml"),
        ),
        Server::Granian => (&TABLES[3], include_str!("../../rules/servers/granian.toml")),
        Server::Uwsgi => (&TABLES[4], include_str!("../../rules/servers/uwsgi.toml")),
        Server::Daphne => (&TABLES[5], include_str!("../../rules/servers/daphne.toml")),
    };
    cell.get_or_init(|| Table::read(server, text))
}

impl Table {
    fn read(server: Server, text: &str) -> Self {
        // A table that does not parse fails the build; an empty one keeps the type total.
        let data: schema::Server =
            toml::from_str(text).unwrap_or_else(|_| schema::Server::empty(server.as_str()));
        let version = |text: &str| text.parse().unwrap_or(Version::new(0, 0, 0));
        Self {
            server,
            oldest: version(&data.oldest),
            newest: version(&data.newest),
            syntax: data.syntax,
            settings: data.settings.iter().cloned().map(Setting::new).collect(),
            worker_classes: data
                .worker_classes
                .iter()
                .cloned()
                .map(WorkerClass::new)
                .collect(),
            data,
        }
    }

    /// Whose table it is.
    pub const fn server(&self) -> Server {
        self.server
    }

    /// The name of the distribution that installs the server.
    pub fn distribution(&self) -> &str {
        &self.data.distribution
    }

    /// The oldest version it describes.
    pub const fn oldest(&self) -> Version {
        self.oldest
    }

    /// The newest version it describes.
    pub const fn newest(&self) -> Version {
        self.newest
    }

    /// How its command line is read.
    pub const fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// The variable that holds further command-line words.
    pub fn arguments_variable(&self) -> Option<&str> {
        self.data.arguments_variable.as_deref()
    }

    /// All settings of all versions, in the server's own order.
    pub fn settings(&self) -> impl Iterator<Item = &Setting> {
        self.settings.iter()
    }

    /// The setting of this name, in whatever version.
    pub fn setting(&self, name: &str) -> Option<&Setting> {
        self.settings.iter().find(|setting| setting.name() == name)
    }

    /// The setting that `variable` sets, for servers that read one variable for each option
    /// (`UVICORN_WORKERS`). It ranks below the command line and above defaults.
    pub fn setting_of_variable(&self, variable: &str) -> Option<&Setting> {
        let name = variable.strip_prefix(self.data.environment_prefix.as_deref()?)?;
        if name.bytes().any(|b| b.is_ascii_lowercase()) {
            return None;
        }
        self.setting(&name.to_ascii_lowercase())
    }

    /// All worker classes of all versions.
    pub fn worker_classes(&self) -> impl Iterator<Item = &WorkerClass> {
        self.worker_classes.iter()
    }

    /// The worker class that goes by this name, short or dotted, in whatever version.
    pub fn class(&self, worker_class: &str) -> Option<&WorkerClass> {
        self.worker_classes
            .iter()
            .find(|class| class.is_called(worker_class))
    }

    pub(super) fn misnomer(&self, name: &str) -> Option<&Setting> {
        self.data
            .misnomers
            .get(name)
            .and_then(|right| self.setting(right))
    }
}

impl schema::Server {
    fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            distribution: name.to_owned(),
            oldest: String::new(),
            newest: String::new(),
            syntax: Syntax::Argparse,
            environment_prefix: None,
            arguments_variable: None,
            settings: Vec::new(),
            worker_classes: Vec::new(),
            misnomers: std::collections::BTreeMap::new(),
        }
    }
}
