//! What becomes of each setting of a server in Rust.
//!
//! Decides what the code, `Rocket.toml` and variables of the environment say, and which of them counts. What `main`
//! reads from files or options of its own is not followed: such a value is unknown.

use super::{package_of, runtime};
use crate::deployment::commands::Start;
use crate::deployment::effective::{Candidate, Layer, Resolved, Settings, Site};
use crate::deployment::environment::Environment;
use crate::deployment::version::ServerVersion;
use crate::deployment::{hypercorn, settle};
use crate::python::evaluate::Dependency;
use crate::read::{Facts, TomlEntry, toml_section};
use crate::rust::launches::{self, Constant, Serving, Told};
use crate::servers::cast::cast;
use crate::servers::{Server, Setting, Version, table};
use crate::source::{Files, Located, Place, Span};
use crate::values::Value;

#[allow(clippy::too_many_arguments, reason = "all that may set a setting")]
pub(super) fn settings(
    server: Server,
    version: &ServerVersion,
    program: &launches::Program,
    serving: &Serving,
    start: &Start,
    files: &Files,
    facts: &Facts,
    inside: bool,
    errors: &mut Vec<Located<String>>,
) -> Settings {
    let mut settings = Settings::default();
    let file = if server == Server::Rocket { rocket_file(inside, start, program, facts, files) } else { Vec::new() };
    for setting in table(server).settings().filter(|setting| setting.applies_to(version.version)) {
        let mut candidates = vec![settle::default(setting, version.version)];
        candidates.extend(file.iter().filter(|entry| entry.key == setting.name()).map(of_file));
        candidates.extend(of_variable(server, setting, version.version, &start.environment, errors));
        candidates.extend(of_code(setting, program, serving, files, facts));
        settings.settle_in_order(setting, candidates);
    }
    settings
}

/// What the code says of a setting.
fn of_code(
    setting: &Setting,
    program: &launches::Program,
    serving: &Serving,
    files: &Files,
    facts: &Facts,
) -> Option<Candidate> {
    if serving.is_open {
        let why = "the code makes a configuration of its own".to_owned();
        return Some(settle::unknown(Layer::Call, serving.place, why));
    }
    let name = setting.name();
    let told = if name == "bind" {
        if serving.address.is_none() {
            // It listens somewhere, or nobody would serve.
            return Some(settle::unknown(Layer::Call, serving.place, "the code does not tell it plainly".to_owned()));
        }
        serving.address.as_ref()
    } else if matches!(name, "worker_threads" | "max_blocking_threads") {
        if let (true, Some(other)) = (program.runtimes.len() > 1, program.runtimes.first()) {
            return Some(settle::unknown(Layer::Call, other.place, "the program starts several runtimes".to_owned()));
        }
        let runtime = runtime(program)?;
        if name == "worker_threads" && runtime.is_single == Some(true) {
            let value = Resolved::Known(Value::Int(1));
            let place = Some(runtime.place);
            return Some(Candidate { value, layer: Layer::Call, place, site: None, depends: Vec::new() });
        }
        runtime.settings.iter().find(|told| told.name == name)
    } else {
        serving.settings.iter().find(|told| told.name == name)
    }?;
    let site = Site::Argument {
        literal: literal(told, files),
        whole: None,
        removal: told.call.map(|call| with_comma(call, files)),
    };
    let depends = counted(told, program, facts).into_iter().collect();
    Some(Candidate { value: value(told), layer: Layer::Call, place: Some(told.place), site: Some(site), depends })
}

/// What a number of cores rests on: those of the machine, or of a limit where `num_cpus` heeds quotas of control groups
/// v2, which it does since 1.14.0. `get_physical` never does.
fn counted(told: &Told, program: &launches::Program, facts: &Facts) -> Option<Dependency> {
    let Some(Constant::Cores(spelling)) = &told.value else { return None };
    let dependency = package_of(program, facts).dependency("num_cpus");
    let locked = dependency.and_then(|one| one.locked.first().or(one.asked.as_ref()));
    let version = locked.and_then(|text| text.trim_start_matches(['=', '^', '~', ' ']).parse::<Version>().ok());
    let is_exact = dependency
        .is_some_and(|one| !one.locked.is_empty() || one.asked.as_ref().is_some_and(|text| text.starts_with('=')));
    let heeds = !(spelling.contains("physical") || is_exact && version.is_some_and(|one| one < Version::new(1, 14, 0)));
    Some(Dependency::Cpus { place: told.place, spelling: spelling.clone(), limited: heeds })
}

/// The digits of a number, or of the seconds that a time is made of.
pub(super) fn literal(told: &Told, files: &Files) -> Option<Place> {
    let written = files.text_at(told.place);
    let digits = match told.value {
        Some(Constant::Count(_)) => written,
        Some(Constant::Time(_)) => written.strip_suffix(')')?.rsplit_once("::from_secs(")?.1,
        _ => return None,
    };
    let end = told.place.span.end - usize::from(digits.len() < written.len());
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| Place::new(told.place.file, Span::new(end - digits.len(), end)))
}

