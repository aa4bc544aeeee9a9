"""Runs farrier and its peers over `fixtures/blocking` and writes the comparison into README.md.

    cargo build --release
    python3 tests/blocking_suite/peers.py                # writes the table; the first run installs for minutes
    python3 tests/blocking_suite/peers.py --list         # prints what each tool misses and reports without cause
    python3 tests/blocking_suite/peers.py --check        # fails where the table is not what the tools give now

The tools and, for the peer that wants it, everything the projects import are installed into environments below
`target`. evloop-lint is not in the package index: `--evloop-lint FOLDER` names a checkout of it, and without one its
column stays as it is. No tool sees the labels: it is given copies from which they are cut off.

Found is a labelled line that a finding names as its place or anywhere on its chain. A false alarm is a safe line that
a finding names, or a finding that leads to no labelled line; what a tool itself puts below a warning, because it only
concerns files' metadata or the start of the service, is no alarm.
"""

import argparse
import hashlib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SUITE = ROOT / "fixtures" / "blocking"
README = ROOT / "README.md"
BEGIN, END = "<!-- blocking-suite: written by tests/blocking_suite/peers.py -->", "<!-- end of blocking-suite -->"
LEVELS = {
    "direct": "in the handler itself",
    "alias": "under another name",
    "instance": "a method of a local or global object",
    "attribute": "a method of what an attribute or a parameter holds",
    "one-hop": "one function away",
    "hops": "several functions or files away",
    "methods": "through classes, properties, operators",
    "callables": "through callables, decorators, generators",
    "framework": "where only the framework says who runs it",
}
LABEL = re.compile(r"  # (blocks|safe): .*, ([a-z-]+)$")
#: The codes whose subject is one blocking call.
FARRIER = {"ASY001", "ASY002", "ASY003", "ASY004", "ASY005", "ASY006"}


