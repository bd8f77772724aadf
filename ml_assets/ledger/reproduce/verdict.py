"""Whether a rebuilt run is the recorded one, and if not, why: values in, values out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from ml_assets.ledger.canonical import Plain
from ml_assets.ledger.record import Environment, RunRecord


class Verdict(Enum):
    """What came of a rebuild."""

    BYTE_IDENTICAL = "byte-identical"
    METRICS_IDENTICAL = "metrics-identical"
    DIFFERS = "differs"


@dataclass(frozen=True)
class Rebuilt:
    """What a rebuild found.

    Attributes:
        md5s: path → DVC's hash of each output that came out.
        sha256s: path → SHA-256 likewise, as records have it.
        metrics: content by metrics file.
        failed: what stopped it, in words; what did come out is compared all the same.
        unsteady: stages that made something else when they were run a second time on the same input.
        culprits: stages whose input was the recorded one, and their output was not.
    """

    md5s: Mapping[str, str]
    sha256s: Mapping[str, str | None]
    metrics: Mapping[str, Plain]
    environment: Environment
    failed: str | None = None
    unsteady: Collection[str] = ()
    culprits: Sequence[str] = ()
    lost_code: Sequence[str] = ()
    """In words, code that ran and that nothing has kept."""
    other_inputs: Sequence[str] = ()
    """Files of the repository that stages read, and that are not the recorded ones."""


@dataclass(frozen=True)
class Difference:
    """An output that is not the recorded one; `found` is None when it was not made at all."""

    path: str
    stage: str
    recorded: str
    found: str | None


@dataclass(frozen=True)
class Judgement:
    """The verdict on a record, with what differs and the reasons, the likeliest first."""

    record: int
    verdict: Verdict
    compared: int
    differences: tuple[Difference, ...] = ()
    reasons: tuple[str, ...] = ()
    not_compared: tuple[str, ...] = field(default=())
    """Outputs of stages that were out of date in the record: they fit no single state."""


def judge(record: RunRecord, rebuilt: Rebuilt) -> Judgement:
    """Compare what was rebuilt with what is recorded."""
    compared = [out for out in record.outputs if out.stage not in record.stale]
    differences = tuple(
        Difference(out.path, out.stage, out.md5, rebuilt.md5s.get(out.path))
        for out in compared
        if rebuilt.md5s.get(out.path) != out.md5 or _other_bytes(out.sha256, rebuilt.sha256s.get(out.path))
    )
    verdict = _verdict(record, rebuilt, differences)
    return Judgement(
        record=record.number,
        verdict=verdict,
        compared=len(compared),
        differences=differences,
        reasons=() if verdict is Verdict.BYTE_IDENTICAL else tuple(_reasons(record, rebuilt)),
        not_compared=tuple(out.path for out in record.outputs if out.stage in record.stale),
    )


def _other_bytes(recorded: str | None, found: str | None) -> bool:
    """MD5 alone proves nothing: two contents can be made to have the same."""
    return recorded is not None and found is not None and recorded != found


def _verdict(record: RunRecord, rebuilt: Rebuilt, differences: Collection[Difference]) -> Verdict:
    if rebuilt.failed:
        return Verdict.DIFFERS
    if not differences:
        return Verdict.BYTE_IDENTICAL
    if record.metrics and dict(record.metrics) == dict(rebuilt.metrics):
        return Verdict.METRICS_IDENTICAL
    return Verdict.DIFFERS


def _reasons(record: RunRecord, rebuilt: Rebuilt) -> list[str]:
    found: list[str] = []
    if rebuilt.failed:
        found.append(rebuilt.failed)
    found += [
        f"stage '{stage}' is not deterministic: run twice on the same input it made different outputs"
        for stage in rebuilt.unsteady
    ]
    found += rebuilt.lost_code
    if rebuilt.other_inputs:
        found.append(f"these files are not the ones that ran: {', '.join(rebuilt.other_inputs)}")
    found += environment_changes(record.environment, rebuilt.environment)
    steady = [stage for stage in rebuilt.culprits if stage not in rebuilt.unsteady]
    if steady and not found:
        found.append(
            f"stage '{steady[0]}' makes something else of the recorded input, and always the same: it "
            "depends on something that no record has, as the machine, or a file outside of `deps`"
        )
    return found


def environment_changes(recorded: Environment, now: Environment) -> list[str]:
    """In words, how the Python environment differs from the recorded one."""
    changes = []
    if recorded.python != now.python:
        changes.append(f"the environment is another: Python {recorded.python} then, {now.python} now")
    if recorded.digest != now.digest:
        changes.append("the environment is another: other packages are installed than then")
    if recorded.lock != now.lock:
        changes.append("the environment's lock files are other ones than then")
    return changes
