#!/usr/bin/env python3
"""What importing a package takes in each worker: the figures of `rules/memory/imports.txt`.

    python3 -m venv v && v/bin/pip install gunicorn flask fastapi uvicorn numpy pandas ...
    v/bin/python benches/imports.py numpy pandas sklearn

Four processes are forked from one that has imported what every worker has anyway: Gunicorn, Uvicorn, Flask and FastAPI
with what they bring. Each of the four imports the package. Printed is the median of their proportional set sizes, less
that of four processes that import only the other packages of the list which it brings along. That is the least that
the package takes: what a service does with it comes on top.
"""

import importlib
import json
import os
import signal
import statistics
import subprocess
import sys
from importlib import metadata

BASE = ["gunicorn.app.wsgiapp", "gunicorn.workers.gthread", "uvicorn", "uvicorn.protocols.http.h11_impl", "flask", "fastapi"]
BASE += ["fastapi.middleware.cors", "asyncio", "concurrent.futures", "multiprocessing", "unittest.mock", "urllib.request"]
WORKERS = 4


def pss():
    with open("/proc/self/smaps_rollup") as rollup:
        return next(int(line.split()[1]) for line in rollup if line.startswith("Pss:")) / 1024


def worker(modules, ready, go, answer, leave):
    try:
        for module in modules:
            importlib.import_module(module)
        names = sorted(name for name, module in sys.modules.items() if module is not None)
        os.write(ready, b".")
        os.read(go, 1)
        os.write(answer, json.dumps([pss(), names]).encode() + b"\n")
        # The others are measured while this one lives.
        os.read(leave, 1)
    except BaseException as error:
        os.write(ready, b"x")
        print(repr(error), file=sys.stderr)
        os._exit(1)
    os._exit(0)


def forked(modules):
    """The proportional set size of one of the workers, in MiB, and which modules it has in the end."""
    for module in BASE:
        importlib.import_module(module)
    ready, go, leave = os.pipe(), os.pipe(), os.pipe()
    answers = [os.pipe() for _ in range(WORKERS)]
    for answer in answers:
        if os.fork() == 0:
            worker(modules, ready[1], go[0], answer[1], leave[0])
    for _ in range(WORKERS):
        if os.read(ready[0], 1) == b"x":
            os.killpg(0, signal.SIGKILL)
    os.write(go[1], b"." * WORKERS)
    # One at a time: a pipe holds the names of some thousand modules, but not of all workers.
    told = [json.loads(open(answer[0]).readline()) for answer in answers]
    os.write(leave[1], b"." * WORKERS)
    for _ in range(WORKERS):
        os.wait()
    return statistics.median(size for size, _ in told), told[0][1]


def measured(modules):
    """The same in a process of its own: what one run imports must not help the next."""
    run = [sys.executable, __file__, "--worker", ",".join(modules)]
    child = subprocess.run(run, capture_output=True, text=True, start_new_session=True)
    if child.returncode != 0:
        raise ImportError(child.stderr.strip().splitlines()[-1] if child.stderr else "no reason")
    size, names = json.loads(child.stdout.splitlines()[-1])
    return size, set(names)


def version(module):
    distributions = metadata.packages_distributions()
    name = distributions.get(module.split(".")[0], [module])
    names = [one for one in name if module.replace(".", "-") in one] or name
    return f"{names[0]} {metadata.version(names[0])}"


def main(modules):
    listed = set(modules)
    nothing, own = measured([])
    print(f"# {WORKERS} workers, Python {sys.version.split()[0]}, {nothing:.1f} MiB each without any of these")
    for module in modules:
        try:
            size, names = measured([module])
        except ImportError as error:
            print(f"{module:<20} not measured: {error}")
            continue
        brings = sorted(other for other in (listed & names) - own if other != module and not module.startswith(other + "."))
        beside, _ = measured(brings) if brings else (nothing, own)
        print(f"{module:<20} {size - beside:6.1f} {' '.join(brings):<30} # {version(module)}", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        print(json.dumps(forked([name for name in sys.argv[2].split(",") if name])))
    else:
        main(sys.argv[1:])
