//! What a container sees: files that images hold, mounts, and what is written while they are built.

use std::collections::BTreeMap;

use super::super::{Dependency, Deployment, Resolved, assemble};
use crate::read;
use crate::source::{FileKind, Files};
use crate::values::Value;

/// What the files start, each a path with its text.
fn deployments(texts: &[(&str, &str)]) -> (Files, Vec<Deployment>) {
    let mut files = Files::new();
    let mut kinds = BTreeMap::new();
    for (path, text) in texts {
        let kind = FileKind::of_named(path, text).unwrap();
        kinds.insert(files.add(*path, *text), kind);
    }
    read::unfold(&mut files, &mut kinds);
    let facts = read::all(&files, &kinds);
    let found = assemble(&files, &facts).deployments;
    (files, found)
}

/// The number of workers of the only deployment, and where it is set.
fn workers(texts: &[(&str, &str)]) -> (Option<i64>, String) {
    let (files, found) = deployments(texts);
    let [only] = found.as_slice() else { panic!("{} deployments", found.len()) };
    let setting = only.setting("workers").unwrap();
    (only.int("workers"), setting.place().map(|place| files.describe(place)).unwrap_or_default())
}

fn told(count: i64, place: &str) -> (Option<i64>, String) {
    (Some(count), place.to_owned())
}

#[test]
fn images_hold_what_their_dockerfile_writes() {
    let image = |lines: &str| format!("FROM python\nWORKDIR /app\n{lines}\n");
    let cases = [
        ("COPY <<'EOF' /start.sh\nexec gunicorn -w 3 a\nEOF\nCMD [\"sh\", \"/start.sh\"]", 4),
        ("COPY --chmod=755 <<'EOF' /usr/bin/start\n#!/bin/sh\nexec gunicorn -w 3 a\nEOF\nCMD start", 5),
        ("RUN cat > /start.sh <<'EOF'\nexec gunicorn -w 3 a\nEOF\nCMD sh /start.sh", 4),
        ("RUN cat <<EOF > /start.sh && chmod +x /start.sh\nexec gunicorn -w 3 a\nEOF\nENTRYPOINT [\"/start.sh\"]", 4),
        ("RUN echo '#!/bin/sh\\n\\\nexec gunicorn -w 3 a\\n' > /start.sh\nCMD /start.sh", 4),
        ("RUN printf '#!/bin/sh\\nexec gunicorn -w 3 a\\n' > /start.sh\nCMD /start.sh", 3),
        ("RUN echo \"#!/bin/sh\" > /start.sh && \\\n echo \"exec gunicorn -w 3 a\" >> /start.sh\nCMD /start.sh", 4),
        ("COPY <<'EOF' gunicorn.conf.py\nworkers = 3\nEOF\nCMD gunicorn a", 4),
        ("RUN echo 'workers = 3' > /etc/web.conf.py\nCMD gunicorn -c /etc/web.conf.py a", 3),
        ("RUN echo workers = 3 > /etc/web.conf.py\nCMD gunicorn -c /etc/web.conf.py a", 3),
        ("RUN echo 'workers = 3' | tee gunicorn.conf.py\nCMD gunicorn a", 3),
    ];
    for (lines, line) in cases {
        let text = image(lines);
        assert_eq!(workers(&[("Dockerfile", &text)]), told(3, &format!("Dockerfile:{line}")), "{text}");
    }
}

#[test]
fn what_is_filled_in_while_an_image_is_built_is_not_told() {
    for lines in [
        "RUN echo 'exec gunicorn -w 3 a' > /start.sh\nRUN echo '# b' >> /start.sh\nCMD sh /start.sh",
        "COPY <<'EOF' /start.sh\nexec gunicorn -w 3 \\\nEOF\nRUN echo $X >> /start.sh\nCMD sh /start.sh",
        "COPY <<EOF /start.sh\nexec gunicorn -w $COUNT a\nEOF\nCMD sh /start.sh",
        "RUN echo \"exec gunicorn -w $COUNT a\" > /start.sh\nCMD sh /start.sh",
        "RUN echo 'exec gunicorn a \\\\' >> /start.sh\nCMD sh /start.sh",
        "RUN printf 'exec gunicorn -w %d a' \"$N\" > /start.sh\nCMD sh /start.sh",
        "RUN printf 'exec gunicorn -w %05d a' 3 > /start.sh\nCMD sh /start.sh",
        "RUN date | tee /start.sh\nCMD sh /start.sh",
    ] {
        let text = format!("FROM python\n{lines}\n");
        assert!(deployments(&[("Dockerfile", &text)]).1.is_empty(), "{text}");
    }
}

/// A configuration that a here-document of the build writes is not known, nor are the defaults in its place.
#[test]
fn a_build_may_be_a_script_of_its_own() {
    let workers = |run: &str| {
        let dockerfile = format!("FROM python\nWORKDIR /app\nCOPY app.py .\n{run}\nCMD gunicorn app\n");
        workers(&[("Dockerfile", &dockerfile), ("app.py", "")]).0
    };
    assert_eq!(workers("RUN <<EOF\ncat > gunicorn.conf.py <<'C'\nworkers = 4\nC\nEOF"), None);
    assert_eq!(workers("RUN --network=none <<EOF\necho 'workers = 4' > gunicorn.conf.py\nEOF"), None);
    assert_eq!(workers("RUN bash -e <<EOF\necho 'workers = 4' > gunicorn.conf.py\nEOF"), None);
    assert_eq!(workers("RUN <<EOF\necho 'workers = 4' > other.conf.py\nEOF"), Some(1));
    assert_eq!(workers("RUN cat <<EOF\necho 'workers = 4' > gunicorn.conf.py\nEOF"), Some(1));
}

