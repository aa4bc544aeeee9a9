"""What the drivers share: the words that a command gives a server, and work in a process of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import traceback

STAND_IN = """#!/bin/sh
printf '%s\\0' "$PWD" "$@" > "$RECORD"
env -0 > "$RECORD.env"
"""


def stand_ins(scratch, names):
    """Scripts of these names that only record how they are started."""
    os.mkdir(os.path.join(scratch, "bin"))
    for name in names:
        path = os.path.join(scratch, "bin", name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(STAND_IN)
        os.chmod(path, 0o755)


def recorded(case, scratch):
    """The folder, words and variables with which the command starts the server."""
    env = {"PATH": os.defpath, "HOME": scratch, "LANG": "C.UTF-8", **case["env"]}
    if "argv" in case:
        return case["folder"], case["argv"], env
    record = os.path.join(scratch, "record")
    for leftover in (record, record + ".env"):
        if os.path.exists(leftover):
            os.unlink(leftover)
    env["PATH"] = os.path.join(scratch, "bin") + ":/usr/local/bin:/usr/bin:/bin"
    env["RECORD"] = record
    done = subprocess.run(
        ["sh", "-c", case["shell"]], cwd=case["folder"], env=env, capture_output=True, text=True
    )
    if not os.path.exists(record):
        raise RuntimeError(f"the command did not start the server: {case['shell']}\n{done.stderr}")
    with open(record, encoding="utf-8") as file:
        folder, *argv = file.read().split("\0")[:-1]
    with open(record + ".env", encoding="utf-8") as file:
        pairs = (pair.split("=", 1) for pair in file.read().split("\0") if pair)
        env = {name: value for name, value in pairs if name not in {"RECORD", "_", "OLDPWD"}}
    return folder, argv, env


def in_child(work):
    """What `work` returns in a process of its own, and all that it printed there.

    Where it does not return, `stopped` is what it gave `sys.exit`, or `failed` says why.
    """
    read, write = os.pipe()
    said = tempfile.TemporaryFile()
    child = os.fork()
    if child == 0:
        os.close(read)
        os.dup2(said.fileno(), 1)
        os.dup2(said.fileno(), 2)
        # What goes on for ever is a mistake of its case.
        signal.alarm(60)
        try:
            result = work()
        except SystemExit as stop:
            result = {"stopped": stop.code}
        except BaseException:
            result = {"failed": traceback.format_exc()}
        sys.stdout.flush()
        sys.stderr.flush()
        with os.fdopen(write, "w", encoding="utf-8") as pipe:
            json.dump(result, pipe)
        os._exit(0)
    os.close(write)
    with os.fdopen(read, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    said.seek(0)
    result = json.loads(text) if text else {"failed": "the process ended without an answer"}
    result["said"] = said.read().decode(errors="replace")
    return result
