"""What a check found: where, what is wrong with it, and the command that mends it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Severity(Enum):
    """How much a finding matters."""

    ERROR = "error"
    """Something fails or loses data, now or soon."""
    WARNING = "warning"
    """Something costs time, leaks or will surprise."""
    INFO = "info"
    """Good to know; nothing to mend, or nothing that must be."""


@dataclass(frozen=True)
class Finding:
    """One thing that is not as it should be; `check` is the name of the check that found it."""

    severity: Severity
    where: str
    what: str
    remedy: str
    check: str = ""

    def as_dict(self) -> dict[str, str]:
        """For programs."""
        return {
            "check": self.check,
            "severity": self.severity.value,
            "where": self.where,
            "what": self.what,
            "remedy": self.remedy,
        }


def error(where: object, what: str, remedy: str) -> Finding:
    return Finding(Severity.ERROR, str(where), what, remedy)


def warning(where: object, what: str, remedy: str) -> Finding:
    return Finding(Severity.WARNING, str(where), what, remedy)


def info(where: object, what: str, remedy: str) -> Finding:
    return Finding(Severity.INFO, str(where), what, remedy)