/// Docker appends the command to the words of a shell that is the entry point, which may ask for it.
#[test]
fn an_entry_point_in_shell_form_may_ask_for_the_command() {
    let found = |entrypoint: &str| {
        let dockerfile =
            format!("FROM python\nCOPY run.sh /\nENTRYPOINT {entrypoint}\nCMD [\"gunicorn\", \"-w\", \"3\", \"a\"]\n");
        let (_, found) = deployments(&[("Dockerfile", &dockerfile), ("run.sh", "#!/bin/sh\nexec \"$@\"\n")]);
        found.iter().map(|one| one.int("workers")).collect::<Vec<_>>()
    };
    assert_eq!(found("/run.sh $0 $@"), [Some(3)]);
    assert_eq!(found("exec /run.sh \"$0\" \"${@}\""), [Some(3)]);
    assert_eq!(found("/run.sh"), []);
    assert_eq!(found("gunicorn -w 5 a"), [Some(5)]);
}

/// What a template leaves to whoever fills it in is not what uWSGI would make of it.
#[test]
fn what_a_template_fills_in_is_not_known() {
    let processes = |name: &str, value: &str| {
        let (_, found) = deployments(&[(name, &format!("[uwsgi]\nmodule = a\nprocesses = {value}\n"))]);
        found.iter().map(|one| one.int("processes")).collect::<Vec<_>>()
    };
    assert_eq!(processes("uwsgi.ini.tpl", "$P"), [None]);
    assert_eq!(processes("uwsgi.ini.template", "3"), [Some(3)]);
    assert_eq!(processes("uwsgi.ini", "$P"), [None]);
    assert_eq!(processes("uwsgi.ini", "3"), [Some(3)]);
}

/// Railway and Knative always tell a server where to listen.
#[test]
fn some_platforms_set_the_port() {
    let rests = |path: &str, text: &str| {
        let (_, found) = deployments(&[(path, text)]);
        let [only] = found.as_slice() else { panic!("{} deployments of {path}", found.len()) };
        !only.setting("bind").unwrap().winner.depends.is_empty()
    };
    let railway = |words: &str| format!("[deploy]\nstartCommand = \"gunicorn {words} a\"\n");
    assert!(rests("railway.toml", &railway("")));
    assert!(!rests("railway.toml", &railway("-b :80")));
    let service = |version: &str| {
        format!(
            "apiVersion: {version}\nkind: Service\nmetadata: {{name: a}}\nspec:\n  template:\n    spec:\n      \
             containers: [{{name: a, image: a, command: [gunicorn, a]}}]\n"
        )
    };
    assert!(!rests("service.yaml", &service("apps/v1").replace("Service", "Deployment")));
    let bind = |text: &str| {
        let (_, found) = deployments(&[("service.yaml", text)]);
        found[0].setting("bind").unwrap().value().cloned()
    };
    let address = |port: &str| Some(Value::List(vec![Value::Str(format!("0.0.0.0:{port}"))]));
    let knative = service("serving.knative.dev/v1");
    assert_eq!(bind(&knative), address("8080"));
    assert_eq!(bind(&knative.replace("image: a,", "image: a, ports: [{containerPort: 81}],")), address("81"));
}

const POD: &str = "apiVersion: v1\nkind: Pod\nmetadata:\n  name: web\nspec:\n  containers:\n  - name: web\n    image: web\n    \
                   command: [gunicorn, -c, /etc/web/web.conf.py, a]\n    volumeMounts:\n    - name: conf\n      ";

#[test]
fn containers_see_the_files_of_their_sets() {
    let set = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: conf\ndata:\n  other: x\n  web.conf.py: |\n    \
               import os\n\n    workers = int(os.environ.get(\"N\", 3))\n";
    let volume = "  volumes:\n  - name: conf\n    configMap:\n      name: conf\n";
    let whole = format!("{POD}mountPath: /etc/web\n{volume}");
    assert_eq!(workers(&[("pod.yaml", &whole), ("set.yaml", set)]), told(3, "set.yaml:10"));
    let one = format!("{POD}mountPath: /etc/web/web.conf.py\n      subPath: web.conf.py\n{volume}");
    assert_eq!(workers(&[("pod.yaml", &format!("{set}---\n{one}"))]), told(3, "pod.yaml:10"));
    let renamed = set.replace("web.conf.py:", "settings:");
    let items = format!("{whole}      items:\n      - key: settings\n        path: web.conf.py\n");
    assert_eq!(workers(&[("pod.yaml", &items), ("set.yaml", &renamed)]), told(3, "set.yaml:10"));
}

#[test]
fn a_configuration_of_any_name_is_found_through_copies() {
    let dockerfile = "FROM python\nCOPY deploy/web.settings /etc/app/settings\nCMD gunicorn -c /etc/app/settings a\n";
    let found = workers(&[("Dockerfile", dockerfile), ("deploy/web.settings", "workers = 3\n")]);
    assert_eq!(found, told(3, "deploy/web.settings:1"));
}

/// What a deployment says about the time that it gets to stop: written down, or by whose default.
#[test]
fn the_time_to_stop_is_written_down_or_that_of_who_stops_it() {
    let stop = |path: &str, text: &str| {
        let docker = "FROM python\nCMD gunicorn a\n";
        let alone = path == "Dockerfile" || path == "web.service";
        let texts = if alone { vec![(path, text)] } else { vec![(path, text), ("Dockerfile", docker)] };
        let (_, found) = deployments(&texts);
        let [only] = found.as_slice() else { panic!("{} deployments of {path}", found.len()) };
        let limits = &only.limits;
        let usual = limits.stop_default.map(|usual| format!("{} {}", usual.by, usual.value));
        (limits.stop_grace.as_ref().map(|grace| grace.value.to_string()), usual)
    };
    let usual = |text: &str| (None, Some(text.to_owned()));
    let compose = |more: &str| format!("services:\n  web:\n    build: .\n{more}");
    let pod = |more: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n{more}  containers: [{{name: a, image: a}}]\n"
        )
    };
    let unit = |more: &str| format!("[Service]\nExecStart=/usr/bin/gunicorn a\n{more}");
    let task = |more: &str| {
        format!("{{\"family\": \"a\", \"containerDefinitions\": [{{\"name\": \"a\", \"image\": \"a\"{more}}}]}}")
    };
    assert_eq!(stop("Dockerfile", "FROM python\nCMD gunicorn a\n"), usual("Docker 10 s"));
    assert_eq!(stop("compose.yaml", &compose("")), usual("Docker Compose 10 s"));
    assert_eq!(stop("compose.yaml", &compose("    stop_grace_period: 1m\n")), (Some("60 s".to_owned()), None));
    // What is written down and cannot be told is no default.
    assert_eq!(stop("compose.yaml", &compose("    stop_grace_period: $GRACE\n")), (None, None));
    assert_eq!(stop("pod.yaml", &pod("")), usual("Kubernetes 30 s"));
    assert_eq!(stop("pod.yaml", &pod("  terminationGracePeriodSeconds: 45\n")), (Some("45 s".to_owned()), None));
    assert_eq!(stop("web.service", &unit("")), usual("systemd 90 s"));
    assert_eq!(stop("web.service", &unit("TimeoutStopSec=5\n")), (Some("5 s".to_owned()), None));
    assert_eq!(stop("task-definition.json", &task("")), usual("Amazon ECS 30 s"));
    assert_eq!(stop("task-definition.json", &task(", \"stopTimeout\": 60")), (Some("60 s".to_owned()), None));
    assert_eq!(stop("fly.toml", "app = \"a\"\n"), usual("Fly.io 5 s"));
    assert_eq!(stop("fly.toml", "app = \"a\"\nkill_timeout = 20\n"), (Some("20 s".to_owned()), None));
}

