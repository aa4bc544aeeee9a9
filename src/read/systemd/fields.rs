//! The settings of a section, over the unit and its drop-ins.

use std::collections::BTreeSet;

use crate::source::{FileId, Located, Place, Span};
use crate::values::{Bytes, Cpus, Seconds};

use super::super::bits::{self, Bit};
use super::super::ini::{Document, Entry};
use super::{escapes, quantities};

/// The settings of one section, in the order in which systemd reads them.
#[derive(Debug, Default)]
pub(super) struct Fields<'d> {
    entries: Vec<Value<'d>>,
    /// The line of the section in the unit itself.
    pub(super) header: Option<Span>,
}

/// One setting.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'d> {
    entry: &'d Entry,
    file: FileId,
    /// The name of the unit that it configures.
    unit: &'d str,
    order: usize,
}

impl<'d> Fields<'d> {
    /// Adds what another file says about `unit`, which comes later.
    pub(super) fn extend(&mut self, document: Option<&'d Document>, file: FileId, unit: &'d str, section: &str) {
        for found in document.into_iter().flat_map(|document| &document.sections) {
            if found.name != section {
                continue;
            }
            self.header.get_or_insert(found.header);
            for entry in &found.entries {
                let order = self.entries.len();
                self.entries.push(Value { entry, file, unit, order });
            }
        }
    }

    /// What counts of a setting that is set once.
    pub(super) fn last(&self, key: &str) -> Option<Value<'d>> {
        let found = self.entries.iter().rfind(|value| value.entry.key == key)?;
        (!found.entry.value.text().is_empty()).then_some(*found)
    }

    /// What counts of a setting that adds up: an empty one takes back all before it.
    pub(super) fn list(&self, key: &str) -> Vec<Value<'d>> {
        let mut values = Vec::new();
        for value in self.entries.iter().filter(|value| value.entry.key == key) {
            if value.entry.value.text().is_empty() {
                values.clear();
            } else {
                values.push(*value);
            }
        }
        values
    }
}

impl Fields<'_> {
    /// How many processors a setting that adds up leaves to the service.
    pub(super) fn processors(&self, key: &str) -> Option<Located<Cpus>> {
        let values = self.list(key);
        let mut all = BTreeSet::new();
        for value in &values {
            all.extend(quantities::cpu_set(&value.text()?.value)?);
        }
        let count = u32::try_from(all.len()).ok().filter(|count| *count > 0)?;
        Some(Located::new(Cpus(f64::from(count)), values.last()?.place()))
    }
}

impl Value<'_> {
    /// The bytes of the value.
    pub(super) const fn place(&self) -> Place {
        Place::new(self.file, self.entry.value_span)
    }

    /// How many settings come before it.
    pub(super) const fn order(&self) -> usize {
        self.order
    }

    /// The value with its specifiers filled in; `None` where it is too long.
    pub(super) fn bits(&self) -> Option<Vec<Bit>> {
        Some(escapes::specifiers(bits::of(&self.entry.value)?, self.unit))
    }

    fn located<T>(&self, value: Option<T>) -> Option<Located<T>> {
        // Which branch of a template counts is not known.
        value.filter(|_| !self.entry.conditional).map(|value| Located::new(value, self.place()))
    }

    pub(super) fn text(&self) -> Option<Located<String>> {
        self.located(bits::text(&self.bits()?))
    }

    /// A path, which may be preceded by a dash for "if it is there" or a tilde for the home of the user.
    pub(super) fn path(&self) -> Option<Located<String>> {
        let text = self.text()?;
        let mut place = text.place;
        let path = match text.value.strip_prefix('-') {
            Some(path) => {
                place.span.start += 1;
                path.to_owned()
            }
            None => text.value,
        };
        (path.starts_with('/')).then(|| Located::new(path, place))
    }

    pub(super) fn truth(&self) -> Option<Located<bool>> {
        let text = self.text()?;
        let truth = match text.value.to_ascii_lowercase().as_str() {
            "1" | "yes" | "y" | "true" | "t" | "on" => true,
            "0" | "no" | "n" | "false" | "f" | "off" => false,
            _ => return None,
        };
        Some(Located::new(truth, text.place))
    }

    pub(super) fn cpus(&self) -> Option<Located<Cpus>> {
        self.located(quantities::cpus(self.entry.value.text()))
    }

    pub(super) fn bytes(&self) -> Option<Located<Bytes>> {
        self.located(quantities::bytes(self.entry.value.text()))
    }

    pub(super) fn seconds(&self) -> Option<Located<Seconds>> {
        self.located(quantities::seconds(self.entry.value.text()))
    }
}
