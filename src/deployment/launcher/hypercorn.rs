//! `hypercorn.asyncio.serve(app, config)` and `hypercorn.run.run(config)` (0.18.0): the attributes of a
//! `Config`, which takes anything.

use super::super::effective::Resolved;
use super::call::{Called, Reading, known, resolved};
use super::target;
use crate::python::evaluate::TOML;
use crate::python::launches::Api;
use crate::servers::cast;
use crate::source::Located;
use crate::values::Value;

pub(super) fn read(reading: &Reading) -> Called {
    let mut called = Called::default();
    let sighting = &reading.launched.sighting;
    let serves = reading.launched.api == Api::HypercornServe;
    let named = |name: &str| sighting.named.iter().find(|(known, _)| known == name).map(|(_, given)| given);
    let config = sighting.positional.get(usize::from(serves)).or_else(|| named("config"));
    let followed =
        config.is_some_and(|config| known(&config.value).is_some_and(|value| value.to_string().contains("hypercorn")));
    if !followed {
        reading.hide(&mut called, &sighting.place, "the configuration comes from something that is not followed");
    }
    for (name, value) in config.into_iter().flat_map(|config| &config.attributes) {
        if name == TOML {
            match reading.launched.loads {
                Some(file) => {
                    let read = super::super::hypercorn::toml(reading.files, file, reading.table, reading.version);
                    called.errors.extend(read.errors);
                    // What the code sets later counts, wherever the file is named.
                    called.candidates.splice(0..0, read.candidates);
                }
                None => reading.hide(&mut called, &sighting.place, "the file with the configuration was not read"),
            }
            continue;
        }
        let found = reading.sites.attribute(name).unwrap_or_else(|| reading.sites.whole());
        if name == "application_path" {
            if let Some(Value::Str(text)) = known(value) {
                called.app = Some(Located::new(text.clone(), found.place));
            }
            continue;
        }
        let Some(setting) = reading.setting(name) else { continue };
        let resolved = match resolved(value, |value| cast::cast(setting, value, reading.version).map_err(|e| e.message))
        {
            Ok(Resolved::Known(Value::Object(what))) => Ok(Resolved::Unknown(format!("it is {what}"))),
            other => other,
        };
        let candidate = Reading::candidate(name, value, resolved, found, &mut called.errors);
        called.candidates.push((setting, candidate));
    }
    if serves {
        // `serve` ignores what concerns processes, and warns.
        let mode = named("mode").or_else(|| sighting.positional.get(3)).and_then(|given| known(&given.value));
        called.mode = mode.and_then(Value::as_str).map(str::to_owned);
        called.fixed = vec![("workers", Value::Int(1)), ("use_reloader", Value::Bool(false))];
        if let Some(first) = reading.sites.call().and_then(|call| call.positional.first()?.as_ref()) {
            target::object(reading, first, &mut called);
        }
    }
    called
}
