"""Who owns the paths around a path: the same one, the folders that hold it, and what lies inside it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def ancestors(path: str) -> Iterator[str]:
    """The folders that hold `path`, the nearest first; `.` holds every path of the project."""
    if path != "." and not path.startswith(("/", "../")) and "://" not in path:
        yield from (*_parents(path), ".")
    else:
        yield from _parents(path)


class PathIndex:
    """Paths with the names of their owners, found in time that the number of paths has no part in."""

    def __init__(self, owned: Iterable[tuple[str, str]]) -> None:
        self._at: dict[str, str] = {}
        self._inside: dict[str, dict[str, None]] = {}
        for path, owner in owned:
            self._at[path] = owner
            for folder in ancestors(path):
                self._inside.setdefault(folder, {})[owner] = None

    def overlapping(self, *paths: str) -> tuple[str, ...]:
        """The owners of what overlaps `paths`: folders around, the paths themselves, what is inside."""
        return tuple(dict.fromkeys(owner for path in paths for owner in self._around(path)))

    def _around(self, path: str) -> Iterator[str]:
        yield from (self._at[each] for each in (path, *ancestors(path)) if each in self._at)
        yield from self._inside.get(path, ())


def _parents(path: str) -> Iterator[str]:
    while (path := path.rpartition("/")[0]) and not path.endswith("/"):
        yield path
