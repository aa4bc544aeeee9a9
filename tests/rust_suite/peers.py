"""Runs farrier and clippy over `fixtures/rust` and writes the comparison into README.md.

    cargo build --release
    python3 tests/rust_suite/peers.py                # writes the table; the first run compiles for minutes
    python3 tests/rust_suite/peers.py --list         # prints what each tool misses and reports without cause
    python3 tests/rust_suite/peers.py --check        # fails where the table is not what the tools give now

The services are one workspace, and `cargo clippy` compiles it, so this is also the proof that it compiles. Clippy runs
with every lint it has about waiting inside of a future, and once more with the list of methods in `clippy.toml` beside
this file. No tool sees the labels: it is given a copy from which they are cut off.

Found is a labelled line that a finding names as its place or anywhere on its chain. A false alarm is a safe line that a
finding names, or a finding that leads to no labelled line; what farrier puts below a warning is no alarm. The seconds of
clippy are those after the libraries are compiled.
"""

import argparse
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
SUITE = ROOT / "fixtures" / "rust"
README = ROOT / "README.md"
BEGIN, END = "<!-- rust-suite: written by tests/rust_suite/peers.py -->", "<!-- end of rust-suite -->"
LEVELS = {
    "direct": "in the handler itself",
    "alias": "under another name, by a glob or a re-export",
    "instance": "a method of a local value",
    "attribute": "a method of what a field, a parameter or an extractor holds",
    "one-hop": "one function away",
    "hops": "several functions, files or crates away",
    "methods": "through traits, generics, methods of the project",
    "callables": "through closures, blocks, tasks, streams",
    "framework": "where only the framework says who runs it",
}
LABEL = re.compile(r" // (blocks|safe): .*, ([a-z-]+)$")
FARRIER = {"RST001"}
#: Every lint of clippy's whose subject is a future that does not yield.
WAITING = ["await_holding_invalid_type", "await_holding_lock", "await_holding_refcell_ref", "disallowed_methods"]


class Workspace:
    """A copy without labels, and the labels."""

    def __init__(self, target):
        self.root, self.blocks, self.safe = target, {}, {}
        shutil.copytree(SUITE, target, ignore=shutil.ignore_patterns("target"))
        for file in sorted(target.rglob("*.rs")):
            lines = file.read_text().splitlines()
            for at, line in enumerate(lines, 1):
                if found := LABEL.search(line):
                    kind, level = found.groups()
                    assert level in LEVELS, f"{file}:{at}: {level}"
                    (self.blocks if kind == "blocks" else self.safe)[(file.relative_to(target).as_posix(), at)] = level
                    lines[at - 1] = line[: found.start()]
            file.write_text("\n".join(lines) + "\n")


class Result:
    def __init__(self, workspace, findings, seconds):
        """Each finding is the list of its places, the first one its own, and whether the tool calls it an alarm."""
        self.seconds = seconds
        named, self.alarms = set(), set()
        for places, loud in findings:
            named.update(places)
            if loud:
                self.alarms.update(place for place in places if place in workspace.safe)
                if not any(place in workspace.blocks or place in workspace.safe for place in places):
                    self.alarms.add(places[0])
        self.found = {level: 0 for level in LEVELS}
        for place, level in workspace.blocks.items():
            self.found[level] += place in named
        self.missed = sorted(place for place in workspace.blocks if place not in named)


