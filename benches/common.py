"""What the scripts that measure `farrier measure` share: a Python with the servers, a run as JSON, and the page they write.

The environment is made once, below `target/bench-python`; without a connection to a package index `--python` names another.
"""

import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "measure-measured.md"
PACKAGES = [
    "bcrypt==5.0.0", "fastapi==0.165.0", "flask", "gevent==26.9.0", "gunicorn==27.0.1", "packaging", "setproctitle",
    "uvicorn==0.54.0", "uvicorn-worker==0.4.0", "uvloop==0.23.0",
]
HEAD = """# `farrier measure`, measured

Written by the scripts in `benches`, each of which fills its own part with `--write`; never by hand. The numbers of a part
come from one machine in one sitting. What an article says was measured on other machines, most of it with longer waits:
shapes and ratios are to be compared, not requests a second.
"""


def arguments(parser):
    parser.add_argument("--farrier", default=str(ROOT / "target/release/farrier"))
    parser.add_argument("--python", help="one with gunicorn, gevent, uvicorn-worker, fastapi and flask; made if not given")
    parser.add_argument("--write", action="store_true", help="put the result into docs/measure-measured.md")


def python(named=None):
    """The interpreter of the environment, made where there is none yet."""
    if named:
        return os.path.abspath(named)
    folder = ROOT / "target" / "bench-python"
    found = folder / "bin" / "python"
    complete = folder / "complete"
    if not complete.exists() or complete.read_text() != "\n".join(PACKAGES):
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [found, "-m", "pip", "--disable-pip-version-check", "install", "--quiet"]
        subprocess.run([*pip, *PACKAGES], check=True)
        complete.write_text("\n".join(PACKAGES))
    return str(found)


def run(farrier, python, files, *options, fails=False):
    """What a run says as JSON, of a project of these files; with `fails` what it says instead where there is none."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files.items():
            pathlib.Path(folder, name).write_text(text)
        command = [farrier, "measure", folder, "--format", "json", "--python", python, *map(str, options)]
        said = subprocess.run(command, capture_output=True, text=True)
    if not said.stdout.startswith("{"):
        if fails:
            return said.stderr or said.stdout
        raise SystemExit(f"{' '.join(command)}: {said.stderr or said.stdout}")
    return json.loads(said.stdout)


def by_label(found):
    return {one["label"]: one for one in found["candidates"]}


def median(one):
    return one["requests_per_second"]["median"]


def spread(one):
    """The rate with its interval, for a cell."""
    rate = one["requests_per_second"]
    low, high = (rate[end] if rate[end] is not None else rate["median"] for end in ("low", "high"))
    digits = 1 if rate["median"] < 100 else 0
    return f"{rate['median']:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def machine(python):
    """What was measured with, in one line."""
    ask = (
        "import gunicorn, uvicorn, fastapi, platform;"
        "print(f'Gunicorn {gunicorn.__version__}, Uvicorn {uvicorn.__version__}, FastAPI {fastapi.__version__}, '"
        "f'Python {platform.python_version()}')"
    )
    versions = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    return f"{versions} on {len(os.sched_getaffinity(0))} cores of {platform.machine()}"


def table(names, rows):
    line = lambda cells: "| " + " | ".join(str(cell) for cell in cells) + " |"
    return "\n".join([line(names), "|" + "---|" * len(names), *(line(row) for row in rows)])


def write(name, title, text):
    """Puts a part into the page, in place of the one of the same name."""
    page = PAGE.read_text() if PAGE.exists() else HEAD
    begin, end = f"<!-- {name} -->\n", f"<!-- end of {name} -->\n"
    part = f"{begin}\n## {title}\n\n{text.strip()}\n\n{end}"
    if begin in page:
        page = page[: page.index(begin)] + part + page[page.index(end) + len(end) :]
    else:
        page = page.rstrip("\n") + "\n\n" + part
    PAGE.write_text(page)
