"""Templating: vars, foreach, matrix."""

from __future__ import annotations

from ml_assets_tests.language.feature import Feature

FEATURES = (
    Feature(
        "vars",
        {
            "dvc.yaml": """\
vars:
  - more.yaml
  - other/deep.json:models
  - out: a.txt
    nested: {a: {b: [zero, one]}}
stages:
  global:
    cmd: echo ${greeting} ${size} ${nested.a.b[1]} ${models.lr} > ${out}
    outs: ["${out}"]
  local:
    vars: [{word: local}, more-local.toml]
    cmd: echo ${word} ${own.x} > local.txt
    deps: ["${out}"]
    outs: [local.txt]
  listed:
    cmd: echo ${nested.a} > listed.txt
    outs: [listed.txt]
""",
            "more.yaml": "greeting: hello\n",
            "more-local.toml": "[own]\nx = 1\n",
            "other/deep.json": '{"models": {"lr": 0.5}, "unread": 1}',
            "params.yaml": "size: 3\n",
        },
        edits=({"params.yaml": "size: 4\n"}, {"other/deep.json": '{"models": {"lr": 0.25}}'}),
    ),
    Feature(
        "foreach",
        {
            "dvc.yaml": """\
stages:
  make:
    foreach: [x, 2, 0.5, true]
    do:
      cmd: echo ${item} > ${item}.txt
      outs: ["${item}.txt"]
  join:
    foreach:
      first: {source: x, of: {two: [1, 2]}}
      second: {source: 2, of: {two: [3, 4]}}
    do:
      cmd: cat ${item.source}.txt > ${key}.out && echo ${item.of.two[1]} >> ${key}.out
      deps: ["${item.source}.txt"]
      outs: ["${key}.out"]
  tables:
    foreach: [{name: n1}, {name: n2}]
    do:
      cmd: echo ${item.name} > ${item.name}.tab
      outs: ["${item.name}.tab"]
  named:
    foreach: ${countries}
    do:
      cmd: echo ${key} ${item.code} > ${key}.iso
      outs: ["${key}.iso"]
      params: ["countries.${key}"]
  each:
    foreach: ${list}
    do:
      cmd: echo ${item} > each-${item}.txt
      outs: ["each-${item}.txt"]
""",
            "params.yaml": "countries: {at: {code: 43}, fr: {code: 33}}\nlist: [p, q]\n",
        },
        edits=(
            {"params.yaml": "countries: {at: {code: 43}, fr: {code: 34}, it: {code: 39}}\nlist: [q, r]\n"},
        ),
    ),
    Feature(
        "matrix",
        {
            "dvc.yaml": """\
vars: [{sizes: [1, 2]}]
stages:
  train:
    matrix:
      model: [cnn, xgb]
      size: ${sizes}
      opt: [{name: adam, lr: 0.1}, {name: sgd, lr: 0.01}]
    cmd: echo ${item.model} ${item.size} ${item.opt.lr} > ${key}.txt
    outs: ["${key}.txt"]
  merge:
    foreach: [cnn-1, xgb-2]
    do:
      cmd: cat ${item}-opt0.txt ${item}-opt1.txt > ${item}.all
      deps: ["${item}-opt0.txt", "${item}-opt1.txt"]
      outs: ["${item}.all"]
""",
        },
    ),
    Feature(
        "odd-names",
        {
            "dvc.yaml": """\
stages:
  item:
    foreach: [a/b, "c:d", e f, grün, v1.0, "-x", "[z]", "*"]
    do:
      cmd: echo "${item}" > "out-${item}.txt" || (mkdir -p "out-a" && echo x > "out-${item}.txt")
      outs: ["out-${item}.txt"]
  train-model:
    cmd: echo 1 > 1.txt
    outs: [1.txt]
  größe:
    cmd: echo 2 > 2.txt
    deps: [1.txt]
    outs: [2.txt]
  import:
    cmd: echo 3 > 3.txt
    deps: [2.txt]
    outs: [3.txt]
  output:
    cmd: echo 4 > 4.txt
    deps: [3.txt]
    outs: [4.txt]
  "1":
    cmd: echo 5 > 5.txt
    deps: [4.txt]
    outs: [5.txt]
""",
        },
    ),
    Feature(
        "anchors-and-comments",
        {
            "dvc.yaml": """\
# a comment — with unicode: ünï 日本
stages:
  one:
    cmd: cat in.txt > 'öne.txt'  # trailing
    deps: &inputs [in.txt]
    outs: [öne.txt]
    desc: "Écrit « öne » 日本"
    meta: {owner: me, since: 2020-01-01, list: [1, {a: b}]}
  two:
    cmd: |
      # only a comment
      cat öne.txt > two.txt
    deps: [öne.txt]
    outs: [two.txt]
    meta: just text
""",
            "in.txt": "in\n",
        },
    ),
)