#[test]
fn secrets_of_compose_are_files() {
    let compose = "services:\n  web:\n    build: .\n    secrets: [conf, {source: conf, target: other.py}]\n    \
                   command: gunicorn -c /run/secrets/other.py a\n\
                   secrets:\n  conf: {file: ./conf/web.py}\n";
    let docker = "FROM python\n";
    let texts = [("compose.yaml", compose), ("Dockerfile", docker), ("conf/web.py", "workers = 3\n")];
    assert_eq!(workers(&texts), told(3, "conf/web.py:1"));
}

/// A loop that nothing but a break ends, as scripts wait for a database: what stands behind it runs.
#[test]
fn what_comes_behind_a_loop_that_waits_is_started() {
    let docker = ("Dockerfile", "FROM python\nCOPY start.sh /\nCMD [\"/start.sh\"]\n");
    for wait in [
        "while true; do\n  celery status\n  T=$?\n  if [ $T = 0 ]; then break; fi\n  n=$((n + 1))\ndone",
        "while :; do\n  if [ \"$X\" = 1 ]; then break; fi\n  if [ \"$Y\" = 1 ]; then exit 1; fi\n  sleep 1\ndone",
        "while true; do\n  while true; do [ \"$X\" = 1 ] && break 2; sleep 1; done\ndone",
    ] {
        let script = format!("#!/bin/bash\n{wait}\nexec gunicorn -w 3 a\n");
        let line = wait.lines().count() + 2;
        assert_eq!(workers(&[docker, ("start.sh", &script)]), told(3, &format!("start.sh:{line}")), "{script}");
    }
    let forever = "#!/bin/bash\nwhile true; do\n  work\ndone\nexec gunicorn -w 3 a\n";
    assert!(deployments(&[docker, ("start.sh", forever)]).1.is_empty());
}

#[test]
fn compose_lays_files_into_containers() {
    let compose = |content: &str| {
        format!(
            "services:\n  web:\n    image: x\n    working_dir: /app\n    command: gunicorn app:app\n    configs:\n      \
             - source: conf\n        target: /app/gunicorn.conf.py\nconfigs:\n  conf:\n    {content}\n"
        )
    };
    let own = ("gunicorn.conf.py", "workers = 9\n");
    let text = compose("content: |\n      bind = ':80'\n      workers = 3");
    assert_eq!(workers(&[("compose.yaml", &text), own]), told(3, "compose.yaml:13"));
    // What compose fills in is not known, and neither is what lies outside of the project.
    for content in ["content: |\n      workers = ${N}", "external: true", "file: ./gone.py"] {
        assert_eq!(workers(&[("compose.yaml", &compose(content)), own]).0, None, "{content}");
    }
}

#[test]
fn a_build_leaves_files_behind() {
    let image = "FROM python\nWORKDIR /app\nCOPY . .\nCMD [\"gunicorn\", \"app:app\"]\n";
    let conf = ("gunicorn.conf.py", "workers = 9\n");
    assert_eq!(workers(&[("Dockerfile", image), conf]).0, Some(9));
    assert_eq!(workers(&[("Dockerfile", image), conf, (".dockerignore", "*.conf.py\n")]).0, Some(1));
    assert_eq!(workers(&[("Dockerfile", image), conf, (".dockerignore", "*\n!*.conf.py\n")]).0, Some(9));
    // What is mounted is there all the same.
    let compose = "services:\n  web:\n    build: .\n    volumes: ['./gunicorn.conf.py:/app/gunicorn.conf.py']\n";
    let ignored = (".dockerignore", "*.conf.py\n");
    assert_eq!(workers(&[("Dockerfile", image), conf, ignored, ("compose.yaml", compose)]).0, Some(9));
}

#[test]
fn systemd_takes_files_over_its_own_variables() {
    let unit =
        "[Service]\nEnvironment=WEB_CONCURRENCY=2\nEnvironmentFile=/etc/default/web\nExecStart=/srv/bin/gunicorn a\n";
    let texts = [("deploy/web.service", unit), ("deploy/default/web", "WEB_CONCURRENCY=5 # five\n")];
    assert_eq!(workers(&texts).0, None);
    let texts = [("deploy/web.service", unit), ("deploy/default/web", "WEB_CONCURRENCY=\"5\"\n")];
    assert_eq!(workers(&texts), told(5, "deploy/default/web:1"));
}

