"""The slow way: answers by walking the records themselves, without tables, spans or edges."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import yaml

from ml_assets.ledger.record import AnyRecord, IntakeRecord, RunRecord

Made = tuple[str, int]
"""A stage, and the record with which its version began."""
Generation = tuple[str, int]
"""A path in raw, and the record with which its generation landed."""
Ancestors = tuple[set[Made], set[Generation], set[str]]


class Oracle:
    """Looks at nothing but the list of records, again for each question."""

    def __init__(self, records: Sequence[AnyRecord]) -> None:
        self.records = records
        self._locks = {each.number: _lock(each) for each in records if isinstance(each, RunRecord)}

    def versions(self) -> Iterator[tuple[str, int]]:
        """Every stage in every run record."""
        return ((stage, number) for number, lock in self._locks.items() for stage in lock)

    def began(self, stage: str, at: int) -> int:
        """The record with which the version of `stage` in record `at` began."""
        runs = [number for number in self._locks if number <= at]
        first = runs[-1]
        for before in reversed(runs[:-1]):
            if self._locks[before].get(stage) != self._locks[first][stage] or self._other_code(stage, first):
                break
            first = before
        return first

    def _other_code(self, stage: str, at: int) -> bool:
        """Whether it was made anew in `at`, with other code than that of the version before."""
        record = self._run(at)
        if record.stages.get(stage) != "ran":
            return False
        before = max(number for number in self._locks if number < at)
        return self._code_of(stage, before) != record.code[stage].digest

    def _code_of(self, stage: str, at: int) -> str:
        return self._run(self.began(stage, at)).code[stage].digest

    def _run(self, number: int) -> RunRecord:
        record = self.records[number - 1]
        assert isinstance(record, RunRecord)
        return record

    def ancestors(self, stage: str, at: int) -> Ancestors:
        """The versions, landed generations and code files that went into `stage` as record `at` has it."""
        first = self.began(stage, at)
        versions, code = {(stage, first)}, set(self._run(first).code[stage].files)
        landed: set[Generation] = set()
        for dep in self._locks[first][stage]["deps"]:
            above = self._maker(dep["path"], dep["md5"], first)
            if above is not None:
                more = self.ancestors(*above)
                versions, landed, code = versions | more[0], landed | more[1], code | more[2]
            elif (seen := self._source(dep["path"], dep["md5"], first)) is not None:
                landed |= self.in_raw(seen)
            elif dep["path"].endswith(".py"):
                code.add(dep["path"])
        return versions, landed, code

    def _maker(self, path: str, content: str, at: int) -> tuple[str, int] | None:
        for number in sorted((each for each in self._locks if each <= at), reverse=True):
            for stage, entry in self._locks[number].items():
                if any((out["path"], out["md5"]) == (path, content) for out in entry["outs"]):
                    return stage, number
        return None

    def _source(self, path: str, content: str, at: int) -> int | None:
        """The newest intake that left the source so, else the first run that saw it so."""
        named = [each for each in self.records[:at] if _names(each, path, content)]
        intakes = [each.number for each in named if isinstance(each, IntakeRecord)]
        return intakes[-1] if intakes else next((each.number for each in named), None)

    def in_raw(self, at: int) -> set[Generation]:
        held: dict[str, int] = {}
        for record in self.records[:at]:
            if isinstance(record, IntakeRecord):
                for gone in record.gone:
                    held.pop(gone.key.removeprefix("in/"), None)
                held |= {each.path: record.number for each in record.landed}
        return set(held.items())


def _lock(record: RunRecord) -> Mapping[str, Any]:
    return (yaml.safe_load(record.dvc_lock) or {}).get("stages") or {}


def _names(record: AnyRecord, path: str, content: str) -> bool:
    text = record.dvc_files.get(f"{path}.dvc")
    return text is not None and yaml.safe_load(text)["outs"][0]["md5"] == content
