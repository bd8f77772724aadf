"""Where things are: wdir, nested pipelines, folders, links, odd names of files."""

from __future__ import annotations

from pathlib import Path

from ml_assets_tests.language.feature import Feature
from ml_assets_tests.language.plain_dvc import PlainDvc


def link_folder(root: Path, outside: Path, plain: PlainDvc) -> None:
    """`linked` is a link to a folder beside it."""
    (root / "linked").symlink_to("real", target_is_directory=True)


FEATURES = (
    Feature(
        "wdir",
        {
            "dvc.yaml": """\
stages:
  inside:
    wdir: src
    cmd:
      - cat in.txt ../shared/s.txt | tee out.txt > ../elsewhere.txt
      - echo '{"a":1}' > m.json && printf 'x,y\\n1,2\\n' > p.csv
    deps: [in.txt, ../shared/s.txt]
    params: [level, ../root.yaml: [top]]
    outs: [out.txt, ../elsewhere.txt: {cache: false}]
    metrics: [m.json: {cache: false}]
    plots: [p.csv: {x: x, y: y}]
  after:
    cmd: cat src/out.txt > after.txt
    deps: [src/out.txt]
    outs: [after.txt]
  each:
    foreach: [src, shared]
    do:
      wdir: ${item}
      vars: [names.yaml]
      cmd: echo ${name} > each.txt
      params: [names.yaml: [name]]
      outs: [each.txt]
plots:
  - src/p.csv: {x: x, y: y}
""",
            "src/in.txt": "in\n",
            "src/params.yaml": "level: 1\n",
            "src/names.yaml": "name: anna\n",
            "shared/names.yaml": "name: otto\n",
            "shared/s.txt": "s\n",
            "root.yaml": "top: 1\n",
        },
        edits=(
            {"src/params.yaml": "level: 2\n"},
            {"shared/s.txt": "t\n"},
            {"shared/names.yaml": "name: ida\n"},
        ),
    ),
    Feature(
        "nested",
        {
            "dvc.yaml": """\
stages:
  top:
    cmd: cat sub/out.txt > top.txt
    deps: [sub/out.txt]
    outs: [top.txt]
  same:
    cmd: cat sub/deep/out.txt > same.txt
    deps: [sub/deep/out.txt]
    outs: [same.txt]
""",
            "sub/dvc.yaml": """\
stages:
  below:
    cmd: cat ../in.txt > out.txt
    deps: [../in.txt]
    params: [k]
    outs: [out.txt]
  same:
    foreach: [a, b]
    do:
      cmd: echo ${item} > ${item}.txt
      outs: ["${item}.txt"]
""",
            "sub/params.yaml": "k: 1\n",
            "sub/deep/dvc.yaml": """\
stages:
  same:
    cmd: cat ../../top.txt ../a.txt > out.txt
    deps: [../../top.txt, ../a.txt]
    outs: [out.txt]
""",
            "in.txt": "in\n",
        },
        edits=({"in.txt": "changed\n"}, {"sub/params.yaml": "k: 2\n"}),
    ),
    Feature(
        "nothing-at-the-root",
        {
            "one/dvc.yaml": "stages: {make: {cmd: echo 1 > 1.txt, outs: [1.txt]}}\n",
            "other/dvc.yaml": (
                "stages: {make: {cmd: cat ../one/1.txt > 2.txt, deps: [../one/1.txt], outs: [2.txt]}}\n"
            ),
            ".hidden/dvc.yaml": "stages: {make: {cmd: echo 3 > 3.txt, outs: [3.txt]}}\n",
        },
        edits=({".hidden/dvc.yaml": "stages: {made: {cmd: echo 4 > 4.txt, outs: [4.txt]}}\n"},),
    ),
    Feature(
        "folder-dependencies",
        {
            "dvc.yaml": """\
stages:
  folder:
    cmd: mkdir -p parts/deep && cat in/* > parts/all.txt && echo x > parts/deep/x.txt
    deps: [in]
    outs: [parts]
  inside:
    cmd: cat parts/deep/x.txt > x.out
    deps: [parts/deep/x.txt]
    outs: [x.out]
  one:
    cmd: mkdir -p many && echo 1 > many/1.txt
    outs: [many/1.txt]
  two:
    cmd: mkdir -p many && echo 2 > many/2.txt
    outs: [many/2.txt]
  both:
    cmd: cat many/*.txt > both.txt
    deps: [many]
    outs: [both.txt]
  slashed:
    cmd: cat ./in//1.txt > ./slashed.txt
    deps: [./in/, in/1.txt]
    outs: [./slashed.txt]
""",
            "in/1.txt": "1\n",
            "in/2.txt": "2\n",
        },
        edits=({"in/3.txt": "3\n"},),
    ),
    Feature(
        "odd-paths",
        {
            "dvc.yaml": """\
stages:
  spaces:
    cmd: cat "in put/a b.txt" > "out put/ü 1.txt"
    deps: [in put/a b.txt]
    outs: ["out put/ü 1.txt"]
  "with spaces":
    cmd: cat "out put/ü 1.txt" > "日本.txt"
    deps: ["out put/ü 1.txt"]
    outs: ["日本.txt"]
  quotes:
    cmd: 'cat "日本.txt" > "it''s #1 & more.txt"'
    deps: ["日本.txt"]
    outs: ["it's #1 & more.txt"]
""",
            "in put/a b.txt": "in\n",
            "out put/.keep": "",
        },
        edits=({"in put/a b.txt": "other\n"},),
    ),
    Feature(
        "linked-folder",
        {
            "dvc.yaml": """\
stages:
  read:
    cmd: cat linked/in.txt > read.txt
    deps: [linked/in.txt]
    outs: [read.txt]
  write:
    cmd: cat read.txt > linked/out.txt
    deps: [read.txt]
    outs: [linked/out.txt: {cache: false}]
  folder:
    cmd: ls linked > folder.txt
    deps: [linked]
    outs: [folder.txt]
""",
            "real/in.txt": "in\n",
        },
        prepare=link_folder,
        edits=({"real/in.txt": "other\n"},),
    ),
    Feature(
        "ignored",
        {
            ".dvcignore": "scratch\n*.tmp\n",
            "scratch/dvc.yaml": "stages: {broken: {cmd: [], outs: 1}}\n",
            "dvc.yaml": "stages: {read: {cmd: ls in > out.txt, deps: [in], outs: [out.txt]}}\n",
            "in/a.txt": "a\n",
            "in/b.tmp": "b\n",
        },
        edits=({"in/b.tmp": "not looked at\n"}, {"in/c.txt": "c\n"}),
    ),
)
