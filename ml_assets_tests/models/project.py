"""A small real project that trains a model: raw → clean → model → judged."""

from __future__ import annotations

from pathlib import Path

from ml_assets.dvc.lockfile import read_locks
from ml_assets.dvc.plots import stage_pictures
from ml_assets.dvc.project import DvcProject
from ml_assets.ledger.record import DagsterRun, RunRecord
from ml_assets.ledger.run_record import draft_run
from ml_assets.ledger.store import Ledger
from ml_assets.models.settings import MlflowSettings
from ml_assets_tests.factories import dvc, make_project, run, write

PARAMS = """\
logreg:
  C: 1e-1
  max_iter: 50
columns: [a, b]
"""
PIPELINE = """\
stages:
  clean:
    cmd: python clean.py
    deps: [data/raw, clean.py]
    outs: [data/clean]
  model:
    cmd: python model.py
    deps: [data/clean, model.py]
    params: [logreg.C, logreg.max_iter]
    outs: [models/model.joblib, models/card.json]
  judged:
    cmd: python judged.py
    deps: [data/clean, models/model.joblib, models/card.json, judged.py]
    metrics:
      - judged/metrics.json
    plots:
      - judged/roc.csv:
          x: x
          y: y
"""
CLEAN = """\
import pathlib
rows = "".join(p.read_text() for p in sorted(pathlib.Path("data/raw").iterdir()))
pathlib.Path("data/clean").mkdir(parents=True)
pathlib.Path("data/clean/rows.csv").write_text("x,y\\n" + rows)
"""
MODEL = """\
import json, joblib, pandas, pathlib, re
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
rows = pandas.read_csv("data/clean/rows.csv")
text = pathlib.Path("params.yaml").read_text()
fitted = make_pipeline(StandardScaler(), LogisticRegression(C=float(re.search("C: (.*)", text)[1])))
fitted.fit(rows[["x"]], rows["y"])
pathlib.Path("models").mkdir()
joblib.dump(fitted, "models/model.joblib")
pathlib.Path("models/card.json").write_text(json.dumps({"features": ["x"]}))
"""
JUDGED = """\
import json, joblib, pandas, pathlib
rows = pandas.read_csv("data/clean/rows.csv")
score = joblib.load("models/model.joblib").score(rows[["x"]], rows["y"])
pathlib.Path("judged").mkdir()
values = {"accuracy": score, "by_origin": {"JFK": {"n": 3}}, "good": True}
pathlib.Path("judged/metrics.json").write_text(json.dumps(values))
pathlib.Path("judged/roc.csv").write_text("x,y\\n0,0\\n1,1\\n")
"""
ROWS = {f"data/raw/{n}.csv": f"{n}.0,{int(n > 2)}\n" for n in range(6)}
STAGES = ("clean", "model", "judged")


def train(root: Path) -> Path:
    """The project at `root`, its stages run by `dvc repro`."""
    files = {"clean.py": CLEAN, "model.py": MODEL, "judged.py": JUDGED}
    make_project(root, {"dvc.yaml": PIPELINE, "params.yaml": PARAMS, **files})
    write(root, ROWS)
    dvc("add", "-q", "data/raw", cwd=root)
    dvc("repro", "-q", cwd=root)
    run("git", "add", "-A", cwd=root)
    run("git", "commit", "-q", "-m", "trained", cwd=root)
    _warm(DvcProject(root))
    return root


def _warm(project: DvcProject) -> None:
    """Keep what each copy would otherwise work out again for a second: the manifest and the pictures."""
    manifest = project.manifest()
    locked = read_locks(project.root, manifest)
    for stage in manifest.stages:
        stage_pictures(project, stage, locked[stage.name])


def append_run(ledger: Ledger, root: Path, *, dagster_run: str | None = None, **fields: object) -> RunRecord:
    """Append the record of the project's state as it is; `fields` replace what it would say."""
    dagster = DagsterRun(run_id=dagster_run, job="landing") if dagster_run else None
    project = DvcProject(root)
    draft = draft_run(project, stages=dict.fromkeys(STAGES, "ran"), newest=None, dagster=dagster)
    record = ledger.append(lambda _: draft.model_copy(update=fields))
    assert isinstance(record, RunRecord)
    return record


def database(root: Path) -> Path:
    return root / ".ml_assets" / "mlflow.db"


SETTINGS = MlflowSettings(experiment="disruption")
