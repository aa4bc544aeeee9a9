//! farrier reads how a Python web service is started and what the service does, says what is
//! wrong, what the numbers should be and why, and rewrites the file on request.
//!
//! [`examine`] is the whole of it:
//!
//! ```
//! use farrier::{examine, request::Request};
//!
//! let project = tempfile::tempdir()?;
//! std::fs::write(project.path().join("Procfile"), "web: gunicorn app:app -k eventlet\n")?;
//! let request = Request { root: project.path().to_path_buf(), ..Request::default() };
//! let examination = examine(&request)?;
//! assert_eq!(examination.findings[0].rule, "removed-worker-class");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The library promises no stable interface yet.

pub mod advice;
pub mod app;
pub mod deployment;
pub mod discover;
pub mod effects;
pub mod findings;
pub mod fix;
pub mod host;
#[cfg(unix)]
pub mod measure;
pub mod python;
pub mod read;
pub mod report;
pub mod request;
pub mod rules;
pub mod rust;
pub mod servers;
pub mod settings;
pub mod sizing;
pub mod source;
pub mod suppress;
pub mod values;

use crate::values::Order as _;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use app::{Application, Asked, Basis, Code, Program};
use deployment::Assembly;
use findings::{Finding, Note, Severity, Suppressed};
use host::Host;
use rayon::prelude::*;
use read::Facts;
use request::{Request, Useless};
use rules::{Context, DeclaredCpus, Service};
use sizing::Advice;
use source::{FileId, Files};

/// Everything that a run found out.
#[derive(Debug)]
pub struct Examination {
    /// The texts that were read.
    pub files: Files,
    /// What each of them says.
    pub facts: Facts,
    /// What they say together.
    pub assembly: Assembly,
    /// The application of each deployment, in the same order; `None` where it is not in the project.
    pub applications: Vec<Option<Application>>,
    /// Applications that no known server runs.
    pub orphans: Vec<Application>,
    /// Programs of Rust that serve requests.
    pub programs: Vec<Program>,
    /// The limits of this machine.
    pub host: Host,
    /// What the numbers of each deployment should be, in the same order.
    pub advice: Vec<Option<Advice>>,
    /// What is wrong, sorted by place.
    pub findings: Vec<Finding>,
    /// Errors of rules that nobody asked for: a fix must not make new ones.
    pub unasked: Vec<Finding>,
    /// What would be wrong but for a comment.
    pub suppressed: Vec<Suppressed>,
    /// What was not read or not checked.
    pub notes: Vec<Note>,
}

/// Reads a project and judges it. Nothing of it is ever run.
pub fn examine(request: &Request) -> Result<Examination, discover::Error> {
    examine_with(request, &[])
}

/// What the files of a project say, before anything is judged.
#[derive(Debug)]
pub struct Reading {
    /// The texts that were read.
    pub files: Files,
    /// What each of them says.
    pub facts: Facts,
    /// What they say together.
    pub assembly: Assembly,
    /// What was not read.
    pub notes: Vec<Note>,
    /// The patterns of the request that leave nothing out.
    pub idle: Vec<String>,
}

/// Reads a project without a look at what its applications do; with `instead`, as if the file at the
/// first string (a path relative to the root) held the second.
pub fn gather(request: &Request, instead: &[(&str, &str)]) -> Result<Reading, discover::Error> {
    let options = discover::Options { exclude: request.exclude.clone() };
    let mut found = discover::discover(&request.root, &request.paths, &options)?;
    found.add_unsaved(&request.root, request.unsaved.keys());
    let loaded = discover::load_over(&request.root, &found.files, &found.others, &found.unwanted, &request.unsaved);
    let mut kinds = loaded.kinds;
    let mut files = instead.iter().fold(loaded.files, |files, (path, text)| files.with_text(path, text));
    read::unfold(&mut files, &mut kinds);
    let facts = read::all(&files, &kinds);
    let assembly = deployment::assemble_asked(&files, &facts, &asked(request, &files));
    let notes = [found.notes, loaded.notes, facts.notes.clone(), assembly.notes.clone()].concat();
    Ok(Reading { files, facts, assembly, notes, idle: found.idle })
}

