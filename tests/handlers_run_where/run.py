"""Serves a project, sends it the requests of its list, and prints where each of its functions ran.

python run.py LIST

The list of requests stands in the folder of the project. Its first line says how to serve it: `asgi`, `wsgi`, `aiohttp` or `tornado`, and what. Every further
line is a request: a method, a path, and for some a body; `WS` opens a web socket and sends what follows, `WAIT` waits
for as many seconds. A function tells of itself by calling `note()` of the module `where`, which this script provides.
"""

import asyncio
import collections
import http.client
import importlib
import json
import os
import socket
import sys
import threading
import time
import types

folder, name = os.path.split(os.path.abspath(sys.argv[1]))
os.chdir(folder)
sys.path.insert(0, folder)
with open(name, encoding="utf-8") as lines:
    first, *requests = [line.rstrip("\n") for line in lines if line.strip()]
kind, target = first.split()

seen = collections.defaultdict(set)
loop = None
serving = False
failures = []


def alone():
    """The thread of what is thread-sensitive and belongs to no request."""
    sync = sys.modules.get("asgiref.sync")
    return sync.SyncToAsync.single_thread_executor._threads if sync else ()


def context():
    running = asyncio._get_running_loop()
    if running is not None:
        if running is not loop:
            return "own loop"
        return "loop" if serving else "start-up"
    if threading.current_thread() is threading.main_thread():
        return "worker" if serving else "start-up"
    name = threading.current_thread().name
    if name.startswith("AnyIO"):
        return "AnyIO thread"
    if name.startswith("asyncio_"):
        return "executor thread"
    if threading.current_thread() in alone():
        return "thread of the process"
    return "request thread"


def note():
    name = sys._getframe(1).f_code.co_qualname.replace(".<locals>", "")
    seen[name].add(context())


where = types.ModuleType("where")
where.note = note
sys.modules["where"] = where

with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]


def load():
    module, attribute = target.split(":")
    return getattr(importlib.import_module(module), attribute)


def send(line):
    method, _, rest = line.partition(" ")
    if method == "WAIT":
        time.sleep(float(rest))
        return
    path, _, body = rest.partition(" ")
    if method == "WS":
        from websockets.sync.client import connect

        with connect(f"ws://127.0.0.1:{port}{path}") as channel:
            channel.send(body)
            channel.recv(timeout=10)
        return
    if method == "SIO":
        import socketio

        with socketio.SimpleClient() as client:
            client.connect(f"http://127.0.0.1:{port}", transports=["websocket"], namespace=path)
            for event in body.split():
                client.emit(event, {})
            time.sleep(0.5)
        return
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    headers = {"Content-Type": "application/json"} if body else {}
    connection.request(method, path, body or None, headers)
    answer = connection.getresponse()
    answer.read()
    if answer.status in (404, 405, 422):
        failures.append(f"{line}: {answer.status}")


def drive(stop):
    global serving
    for _ in range(200):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            break
        except OSError:
            time.sleep(0.05)
    serving = True
    try:
        for line in requests:
            send(line)
    except Exception as error:
        failures.append(f"{line}: {error!r}")
    finally:
        serving = False
        stop()


async def until(stopping):
    while not stopping.is_set():
        await asyncio.sleep(0.05)


def asgi():
    import uvicorn

    async def serve():
        global loop
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(load(), port=port, log_level="error", timeout_graceful_shutdown=2)
        server = uvicorn.Server(config)

        def stop():
            server.should_exit = True

        threading.Thread(target=drive, args=(stop,), daemon=True).start()
        await server.serve()

    asyncio.run(serve())


def wsgi():
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_):
            pass

    server = make_server("127.0.0.1", port, load(), handler_class=Quiet)
    threading.Thread(target=drive, args=(server.shutdown,), daemon=True).start()
    server.serve_forever(poll_interval=0.05)


def aiohttp():
    from aiohttp import web

    async def serve():
        global loop
        loop = asyncio.get_running_loop()
        stopping = threading.Event()
        runner = web.AppRunner(load())
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", port).start()
        threading.Thread(target=drive, args=(stopping.set,), daemon=True).start()
        await until(stopping)
        await runner.cleanup()

    asyncio.run(serve())


def tornado():
    async def serve():
        global loop
        loop = asyncio.get_running_loop()
        stopping = threading.Event()
        load().listen(port, "127.0.0.1")
        threading.Thread(target=drive, args=(stopping.set,), daemon=True).start()
        await until(stopping)

    asyncio.run(serve())


{"asgi": asgi, "wsgi": wsgi, "aiohttp": aiohttp, "tornado": tornado}[kind]()
print(json.dumps({"seen": {name: sorted(ran) for name, ran in sorted(seen.items())}, "failures": failures}))
