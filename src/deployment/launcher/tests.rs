//! Places of what a call sets, and their edits.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::effective::Resolved;
use super::super::{Assembly, Deployment, Layer, assemble};
use crate::python::evaluate::Dependency;
use crate::read::{self, UnitKind};
use crate::servers::table;
use crate::source::{FileKind, Files};
use crate::values::Value;

fn project(paths: &[(&str, &str)]) -> (Files, Assembly) {
    let mut files = Files::new();
    let mut kinds = BTreeMap::new();
    for (path, text) in paths {
        let file = files.add(*path, *text);
        let kind = match path.rsplit(['/', '.']).next() {
            Some("py") => FileKind::Python,
            Some("toml") => FileKind::Pyproject,
            _ => FileKind::Procfile,
        };
        kinds.insert(file, kind);
    }
    let facts = read::all(&files, &kinds);
    let assembly = assemble(&files, &facts);
    (files, assembly)
}

fn only(assembly: &Assembly) -> &Deployment {
    let [one] = assembly.deployments.as_slice() else { panic!("{} deployments", assembly.deployments.len()) };
    one
}

/// The file after the edits.
fn edited(text: &str, mut edits: Vec<crate::findings::Edit>) -> String {
    edits.sort_by_key(|edit| edit.place.span);
    let mut text = text.to_owned();
    for edit in edits.into_iter().rev() {
        text.replace_range(edit.place.span.start..edit.place.span.end, &edit.text);
    }
    text
}

/// The variables that a setting rests on.
fn rests(one: &Deployment, name: &str) -> Vec<String> {
    let named = |dependency: &Dependency| match dependency {
        Dependency::Environment { name, .. } => Some(name.clone()),
        _ => None,
    };
    one.setting(name).unwrap().winner.depends.iter().filter_map(named).collect()
}

#[test]
fn what_a_variable_may_add_is_not_certain() {
    let begin = "import os, subprocess, uvicorn\n";
    let dict = "kw = {'port': 9}\nif os.getenv('D', '0') == '1':\n    kw['reload'] = True\nuvicorn.run('a:b', **kw)\n";
    let chosen = "C = {'dev': {'reload': True, 'port': 1}, 'prod': {'port': 2}}\n\
                  uvicorn.run('a:b', **C[os.getenv('D', 'prod')])\n";
    let words =
        "cmd = ['gunicorn', 'a:b']\nif os.getenv('D', '0') == '1':\n    cmd.append('--reload')\nsubprocess.run(cmd)\n";
    let unset = [dict, words].map(|text| text.replace("'D', '0'", "'D'"));
    for text in [dict, chosen, words].into_iter().chain(unset.iter().map(String::as_str)) {
        let (_, assembly) = project(&[("main.py", &format!("{begin}{text}")), PROCFILE]);
        assert_eq!(rests(only(&assembly), "reload"), ["D"], "{text}");
    }
    let pairs = "pairs = []\nif os.getenv('D', '0') == '1':\n    pairs.append(('reload', True))\n\
                 uvicorn.run('a:b', **dict(pairs))\n";
    let empty = "kw = {}\nif os.getenv('D', '0') == '1':\n    kw['reload'] = True\nuvicorn.run('a:b', **kw)\n";
    let nested =
        "kw = {'port': 1, **({'reload': True} if os.getenv('D', '0') == '1' else {})}\nuvicorn.run('a:b', **kw)\n";
    let starred = "subprocess.run(['gunicorn', 'a:b', *(['--reload'] if os.getenv('D', '0') == '1' else [])])\n";
    let extra = "extra = []\nif os.getenv('D', '0') == '1':\n    extra.append('--reload')\n\
                 subprocess.run(['gunicorn', 'a:b', *extra])\n";
    let each = "args = ['-w', '2']\nif os.getenv('D', '0') == '1':\n    args = ['--reload']\n\
                os.execlp('gunicorn', 'gunicorn', 'a:b', *args)\n";
    for text in [pairs, empty, nested, starred, extra, each] {
        let (_, assembly) = project(&[("main.py", &format!("{begin}{text}")), PROCFILE]);
        assert_eq!(rests(only(&assembly), "reload"), ["D"], "{text}");
    }
    let value = "subprocess.run(['gunicorn', 'a:b', '-w', os.getenv('D', '2')])\n";
    let (_, assembly) = project(&[("main.py", &format!("{begin}{value}")), PROCFILE]);
    assert!(rests(only(&assembly), "reload").is_empty());
    let plain = "kw = {'port': int(os.getenv('D', '9'))}\nuvicorn.run('a:b', **kw)\n";
    let (_, assembly) = project(&[("main.py", &format!("{begin}{plain}")), PROCFILE]);
    assert!(rests(only(&assembly), "reload").is_empty());
}

