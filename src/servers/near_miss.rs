//! "Did you mean": the setting that a name in a config file was meant to be.

use super::{Setting, Table, Version};

impl Table {
    /// The setting that `name` was meant to be, if `name` is none in `version`.
    pub fn near_miss(&self, name: &str, version: Version) -> Option<&Setting> {
        self.misnomer(name)
            .filter(|setting| setting.applies_to(version))
    }
}
