"""Changes of files, first as values that can be shown, then made all or none."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.files import replace_file
from ml_assets.scaffold.errors import WriteFailed


@dataclass(frozen=True)
class Change:
    """One file: its text before (None: there is none) and after, and what it is for."""

    path: Path
    before: str | None
    after: str
    purpose: str

    def diff(self, root: Path) -> str:
        """A unified diff, with paths from `root`."""
        name = self.path.relative_to(root).as_posix() if self.path.is_relative_to(root) else str(self.path)
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            self.after.splitlines(keepends=True),
            "/dev/null" if self.before is None else f"a/{name}",
            f"b/{name}",
        )
        # As git does: or the next line would go on where a last one without an end stops.
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
        )


def make(changes: Sequence[Change]) -> None:
    """Write all files, or none.

    Raises:
        WriteFailed: naming the file; those before it are as they were.
    """
    done: list[Change] = []
    try:
        for change in changes:
            _write(change)
            done.append(change)
    except OSError as error:
        for change in reversed(done):
            _take_back(change)
        raise WriteFailed(changes[len(done)].path, error.strerror or str(error)) from error


def _write(change: Change) -> None:
    change.path.parent.mkdir(parents=True, exist_ok=True)
    # A link stays a link.
    replace_file(change.path.resolve(), change.after)


def _take_back(change: Change) -> None:
    if change.before is None:
        change.path.unlink(missing_ok=True)
        with suppress(OSError):  # not ours alone, where there is something else in it
            change.path.parent.rmdir()
    else:
        replace_file(change.path.resolve(), change.before)
