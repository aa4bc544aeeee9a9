//! What a file is, told by its name and, where many formats share a name, by a look at its text.
//!
//! Decides which reader a file gets. Does not know whether the reader will make sense of it.

/// A kind of file that has a reader.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A Dockerfile or Containerfile.
    Dockerfile,
    /// What the build of an image leaves out.
    Dockerignore,
    /// A compose file, overrides included.
    Compose,
    /// A Procfile of a platform or of a local process manager.
    Procfile,
    /// A shell script.
    Script,
    /// Variables, one per line.
    Dotenv,
    /// Python source.
    Python,
    /// Python under a name without `.py`, as far as the name of a configuration tells; it counts only if it
    /// is Python throughout, because other programs have files of such names.
    PythonConfiguration,
    /// A list of requirements or constraints for pip.
    Requirements,
    /// `pyproject.toml`.
    Pyproject,
    /// `poetry.lock`, or `pdm.lock`, which looks the same.
    PoetryLock,
    /// `uv.lock`.
    UvLock,
    /// `Pipfile`.
    Pipfile,
    /// `Pipfile.lock`.
    PipfileLock,
    /// `setup.cfg`.
    SetupConfig,
    /// An environment of conda.
    CondaEnvironment,
    /// Manifests of Kubernetes or `OpenShift`, one or many in a file.
    Kubernetes,
    /// A template of a Helm chart.
    HelmTemplate,
    /// The values of a Helm chart.
    HelmValues,
    /// `Chart.yaml`, which names a Helm chart.
    HelmChart,
    /// What Kustomize builds from which manifests.
    Kustomization,
    /// `app.json` of Heroku and its kin.
    AppJson,
    /// `fly.toml`.
    Fly,
    /// A blueprint of Render.
    Render,
    /// `app.yaml` of Google App Engine.
    AppEngine,
    /// A task definition of Amazon ECS.
    EcsTask,
    /// An app specification of `DigitalOcean`.
    DigitalOcean,
    /// Container apps and container groups of Azure.
    Azure,
    /// `heroku.yml`.
    HerokuYaml,
    /// `railway.toml` or `railway.json`.
    Railway,
    /// `nixpacks.toml`.
    Nixpacks,
    /// A file of `.ebextensions`.
    Beanstalk,
    /// A unit of systemd, or a drop-in of one.
    Systemd,
    /// The configuration of supervisord, or a part that it includes.
    Supervisor,
    /// A configuration of uWSGI in INI form.
    UwsgiIni,
    /// A configuration of uWSGI in YAML form.
    UwsgiYaml,
    /// A configuration of uWSGI in JSON form.
    UwsgiJson,
    /// A configuration of uWSGI in XML form.
    UwsgiXml,
    /// A configuration of Hypercorn in TOML form.
    HypercornToml,
    /// A makefile.
    Makefile,
    /// A justfile.
    Justfile,
    /// `package.json`.
    PackageJson,
    /// A `Taskfile.yml`.
    Taskfile,
    /// The configuration of nginx, or a part that it includes.
    Nginx,
    /// The configuration of Caddy.
    Caddyfile,
    /// What Terraform or `OpenTofu` builds; of it only words are looked for.
    Terraform,
    /// What a forge does after a push; of it only words are looked for.
    Pipeline,
    /// Rust source.
    Rust,
    /// `Cargo.toml`.
    CargoManifest,
    /// `Cargo.lock`.
    CargoLock,
    /// `Rocket.toml`.
    RocketToml,
}

/// What a name tells about a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Guess {
    /// It is this.
    Sure(FileKind),
    /// Several formats look like this from outside; [`Guess::settle`] looks inside.
    Yaml,
    /// The same for JSON.
    Json,
    /// The same for files of sections or of directives.
    Conf,
    /// The same for XML.
    Xml,
    /// The same for TOML.
    Toml,
    /// A name without an ending: the first line may name an interpreter.
    Plain,
}

/// What generators of configuration files put behind the name of what they generate.
const TEMPLATES: [&str; 9] = ["j2", "jinja", "jinja2", "tmpl", "tpl", "template", "example", "sample", "dist"];

/// What files are called, in front of their endings, that people miss where they cannot be read.
const TELLING: [&str; 6] = ["uwsgi", "supervisord", "supervisor", "nginx", "hypercorn", "task-definition"];