/// An argument of an attribute with the comma that goes with it; a call as it is.
fn with_comma(call: Place, files: &Files) -> Place {
    let text = files.get(call.file).text();
    let (before, behind) = (&text[..call.span.start], &text[call.span.end..]);
    if text[call.span.start..].starts_with('.')
        || before.ends_with(char::is_whitespace) && !before.trim_end().ends_with([',', '('])
    {
        return call;
    }
    let span = if let Some(front) = before.trim_end().strip_suffix(',') {
        Span::new(front.len(), call.span.end)
    } else if let Some(rest) = behind.trim_start().strip_prefix(',') {
        Span::new(call.span.start, text.len() - rest.trim_start().len())
    } else {
        call.span
    };
    Place::new(call.file, span)
}

fn value(told: &Told) -> Resolved {
    let known = |value: Value| Resolved::Known(value);
    match &told.value {
        Some(Constant::Count(count)) => match i64::try_from(*count) {
            Ok(count) => known(Value::Int(count)),
            Err(_) => Resolved::Unknown("the number is too large".to_owned()),
        },
        Some(Constant::Flag(flag)) => known(Value::Bool(*flag)),
        Some(Constant::Text(text)) => known(Value::Str(text.clone())),
        Some(Constant::Time(time)) if time.subsec_nanos() == 0 => {
            known(Value::Int(i64::try_from(time.as_secs()).unwrap_or(i64::MAX)))
        }
        Some(Constant::Time(time)) => known(Value::Float(time.as_secs_f64())),
        Some(Constant::Address(host, port)) if host.contains(':') => known(Value::Str(format!("[{host}]:{port}"))),
        Some(Constant::Address(host, port)) => known(Value::Str(format!("{host}:{port}"))),
        Some(Constant::Cores(_)) => Resolved::Unknown(settle::FROM_CORES.to_owned()),
        None => Resolved::Unknown("the code computes it".to_owned()),
    }
}

/// What a variable says that the runtime or Rocket reads.
fn of_variable(
    server: Server,
    setting: &'static Setting,
    version: Version,
    environment: &Environment,
    errors: &mut Vec<Located<String>>,
) -> Option<Candidate> {
    let name = table(server).variable_of(setting).or_else(|| setting.default_variable().map(str::to_owned))?;
    let entry = environment.entry(&name).filter(|entry| !entry.absent)?;
    let value = match &entry.text {
        None => Resolved::Unknown(format!("`{name}` is passed on from outside")),
        Some(text) => match cast(setting, &Value::Str(text.clone()), version) {
            // tokio takes no 0 (`loom/std/mod.rs` of 1.54.1).
            Ok(Value::Int(0)) if setting.name() == "worker_threads" => {
                errors.push(Located::new(format!("`{name}`: it has to be more than 0"), entry.place));
                Resolved::Unknown(settle::refused(text))
            }
            Ok(value) => Resolved::Known(value),
            Err(error) => {
                errors.push(Located::new(format!("`{name}`: {}", error.message), entry.place));
                Resolved::Unknown(settle::refused(text))
            }
        },
    };
    Some(Candidate {
        value,
        layer: Layer::Environment,
        place: Some(entry.place),
        site: Some(Site::Variable { literal: entry.literal.then_some(entry.place) }),
        depends: entry.depends.clone(),
    })
}

/// What `Rocket.toml` says in the profile that runs, which is that of a release unless a variable names another one; the
/// last entry of a name counts (`Config::figment` of 0.5.2).
fn rocket_file(
    inside: bool,
    start: &Start,
    program: &launches::Program,
    facts: &Facts,
    files: &Files,
) -> Vec<TomlEntry> {
    let found = start.roots.file(files, "Rocket.toml").or_else(|| {
        let mut folder = package_of(program, facts).folder.as_str();
        // It is looked for in the folders above, too.
        loop {
            let path = if folder.is_empty() { "Rocket.toml".to_owned() } else { format!("{folder}/Rocket.toml") };
            if let Some(file) = files.find(&path).filter(|_| !inside) {
                return Some(file);
            }
            folder = folder.rsplit_once('/').map(|(front, _)| front).or((!folder.is_empty()).then_some(""))?;
        }
    });
    let Some(file) = found else { return Vec::new() };
    let profile = start.environment.text("ROCKET_PROFILE").unwrap_or_else(|| "release".to_owned());
    let text = files.get(file).readable();
    let of = |name: &str| toml_section(file, text.text(), name);
    ["default", &profile, "global"].into_iter().flat_map(of).collect()
}

fn of_file(entry: &TomlEntry) -> Candidate {
    let value = match &entry.value {
        Some(value) => Resolved::Known(value.clone()),
        None => Resolved::Unknown("it is no plain value".to_owned()),
    };
    hypercorn::candidate(entry, value)
}