#[test]
fn systemd_takes_variables_away_last() {
    let unit = |more: &str| {
        format!(
            "[Service]\nWorkingDirectory=/srv/app\nEnvironment=WEB_CONCURRENCY=2\nEnvironmentFile=/srv/app/web.env\n{more}\
             ExecStart=/usr/bin/gunicorn app:app\n"
        )
    };
    let count = |more: &str| {
        let texts = unit(more);
        workers(&[("web.service", &texts), ("web.env", "WEB_CONCURRENCY=3\n"), ("app.py", "app = 1\n")]).0
    };
    assert_eq!(count(""), Some(3));
    assert_eq!(count("UnsetEnvironment=WEB_CONCURRENCY\n"), Some(1));
    assert_eq!(count("UnsetEnvironment=WEB_CONCURRENCY=3\n"), Some(1));
    assert_eq!(count("UnsetEnvironment=WEB_CONCURRENCY=2\n"), Some(3));
}

#[test]
fn an_image_is_built_from_a_text_in_place() {
    let compose = "services:\n  web:\n    build:\n      context: .\n      dockerfile_inline: |\n        FROM python\n        \
                   ENV WEB_CONCURRENCY=4\n        CMD gunicorn app:app\n";
    let beside = "FROM python\nCMD gunicorn -w 9 app:app\n";
    let (_, found) = deployments(&[("compose.yaml", compose), ("Dockerfile", beside)]);
    let told: Vec<_> = found.iter().map(|one| (one.int("workers"), one.unit.as_str())).collect();
    assert_eq!(told, [(Some(9), ""), (Some(4), "web")]);
    let filled = compose.replace("=4", "=$N");
    let (_, found) = deployments(&[("compose.yaml", &filled), ("Dockerfile", beside)]);
    assert_eq!(found.len(), 1, "compose fills in what nobody knows");
}

#[test]
fn what_developers_run_hides_no_image() {
    let compose = "services:\n  web:\n    build: ../..\n";
    let texts = [("Dockerfile", "FROM python\nCMD gunicorn app:app\n"), ("examples/qdrant/compose.yaml", compose)];
    let (_, found) = deployments(&texts);
    let told: Vec<_> = found.iter().map(|one| (one.unit.as_str(), one.development.is_some())).collect();
    assert_eq!(told, [("web", true), ("", false)]);
}

#[test]
fn a_launch_names_all_that_starts_it() {
    let compose = "services:\n  base:\n    build: .\n  web:\n    extends: base\n";
    let (files, found) =
        deployments(&[("compose.yaml", compose), ("Dockerfile", "FROM python\nCMD gunicorn app:app\n")]);
    let [only] = found.as_slice() else { panic!("{} deployments", found.len()) };
    let by: Vec<_> = only.started_by.iter().map(|(name, place)| (name.as_str(), files.describe(*place))).collect();
    assert_eq!(by, [("base", "compose.yaml:2".to_owned()), ("web", "compose.yaml:4".to_owned())]);
    let slow = format!("{compose}    stop_grace_period: 60s\n");
    let (_, found) = deployments(&[("compose.yaml", &slow), ("Dockerfile", "FROM python\nCMD gunicorn app:app\n")]);
    assert_eq!(found.len(), 2, "they are not stopped alike");
}

#[test]
fn commands_of_a_build_change_files() {
    let count = |lines: &str| {
        let image = format!("FROM python\nWORKDIR /app\n{lines}\nCMD gunicorn app:app\n");
        let texts = [
            ("Dockerfile", &*image),
            ("gunicorn.conf.py", "workers = 2\n"),
            ("deploy/prod.py", "workers = 8\n"),
            ("app.py", "app = 1\n"),
        ];
        workers(&texts)
    };
    assert_eq!(count("COPY . ."), told(2, "gunicorn.conf.py:1"));
    for lines in [
        "COPY . .\nRUN mv deploy/prod.py gunicorn.conf.py",
        "COPY . .\nRUN cp deploy/prod.py ./gunicorn.conf.py && pip list",
        "COPY . .\nRUN ln -sf /app/deploy/prod.py /app/gunicorn.conf.py",
        "COPY . .\nRUN cd deploy && cp prod.py ../gunicorn.conf.py",
    ] {
        assert_eq!(count(lines), told(8, "deploy/prod.py:1"), "{lines}");
    }
    for lines in [
        "COPY . .\nRUN rm gunicorn.conf.py",
        "COPY . .\nRUN sed -i 's/workers = 2/workers = 8; x = 1/' gunicorn.conf.py",
        "COPY . .\nRUN echo 'workers = 8' >> gunicorn.conf.py",
        "COPY . .\nRUN curl -o gunicorn.conf.py https://example.org/x",
        "COPY . .\nRUN make-conf | tee gunicorn.conf.py",
    ] {
        assert_eq!(count(lines).0, None, "{lines}");
    }
    for lines in [
        "RUN rm -f gunicorn.conf.py\nCOPY . .",
        "COPY . .\nRUN sed -i 's/a/b/' other.py",
        "COPY . .\nRUN sed -i 's/\\r$//' gunicorn.conf.py",
    ] {
        assert_eq!(count(lines), told(2, "gunicorn.conf.py:1"), "{lines}");
    }
}

#[test]
fn a_configuration_that_only_a_build_makes_is_not_known() {
    let count = |lines: &str| {
        let image = format!("FROM python\nWORKDIR /app\nCOPY . .\n{lines}\nCMD gunicorn app:app\n");
        workers(&[("Dockerfile", &*image), ("app.py", "app = 1\n"), ("gen.py", "print('workers = 4')\n")]).0
    };
    assert_eq!(count("RUN python gen.py > gen.log"), Some(1));
    for line in [
        "RUN python gen.py > gunicorn.conf.py",
        "RUN cd /app && echo 'workers = 4' > ./gunicorn.conf.py",
        "RUN curl -o gunicorn.conf.py https://example.org/x",
        "RUN python gen.py | tee gunicorn.conf.py",
    ] {
        assert_eq!(count(line), None, "{line}");
    }
    for path in ["/app/gunicorn.conf.py", "gunicorn.conf.py", "./gunicorn.conf.py"] {
        assert_eq!(count(&format!("RUN echo 'workers = 4' > {path}")), Some(4), "{path}");
        let lines = format!("RUN echo 'timeout = 9' > {path} && \\\n    echo 'workers = 4' >> {path}");
        assert_eq!(count(&lines), Some(4), "{lines}");
    }
    assert_eq!(
        count("RUN echo 'workers = 4' > gunicorn.conf.py\nRUN echo 'workers = 5' >> /app/gunicorn.conf.py"),
        None
    );
}

