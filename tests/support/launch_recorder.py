"""Runs Python programs up to the point where a server would listen, and records what it was given.

Reads a JSON array of cases from standard input, writes a JSON array of answers in the same order. A case is
{"folder", "argv", "env", "paths", "scripts"}: `argv` is what stands behind `python`, or the name of one of `scripts`
(name to `module:function`); `paths` are folders with further packages. The real packages run, with nothing replaced
but the functions that would open sockets, start processes or take the place of this one. An answer has "launches",
one for each server that was started, and what ended the program.
"""

import contextlib
import importlib
import importlib.util
import json
import os
import runpy
import shlex
import subprocess
import sys
import traceback

import server_loader
from server_loader import plain
from started import in_child

UVICORN = """host port uds fd loop http ws ws_max_size ws_max_queue ws_ping_interval ws_ping_timeout ws_per_message_deflate
    lifespan interface reload workers log_level access_log use_colors proxy_headers server_header date_header
    forwarded_allow_ips root_path limit_concurrency backlog limit_max_requests limit_max_requests_jitter timeout_keep_alive
    timeout_graceful_shutdown timeout_worker_healthcheck ssl_keyfile ssl_certfile factory""".split()

GUNICORN = """bind workers threads timeout graceful_timeout keepalive max_requests max_requests_jitter preload_app loglevel
    accesslog errorlog reload worker_connections backlog forwarded_allow_ips limit_request_line worker_tmp_dir worker_class daemon
    pidfile wsgi_app sendfile reuse_port capture_output""".split()

HYPERCORN = """bind insecure_bind workers worker_class backlog keep_alive_timeout keep_alive_max_requests graceful_timeout
    shutdown_timeout read_timeout max_requests max_app_queue_size loglevel accesslog errorlog root_path use_reloader debug
    h11_max_incomplete_size""".split()

GRANIAN = {
    "host": "bind_addr", "port": "bind_port", "interface": "interface", "workers": "workers",
    "runtime_threads": "runtime_threads", "runtime_mode": "runtime_mode", "loop": "loop", "http": "http",
    "websockets": "websockets", "backlog": "backlog", "log_level": "log_level", "log_access_enabled": "log_access",
    "respawn_failed_workers": "respawn_failed_workers", "reload": "reload_on_changes", "factory": "factory",
    "url_path_prefix": "url_path_prefix", "workers_lifetime": "workers_lifetime",
    "workers_kill_timeout": "workers_kill_timeout", "process_name": "process_name",
}

SERVERS = ["gunicorn", "uvicorn", "hypercorn", "granian"]


class Replaced(BaseException):
    """Another program takes the place of this one."""


class Recorder:
    def __init__(self, folder):
        self.folder = os.path.realpath(folder)
        self.launches = []

    def add(self, server, settings, app):
        launch = {"server": server, "settings": settings}
        if isinstance(app, str):
            launch["app"] = app
            launch["folder"] = self.folder_of(app)
        else:
            launch["objects"] = self.names_of(app)
        self.launches.append(launch)

    def folder_of(self, app):
        """The folder that the application would be imported from, relative to the project."""
        module = app.split(":")[0]
        sys.path.insert(0, "")
        try:
            spec = importlib.util.find_spec(module)
        except (ImportError, ValueError):
            spec = None
        finally:
            sys.path.pop(0)
        if spec is None or not spec.origin:
            return None
        where = os.path.realpath(spec.origin)
        up = len(module.split(".")) + (1 if os.path.basename(where) == "__init__.py" else 0)
        for _ in range(up):
            where = os.path.dirname(where)
        relative = os.path.relpath(where, self.folder)
        return "" if relative == "." else relative

    def names_of(self, app):
        found = []
        for name, module in list(sys.modules.items()):
            path = getattr(module, "__file__", None) or ""
            if not os.path.realpath(path).startswith(self.folder):
                continue
            if name == "__main__":
                name = os.path.splitext(os.path.basename(path))[0]
            with contextlib.suppress(Exception):
                found += [f"{name}:{key}" for key, value in vars(module).items() if value is app]
        return sorted(set(found))


