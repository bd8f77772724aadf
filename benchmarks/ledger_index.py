"""How long do questions to a long ledger take, beside reading each of its records?

`make bench-ledger` asks ledgers of 10, 1,000 and 10,000 records, and appends to ones of up to 100,000.
`make bench-ledger-why-100k` asks one of 100,000, which takes minutes to get ready.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path

from benchmarks.benchmark import Benchmark, Better, Sides
from benchmarks.errors import WrongWork
from benchmarks.generated_ledger import draft_of, make_ledger
from ml_assets.ledger.record import Draft, Record
from ml_assets.ledger.store import Ledger

LEDGER = ".ml_assets/ledger"
FEW = 10
READ_ALL = f"""
from pathlib import Path
from ml_assets.ledger.store import Ledger

print(sum(1 for _ in Ledger.open("{LEDGER}", root=Path.cwd()).records()))
"""


@contextmanager
def project(records: int) -> Iterator[Path]:
    """A project without stages, with a ledger of so many records."""
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        root = Path(folder)
        (root / ".dvc").mkdir()
        (root / "dvc.yaml").write_text("stages: {}\n", encoding="utf-8")
        make_ledger(root / LEDGER, records)
        yield root


@contextmanager
def ask(records: int, *question: str) -> Iterator[Sides]:
    """Both are processes of their own, whose start is in the time; the index is there from the warm-up on."""
    with project(records) as root:
        ours = (str(Path(sys.executable).with_name("ml-assets")), *question)
        theirs = (sys.executable, "-c", READ_ALL)
        yield Sides(ours=_timed(root, ours), theirs=_timed(root, theirs))


@contextmanager
def index_anew(records: int) -> Iterator[Sides]:
    """The first question of all, which reads the records into the index."""
    with project(records) as root:
        ours = _timed(root, (str(Path(sys.executable).with_name("ml-assets")), "log"))

        def without_index() -> float:
            for file in (root / ".ml_assets/index").glob("*.sqlite"):
                file.unlink()
            return ours()

        yield Sides(ours=without_index, theirs=_timed(root, (sys.executable, "-c", READ_ALL)))


@contextmanager
def append(records: int) -> Iterator[Sides]:
    """Open the ledger, read its head and append a record: ours to a long ledger, theirs to one of ten."""
    with project(records) as long, project(FEW) as short:
        yield Sides(ours=_appender(long, records), theirs=_appender(short, FEW))


def _timed(root: Path, command: tuple[str, ...]) -> Callable[[], float]:
    def measure() -> float:
        started = time.perf_counter()
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        seconds = time.perf_counter() - started
        if done.returncode != 0 or not done.stdout:
            raise WrongWork(command, expected="answers")
        return seconds

    return measure


def _appender(root: Path, records: int) -> Callable[[], float]:
    numbers = count(records + 1)

    def measure() -> float:
        draft = draft_of(next(numbers))
        started = time.perf_counter()

        def drafted(_: Record | None) -> Draft:
            return draft

        Ledger.open(LEDGER, root=root).append(drafted)
        return time.perf_counter() - started

    return measure


def _asking(verb: str, records: int, label: str, aim: float, *question: str) -> Benchmark:
    return Benchmark(
        name=f"ledger-{verb}-{label}",
        question=f"How long does `ml-assets {' '.join((verb, *question))}` take with {records:,} records?",
        peer="a process that reads every record",
        aim=aim,
        better=Better.LOWER,
        unit="s",
        prepare=partial(ask, records, verb, *question),
    )


def _appending(records: int, label: str) -> Benchmark:
    return Benchmark(
        name=f"ledger-append-{label}",
        question=f"How long does it take to open a ledger of {records:,} records and append one?",
        peer="the same with ten records",
        aim=1.3,
        better=Better.LOWER,
        unit="s",
        prepare=partial(append, records),
        pairs=51,
        warm_ups=3,
    )


OUTPUT = "data/evaluation"
FIRST_OBJECT = "s3://ml-assets/landing/flights/000001.csv"

BENCHMARKS = (
    _asking("why", 10, "10", 1.5, OUTPUT),
    _asking("why", 1_000, "1k", 1.0, OUTPUT),
    _asking("why", 10_000, "10k", 0.3, OUTPUT),
    _asking("impact", 10_000, "10k", 0.5, FIRST_OBJECT),
    _asking("log", 10_000, "10k", 0.3),
    _asking("diff", 10_000, "10k", 0.3, "100"),
    Benchmark(
        name="ledger-first-10k",
        question="How long does the first question take, which reads 10,000 records into the index?",
        peer="a process that reads every record",
        aim=10,
        better=Better.LOWER,
        unit="s",
        prepare=partial(index_anew, 10_000),
    ),
    _appending(10, "10"),
    _appending(1_000, "1k"),
    _appending(100_000, "100k"),
)
HUNDRED_THOUSAND = _asking("why", 100_000, "100k", 0.1, OUTPUT)
"""Only by its name: it is no part of `make bench`."""
