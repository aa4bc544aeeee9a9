//! What the project's files say about where it runs, besides the places that start a server.
//!
//! Pipelines, charts and infrastructure code come in more kinds than anybody parses. A word in one of them is enough to
//! keep a rule silent, and never enough to make one speak; so this looks for words, whatever the file's kind is.

use super::Deployment;
use crate::source::{FileId, Files, SourceFile};

/// What only a service with a GPU says: its base image, what it asks the orchestrator for.
const GPUS: [&str; 8] = [
    "nvidia.com/gpu",
    "nvidia/cuda",
    "nvcr.io/",
    "driver: nvidia",
    "runtime: nvidia",
    "--gpus",
    "amd.com/gpu",
    "-cuda1",
];

/// How AWS calls the launch type.
const FARGATE: &str = "FARGATE";

/// Whether a file that says how the project runs names a GPU.
#[must_use]
pub fn names_a_gpu(files: &Files) -> bool {
    any_besides_python(files, |text| GPUS.iter().any(|word| text.contains(word)))
}

/// Whether the project hands its image, or its source, to Cloud Run.
#[must_use]
pub fn is_handed_to_cloud_run(files: &Files) -> bool {
    any_besides_python(files, |text| {
        (text.contains("gcloud") && text.contains("run deploy"))
            || text.contains("deploy-cloudrun")
            || text.contains("google_cloud_run")
            // A target of Cloud Deploy, which is Kubernetes (`gke:`) or Cloud Run.
            || (text.contains("deploy.cloud.google.com/") && (text.contains("container-concurrency") || text.lines().any(|line| line.starts_with("run:"))))
    })
}

/// Whether the manifest that starts it is one of Knative, as those of Cloud Run are.
#[must_use]
pub fn is_knative(deployment: &Deployment, files: &Files) -> bool {
    says(deployment.command.file, "serving.knative.dev/", files)
}

/// Whether the task definition that starts it is for AWS Fargate.
#[must_use]
pub fn is_on_fargate(deployment: &Deployment, files: &Files) -> bool {
    says(deployment.command.file, FARGATE, files)
}

/// Whether the project's Terraform runs something on AWS Fargate.
#[must_use]
pub fn has_fargate_in_terraform(files: &Files) -> bool {
    files.iter().any(|(_, file)| extension(file) == Some("tf") && file.text().contains(FARGATE))
}

/// Whether a YAML file has an entry of this name, as lists of variables have. Manifests of kinds that nobody reads, and
/// parts of a template that are left out, name a variable like all others.
#[must_use]
pub fn is_named_in_a_manifest(variable: &str, files: &Files) -> bool {
    let entry = format!("name: {variable}");
    files.iter().any(|(_, file)| {
        let is_yaml = matches!(extension(file), Some("yml" | "yaml"));
        is_yaml && file.text().lines().any(|line| line.trim_start_matches(['-', ' ']).trim_end() == entry)
    })
}

/// Whether the image takes the package from its distribution, or sees all that the system has.
#[must_use]
pub fn has_of_the_system(deployment: &Deployment, package: &str, files: &Files) -> bool {
    let started_by = deployment.container.iter().map(|container| container.file).chain([deployment.command.file]);
    let names = [format!("python3-{package}"), format!("py3-{package}"), "--system-site-packages".to_owned()];
    started_by.into_iter().any(|file| names.iter().any(|name| says(file, name, files)))
}

/// Whether code in the file asks gevent what it has patched, so that it may well do something else under greenlets.
#[must_use]
pub fn asks_what_is_patched(file: FileId, files: &Files) -> bool {
    ["is_module_patched(", "is_object_patched(", "is_anything_patched("].iter().any(|word| says(file, word, files))
}

fn says(file: FileId, word: &str, files: &Files) -> bool {
    files.get(file).text().contains(word)
}

fn any_besides_python(files: &Files, says: impl Fn(&str) -> bool) -> bool {
    // What a forge tests with is not what serves.
    let counts = |file: &SourceFile| !file.is_code() && !file.path().contains(".github/");
    files.iter().any(|(_, file)| counts(file) && says(file.text()))
}

fn extension(file: &SourceFile) -> Option<&str> {
    file.path().rsplit('.').next()
}
