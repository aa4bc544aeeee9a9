//! Which Dockerfile of the project an image is built from, told by the name of the image.
//!
//! A cluster only knows names, and who builds what under which name is often told nowhere. Decides by
//! what compose files say and by the names of folders; never between two that fit alike.

use std::collections::BTreeSet;

use super::environment::Environment;
use super::image::{self, Recipe};
use super::{context, locate};
use crate::read::{Facts, Unit, UnitKind};
use crate::source::{FileId, Files};

/// Images of programs that a project runs beside its own and seldom builds.
const FOREIGN: [&str; 33] = [
    "alpine",
    "busybox",
    "celery-exporter",
    "cloud-sql-proxy",
    "curl",
    "elasticsearch",
    "envoy",
    "etcd",
    "fluent-bit",
    "fluentd",
    "gce-proxy",
    "grafana",
    "haproxy",
    "kafka",
    "kubectl",
    "mailhog",
    "mariadb",
    "memcached",
    "minio",
    "mongo",
    "mongodb",
    "mysql",
    "nginx",
    "node",
    "oauth2-proxy",
    "pgbouncer",
    "postgres",
    "postgresql",
    "prometheus",
    "python",
    "rabbitmq",
    "redis",
    "traefik",
];

/// Folders that hold Dockerfiles without saying what for.
const NAMELESS: [&str; 12] = [
    "build",
    "container",
    "containers",
    "contrib",
    "deploy",
    "deployment",
    "docker",
    "dockerfiles",
    "images",
    "infra",
    "ops",
    "src",
];

