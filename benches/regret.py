#!/usr/bin/env python3
"""How much worse is the advice than the best configuration that can be found by trying?

Runs real Gunicorn for several worker classes and kinds of requests over a grid of workers and threads, and
compares throughput, p99 and memory at the point that `farrier advise` recommends with the best point of the
grid, with `2 n + 1` workers, and with Gunicorn's defaults. Every point is measured in several rounds, and the
rounds go through the points in turn, so that whatever else the machine does meets all of them.

    python3 benches/regret.py --farrier target/release/farrier --python .venv/bin/python --out regret.json

The Python needs gunicorn, gevent, packaging (which Gunicorn's gevent worker imports), flask, fastapi, uvicorn and
uvicorn-worker. Run it on a quiet machine; the
load comes from the same machine, from processes of their own. `--coarse` leaves points out of the grid, `--quick` tries it
out at the smallest size. `--write` puts the table into `docs/advice-measured.md`. The exit code is 1 where the advised
point answers less than 90 % of what the best one does, or is behind `2 n + 1` by more than the rounds scatter.
"""

import argparse
import asyncio
import json
import multiprocessing
import os
import pathlib
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

# One request of each kind: seconds that it waits, and seconds that it computes.
KINDS = {"io": (0.050, 0.001), "cpu": (0.0, 0.010), "mixed": (0.010, 0.010), "blend": None}
# What a user who knows no more than the word would state.
WORDS = {"io": "io", "cpu": "cpu", "mixed": "mixed"}
# Of ten requests of the blend nine wait and one computes.
MIX = {kind: [seconds] for kind, seconds in KINDS.items() if seconds} | {"blend": 9 * [KINDS["io"]] + [KINDS["cpu"]]}

WSGI = '''
import hashlib, random, threading, time
from flask import Flask
app = Flask(__name__)

def compute(seconds):
    # Processor time, not wall time: a busy machine must not make a request cheaper.
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        hashlib.sha256(b"x" * 256).digest()

@app.get("/<float:wait>/<float:cpu>")
def work(wait, cpu):
    if wait:
        time.sleep(wait)
    if cpu:
        compute(cpu)
    return "done"
'''

ASGI = '''
import asyncio, hashlib, time
from fastapi import FastAPI
app = FastAPI()

def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        hashlib.sha256(b"x" * 256).digest()

@app.get("/{wait}/{cpu}")
async def work(wait: float, cpu: float):
    if wait:
        await asyncio.sleep(wait)
    if cpu:
        compute(cpu)
    return "done"
'''

CLASSES = {
    "sync": ("wsgi", "sync"),
    "gthread": ("wsgi", "gthread"),
    "gevent": ("wsgi", "gevent"),
    "uvicorn": ("asgi", "uvicorn_worker.UvicornWorker"),
    "asgi": ("asgi", "asgi"),
}


def declared(kind):
    """What a user would state of the kind: the share of a request that waits."""
    waits, computes = (sum(each) for each in zip(*MIX[kind]))
    return round(waits / (waits + computes), 2)


def path_of(kind, number):
    wait, cpu = MIX[kind][number % len(MIX[kind])]
    # Waits of equal length make the clients march in step: all wait, then all compute, and cores idle in between as
    # they never do under real traffic. Whoever has more processes has more such columns, and looks better for that
    # alone: 5 loops answered 28 % more than 2 with equal waits, and no more with waits of the same mean.
    return f"/{random.expovariate(1 / wait) if wait else 0.0:.4f}/{cpu:.4f}"


async def client(port, kind, start, until, times, failed):
    """One connection after the other, as behind a proxy without keep-alive: no class is favoured."""
    number = start
    while time.monotonic() < until:
        begun = time.monotonic()
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"GET {path_of(kind, number)} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
            writer.write(head.encode())
            answer = await asyncio.wait_for(reader.read(), 30)
            writer.close()
            if answer.startswith(b"HTTP/1.1 200"):
                if time.monotonic() <= until:
                    times.append(time.monotonic() - begun)
            else:
                failed.append(1)
        except (OSError, asyncio.TimeoutError):
            failed.append(1)
            await asyncio.sleep(0.01)
        number += 7


def load(port, kind, connections, seconds, seed, answers):
    random.seed(seed)

    async def all_of_them():
        times, failed = [], []
        until = time.monotonic() + seconds
        await asyncio.gather(
            *(client(port, kind, seed * 31 + each, until, times, failed) for each in range(connections))
        )
        return times, len(failed)

    answers.put(asyncio.run(all_of_them()))


def memory(pid):
    """Proportional set size of a process and its children, in MiB."""
    total = 0
    for each in [pid, *children(pid)]:
        try:
            for line in pathlib.Path(f"/proc/{each}/smaps_rollup").read_text().splitlines():
                if line.startswith("Pss:"):
                    total += int(line.split()[1])
        except OSError:
            pass
    return total / 1024


