//! Policies of the settings in the terms of rules: names, settings and bounds are checked.

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use regex_automata::meta::Regex;
use toml::Spanned;

use super::Error;
use crate::findings::{Severity, interned};
use crate::rules::policy::{Bound, Demand, Number, Policy, Subject, When};
use crate::rules::{CARDS, Card};
use crate::servers::{Server, Version, table};
use crate::settings::policy::{self as stated, Limit, Scalar, Unknown};
use crate::settings::{self, Loaded};
use crate::values::{Bytes, Value};

/// The subject that is no setting of any server.
const VERSION: &str = "version";
/// How much memory a regular expression may take; anything larger was not written by a person.
const LARGEST_PATTERN: usize = 1 << 20;

/// All policies of the settings, in their order.
pub(super) fn all(loaded: &Loaded) -> Result<Vec<Policy>, Error> {
    let mut known: Vec<Policy> = Vec::new();
    for policy in &loaded.settings.policy {
        let made = one(policy, loaded)?;
        if known.iter().any(|other| other.name == made.name) {
            return Err(loaded.error(&policy.name, format!("there are two policies named `{}`", made.name)).into());
        }
        known.push(made);
    }
    Ok(known)
}

fn one(policy: &stated::Policy, loaded: &Loaded) -> Result<Policy, Error> {
    let wrong = |at: &Spanned<String>, what: String| Error::from(loaded.error(at, what));
    let name = policy.name.get_ref();
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(plain) || !name.starts_with(|c: char| c.is_ascii_lowercase()) {
        return Err(wrong(
            &policy.name,
            format!("`{name}` is no name: it is made of lower-case letters, digits and dashes"),
        ));
    }
    let is_group = CARDS.iter().any(|card| card.group == name || card.code[..3].eq_ignore_ascii_case(name));
    if Card::find(name).is_some() || is_group || name == super::POLICIES {
        return Err(wrong(&policy.name, format!("`{name}` is a rule of farrier's own")));
    }
    let subject = match (&policy.setting, policy.limit) {
        (Some(setting), None) => subject(setting).map_err(|what| wrong(setting, what))?,
        (None, Some(Limit::Cpus)) => Subject::Cpus,
        (None, Some(Limit::Memory)) => Subject::Memory,
        (None, Some(Limit::Replicas)) => Subject::Replicas,
        (None, Some(Limit::StopGrace)) => Subject::StopGrace,
        _ => return Err(wrong(&policy.name, "a policy is about one `setting` or one `limit`".to_owned())),
    };
    let demand = demand(policy, &subject, loaded)?;
    let says = demand.max.is_some()
        || demand.min.is_some()
        || demand.matches.is_some()
        || demand.required
        || demand.forbidden
        || !(demand.one_of.is_empty() && demand.not.is_empty());
    if !says {
        let what = "a policy demands something: `max`, `min`, `one-of`, `not`, `matches`, `required` or `forbidden`";
        return Err(wrong(&policy.name, what.to_owned()));
    }
    Ok(Policy {
        name: interned(name),
        message: policy.message.clone(),
        severity: policy.severity.map_or(Severity::Warning, |threshold| threshold.0),
        when: when(policy, loaded)?,
        subject,
        demand,
        reports_unknown: policy.unknown == Unknown::Report,
        stated: None,
        is_shared: loaded.spot(&policy.name).is_none_or(|spot| spot.path != loaded.path),
    })
}

/// The setting that a word names, however its parts are joined.
fn subject(word: &Spanned<String>) -> Result<Subject, String> {
    let name = word.get_ref().trim_start_matches('-').replace('-', "_");
    if name == VERSION {
        return Ok(Subject::Version);
    }
    if Server::every().any(|server| table(server).setting(&name).is_some()) {
        return Ok(Subject::Setting(name));
    }
    let near = Server::every().find_map(|server| table(server).near_miss(&name, table(server).newest()));
    let near = near.map_or_else(String::new, |setting| format!("; did you mean `{}`?", setting.name()));
    Err(format!("no server has a setting `{}`{near}", word.get_ref()))
}

fn when(policy: &stated::Policy, loaded: &Loaded) -> Result<When, Error> {
    let wrong = |what: String| Error::from(loaded.error(&policy.name, what));
    let server = |word: &String| {
        let found = Server::every()
            .find(|server| server.as_str().eq_ignore_ascii_case(word) || table(*server).distribution() == word);
        found.ok_or_else(|| wrong(format!("there is no server `{word}` that farrier knows")))
    };
    let classes = policy.when.worker_class.0.clone();
    if let Some(word) = classes.iter().find(|word| !word.contains('.') && table(Server::Gunicorn).class(word).is_none())
    {
        return Err(wrong(format!("Gunicorn has no worker class `{word}`")));
    }
    let path = &policy.when.path.0;
    Ok(When {
        servers: policy.when.server.0.iter().map(server).collect::<Result<_, _>>()?,
        classes,
        production: policy.when.production,
        path: if path.is_empty() { None } else { Some(patterns(path).map_err(|error| wrong(error.to_string()))?) },
    })
}

