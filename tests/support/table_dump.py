"""Say which settings a release of a server has, as its own code declares them.

Reads a JSON array of {"server", "release"} from standard input, where `release` is a folder with that release, or
null for the installed one; writes a JSON array of answers in the same order. An answer lists the settings by name:
{"flags", "off_flags", "default", "kind", "many", "takes_value", "choices"}. What a server has no word for is absent.
"""

import argparse
import enum
import inspect
import json
import os
import pathlib
import sys
import traceback


def plain(value):
    if isinstance(value, enum.Enum):
        return value.value if isinstance(value.value, str) else int(value)
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, pathlib.PurePath):
        return str(value)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, type):
        return f"{value.__module__}.{value.__qualname__}"
    return {"object": str(value)}


def of_click(command):
    """The options of a click command."""
    import click

    settings = {}
    with click.Context(command) as context:
        for param in command.params:
            if not isinstance(param, click.Option) or not param.expose_value:
                continue
            default = param.get_default(context)
            if type(default).__name__ == "Sentinel":
                default = None
            entry = {
                "flags": param.opts,
                "off_flags": param.secondary_opts,
                "default": plain(default() if callable(default) else default),
                "kind": param.type.name,
                "many": param.multiple,
                "takes_value": not param.is_flag,
            }
            if isinstance(param.type, click.Choice):
                entry["choices"] = [plain(choice) for choice in param.type.choices]
                entry["exact"] = param.type.case_sensitive
            for bound in ("min", "max"):
                entry[bound] = getattr(param.type, bound, None)
            settings[param.name] = entry
    return settings


def of_argparse(parser):
    """The options of a parser of the standard library; several of them may set one thing."""
    settings = {}
    for action in parser._actions:
        if not action.option_strings or isinstance(action, (argparse._HelpAction, argparse._VersionAction)):
            continue
        entry = settings.setdefault(action.dest, {"flags": [], "off_flags": []})
        if isinstance(action, argparse._StoreConstAction) and not isinstance(action, argparse._StoreTrueAction):
            entry["off_flags"] += action.option_strings
            continue
        entry["flags"] += action.option_strings
        entry["default"] = plain(action.default)
        entry["kind"] = getattr(action.type, "__name__", "text") if action.type else "text"
        entry["many"] = isinstance(action, argparse._AppendAction)
        entry["takes_value"] = action.nargs != 0
    return settings


def gunicorn():
    from gunicorn.config import KNOWN_SETTINGS

    settings = {}
    for setting in KNOWN_SETTINGS:
        validator = setting.validator
        default = setting.default
        settings[setting.name] = {
            "flags": list(setting.cli or []),
            "off_flags": [],
            "default": {"object": "hook"} if inspect.isfunction(getattr(default, "__wrapped__", default)) else plain(default),
            "kind": getattr(validator, "__name__", type(validator).__name__),
            "many": setting.action == "append",
            "takes_value": setting.action in (None, "store", "append"),
        }
    return settings


def uvicorn():
    import uvicorn.main  # noqa: F401

    settings = of_click(sys.modules["uvicorn.main"].main)
    return settings


def granian():
    import granian.cli

    return of_click(granian.cli.cli)


def daphne():
    from daphne.cli import CommandLineInterface

    return of_argparse(CommandLineInterface().parser)


def hypercorn():
    import hypercorn.__main__
    from hypercorn.config import Config

    kept = {}

    def keep(parser, *_):
        kept["parser"] = parser
        raise SystemExit(0)

    argparse.ArgumentParser.parse_args = keep
    try:
        hypercorn.__main__.main([])
    except SystemExit:
        pass
    # Options go by what they set in the configuration.
    renamed = {
        "access_log": "accesslog", "access_logfile": "accesslog", "access_logformat": "access_log_format",
        "binds": "bind", "error_log": "errorlog", "error_logfile": "errorlog", "insecure_binds": "insecure_bind",
        "keep_alive": "keep_alive_timeout", "log_config": "logconfig", "log_level": "loglevel", "pid": "pid_path",
        "quic_binds": "quic_bind", "reload": "use_reloader",
    }
    options = {}
    for name, entry in of_argparse(kept["parser"]).items():
        known = options.setdefault(renamed.get(name, name), entry)
        if known is not entry:
            known["flags"] += entry["flags"]
    members = {name for name in vars(Config) if not name.startswith("_")} | set(Config.__annotations__)
    settings = {}
    for name in members:
        kind = getattr(Config, name, None)
        if name.startswith("_") or name in {"application_path", "log", "ssl_enabled", "create_sockets"}:
            continue
        if callable(kind) and not isinstance(kind, (type, property)) or isinstance(vars(Config).get(name), classmethod):
            continue
        default = None if name == "cert_reqs" else getattr(Config(), name, None)
        settings[name] = {"flags": [], "off_flags": [], "many": False, "takes_value": True, "kind": "any"}
        settings[name].update(options.get(name, {}))
        settings[name]["default"] = plain(default)
    settings["config"] = {**options["config"], "default": None}
    return settings


def answer(case):
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        sys.path[0] = os.path.join(sys.prefix, "bin")
        if case["release"]:
            sys.path.insert(0, case["release"])
        try:
            result = {"settings": globals()[case["server"]]()}
        except BaseException:
            result = {"failed": traceback.format_exc()}
        with os.fdopen(write, "w", encoding="utf-8") as pipe:
            json.dump(result, pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"failed": "the process ended without an answer"}


if __name__ == "__main__":
    # Gunicorn asks a module of setuptools for entry points up to 20.1, which newer ones no longer bring.
    class Absent:
        def __getattr__(self, name):
            raise AttributeError(name)

    sys.modules.setdefault("pkg_resources", Absent())
    json.dump([answer(case) for case in json.load(sys.stdin)], sys.stdout)
