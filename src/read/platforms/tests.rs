//! What each reader makes of its format.

use super::super::{Facts, Unit, all};
use crate::source::{Files, Guess, Place};

struct Read {
    files: Files,
    facts: Facts,
}

fn read(path: &str, text: &str) -> Read {
    let mut files = Files::new();
    let file = files.add(path, text);
    let kind = Guess::of(path).and_then(|guess| guess.settle(path, text)).expect("it is a file that has a reader");
    let facts = all(&files, &[(file, kind)].into());
    Read { files, facts }
}

impl Read {
    fn unit(&self, name: &str) -> &Unit {
        let found = self.facts.units.iter().find(|unit| unit.name == name);
        found.unwrap_or_else(|| panic!("no {name} in {:?}", self.facts))
    }

    /// The words of the command, each as the bytes that it stands at.
    fn command(&self, name: &str) -> String {
        let command = self.unit(name).command.as_ref().expect("it runs something");
        let words = command.simple.iter().flatten().map(|word| self.files.text_at(word.place));
        words.collect::<Vec<_>>().join(" ")
    }

    /// The last value of a variable, and the bytes it stands at.
    fn variable(&self, name: &str, variable: &str) -> (Option<String>, &str) {
        let unit = self.unit(name);
        let found = unit.environment.iter().rev().find(|entry| entry.name == variable).expect("it is set");
        let value = found.value.as_ref();
        let place: Place = value.map_or(found.place, |word| word.place);
        (value.and_then(crate::source::Word::text), self.files.text_at(place))
    }

    fn limits(&self, name: &str) -> (Option<f64>, Option<f64>) {
        let limits = &self.unit(name).limits;
        (limits.cpus.as_ref().map(|l| l.value.0), limits.memory.as_ref().map(|l| l.value.as_mib()))
    }
}

#[test]
fn fly_runs_groups_of_processes() {
    let read = read(
        "fly.toml",
        "app = 'shop'\nkill_signal = 'SIGTERM'\nkill_timeout = '1m30s'\n[build]\ndockerfile = 'Dockerfile.fly'\n\
         build-target = 'web'\n[env]\nPORT = '8080'\nN = 4\n[processes]\napp = \"gunicorn -w 4 'shop:app'\"\n\
         worker = 'celery'\nplain = ''\n[http_service]\ninternal_port = 8080\nprocesses = ['app']\n\
         [[http_service.checks]]\ninterval = '10s'\ntimeout = 2000\npath = '/up'\n\
         [[vm]]\nsize = 'shared-cpu-2x'\nmemory = '1gb'\n[[vm]]\nmemory_mb = 256\ncpus = 1\nprocesses = ['worker']\n\
         [[vm]]\ncpu_kind = 'shared'\ncpus = 4\nprocesses = ['plain']\n",
    );
    assert_eq!(read.command("app"), "gunicorn -w 4 shop:app");
    assert!(read.unit("plain").command.is_none());
    assert_eq!(read.limits("app"), (Some(2.0), Some(1024.0)));
    assert_eq!(read.limits("worker"), (Some(1.0), Some(256.0)));
    let lasting = |name: &str| read.unit(name).limits.lasting.map(|cpus| cpus.0);
    assert_eq!((lasting("app"), lasting("worker"), lasting("plain")), (Some(0.125), None, Some(0.25)));
    assert_eq!(read.variable("app", "PORT"), (Some("8080".into()), "8080"));
    assert_eq!(read.variable("worker", "N"), (Some("4".into()), "4"));
    let unit = read.unit("app");
    let build = unit.build.as_ref().unwrap();
    assert_eq!(build.dockerfile.as_ref().unwrap().value, "Dockerfile.fly");
    assert_eq!(build.target.as_ref().unwrap().value, "web");
    assert_eq!(unit.stop_signal.as_ref().unwrap().value, "SIGTERM");
    assert!((unit.limits.stop_grace.as_ref().unwrap().value.0 - 90.0).abs() < 1e-9);
    let check = &unit.health[0];
    assert_eq!(check.path.as_ref().unwrap().value, "/up");
    assert!((check.timeout.as_ref().unwrap().value.0 - 2.0).abs() < 1e-9);
    assert!(read.unit("worker").health.is_empty());
}

