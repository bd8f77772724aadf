"""The doctor as a whole: nothing to say of a clean project, everything asked, nothing raised."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ml_assets.doctor.examine import examine
from ml_assets.doctor.finding import Finding, Severity, error, info, warning
from ml_assets.doctor.registry import CHECKS, Check, Depth
from ml_assets.doctor.site import Site
from ml_assets_tests.factories import write


def test_a_clean_project_has_no_findings(root: Path, environ: dict[str, str]) -> None:
    assert examine(Site(root, environ), depth=Depth.DEEP) == ()


def test_names_of_checks_are_unique() -> None:
    assert len({check.name for check in CHECKS}) == len(CHECKS)


def test_the_worst_comes_first_and_each_finding_names_its_check(root: Path) -> None:
    def mixed(_: Site) -> Iterator[Finding]:
        yield info("a", "what", "remedy")
        yield error("b", "what", "remedy")

    def one(_: Site) -> Iterator[Finding]:
        yield warning("c", "what", "remedy")

    found = examine(Site(root, {}), depth=Depth.SHALLOW, checks=[Check("mixed", mixed), Check("one", one)])
    assert [(each.where, each.check) for each in found] == [("b", "mixed"), ("c", "one"), ("a", "mixed")]


def test_a_check_that_breaks_is_a_finding_and_the_others_go_on(root: Path) -> None:
    def broken(_: Site) -> Iterator[Finding]:
        yield info("a", "found before", "")
        raise ValueError("no good")

    def fine(_: Site) -> Iterator[Finding]:
        yield info("b", "found after", "")

    found = examine(
        Site(root, {}), depth=Depth.SHALLOW, checks=[Check("broken", broken), Check("fine", fine)]
    )
    assert {each.what for each in found} == {
        "found before",
        "found after",
        "this check broke: ValueError: no good",
    }


def test_deep_checks_are_asked_only_for(root: Path) -> None:
    def deep(_: Site) -> Iterator[Finding]:
        yield error("a", "deep", "")

    checks = [Check("deep", deep, Depth.DEEP)]
    assert examine(Site(root, {}), depth=Depth.SHALLOW, checks=checks) == ()
    assert len(examine(Site(root, {}), depth=Depth.DEEP, checks=checks)) == 1


def test_what_cannot_be_read_is_told_once_and_the_rest_is_checked(
    root: Path, environ: dict[str, str]
) -> None:
    write(root, {"dvc.yaml": "stages: [", "pyproject.toml": "[tool.ml_assets]\nremmote = 1\n"})
    found = examine(Site(root, environ), depth=Depth.DEEP)
    settings, pipeline = (each for each in found if each.check == "project")
    assert "remmote" in settings.what
    assert "dvc.yaml" in pipeline.what
    assert settings.severity is Severity.ERROR
    assert [each for each in found if "this check broke" in each.what] == []


def test_a_wrong_configuration_of_dvc_is_told(root: Path, environ: dict[str, str]) -> None:
    write(root, {".dvc/config": "[core]\n    analytiks = false\n"})
    found = examine(Site(root, environ), depth=Depth.DEEP)
    assert any("DVC's configuration" in each.what and "analytiks" in each.what for each in found)
    assert [each for each in found if "this check broke" in each.what] == []


def test_the_how_to_names_every_check() -> None:
    text = (Path(__file__).parents[2] / "docs" / "how-to" / "doctor.md").read_text()
    assert [check.name for check in CHECKS if f"`{check.name}`" not in text] == []
