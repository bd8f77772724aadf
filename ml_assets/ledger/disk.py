"""Records in a folder of this machine: created whole, once, and on the disk before we say so."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from ml_assets.ledger.errors import LedgerUnreachable

STALE_SECONDS = 3600.0


@dataclass(frozen=True)
class Disk:
    """A folder, made by the first `create`.

    obstore's local store gives one winner too, but does not fsync (seen with strace), and the commit point of
    everything must outlive a power cut.
    """

    folder: Path

    @property
    def url(self) -> str:
        return str(self.folder)

    @property
    def readers(self) -> int:
        return 1

    def folders(self, folder: str) -> list[str]:
        return [entry.name for entry in self._entries(folder) if entry.is_dir()]

    def names(self, folder: str, *, after: str) -> list[str]:
        return [entry.name for entry in self._entries(folder) if entry.name > after and entry.is_file()]

    def read(self, path: str) -> bytes | None:
        with self._reached("reading a record"):
            try:
                return (self.folder / path).read_bytes()
            except FileNotFoundError:
                return None

    def create(self, path: str, data: bytes) -> bool:
        with self._reached("appending a record"):
            final = self.folder / path
            _make_folder(final.parent)
            _sweep(final.parent)
            staged = final.with_name(f".{final.name}.{uuid4().hex}.tmp")
            try:
                _write(staged, data)
                return _publish(staged, final)
            finally:
                with suppress(FileNotFoundError):
                    staged.unlink()

    def _entries(self, folder: str) -> list[os.DirEntry[str]]:
        with self._reached("listing its records"):
            try:
                with os.scandir(self.folder / folder) as entries:
                    return list(entries)
            except FileNotFoundError:
                return []

    @contextmanager
    def _reached(self, doing: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            cause = error.strerror or str(error)
            raise LedgerUnreachable(url=self.url, doing=doing, cause=cause) from error


def _publish(staged: Path, final: Path) -> bool:
    try:
        # A link, for it fails when the name is taken; a rename would overwrite.
        os.link(staged, final)
    except FileExistsError:
        return False
    _sync_folder(final.parent)
    return True


def _make_folder(folder: Path) -> None:
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _sync_folder(folder.parent)


def _sweep(folder: Path) -> None:
    """Remove what writers that were killed half-way left behind."""
    for staged in folder.glob(".*.tmp"):
        with suppress(FileNotFoundError):
            if time.time() - staged.stat().st_mtime > STALE_SECONDS:
                staged.unlink()


def _write(path: Path, data: bytes) -> None:
    # Read-only, so that an editor opened by mistake asks before it breaks the chain.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
