//! nginx: from directives to the routes that pass requests on.
//!
//! Decides which settings hold for each `proxy_pass` and `uwsgi_pass`, down from `http` through `server` to
//! `location`, and takes upstream groups apart. A file that no other one includes is read as if it stood in
//! `http`, which is where `conf.d` is included.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use crate::findings::Note;
use crate::source::{FileId, Files, Located, Place, Span};
use crate::values::{Bytes, Seconds};

use super::super::{Facts, Proxy};
use super::directives::{Directive, Directives, parse};

/// Deeper chains of includes than anybody writes.
const MAX_INCLUDES: usize = 10;

/// More directives than all files have together; a file may be included again and again.
const MAX_STEPS: usize = 200_000;

/// More routes than a project has.
const MAX_ROUTES: usize = 2_000;

/// Reads all configurations of nginx among the files of a project.
pub(super) fn read(files: &Files, members: &[FileId], facts: &mut Facts) {
    let mut parsed = BTreeMap::new();
    for &file in members {
        let source = files.get(file);
        let mut directives = parse(file, source.text());
        facts.comments.insert(file, std::mem::take(&mut directives.comments));
        if let Some((at, reason)) = directives.error {
            facts.notes.push(Note::line(source.path(), source.line(at), format!("{reason}, so it is read in part")));
        }
        parsed.insert(file, directives);
    }
    let mut reader = Reader {
        files,
        parsed: &parsed,
        steps: MAX_STEPS,
        routes: Vec::new(),
        groups: BTreeMap::new(),
        meant: RefCell::default(),
    };
    let included: BTreeSet<FileId> = parsed.keys().flat_map(|&file| reader.included_by(file)).collect();
    // Of two files that include each other neither is outermost; then all are read.
    let outermost: Vec<FileId> = members.iter().copied().filter(|file| !included.contains(file)).collect();
    let roots = if outermost.is_empty() { members } else { &outermost };
    for &root in roots {
        reader.groups.clear();
        reader.collect_groups(root, 0);
        reader.file(root, &Scope::default(), 0);
    }
    facts.proxies.append(&mut reader.routes);
}

/// The settings that a route shows, behind `proxy_` or `uwsgi_`.
const SHOWN: [&str; 6] =
    ["connect_timeout", "read_timeout", "send_timeout", "buffering", "request_buffering", "http_version"];

/// More headers than anybody sets.
const MAX_HEADERS: usize = 200;

/// More variables than anybody sets.
const MAX_VARIABLES: usize = 200;

/// What holds at one place, inherited from around it.
#[derive(Debug, Clone, Default)]
struct Scope {
    /// The first argument of each directive of interest; the nearest one wins.
    settings: BTreeMap<String, Located<String>>,
    /// What `Connection` is set to. Headers are inherited only where a level sets none itself.
    connection: Option<Located<String>>,
    /// The names of all headers that are set, inherited in the same way.
    headers: Vec<Located<String>>,
    /// The certificate.
    tls: Option<Place>,
    /// `set $name value`.
    variables: BTreeMap<String, Located<String>>,
}

/// A group of servers.
#[derive(Debug, Clone, Default)]
struct Group {
    servers: Vec<Located<String>>,
    keepalive: Option<Located<u32>>,
    keepalive_timeout: Option<Located<Seconds>>,
}

struct Reader<'a> {
    files: &'a Files,
    parsed: &'a BTreeMap<FileId, Directives>,
    steps: usize,
    routes: Vec<Proxy>,
    groups: BTreeMap<String, Group>,
    /// What patterns were found to mean, by the file that has them.
    meant: RefCell<BTreeMap<(FileId, String), Vec<FileId>>>,
}

impl<'a> Reader<'a> {
    fn included_by(&self, file: FileId) -> Vec<FileId> {
        let directives = self.parsed.get(&file).map(|parsed| parsed.all.as_slice()).unwrap_or_default();
        let includes = directives.iter().filter(|directive| directive.name() == "include");
        let patterns = includes.filter_map(|directive| directive.arguments().first());
        patterns.flat_map(|pattern| self.matches(file, &pattern.value)).collect()
    }

    /// The files of the project that a pattern means: below the folder of the file that includes them, told
    /// by the last folder of the pattern, because `/etc/nginx` is somewhere else in the repository.
    fn matches(&self, from: FileId, pattern: &str) -> Vec<FileId> {
        let key = (from, pattern.to_owned());
        if let Some(known) = self.meant.borrow().get(&key) {
            return known.clone();
        }
        let found = self.find(from, pattern);
        self.meant.borrow_mut().insert(key, found.clone());
        found
    }

