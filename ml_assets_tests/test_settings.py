"""Settings come from one table; the environment wins; mistakes are named."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ml_assets.settings import Settings, SettingsInvalid
from ml_assets_tests.factories import write


def test_without_a_file_every_default_works_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    settings = Settings.load(tmp_path)
    assert (settings.remote, settings.ledger, settings.landing) == (None, ".ml_assets/ledger", None)
    assert settings.mlflow.resolved_uri(tmp_path).startswith(f"sqlite:///{tmp_path}")


def test_the_table_is_read_from_pyproject_or_from_a_file_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": '[tool.ml_assets.landing]\nbucket = "one"\n'})
    assert Settings.load(tmp_path).sources == ("data/raw",)
    write(tmp_path, {"ml_assets.toml": 'ledger = "s3://b/ledger"\n'})
    assert Settings.load(tmp_path).ledger == "s3://b/ledger"


def test_a_key_prefix_is_a_path_or_a_list(tmp_path: Path) -> None:
    for text in ('key_prefix = "team/flights"', 'key_prefix = ["team", "flights"]'):
        write(tmp_path, {"ml_assets.toml": text})
        assert Settings.load(tmp_path).key_prefix == ("team", "flights")


def test_the_environment_wins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"ml_assets.toml": 'remote = "a"\n[landing]\nbucket = "b"\n'})
    monkeypatch.setenv("ML_ASSETS_REMOTE", "")
    monkeypatch.setenv("ML_ASSETS_LEDGER", "elsewhere")
    monkeypatch.setenv("ML_ASSETS_SENSOR", "running")
    settings = Settings.load(tmp_path)
    assert (settings.remote, settings.ledger) == ("", "elsewhere")
    assert settings.landing is not None
    assert settings.landing.sensor == "running"


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("remmote = 1", "remmote"),
        ("[landing]\nprefix = 'x'", "landing.bucket"),
        ("remote = [", "Invalid value"),
        ("key_prefix = 'a/b c'", "key_prefix.1"),
        ("group = 'a b'", "group"),
        ("remote = '\udcff'", "can't decode"),
    ],
)
def test_a_mistake_is_named_with_its_file(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "ml_assets.toml").write_bytes(text.encode(errors="surrogateescape"))
    with pytest.raises(SettingsInvalid, match=re.escape(named)) as caught:
        Settings.load(tmp_path)
    assert str(tmp_path / "ml_assets.toml") in str(caught.value)
