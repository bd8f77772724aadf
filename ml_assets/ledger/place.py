"""Where records lie: the few things that a folder and a bucket must both be able to do."""

from __future__ import annotations

from typing import Protocol


class Place(Protocol):
    """A flat set of small objects that are created once and never written again.

    Each method raises LedgerUnreachable when the place does not answer or refuses.
    """

    @property
    def url(self) -> str:
        """Where it is, for people; without secrets."""
        ...

    @property
    def readers(self) -> int:
        """How many reads at once are worth while."""
        ...

    def names(self, *, after: str) -> list[str]:
        """The names that sort after `after`, in any order; none when nothing was created yet."""
        ...

    def read(self, name: str, /) -> bytes | None:
        """The whole object, or None when there is none."""
        ...

    def create(self, name: str, data: bytes, /) -> bool:
        """Whether the object is now there whole because of this call; False when the name was taken."""
        ...