/// Where GitHub looks for what it does after a push.
const WORKFLOWS: &str = ".github/workflows";

impl Guess {
    /// What the name of the file at `path`, whose parts are separated by `/`, tells; `None` if nothing
    /// reads such a file.
    pub fn of(path: &str) -> Option<Self> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let lower = name.to_ascii_lowercase();
        let is_yaml = matches!(lower.rsplit_once('.'), Some((_, "yml" | "yaml")));
        if folder.ends_with(WORKFLOWS) && !is_yaml {
            return None;
        }
        by_name(&lower, folder).or_else(|| by_look(&lower, folder))
    }

    /// The kind of the file at `path` with this text; `None` if nothing reads it.
    pub fn settle(self, path: &str, text: &str) -> Option<FileKind> {
        match self {
            Self::Sure(kind) => Some(kind),
            Self::Yaml => yaml(path, text),
            Self::Json => json(text),
            Self::Conf => conf(path, text).or_else(|| configuration(path)),
            Self::Xml => text.contains("<uwsgi").then_some(FileKind::UwsgiXml),
            Self::Plain => by_interpreter(text).or_else(|| configuration(path)),
            Self::Toml => is_hypercorn(path, text).then_some(FileKind::HypercornToml),
        }
    }

    /// Whether the text decides, so that a file at `path` that turns out to be nothing is no matter.
    pub fn is_open(self, path: &str) -> bool {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let stem = name.split('.').next().unwrap_or_default().to_ascii_lowercase();
        let tells = TELLING.contains(&stem.as_str()) || folder.rsplit('/').next() == Some(".do");
        !matches!(self, Self::Sure(_)) && !tells
    }

    /// Whether it is Python source, of which a project has many more files than of anything else.
    pub const fn is_python(self) -> bool {
        matches!(self, Self::Sure(FileKind::Python))
    }

    /// Whether it is Rust source, which says nothing without a `Cargo.toml`.
    pub const fn is_rust(self) -> bool {
        matches!(self, Self::Sure(FileKind::Rust))
    }
}

impl FileKind {
    /// What the file at `path` is, given that something which starts servers names it: servers read their
    /// configuration and their variables from files of any name.
    pub fn of_named(path: &str, text: &str) -> Option<Self> {
        let told = Guess::of(path).and_then(|guess| guess.settle(path, text));
        told.or_else(|| conf(path, text))
            .or_else(|| uwsgi(path, text))
            .or_else(|| by_interpreter(text))
            .or_else(|| by_lines(path, text))
    }
}

/// The configurations of uWSGI whose name says nothing: in JSON, in XML, or with sections of other names only, which
/// another one includes.
fn uwsgi(path: &str, text: &str) -> Option<FileKind> {
    let told = |line: &str| {
        let key = line.split('=').next().unwrap_or_default().trim();
        ["master", "harakiri", "wsgi-file", "vacuum", "die-on-term", "enable-threads", "http-socket", "lazy-apps"]
            .contains(&key)
    };
    match path.rsplit_once('.').map(|(_, extension)| extension) {
        Some("json" | "js") => json(text).filter(|kind| *kind == FileKind::UwsgiJson),
        Some("xml") => Guess::Xml.settle(path, text),
        Some("ini") => (has_line(text, "[") && text.lines().any(told)).then_some(FileKind::UwsgiIni),
        _ => None,
    }
}

/// Lines of variables, of TOML or of Python, told apart by how people write each.
fn by_lines(path: &str, text: &str) -> Option<FileKind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    if extension.as_deref().is_some_and(|extension| DATA.contains(&extension)) {
        return None;
    }
    let written = || text.lines().map(str::trim_end).filter(|line| !line.trim().is_empty() && !line.starts_with('#'));
    if extension.as_deref() == Some("toml") {
        return written().any(|line| line.contains('=')).then_some(FileKind::HypercornToml);
    }
    let variable = |line: &str| {
        let name = line.strip_prefix("export ").unwrap_or(line).split_once('=').map_or("", |(name, _)| name);
        name.starts_with(|c: char| c.is_ascii_uppercase() || c == '_')
            && name.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
    };
    if written().next().is_some() && written().all(variable) {
        return Some(FileKind::Dotenv);
    }
    let statement = |line: &str| {
        let name = line.split_once('=').map_or("", |(name, _)| name.trim_end());
        let assigns =
            !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
        assigns || line.starts_with("import ") || line.starts_with("from ")
    };
    written().any(statement).then_some(FileKind::PythonConfiguration)
}

