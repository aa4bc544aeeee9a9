//! How long it takes to read and to examine a project: a large one, whose application a server starts or
//! nothing does, and a small one of the fixtures; and what a hook takes for one changed file.
#![allow(missing_docs, reason = "the macros of criterion make functions without documentation")]
#![allow(clippy::expect_used, reason = "a benchmark stops where its own ground is missing")]

use std::fmt::Write as _;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use criterion::{Criterion, criterion_group, criterion_main};
use farrier::request::Request;
use farrier::{examine, gather};

const MODULES: usize = 1_900;

/// Files of other formats, most of which turn out to be nothing that matters.
const OTHERS: usize = 90;

/// Twenty lines of ordinary code.
const MODULE: &str = r#"
import json
import logging

logger = logging.getLogger(__name__)


class Order:
    def __init__(self, lines):
        self.lines = lines

    def total(self):
        return sum(line["price"] * line["count"] for line in self.lines)


def load(text, strict=True):
    try:
        return Order(json.loads(text))
    except ValueError:
        logger.warning("no order: %s", text)
"#;

const MANIFEST: &str = r#"
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: web
          image: web
          command: [gunicorn, app:app]
          resources: {limits: {cpu: "2", memory: 1Gi}}
"#;

fn projects(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("examine");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    for (name, launch) in
        [("2000 files, an application that nothing starts", None), ("2000 files, FastAPI", Some("package0.main:app"))]
    {
        let folder = generated(launch);
        group.bench_function(name, |bencher| bencher.iter(|| black_box(examined(folder.path()))));
    }
    // The same files up to the settings of every server, without a look at what the application does.
    let folder = generated(Some("package0.main:app"));
    group.bench_function("2000 files, only read", |bencher| bencher.iter(|| black_box(gathered(folder.path()))));
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/healthy/fastapi-compose");
    group.bench_function("a fixture", |bencher| bencher.iter(|| black_box(examined(&fixture))));
    group.finish();
}

/// What a hook runs when one file is about to be committed: the program from its start, nothing kept from before.
fn hooks(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("hook");
    group.sample_size(10).measurement_time(Duration::from_secs(10));
    let folder = generated(Some("package0.main:app"));
    for (name, file) in
        [("2000 files, a configuration", "gunicorn.conf.py"), ("2000 files, a source", "package0/main.py")]
    {
        group.bench_function(name, |bencher| bencher.iter(|| black_box(checked(folder.path(), file))));
    }
    group.finish();
}

/// How `farrier check` of one changed file ends.
fn checked(root: &Path, file: &str) -> i32 {
    let mut command = Command::new(env!("CARGO_BIN_EXE_farrier"));
    let output = command.current_dir(root).args(["check", "--force-exclude", file]).output().expect("the binary runs");
    let code = output.status.code().expect("no signal ended it");
    assert!(code < 2, "{}", String::from_utf8_lossy(&output.stderr));
    code
}

/// How many files were read, so that nothing of the work is for nothing.
fn examined(root: &Path) -> usize {
    let request = Request { root: PathBuf::from(root), ..Request::default() };
    examine(&request).expect("the project can be read").files.iter().count()
}

/// How many launches were found in the files of a project.
fn gathered(root: &Path) -> usize {
    let request = Request { root: PathBuf::from(root), ..Request::default() };
    gather(&request, &[]).expect("the project can be read").assembly.deployments.len()
}

/// A project of 2,000 files; with an application, its handlers call into every tenth module.
fn generated(application: Option<&str>) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    for module in 0..MODULES {
        write(&format!("package{}/m{module}.py", module % 20), MODULE);
    }
    let mut imports = String::from("from fastapi import FastAPI\n\n");
    let mut handlers = String::from("\napp = FastAPI()\n");
    for module in (0..MODULES).step_by(10) {
        writeln!(imports, "from package{}.m{module} import load as load{module}", module % 20).expect("a text grows");
        writeln!(
            handlers,
            "\n\n@app.get(\"/{module}\")\nasync def get{module}(text: str):\n    return load{module}(text).total()"
        )
        .expect("a text grows");
    }
    write("package0/main.py", &(imports + &handlers));
    let target = application.unwrap_or("elsewhere:app");
    write("Procfile", &format!("web: gunicorn {target} -k uvicorn_worker.UvicornWorker -c gunicorn.conf.py\n"));
    write("gunicorn.conf.py", "workers = 2\nbind = \"0.0.0.0:8000\"\n");
    for other in 0..OTHERS {
        write(&format!("data/{other}.yaml"), "name: x\nvalues:\n  - 1\n  - 2\n");
    }
    write("k8s/web.yaml", MANIFEST);
    write("nginx/default.conf", "server {\n  location / {\n    proxy_pass http://web:8000;\n  }\n}\n");
    write("deploy/start.sh", "#!/bin/sh\nset -e\nexec gunicorn -w ${WORKERS:-2} app:app\n");
    write("compose.yaml", "services:\n  web:\n    build: .\n    cpus: 2\n");
    folder
}

criterion_group!(benches, projects, hooks);
criterion_main!(benches);
