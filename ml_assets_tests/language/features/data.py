"""Data that no stage makes: .dvc files of every kind, and dependencies outside the repository."""

from __future__ import annotations

from pathlib import Path

from ml_assets_tests.factories import run, write
from ml_assets_tests.language.feature import OUTSIDE, Feature
from ml_assets_tests.language.plain_dvc import PlainDvc


def make_registry(root: Path, outside: Path, plain: PlainDvc) -> None:
    """A Git repository `registry` with a file of its own and a folder that DVC tracks."""
    registry = outside / "registry"
    write(registry, {"in-git.csv": "git\n", "tracked/1.csv": "1\n", "tracked/2.csv": "2\n"})
    run("git", "init", "-q", "-b", "main", cwd=registry)
    plain("init", "-q", cwd=registry)
    plain("add", "-q", "tracked", cwd=registry)
    run("git", "add", "-A", cwd=registry)
    run("git", "commit", "-q", "-m", "data", cwd=registry)


def edit_unfrozen(root: Path, outside: Path, plain: PlainDvc) -> None:
    """An import that is not frozen, so that `dvc repro` follows its source."""
    plain("import-url", "-q", str(outside / "moving.csv"), cwd=root)
    plain("unfreeze", "-q", "moving.csv.dvc", cwd=root)
    plain("import-url", "-q", "--no-download", str(outside / "later.csv"), cwd=root)
    write(outside, {"moving.csv": "moved\n"})


READ = """\
stages:
  read:
    cmd: cat raw/* one.csv deep/two.csv > all.txt
    deps: [raw, one.csv, deep/two.csv]
    outs: [all.txt]
  part:
    cmd: cat raw/sub/3.csv > part.txt
    deps: [raw/sub/3.csv]
    outs: [part.txt]
"""

FEATURES = (
    Feature(
        "added",
        {
            "dvc.yaml": READ.replace("cat raw/*", "cat raw/*.csv"),
            "raw/1.csv": "1\n",
            "raw/sub/3.csv": "3\n",
            "one.csv": "one\n",
            "deep/two.csv": "two\n",
            "unread.csv": "unread\n",
        },
        setup=(("add", "-q", "raw", "one.csv", "deep/two.csv", "unread.csv"),),
        edits=({"raw/2.csv": "2\n"}, {"one.csv": "edited\n"}),
    ),
    Feature(
        "described",
        {
            "dvc.yaml": "stages: {read: {cmd: cat data.csv > out.txt, deps: [data.csv], outs: [out.txt]}}\n",
            "data.csv": "1\n",
            "data.csv.dvc": """\
# where it comes from
desc: All of it
outs:
- md5: b026324c6904b2a9cb4b88d6d61c81d1
  size: 2
  hash: md5
  path: data.csv
  desc: The data
  type: dataset
  labels: [raw, csv]
  meta: {owner: me, since: 2020-01-01}
meta:
  dagster: {group: raw}
""",
        },
        setup=(("commit", "-q", "-f", "data.csv.dvc"),),
    ),
    Feature(
        "legacy-hashes",
        {
            "dvc.yaml": """\
stages:
  read:
    cmd: cat old.csv folder/* > out.txt
    deps: [old.csv, folder]
    outs: [out.txt]
""",
            ".gitignore": "/old.csv\n",
            "old.csv": "1\n2\n",
            "folder/a.csv": "1\n",
            # Without `hash: md5`, as DVC 2 wrote them.
            "old.csv.dvc": "outs:\n- md5: 6ddb4095eb719e2a9f0a3f95677d24e0\n  size: 4\n  path: old.csv\n",
            "dvc.lock": """\
schema: '2.0'
stages:
  read:
    cmd: cat old.csv folder/* > out.txt
    deps:
    - path: folder
      md5: a0000000000000000000000000000000.dir
      size: 2
      nfiles: 1
    - path: old.csv
      md5: 6ddb4095eb719e2a9f0a3f95677d24e0
      size: 4
    outs:
    - path: out.txt
      md5: a0000000000000000000000000000001
      size: 6
""",
        },
    ),
    Feature(
        "imported-url",
        {
            "dvc.yaml": """\
stages:
  read:
    cmd: cat got.csv folder/* > out.txt
    deps: [got.csv, folder]
    outs: [out.txt]
""",
        },
        outside={"data/got.csv": "got\n", "data/folder/1.csv": "1\n", "data/folder/2.csv": "2\n"},
        setup=(
            ("import-url", "-q", f"{OUTSIDE}/data/got.csv"),
            ("import-url", "-q", f"{OUTSIDE}/data/folder"),
        ),
    ),
    Feature(
        "imported-from-git",
        {
            "dvc.yaml": """\
stages:
  read:
    cmd: cat in-git.csv tracked/* > out.txt
    deps: [in-git.csv, tracked]
    outs: [out.txt]
""",
        },
        prepare=make_registry,
        setup=(
            ("import", "-q", f"{OUTSIDE}/registry", "in-git.csv"),
            ("import", "-q", f"{OUTSIDE}/registry", "tracked"),
        ),
    ),
    Feature(
        "unfrozen-and-partial-imports",
        {
            "dvc.yaml": """\
stages:
  read:
    cmd: cat moving.csv later.csv > out.txt
    deps: [moving.csv, later.csv]
    outs: [out.txt]
""",
        },
        outside={"moving.csv": "first\n", "later.csv": "later\n"},
        prepare=edit_unfrozen,
    ),
    Feature(
        "external",
        {
            "dvc.yaml": f"""\
stages:
  absolute:
    cmd: cat {OUTSIDE}/ext/file.txt {OUTSIDE}/ext/folder/* > abs.txt
    deps: ["{OUTSIDE}/ext/file.txt", "{OUTSIDE}/ext/folder"]
    outs: [abs.txt]
  away:
    cmd: cat abs.txt > {OUTSIDE}/ext-out/`basename $DVC_ROOT`.txt
    deps: [abs.txt]
  relative:
    wdir: sub
    cmd: cat ../../near.txt > rel.txt
    deps: [../../near.txt]
    outs: [rel.txt]
""",
            "sub/.keep": "",
            "../near.txt": "near\n",
        },
        outside={"ext/file.txt": "file\n", "ext/folder/1.txt": "1\n", "ext-out/.keep": ""},
        edits=({"../near.txt": "nearer\n"},),
        alone=True,
    ),
    Feature(
        "several-outs-in-one-dvc-file",
        {
            "dvc.yaml": "stages: {read: {cmd: cat a.csv d/* > o, deps: [a.csv, d/b.csv], outs: [o]}}\n",
            "two.dvc": "outs:\n- path: a.csv\n- path: d/b.csv\n",
            "a.csv": "a\n",
            "d/b.csv": "b\n",
        },
        setup=(("commit", "-q", "-f", "two.dvc"),),
        edits=({"d/b.csv": "c\n"},),
    ),
    Feature(
        "no-stages",
        {"raw/1.csv": "1\n"},
        setup=(("add", "-q", "raw"),),
        alone=True,
    ),
)