#[test]
fn render_sets_variables_itself() {
    let read = read(
        "render.yaml",
        "services:\n- type: web\n  name: api\n  runtime: python\n  plan: standard\n  rootDir: backend\n  numInstances: 2\n\
         \x20 startCommand: gunicorn app:app -w $N\n  healthCheckPath: /up\n  envVars:\n  - key: N\n    value: 3\n\
         \x20 - key: SECRET\n    generateValue: true\n  - fromGroup: shared\n- type: worker\n  name: jobs\n  env: docker\n\
         \x20 dockerfilePath: ./jobs/Dockerfile\n  dockerContext: ./jobs\n  dockerCommand: celery -A jobs\n\
         - type: redis\n  name: cache\nenvVarGroups:\n- name: shared\n  envVars:\n  - key: N\n    value: 9\n  - key: B\n    value: b\n",
    );
    assert_eq!(read.facts.units.len(), 2);
    assert_eq!(read.command("api"), "gunicorn app:app -w $N");
    assert_eq!(read.limits("api"), (Some(1.0), Some(2048.0)));
    assert_eq!(read.variable("api", "N"), (Some("3".into()), "3"));
    assert_eq!(read.variable("api", "B"), (Some("b".into()), "b"));
    assert_eq!(read.variable("api", "SECRET").0, None);
    let preload = Some("--preload --access-logfile - --bind=0.0.0.0:10000".to_owned());
    assert_eq!(read.variable("api", "GUNICORN_CMD_ARGS"), (preload, ""));
    let api = read.unit("api");
    assert_eq!(api.working_folder.as_ref().unwrap().value, "backend");
    assert_eq!(api.limits.replicas.as_ref().unwrap().value, 2);
    let jobs = read.unit("jobs");
    assert!(!jobs.environment.iter().any(|entry| entry.name == "GUNICORN_CMD_ARGS"), "an image has none of it");
    assert_eq!(jobs.build.as_ref().unwrap().context.as_ref().unwrap().value, "./jobs");
}

#[test]
fn app_engine_has_one_service_a_file() {
    let read = read(
        "app.yaml",
        "runtime: python312\nservice: api\ninstance_class: F4\nentrypoint: gunicorn -b :$PORT -w 4 main:app\n\
         env_variables:\n  A: 'b'\n  S: ${SECRET}\nautomatic_scaling:\n  max_instances: 3\n",
    );
    assert_eq!(read.command("api"), "gunicorn -b :$PORT -w 4 main:app");
    assert_eq!(read.limits("api"), (None, Some(1536.0)));
    assert_eq!(read.variable("api", "A"), (Some("b".into()), "b"));
    assert_eq!(read.variable("api", "S"), (None, "${SECRET}"));
    assert_eq!(read.unit("api").limits.autoscaler.as_ref().unwrap().most.as_ref().unwrap().value, 3);
}

#[test]
fn heroku_knows_how_many_workers_a_dyno_gets() {
    let read = read(
        "app.json",
        "{\"buildpacks\": [{\"url\": \"heroku/python\"}], \"formation\": {\"web\": {\"quantity\": 2, \"size\": \
         \"standard-2x\"}}, \"env\": {\"A\": \"b\", \"C\": {\"value\": \"d\"}, \"E\": {\"generator\": \"secret\"}}}",
    );
    assert_eq!(read.limits("web"), (None, Some(1024.0)));
    assert_eq!(read.variable("web", "WEB_CONCURRENCY"), (Some("4".into()), ""));
    assert_eq!(read.variable("web", "A"), (Some("b".into()), "b"));
    assert_eq!(read.variable("web", "C"), (Some("d".into()), "d"));
    assert_eq!(read.variable("web", "E").0, None);
    let expo = self::read("app.json", "{\"expo\": {\"name\": \"x\"}}");
    assert!(expo.facts.units.is_empty());
    let image = self::read(
        "heroku.yml",
        "build:\n  docker:\n    web: api/Dockerfile\nrun:\n  web: gunicorn app:app\n  jobs:\n    command:\n    - celery\n    image: web\n",
    );
    assert_eq!(image.command("web"), "gunicorn app:app");
    assert_eq!(image.command("jobs"), "celery");
    assert_eq!(image.unit("jobs").build.as_ref().unwrap().context.as_ref().unwrap().value, "api");
    let names = |text: &str| {
        let read = self::read("heroku.yml", text);
        read.facts.units.iter().map(|unit| unit.name.clone()).collect::<Vec<_>>()
    };
    let lent = "build:\n  docker:\n    django: Dockerfile\nrun:\n  web:\n    command:\n    - gunicorn a:b\n    image: django\n";
    assert_eq!(names(lent), ["web"]);
    assert_eq!(names("build:\n  docker:\n    web: Dockerfile\nrun:\n  jobs:\n    image: web\n"), ["jobs", "web"]);
    assert_eq!(names("build:\n  docker:\n    web: Dockerfile\n    api: api/Dockerfile\n"), ["web", "api"]);
}

