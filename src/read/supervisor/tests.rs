//! What configurations of supervisord say.

use super::*;
use crate::source::Files;

fn facts(text: &str) -> (Files, Facts) {
    let mut files = Files::new();
    let file = files.add("supervisord.conf", text);
    let mut facts = Facts::default();
    read(file, files.get(file), &mut facts);
    (files, facts)
}

#[test]
fn a_program_with_all_that_surrounds_it() {
    let (files, facts) = facts(
        "[supervisord]\nnodaemon=true\nenvironment=A=\"x\"\n[program:web]\ncommand=/opt/venv/bin/gunicorn -w %(ENV_N)s \
         --name \"a b\" app:app ; no\ndirectory = /srv/app\nuser=www\nenvironment=B=\"1,2\",C='3',D=4\nstopsignal=INT\n\
         stopwaitsecs=45\nnumprocs=2\nprocess_name=%(program_name)s_%(process_num)02d\n[include]\n\
         files = conf.d/*.conf /etc/x.ini\n",
    );
    let unit = &facts.units[0];
    assert_eq!(unit.name, "web");
    let words = &unit.command.as_ref().unwrap().simple[0];
    let texts: Vec<_> = words.iter().map(|word| files.text_at(word.place)).collect();
    assert_eq!(texts, ["/opt/venv/bin/gunicorn", "-w", "%(ENV_N)s", "--name", "a b", "app:app"]);
    assert_eq!(words[2].variables(), ["N"]);
    assert_eq!(words[4].text().as_deref(), Some("a b"));
    assert_eq!(files.text_at(words[4].removal), " \"a b\"");
    let variables: Vec<_> =
        unit.environment.iter().map(|v| (v.name.as_str(), files.text_at(v.value.as_ref().unwrap().place))).collect();
    assert_eq!(variables, [("B", "1,2"), ("C", "3"), ("D", "4")]);
    assert_eq!(unit.limits.stop_grace.as_ref().unwrap().value, Seconds(45.0));
    assert_eq!(files.text_at(unit.limits.stop_grace.as_ref().unwrap().place), "45");
    assert_eq!(unit.limits.replicas.as_ref().unwrap().value, 2);
    assert_eq!(unit.stop_signal.as_ref().unwrap().value, "INT");
    assert_eq!(unit.working_folder.as_ref().unwrap().value, "/srv/app");
    let configuration = facts.supervisors.values().next().unwrap();
    assert!(configuration.is_main);
    assert_eq!(configuration.environment[0].name, "A");
    let included: Vec<_> = configuration.included.iter().map(|pattern| pattern.value.as_str()).collect();
    assert_eq!(included, ["conf.d/*.conf", "/etc/x.ini"]);
    assert!(facts.notes.is_empty(), "{:?}", facts.notes);
}

#[test]
fn processes_that_differ_by_their_number_are_told_apart() {
    let program = |rest: &str| facts(&format!("[program:web]\ncommand=gunicorn app:app {rest}\n")).1.units;
    let names = |units: &[Unit]| units.iter().map(|unit| unit.name.clone()).collect::<Vec<_>>();
    let two = program("-b :80%(process_num)02d\nprocess_name=%(program_name)s_%(process_num)d\nnumprocs=2");
    assert_eq!(names(&two), ["web_0", "web_1"]);
    let last = |unit: &Unit| unit.command.as_ref().and_then(|command| command.simple[0].last()?.text());
    assert_eq!((last(&two[0]), last(&two[1])), (Some(":8000".to_owned()), Some(":8001".to_owned())));
    assert!(two.iter().all(|unit| unit.limits.replicas.is_none()));
    // What is the same in all of them, and what is too many, is one.
    for rest in ["\nprocess_name=%(process_num)d\nnumprocs=2", "-b :80%(process_num)02d\nnumprocs=400"] {
        let one = program(rest);
        assert_eq!(names(&one), ["web"], "{rest}");
        assert!(one[0].limits.replicas.is_some());
    }
}

#[test]
fn what_supervisord_refuses_is_noted() {
    for text in [
        "[program:a]\ncommand=gunicorn --access-logformat '%(h)s' app\n",
        "[program:a]\ncommand=gunicorn 'app\n",
        "[program:a]\ncommand=x\nenvironment=A\n",
    ] {
        assert_eq!(facts(text).1.notes.len(), 1, "{text}");
    }
}

#[test]
fn a_script_in_a_shell_is_read_as_one() {
    let (files, facts) = facts("[program:a]\ncommand=bash -c \"cd /app && exec gunicorn -w %(ENV_N)s x:y\"\n");
    let command = facts.units[0].command.as_ref().unwrap();
    let texts: Vec<Vec<_>> =
        command.simple.iter().map(|words| words.iter().map(|word| files.text_at(word.place)).collect()).collect();
    assert_eq!(texts, [vec!["cd", "/app"], vec!["exec", "gunicorn", "-w", "%(ENV_N)s", "x:y"]]);
    assert_eq!(command.simple[1][3].variables(), ["N"]);
}
