"""What supervisor itself makes of configurations: a list of cases on stdin, their programs on stdout."""

import json
import os
import shlex
import sys
import warnings

from supervisor import options


def read(case):
    os.environ.clear()
    os.environ.update(case["env"])
    os.chdir(case["folder"])
    warnings.simplefilter("ignore")
    server = options.ServerOptions()
    server.stderr = server.stdout = open(os.devnull, "w")
    try:
        server.realize(["-c", os.path.join(case["folder"], case["conf"])])
        return {"programs": [program(config) for group in server.process_group_configs for config in group.process_configs]}
    except (SystemExit, ValueError) as error:
        return {"refused": str(error)}


def words(command):
    try:
        return shlex.split(command)
    except ValueError:
        return None


def program(config):
    return {
        "name": config.name,
        "words": words(config.command),
        "environment": config.environment,
        "directory": config.directory,
        "stopsignal": config.stopsignal,
        "stopwaitsecs": config.stopwaitsecs,
    }


json.dump([read(case) for case in json.load(sys.stdin)], sys.stdout)