/// The files that the request names.
fn asked(request: &Request, files: &Files) -> Vec<FileId> {
    let Ok(root) = request.root.canonicalize() else { return Vec::new() };
    let find = |path: &PathBuf| {
        let real = path.canonicalize().ok()?;
        let inside = real.strip_prefix(&root).ok()?;
        let parts: Vec<_> = inside.components().map(|part| part.as_os_str().to_string_lossy()).collect();
        files.find(&parts.join("/"))
    };
    request.paths.iter().filter_map(find).collect()
}

/// What starts a project and what its applications do, before anything is judged.
#[derive(Debug)]
pub struct Survey {
    /// The texts that were read.
    pub files: Files,
    /// What each of them says.
    pub facts: Facts,
    /// What they say together.
    pub assembly: Assembly,
    /// The application of each deployment, in the same order; `None` where it is not in the project.
    pub applications: Vec<Option<Application>>,
    /// Applications that no known server runs.
    pub orphans: Vec<Application>,
    /// Programs of Rust that serve requests.
    pub programs: Vec<Program>,
    /// What was not read.
    pub notes: Vec<Note>,
    /// The patterns of the request that leave nothing out.
    pub idle: Vec<String>,
}

/// Reads a project and looks at what its applications do; with `instead`, as if each file at a first string (a
/// path relative to the root) held the second.
pub fn survey(request: &Request, instead: &[(&str, &str)]) -> Result<Survey, discover::Error> {
    survey_without(request, instead, &BTreeSet::new())
}

/// Like [`survey`], as if the comments did not name the rules at these places.
fn survey_without(
    request: &Request,
    instead: &[(&str, &str)],
    idle_names: &BTreeSet<source::Place>,
) -> Result<Survey, discover::Error> {
    let Reading { files, facts, assembly, mut notes, idle } = gather(request, instead)?;
    let comments = comments(&facts);
    let of_file = |path: &str| request.about_file(path);
    let apart = suppress::Apart {
        files: &files,
        facts: &facts,
        directives: with_names(request, |names| suppress::Directives::read(&files, &comments, names))
            .without(idle_names),
        rules: rules::CARDS.iter().map(|card| card.name).filter(|rule| request::is_blocking(rule)).collect(),
        of_file: &of_file,
    };
    let (of_line, of_call) = (|place| apart.of_line(place), |place| apart.of_call(place));
    let code = Code::new(&files, &facts.python);
    let remarks = apart.says_something().then_some(app::Remarks { line: &of_line, call: &of_call });
    let code = match remarks {
        Some(remarks) => code.with_remarks(remarks),
        None => code,
    };
    let applications = analyse(request, &code, &assembly, &mut notes);
    let orphans = guarded("applications that nothing starts", &mut notes, || {
        app::orphans(&code, &applications, &request.instructions)
    });
    drop(code);
    drop(apart);
    let orphans = orphans.unwrap_or_default();
    let programs = guarded("programs of Rust", &mut notes, || app::programs(&files, &facts.rust));
    let (programs, unread) = programs.unwrap_or_default();
    notes.extend(unread);
    // An entry point that one application lacks another one may have.
    let all = || applications.iter().flatten().chain(&orphans);
    let missing = request.instructions.entry_points.iter().filter(|name| all().all(|app| app.missing.contains(name)));
    notes.extend(
        missing.filter(|_| all().next().is_some()).map(|name| {
            Note::file(&request.instructions.file, format!("the entry point `{name}` is not in the project"))
        }),
    );
    notes.order();
    notes.dedup();
    Ok(Survey { files, facts, assembly, applications, orphans, programs, notes, idle })
}

