"""A small project in production: numbers land in S3, a stage adds them up, another fits a "model" of them."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ml_assets.ledger.record import AnyRecord, RunRecord
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import BIN, environment, make_project, run

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

PIPELINE = """\
stages:
  total:
    cmd: python total.py
    deps: [data/raw, total.py, helper.py]
    outs: [data/total.txt]
  model:
    cmd: python model.py
    deps: [data/total.txt, model.py]
    params: [factor]
    outs: [model.txt]
    metrics: [metrics.json: {cache: false}]
"""
TOTAL = """\
import pathlib
from helper import name
lines = [p.read_text().split() for p in sorted(pathlib.Path("data/raw").rglob("*.csv"))]
pathlib.Path("data/total.txt").write_text(f"{name} {sum(int(n) for line in lines for n in line[1:])}\\n")
"""
MODEL = """\
import json, pathlib, re
factor = int(re.search(r"factor: (\\d+)", pathlib.Path("params.yaml").read_text()).group(1))
total = int(pathlib.Path("data/total.txt").read_text().split()[1])
pathlib.Path("model.txt").write_text(f"{factor * total}\\n" * 100)
pathlib.Path("metrics.json").write_text(json.dumps({"auc": total / 1000}))
"""
SETTINGS = """\
[tool.ml_assets]
mode = "production"
remote = "store"
ledger = "s3://{bucket}/ledger"
[tool.ml_assets.landing]
bucket = "{bucket}"
batch_wait_seconds = 0
"""
DEFINITIONS = """\
from pathlib import Path

from ml_assets.assets import DvcProject
from ml_assets.code_location import build_definitions

defs = build_definitions(DvcProject(Path(__file__).parent))
"""


@dataclass(frozen=True)
class Site:
    """The checkout at `root`, whose landing zone is `landing/` of `bucket`."""

    root: Path
    bucket: str
    client: S3Client

    @classmethod
    def make(cls, root: Path, bucket: str, client: S3Client) -> Site:
        make_project(
            root,
            {
                "dvc.yaml": PIPELINE,
                "params.yaml": "factor: 3\n",
                "total.py": TOTAL,
                "model.py": MODEL,
                "helper.py": 'name = "sum"\n',
                "definitions.py": DEFINITIONS,
                "pyproject.toml": SETTINGS.format(bucket=bucket),
                ".gitignore": "/.ml_assets/\n/data/raw\n__pycache__/\n",
            },
        )
        return cls(root, bucket, client)

    def put(self, day: int, *numbers: int) -> None:
        body = "number\n" + "".join(f"{number}\n" for number in numbers)
        key = f"landing/numbers/2013-01-{day:02}.csv"
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body.encode())

    def command(self, *arguments: str, cwd: Path | None = None) -> str:
        """`ml-assets …`, which must succeed."""
        return run(BIN / "ml-assets", *arguments, cwd=cwd or self.root).stdout

    def refused(self, *arguments: str) -> str:
        """`ml-assets …`, which must fail; what it says."""
        done = subprocess.run(
            [str(BIN / "ml-assets"), *arguments],
            cwd=self.root,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr

    def land(self, day: int, *numbers: int) -> RunRecord:
        """A day lands, and ticks run until a run's record has seen it."""
        self.put(day, *numbers)
        before = len(self.records())
        for _ in range(4):
            self.command("tick")
            new = self.records()[before:]
            if new and isinstance(new[-1], RunRecord):
                return new[-1]
        raise AssertionError(f"no run after {len(new)} new records")

    @property
    def ledger(self) -> Ledger:
        return Ledger.open(f"s3://{self.bucket}/ledger", root=self.root)

    def records(self) -> list[AnyRecord]:
        return list(self.ledger.records())

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            (self.root / name.replace("__", ".")).write_text(text)
        run("git", "commit", "-qam", "edited", cwd=self.root)
        return run("git", "rev-parse", "HEAD", cwd=self.root).stdout.strip()

    def state_of_the_checkout(self) -> dict[str, Any]:
        """All that a person would see change: files, Git's refs, its index and its status."""
        files = {
            str(path.relative_to(self.root)): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and not {".git", ".ml_assets", "tmp", "cache", "__pycache__"} & set(path.parts)
        }
        refs = run("git", "for-each-ref", cwd=self.root).stdout
        log = run("git", "log", "--all", "--format=%H", cwd=self.root).stdout
        return {
            "files": files,
            "refs": refs,
            "log": log,
            "status": run("git", "status", "-s", cwd=self.root).stdout,
        }


def metric(record: RunRecord) -> float:
    (content,) = record.metrics.values()
    assert isinstance(content, dict)
    value = content["auc"]
    assert isinstance(value, float)
    return value


def model_bytes(record: RunRecord, remote: Path) -> bytes:
    """The model that a record names, as it is on the remote."""
    (md5,) = [out.md5 for out in record.outputs if out.path == "model.txt"]
    return (remote / "files" / "md5" / md5[:2] / md5[2:]).read_bytes()
