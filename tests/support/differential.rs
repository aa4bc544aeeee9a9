//! Commands as a server itself reads them, beside what `farrier show` says about the same files.
#![allow(clippy::expect_used, reason = "a test stops where its own tools fail")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::{Value as Json, json};

use super::corpus::corpus;
use super::python::{release, servers_environment};
use super::sides::{ask, same, shared_out, shown};

/// One way to start a server, and what about it cannot be told from its files.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Case {
    /// The command of the Procfile.
    run: String,
    /// Files beside it.
    #[serde(default)]
    files: BTreeMap<String, String>,
    /// Variables that only the machine has; no file sets them.
    #[serde(default)]
    outside: BTreeMap<String, String>,
    /// Settings that rest on the machine: farrier must say that it does not know them.
    #[serde(default)]
    depends: Vec<String>,
    /// Settings that farrier may know or not, `*` for all; what it knows must still be right.
    #[serde(default)]
    also_unknown: Vec<String>,
    /// The server does not start, and farrier must say so.
    #[serde(default)]
    refuses: bool,
    /// It does not start because of what is outside the files, so farrier may stay silent.
    #[serde(default)]
    from_outside: bool,
    /// The command prints something and ends, so that nothing is started.
    #[serde(default)]
    prints: bool,
    /// The only releases that behave so; all that are compared if empty.
    #[serde(default)]
    only: Vec<String>,
}

/// What is compared.
pub(crate) struct Comparison {
    /// The server, as the driver calls it.
    pub(crate) server: &'static str,
    /// Its distribution, as the requirements name it.
    pub(crate) distribution: &'static str,
    /// The release in `servers.txt`.
    pub(crate) newest: &'static str,
    /// Others to compare with.
    pub(crate) older: &'static [&'static str],
    /// The fewest cases that must be there for each release.
    pub(crate) least: usize,
    /// The content of `app.py`.
    pub(crate) app: &'static str,
    /// Settings that one side has and the other does not, and why that is right is told where they are named.
    pub(crate) apart: &'static [&'static str],
}

impl Comparison {
    /// Compares every case of `tests/<folder>/*.toml`.
    ///
    /// # Panics
    /// With a list of everything that differs.
    pub(crate) fn run(&self, folder: &str) {
        // One mistake shows in many commands, so the report goes by what is wrong.
        let mut wrong = BTreeMap::<String, (usize, String)>::new();
        let (mut failed, mut count) = (0, 0);
        for version in [self.newest].iter().chain(self.older) {
            let only = |case: &Case| case.only.is_empty() || case.only.iter().any(|only| only == version);
            let cases: Vec<(String, Case)> = corpus(folder).into_iter().filter(|(_, case)| only(case)).collect();
            assert!(cases.len() >= self.least, "only {} cases are left for {version}", cases.len());
            let problems = self.compare_all(version, &cases);
            count += cases.len();
            failed += problems.iter().filter(|problems| !problems.is_empty()).count();
            for ((id, case), problems) in cases.iter().zip(problems) {
                for problem in problems {
                    wrong.entry(problem).or_insert_with(|| (0, case.title(version, id))).0 += 1;
                }
            }
        }
        let report = wrong.iter().fold(String::new(), |mut report, (problem, (times, title))| {
            let _ = writeln!(report, "\n{problem}\n  {times} times, first in {title}");
            report
        });
        assert!(failed == 0, "{failed} of {count} commands are read differently:\n{report}");
    }

    fn compare_all(&self, version: &str, cases: &[(String, Case)]) -> Vec<Vec<String>> {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let folders: Vec<PathBuf> = cases.iter().map(|(id, _)| scratch.path().join(id)).collect();
        let older = (version != self.newest).then(|| release(&format!("{}=={version}", self.distribution)));
        let mut real = Vec::new();
        for ((_, case), folder) in cases.iter().zip(&folders) {
            let requirement = format!("{}=={version}\n", self.distribution);
            let mut files = BTreeMap::from([
                ("app.py".to_owned(), self.app.to_owned()),
                ("requirements.txt".to_owned(), requirement),
                ("Procfile".to_owned(), format!("web: {}\n", case.run)),
            ]);
            files.extend(case.files.clone());
            for (name, text) in files.into_iter().filter(|(_, text)| text != "absent") {
                let path = folder.join(name);
                fs::create_dir_all(path.parent().expect("a file lies in a folder")).expect("scratch is writable");
                fs::write(path, text).expect("scratch is writable");
            }
            real.push(json!({
                "server": self.server, "folder": folder, "shell": case.run, "env": case.outside, "release": older,
            }));
        }
        let answers = shared_out(&real, |part| ask(servers_environment().command(), "server_loader.py", part));
        let told = shown(&folders);
        let pairs = cases.iter().zip(&answers).zip(&told);
        pairs.map(|(((_, case), answer), told)| self.compare(case, answer, told)).collect()
    }

