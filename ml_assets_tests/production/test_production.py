"""Runs work in a clone of the pin and go on from the ledger; neither the checkout nor Git notices."""

from __future__ import annotations

import shutil

import pytest

from ml_assets.ledger.record import IntakeRecord, PinRecord, RunRecord
from ml_assets_tests.factories import run
from ml_assets_tests.production.site import Site, metric, model_bytes


def test_three_daily_landings_leave_checkout_and_git_as_they_were(site: Site) -> None:
    before = site.state_of_the_checkout()

    runs = [site.land(day, 10 * day, 1) for day in (1, 2, 3)]

    assert site.state_of_the_checkout() == before
    assert [metric(each) for each in runs] == [0.011, 0.032, 0.063]
    assert [each.parent for each in runs] == [None, runs[0].number, runs[1].number]
    head = run("git", "rev-parse", "HEAD", cwd=site.root).stdout.strip()
    assert {(each.git and each.git.commit, each.git and each.git.dirty_sha256) for each in runs} == {
        (head, None)
    }
    remote = site.root.parent / "project-remote"
    assert [model_bytes(each, remote)[:4] for each in runs] == [b"33\n3", b"96\n9", b"189\n"]


def test_checkout_and_pin_disagree_and_the_pin_wins(site: Site) -> None:
    """Code, a helper outside of deps' reach, params and the graph itself are edited, committed or not."""
    site.commit(params__yaml="factor: 5\n", helper__py='name = "other"\n')
    (site.root / "model.py").write_text("raise SystemExit('the checkout must not run')\n")
    (site.root / "dvc.yaml").write_text("stages: {}\n")

    record = site.land(1, 10)

    assert record.params == {"params.yaml": {"factor": 3}}
    assert sorted(record.stages) == ["model", "total"]
    assert record.git is not None
    assert record.git.dirty_sha256 is None
    assert model_bytes(record, site.root.parent / "project-remote").startswith(b"30\n")


@pytest.mark.slow
def test_moving_the_pin_is_recorded_and_the_next_run_uses_it(site: Site) -> None:
    site.land(1, 10)
    commit = site.commit(params__yaml="factor: 5\n")

    said = site.command("pin", "--note", "factor 5 won")
    record = site.land(2, 10)

    (_, pin) = [each for each in site.records() if isinstance(each, PinRecord)]
    assert (pin.commit, pin.note) == (commit, "factor 5 won")
    assert pin.before is not None
    assert f"Pinned {commit[:12]} (before: {pin.before[:12]}), record {pin.number}." in said
    assert site.command("pin", "--show").strip() == commit
    assert "is pinned already" in site.command("pin")
    assert record.params == {"params.yaml": {"factor": 5}}
    assert record.git is not None
    assert record.git.commit == commit
    # The data of the first day is there, though it landed in the clone of another commit.
    assert model_bytes(record, site.root.parent / "project-remote").startswith(b"100\n")


@pytest.mark.slow
def test_a_clone_that_was_deleted_is_made_again_from_ledger_and_remote_alone(site: Site) -> None:
    site.land(1, 10)
    shutil.rmtree(site.root / ".dvc" / "tmp")
    shutil.rmtree(site.root / ".dvc" / "cache")
    (site.root / ".ml_assets" / "landing.sqlite").unlink()

    record = site.land(2, 5)

    assert metric(record) == 0.015
    assert [type(each) for each in site.records()] == [
        PinRecord,
        IntakeRecord,
        RunRecord,
        IntakeRecord,
        RunRecord,
    ]


@pytest.mark.slow
def test_a_step_a_stage_goes_on_from_the_ledger_too(site: Site) -> None:
    toml = site.root / "pyproject.toml"
    toml.write_text(toml.read_text().replace("[tool.ml_assets]\n", '[tool.ml_assets]\nsteps = "stage"\n', 1))
    site.commit()
    site.command("pin")
    before = site.state_of_the_checkout()

    first, second = site.land(1, 10), site.land(2, 5)

    assert site.state_of_the_checkout() == before
    assert [metric(each) for each in (first, second)] == [0.01, 0.015]
    assert sorted(second.stages) == ["model", "total"]
    assert second.parent == first.number


def test_without_a_pin_the_command_to_pin_is_said(site: Site) -> None:
    shutil.rmtree(site.root / ".dvc" / "tmp")
    toml = site.root / "pyproject.toml"
    toml.write_text(toml.read_text().replace("/ledger", "/another"))

    assert "ml-assets pin" in site.refused("tick")


def test_a_commit_that_does_not_exist_cannot_be_pinned(site: Site) -> None:
    assert "does not have the commit nonsense" in site.refused("pin", "nonsense")


def test_a_pipeline_that_dvc_refuses_cannot_be_pinned(site: Site) -> None:
    pinned = site.command("pin", "--show")
    site.commit(dvc__yaml="stages: {a: {cmd: x, nonsense: 1}}\n")

    assert "dvc.yaml" in site.refused("pin")
    assert site.command("pin", "--show") == pinned


def test_what_is_edited_and_not_committed_is_said_not_to_be_pinned(site: Site) -> None:
    (site.root / "params.yaml").write_text("factor: 9\n")
    done = run("git", "stash", "list", cwd=site.root)

    assert done.stdout == ""
    assert "is pinned already" in site.command("pin")
