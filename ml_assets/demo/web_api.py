"""Asks Dagster's web server in GraphQL, above all whether it could load the project's definitions."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ml_assets.demo.errors import DefinitionsFailed, DefinitionsSlow
from ml_assets.demo.loopback import HOST

LOAD_SECONDS = 120.0
POLL_SECONDS = 0.2

_LOCATIONS = """
{ workspaceOrError {
    ... on PythonError { ...reason }
    ... on Workspace { locationEntries {
      name loadStatus locationOrLoadError { ... on PythonError { ...reason } } } } } }
fragment reason on PythonError { message errorChain { error { message } } }
"""


@dataclass(frozen=True)
class WebApi:
    """GraphQL of the web server at `port` of this machine."""

    port: int

    def query(self, text: str, **variables: object) -> Mapping[str, Any]:
        """The `data` of the answer.

        Raises:
            OSError, http.client.HTTPException: nobody answers.
            ValueError: the server refuses the query.
        """
        # http.client, since urllib would ask a configured proxy for our own machine.
        connection = http.client.HTTPConnection(HOST, self.port, timeout=60)
        try:
            body = json.dumps({"query": text, "variables": variables})
            connection.request("POST", "/graphql", body, {"Content-Type": "application/json"})
            answer: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        if errors := answer.get("errors"):
            raise ValueError(f"Dagster refuses the query: {errors}")
        data: Mapping[str, Any] = answer["data"]
        return data

    def require_definitions(self) -> None:
        """Wait until every code location is loaded.

        Dagster's servers start and stay up without: nothing else would tell that no sensor will ever tick.

        Raises:
            DefinitionsFailed: one cannot be loaded; with the error that its code raised.
            DefinitionsSlow: it takes too long.
        """
        deadline = time.monotonic() + LOAD_SECONDS
        while True:
            workspace = self.query(_LOCATIONS)["workspaceOrError"]
            for location, reason in _failed(workspace):
                raise DefinitionsFailed(location=location, reason=reason)
            if all(entry["loadStatus"] == "LOADED" for entry in workspace["locationEntries"]):
                return
            if time.monotonic() > deadline:
                raise DefinitionsSlow(seconds=LOAD_SECONDS)
            time.sleep(POLL_SECONDS)


def _failed(workspace: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if "message" in workspace:
        yield "the workspace", _reason(workspace)
    for entry in workspace.get("locationEntries", ()):
        found = entry["locationOrLoadError"] or {}
        if "message" in found:
            yield f"code location '{entry['name']}'", _reason(found)


def _reason(error: Mapping[str, Any]) -> str:
    """What the code itself raised: the last of the chain, for the first is Dagster's wrapping."""
    chain = [each["error"]["message"] for each in error["errorChain"]]
    return str(chain[-1] if chain else error["message"]).rstrip()
