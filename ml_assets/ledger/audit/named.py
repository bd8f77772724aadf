"""The objects that records name: DVC's hashes, a folder's by its listing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from ml_assets.dvc.lockfile import outputs_in
from ml_assets.ledger.record import AnyRecord, GcRecord, RunRecord


@dataclass
class Mention:
    """Where an object is named; `records` are the numbers of all that do."""

    path: str
    stage: str | None
    records: list[int] = field(default_factory=list)
    sha256: str | None = None


def named_by(record: AnyRecord) -> Iterator[tuple[str, Mention]]:
    """Each object that has to be on the remote for `record`: outputs, and data tracked by itself."""
    if isinstance(record, RunRecord):
        for out in record.outputs:
            if out.on_remote and out.md5:
                yield out.md5, Mention(out.path, out.stage, [record.number], out.sha256)
    for file, text in record.dvc_files.items():
        if file.endswith(".dvc"):
            folder = file.rpartition("/")[0]
            for data in outputs_in(text):
                if "md5" in data and data.get("push", True) and data.get("cache", True):
                    path = f"{folder}/{data['path']}" if folder else str(data["path"])
                    yield str(data["md5"]), Mention(path, None, [record.number])


def all_named(records: Iterable[AnyRecord]) -> dict[str, Mention]:
    """Each object once, of the records that no collection of garbage has given up."""
    found: dict[str, Mention] = {}
    given_up: set[int] = set()
    for record in records:
        if isinstance(record, GcRecord):
            given_up.update(*(range(first, last + 1) for first, last in record.given_up))
        for md5, mention in named_by(record):
            known = found.setdefault(md5, mention)
            if known.records[-1] != record.number:
                known.records.append(record.number)
            known.sha256 = known.sha256 or mention.sha256
    return {md5: mention for md5, mention in found.items() if not given_up.issuperset(mention.records)}
