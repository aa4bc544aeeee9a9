"""The experiments of four articles about Gunicorn's workers, repeated with `farrier measure` at short waits.

    cargo build --release
    python3 benches/scenarios.py                       # all, in about twelve minutes
    python3 benches/scenarios.py --only slots --quick  # one of them, at the smallest size

Each table has the article's claim beside what came out here. The exit code is 1 where what the servers' own rules decide is
more than 10 % away: forty requests at once for each worker whose endpoints are plain functions, whatever `--threads` says.
"""

import argparse
import sys

import common
from common import by_label, median, spread, table

FASTAPI = '''import asyncio, time
from fastapi import FastAPI, Response

app = FastAPI()
SMALL, LARGE = b"a few bytes", b"x" * 1_000_000
WAIT = {wait}

@app.get("/def-small")
def def_small():
    return Response(SMALL)

@app.get("/async-small")
async def async_small():
    return Response(SMALL)

@app.get("/def-large")
def def_large():
    return Response(LARGE)

@app.get("/async-large")
async def async_large():
    return Response(LARGE)

@app.get("/def-wait")
def def_wait():
    time.sleep(WAIT)
    return Response(SMALL)

@app.get("/async-wait")
async def async_wait():
    await asyncio.sleep(WAIT)
    return Response(SMALL)
'''

WSGI = '''import time

WAIT = {wait}

def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass

def app(environ, start_response):
    path = environ["PATH_INFO"]
    if path == "/io":
        time.sleep(WAIT)
    elif path == "/cpu":
        compute(WAIT)
    else:
        time.sleep(WAIT * 0.9)
        compute(WAIT * 0.1)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
'''

LOOP = "uvicorn_worker.UvicornWorker"
PLAIN = ("--one-connection", "off", "--stalls", "off")
# Seconds under load for each configuration of a grid.
EACH = 5


class Bench:
    def __init__(self, options):
        self.farrier = options.farrier
        self.python = common.python(options.python)
        self.quick = options.quick

    def grid(self, files, launch, spec, points, path, connections, each=EACH):
        """The configurations of a grid by their labels, and what the run warns of."""
        budget = max(EACH, each) * (points + 1)
        files = files | {"Procfile": f"web: {launch}\n"}
        options = ["--grid", spec, "--path", path, "--connections", connections, "--budget", budget, *PLAIN]
        found = common.run(self.farrier, self.python, files, *options, fails=True)
        if isinstance(found, str):
            return None, found.strip().splitlines()[-1]
        one = by_label(found)
        return {label: each for label, each in one.items() if label != "current"}, found["warnings"]


def workers_and_threads(bench):
    """Scenario 1: 1 to 5 workers and several threads, four endpoints; Gunicorn against bare Uvicorn."""
    files = {"app.py": FASTAPI.format(wait=0.1)}
    most, threads = (2, 2) if bench.quick else (5, 2)
    rows, wrong = [], []
    for path in ("/def-small", "/async-small", "/def-large", "/async-large"):
        spec = f"workers=1..{most},threads=1..{threads}"
        found, _ = bench.grid(files, f"gunicorn -k {LOOP} app:app", spec, most * threads, path, 16)
        rate = lambda w, t: median(found[f"workers={w} threads={t}"])
        means = {w: sum(rate(w, t) for t in range(1, threads + 1)) / threads for w in range(1, most + 1)}
        apart = max(abs(rate(w, threads) / rate(w, 1) - 1) for w in means)
        top = max(means, key=means.get)
        near = [str(w) for w in means if means[w] >= 0.95 * means[top]]
        claim = "2 workers beat all others" if path.startswith("/def") else "no clear winner, 2 or 3"
        share = f"{means[most] / means[top]:.0%}"
        rows.append([path, claim, *(f"{means[w]:.0f}" for w in means), " or ".join(near), share, f"{apart:.0%}"])
    names = ["endpoint", "article: best", *(f"{w} workers" for w in range(1, most + 1)), "within 5 % of the best here"]
    text = table([*names, f"{most} workers, of the best", "most that `threads` changed"], rows)
    servers = []
    for name, launch, claims in (
        ("Gunicorn with UvicornWorker", f"gunicorn -k {LOOP} app:app", ("1188.7", "1625")),
        ("Uvicorn", "uvicorn app:app", ("1135.7", "1545.7")),
    ):
        found, said = bench.grid(files, launch, "workers=1..2", 2, "/def-small", 16)
        here = [spread(found[f"workers={w}"]) for w in (1, 2)] if found else [said, ""]
        servers.append([name, claims[0], here[0], claims[1], here[1]])
    names = ["server", "article: 1 worker", "1 worker", "article: 2 workers", "2 workers"]
    return f"{text}\n\n{table(names, servers)}", wrong


def sync_workers(bench):
    """Scenario 3: sync workers that wait, compute, or both."""
    wait = 0.1
    files = {"app.py": WSGI.format(wait=wait)}
    most = 5 if bench.quick else 10
    kinds = {}
    for path in ("/io", "/cpu", "/blend"):
        # With a constant wait and as many clients as here, nothing but the number of workers decides.
        found, _ = bench.grid(files, "gunicorn app:app", f"workers=1..{most}", most, path, 30)
        kinds[path] = {w: found[f"workers={w}"] for w in range(1, most + 1)}
    io = kinds["/io"]
    scaled = lambda one: median(one) * wait
    rows = [
        ["1 worker, answers per wait", "0.987", f"{scaled(io[1]):.3f}"],
        ["5 workers, answers per wait", "4.92", f"{scaled(io[5]):.2f}"],
        ["5 workers, slowest of 30, in waits", "6.1", f"{io[5]['max_ms'] / 1000 / wait:.1f}"],
        ["memory of a worker of a tiny application", "9 MB", f"{io[5]['memory_per_worker_bytes'] / 1e6:.0f} MB"],
    ]
    text = table(["what", "article", "here"], rows)
    by = [[path[1:], *(f"{scaled(one):.2f}" for one in all.values())] for path, all in kinds.items()]
    text += "\n\nAnswers per " + f"{wait:g} s by the number of workers. The article: what waits grows with the workers, what computes "
    text += "stops at the cores, what does both lies between.\n\n"
    text += table(["requests", *(f"{w}" for w in range(1, most + 1))], by)
    wrong = [f"{w} workers answer {scaled(one):.2f} per wait" for w, one in io.items() if abs(scaled(one) / w - 1) > 0.1]
    return text, wrong


