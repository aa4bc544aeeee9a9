"""The load generator of `farrier measure` beside wrk.

    apt-get install wrk nginx-light
    cargo build --release
    python3 benches/wrk.py                 # about four minutes
    python3 benches/wrk.py --rounds 1 --seconds 2

Three questions, in runs that alternate. What does a request cost the client, asked of nginx with a page in memory, client and
server on a core of their own? How much of a real Gunicorn with sync workers, which opens a connection for each request, does
it see? And on a schedule, how late is it, and does a stall of one second show? The exit code is 1 where it costs more than
1.2 times what wrk does, sees less than 0.9 times, is later than 0.2 ms in the median, or misses the stall.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import common
from common import median, table

CONNECTIONS = 32
APP = """def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", "17")])
    return [b'{"hello":"world"}']
"""
# For one second of four nothing is answered.
STALLS = """import time

def app(environ, start_response):
    now = time.time()
    if int(now) % 4 == 0:
        time.sleep(1 - now % 1)
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
"""
NGINX = """daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log; worker_processes 1; {affinity}
events {{ worker_connections 1024; }}
http {{
    access_log off; keepalive_requests 1000000000; keepalive_timeout 1h;
    client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f;
    uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
    server {{
        listen {address};
        location / {{ default_type application/json; return 200 '{{"hello":"world"}}'; }}
        location = /status {{ stub_status; }}
    }}
}}
"""
# farrier starts `PYTHON -m gunicorn --bind ADDRESS ...`: this stands in for the Python, and starts nginx at the address.
STAND_IN = """#!{python}
import os, pathlib, sys, tempfile
address = sys.argv[sys.argv.index("--bind") + 1]
folder = tempfile.mkdtemp(dir={folder!r})
conf = pathlib.Path(folder, "nginx.conf")
conf.write_text({conf!r}.replace("@folder@", folder).replace("@address@", address))
os.execv({nginx!r}, [{nginx!r}, "-c", str(conf), "-e", folder + "/error.log"])
"""


def pinned(core):
    """Runs on this core alone, where there are two."""
    cores = sorted(os.sched_getaffinity(0))
    return (lambda: os.sched_setaffinity(0, {cores[core]})) if len(cores) > 1 else None


def wrk(port, seconds, preexec=None):
    """Answers a second, and microseconds of the client's processor time for each."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", f"http://127.0.0.1:{port}/"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=preexec)
    text = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    if status or "Non-2xx" in text:
        raise SystemExit(text)
    requests = int(re.search(r"(\d+) requests in", text)[1])
    rate = float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1])
    return rate, (usage.ru_utime + usage.ru_stime) / requests * 1e6


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """A server of its own for wrk, on the port that it is told."""

    def __init__(self, command, port, preexec=None, folder=None):
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, start_new_session=True, preexec_fn=preexec, cwd=folder, **quiet)
        for _ in range(200):
            try:
                socket.create_connection(("127.0.0.1", port), 0.2).close()
                break
            except OSError:
                time.sleep(0.05)
        time.sleep(0.5)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        os.killpg(self.process.pid, 15)
        self.process.wait(20)


def farrier(options, python, app, launch, *more, preexec=None, watch=None):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "app.py").write_text(app)
        pathlib.Path(folder, "Procfile").write_text(f"web: {launch}\n")
        command = [options.farrier, "measure", folder, "--format", "json", "--python", str(python)]
        command += ["--one-connection", "off", "--stalls", "off", *map(str, more)]
        with tempfile.TemporaryFile("w+") as said:
            process = subprocess.Popen(command, stdout=said, stderr=subprocess.STDOUT, preexec_fn=preexec)
            if watch:
                watch(process.pid, lambda: process.poll() is None)
            process.wait()
            said.seek(0)
            text = said.read()
    if not text.startswith("{"):
        raise SystemExit(f"{' '.join(command)}: {text}")
    return json.loads(text)


def stand_in(folder):
    """The command that starts nginx where farrier wants Gunicorn, and the configuration."""
    cores = sorted(os.sched_getaffinity(0))
    affinity = f"worker_cpu_affinity {1 << cores[1]:b};" if len(cores) > 1 else ""
    conf = NGINX.format(folder="@folder@", address="@address@", affinity=affinity)
    script = pathlib.Path(folder, "python")
    nginx = shutil.which("nginx") or "/usr/sbin/nginx"
    script.write_text(STAND_IN.format(python=sys.executable, folder=str(folder), conf=conf, nginx=nginx))
    script.chmod(0o755)
    return script


def asked(folder):
    """Requests that all of nginx has answered so far, by its own count."""
    total = 0
    for conf in pathlib.Path(folder).glob("*/nginx.conf"):
        address = re.search(r"listen (\S+);", conf.read_text())
        try:
            with urllib.request.urlopen(f"http://{address[1]}/status", timeout=1) as answer:
                total += int(answer.read().split()[9])
        except (OSError, TypeError):
            return None
    return total


def spent(pid):
    """Microseconds of processor time of a process."""
    total = 0
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        total += int((task / "schedstat").read_text().split()[0])
    return total / 1000