def children(pid):
    try:
        return [int(x) for x in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def measure(folder, python, point, kind, options):
    """Requests a second, p99 in seconds and memory of one point in one round; ends where it answers nothing."""
    name, workers, threads = point
    app, worker_class = CLASSES[name]
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "-k", worker_class, "-w", str(workers)]
    command += ["--threads", str(threads)] if name in ("sync", "gthread") and threads > 1 else []
    command += ["--log-level", "error", "--no-control-socket", f"{app}:app"]
    server = subprocess.Popen(command, cwd=folder, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        answers = multiprocessing.Queue()
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        # Every worker answers once before the clock starts.
        warm = multiprocessing.Process(target=load, args=(port, kind, options.connections, 0.5, 1, answers))
        warm.start()
        answers.get(timeout=60)
        warm.join()
        each = max(1, options.connections // options.clients)
        loads = [
            multiprocessing.Process(target=load, args=(port, kind, each, options.seconds, seed, answers))
            for seed in range(options.clients)
        ]
        for one in loads:
            one.start()
        time.sleep(options.seconds * 0.8)
        used = memory(server.pid)
        results = [answers.get(timeout=options.seconds + 60) for _ in loads]
        for one in loads:
            one.join()
        times = sorted(t for result in results for t in result[0])
        if len(times) < 10:
            raise SystemExit(f"this answers nothing, run it by hand to see why: {' '.join(command)}")
        return {
            "rate": len(times) / options.seconds,
            "p99": times[int(len(times) * 0.99)],
            "pss": used,
            "failed": sum(result[1] for result in results),
        }
    finally:
        os.killpg(server.pid, signal.SIGTERM)
        try:
            server.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(server.pid, signal.SIGKILL)
            server.wait()


def advised(farrier, folder, name, told, cpus):
    """What farrier recommends for the class and what it is `told` of the requests, as a point of the grid."""
    app, worker_class = CLASSES[name]
    (folder / "Procfile").write_text(f"web: gunicorn -k {worker_class} -w 1 {app}:app\n")
    (folder / "farrier.toml").write_text(
        f"[host]\ncpus = {cpus}\nmemory = \"8GiB\"\n\n[application]\n{told}\n"
    )
    said = subprocess.run([farrier, "advise", "--format", "json"], cwd=folder, capture_output=True, text=True)
    service = json.loads(said.stdout)["services"][0]
    items = {item["setting"]: item for item in service["items"]}

    def value(setting, otherwise):
        item = items.get(setting)
        if item is None or item["verdict"] == "remove":
            return otherwise
        return item["current"] if item["verdict"] == "in-range" else item["target"]

    klass = {"event loop": name}.get(service["class"], service["class"])
    return klass, value("workers", 1), value("threads", 1)


def grid(name, cpus, coarse):
    workers = sorted({1, cpus, cpus + 1, 2 * cpus + 1} | (set() if coarse else {2 * cpus, 4 * cpus + 1}))
    threads = [1]
    if name == "gthread":
        threads = [2, 8, 32] if coarse else [2, 4, 8, 16, 32]
    return [(name, w, t) for w in workers for t in threads]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--farrier", default="target/release/farrier")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--classes", default=",".join(CLASSES))
    parser.add_argument("--kinds", default=",".join(KINDS))
    parser.add_argument("--cpus", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--clients", type=int, default=2)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", default="regret.json")
    parser.add_argument("--coarse", action="store_true")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--into", help="result of an earlier run, whose lines stay where they are not measured again")
    options = parser.parse_args()
    if options.quick:
        options.coarse, options.seconds, options.rounds, options.connections = True, 2.0, 1, 16
    farrier = str(pathlib.Path(options.farrier).resolve())
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "wsgi.py").write_text(WSGI)
        (folder / "asgi.py").write_text(ASGI)
        (folder / "requirements.txt").write_text("gunicorn\nflask\nfastapi\nuvicorn\nuvicorn-worker\ngevent\n")
        for name in options.classes.split(","):
            for kind in options.kinds.split(","):
                point = advised(farrier, folder, name, f"blocking-fraction = {declared(kind)}", options.cpus)
                worded = point
                if kind in WORDS:
                    worded = advised(farrier, folder, name, f'workload = "{WORDS[kind]}"', options.cpus)
                folklore = (name, 2 * options.cpus + 1, 1)
                default = (name, 1, 1)
                points = list(dict.fromkeys([point, worded, folklore, default, *grid(name, options.cpus, options.coarse)]))
                measured = {each: [] for each in points}
                for _ in range(options.rounds):
                    for each in points:
                        measured[each].append(measure(folder, options.python, each, kind, options))
                rows.append(report(name, kind, point, worded, folklore, default, measured))
                print(line(rows[-1]), flush=True)
    run = {key: getattr(options, key) for key in ("cpus", "connections", "clients", "seconds", "rounds")}
    run["versions"] = versions(options.python)
    if options.into:
        rows = joined(json.loads(pathlib.Path(options.into).read_text()), run, rows)
    pathlib.Path(options.out).write_text(json.dumps(run | {"rows": rows}, indent=1))
    if options.write:
        WRITTEN.write_text(page(rows, run))
    sys.exit(1 if any(behind(row) for row in rows) else 0)


