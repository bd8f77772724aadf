"""An edited helper, which no deps name, makes its asset stale in Dagster's UI, and the next run uses it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ml_assets.demo.web_api import WebApi
from ml_assets_tests.factories import BIN, TWO_STAGES, dvc, environment, make_two_stages, run, write
from ml_assets_tests.journeys.web_server import web_server

LOCATION = """\
from ml_assets import DvcProject, build_definitions

defs = build_definitions(DvcProject.find())
"""
DOUBLE = """\
import pathlib
from helper import FACTOR
numbers = [int(p.read_text()) for p in sorted(pathlib.Path("data/raw").iterdir())]
pathlib.Path("data/double.txt").write_text("".join(f"{FACTOR * n}\\n" for n in numbers))
"""
STATUS = "{ assetNodes { assetKey { path } staleStatus staleCauses { reason } } }"
LOCATIONS = "{ workspaceOrError { ... on Workspace { locationEntries { name } } } }"
RELOAD = """
mutation($name: String!) { reloadRepositoryLocation(repositoryLocationName: $name) { __typename } }
"""


@dataclass(frozen=True)
class Location:
    """A project of two stages as one code location of a Dagster that keeps what it has seen."""

    root: Path
    home: Path

    def materialize(self) -> None:
        command = (BIN / "dagster", "asset", "materialize", "--select", "*", "-f", "location.py")
        run(*command, cwd=self.root, env=environment(DAGSTER_HOME=str(self.home)))

    def status(self, api: WebApi) -> dict[str, tuple[str, list[str]]]:
        """Asset → whether the UI calls it stale, and why, with the files as they are now."""
        (entry,) = api.query(LOCATIONS)["workspaceOrError"]["locationEntries"]
        api.query(RELOAD, name=entry["name"])
        api.require_definitions()
        nodes: list[dict[str, Any]] = api.query(STATUS)["assetNodes"]
        return {
            "/".join(node["assetKey"]["path"]): (
                node["staleStatus"],
                [cause["reason"] for cause in node["staleCauses"]],
            )
            for node in nodes
        }


@pytest.fixture
def location(tmp_path: Path) -> Location:
    root = make_two_stages(tmp_path / "project")
    write(root, {"location.py": LOCATION, "double.py": DOUBLE, "helper.py": "FACTOR = 2\n", "unread.py": ""})
    (tmp_path / "home").mkdir()
    return Location(root, tmp_path / "home")


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_an_edited_helper_is_stale_in_the_ui_and_run_again(location: Location) -> None:
    root = location.root
    assert "helper.py" not in TWO_STAGES
    location.materialize()
    with web_server(root, location.home, "-f", "location.py") as api:
        fresh = location.status(api)
        assert fresh["double"] == fresh["total"] == ("FRESH", [])

        # Nothing that counts: the same bytes again, a param that nobody tracks, a module that nobody imports.
        write(
            root,
            {"helper.py": "FACTOR = 2\n", "params.yaml": "offset: 1\nother: 2\n", "unread.py": "x = 1\n"},
        )
        assert location.status(api) == fresh

        write(root, {"helper.py": "FACTOR = 3\n"})
        stale = location.status(api)
        assert stale["double"] == ("STALE", ["has a new code version"])
        assert "up to date" in dvc("status", cwd=root)  # the control
        location.materialize()
        assert (root / "data" / "double.txt").read_text().split() == ["3", "6", "9"]
        assert location.status(api) == fresh

        write(root, {"params.yaml": "offset: 5\n"})
        changed = location.status(api)
        assert changed["double"] == ("FRESH", [])
        assert changed["total"] == ("STALE", ["has a new code version"])
