"""Code that stages reach and DVC does not look at."""

from __future__ import annotations

from collections.abc import Iterator

from ml_assets.doctor.finding import Finding, warning
from ml_assets.doctor.site import Site
from ml_assets.dvc.closure import import_closure, undeclared_code
from ml_assets.dvc.project import DvcProject

SHOWN = 3


def undeclared_imports(site: Site) -> Iterator[Finding]:
    """After an edit there plain `dvc repro` calls the stage up to date, or restores what old code made."""
    code = DvcProject(site.root).code()
    for stage in site.manifest.stages:
        files = undeclared_code(site.manifest, stage, import_closure(site.root, stage, code=code))
        if files:
            more = f" and {len(files) - SHOWN} more" if len(files) > SHOWN else ""
            yield warning(
                f"stage '{stage.name}' in {stage.file}",
                f"it imports {', '.join(files[:SHOWN])}{more}, which its deps leave out: to plain `dvc` it "
                "is up to date after an edit there",
                "`ml-assets deps --write`",
            )
    code.save()
