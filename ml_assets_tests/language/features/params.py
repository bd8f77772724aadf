"""Params of several files and formats."""

from __future__ import annotations

from ml_assets_tests.language.feature import Feature

CODE = """\
EPOCHS = 3
TUPLE = (1, 2)
TABLE = {'k': 1}
class Train:
    lr = 0.5
"""
HYDRA = "stages: {train: {cmd: cat params.yaml > out.txt, params: [db.name, lr], outs: [out.txt]}}\n"

FEATURES = (
    Feature(
        "params",
        {
            "dvc.yaml": """\
stages:
  read:
    cmd: cat params.yaml other.json more.toml code.py whole.yaml conf/deep/p.yml > all.txt
    params:
      - a.b
      - list.1
      - tree
      - octal
      - other.json: [lr, nested.deep]
      - more.toml: [deep.x]
      - code.py: [EPOCHS, Train.lr, TUPLE, TABLE.k]
      - whole.yaml:
      - conf/deep/p.yml: [q]
      - empty.yaml:
    outs: [all.txt]
  twice:
    cmd: echo twice > twice.txt
    params: [a.b, params.yaml: [a.c]]
    outs: [twice.txt]
""",
            "params.yaml": """\
a: {b: 1e-3, c: [1, {d: 2}]}   # comment
list: [zero, one]
tree: {x: {y: 1.50, z: null}, on: yes}
octal: 010
unread: 1
""",
            "other.json": '{"lr": 0.1, "nested": {"deep": [1, 2]}}',
            "more.toml": "[deep]\nx = 1\n[dates]\nd = 2020-01-01\n",
            "code.py": f"{CODE}UNREAD = 1\n",
            "whole.yaml": "k: v\nnested: {x: [1, {y: 2}], n: 1}\n",
            "conf/deep/p.yml": "q: 1\n",
            "empty.yaml": "{}\n",
        },
        edits=(
            {"code.py": f"{CODE}UNREAD = 2\n"},
            {"whole.yaml": "k: v\nnew: 1\n"},
            {"conf/deep/p.yml": "q: 2\n"},
            {"more.toml": "[deep]\nx = 2\n[dates]\nd = 2020-01-01\n"},
        ),
    ),
    Feature(
        "params-made-by-a-stage",
        {
            "dvc.yaml": """\
stages:
  use:
    cmd: cat made.yaml > used.txt
    params: [made.yaml: [lr]]
    outs: [used.txt]
  make:
    cmd: cp in.txt made.yaml
    deps: [in.txt]
    outs: [made.yaml]
""",
            "in.txt": "lr: 1\nother: 2\n",
        },
        edits=({"in.txt": "lr: 1\nother: 3\n"}, {"in.txt": "lr: 2\n"}),
    ),
    Feature(
        "hydra",
        {
            "dvc.yaml": HYDRA,
            "params.yaml": "db: {name: mysql}\nlr: 0.1\n",
            "conf/config.yaml": "defaults: [{db: mysql}, _self_]\nlr: 0.1\n",
            "conf/db/mysql.yaml": "name: mysql\n",
            "conf/db/other.yaml": "name: other\n",
        },
        setup=(("config", "hydra.enabled", "True"),),
        edits=({"params.yaml": "db: {name: other}\nlr: 0.1\n"},),
    ),
)
