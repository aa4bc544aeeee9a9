"""How time and memory grow with the size of a project, beside `ruff check --select ASYNC` on the same files.

    cargo build --release
    python3 benches/scale.py                       # prints the table for made-up services of three sizes
    python3 benches/scale.py --write               # and writes it into README.md
    python3 benches/scale.py --tree FOLDER ...     # the same for projects that exist

A made-up service has the layers that real ones have: routers, services, repositories, models and clients in files of
their own, a third of them tests, every handler three to five calls away from what it waits for. The two tools run in
turns, so that whatever else the machine does hits both. Wall-clock time is the median of the runs; the processor time
is that of all threads together; the memory is the highest that any run had resident.
"""

import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
BEGIN, END = "<!-- scale: written by benches/scale.py -->", "<!-- end of scale -->"
RUFF = "0.17.5"
SIZES = [10_000, 50_000, 250_000]

MODEL = '''"""What is known of {name}."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass
class {Name}:
    id: int
    title: str
    created: datetime
    price: Decimal = Decimal("0")
    tags: list[str] = field(default_factory=list)

    def total(self, count: int) -> Decimal:
        if count < 0:
            raise ValueError("a count is not negative")
        return self.price * count

    def as_dict(self) -> dict:
        return {{"id": self.id, "title": self.title, "price": str(self.price), "tags": self.tags}}
'''

REPOSITORY = '''"""Where {name} is kept."""

import logging

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models.{name} import {Name}

logger = logging.getLogger(__name__)


class {Name}Repository:
    def __init__(self, session: Session):
        self.session = session

    def find(self, key: int) -> {Name} | None:
        return self.session.execute(select({Name}).where({Name}.id == key)).scalar_one_or_none()

    def newest(self, count: int = 20) -> list[{Name}]:
        query = select({Name}).order_by({Name}.created.desc()).limit(count)
        return list(self.session.execute(query).scalars())

    def add(self, item: {Name}) -> {Name}:
        self.session.add(item)
        self.session.commit()
        logger.info("kept %s", item.id)
        return item
'''

CLIENT = '''"""Asks another service about {name}."""

import httpx
import requests

TIMEOUT = 5


class {Name}Client:
    def __init__(self, base: str = "https://{name}.example.org"):
        self.base = base
        self.session = requests.Session()

    def rates(self, currency: str) -> dict:
        answer = self.session.get(f"{{self.base}}/rates/{{currency}}", timeout=TIMEOUT)
        answer.raise_for_status()
        return answer.json()

    async def stock(self, key: int) -> int:
        async with httpx.AsyncClient(timeout=TIMEOUT) as client:
            answer = await client.get(f"{{self.base}}/stock/{{key}}")
        return answer.json()["count"]
'''

SERVICE = '''"""What the business wants of {name}."""

import asyncio

from app.clients.{name} import {Name}Client
from app.models.{name} import {Name}
from app.repositories.{name} import {Name}Repository
from app.services.{other} import describe as describe_other


def describe(item: {Name}) -> str:
    return f"{{item.title}} ({{item.id}})"


class {Name}Service:
    def __init__(self, repository: {Name}Repository, client: {Name}Client | None = None):
        self.repository = repository
        self.client = client or {Name}Client()

    def quote(self, key: int, currency: str) -> dict:
        item = self.repository.find(key)
        if item is None:
            raise LookupError(key)
        rates = self.client.rates(currency)
        return {{"item": item.as_dict(), "price": float(item.price) * rates["factor"]}}

    def list_newest(self) -> list[dict]:
        return [item.as_dict() for item in self.repository.newest()]

    async def reprice(self, key: int, currency: str) -> dict:
        return await asyncio.to_thread(self.quote, key, currency)
'''

ROUTER = '''"""The routes of {name}."""

from fastapi import APIRouter, Depends, HTTPException
from sqlalchemy.orm import Session

from app.database import get_session
from app.repositories.{name} import {Name}Repository
from app.services.{name} import {Name}Service, describe

router = APIRouter(prefix="/{name}")


def get_service(session: Session = Depends(get_session)) -> {Name}Service:
    return {Name}Service({Name}Repository(session))


@router.get("/{{key}}/quote")
async def quote(key: int, currency: str = "EUR", service: {Name}Service = Depends(get_service)):
    try:
        return service.quote(key, currency)
    except LookupError as error:
        raise HTTPException(404) from error


@router.get("/")
def newest(service: {Name}Service = Depends(get_service)):
    return service.list_newest()


@router.post("/{{key}}/reprice")
async def reprice(key: int, currency: str = "EUR", service: {Name}Service = Depends(get_service)):
    return await service.reprice(key, currency)


@router.get("/{{key}}/stock")
async def stock(key: int, service: {Name}Service = Depends(get_service)):
    return {{"count": await service.client.stock(key)}}
'''

