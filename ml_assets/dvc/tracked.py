"""A folder that `dvc add` tracks and that grows file by file, such as `data/raw`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ml_assets.dvc.files import replace_file
from ml_assets.dvc.lockfile import read_dvc_file
from ml_assets.dvc.remote import pull, push
from ml_assets.dvc.storage import disk_failures

# Each file of a granular add writes the .dvc file again; from about here the whole folder is cheaper.
GRANULAR_LIMIT = 32


@dataclass(frozen=True)
class TrackedFolder:
    """The folder `path` (relative to the project's `root`) and the .dvc file beside it."""

    root: Path
    relative: str

    @property
    def path(self) -> Path:
        return self.root / self.relative

    @property
    def dvc_file(self) -> Path:
        return self.path.with_name(f"{self.path.name}.dvc")

    def text(self) -> str | None:
        """The .dvc file's text, which names the folder's whole content; None before the first add."""
        return self.dvc_file.read_text(encoding="utf-8") if self.dvc_file.exists() else None

    def md5(self) -> str | None:
        """The folder's hash, or None before the first add."""
        tracked = read_dvc_file(self.dvc_file)
        return tracked.md5 if tracked else None

    def make_whole(self, remote: str | None) -> None:
        """Make the folder exactly what its .dvc file says, pulling what this machine does not have.

        Raises:
            TransferFailed: an object is neither in the cache nor on the remote.
        """
        from ml_assets.dvc._internals.repo import CheckoutError, open_repo

        if self.md5() is None:
            return
        target = str(self.dvc_file)
        try:
            with open_repo(self.root) as repo:
                repo.checkout(targets=[target], force=True)
        except (CheckoutError, FileNotFoundError):
            pull(self.root, [target], remote=remote)

    def add(self, files: Sequence[Path]) -> None:
        """Track `files`, which are in the folder already; the others are not read again.

        The first time, and for many files at once, the whole folder is added.

        Raises:
            DiskFull, NotWritable: of the cache or the workspace; the .dvc file names only what the cache has.
        """
        if self.md5() is None or len(files) > GRANULAR_LIMIT:
            self.add_all()
        else:
            self._add([str(file) for file in files])

    def add_all(self) -> None:
        """Track the folder as it is, also without files that were taken away. Raises as `add`."""
        self._add([str(self.path)])

    def _add(self, targets: list[str]) -> None:
        from ml_assets.dvc._internals.repo import open_repo

        doing = f"adding files to {self.relative}"
        with disk_failures(doing=doing, root=self.root), open_repo(self.root) as repo:
            repo.add(targets)

    def restore(self, text: str | None, remote: str | None = None) -> None:
        """Go back to an earlier .dvc file's text (None: untracked) and make the folder what it says."""
        if text is None:
            self.dvc_file.unlink(missing_ok=True)
            return
        self.dvc_file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self.dvc_file, text)
        self.make_whole(remote)

    def unsaved(self) -> list[str]:
        """Paths from the root of files in the folder that DVC does not have: a checkout would destroy them.

        Nothing can be told to be foreign where the folder's own listing is not in the cache.
        """
        from ml_assets.dvc._internals.repo import open_repo

        with open_repo(self.root) as repo:
            status = repo.data_status(targets=[self.relative], granular=True)
        if f"{self.relative}/" in status["not_in_cache"]:
            return []
        uncommitted = status["uncommitted"]
        changed = {*uncommitted.get("added", ()), *uncommitted.get("modified", ())}
        return sorted(path for path in changed if not path.endswith("/"))

    def push(self, remote: str | None) -> int:
        """Push what the remote lacks of the folder; how many objects that were.

        Raises:
            TransferFailed: naming the remote and the remedy.
        """
        return push(self.root, [str(self.dvc_file)], remote=remote)