/// Endings of files that no server takes for its configuration.
const DATA: [&str; 20] = [
    "yml", "yaml", "json", "md", "rst", "txt", "html", "css", "js", "ts", "svg", "png", "jpg", "csv", "sql", "lock",
    "pem", "crt", "key", "xml",
];

/// Names that leave no doubt.
fn by_name(lower: &str, folder: &str) -> Option<Guess> {
    let (stem, extension) = lower.rsplit_once('.').unwrap_or((lower, ""));
    let kind = match (lower, extension) {
        ("pyproject.toml", _) => FileKind::Pyproject,
        ("cargo.toml", _) => FileKind::CargoManifest,
        ("cargo.lock", _) => FileKind::CargoLock,
        ("rocket.toml", _) => FileKind::RocketToml,
        ("poetry.lock", _) => FileKind::PoetryLock,
        ("uv.lock", _) => FileKind::UvLock,
        ("pipfile", _) => FileKind::Pipfile,
        ("pipfile.lock", _) => FileKind::PipfileLock,
        ("setup.cfg", _) => FileKind::SetupConfig,
        ("app.json", _) => FileKind::AppJson,
        ("package.json", _) => FileKind::PackageJson,
        ("render.yaml" | "render.yml", _) => FileKind::Render,
        ("chart.yaml", _) => FileKind::HelmChart,
        ("kustomization.yaml" | "kustomization.yml" | "kustomization", _) => FileKind::Kustomization,
        (_, "tpl") if folder.split('/').any(|part| part == "templates") => FileKind::HelmTemplate,
        ("fly.toml", _) => FileKind::Fly,
        ("heroku.yml" | "heroku.yaml", _) => FileKind::HerokuYaml,
        ("railway.toml" | "railway.json", _) => FileKind::Railway,
        ("nixpacks.toml" | "nixpacks.json", _) => FileKind::Nixpacks,
        ("taskfile.yml" | "taskfile.yaml" | "taskfile.dist.yml" | "taskfile.dist.yaml", _) => FileKind::Taskfile,
        (_, "config") if folder.ends_with(".ebextensions") => FileKind::Beanstalk,
        ("makefile" | "gnumakefile", _) | (_, "mk") => FileKind::Makefile,
        (_, "dockerignore") => FileKind::Dockerignore,
        (_, "tf") => FileKind::Terraform,
        (".gitlab-ci.yml" | "azure-pipelines.yml" | "bitbucket-pipelines.yml", _) => FileKind::Pipeline,
        (_, "yml" | "yaml") if folder.ends_with(WORKFLOWS) => FileKind::Pipeline,
        ("justfile" | ".justfile", _) | (_, "just") => FileKind::Justfile,
        ("caddyfile", _) | (_, "caddyfile" | "caddy") => FileKind::Caddyfile,
        (_, "service" | "socket") => FileKind::Systemd,
        (_, "py") => FileKind::Python,
        (_, "rs") => FileKind::Rust,
        (_, "yml" | "yaml") if is_compose(stem) => FileKind::Compose,
        ("pdm.lock", _) => FileKind::PoetryLock,
        ("environment.yml" | "environment.yaml", _) => FileKind::CondaEnvironment,
        (_, "txt" | "in") if is_requirements(stem, folder) => FileKind::Requirements,
        // The file with the command that App Service of Azure is told to start.
        ("startup.txt", _) => FileKind::Script,
        (_, "env") => FileKind::Dotenv,
        (_, "sh" | "bash") | ("entrypoint" | "docker-entrypoint", _) => FileKind::Script,
        (_, "toml") if stem.starts_with("fly.") || stem.starts_with("fly-") => FileKind::Fly,
        (_, "conf") if folder.ends_with(".service.d") => FileKind::Systemd,
        _ => return loosely_named(lower, extension),
    };
    Some(Guess::Sure(kind))
}