/// Like [`examine`], as if each file at a first string (a path relative to the root) held the second.
pub fn examine_with(request: &Request, instead: &[(&str, &str)]) -> Result<Examination, discover::Error> {
    let Judged { mut survey, findings, unasked, advice, host, useless, comments } = judged(request, instead)?;
    let Survey { files, facts, .. } = &survey;
    let (mut findings, suppressed) = silence(findings, useless, request, files, comments, facts);
    let function = |place: source::Place| facts.python.get(&place.file)?.function_around(place.span);
    findings = rules::one_per_call_left(findings);
    for finding in &mut findings {
        finding.function = function(finding.primary.place);
        if let Some(cause) = &mut finding.cause {
            let places = cause.places().into_iter();
            cause.functions = places.filter_map(|place| Some((place, function(place)?))).collect();
        }
    }
    let findings = in_order(findings, files);
    survey.notes.order();
    survey.notes.dedup();
    let Survey { files, facts, assembly, applications, orphans, programs, notes, .. } = survey;
    Ok(Examination {
        files,
        facts,
        assembly,
        applications,
        orphans,
        programs,
        host,
        advice,
        findings,
        unasked,
        suppressed,
        notes,
    })
}

/// A project with what the rules say about it, before comments silence any of that.
struct Judged {
    survey: Survey,
    findings: Vec<Finding>,
    unasked: Vec<Finding>,
    advice: Vec<Option<Advice>>,
    host: Host,
    useless: Vec<rules::OwnFault>,
    comments: BTreeMap<FileId, Vec<source::Comment>>,
}

/// Judges a project, once more where a comment keeps calls apart that it has nothing to say about: which rule speaks
/// about a call is known only when all have spoken, and one that is named beside it silences nothing.
fn judged(request: &Request, instead: &[(&str, &str)]) -> Result<Judged, discover::Error> {
    let first = judged_without(request, instead, &BTreeSet::new())?;
    let is_told_apart = |finding: &Finding| finding.cause.as_ref().is_some_and(|cause| cause.remarks != (0, 0));
    if !first.findings.iter().any(is_told_apart) {
        return Ok(first);
    }
    let names = |judged: &Judged, heeded: bool| {
        let Survey { files, facts, .. } = &judged.survey;
        let read = |names: suppress::Names<'_>| {
            let directives = suppress::Directives::read(files, &judged.comments, names);
            directives.named(&judged.findings, heeded, &request::is_blocking, &|place| facts.extent(files, place))
        };
        with_names(request, read)
    };
    let idle = names(&first, false);
    if idle.is_empty() {
        return Ok(first);
    }
    let second = judged_without(request, instead, &idle)?;
    // Told together, the calls may be what another rule speaks about, which somebody has named.
    Ok(if names(&second, true).is_disjoint(&idle) { second } else { first })
}

/// What the rules say, as if the comments did not name the rules at these places.
fn judged_without(
    request: &Request,
    instead: &[(&str, &str)],
    idle_names: &BTreeSet<source::Place>,
) -> Result<Judged, discover::Error> {
    let mut survey = survey_without(request, instead, idle_names)?;
    let Survey { files, facts, assembly, applications, orphans, programs, notes, idle } = &mut survey;
    let policies = placed(request, files);
    let mut useless = useless_settings(request, idle, files);
    let host = Host::detect(Path::new("/"));
    let advice = recommend(request, files, assembly, applications, &host);
    let comments = comments(facts);
    let (mut findings, idle) =
        judge(request, files, assembly, (applications, orphans, programs), &advice, &policies, &comments, notes);
    useless.extend(idle);
    useless.extend(idle_allowances(request, &findings, files));
    lead_to_settings(&mut findings, request, files);
    let useless = useless.into_iter().map(|useless| useless_at(&useless, request, files)).collect();
    let (findings, unasked) = asked_for(findings, request, files);
    // What is allowed is left out first: of what shares a call with it, there is still something to say.
    let findings = rules::one_per_call(findings);
    Ok(Judged { survey, findings, unasked, advice, host, useless, comments })
}

