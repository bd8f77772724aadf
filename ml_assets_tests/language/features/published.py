"""Pipelines shaped like those of DVC's documentation and of well-known public repositories, on tiny data."""

from __future__ import annotations

from ml_assets_tests.language.feature import Feature

POSTS = "\n".join(
    f'<row Id="{number}" Tags="&lt;{"r" if number % 3 else "python"}&gt;" Title="Post {number}" '
    f'Body="about {"vectors" if number % 3 else "snakes"} {number % 7}" />'
    for number in range(60)
)
PARAMS = """\
prepare:
  split: 0.20
  seed: 20170428

featurize:
  max_features: 100
  ngrams: 2

train:
  seed: 20170428
  n_est: 5
  min_split: 0.01
"""
GET_STARTED = """\
artifacts:
  posts:
    path: data/data.xml
    type: dataset
    desc: Posts (raw data)
  text-classification:
    path: model.pkl
    desc: Is a post about R?
    type: model
    labels:
    - nlp
    - classification
stages:
  prepare:
    cmd: python src/prepare.py data/data.xml
    deps:
    - data/data.xml
    - src/prepare.py
    params:
    - prepare.seed
    - prepare.split
    outs:
    - data/prepared
  featurize:
    cmd: python src/featurization.py data/prepared data/features
    deps:
    - data/prepared
    - src/featurization.py
    params:
    - featurize.max_features
    - featurize.ngrams
    outs:
    - data/features
  train:
    cmd: python src/train.py data/features model.pkl
    deps:
    - data/features
    - src/train.py
    params:
    - train.min_split
    - train.n_est
    - train.seed
    outs:
    - model.pkl
  evaluate:
    cmd: python src/evaluate.py model.pkl data/features
    deps:
    - data/features
    - model.pkl
    - src/evaluate.py
    outs:
    - eval/live/plots:
        cache: false
    - eval/importance.csv
    metrics:
    - eval/live/metrics.json:
        cache: false
    plots:
    - eval/prc.json:
        x: recall
        y: precision
metrics:
- eval/live/metrics.json
plots:
- ROC:
    template: simple
    x: fpr
    y:
      eval/live/plots/sklearn/roc/train.json: tpr
      eval/live/plots/sklearn/roc/test.json: tpr
- Confusion-Matrix:
    template: confusion
    x: actual
    y:
      eval/live/plots/sklearn/cm/test.json: predicted
- eval/importance.csv:
    template: bar_horizontal
    x: weight
    y: word
"""
PREPARE = """\
import pathlib, random, sys
import xml.etree.ElementTree as tree
text = pathlib.Path("params.yaml").read_text()
split, seed = (float(text.split(f"{name}: ")[1].split()[0]) for name in ("split", "seed"))
random.seed(seed)
folder = pathlib.Path("data/prepared")
folder.mkdir(parents=True)
rows = {"train": [], "test": []}
for line in pathlib.Path(sys.argv[1]).read_text().splitlines():
    row = tree.fromstring(line).attrib
    part = "test" if random.random() < split else "train"
    rows[part].append(f"{row['Id']}\\t{int('<r>' in row['Tags'])}\\t{row['Title']} {row['Body']}\\n")
for part, lines in rows.items():
    (folder / f"{part}.tsv").write_text("".join(lines))
"""
# Without scikit-learn, which would cost its import for each stage.
FEATURIZE = """\
import json, pathlib, sys
source, target = map(pathlib.Path, sys.argv[1:])
target.mkdir()
for part in ("train", "test"):
    rows = [line.split("\\t") for line in (source / f"{part}.tsv").read_text().splitlines()]
    (target / f"{part}.json").write_text(json.dumps([[int(label), text.split()] for _, label, text in rows]))
"""
TRAIN = """\
import collections, json, pathlib, pickle, sys
rows = json.loads(pathlib.Path(sys.argv[1], "train.json").read_text())
weights = collections.Counter(word for label, words in rows for word in words if label)
pathlib.Path(sys.argv[2]).write_bytes(pickle.dumps(sorted(weights.items()), protocol=4))
"""
EVALUATE = """\
import json, pathlib, pickle, sys
weights = dict(pickle.loads(pathlib.Path(sys.argv[1]).read_bytes()))
live = pathlib.Path("eval/live")
summary = {}
for part in ("train", "test"):
    rows = json.loads(pathlib.Path(sys.argv[2], f"{part}.json").read_text())
    scored = [(label, int(sum(weights.get(word, 0) for word in words) > 60)) for label, words in rows]
    summary[part] = sum(label == guess for label, guess in scored) / len(scored)
    for kind, content in {
        "roc": {"roc": [{"fpr": 0.0, "tpr": 0.0}, {"fpr": 1.0, "tpr": summary[part]}]},
        "cm": [{"actual": str(label), "predicted": str(guess)} for label, guess in scored],
    }.items():
        file = live / "plots" / "sklearn" / kind / f"{part}.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
(live / "metrics.json").write_text(json.dumps({"accuracy": summary}))
pathlib.Path("eval/prc.json").write_text(json.dumps([{"recall": x, "precision": 1 - x} for x in (0, 1)]))
rows = "".join(f"{word},{weight}\\n" for word, weight in weights.items())
pathlib.Path("eval/importance.csv").write_text(f"word,weight\\n{rows}")
"""
MAKE = """\
import hashlib, json, pathlib, sys
read, made = sys.argv[1].split(","), sys.argv[2].split(",")
texts = [file.read_bytes() for name in read for file in sorted(pathlib.Path().glob(name)) if file.is_file()]
digest = hashlib.md5(b"".join(texts)).hexdigest()
for name in map(pathlib.Path, made):
    name.parent.mkdir(parents=True, exist_ok=True)
    if name.suffix == ".json":
        name.write_text(json.dumps({"score": int(digest[:4], 16) / 65536}))
    elif name.suffix:
        name.write_text(digest)
    else:
        name.mkdir(exist_ok=True)
        (name / "part.txt").write_text(digest)
"""

