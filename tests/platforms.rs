//! What platforms, tasks and proxies come to once they are joined with what stands beside them, as
//! `farrier show` tells it.

mod support;

use serde_json::{Value as Json, json};

use support::command::{Project, Run};

const APP: &str = "def app(environ, start_response):\n    return []\n";
const DOCKERFILE: &str =
    "FROM python:3.13\nWORKDIR /app\nCOPY . .\nENV WEB_CONCURRENCY=3\nCMD [\"gunicorn\", \"app:app\"]\n";

fn show(files: &[(&str, &str)]) -> Run {
    let mut all = vec![("app.py", APP), ("requirements.txt", "gunicorn==27.0.1\nuvicorn==0.54.0\n")];
    all.extend(files);
    Project::of(&all).farrier("show", &[])
}

/// The only launch.
fn only(run: &Run) -> &Json {
    let launches = run.list("launches");
    assert_eq!(launches.len(), 1, "{:#}\n{}", run.report, run.stderr);
    &launches[0]
}

/// The value of a setting; `null` where it is not known.
fn value<'r>(launch: &'r Json, setting: &str) -> &'r Json {
    &launch["settings"][setting]["value"]
}

#[test]
fn fly_runs_the_image_that_is_built_beside_it() {
    let fly = "app = 'shop'\n[env]\nWEB_CONCURRENCY = '5'\n[[vm]]\nsize = 'shared-cpu-2x'\n";
    let run = show(&[("fly.toml", fly), ("Dockerfile", DOCKERFILE)]);
    let launch = only(&run);
    assert_eq!(value(launch, "workers"), 5, "{launch:#}");
    assert_eq!((&launch["unit"], &launch["container"]), (&json!("app"), &json!(true)));
    let groups = format!("{fly}[processes]\nweb = 'gunicorn -w 2 app:app'\n");
    let run = show(&[("fly.toml", &groups), ("Dockerfile", DOCKERFILE)]);
    let web = run.list("launches").iter().find(|launch| launch["unit"] == "web").expect("the group");
    assert_eq!(value(web, "workers"), 2);
}

#[test]
fn a_process_of_a_procfile_gets_what_the_platform_says() {
    let manifest = "{\"buildpacks\": [{\"url\": \"heroku/python\"}], \"env\": {\"N\": \"2\"}, \
                    \"formation\": {\"web\": {\"size\": \"standard-2x\"}}}";
    let run = show(&[("app.json", manifest), ("Procfile", "web: gunicorn --threads $N app:app\nworker: celery\n")]);
    let launch = only(&run);
    assert_eq!([value(launch, "workers"), value(launch, "threads")], [4, 2], "{launch:#}");
    assert_eq!(value(launch, "accesslog"), "-");
    // Two platforms that differ about one process tell nothing about it.
    let fly = "app = 'shop'\n[build]\nbuilder = 'paketo'\n[env]\nN = '9'\n";
    let run = show(&[("app.json", manifest), ("fly.toml", fly), ("Procfile", "web: gunicorn --threads $N app:app\n")]);
    assert_eq!(value(only(&run), "threads"), &Json::Null);
}

#[test]
fn app_engine_starts_main_where_its_file_names_no_command() {
    let service = "runtime: python312\ninstance_class: F2\n";
    let run = show(&[("app.yaml", service), ("main.py", APP)]);
    let launch = only(&run);
    assert_eq!((&launch["server"], &launch["app"]), (&json!("gunicorn"), &json!("main:app")), "{launch:#}");
    // The options that the runtime adds stand nowhere.
    assert_eq!(value(launch, "workers"), &Json::Null);
    for (name, text) in [("app.yaml", "runtime: python312\nentrypoint: python other.py\n"), ("Pipfile", "")] {
        assert!(show(&[("app.yaml", service), ("main.py", APP), (name, text)]).list("launches").is_empty(), "{name}");
    }
    for other in ["runtime: nodejs20\n", "runtime: python27\n", "runtime: python\nenv: flex\n"] {
        assert!(show(&[("app.yaml", other), ("main.py", APP)]).list("launches").is_empty(), "{other}");
    }
    assert!(show(&[("app.yaml", service)]).list("launches").is_empty());
}

#[test]
fn azure_starts_what_its_startup_file_says() {
    let run = show(&[("startup.txt", "gunicorn --bind=0.0.0.0 --timeout 600 --workers=4 app:app\n")]);
    assert_eq!(value(only(&run), "workers"), 4);
    assert!(show(&[("startup.txt", "Read this before the meeting.\n")]).list("launches").is_empty());
}

#[test]
fn objects_of_kubernetes_may_be_json() {
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [{
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [
            {"name": "x", "image": "app", "command": ["gunicorn", "-w", "3", "app:app"]}]}}}}]});
    let run = show(&[("k8s/web.json", &list.to_string())]);
    let launch = only(&run);
    assert_eq!((value(launch, "workers"), &launch["surroundings"]["replicas"]["value"]), (&json!(3), &json!(2)));
}

#[test]
fn the_project_lies_in_app_for_a_process() {
    let files =
        [("Procfile", "web: gunicorn -c /app/conf/g.py --chdir /app app:app\n"), ("conf/g.py", "threads = 3\n")];
    let run = show(&files);
    assert_eq!(value(only(&run), "threads"), 3, "{:#}", run.report);
}

