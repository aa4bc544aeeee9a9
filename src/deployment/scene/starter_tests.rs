//! What stands in front of a server: programs, scripts and tasks that start it, each beside a twin that looks alike.

use std::collections::BTreeMap;

use super::super::{Resolved, assemble};
use crate::read;
use crate::source::{FileKind, Files};

/// A setting of every deployment in order: its value, `None` where it is unknown, and whether it rests on more than the
/// files.
fn told(name: &str, texts: &[(&str, &str)]) -> Vec<(Option<String>, bool)> {
    let mut files = Files::new();
    let mut kinds = BTreeMap::new();
    for (path, text) in texts {
        let kind = FileKind::of_named(path, text).unwrap_or(FileKind::Python);
        kinds.insert(files.add(*path, *text), kind);
    }
    read::unfold(&mut files, &mut kinds);
    let facts = read::all(&files, &kinds);
    let found = assemble(&files, &facts).deployments;
    let each = found.iter().map(|one| {
        let setting = one.setting(name).unwrap();
        let value = match &setting.winner.value {
            Resolved::Known(value) => Some(value.to_string()),
            Resolved::Unknown(_) => None,
        };
        (value, !setting.winner.depends.is_empty())
    });
    each.collect()
}

fn sure(value: &str) -> Vec<(Option<String>, bool)> {
    vec![(Some(value.to_owned()), false)]
}

fn perhaps(value: &str) -> Vec<(Option<String>, bool)> {
    vec![(Some(value.to_owned()), true)]
}

const IMAGE: &str = "FROM python\nWORKDIR /app\nCOPY . .\nENV WEB_CONCURRENCY=2\nCMD [\"python\", \"boot.py\"]\n";

fn booted(name: &str, code: &str) -> Vec<(Option<String>, bool)> {
    let code = format!("import os, subprocess\n{code}\n");
    told(name, &[("Dockerfile", IMAGE), ("boot.py", &code)])
}

/// The same where the program may run a script.
fn starting(name: &str, code: &str) -> Vec<(Option<String>, bool)> {
    let code = format!("import os, subprocess\n{code}\n");
    let script = "#!/bin/sh\nexec gunicorn -t ${T:-9} a:b\n";
    let mut all = told(name, &[("Dockerfile", IMAGE), ("boot.py", &code), ("run.sh", script)]);
    // What nobody runs would stand behind it.
    all.truncate(1);
    all
}

#[test]
fn a_program_is_given_the_variables_that_are_handed_on() {
    let run = |variables: &str| booted("workers", &format!("subprocess.run(['gunicorn', 'a:b'], {variables})"));
    assert_eq!(run("check=True"), sure("2"));
    assert_eq!(run("env=None"), sure("2"));
    assert_eq!(run("env=os.environ"), sure("2"));
    assert_eq!(run("env=dict(os.environ, WEB_CONCURRENCY='5')"), sure("5"));
    assert_eq!(run("env={**os.environ, 'WEB_CONCURRENCY': '5'}"), sure("5"));
    assert_eq!(run("env=os.environ | {'WEB_CONCURRENCY': '5'}"), sure("5"));
    assert_eq!(run("env={**os.environ, 'OTHER': '5'}"), sure("2"));
    // Nothing but what it is given.
    assert_eq!(run("env={'OTHER': '5'}"), sure("1"));
    assert_eq!(run("env=variables()"), [(None, false)]);
    let copied = "e = os.environ.copy()\ne['WEB_CONCURRENCY'] = '7'\nos.execvpe('gunicorn', ['gunicorn', 'a:b'], e)";
    assert_eq!(booted("workers", copied), sure("7"));
    let removed =
        "e = dict(os.environ)\ne.pop('WEB_CONCURRENCY', None)\nos.execvpe('gunicorn', ['gunicorn', 'a:b'], e)";
    assert_eq!(booted("workers", removed), sure("1"));
}

