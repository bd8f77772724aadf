"""Somebody's own DVC repository: `ml-assets init`, and then exactly the commands that it prints."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ml_assets.demo.loopback import HOST, free_port
from ml_assets.demo.servers import Server
from ml_assets.demo.web_api import WebApi
from ml_assets.ledger.store import Ledger
from ml_assets_tests.factories import dvc, environment, make_two_stages, run, write

HERE = Path(__file__).parents[2]
_ASSETS = """
{ repositoriesOrError { ... on RepositoryConnection { nodes {
    location { name } assetNodes { assetKey { path } dependencyKeys { path } } } } } }
"""
_FILES = ["?? .ml_assets/.gitignore", "?? ml_assets.toml", "?? ml_assets_definitions.py", "?? workspace.yaml"]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


def adopt(root: Path, *, cwd: Path) -> list[str]:
    """The commands that `ml-assets init` prints."""
    printed = run("ml-assets", "init", cwd=cwd, env=_env()).stdout.splitlines()
    assert (root / "workspace.yaml").exists()
    return [line.strip() for line in printed[printed.index("Now run:") + 1 :]]


def changed(root: Path) -> list[str]:
    return run("git", "status", "--short", "--untracked-files=all", cwd=root).stdout.splitlines()


def test_the_printed_commands_materialize_what_dvc_repro_would(tmp_path: Path) -> None:
    root = make_two_stages(tmp_path / "Meine Zahlen (v2)")
    by_dvc = Path(shutil.copytree(root, tmp_path / "by-dvc"))
    dvc("repro", "-q", cwd=by_dvc)
    *_, materialize = commands = adopt(root, cwd=root / "data")
    assert commands[:2] == ["cd ..", "dagster dev"]

    run("sh", "-ec", f"cd .. && {materialize}", cwd=root / "data", env=_env())
    assert (root / "dvc.lock").read_bytes() == (by_dvc / "dvc.lock").read_bytes()
    assert changed(root) == sorted([*changed(by_dvc), *_FILES], key=_name)

    # From a subfolder too, and with nothing to do.
    below = materialize.replace("-f ", "-f ../")
    assert "Nothing changed since record 1" in run("sh", "-ec", below, cwd=root / "data", env=_env()).stderr
    assert len(list(Ledger.open(".ml_assets/ledger", root=root).records())) == 1
    assert dvc("status", cwd=root).strip() == "Data and pipelines are up to date."


def test_a_bare_dagster_dev_shows_the_pipeline(tmp_path: Path) -> None:
    root = make_two_stages(tmp_path / "numbers")
    write(root, {"pyproject.toml": '[project]\nname = "number-crunching"\n'})
    adopt(root, cwd=root)
    with _dagster_dev(root, tmp_path / "dev.log") as api:
        (found,) = api.query(_ASSETS)["repositoriesOrError"]["nodes"]
    assert found["location"]["name"] == "number-crunching"
    deps = {
        node["assetKey"]["path"][0]: [key["path"][0] for key in node["dependencyKeys"]]
        for node in found["assetNodes"]
    }
    assert deps == {"raw": [], "double": ["raw"], "total": ["double"], "ledger": []}


@contextmanager
def _dagster_dev(root: Path, log: Path) -> Iterator[WebApi]:
    port = free_port()
    server = Server(
        "Dagster", ["dagster", "dev", "--host", HOST, "--port", str(port)], port, "/server_info", log
    )
    server.start(cwd=root, env=_env())
    try:
        server.wait_until_ready()
        api = WebApi(port)
        api.require_definitions()
        yield api
    finally:
        server.stop()


def _env() -> dict[str, str]:
    kept = {name: value for name, value in environment().items() if not name.startswith(("DAGSTER_", "AWS_"))}
    return {**kept, "PYTHONPATH": str(HERE)}


def _name(line: str) -> str:
    # Git lists what changed before what is new.
    return line.replace("??", "~~")
