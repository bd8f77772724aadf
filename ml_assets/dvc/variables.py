"""Environment variables that hold for a while."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager


@contextmanager
def with_variables(variables: Mapping[str, str], *, restoring: tuple[str, ...] = ()) -> Iterator[None]:
    """Set `variables`, and put them back as they were at the end; so too those named in `restoring`."""
    before = {name: os.environ.get(name) for name in (*variables, *restoring)}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, old in before.items():
            if old is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = old
