//! Which version of a distribution runs: pinned, bounded, or the newest that is known.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::context;
use super::installed::Installed;
use crate::read::Requirement;
use crate::servers::{Server, Version, table};
use crate::source::{Files, Place};
use crate::values::Order as _;

/// A version to judge by, and how it is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerVersion {
    /// The version; for a bound, one that stands for the newest release below it.
    pub version: Version,
    /// How it prints: `27.0.1`, `below 24`.
    shown: String,
    /// The line that asks for it; `None` if it was assumed.
    pub place: Option<Place>,
}

impl ServerVersion {
    /// The version as text, without how it is known.
    pub fn version_text(&self) -> &str {
        &self.shown
    }

    /// Whether the project says nothing about the version.
    pub const fn is_assumed(&self) -> bool {
        self.place.is_none()
    }
}

impl fmt::Display for ServerVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)?;
        if self.is_assumed() { f.write_str(" (assumed: the newest known)") } else { Ok(()) }
    }
}

/// The version of `distribution` that the files `installed` ask for, which are known to be installed, or else the
/// requirements nearest to `folder`.
///
/// What is installed last counts. Where that is not known, a lock counts more than a pin, and a pin more than a bound;
/// where equally near files disagree, none is chosen; where the nearest say nothing about the version, the next do.
pub(super) fn asked_for(
    distribution: &str,
    folder: &str,
    installed: &Installed,
    requirements: &[Requirement],
    files: &Files,
) -> Option<ServerVersion> {
    let name = distribution.to_ascii_lowercase();
    let named: Vec<&Requirement> = requirements.iter().filter(|one| one.name == name).collect();
    chosen(&named, folder, installed, files)
}

/// The tools that run a command in what they have installed, each with its lock.
const TOOLS: [(&str, &str); 4] =
    [("poetry", "poetry.lock"), ("uv", "uv.lock"), ("pipenv", "Pipfile.lock"), ("pdm", "pdm.lock")];

/// The requirements without the locks of other tools than the one that runs the command: `poetry run` starts what
/// `poetry.lock` says.
pub(super) fn of_tool<'r>(command: &str, requirements: &'r [Requirement], files: &Files) -> Cow<'r, [Requirement]> {
    let mut words = command.split(|c: char| c.is_whitespace() || "[\"',]".contains(c)).filter(|word| !word.is_empty());
    let mut last = "";
    let found = words.find_map(|word| {
        let tool = TOOLS.iter().find(|(name, _)| word == "run" && last.rsplit('/').next() == Some(name));
        last = word;
        tool
    });
    let name = |one: &Requirement| files.get(one.place.file).name();
    let Some((_, lock)) = found.filter(|(_, lock)| requirements.iter().any(|one| name(one) == *lock)) else {
        return Cow::Borrowed(requirements);
    };
    let other = |one: &Requirement| TOOLS.iter().any(|(_, known)| known != lock && name(one) == *known);
    Cow::Owned(requirements.iter().filter(|one| !other(one)).cloned().collect())
}

/// The same among the requirements of one distribution.
fn chosen(named: &[&Requirement], folder: &str, installed: &Installed, files: &Files) -> Option<ServerVersion> {
    let own: Vec<&Requirement> = named.iter().copied().filter(|one| installed.names(one)).collect();
    if let Some(version) = installed_last(&own, installed, files) {
        return Some(version);
    }
    if let Some(Said::Version(version)) = said(&own, files) {
        return Some(version);
    }
    // What is installed from a project without its lock is not what the lock says.
    let is_unlocked = |one: &Requirement| {
        let lock = files.get(one.place.file);
        let mut projects = installed.files().map(|list| files.get(list));
        is_lock(lock.path())
            && !installed.contains(one.place.file)
            && projects.any(|list| is_project(list.name()) && list.folder() == lock.folder())
    };
    // Where it is known what is installed, the list of a sibling is that of another service.
    let is_told = installed.files().any(|list| is_list(files.get(list).name()));
    let mut by_distance = BTreeMap::<_, Vec<&Requirement>>::new();
    for requirement in named.iter().copied() {
        let home = files.get(requirement.place.file).folder();
        let nearness = nearness(home, folder);
        if (nearness.0 || !is_told) && !is_unlocked(requirement) {
            by_distance.entry(Reverse(nearness)).or_default().push(requirement);
        }
    }
    match by_distance.values().find_map(|near| said(near, files))? {
        Said::Version(version) => Some(version),
        Said::Several => None,
    }
}

