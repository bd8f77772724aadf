"""Stage `evaluation`: how good the model is on the days held out, overall and for each origin."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

# Before anything of scikit-learn.
from ml_assets.stages import curves, params, paths, script, table, threads
from ml_assets.stages.errors import DaysSeen
from ml_assets.stages.scores import scores
from ml_assets.stages.split import hold_out

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Mapping

    import numpy as np
    from numpy.typing import NDArray

    from ml_assets.stages.table import Table

PARAMS = (
    "seed",
    "split.test_fraction",
    "evaluation.threshold",
    "evaluation.calibration_bins",
    "evaluation.importance_rows",
    "evaluation.importance_repeats",
)


def metrics(held_out: Table, predicted: NDArray[np.float64], *, bins: int) -> dict[str, Any]:
    """scores.scores of all flights, and under `origin` those of each airport."""
    origins = held_out.inputs["origin"].to_numpy()
    slices = {origin: origins == origin for origin in sorted(set(origins))}
    return {
        **scores(held_out.disrupted, predicted, bins=bins),
        "origin": {
            origin: scores(held_out.disrupted[rows], predicted[rows], bins=bins)
            for origin, rows in slices.items()
        },
    }


def refuse_seen_days(first_held_out: dt.date, card: Mapping[str, Any]) -> None:
    """Raise DaysSeen if the model was trained on a day that is now held out."""
    last = card["training"]["last_day"]
    if last >= str(first_held_out):
        raise DaysSeen(
            f"{paths.MODEL} was trained up to {last}, but the days from {first_held_out} on are held out: "
            f"run stage `model` again with the present {paths.PARAMS} and {paths.FEATURES}"
        )


def main() -> None:
    given = params.read(PARAMS)
    bins = given["evaluation.calibration_bins"]
    days = hold_out(table.feature_days(), given["split.test_fraction"]).held_out
    refuse_seen_days(days[0], json.loads(paths.CARD.read_text(encoding="utf-8")))
    held_out = table.read(days)
    with threads.one_thread():
        import joblib

        model = joblib.load(paths.MODEL)
        predicted = model.predict_proba(held_out.inputs)[:, 1]
        found = {"days": len(days), **metrics(held_out, predicted, bins=bins)}
        write_plots(held_out, predicted, given)
        write_importance(model, held_out, given)
    paths.METRICS.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    report(found, days[0], days[-1])


def write_plots(held_out: Table, predicted: NDArray[np.float64], given: Mapping[str, Any]) -> None:
    both = (held_out.disrupted, predicted)
    bins, threshold = given["evaluation.calibration_bins"], given["evaluation.threshold"]
    curves.write(paths.PLOTS / "roc.csv", ("false_positive_rate", "true_positive_rate"), curves.roc(*both))
    curves.write(
        paths.PLOTS / "precision_recall.csv", ("recall", "precision"), curves.precision_recall(*both)
    )
    curves.write(
        paths.PLOTS / "calibration.csv",
        ("predicted", "observed", "flights"),
        curves.calibration(*both, bins=bins),
    )
    curves.write(
        paths.PLOTS / "confusion.csv",
        ("actual", "predicted", "flights"),
        curves.confusion(*both, threshold=threshold),
    )


def write_importance(model: Any, held_out: Table, given: Mapping[str, Any]) -> None:
    found = curves.importance(
        model,
        held_out.inputs,
        held_out.disrupted,
        rows=given["evaluation.importance_rows"],
        repeats=given["evaluation.importance_repeats"],
        seed=given["seed"],
    )
    curves.write(paths.PLOTS / "importance.csv", ("feature", "auc_lost", "spread"), found)


def report(found: Mapping[str, Any], first: dt.date, last: dt.date) -> None:
    print(
        f"AUC {found['auc']:.4f}, PR-AUC {found['pr_auc']:.4f}, Brier {found['brier']:.4f} "
        f"on {found['rows']} flights of {first} to {last} ({found['days']} days)"
    )
    for origin, slice_ in found["origin"].items():
        auc = f"AUC {slice_['auc']:.4f}" if "auc" in slice_ else "all flights ended alike, so no AUC"
        print(f"{origin}: {auc} on {slice_['rows']} flights")


if __name__ == "__main__":
    script.run(main)
