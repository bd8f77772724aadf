"""The DVC remote: known, reachable, able to keep the run cache."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from ml_assets.doctor.finding import Finding, error, info, warning
from ml_assets.doctor.site import Site
from ml_assets.dvc.errors import RemoteUnknown
from ml_assets.dvc.remotes import without_credentials

PORTS = {"http": 80, "https": 443, "webdav": 80, "webdavs": 443, "ssh": 22, "sftp": 22}
TIMEOUT_SECONDS = 2.0


def remote_known(site: Site) -> Iterator[Finding]:
    """Named, and configured under that name."""
    if site.remote is None:
        yield info(
            "DVC remote", "there is none: results stay on this machine", "`dvc remote add -d NAME URL`"
        )
    elif not site.remote_config:
        what = str(RemoteUnknown(site.remote, tuple(site.config["remote"]))).partition(" Correct ")[0]
        yield error("DVC remote", what, f"`dvc remote add '{site.remote}' URL`, or correct the name")


def remote_run_cache(site: Site) -> Iterator[Finding]:
    """Some remotes cannot hold the run cache, so that another machine trains again."""
    config, name = site.remote_config, site.remote
    url = str(config.get("url", ""))
    if urlsplit(url).scheme in {"http", "https", "webdav", "webdavs"}:
        what = "is reached over HTTP"
    elif config.get("version_aware") or config.get("worktree"):
        what = "keeps files by name (version_aware or worktree)"
    else:
        return
    yield warning(
        f"remote '{name}'",
        f"it {what}, and so cannot hold the run cache: another machine runs every stage again",
        f"`dvc remote add -d NAME s3://BUCKET/PATH`, and keep '{name}' for sharing data",
    )


def remote_folder(site: Site) -> Iterator[Finding]:
    """A remote that is a folder must be there, or be possible to make."""
    url = str(site.remote_config.get("url", ""))
    if not url or urlsplit(url).scheme not in {"", "file"}:
        return
    folder = Path(urlsplit(url).path)
    folder = folder if folder.is_absolute() else site.root / ".dvc" / folder
    if not folder.exists() and not folder.parent.exists():
        yield error(
            f"remote '{site.remote}'",
            f"its folder '{without_credentials(str(folder))}' cannot be made: the one above is missing",
            f"mount the disk that it is on, or `mkdir -p '{folder}'`",
        )


def remote_answers(site: Site) -> Iterator[Finding]:
    """A remote on a server of one's own must listen; buckets are asked by their own check."""
    url = urlsplit(str(site.remote_config.get("url", "")))
    port = url.port or site.remote_config.get("port") or PORTS.get(url.scheme)
    if not port or not url.hostname:
        return
    try:
        socket.create_connection((url.hostname, int(port)), timeout=TIMEOUT_SECONDS).close()
    except OSError as unreachable:
        yield error(
            f"remote '{site.remote}'",
            f"{url.hostname}:{port} does not answer ({unreachable})",
            f"start or mend it, or correct its URL; by hand: `nc -vz {url.hostname} {port}`",
        )
