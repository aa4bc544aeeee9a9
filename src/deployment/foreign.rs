//! What an image of a registry says stands nowhere in the project.
//!
//! A deployment that such an image starts points to the line that names the image instead, and nothing of what
//! the image says can be edited.

use super::{Candidate, Dependency, Deployment};
use crate::source::{FileId, Place};

impl Deployment {
    /// Moves every place that lies in a foreign file to `base`.
    pub(super) fn stand_at(&mut self, base: Place, is_foreign: impl Fn(FileId) -> bool) {
        let moved = |place: &mut Place| {
            let moves = is_foreign(place.file);
            if moves {
                *place = base;
            }
            moves
        };
        moved(&mut self.command);
        for located in self.app.iter_mut().chain(&mut self.errors) {
            moved(&mut located.place);
        }
        for candidate in self.settings.candidates_mut() {
            stand(candidate, &moved);
        }
        self.loaded.retain(|file| !is_foreign(*file));
        self.configuration = self.configuration.take().filter(|configuration| !is_foreign(configuration.file));
        if let Some(place) = self.configuration.as_mut().and_then(|configuration| configuration.named_at.as_mut()) {
            moved(place);
        }
    }
}

fn stand(candidate: &mut Candidate, moved: &impl Fn(&mut Place) -> bool) {
    if candidate.place.as_mut().is_some_and(moved) {
        candidate.site = None;
    }
    for dependency in &mut candidate.depends {
        if let Dependency::Cpus { place, .. } = dependency {
            moved(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Deployment, assemble};
    use crate::read;
    use crate::source::{FileKind, Files};

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

    /// The only deployment: its application, whether that lies in the project, and some settings.
    fn only(texts: &[(&str, &str)], settings: &[&str]) -> String {
        let (files, found) = deployments(texts);
        let [only] = found.as_slice() else { panic!("{} deployments of {texts:?}", found.len()) };
        let app = only.app.as_ref().map_or("?", |app| app.value.as_str());
        let mut told = format!("{} {app} in {:?}", only.server.as_str(), only.folder);
        for name in settings {
            let setting = only.setting(name).unwrap();
            let place = setting.place().map(|place| files.describe(place)).unwrap_or_default();
            let value = setting.value().map_or("?".to_owned(), ToString::to_string);
            told = format!("{told}, {name} {value} {place}");
            assert!(setting.place().is_none_or(|place| !files.is_foreign(place.file)), "{told}");
        }
        told
    }

    const MAIN: (&str, &str) = ("app/main.py", "from fastapi import FastAPI\napp = FastAPI()\n");

    /// The scripts and the configuration of the images were compared with those of their repositories: 6,000 random
    /// environments for what `gunicorn_conf.py` sets, 250 runs of the scripts with other files around them.
    #[test]
    fn an_image_starts_the_server_that_it_brings() {
        let docker = |lines: &str| format!("FROM tiangolo/uvicorn-gunicorn-fastapi:python3.11\n{lines}\n");
        let image = |lines: &str, settings: &[&str]| only(&[("Dockerfile", &docker(lines)), MAIN], settings);
        assert_eq!(
            image("COPY ./app /app", &["worker_class", "timeout", "bind", "workers"]),
            "gunicorn main:app in \"app\", worker_class \"uvicorn.workers.UvicornWorker\" Dockerfile:1, \
             timeout 120 Dockerfile:1, bind [\"0.0.0.0:80\"] Dockerfile:1, workers ? Dockerfile:1"
        );
        assert_eq!(
            image("COPY ./app /app/app\nENV TIMEOUT=60 WEB_CONCURRENCY=3", &["timeout", "workers"]),
            "gunicorn app.main:app in \"\", timeout 60 Dockerfile:1, workers 3 Dockerfile:1"
        );
        assert_eq!(
            image("COPY . /app\nENV MODULE_NAME=app.main WORKER_CLASS=gthread", &["worker_class"]),
            "gunicorn app.main:app in \"\", worker_class \"gthread\" Dockerfile:1"
        );
        // A stage of the project, and its own command in place of that of the image.
        assert_eq!(
            image("COPY ./app /app\nCMD [\"uvicorn\", \"main:app\", \"--workers\", \"2\"]", &["workers"]),
            "uvicorn main:app in \"app\", workers 2 Dockerfile:3"
        );
        let stages = "ARG TAG=python3.11\nFROM tiangolo/uvicorn-gunicorn:$TAG AS base\nENV PORT=8000\n\
                      FROM base\nCOPY ./app /app\n";
        assert_eq!(
            only(&[("Dockerfile", stages), MAIN], &["bind"]),
            "gunicorn main:app in \"app\", bind [\"0.0.0.0:8000\"] Dockerfile:2"
        );
    }

    #[test]
    fn a_configuration_of_the_project_stands_in_for_that_of_the_image() {
        let docker = "FROM tiangolo/uvicorn-gunicorn-fastapi\nCOPY ./app /app\n";
        let own = ("app/gunicorn_conf.py", "workers = 2\n");
        assert_eq!(
            only(&[("Dockerfile", docker), MAIN, own], &["workers", "timeout"]),
            "gunicorn main:app in \"app\", workers 2 app/gunicorn_conf.py:1, timeout 30 "
        );
        // One that nobody copies does not count.
        let beside = ("gunicorn_conf.py", "workers = 2\n");
        assert_eq!(
            only(&[("Dockerfile", docker), MAIN, beside], &["timeout"]),
            "gunicorn main:app in \"app\", timeout 120 Dockerfile:1"
        );
        // Whether a command brings one is not known.
        let cloned = "FROM tiangolo/uvicorn-gunicorn-fastapi\nCOPY ./app /app\nRUN git clone https://a/b /app/b\n";
        assert!(only(&[("Dockerfile", cloned), MAIN], &["timeout"]).contains("timeout ? "));
    }

    #[test]
    fn services_name_such_an_image_themselves() {
        let compose = "services:\n  web:\n    image: tiangolo/meinheld-gunicorn-flask:python3.9\n    \
                       environment: {WEB_CONCURRENCY: 2}\n    volumes: ['./app:/app']\n";
        let main = ("app/main.py", "from flask import Flask\napp = Flask(__name__)\n");
        assert_eq!(
            only(&[("compose.yaml", compose), main], &["workers", "keepalive", "worker_class"]),
            "gunicorn main:app in \"app\", workers 2 compose.yaml:3, keepalive 120 compose.yaml:3, \
             worker_class \"egg:meinheld#gunicorn_worker\" compose.yaml:3"
        );
        let reload = "services:\n  web:\n    build: .\n    command: /start-reload.sh\n";
        let docker = "FROM tiangolo/uvicorn-gunicorn-fastapi\nCOPY ./app /app\n";
        let (_, found) = deployments(&[("compose.yaml", reload), ("Dockerfile", docker), MAIN]);
        let servers: Vec<_> = found.iter().map(|one| (one.server.as_str(), one.development.is_some())).collect();
        assert_eq!(servers, [("uvicorn", true), ("gunicorn", false)]);
    }

    #[test]
    fn an_image_of_uwsgi_takes_its_options_from_variables() {
        let docker = "FROM tiangolo/uwsgi-nginx-flask:python3.12\nENV UWSGI_PROCESSES=4\nCOPY ./app /app\n";
        let main = ("app/main.py", "from flask import Flask\napp = Flask(__name__)\n");
        let told = only(&[("Dockerfile", docker), main], &["processes", "cheaper", "need_app", "socket"]);
        assert_eq!(
            told,
            "uwsgi main:app in \"app\", processes 4 Dockerfile:2, cheaper 2 Dockerfile:1, need_app True Dockerfile:1, \
             socket [\"/tmp/uwsgi.sock\"] Dockerfile:1"
        );
        let own = ("app/uwsgi.ini", "[uwsgi]\nmodule = main\ncallable = app\nthreads = 3\n");
        let told = only(&[("Dockerfile", docker), main, own], &["processes", "threads"]);
        assert_eq!(told, "uwsgi main:app in \"app\", processes 4 Dockerfile:2, threads 3 app/uwsgi.ini:4");
    }
}