/// The application of each deployment; one that several deployments start is analysed once.
fn analyse(request: &Request, code: &Code<'_>, assembly: &Assembly, notes: &mut Vec<Note>) -> Vec<Option<Application>> {
    let key = |deployment: &deployment::Deployment| {
        let target = deployment.app.as_ref()?.value.clone();
        let launched_by = deployment.launched_by.clone();
        let (handed, called) = (deployment.handed, deployment.calls_app());
        let variable = |name| deployment.variable(name).map(str::to_owned);
        let (settings, configuration) = (variable("DJANGO_SETTINGS_MODULE"), variable("DJANGO_CONFIGURATION"));
        Some(Asked { target, handed, called, launched_by, start: deployment.start(), settings, configuration })
    };
    let told: BTreeSet<Asked> = assembly.deployments.iter().filter_map(key).collect();
    let told: Vec<Asked> = told.into_iter().collect();
    let firsts = firsts(code, &told, request);
    let each =
        told.par_iter().zip(&firsts).enumerate().filter(|(at, (_, first))| at == *first).map(|(at, (asked, _))| {
            let mut notes = Vec::new();
            let found = guarded(&asked.target, &mut notes, || app::analyse_as_told(code, asked, &request.instructions));
            (at, (found.flatten(), notes))
        });
    let analysed: BTreeMap<usize, (Option<Application>, Vec<Note>)> = each.collect();
    notes.extend(analysed.values().flat_map(|(_, notes)| notes.iter().cloned()));
    let under_its_name = |(asked, first): (&Asked, &usize)| {
        let mut found = analysed.get(first).and_then(|(found, _)| found.clone());
        if let Some(application) = &mut found {
            application.target.clone_from(&asked.target);
        }
        (asked.clone(), found)
    };
    let known: BTreeMap<Asked, Option<Application>> = told.iter().zip(&firsts).map(under_its_name).collect();
    let of = |deployment| known.get(&key(deployment)?)?.clone();
    assembly.deployments.iter().map(of).collect()
}

/// For each of these, the first that says the same under another name or from another place.
fn firsts(code: &Code<'_>, told: &[Asked], request: &Request) -> Vec<usize> {
    if told.len() < 2 {
        return (0..told.len()).collect();
    }
    // A defect shows again, and is told, where the application is analysed.
    let basis = |asked| guarded("", &mut Vec::new(), || app::basis(code, asked, &request.instructions)).flatten();
    let all: Vec<Option<Basis>> = told.par_iter().map(basis).collect();
    let first = |(at, basis): (usize, &Option<Basis>)| {
        let same = all.iter().position(|other| basis.is_some() && other == basis);
        same.unwrap_or(at)
    };
    all.iter().enumerate().map(first).collect()
}

/// Runs an analysis; a defect of it costs its own answer, not the run.
fn guarded<T>(what: &str, notes: &mut Vec<Note>, analysis: impl FnOnce() -> T) -> Option<T> {
    let answer = catch_unwind(AssertUnwindSafe(analysis)).ok();
    if answer.is_none() {
        notes.push(Note::file("", format!("the analysis of `{what}` failed, please report it")));
    }
    answer
}

/// What the numbers of each deployment of `found` should be, in the same order, for what `request` says of
/// production now, and as if nothing were set yet: another machine has no numbers that could be left alone.
pub fn advise_afresh(request: &Request, found: &Examination) -> Vec<Option<Advice>> {
    let Examination { files, assembly, applications, host, .. } = found;
    let sources = advice::Sources {
        declared: &request.declared,
        stated: &request.stated,
        host: request.ask_host.then_some(host),
        margins: request.margins(),
        files,
    };
    let pairs = assembly.deployments.iter().zip(applications);
    pairs
        .map(|(deployment, application)| {
            let inputs = inputs(request, deployment, application.as_ref(), sources)?;
            Some(sizing::recommend(&sizing::Inputs { configured: sizing::Configured::default(), ..inputs }))
        })
        .collect()
}

