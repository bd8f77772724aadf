"""What is deleted in the bucket: recorded, and kept in raw or taken out of it, as the settings say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ml_assets.landing.intake import open_journal
from ml_assets.landing.journal.batches import counts
from ml_assets_tests.factories import dvc
from ml_assets_tests.landing.site import Site, name_of, rows


@pytest.fixture
def mirror(site: Site) -> Site:
    return replace(site, settings=site.settings.model_copy(update={"deletions": "mirror"}))


def _delete(site: Site, day: int) -> None:
    site.client.delete_object(Bucket=site.bucket, Key=f"landing/{name_of(day)}")


def test_a_mirror_takes_the_file_out_of_raw_and_records_it(mirror: Site) -> None:
    for day in (1, 2):
        mirror.put(day, rows(day, day))
    mirror.take_in()
    _delete(mirror, 1)

    result = mirror.take_in()

    assert result.record is not None
    assert [(each.key, each.how, each.removed) for each in result.record.gone] == [
        ("landing/numbers/2013-01-01.csv", "deleted", True)
    ]
    assert mirror.files() == {"numbers/2013-01-02.csv": rows(2, 2)}
    assert "up to date" in dvc("status", "data/raw.dvc", cwd=mirror.root)
    assert mirror.take_in().record is None


def test_what_is_kept_is_no_reason_for_a_record_and_is_told_by_the_next(site: Site) -> None:
    site.put(1, rows(1, 1))
    site.take_in()
    _delete(site, 1)
    assert site.take_in().record is None
    site.put(2, rows(2, 2))

    result = site.take_in()

    assert result.record is not None
    assert [(each.key, each.removed) for each in result.record.gone] == [
        ("landing/numbers/2013-01-01.csv", False)
    ]
    assert sorted(site.files()) == ["numbers/2013-01-01.csv", "numbers/2013-01-02.csv"]


def test_deletions_that_are_kept_never_stand_in_the_way_of_what_lands(site: Site) -> None:
    """As when old objects expire: there are more of them than fit into a batch, and they are older."""
    small = replace(site, settings=site.settings.model_copy(update={"max_batch_files": 2}))
    for day in range(1, 6):
        small.put(day, rows(day, day))
    for _ in range(3):
        small.take_in()
    for day in range(1, 5):
        _delete(small, day)
    small.take_in()
    small.put(6, rows(6, 6))

    assert [each.path for each in small.take_in().landed] == ["numbers/2013-01-06.csv"]


def test_a_file_that_comes_back_to_a_mirror_is_landed_again(mirror: Site) -> None:
    mirror.put(1, rows(1, 1))
    mirror.take_in()
    _delete(mirror, 1)
    mirror.put(2, rows(2, 2))
    mirror.take_in()
    mirror.put(1, rows(1, 1))

    result = mirror.take_in()

    assert [each.path for each in result.landed] == ["numbers/2013-01-01.csv"]
    assert len(mirror.files()) == 2


def test_the_last_file_of_a_mirror_may_go_too(mirror: Site) -> None:
    mirror.put(1, rows(1, 1))
    mirror.take_in()
    _delete(mirror, 1)

    mirror.take_in()

    assert mirror.files() == {}


@pytest.mark.parametrize(
    ("settings", "names", "taken"),
    [
        ({"marker": "_SUCCESS"}, ["a/1", "a/2"], []),
        ({"marker": "_SUCCESS"}, ["a/1", "b/2", "b/_SUCCESS"], ["b/2"]),
        ({"marker": "_SUCCESS"}, ["a/b/1", "a/2", "a/_SUCCESS"], ["a/2"]),
        ({"settle_seconds": 3600}, ["a/1"], []),
        ({"ignore": ("*.log", "b/*")}, ["a/1", "a/x.log", "b/2"], ["a/1"]),
        ({"together": ("a", "b")}, ["a/1", "a/2", "b/2"], ["a/2", "b/2"]),
    ],
)
def test_what_is_not_complete_waits_and_what_nobody_wants_is_left_out(
    site: Site, settings: dict[str, object], names: list[str], taken: list[str]
) -> None:
    loose = replace(site, settings=site.settings.model_copy(update={"contracts": None, **settings}))
    for name in names:
        loose.client.put_object(Bucket=loose.bucket, Key=f"landing/{name}", Body=name.encode())

    assert [each.path for each in loose.take_in().landed] == taken


def test_the_marker_of_a_folder_comes_later_and_releases_nothing_in_the_folders_below(site: Site) -> None:
    loose = replace(site, settings=site.settings.model_copy(update={"contracts": None, "marker": "_SUCCESS"}))
    for name in ("a/b/1", "a/2"):
        loose.client.put_object(Bucket=loose.bucket, Key=f"landing/{name}", Body=b"1")
    assert len(loose.take_in().waiting) == 2
    loose.client.put_object(Bucket=loose.bucket, Key="landing/a/_SUCCESS", Body=b"")

    assert [each.path for each in loose.take_in().landed] == ["a/2"]


def test_the_marker_releases_what_waited_for_it(site: Site) -> None:
    loose = replace(site, settings=site.settings.model_copy(update={"contracts": None, "marker": "_SUCCESS"}))
    loose.client.put_object(Bucket=loose.bucket, Key="landing/a/1", Body=b"1")
    (waits,) = loose.take_in().waiting
    assert (waits.key, waits.for_key) == ("landing/a/1", "landing/a/_SUCCESS")
    loose.client.put_object(Bucket=loose.bucket, Key="landing/a/_SUCCESS", Body=b"")

    assert [each.path for each in loose.take_in().landed] == ["a/1"]
    with open_journal(loose.settings, loose.root).reading() as connection:
        assert counts(connection) == {"committed": 1, "ignored": 1}
