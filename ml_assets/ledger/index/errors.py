"""What can go wrong with the index and with questions to it: each says what to do."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ml_assets.ledger.errors import LedgerError


class IndexBusy(LedgerError):
    """Another process held the index's lock for too long."""

    def __init__(self, *, file: Path, waited: float) -> None:
        self.file = file
        super().__init__(
            f"The index of the ledger stayed locked by another process for {waited:.0f} s.\n  at {file}\n"
            "Run it again; the index is only a cache, and deleting it is safe."
        )


class IndexUnusable(LedgerError):
    """SQLite could not use the index's file."""

    def __init__(self, *, file: Path, cause: str) -> None:
        self.file = file
        super().__init__(
            f"The index of the ledger cannot be used: {cause}\n  at {file}\n"
            "It is only a cache: delete it, and it is made again from the ledger."
        )


class NothingFound(LedgerError):
    """A question was about something that no record knows."""

    def __init__(self, text: str, *, looked_for: Sequence[str], near: Sequence[str], advice: str) -> None:
        self.text = text
        self.near = tuple(near)
        names = f"\nDid you mean: {', '.join(near)}?" if near else ""
        super().__init__(
            f"The ledger knows nothing of '{text}'.\n  looked for {', '.join(looked_for)}{names}\n{advice}"
        )


class NotThen(LedgerError):
    """What was asked about is in the ledger, and not at the record that was named."""

    def __init__(self, text: str, *, record: int, known: str) -> None:
        self.text = text
        self.record = record
        super().__init__(
            f"'{text}' is not in the state of record {record}.\n  it is in {known}\n"
            "Name one of these after the @, or leave it out for the newest."
        )


class Ambiguous(LedgerError):
    """What was asked about can be several things."""

    def __init__(self, text: str, *, choices: Sequence[str]) -> None:
        self.text = text
        self.choices = tuple(choices)
        lines = "".join(f"\n  {each}" for each in choices[:10])
        more = f"\n  and {len(choices) - 10} more" if len(choices) > 10 else ""  # noqa: PLR2004
        super().__init__(f"'{text}' can be {len(choices)} things:{lines}{more}\nName one of them.")