/// `Dockerfile.prod`, `Dockerfile-prod`, `web.Dockerfile`, `Procfile.dev`, `.env.production`.
fn loosely_named(lower: &str, extension: &str) -> Option<Guess> {
    let first = lower.split('.').next().unwrap_or(lower);
    let is_image = |name: &str| matches!(name, "dockerfile" | "containerfile");
    // With an ending it is about an image: `dockerfile-notes.txt`.
    let plain = extension.is_empty();
    let joined = |name: &str| {
        let mut parts = name.split(['-', '_']);
        plain && (parts.next().is_some_and(is_image) || parts.next_back().is_some_and(is_image))
    };
    // A backup starts nothing.
    let inert = matches!(extension, "md" | "rst" | "bak" | "orig" | "swp" | "j2" | "tmpl");
    if inert || lower.ends_with('~') {
        return None;
    }
    let kind = if is_image(first) || is_image(extension) || joined(lower) {
        FileKind::Dockerfile
    } else if first == "procfile" {
        FileKind::Procfile
    } else if first == "caddyfile" {
        FileKind::Caddyfile
    } else if lower == ".env" || lower.starts_with(".env.") || lower.starts_with(".env-") || lower.starts_with(".env_")
    {
        FileKind::Dotenv
    } else {
        return None;
    };
    Some(Guess::Sure(kind))
}

/// Words in the names of JSON files, or of their folders, that start something.
const JSON: [&str; 11] =
    ["task", "ecs", "fargate", "uwsgi", "k8s", "kube", "deploy", "manifest", "openshift", "knative", "cluster"];

/// Endings that several formats share. A template of such a file is read as one, with the holes left open.
fn by_look(lower: &str, folder: &str) -> Option<Guess> {
    let (stem, extension) = lower.rsplit_once('.').unwrap_or((lower, ""));
    if TEMPLATES.contains(&extension) {
        let (_, inner) = stem.rsplit_once('.')?;
        return match inner {
            "service" => Some(Guess::Sure(FileKind::Systemd)),
            "ini" | "conf" | "cfg" => Some(Guess::Conf),
            "yml" | "yaml" => Some(Guess::Yaml),
            _ => None,
        };
    }
    if matches!(folder.rsplit('/').next(), Some("sites-available" | "sites-enabled")) {
        return Some(Guess::Conf);
    }
    match extension {
        "yml" | "yaml" => Some(Guess::Yaml),
        // Of the many JSON files of a project only those are opened whose name or folder says enough.
        "json" => {
            let says = |word: &str| stem.contains(word) || folder.to_ascii_lowercase().contains(word);
            JSON.into_iter().any(says).then_some(Guess::Json)
        }
        "ini" | "conf" | "cfg" => Some(Guess::Conf),
        "config" if stem.starts_with("gunicorn") => Some(Guess::Conf),
        "nginx" => Some(Guess::Sure(FileKind::Nginx)),
        "xml" => stem.contains("uwsgi").then_some(Guess::Xml),
        "toml" => Some(Guess::Toml),
        // What people call their own programs: `bin/start`, `s6-rc.d/web/run`.
        "" => Some(Guess::Plain),
        _ => None,
    }
}

/// Whether a line of `text` begins with `start`.
fn has_line(text: &str, start: &str) -> bool {
    text.lines().any(|line| line.trim_start_matches('\u{feff}').starts_with(start))
}

/// Whether all that manifests do is to define kinds of resources, which takes megabytes and starts nothing.
fn only_defines(text: &str) -> bool {
    let mut kinds = text.lines().filter(|line| line.starts_with("kind:")).peekable();
    kinds.peek().is_some() && kinds.all(|line| line.trim_end().ends_with(" CustomResourceDefinition"))
}

fn yaml(path: &str, text: &str) -> Option<FileKind> {
    let lower = path.to_ascii_lowercase();
    let (folder, name) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let below = |name: &str| folder.split('/').any(|part| part == name);
    if only_defines(text) {
        return None;
    }
    if below("templates") && (text.contains("{{") || has_line(text, "apiVersion:")) && text.contains("kind:") {
        return Some(FileKind::HelmTemplate);
    }
    if has_line(text, "apiVersion:") && has_line(text, "kind:") {
        let azure = text.contains("Microsoft.App/") || text.contains("Microsoft.ContainerInstance/");
        return Some(if azure { FileKind::Azure } else { FileKind::Kubernetes });
    }
    if has_line(text, "- apiVersion:")
        || has_line(text, "  - apiVersion:")
        || has_line(text, "items:") && text.contains("apiVersion:")
        // Operations on objects, which Kustomize applies.
        || has_line(text, "- op:") && text.contains("path: /")
    {
        return Some(FileKind::Kubernetes);
    }
    if text.contains("Microsoft.App/") || text.contains("Microsoft.ContainerInstance/") {
        return Some(FileKind::Azure);
    }
    let told = name.split_once('.').is_some_and(|(stem, _)| stem.ends_with("-values") || stem.ends_with("_values"));
    if name.starts_with("values") || told || name.contains(".values.") || folder.rsplit('/').next() == Some("values") {
        return Some(FileKind::HelmValues);
    }
    if has_line(text, "uwsgi:") {
        return Some(FileKind::UwsgiYaml);
    }
    if has_line(text, "runtime:") && (name.starts_with("app") || has_line(text, "entrypoint:")) {
        return Some(FileKind::AppEngine);
    }
    let specified = has_line(text, "services:") || has_line(text, "workers:") || has_line(text, "spec:");
    if (below(".do") || has_line(text, "region:") || text.contains("instance_size_slug:")) && specified {
        return Some(FileKind::DigitalOcean);
    }
    if text.contains("containerDefinitions:") || text.contains("ContainerDefinitions:") {
        return Some(FileKind::EcsTask);
    }
    has_services(text).then_some(FileKind::Compose)
}

