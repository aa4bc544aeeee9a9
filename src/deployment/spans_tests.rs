//! In every format the place of a value is the value: nothing less, nothing around it.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::{Assembly, Effective, assemble};
use crate::read;
use crate::source::{FileKind, Files, Guess};
use crate::values::Value;

/// What starts Gunicorn in each format, with a value for `W` and one for `T`, and with `~` where anything may stand.
///
/// The first file of each holds both.
const PROJECTS: &[&[(&str, &str)]] = &[
    // Command lines, in every notation of them.
    &[("Procfile", "# ~\nweb: gunicorn a:b -w «W» --timeout «T»\n")],
    &[("Procfile", "web: X='~' gunicorn a:b -w«W» --timeout=«T» # ~\n")],
    &[("Procfile", "web: gunicorn --workers '«W»' \"--timeout=«T»\" a:b\n")],
    &[("Procfile", "~\nweb: exec env A='~' gunicorn --workers=«W» --timeo «T» a:b\n")],
    &[("Dockerfile", "# ~\nFROM python\nCMD [\"gunicorn\", \"a:b\", \"-w\", \"«W»\", \"--timeout=«T»\"]\n")],
    &[("Dockerfile", "FROM python\nLABEL a=\"~\"\nCMD gunicorn a:b \\\n  # ~\n  --workers «W» \\\n  -t«T»\n")],
    &[(
        "Dockerfile",
        "FROM python\nENV A=\"~\"\nENTRYPOINT [\"gunicorn\"]\nCMD [\"a:b\", \"-w«W»\", \"-t\", \"«T»\"]\n",
    )],
    &[("Dockerfile", "FROM python\nCMD [\"sh\", \"-c\", \"echo '~'; exec gunicorn a:b -w «W» -t «T»\"]\n")],
    &[("compose.yaml", "# ~\nservices:\n  web:\n    image: x # ~\n    command: gunicorn a:b -w «W» -t «T»\n")],
    &[(
        "compose.yaml",
        "services:\n  web:\n    labels: {a: \"~\"}\n    command: [gunicorn, 'a:b', \"-w\", \"«W»\", -t«T»]\n",
    )],
    &[(
        "compose.yaml",
        "services:\n  web:\n    command:\n      - gunicorn # ~\n      - a:b\n      - --workers=«W»\n      - -t\n      - '«T»'\n",
    )],
    &[("compose.yaml", "services:\n  web:\n    command: >-\n      gunicorn\n      a:b\n      -w «W»\n      -t «T»\n")],
    &[(
        "compose.yaml",
        "services:\n  web:\n    command: |\n      gunicorn a:b \\\n        -w «W» \\\n        -t «T»\n",
    )],
    &[(
        "k8s/web.yaml",
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    metadata: {annotations: {a: \"~\"}}\n    spec:\n      containers:\n      - name: web\n        command: [\"gunicorn\"] # ~\n        args: [\"a:b\", \"--workers=«W»\", \"-t\", \"«T»\"]\n",
    )],
    &[(
        "k8s/web.yaml",
        "# ~\napiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  containers:\n  - name: web\n    command:\n    - sh\n    - -c\n    - |\n      echo '~'\n      exec gunicorn a:b -w «W» \\\n        -t «T»\n",
    )],
    &[("web.service", "# ~\n[Service]\nExecStart=/bin/gunicorn a:b -w «W» \\\n    # ~\n    --timeout «T»\n")],
    &[("supervisord.conf", "; ~\n[program:web]\ncommand=gunicorn a:b -w «W» --timeout=«T» ; ~\n")],
    &[("supervisord.conf", "[program:web]\ncommand = gunicorn a:b\n    -w «W»\n    -t «T»\n")],
    &[("fly.toml", "# ~\napp = \"~\"\n[processes]\nweb = \"gunicorn a:b -w «W» -t «T»\" # ~\n")],
    &[("render.yaml", "services:\n- type: web\n  name: \"~\"\n  startCommand: gunicorn a:b -w «W» -t «T» # ~\n")],
    &[("app.yaml", "# ~\nruntime: python312\nentrypoint: gunicorn a:b -w «W» -t «T»\n")],
    &[(
        "task-definition.json",
        "{\"family\": \"~\", \"containerDefinitions\": [{\"name\": \"web\", \"command\": [\"gunicorn\", \"a:b\", \"-w\", \"«W»\", \"-t«T»\"]}]}\n",
    )],
    &[(".do/app.yaml", "name: \"~\"\nservices:\n- name: web\n  run_command: gunicorn a:b -w «W» -t «T» # ~\n")],
    &[("Makefile", "# ~\nserve:\n\t@gunicorn a:b -w «W» \\\n\t  -t «T» # ~\n")],
    &[("justfile", "# ~\nserve:\n    gunicorn a:b -w «W» -t «T»\n")],
    &[("package.json", "{\"name\": \"~\", \"scripts\": {\"start\": \"gunicorn a:b -w «W» -t «T»\"}}\n")],
    &[("pyproject.toml", "# ~\n[tool.poe.tasks]\nserve = \"gunicorn a:b -w «W» -t «T»\" # ~\n")],
    &[
        ("start.sh", "#!/bin/sh\n# ~\necho '~'\nexec gunicorn a:b \\\n  --workers «W» -t '«T»'\n"),
        ("Procfile", "web: ./start.sh\n"),
    ],
    &[
        (
            "start.sh",
            "#!/bin/bash\nset -- -w «W» # ~\nif true; then set -- \"$@\" -t «T»; fi\nexec gunicorn a:b \"$@\"\n",
        ),
        ("Procfile", "web: bash start.sh\n"),
    ],
    // Variables.
    &[
        ("start.sh", "#!/bin/bash\n# ~\nW=«W»\nexport T=\"«T»\"\nexec gunicorn a:b -w \"$W\" -t ${T} # ~\n"),
        ("Procfile", "web: bash start.sh\n"),
    ],
    &[
        ("start.sh", "#!/bin/bash\n: \"~\"\nexec gunicorn a:b -w ${W:-«W»} -t \"${T:-«T»}\"\n"),
        ("Procfile", "web: bash start.sh\n"),
    ],
    &[("Dockerfile", "# ~\nFROM python\nENV W=«W» X=\"~\" T=\"«T»\"\nCMD gunicorn a:b -w $W -t ${T}\n")],
    &[("Dockerfile", "FROM python\nENV W «W»\nENV T '«T»'\nCMD [\"sh\", \"-c\", \"gunicorn a:b -w $W -t $T\"]\n")],
    &[("Dockerfile", "FROM python\nENV GUNICORN_CMD_ARGS=\"-w «W» --timeout=«T» --name='~'\"\nCMD gunicorn a:b\n")],
    &[(
        "compose.yaml",
        "services:\n  web:\n    environment:\n      A: \"~\"\n      GUNICORN_CMD_ARGS: -w «W» -t «T» # ~\n    command: gunicorn a:b\n",
    )],
    &[("web.service", "[Service]\nEnvironment=\"A=~\" \"GUNICORN_CMD_ARGS=-w «W» -t«T»\"\nExecStart=gunicorn a:b\n")],
    &[
        (".env", "# ~\nW=«W» # ~\nexport T=\"«T»\"\n"),
        ("compose.yaml", "services:\n  web:\n    env_file: .env\n    command: sh -c 'gunicorn a:b -w $$W -t $$T'\n"),
    ],
    // Files of settings.
    &[
        ("gunicorn.conf.py", "\"\"\"~\"\"\"\nworkers = «W»  # ~\nname = '~'; timeout = «T»\n"),
        ("Procfile", "web: gunicorn a:b\n"),
    ],
    &[
        ("gunicorn.conf.py", "if True:\n    # ~\n    workers = «W»\ntimeout: int = «T» # ~\n"),
        ("Procfile", "web: gunicorn a:b\n"),
    ],
    &[
        ("run.py", "# ~\nimport subprocess\nsubprocess.run(['gunicorn', 'a:b', '-w', '«W»', '--timeout=«T»'])  # ~\n"),
        ("Procfile", "web: python run.py\n"),
    ],
    &[("run.py", "import os\nos.system('gunicorn a:b -w «W» -t «T»')  # ~\n"), ("Procfile", "web: python run.py\n")],
    &[
        (
            "run.py",
            "from gunicorn.app.base import BaseApplication\n\nclass Server(BaseApplication):\n    \"~\"\n    def load_config(self):\n        self.cfg.set('workers', «W»)\n        self.cfg.set('timeout', «T»)\n\n    def load(self):\n        return None\n\nServer().run()\n",
        ),
        ("Procfile", "web: python run.py\n"),
    ],
];

/// The path of a file and its text.
type Text = (String, String);

/// The project of templates with its values, and where in the first file those of `W` and `T` stand.
fn filled(
    templates: &[(&str, &str)],
    workers: u16,
    timeout: u16,
    anything: &str,
    windows: bool,
) -> (Vec<Text>, [(usize, usize); 2]) {
    let mut spans = [(0, 0); 2];
    let mut files = Vec::new();
    for (index, (path, template)) in templates.iter().enumerate() {
        let template = if windows { template.replace('\n', "\r\n") } else { (*template).to_owned() };
        let mut text = String::new();
        let mut rest = template.replace('~', anything);
        while let Some((before, behind)) = rest.split_once('«') {
            let (value, after) = behind.split_once('»').unwrap();
            text.push_str(before);
            let start = text.len();
            let (which, number) = if value.contains('W') { (0, workers) } else { (1, timeout) };
            text.push_str(&value.replace(['W', 'T'], &number.to_string()));
            if index == 0 {
                spans[which] = (start, text.len());
            }
            rest = after.to_owned();
        }
        text.push_str(&rest);
        files.push(((*path).to_owned(), text));
    }
    (files, spans)
}

fn read(paths: &[Text]) -> (Files, Assembly) {
    let mut files = Files::new();
    let mut kinds = BTreeMap::new();
    for (path, text) in paths {
        let kind = Guess::of(path).and_then(|guess| guess.settle(path, text)).unwrap_or(FileKind::Script);
        kinds.insert(files.add(path.as_str(), text.as_str()), kind);
    }
    let facts = read::all(&files, &kinds);
    let assembly = assemble(&files, &facts);
    (files, assembly)
}

fn setting<'a>(assembly: &'a Assembly, name: &str) -> &'a Effective {
    assembly.deployments[0].setting(name).unwrap()
}

