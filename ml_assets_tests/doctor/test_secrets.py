"""Passwords where Git keeps them."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.doctor.finding import Severity
from ml_assets_tests.doctor.conftest import Look
from ml_assets_tests.factories import dvc, run, write


@pytest.mark.parametrize(
    ("url", "key", "value"),
    [
        ("s3://bucket/store", "secret_access_key", "hunter2"),
        ("ssh://host/store", "password", "hunter2"),
        ("ssh://host/store", "url", "ssh://me:hunter2@host/store"),
    ],
)
def test_a_committed_secret_of_a_remote_is_named_and_never_shown(
    look: Look, root: Path, url: str, key: str, value: str
) -> None:
    assert look("credentials-in-git") == []
    dvc("remote", "add", "-q", "-f", "store", url, cwd=root)
    dvc("remote", "modify", "-q", "store", key, value, cwd=root)
    assert look("credentials-in-git") == []
    run("git", "add", ".dvc/config", cwd=root)
    (found,) = look("credentials-in-git")
    assert found.severity is Severity.ERROR
    assert found.where == ".dvc/config, remote 'store'"
    assert key in found.what
    assert "hunter2" not in str(found)


def test_secrets_in_the_local_configuration_are_fine(look: Look, root: Path) -> None:
    dvc("remote", "modify", "-q", "--local", "store", "url", "ssh://me:hunter2@host/store", cwd=root)
    run("git", "add", "-A", cwd=root)
    assert look("credentials-in-git") == []


def test_a_tracked_dotenv_is_an_error_and_one_that_is_not_ignored_a_warning(look: Look, root: Path) -> None:
    assert look("dotenv-in-git") == []
    write(root, {".env": "AWS_SECRET_ACCESS_KEY=hunter2\n"})
    (found,) = look("dotenv-in-git")
    assert found.severity is Severity.WARNING
    run("git", "add", "-f", ".env", cwd=root)
    (found,) = look("dotenv-in-git")
    assert found.severity is Severity.ERROR
    run("sh", "-c", found.remedy.split("`")[1], cwd=root)
    assert look("dotenv-in-git") == []