/// Whether it holds services by their names, each with something that only compose has: `production.yml`,
/// `common-services.yml`, `stack.yaml`.
fn has_services(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim_end);
    let written = |line: &&str| !line.trim().is_empty() && !line.trim_start().starts_with('#');
    let begins = lines.by_ref().any(|line| line.trim_start_matches('\u{feff}') == "services:");
    let named = lines.find(written).is_some_and(|line| {
        let name = line.trim_start().split(':').next().unwrap_or_default();
        line.starts_with(' ') && line.contains(':') && !name.is_empty() && !name.contains([' ', '"', '{'])
    });
    let keys = ["image:", "build:", "command:", "environment:", "env_file:", "extends:", "ports:", "deploy:", "<<:"];
    begins && named && keys.iter().any(|key| text.contains(key))
}

/// `gunicorn.conf`, `gunicorn_config`, `gunicorn-prod.cfg`: Gunicorn reads any name as Python.
fn configuration(path: &str) -> Option<FileKind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let named =
        name.starts_with("gunicorn") && matches!(name.rsplit_once('.'), None | Some((_, "conf" | "config" | "cfg")));
    named.then_some(FileKind::PythonConfiguration)
}

fn json(text: &str) -> Option<FileKind> {
    if text.contains("\"containerDefinitions\"") || text.contains("\"ContainerDefinitions\"") {
        Some(FileKind::EcsTask)
    } else if text.contains("\"uwsgi\"") {
        Some(FileKind::UwsgiJson)
    } else {
        let manifest = text.contains("\"apiVersion\"") && text.contains("\"kind\"");
        manifest.then_some(FileKind::Kubernetes)
    }
}

/// What may stand in front of the first word of a line.
const BLANK: [char; 3] = ['\u{feff}', ' ', '\t'];

fn conf(path: &str, text: &str) -> Option<FileKind> {
    for line in text.lines().map(|line| line.trim_start_matches(BLANK)) {
        if line.starts_with("[uwsgi") {
            return Some(FileKind::UwsgiIni);
        }
        if line.starts_with("[program:") || line.starts_with("[supervisord]") || line.starts_with("[fcgi-program:") {
            return Some(FileKind::Supervisor);
        }
        if line.starts_with("[Service]") {
            return Some(FileKind::Systemd);
        }
    }
    // `uwsgi --ini uwsgi.ini:web` needs no section of that name.
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    if name.contains("uwsgi") && name.contains(".ini") && has_line(text, "[") {
        return Some(FileKind::UwsgiIni);
    }
    // Blocks may stand on one line: `server { location / { proxy_pass http://web; } }`.
    let begins = |part: &str, name: &str| {
        let rest = part.trim_start_matches(BLANK).strip_prefix(name);
        rest.is_some_and(|rest| rest.starts_with([' ', '\t']))
    };
    let directive = |name: &str| {
        let said = |line: &str| {
            let code = line.split('#').next().unwrap_or_default();
            code.split(['{', '}', ';']).any(|part| begins(part, name))
        };
        text.contains(name) && text.lines().any(said)
    };
    let passes = ["proxy_pass", "uwsgi_pass", "proxy_set_header", "proxy_read_timeout", "client_max_body_size"];
    let nginx = passes.into_iter().any(directive) || (directive("upstream") && text.contains("server "));
    let sections = matches!(path.rsplit_once('.'), Some((_, "ini" | "cfg")));
    (!sections && nginx).then_some(FileKind::Nginx)
}

