"""Load configurations the way Gunicorn does, and say what it made of every setting.

Reads a JSON array of cases from standard input, writes a JSON array of answers in the same order.
A case is {"folder", "shell" or "argv", "env"}. A shell command runs in a real shell, where a stand-in
named `gunicorn` records the words, the variables and the folder that Gunicorn would get. Every case is
loaded in a process of its own, because Gunicorn reads some variables when it is imported. No
application is loaded and no socket is bound.
"""

import enum
import json
import os
import sys
import tempfile

# Imported once here, so that every forked case finds them ready. Gunicorn itself must not be.
import argparse  # noqa: F401
import asyncio  # noqa: F401
import copy  # noqa: F401
import glob  # noqa: F401
import importlib.metadata  # noqa: F401
import inspect  # noqa: F401
import ipaddress  # noqa: F401
import logging.config  # noqa: F401
import multiprocessing  # noqa: F401
import pathlib  # noqa: F401
import shlex  # noqa: F401
import socket  # noqa: F401
import ssl  # noqa: F401
import textwrap  # noqa: F401

from started import in_child, recorded, stand_ins


def plain(value):
    """A setting in JSON's terms; what has no such terms is told by its name."""
    if isinstance(value, enum.Enum):
        return {"enum": value.name, "number": int(value)}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    if callable(value):
        return {"callable": getattr(value, "__name__", "?")}
    return str(value)


def load(folder, argv, env):
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["gunicorn", *argv]
    # The console script puts its own folder first, never the current one.
    sys.path[0] = os.path.join(sys.prefix, "bin")
    from gunicorn.app.wsgiapp import WSGIApplication
    from gunicorn.config import KNOWN_SETTINGS

    application = WSGIApplication("%(prog)s [OPTIONS] [APP_MODULE]", prog="gunicorn")
    config = application.cfg
    # The arbiter does these first; a value it cannot use stops it there.
    _ = config.address
    defaults = {setting.name: setting.default for setting in KNOWN_SETTINGS}
    settings = {}
    for name, setting in config.settings.items():
        value = setting.get()
        answer = {"value": plain(value)}
        if callable(value) and not isinstance(value, type):
            answer["hook"] = getattr(value, "__code__", value) is not getattr(
                defaults[name], "__code__", defaults[name]
            )
        settings[name] = answer
    # Looked up when a file is sent, not when it is configured.
    if settings["sendfile"]["value"] is None and "SENDFILE" in env:
        settings["sendfile"]["value"] = config.sendfile
    return {"settings": settings, "class": config.worker_class_str, "app": application.app_uri}


def answer(case, scratch):
    folder, argv, env = recorded(case, scratch)
    result = in_child(lambda: load(folder, argv, env))
    for why in {"stopped", "failed"} & result.keys():
        result["refused"] = str(result.pop(why))
    return result


def main():
    cases = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as scratch:
        stand_ins(scratch, ["gunicorn"])
        json.dump([answer(case, scratch) for case in cases], sys.stdout)


if __name__ == "__main__":
    main()
