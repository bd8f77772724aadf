"""A record in standard formats: valid, the same each time, with its weak links, without secrets."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from openlineage.client.event_v2 import RunState

from ml_assets.ledger.errors import EnvelopeRefused, ExportRefused, ExtraMissing, SigningKeyUnusable
from ml_assets.ledger.exports.cyclonedx import ml_bom
from ml_assets.ledger.exports.dsse import envelope, verified
from ml_assets.ledger.exports.model_card import model_card
from ml_assets.ledger.exports.open_lineage import as_dict, events, send
from ml_assets.ledger.exports.provenance import statement
from ml_assets.ledger.exports.subject import Subject
from ml_assets.ledger.find import find_run
from ml_assets.ledger.record import CheckOutcome, GitState, RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets.ledger.weak_links import weak_links
from ml_assets_tests.factories import BIN, run
from ml_assets_tests.production.by_hand import copied

CHECK = CheckOutcome(asset="model", check="auc", passed=False, severity="WARN", description="auc is 0.03")


@pytest.fixture
def project(two_days: Path, tmp_path: Path) -> Path:
    return copied(two_days, tmp_path)


@pytest.fixture
def record(project: Path) -> RunRecord:
    return find_run(Ledger.open(".ml_assets/ledger", root=project), "latest").model_copy(
        update={"checks": (CHECK,)}
    )


@pytest.fixture
def subject(record: RunRecord) -> Subject:
    packages = ("pandas==2.3.3", "scikit-learn==1.9.1")
    return Subject(record, "numbers", repository="https://example.org/numbers.git", packages=packages)


def test_each_stage_has_a_start_and_a_completion_with_versions_of_what_it_read_and_made(
    subject: Subject,
) -> None:
    found = [as_dict(event) for event in events(subject)]

    assert [(each["job"]["name"], each["eventType"]) for each in found] == [
        ("total", "START"),
        ("total", "COMPLETE"),
        ("model", "START"),
        ("model", "COMPLETE"),
        ("checks", "COMPLETE"),
    ]
    model = found[3]
    versions = {each["name"]: each["facets"]["version"]["datasetVersion"] for each in model["inputs"]}
    assert versions.keys() == {"data/total.txt", "model.py"}
    (total,) = [out.md5 for out in subject.record.outputs if out.path == "data/total.txt"]
    assert versions["data/total.txt"] == total
    assert {each["name"] for each in model["outputs"]} == {"metrics.json", "model.txt"}
    assert model["run"]["facets"]["executionParameters"]["parameters"] == [
        {"key": "params.yaml.factor", "name": "params.yaml.factor", "value": "3"}
    ]
    assert model["job"]["facets"]["sourceCodeLocation"]["version"] == subject.commit()
    (assertion,) = found[4]["inputs"][0]["inputFacets"]["dataQualityAssertions"]["assertions"]
    assert (assertion["assertion"], assertion["success"], assertion["severity"]) == ("auc", False, "warn")


def test_events_are_the_same_whenever_they_are_made(subject: Subject) -> None:
    once, again = ([as_dict(event) for event in events(subject)] for _ in range(2))

    assert once == again
    assert len({each["run"]["runId"] for each in once}) == 3
    assert RunState.COMPLETE.value in {each["eventType"] for each in once}


class Marquez(BaseHTTPRequestHandler):
    """Takes events at the path that the specification names."""

    taken: list[dict[str, Any]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/api/v1/lineage":
            type(self).taken.append(json.loads(body))
        self.send_response(201 if self.path == "/api/v1/lineage" else 404)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing to the terminal."""


@pytest.fixture
def server() -> Iterator[str]:
    Marquez.taken = []
    with HTTPServer(("127.0.0.1", 0), Marquez) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


def test_events_are_sent_to_a_server(subject: Subject, server: str) -> None:
    send(events(subject), server)

    assert [each["run"]["runId"] for each in Marquez.taken] == [
        as_dict(each)["run"]["runId"] for each in events(subject)
    ]


@pytest.mark.slow
def test_a_server_that_does_not_answer_is_named_without_its_password(subject: Subject) -> None:
    with pytest.raises(ExportRefused, match=r"127\.0\.0\.1:1") as caught:
        send(events(subject)[:1], "http://ada:hunter2-hunter2@127.0.0.1:1")

    assert "hunter2" not in str(caught.value)


def test_the_bill_of_materials_is_valid_and_names_model_data_and_packages(subject: Subject) -> None:
    bom = ml_bom(subject, subject.models())

    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(json.dumps(bom)) is None
    by_type: dict[str, list[str]] = {}
    for each in bom["components"]:
        by_type.setdefault(each["type"], []).append(each["name"])
    assert by_type == {
        "machine-learning-model": ["model.txt"],
        "data": ["data/raw"],
        "library": ["pandas", "scikit-learn"],
    }
    assert ml_bom(subject, subject.models()) == bom


