//! The packages of a workspace: what `Cargo.toml` says about targets and dependencies, and `Cargo.lock` about versions.
//!
//! Decides which file is the root of which crate, and what a first name of a path means outside the crate. Features are
//! not followed: a dependency that may be left out is one.

use std::collections::BTreeMap;

use crate::source::{FileId, Files};
use crate::values::Order as _;

/// One package.
#[derive(Debug, Clone)]
pub struct Package {
    /// Its name.
    pub name: String,
    /// The folder of its manifest, relative to the root of the project; empty for that itself.
    pub folder: String,
    /// The manifest.
    pub manifest: FileId,
    /// Its library and its programs.
    pub targets: Vec<Target>,
    /// What it depends on, by the name that its code uses.
    pub dependencies: BTreeMap<String, Dependency>,
}

/// A crate of a package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name, as code spells it.
    pub name: String,
    /// What it becomes.
    pub kind: TargetKind,
    /// Its first file.
    pub root: FileId,
}

/// What a crate becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TargetKind {
    /// A library.
    Library,
    /// A program.
    Program,
}

/// What a package depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Dependency {
    /// The name of the package.
    pub package: String,
    /// The version that is asked for, as written.
    pub asked: Option<String>,
    /// The versions that the lock file has of it.
    pub locked: Vec<String>,
    /// The folder it lies in, where that is one of the project.
    pub folder: Option<String>,
    /// The features that are asked for.
    pub features: Vec<String>,
    /// Whether its usual features are wanted.
    pub default_features: bool,
}

impl Package {
    /// The dependency on a package of this name, under whatever name the code uses.
    pub fn dependency(&self, package: &str) -> Option<&Dependency> {
        self.dependencies.values().find(|dependency| dependency.package == package)
    }
}

/// The packages of a project, in the order of their folders.
pub fn find(files: &Files) -> Vec<Package> {
    let manifests = files.iter().filter(|(_, file)| file.name() == "Cargo.toml");
    let parsed: Vec<(FileId, String, toml::Table)> =
        manifests.filter_map(|(id, file)| Some((id, file.folder().to_owned(), file.text().parse().ok()?))).collect();
    let locks = files.iter().filter(|(_, file)| file.name() == "Cargo.lock");
    let locks: Vec<(&str, BTreeMap<String, Vec<String>>)> =
        locks.map(|(_, file)| (file.folder(), locked(file.text()))).collect();
    let nothing = BTreeMap::new();
    let programs: Vec<(FileId, &str)> =
        files.iter().map(|(id, file)| (id, file.path())).filter(|(_, path)| path.contains("src/bin/")).collect();
    let mut packages: Vec<Package> = Vec::new();
    for (manifest, folder, table) in &parsed {
        let Some(name) = table.get("package").and_then(|package| package.get("name")?.as_str()) else { continue };
        // The nearest one above that speaks of a workspace is its own.
        let around =
            parsed.iter().filter(|(_, other, table)| is_inside(folder, other) && table.contains_key("workspace"));
        let workspace = around.max_by_key(|(_, other, _)| other.len());
        let nearest = locks.iter().filter(|(other, _)| is_inside(folder, other)).max_by_key(|(other, _)| other.len());
        let locked = nearest.map_or(&nothing, |(_, versions)| versions);
        packages.push(Package {
            name: name.to_owned(),
            folder: folder.clone(),
            manifest: *manifest,
            targets: targets(files, &programs, folder, name, table),
            dependencies: dependencies(folder, table, workspace.map(|(_, folder, table)| (&**folder, table)), locked),
        });
    }
    packages.order_by(|one, other| one.folder.cmp(&other.folder));
    packages
}

fn is_inside(folder: &str, around: &str) -> bool {
    around.is_empty() || folder == around || folder.strip_prefix(around).is_some_and(|rest| rest.starts_with('/'))
}

/// The versions in a lock file.
fn locked(text: &str) -> BTreeMap<String, Vec<String>> {
    let mut versions: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut name = None;
    for line in text.lines() {
        // Written by a program, one key a line.
        let value = |key: &str| line.strip_prefix(key)?.strip_prefix(" = \"")?.strip_suffix('"');
        if line == "[[package]]" {
            name = None;
        } else if let Some(found) = value("name") {
            name = Some(found.to_owned());
        } else if let (Some(version), Some(name)) = (value("version"), &name) {
            versions.entry(name.clone()).or_default().push(version.to_owned());
        }
    }
    versions
}