    fn find(&self, from: FileId, pattern: &str) -> Vec<FileId> {
        let home = self.files.get(from).folder();
        let (folder, name) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        let last = folder.rsplit('/').next().unwrap_or_default();
        let fits = |file: &FileId| {
            let source = self.files.get(*file);
            let (at, own) = (source.folder(), source.name());
            let inside = at.strip_prefix(home).map(|rest| rest.trim_start_matches('/'));
            let there = inside.is_some_and(|inside| {
                inside == folder
                    || inside == last
                    || (last == "sites-enabled" && inside == "sites-available")
                    || (inside.is_empty() && (pattern.starts_with('/') || folder.is_empty()))
            });
            *file != from
                && there
                && (glob(name, own) || own.strip_suffix(".template").is_some_and(|own| glob(name, own)))
        };
        self.parsed.keys().copied().filter(fits).collect()
    }

    fn collect_groups(&mut self, file: FileId, depth: usize) {
        let parsed = self.parsed;
        let Some(directives) = parsed.get(&file).filter(|_| depth < MAX_INCLUDES) else { return };
        for directive in &directives.all {
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 {
                return;
            }
            match directive.name() {
                "upstream" => {
                    if let Some(name) = directive.arguments().first() {
                        self.groups.insert(name.value.clone(), group(directive, directives));
                    }
                }
                "include" => {
                    for argument in directive.arguments().iter().take(1) {
                        for file in self.matches(file, &argument.value) {
                            self.collect_groups(file, depth + 1);
                        }
                    }
                }
                _ => {}
            }
        }
    }

    fn file(&mut self, file: FileId, scope: &Scope, depth: usize) {
        let parsed = self.parsed;
        if let Some(directives) = parsed.get(&file) {
            let mut scope = scope.clone();
            self.level(file, directives, &directives.top, &mut scope, &mut false, depth);
            self.blocks(file, directives, &directives.top, &scope, depth);
        }
    }

    /// What a block sets itself, whatever the order, then what its inner blocks do with it.
    fn level(
        &mut self,
        file: FileId,
        directives: &'a Directives,
        block: &[usize],
        scope: &mut Scope,
        own_headers: &mut bool,
        depth: usize,
    ) {
        for directive in block.iter().filter_map(|&index| directives.all.get(index)) {
            self.steps = self.steps.saturating_sub(1);
            if self.steps == 0 || !directive.block.is_empty() {
                continue;
            }
            match (directive.name(), directive.arguments()) {
                ("include", [pattern, ..]) if depth < MAX_INCLUDES => {
                    for included in self.matches(file, &pattern.value) {
                        let parsed = self.parsed;
                        if let Some(inner) = parsed.get(&included) {
                            self.level(included, inner, &inner.top, scope, own_headers, depth + 1);
                        }
                    }
                }
                ("proxy_set_header", [name, rest @ ..]) => {
                    if !*own_headers {
                        scope.connection = None;
                        scope.headers.clear();
                        *own_headers = true;
                    }
                    if scope.headers.len() < MAX_HEADERS {
                        scope.headers.push(name.clone());
                    }
                    if name.value.eq_ignore_ascii_case("connection") {
                        scope.connection = rest.first().cloned();
                    }
                }
                ("ssl_certificate", [certificate, ..]) => scope.tls = Some(certificate.place),
                ("listen", [_, options @ ..]) if options.iter().any(|option| option.value == "ssl") => {
                    scope.tls = scope.tls.or_else(|| options.first().map(|option| option.place));
                }
                ("set", [name, value]) if scope.variables.len() < MAX_VARIABLES => {
                    scope.variables.insert(name.value.clone(), value.clone());
                }
                (name, [value, ..]) if is_shown(name) => {
                    scope.settings.insert(name.to_owned(), value.clone());
                }
                _ => {}
            }
        }
    }

    fn blocks(&mut self, file: FileId, directives: &'a Directives, block: &[usize], scope: &Scope, depth: usize) {
        for directive in block.iter().filter_map(|&index| directives.all.get(index)) {
            if self.steps == 0 {
                return;
            }
            match directive.name() {
                "include" if depth < MAX_INCLUDES => {
                    for pattern in directive.arguments().iter().take(1) {
                        for included in self.matches(file, &pattern.value) {
                            let parsed = self.parsed;
                            if let Some(inner) = parsed.get(&included) {
                                self.steps = self.steps.saturating_sub(1);
                                self.blocks(included, inner, &inner.top, scope, depth + 1);
                            }
                        }
                    }
                }
                "proxy_pass" | "uwsgi_pass" => self.route(directive, scope),
                "upstream" | "map" | "types" | "geo" | "events" => {}
                // A block is only entered, so the depth of the file bounds the depth of the calls.
                _ if !directive.block.is_empty() => {
                    let mut inner = scope.clone();
                    self.level(file, directives, &directive.block, &mut inner, &mut false, depth);
                    self.blocks(file, directives, &directive.block, &inner, depth);
                }
                _ => {}
            }
        }
    }

