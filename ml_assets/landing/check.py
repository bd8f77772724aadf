"""Sorts fetched files into those that may become part of raw and those that may not, with the reason."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ml_assets.landing.contract import Contract, Contracts, contract_for, policy_of, source_of
from ml_assets.landing.errors import ContractBroken, Rejected
from ml_assets.landing.examine import Conforming, examine
from ml_assets.landing.fetch import TELL_EVERY_SECONDS, Fetched
from ml_assets.landing.formats.reading import AS_USUAL, Reading
from ml_assets.landing.objects import LandedObject
from ml_assets.landing.paths import relative_path
from ml_assets.landing.schema_in_force import Schemas
from ml_assets.ledger.record import Refusal


@dataclass(frozen=True, slots=True)
class Accepted:
    """A file that goes to `relative` below raw."""

    fetched: Fetched
    relative: PurePosixPath
    conforming: Conforming = field(default_factory=Conforming)

    @property
    def source(self) -> str:
        return source_of(self.relative)

    @property
    def file(self) -> Path:
        """What becomes raw: the file as it landed, or without what was taken out of it."""
        return self.conforming.cleaned.good if self.conforming.cleaned else self.fetched.staged

    @property
    def object(self) -> LandedObject:
        return self.fetched.object


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that goes into quarantine."""

    fetched: Fetched
    reason: str
    cause: Refusal = "name"

    @property
    def object(self) -> LandedObject:
        return self.fetched.object


Checked = Accepted | Refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Standard:
    """What files are checked against: contracts (None: their place is all), and the schemas in force."""

    contracts: Contracts | None = None
    in_force: Schemas = field(default_factory=dict)
    reading: Reading = AS_USUAL


def check_all(
    files: Sequence[Fetched], *, prefix: str, standard: Standard, progress: Callable[[str], None]
) -> list[Checked]:
    """The verdict on each of `files`. Without contracts only its place below raw is checked.

    Raises ContractBroken at the first file that breaks a contract whose policy is `fail`.
    """
    told, verdicts = time.monotonic(), []
    checker = _Checker(prefix, standard)
    for count, fetched in enumerate(files, start=1):
        verdict = checker.check(fetched)
        if isinstance(verdict, Refused):
            progress(f"refused {fetched.object.key}: {verdict.reason}")
        elif cleaned := verdict.conforming.cleaned:
            progress(f"took {cleaned.rejected_rows} rows out of {fetched.object.key}: {cleaned.reason}")
        verdicts.append(verdict)
        if time.monotonic() - told > TELL_EVERY_SECONDS:
            progress(f"checked {count} of {len(files)} files")
            told = time.monotonic()
    return verdicts


class _Checker:
    """Checks a batch's files in their order: a column that is new in one is known in the next."""

    def __init__(self, prefix: str, standard: Standard) -> None:
        self._prefix, self._standard = prefix, standard
        self._grown = {source: schema.grown for source, schema in standard.in_force.items()}

    def check(self, fetched: Fetched) -> Checked:
        contracts = self._standard.contracts
        try:
            relative = relative_path(fetched.object.key, self._prefix)
            if contracts is None:
                return Accepted(fetched, relative)
            contract = contract_for(relative, contracts)
        except Rejected as rejected:
            return Refused(fetched, rejected.reason, rejected.cause)
        return self._examined(fetched, relative, contract)

    def _examined(self, fetched: Fetched, relative: PurePosixPath, contract: Contract) -> Checked:
        source = source_of(relative)
        grown = self._grown.setdefault(source, {})
        try:
            conforming = examine(
                fetched.staged,
                relative,
                contract,
                grown=grown,
                reading=self._standard.reading,
            )
        except Rejected as rejected:
            if policy_of(contract) == "fail":
                raise ContractBroken(
                    key=fetched.object.key, source=source, reason=rejected.reason
                ) from rejected
            return Refused(fetched, rejected.reason, rejected.cause)
        grown.update(conforming.new_columns)
        return Accepted(fetched, relative, conforming)
