//! What each reader makes of its format.

use super::super::{Facts, all};
use crate::source::{Files, Guess};

/// The commands of a task as a shell gets them, with what is unknown as `?`, and the bytes of each word.
fn read(path: &str, text: &str) -> (Files, Facts) {
    let mut files = Files::new();
    let file = files.add(path, text);
    let kind = Guess::of(path).and_then(|guess| guess.settle(path, text)).expect("it is a file that has a reader");
    let facts = all(&files, &[(file, kind)].into());
    (files, facts)
}

fn commands(facts: &Facts, task: &str) -> Vec<String> {
    let unit = facts.units.iter().find(|unit| unit.name == task).unwrap_or_else(|| panic!("no {task}: {facts:?}"));
    let command = unit.command.as_ref().expect("it runs something");
    let words = |words: &Vec<crate::source::Word>| {
        let texts = words.iter().map(|word| word.text().unwrap_or_else(|| "?".to_owned()));
        texts.collect::<Vec<_>>().join(" ")
    };
    command.simple.iter().map(words).collect()
}

#[test]
fn a_makefile_fills_in_its_own_variables() {
    let text = "PORT ?= 8000\nAPP := app:app\nOPTS = -w $(N) --bind :$(PORT)\nN = 4\nexport MODE = prod\n\n.PHONY: run\n\
                run: deps ## Run it\n\t@gunicorn $(OPTS) \\\n\t  $(APP)\n\t-echo $$HOME $(shell date) $(UNSET)\n\
                dev: N = 1\ndev:\n\tuvicorn --workers $(N) $(APP)\nloop = $(loop)\nl: ; gunicorn $(loop)\n";
    let (files, facts) = read("Makefile", text);
    assert_eq!(commands(&facts, "run"), ["gunicorn -w 4 --bind :8000 app:app", "echo ? ? ?"]);
    assert_eq!(commands(&facts, "dev"), ["uvicorn --workers 1 app:app"]);
    assert_eq!(commands(&facts, "l"), ["gunicorn ?"]);
    let run = &facts.units[0];
    assert_eq!(files.text_at(run.place), "run");
    let word = &run.command.as_ref().unwrap().simple[0];
    assert_eq!(files.text_at(word[0].place), "gunicorn");
    assert_eq!(files.text_at(word[5].place), "$(APP)");
    assert_eq!(run.environment[0].name, "MODE");
    assert!(!run.command.as_ref().unwrap().simple[0][5].is_literal() || files.text_at(word[5].place) != "app:app");
}

#[test]
fn shells_of_a_makefile_see_what_is_exported_for_their_target() {
    let seen = |text: &str, task: &str| {
        let (files, facts) = read("Makefile", text);
        let unit = facts.units.iter().find(|unit| unit.name == task).unwrap();
        let of = |variable: &super::super::Variable| {
            (variable.name.clone(), variable.value.as_ref().map(|word| files.text_at(word.place).to_owned()))
        };
        unit.environment.iter().map(of).collect::<Vec<_>>()
    };
    let set = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
    let own = "A = 1\nrun: export A = 2\nrun: B = 3\nrun:\n\tgunicorn app:app\nother:\n\tgunicorn app:app\n";
    assert_eq!((seen(own, "run"), seen(own, "other")), (vec![set("A", "2")], vec![]));
    let global = "export A = 1\nrun: A = 2\nrun:\n\tgunicorn app:app\nother:\n\tgunicorn app:app\n";
    assert_eq!((seen(global, "run"), seen(global, "other")), (vec![set("A", "2")], vec![set("A", "1")]));
    for all in ["export\n", ".EXPORT_ALL_VARIABLES:\n"] {
        let text = format!("{all}A = 1\nb-c = 2\nrun:\n\tgunicorn app:app\n");
        assert_eq!(seen(&text, "run"), [set("A", "1")]);
    }
}

#[test]
fn a_shell_of_a_recipe_leaves_nothing_to_the_next() {
    let makefile = "serve:\n\texport WEB_CONCURRENCY=5\n\t. ./env.sh\n\tgunicorn app:app\n";
    for (path, text) in [("Makefile", makefile), ("justfile", makefile)] {
        let (_, facts) = read(path, text);
        let all = commands(&facts, "serve");
        assert_eq!(all.last().map(String::as_str), Some("gunicorn app:app"), "{all:?}");
        let whole = facts.units[0].command.as_ref().unwrap().words.last().unwrap().content.text().to_owned();
        assert_eq!(whole, "(export WEB_CONCURRENCY=5)\n(. ./env.sh)\ngunicorn app:app", "{path}");
    }
}

#[test]
fn shells_of_a_justfile_see_what_is_exported() {
    let text = "export A := \"5\"\nB := '6'\nserve $PORT=\"81\" N=\"1\":\n  @gunicorn app:app\n";
    let seen = |text: &str| -> Vec<(String, Option<String>)> {
        let (_, facts) = read("justfile", text);
        let all = &facts.units[0].environment;
        all.iter().map(|one| (one.name.clone(), one.value.as_ref().and_then(crate::source::Word::text))).collect()
    };
    let one = |name: &str, value: &str| (name.to_owned(), Some(value.to_owned()));
    assert_eq!(seen(text), [one("A", "5"), one("PORT", "81")]);
    let all = [one("A", "5"), one("B", "6"), one("PORT", "81"), one("N", "1")];
    assert_eq!(seen(&format!("set export\n{text}")), all);
}

