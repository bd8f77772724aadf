"""What stages leave: outputs of every kind, metrics, plots, artifacts; and when they run."""

from __future__ import annotations

from ml_assets_tests.language.feature import Feature

SCORE = """\
import json, pathlib
level = pathlib.Path("level.txt").read_text().strip()
def put(name, text):
    path = pathlib.Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
put("metrics.json", json.dumps({"auc": 0.5, "by": {"a": 1, "list": [1, 2]}, "no": float("nan")}))
put("more.yaml", "f1: 0.25\\nwhen: 2020-01-01\\n")
put("live/metrics.json", json.dumps({"step": 2, "train": {"loss": 0.1}}))
put("live/plots/metrics/train/loss.tsv", "step\\ttrain/loss\\n0\\t1\\n1\\t0.5\\n")
put("live/plots/metrics/acc.tsv", "step\\tacc\\n0\\t0.1\\n1\\t0.5\\n")
put("live/plots/images/a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
put("live/plots/sklearn/cm.json", json.dumps([{"actual": "a", "predicted": "b"}] * 3))
put("loss.csv", f"step,loss\\n0,1\\n1,{level}\\n")
put("points.json", json.dumps({"points": [{"step": 0, "loss": 1}, {"step": 1, "loss": 2}]}))
put("noheader.csv", "0,1\\n1,2\\n")
put("pictures/a.svg", "<svg xmlns='http://www.w3.org/2000/svg'/>")
put("score.toml", "[deep]\\nx = 1.5\\n")
"""
TEMPLATE = """\
{"$schema": "https://vega.github.io/schema/vega-lite/v5.json", "data": {"values": "<DVC_METRIC_DATA>"},
 "title": "<DVC_METRIC_TITLE>", "mark": "point", "encoding": {
 "x": {"field": "<DVC_METRIC_X>", "type": "quantitative"},
 "y": {"field": "<DVC_METRIC_Y>", "type": "quantitative"}}}
"""

FEATURES = (
    Feature(
        "cache-persist-push-remote",
        {
            "dvc.yaml": """\
stages:
  outs:
    cmd: echo a > a.txt && echo b >> b.txt && echo c > c.txt && echo d > d.txt && mkdir -p e && cp in.txt e
    deps: [in.txt]
    outs:
      - a.txt: {cache: false}
      - b.txt: {persist: true}
      - c.txt: {push: false, desc: not shared, type: text, labels: [x, y], meta: {k: 1}}
      - d.txt: {remote: special}
      - e: {cache: false}
""",
            "in.txt": "in\n",
        },
        setup=(("remote", "add", "-q", "special", "../special"),),
        edits=({"in.txt": "other\n"},),
    ),
    Feature(
        "frozen",
        {
            "dvc.yaml": """\
stages:
  above:
    cmd: cat in.txt > above.txt
    deps: [in.txt]
    outs: [above.txt]
  old:
    frozen: true
    cmd: echo never > old.txt
    deps: [above.txt]
    outs: [{old.txt: {cache: false}}]
  new:
    cmd: cat old.txt > new.txt
    deps: [old.txt]
    outs: [new.txt]
""",
            "in.txt": "in\n",
            "old.txt": "kept\n",
        },
        edits=({"in.txt": "other\n"}, {"old.txt": "edited by hand\n"}),
    ),
    Feature(
        "always-changed",
        {
            "dvc.yaml": """\
stages:
  again:
    always_changed: true
    cmd: cat in.txt > again.txt
    deps: [in.txt]
    outs: [again.txt]
  below:
    cmd: cat again.txt > below.txt
    deps: [again.txt]
    outs: [below.txt]
  callback:
    cmd: echo called
  reads-nothing:
    cmd: echo once > once.txt
    outs: [once.txt]
""",
            "in.txt": "in\n",
        },
        edits=({"in.txt": "other\n"},),
    ),
    Feature(
        "no-outputs",
        {
            "dvc.yaml": """\
stages:
  check:
    cmd: grep -q in in.txt
    deps: [in.txt]
  param-only:
    cmd: echo checked
    params: [a]
  no-deps-metric:
    cmd: echo '{"a":1}' > m.json
    metrics: [m.json: {cache: false}]
""",
            "in.txt": "in\n",
            "params.yaml": "a: 1\n",
        },
        edits=({"in.txt": "in again\n"}, {"params.yaml": "a: 2\n"}),
    ),
    Feature(
        "metrics-plots-artifacts",
        {
            "dvc.yaml": """\
stages:
  score:
    cmd: python score.py
    deps: [score.py, level.txt]
    metrics:
      - metrics.json
      - more.yaml: {cache: false}
      - live/metrics.json: {cache: false}
      - score.toml: {cache: false}
    plots:
      - loss.csv: {x: step, y: loss, template: mine}
      - points.json: {x: step, y: loss, title: one, cache: false}
      - noheader.csv: {header: false, cache: false}
      - live/plots: {cache: false}
    outs: [pictures]
metrics:
  - metrics.json
  - live/metrics.json
params:
  - params.yaml
plots:
  - pictures
  - live/plots/metrics/acc.tsv: {x: step, y: acc}
  - Both:
      template: linear
      x: step
      y: {loss.csv: loss, live/plots/metrics/acc.tsv: [acc]}
      title: Both
      y_label: value
  - Confusion:
      template: confusion
      x: actual
      y: {live/plots/sklearn/cm.json: predicted}
  - not-there-yet.csv: {template: no-such-template}
artifacts:
  my-model:
    path: pictures
    type: model
    desc: A model
    labels: [a, b]
    meta: {framework: none}
""",
            "score.py": SCORE,
            "level.txt": "0.5\n",
            "params.yaml": "unused: 1\n",
        },
        at_root={".dvc/plots/mine.json": TEMPLATE},
        edits=({"level.txt": "0.25\n"},),
    ),
    Feature(
        "broken-plots",
        {
            "dvc.yaml": """\
stages:
  plot:
    cmd:
      - printf 'a,b\\n1,2\\n' > bad.csv
      - echo not json > bad.json
      - touch empty.csv
      - mkdir -p d && cp bad.csv d
    plots:
      - bad.csv: {x: no_such_column, y: neither}
      - bad.json
      - empty.csv: {template: no-such-template}
      - d: {cache: false}
plots:
  - Odd: {x: a, y: {bad.csv: [b, missing], nowhere.csv: z}}
"""
        },
    ),
)
