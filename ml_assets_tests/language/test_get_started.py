"""DVC's get-started pipeline with scikit-learn, cloned as the public finds it: its remote is for reading."""

from __future__ import annotations

from pathlib import Path

import pytest

from ml_assets.ledger.store import Ledger
from ml_assets_tests.language.comparison import Comparison
from ml_assets_tests.language.feature import Feature
from ml_assets_tests.language.features.published import GET_STARTED, PARAMS, POSTS, PREPARE
from ml_assets_tests.language.plain_dvc import PlainDvc

FEATURIZE = """\
import os, pickle, sys
import numpy as np
import pandas as pd
import scipy.sparse as sparse
import yaml
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer

with open("params.yaml") as stream:
    params = yaml.safe_load(stream)["featurize"]
source, target = sys.argv[1:]


def read(part):
    file = os.path.join(source, f"{part}.tsv")
    return pd.read_csv(file, delimiter="\\t", header=None, names=["id", "label", "text"])


def save(table, matrix, part):
    label = sparse.csr_matrix(table.label.astype(np.int64)).T
    with open(os.path.join(target, f"{part}.pkl"), "wb") as stream:
        pickle.dump(sparse.hstack([label, matrix], format="csr"), stream)


os.makedirs(target, exist_ok=True)
train, test = read("train"), read("test")
words = CountVectorizer(max_features=params["max_features"], ngram_range=(1, params["ngrams"]))
weights = TfidfTransformer(smooth_idf=False)
save(train, weights.fit_transform(words.fit_transform(train.text)), "train")
save(test, weights.transform(words.transform(test.text)), "test")
"""
TRAIN = """\
import os, pickle, sys
import numpy as np
import yaml
from sklearn.ensemble import RandomForestClassifier

with open("params.yaml") as stream:
    params = yaml.safe_load(stream)["train"]
with open(os.path.join(sys.argv[1], "train.pkl"), "rb") as stream:
    matrix = pickle.load(stream)
model = RandomForestClassifier(
    n_estimators=params["n_est"], min_samples_split=params["min_split"], random_state=params["seed"]
)
model.fit(matrix[:, 1:], np.squeeze(matrix[:, 0].toarray()))
with open(sys.argv[2], "wb") as stream:
    pickle.dump(model, stream)
"""
EVALUATE = """\
import json, os, pickle, sys
from sklearn import metrics

with open(sys.argv[1], "rb") as stream:
    model = pickle.load(stream)
summary = {"avg_prec": {}, "roc_auc": {}}


def put(name, content):
    file = os.path.join("eval", name)
    os.makedirs(os.path.dirname(file), exist_ok=True)
    with open(file, "w") as stream:
        json.dump(content, stream)


for part in ("train", "test"):
    with open(os.path.join(sys.argv[2], f"{part}.pkl"), "rb") as stream:
        matrix = pickle.load(stream)
    labels, scores = matrix[:, 0].toarray().ravel(), model.predict_proba(matrix[:, 1:])[:, 1]
    summary["avg_prec"][part] = metrics.average_precision_score(labels, scores)
    summary["roc_auc"][part] = metrics.roc_auc_score(labels, scores)
    fpr, tpr, _ = metrics.roc_curve(labels, scores)
    points = [{"fpr": x, "tpr": y} for x, y in zip(fpr, tpr)]
    put(f"live/plots/sklearn/roc/{part}.json", {"roc": points})
    guesses = [{"actual": str(int(a)), "predicted": str(int(b > 0.5))} for a, b in zip(labels, scores)]
    put(f"live/plots/sklearn/cm/{part}.json", guesses)
    precision, recall, _ = metrics.precision_recall_curve(labels, scores)
    put("prc.json", {"prc": [{"precision": p, "recall": r} for p, r in zip(precision, recall)]})
put("live/metrics.json", summary)
with open("eval/importance.csv", "w") as stream:
    weights = enumerate(model.feature_importances_[:5])
    stream.write("word,weight\\n" + "".join(f"{word},{weight}\\n" for word, weight in weights))
"""

PROJECT = Feature(
    "get-started-with-scikit-learn",
    {
        "dvc.yaml": GET_STARTED,
        "params.yaml": PARAMS,
        "data/data.xml": POSTS,
        "src/prepare.py": PREPARE,
        "src/featurization.py": FEATURIZE,
        "src/train.py": TRAIN,
        "src/evaluate.py": EVALUATE,
    },
    setup=(
        ("add", "-q", "data/data.xml"),
        # Nobody listens there.
        ("remote", "add", "-q", "-f", "-d", "store", "http://127.0.0.1:9/get-started"),
    ),
    edits=({"params.yaml": PARAMS.replace("n_est: 5", "n_est: 7")},),
)


@pytest.mark.slow
def test_get_started_as_the_public_finds_it(tmp_path: Path, plain: PlainDvc) -> None:
    comparison = Comparison.alone(PROJECT, folder=tmp_path, plain=plain)
    first = comparison.materialize_both()
    first.assert_equal()
    assert [key.to_user_string() for key in first.versions] == ["prepare", "featurize", "train", "evaluate"]
    assert comparison.run_again() == set()
    assert "didn't change" in plain("repro", cwd=comparison.ours.root)
    comparison.write(PROJECT.edits[0])
    comparison.materialize_both().assert_equal()
    # Nothing could be pushed, and so nothing was recorded.
    assert list(Ledger.open(".ml_assets/ledger", root=comparison.ours.root).records()) == []