#[test]
fn a_supervisor_starts_as_many_as_the_configuration_says() {
    let config = "import uvicorn\nfrom uvicorn.supervisors import Multiprocess\nc = uvicorn.Config('a:b', workers=3)\n";
    let alone =
        format!("{config}uvicorn.Server(c).run()\n").replace("from uvicorn.supervisors import Multiprocess\n", "");
    let several = format!("{config}Multiprocess(c, target=uvicorn.Server(c).run, sockets=[]).run()\n");
    for (text, workers) in [(alone, 1), (several, 3)] {
        let (_, assembly) = project(&[("main.py", &text), PROCFILE]);
        assert_eq!(only(&assembly).int("workers"), Some(workers), "{text}");
    }
}

#[test]
fn what_a_configuration_binds_elsewhere_is_not_certain() {
    let branch = "import os\nif os.getenv('D', '0') == '1':\n    reload = True\nelse:\n    workers = 3\n";
    let raised = "import os\ntry:\n    workers = int(os.getenv('D', '3'))\nexcept ValueError:\n    workers = 1\n    reload = True\n";
    let left = "import os\ntry:\n    workers = {'a': 3}[os.getenv('D', 'a')]\n    reload = False\nexcept KeyError:\n    workers = 1\n";
    let length = "import os\nworkers = 3\nnames = ['a']\nif os.getenv('D', '0') == '1':\n    names.append('b')\n\
                  reload = len(names) > 1\n";
    for text in [branch, raised, left, length] {
        let (_, assembly) = project(&[("gunicorn.conf.py", text), ("Procfile", "web: gunicorn a:b\n")]);
        let one = only(&assembly);
        let reload = &one.setting("reload").unwrap().winner;
        assert_eq!(rests(one, "reload"), ["D"], "{text}");
        assert_eq!(reload.value, Resolved::Known(Value::Bool(false)), "{text}");
        assert_eq!(one.setting("workers").unwrap().winner.value, Resolved::Known(Value::Int(3)), "{text}");
    }
    let certain = "import os\ntry:\n    workers = int('3')\nexcept ValueError:\n    reload = True\n";
    let (_, assembly) = project(&[("gunicorn.conf.py", certain), ("Procfile", "web: gunicorn a:b\n")]);
    assert!(rests(only(&assembly), "reload").is_empty());
}

#[test]
fn an_application_sets_other_names_where_its_options_are_chosen() {
    let class = "import os\nimport gunicorn.app.base\nfrom a import b\n\n\
        class S(gunicorn.app.base.BaseApplication):\n    def __init__(self, options):\n        self.options = options\n        \
        super().__init__()\n    def load_config(self):\n        for k, v in self.options.items():\n            \
        self.cfg.set(k, v)\n    def load(self):\n        return b\n\n";
    let chosen = "C = {'p': {'workers': 4}, 'd': {'reload': True}}\nS(C[os.getenv('D', 'p')]).run()\n";
    let added = "opts = {'workers': 4}\nif os.getenv('D', '0') == '1':\n    opts['reload'] = True\nS(opts).run()\n";
    for text in [chosen, added] {
        let (_, assembly) = project(&[("main.py", &format!("{class}{text}")), ("a.py", "b = 1\n"), PROCFILE]);
        assert_eq!(rests(only(&assembly), "reload"), ["D"], "{text}");
    }
}

const PROCFILE: (&str, &str) = ("Procfile", "web: python main.py\n");

