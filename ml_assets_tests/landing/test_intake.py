"""What lands in raw, in the ledger and in quarantine when nothing goes wrong."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

from ml_assets.dvc.content import content_of
from ml_assets_tests.factories import dvc, run
from ml_assets_tests.landing.site import BAD, Site, audit, audit_remote, rows


def test_what_landed_is_in_raw_in_the_ledger_and_on_the_remote(site: Site, tmp_path: Path) -> None:
    site.put(1, rows(1, 10, 20))
    site.put(2, rows(2, 30))

    result = site.take_in()

    assert result.record is not None
    assert [each.path for each in result.landed] == ["numbers/2013-01-01.csv", "numbers/2013-01-02.csv"]
    assert result.record.dvc_files["data/raw.dvc"] == site.raw.text()
    assert result.record.git is not None
    audit(site)
    audit_remote(site, tmp_path / "elsewhere")


def test_nothing_new_leaves_no_record(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.take_in()

    assert site.take_in().record is None
    assert len(site.records()) == 1


def test_an_overwritten_key_replaces_its_file_and_names_what_it_replaced(site: Site) -> None:
    site.put(1, rows(1, 10))
    first = site.take_in().landed[0]
    site.put(1, rows(1, 11))

    second = site.take_in().landed[0]

    assert second.superseded == first.etag
    assert site.files() == {"numbers/2013-01-01.csv": rows(1, 11)}
    audit(site)


def test_going_back_to_earlier_content_is_a_third_landing(site: Site) -> None:
    for number in (10, 11, 10):
        site.put(1, rows(1, number))
        site.take_in()

    first, second, third = site.records()
    contents = [content_of(record.dvc_files["data/raw.dvc"]) for record in (first, second, third)]
    assert contents[0] == contents[2] != contents[1]
    audit(site)


def test_a_bad_file_stops_nobody_and_is_kept_with_its_reason(site: Site) -> None:
    site.put(1, BAD)
    site.put(2, rows(2, 30))

    result = site.take_in()

    assert [each.path for each in result.landed] == ["numbers/2013-01-02.csv"]
    assert "column 'number': 1 of 1 values are no Int64" in result.quarantined[0].reason
    reason = next((site.root / ".ml_assets/quarantine").rglob("*.reason.json"))
    assert json.loads(reason.read_text())["key"] == "landing/numbers/2013-01-01.csv"
    assert reason.with_name(reason.name.removesuffix(".reason.json")).read_text() == BAD
    audit(site)


def test_a_bad_new_generation_leaves_the_good_file_and_a_mended_one_replaces_it(site: Site) -> None:
    site.put(1, rows(1, 10))
    good = site.take_in().landed[0]
    site.put(1, BAD)

    refused = site.take_in()

    assert refused.record is not None
    assert (len(refused.landed), len(refused.quarantined)) == (0, 1)
    assert site.files() == {"numbers/2013-01-01.csv": rows(1, 10)}
    audit(site)

    site.put(1, rows(1, 11))
    mended = site.take_in().landed[0]
    assert mended.superseded == good.etag
    audit(site)


def test_a_first_batch_of_bad_files_alone_is_recorded_without_raw(site: Site) -> None:
    site.put(1, BAD)

    result = site.take_in()

    assert result.record is not None
    assert result.record.dvc_files == {}
    assert site.raw.text() is None
    assert site.take_in().record is None


def test_keys_that_could_do_harm_end_in_quarantine(site: Site) -> None:
    for key in ("landing/a\\..\\evil.csv", "landing/numbers/dvc.yaml", "landing/numbers//2013-01-01.csv"):
        site.client.put_object(Bucket=site.bucket, Key=key, Body=rows(1, 1).encode())

    result = site.take_in()

    assert len(result.quarantined) == 3
    assert not list(site.root.parent.rglob("evil.csv"))
    assert not (site.root / "data/raw").exists()


def test_a_file_and_a_folder_of_one_name_land_as_the_file_and_a_refusal(site: Site) -> None:
    free = site.settings.model_copy(update={"contracts": None})
    loose = replace(site, settings=free)
    for key in ("landing/a", "landing/a/b.csv"):
        loose.client.put_object(Bucket=site.bucket, Key=key, Body=b"x")

    result = loose.take_in()

    assert [each.path for each in result.landed] == ["a"]
    assert [each.reason for each in result.quarantined] == ["'a' is a file, and cannot be a folder too"]


def test_a_project_without_a_remote_keeps_all_in_its_cache(site: Site) -> None:
    dvc("remote", "remove", "store", cwd=site.root)
    site.put(1, rows(1, 10))

    assert len(site.take_in().landed) == 1
    audit(site)


def test_more_objects_than_a_batch_holds_need_several_intakes(site: Site) -> None:
    for day in (1, 2, 3):
        site.put(day, rows(day, day))
    small = replace(site, settings=site.settings.model_copy(update={"max_batch_files": 2}))

    assert [len(small.take_in().landed) for _ in range(3)] == [2, 1, 0]
    audit(site)


def test_progress_is_told_in_words(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.put(2, BAD)

    site.take_in()

    assert site.told == [
        f"2 new objects in s3://{site.bucket}/landing/",
        "fetched 2 of 2 objects (0.0 MB)",
        next(line for line in site.told if line.startswith("refused landing/numbers/2013-01-02.csv: ")),
        "adding 1 file(s) to data/raw",
        "pushing data/raw to the default remote",
        "record 1: 1 landed, 1 refused",
    ]


def test_a_checkout_without_git_lands_too(site: Site) -> None:
    shutil.rmtree(site.root / ".git")
    dvc("config", "core.no_scm", "true", cwd=site.root)
    site.put(1, rows(1, 10))

    result = site.take_in()

    assert result.record is not None
    assert result.record.git is None
    audit(site)


def test_dvcs_own_command_line_agrees(site: Site) -> None:
    site.put(1, rows(1, 10))
    site.take_in()

    assert "up to date" in dvc("status", cwd=site.root)
    assert run("git", "status", "--porcelain", cwd=site.root).stdout == "?? data/\n"