def patch(recorder):
    patch_uvicorn(recorder)
    patch_hypercorn(recorder)
    patch_granian(recorder)
    patch_gunicorn(recorder)
    patch_processes(recorder)


def patch_uvicorn(recorder):
    import uvicorn
    import uvicorn.main
    import uvicorn.server
    import uvicorn.supervisors

    main = sys.modules["uvicorn.main"]

    def record(config, single):
        settings = {name: plain(getattr(config, name)) for name in UVICORN}
        if settings["log_level"] is None:
            settings["log_level"] = "info"
        if single:
            settings.update(workers=1, reload=False)
        recorder.add("uvicorn", settings, config.app)

    def run(self, sockets=None):
        self.started = True
        record(self.config, not getattr(self.config, "by_run", False))

    async def serve(self, sockets=None):
        run(self)

    def supervise(self):
        record(self.config, False)

    uvicorn.server.Server.run = run
    uvicorn.server.Server.serve = serve
    for name in ("Multiprocess", "ChangeReload"):
        getattr(main, name).run = supervise
    uvicorn.config.Config.bind_socket = lambda self: None
    uvicorn.config.Config.load_app = lambda self: setattr(self, "by_run", True)


def patch_hypercorn(recorder):
    import hypercorn.asyncio
    import hypercorn.run

    def record(config, single, app):
        settings = {name: plain(getattr(config, name)) for name in HYPERCORN}
        if single:
            settings.update(workers=1, use_reloader=False)
        recorder.add("hypercorn", settings, app)

    async def serve(app, config, **_):
        record(config, True, app)

    def run(config):
        record(config, False, config.application_path)
        return 0

    hypercorn.asyncio.serve = serve
    hypercorn.run.run = run


def patch_granian(recorder):
    import granian.server.common
    import granian.server.embed

    def serve(self, *_, **__):
        settings = {name: plain(getattr(self, attribute)) for name, attribute in GRANIAN.items()}
        recorder.add("granian", settings, self.target)

    async def serve_on_loop(self, *_, **__):
        serve(self)

    granian.server.common.AbstractServer.serve = serve
    granian.server.embed.Server.serve = serve_on_loop


def patch_gunicorn(recorder):
    import gunicorn.app.base
    import gunicorn.arbiter

    def run(self):
        settings = {name: plain(self.cfg.settings[name].get()) for name in GUNICORN}
        app = getattr(self.app, "app_uri", None)
        for name in ("application", "app"):
            app = getattr(self.app, name, None) if app is None else app
        if app is None:
            with contextlib.suppress(Exception):
                app = self.app.load()
        recorder.add("gunicorn", settings, app)

    gunicorn.arbiter.Arbiter.run = run
    gunicorn.arbiter.Arbiter.setup = lambda self, app: setattr(self, "cfg", app.cfg)
    gunicorn.arbiter.Arbiter.__init__ = lambda self, app: self.__dict__.update(app=app, cfg=app.cfg)