#[test]
fn tasks_of_ecs_alone_and_in_a_stack() {
    let alone = read(
        "ecs/task.json",
        "{\n\t\"family\": \"shop\", \"cpu\": \"512\", \"memory\": \"1 GB\",\n\t\"containerDefinitions\": [{\"name\": \"web\", \
         \"image\": \"<IMAGE>\", \"command\": [\"gunicorn\", \"-w\", \"4\"], \"environment\": [{\"name\": \"A\", \"value\": \"b\"}], \
         \"secrets\": [{\"name\": \"S\", \"valueFrom\": \"arn\"}], \"memory\": 512, \"cpu\": 256, \"stopTimeout\": 60, \
         \"healthCheck\": {\"command\": [\"CMD-SHELL\", \"curl -f localhost\"], \"interval\": 5}}]}",
    );
    assert_eq!(alone.command("web"), "gunicorn -w 4");
    assert_eq!(alone.limits("web"), (Some(0.5), Some(512.0)));
    assert_eq!(alone.variable("web", "A"), (Some("b".into()), "b"));
    assert_eq!(alone.variable("web", "S").0, None);
    let health = &alone.unit("web").health[0];
    assert_eq!(health.command.as_ref().unwrap().simple[0].len(), 3);
    let stack = read(
        "stack.yaml",
        "Resources:\n  Task:\n    Type: AWS::ECS::TaskDefinition\n    Properties:\n      Cpu: !Ref Cpu\n      Memory: 2048\n\
         \x20     ContainerDefinitions:\n      - Name: web\n        Image: !Sub '${Repo}:latest'\n        Command: [sh, -c, 'gunicorn -w $N app']\n\
         \x20       Environment:\n        - {Name: N, Value: !Ref Workers}\n        - {Name: A, Value: b}\n",
    );
    assert_eq!(stack.command("web"), "gunicorn -w $N app");
    assert_eq!(stack.limits("web"), (None, Some(2048.0)));
    assert_eq!(stack.variable("web", "N").0, None);
    assert_eq!(stack.variable("web", "A").0, Some("b".into()));
}

/// Web and proxy share the size of the task; what the proxy reserves is not for the web.
#[test]
fn containers_of_a_task_share_its_size() {
    let task = |own: &str| {
        read(
            "ecs/task.json",
            &format!(
                "{{\"cpu\": \"1024\", \"memory\": \"2048\", \"containerDefinitions\": [{{\"name\": \"web\"{own}}}, \
                 {{\"name\": \"proxy\", \"cpu\": 256, \"memory\": 512, \"memoryReservation\": 128}}, {{\"name\": \"log\"}}]}}"
            ),
        )
    };
    let beside = |read: &Read| {
        let limits = &read.unit("web").limits;
        let cpus: Vec<_> =
            limits.cpus_beside.iter().map(|it| (it.value.0, read.files.text_at(it.place).to_owned())).collect();
        (cpus, limits.memory_beside.iter().map(|it| it.value.as_mib()).collect::<Vec<_>>())
    };
    assert_eq!(beside(&task("")), (vec![(0.25, "256".to_owned())], vec![128.0]));
    // Its own limit is for itself.
    assert_eq!(beside(&task(", \"memory\": 1024")).1, Vec::<f64>::new());
    assert!(task("").unit("proxy").limits.memory_beside.is_empty());
}