/// `programs` are the files that lie in `src/bin` of whichever package.
fn targets(
    files: &Files,
    programs: &[(FileId, &str)],
    folder: &str,
    package: &str,
    table: &toml::Table,
) -> Vec<Target> {
    let find = |path: &str| files.find(&join(folder, path));
    let text = |value: &toml::Value, key: &str| Some(value.get(key)?.as_str()?.to_owned());
    let mut targets = Vec::new();
    let library = table.get("lib");
    let path = library.and_then(|library| text(library, "path")).unwrap_or_else(|| "src/lib.rs".to_owned());
    let name = library.and_then(|library| text(library, "name")).unwrap_or_else(|| package.replace('-', "_"));
    targets.extend(find(&path).map(|root| Target { name, kind: TargetKind::Library, root }));
    let mut program = |name: &str, root: Option<FileId>| {
        let Some(root) = root else { return };
        if targets.iter().all(|known| known.root != root) {
            targets.push(Target { name: name.replace('-', "_"), kind: TargetKind::Program, root });
        }
    };
    for named in table.get("bin").and_then(toml::Value::as_array).into_iter().flatten() {
        let name = text(named, "name").unwrap_or_else(|| package.to_owned());
        let root = match text(named, "path") {
            Some(path) => find(&path),
            None => find(&format!("src/bin/{name}.rs")).or_else(|| find(&format!("src/bin/{name}/main.rs"))),
        };
        program(&name, root.or_else(|| find("src/main.rs").filter(|_| name == package)));
    }
    let searched = table.get("package").and_then(|package| package.get("autobins")?.as_bool()).unwrap_or(true);
    if searched {
        program(package, find("src/main.rs"));
        let inside = join(folder, "src/bin/");
        for &(id, path) in programs {
            let Some(rest) = path.strip_prefix(&inside) else { continue };
            match rest.strip_suffix(".rs").and_then(|rest| rest.split_once('/').map_or(Some((rest, "main")), Some)) {
                Some((name, "main")) if !name.contains('/') => program(name, Some(id)),
                _ => {}
            }
        }
    }
    targets
}

fn dependencies(
    folder: &str,
    table: &toml::Table,
    workspace: Option<(&str, &toml::Table)>,
    locked: &BTreeMap<String, Vec<String>>,
) -> BTreeMap<String, Dependency> {
    let of_targets = table.get("target").and_then(toml::Value::as_table);
    let of_targets = of_targets.into_iter().flat_map(toml::Table::values);
    let all = std::iter::once(table).chain(of_targets.filter_map(toml::Value::as_table));
    let listed = all.filter_map(|table| table.get("dependencies")?.as_table()).flatten();
    let shared =
        workspace.and_then(|(around, table)| Some((around, table.get("workspace")?.get("dependencies")?.as_table()?)));
    let mut found = BTreeMap::new();
    for (name, value) in listed {
        let is_shared = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
        let (value_of, base) = match shared.and_then(|(around, shared)| Some((shared.get(name)?, around))) {
            Some(shared) if is_shared => shared,
            _ => (value, folder),
        };
        let text = |key: &str| value_of.get(key).and_then(toml::Value::as_str);
        let package = text("package").unwrap_or(name).to_owned();
        let features = [value, value_of].into_iter().filter_map(|value| value.get("features")?.as_array()).flatten();
        let dependency = Dependency {
            asked: value_of.as_str().or_else(|| text("version")).map(str::to_owned),
            locked: locked.get(&package).cloned().unwrap_or_default(),
            folder: text("path").map(|path| join(base, path)),
            features: features.filter_map(|feature| Some(feature.as_str()?.to_owned())).collect(),
            default_features: value_of.get("default-features").and_then(toml::Value::as_bool).unwrap_or(true),
            package,
        };
        found.insert(name.replace('-', "_"), dependency);
    }
    found
}

/// A path relative to a folder, without steps up.
pub(super) fn join(folder: &str, path: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let ends_open = path.ends_with('/');
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/") + if ends_open { "/" } else { "" }
}
