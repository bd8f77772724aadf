"""Packages that do not go together: their metadata is put first in the path, as pip would have."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


def put(folder: Path, name: str, version: str, *, author: str = "") -> None:
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    written_by = f"Author: {author}\n" if author else ""
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{written_by}")


def test_what_is_installed_here_goes_together(look: Look) -> None:
    assert look("requirements") == []
    assert look("antlr") == []
    assert look("dagster-train") == []


@pytest.mark.parametrize(
    ("name", "version", "why"),
    [
        ("hydra-core", "1.3.2", "dies with"),
        ("omegaconf", "2.3.0", "dies with"),
        ("pandas", "3.0.0", "go back to an older Dagster"),
        ("mlflow", "1.27.0", "closed to another"),
        ("dvc", "3.99.0", "private names"),
    ],
)
def test_a_version_that_breaks_things_far_from_it_is_an_error_with_the_reason(
    look: Look, install: Path, name: str, version: str, why: str
) -> None:
    put(install, name, version)
    (found,) = look("requirements")
    assert (found.severity, found.where) == (Severity.ERROR, name)
    assert f"{version} is installed" in found.what
    assert why in found.what
    assert found.remedy.startswith(f"`pip install '{name}")


def test_another_version_than_the_tested_one_is_a_warning(look: Look, install: Path) -> None:
    put(install, "psutil", "5.0")
    (found,) = look("requirements")
    assert (found.severity, found.where) == (Severity.WARNING, "psutil")


def test_the_antlr_that_older_hydra_brings_is_found_whoever_brought_it(look: Look, install: Path) -> None:
    put(install, "antlr4-python3-runtime", "4.9.3")
    (found,) = look("antlr")
    assert found.severity is Severity.ERROR
    assert "ord() expected string" in found.what


def test_libraries_of_another_train_are_named_with_the_version_that_fits(look: Look, install: Path) -> None:
    put(install, "dagster", "1.13.27", author="Dagster Labs")
    put(install, "dagster-aws", "0.29.26", author="Dagster Labs")
    put(install, "dagster-webserver", "1.13.26", author="Dagster Labs")
    # Others' packages have versions of their own.
    put(install, "dagster-of-somebody", "0.1.0", author="Somebody")
    aws, webserver = look("dagster-train")
    assert aws.remedy == "`pip install 'dagster-aws==0.29.27'`"
    assert webserver.remedy == "`pip install 'dagster-webserver==1.13.27'`"
