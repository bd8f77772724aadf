"""What an audit found: values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

What = Literal["record", "checkpoint", "environment", "object"]


@dataclass(frozen=True)
class Finding:
    """Something that is not what it was; `where` is its address, `records` some that depend on it."""

    what: What
    where: str
    problem: str
    records: tuple[int, ...] = ()
    path: str | None = None
    stage: str | None = None

    def __str__(self) -> str:
        of = f" of stage '{self.stage}'" if self.stage else ""
        about = f" ({self.path}{of})" if self.path else ""
        named = f"; named by record {', '.join(map(str, self.records))}" if self.records else ""
        return f"{self.what} {self.where}{about}: {self.problem}{named}"


@dataclass(frozen=True)
class Audit:
    """All findings, and how much was looked at. `unproven` is the newest record's digest: nothing after it
    names that yet, so keep a copy elsewhere."""

    findings: tuple[Finding, ...]
    records: int
    objects: int
    deep: bool
    unproven: str | None

    @property
    def intact(self) -> bool:
        return not self.findings
