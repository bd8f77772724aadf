"""One thread for fits and predictions, so that their bytes do not depend on the machine's cores.

Import this before scikit-learn: OpenMP reads how to wait only once, when it is loaded.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

# By default OpenMP's idle threads spin, which made a fit beside two busy processes five times as slow.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


@contextmanager
def one_thread() -> Iterator[None]:
    """OpenMP and BLAS with one thread: the order in which several add depends on their number."""
    # A limit reaches only the libraries that are loaded already.
    import sklearn.ensemble
    import sklearn.linear_model  # noqa: F401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
