"""The tables behind the plots of dvc.yaml, as CSV."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from ml_assets.stages.scores import DIGITS, calibration_bins

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

# A curve of ten thousand flights has thousands of points, of which a picture shows no more than these.
_POINTS = 200

_NAMES = ("on time", "disrupted")


def write(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([round(x, DIGITS) if isinstance(x, float) else x for x in row] for row in rows)


def roc(actual: NDArray[np.int8], predicted: NDArray[np.float64]) -> list[tuple[float, float]]:
    """False and true positive rates."""
    from sklearn.metrics import roc_curve

    false_positive, true_positive, _ = roc_curve(actual, predicted)
    return _thinned(false_positive, true_positive)


def precision_recall(actual: NDArray[np.int8], predicted: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Recall and precision."""
    from sklearn.metrics import precision_recall_curve

    precision, recall, _ = precision_recall_curve(actual, predicted)
    return _thinned(recall, precision)


def calibration(
    actual: NDArray[np.int8], predicted: NDArray[np.float64], *, bins: int
) -> list[tuple[float, float, int]]:
    """Mean prediction, share disrupted and rows of each bin."""
    return list(calibration_bins(actual, predicted, bins=bins))


def confusion(
    actual: NDArray[np.int8], predicted: NDArray[np.float64], *, threshold: float
) -> list[tuple[str, str, int]]:
    """Actual outcome, predicted outcome and flights, for each of the four pairs."""
    flagged = predicted >= threshold
    return [
        (_NAMES[outcome], _NAMES[flag], int(((actual == outcome) & (flagged == flag)).sum()))
        for outcome in (0, 1)
        for flag in (0, 1)
    ]


def importance(
    model: Pipeline, inputs: pd.DataFrame, actual: NDArray[np.int8], *, rows: int, repeats: int, seed: int
) -> list[tuple[str, float, float]]:
    """Feature, AUC lost when its values are shuffled (mean and standard deviation), greatest loss first."""
    from sklearn.inspection import permutation_importance

    sample = _sample(actual, rows)
    lost = permutation_importance(
        model,
        inputs.iloc[sample],
        actual[sample],
        scoring="roc_auc",
        n_repeats=repeats,
        random_state=seed,
    )
    table = zip(inputs.columns, lost.importances_mean.tolist(), lost.importances_std.tolist(), strict=True)
    return sorted(table, key=lambda row: (-row[1], row[0]))


def _sample(actual: NDArray[np.int8], rows: int) -> NDArray[np.intp]:
    """Evenly spaced rows of each outcome, always some of both: AUC has no value without."""
    import numpy as np

    by_outcome = np.argsort(actual, kind="stable")
    return by_outcome[_spaced(len(actual), rows)]


def _thinned(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[float, float]]:
    kept = _spaced(len(x), _POINTS)
    return list(zip(x[kept].tolist(), y[kept].tolist(), strict=True))


def _spaced(length: int, at_most: int) -> NDArray[np.intp]:
    """Up to that many positions, evenly spaced, the first and the last among them."""
    import numpy as np

    return np.unique(np.linspace(0, length - 1, min(at_most, length)).round().astype(np.intp))
