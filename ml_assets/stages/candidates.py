"""The candidates: scikit-learn pipelines from a row of features to the probability of disruption."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ml_assets.stages.columns import CATEGORICAL

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sklearn.pipeline import Pipeline

# Destinations with fewer flights than this are one category together: too few to learn from.
_RARE = 50


def candidates(features: Sequence[str], params: Mapping[str, Any]) -> dict[str, Pipeline]:
    """Unfitted pipelines by name, for a pandas frame with these columns.

    They hold scikit-learn's own classes only, so that a server needs none of this project to load them.
    """
    numeric = [name for name in features if name not in CATEGORICAL]
    return {"logreg": _logreg(numeric, params), "gb": _gb(numeric, params)}


def _logreg(numeric: list[str], params: Mapping[str, Any]) -> Pipeline:
    from sklearn.compose import make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    # Without keep_empty_features, an instrument that was out for all training days would remove a column.
    numbers = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler())
    names = OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=_RARE)
    return make_pipeline(
        make_column_transformer((numbers, numeric), (names, list(CATEGORICAL))),
        LogisticRegression(C=params["logreg.C"], max_iter=params["logreg.max_iter"]),
    )


def _gb(numeric: list[str], params: Mapping[str, Any]) -> Pipeline:
    import numpy as np
    from sklearn.compose import make_column_transformer
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder

    names = OrdinalEncoder(
        handle_unknown="use_encoded_value",
        unknown_value=np.nan,
        encoded_missing_value=np.nan,
        min_frequency=_RARE,
    )
    return make_pipeline(
        make_column_transformer((names, list(CATEGORICAL)), ("passthrough", numeric)),
        HistGradientBoostingClassifier(
            max_iter=params["gb.n_estimators"],
            learning_rate=params["gb.learning_rate"],
            categorical_features=list(range(len(CATEGORICAL))),
            # It would hold out random rows, of days that it also trains on.
            early_stopping=False,
            random_state=params["seed"],
        ),
    )
