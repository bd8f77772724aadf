"""Brings, before a stage would run, what another machine has made of the same inputs; asked for by key."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ml_assets.dvc.code_state import CodeMarks, Mark
from ml_assets.dvc.remote import failure

if TYPE_CHECKING:
    from ml_assets.dvc._internals.cache import RemoteRuns


@dataclass
class Fetching:
    """What one run of stages takes from a remote, by its name in DVC's configuration (None: the default one).

    A remote that does not answer is told of once and not asked again in this run: stages run instead.
    """

    remote: str | None
    _silent: threading.Event = field(default_factory=threading.Event)
    _filesystems: dict[str, Any] = field(default_factory=dict)

    def bring(self, repo: Any, stage: Any, cache: Any, tell: Callable[[str], None]) -> None:
        """Bring the objects of the outputs that `stage` would have, and the entry that names them.

        `stage` and `repo` are DVC's, `cache` is the `KeyedRunCache` that will be asked after this.
        """
        with self._asking(repo, tell) as runs:
            if runs is None:
                return
            wanted = cache.wanted(stage, runs.fetch_newest)
            if wanted is not None and not wanted.outs_cached():
                runs.fetch_objects(wanted)

    def bring_marks(self, repo: Any, entry: str, marks: CodeMarks, tell: Callable[[str], None]) -> None:
        """Bring what others know of the code that made an entry."""
        with self._asking(repo, tell) as runs:
            for digest in runs.marks(entry) if runs else ():
                marks.add(entry, digest, Mark.MADE)

    @contextmanager
    def _asking(self, repo: Any, tell: Callable[[str], None]) -> Iterator[RemoteRuns | None]:
        from ml_assets.dvc._internals.cache import RemoteRuns, SharedCloud

        repo.cloud = SharedCloud(repo, self._filesystems)
        try:
            yield None if self._silent.is_set() else RemoteRuns(repo, self.remote)
        except Exception as error:  # noqa: BLE001 - of botocore, aiohttp and DVC, with no base in common; told
            self._silent.set()
            tell(f"(the remote gave nothing, and is not asked again in this run: {failure(error)})")