#[test]
fn a_literal_argument_can_be_edited_in_its_place() {
    let text = "import uvicorn\nPORT = 80\nuvicorn.run('a:b', workers=1, port=PORT,\n    host='h')\n";
    let (files, assembly) = project(&[("main.py", text), PROCFILE]);
    let one = only(&assembly);
    assert_eq!(files.text_at(one.command), &text[25..text.len() - 1]);
    let workers = &one.setting("workers").unwrap().winner;
    assert_eq!((workers.layer, files.text_at(workers.place.unwrap())), (Layer::Call, "1"));
    let set = edited(text, vec![workers.set(&files, &Value::Int(4)).unwrap()]);
    assert_eq!(set, text.replace("workers=1", "workers=4"));
    assert_eq!(edited(text, workers.remove(&files).unwrap()), text.replace("workers=1, ", ""));
    let keepalive = table(one.server).setting("timeout_keep_alive").unwrap();
    let added = workers.add_beside(&files, keepalive, one.version.version, &Value::Int(65)).unwrap();
    assert_eq!(edited(text, vec![added]), text.replace("workers=1", "workers=1, timeout_keep_alive=65"));
    let host = &one.setting("host").unwrap().winner;
    assert_eq!(edited(text, vec![host.set(&files, &Value::Str("x".into())).unwrap()]), text.replace("'h'", "'x'"));
    assert_eq!(edited(text, host.remove(&files).unwrap()), text.replace(",\n    host='h'", ""));
    // A name is no literal: whoever else reads it would get another value.
    let port = &one.setting("port").unwrap().winner;
    assert_eq!(files.text_at(port.place.unwrap()), "PORT");
    assert_eq!(port.set(&files, &Value::Int(81)), None);
}

#[test]
fn an_entry_of_a_dict_is_edited_where_it_is_written() {
    let text = "from gunicorn.app.base import BaseApplication\nclass App(BaseApplication):\n    def __init__(self, app, options):\n        \
                self.options = options\n        self.application = app\n        super().__init__()\n    def load_config(self):\n        \
                for key, value in self.options.items():\n            self.cfg.set(key, value)\n\
                App('a:b', {'workers': 3, 'bind': ':' + '80'}).run()\n";
    let (files, assembly) = project(&[("main.py", text), PROCFILE]);
    let one = only(&assembly);
    let workers = &one.setting("workers").unwrap().winner;
    assert_eq!(files.text_at(workers.place.unwrap()), "3");
    let set = edited(text, vec![workers.set(&files, &Value::Int(5)).unwrap()]);
    assert_eq!(set, text.replace("'workers': 3", "'workers': 5"));
    let bind = &one.setting("bind").unwrap().winner;
    assert_eq!(files.text_at(bind.place.unwrap()), "':' + '80'");
    assert_eq!(bind.set(&files, &Value::Str("x".into())), None);
}

#[test]
fn words_of_a_list_are_words_of_a_command_line() {
    let text = "import subprocess\nsubprocess.run(['gunicorn', '-w', '2', 'a:b'])\n";
    let (files, assembly) = project(&[("main.py", text), PROCFILE]);
    let workers = &only(&assembly).setting("workers").unwrap().winner;
    assert_eq!((workers.layer, files.text_at(workers.place.unwrap())), (Layer::CommandLine, "2"));
    let set = edited(text, vec![workers.set(&files, &Value::Int(3)).unwrap()]);
    assert_eq!(set, text.replace("'2'", "'3'"));
    assert_eq!(edited(text, workers.remove(&files).unwrap()), text.replace("'-w', '2', ", ""));
}

#[test]
fn what_nothing_starts_is_a_deployment_of_its_own() {
    let text = "import uvicorn\nif __name__ == '__main__':\n    uvicorn.run('app:app', reload=True)\n";
    let (_, assembly) = project(&[("main.py", text)]);
    let one = only(&assembly);
    assert_eq!((one.kind, one.development.is_none()), (UnitKind::PythonLauncher, true));
    // Where the service is started for good, it is how somebody works on it.
    let (_, assembly) = project(&[("main.py", text), ("Procfile", "web: gunicorn app:app\n")]);
    let aid = assembly.deployments.iter().find(|one| one.kind == UnitKind::PythonLauncher).unwrap();
    assert!(aid.development.is_some());
    for path in ["tests/serve.py", "docs/serve.py", "examples/a/serve.py", "test_serve.py"] {
        let (_, assembly) = project(&[(path, text)]);
        assert!(assembly.deployments.is_empty(), "{path}");
    }
}

