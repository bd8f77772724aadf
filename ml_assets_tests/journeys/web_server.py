"""Dagster's servers over a project, and runs that its web page would launch, stop and ask for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from ml_assets.demo.loopback import HOST, free_port
from ml_assets.demo.servers import Server
from ml_assets.demo.web_api import WebApi
from ml_assets_tests.factories import BIN, environment

_LAUNCH = """
mutation ($params: ExecutionParams!) { launchRun(executionParams: $params) {
  __typename ... on LaunchRunSuccess { run { runId } } ... on PythonError { message }
  ... on RunConfigValidationInvalid { errors { message } } } }
"""
_TERMINATE = """
mutation ($id: String!) { terminateRun(runId: $id) { __typename ... on PythonError { message } } }
"""
_STATUS = "query ($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"


@contextmanager
def web_server(project: Path, home: Path, *options: str) -> Iterator[WebApi]:
    """The GraphQL of a web server that has loaded all definitions; `options` say where these are."""
    with _served(["dagster-webserver", *options], project, home, {}) as api:
        yield api


@contextmanager
def dagster_dev(project: Path, home: Path, **variables: str) -> Iterator[WebApi]:
    """The GraphQL of `dagster dev` over the project's defs.py."""
    with _served(["dagster", "dev", "-f", "defs.py"], project, home, variables) as api:
        yield api


def launch(api: WebApi, job: str, *, assets: Sequence[str] = (), config: Mapping[str, object]) -> str:
    """The id of a run of `job` in defs.py, or of some `assets` of it."""
    selector = {
        "repositoryLocationName": "defs.py",
        "repositoryName": "__repository__",
        "pipelineName": job,
        "assetSelection": [{"path": [asset]} for asset in assets] or None,
    }
    params = {"selector": selector, "mode": "default", "runConfigData": config}
    answer = api.query(_LAUNCH, params=params)["launchRun"]
    assert answer["__typename"] == "LaunchRunSuccess", answer
    return str(answer["run"]["runId"])


def terminate(api: WebApi, run_id: str) -> None:
    answer = api.query(_TERMINATE, id=run_id)["terminateRun"]
    assert answer["__typename"] == "TerminateRunSuccess", answer


def status(api: WebApi, run_id: str) -> str:
    return str(api.query(_STATUS, id=run_id)["runOrError"]["status"])


@contextmanager
def _served(command: list[str], project: Path, home: Path, variables: Mapping[str, str]) -> Iterator[WebApi]:
    port = free_port()
    program, *options = command
    argv = [str(BIN / program), *options, "--host", HOST, "--port", str(port)]
    server = Server("Dagster", argv, port, "/server_info", home / "dagster.log")
    server.start(cwd=project, env=environment(DAGSTER_HOME=str(home), **variables))
    try:
        server.wait_until_ready()
        api = WebApi(port)
        api.require_definitions()
        yield api
    finally:
        server.stop()
