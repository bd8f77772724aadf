"""Small projects, one for each feature of DVC's pipeline language."""

from __future__ import annotations

COPY = "import shutil, sys\nshutil.copy(sys.argv[1], sys.argv[2])\n"

PROJECTS: dict[str, dict[str, str]] = {
    "templating with global and local vars": {
        "dvc.yaml": """\
vars:
  - more.yaml
  - out: a.txt
stages:
  one:
    vars: [{word: local}]
    cmd: echo ${word} ${greeting} ${size} > ${out}
    outs: ["${out}"]
""",
        "more.yaml": "greeting: hello\n",
        "params.yaml": "size: 3\n",
    },
    "foreach over a list, and one over a mapping that reads the first": {
        "dvc.yaml": """\
stages:
  make:
    foreach: [x, y]
    do:
      cmd: echo ${item} > ${item}.txt
      outs: ["${item}.txt"]
  join:
    foreach:
      first: {source: x}
      second: {source: y}
    do:
      cmd: cat ${item.source}.txt > ${key}.out
      deps: ["${item.source}.txt"]
      outs: ["${key}.out"]
""",
    },
    "matrix": {
        "dvc.yaml": """\
stages:
  train:
    matrix:
      model: [cnn, xgb]
      size: [1, 2]
    cmd: echo ${item.model} ${item.size} > ${item.model}-${item.size}.txt
    outs: ["${item.model}-${item.size}.txt"]
""",
    },
    "wdir": {
        "dvc.yaml": """\
stages:
  inside:
    wdir: src
    cmd: python copy.py in.txt out.txt
    deps: [copy.py, in.txt]
    params: [level]
    outs: [out.txt]
  after:
    cmd: cat src/out.txt > after.txt
    deps: [src/out.txt]
    outs: [after.txt]
""",
        "src/copy.py": COPY,
        "src/in.txt": "in\n",
        "src/params.yaml": "level: 1\n",
    },
    "several dvc.yaml, one reading the other's output": {
        "dvc.yaml": """\
stages:
  top:
    cmd: cat sub/out.txt > top.txt
    deps: [sub/out.txt]
    outs: [top.txt]
""",
        "sub/dvc.yaml": """\
stages:
  below:
    cmd: echo below > out.txt
    outs: [out.txt]
""",
    },
    "frozen": {
        "dvc.yaml": """\
stages:
  old:
    frozen: true
    cmd: echo never > old.txt
    deps: [in.txt]
    outs: [{old.txt: {cache: false}}]
  new:
    cmd: cat old.txt > new.txt
    deps: [old.txt]
    outs: [new.txt]
""",
        "in.txt": "in\n",
        "old.txt": "kept\n",
    },
    "always_changed": {
        "dvc.yaml": """\
stages:
  again:
    always_changed: true
    cmd: echo x >> log.txt && wc -l < log.txt > lines.txt
    outs: [lines.txt]
""",
    },
    "cache false, persist, push false, per-output remote": {
        "dvc.yaml": """\
stages:
  outs:
    cmd: echo a > a.txt && echo b >> b.txt && echo c > c.txt && echo d > d.txt
    outs:
      - a.txt: {cache: false}
      - b.txt: {persist: true}
      - c.txt: {push: false}
      - d.txt: {remote: store}
""",
    },
    "metrics, plots of each form, artifacts": {
        "dvc.yaml": """\
stages:
  score:
    cmd: python score.py
    deps: [score.py]
    metrics: [metrics.json, {more.yaml: {cache: false}}]
    plots:
      - loss.csv: {x: step, y: loss}
      - points.json: {x: step, y: loss}
    outs: [pictures]
plots:
  - pictures/a.svg
  - Both:
      x: step
      y: {loss.csv: loss}
artifacts:
  model:
    path: pictures
    type: model
""",
        "score.py": """\
import json, pathlib
pathlib.Path("metrics.json").write_text(json.dumps({"auc": 0.5, "by": {"a": 1}}))
pathlib.Path("more.yaml").write_text("f1: 0.25\\n")
pathlib.Path("loss.csv").write_text("step,loss\\n0,1\\n1,0.5\\n")
pathlib.Path("points.json").write_text(json.dumps([{"step": 0, "loss": 1}]))
pathlib.Path("pictures").mkdir()
pathlib.Path("pictures/a.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg'/>")
""",
    },
    "params of several files and formats, and of a whole file": {
        "dvc.yaml": """\
stages:
  read:
    cmd: cat params.yaml other.json more.toml code.py whole.yaml > all.txt
    params:
      - a.b
      - other.json: [lr]
      - more.toml: [deep.x]
      - code.py: [EPOCHS]
      - whole.yaml:
    outs: [all.txt]
""",
        "params.yaml": "a: {b: 1e-3}\n",
        "other.json": '{"lr": 0.1}',
        "more.toml": "[deep]\nx = 1\n",
        "code.py": "EPOCHS = 3\n",
        "whole.yaml": "k: v\n",
    },
    "dependencies on a folder and on a file inside a folder output": {
        "dvc.yaml": """\
stages:
  folder:
    cmd: mkdir parts && cat in/* > parts/all.txt && echo x > parts/x.txt
    deps: [in]
    outs: [parts]
  inside:
    cmd: cat parts/x.txt > x.out
    deps: [parts/x.txt]
    outs: [x.out]
""",
        "in/1.txt": "1\n",
        "in/2.txt": "2\n",
    },
    "a stage without outputs": {
        "dvc.yaml": """\
stages:
  check:
    cmd: grep -q in in.txt
    deps: [in.txt]
""",
        "in.txt": "in\n",
    },
    "commands as a list, and over several lines": {
        "dvc.yaml": """\
stages:
  list:
    cmd:
      - echo one > list.txt
      - echo two >> list.txt
    outs: [list.txt]
  lines:
    cmd: >-
      echo
      three > lines.txt
    outs: [lines.txt]
""",
    },
}