/// The version that the last of the pins of an image installs, if the moment of each is known.
fn installed_last(own: &[&Requirement], installed: &Installed, files: &Files) -> Option<ServerVersion> {
    let is_for_development =
        |one: &&&Requirement| context::named_for_development(files.get(one.place.file).path()).is_some();
    let pins = own.iter().filter(|one| !is_for_development(one) && one.pinned.is_some());
    let mut timed = pins.map(|one| Some((installed.moment(one)?, pinned(one)?))).collect::<Option<Vec<_>>>()?;
    timed.order_by_key(|(moment, _)| *moment);
    let (moment, last) = timed.pop()?;
    // One list may pin it for one Python and for another.
    let is_contradicted = timed.iter().any(|(other, pin)| *other == moment && pin.version != last.version);
    (!is_contradicted).then_some(last)
}

/// What equally near requirements say about the version.
enum Said {
    Version(ServerVersion),
    /// They contradict each other.
    Several,
}

fn said(near: &[&Requirement], files: &Files) -> Option<Said> {
    // What developers and tests install says something only where nothing else does.
    let is_aside = |one: &&Requirement| context::named_for_development(files.get(one.place.file).path()).is_some();
    let (aside, own): (Vec<_>, Vec<_>) = near.iter().copied().partition(is_aside);
    let near = if own.is_empty() { aside } else { own };
    let locks = near.iter().copied().filter(|requirement| is_lock(files.get(requirement.place.file).path()));
    for group in [locks.collect(), near.clone()] {
        let mut pins: Vec<ServerVersion> = group.into_iter().filter_map(pinned).collect();
        pins.order_by_key(|pin| pin.version);
        pins.dedup_by_key(|pin| pin.version);
        if pins.len() > 1 {
            return Some(Said::Several);
        }
        if let Some(pin) = pins.pop() {
            return Some(Said::Version(pin));
        }
    }
    near.iter().find_map(|requirement| {
        let (version, shown) = newest_below(&requirement.specifier)?;
        Some(Said::Version(ServerVersion { version, shown, place: Some(requirement.place) }))
    })
}

fn pinned(requirement: &Requirement) -> Option<ServerVersion> {
    let shown = requirement.pinned.clone()?;
    let version = shown.parse().ok()?;
    Some(ServerVersion { version, shown, place: Some(requirement.place) })
}

fn is_lock(path: &str) -> bool {
    path.rsplit('.').next() == Some("lock")
}

/// Whether a file of this name says what a project needs, beside a lock.
fn is_project(name: &str) -> bool {
    matches!(name, "pyproject.toml" | "Pipfile")
}

/// Whether a file of this name is made for requirements, other than the Dockerfile that installs some by name.
pub(super) fn is_list(name: &str) -> bool {
    is_lock(name) || matches!(name.rsplit('.').next(), Some("txt" | "in" | "toml" | "Pipfile"))
}

/// Every distribution that the project asks for.
pub(super) fn distributions(
    folder: &str,
    installed: &Installed,
    requirements: &[Requirement],
    files: &Files,
) -> BTreeMap<String, Option<ServerVersion>> {
    let mut by_name: BTreeMap<&str, Vec<&Requirement>> = BTreeMap::new();
    for requirement in requirements {
        by_name.entry(&requirement.name).or_default().push(requirement);
    }
    let version = |named: &[&Requirement]| chosen(named, folder, installed, files);
    by_name.into_iter().map(|(name, named)| (name.to_owned(), version(&named))).collect()
}

/// The worker class of Gunicorn that serves ASGI applications on what a project asks for that starts no server yet.
pub fn asgi_class_for(requirements: &[Requirement], files: &Files) -> &'static str {
    let asked = asked_for("gunicorn", "", &Installed::default(), requirements, files);
    // Whoever has none yet installs the newest.
    let version = asked.map_or(table(Server::Gunicorn).newest(), |asked| asked.version);
    asgi_class(Some(version), requirements.iter().any(|one| one.name == "uvicorn-worker"))
}

/// The same on a `version` of Gunicorn, where that is known, with or without the package of Uvicorn's workers.
pub(super) fn asgi_class(version: Option<Version>, has_package: bool) -> &'static str {
    let own = version.is_some_and(|version| version >= Version::new(25, 1, 0));
    if own && !has_package { "asgi" } else { "uvicorn_worker.UvicornWorker" }
}

