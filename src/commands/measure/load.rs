//! What is asked of the service: what was typed, or what a document, the code or a log says.
//!
//! Decides which of it is asked, and what is told of the rest.

use std::io::{Read as _, Write as _};
use std::path::Path;

use farrier::app::{Application, Framework, Role};
use farrier::measure::{self, MOST_REQUESTS, Method, Outcome, Plan, Progress, Request, Warning, merged};
use farrier::report::Load;

use super::super::Failure;
use crate::cli::Asking;
use farrier::values::Order as _;

/// Largest description that is read.
const LARGEST: u64 = 64 * 1024 * 1024;

/// What could be asked, before it is known what the service answers.
pub(super) struct Draft {
    pub(super) load: Load,
    /// What stands in front of all paths, or does where a proxy is in front.
    base: String,
}

/// What was asked for; `usual` where nothing was.
pub(super) fn drafted(asking: &Asking, usual: &[String], application: Option<&Application>) -> Result<Draft, Failure> {
    if asking.routes {
        return Ok(Draft { load: bounded(in_code(application))?, base: String::new() });
    }
    if let Some(file) = &asking.openapi {
        return described(file);
    }
    if let Some(file) = &asking.access_log {
        return Ok(Draft { load: logged(file)?, base: String::new() });
    }
    let typed = if asking.paths.is_empty() { usual.iter().map(Request::get).collect() } else { asking.paths.clone() };
    let method = asking.method.unwrap_or_default();
    let body = asking.body.as_deref().map(body).transpose()?.unwrap_or_default();
    let requests = typed.into_iter().map(|request| Request { method, body: body.clone(), ..request }).collect();
    Ok(Draft { load: Load { requests: merged(requests), ..Load::default() }, base: String::new() })
}

impl Draft {
    /// What is asked of a service that nobody starts here.
    pub(super) fn unseen(mut self) -> Load {
        self.put_base();
        self.load
    }

