//! Values that a server refuses whatever machine it starts on.
//!
//! Decides by trying: a number that is computed from the cores is not known, but `cpu_count() / 2` is a float with any
//! number of them. What is refused with each that a machine may have is told; what fits with one of them is not.

use super::configuration::Reader;
use crate::python::evaluate::{Binding, Dependency, Globals, Outcome};
use crate::servers::{Setting, Version, cast};
use crate::source::{FileId, Located};

/// Numbers of cores that machines have; the last is told.
const CORES: [u32; 9] = [1, 2, 3, 6, 8, 48, 64, 1000, 4];

/// The settings that `globals` gives a value which the server refuses with any number of cores.
pub(super) fn refused(
    reader: &Reader,
    file: FileId,
    globals: &Globals,
    version: Version,
    setting: impl Fn(&Binding) -> Option<&'static Setting>,
) -> Vec<Located<String>> {
    let counts = |binding: &&Binding| {
        let depends = &binding.value.depends;
        let open = matches!(binding.value.outcome, Outcome::Unknown(_)) && !binding.conditional && !binding.absent;
        open && depends.iter().any(|one| matches!(one, Dependency::Cpus { .. }))
    };
    let computed: Vec<(&Binding, &'static Setting)> =
        globals.bindings.iter().filter(counts).filter_map(|binding| Some((binding, setting(binding)?))).collect();
    if computed.is_empty() || globals.untrusted.is_some() || globals.fails.is_some() {
        return Vec::new();
    }
    let each: Option<Vec<Globals>> =
        CORES.iter().map(|cores| Reader { cpus: Some(*cores), ..*reader }.globals(file)).collect();
    let Some(each) = each else { return Vec::new() };
    let fault = |(binding, setting): (&Binding, &'static Setting)| {
        let error = |globals: &Globals| match &globals.get(&binding.name)?.value.outcome {
            Outcome::Known(value) => cast::cast(setting, value, version).err(),
            Outcome::Unknown(_) => None,
        };
        let errors: Option<Vec<_>> = each.iter().map(error).collect();
        let told = errors?.pop()?;
        let place = binding.value_place.unwrap_or(binding.name_place);
        let what = format!("`{}`: {told}, as it is with 4 cores; no number of them fits", binding.name);
        Some(Located::new(what, place))
    };
    computed.into_iter().filter_map(fault).collect()
}
