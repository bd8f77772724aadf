"""Stages that DVC's run cache never has, so that going back and another machine run them again."""

from __future__ import annotations

from collections.abc import Iterator

from ml_assets.doctor.finding import Finding, info
from ml_assets.doctor.site import Site
from ml_assets.dvc.manifest import Stage


def never_cached(site: Site) -> Iterator[Finding]:
    """Said once for each stage, with the reason."""
    for stage in site.manifest.stages:
        if reason := _reason(stage):
            yield info(
                f"stage '{stage.name}' in {stage.file}",
                f"{reason}: the run cache never has it, and another machine runs it again",
                "nothing, if that is meant; else see the reason",
            )


def _reason(stage: Stage) -> str | None:
    kept = next((out.path for out in stage.outs if out.persist), None)
    outside = next(
        (path for path in (*stage.deps, *(out.path for out in stage.outs)) if _is_outside(path)), None
    )
    reasons = {
        "it is `always_changed`": stage.always_changed,
        "it has no dependencies": not stage.deps and not stage.params,
        "it has no outputs": not stage.outs,
        f"'{kept}' is `persist: true`": kept is not None,
        f"'{outside}' is outside of the project": outside is not None,
    }
    return next((reason for reason, holds in reasons.items() if holds), None)


def _is_outside(path: str) -> bool:
    return "://" in path or path.startswith(("/", "../"))