/// How the image that `unit` names is built, if the project tells.
pub(super) fn recipe<'f>(unit: &Unit, files: &Files, facts: &'f Facts, services: &[&'f Unit]) -> Option<Recipe<'f>> {
    let name = unit.image.as_ref().and_then(|image| name_of(&image.value));
    if let Some(name) = &name {
        if let Some(recipe) = composed(name, files, services) {
            return Some(recipe);
        }
        let dockerfiles = production(files, facts);
        let named = |fits: &dyn Fn(&str) -> bool| {
            let mut found = dockerfiles.iter().filter(|&&file| aliases(files.get(file).path()).iter().any(|a| fits(a)));
            found.next().filter(|_| found.next().is_none()).copied()
        };
        let tail = |long: &str, short: &str| {
            long.strip_suffix(short).is_some_and(|rest| rest.ends_with(['-', '_', '.'])) && short.len() > 1
        };
        let head = |long: &str, short: &str| {
            long.strip_prefix(short).is_some_and(|rest| rest.starts_with(['-', '_', '.'])) && short.len() > 1
        };
        let found = named(&|alias| alias == name)
            .or_else(|| named(&|alias| tail(name, alias) || tail(alias, name)))
            .or_else(|| named(&|alias| head(name, alias) || head(alias, name)));
        if let Some(file) = found {
            return Some(alone(file, files, facts, services));
        }
    }
    // With one image to build and one to run, they are the same.
    let own: BTreeSet<String> = facts
        .units
        .iter()
        .filter(|other| other.kind == unit.kind && other.build.is_none())
        .filter_map(|other| other.image.as_ref().and_then(|image| name_of(&image.value)))
        .filter(|name| !is_foreign(name))
        .collect();
    let is_own = name.as_ref().is_none_or(|name| !is_foreign(name));
    match production(files, facts).as_slice() {
        &[only] if is_own && own.len() <= 1 => Some(alone(only, files, facts, services)),
        _ => None,
    }
}

/// How the image is built that a compose service names without building it, if the project tells: a service that
/// builds one of that name, the folder that holds the script which the service starts, or the name of a Dockerfile.
pub(super) fn told<'f>(unit: &Unit, files: &Files, facts: &'f Facts, services: &[&'f Unit]) -> Option<Recipe<'f>> {
    if unit.build.is_some() {
        return None;
    }
    let name = name_of(&unit.image.as_ref()?.value);
    if name.as_ref().is_some_and(|name| is_foreign(name)) {
        return None;
    }
    let by_build = name.as_ref().and_then(|name| composed(name, files, services));
    let by_alias = || {
        let name = name.as_ref()?;
        let dockerfiles = production(files, facts);
        // Any registry has a `proxy-web`: only the whole name tells that it is the one of `web/Dockerfile`.
        let mut found = dockerfiles.iter().filter(|&&file| aliases(files.get(file).path()).contains(name));
        let only = found.next().filter(|_| found.next().is_none())?;
        Some(alone(*only, files, facts, services))
    };
    by_build.or_else(|| of_script(unit, files, facts, services)).or_else(by_alias).or_else(|| {
        let image = unit.image.as_ref()?.value.as_str();
        pushed(image, files, facts, services)
    })
}

/// What a file has that builds an image: a pipeline, a makefile, a script.
const BUILDS: [&str; 7] = [
    "docker build",
    "docker buildx build",
    "docker image build",
    "podman build",
    "build-push-action",
    "metadata-action",
    "kaniko",
];

/// The one Dockerfile of the project, where a file that builds images says the whole name of this one:
/// `docker build -t acme/web .`, `images: ghcr.io/acme/web`.
fn pushed<'f>(image: &str, files: &Files, facts: &'f Facts, services: &[&'f Unit]) -> Option<Recipe<'f>> {
    let image = image.split('@').next()?;
    // A colon in front of the last slash belongs to the port of a registry.
    let tag = image.rfind('/').map_or(0, |slash| slash + 1);
    let whole = image.get(..tag + image.get(tag..)?.find(':').unwrap_or(image.len() - tag))?;
    if !whole.contains('/') || whole.contains(['$', '{']) {
        return None;
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let says = |text: &str| {
        BUILDS.iter().any(|word| text.contains(word))
            && text.match_indices(whole).any(|(at, _)| {
                let before = text.get(..at).and_then(|text| text.chars().next_back());
                let after = text.get(at + whole.len()..).and_then(|text| text.chars().next());
                !before.is_some_and(is_part) && !after.is_some_and(is_part)
            })
    };
    let dockerfiles = production(files, facts);
    let [only] = dockerfiles.as_slice() else { return None };
    let is_built = files.iter().any(|(_, file)| !file.is_code() && says(file.text()));
    (is_built || is_of_repository(whole, files)).then(|| alone(*only, files, facts, services))
}

/// Whether a pipeline gives the image that it pushes the name of the repository, as `ghcr.io/${{ github.repository }}`,
/// and the metadata of the project says that this is the one which `whole` names.
fn is_of_repository(whole: &str, files: &Files) -> bool {
    let Some((registry, repository)) = whole.split_once('/').filter(|(_, rest)| rest.split('/').count() == 2) else {
        return false;
    };
    let pushes = |text: &str| {
        let named = ["github.repository }}", "github.repository}}"].iter().any(|name| text.contains(name));
        named && text.contains(registry) && BUILDS.iter().any(|word| text.contains(word))
    };
    let home = format!("github.com/{}", repository.to_ascii_lowercase());
    // What the project depends on may be named in the same file.
    let is_home = |line: &str| {
        let line = line.to_ascii_lowercase();
        let mut behind = line.match_indices(&home).filter_map(|(at, _)| line.get(at + home.len()..));
        !line.contains("git+")
            && behind.any(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || "-_".contains(c)))
    };
    let is_metadata = |name: &str| matches!(name, "pyproject.toml" | "setup.cfg" | "setup.py" | "CITATION.cff");
    let is_pipeline = |path: &str| path.starts_with(".github/workflows/");
    files.iter().any(|(_, file)| is_pipeline(file.path()) && pushes(file.text()))
        && files.iter().any(|(_, file)| is_metadata(file.path()) && file.text().lines().any(is_home))
}

/// The image that holds the script which a service starts by a relative path, where the project has the script in one
/// place and builds one image from there.
fn of_script<'f>(unit: &Unit, files: &Files, facts: &'f Facts, services: &[&'f Unit]) -> Option<Recipe<'f>> {
    let started = unit.entrypoint.as_ref().or(unit.command.as_ref())?;
    let word = started
        .simple
        .iter()
        .flatten()
        .find_map(|word| word.text().filter(|text| text.rsplit_once('.').is_some_and(|(_, end)| end == "sh")))?;
    let path = word.trim_start_matches("./");
    if path.starts_with(['/', '.']) || !path.contains('/') {
        return None;
    }
    let base = |file: &str| {
        let rest = file.strip_suffix(path)?;
        if rest.is_empty() { Some(String::new()) } else { rest.strip_suffix('/').map(str::to_owned) }
    };
    let mut bases = files.iter().filter_map(|(_, file)| base(file.path()));
    let folder = bases.next().filter(|_| bases.next().is_none())?;
    let dockerfiles = production(files, facts);
    let mut built: Vec<Recipe<'f>> = services
        .iter()
        .filter_map(|unit| image::recipe(unit, files))
        .filter(|recipe| recipe.context == folder)
        .collect();
    // Developers build another one from the same folder.
    if built.iter().any(|recipe| dockerfiles.contains(&recipe.dockerfile)) {
        built.retain(|recipe| dockerfiles.contains(&recipe.dockerfile));
    }
    if let Some((first, rest)) = built.split_first() {
        let same = rest.iter().all(|other| other.dockerfile == first.dockerfile && other.target == first.target);
        return same.then(|| built.into_iter().next()).flatten();
    }
    let mut beside = dockerfiles.iter().filter(|&&file| {
        let own = files.get(file).folder();
        own == folder || own == locate::join(&folder, "docker")
    });
    let only = beside.next().filter(|_| beside.next().is_none())?;
    Some(Recipe { dockerfile: *only, target: stage(*only, files, facts)?, context: folder })
}

fn alone<'f>(dockerfile: FileId, files: &Files, facts: &'f Facts, services: &[&'f Unit]) -> Recipe<'f> {
    let target = stage(dockerfile, files, facts).flatten();
    let by_copies = || {
        let image = image::build(facts, dockerfile, target, &Environment::default());
        image.map_or_else(|| files.get(dockerfile).folder().to_owned(), |image| image::home(&image, files))
    };
    let context = context_of(dockerfile, files, services).unwrap_or_else(by_copies);
    Recipe { dockerfile, target, context }
}

/// The folder that the services which build a Dockerfile build it from, where they agree: whoever builds the image
/// for something else needs the same files.
pub(super) fn context_of(dockerfile: FileId, files: &Files, services: &[&Unit]) -> Option<String> {
    let built = services.iter().filter_map(|unit| image::recipe(unit, files));
    let contexts: BTreeSet<String> =
        built.filter(|recipe| recipe.dockerfile == dockerfile).map(|recipe| recipe.context).collect();
    let mut contexts = contexts.into_iter();
    contexts.next().filter(|_| contexts.next().is_none())
}

/// The only service for production that builds a Dockerfile.
pub(super) fn builder<'f>(dockerfile: FileId, files: &Files, services: &[&'f Unit]) -> Option<&'f Unit> {
    let builds = |unit: &&&Unit| {
        image::recipe(unit, files).is_some_and(|recipe| recipe.dockerfile == dockerfile)
            && context::development(unit, files).is_none()
    };
    let mut found = services.iter().filter(builds);
    found.next().filter(|_| found.next().is_none()).copied()
}

/// The last part of the name of an image, without its tag; `None` where that part is not known.
fn name_of(image: &str) -> Option<String> {
    let last = image.split('@').next()?.rsplit('/').next()?;
    let name = last.split(':').next()?;
    let known = !name.is_empty() && !name.contains("{{") && !name.contains('$');
    known.then(|| name.to_ascii_lowercase())
}

fn is_foreign(name: &str) -> bool {
    // What loads a service for a test is another program.
    let loads = name.split(['-', '_']).any(|word| matches!(word, "locust" | "loadtest" | "k6"));
    FOREIGN.contains(&name) || name.ends_with("-exporter") || name.ends_with("-proxy") || loads
}

/// The compose service that builds an image of this name.
fn composed<'f>(name: &str, files: &Files, services: &[&'f Unit]) -> Option<Recipe<'f>> {
    services.iter().filter(|unit| unit.build.is_some()).find_map(|unit| {
        let image = unit.image.as_ref().and_then(|image| name_of(&image.value));
        if image.as_deref() != Some(name) {
            return None;
        }
        image::recipe(unit, files)
    })
}

