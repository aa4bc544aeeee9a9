//! What `rules/platforms/*.toml` may say; the build checks every file against it.

use serde::{Deserialize, Serialize};

/// What a platform gives to everything that runs on it.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Platform {
    /// Its name.
    pub(crate) name: String,
    /// Variables that it sets itself.
    #[serde(default)]
    pub(crate) variables: Vec<Given>,
    /// The sizes of an instance by the name that files use.
    #[serde(default)]
    pub(crate) sizes: Vec<Size>,
    /// How many seconds it waits for a process that it stops, unless the file says otherwise.
    pub(crate) stop_grace: Option<f64>,
    /// For how many seconds its router keeps an idle connection to the service.
    pub(crate) idle_timeout: Option<f64>,
    /// After how many seconds its router gives up on a request.
    pub(crate) request_timeout: Option<f64>,
    /// The signal that it stops a process with, where that is not `SIGTERM`.
    pub(crate) stop_signal: Option<String>,
    /// The folder that it runs a project in which it builds itself.
    pub(crate) home: Option<String>,
    /// What it starts where its file does not say what.
    pub(crate) usual: Option<Usual>,
}

/// What a platform starts by itself.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Usual {
    /// The words of the command.
    pub(crate) command: Vec<String>,
    /// Whether it adds options that no file of a project tells.
    #[serde(default)]
    pub(crate) adds_options: bool,
    /// What the names of the runtimes begin with for which it does.
    pub(crate) runtimes: Vec<String>,
    /// Files that have to stand beside its own.
    #[serde(default)]
    pub(crate) beside: Vec<String>,
    /// Files that must not stand there.
    #[serde(default)]
    pub(crate) without: Vec<String>,
}

/// A variable that the platform sets unless the file does.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Given {
    /// The name.
    pub(crate) name: String,
    /// The value, where it is always the same.
    pub(crate) value: Option<String>,
    /// Whether only the platform's own way to build Python sets it, as opposed to an image.
    #[serde(default)]
    pub(crate) native: bool,
}

/// A size of an instance.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Size {
    /// The name in files; case does not count.
    pub(crate) name: String,
    /// Its cores, where it has a number of them.
    pub(crate) cpus: Option<f64>,
    /// The share of each core that lasts, where it has them only for bursts.
    pub(crate) share: Option<f64>,
    /// Its memory, as `512MiB` or `2GiB`.
    pub(crate) memory: Option<String>,
    /// What the platform sets `WEB_CONCURRENCY` to.
    pub(crate) workers: Option<u32>,
}

impl Platform {
    /// What is wrong with it, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.name.is_empty() {
            return Err("a platform without a name".to_owned());
        }
        if let Some(given) = self.variables.iter().find(|given| given.name.is_empty()) {
            return Err(format!("a variable without a name, set to {:?}", given.value));
        }
        if self.stop_grace.is_some_and(|seconds| !(0.0..=3600.0).contains(&seconds)) {
            return Err("it waits for no such time".to_owned());
        }
        if self.stop_signal.as_ref().is_some_and(|signal| !signal.starts_with("SIG")) {
            return Err("a signal is called SIG-something".to_owned());
        }
        if self.usual.as_ref().is_some_and(|usual| usual.command.is_empty() || usual.runtimes.is_empty()) {
            return Err("it starts nothing by itself, or nowhere".to_owned());
        }
        for (at, size) in self.sizes.iter().enumerate() {
            size.check()?;
            if self.sizes.iter().take(at).any(|other| other.name.eq_ignore_ascii_case(&size.name)) {
                return Err(format!("`{}` is there twice", size.name));
            }
        }
        Ok(())
    }
}

impl Size {
    fn check(&self) -> Result<(), String> {
        if self.cpus.is_none() && self.memory.is_none() {
            return Err(format!("`{}` says nothing", self.name));
        }
        if self.cpus.is_some_and(|cpus| !(cpus > 0.0 && cpus <= 1024.0)) {
            return Err(format!("`{}` has no such number of cores", self.name));
        }
        if self.share.is_some_and(|share| !(share > 0.0 && share < 1.0)) {
            return Err(format!("`{}` has no such share of its cores", self.name));
        }
        if self.memory.as_deref().is_some_and(|memory| !is_memory(memory)) {
            return Err(format!("the memory of `{}` is given in MiB or GiB", self.name));
        }
        if self.workers == Some(0) {
            return Err(format!("`{}` starts no worker", self.name));
        }
        Ok(())
    }
}

fn is_memory(text: &str) -> bool {
    let number = text.strip_suffix("MiB").or_else(|| text.strip_suffix("GiB"));
    number.and_then(|number| number.parse::<f64>().ok()).is_some_and(|number| number > 0.0 && number < 1e6)
}
