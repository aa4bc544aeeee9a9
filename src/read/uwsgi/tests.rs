use super::*;
use crate::source::Files;

type Row = (String, String, String, bool);

fn options(name: &str, text: &str) -> Vec<Row> {
    let mut files = Files::new();
    let file = files.add(name, text);
    let mut facts = Facts::default();
    let reader = match name.rsplit('.').next() {
        Some("yaml") => read_yaml,
        Some("json") => read_json,
        Some("xml") => read_xml,
        _ => read_ini,
    };
    reader(file, files.get(file), &mut facts);
    let mut rows = Vec::new();
    for section in &facts.uwsgi[&file].sections {
        for option in &section.options {
            let value = option.value.text().unwrap_or_else(|| "?".into());
            if option.literal {
                assert_eq!(files.text_at(option.value_place), value);
            }
            rows.push((section.name.value.clone(), option.key.value.clone(), value, option.literal));
        }
    }
    rows
}

fn rows(expected: &[(&str, &str, &str, bool)]) -> Vec<Row> {
    expected.iter().map(|(a, b, c, d)| ((*a).into(), (*b).into(), (*c).into(), *d)).collect()
}

#[test]
fn four_forms_of_the_same() {
    assert_eq!(
        options("a.ini", "[uwsgi]\nmaster\nprocesses = 4\nhttp=:80 # x\nname = {{ n }}\n[b]\nx=1\n"),
        rows(&[
            ("uwsgi", "master", "", false),
            ("uwsgi", "processes", "4", true),
            ("uwsgi", "http", ":80 # x", false),
            ("uwsgi", "name", "?", false),
            ("b", "x", "1", true),
        ])
    );
    assert_eq!(
        options("a.yaml", "uwsgi:\n  processes: 4\n  http: ':80'\n  env:\n    - A=1\n    - B=2\n"),
        rows(&[
            ("uwsgi", "processes", "4", true),
            ("uwsgi", "http", ":80", true),
            ("uwsgi", "env", "A=1", true),
            ("uwsgi", "env", "B=2", true),
        ])
    );
    assert_eq!(
        options("a.json", "{\"uwsgi\": {\"master\": true, \"processes\": 4, \"env\": [\"A=1\"], \"x\": \"true\"}}"),
        rows(&[
            ("uwsgi", "master", "1", false),
            ("uwsgi", "processes", "4", true),
            ("uwsgi", "env", "A=1", true),
            ("uwsgi", "x", "true", true),
        ])
    );
    assert_eq!(
        options(
            "a.xml",
            "<?xml version='1.0'?>\n<a><uwsgi id='z'>\n<!-- c --><master/><processes>4</processes>\n\
             <env>A=&lt;1</env><b></b></uwsgi></a>"
        ),
        rows(&[
            ("z", "master", "1", false),
            ("z", "processes", "4", true),
            ("z", "env", "A=<1", false),
            ("z", "b", "1", false),
        ])
    );
}