/// The Dockerfiles that nothing tells to be for development.
fn production(files: &Files, facts: &Facts) -> Vec<FileId> {
    let images = facts.units.iter().filter(|unit| unit.kind == UnitKind::Image);
    let all: BTreeSet<FileId> = images.map(|unit| unit.place.file).collect();
    all.into_iter().filter(|&file| stage(file, files, facts).is_some()).collect()
}

/// The stage of a Dockerfile that is built for production: `None` in it is the last one. Where that one is named for
/// development, whoever builds the image names another, and with a single one that runs something it is that.
#[allow(clippy::option_option, reason = "a target that nobody names is not the same as no image for production")]
fn stage<'f>(dockerfile: FileId, files: &Files, facts: &'f Facts) -> Option<Option<&'f str>> {
    let is_stage = |unit: &&Unit| unit.kind == UnitKind::Image && unit.place.file == dockerfile;
    let is_production = |unit: &&Unit| context::development(unit, files).is_none();
    let stages = facts.units.iter().filter(is_stage);
    let last = stages.clone().next_back()?;
    if is_production(&last) {
        return Some(None);
    }
    let runs = |unit: &&Unit| unit.entrypoint.is_some() || unit.command.is_some();
    let mut named = stages.filter(|unit| runs(unit) && is_production(unit) && !unit.name.is_empty());
    let only = named.next().filter(|_| named.next().is_none())?;
    Some(Some(only.name.as_str()))
}

