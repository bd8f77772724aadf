"""Runs the checks over a project: every one is asked, and none that breaks stops the others."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from ml_assets.doctor.finding import Finding, Severity, warning
from ml_assets.doctor.registry import CHECKS, Check, Depth
from ml_assets.doctor.site import Site

ORDER = (Severity.ERROR, Severity.WARNING, Severity.INFO)


def examine(site: Site, *, depth: Depth, checks: Sequence[Check] = CHECKS) -> tuple[Finding, ...]:
    """What is wrong with a project and around it, the worst first; raises nothing.

    `Depth.SHALLOW` takes seconds and asks the network only where a bucket or a server is configured;
    `Depth.DEEP` reads the whole cache too.
    """
    asked = [check for check in checks if check.depth is Depth.SHALLOW or depth is Depth.DEEP]
    found = [finding for check in asked for finding in _ask(check, site)]
    return tuple(sorted(found, key=lambda finding: ORDER.index(finding.severity)))


def look_over(root: Path) -> tuple[Finding, ...]:
    """The findings of the shallow checks that somebody should act on."""
    found = examine(Site.at(root), depth=Depth.SHALLOW)
    return tuple(finding for finding in found if finding.severity is not Severity.INFO)


def _ask(check: Check, site: Site) -> Iterator[Finding]:
    try:
        yield from (replace(finding, check=check.name) for finding in check.look(site))
    except Exception as problem:  # noqa: BLE001 - a check that breaks is a finding, and the others go on
        what = f"this check broke: {type(problem).__name__}: {problem}"
        yield replace(
            warning(site.root, what, "report it with what `ml-assets doctor --json` prints"), check=check.name
        )