def test_the_card_has_front_matter_metrics_and_weak_links(subject: Subject) -> None:
    card = model_card(subject, subject.models()[0])

    _, front, body = card.split("---\n", 2)
    fields = yaml.safe_load(front)
    assert fields["library_name"] == "scikit-learn"
    (results,) = fields["model-index"][0]["results"]
    assert results["metrics"] == [{"type": "auc", "value": 0.03}]
    assert "- `params.yaml.factor` = 3" in body
    assert "- model / auc: NOT passed" in body
    for each in weak_links(subject.record):
        assert f"- {each.said}" in body


def test_the_statement_names_subject_code_and_data(subject: Subject) -> None:
    found = statement(subject, subject.models())

    (model,) = [out for out in subject.record.outputs if out.path == "model.txt"]
    assert found["subject"] == [
        {"name": "model.txt", "digest": {"sha256": model.sha256, "dvcMd5": model.md5}}
    ]
    dependencies = found["predicate"]["buildDefinition"]["resolvedDependencies"]
    assert dependencies[0]["digest"] == {"gitCommit": subject.commit()}
    assert {each.get("name") for each in dependencies} >= {"data/raw", "Python environment"}


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    private, public = tmp_path / "key.pem", tmp_path / "public.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", private], check=True)
    subprocess.run(["openssl", "pkey", "-in", private, "-pubout", "-out", public], check=True)
    return private, public


def test_a_signed_statement_is_verified_and_a_changed_one_is_not(
    subject: Subject, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    private, public = keys
    file = tmp_path / "statement.json"
    signed = envelope(statement(subject, subject.models()), key=private)
    file.write_text(json.dumps(signed))
    assert verified(file, public=public)["subject"][0]["name"] == "model.txt"

    payload = signed["payload"]
    file.write_text(json.dumps({**signed, "payload": payload[:-8] + "AAAA" + payload[-4:]}))
    with pytest.raises(EnvelopeRefused, match="changed after it was signed"):
        verified(file, public=public)


def test_another_key_proves_nothing_and_neither_does_none(
    subject: Subject, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    other = tmp_path / "other.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", other], check=True)
    file = tmp_path / "statement.json"
    made = statement(subject, subject.models())

    file.write_text(json.dumps(envelope(made, key=other)))
    with pytest.raises(EnvelopeRefused, match="no signature is by"):
        verified(file, public=keys[1])
    file.write_text(json.dumps(envelope(made, key=None)))
    assert "unsigned" in json.loads(file.read_text())
    with pytest.raises(EnvelopeRefused, match="it is unsigned"):
        verified(file, public=keys[1])


def test_a_key_of_another_kind_is_refused(subject: Subject, tmp_path: Path) -> None:
    rsa = tmp_path / "rsa.pem"
    subprocess.run(["openssl", "genrsa", "-out", rsa, "2048"], check=True, capture_output=True)

    with pytest.raises(SigningKeyUnusable, match=r"RSAPrivateKey(?s:.*)openssl genpkey"):
        envelope(statement(subject, subject.models()), key=rsa)


@pytest.mark.parametrize(
    ("update", "kind"),
    [
        ({"git": None}, "no-commit"),
        ({"git": GitState(commit="c" * 40, dirty_sha256="d" * 64, patch="+x\n")}, "dirty-tree"),
        ({"git": GitState(commit="c" * 40, dirty_sha256="d" * 64)}, "patch-not-kept"),
        ({"git": GitState(commit="c" * 40, untracked=("a.py",))}, "untracked-files"),
        ({"stale": ("model",)}, "stale-stages"),
        ({"redacted": ("params.p.password",)}, "redacted"),
        ({"checks": (CHECK,)}, "checks-failed"),
    ],
)
def test_each_weak_link_is_in_each_format(record: RunRecord, update: dict[str, Any], kind: str) -> None:
    subject = Subject(record.model_copy(update=update), "numbers")
    (link,) = [each for each in weak_links(subject.record) if each.kind == kind]
    models = subject.models()

    formats = [
        json.dumps([as_dict(event) for event in events(subject)]),
        json.dumps(statement(subject, models)),
        model_card(subject, models[0]),
        json.dumps(ml_bom(subject, models)),
    ]
    for text in formats:
        assert link.said in text or json.dumps(link.said)[1:-1] in text


def test_without_the_extra_it_is_said_what_to_install(
    subject: Subject, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "openlineage.client", None)

    with pytest.raises(ExtraMissing, match=r"ml_assets\[exports\]"):
        events(subject)


@pytest.mark.parametrize("form", ["openlineage", "in-toto", "model-card", "cyclonedx"])
def test_no_format_tells_a_secret(project: Path, form: str) -> None:
    run("git", "remote", "add", "origin", "https://ada:hunter2-hunter2@example.org/x.git", cwd=project)

    found = run(BIN / "ml-assets", "export", "latest", "--format", form, cwd=project).stdout

    assert "hunter2" not in found
    assert len(found) > 500


def test_a_path_that_is_no_output_is_refused_with_those_that_are(project: Path) -> None:
    done = subprocess.run(
        [str(BIN / "ml-assets"), "export", "latest", "--format", "in-toto", "--path", "nonsense"],
        cwd=project,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "has no output nonsense; it has data/total.txt, " in done.stderr
