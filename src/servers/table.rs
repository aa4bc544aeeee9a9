//! The tables of all servers, compiled in.

use std::collections::{BTreeSet, HashMap};
use std::sync::OnceLock;

use super::schema::{self, Syntax};
use super::setting::Shape;
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
    by_option: OnceLock<HashMap<String, Vec<usize>>>,
}

/// The table of `server`.
pub fn table(server: Server) -> &'static Table {
    static TABLES: [OnceLock<Table>; 14] = [const { OnceLock::new() }; 14];
    let (cell, text) = match server {
        Server::Gunicorn => (&TABLES[0], include_str!("../../rules/servers/gunicorn.toml")),
        Server::Uvicorn => (&TABLES[1], include_str!("../../rules/servers/uvicorn.toml")),
        Server::Hypercorn => (&TABLES[2], include_str!("../../rules/servers/hypercorn.toml")),
        Server::Granian => (&TABLES[3], include_str!("../../rules/servers/granian.toml")),
        Server::Uwsgi => (&TABLES[4], include_str!("../../rules/servers/uwsgi.toml")),
        Server::Daphne => (&TABLES[5], include_str!("../../rules/servers/daphne.toml")),
        Server::ActixWeb => (&TABLES[6], include_str!("../../rules/servers/actix-web.toml")),
        Server::Axum => (&TABLES[7], include_str!("../../rules/servers/axum.toml")),
        Server::Hyper => (&TABLES[8], include_str!("../../rules/servers/hyper.toml")),
        Server::Poem => (&TABLES[9], include_str!("../../rules/servers/poem.toml")),
        Server::Rocket => (&TABLES[10], include_str!("../../rules/servers/rocket.toml")),
        Server::Salvo => (&TABLES[11], include_str!("../../rules/servers/salvo.toml")),
        Server::Tonic => (&TABLES[12], include_str!("../../rules/servers/tonic.toml")),
        Server::Warp => (&TABLES[13], include_str!("../../rules/servers/warp.toml")),
    };
    cell.get_or_init(|| Table::read(server, text))
}

/// The command line of FastAPI, which starts Uvicorn with options and defaults of its own; its settings
/// have the names of Uvicorn's.
pub fn fastapi_cli() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(|| Table::read(Server::Uvicorn, include_str!("../../rules/servers/fastapi.toml")))
}

impl Table {
    fn read(server: Server, text: &str) -> Self {
        // A table that does not parse fails the build; an empty one keeps the type total.
        let data: schema::Server = toml::from_str(text).unwrap_or_else(|_| schema::Server::empty(server.as_str()));
        let version = |text: &str| text.parse().unwrap_or(Version::new(0, 0, 0));
        Self {
            server,
            oldest: version(&data.oldest),
            newest: version(&data.newest),
            syntax: data.syntax,
            settings: data.settings.iter().cloned().map(|setting| Setting::new(server, setting)).collect(),
            worker_classes: data.worker_classes.iter().cloned().map(WorkerClass::new).collect(),
            by_option: OnceLock::new(),
            data,
        }
    }