pub(super) fn patterns(words: &[String]) -> Result<Gitignore, ignore::Error> {
    let mut builder = GitignoreBuilder::new("");
    for word in words {
        builder.add_line(None, word)?;
    }
    builder.build()
}

fn demand(policy: &stated::Policy, subject: &Subject, loaded: &Loaded) -> Result<Demand, Error> {
    let bound = |written: &Option<Spanned<Scalar>>| -> Result<Option<Bound>, Error> {
        let Some(written) = written else { return Ok(None) };
        let number = number(written.get_ref(), subject)
            .ok_or_else(|| Error::from(loaded.error(written, format!("this is no bound of {}", described(subject)))))?;
        Ok(Some(Bound { text: shown(written.get_ref()), number }))
    };
    let matches = match &policy.matches {
        Some(pattern) => Some((pattern.get_ref().clone(), regex(pattern).map_err(|what| loaded.error(pattern, what))?)),
        None => None,
    };
    Ok(Demand {
        max: bound(&policy.max)?,
        min: bound(&policy.min)?,
        one_of: policy.one_of.0.iter().map(value).collect(),
        not: policy.not.0.iter().map(value).collect(),
        matches,
        required: policy.required,
        forbidden: policy.forbidden,
    })
}

fn regex(pattern: &Spanned<String>) -> Result<Regex, String> {
    let limits = Regex::config().nfa_size_limit(Some(LARGEST_PATTERN));
    let built = Regex::builder().configure(limits).build(pattern.get_ref());
    built.map_err(|error| {
        // The last line says what is wrong; those before it draw the pattern.
        let why = error.syntax_error().map_or_else(|| error.to_string(), ToString::to_string);
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
        format!("no regular expression: {why}")
    })
}

const fn described(subject: &Subject) -> &'static str {
    match subject {
        Subject::Version => "a version, which is written as `\"23.0\"`",
        Subject::Memory => "memory, which is written with a unit, as `\"512MiB\"`",
        Subject::Setting(_) | Subject::Cpus | Subject::Replicas | Subject::StopGrace => "a number",
    }
}

#[allow(clippy::cast_precision_loss, reason = "no setting comes near 2^52")]
fn number(scalar: &Scalar, subject: &Subject) -> Option<Number> {
    match (subject, scalar) {
        (Subject::Version, Scalar::Text(text)) => text.parse::<Version>().ok().map(Number::Version),
        (Subject::Memory, Scalar::Text(text)) => {
            Bytes::parse(text, false).map(|bytes| Number::Plain(bytes.as_mib() * 1_048_576.0))
        }
        (Subject::Version | Subject::Memory, _) | (_, Scalar::Bool(_)) => None,
        (Subject::Cpus, Scalar::Text(text)) => match text.trim().strip_suffix('m') {
            Some(thousandths) => thousandths.parse::<f64>().ok().map(|n| Number::Plain(n / 1000.0)),
            None => text.trim().parse().ok().map(Number::Plain),
        },
        // `"60s"` is what other files say of seconds.
        (_, Scalar::Text(text)) => {
            text.trim().trim_end_matches(['s', ' ']).parse().ok().filter(|n: &f64| n.is_finite()).map(Number::Plain)
        }
        (_, Scalar::Int(number)) => Some(Number::Plain(*number as f64)),
        (_, Scalar::Float(number)) => Some(Number::Plain(*number)),
    }
}

fn shown(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Bool(value) => value.to_string(),
        Scalar::Int(number) => number.to_string(),
        Scalar::Float(number) => number.to_string(),
        Scalar::Text(text) => text.clone(),
    }
}

fn value(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Bool(value) => Value::Bool(*value),
        Scalar::Int(number) => Value::Int(*number),
        Scalar::Float(number) => Value::Float(*number),
        Scalar::Text(text) => Value::Str(text.clone()),
    }
}

/// Where the settings state each policy.
pub(super) fn spots(loaded: &Loaded) -> Vec<Option<settings::Spot>> {
    loaded.settings.policy.iter().map(|policy| loaded.spot(&policy.name)).collect()
}
