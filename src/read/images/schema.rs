//! What `rules/images/*.toml` may say; the build checks every file against it.

use serde::{Deserialize, Serialize};

/// An image of a registry that starts a server by itself.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Image {
    /// The repositories that it is pulled from, without their tags; the first one stands for all.
    pub(crate) names: Vec<String>,
    /// Files that it holds and that say nothing.
    #[serde(default)]
    pub(crate) holds: Vec<String>,
    /// A Dockerfile of one stage that builds something that acts like it, scripts included.
    pub(crate) dockerfile: String,
}

impl Image {
    /// What is wrong with it, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.names.is_empty() {
            return Err("an image without a name".to_owned());
        }
        let plain = |name: &&String| {
            !name.is_empty() && !name.contains([':', '@', '$', ' ']) && **name == name.to_ascii_lowercase()
        };
        if let Some(name) = self.names.iter().find(|name| !plain(name)) {
            return Err(format!("`{name}` is no repository in lower case without a tag"));
        }
        if let Some(path) = self.holds.iter().find(|path| !path.starts_with('/')) {
            return Err(format!("`{path}` is not absolute"));
        }
        let instructions = |keyword: &str| self.dockerfile.lines().filter(|line| line.starts_with(keyword)).count();
        if instructions("FROM ") != 1 || instructions("CMD ") + instructions("ENTRYPOINT ") == 0 {
            return Err("the Dockerfile has one stage, and runs something".to_owned());
        }
        Ok(())
    }
}

/// What a shell is that goes by the name of `sh` in the images of some repositories.
#[derive(Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Shell {
    pub(crate) is: SystemShell,
    /// The repositories whose images have it, unless a tag says otherwise.
    pub(crate) repositories: Vec<String>,
    /// What a part of a tag begins with where the image has it, whichever repository it is of.
    pub(crate) tags: Vec<String>,
}

/// The shells that `/bin/sh` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SystemShell {
    /// Debian and what starts from it.
    Dash,
    /// Alpine Linux.
    Busybox,
    /// The Red Hat family.
    Bash,
}

impl Shell {
    /// What is wrong with it, if anything is.
    pub(crate) fn check(&self) -> Result<(), String> {
        let plain = |name: &&String| !name.is_empty() && !name.contains([':', '@', '$', ' ']);
        match self.repositories.iter().chain(&self.tags).find(|name| !plain(name)) {
            Some(name) => Err(format!("`{name}` is no repository and no beginning of a tag")),
            None => Ok(()),
        }
    }
}
