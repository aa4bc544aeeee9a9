"""How time and memory grow with the size of a Rust workspace, beside `rustfmt --check` on the same files.

    cargo build --release
    python3 benches/scale_rust.py                  # prints the table for workspaces of three sizes
    python3 benches/scale_rust.py --write          # and writes it into README.md
    python3 benches/scale_rust.py --tree FOLDER    # the same for a project that exists

A workspace is made of the services in `fixtures/rust`, again and again under other names: eight frameworks, and crates
that others use. rustfmt reads the same syntax and looks at one file at a time; it follows no call. The two run in turns.
"""

import argparse
import pathlib
import re
import shutil
import statistics
import tempfile

from scale import README, ROOT, run

BEGIN, END = "<!-- scale-rust: written by benches/scale_rust.py -->", "<!-- end of scale-rust -->"
FIXTURES = ROOT / "fixtures" / "rust"
SIZES = [10_000, 50_000, 250_000]


def make(folder, lines):
    """Writes a workspace of about so many lines."""
    packages = sorted(path.parent.name for path in FIXTURES.glob("*/Cargo.toml"))
    texts = [path for name in packages for path in (FIXTURES / name).rglob("*") if path.suffix in (".rs", ".toml")]
    each = sum(path.read_text().count("\n") for path in texts if path.suffix == ".rs")
    named = re.compile(r"\b(" + "|".join(packages) + r")\b")
    copies = max(1, round(lines / each))
    for number in range(copies):
        for path in texts:
            package, *rest = path.relative_to(FIXTURES).parts
            to = folder.joinpath(f"{package}{number}", *rest)
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_text(named.sub(rf"\g<1>{number}", path.read_text()))
    members = ", ".join(f'"{name}{number}"' for number in range(copies) for name in packages)
    manifest = re.sub(r"members = \[.*?\]", f"members = [{members}]", (FIXTURES / "Cargo.toml").read_text())
    own = re.compile(r"^(\w+) = \{ path = .*\n", flags=re.MULTILINE)
    each = lambda line: "".join(named.sub(rf"\g<1>{number}", line[0]) for number in range(copies))
    (folder / "Cargo.toml").write_text(own.sub(each, manifest))
    (folder / "Procfile").write_text("web: target/release/storefront0\n")


def sources(folder):
    return sorted(path for path in folder.rglob("*.rs") if path.is_file())


def measured(farrier, folder, runs):
    files = sources(folder)
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(run([farrier, "check", "--format", "json"], folder))
        listed = folder / "rustfmt.args"
        listed.write_text("\n".join(map(str, files)))
        theirs.append(run(["xargs", "-a", listed, "rustfmt", "--check", "--edition", "2024"], folder, (0, 1, 123)))
        listed.unlink()
    clock, used, peak = ([part[i] for part in ours] for i in range(3))
    other_clock, other_used, _ = ([part[i] for part in theirs] for i in range(3))
    median = statistics.median
    return median(clock), median(used), max(peak), median(other_clock), median(other_used)


def row(name, lines, numbers):
    clock, used, peak, other_clock, other_used = numbers
    return (
        f"| {name} | {lines:,} | {clock:.2f} s | {used:.2f} s | {peak:.0f} MiB "
        f"| {other_clock:.2f} s | {other_used:.2f} s | {used / other_used:.2f} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tree", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--farrier", type=pathlib.Path, default=ROOT / "target" / "release" / "farrier")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rows = [
        "| project | lines of Rust | farrier | its processor time | its memory | rustfmt | its processor time | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    farrier = arguments.farrier.resolve()
    lines = lambda folder: sum(path.read_bytes().count(b"\n") for path in sources(folder))
    for tree in arguments.tree:
        rows.append(row(tree.name, lines(tree), measured(farrier, tree, arguments.runs)))
    for size in [] if arguments.tree else SIZES:
        folder = pathlib.Path(tempfile.mkdtemp())
        try:
            make(folder, size)
            rows.append(row("made up", lines(folder), measured(farrier, folder, arguments.runs)))
        finally:
            shutil.rmtree(folder)
    table = "\n".join(rows)
    print(table)
    if arguments.write:
        text = README.read_text()
        pattern = re.escape(BEGIN) + ".*?" + re.escape(END)
        README.write_text(re.sub(pattern, lambda _: f"{BEGIN}\n{table}\n{END}", text, count=1, flags=re.DOTALL))


if __name__ == "__main__":
    main()
