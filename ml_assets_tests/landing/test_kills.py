"""An intake killed with SIGKILL at each of its steps, and what the next one makes of what is left."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from ml_assets.demo.s3 import EmbeddedS3
from ml_assets_tests.landing.killed import Death, place_of, start_intake
from ml_assets_tests.landing.site import BAD, Site, audit, audit_remote, rows

COMMIT = "ml_assets.landing.commit"
STEPS = [
    Death("after", f"{COMMIT}._place"),
    Death("after", "ml_assets.dvc._internals.lock.replace_file"),
    Death("after", "ml_assets.dvc.tracked.TrackedFolder.push"),
    Death("after", "ml_assets.ledger.store.Ledger._put"),
]
MORE_STEPS = [
    Death("after", "ml_assets.landing.intake.fetch"),
    Death("after", f"{COMMIT}.quarantine"),
    Death("before", f"{COMMIT}.write_intent"),
    Death("after", f"{COMMIT}.write_intent"),
    Death("after", f"{COMMIT}._place", nth=2),
    Death("before", "ml_assets.dvc._internals.lock.replace_file"),
    Death("after", "ml_assets.dvc.tracked.TrackedFolder.add"),
    Death("before", "ml_assets.ledger.store.Ledger._put"),
    Death("after", "ml_assets.ledger.store.Ledger.append"),
    Death("after", f"{COMMIT}.clear_intent"),
]
COMMITTED = {"ml_assets.ledger.store.Ledger.append", f"{COMMIT}.clear_intent"}


def _is_committed(death: Death) -> bool:
    return death.at in COMMITTED or (death.at.endswith("._put") and death.when == "after")


def _killed(site: Site, server: EmbeddedS3, death: Death) -> None:
    process = start_intake(place_of(site, server), death=death)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL, f"never came to where it dies: {death}"


def _second_landing(site: Site) -> None:
    """Two files are in raw; one of them is overwritten, one is new, and a bad one comes with them."""
    site.put(1, rows(1, 10))
    site.put(2, rows(2, 20))
    site.take_in()
    site.put(1, rows(1, 11))
    site.put(3, rows(3, 30))
    site.put(4, BAD)


@pytest.mark.parametrize(
    "death", [*STEPS, *(pytest.param(death, marks=pytest.mark.slow) for death in MORE_STEPS)], ids=str
)
def test_killed_at_a_step_the_next_intake_ends_as_if_nothing_had_been(
    site: Site, embedded_s3: EmbeddedS3, death: Death
) -> None:
    _second_landing(site)

    _killed(site, embedded_s3, death)

    assert len(site.records()) == (2 if _is_committed(death) else 1)
    site.take_in()
    assert len(site.records()) == 2
    audit(site)
    assert site.files() == {
        "numbers/2013-01-01.csv": rows(1, 11),
        "numbers/2013-01-02.csv": rows(2, 20),
        "numbers/2013-01-03.csv": rows(3, 30),
    }


@pytest.mark.parametrize("death", [*STEPS, *MORE_STEPS], ids=str)
@pytest.mark.slow
def test_killed_in_the_first_landing_the_next_intake_ends_as_if_nothing_had_been(
    site: Site, embedded_s3: EmbeddedS3, death: Death
) -> None:
    site.put(1, rows(1, 10))
    site.put(2, rows(2, 20))
    site.put(3, BAD)

    _killed(site, embedded_s3, death)
    site.take_in()

    assert len(site.records()) == 1
    audit(site)


@pytest.mark.parametrize(
    "at", ["ml_assets.dvc.tracked.TrackedFolder.restore", "ml_assets.landing.settle.clear_intent"]
)
@pytest.mark.slow
def test_killed_while_it_undoes_a_killed_one_the_third_one_does_it(
    site: Site, embedded_s3: EmbeddedS3, at: str
) -> None:
    _second_landing(site)
    _killed(site, embedded_s3, Death("after", "ml_assets.dvc.tracked.TrackedFolder.add"))

    _killed(site, embedded_s3, Death("before", at))
    _killed(site, embedded_s3, Death("after", at))
    site.take_in()

    assert len(site.records()) == 2
    audit(site)


def test_when_what_was_half_taken_in_is_gone_from_the_bucket_raw_is_as_recorded(
    site: Site, embedded_s3: EmbeddedS3
) -> None:
    """Nothing new is left to take in, and yet raw must not keep what no record names."""
    site.put(1, rows(1, 10))
    site.take_in()
    site.put(2, rows(2, 20))
    _killed(site, embedded_s3, Death("after", "ml_assets.dvc.tracked.TrackedFolder.add"))
    assert len(site.files()) == 2
    site.client.delete_object(Bucket=site.bucket, Key="landing/numbers/2013-01-02.csv")

    assert site.take_in().record is None

    assert site.files() == {"numbers/2013-01-01.csv": rows(1, 10)}
    audit(site)


def test_a_hand_made_state_survives_an_intake_that_was_killed_on_top_of_it(
    site: Site, embedded_s3: EmbeddedS3
) -> None:
    site.put(1, rows(1, 10))
    site.take_in()
    (site.raw.path / "numbers/by-hand.csv").write_text("mine")
    site.raw.add([site.raw.path / "numbers/by-hand.csv"])
    site.put(2, rows(2, 20))

    _killed(site, embedded_s3, Death("after", "ml_assets.dvc.tracked.TrackedFolder.add"))
    site.take_in()

    assert site.files()["numbers/by-hand.csv"] == "mine"


@pytest.mark.slow
def test_killed_at_random_moments_while_objects_keep_coming(
    site: Site, embedded_s3: EmbeddedS3, tmp_path: Path
) -> None:
    chance = random.Random(2013)  # noqa: S311 - not a secret
    site.put(1, rows(1, 0))
    killed = 0
    for step in range(40):
        for day in chance.sample(range(1, 9), 2):
            # Each generation is another one: the audit takes equal ones in a row for the same.
            number = f"many {step}" if chance.random() < 0.2 else str(step)
            site.put(day, f"date,number\n2013-01-{day:02},{number}\n")
        process = start_intake(place_of(site, embedded_s3))
        time.sleep(chance.uniform(0.05, 0.7))
        process.kill()
        process.join()
        killed += process.exitcode == -signal.SIGKILL
    site.take_in()

    assert killed >= 10, "the intakes were over before they could be killed"
    audit(site)
    audit_remote(site, tmp_path / "elsewhere")