WRITTEN = pathlib.Path(__file__).resolve().parent.parent / "docs" / "advice-measured.md"


def behind(row):
    """Why a row breaks the promise of the advice; empty where it keeps it."""
    noise = 1 + row["scatter"]
    if worded(row)["rate"] < 0.9 * row["best"]["rate"]:
        return "less than 90 % of the best, told the word alone"
    if row["advised"]["rate"] < 0.9 * row["best"]["rate"]:
        return "less than 90 % of the best"
    return "behind 2 n + 1" if row["advised"]["rate"] * noise < row["folklore"]["rate"] else ""


def worded(row):
    """The point for somebody who states the word alone; earlier runs did not ask."""
    return row.get("worded", row["advised"])


def joined(earlier, run, rows):
    """The lines of an earlier run of the same kind, with those measured now in their places."""
    differ = [key for key, value in run.items() if earlier.get(key) != value]
    if differ:
        raise SystemExit(f"the earlier run is of another kind: {', '.join(differ)}")
    now = {(row["class"], row["kind"]): row for row in rows}
    return [now.pop((row["class"], row["kind"]), row) for row in earlier["rows"]] + list(now.values())


def versions(python):
    """Gunicorn and the interpreter that were measured."""
    ask = "import gunicorn, platform; print(f'Gunicorn {gunicorn.__version__}, Python {platform.python_version()}')"
    return subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()


def page(rows, run):
    """The table for the documentation."""

    def cell(it):
        threads = f" x {it['threads']}" if it["threads"] > 1 else ""
        return f"{it['class']} {it['workers']}{threads}: {it['rate']:.0f}/s, {it['p99'] * 1000:.0f} ms, {it['pss']:.0f} MiB"

    def one(row):
        shares = (f"{it['rate'] / max(1e-9, row['best']['rate']):.0%}" for it in (row["advised"], worded(row)))
        cells = [row["class"], row["kind"], *shares, *(cell(row[what]) for what in COLUMNS), f"{row['scatter']:.0%}"]
        return "| " + " | ".join(cells) + " |"

    kinds = "; ".join(f"`{kind}` {describe(kind)}" for kind in dict.fromkeys(row["kind"] for row in rows))
    return f"""# The advice, measured

Written by `benches/regret.py --write`, never by hand: {run["versions"]} on {run["cpus"]} cores, {run["connections"]} clients
that wait for their answers, {run["rounds"]} rounds of {run["seconds"]:g} s for each point, the rounds taken in turn. The
requests: {kinds}. `farrier advise` was told the class, the cores and the share of a request that waits; by the word,
only that requests are `io`, `cpu` or `mixed` instead of the share. Each cell is
requests a second, the slowest hundredth and the memory (PSS) of all processes; the scatter is the median over all points
of how far the rounds of one point lie apart.

| class | requests | of the best | by the word | advised | best of the grid | `2 n + 1` workers | default | scatter |
|---|---|---|---|---|---|---|---|---|
""" + "\n".join(one(row) for row in rows) + "\n"


COLUMNS = ("advised", "best", "folklore", "default")


def describe(kind):
    def each(wait, cpu):
        waits = f"wait {wait * 1000:g} ms on average (exponentially distributed) and " if wait else ""
        return f"{waits}compute {cpu * 1000:g} ms"

    if KINDS[kind]:
        return each(*KINDS[kind])
    return f"9 of 10 {each(*KINDS['io'])}, the tenth computes {KINDS['cpu'][1] * 1000:g} ms"


def middle(results, what):
    return statistics.median(result[what] for result in results)


def report(name, kind, point, worded, folklore, default, measured):
    rates = {each: middle(results, "rate") for each, results in measured.items()}
    best = max(rates, key=rates.get)
    scatter = [max(r["rate"] for r in rs) / min(r["rate"] for r in rs) - 1 for rs in measured.values()]

    def told(each):
        results = measured[each]
        return {
            "class": each[0], "workers": each[1], "threads": each[2], "rate": rates[each],
            "p99": middle(results, "p99"), "pss": middle(results, "pss"),
            "failed": sum(r["failed"] for r in results),
        }

    return {
        "class": name, "kind": kind, "advised": told(point), "worded": told(worded), "best": told(best), "folklore": told(folklore),
        "default": told(default), "scatter": statistics.median(scatter),
        "grid": [told(each) for each in measured],
    }


def line(row):
    def short(what):
        it = row[what]
        threads = f"x{it['threads']}" if it["threads"] > 1 else ""
        return (f"{what} {it['class']} {it['workers']}{threads}: {it['rate']:.0f}/s p99 {it['p99'] * 1000:.0f} ms "
                f"{it['pss']:.0f} MiB")

    share = row["advised"]["rate"] / max(1e-9, row["best"]["rate"])
    return (f"{row['class']:8} {row['kind']:6} {share:5.0%} of the best | " + " | ".join(
        short(what) for what in ("advised", "worded", "best", "folklore", "default")))


if __name__ == "__main__":
    main()