/// `#!/bin/sh`, `#!/usr/bin/env bash`, `#!/command/with-contenv bash`, `#!/usr/bin/env python3`.
fn by_interpreter(text: &str) -> Option<FileKind> {
    let line = text.strip_prefix("#!")?.lines().next()?;
    line.split_whitespace().find_map(|word| {
        let name = word.rsplit('/').next().unwrap_or(word);
        match name {
            "sh" | "bash" | "dash" | "ash" | "ksh" | "zsh" => Some(FileKind::Script),
            _ if name.starts_with("python") => Some(FileKind::Python),
            _ => None,
        }
    })
}

fn is_hypercorn(path: &str, text: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    // Hypercorn takes any name with `-c`; a name without the word needs keys that only it has.
    name.contains("hypercorn")
        || ["worker_class", "insecure_bind", "quic_bind", "graceful_timeout", "keep_alive_timeout", "accesslog"]
            .into_iter()
            .any(|key| {
                text.lines().any(|line| line.strip_prefix(key).is_some_and(|rest| rest.trim_start().starts_with('=')))
            })
}

/// `compose.yaml`, `docker-compose.prod.yml`, `compose-dev.yaml`, `production.compose.yml`.
fn is_compose(stem: &str) -> bool {
    let begins =
        |word: &str| stem.strip_prefix(word).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '_']));
    begins("compose")
        || begins("docker-compose")
        || begins("docker_compose")
        || begins("podman-compose")
        || stem.ends_with(".compose")
        || stem.ends_with(".docker-compose")
}

