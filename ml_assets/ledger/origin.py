"""Where a record comes from: who, which machine, which code, which environment, which params."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from ml_assets.dvc.environment import environment
from ml_assets.dvc.params import read_params
from ml_assets.ledger.git import git_state
from ml_assets.ledger.record import DagsterRun, Environment, Origin


def collect(
    root: Path,
    *,
    params: Iterable[str] = (),
    without: Iterable[str] = (),
    dagster: DagsterRun | None = None,
) -> Origin:
    """All that a draft says of its origin; `params` are files relative to `root`, `without` see `git_state`.

    Use it as `RunDraft(**dict(collect(root)), …)`. Raises GitUnreadable and ParamsUnreadable.
    """
    return Origin(
        actor=actor(),
        host=socket.gethostname(),
        git=git_state(root, without=without),
        environment=Environment(**asdict(environment(root))),
        dagster=dagster,
        params={name: read_params(root / name) for name in sorted(params)},
    )


def actor() -> str:
    """The user's name, or uid:<number> in a container whose user has no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid:{os.getuid()}"
