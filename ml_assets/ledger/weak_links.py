"""What a record cannot vouch for: said wherever the record is, and never smoothed over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ml_assets.ledger.record import RunRecord

SHOWN = 5


@dataclass(frozen=True)
class WeakLink:
    """`kind` is for programs, `said` for people."""

    kind: str
    said: str


def weak_links(record: RunRecord) -> tuple[WeakLink, ...]:
    """The weak links of a record, the weightier first."""
    return tuple(_weak_links(record))


def _weak_links(record: RunRecord) -> Iterator[WeakLink]:
    git = record.git
    if git is None:
        yield WeakLink("no-commit", "the code was in no Git repository")
    elif git.dirty_sha256 and not git.patch:
        yield WeakLink(
            "patch-not-kept",
            "uncommitted changes ran that the record could not keep (too large, not text, or with a secret)",
        )
    elif git.dirty_sha256:
        yield WeakLink("dirty-tree", "uncommitted changes ran; the record has them as a patch")
    if git and git.untracked:
        yield WeakLink(
            "untracked-files", f"files lay there that Git did not have: {', '.join(git.untracked[:SHOWN])}"
        )
    if record.stale:
        yield WeakLink("stale-stages", f"out of date in this record: {', '.join(record.stale)}")
    if record.environment.lock is None:
        yield WeakLink("unpinned-environment", "no lock file pins the packages of the environment")
    if record.redacted:
        yield WeakLink("redacted", f"taken out as a secret: {', '.join(record.redacted)}")
    if unhashed := [out.path for out in record.outputs if out.sha256 is None]:
        yield WeakLink("no-sha256", f"known by MD5 alone: {', '.join(unhashed[:SHOWN])}")
    if failed := [f"{each.asset}:{each.check}" for each in record.checks if not each.passed]:
        yield WeakLink("checks-failed", f"checks that were not passed: {', '.join(failed)}")
