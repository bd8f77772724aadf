"""How good probabilities are: one number a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

# Beyond this many digits, numbers say more about the processor than about the model.
DIGITS = 6


def scores(actual: NDArray[np.int8], predicted: NDArray[np.float64], *, bins: int) -> dict[str, float]:
    """Rows, share disrupted, AUC, PR-AUC, log loss, Brier score and calibration error.

    AUC and PR-AUC are left out where all outcomes are alike, for they have no value there.
    """
    from sklearn.metrics import brier_score_loss, log_loss

    found = {
        "rows": len(actual),
        "disrupted": actual.mean(),
        **_ranking(actual, predicted),
        "log_loss": log_loss(actual, predicted, labels=[0, 1]),
        "brier": brier_score_loss(actual, predicted, pos_label=1),
        "calibration_error": calibration_error(actual, predicted, bins=bins),
    }
    return {
        name: value if isinstance(value, int) else round(float(value), DIGITS)
        for name, value in found.items()
    }


def _ranking(actual: NDArray[np.int8], predicted: NDArray[np.float64]) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    if actual.min() == actual.max():
        return {}
    return {"auc": roc_auc_score(actual, predicted), "pr_auc": average_precision_score(actual, predicted)}


def calibration_error(actual: NDArray[np.int8], predicted: NDArray[np.float64], *, bins: int) -> float:
    """The mean distance of observed from predicted share, over bins of equally many flights."""
    parts = calibration_bins(actual, predicted, bins=bins)
    return sum(rows * abs(expected - observed) for expected, observed, rows in parts) / len(actual)


def calibration_bins(
    actual: NDArray[np.int8], predicted: NDArray[np.float64], *, bins: int
) -> Iterator[tuple[float, float, int]]:
    """Mean prediction, share disrupted and rows of each bin, from the lowest predictions to the highest."""
    import numpy as np

    order = np.argsort(predicted, kind="stable")
    for part in np.array_split(order, min(bins, len(order))):
        yield float(predicted[part].mean()), float(actual[part].mean()), len(part)