#[test]
fn a_starter_hands_its_variables_to_other_programs_of_the_project() {
    let set = "os.environ['T'] = '7'\n";
    assert_eq!(starting("timeout", &format!("{set}os.execvp('sh', ['sh', 'run.sh'])")), sure("7"));
    assert_eq!(starting("timeout", "os.execvp('sh', ['sh', 'run.sh'])"), perhaps("9"));
    assert_eq!(starting("timeout", &format!("{set}os.system('sh run.sh')")), sure("7"));
    let filled =
        "for line in open('x'):\n    k, v = line.split('=')\n    os.environ[k] = v\nos.execvp('sh', ['sh', 'run.sh'])";
    assert_eq!(starting("workers", filled)[0].0, None);
}

/// The application of Gunicorn's documentation, with another way to load its options.
fn application(load: &str, options: &str) -> Vec<(Option<String>, bool)> {
    let code = format!(
        "from gunicorn.app.base import BaseApplication\nclass App(BaseApplication):\n    def __init__(self, app, options):\n        \
         self.options = options\n        self.application = app\n        super().__init__()\n    def load_config(self):\n{load}\n\
         App('a:b', {options}).run()\n"
    );
    booted("workers", &code)
}

#[test]
fn what_an_application_sets_under_unknown_names_leaves_nothing_certain() {
    let set = "        for k, v in config.items():\n            self.cfg.set(k, v)";
    let own = "        config = self.options\n";
    let unknown = "        config = dict(load())\n";
    let pairs = "        config = dict([(k, v) for k, v in self.options.items() if k in self.cfg.settings and v])\n";
    assert_eq!(application(&format!("{own}{set}"), "{'workers': 3}"), sure("3"));
    assert_eq!(application(&format!("{pairs}{set}"), "{'workers': 3}"), sure("3"));
    assert_eq!(application(&format!("{unknown}{set}"), "{'workers': 3}")[0].0, None);
    // A loop over something unknown that sets nothing.
    let other = "        for one in load():\n            print(one)\n        self.cfg.set('workers', 4)";
    assert_eq!(application(other, "{}"), sure("4"));
}

#[test]
fn an_application_is_followed_in_every_branch() {
    let code = "from gunicorn.app.base import BaseApplication\nclass App(BaseApplication):\n    def __init__(self, n):\n        \
                self.n = n\n        super().__init__()\n    def load_config(self):\n        self.cfg.set('workers', self.n)\n\
                if os.environ.get('C'):\n    App(3).run()\nelse:\n    App(4).run()\n";
    let found: Vec<Option<String>> = booted("workers", code).into_iter().map(|(value, _)| value).collect();
    assert_eq!(found, [Some("3".to_owned()), Some("4".to_owned())]);
}

#[test]
fn click_asks_variables_with_the_prefix_of_the_program() {
    let image = IMAGE.replace("WEB_CONCURRENCY=2", "SRV_PORT=81");
    let code = |head: &str, call: &str| {
        format!(
            "import click, uvicorn\n@click.command({head})\n@click.option('--port', default=80)\ndef main(port):\n    \
             uvicorn.run('a:b', port=port)\n{call}\n"
        )
    };
    let port = |head: &str, call: &str| told("port", &[("Dockerfile", &image), ("boot.py", &code(head, call))]);
    assert_eq!(port("", "main(auto_envvar_prefix='SRV')"), perhaps("81"));
    assert_eq!(port("context_settings={'auto_envvar_prefix': 'srv'}", "main()"), perhaps("81"));
    assert_eq!(port("", "main()"), sure("80"));
    assert_eq!(port("", "main(auto_envvar_prefix='X')"), perhaps("80"));
}

fn scripted(name: &str, script: &str) -> Vec<(Option<String>, bool)> {
    let image = "FROM python\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"./start.sh\"]\nCMD [\"gunicorn\", \"-w\", \"3\", \"a:b\"]\n";
    told(
        name,
        &[("Dockerfile", image), ("start.sh", &format!("#!/bin/bash\n{script}\n")), ("conf/web.py", "workers = 4\n")],
    )
}

#[test]
fn the_name_of_an_option_is_one_word_wherever_its_letter_stands() {
    for set in ["set -euo pipefail", "set -eou pipefail", "set -eu"] {
        assert_eq!(scripted("workers", &format!("{set}\nexec \"$@\"")), sure("3"), "{set}");
    }
}