    fn route(&mut self, directive: &Directive, scope: &Scope) {
        let Some(target) = directive.arguments().first().filter(|_| self.routes.len() < MAX_ROUTES) else { return };
        let family = if directive.name() == "proxy_pass" { "proxy" } else { "uwsgi" };
        let get = |name: &str| scope.settings.get(&format!("{family}_{name}"));
        let address = address(target, &scope.variables);
        let group = address.as_ref().and_then(|address| self.groups.get(&address.value)).cloned();
        let upstreams = match &group {
            Some(group) => group.servers.clone(),
            None => address.into_iter().collect(),
        };
        let group = group.unwrap_or_default();
        self.routes.push(Proxy {
            program: "nginx",
            place: target.place,
            upstreams,
            keepalive: group.keepalive,
            keepalive_timeout: group.keepalive_timeout,
            http_version: get("http_version").cloned(),
            connection: scope.connection.clone(),
            connect_timeout: get("connect_timeout").and_then(time),
            read_timeout: get("read_timeout").and_then(time),
            send_timeout: get("send_timeout").and_then(time),
            buffering: get("buffering").and_then(switch),
            request_buffering: get("request_buffering").and_then(switch),
            max_body: scope.settings.get("client_max_body_size").and_then(size),
            headers: scope.headers.clone(),
            tls: scope.tls,
        });
    }
}

fn is_shown(name: &str) -> bool {
    let rest = name.strip_prefix("proxy_").or_else(|| name.strip_prefix("uwsgi_"));
    rest.map_or(name == "client_max_body_size", |rest| SHOWN.contains(&rest))
}

/// `*.conf` against a name.
fn glob(pattern: &str, name: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == name,
        Some((head, tail)) => {
            name.len() >= head.len() + tail.len()
                && name.starts_with(head)
                && name.ends_with(tail.trim_start_matches('*'))
        }
    }
}

fn group(directive: &Directive, directives: &Directives) -> Group {
    let mut group = Group::default();
    for inner in directive.block.iter().filter_map(|&index| directives.all.get(index)) {
        match (inner.name(), inner.arguments()) {
            ("server", [server, rest @ ..]) if !rest.iter().any(|word| word.value == "down") => {
                let plain = !server.value.contains(['$', '{']);
                group.servers.extend(plain.then(|| server.clone()));
            }
            ("keepalive", [count, ..]) => {
                group.keepalive = count.value.parse().ok().map(|value| Located::new(value, count.place));
            }
            ("keepalive_timeout", [limit, ..]) => group.keepalive_timeout = time(limit),
            _ => {}
        }
    }
    group
}

/// The server or the group that a target names, without its scheme and its path.
fn address(target: &Located<String>, variables: &BTreeMap<String, Located<String>>) -> Option<Located<String>> {
    let text = target.value.as_str();
    let schemes = ["http://", "https://", "uwsgi://", "suwsgi://"];
    let rest = schemes.iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text);
    // A socket's path ends at the next colon, behind which the path of the request follows.
    let length = match rest.strip_prefix("unix:") {
        Some(path) => 5 + path.find(':').unwrap_or(path.len()),
        None => rest.find(['/', '?']).unwrap_or(rest.len()),
    };
    let found = rest.get(..length)?;
    if found.starts_with('$') && variables.contains_key(found) {
        let value = variables.get(found)?;
        return if value.value.contains('$') { None } else { address(value, &BTreeMap::new()) };
    }
    if found.is_empty() || found.contains(['$', '{']) {
        return None;
    }
    let start = target.place.span.start + text.len() - rest.len();
    let verbatim = target.place.span.len() == text.len();
    let span = if verbatim { Span::new(start, start + length) } else { target.place.span };
    Some(Located::new(found.to_owned(), Place::new(target.place.file, span)))
}

/// `60`, `60s`, `1m30s`, `500ms`: without a unit seconds.
fn time(word: &Located<String>) -> Option<Located<Seconds>> {
    let mut rest = word.value.as_str();
    let mut total = 0.0;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let number: f64 = rest.get(..digits)?.parse().ok()?;
        rest = rest.get(digits..)?;
        let unit = rest.find(|c: char| c.is_ascii_digit() || c == ' ').unwrap_or(rest.len());
        total += number
            * match rest.get(..unit)? {
                "ms" => 0.001,
                "" | "s" => 1.0,
                "m" => 60.0,
                "h" => 3_600.0,
                "d" => 86_400.0,
                "w" => 604_800.0,
                _ => return None,
            };
        rest = rest.get(unit..)?.trim_start();
    }
    Some(Located::new(Seconds(total), word.place))
}

fn switch(word: &Located<String>) -> Option<Located<bool>> {
    let value = match word.value.to_ascii_lowercase().as_str() {
        "on" => true,
        "off" => false,
        _ => return None,
    };
    Some(Located::new(value, word.place))
}

/// `10m`, `1g`, `8k` or bytes; `0` switches the check off, so there is no limit then.
fn size(word: &Located<String>) -> Option<Located<Bytes>> {
    let plain = word.value.bytes().all(|byte| byte.is_ascii_digit() || b"kKmMgG".contains(&byte));
    let bytes = Bytes::parse(&word.value, false).filter(|bytes| plain && bytes.0 > 0)?;
    Some(Located::new(bytes, word.place))
}
