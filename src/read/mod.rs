//! From text to the facts of one file, one file of code per format.
//!
//! Decides what a file says, not what it means together with others: joining a compose service
//! with the image it builds is `deployment`'s, calling a value wrong is a rule's.

mod bits;
mod command;
mod compose;
mod container;
mod decoded;
mod dockerfile;
mod dotenv;
mod durations;
mod embedded;
mod entry_points;
mod expansion;
mod extent;
mod facts;
mod helm;
#[cfg(test)]
mod hostile;
mod hypercorn;
mod images;
mod ini;
mod json_words;
mod kubernetes;
mod platforms;
mod procfile;
mod proxies;
mod requirements;
mod script;
pub mod shell;
mod shell_commands;
mod shell_comments;
mod shell_words;
#[cfg(test)]
mod stopwatch;
mod supervisor;
mod systemd;
mod tasks;
mod toml_tree;
mod tree;
mod uwsgi;
mod yaml;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rayon::prelude::*;

use crate::findings::Note;
use crate::python::syntax;
use crate::source::{FileId, FileKind, Files, Place, SourceFile, Word};
use crate::values::Order as _;
pub use container::{Container, Edge, Surge};
pub use decoded::Decoded;
pub use embedded::unfold;
pub use extent::Extent;
pub use images::{KnownImage, SystemShell, known_image, python_of, system_shell};
pub use platforms::home_of_processes;
pub use shell_words::Lexed;
pub use toml_tree::comments as toml_comments;

pub use entry_points::ConsoleScript;
pub use hypercorn::{TomlEntry, TomlSettings, toml_section, toml_settings};

pub use compose::{ComposeFile, Extends, Include, Layer, service as compose_service, size as compose_size};
pub use dotenv::{Notation, variables};
pub use facts::{
    Abreast, Autoscaler, Build, Command, Copied, EnvironmentFile, Facts, FilledBy, Form, HealthCheck, HealthKind,
    Limits, Mount, OpenSet, Outside, Proxy, Requirement, Router, Stage, Step, StopDefault, SupervisorFile, Unit,
    UnitKind, Usual, UwsgiFile, UwsgiOption, UwsgiSection, Variable,
};

/// Reads every file that `kinds` names, in the order of the files.
pub fn all(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    let each: Vec<Facts> =
        kinds.par_iter().map(|(&file, &kind)| guarded(file, &files.get(file).readable(), kind)).collect();
    let mut all = Facts::default();
    for facts in each {
        all.add(facts);
    }
    all.add(clusters(files, kinds));
    all.add(neighbours(files, kinds));
    all.add(services(files, kinds));
    all.add(environments(files, kinds));
    for unit in &mut all.units {
        if let Some(why) = unit.bound() {
            let file = files.get(unit.place.file);
            all.notes.push(Note::line(file.path(), file.line(unit.place.span.start), why));
        }
    }
    all.rust = rust_of(files);
    all.notes.append(&mut all.rust.workspace.notes);
    let units = std::mem::take(&mut all.units);
    let (bases, own): (Vec<_>, Vec<_>) = units.into_iter().partition(|unit| files.is_foreign(unit.place.file));
    all.units = own;
    all.bases = bases.into_iter().map(|unit| (files.get(unit.place.file).path().to_owned(), unit)).collect();
    all.notes.order();
    all
}

/// The packages of Rust, whose files only say something together.
fn rust_of(files: &Files) -> crate::rust::Project {
    catch_unwind(AssertUnwindSafe(|| crate::rust::Project::read(files))).unwrap_or_else(|_| {
        let why = "the reader of Rust failed, which is a defect of farrier; please report it";
        let mut project = crate::rust::Project::default();
        project.workspace.notes.push(Note::file("", why));
        project
    })
}

/// The files of clusters, which only say something together.
fn clusters(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    catch_unwind(AssertUnwindSafe(|| kubernetes::read(files, kinds))).unwrap_or_else(|_| {
        let why = "the reader of clusters failed, which is a defect of farrier; please report it";
        Facts { notes: vec![Note::file("", why)], ..Facts::default() }
    })
}

/// The files of proxies, which include each other.
fn neighbours(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    catch_unwind(AssertUnwindSafe(|| proxies::read(files, kinds))).unwrap_or_else(|_| {
        let why = "the reader of proxies failed, which is a defect of farrier; please report it";
        Facts { notes: vec![Note::file("", why)], ..Facts::default() }
    })
}

/// The units of systemd, which other files change.
fn services(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    catch_unwind(AssertUnwindSafe(|| systemd::read(files, kinds))).unwrap_or_else(|_| {
        let why = "the reader of systemd failed, which is a defect of farrier; please report it";
        Facts { notes: vec![Note::file("", why)], ..Facts::default() }
    })
}

/// The files of Elastic Beanstalk, which describe one environment together.
fn environments(files: &Files, kinds: &BTreeMap<FileId, FileKind>) -> Facts {
    catch_unwind(AssertUnwindSafe(|| platforms::read_beanstalk(files, kinds))).unwrap_or_else(|_| {
        let why = "the reader of Elastic Beanstalk failed, which is a defect of farrier; please report it";
        Facts { notes: vec![Note::file("", why)], ..Facts::default() }
    })
}

/// A defect of a reader costs the file it met, not the run.
fn guarded(file: FileId, source: &SourceFile, kind: FileKind) -> Facts {
    catch_unwind(AssertUnwindSafe(|| one(file, source, kind))).unwrap_or_else(|_| Facts {
        notes: vec![Note::file(source.path(), "its reader failed, which is a defect of farrier; please report it")],
        ..Facts::default()
    })
}

