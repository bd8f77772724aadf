"""Random ledgers: intakes that add, overwrite and remove, runs of all or some stages, states that return."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import md5, sha256
from typing import Any

import yaml
from hypothesis import strategies as st

from ml_assets.ledger.record import (
    AnyRecord,
    Draft,
    GitState,
    GoneUpstream,
    IntakeDraft,
    Landed,
    OutputRecord,
    RunDraft,
    StageCode,
)
from ml_assets.ledger.store import Ledger
from ml_assets_tests.ledger.drafts import ORIGIN, TIME

BUCKET = "flights"


def digest(*parts: object) -> str:
    return md5(repr(parts).encode(), usedforsecurity=False).hexdigest()


@dataclass
class World:
    """A project as it changes; each act appends one record to `drafts`."""

    graph: Sequence[Sequence[int]]
    """Of each stage, which stages before it it reads; without any it reads raw."""
    raw: dict[str, str] = field(default_factory=dict)
    etags: dict[str, str] = field(default_factory=dict)
    lock: dict[str, dict[str, Any]] = field(default_factory=dict)
    code: dict[int, int] = field(default_factory=dict)
    helper: int = 0
    made_with: dict[str, int] = field(default_factory=dict)
    """The helper that each stage last ran with: it is no dependency, and seldom changes what is made."""
    commit: int = 0
    locks: list[dict[str, dict[str, Any]]] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)

    @property
    def raw_text(self) -> str:
        return yaml.safe_dump({"outs": [{"md5": self.raw_hash, "hash": "md5", "path": "raw"}]})

    @property
    def raw_hash(self) -> str:
        return digest(sorted(self.raw.items())) + ".dir"

    def origin(self) -> dict[str, Any]:
        git = GitState(commit=sha256(str(self.commit).encode()).hexdigest()[:40])
        return {**dict(ORIGIN), "time": TIME, "git": git}

    def take_in(self, puts: Sequence[tuple[int, int]], removed: Sequence[int]) -> None:
        gone = [f"f{n}/{n}.csv" for n in set(removed) if f"f{n}/{n}.csv" in self.raw]
        for path in gone:
            del self.raw[path]
        landed = {f"f{n}/{n}.csv": f"e{version}" for n, version in puts}
        self.raw |= landed
        draft = IntakeDraft(
            **self.origin(),
            landed=tuple(
                Landed(bucket=BUCKET, key=f"in/{path}", etag=etag, size=1, sha256=digest(etag) * 2, path=path)
                for path, etag in landed.items()
            ),
            gone=tuple(
                GoneUpstream(bucket=BUCKET, key=f"in/{path}", how="deleted", removed=True) for path in gone
            ),
            dvc_files={"raw.dvc": self.raw_text},
        )
        self.drafts.append(draft)

    def run(self, chosen: Sequence[int], *, param: int) -> None:
        """Run the chosen stages; outputs forget part of what they are made of, so that different inputs
        may make equal ones."""
        ran: dict[str, Any] = {}
        for number in chosen:
            if number >= len(self.graph):
                continue
            entry = self._entry(number, param)
            name = f"s{number}"
            same = self.lock.get(name) == entry and self.made_with.get(name) == self.helper
            ran[name] = "unchanged" if same else "ran"
            self.lock[name], self.made_with[name] = entry, self.helper
        self.record(ran)

    def _entry(self, number: int, param: int) -> dict[str, Any]:
        produced = {out["path"]: out["md5"] for entry in self.lock.values() for out in entry["outs"]}
        above = [f"out{each}" for each in self.graph[number]]
        read = {path: produced[path] for path in above if path in produced} or {"raw": self.raw_hash}
        script = digest("script", number, self.code.get(number, 0))
        made = digest(number, int(digest(sorted(read.items()), param, script)[:2], 16) % 3)
        return {
            "cmd": f"python s{number}.py",
            "deps": [
                *({"path": path, "hash": "md5", "md5": each} for path, each in sorted(read.items())),
                {"path": f"s{number}.py", "hash": "md5", "md5": script},
            ],
            "params": {"params.yaml": {"p": param}},
            "outs": [{"path": f"out{number}", "hash": "md5", "md5": made, "size": 1}],
        }

    def go_back(self, to: int) -> None:
        """As `git checkout` of an older dvc.lock does."""
        if self.locks:
            self.lock = dict(self.locks[to % len(self.locks)])
        self.record({})

    def forget(self, number: int) -> None:
        """A stage goes out of dvc.yaml, and out of dvc.lock with it."""
        self.lock.pop(f"s{number}", None)
        self.record({})

    def record(self, ran: dict[str, Any]) -> None:
        self.locks.append(dict(self.lock))
        helper = digest("helper", self.helper) * 2
        text = yaml.safe_dump({"schema": "2.0", "stages": self.lock}, sort_keys=False) if self.lock else ""
        draft = RunDraft(
            **self.origin(),
            dvc_lock=text,
            dvc_files={"raw.dvc": self.raw_text},
            stages=ran,
            code={name: StageCode(digest=helper, files=("helper.py",)) for name in self.lock},
            code_files={"helper.py": helper},
            outputs=tuple(
                OutputRecord(path=out["path"], stage=name, md5=out["md5"], size=1)
                for name, entry in self.lock.items()
                for out in entry["outs"]
            ),
        )
        self.drafts.append(draft)


small = st.integers(0, 3)
take_in = st.tuples(
    st.just("take_in"),
    st.lists(st.tuples(small, st.integers(0, 1)), max_size=3),
    st.lists(small, max_size=2),
)
some = st.lists(small, min_size=1, max_size=4, unique=True).map(sorted)
run_all = st.tuples(st.just("run"), st.just([0, 1, 2, 3]), st.integers(0, 1))
acts = st.one_of(
    take_in,
    take_in,
    run_all,
    run_all,
    st.tuples(st.just("run"), some, st.integers(0, 1)),
    st.tuples(st.just("go_back"), st.integers(0, 20)),
    st.tuples(st.just("forget"), small),
    st.tuples(st.just("edit"), small),
    st.tuples(st.just("edit_helper"), st.just(0)),
    st.tuples(st.just("raw_by_hand"), small),
)
graphs = st.tuples(
    *(st.lists(st.integers(0, n - 1), max_size=2, unique=True) if n else st.just([]) for n in range(4))
)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """A project with up to twenty acts behind it."""
    world = World(graph=draw(graphs))
    for name, *values in draw(st.lists(acts, min_size=8, max_size=20)):
        _do(world, name, values)
    return world


def _do(world: World, name: str, values: Sequence[Any]) -> None:
    if name == "run":
        world.run(values[0], param=values[1])
    elif name == "edit":
        world.code[values[0]] = 1 - world.code.get(values[0], 0)
        world.commit += 1
    elif name == "edit_helper":
        world.helper = 1 - world.helper
        world.commit += 1
    elif name == "raw_by_hand":
        # Seen by the next run only; the next intake builds on it.
        world.raw[f"f{values[0]}/by-hand.csv"] = "x"
    else:
        getattr(world, name)(*values)


class Memory:
    """A place without a disk: a thousand ledgers are made in a test."""

    url = "memory"
    readers = 1

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def folders(self, folder: str, /) -> list[str]:
        inside = (path.removeprefix(f"{folder}/") for path in self.objects if path.startswith(f"{folder}/"))
        return list({path.partition("/")[0] for path in inside if "/" in path})

    def names(self, folder: str, /, *, after: str) -> list[str]:
        names = (path.rpartition("/") for path in self.objects)
        return [name for above, _, name in names if above == folder and name > after]

    def read(self, path: str, /) -> bytes | None:
        return self.objects.get(path)

    def create(self, path: str, data: bytes, /) -> bool:
        return self.objects.setdefault(path, data) is data


def append_all(drafts: Sequence[Draft], ledger: Ledger | None = None) -> tuple[Ledger, list[AnyRecord]]:
    """A ledger of the drafts, and its records."""
    ledger = ledger or Ledger(Memory())
    records = []
    for draft in drafts:
        record = ledger.append(lambda _, draft=draft: draft)  # type: ignore[misc]
        assert record is not None
        records.append(record)
    return ledger, records
