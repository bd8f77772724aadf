"""The environment's digest: what is installed, and what a lock file asks for."""

from __future__ import annotations

import hashlib
import importlib.metadata
import re
import sys
from pathlib import Path

import pytest

from ml_assets.dvc.environment import environment, installed
from ml_assets_tests.factories import write


def test_the_environment_is_what_importlib_says_is_installed(tmp_path: Path) -> None:
    found: dict[str, str] = {}
    for each in importlib.metadata.distributions():
        found.setdefault(re.sub(r"[-_.]+", "-", each.metadata["Name"]).lower(), each.version)
    lines = "\n".join(sorted(f"{name}=={version}" for name, version in found.items()))

    assert environment(tmp_path).digest == hashlib.sha256(lines.encode()).hexdigest()
    assert environment(tmp_path).python == ".".join(map(str, sys.version_info[:3]))


def test_another_version_installed_is_another_environment(tmp_path: Path) -> None:
    before = installed([*sys.path, str(tmp_path)])
    (tmp_path / "brandnew-1.0.dist-info").mkdir()
    first = installed([*sys.path, str(tmp_path)])
    (tmp_path / "brandnew-1.0.dist-info").rename(tmp_path / "brandnew-1.1.dist-info")
    second = installed([*sys.path, str(tmp_path)])

    assert "brandnew" not in before
    assert (first["brandnew"], second["brandnew"]) == ("1.0", "1.1")


def test_a_lock_file_counts_by_its_bytes(tmp_path: Path) -> None:
    assert environment(tmp_path).lock is None
    write(tmp_path, {"poetry.lock": "[[package]]\n"})
    one = environment(tmp_path).lock
    write(tmp_path, {"poetry.lock": "[[package]]\n"})
    assert environment(tmp_path).lock == one
    write(tmp_path, {"poetry.lock": "[[package]]\nname = 'x'\n"})
    assert environment(tmp_path).lock not in (one, None)


@pytest.mark.parametrize(
    ("text", "is_lock"),
    [
        ("# made by pip-compile\nnumpy==2.0.1\n", True),
        ("numpy==2.0.1 \\\n    --hash=sha256:aa \\\n    --hash=sha256:bb\n", True),
        ("numpy==2.0.1 ; python_version > '3'\nours @ file:///x.whl\n", True),
        ("-r base.txt\nnumpy===2.0\n", True),
        ("numpy==2.0.1\npandas>=2\n", False),
        ("numpy==2.*\n", False),
        ("pandas\n", False),
        ("# nothing\n", False),
    ],
)
def test_requirements_are_a_lock_file_when_all_of_them_are_pinned(
    text: str, *, is_lock: bool, tmp_path: Path
) -> None:
    write(tmp_path, {"requirements-dev.txt": text})
    assert (environment(tmp_path).lock is not None) == is_lock