#[test]
fn the_lock_of_the_tool_that_starts_it_tells_the_version() {
    let lock = |version: &str| format!("[[package]]\nname = \"uvicorn\"\nversion = \"{version}\"\n");
    for (tool, version) in [("poetry", "0.30.0"), ("uv", "0.40.0")] {
        let script = format!("exec {tool} run uvicorn app:app\n");
        let (old, new) = (lock("0.30.0"), lock("0.40.0"));
        let files = [("requirements.txt", ""), ("start.sh", &*script), ("poetry.lock", &*old), ("uv.lock", &*new)];
        let run = show(&files);
        assert_eq!(only(&run)["version"], version, "{:#}", run.report);
    }
}

#[test]
fn render_starts_gunicorn_with_options_of_its_own() {
    let blueprint =
        "services:\n- type: web\n  name: api\n  runtime: python\n  plan: starter\n  startCommand: gunicorn app:app\n";
    let run = show(&[("render.yaml", blueprint), ("gunicorn.conf.py", "preload_app = False\nbind = '127.0.0.1:1'\n")]);
    let launch = only(&run);
    assert_eq!(value(launch, "preload_app"), true, "{launch:#}");
    assert_eq!(value(launch, "bind"), &json!(["0.0.0.0:10000"]));
    assert_eq!(launch["settings"]["bind"]["origin"]["by"], "Render");
}

#[test]
fn paths_of_a_specification_in_a_hidden_folder_begin_at_the_root() {
    let spec = "name: shop\nregion: nyc\nservices:\n- name: api\n  environment_slug: python\n  run_command: gunicorn -c conf.py app:app\n  source_dir: /backend\n";
    let run = show(&[(".do/app.yaml", spec), ("backend/conf.py", "workers = 7\n"), ("backend/app.py", APP)]);
    let launch = only(&run);
    assert_eq!((value(launch, "workers"), &launch["folder"]), (&json!(7), &json!("backend")), "{launch:#}");
}

#[test]
fn a_container_of_ecs_is_the_image_of_the_project() {
    let task = "{\"family\": \"shop\", \"cpu\": \"1024\", \"containerDefinitions\": [{\"name\": \"web\", \
                \"image\": \"123.dkr.ecr.eu-west-1.amazonaws.com/shop:${TAG}\", \
                \"environment\": [{\"name\": \"WEB_CONCURRENCY\", \"value\": \"6\"}]}, \
                {\"name\": \"cache\", \"image\": \"redis:7\"}]}";
    let run = show(&[("ecs/task.json", task), ("Dockerfile", DOCKERFILE)]);
    let web = run.list("launches").iter().find(|launch| launch["unit"] == "web").expect("the container");
    assert_eq!(value(web, "workers"), 6, "{web:#}");
}

#[test]
fn a_task_is_for_people_unless_something_calls_it() {
    let makefile = "PORT ?= 8000\nserve:\n\tgunicorn -b :$(PORT) app:app\n";
    let run = show(&[("Makefile", makefile)]);
    let launch = only(&run);
    assert_eq!(value(launch, "bind"), &json!([":8000"]));
    assert!(launch["development"].as_str().is_some_and(|why| why.contains("`serve`")), "{launch:#}");
    let image = "FROM python:3.13\nWORKDIR /app\nCOPY . .\nCMD [\"make\", \"serve\"]\n";
    let run = show(&[("Makefile", makefile), ("Dockerfile", image)]);
    let launch = only(&run);
    assert_eq!((&launch["development"], &launch["container"]), (&Json::Null, &json!(true)), "{launch:#}");
    assert_eq!(value(launch, "bind"), &json!([":8000"]));
    let pyproject = "[tool.poe.tasks]\nserve = 'gunicorn -w 3 app:app'\n";
    let run = show(&[("pyproject.toml", pyproject), ("Procfile", "web: poetry run poe serve\n")]);
    let launch = only(&run);
    assert_eq!((&launch["unit"], value(launch, "workers")), (&json!("web"), &json!(3)), "{launch:#}");
}

#[test]
fn a_proxy_is_joined_with_the_server_it_leads_to() {
    let compose = "services:\n  web:\n    build: .\n    command: gunicorn -b 0.0.0.0:8000 app:app\n  other:\n    build: .\n    command: gunicorn -b 0.0.0.0:8000 app:app -w 2\n";
    let nginx = "upstream app { server web:8000; keepalive 8; }\nserver { proxy_read_timeout 75s; location / { proxy_pass http://app; } }\n";
    let run = show(&[("compose.yaml", compose), ("Dockerfile", DOCKERFILE), ("nginx/default.conf", nginx)]);
    let web = run.unit("launches", "web");
    assert_eq!(web["proxies"][0]["program"], "nginx", "{web:#}");
    assert_eq!(web["proxies"][0]["read_timeout_seconds"], 75.0);
    assert_eq!(web["proxies"][0]["keepalive"], 8);
    assert_eq!(run.unit("launches", "other")["proxies"], json!([]));
    let caddy = ":80 {\n  reverse_proxy unix//run/app.sock\n}\n";
    let run = show(&[("Procfile", "web: uvicorn --uds /run/app.sock app:app\n"), ("Caddyfile", caddy)]);
    assert_eq!(only(&run)["proxies"][0]["program"], "Caddy");
    // Two servers on one port: which of them is meant is not told.
    let twice = "a: gunicorn -b 127.0.0.1:8000 app:app\nb: gunicorn -b 127.0.0.1:8000 -w 2 app:app\n";
    let nginx = "server { location / { proxy_pass http://127.0.0.1:8000; } }\n";
    let run = show(&[("Procfile", twice), ("nginx.conf", nginx)]);
    assert!(run.list("launches").iter().all(|launch| launch["proxies"] == json!([])), "{:#}", run.report);
}