#[test]
fn a_script_changes_files_before_it_starts_the_server() {
    let count = |line: &str| {
        let script = format!("#!/bin/sh\n{line}\nexec gunicorn app:app\n");
        let image = "FROM python\nWORKDIR /app\nCOPY . .\nCMD [\"./start.sh\"]\n";
        let texts = [
            ("Dockerfile", image),
            ("start.sh", &*script),
            ("gunicorn.conf.py", "workers = 2\n"),
            ("deploy/prod.py", "workers = 8\n"),
            ("app.py", "app = 1\n"),
        ];
        workers(&texts).0
    };
    assert_eq!(count("echo hello"), Some(2));
    assert_eq!(count("cp deploy/prod.py gunicorn.conf.py"), Some(8));
    for line in [
        "echo \"workers = ${W:-8}\" >> gunicorn.conf.py",
        "sed -i s/2/8/ gunicorn.conf.py",
        "cp /config/gunicorn.conf.py .",
        "rm -f gunicorn.conf.py",
        "echo 'workers = 8' | tee gunicorn.conf.py",
        "if [ \"$ENVN\" = prod ]; then cp deploy/prod.py gunicorn.conf.py; fi",
    ] {
        assert_eq!(count(line), None, "{line}");
    }
}

#[test]
fn managers_of_processes_run_a_procfile_in_the_image() {
    let image =
        |start: &str| format!("FROM python\nENV T=180 PORT=8000\nWORKDIR /app\nUSER app\nCOPY . /app\nCMD {start}\n");
    let script = "#!/bin/sh\nexec gunicorn --timeout ${T:-900} app:app\n";
    for (start, timeout, bind) in [
        ("[\"honcho\", \"start\"]", Some(180), Some("0.0.0.0:8100")),
        (
            "[\"honcho\", \"-f\", \"/app/Procfile\", \"--no-prefix\", \"start\", \"web\"]",
            Some(180),
            Some("0.0.0.0:8000"),
        ),
        ("foreman start web", Some(180), Some("0.0.0.0:8100")),
        ("[\"hivemind\", \"Procfile\"]", Some(180), None),
        ("[\"honcho\", \"check\"]", Some(900), None),
    ] {
        let texts = [
            ("Dockerfile", &*image(start)),
            ("Procfile", "worker: celery worker\nweb: bin/web.sh\n"),
            ("bin/web.sh", script),
            ("app.py", "app = 1\n"),
        ];
        let (_, found) = deployments(&texts);
        let [only] = found.as_slice() else { panic!("{start}: {} deployments", found.len()) };
        assert_eq!(only.int("timeout"), timeout, "{start}");
        assert_eq!(only.container.is_some(), timeout == Some(180), "{start}");
        let listens = only.setting("bind").and_then(|bind| bind.value().map(ToString::to_string));
        let wanted = bind.map(|bind| format!("[\"{bind}\"]"));
        assert!(only.container.is_none() || listens == wanted, "{start}: {listens:?}");
        let by = only.limits.usual_stop().map(|usual| usual.by);
        assert!(!start.contains("honcho\", \"start") || by == Some("honcho"), "{start}: {by:?}");
    }
}

#[test]
fn a_bucket_holds_a_file_of_the_project() {
    let task = "{\"containerDefinitions\": [{\"name\": \"web\", \"image\": \"x\", \"command\": [\"gunicorn\", \"a\"],\n\
                \"environmentFiles\": [{\"type\": \"s3\", \"value\": \"arn:aws:s3:::b/prod/NAME\"}]}]}";
    let named = |name: &str| {
        [("ecs/task.json".to_owned(), task.replace("NAME", name)), (name.to_owned(), "WEB_CONCURRENCY=5\n".to_owned())]
    };
    for (name, expected) in [("web.env", 5), (".env", 1)] {
        let texts = named(name);
        let texts: Vec<_> = texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        assert_eq!(workers(&texts).0, Some(expected), "{name}");
    }
}

#[test]
fn beanstalk_starts_gunicorn_where_nothing_says_what() {
    let options =
        "option_settings:\n  aws:elasticbeanstalk:container:python:\n    WSGIPath: shop:app\n    NumProcesses: 3\n";
    let config = (".ebextensions/01.config", options);
    assert_eq!(workers(&[config]), told(3, ".ebextensions/01.config:4"));
    assert_eq!(workers(&[config, ("Procfile", "web: gunicorn -w 7 a\n")]), told(7, "Procfile:1"));
}

#[test]
fn an_entry_point_is_told_what_to_do() {
    let script = "#!/bin/sh\ncase \"$1\" in\n  api) exec gunicorn -w 3 app:app ;;\n  *) echo what && exit 1 ;;\nesac\n";
    let image = "FROM python\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"/app/start.sh\"]\n";
    assert_eq!(workers(&[("Dockerfile", image), ("start.sh", script)]), told(3, "start.sh:3"));
    // What the image says itself counts.
    let other = format!("{image}CMD [\"other\"]\n");
    assert!(deployments(&[("Dockerfile", &other), ("start.sh", script)]).1.is_empty());
}

