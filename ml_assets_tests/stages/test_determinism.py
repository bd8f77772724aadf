"""The same days give the same bytes, whatever the process, the hash seed and the number of threads."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from ml_assets_tests.factories import dvc, environment, run
from ml_assets_tests.stages.conftest import DAYS
from ml_assets_tests.stages.example import ROOT, with_days

FIRST = {
    "PYTHONHASHSEED": "1",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "POLARS_MAX_THREADS": "1",
}
SECOND = {
    "PYTHONHASHSEED": "77",
    "OMP_NUM_THREADS": "4",
    "OPENBLAS_NUM_THREADS": "3",
    "POLARS_MAX_THREADS": "5",
}

FIT_BOTH = """
import hashlib, io, joblib
from ml_assets.stages import candidates, model, params, table, threads
known = table.read(table.feature_days())
fitted = candidates.candidates(list(known.inputs.columns), params.read(model.PARAMS))
with threads.one_thread():
    for name, candidate in fitted.items():
        joblib.dump(candidate.fit(known.inputs, known.disrupted), file := io.BytesIO(), compress=0)
        print(name, hashlib.sha256(file.getvalue()).hexdigest())
"""


def test_two_runs_from_scratch_give_the_same_dvc_lock(reproduced: Path, tmp_path: Path) -> None:
    again = with_days(tmp_path / "again", count=DAYS)
    run("dvc", "repro", cwd=again, env=environment(**SECOND))
    assert (again / "dvc.lock").read_bytes() == (reproduced / "dvc.lock").read_bytes()


def test_few_days_choose_the_candidate_that_threads_could_make_differ(reproduced: Path) -> None:
    """Or the test above would compare less than it says."""
    assert json.loads((reproduced / "models" / "card.json").read_text())["candidate"] == "gb"


@pytest.mark.slow
def test_both_candidates_are_the_same_bytes_with_other_threads_and_hash_seeds(reproduced: Path) -> None:
    prints = [fit_both(reproduced, settings) for settings in (FIRST, SECOND)]
    assert len(prints[0].splitlines()) == 2
    assert prints[0] == prints[1]


def fit_both(project: Path, settings: dict[str, str]) -> str:
    return run(sys.executable, "-c", FIT_BOTH, cwd=project, env=environment(**settings)).stdout


@pytest.mark.slow
def test_a_quarter_of_a_year_gives_the_same_dvc_lock(tmp_path: Path) -> None:
    locks = []
    for number, settings in enumerate((FIRST, SECOND)):
        project = with_days(tmp_path / str(number), count=93)
        run("dvc", "repro", cwd=project, env=environment(**settings))
        locks.append((project / "dvc.lock").read_bytes())
    assert locks[0] == locks[1]


def test_openmp_waits_passively_and_with_one_thread_in_a_fit() -> None:
    script = (
        "import os, sys\n"
        "from ml_assets.stages import model, threads\n"
        "assert 'sklearn' not in sys.modules\n"
        "assert os.environ['OMP_WAIT_POLICY'] == 'PASSIVE'\n"
        "from threadpoolctl import threadpool_info\n"
        "with threads.one_thread():\n"
        "    print(*(f\"{each['user_api']}={each['num_threads']}\" for each in threadpool_info()))\n"
    )
    env = {name: value for name, value in environment(**SECOND).items() if name != "OMP_WAIT_POLICY"}
    pools = run(sys.executable, "-c", script, cwd=ROOT, env=env).stdout.split()
    assert set(pools) == {"openmp=1", "blas=1"}


@pytest.mark.parametrize("stage", ["processed", "features"])
def test_stages_that_only_move_data_load_neither_pandas_nor_scikit_learn(stage: str) -> None:
    script = f"import sys, ml_assets.stages.{stage}; print(*sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert not {"pandas", "sklearn", "scipy", "dataframely"} & set(done.stdout.split())
    assert "polars" in done.stdout.split()


def test_repro_again_runs_nothing(reproduced: Path) -> None:
    assert "Running stage" not in dvc("repro", cwd=reproduced)