fn is_requirements(stem: &str, folder: &str) -> bool {
    let folder = folder.rsplit('/').next().unwrap_or(folder);
    stem.contains("requirements") || stem == "constraints" || matches!(folder, "requirements" | "reqs")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_kind() {
        use FileKind::{Compose, Dockerfile, Dotenv, Pipfile, Procfile, Python, Requirements, Script};
        for (path, kind) in [
            ("Dockerfile", Some(Dockerfile)),
            ("docker/Dockerfile.prod", Some(Dockerfile)),
            ("web.Dockerfile", Some(Dockerfile)),
            ("docker/Dockerfile-web", Some(Dockerfile)),
            ("web_Dockerfile", Some(Dockerfile)),
            ("dockerfile-notes.txt", None),
            ("dockerfile_lint.py", Some(Python)),
            ("Containerfile", Some(Dockerfile)),
            ("dockerfile", Some(Dockerfile)),
            ("Dockerfile.dockerignore", Some(FileKind::Dockerignore)),
            (".dockerignore", Some(FileKind::Dockerignore)),
            ("infra/main.tf", Some(FileKind::Terraform)),
            (".github/workflows/ci.yml", Some(FileKind::Pipeline)),
            (".github/workflows/tool.py", None),
            (".gitlab-ci.yml", Some(FileKind::Pipeline)),
            ("Dockerfile.j2", None),
            ("web.service", Some(FileKind::Systemd)),
            ("deploy/web.service.j2", Some(FileKind::Systemd)),
            ("web.service.d/limits.conf", Some(FileKind::Systemd)),
            ("fly.staging.toml", Some(FileKind::Fly)),
            ("GNUmakefile", Some(FileKind::Makefile)),
            ("Dockerfile.md", None),
            ("compose.yaml", Some(Compose)),
            ("docker-compose.override.yml", Some(Compose)),
            ("docker-compose-prod.yaml", Some(Compose)),
            ("prod.compose.yml", Some(Compose)),
            ("Procfile", Some(Procfile)),
            ("Procfile.dev", Some(Procfile)),
            (".env", Some(Dotenv)),
            (".env.production", Some(Dotenv)),
            ("deploy/prod.env", Some(Dotenv)),
            (".environment", None),
            ("gunicorn.conf.py", Some(Python)),
            ("requirements.txt", Some(Requirements)),
            ("dev-requirements.txt", Some(Requirements)),
            ("requirements/prod.txt", Some(Requirements)),
            ("robots.txt", None),
            ("startup.txt", Some(Script)),
            ("Pipfile", Some(Pipfile)),
            ("start.sh", Some(Script)),
            ("chart/Chart.yaml", Some(FileKind::HelmChart)),
            ("chart/templates/_helpers.tpl", Some(FileKind::HelmTemplate)),
            ("base/kustomization.yaml", Some(FileKind::Kustomization)),
        ] {
            assert_eq!(Guess::of(path), kind.map(Guess::Sure), "{path}");
        }
    }

    #[test]
    fn a_file_that_a_command_names_is_told_by_what_it_holds() {
        for (path, text, kind) in [
            ("conf/web.conf", "bind = '0.0.0.0:80'\nworkers = 2\n", Some(FileKind::PythonConfiguration)),
            ("conf/settings", "from base import *\n", Some(FileKind::PythonConfiguration)),
            ("deploy/default/web", "# x\nWORKERS=2\nexport PORT=80\n", Some(FileKind::Dotenv)),
            ("conf/server.toml", "bind = \"0.0.0.0:80\"\n", Some(FileKind::HypercornToml)),
            ("conf/web.uwsgi", "[uwsgi]\nmaster = true\n", Some(FileKind::UwsgiIni)),
            ("conf/web.conf", "upstream a {\n  server b:1;\n}\n", Some(FileKind::Nginx)),
            ("conf/a.conf", "server { listen 80; location / { proxy_pass http://b; } }\n", Some(FileKind::Nginx)),
            ("LICENSE", "Permission is hereby granted\n", None),
            ("data.json", "{\"a\": 1}\n", None),
            ("empty", "", None),
        ] {
            assert_eq!(FileKind::of_named(path, text), kind, "{path}");
        }
    }

    #[test]
    fn texts_tell_what_names_leave_open() {
        for (path, text, kind) in [
            ("composer.yml", "a: 1\n", None),
            ("k8s/crd.yaml", "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\n", None),
            ("k8s/web.yaml", "# web\napiVersion: apps/v1\nkind: Deployment\n", Some(FileKind::Kubernetes)),
            (
                "chart/templates/web.yaml",
                "kind: Deployment\nimage: {{ .Values.image }}\n",
                Some(FileKind::HelmTemplate),
            ),
            ("chart/values.yaml", "replicaCount: 2\n", Some(FileKind::HelmValues)),
            ("chart/ci/test-values.yaml", "replicaCount: 2\n", Some(FileKind::HelmValues)),
            ("chart/values/prod.yaml", "replicaCount: 2\n", Some(FileKind::HelmValues)),
            ("app.yaml", "runtime: python312\nentrypoint: gunicorn main:app\n", Some(FileKind::AppEngine)),
            (".do/app.yaml", "name: web\nservices:\n- name: api\n", Some(FileKind::DigitalOcean)),
            ("ecs/web.json", "{\"containerDefinitions\": []}", Some(FileKind::EcsTask)),
            ("tasks.json", "{\"version\": 1}", None),
            ("deploy/app.ini", "; x\n[uwsgi]\nmaster = 1\n", Some(FileKind::UwsgiIni)),
            ("conf.d/web.conf", "[program:web]\ncommand=gunicorn app\n", Some(FileKind::Supervisor)),
            (
                "nginx/default.conf",
                "server {\n  location / {\n    proxy_pass http://web;\n  }\n}\n",
                Some(FileKind::Nginx),
            ),
            ("nginx.conf", "http{ server { location / { proxy_pass http://web:8000; } } }\n", Some(FileKind::Nginx)),
            (
                "web.conf",
                "http {\n  server { listen 80; location / { proxy_pass http://a; } }\n}\n",
                Some(FileKind::Nginx),
            ),
            ("notes.conf", "# location / { proxy_pass http://a; }\nproxy_passes = 1\n", None),
            ("alembic.ini", "[alembic]\n", None),
            ("hypercorn.toml", "bind = \"0.0.0.0:80\"\n", Some(FileKind::HypercornToml)),
            ("ruff.toml", "line-length = 100\n", None),
            ("bin/start", "#!/usr/bin/env bash\nexec gunicorn app\n", Some(FileKind::Script)),
            ("s6/web/run", "#!/command/with-contenv /usr/bin/bash\n", Some(FileKind::Script)),
            ("manage", "#!/usr/bin/env python3\n", Some(FileKind::Python)),
            ("LICENSE", "MIT\n", None),
        ] {
            assert_eq!(Guess::of(path).and_then(|guess| guess.settle(path, text)), kind, "{path}");
        }
    }
}