/// What a person may write nearly everywhere: letters of one to four bytes, and nothing that means something.
fn anything() -> impl Strategy<Value = String> {
    "[a-z0-9 .äЖ界🦄]{0,12}"
}

/// What is wrong about the places of a project's values.
fn wrong(templates: &[(&str, &str)], workers: u16, timeout: u16, anything: &str, windows: bool) -> Option<String> {
    // A shell takes the end of such a line for part of its last word.
    let windows = windows && !["start.sh", "Procfile", "Dockerfile", "Makefile", "justfile"].contains(&templates[0].0);
    let (paths, spans) = filled(templates, workers, timeout, anything, windows);
    let (path, text) = &paths[0];
    let (files, assembly) = read(&paths);
    if assembly.deployments.len() != 1 {
        return Some(format!("{} deployments in {text}", assembly.deployments.len()));
    }
    let both = [("workers", workers, spans[0]), ("timeout", timeout, spans[1])];
    for (index, (name, number, (start, end))) in both.into_iter().enumerate() {
        let found = setting(&assembly, name);
        if found.value() != Some(&Value::Int(number.into())) {
            return Some(format!("`{name}` is {:?} in {text}", found.winner.value));
        }
        let Some(edit) = found.winner.set(&files, &Value::Int(7_777)) else {
            return Some(format!("`{name}` has no literal in {text}"));
        };
        let span = edit.place.span;
        if (files.get(edit.place.file).path(), span.start, span.end) != (path, start, end) {
            return Some(format!("`{name}` stands at `{}` in {text}", files.text_at(edit.place)));
        }
        // What is put there is read as the value, and nothing else changes.
        let mut changed = paths.clone();
        changed[0].1.replace_range(span.start..span.end, &edit.text);
        let (_, after) = read(&changed);
        let values = both.map(|(name, ..)| setting(&after, name).value().and_then(Value::as_int));
        let mut expected = both.map(|(_, number, _)| Some(i64::from(number)));
        expected[index] = Some(7_777);
        if values != expected {
            return Some(format!("the values are {values:?} in {}", changed[0].1));
        }
    }
    None
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_place_of_a_value_is_the_value(
        workers in 1..100_u16, timeout in 100..1000_u16, anything in anything(), windows: bool,
    ) {
        let wrong: Vec<String> =
            PROJECTS.iter().filter_map(|project| wrong(project, workers, timeout, &anything, windows)).collect();
        prop_assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
