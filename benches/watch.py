"""Whether the watchdog of `farrier measure` names the line that holds an event loop.

    cargo build --release
    python3 benches/watch.py                 # about two minutes
    python3 benches/watch.py --server asgi   # one of the servers

Four ways to hold a loop (a sleep, a read from a socket, a computation in Python and one in C), each by itself and all
together, on Uvicorn and two worker classes of Gunicorn; then plain overload, whose requests are many and short. The exit
code is 1 where fewer than 98 % of the reports name the right line, one of the ways is not found, or overload blames one.
"""

import argparse
import collections
import sys

import common
from common import table

WORK = """import time

def loop(seconds):
    end = time.process_time() + seconds
    n = 0
    while time.process_time() < end:
        n += 1
    return n
"""
APP = """import asyncio, socket, time
import bcrypt
import work
from fastapi import FastAPI

app = FastAPI()
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(100)
salt = bcrypt.gensalt(10)

@app.get("/sleep")
async def sleep():
    time.sleep(0.15)  # right: sleep

@app.get("/socket")
async def read():
    with socket.create_connection(listener.getsockname()) as peer:
        peer.settimeout(0.15)
        try:
            peer.recv(1)  # right: socket
        except TimeoutError:
            pass
    listener.accept()[0].close()

@app.get("/loop")
async def loop():
    work.loop(0.15)  # right: loop

@app.get("/hash")
async def hashed():
    bcrypt.hashpw(b"password", salt); bcrypt.hashpw(b"password", salt)  # right: hash

@app.get("/short")
async def short():
    work.loop(0.012)

@app.get("/thread")
async def thread():
    await asyncio.to_thread(work.loop, 0.05)

@app.get("/good")
async def good():
    await asyncio.sleep(0.05)
"""
SERVERS = {
    "uvicorn": "uvicorn app:app --workers 2 --log-level warning",
    "UvicornWorker": "gunicorn app:app -k uvicorn_worker.UvicornWorker",
    "asgi": "gunicorn app:app -k asgi",
}
WAYS = ["sleep", "socket", "loop", "hash"]


def right(line, ways):
    """Whether a report names a line of one of these ways."""
    if line["path"].endswith("work.py"):
        # The loop itself, below the handler's line.
        return "loop" in ways and "while" in WORK.splitlines()[line["line"] - 1] + WORK.splitlines()[line["line"] - 2]
    if not line["path"].endswith("app.py"):
        return False
    text = APP.splitlines()[line["line"] - 1]
    return any(text.endswith(f"# right: {way}") for way in ways)


def watched(options, python, server, paths):
    urls = [word for path in paths for word in ("--path", path)]
    files = {"app.py": APP, "work.py": WORK, "Procfile": f"web: {SERVERS[server]}\n"}
    return common.run(options.farrier, python, files, "--stalls", "only", *urls)["stalls"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.add_argument("--server", choices=SERVERS)
    options = parser.parse_args()
    python = common.python(options.python)
    rows, failed = [], []
    good = every = 0
    for server in [options.server] if options.server else SERVERS:
        for ways in [*([way] for way in WAYS), WAYS]:
            found = watched(options, python, server, [f"/{way}" for way in ways])
            counts = collections.Counter()
            for line in found["lines"]:
                counts[right(line, ways)] += line["times"]
                if not right(line, ways):
                    print(f"{server}, {' '.join(ways)}: {line['path']}:{line['line']} {line['kind']} {line['times']} times")
            good, every = good + counts[True], every + counts.total()
            missed = [way for way in ways if not any(right(line, [way]) for line in found["lines"])]
            failed += [f"{server}: {way} is not found" for way in missed]
            rows.append([server, ", ".join(ways), counts.total(), counts[True], found["late"]])
        found = watched(options, python, server, ["/short", "/thread", "/good"])
        blamed = sum(line["times"] for line in found["lines"])
        failed += [f"{server}: overload blames a line"] if blamed else []
        rows.append([server, "overload", blamed, "", found["late"]])
    share = good / max(1, every)
    failed += [f"{share:.1%} of the reports are right"] if share < 0.98 else []
    text = table(["server", "what holds the loop", "reports", "right", "late without a line"], rows)
    text += f"\n\n{good} of {every} reports name the right line: {share:.1%} (bar: 98 %)."
    print(text)
    for one in failed:
        print(one)
    if options.write:
        verdict = "".join(f"\n\nOutside its bar: {one}." for one in failed)
        common.write("watch", "The watchdog of event loops", f"{common.machine(python)}.\n\n{text}{verdict}")
    sys.exit(bool(failed))


if __name__ == "__main__":
    main()