/// Where each distribution is asked for in a file that people write, and no tool: in one of those `installed`, or else
/// in the nearest.
pub(super) fn mentions(
    folder: &str,
    installed: &Installed,
    requirements: &[Requirement],
    files: &Files,
) -> BTreeMap<String, Place> {
    let mut found: BTreeMap<String, Place> = BTreeMap::new();
    let distance =
        |place: Place| Reverse((installed.contains(place.file), nearness(files.get(place.file).folder(), folder)));
    for requirement in requirements.iter().filter(|one| !is_lock(files.get(one.place.file).path())) {
        let place = requirement.place;
        let nearest = found.entry(requirement.name.clone()).or_insert(place);
        if distance(place) < distance(*nearest) {
            *nearest = place;
        }
    }
    found
}

/// Every extra that is asked for, with its distribution.
pub(super) fn extras(requirements: &[Requirement]) -> BTreeSet<(String, String)> {
    let of = |one: &Requirement| {
        one.extras.iter().map(|extra| (one.name.clone(), extra.to_ascii_lowercase())).collect::<Vec<_>>()
    };
    requirements.iter().flat_map(of).collect()
}

/// Whether a lock file of the service in `folder` lists `distribution`, and so everything that comes with it.
pub(super) fn is_locked(distribution: &str, folder: &str, requirements: &[Requirement], files: &Files) -> bool {
    let mentions = requirements.iter().filter(|requirement| requirement.name == distribution);
    let nearest = mentions.max_by_key(|requirement| {
        let file = files.get(requirement.place.file);
        (nearness(file.folder(), folder), is_lock(file.path()))
    });
    nearest.is_some_and(|requirement| is_lock(files.get(requirement.place.file).path()))
}

/// The newest version that is known, for a project that does not say.
/// The version of a package of Rust, as a lock file or the manifest at `place` writes it.
pub(super) fn of_package(version: Version, shown: String, place: Place) -> ServerVersion {
    ServerVersion { version, shown, place: Some(place) }
}

pub(super) fn assumed(newest: Version) -> ServerVersion {
    ServerVersion { version: newest, shown: newest.to_string(), place: None }
}

/// How near requirements in `home` are to a service in `folder`; greater is nearer.
///
/// Those above or below it are its own, those of a sibling are not; then the number of folders that both
/// paths begin with counts, and of what lies below the service the nearest.
fn nearness(home: &str, folder: &str) -> (bool, usize, Reverse<usize>) {
    let parts = |path: &str| path.split('/').filter(|part| !part.is_empty()).count();
    let shared = home.split('/').zip(folder.split('/')).take_while(|(a, b)| a == b && !a.is_empty()).count();
    let own = shared == parts(home) || shared == parts(folder);
    (own, shared, Reverse(parts(home) - shared))
}

/// The newest release that a specifier with an upper bound admits.
///
/// No list of releases is consulted: behaviour changes between listed versions only, so the version
/// just below the bound stands for whatever was released there.
fn newest_below(specifier: &str) -> Option<(Version, String)> {
    specifier.split(',').filter_map(|clause| bound(clause.trim())).min_by_key(|(version, _)| *version)
}

fn bound(clause: &str) -> Option<(Version, String)> {
    let split = clause.find(|c: char| c.is_ascii_digit())?;
    let (operator, text) = clause.split_at(split);
    let numbers: Vec<u16> = text.trim_end_matches(".*").split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let below = |numbers: &[u16]| before(numbers).map(|version| (version, format!("below {}", dotted(numbers))));
    match operator.trim() {
        "<" => below(&numbers),
        "<=" => Some((text.parse().ok()?, format!("at most {text}"))),
        // `~=21.2` and `^21.2` admit everything before 22, `==22.*` everything before 23.
        "~=" => below(&raised(numbers.get(..numbers.len().checked_sub(1)?)?)?),
        "^" => below(&raised(numbers.get(..1)?)?),
        "==" if text.ends_with(".*") => below(&raised(&numbers)?),
        _ => None,
    }
}

fn raised(numbers: &[u16]) -> Option<Vec<u16>> {
    let (last, rest) = numbers.split_last()?;
    Some(rest.iter().copied().chain([last.checked_add(1)?]).collect())
}

/// The greatest version that is smaller than `numbers`.
fn before(numbers: &[u16]) -> Option<Version> {
    let part = |i: usize| numbers.get(i).copied().unwrap_or(0);
    match (part(0), part(1), part(2)) {
        (0, 0, 0) => None,
        (major, 0, 0) => Some(Version::new(major - 1, u16::MAX, u16::MAX)),
        (major, minor, 0) => Some(Version::new(major, minor - 1, u16::MAX)),
        (major, minor, patch) => Some(Version::new(major, minor, patch - 1)),
    }
}