/// What is known about the size of a service, and whether it has to stay in one process.
fn inputs(
    request: &Request,
    deployment: &deployment::Deployment,
    application: Option<&Application>,
    sources: advice::Sources<'_>,
) -> Option<sizing::Inputs> {
    let mut inputs = advice::inputs(deployment, application, sources)?;
    let runs = |rule: &str, path: &str| request.runs(rule, path);
    advice::hold(&mut inputs, Some(deployment), application, sources.files, &runs);
    Some(inputs)
}

fn recommend(
    request: &Request,
    files: &Files,
    assembly: &Assembly,
    applications: &[Option<Application>],
    host: &Host,
) -> Vec<Option<Advice>> {
    let host = request.ask_host.then_some(host);
    let pairs = assembly.deployments.iter().zip(applications);
    pairs
        .map(|(deployment, application)| {
            let (declared, stated) = (&request.declared, &request.stated);
            let sources = advice::Sources { declared, stated, host, margins: request.margins(), files };
            Some(sizing::recommend(&inputs(request, deployment, application.as_ref(), sources)?))
        })
        .collect()
}

#[allow(clippy::too_many_arguments, reason = "everything that rules may ask about")]
fn judge(
    request: &Request,
    files: &Files,
    assembly: &Assembly,
    (applications, orphans, programs): (&[Option<Application>], &[Application], &[Program]),
    advice: &[Option<Advice>],
    policies: &[rules::policy::Policy],
    comments: &BTreeMap<source::FileId, Vec<source::Comment>>,
    notes: &mut Vec<Note>,
) -> (Vec<Finding>, Vec<Useless>) {
    let inputs: Vec<Option<sizing::Inputs>> = (assembly.deployments.iter().zip(applications))
        .map(|(deployment, application)| {
            let (declared, stated) = (&request.declared, &request.stated);
            let sources = advice::Sources { declared, stated, host: None, margins: request.margins(), files };
            advice::inputs(deployment, application.as_ref(), sources)
        })
        .collect();
    let cpus: Vec<Option<DeclaredCpus>> = (assembly.deployments.iter().zip(&inputs))
        .map(|(deployment, inputs)| {
            let stated = inputs.as_ref()?.cpus.clone()?;
            // Whose number is not that of the file is not led there.
            let of_file = deployment.limits.cpus.as_ref().filter(|_| request.declared.cpus.is_none());
            let place = of_file.map(|limit| limit.place);
            let is_limit = inputs.as_ref().is_some_and(|inputs| inputs.cpus_of == sizing::Origin::Stated);
            Some(DeclaredCpus { cpus: stated.value, source: stated.source, place, is_limit })
        })
        .collect();
    let services: Vec<Service> = (assembly.deployments.iter().zip(applications))
        .zip(advice.iter().zip(cpus.iter().zip(&inputs)))
        .map(|((deployment, application), (advice, (cpus, inputs)))| Service {
            deployment,
            application: application.as_ref(),
            advice: advice.as_ref(),
            cpus: cpus.as_ref(),
            inputs: inputs.as_ref(),
        })
        .collect();
    let context = Context {
        files,
        deployments: &assembly.deployments,
        images: &assembly.images,
        comments,
        databases: &assembly.databases,
        variables: &assembly.variables,
        parameters: &request.rules,
        stated: &request.stated,
    };
    let mut findings = rules::run(&services, orphans, programs, assembly, &context, notes);
    findings.extend(rules::policy::keep(policies, &services, &request.declared, &context));
    (findings, idle_policies(request, policies, &services, &context))
}