#[test]
fn another_user_runs_a_text() {
    let script = |line: &str| format!("#!/bin/sh\nexport W=3\n{line}\n");
    for (line, expected) in [
        ("su -s /bin/sh app -c \"exec gunicorn -w $W app:app\"", Some(3)),
        ("exec su app -c 'gunicorn -w 3 app:app'", Some(3)),
        ("runuser -u app -- gunicorn -w 3 app:app", Some(3)),
        ("su - app -c 'gunicorn -w 3 app:app'", Some(3)),
        ("su - app -c 'gunicorn -w $W app:app'", None),
    ] {
        let image = "FROM python\nCOPY start.sh /\nCMD [\"/start.sh\"]\n";
        assert_eq!(workers(&[("Dockerfile", image), ("start.sh", &script(line))]).0, expected, "{line}");
    }
}

#[test]
fn a_package_of_the_project_is_installed() {
    let image = "FROM python\nRUN --mount=type=bind,target=/src pip install /src/libs/shop\nCMD [\"python\", \"-m\", \"shop.web\"]\n";
    let launcher = "from common.serving import start\n\nif __name__ == '__main__':\n    start()\n";
    let common = "import uvicorn\n\n\ndef start():\n    uvicorn.run('shop.app:app', workers=3)\n";
    let texts = [
        ("docker/Dockerfile", image),
        ("libs/shop/pyproject.toml", "[project]\nname = 'shop'\n"),
        ("libs/shop/shop/web.py", launcher),
        ("libs/common/pyproject.toml", "[project]\nname = 'common'\n"),
        ("libs/common/src/common/serving.py", common),
    ];
    assert_eq!(workers(&texts), told(3, "libs/common/src/common/serving.py:5"));
}

#[test]
fn a_file_lands_in_a_folder_that_is_there() {
    let image = "FROM python\nRUN useradd -m web\nCOPY scripts/start.sh /home/web\nWORKDIR /home/web\nENV WEB_CONCURRENCY=3\nCMD [\"bash\", \"start.sh\"]\n";
    assert_eq!(workers(&[("Dockerfile", image), ("scripts/start.sh", "gunicorn app:app\n")]), told(3, "Dockerfile:5"));
}

#[test]
fn a_server_is_known_by_its_name_wherever_its_folder_is() {
    for line in ["$BIN/gunicorn -w 3 a", "\"$VENV/bin/gunicorn\" -w 3 a", "exec ${HOME}/bin/python -m gunicorn -w 3 a"]
    {
        assert_eq!(workers(&[("start.sh", &format!("#!/bin/sh\n{line}\n"))]).0, Some(3), "{line}");
    }
    assert_eq!(workers(&[("Makefile", "serve:\n\t$(VENV)/bin/gunicorn -w 3 a\n")]).0, Some(3));
    assert!(deployments(&[("start.sh", "#!/bin/sh\n$BIN/serve -w 3 a\n")]).1.is_empty());
}

#[test]
fn two_branches_of_a_program_are_two_ways_to_start_it() {
    let text = "import sys\nimport uvicorn\nfrom fastapi import FastAPI\napp = FastAPI()\nif __name__ == '__main__':\n    \
                if len(sys.argv) > 1:\n        uvicorn.run(app, host='1.1.1.1')\n    else:\n        \
                uvicorn.run(app, host='2.2.2.2')\n";
    let (_, found) = deployments(&[("main.py", text)]);
    let development: Vec<bool> = found.iter().map(|one| one.development.is_some()).collect();
    assert_eq!(development, [false, false]);
}

/// The workers of the only deployment, where the value comes from, and what else it rests on or is unknown for.
fn reasons(texts: &[(&str, &str)]) -> (Option<i64>, String, Vec<String>) {
    let (files, found) = deployments(texts);
    let [only] = found.as_slice() else { panic!("{} deployments", found.len()) };
    let setting = only.setting("workers").unwrap();
    let place = setting.place().map(|place| files.describe(place)).unwrap_or_default();
    let unknown = match &setting.winner.value {
        Resolved::Unknown(why) => Some(why.clone()),
        Resolved::Known(_) => None,
    };
    let depends = setting.winner.depends.iter().map(|dependency| match dependency {
        Dependency::InPlace { name, .. } => format!("unless `{name}` is set"),
        Dependency::Other { what } => what.clone(),
        other => format!("{other:?}"),
    });
    (only.int("workers"), place, unknown.into_iter().chain(depends).collect())
}

#[test]
fn a_value_comes_from_the_variable_that_holds_it() {
    let script = "#!/bin/sh\nexec gunicorn ${OPTS:- --workers 4} --bind :80 a\n";
    let compose = |line: &str| {
        let text =
            format!("services:\n  web:\n    image: x\n    command: ./start.sh\n    environment:\n      - {line}\n");
        reasons(&[("compose.yaml", &text), ("start.sh", script)])
    };
    let from = |place: &str, depends: &[&str]| {
        let depends = depends.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        (Some(7), place.to_owned(), depends)
    };
    assert_eq!(compose("OPTS=--workers 7"), from("compose.yaml:6", &[]));
    assert_eq!(compose("OPTS=${OPTS:---workers 7}"), from("compose.yaml:6", &["unless `OPTS` is set"]));
    let image = "FROM python\nENV W=7\nCMD exec gunicorn -w $W a\n";
    assert_eq!(reasons(&[("Dockerfile", image)]), from("Dockerfile:2", &[]));
    let direct = "services:\n  web:\n    image: x\n    command: gunicorn -w ${W:-7} a\n";
    assert_eq!(reasons(&[("compose.yaml", direct)]), from("compose.yaml:4", &["unless `W` is set"]));
}