def costs(pid, folder, still):
    """Microseconds of processor time for each request while there is load, seen from outside."""
    all, before = [], None
    while still():
        time.sleep(0.2)
        try:
            now = (spent(pid), asked(folder))
        except OSError:
            break
        # Other stretches start servers, or look at them.
        if before and None not in (before[1], now[1]) and now[1] - before[1] > 1000:
            all.append((now[0] - before[0]) / (now[1] - before[1]))
        before = now
    return statistics.median(all) if all else float("nan")


def static(options, folder):
    """Requests a second and microseconds of the client for each, of wrk and of farrier, round by round."""
    rows = []
    for number in range(options.rounds):
        own = pathlib.Path(folder, str(number))
        own.mkdir()
        script = stand_in(own)
        port = free_port()
        with Server([str(script), "-m", "gunicorn", "--bind", f"127.0.0.1:{port}"], port):
            theirs = wrk(port, options.seconds, pinned(0))
        for conf in own.glob("*/nginx.conf"):
            conf.unlink()
        more = ["--grid", "workers=1", "--connections", CONNECTIONS, "--budget", max(10, options.seconds * 3)]
        measured = []
        watch = lambda pid, still: measured.append(costs(pid, own, still))
        found = farrier(options, script, APP, "gunicorn app:app", *more, preexec=pinned(0), watch=watch)
        rows.append((theirs, (statistics.mean(median(one) for one in found["candidates"]), measured[0])))
    return rows


def real(options, python):
    """Requests a second that wrk and farrier see of Gunicorn's sync workers, round by round."""
    rows = []
    for _ in range(options.rounds):
        port = free_port()
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "app.py").write_text(APP)
            command = [python, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}", "--no-control-socket", "app:app"]
            with Server(command, port, folder=folder):
                theirs = wrk(port, options.seconds)
        more = ["--grid", "workers=2", "--connections", CONNECTIONS, "--budget", max(10, options.seconds * 3)]
        found = farrier(options, python, APP, "gunicorn -w 2 app:app", *more)
        rows.append((theirs, (statistics.mean(median(one) for one in found["candidates"]),)))
    return rows


def schedule(options, python, folder):
    """Send lag at 2,000 requests a second, and what a stall of a second does to p99."""
    folder = pathlib.Path(folder, "schedule")
    folder.mkdir()
    more = ["--grid", "workers=1", "--connections", CONNECTIONS, "--rate", 2000, "--budget", 14]
    found = farrier(options, stand_in(folder), APP, "gunicorn app:app", *more)
    lags = [one["scheduled"][0]["lag_ms"] for one in found["candidates"]]
    more = ["--grid", "workers=2", "--connections", 400, "--rate", 400, "--budget", 60]
    found = farrier(options, python, STALLS, "gunicorn -w 2 --threads 8 app:app", *more)
    stalled = [one["scheduled"][0]["p99_ms"] for one in found["candidates"]]
    return lags, stalled


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=5)
    options = parser.parse_args()
    options.farrier = os.path.abspath(options.farrier)
    for tool in ("wrk", "nginx"):
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin"):
            raise SystemExit(f"{tool} is missing: apt-get install wrk nginx-light")
    python = common.python(options.python)
    with tempfile.TemporaryDirectory() as folder:
        pages = static(options, folder)
        gunicorn = real(options, python)
        lags, stalled = schedule(options, python, folder)
    ratio = lambda rows, which: [own[which] / theirs[which] for theirs, own in rows]
    told = lambda values: f"{statistics.median(values):.2f} [{min(values):.2f}, {max(values):.2f}]"
    middle = lambda rows, whose, which: statistics.median(row[whose][which] for row in rows)
    cost, seen = ratio(pages, 1), ratio(gunicorn, 0)
    rows = [
        ["nginx: client, µs a request", *(f"{middle(pages, whose, 1):.1f}" for whose in (0, 1)), told(cost), "at most 1.2"],
        ["nginx: requests/s", *(f"{middle(pages, whose, 0):.0f}" for whose in (0, 1)), told(ratio(pages, 0)), ""],
        ["Gunicorn, sync: requests/s", *(f"{middle(gunicorn, whose, 0):.0f}" for whose in (0, 1)), told(seen), "at least 0.9"],
    ]
    text = table(["", "wrk", "farrier", "farrier / wrk", "bar"], rows)
    lag = statistics.median(lags)
    opened = [one or 0.0 for one in stalled]
    text += f"\n\n{options.rounds} rounds, {CONNECTIONS} connections; medians, and of the ratios the lowest and the highest round. "
    text += f"At 2,000 requests a second half of them are sent less than {lag:.3f} ms late (bar: 0.2 ms). Of a server that stalls for "
    text += f"a second every four, the schedule sees a p99 of {min(opened):.0f} ms at 400 requests a second."
    print(text)
    failed = []
    failed += ["the client costs too much"] if statistics.median(cost) > 1.2 else []
    failed += ["it sees too little of Gunicorn"] if statistics.median(seen) < 0.9 else []
    failed += ["it sends too late"] if lag > 0.2 else []
    failed += ["the stall does not show"] if min(opened) < 800 else []
    for one in failed:
        print(one)
    if options.write:
        verdict = "".join(f"\n\nOutside its bar: {one}." for one in failed)
        common.write("wrk", "The load generator beside wrk", f"{common.machine(python)}.\n\n{text}{verdict}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
