"""How often `farrier measure` sees a difference between a configuration and itself.

    cargo build --release
    python3 benches/same.py                    # 20 runs of 15 s
    python3 benches/same.py --busy --runs 5    # with two busy loops beside it: nothing may be ranked

Twenty runs may call at most one of them better or worse.
"""

import argparse
import collections
import json
import pathlib
import subprocess
import sys
import tempfile

import common

APP = """import time

def app(environ, start_response):
    time.sleep(0.005)
    sum(number * number for number in range(5000))
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "2")])
    return [b"ok"]
"""
LOOP = "while True: pass"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    common.arguments(parser)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--budget", default="15")
    parser.add_argument("--busy", action="store_true")
    wanted = parser.parse_args()
    python = common.python(wanted.python)
    verdicts = collections.Counter()
    told, ratios = 0, []
    beside = [subprocess.Popen([sys.executable, "-c", LOOP]) for _ in range(2 if wanted.busy else 0)]
    try:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "app.py").write_text(APP)
            (folder / "Procfile").write_text("web: gunicorn app:app\n")
            files = [folder / "one.conf.py", folder / "other.conf.py"]
            for file in files:
                file.write_text("workers = 2\nthreads = 4\n")
            command = [wanted.farrier, "measure", str(folder), "--python", python, "--format", "json"]
            command += ["--budget", wanted.budget, "--one-connection", "off", "--stalls", "off"]
            command += ["--compare", *map(str, files)]
            for number in range(wanted.runs):
                found = json.loads(subprocess.run(command, capture_output=True, text=True).stdout)
                one = found["comparisons"][0]
                told += any("other processes" in warning for warning in found["warnings"])
                verdicts[one["verdict"]] += 1
                ratio = one["ratio"]
                ratios.append(ratio["median"])
                print(f"{number + 1:3}  {one['verdict']:12}  {ratio['median']:.3f} [{ratio['low']:.3f}, {ratio['high']:.3f}]", flush=True)
    finally:
        for process in beside:
            process.kill()
    wrong = verdicts["better"] + verdicts["worse"]
    named = ", ".join(f"{count} times {verdict}" for verdict, count in verdicts.most_common())
    text = f"{wanted.runs} runs of {wanted.budget} s: {named}; {told} say that other processes used the machine. "
    text += f"The medians of the ratio lie between {min(ratios):.3f} and {max(ratios):.3f}."
    print(f"\n{text}")
    if wanted.write:
        beside = ", with two busy loops beside it" if wanted.busy else ""
        name, title = ("busy" if wanted.busy else "same"), f"One configuration against itself{beside}"
        bar = "all say so, and none is ranked" if wanted.busy else "at most one better or worse in twenty"
        common.write(name, title, f"{common.machine(python)}.\n\n{text} Bar: {bar}.")
    most = 0 if wanted.busy else max(1, wanted.runs // 20)
    sys.exit(wrong > most or wanted.busy and told < wanted.runs)


if __name__ == "__main__":
    main()
