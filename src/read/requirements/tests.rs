//! Requirements in every notation, with their bytes.

use super::super::{Facts, all};
use crate::source::{Files, Guess};

type Row = (String, Option<String>, String, String);

/// Name, pinned version, specifier and the bytes of each requirement of a file.
fn read(path: &str, text: &str) -> (Facts, Vec<Row>) {
    let mut files = Files::new();
    let file = files.add(path, text);
    let kinds = [(file, Guess::of(path).unwrap().settle(path, text).unwrap())].into();
    let facts = all(&files, &kinds);
    let found = facts
        .requirements
        .iter()
        .map(|r| (r.name.clone(), r.pinned.clone(), r.specifier.clone(), files.text_at(r.place).to_owned()))
        .collect();
    (facts, found)
}

fn expected(rows: &[(&str, Option<&str>, &str, &str)]) -> Vec<Row> {
    rows.iter().map(|r| (r.0.into(), r.1.map(Into::into), r.2.into(), r.3.into())).collect()
}

#[test]
fn lists() {
    let (facts, found) = read(
        "requirements.txt",
        "\u{feff}Gunicorn==20.1.0  # pinned\r\n-r base.txt\nuvicorn[standard, x] >= 0.30 , <1 ; python_version > '3.8'\n\
         # none\nFlask_SQLAlchemy\nfoo==1.* \\\n    --hash=sha256:abc\n-e git+https://x/y#egg=z\n./local\nhttps://x/y.whl\n\
         name @ https://x/y.whl\nzope.interface===5.0 --hash=sha256:1\n",
    );
    let rows = [
        ("gunicorn", Some("20.1.0"), "==20.1.0", "Gunicorn==20.1.0"),
        ("uvicorn", None, ">=0.30,<1", "uvicorn[standard, x] >= 0.30 , <1 ; python_version > '3.8'"),
        ("flask-sqlalchemy", None, "", "Flask_SQLAlchemy"),
        ("foo", None, "==1.*", "foo==1.*"),
        ("name", None, "", "name @ https://x/y.whl"),
        ("zope-interface", Some("5.0"), "===5.0", "zope.interface===5.0"),
    ];
    assert_eq!(found, expected(&rows));
    assert_eq!(facts.requirements[1].extras, ["standard", "x"]);
    assert_eq!(facts.comments.values().next().unwrap().len(), 2);
}

#[test]
fn project_tables() {
    let (facts, found) = read(
        "pyproject.toml",
        "[project]\ndependencies = [\n  \"gunicorn>=20,<24\", # why\n  'flask==3.0.0',\n]\n\
         [project.optional-dependencies]\nasync = [\"uvicorn[standard]\"]\n\
         [dependency-groups]\ndev = [\"pytest\", {include-group = \"async\"}]\n\
         [tool.poetry.dependencies]\npython = \"^3.12\"\ndjango = \"5.1\"\ngevent = {version = \"^24\", extras = [\"x\"]}\nany = \"*\"\n",
    );
    assert!(facts.notes.is_empty(), "{:?}", facts.notes);
    let mut rows = expected(&[
        ("gunicorn", None, ">=20,<24", "gunicorn>=20,<24"),
        ("flask", Some("3.0.0"), "==3.0.0", "flask==3.0.0"),
        ("uvicorn", None, "", "uvicorn[standard]"),
        ("pytest", None, "", "pytest"),
        ("django", Some("5.1"), "==5.1", "5.1"),
        ("gevent", None, "^24", "^24"),
        ("any", None, "", "*"),
    ]);
    let mut found = found;
    rows.sort();
    found.sort();
    assert_eq!(found, rows);
}

#[test]
fn locks() {
    for path in ["poetry.lock", "uv.lock"] {
        let text = "version = 1\n[[package]]\nname = \"Gunicorn\"\nversion = \"23.0.0\"\n[[package]]\nname = \"own\"\nsource = { virtual = \".\" }\n";
        assert_eq!(read(path, text).1, expected(&[("gunicorn", Some("23.0.0"), "==23.0.0", "23.0.0")]));
    }
    let text = "{\n  \"default\": {\n    \"gunicorn\": {\n      \"version\": \"==23.0.0\"\n    }\n  },\n  \"develop\": {}\n}\n";
    assert_eq!(read("Pipfile.lock", text).1, expected(&[("gunicorn", Some("23.0.0"), "==23.0.0", "==23.0.0")]));
    let text = "[packages]\ngunicorn = \"==23.0.0\"\nflask = \"*\"\n";
    let mut found = read("Pipfile", text).1;
    found.sort();
    assert_eq!(found, expected(&[("flask", None, "", "*"), ("gunicorn", Some("23.0.0"), "==23.0.0", "==23.0.0")]));
}

#[test]
fn old_setup_files() {
    let text = "[metadata]\nname = gunicorn\n[options]\ninstall_requires =\n    gunicorn==20.1.0\n    # no\n    flask>=2\npackages = find:\n\
        [options.extras_require]\nx = uvicorn\n";
    let rows = [
        ("gunicorn", Some("20.1.0"), "==20.1.0", "gunicorn==20.1.0"),
        ("flask", None, ">=2", "flask>=2"),
        ("uvicorn", None, "", "uvicorn"),
    ];
    assert_eq!(read("setup.cfg", text).1, expected(&rows));
}

#[test]
fn setup_scripts() {
    let text = "from setuptools import setup\nbase = ['gunicorn==20.1.0', \"flask>=2\"]\n\
        setup(name='x', install_requires=base, extras_require={'a': ['uvicorn'], 'b': other})\n";
    let rows = [
        ("gunicorn", Some("20.1.0"), "==20.1.0", "gunicorn==20.1.0"),
        ("flask", None, ">=2", "flask>=2"),
        ("uvicorn", None, "", "uvicorn"),
    ];
    assert_eq!(read("setup.py", text).1, expected(&rows));
    assert_eq!(read("other.py", text).1, []);
}

#[test]
fn conda_environments() {
    let text = "name: x\ndependencies:\n  - python=3.11\n  - gunicorn=23.0.0\n  - conda-forge::uvicorn=0.30\n\
        \x20 - flask>=2,<3\n  - gevent=24.1.1=py_0\n  - pip:\n    - hypercorn==0.17.3\n    - granian\n";
    let rows = [
        ("python", None, "==3.11.*", "python=3.11"),
        ("gunicorn", Some("23.0.0"), "==23.0.0", "gunicorn=23.0.0"),
        ("uvicorn", None, "==0.30.*", "conda-forge::uvicorn=0.30"),
        ("flask", None, ">=2,<3", "flask>=2,<3"),
        ("gevent", Some("24.1.1"), "==24.1.1", "gevent=24.1.1=py_0"),
        ("hypercorn", Some("0.17.3"), "==0.17.3", "hypercorn==0.17.3"),
        ("granian", None, "", "granian"),
    ];
    assert_eq!(read("environment.yml", text).1, expected(&rows));
}

#[test]
fn an_error_keeps_the_rest() {
    let (facts, found) = read("pyproject.toml", "[project]\nname = \ndependencies = [\"gunicorn\"]\n");
    assert_eq!(found, expected(&[("gunicorn", None, "", "gunicorn")]));
    assert_eq!(facts.notes[0].line, Some(2));
}