    /// What is asked of the service: of what was not typed, that which it answers.
    pub(super) fn settled(
        mut self,
        plan: &Plan,
        serving: usize,
        show: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Load, Failure> {
        let Some(source) = self.load.source.clone() else { return Ok(self.load) };
        let bare = self.load.requests.clone();
        let mut survey = |requests: &[Request]| {
            measure::survey(&Plan { requests: requests.to_vec(), ..plan.clone() }, serving, show)
        };
        self.put_base();
        let mut answers = survey(&self.load.requests)?;
        if !self.base.is_empty() && !answers.iter().copied().any(is_good) {
            // What is in front of the service takes the base away.
            let without = survey(&bare)?;
            if without.iter().copied().any(is_good) {
                (self.load.requests, answers) = (bare, without);
            }
        }
        let mut load = Load { requests: Vec::new(), ..self.load.clone() };
        for (request, answer) in self.load.requests.into_iter().zip(answers) {
            match answer {
                answer if is_good(answer) => load.requests.push(request),
                Some(status) => load.left_out.push((request.name(), format!("is answered with status {status}"))),
                None => load.left_out.push((request.name(), "is not answered in time".to_owned())),
            }
        }
        if load.requests.is_empty() {
            let some: Vec<String> = load.left_out.iter().take(5).map(|(what, why)| format!("`{what}` {why}")).collect();
            return Err(Failure::Usage(format!("nothing of {source} can be asked: {}", some.join(", "))));
        }
        Ok(load)
    }

    fn put_base(&mut self) {
        for request in &mut self.load.requests {
            request.path.insert_str(0, &self.base);
        }
    }
}

fn is_good(answer: Option<u16>) -> bool {
    answer.is_some_and(|status| (100..400).contains(&status))
}

/// The paths that stand in the code as a whole.
fn in_code(application: Option<&Application>) -> Load {
    let mut load = Load { source: Some("the code".to_owned()), ..Load::default() };
    let handlers = application.iter().flat_map(|application| &application.handlers);
    for handler in handlers.filter(|handler| handler.role == Role::Route) {
        let Some(route) = &handler.route else {
            load.left_out.push((format!("`{}`", handler.name), "its path is not known".to_owned()));
            continue;
        };
        let of_django = application.is_some_and(|one| one.framework == Framework::Django);
        let path = if of_django && !route.starts_with(['/', '^']) { format!("/{route}") } else { route.clone() };
        if !handler.reads {
            load.left_out.push((path, "does not answer GET".to_owned()));
            continue;
        }
        match whole(&path) {
            Ok(()) => load.requests.push(Request::get(path)),
            Err(reason) => load.left_out.push((path, reason)),
        }
    }
    let asked: Vec<String> = load.requests.iter().map(|request| request.path.clone()).collect();
    load.left_out.retain(|(path, _)| !asked.contains(path));
    load.left_out.order();
    load.left_out.dedup();
    load
}

/// Whether a path of a router is one to ask for: `{id}`, `<int:id>`, `:id` and patterns stand for something.
fn whole(path: &str) -> Result<(), String> {
    if path.contains(['{', '<', '*', '(', '[', '^', '$', '\\']) || path.contains("/:") {
        return Err("needs a value for its parameter".to_owned());
    }
    Request::parse(path).map(|_| ())
}

/// Why there is nothing to tell, and what could be asked instead where `/` is nothing to measure.
pub(super) fn refused(error: measure::Error, hint: Option<&str>) -> Failure {
    match (&error, hint) {
        (measure::Error::Target { .. }, Some(hint)) => Failure::Usage(format!("{error}; {hint}")),
        _ => error.into(),
    }
}

/// Says what else could be asked, where what was measured are redirects.
pub(super) fn tell(hint: Option<&str>, outcome: Option<&Outcome>) {
    let is_redirect = |warning: &Warning| matches!(warning, Warning::Redirect { .. });
    if let Some(hint) = hint.filter(|_| outcome.is_some_and(|outcome| outcome.warnings.iter().any(is_redirect))) {
        let _ = writeln!(std::io::stderr(), "{hint}");
    }
}

/// What else could be asked, for somebody who was told that `/` is nothing to measure.
pub(super) fn hint(application: Option<&Application>) -> Option<String> {
    let mut requests = in_code(application).requests;
    requests.retain(|request| request.path != "/");
    requests.dedup();
    let first = requests.first()?.path.clone();
    let some: Vec<String> = requests.iter().take(4).map(|request| format!("`{}`", request.path)).collect();
    let more = if requests.len() > 4 { format!(" and {} more", requests.len() - 4) } else { String::new() };
    let some = some.join(", ");
    Some(format!("the code names {some}{more}: ask for one with `--path {first}`, or for what answers with `--routes`"))
}

/// What a description lists.
fn described(file: &Path) -> Result<Draft, Failure> {
    let name = file.display();
    let unread = |error: std::io::Error| Failure::Usage(format!("`{name}` cannot be read: {error}"));
    let mut text = String::new();
    std::fs::File::open(file).map_err(unread)?.take(LARGEST).read_to_string(&mut text).map_err(unread)?;
    let found = measure::openapi(&text).map_err(|reason| Failure::Usage(format!("`{name}`: {reason}")))?;
    let load = Load { requests: found.requests, source: Some(name.to_string()), left_out: found.left_out };
    Ok(Draft { load: bounded(load)?, base: found.base })
}

/// What a log counts.
fn logged(file: &Path) -> Result<Load, Failure> {
    let name = file.display();
    let unread = |error: std::io::Error| Failure::Usage(format!("`{name}` cannot be read: {error}"));
    let log = std::fs::File::open(file).map_err(unread)?;
    let found = measure::access_log(std::io::BufReader::new(log)).map_err(unread)?;
    if found.seen == 0 {
        return Err(Failure::Usage(format!("`{name}` has no line of an access log that farrier knows")));
    }
    #[allow(clippy::cast_precision_loss, reason = "lines of a log")]
    let share = |count: u64| format!("{:.1} % of {} requests", count as f64 * 100.0 / found.seen as f64, found.seen);
    let mut left_out = Vec::new();
    for (count, reason) in [
        (found.rare, "rarer than those that are asked"),
        (found.changing, "by other methods than GET and HEAD"),
        (found.failed, "not answered well when they were logged"),
    ] {
        if count > 0 {
            left_out.push((share(count), reason.to_owned()));
        }
    }
    bounded(Load { requests: found.requests, source: Some(name.to_string()), left_out })
}

/// As many requests as one run asks.
fn bounded(mut load: Load) -> Result<Load, Failure> {
    if load.requests.is_empty() {
        let source = load.source.unwrap_or_default();
        let some: Vec<String> = load.left_out.iter().take(5).map(|(what, why)| format!("`{what}` {why}")).collect();
        let why = if some.is_empty() { "it lists no GET request".to_owned() } else { some.join(", ") };
        return Err(Failure::Usage(format!("nothing of {source} can be asked: {why}")));
    }
    load.requests = merged(load.requests);
    let more = load.requests.split_off(load.requests.len().min(MOST_REQUESTS));
    let reason = format!("is behind the first {MOST_REQUESTS}");
    load.left_out.extend(more.iter().map(|request| (request.name(), reason.clone())));
    Ok(load)
}

/// What is sent: the text itself, or what the file behind `@` holds.
fn body(text: &str) -> Result<Vec<u8>, Failure> {
    match text.strip_prefix('@') {
        Some(file) => std::fs::read(file).map_err(|error| Failure::Usage(format!("`{file}` cannot be read: {error}"))),
        None => Ok(text.as_bytes().to_vec()),
    }
}

/// Says what has to be known before requests are sent that do more than ask.
pub(super) fn warn(requests: &[Request]) {
    if let Some(caution) = caution(requests) {
        let _ = writeln!(std::io::stderr(), "{caution}");
    }
}

fn caution(requests: &[Request]) -> Option<String> {
    let mut methods: Vec<Method> = requests.iter().map(|request| request.method).filter(|one| !one.is_safe()).collect();
    methods.sort_unstable();
    methods.dedup();
    let names = methods.iter().map(|method| method.name()).collect::<Vec<_>>().join(" and ");
    (!names.is_empty()).then(|| {
        format!("thousands of {names} requests are sent to the application, which changes what it keeps wherever it keeps it")
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_body_is_a_text_or_a_file() {
        assert_eq!(body("{\"a\": 1}").unwrap(), b"{\"a\": 1}");
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"\xff\x00").unwrap();
        assert_eq!(body(&format!("@{}", file.path().display())).unwrap(), b"\xff\x00");
        assert!(body("@/nowhere/at/all").is_err());
    }

    #[test]
    fn a_path_with_parameters_is_not_asked() {
        for path in ["/items/{id}", "/<int:id>", "/a/:id", "/static/*", "^items/$", "/a b", "//x"] {
            assert!(whole(path).is_err(), "{path}");
        }
        assert_eq!(whole("/items/"), Ok(()));
        assert_eq!(hint(None), None);
    }

    #[test]
    fn only_what_changes_something_is_cautioned_about() {
        let with = |method| Request { method, ..Request::get("/") };
        assert_eq!(caution(&[with(Method::Get), with(Method::Head)]), None);
        let text = caution(&[with(Method::Get), with(Method::Delete), with(Method::Post), with(Method::Post)]).unwrap();
        assert!(text.contains("POST and DELETE requests"), "{text}");
    }
}
