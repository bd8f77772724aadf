"""What a dependency is when it is not just an output or a source: inside one, around some, or elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ml_assets.ledger.index import catch_up, projectors, resolve
from ml_assets.ledger.index.catch_up import open_index
from ml_assets.ledger.index.impact import impact
from ml_assets.ledger.index.nodes import Kind, Node, Start
from ml_assets.ledger.index.question import Question
from ml_assets.ledger.index.resolve import IMPACT, WHY, asked
from ml_assets.ledger.index.why import Ancestry, why
from ml_assets.ledger.record import Draft, OutputRecord, PinDraft, RunDraft
from ml_assets_tests.ledger.drafts import ORIGIN, TIME, a_run, intake, landed
from ml_assets_tests.ledger.index.worlds import append_all, digest

RAW = {"raw.dvc": yaml.safe_dump({"outs": [{"md5": digest("raw") + ".dir", "hash": "md5", "path": "raw"}]})}


def lock(**stages: tuple[list[tuple[str, str]], list[str]]) -> str:
    """Stage → the dependencies (path, hash) and the outputs, whose hashes are those of their paths."""
    entries: dict[str, Any] = {
        name: {
            "cmd": name,
            "deps": [{"path": path, "hash": "md5", "md5": each} for path, each in deps],
            "outs": [{"path": path, "hash": "md5", "md5": digest(path)} for path in outs],
        }
        for name, (deps, outs) in stages.items()
    }
    return yaml.safe_dump({"schema": "2.0", "stages": entries}, sort_keys=False)


def run(text: str) -> RunDraft:
    return a_run(dvc_lock=text, dvc_files=RAW)


def why_of(drafts: list[Draft], what: str, root: Path) -> Ancestry:
    ledger, _ = append_all(drafts)
    with open_index(ledger, root=root).reading() as connection:
        question = asked(what, root=root, here=root)
        return why(connection, resolve.resolve(connection, question, WHY))


LANDED = intake(landed("landing/flights/1.csv"), landed("landing/weather/1.csv"), dvc_files=RAW)


def test_a_part_of_raw_is_made_of_the_objects_in_it_alone_from_both_ends(tmp_path: Path) -> None:
    drafts = [LANDED, run(lock(flights=([("raw/flights", digest("part"))], ["flights.txt"])))]
    found = why_of(drafts, "flights.txt", tmp_path)
    assert {each.path for each in found.all_landed().values()} == {"flights/1.csv"}
    ledger, _ = append_all(drafts)
    with open_index(ledger, root=tmp_path).reading() as connection:
        for path, stages in {"flights": {"flights"}, "weather": set()}.items():
            question = asked(f"raw/{path}/1.csv", root=tmp_path, here=tmp_path)
            came_of_it = impact(connection, resolve.resolve(connection, question, IMPACT))
            assert {each.stage for each in came_of_it.runs} == stages


def test_a_file_in_an_output_and_a_folder_around_outputs_come_from_their_stages(tmp_path: Path) -> None:
    text = lock(
        fit=([("raw", digest("raw") + ".dir")], ["out/model"]),
        plot=([("raw", digest("raw") + ".dir")], ["out/plots"]),
        judge=([("out/model/weights.bin", digest("w"))], ["score.json"]),
        pack=([("out", digest("all"))], ["all.zip"]),
    )
    drafts = [LANDED, run(text)]
    assert {each.stage for each in why_of(drafts, "score.json", tmp_path).runs.values()} == {"judge", "fit"}
    assert {each.stage for each in why_of(drafts, "all.zip", tmp_path).runs.values()} == {
        "pack",
        "fit",
        "plot",
    }


def test_what_is_elsewhere_and_what_no_record_holds_are_said(tmp_path: Path) -> None:
    text = lock(
        fit=([("raw", digest("never recorded"))], ["model"]),
        fetch=([("https://example.com/x.csv", "etag-1"), ("fetch.py", digest("code"))], ["x.csv"]),
    )
    drafts = [LANDED, run(text)]
    (fit,) = why_of(drafts, "model", tmp_path).runs.values()
    assert [(each.kind, each.path) for each in fit.inputs] == [(Kind.UNRECORDED, "raw")]
    (fetch,) = why_of(drafts, "x.csv", tmp_path).runs.values()
    assert {each.path: each.kind for each in fetch.inputs} == {
        "https://example.com/x.csv": Kind.EXTERNAL,
        "fetch.py": Kind.CODE,
    }


def test_raw_that_only_a_run_has_seen_was_changed_by_hand(tmp_path: Path) -> None:
    other = {"raw.dvc": RAW["raw.dvc"].replace(digest("raw"), digest("mine"))}
    text = lock(fit=([("raw", digest("mine") + ".dir")], ["model"]))
    (source,) = why_of([LANDED, a_run(dvc_lock=text, dvc_files=other)], "model", tmp_path).sources.values()
    assert (source.by_hand, source.record) == (True, 2)


def test_an_output_that_another_kind_of_record_names_is_an_entry_in_two_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a version of a model will be: its record says of which output it is."""

    def project_pin(connection: Any, record: Any) -> None:
        connection.execute("INSERT INTO fact VALUES (?, ?)", (f"version {record.commit}", record.number))

    def by_version(connection: Any, question: Question) -> Start | None:
        row = connection.execute("SELECT value FROM fact WHERE name = ?", (question.name,)).fetchone()
        query = (
            "SELECT span.id FROM out JOIN span ON span.entry = out.entry WHERE path = 'model' AND since < ?"
        )
        return row and Start(
            (Node(Kind.STAGE_RUN, connection.execute(query, (row[0],)).fetchone()[0]),), "v1"
        )

    monkeypatch.setattr(projectors, "PROJECTORS", {**projectors.PROJECTORS, "pin": project_pin})
    monkeypatch.setattr(catch_up, "KINDS", "intake pin run")
    monkeypatch.setitem(WHY, "a version of a model", by_version)
    outputs = (OutputRecord(path="model", stage="fit", md5=digest("model"), size=1),)
    fit = a_run(
        dvc_lock=lock(fit=([("raw", digest("raw") + ".dir")], ["model"])), dvc_files=RAW, outputs=outputs
    )
    pin = PinDraft(**{**dict(ORIGIN), "time": TIME}, commit="v1")
    found = why_of([LANDED, fit, pin], "version v1", tmp_path)
    assert [each.stage for each in found.runs.values()] == ["fit"]
    assert len(found.all_landed()) == 2
