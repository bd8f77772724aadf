"""Where a ledger lies: the few things that a folder and a bucket must both be able to do."""

from __future__ import annotations

from typing import Protocol


class Place(Protocol):
    """Small objects that are created once and never written again, in folders.

    Paths are relative to the ledger. Each method raises LedgerUnreachable when the place does not answer or
    refuses.
    """

    @property
    def url(self) -> str:
        """Where it is, for people; without secrets."""
        ...

    @property
    def readers(self) -> int:
        """How many reads at once are worth while."""
        ...

    def folders(self, folder: str, /) -> list[str]:
        """The names of the folders in `folder`, in any order; none when nothing was created yet."""
        ...

    def names(self, folder: str, /, *, after: str) -> list[str]:
        """The names of the objects in `folder` that sort after `after`, in any order."""
        ...

    def read(self, path: str, /) -> bytes | None:
        """The whole object, or None when there is none."""
        ...

    def create(self, path: str, data: bytes, /) -> bool:
        """Whether the object is now there whole because of this call; False when the name was taken."""
        ...