#[test]
fn start_up_code_may_set_what_nobody_can_name() {
    let loader = "#!/bin/sh\nfor name in $(env | cut -d= -f1); do\n  export \"$name\"=\"$(cat x)\"\ndone\n";
    let script = "#!/bin/sh\n. ./loader.sh\nexec gunicorn -w ${W:-4} a\n";
    let image = "FROM python\nWORKDIR /app\nCOPY . .\nENV W=6\nCMD [\"./start.sh\"]\n";
    let (workers, _, why) = reasons(&[("Dockerfile", image), ("start.sh", script), ("loader.sh", loader)]);
    assert_eq!(workers, None);
    let says = ["it is only known when the start-up code runs", "variables whose names only a run tells, loader.sh:3"];
    assert_eq!(why, says);
    let (workers, _, why) = reasons(&[("Dockerfile", &image.replace("ENV W=6\n", "")), ("start.sh", script)]);
    assert_eq!((workers, why[1].as_str()), (None, "a script that is not in the project, start.sh:2"));
}

#[test]
fn who_runs_it_is_said_or_open() {
    let user = |texts: &[(&str, &str)]| {
        let (_, found) = deployments(texts);
        let [only] = found.as_slice() else { panic!("{} deployments", found.len()) };
        (only.user.as_ref().map(|user| user.value.clone()), only.surroundings.user_is_open)
    };
    let image = |lines: &str| format!("FROM python\n{lines}\nCMD gunicorn a\n");
    let said = |text: &str| (Some(text.to_owned()), false);
    assert_eq!(user(&[("Dockerfile", &image("ARG uid=1001\nUSER ${uid}"))]), said("1001"));
    assert_eq!(user(&[("Dockerfile", &image("ARG uid\nUSER ${uid}"))]), (None, true));
    assert_eq!(user(&[("Dockerfile", &image("ARG uid\nUSER ${uid}\nUSER web"))]), said("web"));
    let recipe = image("USER 5050");
    let compose = |line: &str| format!("services:\n  web:\n    build: .\n{line}");
    let both = |line: &str| user(&[("compose.yaml", &compose(line)), ("Dockerfile", &recipe)]);
    assert_eq!(
        (both(""), both("    user: app\n"), both("    user: ${WHO}\n")),
        (said("5050"), said("app"), (None, true))
    );
    let pod = |context: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: a\n    image: a\n{context}"
        );
        user(&[("pod.yaml", &text), ("Dockerfile", &recipe)])
    };
    assert_eq!(pod("    securityContext: {runAsUser: 1001}\n"), said("1001"));
    assert_eq!(pod("    securityContext: {runAsNonRoot: true}\n"), said("5050"));
    assert_eq!(pod("    securityContext: \"{{ .Values.context }}\"\n"), (None, true));
}

#[test]
fn a_command_on_the_way_changes_who_runs_it() {
    let told = |command: &str, script: &str| {
        let image = format!("FROM python\nENV WHO=app\nUSER root\nCOPY . /app\nWORKDIR /app\nCMD {command}\n");
        let (_, found) = deployments(&[("Dockerfile", &image), ("start.sh", script)]);
        let [only] = found.as_slice() else { panic!("{command}: {} deployments", found.len()) };
        (only.user.as_ref().map(|user| user.value.clone()), only.surroundings.user_is_open)
    };
    let known = |name: &str| (Some(name.to_owned()), false);
    for (command, user) in [
        ("gunicorn app:app", known("root")),
        ("[\"gosu\", \"app\", \"gunicorn\", \"app:app\"]", known("app")),
        ("exec su-exec app:app gunicorn app:app", known("app:app")),
        ("exec runuser -u app -- gunicorn app:app", known("app")),
        ("exec setpriv --reuid=1000 --regid 1000 --clear-groups gunicorn app:app", known("1000")),
        ("su app -c 'exec gunicorn app:app'", known("app")),
        ("su - app -c 'exec gunicorn app:app'", known("app")),
        ("exec gosu $WHO gunicorn app:app", known("app")),
        ("exec gosu \"$NOBODY\" gunicorn app:app", (None, true)),
        ("gosu app echo hello; gunicorn app:app", known("root")),
    ] {
        assert_eq!(told(command, ""), user, "{command}");
    }
    let script = "#!/bin/sh\nif [ \"$1\" = web ]; then\n  exec gosu app \"$0\" run\nfi\nexec gunicorn app:app\n";
    assert_eq!(told("[\"./start.sh\", \"web\"]", script), known("app"));
}

#[test]
fn a_script_runs_programs_in_python_that_have_no_ending() {
    let program = "#!/usr/bin/env python3\nfrom gunicorn.app.wsgiapp import run\nrun()\n";
    let script = "#!/bin/sh\nexec ./bin/serve -w 3 \"$@\" a\n";
    let mut files = Files::new();
    let mut kinds = BTreeMap::new();
    kinds.insert(files.add("bin/serve", program), FileKind::Python);
    kinds.insert(files.add("start.sh", script), FileKind::Script);
    kinds.insert(files.add("Procfile", "web: ./start.sh\n"), FileKind::Procfile);
    let facts = read::all(&files, &kinds);
    let found = assemble(&files, &facts).deployments;
    assert_eq!(found.iter().map(|one| one.int("workers")).collect::<Vec<_>>(), [Some(3)]);
}

#[test]
fn a_long_configuration_is_not_followed_for_each_of_many_servers() {
    let long = format!("workers = 3\n# {}\n", "x".repeat(1_500_000));
    let lines: String = (0..5).fold(String::new(), |all, at| all + &format!("w{at}: gunicorn -c c.py a{at}:b\n"));
    let (_, found) = deployments(&[("Procfile", &lines), ("c.py", &long)]);
    let workers: Vec<Option<i64>> = found.iter().map(|one| one.int("workers")).collect();
    assert_eq!(workers, [Some(3), Some(3), Some(3), None, None]);
    let value = &found[4].setting("workers").unwrap().winner.value;
    assert!(
        matches!(value, Resolved::Unknown(why) if why.contains("more configuration than is followed")),
        "{value:?}"
    );
}