def run(command, workspace, **environment):
    started = time.perf_counter()
    done = subprocess.run(
        [str(word) for word in command],
        cwd=workspace.root,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    return done, time.perf_counter() - started


def farrier(binary):
    def ask(workspace):
        done, seconds = run([binary, "check", "--advice", "--format", "json", workspace.root], workspace)
        # Something to do, or no server.
        if done.returncode not in (0, 1, 3):
            sys.exit(f"farrier failed: {done.stderr or done.stdout}")
        told = [finding for finding in json.loads(done.stdout)["findings"] if finding["code"] in FARRIER]
        return [
            ([(place["file"], place["line"]) for place in [one, *one["related"]]], one["severity"] != "advice")
            for one in told
        ], seconds

    return ask


def clippy(target, listed):
    def ask(workspace):
        settings = workspace.root / "clippy.toml"
        settings.write_text((HERE / "clippy.toml").read_text() if listed else "")
        flags = " ".join(f"-Wclippy::{lint}" for lint in WAITING)
        environment = {"CARGO_TARGET_DIR": str(target), "CLIPPY_CONF_DIR": str(workspace.root)}
        command = ["cargo", "clippy", "--locked", "--workspace", "--all-targets", "--message-format", "json", "--quiet"]
        # The libraries first; what is measured is the workspace.
        for package in ["check", "clean"]:
            done, _ = run(["cargo", package, "--workspace", "--quiet"], workspace, **environment)
            if done.returncode:
                sys.exit(f"cargo {package} failed: {done.stderr}")
        done, seconds = run([*command, "--", *flags.split()], workspace, **environment)
        if done.returncode:
            sys.exit(f"clippy failed: {done.stderr}")
        findings = set()
        for line in done.stdout.splitlines():
            message = json.loads(line).get("message") or {}
            code = (message.get("code") or {}).get("code", "")
            if code.removeprefix("clippy::") not in WAITING:
                continue
            for span in message["spans"]:
                if span["is_primary"]:
                    findings.add((span["file_name"], span["line_start"]))
        return [([place], True) for place in sorted(findings)], seconds

    return ask


def table(workspace, results):
    """The rows of the table, each a list of cells."""
    blocks = list(workspace.blocks.values())
    rows = [["where the call stands", "calls", *results]]
    for level, text in LEVELS.items():
        rows.append([text, str(blocks.count(level)), *(str(result.found[level]) for result in results.values())])
    found = [sum(result.found.values()) for result in results.values()]
    rows.append(["**found**", str(len(blocks)), *(f"**{part / len(blocks):.0%}**" for part in found)])
    beside = f"false alarms, beside {len(workspace.safe)} safe calls"
    rows.append([beside, "", *(str(len(result.alarms)) for result in results.values())])
    rows.append(["seconds", "", *(f"{result.seconds:.1f}" for result in results.values())])
    return rows


def markdown(rows):
    head, *body = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([head, "|---|" + "---:|" * (len(rows[0]) - 1), *body])


def cells(text):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line.startswith("| ")]


def compare(rows, written):
    """Everything but the seconds has to be as it is written."""
    for column, name in enumerate(rows[0]):
        if name not in written[0]:
            sys.exit(f"README.md has no column {name}")
        at = written[0].index(name)
        for now, then in zip(rows[:-1], written[:-1], strict=True):
            if now[column] != then[at]:
                sys.exit(f"README.md says {then[at]!r} for {name}, {then[0]}; it is {now[column]!r}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--farrier", type=pathlib.Path, default=ROOT / "target" / "release" / "farrier")
    parser.add_argument("--target", type=pathlib.Path, default=ROOT / "target" / "rust-suite", help="where crates go")
    parser.add_argument("--list", action="store_true", help="print misses and false alarms, write nothing")
    parser.add_argument("--check", action="store_true", help="compare with README.md, write nothing")
    parser.add_argument("--only", help="the only column to look at, such as farrier")
    options = parser.parse_args()

    target = options.target.resolve()
    asks = {
        "farrier": farrier(options.farrier.resolve()),
        "clippy": clippy(target, listed=False),
        "clippy, with a list of methods": clippy(target, listed=True),
    }
    if options.only:
        asks = {name: ask for name, ask in asks.items() if name == options.only or name.startswith(f"{options.only},")}
    with tempfile.TemporaryDirectory() as folder:
        workspace = Workspace(pathlib.Path(folder).resolve() / "rust")
        results = {name: Result(workspace, *ask(workspace)) for name, ask in asks.items()}
    rows = table(workspace, results)
    if options.list:
        for name, result in results.items():
            print(f"{name}: {len(result.missed)} missed, {len(result.alarms)} false alarms")
            for file, line in result.missed:
                print(f"  missed {file}:{line} ({workspace.blocks[file, line]})")
            for file, line in sorted(result.alarms):
                print(f"  false alarm {file}:{line}")
        print(markdown(rows))
        return
    before, rest = README.read_text().split(BEGIN)
    known, after = rest.split(END)
    if options.check:
        compare(rows, cells(known))
    elif options.only:
        sys.exit("the table is written with every column")
    else:
        README.write_text(f"{before}{BEGIN}\n{markdown(rows)}\n{END}{after}")


if __name__ == "__main__":
    main()
