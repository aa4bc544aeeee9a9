"""What `farrier measure --search` loses against the whole grid, on six workloads.

    cargo build --release
    python3 benches/search.py --python /venv/bin/python      # one with gunicorn, gevent, uvicorn-worker and fastapi
    python3 benches/search.py --python ... --only mixed      # one of them

For each workload a search has a minute; then the grid of every worker class is measured, and what the search chose once
more among them. The loss is what the chosen configuration answers less than the best of the grid. Run it on a machine
with nothing else to do: two identical servers differ by up to 7 %, and a busy machine makes that more.
"""

import argparse
import json
import pathlib
import re
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent

WSGI = """import time

def app(environ, start_response):
    {work}
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
"""
ASGI = """import asyncio, time
from fastapi import FastAPI

app = FastAPI()

@app.get("/")
{kind} home():
    {work}
    return {{"ok": True}}
"""
COMPUTE = "end = time.thread_time() + {seconds}\n    while time.thread_time() < end: pass"
WORKLOADS = {
    "wait": (WSGI.format(work="time.sleep(0.05)"), False),
    "mixed": (WSGI.format(work="time.sleep(0.02); " + COMPUTE.format(seconds=0.001)), False),
    "cpu": (WSGI.format(work=COMPUTE.format(seconds=0.005)), False),
    "json": (ASGI.format(kind="async def", work="pass"), True),
    "async": (ASGI.format(kind="async def", work="await asyncio.sleep(0.02); " + COMPUTE.format(seconds=0.001)), True),
    "def": (ASGI.format(kind="def", work="time.sleep(0.02); " + COMPUTE.format(seconds=0.001)), True),
}
GRIDS = {
    False: [
        ("sync", "workers=1..5"),
        ("sync", "workers=8..8"),
        ("sync", "workers=16..16"),
        ("gevent", "workers=1..4"),
        *(("gthread", f"workers=1..4,threads={threads}..{threads}") for threads in (2, 4, 8, 16, 32)),
    ],
    True: [("asgi", "workers=1..5"), ("uvicorn_worker.UvicornWorker", "workers=1..5")],
}


def measure(farrier, python, app, launch, *options):
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "app.py").write_text(app)
        (folder / "Procfile").write_text(f"web: gunicorn app:app {launch}\n")
        fixed = ["--format", "json", "--python", python, "--stalls", "off", "--connections", "64"]
        command = [farrier, "measure", str(folder), *fixed, *options]
        run = subprocess.run(command, capture_output=True, text=True)
    if not run.stdout.startswith("{"):
        raise SystemExit(f"{' '.join(command)}: {run.stderr or run.stdout}")
    return json.loads(run.stdout)


def grid(farrier, python, app, name, spec):
    bounds = [(int(low), int(high)) for low, high in re.findall(r"(\d+)\.\.(\d+)", spec)]
    points = 1
    for low, high in bounds:
        points *= high - low + 1
    options = ["--grid", spec, "--one-connection", "off", "--budget", str((points + 1) * 8)]
    found = measure(farrier, python, app, f"-k {name}", *options)
    sound = (one for one in found["candidates"][1:] if one["errors"] * 1000 <= one["requests"])
    return {f"{name} {one['label']}": one["requests_per_second"]["median"] for one in sound}


def chosen(found):
    """The class and the numbers of the best, from its command line: the last mention of an option wins."""
    best = next(one for one in found["candidates"] if one["label"] == found["best"])
    line = " ".join(best["command"])
    last = lambda *names: (re.findall(rf"(?:{'|'.join(names)})[= ](\S+)", line) or [None])[-1]
    return last("--worker-class", "-k") or "sync", int(last("--workers", "-w") or 1), int(last("--threads") or 1), best


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--farrier", default=str(ROOT / "target/release/farrier"))
    parser.add_argument("--python", required=True)
    parser.add_argument("--budget", default="60")
    parser.add_argument("--only", choices=WORKLOADS)
    wanted = parser.parse_args()
    losses = []
    print("| workload | chosen | requests/s | best of the grid | requests/s | loss | seconds |\n|---|---|---:|---|---:|---:|---:|")
    for name in [wanted.only] if wanted.only else WORKLOADS:
        app, asgi = WORKLOADS[name]
        launch = "-k uvicorn_worker.UvicornWorker" if asgi else ""
        found = measure(wanted.farrier, wanted.python, app, launch, "--search", "--budget", wanted.budget)
        kind, workers, threads, best = chosen(found)
        if best["errors"] * 1000 > best["requests"]:
            raise SystemExit(f"{name}: a configuration that fails requests was chosen: {best}")
        table = {}
        for one, spec in GRIDS[asgi]:
            table |= grid(wanted.farrier, wanted.python, app, one, spec)
        spec = f"workers={workers}..{workers},threads={threads}..{threads}"
        own = next(iter(grid(wanted.farrier, wanted.python, app, kind, spec).values()))
        top = max(table, key=table.get)
        loss = max(0.0, 1 - own / max(table[top], own))
        losses.append(loss)
        row = [name, f"{kind} {workers}x{threads}", f"{own:.0f}", top, f"{table[top]:.0f}", f"{loss:.1%}", f"{found['seconds']:.0f}"]
        print("| " + " | ".join(row) + " |", flush=True)
    print(f"\nmean loss {statistics.mean(losses):.1%}, worst {max(losses):.1%}")


if __name__ == "__main__":
    main()
