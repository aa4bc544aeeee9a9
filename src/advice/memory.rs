//! What one more worker may cost, when nobody has measured it.

use crate::app::{Application, Framework};
use crate::findings::Confidence;
use crate::sizing::{Known, WorkerMemory};
use crate::values::Bytes;

/// What the import of a package takes in each process, by module: the least, a usual number and the most in MiB, and
/// the modules of the table that it imports itself.
const IMPORTS: &str = include_str!("../../rules/memory/imports.txt");

/// One line of it.
struct Import {
    module: &'static str,
    low: u64,
    /// What it takes usually and at most, beyond what applications have anyway.
    more: Option<(u64, u64)>,
    with: Vec<&'static str>,
}

fn imports() -> impl Iterator<Item = Import> {
    let lines = IMPORTS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        let number = |at: usize| words.get(at)?.parse().ok();
        let with = words.get(4..).unwrap_or_default().to_vec();
        Some(Import { module: words.first()?, low: number(1)?, more: number(2).zip(number(3)), with })
    })
}

/// What the packages add that `application` imports when it starts, itself or through others; each of them once.
#[derive(Default)]
struct Heavy {
    /// Those worth a word.
    names: Vec<&'static str>,
    /// The least, the usual number and the most of those.
    sums: [u64; 3],
    /// The least of those that applications have anyway.
    usual: u64,
}

fn heavy(application: &Application) -> Heavy {
    let all: Vec<Import> = imports().collect();
    let named: Vec<&Import> = all.iter().filter(|one| application.starts_with(one.module)).collect();
    let is_in =
        |one: &&Import| named.iter().any(|other| other.module == one.module || other.with.contains(&one.module));
    let mut heavy = Heavy::default();
    for one in all.iter().filter(is_in) {
        let Some((value, high)) = one.more else {
            heavy.usual += one.low;
            continue;
        };
        for (sum, more) in heavy.sums.iter_mut().zip([one.low, value, high]) {
            *sum += more;
        }
    }
    heavy.names = named.iter().filter(|one| one.more.is_some()).map(|one| one.module).collect();
    heavy
}

/// The word behind modules that are there to load models.
const MODELS: &str = "models";

/// What `application` imports to load models: how large they are is known to nobody but its author.
pub(super) fn models(application: &Application) -> Option<&'static str> {
    let loads = |one: &Import| one.with.contains(&MODELS) && application.starts_with(one.module);
    imports().find(loads).map(|one| one.module)
}

/// An interval of proportional set size for a worker of `application`, from its framework and what it imports. A model
/// that is loaded comes on top and is not guessed.
///
/// The lower ends are measured with an application that does nothing (Gunicorn 27.0.1, `CPython`
/// 3.11: Flask 17 MiB, FastAPI on UvicornWorker 30 MiB) or, for Django, the least of what sites
/// report (80 to 150 MiB). The upper end is the 256 MiB per process that Heroku's Python buildpack
/// plans with. The value between is a guess, and the confidence says so.
pub(super) fn estimated(application: &Application) -> Option<Known<WorkerMemory>> {
    let (low, value) = match application.framework {
        Framework::Flask | Framework::Bottle | Framework::Pyramid | Framework::Falcon => (17, 80),
        Framework::FastApi | Framework::Starlette | Framework::Quart | Framework::Litestar => (30, 100),
        Framework::Django => (80, 120),
        _ => return None,
    };
    let Heavy { names, sums: [more_low, more, more_high], usual } = heavy(application);
    // Sites have those as well.
    let usual = if application.framework == Framework::Django { 0 } else { usual };
    let memory = WorkerMemory {
        low: Bytes::mib((low + usual).min(value) + more_low),
        value: Bytes::mib(value + more),
        high: Bytes::mib(256 + more_high),
    };
    let with = match names.as_slice() {
        [] => String::new(),
        names => format!(" with {}, {more_low} to {more_high} MiB of it", names.join(" and ")),
    };
    let source = format!("a guess for {}{with}, not measured", application.framework.name());
    Some(Known::new(memory, source, Confidence::Low))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::source::{FileKind, Files};
    use crate::{app, read};

    #[test]
    fn every_line_is_an_interval_and_names_lines_that_are_there() {
        let lines = IMPORTS.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).count();
        let all: Vec<Import> = imports().collect();
        assert_eq!(all.len(), lines);
        for one in &all {
            assert!(
                one.low > 0 && one.more.is_none_or(|(value, high)| one.low <= value && value <= high),
                "{}",
                one.module
            );
            assert!(one.more.is_some() || one.with.is_empty(), "{}", one.module);
            assert!(
                one.with.iter().all(|name| *name == MODELS || all.iter().any(|other| other.module == *name)),
                "{}",
                one.module
            );
        }
    }

    #[test]
    fn what_is_imported_at_the_start_counts_once() {
        let of = |imports: &str| {
            let mut files = Files::new();
            let text = format!("{imports}\nfrom flask import Flask\n\napp = Flask(__name__)\n");
            let kinds =
                BTreeMap::from([(files.add("app.py", text.as_str()), FileKind::of_named("app.py", &text).unwrap())]);
            let facts = read::all(&files, &kinds);
            estimated(&app::analyse(&files, &facts.python, "app:app", "").unwrap()).unwrap()
        };
        let (plain, pandas) = (of(""), of("import pandas"));
        let more = |known: &Known<WorkerMemory>| known.value.low.as_mib() - plain.value.low.as_mib();
        // It imports numpy, whoever else does.
        assert!((more(&pandas) - 43.0).abs() < 0.1 && pandas.source.contains("with pandas"), "{}", pandas.source);
        assert!((more(&of("import numpy\nimport pandas")) - 43.0).abs() < 0.1);
        assert_eq!(of("def view():\n    import pandas\n").value, plain.value);
        // What applications have anyway raises the least alone.
        let client = of("import requests");
        assert!((more(&client) - 6.0).abs() < 0.1 && client.value.value == plain.value.value);
        assert_eq!((client.value.high, &client.source), (plain.value.high, &plain.source));
        assert!(!plain.source.contains("with"));
    }
}