#[test]
fn lists_of_tasks_are_words_or_commands() {
    let text = "[tool.rye.scripts]\nr = [\"gunicorn\", \"-w\", \"7\", \"app:app\"]\n[tool.hatch.envs.default.scripts]\n\
                serve = \"gunicorn -w 3 {args:app:app} {args}\"\nmulti = [\"echo hi\", \"gunicorn app:app\"]\n";
    let (_, facts) = read("pyproject.toml", text);
    assert_eq!(commands(&facts, "r"), ["gunicorn -w 7 app:app"]);
    assert_eq!(commands(&facts, "serve"), ["gunicorn -w 3 app:app"]);
    assert_eq!(commands(&facts, "multi"), ["echo hi", "gunicorn app:app"]);
}

#[test]
fn a_makefile_does_not_decide_conditionals() {
    let text = "ifeq ($(X),1)\nN = 2\nelse\nN = 3\nendif\ndefine M\nN = 9\nendef\nrun:\n\tgunicorn -w $(N)\nifdef Y\n\tgunicorn other\nendif\n";
    let (_, facts) = read("Makefile", text);
    assert_eq!(commands(&facts, "run"), ["gunicorn -w ?"]);
}

#[test]
fn a_justfile_fills_in_parameters() {
    let text = "set dotenv-load\nport := \"8000\"\nn := env_var_or_default('N', '4')\n\n# serve it\n@serve bind=port *args: build\n    gunicorn -w {{n}} \\\n      -b :{{ bind }} {{args}} app:app\n\nx name:\n  #!/usr/bin/env bash\n  set -e\n  gunicorn {{name}}\npy:\n  #!/usr/bin/env python3\n  import os\n";
    let (files, facts) = read("justfile", text);
    assert_eq!(commands(&facts, "serve"), ["gunicorn -w 4 -b :8000 app:app"]);
    assert_eq!(commands(&facts, "x"), ["set -e", "gunicorn ?"]);
    assert!(!facts.units.iter().any(|unit| unit.name == "py"));
    assert_eq!(files.text_at(facts.units[0].place), "serve");
    assert_eq!(facts.units[0].environment_files[0].path.value, ".env");
}

#[test]
fn tables_of_tasks() {
    let text = "[tool.poe.tasks]\nserve = \"gunicorn app:app\"\nlist = { cmd = [\"gunicorn\", \"a\"], env = { N = \"4\" }, cwd = \"src\" }\n\
                both = [\"lint\", { cmd = \"gunicorn b\" }]\nshell = { shell = \"\"\"\ncd x\ngunicorn c\n\"\"\" }\n\
                [tool.taskipy.tasks]\ntaskipy = { cmd = \"gunicorn d\", help = \"x\" }\n[tool.pdm.scripts]\n_.env_file = \".env\"\npdm.shell = \"gunicorn e\"\n\
                [tool.hatch.envs.default.scripts]\nhatch = [\"gunicorn f\"]\n[tool.pixi.tasks]\npixi = \"gunicorn g\"\n[tool.rye.scripts]\nrye = \"gunicorn h\"\n";
    let (files, facts) = read("pyproject.toml", text);
    assert_eq!(commands(&facts, "serve"), ["gunicorn app:app"]);
    assert_eq!(commands(&facts, "list"), ["gunicorn a"]);
    assert_eq!(commands(&facts, "both"), ["lint", "gunicorn b"]);
    assert_eq!(commands(&facts, "shell"), ["cd x", "gunicorn c"]);
    for (name, app) in [("taskipy", "d"), ("pdm", "e"), ("hatch", "f"), ("pixi", "g"), ("rye", "h")] {
        assert_eq!(commands(&facts, name), [format!("gunicorn {app}")], "{name}");
    }
    let list = facts.units.iter().find(|unit| unit.name == "list").unwrap();
    assert_eq!(list.working_folder.as_ref().unwrap().value, "src");
    assert_eq!(list.environment[0].name, "N");
    let word = &list.command.as_ref().unwrap().simple[0][1];
    assert_eq!(files.text_at(word.place), "a");
    let (_, npm) = read("package.json", "{\"scripts\": {\"start\": \"gunicorn app:app\"}}");
    assert_eq!(commands(&npm, "start"), ["gunicorn app:app"]);
    let (_, pipfile) = read("Pipfile", "[scripts]\nserve = \"gunicorn app:app\"\n");
    assert_eq!(commands(&pipfile, "serve"), ["gunicorn app:app"]);
    let (_, taskfile) = read(
        "Taskfile.yml",
        "version: '3'\ntasks:\n  serve:\n    cmds:\n      - cmd: gunicorn -w {{.N}} app:app\n  one: gunicorn x\n",
    );
    assert_eq!(commands(&taskfile, "serve"), ["gunicorn -w ? app:app"]);
    assert_eq!(commands(&taskfile, "one"), ["gunicorn x"]);
}
