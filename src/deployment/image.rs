//! What an image holds once its stages are stacked.

use super::locate::join;
use super::platform;
use crate::read::{Command, Copied, Unit, UnitKind, Variable};
use crate::source::{FileId, Files, Located};

/// One build stage with everything it inherits from earlier stages of the same file.
#[derive(Debug, Clone)]
pub(super) struct Image<'f> {
    pub(super) stage: &'f Unit,
    pub(super) entrypoint: Option<&'f Command>,
    pub(super) command: Option<&'f Command>,
    pub(super) environment: Vec<&'f Variable>,
    pub(super) working_folder: Option<&'f Located<String>>,
    /// What was copied, each with the earlier stage that it comes from; without one it comes from the
    /// project.
    pub(super) copied: Vec<(&'f Copied, Option<Image<'f>>)>,
}

/// How an image of the project is built.
pub(super) struct Recipe<'f> {
    pub(super) dockerfile: FileId,
    /// The stage to stop at.
    pub(super) target: Option<&'f str>,
    /// The folder it is built from.
    pub(super) context: String,
}

/// How many copies from other stages are followed.
const MAX_FOLLOWED: usize = 32;

/// The image that a Dockerfile builds: its stage `target`, or the last one.
pub(super) fn build<'f>(units: &'f [Unit], file: FileId, target: Option<&str>) -> Option<Image<'f>> {
    let stages: Vec<&Unit> =
        units.iter().filter(|unit| unit.kind == UnitKind::Image && unit.place.file == file).collect();
    let index = match target {
        Some(name) => stages.iter().position(|stage| stage.name.eq_ignore_ascii_case(name))?,
        None => stages.len().checked_sub(1)?,
    };
    let mut image = stack(&stages, index);
    image.copied = follow(image.copied, &stages[..index]);
    Some(image)
}

/// The images that a Dockerfile can be built to and that run something: each stage that no other one
/// starts from. A stage that only serves to be copied from counts if it has a command of its own.
pub(super) fn targets(units: &[Unit], file: FileId) -> Vec<Image<'_>> {
    let stages: Vec<&Unit> =
        units.iter().filter(|unit| unit.kind == UnitKind::Image && unit.place.file == file).collect();
    let names = |name: &str, stage: &Unit| !stage.name.is_empty() && name.eq_ignore_ascii_case(&stage.name);
    let mut found = Vec::new();
    for (index, stage) in stages.iter().enumerate() {
        let later = &stages[index + 1..];
        let is_base = later.iter().any(|other| other.image.as_ref().is_some_and(|image| names(&image.value, stage)));
        let copies = |other: &&&Unit| {
            let mut sources = other.copied.iter().filter_map(|copied| copied.stage.as_deref());
            sources.any(|source| names(source, stage) || source == index.to_string())
        };
        let own = stage.entrypoint.is_some() || stage.command.is_some();
        if is_base || (!own && later.iter().any(|other| copies(&other))) {
            continue;
        }
        let mut image = stack(&stages, index);
        image.copied = follow(image.copied, &stages[..index]);
        found.push(image);
    }
    found
}

/// Finds the stages that were copied from. What those took from others in turn is left out, and so is
/// what comes from images of a registry.
fn follow<'f>(
    copied: Vec<(&'f Copied, Option<Image<'f>>)>,
    earlier: &[&'f Unit],
) -> Vec<(&'f Copied, Option<Image<'f>>)> {
    let mut left = MAX_FOLLOWED;
    let known = copied.into_iter().filter_map(|(copied, _)| {
        let Some(name) = &copied.stage else { return Some((copied, None)) };
        let named = earlier.iter().position(|stage| !stage.name.is_empty() && stage.name.eq_ignore_ascii_case(name));
        let index = named.or_else(|| name.parse().ok()).filter(|index| *index < earlier.len())?;
        left = left.checked_sub(1)?;
        let mut image = stack(earlier, index);
        image.copied.retain(|(copied, _)| copied.stage.is_none());
        Some((copied, Some(image)))
    });
    known.collect()
}

/// Stacks a stage on the one it starts from. An earlier stage has a smaller index, so this ends.
fn stack<'f>(stages: &[&'f Unit], index: usize) -> Image<'f> {
    let stage = stages[index];
    let base = stage.image.as_ref().and_then(|image| {
        stages[..index]
            .iter()
            .position(|earlier| !earlier.name.is_empty() && earlier.name.eq_ignore_ascii_case(&image.value))
    });
    let mut image = base.map_or_else(
        || Image {
            stage,
            entrypoint: None,
            command: None,
            environment: Vec::new(),
            working_folder: None,
            copied: Vec::new(),
        },
        |base| stack(stages, base),
    );
    image.stage = stage;
    image.environment.extend(&stage.environment);
    image.copied.extend(stage.copied.iter().map(|copied| (copied, None)));
    image.working_folder = stage.working_folder.as_ref().or(image.working_folder);
    if stage.entrypoint.is_some() {
        // Docker drops the command of the base when a stage sets its own entry point.
        image.entrypoint = stage.entrypoint.as_ref();
        image.command = None;
    }
    image.command = stage.command.as_ref().or(image.command);
    image
}

/// How the image of a compose service is built.
pub(super) fn recipe<'f>(unit: &'f Unit, files: &Files) -> Option<Recipe<'f>> {
    let dockerfile = dockerfile_of(unit, files)?;
    let target = unit.build.as_ref()?.target.as_ref().map(|target| target.value.as_str());
    Some(Recipe { dockerfile, target, context: context_of(unit, files)? })
}

/// The Dockerfile that a compose service builds.
fn dockerfile_of(unit: &Unit, files: &Files) -> Option<FileId> {
    let build = unit.build.as_ref()?;
    let context = context_of(unit, files)?;
    let name = build.dockerfile.as_ref().map_or("Dockerfile", |name| name.value.as_str());
    // Platforms name it from the folder that their own file is about, compose from the context.
    let beside = (unit.kind == UnitKind::Platform).then(|| platform::home(unit, files).to_owned());
    beside.into_iter().chain([context]).find_map(|folder| files.find(&join(&folder, name)))
}

/// The folder a compose service builds from, relative to the project root.
fn context_of(unit: &Unit, files: &Files) -> Option<String> {
    let build = unit.build.as_ref()?;
    let context = build.context.as_ref().map_or(".", |context| context.value.as_str());
    // A remote context or one outside the project is not there to be read.
    let local = !context.contains("://") && !context.starts_with('/');
    local.then(|| join(platform::home(unit, files), context))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::read;
    use crate::source::FileKind;

    #[test]
    fn a_file_of_several_images_builds_each_that_runs_something() {
        let text = "FROM python AS base\nCMD gunicorn base\n\
                    FROM base AS build\nRUN make\n\
                    FROM base AS web\nCOPY --from=build /x /x\n\
                    FROM base AS worker\nCMD celery\n\
                    FROM node AS assets\nRUN npm run build\n\
                    FROM base AS tests\nCMD pytest\n";
        let mut files = Files::new();
        let file = files.add("Dockerfile", text);
        let facts = read::all(&files, &[(file, FileKind::Dockerfile)].into());
        let found = targets(&facts.units, file);
        let names: Vec<_> = found.iter().map(|image| (image.stage.name.as_str(), image.command.is_some())).collect();
        assert_eq!(names, [("web", true), ("worker", true), ("assets", false), ("tests", true)]);
    }
}
