"""Secrets never enter a record, and what only looks like one stays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from ml_assets.ledger.record import GitState
from ml_assets.ledger.store import Ledger
from ml_assets_tests.ledger.drafts import a_run, intake, landed

PLANTED = "hunter2-hunter2-hunter2"
# Put together here, so that no scanner of repositories takes the test for a leak.
AWS_KEY = "AKIA" + "ABCDEFGH12345678"
GITHUB = "ghp_" + "a1" * 20
PEM = "-----BEGIN " + "PRIVATE KEY-----\nMC4CAQAwBQYDK2Vw\n-----END " + "PRIVATE KEY-----"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.open("ledger", root=tmp_path)


def stored(ledger: Ledger, **fields: Any) -> str:
    record = ledger.append(lambda _: a_run(**fields))
    assert record is not None
    return ledger.stored(record.number).decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"params": {"params.yaml": {"db": {"password": PLANTED}}}},
        {"params": {"params.yaml": {"api-key": PLANTED, "n": 3}}},
        {"params": {"params.yaml": {"urls": [f"https://ada:{PLANTED}@example.org/x"]}}},
        {"dvc_lock": f"stages:\n  a:\n    cmd: fetch --token={PLANTED} --out x\n"},
        {"dvc_lock": f"stages:\n  a:\n    params:\n      params.yaml:\n        db.password: {PLANTED}\n"},
        {"dvc_files": {"sub/dvc.lock": f"cmd: 'secret=\"{PLANTED}\" ./run'\n"}},
        {"small_outputs": {"metrics.json": f'{{"api_key": "{PLANTED}", "auc": 0.7}}'}},
        {"note": f"by postgresql://ada:{PLANTED}@db/x"},
        {"git": GitState(commit="c" * 40, dirty_sha256="d" * 64, patch=f'+PASSWORD = "{PLANTED}"\n')},
    ],
)
def test_a_planted_secret_is_taken_out_and_the_place_is_said(ledger: Ledger, fields: dict[str, Any]) -> None:
    text = stored(ledger, **fields)

    assert PLANTED not in text
    (place,) = ledger.get(1).redacted
    assert place.partition(".")[0] == next(iter(fields))


@pytest.mark.parametrize("token", [AWS_KEY, GITHUB, PEM])
def test_well_known_forms_are_taken_out_wherever_they_are(ledger: Ledger, token: str) -> None:
    assert token not in stored(ledger, params={"params.yaml": {"harmless": f"x {token} y"}})
    assert ledger.get(1).redacted == ("params.params.yaml.harmless",)


def test_a_value_of_the_environment_that_is_secret_by_name_is_taken_out_of_every_text(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", PLANTED)

    text = stored(ledger, dvc_lock=f"cmd: run {PLANTED}\n", params={"p.yaml": {PLANTED: 1}}, note=PLANTED)

    assert PLANTED not in text


def test_a_secret_in_a_landed_object_s_reason_does_not_change_the_object(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_PASSWORD", PLANTED)
    ledger.append(lambda _: intake(landed("landing/token=abc/a.csv"), note=f"with {PLANTED}"))

    record = ledger.get(1)

    assert record.note == "with [redacted]"
    assert '"key":"landing/token=abc/a.csv"' in ledger.stored(1).decode()


@pytest.mark.parametrize(
    "fields",
    [
        {"params": {"params.yaml": {"max_tokens": 5, "token": 7, "tokenizer": "words", "secret": True}}},
        {"params": {"params.yaml": {"password": "${DB_PASSWORD}", "key": "date"}}},
        {"dvc_lock": "stages:\n  token:\n    cmd: words\n    params:\n      p.yaml:\n        token: 5\n"},
        {"git": GitState(commit="c" * 40, dirty_sha256="d" * 64, patch="+token = next(tokens)\n")},
    ],
)
def test_what_only_looks_like_a_secret_stays(ledger: Ledger, fields: dict[str, Any]) -> None:
    draft = a_run(**fields)

    record = ledger.append(lambda _: draft)

    assert record is not None
    assert record.redacted == ()
    assert {name: getattr(record, name) for name in fields} == {name: getattr(draft, name) for name in fields}


def test_short_values_of_the_environment_are_words(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")

    assert '"testing a model"' in stored(ledger, note="testing a model")
