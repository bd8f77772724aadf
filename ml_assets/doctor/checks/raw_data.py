"""Tracked data: as the ledger knows it, and not too much for one .dvc file."""

from __future__ import annotations

from collections.abc import Iterator

import yaml

from ml_assets.doctor.finding import Finding, info, warning
from ml_assets.doctor.site import Site
from ml_assets.dvc.content import content_of
from ml_assets.dvc.lockfile import read_parts
from ml_assets.dvc.yaml12 import Loader
from ml_assets.ledger.newest import backwards
from ml_assets.ledger.record import IntakeRecord
from ml_assets.ledger.store import Ledger

MOST_FILES = 20_000
MOST_DVC_FILES = 2_000


def raw_record(site: Site) -> Iterator[Finding]:
    """What landed must be what the ledger's newest intake left, or the next intake stops."""
    landing = site.settings.landing
    # A ledger in a bucket is read record by record, which is no work for a quick look.
    if landing is None or "://" in site.settings.ledger:
        return
    name = f"{landing.into}.dvc"
    file = site.root / name
    for record in backwards(Ledger.open(site.settings.ledger, root=site.root)):
        if isinstance(record, IntakeRecord) and name in record.dvc_files:
            text = file.read_text(encoding="utf-8") if file.exists() else ""
            if content_of(text) != content_of(record.dvc_files[name]):
                yield warning(
                    name,
                    f"it is not what the newest intake, record {record.number}, left: a checkout moved it, "
                    "or somebody added files by hand; the next intake stops at that",
                    "`ml-assets landing reconcile`",
                )
            return


def raw_size(site: Site) -> Iterator[Finding]:
    """Each landing costs by the number of files under one .dvc file."""
    for source in site.manifest.sources:
        for part in read_parts(site.root, source):
            if (part.files or 0) > MOST_FILES:
                yield warning(
                    part.path,
                    f"it has {part.files:,} files in one listing: to add one takes seconds, and so does "
                    "`dvc status`",
                    "land files in folders: the next intake divides a folder by those in it "
                    "(`max_files_per_dvc`)",
                )
    files = {source.file for source in site.manifest.sources}
    if len(files) > MOST_DVC_FILES:
        yield warning(
            site.root,
            f"it has {len(files):,} .dvc files, and DVC reads each of them at every command (2 ms each)",
            "track folders, not files: `dvc add FOLDER`",
        )


def imported_folders(site: Site) -> Iterator[Finding]:
    """`dvc update` of an imported folder deletes it and downloads all of it again."""
    for file in sorted({source.file for source in site.manifest.sources}):
        content = yaml.load((site.root / file).read_bytes(), Loader)  # noqa: S506 - a safe loader
        outs = content.get("outs") or [{}]
        if content.get("deps") and str(outs[0].get("md5", "")).endswith(".dir"):
            yield info(
                file,
                "it imports a folder: `dvc update` deletes it and downloads every file again",
                "land new files instead: [tool.ml_assets.landing] in pyproject.toml",
            )
