"""Commands: lists, several lines, pipes, quotes, the environment, failures that are none."""

from __future__ import annotations

from ml_assets_tests.language.feature import Feature

FEATURES = (
    Feature(
        "blanks-that-dvc-loses",
        {
            "dvc.yaml": """\
stages:
  before:
    cmd: echo before > before.txt
    outs: [before.txt]
  long:
    cmd: >-
      cat before.txt
      --number-nonblank  --show-ends  --show-tabs  --squeeze-blank  --show-nonprinting  --number-nonblank{}
      > long.txt
    deps: [before.txt]
    outs: [long.txt]
  after:
    cmd: cat long.txt > after.txt
    deps: [long.txt]
    outs: [after.txt]
  last:
    cmd: cat after.txt > last.txt
    deps: [after.txt]
    outs: [last.txt]
""".replace("{}", "  "),
        },
        # Its command in dvc.lock is another one.
        restless=("long",),
    ),
    Feature(
        "commands",
        {
            "dvc.yaml": """\
stages:
  list:
    cmd:
      - echo one > list.txt
      - echo "$DVC_STAGE two" >> list.txt
    outs: [list.txt]
  lines:
    cmd: |
      echo first > lines.txt
      echo "second 'quoted' \\"twice\\" $HOME_OF_NOBODY" >> lines.txt
    outs: [lines.txt]
  folded:
    cmd: >-
      echo three
      four > folded.txt
    outs: [folded.txt]
  pipes:
    cmd: printf 'b\\na\\n' | sort | tee sorted.txt | wc -l | tr -d ' ' > count.txt; [ -s count.txt ]
    outs: [sorted.txt, count.txt]
  python:
    cmd: python -c "import os, pathlib; pathlib.Path('env.txt').write_text(os.environ['DVC_STAGE'])"
    outs: [env.txt]
  templated-dict:
    cmd: python show.py ${train} > shown.txt
    deps: [show.py]
    outs: [shown.txt]
  escaped:
    cmd: echo '\\${HOME}' > escaped.txt && WORD=x && echo $WORD ${word} >> escaped.txt
    outs: [escaped.txt]
    desc: Costs $5, or `more`
""",
            "params.yaml": "word: w\ntrain: {lr: 0.1, layers: [1, 2], fast: true, no: false, s: a b}\n",
            "show.py": "import sys\nprint(sys.argv[1:])\n",
        },
        edits=({"params.yaml": "word: v\ntrain: {lr: 0.2, layers: [1], fast: false, s: c}\n"},),
    ),
)
