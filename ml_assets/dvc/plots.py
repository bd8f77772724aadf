"""DVC's plots as pictures: the charts of `dvc plots show`, drawn without a browser, kept by content."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ml_assets.dvc.files import read_cached, write_cached
from ml_assets.dvc.lockfile import LockedStage
from ml_assets.dvc.manifest import Manifest, Stage, overlaps
from ml_assets.dvc.project import DvcProject

# A chart in DVC's own page is as large; a timeline of materializations should stay light.
PIXEL_RATIO = 1.0


@dataclass(frozen=True)
class Picture:
    """A drawn plot: its DVC id, the files that it shows (relative to the root), and a PNG in base64."""

    name: str
    sources: tuple[str, ...]
    png_base64: str

    @property
    def png(self) -> bytes:
        return base64.b64decode(self.png_base64)


def stage_pictures(project: DvcProject, stage: Stage, locked: LockedStage) -> tuple[Picture, ...]:
    """The plots that show outputs of `stage`, in the state that `locked` names; drawn once a state."""
    manifest = project.manifest()
    if not has_plots(manifest, stage):
        return ()
    kept = project.private_dir / "pictures" / f"{_key(project.root, stage, locked)}.json"
    if (cached := read_cached(kept)) is not None:
        return tuple(Picture(**{**each, "sources": tuple(each["sources"])}) for each in cached)
    drawn = tuple(picture for picture in draw_plots(project.root) if _shows(picture.sources, stage))
    write_cached(kept, [asdict(picture) for picture in drawn])
    return drawn


def has_plots(manifest: Manifest, stage: Stage) -> bool:
    """Whether any plot of the project shows an output of `stage`."""
    return _shows(manifest.plots, stage)


def draw_plots(root: Path) -> tuple[Picture, ...]:
    """All plots of the project at `root`, as they are in the workspace now; DVC leaves out a broken one."""
    from ml_assets.dvc._internals.repo import open_repo, plot_renderers

    with open_repo(root) as repo:
        return tuple(
            Picture(name=renderer.name, sources=sources, png_base64=base64.b64encode(_png(renderer)).decode())
            for renderer, sources in plot_renderers(repo)
        )


def _png(renderer: Any) -> bytes:
    import vl_convert

    if renderer.TYPE == "image":
        return base64.b64decode(renderer.datapoints[0][renderer.SRC_FIELD].partition(",")[2])
    png: bytes = vl_convert.vegalite_to_png(renderer.get_filled_template(), scale=PIXEL_RATIO)
    return png


def _shows(sources: Iterable[str], stage: Stage) -> bool:
    return any(overlaps(source, out.path) for source in sources for out in stage.outs)


def _key(root: Path, stage: Stage, locked: LockedStage) -> str:
    definitions = (root / stage.file).read_bytes()
    return hashlib.sha256(locked.version.encode() + definitions).hexdigest()[:32]