/// Policies that are about no server of the project.
fn idle_policies(
    request: &Request,
    policies: &[rules::policy::Policy],
    services: &[Service],
    context: &Context,
) -> Vec<Useless> {
    // Of a part of the project nobody can say what the rest starts.
    if !request.paths.is_empty() {
        return Vec::new();
    }
    let idle = rules::policy::idle(policies, services, context).into_iter();
    let idle = idle.filter(|(policy, _)| request.rules.runs(policy.name));
    idle.filter_map(|(policy, reason)| {
        let at = policies.iter().position(|other| other.name == policy.name)?;
        let spot = request.policy_spots.get(at)?.clone()?;
        // What the settings alone show is told already.
        let is_told = request.useless.iter().any(|told| told.spot == spot);
        (!is_told).then_some(Useless { spot, reason, remedy: None })
    })
    .collect()
}

/// Adds the lines of the settings that the numbers of findings come from.
fn lead_to_settings(findings: &mut [Finding], request: &Request, files: &mut Files) {
    for finding in findings {
        let is_told = |origin: &&request::Origin| {
            let help = finding.help.as_deref().unwrap_or_default();
            finding.message.contains(&origin.source) || help.contains(&origin.source)
        };
        // What is typed has no line.
        let told = request.origins.iter().filter(|origin| origin.spot.path.is_some()).filter(is_told);
        let places: Vec<source::Place> = told.map(|origin| place_of(&origin.spot, request, files)).collect();
        finding.related.extend(places.into_iter().map(|place| findings::Label::new(place, "stated here")));
    }
}

/// The findings of rules that were asked for, as severe as the settings say.
fn asked_for(findings: Vec<Finding>, request: &Request, files: &Files) -> (Vec<Finding>, Vec<Finding>) {
    let runs = |finding: &Finding| request.runs(finding.rule, files.get(finding.primary.place.file).path());
    let (mut findings, mut others): (Vec<Finding>, Vec<Finding>) = findings.into_iter().partition(runs);
    findings.retain(|finding| !request.allowed.covers(finding, files));
    others.retain(|finding| finding.severity == Severity::Error);
    for finding in &mut findings {
        finding.severity = request.rules.severity(finding.rule).unwrap_or(finding.severity);
        request.per_file.iter().for_each(|own| own.adjust(finding, files));
    }
    (findings, others)
}

/// The policies with the places where the settings state them.
fn placed(request: &Request, files: &mut Files) -> Vec<rules::policy::Policy> {
    let spots = request.policy_spots.iter().cloned().chain(std::iter::repeat(None));
    let pairs = request.policies.iter().cloned().zip(spots);
    pairs
        .map(|(policy, spot)| {
            let stated = spot.map(|spot| place_of(&spot, request, files));
            rules::policy::Policy { stated, ..policy }
        })
        .collect()
}

/// The bytes of settings as a place; their file is among the others from then on.
fn place_of(spot: &settings::Spot, request: &Request, files: &mut Files) -> source::Place {
    let path = spot.path_in(&request.root);
    let file = files.find(&path).unwrap_or_else(|| files.add(path, spot.text.as_str()));
    source::Place::new(file, spot.span)
}

/// Settings that have no effect, those included that only the files of the project show.
fn useless_settings(request: &Request, idle: &[String], files: &Files) -> Vec<Useless> {
    let mut useless = request.useless.clone();
    // Of a part of the project nobody can say what the rest holds.
    if !request.paths.is_empty() {
        return useless;
    }
    for own in &request.per_file {
        let concerns = files.iter().any(|(_, file)| own.concerns(file.path()));
        if let Some(spot) = own.spot.clone().filter(|_| !concerns) {
            useless.push(Useless::new(spot, format!("`{}` matches no file that farrier reads", own.pattern)));
        }
    }
    let patterns = request.exclude.iter().zip(&request.exclude_spots);
    for (pattern, spot) in patterns.filter(|(pattern, _)| idle.contains(pattern)) {
        let reason = format!("`{pattern}` leaves out nothing that farrier would look at");
        useless.extend(spot.clone().map(|spot| Useless::new(spot, reason)));
    }
    useless
}

