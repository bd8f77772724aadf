"""A folder that `dvc add` tracks and that grows file by file, such as `data/raw`."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ml_assets.dvc.files import replace_file
from ml_assets.dvc.integrity import only_intact
from ml_assets.dvc.lockfile import outputs_in, read_dvc_file
from ml_assets.dvc.parts import divided_folders, part_paths
from ml_assets.dvc.remote import pull, push, transferring
from ml_assets.dvc.storage import disk_failures

if TYPE_CHECKING:
    from ml_assets.dvc._internals.folder import Survey


# From about here, one listing of all files makes DVC slow; see facts of `dvc add` at 10,000 and 100,000.
MAX_FILES = 20_000


@dataclass(frozen=True)
class TrackedFolder:
    """The folder `path` (relative to the project's `root`) and the .dvc file beside it.

    A listing has at most `max_files` files, where the folder has folders to divide it by: see `dvc.parts`.
    """

    root: Path
    relative: str
    max_files: int = MAX_FILES

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
        self._drop_beside_parts()

    def _drop_beside_parts(self) -> None:
        """DVC takes out what does not belong into a part, and does not know what lies beside the parts."""
        parts = part_paths(self.text() or "", self.path.name)
        folders = divided_folders(parts)
        kept = folders.union(parts)
        for folder in folders:
            for entry in (self.path / folder).iterdir():
                if entry.relative_to(self.path).as_posix() in kept:
                    continue
                if entry.is_dir() and not entry.is_symlink():
                    shutil.rmtree(entry)
                else:
                    entry.unlink()

    def add(self, files: Sequence[Path], *, gone: Sequence[Path] = ()) -> None:
        """Track `files`, which are in the folder already, and no longer those that are `gone` from it.

        The others are not looked at, but for the first time, when the whole folder is added.

        Raises:
            DiskFull, NotWritable: of the cache or the workspace; the .dvc file names only what the cache has.
        """
        from ml_assets.dvc._internals.folder import add_files
        from ml_assets.dvc._internals.repo import open_repo

        doing = f"adding files to {self.relative}"
        with disk_failures(doing=doing, root=self.root), open_repo(self.root) as repo:
            if self.md5() is None:
                repo.add([str(self.path)])
                files = ()
            add_files(repo, self.dvc_file, files, gone=gone, most=self.max_files)

    def restore(self, text: str | None, remote: str | None = None) -> None:
        """Go back to an earlier .dvc file's text (None: untracked) and make the folder what it says."""
        if text is None:
            self.dvc_file.unlink(missing_ok=True)
            return
        self.dvc_file.parent.mkdir(parents=True, exist_ok=True)
        replace_file(self.dvc_file, text)
        self.make_whole(remote)

    def survey(self) -> Survey:
        """How the folder's files differ from what its .dvc file says; each is looked at once."""
        from ml_assets.dvc._internals.folder import survey
        from ml_assets.dvc._internals.repo import open_repo

        with open_repo(self.root) as repo:
            return survey(repo, self.dvc_file)

    def push(self, remote: str | None, *, since: str | None = None) -> int:
        """Push what the remote lacks of the folder; how many objects that were.

        Of what an earlier text of the .dvc file, `since`, names too, only its listing is asked for.

        Raises:
            TransferFailed: naming the remote and the remedy.
            CacheDamaged: as `remote.push`.
        """
        pushed = self._push_new(remote, since) if since is not None else None
        return push(self.root, [str(self.dvc_file)], remote=remote) if pushed is None else pushed

    def _push_new(self, remote: str | None, since: str) -> int | None:
        from ml_assets.dvc._internals.repo import open_repo
        from ml_assets.dvc._internals.uploads import push_new

        now, before = outputs_in(self.text() or ""), outputs_in(since)
        with only_intact(self.root), transferring("push", self.root, remote), open_repo(self.root) as repo:
            return push_new(repo, now, before, remote)
