//! What something outside the project may set, and which files of compose are no projects of their own.

use std::collections::BTreeMap;

use super::super::{Dependency, Deployment, Layer, assemble};
use crate::read::{self, UnitKind};
use crate::source::{FileKind, Files};

fn deployments(texts: &[(&str, &str)]) -> Vec<Deployment> {
    let mut files = Files::new();
    let mut kinds = BTreeMap::new();
    for (path, text) in texts {
        let kind = FileKind::of_named(path, text).unwrap();
        kinds.insert(files.add(*path, *text), kind);
    }
    read::unfold(&mut files, &mut kinds);
    let facts = read::all(&files, &kinds);
    assemble(&files, &facts).deployments
}

/// The variables that the default of `workers` rests on.
fn rests_on(texts: &[(&str, &str)]) -> Vec<String> {
    let found = deployments(texts);
    let [only] = found.as_slice() else { panic!("{} deployments of {texts:?}", found.len()) };
    let winner = &only.setting("workers").unwrap().winner;
    assert_eq!(winner.layer, Layer::Default, "{texts:?}");
    let names = winner.depends.iter().filter_map(|dependency| match dependency {
        Dependency::Environment { name, .. } => Some(name.clone()),
        _ => None,
    });
    names.collect()
}

#[test]
fn a_default_rests_on_what_a_missing_file_may_set() {
    let compose = "services:\n  web:\n    image: a\n    command: gunicorn a:a\n    env_file: gone.env\n";
    let unit = "[Service]\nEnvironmentFile=-/etc/gone\nExecStart=/usr/bin/gunicorn a:a\n";
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    command: [gunicorn, \
               'a:a']\n    envFrom:\n    - configMapRef: {name: gone}\n";
    let script = ("Dockerfile", "FROM python\nCOPY start.sh /\nCMD [\"sh\", \"/start.sh\"]\n");
    let concurrency = ["WEB_CONCURRENCY"];
    assert_eq!(rests_on(&[("compose.yaml", compose)]), concurrency);
    assert_eq!(rests_on(&[("web.service", unit)]), concurrency);
    assert_eq!(rests_on(&[("pod.yaml", pod)]), concurrency);
    assert_eq!(rests_on(&[script, ("start.sh", "set -a\n. /run/secrets/app.env\nexec gunicorn a:a\n")]), concurrency);
    assert_eq!(rests_on(&[script, ("start.sh", "exec gunicorn ${OPTIONS:---threads 2} a:a\n")]), ["OPTIONS"]);
    // Nothing is missing here.
    let there = ("gone.env", "A=1\n");
    assert!(rests_on(&[("compose.yaml", compose), there]).is_empty());
    assert!(rests_on(&[script, ("start.sh", "exec gunicorn -t${T:-9} --threads ${N:-2} a:a\n")]).is_empty());
}

#[test]
fn what_chooses_files_decides_what_they_set() {
    let image = "FROM python AS base\nWORKDIR /app\nCOPY . .\nFROM base AS prod\nENV WEB_CONCURRENCY=4\nCMD gunicorn a:a\n\
                 FROM base AS dev\nCMD gunicorn a:a --reload\n";
    let told = |keys: &str| {
        let compose = format!("services:\n  web:\n{keys}");
        let files = [("Dockerfile", image), ("prod.env", "WEB_CONCURRENCY=6\n"), ("compose.yaml", compose.as_str())];
        let found = deployments(&files);
        let web = found.iter().find(|one| one.unit == "web").unwrap();
        let of = |name: &str| {
            let winner = &web.setting(name).unwrap().winner;
            winner.depends.iter().any(|one| matches!(one, Dependency::InPlace { name, .. } if name == "STAGE"))
        };
        (of("workers"), of("reload"))
    };
    assert_eq!(told("    build: {context: ., target: \"${STAGE:-prod}\"}\n"), (true, true));
    assert_eq!(told("    build: {context: ., target: prod}\n"), (false, false));
    let built = "    build: {context: ., target: prod}\n";
    assert_eq!(told(&format!("{built}    env_file: ${{STAGE:-prod}}.env\n")), (true, true));
    assert_eq!(told(&format!("{built}    working_dir: /app/${{STAGE:-a}}\n")), (true, true));
    let own = "    image: a\n    command: gunicorn a:a -w 3\n    env_file: ${STAGE:-prod}.env\n";
    assert_eq!(told(own), (false, true));
}

