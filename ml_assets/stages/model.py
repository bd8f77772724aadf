"""Stage `model`: fits both candidates, chooses on the last training days, refits the better on all."""

from __future__ import annotations

import json
import platform
from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

# Before anything of scikit-learn.
from ml_assets.stages import candidates, columns, params, paths, script, table, threads
from ml_assets.stages.scores import scores
from ml_assets.stages.split import Split, hold_out, validation

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping, Sequence

    from sklearn.pipeline import Pipeline

    from ml_assets.stages.table import Table

PARAMS = (
    "seed",
    "split.test_fraction",
    "split.validation_days",
    "logreg.C",
    "logreg.max_iter",
    "gb.learning_rate",
    "gb.n_estimators",
)

# Bins of the calibration error that stands beside the candidates' scores.
_BINS = 10


@dataclass(frozen=True)
class Choice:
    """The chosen candidate's name, and the scores of all of them on the validation days."""

    name: str
    scores: Mapping[str, Mapping[str, float]]


def choose(split: Split, given: Mapping[str, Any]) -> Choice:
    """The candidate with the lowest log loss on the held-out days of this split.

    Log loss, because the product is a probability and not only an order.
    """
    known, later = table.read(split.training), table.read(split.held_out)
    found = {}
    for name, candidate in candidates.candidates(list(known.inputs.columns), given).items():
        predicted = candidate.fit(known.inputs, known.disrupted).predict_proba(later.inputs)[:, 1]
        found[name] = scores(later.disrupted, predicted, bins=_BINS)
        print(f"{name}: {_in_short(found[name])} on {_span(split.held_out)}")
    return Choice(name=min(found, key=lambda name: found[name]["log_loss"]), scores=found)


def main() -> None:
    given = params.read(PARAMS)
    days = hold_out(table.feature_days(), given["split.test_fraction"])
    inner = validation(days.training, given["split.validation_days"])
    with threads.one_thread():
        choice = choose(inner, given)
        training = table.read(days.training)
        chosen = candidates.candidates(list(training.inputs.columns), given)[choice.name]
        chosen.fit(training.inputs, training.disrupted)
    save(chosen, card(choice, training, days=days.training, inner=inner, given=given))
    print(f"chosen: {choice.name}, fitted on {len(training.disrupted)} flights of {_span(days.training)}")


def card(
    choice: Choice, training: Table, *, days: Sequence[dt.date], inner: Split, given: Mapping[str, Any]
) -> dict[str, Any]:
    """The facts that go with the model: what it takes, gives, was made from and by."""
    features = list(training.inputs.columns)
    return {
        "candidate": choice.name,
        "target": columns.TARGET,
        "classes": [0, 1],
        "features": {
            "categorical": [name for name in features if name in columns.CATEGORICAL],
            "numeric": [name for name in features if name not in columns.CATEGORICAL],
        },
        "training": {
            "rows": len(training.disrupted),
            "disrupted": int(training.disrupted.sum()),
            "days": len(days),
            "first_day": str(days[0]),
            "last_day": str(days[-1]),
        },
        "validation": {
            "days": len(inner.held_out),
            "first_day": str(inner.held_out[0]),
            "last_day": str(inner.held_out[-1]),
            "scores": choice.scores,
        },
        "params": dict(given),
        "versions": {
            "python": platform.python_version(),
            **{
                name: version(name)
                for name in ("scikit-learn", "numpy", "scipy", "pandas", "polars", "joblib")
            },
        },
    }


def save(model: Pipeline, facts: Mapping[str, Any]) -> None:
    import joblib

    paths.MODEL.parent.mkdir(parents=True, exist_ok=True)
    # Uncompressed, so that a server can map the arrays into memory instead of reading them.
    joblib.dump(model, paths.MODEL, compress=0)
    paths.CARD.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def _in_short(found: Mapping[str, float]) -> str:
    return f"log loss {found['log_loss']:.4f}, AUC {found['auc']:.4f}"


def _span(days: Sequence[dt.date]) -> str:
    return f"{days[0]} to {days[-1]} ({len(days)} days)"


if __name__ == "__main__":
    script.run(main)