/// What is allowed and never found.
fn idle_allowances(request: &Request, findings: &[Finding], files: &Files) -> Vec<Useless> {
    if !request.paths.is_empty() {
        return Vec::new();
    }
    let idle = request.allowed.idle(findings, files, &|rule| request.rules.runs(rule));
    let reason = "nothing is found that this would allow";
    idle.into_iter().map(|spot| Useless { spot, reason: reason.to_owned(), remedy: None }).collect()
}

/// The same as a fault at its place.
fn useless_at(useless: &Useless, request: &Request, files: &mut Files) -> rules::OwnFault {
    let place = place_of(&useless.spot, request, files);
    let fix = useless.remedy.as_ref().map(|(span, text)| {
        let title = if text.is_empty() { "remove it".to_owned() } else { format!("write {text}") };
        findings::Fix::safe(title, vec![findings::Edit::replace(source::Place::new(place.file, *span), text.as_str())])
    });
    rules::OwnFault { place, kind: rules::FaultKind::UselessSetting(useless.reason.clone()), fix }
}

/// The comments of every file.
fn comments(facts: &Facts) -> BTreeMap<source::FileId, Vec<source::Comment>> {
    let of_python = facts.python.iter().map(|(&file, module)| (file, module.comments.clone()));
    facts.comments.iter().map(|(&file, comments)| (file, comments.clone())).chain(of_python).collect()
}

/// Reads something with the names that comments may use.
fn with_names<T>(request: &Request, read: impl FnOnce(suppress::Names<'_>) -> T) -> T {
    let own = request.policies.iter().map(|policy| policy.name);
    let all: Vec<&'static str> = rules::CARDS.iter().map(|card| card.name).chain(own).collect();
    let resolve = |word: &str| {
        rules::Card::find(word).map(|card| card.name).or_else(|| all.iter().copied().find(|name| *name == word))
    };
    read(suppress::Names { resolve: &resolve, all: &all })
}

/// Sets apart what comments in the files silence, and says what is wrong with those comments.
fn silence(
    findings: Vec<Finding>,
    useless: Vec<rules::OwnFault>,
    request: &Request,
    files: &Files,
    mut comments: BTreeMap<source::FileId, Vec<source::Comment>>,
    facts: &Facts,
) -> (Vec<Finding>, Vec<Suppressed>) {
    for fault in &useless {
        let file = fault.place.file;
        comments.entry(file).or_insert_with(|| read::toml_comments(files.get(file).text()));
    }
    let extent = |place| facts.extent(files, place);
    let variables = BTreeSet::new();
    let (parameters, stated) = (&request.rules, &request.stated);
    let context = Context {
        files,
        deployments: &[],
        images: &[],
        comments: &comments,
        databases: &[],
        variables: &variables,
        parameters,
        stated,
    };
    let mut directives = with_names(request, |names| suppress::Directives::read(files, &comments, names));
    let (mut kept, mut suppressed) = directives.silence(findings, &extent);
    // What is wrong with comments can be silenced like anything else, and only then it is known which
    // comments that do so are of no use.
    let mut faults = directives.faults(request.require_reason);
    faults.extend(useless);
    faults.extend(directives.unused(&|rule, path| request.runs(rule, path) && !rules::is_farriers_own(rule)));
    let (more, silenced) =
        directives.silence(asked_for(rules::about_farrier(&faults, &context), request, files).0, &extent);
    let last = directives.unused(&|rule, path| request.runs(rule, path) && rules::is_farriers_own(rule));
    kept.extend(more);
    kept.extend(asked_for(rules::about_farrier(&last, &context), request, files).0);
    suppressed.extend(silenced);
    (kept, suppressed)
}

/// Findings by file, line and rule, which is how people work through them.
fn in_order(mut findings: Vec<Finding>, files: &Files) -> Vec<Finding> {
    findings.order_by(|a, b| {
        let key = |finding: &Finding| (finding.primary.place.span, finding.rule);
        let path = |finding: &Finding| files.get(finding.primary.place.file).path().to_owned();
        (path(a), key(a)).cmp(&(path(b), key(b)))
    });
    findings
}