#[test]
fn what_is_set_on_the_object_counts_as_far_as_it_is_certain() {
    let begin = "import uvicorn\ndef main(quick):\n    config = uvicorn.Config('a:b', timeout_keep_alive=9)\n";
    let keep_alive = |lines: &str| {
        let text = format!("{begin}{lines}    uvicorn.Server(config).run()\nmain(1)\n");
        let (_, assembly) = project(&[("main.py", &text), PROCFILE]);
        only(&assembly).int("timeout_keep_alive")
    };
    assert_eq!(keep_alive(""), Some(9));
    assert_eq!(keep_alive("    config.timeout_keep_alive = 33\n"), Some(33));
    assert_eq!(keep_alive("    other.timeout_keep_alive = 33\n"), Some(9));
    assert_eq!(keep_alive("    if quick:\n        config.timeout_keep_alive = 1\n"), None);
    assert_eq!(keep_alive("    config.timeout_keep_alive = quick\n"), None);
}

#[test]
fn code_that_never_ends_or_refers_to_itself_is_left_alone() {
    let endless = [
        "import uvicorn\nwhile True:\n    uvicorn.run('a:b')\n",
        "import uvicorn\ndef f(n):\n    return f(n + 1)\nuvicorn.run('a:b', workers=f(0))\n",
        "import main\nimport uvicorn\nuvicorn.run('a:b')\n",
        "import click\n@click.group()\ndef cli():\n    pass\ncli.add_command(cli)\nimport uvicorn\ncli()\nuvicorn.run('a')\n",
        "import argparse\np = argparse.ArgumentParser()\ns = p.add_subparsers()\np.parse_args(['x'] * 1000)\nimport uvicorn\n",
        "import sys, uvicorn\nsys.argv = sys.argv\nsys.argv.append(sys.argv)\nuvicorn.main(sys.argv)\n",
        "import subprocess\nsubprocess.run(['python', 'main.py', 'uvicorn'])\n",
    ];
    for text in endless {
        let (_, assembly) = project(&[("main.py", text), PROCFILE]);
        assert!(assembly.deployments.len() < 10, "{text}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn places_hold_what_they_say(
        arguments in prop::collection::vec("(workers|port|backlog)=[1-9][0-9]{0,3}|host='[a-z]{0,5}'|log_level='info'|\\*\\*more|factory=True", 0..6),
        gap in "[ \n]{0,3}",
    ) {
        // Python takes no keyword twice.
        let mut named = BTreeSet::new();
        let arguments: Vec<String> = arguments.into_iter().filter(|one| named.insert(one.split('=').next().map(str::to_owned))).collect();
        let list = arguments.join(&format!(",{gap}"));
        let text = format!("import uvicorn\nmore = {{'uds': 'x'}}\nuvicorn.run('a:b',{gap}{list})\n");
        let (files, assembly) = project(&[("main.py", &text), PROCFILE]);
        for one in &assembly.deployments {
            for (_, setting) in one.settings.iter() {
                let Some(place) = setting.place() else { continue };
                let written = files.text_at(place);
                if let (Some(value), Some(edits)) = (setting.value(), setting.winner.set(&files, &Value::Int(7))) {
                    prop_assert_eq!(edits.place, place);
                    let shown = value.to_string();
                    prop_assert!(written == shown || written.trim_matches('\'') == value.as_str().unwrap_or(""), "{} {}", written, shown);
                }
                for edit in setting.winner.remove(&files).into_iter().flatten() {
                    prop_assert!(text.is_char_boundary(edit.place.span.start) && edit.place.span.end <= text.len());
                    let rest = edited(&text, vec![edit]);
                    prop_assert!(crate::python::syntax::parse(&rest).unwrap().errors.is_empty(), "{}", rest);
                }
            }
        }
    }
}

#[test]
fn many_programs_leave_room_for_the_one_that_serves() {
    let other = "import subprocess\n\ndef main():\n    subprocess.run(['git', 'status'])\n\nif __name__ == '__main__':\n    main()\n";
    let paths: Vec<String> = (0..120).map(|number| format!("scripts/s{number}.py")).collect();
    let mut files: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), other)).collect();
    let serve = "import uvicorn\n\ndef serve(port):\n    uvicorn.run('app:app', port=port, workers=3)\n";
    files.push(("web/serve.py", serve));
    let (_, assembly) = project(&files);
    assert_eq!(only(&assembly).int("workers"), Some(3));
    assert!(assembly.notes.is_empty(), "{:?}", assembly.notes);
}