#[allow(clippy::match_same_arms, reason = "each kind says who reads it")]
fn one(file: FileId, source: &SourceFile, kind: FileKind) -> Facts {
    let mut facts = Facts::default();
    let reader = match kind {
        FileKind::Dockerfile => dockerfile::read,
        FileKind::Compose => compose::read,
        FileKind::Procfile => procfile::read,
        FileKind::Script => script::read,
        FileKind::Dotenv => dotenv::read,
        FileKind::Python => python,
        FileKind::PythonConfiguration => python_configuration,
        FileKind::Requirements => requirements::read_list,
        FileKind::Pyproject => pyproject,
        FileKind::PoetryLock | FileKind::UvLock => requirements::read_toml_lock,
        FileKind::Pipfile => pipfile,
        FileKind::PipfileLock => requirements::read_pipfile_lock,
        FileKind::SetupConfig => setup_config,
        FileKind::CondaEnvironment => requirements::read_conda,
        // Read together, by `clusters`.
        FileKind::Kubernetes
        | FileKind::Kustomization
        | FileKind::HelmTemplate
        | FileKind::HelmValues
        | FileKind::HelmChart
        // Read together, by `services`.
        | FileKind::Systemd => return facts,
        FileKind::AppJson => platforms::read_app_json,
        FileKind::Fly => platforms::read_fly,
        FileKind::Render => platforms::read_render,
        FileKind::AppEngine => platforms::read_app_engine,
        FileKind::EcsTask => platforms::read_ecs_task,
        FileKind::DigitalOcean => platforms::read_digital_ocean,
        FileKind::Azure => platforms::read_azure,
        FileKind::HerokuYaml => platforms::read_heroku_yaml,
        FileKind::Railway => platforms::read_railway,
        FileKind::Nixpacks => platforms::read_nixpacks,
        FileKind::Supervisor => supervisor::read,
        FileKind::UwsgiIni => uwsgi::read_ini,
        FileKind::UwsgiYaml => uwsgi::read_yaml,
        FileKind::UwsgiJson => uwsgi::read_json,
        FileKind::UwsgiXml => uwsgi::read_xml,
        FileKind::HypercornToml => hypercorn::read,
        FileKind::Makefile => tasks::read_makefile,
        FileKind::Justfile => tasks::read_justfile,
        FileKind::PackageJson => tasks::read_package_json,
        FileKind::Taskfile => tasks::read_taskfile,
        // Read together, by `neighbours`.
        FileKind::Nginx | FileKind::Caddyfile
        // Read together, by `environments`.
        | FileKind::Beanstalk
        // Looked at where an image is built, or where it matters what runs it.
        | FileKind::Dockerignore | FileKind::Terraform | FileKind::Pipeline
        // Read together, by the room of the language: a module is where another one says.
        | FileKind::CargoManifest | FileKind::CargoLock | FileKind::RocketToml => return facts,
        FileKind::Rust => rust,
    };
    reader(file, source, &mut facts);
    facts
}

/// Of Rust, what is addressed to farrier; the rest is read by module.
fn rust(file: FileId, source: &SourceFile, facts: &mut Facts) {
    if source.text().contains("farrier:") {
        facts.comments.insert(file, crate::rust::comments(source.text()));
    }
}

fn pyproject(file: FileId, source: &SourceFile, facts: &mut Facts) {
    requirements::read_pyproject(file, source, facts);
    tasks::read_pyproject(file, source, facts);
    entry_points::read_pyproject(file, source, facts);
}

fn setup_config(file: FileId, source: &SourceFile, facts: &mut Facts) {
    requirements::read_setup_config(file, source, facts);
    entry_points::read_setup_config(file, source, facts);
}

fn pipfile(file: FileId, source: &SourceFile, facts: &mut Facts) {
    requirements::read_pipfile(file, source, facts);
    tasks::read_pipfile(file, source, facts);
}

fn python(file: FileId, source: &SourceFile, facts: &mut Facts) {
    match syntax::parse(source.text()) {
        Ok(module) => {
            if let Some(error) = module.errors.first() {
                facts.notes.push(Note {
                    path: source.path().to_owned(),
                    line: Some(source.line(error.span.start)),
                    span: Some(error.span),
                    reason: format!("not valid Python, so it was read in part: {}", error.message),
                });
            }
            if source.path().rsplit('/').next() == Some("setup.py") {
                facts.requirements.extend(requirements::setup_script(file, &module));
                entry_points::read_setup(file, &module, facts);
            }
            facts.python.insert(file, module);
        }
        Err(reason) => facts.notes.push(Note::file(source.path(), reason.to_string())),
    }
}

/// A file that another program may have under the same name: what is not Python is not for this reader.
fn python_configuration(file: FileId, source: &SourceFile, facts: &mut Facts) {
    if let Ok(module) = syntax::parse(source.text())
        && module.errors.is_empty()
    {
        facts.python.insert(file, module);
    }
}

/// The words that Python's `shlex.split` makes of a text, with the bytes they stand at if the text stands
/// at `place` as it is; `None` where a quote is not closed.
pub fn words(text: &str, place: Place) -> Option<Vec<Word>> {
    let decoded = Decoded::verbatim(text, place.span.start);
    let lexed = shell_words::split_plain(&decoded, place.file)?;
    Some(lexed.into_iter().map(|lexed| lexed.word).collect())
}