def patch_processes(recorder):
    real = {"run": subprocess.run, "Popen": subprocess.Popen}

    def words_of(args, shell):
        if isinstance(args, str):
            return shlex.split(args) if shell else [args]
        return [os.fspath(word) for word in args]

    def through(words, env=None, cwd=None):
        """Records a server that a list of words starts; its own command reads them, in a process of its own."""
        words = list(words)
        env = dict(os.environ if env is None else env)
        while words and ("=" in words[0] and not words[0].startswith("-") or words[0] in ("exec", "env")):
            if "=" in words[0]:
                name, value = words[0].split("=", 1)
                env[name] = value
            words.pop(0)
        if not words:
            return False
        if words[0] == sys.executable or os.path.basename(words[0]).startswith("python"):
            if words[1:2] != ["-m"]:
                return False
            words = words[2:]
        server = os.path.basename(words[0])
        if server not in SERVERS:
            return False
        recorder.launches.append(apart(server, words[1:], env, cwd or os.getcwd(), recorder))
        return True

    def run(args, *rest, shell=False, env=None, cwd=None, **named):
        if through(words_of(args, shell), env, cwd):
            return subprocess.CompletedProcess(args, 0, b"", b"")
        return real["run"](args, *rest, shell=shell, env=env, cwd=cwd, **named)

    class Process:
        def __init__(self, args, *_, shell=False, env=None, cwd=None, **__):
            through(words_of(args, shell), env, cwd)
            self.pid, self.returncode, self.stdout, self.stderr = 1, 0, None, None

        def wait(self, *_, **__):
            return 0

        def __enter__(self):
            return self

        def __exit__(self, *_):
            return None

        terminate = kill = poll = communicate = send_signal = wait

    def replace(words, env=None):
        if through(words, env):
            raise Replaced
        raise OSError(f"nobody knows {words}")

    subprocess.run = run
    subprocess.call = subprocess.check_call = lambda *args, **named: run(*args, **named).returncode
    subprocess.Popen = Process
    os.execvp = os.execv = lambda file, args: replace([file, *args[1:]])
    os.execvpe = os.execve = lambda file, args, env: replace([file, *args[1:]], env)
    os.execlp = os.execl = lambda file, *args: replace([file, *args[1:]])
    os.system = lambda text: 0 if through(shlex.split(text)) else 1


def apart(server, argv, env, cwd, recorder):
    """What a server's own command makes of words."""

    def work():
        os.chdir(cwd)
        os.environ.clear()
        os.environ.update(env)
        if server == "gunicorn":
            for name in [name for name in sys.modules if name.split(".")[0] == "gunicorn"]:
                del sys.modules[name]
            import gunicorn.app.wsgiapp

            sys.argv = ["gunicorn", *argv]
            own = Recorder(recorder.folder)
            patch_gunicorn(own)
            gunicorn.app.wsgiapp.run()
            return own.launches[0]
        found = getattr(server_loader, server)(argv)
        return {"server": server, "settings": found["settings"], "app": found["app"], "folder": recorder.folder_of(found["app"])}

    return in_child(work)


def play(case):
    def work():
        os.chdir(case["folder"])
        os.environ.clear()
        os.environ.update({"HOME": case["folder"], "LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", **case["env"]})
        sys.path[:0] = case["paths"]
        recorder = Recorder(case["folder"])
        patch(recorder)
        first, *rest = case["argv"]
        ended = None
        try:
            if first in case["scripts"]:
                module, function = case["scripts"][first].split(":")
                sys.path[0:0] = [case["folder"], os.path.join(case["folder"], "src")]
                sys.argv = [first, *rest]
                target = importlib.import_module(module)
                for part in function.split("."):
                    target = getattr(target, part)
                target()
            elif first == "-m":
                sys.path.insert(0, case["folder"])
                sys.argv = rest
                runpy.run_module(rest[0], run_name="__main__", alter_sys=True)
            else:
                sys.path.insert(0, os.path.dirname(os.path.abspath(first)))
                sys.argv = [first, *rest]
                runpy.run_path(first, run_name="__main__")
        except Replaced:
            pass
        except SystemExit as stop:
            ended = None if stop.code in (0, None) else f"exits with {stop.code}"
        except BaseException:
            ended = traceback.format_exc()
        return {"launches": recorder.launches, "ended": ended}

    return in_child(work)


def main():
    cases = json.load(sys.stdin)
    # Not Gunicorn, whose defaults come from the variables that are there when it is imported.
    for name in ("uvicorn", "hypercorn.asyncio", "granian.server", "typer", "pydantic"):
        importlib.import_module(name)
    json.dump([play(case) for case in cases], sys.stdout)


if __name__ == "__main__":
    main()
