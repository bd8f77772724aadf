"""Addresses of the tracking store that may be shown: without the secrets in them."""

from __future__ import annotations

from urllib.parse import SplitResult, unquote, urlsplit, urlunsplit


def public_uri(uri: str) -> str:
    """The URI without user, password and query (where databases take a password too)."""
    parts = urlsplit(uri)
    if not parts.netloc:
        # urlunsplit would take two of the four slashes of an absolute SQLite path.
        return uri.partition("?")[0]
    return urlunsplit(parts._replace(netloc=_host(parts), query="", fragment=""))


def credentials(uri: str) -> dict[str, str]:
    """The user and password of an http(s) URI as the variables in which MLflow takes them."""
    parts = urlsplit(uri)
    if parts.scheme not in {"http", "https"} or parts.username is None:
        return {}
    return {
        "MLFLOW_TRACKING_USERNAME": unquote(parts.username),
        "MLFLOW_TRACKING_PASSWORD": unquote(parts.password or ""),
    }


def run_url(*, ui: str | None, uri: str, experiment_id: str, run_id: str) -> str | None:
    """The page of a run: below `ui`, or below the tracking URI when that is a server."""
    base = ui or (uri if uri.startswith(("http://", "https://")) else None)
    if base is None:
        return None
    return f"{public_uri(base).rstrip('/')}/#/experiments/{experiment_id}/runs/{run_id}"


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