#[test]
fn numbers_are_counted_where_they_are_declared() {
    assert_eq!(scripted("workers", "typeset -i N=2+3\nexec gunicorn -w $N a:b"), sure("5"));
    assert_eq!(scripted("workers", "N=2\nexec gunicorn -w $N a:b"), sure("2"));
}

#[test]
fn a_variable_that_nobody_sets_is_no_text_it_is_compared_with() {
    let chosen = |test: &str| scripted("workers", &format!("W=4\nif {test}; then W=1; fi\nexec gunicorn -w $W a:b"));
    assert_eq!(chosen("[ \"$MODE\" = dev ]"), perhaps("4"));
    assert_eq!(chosen("[[ $MODE == dev ]]"), perhaps("4"));
    assert_eq!(chosen("[ \"$MODE\" != dev ]"), perhaps("1"));
    assert_eq!(chosen("[ \"$(cat mode)\" = dev ]")[0].0, None);
}

#[test]
fn a_variable_that_one_branch_sets_may_be_missing_behind_it() {
    let threads = |line: &str| scripted("threads", &format!("[ -n \"$A\" ] && T=1\n{line}"));
    assert_eq!(threads("test -n \"${T+x}\" && T=3\nexec gunicorn --threads \"${T:-6}\" a:b"), perhaps("6"));
    assert_eq!(threads("exec gunicorn ${T:+--threads 8} a:b"), perhaps("1"));
    assert_eq!(scripted("threads", "T=1\nexec gunicorn ${T:+--threads 8} a:b"), sure("8"));
}

#[test]
fn what_names_the_configuration_decides_its_values() {
    let named = |word: &str| scripted("workers", &format!("exec gunicorn -c {word} a:b"));
    assert_eq!(named("conf/web.py"), sure("4"));
    assert_eq!(named("${C:-conf/web.py}"), perhaps("4"));
    assert_eq!(named("$HOME/web.py"), perhaps("4"));
    assert_eq!(named("$C")[0].0, None);
}

#[test]
fn tasks_leave_open_what_their_caller_may_set() {
    let made = |text: &str| told("workers", &[("Makefile", text)]);
    assert_eq!(made("W ?= 3\nrun:\n\tgunicorn -w $(W) a:b\n"), perhaps("3"));
    assert_eq!(made("W = 3\nrun:\n\tgunicorn -w $(W) a:b\n"), sure("3"));
    assert_eq!(made("export WEB_CONCURRENCY ?= 3\nrun:\n\tgunicorn a:b\n"), perhaps("3"));
    assert_eq!(made("M = p\nifeq ($(M),p)\nW = 4\nelse\nW = 1\nendif\nrun:\n\tgunicorn -w $(W) a:b\n"), sure("4"));
    assert_eq!(made("ifeq ($(M),p)\nW = 4\nelse\nW = 1\nendif\nrun:\n\tgunicorn -w $(W) a:b\n")[0].0, None);
    assert_eq!(made("define RUN\ngunicorn -w 3 a:b\nendef\nrun:\n\t$(RUN)\n"), sure("3"));
    let just = |text: &str| told("workers", &[("justfile", text)]);
    assert_eq!(just("w := env_var_or_default(\"W\", \"3\")\nrun:\n  gunicorn -w {{w}} a:b\n"), perhaps("3"));
    assert_eq!(just("m := 'p'\nw := if m == 'p' { '4' } else { '1' }\nrun:\n  gunicorn -w {{w}} a:b\n"), sure("4"));
}

#[test]
fn a_file_of_pastedeploy_names_the_application() {
    let errors = |line: &str| {
        let mut files = Files::new();
        let file = files.add("Procfile", line);
        let facts = read::all(&files, &[(file, FileKind::Procfile)].into());
        assemble(&files, &facts).deployments[0].errors.len()
    };
    assert_eq!(errors("web: gunicorn --paste p.ini\n"), 0);
    assert_eq!(errors("web: gunicorn -w 2\n"), 1);
}