/// What the path of a Dockerfile calls its image: `api` for `services/api/Dockerfile`,
/// `docker/Dockerfile.api` and `api.Dockerfile`.
fn aliases(path: &str) -> Vec<String> {
    let lower = path.to_ascii_lowercase();
    let (folder, file) = lower.rsplit_once('/').unwrap_or(("", &lower));
    let of_file = file
        .strip_prefix("dockerfile")
        .or_else(|| file.strip_prefix("containerfile"))
        .or_else(|| file.strip_suffix("dockerfile"))
        .map(|rest| rest.trim_matches(['.', '-', '_']).to_owned());
    let of_folder = folder.rsplit('/').find(|part| !NAMELESS.contains(part)).map(str::to_owned);
    let generic = ["prod", "production", "release", "web"];
    let own = of_file.filter(|name| !name.is_empty() && !generic.contains(&name.as_str()));
    // A name in the name of the file says more than the folder, where several lie side by side.
    own.or(of_folder).filter(|name| !name.is_empty()).into_iter().collect()
}

/// The folder of the project that a container of `unit` most likely holds: the nearest one above the
/// manifest with Python code in it.
pub(super) fn home(unit: &Unit, files: &Files) -> String {
    let mut folder = files.get(unit.place.file).folder().to_owned();
    loop {
        let mut beside = files.iter().filter(|(_, file)| file.folder() == folder);
        if folder.is_empty() || beside.any(|(_, file)| file.name().rsplit('.').next() == Some("py")) {
            return folder;
        }
        folder = locate::join(&folder, "..");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_images_and_dockerfiles() {
        let name = |image: &str| name_of(image);
        assert_eq!(name("registry:5000/org/Web:1.0").as_deref(), Some("web"));
        assert_eq!(name("web@sha256:00").as_deref(), Some("web"));
        assert_eq!(name("{{ ? }}/web:{{ ? }}").as_deref(), Some("web"));
        assert_eq!(name("{{ ? }}"), None);
        assert_eq!(aliases("services/api/Dockerfile"), ["api"]);
        assert_eq!(aliases("docker/Dockerfile.worker"), ["worker"]);
        assert_eq!(aliases("docker/worker.Dockerfile"), ["worker"]);
        assert_eq!(aliases("api/docker/Dockerfile.prod"), ["api"]);
        assert!(aliases("Dockerfile").is_empty());
    }
}
