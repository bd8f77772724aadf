"""The remotes that DVC's configuration names, read by DVC once for each state of its files."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from ml_assets.dvc.errors import RemoteUnknown
from ml_assets.dvc.files import read_cached, write_cached
from ml_assets.dvc.project import DvcProject

KEPT = "remotes.json"


@dataclass(frozen=True)
class Remotes:
    """Name of each remote → where it is, credentials left out; and the name of the default one."""

    default: str | None
    urls: Mapping[str, str]


def remotes(root: Path) -> Remotes:
    """The remotes of the project at `root`: system's, user's, repository's and local configuration, merged.

    Importing DVC to read four small files costs half a second, so what it said of them is kept.
    """
    kept = DvcProject(root).private_dir / KEPT
    digest = _digest(root)
    cached = read_cached(kept)
    if cached is not None and cached["digest"] == digest:
        return Remotes(cached["default"], cached["urls"])
    found = _read(root)
    write_cached(kept, {"digest": digest, **asdict(found)})
    return found


def default_remote(root: Path) -> str | None:
    """The remote that DVC itself pushes to when nobody names one: `core.remote`; None where there is none."""
    return remotes(root).default


def remote_url(root: Path, remote: str | None) -> str | None:
    """Where pushes go, credentials left out; None: nowhere.

    `remote` is a name in DVC's configuration; None is its default, `core.remote`; an empty string is none.

    Raises:
        RemoteUnknown: no configuration, neither the project's nor the user's, has a remote of that name.
    """
    if remote == "":
        return None
    found = remotes(root)
    name = remote or found.default
    if not name:
        return None
    if name not in found.urls:
        raise RemoteUnknown(name, tuple(found.urls))
    return found.urls[name]


def without_credentials(url: str) -> str:
    """`url` without user, password and query, in which tokens travel."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def _read(root: Path) -> Remotes:
    from ml_assets.dvc._internals.repo import configuration

    config = configuration(root)
    urls = {name: without_credentials(str(remote["url"])) for name, remote in config["remote"].items()}
    return Remotes(config["core"].get("remote") or None, urls)


def _digest(root: Path) -> str:
    digest = hashlib.sha256()
    for path in _files(root):
        digest.update(path.read_bytes() if path.is_file() else b"-")
        digest.update(b"\0")
    return digest.hexdigest()


def _files(root: Path) -> Iterator[Path]:
    import platformdirs

    # As DVC names them, in dvc.dirs.
    yield (
        Path(os.environ.get("DVC_SYSTEM_CONFIG_DIR") or platformdirs.site_config_dir("dvc", "iterative"))
        / "config"
    )
    yield (
        Path(os.environ.get("DVC_GLOBAL_CONFIG_DIR") or platformdirs.user_config_dir("dvc", "iterative"))
        / "config"
    )
    yield root / ".dvc" / "config"
    yield root / ".dvc" / "config.local"