    /// Releases with known weaknesses, of the server and of what answers requests for it.
    pub fn advisories(&self) -> &[schema::Advisory] {
        &self.data.advisories
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

    /// The oldest Python that the newest version can be installed on, where somebody looked.
    pub fn newest_python(&self) -> Option<Version> {
        self.data.newest_python.as_deref()?.parse().ok()
    }

    /// How its command line is read.
    pub const fn syntax(&self) -> Syntax {
        self.syntax
    }

    /// Whether it holds every option of the command line.
    pub const fn is_complete(&self) -> bool {
        self.data.complete
    }

    /// Options that print something and end the command.
    pub fn exits(&self) -> &[String] {
        &self.data.exits
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

    /// The setting that the option `name`, written without its dashes, sets in `version`: `workers` and
    /// `processes` of uWSGI are one setting.
    pub fn setting_of_option(&self, name: &str, version: Version) -> Option<&Setting> {
        let named = |flag: &String| flag.strip_prefix("--") == Some(name);
        let candidates = self.by_option().get(name).into_iter().flatten();
        let mut here = candidates.filter_map(|&at| self.settings.get(at)).filter(|setting| setting.applies_to(version));
        here.find(|setting| setting.at(version).flags().iter().any(named))
    }

    /// The settings that an option sets in some version; files may have tens of thousands of options.
    fn by_option(&self) -> &HashMap<String, Vec<usize>> {
        self.by_option.get_or_init(|| {
            let mut all: HashMap<String, Vec<usize>> = HashMap::new();
            for (at, setting) in self.settings.iter().enumerate() {
                let shapes = setting.before().iter().map(|(_, shape)| shape).chain([setting.at(self.newest)]);
                let flags: BTreeSet<&str> =
                    shapes.flat_map(Shape::flags).filter_map(|flag| flag.strip_prefix("--")).collect();
                for flag in flags {
                    all.entry(flag.to_owned()).or_default().push(at);
                }
            }
            all
        })
    }

    /// How it is started where farrier measures it; `None` where farrier cannot.
    pub const fn measured(&self) -> Option<&schema::Measured> {
        self.data.measured.as_ref()
    }

    /// How it is started in place of another server, where that can be.
    pub const fn against(&self) -> Option<&schema::Against> {
        self.data.against.as_ref()
    }

    /// The variable that stands for an option, for servers that read one for each: `UVICORN_WORKERS`.
    pub fn variable_of(&self, setting: &Setting) -> Option<String> {
        if let Some(variable) = setting.variable() {
            return Some(variable.to_owned());
        }
        let prefix = self.data.environment_prefix.as_deref()?;
        Some(format!("{prefix}{}", setting.name().to_ascii_uppercase()))
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
        self.worker_classes.iter().find(|class| class.is_called(worker_class))
    }

    /// The class that really runs where `worker_class` is configured with `threads`, both as
    /// Gunicorn holds them.
    ///
    /// Gunicorn puts its `gthread` in place of any class whose name is `sync` or ends in `SyncWorker`,
    /// a project's own included, once there is more than one thread (`Config.worker_class`).
    pub fn running_class(&self, worker_class: &str, threads: i64) -> Option<&WorkerClass> {
        let gives_way = worker_class == "sync" || worker_class.ends_with("SyncWorker");
        let threaded = self.server == Server::Gunicorn && gives_way && threads > 1;
        self.class(if threaded { "gthread" } else { worker_class })
    }

    pub(super) fn misnomer(&self, name: &str) -> Option<&Setting> {
        self.data.misnomers.get(name).and_then(|right| self.setting(right))
    }
}

impl schema::Server {
    fn empty(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            distribution: name.to_owned(),
            oldest: String::new(),
            newest: String::new(),
            newest_python: None,
            syntax: Syntax::Argparse,
            exits: Vec::new(),
            environment_prefix: None,
            arguments_variable: None,
            complete: false,
            settings: Vec::new(),
            worker_classes: Vec::new(),
            advisories: Vec::new(),
            misnomers: std::collections::BTreeMap::new(),
            measured: None,
            against: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::servers::Honoured;
    use crate::values::Value;

    fn version(text: &str) -> Version {
        text.parse().unwrap()
    }

    #[test]
    fn every_table_parses_and_agrees_with_itself() {
        for server in Server::every() {
            let table = table(server);
            assert_eq!(table.data.name, server.as_str());
            assert!(table.settings().count() > if server.is_of_rust() { 1 } else { 10 }, "{server}");
            table.data.check().unwrap();
        }
    }

    /// The build relies on this: a slip in a table must not pass as something else.
    #[test]
    fn a_table_with_a_slip_is_refused() {
        let head = "name = 'x'\ndistribution = 'x'\noldest = '1.0.0'\nnewest = '2.0.0'\nsyntax = 'click'\n";
        let refused = |body: &str| match toml::from_str::<schema::Server>(&format!("{head}{body}")) {
            Ok(table) => table.check().is_err(),
            Err(_) => true,
        };
        let setting = "[[setting]]\nname = 'a'\nkind = 'bool'\n";
        assert!(!refused(setting));
        assert!(refused(&format!("{setting}{setting}")), "the same setting twice");
        assert!(refused(&format!("{setting}flagz = ['-a']")), "a field that does not exist");
        assert!(refused(&format!("{setting}[[setting.before]]\nversion = '1.1.0'\nkind = 'bool'\nflagz = []")));
        assert!(refused(&format!("{setting}flags = ['a']")), "an option without a dash");
        assert!(refused(&format!("{setting}since = '1.x'")), "a version that is none");
        assert!(refused(&format!("{setting}honoured = ['b']")), "a class that does not exist");
        assert!(refused(&format!("{setting}choices = ['b']")), "choices of a bool");
        assert!(refused(&format!("[misnomers]\nb = 'c'\n{setting}")), "a misnomer of nothing");
    }

    /// `len(gunicorn.config.KNOWN_SETTINGS)` of the released packages.
    #[test]
    fn gunicorn_has_as_many_settings_as_the_release() {
        let released = [
            ("19.9.0", 81),
            ("19.10.0", 82),
            ("20.0.0", 82),
            ("20.0.4", 83),
            ("20.1.0", 85),
            ("21.2.0", 87),
            ("22.0.0", 92),
            ("23.0.0", 93),
            ("24.0.0", 98),
            ("24.1.1", 99),
            ("25.0.0", 113),
            ("25.0.3", 114),
            ("25.1.0", 117),
            ("25.2.0", 118),
            ("26.0.0", 118),
            ("26.2.0", 119),
            ("27.0.1", 120),
        ];
        for (release, count) in released {
            let release = version(release);
            let found = table(Server::Gunicorn).settings().filter(|setting| setting.applies_to(release)).count();
            assert_eq!(found, count, "{release}");
        }
    }

    #[test]
    fn forms_and_defaults_follow_the_version() {
        let gunicorn = table(Server::Gunicorn);
        let trusted = gunicorn.setting("forwarded_allow_ips").unwrap();
        let local = |items: &[&str]| Value::List(items.iter().map(|item| Value::Str((*item).into())).collect());
        assert_eq!(trusted.at(version("20.1.0")).default(), Some(&local(&["127.0.0.1"])));
        assert_eq!(trusted.at(version("27.0.1")).default(), Some(&local(&["127.0.0.1", "::1"])));
        assert_eq!(trusted.default_variable(), Some("FORWARDED_ALLOW_IPS"));
        let proxy = gunicorn.setting("proxy_protocol").unwrap();
        assert_eq!(proxy.at(version("24.0.0")).default(), Some(&Value::Bool(false)));
        assert_eq!(proxy.at(version("24.1.0")).default(), Some(&Value::Str("off".into())));
        let config = gunicorn.setting("config").unwrap();
        assert_eq!(config.at(version("20.0.4")).default(), Some(&Value::None));
        assert_eq!(gunicorn.setting("chdir").unwrap().at(version("20.1.0")).default(), None);
        assert_eq!(gunicorn.setting("workers").unwrap().at(version("27.0.1")).flag(), Some("--workers"));
    }

    #[test]
    fn classes_go_by_all_their_names() {
        let gunicorn = table(Server::Gunicorn);
        let thread = gunicorn.class("gunicorn.workers.gthread.ThreadWorker").unwrap();
        assert_eq!(thread.name(), "gthread");
        let eventlet = gunicorn.class("eventlet").unwrap();
        assert!(eventlet.applies_to(version("25.3.0")) && !eventlet.applies_to(version("26.0.0")));
        let twin = gunicorn.class("uvicorn.workers.UvicornWorker").unwrap();
        assert_eq!(twin.deprecated().unwrap().replacement, "uvicorn_worker.UvicornWorker");
        let gevent = gunicorn.class("gevent").unwrap();
        assert_eq!(gevent.minimum(version("19.9.0")), None);
        assert_eq!(gevent.minimum(version("23.0.0")), Some(version("1.4.0")));
        assert_eq!(gevent.minimum(version("27.0.1")), Some(version("24.10.1")));
        assert!(gunicorn.class("Sync").is_none());
    }

    #[test]
    fn threads_turn_sync_into_gthread() {
        let running =
            |class: &str, threads| table(Server::Gunicorn).running_class(class, threads).map(WorkerClass::name);
        assert_eq!(running("sync", 4), Some("gthread"));
        assert_eq!(running("my.SyncWorker", 2), Some("gthread"));
        assert_eq!(running("sync", 1), Some("sync"));
        assert_eq!(running("gevent", 4), Some("gevent"));
        assert_eq!(running("my.SyncWorker", 1), None);
    }

    #[test]
    fn honoured_depends_on_class_and_version() {
        let gunicorn = table(Server::Gunicorn);
        let honoured = |setting: &str, class: &str, release: &str| {
            gunicorn.setting(setting).unwrap().honoured_by(gunicorn.class(class).unwrap(), version(release))
        };
        assert_eq!(honoured("threads", "uvicorn.workers.UvicornH11Worker", "27.0.1"), Honoured::No);
        assert_eq!(honoured("workers", "uvicorn.workers.UvicornWorker", "27.0.1"), Honoured::Yes);
        assert_eq!(honoured("header_map", "asgi", "26.2.0"), Honoured::No);
        assert_eq!(honoured("header_map", "asgi", "27.0.0"), Honoured::Yes);
        assert_eq!(honoured("keepalive", "eventlet", "23.0.0"), Honoured::Yes);
        assert_eq!(honoured("keepalive", "aiohttp.GunicornWebWorker", "23.0.0"), Honoured::Unknown);
        assert!(matches!(honoured("backlog", "asgi", "27.0.1"), Honoured::Partly(_)));
    }

    #[test]
    fn spellings_of_an_option_are_one_setting() {
        let uwsgi = table(Server::Uwsgi);
        let newest = uwsgi.newest();
        let named = |option: &str| uwsgi.setting_of_option(option, newest).map(Setting::name);
        assert_eq!(named("workers"), Some("processes"));
        assert_eq!(named("processes"), Some("processes"));
        assert_eq!(named("home"), Some("virtualenv"));
        assert_eq!(named("max-requests"), Some("max_requests"));
        // Of the two characters only the dash is one that uWSGI knows.
        assert_eq!(named("max_requests"), None);
        let processes = uwsgi.setting("processes").unwrap();
        let value = |text| crate::servers::arguments::outcome_of(uwsgi, newest, processes, text);
        assert_eq!(value(Some("4 # four")), crate::servers::arguments::Outcome::Known(Value::Int(4)));
    }

    #[test]
    fn option_variables_are_found_by_their_prefix() {
        let uvicorn = table(Server::Uvicorn);
        assert_eq!(uvicorn.setting_of_variable("UVICORN_WORKERS").unwrap().name(), "workers");
        assert!(uvicorn.setting_of_variable("UVICORN_workers").is_none());
        assert!(table(Server::Gunicorn).setting_of_variable("GUNICORN_WORKERS").is_none());
    }
}
