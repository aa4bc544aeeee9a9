//! Shell scripts that start a server and that nothing in the project is seen to run.
//!
//! Decides which of them count and from where they are called. Those of tests, documents and examples do
//! not count, nor do those that another one of them runs.

use std::collections::BTreeSet;

use super::launcher;
use super::scene::Scene;
use crate::read::Facts;
use crate::servers::Server;
use crate::source::{FileId, Files};

/// How many are run.
const MAX_SCRIPTS: usize = 64;

/// Files that tell of a folder that a project, or a part of one, is worked on in.
const MARKERS: [&str; 8] =
    ["pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "manage.py", "Pipfile", "uv.lock", "Dockerfile"];

/// Words in the path of a script that serves the service itself, and not somebody who works on it.
const SERVING: [&str; 7] = ["prod", "production", "deploy", "deployment", "deployments", "ops", "infra"];

/// Words in the path of a script that is made for an image.
const IMAGES: [&str; 6] = ["docker", "container", "containers", "rootfs", "compose", "entrypoint"];

/// Whether nothing about the path of a script says that it is for production. One for an image is not where the images
/// that are here (`has_image`) run others.
pub(super) fn is_aid(path: &str, has_image: bool) -> bool {
    let says = |words: &[&str]| {
        path.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| words.iter().any(|known| word.eq_ignore_ascii_case(known)))
    };
    !says(&SERVING) && (has_image || !says(&IMAGES))
}

/// The scripts that are not in `visited`, each about to be played.
pub(super) fn alone<'f>(files: &'f Files, facts: &'f Facts, visited: &BTreeSet<FileId>) -> Vec<Scene<'f>> {
    let candidates = facts.scripts.keys().copied().filter(|file| {
        let source = files.get(*file);
        !visited.contains(file)
            && !files.is_foreign(*file)
            && speaks_of_servers(source.text())
            && !launcher::is_aside(source.path())
    });
    let scenes: Vec<(FileId, Scene)> = candidates
        .take(MAX_SCRIPTS)
        .map(|file| (file, Scene::script(file, folder(files.get(file).folder(), files), files, facts)))
        .collect();
    let called: BTreeSet<FileId> =
        scenes.iter().flat_map(|(file, scene)| scene.scripts().filter(move |script| script != file)).collect();
    scenes.into_iter().filter(|(file, _)| !called.contains(file)).map(|(_, scene)| scene).collect()
}

fn speaks_of_servers(text: &str) -> bool {
    Server::ALL.iter().any(|server| text.contains(server.as_str()))
}

/// The folder that somebody calls a script in `beside` from: the nearest one around it that holds a project.
fn folder<'f>(beside: &'f str, files: &Files) -> &'f str {
    let mut folder = beside;
    loop {
        let marked = MARKERS.iter().any(|marker| files.find(&super::locate::join(folder, marker)).is_some());
        if marked || folder.is_empty() {
            return folder;
        }
        folder = folder.rsplit_once('/').map_or("", |(above, _)| above);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::{Deployment, assemble};
    use crate::read;
    use crate::source::{FileKind, Files};

    /// What is started in a project of these files: where, from which unit, whether for development.
    fn started(paths: &[(&str, &str)]) -> Vec<(String, String, bool)> {
        let mut files = Files::new();
        let mut kinds = BTreeMap::new();
        for (path, text) in paths {
            let file = files.add(*path, *text);
            let kind = match path.rsplit(['/', '.']).next() {
                Some("Dockerfile") => FileKind::Dockerfile,
                Some("py") => FileKind::Python,
                _ => FileKind::Script,
            };
            kinds.insert(file, kind);
        }
        let facts = read::all(&files, &kinds);
        let told = |one: &Deployment| (files.describe(one.command), one.unit.clone(), one.development.is_some());
        assemble(&files, &facts).deployments.iter().map(told).collect()
    }

    fn one(place: &str, unit: &str, development: bool) -> Vec<(String, String, bool)> {
        vec![(place.to_owned(), unit.to_owned(), development)]
    }

    const SERVES: &str = "#!/bin/sh\nexec gunicorn app:app\n";

    #[test]
    fn a_script_that_nothing_runs_starts_its_server() {
        assert_eq!(started(&[("bin/serve.sh", SERVES)]), one("bin/serve.sh:2", "serve", false));
        assert_eq!(started(&[("tests/serve.sh", SERVES)]), []);
        assert_eq!(started(&[("serve.sh", "echo start gunicorn\n")]), []);
        let called = [("a.sh", "./b.sh\n# gunicorn\n"), ("b.sh", SERVES)];
        assert_eq!(started(&called), one("b.sh:2", "a", false), "of two scripts counts the one that runs the other");
        let chosen = [("run.sh", "if [ \"$1\" = web ]; then\n  gunicorn app:app\nfi\n")];
        assert_eq!(started(&chosen), one("run.sh:2", "run", false), "which arguments it gets is not known");
    }

    #[test]
    fn beside_the_image_a_script_is_how_somebody_works_on_the_service() {
        let image = ("Dockerfile", "FROM python\nCMD gunicorn app:app\n");
        let found = started(&[image, ("run.sh", SERVES), ("deploy/prod.sh", SERVES)]);
        let aids: Vec<bool> = found.iter().map(|(.., development)| *development).collect();
        assert_eq!(aids, [false, false, true], "{found:?}");
        assert_eq!(found[2].0, "run.sh:2");
    }

    #[test]
    fn an_image_holds_scripts_as_programs() {
        let recipe = "FROM python\nARG FROM=docker\nCOPY ${FROM}/web.bash /usr/local/bin/web\nENTRYPOINT [\"web\"]\n";
        let paths = [("docker/Dockerfile", recipe), ("docker/web.bash", SERVES), ("app.py", "app = 1\n")];
        assert_eq!(started(&paths), one("docker/web.bash:2", "", false));
        let elsewhere = recipe.replace("/usr/local/bin/web", "/opt/tools/web");
        let set = elsewhere.replace("ENTRYPOINT", "ENV PATH=/opt/tools:$PATH\nENTRYPOINT");
        assert_eq!(started(&[("Dockerfile", &set), ("docker/web.bash", SERVES)]), one("docker/web.bash:2", "", false));
        let found = started(&[("Dockerfile", &elsewhere), ("docker/web.bash", SERVES)]);
        assert_eq!(found, one("docker/web.bash:2", "web", false), "no folder of `PATH`, so nothing runs it");
    }

    #[test]
    fn an_image_that_takes_the_whole_project_is_built_from_the_folder_with_code() {
        let recipe = "FROM python\nWORKDIR /app\nCOPY . .\nENTRYPOINT [\"./serve.sh\"]\n";
        let paths = [("deploy/Dockerfile", recipe), ("serve.sh", SERVES), ("app.py", "app = 1\n")];
        assert_eq!(started(&paths), one("serve.sh:2", "", false));
    }
}