#[test]
fn digital_ocean_is_relative_to_the_root() {
    let read = read(
        ".do/app.yaml",
        "name: shop\nregion: nyc\nservices:\n- name: api\n  run_command: gunicorn app:app\n  source_dir: /backend\n  http_port: 8000\n\
         \x20 instance_size_slug: apps-d-2vcpu-4gb\n  instance_count: 3\n  envs:\n  - key: A\n    value: b\n  - key: S\n    type: SECRET\n    value: EV[1]\n\
         \x20 - key: C\n    scope: BUILD_TIME\n    value: d\n",
    );
    assert_eq!(read.limits("api"), (Some(2.0), Some(4096.0)));
    let folder = read.unit("api").working_folder.as_ref().unwrap();
    assert_eq!((folder.value.as_str(), read.files.text_at(folder.place)), ("backend", "backend"));
    assert_eq!(read.variable("api", "PORT"), (Some("8000".into()), "8000"));
    assert_eq!(read.variable("api", "S").0, None);
    assert!(!read.unit("api").environment.iter().any(|entry| entry.name == "C"));
}

#[test]
fn azure_gives_command_and_arguments() {
    let read = read(
        "containerapp.yaml",
        "type: Microsoft.App/containerApps\nproperties:\n  template:\n    containers:\n    - name: api\n      image: r.azurecr.io/api:1\n\
         \x20     command: [gunicorn]\n      args: ['-w', '2', 'app:app']\n      env:\n      - name: A\n        value: b\n      - name: S\n        secretRef: s\n\
         \x20     resources: {cpu: 0.5, memory: 1Gi}\n      probes:\n      - type: Liveness\n        httpGet: {path: /up, port: 8000}\n        periodSeconds: 7\n\
         \x20   scale: {minReplicas: 1, maxReplicas: 4}\n",
    );
    assert_eq!(read.command("api"), "-w 2 app:app");
    assert_eq!(read.limits("api"), (Some(0.5), Some(1024.0)));
    assert_eq!(read.variable("api", "S").0, None);
    assert_eq!(read.unit("api").health[0].path.as_ref().unwrap().value, "/up");
}

#[test]
fn railway_nixpacks_and_beanstalk() {
    let toml = read(
        "railway.toml",
        "[build]\nbuilder = 'NIXPACKS'\n[deploy]\nstartCommand = 'gunicorn app:app'\nnumReplicas = 2\nhealthcheckPath = '/up'\n",
    );
    assert_eq!(toml.command(""), "gunicorn app:app");
    assert!(toml.unit("").build.is_none());
    let json = read("railway.json", "{\"deploy\": {\"startCommand\": \"gunicorn app:app\"}}");
    assert_eq!(json.command(""), "gunicorn app:app");
    let nixpacks = read("nixpacks.toml", "[start]\ncmd = 'gunicorn app:app'\n");
    assert_eq!(nixpacks.command("start"), "gunicorn app:app");
}

#[test]
fn files_of_beanstalk_describe_one_environment() {
    let mut files = Files::new();
    let texts = [
        (
            ".ebextensions/01.config",
            "option_settings:\n  aws:elasticbeanstalk:application:environment:\n    A: b\n  aws:elasticbeanstalk:container:python:\n    WSGIPath: shop.wsgi:application\n    NumThreads: 4\n",
        ),
        (
            ".ebextensions/02.config",
            "option_settings:\n  - namespace: aws:elasticbeanstalk:container:python\n    option_name: NumThreads\n    value: 8\n  - option_name: C\n    value: d\n",
        ),
        (".ebextensions/03.config", "packages: {}\n"),
    ];
    let kinds = texts.map(|(path, text)| (files.add(path, text), crate::source::FileKind::Beanstalk));
    let read = Read { facts: all(&files, &kinds.into()), files };
    assert_eq!(read.facts.units.len(), 1);
    assert_eq!((read.variable("web", "A").1, read.variable("web", "C").1), ("b", "d"));
    let usual = &read.unit("web").usual.as_ref().unwrap().command;
    let words: Vec<_> = usual.simple[0].iter().map(|word| word.resolve(&|_| None).unwrap()).collect();
    assert_eq!(words.join(" "), "gunicorn --bind 127.0.0.1:8000 --workers 1 --threads 8 shop.wsgi:application");
    assert_eq!(read.files.text_at(usual.simple[0][6].place), "8");
}
