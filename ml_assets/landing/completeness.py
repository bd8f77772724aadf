"""When a landed object may be taken in: not before all that belongs to it is there, nor while it changes."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ml_assets.landing.settings import LandingSettings

FOR_EVER = 1e15
_UNFINISHED = (".tmp", ".part")


@dataclass(frozen=True, kw_only=True)
class Completeness:
    """The rules of one landing zone; seconds count from when the object was landed.

    Files of one name in the folders `together` wait for each other, for at most `together_wait_seconds`.
    With a `marker`, files wait until their folder holds an object of that name. `settle_seconds` is how long
    an object has to stay as it is. Hidden names, unfinished uploads and what fits a pattern of `ignore` are
    never taken in.
    """

    prefix: str
    together: tuple[str, ...] = ()
    together_wait_seconds: float = 60
    marker: str | None = None
    settle_seconds: float = 0
    ignore: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: LandingSettings) -> Completeness:
        return cls(
            prefix=settings.prefix,
            together=settings.together,
            together_wait_seconds=settings.together_wait_seconds,
            marker=settings.marker,
            settle_seconds=settings.settle_seconds,
            ignore=settings.ignore,
        )

    def ignores(self, key: str) -> bool:
        """Whether nobody meant to land this, or not yet."""
        relative = key.removeprefix(self.prefix)
        names = relative.split("/")
        hidden = relative.endswith(_UNFINISHED) or any(name.startswith((".", "_")) for name in names)
        return hidden or names[-1] == self.marker or any(fnmatchcase(relative, each) for each in self.ignore)

    def companions(self, key: str) -> list[str]:
        """The keys of the files that belong to this one."""
        folder, _, rest = key.removeprefix(self.prefix).partition("/")
        if folder not in self.together or not rest:
            return []
        return [f"{self.prefix}{other}/{rest}" for other in self.together if other != folder]

    def held_back(
        self, keys: Iterable[str], are_there: Callable[[Collection[str]], set[str]]
    ) -> Mapping[str, float]:
        """Seconds that each of `keys` has to wait; those that need not are left out."""
        if not self.together and not self.marker:
            return {}
        wanted = {key: self.waits_for(key) for key in keys if not self.ignores(key)}
        there = are_there({other for others in wanted.values() for other in others})
        waits = {}
        for key, others in wanted.items():
            missing = [others[other] for other in others if other not in there]
            if missing:
                waits[key] = max(missing)
        return waits

    def complete_folders(self, keys: Iterable[str]) -> list[str]:
        """The folders, with a slash at their end, of which the marker is among `keys`."""
        return [key.removesuffix(self.marker) for key in keys if self.marker and _name(key) == self.marker]

    def waits_for(self, key: str) -> dict[str, float]:
        """The keys that have to be there before this one is taken in, and for how many seconds at most."""
        waits = dict.fromkeys(self.companions(key), max(self.together_wait_seconds, self.settle_seconds))
        if self.marker:
            waits[f"{key.rpartition('/')[0]}/{self.marker}"] = FOR_EVER
        return waits


def _name(key: str) -> str:
    return key.rpartition("/")[2]