#[test]
fn options_of_uwsgi_rest_on_what_they_are_made_of() {
    assert_eq!(scripted("processes", "exec uwsgi --processes ${N:-3} --module a"), perhaps("3"));
    assert_eq!(scripted("processes", "exec uwsgi --processes 3 --module a"), sure("3"));
}

/// The launches of a project: where each command stands, the variables without which it does not run.
fn launches(texts: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let mut files = Files::new();
    let mut kinds = BTreeMap::new();
    for (path, text) in texts {
        let kind = FileKind::of_named(path, text).unwrap_or(FileKind::Python);
        kinds.insert(files.add(*path, *text), kind);
    }
    read::unfold(&mut files, &mut kinds);
    let facts = read::all(&files, &kinds);
    let found = assemble(&files, &facts).deployments;
    found.iter().map(|one| (one.unit.clone(), one.only_if_set.clone())).collect()
}

const MODES: &str =
    "FROM python AS base\nWORKDIR /app\nCOPY . .\nFROM base AS development\nENTRYPOINT [\"./run.sh\"]\n";

#[test]
fn a_branch_that_no_default_takes_runs_only_with_its_variable() {
    let script = "#!/bin/bash\nMODE=${MODE:-development}\nif [[ $MODE == production ]]; then\n  exec gunicorn a:b\n\
                  else\n  exec python manage.py runserver\nfi\n";
    let plain = |image: &str| launches(&[("Dockerfile", image), ("run.sh", script)]);
    assert_eq!(plain(MODES), [("development".to_owned(), vec!["MODE".to_owned()])]);
    // What another image is sure to run is shown there.
    let both = format!("{MODES}FROM base AS production\nENV MODE=production\nENTRYPOINT [\"./run.sh\"]\n");
    assert_eq!(plain(&both), [("production".to_owned(), Vec::new())]);
    // Where nothing runs instead, whoever starts it sets the variable.
    let asks = "#!/bin/sh\nif [ -z \"$KEY\" ]; then\n  echo none\n  exit 1\nfi\nexec gunicorn a:b\n";
    assert_eq!(launches(&[("Dockerfile", MODES), ("run.sh", asks)]), [("development".to_owned(), Vec::new())]);
    let reloads = "#!/bin/sh\nif [ -n \"$RELOAD\" ]; then\n  exec uvicorn --reload a:b\nfi\nexec gunicorn a:b\n";
    let found = launches(&[("Dockerfile", MODES), ("run.sh", reloads)]);
    assert_eq!(found.iter().map(|(_, only)| only.join(" ")).collect::<Vec<_>>(), ["RELOAD", ""]);
}

#[test]
fn an_entry_point_that_awaits_words_is_shown_where_it_gets_them() {
    let script = "#!/bin/sh\ncase \"$1\" in\n  start) exec gunicorn a:b ;;\n  *) echo help ;;\nesac\n";
    let image = "FROM python\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"./run.sh\"]\n";
    let service = "services:\n  web:\n    build: .\n    command: start\n";
    let units = |texts: &[(&str, &str)]| launches(texts).into_iter().map(|(unit, _)| unit).collect::<Vec<_>>();
    assert_eq!(units(&[("Dockerfile", image), ("run.sh", script)]), [""]);
    assert_eq!(units(&[("Dockerfile", image), ("run.sh", script), ("compose.yml", service)]), ["web"]);
}

#[test]
fn uwsgi_takes_the_default_that_a_script_gives_a_variable() {
    let image = "FROM python\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"./run.sh\"]\n";
    let options = "[uwsgi]\nmodule = app:app\nprocesses = $(WORKERS)\nlisten = 10\nthreads = %(processes)\n";
    let of = |line: &str, name: &str| {
        let script = format!("#!/bin/bash\n{line}\nexec uwsgi --ini uwsgi.ini\n");
        told(name, &[("Dockerfile", image), ("run.sh", &script), ("uwsgi.ini", options)])
    };
    assert_eq!(of("export WORKERS=${WORKERS:-4}", "processes"), perhaps("4"));
    assert_eq!(of("export WORKERS=${WORKERS:-4}", "threads"), perhaps("4"));
    assert_eq!(of("export WORKERS=4", "processes"), sure("4"));
    assert_eq!(of("export WORKERS", "processes"), [(None, false)]);
}