    fn compare(&self, case: &Case, answer: &Json, told: &Result<Json, String>) -> Vec<String> {
        let refused = answer["refused"].as_str();
        let said = answer["said"].as_str().unwrap_or_default();
        let last =
            format!("{} {said}", refused.unwrap_or_default()).trim().lines().last().unwrap_or_default().to_owned();
        if refused.is_some() != case.refuses || (answer["prints"] == true) != case.prints {
            return vec![format!("the corpus is wrong about the server, which says: {refused:?} {said}")];
        }
        let document = match told {
            Ok(document) => document,
            Err(said) if case.prints => return said.is_empty().then(String::new).into_iter().collect(),
            Err(said) => return vec![said.clone()],
        };
        let launches = document["launches"].as_array().map_or(&[][..], Vec::as_slice);
        if case.prints {
            return if launches.is_empty() { Vec::new() } else { vec!["farrier sees a launch".to_owned()] };
        }
        let [launch] = launches else {
            return vec![format!("farrier sees {} launches, not one", launches.len())];
        };
        let errors = launch["errors"].as_array().map_or(0, Vec::len);
        if case.refuses {
            let silent = errors == 0 && !case.from_outside;
            return if silent {
                vec![format!("farrier reports no error; the server says: {last}")]
            } else {
                Vec::new()
            };
        }
        let mut problems = Vec::new();
        if errors > 0 {
            problems.push(format!("farrier says that it does not start: {}", launch["errors"]));
        }
        let app = &launch["app"];
        if *app != answer["app"] && !(app.is_null() && case.may_be_unknown("app")) {
            problems.push(format!("the application is {}, farrier says {app}", answer["app"]));
        }
        let real = answer["settings"].as_object().expect("the driver lists the settings");
        for (name, expected) in real.iter().filter(|(name, _)| !self.apart.contains(&name.as_str())) {
            problems.extend(difference(case, name, expected, &launch["settings"][name]));
        }
        for name in launch["settings"].as_object().into_iter().flat_map(serde_json::Map::keys) {
            if !real.contains_key(name) && !self.apart.contains(&name.as_str()) {
                problems.push(format!("{name}: the server has no such setting"));
            }
        }
        for name in &case.also_unknown {
            let is_unknown = |name: &str| launch["settings"][name]["known"] == false || name == "app" && app.is_null();
            let needed = if name == "*" { real.keys().any(|name| is_unknown(name)) } else { is_unknown(name) };
            if !needed {
                problems.push(format!("the corpus allows that `{name}` is unknown, and it is known"));
            }
        }
        problems
    }
}

impl Case {
    fn title(&self, version: &str, id: &str) -> String {
        let mut title = format!("{id} with {version}: {}", self.run);
        for (name, text) in &self.files {
            for line in text.lines() {
                let _ = write!(title, "\n    {name} | {line}");
            }
        }
        title
    }

    fn may_be_unknown(&self, setting: &str) -> bool {
        self.also_unknown.iter().any(|name| name == setting || name == "*")
    }
}

fn difference(case: &Case, name: &str, expected: &Json, told: &Json) -> Option<String> {
    if told.is_null() {
        return Some(format!("{name}: farrier does not list it"));
    }
    match (told["known"] == true, case.depends.iter().any(|depends| depends == name)) {
        (true, true) => Some(format!("{name}: farrier claims {} for what the files do not tell", told["value"])),
        (false, true) => None,
        (false, false) if case.may_be_unknown(name) => None,
        (false, false) => Some(format!("{name}: it is {expected}, farrier does not know: {}", told["reason"])),
        (true, false) if same(expected, &told["value"]) => None,
        (true, false) => Some(format!("{name}: it is {expected}, farrier says {} ({})", told["value"], told["origin"])),
    }
}