def environment(requirements):
    """A virtual environment with these requirements, made once."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    digest = hashlib.sha256((version + requirements).encode()).hexdigest()[:16]
    folder = ROOT / "target" / "peers" / digest
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        if requirements:
            (folder / "requirements.txt").write_text(requirements)
            pip = [folder / "bin" / "pip", "--disable-pip-version-check", "install", "--quiet"]
            subprocess.run([*pip, "-r", folder / "requirements.txt"], check=True)
        (folder / "complete").touch()
    return folder


class Project:
    """A copy of a project without its labels, and the labels."""

    def __init__(self, source, target):
        self.name, self.root = source.name, target
        self.blocks, self.safe = {}, {}
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        for file in sorted(target.rglob("*.py")):
            lines = file.read_text().splitlines()
            for at, line in enumerate(lines, 1):
                if found := LABEL.search(line):
                    kind, level = found.groups()
                    assert level in LEVELS, f"{file}:{at}: {level}"
                    place = (file.relative_to(target).as_posix(), at)
                    (self.blocks if kind == "blocks" else self.safe)[place] = level
                    lines[at - 1] = line[: found.start()]
            file.write_text("\n".join(lines) + "\n")

    def place(self, path, line):
        path = pathlib.Path(path)
        return ((path.relative_to(self.root) if path.is_absolute() else path).as_posix(), line)


class Result:
    def __init__(self):
        self.found, self.missed, self.alarms, self.seconds = {level: 0 for level in LEVELS}, [], [], 0.0

    def add(self, project, findings, seconds):
        """Each finding is the list of its places, the first one its own, and whether the tool calls it an alarm."""
        named, alarms = set(), set()
        for places, loud in findings:
            named.update(places)
            if loud:
                alarms.update(place for place in places if place in project.safe)
                if not any(place in project.blocks or place in project.safe for place in places):
                    alarms.add(places[0])
        for place, level in sorted(project.blocks.items()):
            if place in named:
                self.found[level] += 1
            else:
                self.missed.append((project.name, *place, level))
        self.alarms += [(project.name, *place) for place in sorted(alarms)]
        self.seconds += seconds


def run(project, command):
    """What a command prints, and how long it takes. Nobody's settings and nobody's environment reach it."""
    clean = {"HOME": tempfile.gettempdir(), "PATH": "/usr/local/bin:/usr/bin:/bin"}
    started = time.perf_counter()
    done = subprocess.run([str(word) for word in command], cwd=project.root, env=clean, capture_output=True, text=True)
    seconds = time.perf_counter() - started
    # Something to do, or, for farrier, no server.
    if done.returncode not in (0, 1, 3):
        sys.exit(f"{command[0]} failed on {project.name}: {done.stderr or done.stdout}")
    return done.stdout, seconds


def farrier(binary):
    def ask(project):
        text, seconds = run(project, [binary, "check", "--advice", "--format", "json", project.root])
        told = [finding for finding in json.loads(text)["findings"] if finding["code"] in FARRIER]
        return [
            (
                [project.place(place["file"], place["line"]) for place in [finding, *finding["related"]]],
                finding["severity"] != "advice",
            )
            for finding in told
        ], seconds

    return ask


def hydroid(tools, python):
    def ask(project):
        command = [tools / "bin" / "hydroid", "--no-cache", "--cpu", "--format", "json", "--python", python, "."]
        text, seconds = run(project, command)
        return [
            (
                [project.place(at["path"], at["line"]) for at in map(lambda hop: hop["location"], [told, *told["chain"]])],
                not told["runs_once"],
            )
            for told in json.loads(text)["diagnostics"]
        ], seconds

    return ask


def evloop_lint(tools, checkout):
    def ask(project):
        code = f"import sys; sys.path.insert(0, {str(checkout / 'src')!r}); from evloop_lint.cli import main; sys.exit(main())"
        options = ["--isolated", "--confidence", "probable", "--format", "json"]
        text, seconds = run(project, [tools / "bin" / "python", "-c", code, *options, "."])
        return [
            ([project.place(hop["path"], hop["line"]) for hop in [told, *told["chain"]]], True)
            for told in json.loads(text)
        ], seconds

    return ask


def flake8_async(tools):
    def ask(project):
        command = [tools / "bin" / "flake8", "--isolated", "--select", "ASYNC2", "--format", "%(path)s:%(row)d", "."]
        text, seconds = run(project, command)
        told = (line.rsplit(":", 1) for line in text.splitlines())
        return [([project.place(path, int(line))], True) for path, line in told], seconds

    return ask


def ruff(tools):
    def ask(project):
        options = ["--isolated", "--no-cache", "--select", "ASYNC", "--preview", "--output-format", "json"]
        text, seconds = run(project, [tools / "bin" / "ruff", "check", *options, "."])
        told = [one for one in json.loads(text) if one["code"].startswith("ASYNC2")]
        return [([project.place(one["filename"], one["location"]["row"])], True) for one in told], seconds

    return ask


def table(projects, results):
    """The rows of the table, each a list of cells."""
    blocks = [level for project in projects for level in project.blocks.values()]
    safe = sum(len(project.safe) for project in projects)
    rows = [["where the call stands", "calls", *results]]
    for level, text in LEVELS.items():
        rows.append([text, str(blocks.count(level)), *(str(result.found[level]) for result in results.values())])
    share = [f"{sum(result.found.values()) / len(blocks):.0%}" for result in results.values()]
    rows.append(["**found**", str(len(blocks)), *(f"**{part}**" for part in share)])
    rows.append([f"false alarms, beside {safe} safe calls", "", *(str(len(result.alarms)) for result in results.values())])
    rows.append(["seconds", "", *(f"{result.seconds:.1f}" for result in results.values())])
    return rows


def markdown(rows):
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    rule = "|---|" + "---:|" * (len(rows[0]) - 1)
    return "\n".join([head, rule, *body])


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--farrier", type=pathlib.Path, default=ROOT / "target" / "release" / "farrier")
    parser.add_argument("--evloop-lint", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--list", action="store_true", help="print misses and false alarms, write nothing")
    parser.add_argument("--check", action="store_true", help="compare with README.md, write nothing")
    parser.add_argument("--only", help="the only column to look at, such as farrier")
    options = parser.parse_args()

    asks = {"farrier": farrier(options.farrier.resolve())}
    if not options.only or options.only != "farrier":
        tools = environment((HERE / "tools.txt").read_text())
        full, empty = environment((HERE / "full.txt").read_text()), environment("")
        asks["hydroid, all installed"] = hydroid(tools, full)
        asks["hydroid, nothing installed"] = hydroid(tools, empty)
        if options.evloop_lint:
            asks["evloop-lint"] = evloop_lint(tools, options.evloop_lint.resolve())
        asks["flake8-async"] = flake8_async(tools)
        asks["ruff"] = ruff(tools)
    if options.only:
        asks = {name: ask for name, ask in asks.items() if name == options.only}

    with tempfile.TemporaryDirectory() as folder:
        sources = sorted(path for path in SUITE.iterdir() if path.is_dir())
        projects = [Project(path, pathlib.Path(folder).resolve() / path.name) for path in sources]
        results = {name: Result() for name in asks}
        for project in projects:
            for name, ask in asks.items():
                results[name].add(project, *ask(project))
    rows = table(projects, results)

    if options.list:
        for name, result in results.items():
            print(f"{name}: {len(result.missed)} missed, {len(result.alarms)} false alarms")
            for project, file, line, level in result.missed:
                print(f"  missed {project}/{file}:{line} ({level})")
            for project, file, line in result.alarms:
                print(f"  false alarm {project}/{file}:{line}")
        print(markdown(rows))
        return
    before, rest = README.read_text().split(BEGIN)
    known, after = rest.split(END)
    written = cells(known)
    if options.check:
        compare(rows, written)
        return
    if "evloop-lint" not in results:
        rows = keep(rows, written, "evloop-lint", "flake8-async")
    README.write_text(f"{before}{BEGIN}\n{markdown(rows)}\n{END}{after}")


def compare(rows, written):
    """Everything but the seconds has to be as it is written."""
    for column, name in enumerate(rows[0]):
        if column > 1 and name not in written[0]:
            sys.exit(f"README.md has no column {name}")
        at = written[0].index(name)
        for now, then in zip(rows[:-1], written[:-1], strict=True):
            if now[column] != then[at]:
                sys.exit(f"README.md says {then[at]!r} for {name}, {then[0]}; it is {now[column]!r}")


def keep(rows, written, name, before):
    """The rows with a column that was not measured again, where it was before."""
    if not written or name not in written[0]:
        return rows
    at, into = written[0].index(name), rows[0].index(before)
    if [row[1] for row in rows] != [row[1] for row in written]:
        sys.exit(f"the suite has changed: measure {name} again")
    return [row[:into] + [then[at]] + row[into:] for row, then in zip(rows, written, strict=True)]


if __name__ == "__main__":
    main()
