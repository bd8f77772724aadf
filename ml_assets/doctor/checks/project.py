"""Whether settings, DVC's configuration and the pipeline can be read at all."""

from __future__ import annotations

from collections.abc import Iterator

from ml_assets.doctor.finding import Finding, error
from ml_assets.doctor.site import Site


def readable(site: Site) -> Iterator[Finding]:
    """What the other checks could not look at, in the words of who reads it."""
    # Reading is what fills `problems`.
    _ = (site.config, site.settings, site.manifest, site.dagster_yaml)
    for what, problem in site.problems.items():
        yield error(
            site.root,
            f"{what} cannot be read: {problem}",
            "mend the file that is named; `dvc stage list --all` and `dvc config --list` must work",
        )
