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
    value: u64,
    high: u64,
    with: Vec<&'static str>,
}

fn imports() -> impl Iterator<Item = Import> {
    let lines = IMPORTS.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        let module = words.next()?;
        let mut number = || words.next()?.parse().ok();
        let (low, value, high) = (number()?, number()?, number()?);
        Some(Import { module, low, value, high, with: words.collect() })
    })
}

/// Those that `application` imports when it starts, itself or through others; each of them once.
fn heavy(application: &Application) -> (Vec<&'static str>, [u64; 3]) {
    let all: Vec<Import> = imports().collect();
    let named: Vec<&Import> = all.iter().filter(|one| application.starts_with(one.module)).collect();
    let is_in =
        |one: &&Import| named.iter().any(|other| other.module == one.module || other.with.contains(&one.module));
    let sum = |of: fn(&Import) -> u64| all.iter().filter(is_in).map(of).sum();
    let sums = [sum(|one| one.low), sum(|one| one.value), sum(|one| one.high)];
    (named.iter().map(|one| one.module).collect(), sums)
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
    let (heavy, [more_low, more, more_high]) = heavy(application);
    let memory = WorkerMemory {
        low: Bytes::mib(low + more_low),
        value: Bytes::mib(value + more),
        high: Bytes::mib(256 + more_high),
    };
    let with = match heavy.as_slice() {
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
            assert!(one.low <= one.value && one.value <= one.high, "{}", one.module);
            assert!(one.with.iter().all(|name| all.iter().any(|other| other.module == *name)), "{}", one.module);
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
        assert!(!plain.source.contains("with"));
    }
}