fn dotted(numbers: &[u16]) -> String {
    numbers.iter().map(u16::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The version of gunicorn for a service in `folder`, from files with their requirements.
    fn asked(folder: &str, listed: &[(&str, &str)]) -> Option<String> {
        let mut files = Files::new();
        let mut requirements = Vec::new();
        for (path, specifier) in listed {
            let file = files.add(*path, *specifier);
            let place = Place::new(file, crate::source::Span::new(0, specifier.len()));
            let pinned = specifier.strip_prefix("==").map(str::to_owned);
            let name = "gunicorn".to_owned();
            requirements.push(Requirement {
                name,
                extras: Vec::new(),
                pinned,
                specifier: (*specifier).to_owned(),
                place,
            });
        }
        asked_for("gunicorn", folder, &Installed::default(), &requirements, &files).map(|found| found.to_string())
    }

    #[test]
    fn a_lock_comes_before_a_pin_and_a_pin_before_a_bound() {
        let all = [("pyproject.toml", ">=20,<22"), ("requirements.txt", "==23.0.0"), ("uv.lock", "==27.0.1")];
        assert_eq!(asked("", &all).as_deref(), Some("27.0.1"));
        assert_eq!(asked("", &all[..2]).as_deref(), Some("23.0.0"));
        assert_eq!(asked("", &all[..1]).as_deref(), Some("below 22"));
        assert_eq!(asked("", &[("a.txt", "==1.0.0"), ("b.txt", "==2.0.0")]), None);
        assert_eq!(asked("", &[]), None);
    }

    #[test]
    fn the_nearest_file_counts() {
        let services =
            [("a/requirements.txt", "==20.1.0"), ("b/requirements.txt", "==23.0.0"), ("poetry.lock", "==27.0.1")];
        assert_eq!(asked("a", &services).as_deref(), Some("20.1.0"));
        assert_eq!(asked("a/src/web", &services).as_deref(), Some("20.1.0"));
        assert_eq!(asked("b", &services).as_deref(), Some("23.0.0"));
        assert_eq!(asked("c", &services).as_deref(), Some("27.0.1"));
        assert_eq!(asked("", &services).as_deref(), Some("27.0.1"));
        // A Dockerfile that installs whatever there is says nothing about the version.
        assert_eq!(asked("a", &[("a/Dockerfile", ""), ("poetry.lock", "==27.0.1")]).as_deref(), Some("27.0.1"));
        assert_eq!(
            asked("a", &[("a/requirements/prod.txt", "==20.1.0"), ("b/x.txt", "==1.0.0")]).as_deref(),
            Some("20.1.0")
        );
    }

    #[test]
    fn what_is_known_to_be_installed_needs_no_list_of_a_sibling() {
        let mut files = Files::new();
        let own = files.add("api/requirements.txt", "fastapi");
        let recipe = files.add("api/Dockerfile", "RUN pip install -r requirements.txt");
        let beside = files.add("web/requirements.txt", "gunicorn==20.0.4");
        let requirement = |name: &str, pinned: Option<&str>, file| Requirement {
            name: name.to_owned(),
            extras: Vec::new(),
            pinned: pinned.map(str::to_owned),
            specifier: String::new(),
            place: Place::new(file, crate::source::Span::new(0, 1)),
        };
        let listed = [requirement("fastapi", None, own), requirement("gunicorn", Some("20.0.4"), beside)];
        let version = |installed: &[crate::source::FileId]| {
            asked_for("gunicorn", "api", &Installed::of(installed), &listed, &files).map(|found| found.to_string())
        };
        assert_eq!(version(&[own, recipe]), None);
        // A Dockerfile alone may install anything, and so may one that is not read.
        assert_eq!(version(&[recipe]).as_deref(), Some("20.0.4"));
        assert_eq!(version(&[]).as_deref(), Some("20.0.4"));
    }

    #[test]
    fn bounds_stand_for_the_newest_release_below_them() {
        let newest = |specifier: &str| newest_below(specifier);
        assert_eq!(newest(">=20,<24"), Some((Version::new(23, u16::MAX, u16::MAX), "below 24".into())));
        assert_eq!(newest("~=21.2"), Some((Version::new(21, u16::MAX, u16::MAX), "below 22".into())));
        assert_eq!(newest("^0.34"), Some((Version::new(0, u16::MAX, u16::MAX), "below 1".into())));
        assert_eq!(newest("==22.*"), Some((Version::new(22, u16::MAX, u16::MAX), "below 23".into())));
        assert_eq!(newest("<=23.0.0"), Some((Version::new(23, 0, 0), "at most 23.0.0".into())));
        assert_eq!(newest(">=20"), None);
        assert_eq!(newest(""), None);
        assert_eq!(newest("<not-a-version"), None);
    }
}