#[test]
fn a_file_that_only_builds_is_laid_over_the_usual_one() {
    let base = "services:\n  web:\n    image: a\n  celery:\n    image: a\n    command: celery\n";
    let image = ("Dockerfile", "FROM python\nCMD gunicorn a:a\n");
    let builds = "services:\n  web:\n    build: .\n  celery:\n    build: .\n";
    let started =
        |texts: &[(&str, &str)]| -> Vec<String> { deployments(texts).iter().map(|found| found.unit.clone()).collect() };
    let over = started(&[("compose.yaml", base), ("compose-build.yaml", builds), image]);
    assert!(!over.contains(&"celery".to_owned()), "{over:?}");
    assert!(over.contains(&"web".to_owned()), "{over:?}");
    // One that says what runs stands by itself.
    let own = "services:\n  celery:\n    build: .\n    environment: {A: b}\n";
    let alone = started(&[("compose.yaml", base), ("compose-other.yaml", own), image]);
    assert!(alone.contains(&"celery".to_owned()), "{alone:?}");
}

#[test]
fn code_is_mounted_by_whoever_edits_it() {
    let why = |volume: &str, command: &str| {
        let text = format!("services:\n  web:\n    image: a\n    command: {command}\n    volumes:\n      - {volume}\n");
        let code = [("app/main.py", "app = 1\n"), ("configuration/ldap.py", "A = 1\n")];
        let found = deployments(&[("docker/stack.yaml", &text), code[0], code[1]]);
        found.first().and_then(|found| found.development.as_ref()).map(|why| why.value.clone())
    };
    assert!(why("../app:/app", "gunicorn app.main:app").is_some());
    assert!(why("../app:/app:ro", "gunicorn app.main:app --reload").is_some());
    assert_eq!(why("../app:/app:ro", "gunicorn app.main:app"), None);
    assert_eq!(why("../configuration:/etc/app", "gunicorn app.main:app"), None);
}

#[test]
fn an_image_with_a_script_of_the_project_is_the_one_for_production() {
    let service =
        |dockerfile: &str| format!("services:\n  a:\n    build: {{context: ./api, dockerfile: {dockerfile}}}\n");
    let (local, built) = (service("Dockerfile.dev"), service("Dockerfile.api"));
    let shipped = "services:\n  web:\n    image: example/backend:${V:-1}\n    command: ./bin/start.sh\n    \
                   environment: {WEB_CONCURRENCY: 7}\n";
    let image = "FROM python\nWORKDIR /code\nCOPY . .\n";
    let found = deployments(&[
        ("compose-local.yaml", &local),
        ("compose.yaml", &built),
        ("deploy/community/compose.yaml", shipped),
        ("api/Dockerfile.api", image),
        ("api/Dockerfile.dev", image),
        ("api/bin/start.sh", "#!/bin/sh\nexec gunicorn a:a\n"),
    ]);
    let units: Vec<_> = found.iter().map(|one| (one.unit.as_str(), one.int("workers"))).collect();
    assert_eq!(units, [("web", Some(7))]);
}

#[test]
fn uv_loads_files_of_variables() {
    let workers = |lines: &str| {
        let image = format!("FROM python\nCOPY . /app\nWORKDIR /app\n{lines}\n");
        let found = deployments(&[
            ("Dockerfile", &image),
            ("prod.env", "WEB_CONCURRENCY=4\n"),
            ("more.env", "WEB_CONCURRENCY=6\n"),
        ]);
        let [only] = found.as_slice() else { panic!("{} deployments", found.len()) };
        only.int("workers")
    };
    assert_eq!(workers("CMD uv run --env-file prod.env gunicorn a:a"), Some(4));
    assert_eq!(workers("CMD uv run --env-file prod.env --env-file=more.env gunicorn a:a"), Some(6));
    assert_eq!(workers("ENV UV_ENV_FILE=prod.env\nCMD [\"uv\", \"run\", \"gunicorn\", \"a:a\"]"), Some(4));
    assert_eq!(workers("ENV WEB_CONCURRENCY=2\nCMD uv run --env-file prod.env gunicorn a:a"), Some(2));
    assert_eq!(workers("CMD uv run --env-file prod.env --no-env-file gunicorn a:a"), Some(1));
}

#[test]
fn what_an_image_is_built_with_unless_told_otherwise_is_not_certain() {
    let rests = |argument: &str| {
        let compose = format!("services:\n  web:\n    build:\n      context: .\n      args: {{WK: '{argument}'}}\n");
        let image = "FROM python\nARG WK=2\nENV WEB_CONCURRENCY=$WK\nCMD [\"gunicorn\", \"a:a\"]\n";
        let found = deployments(&[("compose.yaml", &compose), ("Dockerfile", image)]);
        let [only] = found.as_slice() else { panic!("{} deployments", found.len()) };
        (only.int("workers"), only.setting("workers").unwrap().winner.depends.len())
    };
    assert_eq!(rests("${WK:-5}"), (Some(5), 1));
    assert_eq!(rests("5"), (Some(5), 0));
}