#[test]
fn an_expression_changes_only_the_lines_that_it_fits() {
    let image = "FROM python\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"./run.sh\"]\n";
    let options = "[uwsgi]\nmount = !BASE!=app:app\nmodule = app:app\nprocesses = 5\n";
    let of = |line: &str| {
        let script = format!("#!/bin/bash\n{line}\nexec uwsgi --ini uwsgi.ini\n");
        told("processes", &[("Dockerfile", image), ("run.sh", &script), ("uwsgi.ini", options)])
    };
    assert_eq!(of("sed -i \"s@!BASE!@$BASE@\" /app/uwsgi.ini"), sure("5"));
    assert_eq!(of("sed -i 's/nothing/9/' uwsgi.ini"), sure("5"));
    for other in ["sed -i \"s@5@$BASE@\" uwsgi.ini", "sed -i \"s/$A/9/\" uwsgi.ini", "sed -i 's/uwsgi/x/' uwsgi.ini"] {
        assert!(of(other).iter().any(|(value, _)| value.as_deref() != Some("5")), "{other}");
    }
}

#[test]
fn an_instance_of_a_unit_has_a_name() {
    let mut files = Files::new();
    let unit = "[Service]\nExecStart=/bin/sh -c 'exec gunicorn -w %i --threads $THREADS app:app'\n";
    let file = files.add("web@.service", unit);
    let kinds = BTreeMap::from([(file, FileKind::of_named("web@.service", unit).unwrap())]);
    let facts = read::all(&files, &kinds);
    let found = assemble(&files, &facts).deployments;
    let Resolved::Unknown(why) = &found[0].setting("workers").unwrap().winner.value else { panic!("it is not known") };
    assert_eq!(why, "it is the name of the instance of the unit");
}

#[test]
fn a_sample_is_one_wherever_it_runs() {
    let manifest = |name: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {name}\nspec:\n  template:\n    spec:\n      containers:\n\
             \x20     - name: {name}\n        image: x\n        command: [gunicorn, \"a:b\"]\n"
        )
    };
    let is_aside = |path: &str, text: &str| {
        let mut files = Files::new();
        let file = files.add(path, text);
        let facts = read::all(&files, &BTreeMap::from([(file, FileKind::of_named(path, text).unwrap())]));
        assemble(&files, &facts).deployments.iter().map(|one| one.development.is_some()).collect::<Vec<_>>()
    };
    assert_eq!(is_aside("k8s/web.yaml", &manifest("fastapi-sample")), [false]);
    assert_eq!(is_aside("k8s/web.yaml", &manifest("sample-dev")), [true]);
    assert_eq!(is_aside("k8s/sample.yaml", &manifest("web")), [true]);
    let service = "services:\n  web-example:\n    image: x\n    command: gunicorn a:b\n";
    assert_eq!(is_aside("compose.yml", service), [true]);
}

#[test]
fn a_configuration_that_nothing_names_stands_aside_where_an_image_runs_another_server() {
    let settings = "bind = \"0.0.0.0:80\"\nworkers = 4\nworker_class = \"gthread\"\n";
    let aside = |image: &str| {
        let mut files = Files::new();
        let mut kinds = BTreeMap::new();
        for (path, text) in [("Dockerfile", image), ("gunicorn_conf.py", settings)] {
            kinds.insert(files.add(path, text), FileKind::of_named(path, text).unwrap_or(FileKind::Python));
        }
        let facts = read::all(&files, &kinds);
        let found = assemble(&files, &facts).deployments;
        let own = found.iter().find(|one| files.get(one.command.file).path() == "gunicorn_conf.py");
        own.map(|one| one.development.is_some())
    };
    assert_eq!(aside("FROM python\nCMD granian --interface asgi a:b\n"), Some(true));
    assert_eq!(aside("FROM python\nCMD [\"python\"]\n"), Some(false));
}
