"""Whether what is installed beside each other works together, as pyproject.toml asks."""

from __future__ import annotations

from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distributions, requires, version

from packaging.requirements import Requirement
from packaging.version import InvalidVersion, Version

from ml_assets.doctor.finding import Finding, error, warning
from ml_assets.doctor.site import Site

PACKAGE = "ml_assets"
DEAD_SELECTIONS = (
    "every selection of assets by a string (`--select`, the target of a job or sensor) dies with "
    '"ord() expected string of length 1"'
)
# Why a pin is there, where breaking it fails in a way that nobody would trace back.
REASONS = {
    "hydra-core": f"it brings ANTLR 4.9, under which {DEAD_SELECTIONS}",
    "omegaconf": f"it brings ANTLR 4.9, under which {DEAD_SELECTIONS}",
    "pandas": "beside dagster-mlflow it makes resolvers go back to an older Dagster without a word",
    "mlflow": "for dagster-mlflow any would do, but the store of one version is closed to another",
    "dvc": "the bridge leans on a few of its private names, which this version may not have",
}
FIRST_GOOD_ANTLR = Version("4.10")
LIBRARY_OFFSET = 16


def requirements(_: Site) -> Iterator[Finding]:
    """Each requirement of this package against what is installed."""
    try:
        asked = [Requirement(text) for text in requires(PACKAGE) or ()]
    except PackageNotFoundError:
        yield warning(PACKAGE, "it is not installed, but imported from a folder", "`pip install -e .`")
        return
    for requirement in asked:
        if requirement.marker is None or requirement.marker.evaluate({"extra": ""}):
            yield from _compare(requirement)


def _compare(requirement: Requirement) -> Iterator[Finding]:
    name, install = requirement.name, f"`pip install '{_without_extras(requirement)}'`"
    installed = _installed(name)
    if installed is None:
        yield error(name, "it is required, and not installed", install)
    elif not requirement.specifier.contains(installed, prereleases=True):
        why = REASONS.get(name.lower(), "it was not tested with the rest")
        tell = error if name.lower() in REASONS else warning
        yield tell(name, f"{installed} is installed, {requirement.specifier} is needed: {why}", install)


def antlr(_: Site) -> Iterator[Finding]:
    """The runtime that Dagster's parser of selections needs, whoever brought another one."""
    installed = _installed("antlr4-python3-runtime")
    if installed is not None and installed < FIRST_GOOD_ANTLR:
        yield error(
            "antlr4-python3-runtime",
            f"under {installed} {DEAD_SELECTIONS}",
            "`pip install 'hydra-core>=1.4.0rc1,<1.5' 'omegaconf>=2.4.0.dev0' "
            "'antlr4-python3-runtime>=4.13,<4.14'`",
        )


def dagster_train(_: Site) -> Iterator[Finding]:
    """Dagster 1.N.M goes with its libraries 0.(N+16).M, and is tested with no others."""
    core = _installed("dagster")
    if core is None:
        return
    library = f"0.{core.minor + LIBRARY_OFFSET}.{core.micro}"
    for name, installed in sorted(_of_dagster_labs().items()):
        if installed not in {str(core), library}:
            wanted = str(core) if installed.startswith("1.") else library
            yield warning(
                name,
                f"{installed} is installed beside dagster {core}, which is only tested with {wanted}",
                f"`pip install '{name}=={wanted}'`",
            )


def _of_dagster_labs() -> dict[str, str]:
    """The packages of Dagster's own release train."""
    return {
        each.metadata["Name"]: each.version
        for each in distributions()
        if (each.metadata["Name"] or "").lower().startswith("dagster")
        and "Dagster Labs" in "".join(each.metadata.get_all("Author") or ())
    }


def _installed(name: str) -> Version | None:
    try:
        return Version(version(name))
    except (PackageNotFoundError, InvalidVersion):
        return None


def _without_extras(requirement: Requirement) -> str:
    extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
    return f"{requirement.name}{extras}{requirement.specifier}"