#[test]
fn another_user_runs_what_rests_on_the_same() {
    let rests = |words: &str| {
        let script = format!("#!/bin/sh\nexec su -m nobody -c \"gunicorn a:a --threads {words}\"\n");
        let found = deployments(&[
            ("Dockerfile", "FROM python\nCOPY . /app\nWORKDIR /app\nCMD [\"/app/start.sh\"]\n"),
            ("start.sh", &script),
        ]);
        let [only] = found.as_slice() else { panic!("{} deployments", found.len()) };
        (only.int("threads"), only.setting("threads").unwrap().winner.depends.len())
    };
    assert_eq!(rests("${T:-2}"), (Some(2), 1));
    assert_eq!(rests("2"), (Some(2), 0));
}

#[test]
fn a_cluster_runs_no_stage_that_is_named_for_development() {
    let pod =
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: a\n    image: registry/a\n";
    let of_pods = |dockerfile: &str| {
        let found = deployments(&[("Dockerfile", dockerfile), ("pod.yaml", pod)]);
        let pods = found.iter().filter(|one| one.kind == UnitKind::KubernetesContainer && one.development.is_none());
        pods.map(|one| one.int("workers")).collect::<Vec<_>>()
    };
    let base = "FROM python AS base\n";
    let production = "FROM base AS production\nCMD [\"gunicorn\", \"-w3\", \"a:a\"]\n";
    let development = "FROM base AS development\nCMD [\"gunicorn\", \"-w1\", \"--reload\", \"a:a\"]\n";
    assert_eq!(of_pods(&format!("{base}{production}{development}")), [Some(3)]);
    assert_eq!(of_pods(&format!("{base}{development}{production}")), [Some(3)]);
    // Either of two may be what is built.
    let second = production.replace("production", "admin").replace("-w3", "-w5");
    assert_eq!(of_pods(&format!("{base}{production}{second}{development}")), []);
}

#[test]
fn an_image_that_the_project_pushes_is_its_own() {
    let dockerfile =
        ("Dockerfile", "FROM python\nENV GUNICORN_CMD_ARGS=\"--workers=3\"\nCMD [\"gunicorn\", \"a:a\"]\n");
    let compose = ("compose.yaml", "services:\n  web:\n    image: quay.io/acme/web:${TAG:-1}\n    mem_limit: 512m\n");
    let workers = |files: &[(&str, &str)]| {
        let found = deployments(&[&[dockerfile, compose], files].concat());
        let services = found.iter().filter(|one| one.kind == UnitKind::ComposeService);
        services.map(|one| one.int("workers")).collect::<Vec<_>>()
    };
    for (path, text) in [
        (".github/workflows/ci.yml", "- uses: docker/metadata-action@v5\n  with:\n    images: quay.io/acme/web\n"),
        ("Makefile", "IMAGE = quay.io/acme/web\nimage:\n\tdocker build -t $(IMAGE) .\n"),
        ("push.sh", "docker build -t quay.io/acme/web:latest .\n"),
    ] {
        assert_eq!(workers(&[(path, text)]), [Some(3)], "{path}");
    }
    for (path, text) in [
        ("pull.sh", "docker pull quay.io/acme/web\n"),
        ("push.sh", "docker build -t quay.io/acme/web-test .\n"),
        ("push.sh", "docker build -t other/quay.io/acme/web .\n"),
    ] {
        assert_eq!(workers(&[(path, text)]), [], "{text}");
    }
    let second = ("admin/Dockerfile", "FROM python\nCMD [\"gunicorn\", \"-w5\", \"b:b\"]\n");
    assert_eq!(workers(&[second, ("push.sh", "docker build -t quay.io/acme/web .\n")]), []);
}

#[test]
fn an_image_named_like_the_repository_is_its_own() {
    let dockerfile =
        ("Dockerfile", "FROM python\nENV GUNICORN_CMD_ARGS=\"--workers=3\"\nCMD [\"gunicorn\", \"a:a\"]\n");
    let compose = ("compose.yaml", "services:\n  web:\n    image: ghcr.io/Acme/web:1\n    mem_limit: 512m\n");
    let pushes = "- uses: docker/metadata-action@v5\n  with:\n    images: ghcr.io/${{ github.repository }}\n";
    let workers = |pipeline: &str, metadata: &str| {
        let beside = [(".github/workflows/ci.yml", pipeline), ("pyproject.toml", metadata)];
        let found = deployments(&[&[dockerfile, compose], &beside[..]].concat());
        let services = found.iter().filter(|one| one.kind == UnitKind::ComposeService);
        services.map(|one| one.int("workers")).collect::<Vec<_>>()
    };
    let home = "[project.urls]\nRepository = \"https://github.com/acme/web\"\n";
    assert_eq!(workers(pushes, home), [Some(3)]);
    assert_eq!(workers(pushes, ""), []);
    assert_eq!(workers(pushes, &home.replace("acme/web", "acme/web-next")), []);
    assert_eq!(workers(pushes, "[project]\ndependencies = [\"web @ git+https://github.com/acme/web\"]\n"), []);
    assert_eq!(workers("- run: make test\n", home), []);
    assert_eq!(workers(&pushes.replace("ghcr.io", "quay.io"), home), []);
}