def slots(bench):
    """Scenario 4: `def` against `async def`, by workers and threads."""
    wait = 0.25 if bench.quick else 0.5
    files = {"app.py": FASTAPI.format(wait=wait)}
    rows, wrong = [], []
    ends = (1, 4)
    claims = {("/def-wait", 1): "33.3", ("/def-wait", 4): "83.3", ("/async-wait", 1): "83.3", ("/async-wait", 4): "83.3"}
    for path in ("/def-wait", "/async-wait"):
        for workers in ends:
            found, warnings = bench.grid(
                files, f"gunicorn -k {LOOP} app:app", f"workers={workers},threads=1..4", 4, path, 100
            )
            rates = {t: median(found[f"workers={workers} threads={t}"]) * wait for t in (1, 4)}
            slots = min(100, 40 * workers) if path == "/def-wait" else 100
            least = max(abs(rate / slots - 1) for rate in rates.values())
            uneven = sorted({line.split(": ")[1] for line in warnings if "of the work" in line})
            row = [path, workers, claims[path, workers], *(f"{rates[t]:.1f}" for t in (1, 4)), slots, "; ".join(uneven)]
            rows.append(row)
            if path == "/def-wait" and workers == 1 and least > 0.1:
                wrong.append(f"{workers} worker: {rates} at once instead of {slots}")
            if abs(rates[4] / rates[1] - 1) > 0.1 and not uneven:
                wrong.append(f"{path}, {workers} workers: `threads` makes {rates[4] / rates[1]:.2f} of it")
    names = ["endpoint", "workers", "article (wrk, 100 connections)", "1 thread", "4 threads", "by the rule", "farrier warns"]
    text = "Requests at once: answers a second times the wait.\n\n" + table(names, rows)
    # With three times as many clients as places only the places count, and no worker is left with fewer clients than places.
    each = {}
    for workers in range(1, 5):
        files = {"app.py": FASTAPI.format(wait=0.2)}
        launch = f"gunicorn -k {LOOP} app:app"
        found, _ = bench.grid(files, launch, f"workers={workers}", 1, "/def-wait", 125 * workers)
        each[workers] = median(found[f"workers={workers}"]) * 0.2 / workers
    text += "\n\nThe same with 125 connections for each worker, per worker (40 by the rule):\n\n"
    text += table([f"{w} worker{'s' * (w > 1)}" for w in each], [[f"{value:.1f}" for value in each.values()]])
    wrong += [f"{w} workers: {value:.1f} at once for each" for w, value in each.items() if abs(value / 40 - 1) > 0.1]
    return text, wrong


def classes(bench):
    """Scenario 5: which worker class runs FastAPI."""
    files = {"app.py": FASTAPI.format(wait=0.05), "flat.py": WSGI.format(wait=0.05)}
    claims = {
        "sync": "broken", "gthread": "broken", "gevent": "conflicts with asyncio",
        "uvicorn.workers.UvicornWorker": "the right one", LOOP: "(the same, today's package)", "asgi": "(newer than the article)",
    }
    rows, wrong = [], []
    for name, claim in claims.items():
        found, said = bench.grid(files, f"gunicorn -k {name} app:app", "workers=2", 1, "/async-wait", 64)
        if found is None:
            rows.append([f"`{name}`", claim, f"refused: {said}", "", ""])
            continue
        one = found["workers=2"]
        failed = one["errors"] / max(1, one["requests"])
        memory = f"{(one['memory_per_worker_bytes'] or 0) / 1e6:.0f} MB"
        rows.append([f"`{name}`", claim, spread(one), f"{failed:.0%}", memory])
        if name in ("sync", "gthread") and failed < 1:
            wrong.append(f"{name} answers FastAPI")
    found, _ = bench.grid(files, "gunicorn flat:app", "workers=2", 1, "/io", 64)
    rows.append(["`sync`, the same wait in WSGI", "ten times fewer", spread(found["workers=2"]), "", ""])
    return table(["class", "article", "requests/s with 2 workers", "failed", "memory of a worker"], rows), wrong


EXPERIMENTS = {"workers": workers_and_threads, "sync": sync_workers, "slots": slots, "classes": classes}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.add_argument("--only", choices=EXPERIMENTS)
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    bench = Bench(options)
    failed = []
    for name in [options.only] if options.only else EXPERIMENTS:
        text, wrong = EXPERIMENTS[name](bench)
        title = EXPERIMENTS[name].__doc__.rstrip(".")
        print(f"\n## {title}\n\n{text}\n", flush=True)
        for each in wrong:
            print(f"more than 10 % away: {each}", flush=True)
        failed += wrong
        if options.write:
            verdict = "".join(f"\n\nMore than 10 % away: {each}." for each in wrong)
            common.write(f"scenario {name}", title, f"{common.machine(bench.python)}.\n\n{text}{verdict}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