TEST = '''"""{Name}, as its users see it."""

from decimal import Decimal
from unittest.mock import Mock

import pytest

from app.models.{name} import {Name}
from app.services.{name} import {Name}Service


@pytest.fixture
def repository():
    repository = Mock()
    repository.find.return_value = {Name}(1, "a", None, Decimal("2"), ["x"])
    return repository


def test_total(repository):
    item = repository.find(1)
    assert item.total(3) == Decimal("6")
    with pytest.raises(ValueError):
        item.total(-1)


@pytest.mark.parametrize("currency", ["EUR", "USD", "CHF"])
def test_quote(repository, currency):
    client = Mock()
    client.rates.return_value = {{"factor": 2}}
    service = {Name}Service(repository, client)
    assert service.quote(1, currency)["price"] == 4
    client.rates.assert_called_once_with(currency)


def test_unknown(repository):
    repository.find.return_value = None
    with pytest.raises(LookupError):
        {Name}Service(repository, Mock()).quote(2, "EUR")


@pytest.mark.anyio
async def test_reprice(repository):
    client = Mock()
    client.rates.return_value = {{"factor": 1}}
    answer = await {Name}Service(repository, client).reprice(1, "EUR")
    assert answer["item"]["id"] == 1
'''

LAYERS = {
    "app/models": MODEL,
    "app/repositories": REPOSITORY,
    "app/clients": CLIENT,
    "app/services": SERVICE,
    "app/routers": ROUTER,
    "tests": TEST,
}

DATABASE = '''from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

engine = create_engine("postgresql+psycopg://db/shop", pool_size=10)
SessionLocal = sessionmaker(engine)


def get_session():
    with SessionLocal() as session:
        yield session
'''


def make(folder, lines):
    """Writes a service of about so many lines; how many there are."""
    per_topic = sum(text.count("\n") for text in LAYERS.values())
    topics = max(1, round(lines / per_topic))
    names = [f"topic{number}" for number in range(topics)]
    for layer, text in LAYERS.items():
        (folder / layer).mkdir(parents=True)
        (folder / layer / "__init__.py").touch()
        for number, name in enumerate(names):
            prefix = "test_" if layer == "tests" else ""
            other = names[(number * 7 + 1) % topics]
            (folder / layer / f"{prefix}{name}.py").write_text(
                text.format(name=name, Name=name.capitalize(), other=other)
            )
    (folder / "app" / "__init__.py").touch()
    (folder / "app" / "database.py").write_text(DATABASE)
    imports = "".join(f"from app.routers.{name} import router as {name}\n" for name in names)
    included = "".join(f"app.include_router({name})\n" for name in names)
    (folder / "app" / "main.py").write_text(f"from fastapi import FastAPI\n\n{imports}\napp = FastAPI()\n{included}")
    (folder / "Procfile").write_text("web: gunicorn app.main:app -k uvicorn_worker.UvicornWorker -w 2\n")


def count_lines(folder):
    return sum(path.read_bytes().count(b"\n") for path in folder.rglob("*.py") if path.is_file())


def ruff():
    """Ruff in an environment of its own."""
    venv = ROOT / "target" / "scale-ruff"
    program = venv / "bin" / "ruff"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", venv], check=True)
        subprocess.run([venv / "bin" / "pip", "install", "--quiet", f"ruff=={RUFF}"], check=True)
    return program


def run(command, folder, fine=(0, 1)):
    """Seconds on the clock, seconds of processors, MiB at most; by default one is fine, which tools give that find
    something."""
    start = time.perf_counter()
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - start
    if os.waitstatus_to_exitcode(status) not in fine:
        raise SystemExit(f"{command[0]} failed on {folder}")
    unit = 1 if sys.platform == "darwin" else 1024
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * unit / 2**20


def measured(farrier, folder, runs):
    ours, theirs = [], []
    for _ in range(runs):
        ours.append(run([farrier, "check", "--format", "json"], folder))
        theirs.append(run([ruff(), "check", "--select", "ASYNC", "--no-cache", "--isolated", "."], folder))
    clock, used, peak = ([part[i] for part in ours] for i in range(3))
    other_clock, other_used, _ = ([part[i] for part in theirs] for i in range(3))
    median = statistics.median
    return median(clock), median(used), max(peak), median(other_clock), median(other_used)


def row(name, lines, numbers):
    clock, used, peak, other_clock, other_used = numbers
    return (
        f"| {name} | {lines:,} | {clock:.2f} s | {used:.2f} s | {peak:.0f} MiB "
        f"| {other_clock:.2f} s | {other_used:.2f} s | {used / other_used:.1f} |"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tree", type=pathlib.Path, action="append", default=[])
    parser.add_argument("--farrier", type=pathlib.Path, default=ROOT / "target" / "release" / "farrier")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    rows = [
        "| project | lines of Python | farrier | its processor time | its memory | ruff | its processor time | ratio |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    farrier = arguments.farrier.resolve()
    if arguments.tree:
        for tree in arguments.tree:
            rows.append(row(tree.name, count_lines(tree), measured(farrier, tree, arguments.runs)))
    else:
        for size in SIZES:
            folder = pathlib.Path(tempfile.mkdtemp())
            try:
                make(folder, size)
                rows.append(row("made up", count_lines(folder), measured(farrier, folder, arguments.runs)))
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
