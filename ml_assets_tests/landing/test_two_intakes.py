"""Two intakes at once: in one workspace, and in two that share nothing but bucket, ledger and remote."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets_tests.landing.killed import place_of, start_intakes_at_once
from ml_assets_tests.landing.site import Site, audit, rows


def _land(site: Site, days: range) -> None:
    for day in days:
        site.put(day, rows(day, day))


def test_in_one_workspace_one_takes_all_and_the_other_finds_nothing_left(
    site: Site, embedded_s3: EmbeddedS3
) -> None:
    _land(site, range(1, 6))
    place = place_of(site, embedded_s3)

    processes = start_intakes_at_once(place, place)
    for process in processes:
        process.join(60)

    assert [process.exitcode for process in processes] == [0, 0]
    assert len(site.records()) == 1
    audit(site)


def test_in_two_workspaces_the_loser_starts_again_from_what_the_winner_recorded(
    site: Site, tmp_path: Path
) -> None:
    """The other one commits all of the batch, and more, just before this one appends."""
    _land(site, range(1, 3))
    site.take_in()
    other = site.clone(tmp_path / "other")
    site.put(1, rows(1, 100))

    def lose_once(line: str) -> None:
        site.told.append(line)
        if line.startswith("pushing") and not other.told:
            site.put(3, rows(3, 3))
            other.take_in()

    result = site.take_in(progress=lose_once)

    assert "another intake was faster; starting again from what it recorded" in site.told
    assert result.record is None
    assert len(site.records()) == 2
    audit(site)
    audit(other)
    assert site.files() == other.files()


def test_the_loser_keeps_what_the_winner_did_not_know(site: Site, tmp_path: Path) -> None:
    _land(site, range(1, 3))
    site.take_in()
    other = site.clone(tmp_path / "other")
    site.put(3, rows(3, 3))
    other_knows = [True]

    def lose_once(line: str) -> None:
        if line.startswith("pushing") and other_knows:
            other_knows.clear()
            other.take_in()
            site.put(4, rows(4, 4))

    result = site.take_in(progress=lose_once)

    assert [each.path for each in result.landed] == ["numbers/2013-01-04.csv"]
    audit(site)


def test_an_older_generation_never_overwrites_a_newer_one_that_another_committed(
    site: Site, tmp_path: Path
) -> None:
    """This one has fetched A; before it gets the write slot, the key becomes B, and another commits B."""
    other = site.clone(tmp_path / "other")
    site.put(1, rows(1, 1))

    def overtake(line: str) -> None:
        if line.startswith("fetched") and not other.told:
            site.put(1, rows(1, 2))
            other.take_in()

    site.take_in(progress=overtake)

    assert [each.etag for record in site.records() for each in record.landed] == [
        site.client.head_object(Bucket=site.bucket, Key="landing/numbers/2013-01-01.csv")["ETag"].strip('"')
    ]
    assert site.files() == {"numbers/2013-01-01.csv": rows(1, 2)}


@pytest.mark.slow
def test_four_workspaces_at_once_commit_each_object_once(
    site: Site, embedded_s3: EmbeddedS3, tmp_path: Path
) -> None:
    clones = [site.clone(tmp_path / f"clone{number}") for number in range(3)]
    for step in range(5):
        for day in range(1, 8):
            site.put(day, rows(day, step))
        processes = start_intakes_at_once(*(place_of(each, embedded_s3) for each in (site, *clones)))
        for process in processes:
            process.join(60)
        assert [process.exitcode for process in processes] == [0] * 4
    for each in (site, *clones):
        each.take_in()

    audit(site)
    for each in clones:
        assert each.files() == site.files()
