"""Start commands the way Uvicorn, Hypercorn, Granian, Daphne and fastapi-cli do, up to the point where they listen.

Reads a JSON array of cases from standard input, writes a JSON array of answers in the same order. A case is
{"server", "folder", "shell", "env", "release"}. The command runs in a real shell, where stand-ins record the words,
the variables and the folder that the server would get; then the server's own code reads them, in a process of its
own per case. `release` is a folder with another release of the server, which comes before the installed one.
"""

import enum
import importlib
import json
import os
import pathlib
import sys
import tempfile

from started import in_child, recorded, stand_ins

NAMES = ["uvicorn", "hypercorn", "granian", "daphne", "fastapi"]


def plain(value):
    """A setting in JSON's terms; what has no such terms is told by its name."""
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value.value, str) else value.name
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, pathlib.PurePath):
        return str(value)
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return str(value)


class Reached(Exception):
    """The server would listen now."""


def reach(*_, **__):
    raise Reached


def uvicorn_config(words):
    """What `uvicorn.run` makes of its arguments."""
    import inspect

    import uvicorn
    from uvicorn.config import LOGGING_CONFIG

    known = inspect.signature(uvicorn.Config.__init__).parameters
    config = uvicorn.Config(**{name: value for name, value in words.items() if name in known})
    if words.get("http2"):
        sys.path.insert(0, ".")
        config.load()
    settings = {}
    for name, given in words.items():
        # The reloader turns its folders into whole paths.
        value = given if name.startswith("reload_") else getattr(config, name, given)
        if name == "log_config" and value is LOGGING_CONFIG:
            value = None
        if name == "log_level" and value is None:
            value = "info"
        if name == "headers":
            value = [":".join(header) for header in value or []]
        settings[name] = plain(value)
    return {"app": settings.pop("app"), "settings": settings}


def uvicorn(argv):
    import uvicorn.main  # noqa: F401

    # The package has a function of the module's name.
    module = sys.modules["uvicorn.main"]
    words = {}
    module.run = lambda app, **rest: words.update(rest, app=app)
    try:
        module.main(args=argv, prog_name="uvicorn")
    except SystemExit as stop:
        if stop.code not in (0, None):
            raise
    return uvicorn_config(words) if words else {"prints": True}


def fastapi(argv):
    import fastapi_cli.cli

    words = {}

    class Stand:
        @staticmethod
        def run(app, **rest):
            words.update(rest, app=app)

    fastapi_cli.cli.uvicorn = Stand
    sys.path.insert(0, ".")
    try:
        fastapi_cli.cli.app(argv)
    except SystemExit as stop:
        if stop.code not in (0, None):
            raise
    words.pop("log_config", None)
    return uvicorn_config(words) if words else {"prints": True}


def hypercorn(argv):
    import hypercorn.__main__
    import hypercorn.asyncio.run
    import hypercorn.run
    import types

    found = {}
    run = hypercorn.run.run
    hypercorn.__main__.run = lambda config: found.update(config=config) or 0
    sys.argv = ["hypercorn", *argv]
    hypercorn.__main__.main()
    config = found["config"]
    # Up to the first process.
    trio = types.ModuleType("hypercorn.trio.run")
    trio.trio_worker = reach
    sys.modules["hypercorn.trio"] = types.ModuleType("hypercorn.trio")
    sys.modules["hypercorn.trio.run"] = trio
    hypercorn.asyncio.run.asyncio_worker = hypercorn.asyncio.run.uvloop_worker = reach
    for name in ("write_pid_file", "load_application"):
        if hasattr(hypercorn.run, name):
            setattr(hypercorn.run, name, lambda *_: None)
    hypercorn.run.get_context = reach
    config.create_sockets = lambda: None
    try:
        run(config)
    except Reached:
        pass
    range(config.workers)
    for addresses in (config.bind, config.insecure_bind, config.quic_bind):
        for address in addresses:
            address.startswith("unix:")
    members = {name for kind in type(config).__mro__[:-1] for name in vars(kind)}
    members |= set(getattr(type(config), "__annotations__", {}))
    settings = {}
    for name in sorted(members):
        kind = getattr(type(config), name, None)
        if name.startswith("_") or name in {"application_path", "cert_reqs", "log", "ssl_enabled", "create_sockets"}:
            continue
        if callable(kind) and not isinstance(kind, (type, property)):
            continue
        settings[name] = plain(getattr(config, name, None))
    return {"app": config.application_path, "settings": settings}


def granian(argv):
    import granian.cli
    from granian.server import Server

    found = {}
    callback = granian.cli.cli.callback

    def keep(**params):
        found.update(params)
        return callback(**params)

    granian.cli.cli.callback = keep
    # Of what nobody gives, the server computes some.
    made = []
    make = Server.__init__

    def keep_made(self, *args, **words):
        make(self, *args, **words)
        made.append(self)

    Server.__init__ = keep_made
    Server._serve = Server._serve_with_reloader = lambda *_: None
    try:
        granian.cli.cli(args=argv, auto_envvar_prefix="GRANIAN", prog_name="granian")
    except SystemExit as stop:
        if stop.code not in (0, None):
            raise
    if not found:
        return {"prints": True}
    settings = {name: plain(value) for name, value in found.items()}
    settings.update({name: getattr(server, name) for server in made for name in ("backpressure", "blocking_threads")})
    return {"app": settings.pop("app"), "settings": settings}


def daphne(argv):
    from daphne.cli import CommandLineInterface

    class Stand:
        abort_start = False

        def __init__(self, **_):
            pass

        def run(self):
            pass

    command = CommandLineInterface()
    command.server_class = Stand
    found = {}
    parse = command.parser.parse_args

    def keep(words):
        found["args"] = parse(words)
        return found["args"]

    command.parser.parse_args = keep
    command.run(argv)
    settings = {name: plain(value) for name, value in vars(found["args"]).items()}
    return {"app": settings.pop("application"), "settings": settings}


def start(case, folder, argv, env):
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    # The console script puts its own folder first, never the current one.
    sys.path[0] = os.path.join(sys.prefix, "bin")
    if case.get("release"):
        sys.path.insert(0, case["release"])
    return globals()[case["server"]](argv)


def answer(case, scratch):
    folder, argv, env = recorded(case, scratch)
    result = in_child(lambda: start(case, folder, argv, env))
    if not result.get("stopped", True):
        return {"prints": True, "said": result["said"]}
    for why in {"stopped", "failed"} & result.keys():
        result["refused"] = str(result.pop(why))
    return result


# Imported once, so that every forked case finds them ready; none of them is the server, which may be another
# release.
READY = {
    "uvicorn": ["asyncio", "click", "dotenv", "h11", "ssl", "logging.config", "multiprocessing", "concurrent.futures"],
    "fastapi": ["fastapi", "typer", "rich.console", "rich.syntax", "rich_toolkit", "pydantic", "uvicorn", "httptools"],
    "hypercorn": ["asyncio", "argparse", "ssl", "h2.connection", "wsproto", "logging.config", "multiprocessing"],
    "granian": ["asyncio", "click", "json", "ssl", "multiprocessing", "watchfiles", "dotenv"],
    "daphne": ["argparse", "twisted.internet.asyncioreactor", "autobahn.websocket", "asgiref.sync", "ssl"],
}


def main():
    cases = json.load(sys.stdin)
    for name in {name for case in cases for name in READY[case["server"]]}:
        importlib.import_module(name)
    with tempfile.TemporaryDirectory() as scratch:
        stand_ins(scratch, NAMES)
        json.dump([answer(case, scratch) for case in cases], sys.stdout)


if __name__ == "__main__":
    main()