#[test]
fn what_a_missing_file_of_variables_may_replace_rests_on_it() {
    let rests = |found: &[Deployment]| {
        let setting = found[0].setting("workers").unwrap();
        let named = setting.winner.depends.iter().filter_map(|one| match one {
            Dependency::InPlace { name, .. } => Some(name.clone()),
            _ => None,
        });
        (found[0].int("workers"), named.collect::<Vec<_>>().join(" "))
    };
    let image = "FROM python\nENV WEB_CONCURRENCY=2\nCOPY . .\nCMD gunicorn a:b\n";
    let compose = |rest: &str| format!("services:\n  web:\n    build: .\n{rest}");
    let with = |rest: &str| {
        let texts = [("Dockerfile", image), ("compose.yaml", &compose(rest)), ("a.env", "WEB_CONCURRENCY=3\n")];
        rests(&deployments(&texts).1)
    };
    assert_eq!(with(""), (Some(2), String::new()));
    assert_eq!(with("    env_file: [none.env]\n"), (Some(2), "WEB_CONCURRENCY".to_owned()));
    assert_eq!(with("    env_file: [none.env, a.env]\n"), (Some(3), String::new()));
    assert_eq!(with("    env_file: [a.env, none.env]\n"), (Some(3), "WEB_CONCURRENCY".to_owned()));
    assert_eq!(with("    env_file: [none.env]\n    environment: {WEB_CONCURRENCY: 4}\n"), (Some(4), String::new()));
    let unit =
        |rest: &str| format!("[Service]\nEnvironment=WEB_CONCURRENCY=2\n{rest}ExecStart=/usr/bin/gunicorn a:b\n");
    let with =
        |rest: &str| rests(&deployments(&[("web.service", &unit(rest)), ("etc/a.env", "WEB_CONCURRENCY=3\n")]).1);
    assert_eq!(with(""), (Some(2), String::new()));
    assert_eq!(with("EnvironmentFile=-/etc/none.env\n"), (Some(2), "WEB_CONCURRENCY".to_owned()));
    assert_eq!(with("EnvironmentFile=/etc/none.env\nEnvironmentFile=/etc/a.env\n"), (Some(3), String::new()));
    let pod = |sources: &str| {
        let sets = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: all}\ndata: {WEB_CONCURRENCY: \"6\"}\n---\n";
        format!(
            "{sets}apiVersion: v1\nkind: Pod\nmetadata: {{name: web}}\nspec:\n  containers:\n  - name: web\n\
             \x20   command: [gunicorn, a:b]\n    envFrom: [{sources}]\n"
        )
    };
    let with = |sources: &str| rests(&deployments(&[("pod.yaml", &pod(sources))]).1);
    let (all, none) = ("{configMapRef: {name: all}}", "{secretRef: {name: none}}");
    assert_eq!(with(all), (Some(6), String::new()));
    assert_eq!(with(&format!("{none}, {all}")), (Some(6), String::new()));
    assert_eq!(with(&format!("{all}, {none}")), (Some(6), "WEB_CONCURRENCY".to_owned()));
}

#[test]
fn options_of_uwsgi_rest_on_the_variables_that_they_are_made_of() {
    let image = |command: &str| format!("FROM python\nENV UWSGI_THREADS=2\nCOPY . .\nCMD {command}\n");
    let (_, found) =
        deployments(&[("Dockerfile", &image("uwsgi --http ${H:-0.0.0.0}:90 --processes ${N:-3} --module a:b"))]);
    let named = |name: &str| {
        let depends = &found[0].setting(name).unwrap().winner.depends;
        let names = depends.iter().filter_map(|one| match one {
            Dependency::InPlace { name, .. } => Some(name.clone()),
            _ => None,
        });
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!((found[0].int("processes"), named("processes")), (Some(3), "N".to_owned()));
    assert_eq!(named("http"), "H");
    assert_eq!((found[0].int("threads"), named("threads")), (Some(2), String::new()));
}

#[test]
fn a_profile_to_build_uwsgi_by_starts_nothing() {
    let profile = "[uwsgi]\nmain_plugin = python,gevent\ninherit = base\nyaml = libyaml\n";
    assert_eq!(deployments(&[("uwsgi_profile.ini", profile)]).1.len(), 0);
    assert_eq!(deployments(&[("uwsgi.ini", "[uwsgi]\nplugin = python\nmodule = app\n")]).1.len(), 1);
}

/// Options that a script names are started by it, though nothing is seen to run the script.
#[test]
fn what_a_loose_script_names_is_one_launch() {
    let ini = "[uwsgi]\nmodule = app\nprocesses = 6\n";
    let found = |name: &str, script: &str| {
        let (files, found) = deployments(&[("u.ini", ini), (name, script)]);
        let told = |one: &Deployment| (files.get(one.command.file).path().to_owned(), one.development.is_some());
        found.iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(found("run.sh", "#!/bin/sh\nuwsgi --ini u.ini\n"), [("run.sh".to_owned(), false)]);
    // One for developers says nothing of how the service runs, and another file is another one.
    let both = |name: &str, aside| vec![(name.to_owned(), aside), ("u.ini".to_owned(), false)];
    let mut of_developers = both("dev/run.sh", true);
    of_developers.sort();
    assert_eq!(found("dev/run.sh", "#!/bin/sh\nuwsgi --ini ../u.ini\n"), of_developers);
    assert_eq!(found("run.sh", "#!/bin/sh\nuwsgi --module other\n"), both("run.sh", false));
}

/// uWSGI reads what `envsubst` makes of a template, and not the template.
#[test]
fn what_envsubst_fills_in_is_no_launch_of_its_own() {
    let found = |script: &str| {
        let dockerfile = "FROM python\nCOPY . .\nCMD [\"./start.sh\"]\n";
        let template = "[uwsgi]\nprocesses = $P\nmodule = app\n";
        deployments(&[("Dockerfile", dockerfile), ("start.sh", script), ("uwsgi.tpl", template)]).1.len()
    };
    assert_eq!(found("#!/bin/sh\nenvsubst < uwsgi.tpl > /tmp/u.ini\nexec uwsgi --ini /tmp/u.ini\n"), 1);
    assert_eq!(found("#!/bin/sh\nexec uwsgi --ini /tmp/u.ini\n"), 2);
}
