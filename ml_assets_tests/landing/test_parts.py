"""A landing that makes raw too much for one listing divides it, whatever is killed at it."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets.landing.history import History
from ml_assets.landing.settle import Raw, reconcile
from ml_assets_tests.landing.killed import Death, place_of, start_intake
from ml_assets_tests.landing.site import Site, audit, audit_remote

COMMIT = "ml_assets.landing.commit"
FOLDER = "ml_assets.dvc._internals.folder"
STEPS = [
    Death("after", f"{COMMIT}._place"),
    Death("before", f"{FOLDER}.add_update_tree", nth=2),
    Death("before", f"{FOLDER}.replace_file"),
    Death("after", f"{FOLDER}.replace_file"),
    Death("after", "ml_assets.dvc._internals.uploads._upload"),
    Death("after", "ml_assets.dvc.tracked.TrackedFolder.push"),
    Death("after", "ml_assets.ledger.store.Ledger._put"),
]


@pytest.fixture
def small(site: Site) -> Site:
    """Three files a listing; one landed in each of two folders, which is one listing still."""
    settings = site.settings.model_copy(update={"max_files_per_dvc": 3, "contracts": None})
    loose = replace(site, settings=settings)
    put(loose, "flights/1.csv", "weather/1.csv")
    loose.take_in()
    assert parts(loose) == ["raw"]
    return loose


def put(site: Site, *names: str) -> None:
    for name in names:
        site.client.put_object(Bucket=site.bucket, Key=f"landing/{name}", Body=f"{name}\n".encode())


def parts(site: Site) -> list[str]:
    return sorted(out["path"] for out in yaml.safe_load(site.raw.text() or "")["outs"])


def sent(site: Site) -> dict[str, int]:
    store = site.root.parent / "project-remote"
    return {str(path): path.stat().st_mtime_ns for path in store.rglob("*") if path.is_file()}


def test_the_landing_that_is_too_much_divides_raw_and_uploads_only_what_is_new(
    small: Site, tmp_path: Path
) -> None:
    before = sent(small)
    put(small, "flights/2.csv", "planes/1.csv")

    record = small.take_in().record

    assert parts(small) == ["raw/flights", "raw/planes", "raw/weather"]
    assert record is not None
    assert record.dvc_files == {"data/raw.dvc": small.raw.text()}
    after = sent(small)
    assert {path: after[path] for path in before} == before
    assert len([path for path in after.keys() - before.keys() if not path.endswith(".dir")]) == 2
    audit(small)
    audit_remote(small, tmp_path / "elsewhere")


def test_landings_go_on_in_parts_and_files_of_new_folders_too(small: Site, tmp_path: Path) -> None:
    put(small, "flights/2.csv", "flights/3.csv")
    small.take_in()
    put(small, "weather/1.csv", "new/deep/1.csv", "flights/4.csv")
    small.client.put_object(Bucket=small.bucket, Key="landing/weather/1.csv", Body=b"overwritten")
    small.take_in()

    assert parts(small) == ["raw/flights", "raw/new", "raw/weather"]
    assert small.files()["weather/1.csv"] == "overwritten"
    audit(small)
    audit_remote(small, tmp_path / "elsewhere")


def test_an_intake_with_a_larger_setting_leaves_the_parts(small: Site) -> None:
    put(small, "flights/2.csv", "flights/3.csv")
    small.take_in()
    large = replace(small, settings=small.settings.model_copy(update={"max_files_per_dvc": 100}))
    put(large, "flights/4.csv")

    large.take_in()

    assert parts(large) == ["raw/flights", "raw/weather"]
    audit(large)


def test_reconcile_goes_back_to_the_parts_of_the_newest_record(small: Site) -> None:
    old = small.raw.text()
    put(small, "flights/2.csv", "planes/1.csv")
    small.take_in()
    newest, files = small.raw.text(), small.files()
    small.raw.restore(old)
    assert sorted(small.files()) == ["flights/1.csv", "weather/1.csv"]

    reconcile(Raw(small.raw, None), History.read(small.journal, small.ledger, "data/raw.dvc"))

    assert (small.raw.text(), small.files()) == (newest, files)


def test_a_new_machine_takes_parts_from_the_ledger(small: Site, tmp_path: Path) -> None:
    put(small, "flights/2.csv", "planes/1.csv")
    small.take_in()
    other = small.clone(tmp_path / "other")
    put(small, "planes/2.csv")

    assert len(other.take_in().landed) == 1

    assert parts(other) == ["raw/flights", "raw/planes", "raw/weather"]
    audit(other)


def test_the_folder_added_by_hand_is_the_same_version_and_is_divided_again(small: Site) -> None:
    put(small, "flights/2.csv", "planes/1.csv")
    small.take_in()
    small.raw.dvc_file.unlink()
    small.raw.add([])
    assert parts(small) == ["raw"]
    put(small, "planes/2.csv")

    record = small.take_in().record

    assert record is not None
    assert record.note is None
    assert parts(small) == ["raw/flights", "raw/planes", "raw/weather"]
    audit(small)


@pytest.mark.parametrize("death", STEPS, ids=str)
def test_killed_while_it_divides_the_next_intake_ends_as_if_nothing_had_been(
    small: Site, embedded_s3: EmbeddedS3, death: Death, tmp_path: Path
) -> None:
    put(small, "flights/2.csv", "planes/1.csv")
    process = start_intake(place_of(small, embedded_s3), death=death)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"never came to where it dies: {death}"

    small.take_in()

    assert len(small.records()) == 2
    assert parts(small) == ["raw/flights", "raw/planes", "raw/weather"]
    assert len(small.files()) == 4
    audit(small)
    audit_remote(small, tmp_path / "elsewhere")


@pytest.mark.parametrize("death", STEPS[:6], ids=str)
def test_killed_in_a_new_folder_beside_the_parts_nothing_of_it_is_left(
    small: Site, embedded_s3: EmbeddedS3, death: Death
) -> None:
    """A checkout of the parts does not know what lies beside them."""
    put(small, "flights/2.csv", "flights/3.csv")
    small.take_in()
    put(small, "planes/1.csv", "planes/2.csv")
    process = start_intake(place_of(small, embedded_s3), death=replace(death, nth=1))
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"never came to where it dies: {death}"
    for name in ("planes/1.csv", "planes/2.csv"):
        small.client.delete_object(Bucket=small.bucket, Key=f"landing/{name}")

    assert small.take_in().record is None

    assert sorted(small.files()) == ["flights/1.csv", "flights/2.csv", "flights/3.csv", "weather/1.csv"]
    audit(small)