FEATURES = (
    Feature(
        "get-started",
        {
            "dvc.yaml": GET_STARTED,
            "params.yaml": PARAMS,
            "data/data.xml": POSTS,
            "src/prepare.py": PREPARE,
            "src/featurization.py": FEATURIZE,
            "src/train.py": TRAIN,
            "src/evaluate.py": EVALUATE,
            "src/requirements.txt": "dvc\n",
        },
        setup=(("add", "-q", "data/data.xml"),),
        edits=({"params.yaml": PARAMS.replace("split: 0.20", "split: 0.5")},),
    ),
    Feature(
        "a-report-of-many-metrics",
        {
            "dvc.yaml": """\
stages:

  evaluate:
    foreach:
      ${evaluate.datasets}
    do:
      cmd: python make.py params.yaml ${reports}/${evaluate.folder}/metrics_${item}.json --dataset=${item}
      params:
      - reports
      - evaluate
      metrics:
      - ${reports}/${evaluate.folder}/metrics_${item}.json:
          cache: false


  collect:
    cmd: python make.py '${reports}/${evaluate.folder}/*' ${reports}/${collect.metrics}
    deps:
    - ${reports}/${evaluate.folder}
    params:
    - reports
    - collect
    metrics:
    - ${reports}/${collect.metrics}:
        cache: false
""",
            "params.yaml": (
                "reports: reports\nevaluate: {datasets: [one, two-b, micro], folder: metrics}\n"
                "collect: {metrics: metrics.json}\n"
            ),
            "make.py": MAKE,
        },
        edits=(
            {
                "params.yaml": "reports: reports\nevaluate: {datasets: [one, three], folder: metrics}\n"
                "collect: {metrics: metrics.json}\n"
            },
        ),
    ),
    Feature(
        "packages-looked-at-each-time",
        {
            "dvc.yaml": """\
stages:
  check_packages:
    cmd: python make.py make.py ${base.packages} --config=params.yaml
    always_changed: true
    outs:
      - ${base.packages}
  split:
    cmd: python make.py ${base.packages} data/X_train.pkl,data/y_train.pkl
    deps:
      - make.py
      - ${base.packages}
      - ${base.folder}/${base.file}
    params:
      - base
    outs:
      - data/X_train.pkl
      - data/y_train.pkl
  train:
    cmd:
      python make.py
      data/X_train.pkl
      models/pipe.joblib
    deps:
      - make.py
      - ${base.packages}
      - data/X_train.pkl
    outs:
      - models/pipe.joblib
""",
            "params.yaml": "base: {packages: pkg_list.txt, folder: data, file: churn.csv}\n",
            "data/churn.csv": "1\n",
            "make.py": MAKE,
        },
        setup=(("add", "-q", "data/churn.csv"),),
        edits=({"data/churn.csv": "2\n"},),
    ),
    Feature(
        "results-inside-outputs",
        {
            "dvc.yaml": """\
params:
- results/train/params.yaml
metrics:
- results/train/metrics.json
plots:
- results/train/plots/metrics:
    x: step
- results/evaluate/plots/images
artifacts:
  segmentation: {path: models/model.pkl, type: model}
stages:
  split:
    cmd: python make.py 'data/pool/*' data/test,data/train
    deps: [data/pool, make.py]
    params: [base, split]
    outs: [data/test, data/train]
  train:
    cmd: python make.py 'data/train/*' models/model.pkl,results/train/metrics.json,results/train/params.yaml
    deps: [data/train, make.py]
    params: [base, train]
    outs: [models/model.pkl, results/train]
  package:
    cmd: cp models/model.pkl package/model.pkl && cd package && cat model.pkl serve.py > ../model.all && rm
      model.pkl
    deps: [models/model.pkl]
    outs: [model.all]
""",
            "params.yaml": "base: {seed: 1}\nsplit: {share: 0.25}\ntrain: {epochs: 8, crop: True}\n",
            "data/pool/1.txt": "1\n",
            "data/pool/2.txt": "2\n",
            "package/serve.py": "serve\n",
            "make.py": MAKE,
        },
        setup=(("add", "-q", "data/pool"),),
        edits=({"data/pool/3.txt": "3\n"},),
    ),
)
